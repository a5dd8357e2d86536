SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.record_run(p_command text, p_tenant_id bigint DEFAULT NULL, p_found bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
-- Operators may not write the table in any other way.
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET row_security = on
AS $$
BEGIN
    -- A standby may look, too.
    IF NOT current_setting('transaction_read_only')::boolean THEN
        DELETE FROM ops.maintenance_runs WHERE finished_at < now() - interval '1 year';
        INSERT INTO ops.maintenance_runs (command, only_tenant, found) VALUES (p_command, p_tenant_id, p_found);
    END IF;
END
$$;

COMMENT ON FUNCTION ops.record_run(text, bigint, bigint) IS
'Writes down that verify, rebuild or purge has ended, and forgets what was written a year ago; does nothing in a '
'read-only transaction. Example: SELECT ops.record_run(''verify'', NULL, 0).';

REVOKE ALL ON FUNCTION ops.record_run(text, bigint, bigint) FROM public;

GRANT EXECUTE ON FUNCTION ops.record_run(text, bigint, bigint) TO betledger_operator;
