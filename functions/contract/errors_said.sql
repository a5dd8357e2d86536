SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.errors_said(p_comment text)
RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(jsonb_object_agg(left(c.clause, 5), substr(c.clause, 7)), '{}')
    FROM regexp_split_to_table(
        substring(p_comment FROM '\mErrors??: (.*?)\.( Example: |$)'), '[,;] (?=[A-Z0-9]{5} )'
    ) AS c (clause)
    WHERE c.clause ~ '^[A-Z0-9]{5} '
$$;

COMMENT ON FUNCTION projection.errors_said(text) IS
'The errors that the comment of a function tells, by SQLSTATE: it says "Errors: BL001 bad argument, BL006 foreign '
'tenant." Example: SELECT projection.errors_said(obj_description(''public.feed(bigint,text,integer,text[])'''
'::regprocedure)).';

REVOKE ALL ON FUNCTION projection.errors_said(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.errors_said(text) TO betledger_operator;
