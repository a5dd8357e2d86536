SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_of_sum()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- "{read_table}"
DECLARE
    v_is_new boolean;
BEGIN
    PERFORM "{carry}";
END;
END
$$;

COMMENT ON FUNCTION projection.template_one_of_sum() IS
'Template: one event, for a read table that adds up: see projection.one_sum_text().';

REVOKE ALL ON FUNCTION projection.template_one_of_sum() FROM public;
