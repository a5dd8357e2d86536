SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_folded()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- "{read_table}": folded from all events of the stream.
PERFORM "{refresh}"(ARRAY[e.tenant_id], ARRAY["{key_value}"]);
END
$$;

COMMENT ON FUNCTION projection.template_one_folded() IS
'Template: one event that always takes the general way: see projection.one_of_state_text().';

REVOKE ALL ON FUNCTION projection.template_one_folded() FROM public;
