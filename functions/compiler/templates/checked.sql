SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_checked()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
IF ("{check}") IS NOT TRUE THEN
    PERFORM projection.refuse_event("{name}", to_jsonb(e))
    WHERE "{valid}"(e) IS NOT TRUE;
END IF;
END
$$;

COMMENT ON FUNCTION projection.template_checked() IS
'Template: the check of one event: see projection.checked_text().';

REVOKE ALL ON FUNCTION projection.template_checked() FROM public;
