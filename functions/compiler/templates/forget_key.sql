SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_forget_key()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- A key is used once: a row that shows it shows that of the event. Locked in order, then changed where they are.
DECLARE
    v_rows tid[];
BEGIN
    SELECT array_agg(l.ctid) INTO v_rows FROM (
        SELECT t.ctid
        FROM "{events}" AS e
        JOIN "{read_table}" AS t ON t.tenant_id = e.tenant_id AND t."{key}" = "{event_key}"
            AND t."{column}" = e.metadata ->> 'idempotency_key'
        ORDER BY t.tenant_id, t."{key}" FOR NO KEY UPDATE OF t
    ) AS l;
    UPDATE "{read_table}" AS t SET "{column}" = NULL WHERE t.ctid = ANY (v_rows);
END;
END
$$;

COMMENT ON FUNCTION projection.template_forget_key() IS
'Template: what is done when keys were taken out: see projection.forget_text().';

REVOKE ALL ON FUNCTION projection.template_forget_key() FROM public;
