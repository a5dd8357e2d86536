SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.bet_as_of(
    p_tenant_id bigint, p_bet_id text, p_at_ms bigint, p_known_at timestamptz DEFAULT NULL
)
RETURNS SETOF public.bets_view
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
BEGIN
    PERFORM projection.require_tenant(p_tenant_id);
    RETURN QUERY SELECT f.* FROM projection.bets_view_as_of(p_tenant_id, p_bet_id, p_at_ms, p_known_at) AS f;
END
$$;

COMMENT ON FUNCTION public.bet_as_of(bigint, text, bigint, timestamptz) IS
'The row of bets_view as of a moment, in milliseconds since 1970-01-01 UTC: the fold of the events up to it, the '
'moment included; no row when there were none. With p_known_at, of the events that had been stored by then, by the '
'clock of the server. Errors: BL001 bad tenant, BL006 foreign tenant. Example: '
'SELECT * FROM public.bet_as_of(10001, ''bet-1'', 1700000000000).';

REVOKE ALL ON FUNCTION public.bet_as_of(bigint, text, bigint, timestamptz) FROM public;

GRANT EXECUTE ON FUNCTION public.bet_as_of(bigint, text, bigint, timestamptz)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
