SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.local_function(p_table text, p_does text, p_shard_id bigint)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT projection.local_name(split_part(p_table, '.', 2) || '_' || p_does, p_table, p_shard_id)
$$;

COMMENT ON FUNCTION projection.local_function(text, text, bigint) IS
'The name of a compiled function: its table and what it does with it; on Citus of the shard of the table that is '
'beside the given one. Example: SELECT projection.local_function(''public.bets_view'', ''refresh'', NULL).';

REVOKE ALL ON FUNCTION projection.local_function(text, text, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.local_function(text, text, bigint) TO betledger_operator;
