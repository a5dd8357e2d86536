SET LOCAL ROLE betledger_owner;

-- Not immutable, since convert_to() is not: else the planner could not put it in the place of the call, which costs ten
-- times as much.
CREATE OR REPLACE FUNCTION projection.event_id(p_tenant_id bigint, p_operation text, p_key text)
RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
RETURN encode(
    substring(sha256(convert_to(p_tenant_id::text || ' ' || p_operation || ' ' || p_key, 'UTF8')) FROM 1 FOR 16), 'hex'
)::uuid;

COMMENT ON FUNCTION projection.event_id(bigint, text, text) IS
'The id of the event that an operation makes for an idempotency key: the same call always makes the same id, so that '
'it is recognised after its key has expired, too. Migrations may rely on it. Example: SELECT '
'projection.event_id(10001, ''place_bet'', ''key-1'').';

REVOKE ALL ON FUNCTION projection.event_id(bigint, text, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.event_id(bigint, text, text)
TO betledger_app, betledger_tenant, betledger_operator;
