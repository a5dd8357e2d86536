SET LOCAL ROLE betledger_owner;

-- Inlined where it is called: no SET clause.
CREATE OR REPLACE FUNCTION projection.number_of(p_json jsonb)
RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(p_json)
    WHEN 'number' THEN p_json::numeric
    WHEN 'string' THEN CASE
        WHEN p_json #>> '{}' ~ '^[0-9]{1,20}(\.[0-9]{1,18})?$' THEN (p_json #>> '{}')::numeric
    END
END;

COMMENT ON FUNCTION projection.number_of(jsonb) IS
'The number that a JSON number is, or a numeric string; null for anything else. Example: SELECT '
'projection.number_of(''"10.50"'').';

REVOKE ALL ON FUNCTION projection.number_of(jsonb) FROM public;

GRANT EXECUTE ON FUNCTION projection.number_of(jsonb) TO betledger_app, betledger_tenant;
