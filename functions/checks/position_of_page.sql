SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.position_of_page(p_after text, p_filters jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_cursor jsonb;
BEGIN
    BEGIN
        v_cursor := convert_from(decode(
            translate(p_after, '-_', '+/') || repeat('=', -length(p_after) & 3), 'base64'
        ), 'UTF8')::jsonb;
    EXCEPTION
        WHEN data_exception OR syntax_error_or_access_rule_violation THEN
            v_cursor := NULL;
    END;
    IF v_cursor ->> 0 IS DISTINCT FROM md5(p_filters::text) THEN
        PERFORM projection.refuse_argument(
            'after', quote_literal(left(p_after, 100)),
            'Send next_page of the page before, with the same arguments as for that page.'
        );
    END IF;
    RETURN v_cursor -> 1;
END
$$;

COMMENT ON FUNCTION projection.position_of_page(text, jsonb) IS
'Where the page before ended, by its cursor. Error: BL001 it is of another call, or no cursor at all. Example: SELECT '
'projection.position_of_page(projection.page_after(''["f"]'', ''[1]''), ''["f"]'').';

REVOKE ALL ON FUNCTION projection.position_of_page(text, jsonb) FROM public;

GRANT EXECUTE ON FUNCTION projection.position_of_page(text, jsonb)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
