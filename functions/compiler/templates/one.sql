SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one()
RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM "{guard}";
    PERFORM "{tenant}";
    -- The full check is only asked where a small one, that nearly every event passes, does not hold.
    IF ("{check}") IS NOT TRUE THEN
        PERFORM projection.refuse_event("{name}", to_jsonb(e))
        WHERE "{valid}"(e) IS NOT TRUE;
    END IF;
    PERFORM "{statements}";
    RETURN true;
END
$$;

COMMENT ON FUNCTION projection.template_one() IS
'Template: the body of projection.on_<event type>(): see projection.one_text().';

REVOKE ALL ON FUNCTION projection.template_one() FROM public;
