SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.compiled(p_event_table text, p_shard_id bigint DEFAULT NULL)
RETURNS TABLE (made_for text, name text, head text, body text, rights text, says text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    -- What is called per row of a shard is made there; the rest belongs to all.
    IF p_shard_id IS NULL THEN
        RETURN QUERY SELECT p_event_table, projection.local_function(p_event_table, 'valid', NULL),
            format('(e %s) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE', p_event_table),
            projection.valid_text(p_event_table), '',
            'Whether an event is what projection.event_types says of its type.';
    END IF;
    IF p_shard_id IS NOT NULL OR NOT projection.is_distributed(p_event_table) THEN
        RETURN QUERY SELECT p_event_table, projection.type_function(p_event_table, t.event_type, p_shard_id),
            format('(e %s) RETURNS boolean LANGUAGE plpgsql', p_event_table),
            projection.one_text(p_event_table, t.event_type, p_shard_id), '',
            format('What is done with one event of type %s.', t.event_type)
            FROM projection.registered_types() AS t
            WHERE t.event_table = p_event_table ORDER BY t.rank, t.event_type;
    END IF;
    IF p_shard_id IS NOT NULL THEN
        RETURN QUERY SELECT p_event_table, projection.local_function(p_event_table, 'forget', p_shard_id),
            format('(p_events %s[]) RETURNS boolean LANGUAGE plpgsql', p_event_table),
            projection.filled('forget', jsonb_build_object(
                'statements', projection.forget_text(p_event_table, 'unnest(p_events)', p_shard_id)
            )), '', 'What is done when idempotency keys were taken out of events.';
        RETURN QUERY SELECT p_event_table, projection.local_function(p_event_table, 'many', p_shard_id),
            format('(p_events %s[]) RETURNS boolean LANGUAGE plpgsql', p_event_table),
            projection.filled('many', jsonb_build_object(
                'guard', projection.guard_text(p_event_table, false, p_shard_id),
                'tenants', projection.tenant_text(p_event_table, NULL, p_shard_id),
                'many', projection.many_text(p_event_table, 'unnest(p_events)', p_shard_id)
            )), '', 'What is done with the many events of a statement.';
    ELSE
        -- Called for each row, so without a SET clause, which costs more than the rest of it. Whatever a search_path
        -- makes of its conditions, the triggers that check and project come after it, and have one; what it stores
        -- comes from functions whose names were resolved when they were made.
        RETURN QUERY SELECT p_event_table, projection.local_function(p_event_table, 'received', NULL),
            '() RETURNS trigger LANGUAGE plpgsql', projection.received_text(p_event_table), '',
            format('Trigger function of %s: refuses what cannot be stored, gives places in the feed.', p_event_table);
        RETURN QUERY SELECT p_event_table, projection.local_function(p_event_table, 'inserted', NULL),
            -- A plan that is made while the tables are empty has to do when they are not.
            '() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp'
            ' SET row_security = on SET enable_seqscan = off',
            projection.inserted_text(p_event_table), '',
            format('Trigger function of %s: checks, then projects.', p_event_table);
        RETURN QUERY SELECT p_event_table, projection.local_function(p_event_table, 'key_removed', NULL),
            '() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp'
            ' SET row_security = on SET enable_seqscan = off',
            projection.key_removed_text(p_event_table), '',
            format('Trigger function of %s, when keys expire.', p_event_table);
    END IF;
    RETURN QUERY SELECT r.* FROM projection.registered_projections() AS p
        CROSS JOIN LATERAL projection.compiled_for_read_table(p.read_table, p_shard_id) AS r
        WHERE p.read_table = ANY (projection.read_tables_of(p_event_table)) ORDER BY p.position;
END
$$;

COMMENT ON FUNCTION projection.compiled(text, bigint) IS
'All functions that are compiled for an event table and the read tables that follow from it: for whom, name, head, '
'body, who may execute it besides the owner, what it does. With a shard, those of the shards beside it. Example: '
'SELECT name, body FROM projection.compiled(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.compiled(text, bigint) FROM public;
