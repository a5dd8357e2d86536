SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION ops.health_checks()
RETURNS TABLE (check_name text, on_citus boolean, finds text, remedy text)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
SELECT l.check_name, false, l.finds, l.remedy FROM ops.ledger_checks() AS l
UNION ALL
SELECT s.check_name, false, s.finds, s.remedy FROM ops.server_checks() AS s
UNION ALL
SELECT c.check_name, true, c.finds, c.remedy FROM ops.cluster_checks() AS c
$$;

COMMENT ON FUNCTION ops.health_checks() IS
'The checks of ops.doctor(): a name that says what is good, whether it is for Citus alone, the query that gives a '
'line of text for each thing that is not, and the remedy. Example: SELECT check_name, remedy FROM ops.health_checks().';

REVOKE ALL ON FUNCTION ops.health_checks() FROM public;

GRANT EXECUTE ON FUNCTION ops.health_checks() TO betledger_operator;
