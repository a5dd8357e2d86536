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
        AND %4$s((%1$s)::numeric) <= %5$s
    WHEN 'string' THEN CASE
        WHEN %2$s ~ '^[0-9]{1,20}(\.[0-9]{1,18})?$'
        THEN (%2$s)::numeric %3$s%6$s
        ELSE false END
    ELSE false
END$number$;
    v_kind record := projection.number_kind(p_kind);
BEGIN
    RETURN CASE
        WHEN v_kind.bound IS NOT NULL THEN format(
            v_number, p_json, p_text, v_kind.bound,
            -- Zeros at the end are no decimals to a team that names how many there may be.
            CASE WHEN v_kind.places < 18 THEN 'min_scale' ELSE 'scale' END, v_kind.places,
            CASE WHEN v_kind.places < 18
                THEN format(E'\n            AND min_scale((%s)::numeric) <= %s', p_text, v_kind.places) ELSE '' END
        )
        WHEN p_kind = 'identifier' THEN format(
            E'jsonb_typeof(%s) = ''string''\n    AND length(%s) BETWEEN 1 AND 200', p_json, p_text
        )
        WHEN p_kind = 'text' THEN format('jsonb_typeof(%s) = ''string'' AND length(%s) <= 1000', p_json, p_text)
        WHEN p_kind = 'result' THEN format(
            E'jsonb_typeof(%s) = ''string''\n    AND %s IN (''win'', ''loss'', ''void'')', p_json, p_text
        )
        WHEN p_kind = 'flag' THEN format('jsonb_typeof(%s) = ''boolean''', p_json)
    END;
END
$$;

COMMENT ON FUNCTION projection.field_check(text, text, text) IS
'The SQL condition that a payload field of a kind has to meet, for an expression of its JSON and one of its text; '
'null for an unknown kind. Example: SELECT projection.field_check(''flag'', ''d -> ''''f'''''', ''d ->> ''''f'''''').';

REVOKE ALL ON FUNCTION projection.field_check(text, text, text) FROM public;
