SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.repair_slots(p_read_table text, p_tenant_id bigint, p_shard_id bigint)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
-- The SQL is made from the catalogue and from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_holes jsonb;
    v_orphans bigint[];
    v_gone bigint;
    v_repaired bigint;
BEGIN
    SELECT jsonb_build_object(
        'read_table', projection.local_table(p_read_table, p_shard_id),
        'fold', projection.fold_text(p_read_table, '($1 IS NULL OR e.tenant_id = $1)', p_shard_id),
        'kept', projection.kept_text(p_read_table, p_shard_id),
        'columns', projection.list(s.names, '*'), 'added', projection.list(s.names, 'd.*'),
        'difference', projection.list(s.names, 'coalesce(f.*, 0) - coalesce(t.*, 0) AS *'),
        'differs', projection.list(s.names, 'd.* <> 0', ' OR'),
        'set', projection.joined(ARRAY(
            SELECT projection.added(p_read_table, n, 'excluded.' || quote_ident(n)) FROM unnest(s.names) AS n
        ))
    ) INTO STRICT v_holes
    FROM projection.registered_projections() AS p
    CROSS JOIN LATERAL (
        SELECT array_agg(c) AS names FROM unnest(projection.columns(p_read_table)) AS c WHERE c <> ALL (p.key_columns)
    ) AS s
    WHERE p.read_table = p_read_table AND p.kind = 'slots';

    -- Tenants that have slots and nothing to count. Locked first, looked at again in a later statement: a writer that
    -- counts something meanwhile waits for us, and then makes its slot anew.
    EXECUTE projection.filled('orphans_locked', v_holes) INTO v_orphans USING p_tenant_id;
    EXECUTE projection.filled('orphans_deleted', v_holes) INTO v_gone USING p_tenant_id, v_orphans;
    -- Writers change the sources and the slots in one transaction: in one snapshot the difference between them is
    -- what is wrong, whoever else is writing. So it can be added without stopping anybody.
    EXECUTE projection.filled('slots_repaired', v_holes) INTO v_repaired USING p_tenant_id;
    RETURN v_gone + v_repaired;
END
$$;

COMMENT ON FUNCTION projection.repair_slots(text, bigint, bigint) IS
'Adds to a read table of kind slots what it lacks of the fold of its sources, beside running writers; gives the '
'number of tenants repaired. Example: SELECT projection.repair_slots(''projection.tenant_totals'', NULL, NULL).';

REVOKE ALL ON FUNCTION projection.repair_slots(text, bigint, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.repair_slots(text, bigint, bigint) TO betledger_operator;
