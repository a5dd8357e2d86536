SET LOCAL ROLE betledger_owner;

CREATE TABLE public.tenants (
    tenant_id bigint NOT NULL,
    name text COLLATE "C" NOT NULL,
    currency text COLLATE "C" NOT NULL,
    scale integer NOT NULL,
    status text COLLATE "C" NOT NULL DEFAULT 'active',
    created_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    -- What a jsonpath can compare with: projection.suspect_path().
    limits jsonb NOT NULL GENERATED ALWAYS AS (
        CASE status
            WHEN 'active' THEN ('{"open": true, "unit": 1e-' || scale::text || '}')::jsonb
            ELSE '{"open": false, "unit": 1}'
        END
    ) STORED,
    CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT tenants_tenant_id CHECK (tenant_id > 0),
    CONSTRAINT tenants_name CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT tenants_currency CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT tenants_scale CHECK (scale BETWEEN 0 AND 18),
    CONSTRAINT tenants_status CHECK (status IN ('active', 'suspended', 'closed'))
);

COMMENT ON TABLE public.tenants IS
'What is known of tenants: their currency, how many decimals their amounts have, whether they may write. A tenant '
'needs no row: without one its amounts have up to 18 decimals, and it writes. Kept by ops.create_tenant(), '
'ops.change_tenant() and ops.set_tenant_status(). Example: SELECT currency, scale FROM public.tenants WHERE '
'tenant_id = 10001.';
COMMENT ON COLUMN public.tenants.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.tenants.name IS 'What people call it: 1 to 200 characters.';
COMMENT ON COLUMN public.tenants.currency IS
'The currency of all its amounts, by ISO 4217 or in its manner: three capital letters.';
COMMENT ON COLUMN public.tenants.scale IS
'How many decimals an amount may have, 0 to 18: 2 for EUR, 0 for JPY, 3 for KWD. Zeros at the end do not count.';
COMMENT ON COLUMN public.tenants.status IS
'active; suspended: it is read and not written (BL008); closed: the same, for good.';
COMMENT ON COLUMN public.tenants.created_at IS 'When the row was made.';
COMMENT ON COLUMN public.tenants.changed_at IS 'When the row was changed last.';
COMMENT ON COLUMN public.tenants.limits IS
'What follows from status and scale, as the check of events compares with it: whether the tenant may write, and of '
'what its amounts are multiples.';

SELECT projection.wall_off('public.tenants');

-- Fits into a policy. As the caller: a tenant is told of itself alone.
CREATE FUNCTION projection.require_open(p_tenant_id bigint)
RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL names a table of ours.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_table text := 'public.tenants';
    v_status text;
BEGIN
    -- For a row of a shard no query may go to other nodes. The shard that is beside it has the row of its tenant.
    IF projection.is_distributed(v_table) THEN
        v_table := v_table || '_' || pg_catalog.get_shard_id_for_distribution_column(v_table, p_tenant_id);
    END IF;
    EXECUTE format('SELECT t.status FROM %s AS t WHERE t.tenant_id = $1', v_table) INTO v_status USING p_tenant_id;
    PERFORM projection.refuse_closed(p_tenant_id, v_status);
    RETURN true;
END
$$;

COMMENT ON FUNCTION projection.require_open(bigint) IS
'Raises BL008 for a tenant that is suspended or closed; true otherwise, so that it fits into a policy. Example: SELECT '
'projection.require_open(10001).';

REVOKE ALL ON FUNCTION projection.require_open(bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.require_open(bigint) TO betledger_app, betledger_tenant;

-- A row per tenant would be hot: all writers of the tenant would queue on it. Each backend adds to one of a handful
-- of slots instead, and public.tenants_summary_view sums them.
CREATE TABLE projection.tenant_totals (
    tenant_id bigint NOT NULL,
    slot integer NOT NULL,
    users bigint NOT NULL DEFAULT 0,
    bets_placed bigint NOT NULL DEFAULT 0,
    bets_confirmed bigint NOT NULL DEFAULT 0,
    bets_settled bigint NOT NULL DEFAULT 0,
    bets_cancelled bigint NOT NULL DEFAULT 0,
    staked numeric NOT NULL DEFAULT 0,
    paid_out numeric NOT NULL DEFAULT 0,
    gross_gaming_revenue numeric NOT NULL DEFAULT 0,
    deposits numeric NOT NULL DEFAULT 0,
    withdrawals numeric NOT NULL DEFAULT 0,
    balances numeric NOT NULL DEFAULT 0,
    CONSTRAINT tenant_totals_pkey PRIMARY KEY (tenant_id, slot)
) WITH (fillfactor = 50); -- small, and updated all the time: keep the slots in pages of their own

COMMENT ON TABLE projection.tenant_totals IS
'Counters behind public.tenants_summary_view: the sum over the slots of a tenant is its total; a single slot means '
'nothing.';

-- Only the owner writes, through the projection triggers.
SELECT projection.wall_off('projection.tenant_totals');

CREATE VIEW public.tenants_summary_view WITH (security_invoker = true) AS
SELECT
    t.tenant_id,
    k.currency,
    sum(t.users)::bigint AS users,
    sum(t.bets_placed + t.bets_confirmed + t.bets_settled + t.bets_cancelled)::bigint AS bets,
    sum(t.bets_placed)::bigint AS bets_placed,
    sum(t.bets_confirmed)::bigint AS bets_confirmed,
    sum(t.bets_settled)::bigint AS bets_settled,
    sum(t.bets_cancelled)::bigint AS bets_cancelled,
    trim_scale(sum(t.staked)) AS staked,
    trim_scale(sum(t.paid_out)) AS paid_out,
    trim_scale(sum(t.gross_gaming_revenue)) AS gross_gaming_revenue,
    trim_scale(sum(t.deposits)) AS deposits,
    trim_scale(sum(t.withdrawals)) AS withdrawals,
    trim_scale(sum(t.balances)) AS balances,
    -- An index end per table, always exact: nothing to keep, nothing to queue on.
    to_timestamp(greatest(
        (SELECT max(b."timestamp") FROM public.bet_events AS b WHERE b.tenant_id = t.tenant_id),
        (SELECT max(p."timestamp") FROM public.payment_events AS p WHERE p.tenant_id = t.tenant_id),
        (SELECT max(c."timestamp") FROM public.balance_events AS c WHERE c.tenant_id = t.tenant_id)
    ) / 1000.0::double precision) AS last_activity_at
FROM projection.tenant_totals AS t
LEFT JOIN public.tenants AS k ON t.tenant_id = k.tenant_id
GROUP BY t.tenant_id, k.currency;

COMMENT ON VIEW public.tenants_summary_view IS
'One row per tenant: the sum of bets_view, payments_view, user_balances_view and the number of rows of '
'user_activity_view, always up to date. Amounts have no trailing zeros. Read only. Null may be: currency. Example: '
'SELECT * FROM public.tenants_summary_view WHERE tenant_id = 10001.';
COMMENT ON COLUMN public.tenants_summary_view.tenant_id IS 'The tenant.';
COMMENT ON COLUMN public.tenants_summary_view.users IS 'Users with a bet or a payment.';
COMMENT ON COLUMN public.tenants_summary_view.bets IS 'All bets.';
COMMENT ON COLUMN public.tenants_summary_view.bets_placed IS 'Bets with status placed.';
COMMENT ON COLUMN public.tenants_summary_view.bets_confirmed IS 'Bets with status confirmed.';
COMMENT ON COLUMN public.tenants_summary_view.bets_settled IS 'Bets with status settled.';
COMMENT ON COLUMN public.tenants_summary_view.bets_cancelled IS 'Bets with status cancelled.';
COMMENT ON COLUMN public.tenants_summary_view.staked IS 'Stakes of the bets that were not cancelled.';
COMMENT ON COLUMN public.tenants_summary_view.paid_out IS 'Payouts of the settled bets.';
COMMENT ON COLUMN public.tenants_summary_view.gross_gaming_revenue IS
'Stake less payout of the settled bets: what the house won.';
COMMENT ON COLUMN public.tenants_summary_view.deposits IS 'Deposits that neither failed nor were reversed.';
COMMENT ON COLUMN public.tenants_summary_view.withdrawals IS
'Withdrawals that neither failed nor were reversed.';
COMMENT ON COLUMN public.tenants_summary_view.balances IS 'The sum of the balances of all users.';
COMMENT ON COLUMN public.tenants_summary_view.last_activity_at IS 'The time of the last event of the tenant.';
COMMENT ON COLUMN public.tenants_summary_view.currency IS
'The currency of the amounts, as public.tenants has it; null for a tenant without a row.';

REVOKE ALL ON public.tenants_summary_view FROM public;

GRANT SELECT ON public.tenants_summary_view TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
