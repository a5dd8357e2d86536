SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.bytes_of(p_table text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF projection.is_distributed(p_table) THEN
        RETURN pg_catalog.citus_total_relation_size(p_table::regclass);
    END IF;
    RETURN pg_total_relation_size(p_table::regclass);
END
$$;

COMMENT ON FUNCTION projection.bytes_of(text) IS
'The size of a table with its indexes, on Citus of all its shards. Example: SELECT '
'projection.bytes_of(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.bytes_of(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.bytes_of(text) TO betledger_operator;
