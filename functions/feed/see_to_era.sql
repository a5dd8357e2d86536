SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.see_to_era(p_tenant_id bigint DEFAULT NULL, p_shard_id bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('transaction_read_only') = 'on' THEN
        RETURN;
    END IF;
    PERFORM projection.begin_era();
    IF projection.is_distributed('public.bet_events') THEN
        PERFORM projection.see_to_shard(coalesce(
            p_shard_id, pg_catalog.get_shard_id_for_distribution_column('public.bet_events', p_tenant_id)
        ));
    END IF;
END
$$;

COMMENT ON FUNCTION projection.see_to_era(bigint, bigint) IS
'Begins the era of a server that has stored no event since it was started, and on Citus sees to the shard of a tenant, '
'so that a reader of a restored or moved ledger does not wait for an event. Not in a transaction that reads only, nor '
'on a standby.';

REVOKE ALL ON FUNCTION projection.see_to_era(bigint, bigint) FROM public;

GRANT EXECUTE ON FUNCTION projection.see_to_era(bigint, bigint)
TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
