SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_forget_key()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- A key is used once: a row that shows it shows that of the event.
PERFORM FROM unnest(p_events) AS e
JOIN "{read_table}" AS t ON t.tenant_id = e.tenant_id AND t."{key}" = "{event_key}"
ORDER BY t.tenant_id, t."{key}" FOR NO KEY UPDATE OF t;
UPDATE "{read_table}" AS t SET "{column}" = NULL
FROM unnest(p_events) AS e
WHERE t.tenant_id = e.tenant_id AND t."{key}" = "{event_key}"
    AND t."{column}" = e.metadata ->> 'idempotency_key';
END
$$;

COMMENT ON FUNCTION projection.template_forget_key() IS
'Template: what is done when keys were taken out: see projection.forget_text().';

REVOKE ALL ON FUNCTION projection.template_forget_key() FROM public;
