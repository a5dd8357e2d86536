SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_finer()
RETURNS boolean
LANGUAGE sql
AS $$
SELECT
    CASE p_event_type
        WHEN "{branches}" THEN NULL;
        ELSE false
    END
$$;

COMMENT ON FUNCTION projection.template_finer() IS
'Template: the body of projection.<event table>_finer(): see projection.finer_text().';

REVOKE ALL ON FUNCTION projection.template_finer() FROM public;
