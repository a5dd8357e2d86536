SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.doctor()
RETURNS TABLE (check_name text, finding text, remedy text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is that of ops.health_checks().
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_check record;
    v_found text[];
BEGIN
    FOR v_check IN
        SELECT c.* FROM ops.health_checks() AS c
        WHERE NOT c.on_citus OR to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL
    LOOP
        BEGIN
            EXECUTE format('SELECT array_agg(f ORDER BY f) FROM (%s) AS q (f)', v_check.finds) INTO v_found;
        EXCEPTION WHEN OTHERS THEN
            -- What could not be looked at has not passed.
            v_found := ARRAY['not checked: ' || SQLERRM];
        END;
        RETURN QUERY
        SELECT v_check.check_name, f, CASE WHEN f IS NOT NULL THEN v_check.remedy END
        FROM unnest(coalesce(v_found, ARRAY[NULL])) AS f;
    END LOOP;
END
$$;

COMMENT ON FUNCTION ops.doctor() IS
'Looks for what is wrong with the ledger, its server and its cluster. Gives a row for each check that passed, with '
'finding NULL, and for each thing found, with the remedy. Changes nothing; run by betledger_operator. Null may be: '
'finding. Example: SELECT * FROM ops.doctor() WHERE finding IS NOT NULL.';

REVOKE ALL ON FUNCTION ops.doctor() FROM public;

GRANT EXECUTE ON FUNCTION ops.doctor() TO betledger_operator;
