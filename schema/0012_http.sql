CREATE SCHEMA http AUTHORIZATION betledger_owner;

REVOKE ALL ON SCHEMA http FROM public;

GRANT USAGE ON SCHEMA http TO betledger_app, betledger_tenant;

COMMENT ON SCHEMA http IS
'betledger: what an HTTP server in front of the ledger calls, such as PostgREST. Nothing of it is an endpoint.';
