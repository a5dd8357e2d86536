SET LOCAL ROLE betledger_owner;

-- No SET clause and a parsed body: the planner puts it in the place of the call.
CREATE OR REPLACE FUNCTION projection.event_time(p_timestamp bigint)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_timestamp(p_timestamp / 1000.0::double precision);

COMMENT ON FUNCTION projection.event_time(bigint) IS
'The time of an event, from its timestamp in milliseconds. A column of a read table that gathers the highest of it '
'tells the compiler which events are later than all before. Migrations may rely on it. Example: SELECT '
'projection.event_time(1700000000000).';

REVOKE ALL ON FUNCTION projection.event_time(bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.event_time(bigint)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
