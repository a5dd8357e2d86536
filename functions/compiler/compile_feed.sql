SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.compile_feed()
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from rows that only the owner may write.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_feed record;
    v_signature text;
BEGIN
    FOR v_feed IN
        SELECT f.name, f.condition, f.says, f.readers
        FROM (VALUES
            ('events_of_tenant', 'e.tenant_id = $1', 'of a tenant, for public.feed()',
                'betledger_app, betledger_tenant, betledger_reader, betledger_operator'),
            ('events_of_ledger', '$1 IS NULL', 'of all tenants (null), for public.ledger_feed()',
                'betledger_reader, betledger_operator')
        ) AS f (name, condition, says, readers)
    LOOP
        EXECUTE format(
            E'CREATE OR REPLACE FUNCTION projection.%s('
            'p_tenant_id bigint, p_position bigint, p_number bigint, p_limit integer, p_types text[]'
            ') RETURNS TABLE (event_table text, tenant_id bigint, id uuid, aggregate_id text, event_type text,'
            ' event_data jsonb, "timestamp" bigint, version integer, metadata jsonb, created_at timestamptz,'
            ' stored_at timestamptz, feed_position bigint, feed_number bigint)'
            ' LANGUAGE plpgsql STABLE AS $body$\nBEGIN\nIF p_types IS NULL THEN\nRETURN QUERY\n%s;\n'
            'ELSE\nRETURN QUERY\n%s;\nEND IF;\nEND\n$body$',
            v_feed.name, projection.feed_text(v_feed.condition, false), projection.feed_text(v_feed.condition, true)
        );
        v_signature := format('projection.%s(bigint, bigint, bigint, integer, text[])', v_feed.name);
        EXECUTE format(
            'COMMENT ON FUNCTION %s IS %L', v_signature, format(
                'The events %s, after a place. Made from projection.event_types by projection.compile_feed(). '
                'Example: SELECT * FROM projection.%s(10001, 0, 0, 10, NULL).', v_feed.says, v_feed.name
            )
        );
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM public', v_signature);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', v_signature, v_feed.readers);
    END LOOP;
END
$$;

COMMENT ON FUNCTION projection.compile_feed() IS
'Makes projection.events_of_tenant() and projection.events_of_ledger(), which read all event tables that '
'projection.event_types names: queries whose plan the sessions keep.';

REVOKE ALL ON FUNCTION projection.compile_feed() FROM public;
