SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_forget_by_refresh()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
PERFORM "{refresh}"(ARRAY(SELECT e.tenant_id FROM unnest(p_events) AS e), ARRAY(SELECT "{key}" FROM unnest(p_events) AS e));
END
$$;
