SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.holding_feeds_up(p_for interval)
RETURNS SETOF text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format('%s has written and has not ended since %s: no feed shows what was stored later', h.who, h.since)
    FROM projection.writing_transactions() AS h
    WHERE h.since < now() - p_for
$$;

COMMENT ON FUNCTION projection.holding_feeds_up(interval) IS
'The transactions of this server that have written and have been open for so long. Example: SELECT '
'projection.holding_feeds_up(''5 minutes'').';

REVOKE ALL ON FUNCTION projection.holding_feeds_up(interval) FROM public;

GRANT EXECUTE ON FUNCTION projection.holding_feeds_up(interval) TO betledger_operator;
