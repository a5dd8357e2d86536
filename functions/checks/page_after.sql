SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.page_after(p_filters jsonb, p_position jsonb)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN translate(
    encode(convert_to(jsonb_build_array(md5(p_filters::text), p_position)::text, 'UTF8'), 'base64'), E'+/\n=', '-_'
);

COMMENT ON FUNCTION projection.page_after(jsonb, jsonb) IS
'The cursor of a page: where it ended, and of which call it is (the function and its arguments). Clients send it back '
'as it is. Example: SELECT projection.page_after(''["f", 10001]'', ''[1700000000000]'').';

REVOKE ALL ON FUNCTION projection.page_after(jsonb, jsonb) FROM public;

GRANT EXECUTE ON FUNCTION projection.page_after(jsonb, jsonb)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
