SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.keys_after(
    p_read_table text, p_tenant_id bigint, p_after_tenant_id bigint, p_after_key text, p_limit integer,
    p_shard_id bigint, OUT tenant_ids bigint[], OUT keys text[]
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
SET jit = off
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
BEGIN
    IF NOT EXISTS (SELECT FROM projection.registered_projections() AS p WHERE p.read_table = p_read_table) THEN
        PERFORM projection.refuse_argument(
            'read_table', p_read_table, 'Send the name of a read table, with its schema: see projection.projections.'
        );
    END IF;
    EXECUTE (
        SELECT projection.filled('keys_after', jsonb_build_object('keys', string_agg(t, E'\nUNION\n')))
        FROM projection.keys_texts(p_read_table, 'keys_of', p_shard_id) AS t
    ) INTO tenant_ids, keys USING p_tenant_id, p_after_tenant_id, p_after_key, p_limit;
END
$$;

COMMENT ON FUNCTION projection.keys_after(text, bigint, bigint, text, integer, bigint) IS
'The next keys that a read table has or should have, in order: those of its sources and its own; on Citus, of one '
'shard. Error: BL001 unknown read table. Example: SELECT * FROM projection.keys_after(''public.bets_view'', NULL, 0, '
''''', 10000, NULL).';

REVOKE ALL ON FUNCTION projection.keys_after(text, bigint, bigint, text, integer, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.keys_after(text, bigint, bigint, text, integer, bigint) TO betledger_operator;
