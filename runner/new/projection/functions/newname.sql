SET LOCAL ROLE betledger_owner;

-- What one bet says of its user. Inlined wherever it is called: no SET clause, not volatile, no
-- aggregate. From this one text `betledger migrate` makes triggers, fold, rebuild and verify. Its
-- source is the type of its argument: a read table as here, or an event table as public.bet_events.
-- When it changes, `betledger rebuild newname` is due.
CREATE OR REPLACE FUNCTION projection.newname_of_bet(b public.bets_view)
RETURNS TABLE (tenant_id bigint, user_id text, bets integer, staked numeric, last_bet_at timestamptz)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
SELECT
    b.tenant_id,
    b.user_id,
    CASE WHEN b.status <> 'cancelled' THEN 1 ELSE 0 END,
    CASE WHEN b.status <> 'cancelled' THEN coalesce(b.stake, 0) ELSE 0 END,
    b.last_updated_at
WHERE b.user_id IS NOT NULL
$$;

COMMENT ON FUNCTION projection.newname_of_bet(public.bets_view) IS
'The definition of public.newname: what one bet says of its user. '
'Example: SELECT n.* FROM public.bets_view AS b, '
'projection.newname_of_bet(b) AS n.';

-- Columns that are named nowhere add up; p_latest is for those that the latest event says (projection.projections).
-- Rows are locked in the order of p_position, the same everywhere: above that of the source.
SELECT projection.define(
    'public.newname', '{projection.newname_of_bet}',
    p_position => 9999,
    p_highest => '{last_bet_at}'
);
