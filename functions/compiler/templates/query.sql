SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_query()
RETURNS SETOF record
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    TABLE "{query}";
END
$$;

COMMENT ON FUNCTION projection.template_query() IS
'Template: the body of a function that gives the rows of a query: see projection.as_of_text().';

REVOKE ALL ON FUNCTION projection.template_query() FROM public;
