SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.field_check(p_kind text, p_json text, p_text text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- A comparison of numbers is cheaper than a regular expression over their text; a string has to have one.
    v_number constant text := $number$CASE jsonb_typeof(%1$s)
    WHEN 'number' THEN (%1$s)::numeric %3$s
        AND (%1$s)::numeric < 1e20
        AND scale((%1$s)::numeric) <= 18
    WHEN 'string' THEN CASE
        WHEN %2$s ~ '^[0-9]{1,20}(\.[0-9]{1,18})?$'
        THEN (%2$s)::numeric %3$s
        ELSE false END
    ELSE false
END$number$;
BEGIN
    RETURN CASE p_kind
        WHEN 'identifier' THEN format(
            E'jsonb_typeof(%s) = ''string''\n    AND length(%s) BETWEEN 1 AND 200', p_json, p_text
        )
        WHEN 'text' THEN format('jsonb_typeof(%s) = ''string'' AND length(%s) <= 1000', p_json, p_text)
        WHEN 'result' THEN format(
            E'jsonb_typeof(%s) = ''string''\n    AND %s IN (''win'', ''loss'', ''void'')', p_json, p_text
        )
        WHEN 'flag' THEN format('jsonb_typeof(%s) = ''boolean''', p_json)
        WHEN 'amount' THEN format(v_number, p_json, p_text, '> 0')
        WHEN 'payout' THEN format(v_number, p_json, p_text, '>= 0')
        WHEN 'odds' THEN format(v_number, p_json, p_text, '>= 1')
    END;
END
$$;

COMMENT ON FUNCTION projection.field_check(text, text, text) IS
'The SQL condition that a payload field of a kind has to meet, for an expression of its JSON and one of its text; '
'null for an unknown kind. Example: SELECT projection.field_check(''flag'', ''d -> ''''f'''''', ''d ->> ''''f'''''').';

REVOKE ALL ON FUNCTION projection.field_check(text, text, text) FROM public;
