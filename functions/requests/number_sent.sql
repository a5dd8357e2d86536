-- requires: functions/requests/number_of.sql
SET LOCAL ROLE betledger_owner;

-- Inlined where it is called: no SET clause.
CREATE OR REPLACE FUNCTION projection.number_sent(p_json jsonb)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(p_json)
    WHEN 'string' THEN coalesce(to_jsonb(projection.number_of(p_json)), p_json)
    ELSE p_json
END;

COMMENT ON FUNCTION projection.number_sent(jsonb) IS
'A number as a function would store it, which takes it as numeric: a numeric string becomes a number, and what is no '
'number stays as it is, to be refused. Example: SELECT projection.number_sent(''"10.50"'').';

REVOKE ALL ON FUNCTION projection.number_sent(jsonb) FROM public;

GRANT EXECUTE ON FUNCTION projection.number_sent(jsonb) TO betledger_app, betledger_tenant;
