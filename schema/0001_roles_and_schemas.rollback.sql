-- The roles stay: they belong to the cluster, and other databases may use them.
DROP SCHEMA ops CASCADE;

DROP SCHEMA projection CASCADE;

REVOKE USAGE ON SCHEMA public FROM betledger_app, betledger_tenant, betledger_reader, betledger_operator;

REVOKE USAGE, CREATE ON SCHEMA public FROM betledger_owner;
