SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.refuse_busy(p_attempts integer)
RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF p_attempts >= 10 THEN
        RAISE EXCEPTION 'items of the batch were changed by others at the same moment'
            USING ERRCODE = 'serialization_failure', HINT = 'Call again in a new transaction.';
    END IF;
END
$$;

COMMENT ON FUNCTION projection.refuse_busy(integer) IS
'Raises 40001 where a batch has begun again ten times, or has met others when it did: they were always quicker, or its '
'snapshot is too old to see them.';

REVOKE ALL ON FUNCTION projection.refuse_busy(integer) FROM public;

GRANT EXECUTE ON FUNCTION projection.refuse_busy(integer) TO betledger_app, betledger_tenant;
