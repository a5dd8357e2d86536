SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.feed_mark(p_tenant_id bigint)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN left(md5('feed ' || p_tenant_id), 8);

COMMENT ON FUNCTION projection.feed_mark(bigint) IS
'The end of the cursors of a tenant''s feed, so that one of another is refused; of tenant 0, the ledger''s. Example: '
'SELECT projection.feed_mark(10001).';

REVOKE ALL ON FUNCTION projection.feed_mark(bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.feed_mark(bigint)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
