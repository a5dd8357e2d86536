-- requires: functions/requests/take_key.sql
SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.key_of_call(p_key text)
RETURNS text
LANGUAGE sql
RETURN CASE
    WHEN coalesce(current_setting('app.idempotency_key', true), '') = '' THEN p_key
    ELSE projection.take_key(p_key)
END;

COMMENT ON FUNCTION projection.key_of_call(text) IS
'The idempotency key of a call: the argument, or over HTTP the header of the request, which http.pre_request() keeps '
'in app.idempotency_key. Migrations may rely on it. Error: BL001 both, and they differ. Example: SELECT '
'projection.key_of_call(NULL).';

REVOKE ALL ON FUNCTION projection.key_of_call(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.key_of_call(text) TO betledger_app, betledger_tenant, betledger_operator;
