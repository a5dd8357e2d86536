SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.field_check(p_kind text, p_json text, p_text text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Of all JSON only a number or a string has such a text.
    v_number constant text := '^[0-9]{1,20}(\.[0-9]{1,18})?$';
    v_string text := format('jsonb_typeof(%s) = ''string''', p_json);
BEGIN
    RETURN CASE p_kind
        WHEN 'identifier' THEN format('%s AND length(%s) BETWEEN 1 AND 200', v_string, p_text)
        WHEN 'text' THEN format('%s AND length(%s) <= 1000', v_string, p_text)
        WHEN 'result' THEN format('%s AND %s IN (''win'', ''loss'', ''void'')', v_string, p_text)
        WHEN 'flag' THEN format('jsonb_typeof(%s) = ''boolean''', p_json)
        WHEN 'amount' THEN format(
            'CASE WHEN %1$s ~ %2$L THEN %1$s::numeric > 0 ELSE false END', p_text, v_number
        )
        WHEN 'payout' THEN format('%1$s ~ %2$L', p_text, v_number)
        WHEN 'odds' THEN format(
            'CASE WHEN %1$s ~ %2$L THEN %1$s::numeric >= 1 ELSE false END', p_text, v_number
        )
    END;
END
$$;

COMMENT ON FUNCTION projection.field_check(text, text, text) IS
'The SQL condition that a payload field of a kind has to meet, for an expression of its JSON and one of its text; null for an unknown kind. Example: SELECT projection.field_check(''flag'', ''(d -> ''''f'''')'', ''(d ->> ''''f'''')'').';

REVOKE ALL ON FUNCTION projection.field_check(text, text, text) FROM public;
