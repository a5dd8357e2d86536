SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.drop_local_rows()
RETURNS SETOF text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_table regclass;
    v_bytes bigint;
BEGIN
    FOR v_table IN
        SELECT DISTINCT t.event_table::regclass FROM projection.event_types AS t
        UNION ALL SELECT p.read_table::regclass FROM projection.projections AS p
    LOOP
        v_bytes := pg_relation_size(v_table);
        CONTINUE WHEN v_bytes = 0 OR NOT projection.is_distributed(v_table::text);
        -- The rows that are meant are the copies which distribution left behind on the coordinator, where nobody sees
        -- them.
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', v_table);
        PERFORM pg_catalog.truncate_local_data_after_distributing_table(v_table);
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', v_table);
        RETURN NEXT format('%s: %s of invisible rows freed on the coordinator', v_table, pg_size_pretty(v_bytes));
    END LOOP;
END
$$;

COMMENT ON FUNCTION ops.drop_local_rows() IS
'The last step of `betledger distribute`: frees the space of the rows that were copied to the shards. Example: SELECT '
'* FROM ops.drop_local_rows().';

REVOKE ALL ON FUNCTION ops.drop_local_rows() FROM public;
