SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.local_name(p_name text, p_table text, p_shard_id bigint)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_shard_id IS NULL THEN
        RETURN 'projection.' || quote_ident(p_name);
    END IF;
    RETURN 'projection.' || quote_ident(concat_ws(
        '_', p_name, substring(projection.local_table(p_table, p_shard_id) FROM '[0-9]+$'),
        projection.compiled_version()
    ));
END
$$;

COMMENT ON FUNCTION projection.local_name(text, text, bigint) IS
'The name of a function with its schema; on Citus, of the one that is compiled for the shard of a table that is beside '
'the given one. Example: SELECT projection.local_name(''bets_view_refresh'', ''public.bets_view'', NULL).';

REVOKE ALL ON FUNCTION projection.local_name(text, text, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.local_name(text, text, bigint) TO betledger_operator;
