SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.compiled_for_read_table(p_read_table text, p_shard_id bigint)
RETURNS TABLE (made_for text, name text, head text, body text, rights text, says text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_kind text := (SELECT p.kind FROM projection.registered_projections() AS p WHERE p.read_table = p_read_table);
    v_is_plain boolean := NOT projection.is_distributed(p_read_table);
    v_gives text := CASE WHEN v_kind <> 'slots' THEN 'SETOF ' || p_read_table ELSE (
        SELECT 'TABLE (' || string_agg(
            format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum
        ) || ')'
        FROM pg_attribute AS a
        WHERE a.attrelid = p_read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'slot'
    ) END;
BEGIN
    IF (v_is_plain OR p_shard_id IS NOT NULL) AND v_kind <> 'slots' THEN
        RETURN QUERY SELECT p_read_table, projection.local_function(p_read_table, 'refresh', p_shard_id),
            '(p_tenant_ids bigint[], p_keys text[]'
            || CASE v_kind WHEN 'state' THEN format(', p_new %s[] DEFAULT NULL', p_read_table) ELSE '' END
            || ', p_is_attempt boolean DEFAULT false) RETURNS bigint LANGUAGE plpgsql'
            || ' SET search_path = pg_catalog, pg_temp'
            || ' SET enable_seqscan = off SET jit = off SET plan_cache_mode = auto',
            projection.refresh_text(p_read_table, p_shard_id), '',
            'Makes rows of a read table what their sources say, and carries the difference on.';
    END IF;
    IF (v_is_plain OR p_shard_id IS NOT NULL) AND v_kind <> 'state' THEN
        RETURN QUERY SELECT p_read_table, projection.local_function(p_read_table, 'add', p_shard_id),
            format('(p_plus %1$s[], p_minus %1$s[]) RETURNS bigint LANGUAGE plpgsql', p_read_table)
            || ' SET enable_nestloop = off SET jit = off SET plan_cache_mode = auto',
            projection.add_text(p_read_table, p_shard_id), '',
            'Adds to a read table what rows of a source say, less what they said.';
    END IF;
    IF p_shard_id IS NULL THEN
        RETURN QUERY SELECT p_read_table, projection.local_function(p_read_table, 'fold', NULL),
            format('() RETURNS %s LANGUAGE plpgsql STABLE', v_gives),
            projection.filled('query', jsonb_build_object('query', projection.fold_text(p_read_table))),
            'betledger_app, betledger_tenant, betledger_reader, betledger_operator',
            'All rows of a read table as its sources make them.';
    END IF;
    IF p_shard_id IS NULL AND (v_kind = 'slots' OR NOT EXISTS (
        SELECT FROM projection.registered_sources() AS s
        JOIN projection.registered_projections() AS p ON p.read_table = s.source_table
        WHERE s.read_table = p_read_table
    )) THEN
        RETURN QUERY SELECT p_read_table, projection.local_function(p_read_table, 'as_of', NULL),
            format(
                '(p_tenant_id bigint, %sp_at_ms bigint, p_known_at timestamptz) RETURNS %s'
                ' LANGUAGE plpgsql STABLE',
                CASE WHEN v_kind <> 'slots' THEN 'p_key text, ' ELSE '' END, v_gives
            ),
            projection.as_of_text(p_read_table),
            'betledger_app, betledger_tenant, betledger_reader, betledger_operator',
            CASE WHEN v_kind <> 'slots' THEN 'A row of a read table as of a moment, folded from its events.'
                ELSE 'The totals of a tenant as of a moment, folded from its events.' END;
    END IF;
END
$$;

COMMENT ON FUNCTION projection.compiled_for_read_table(text, bigint) IS
'The functions that are compiled for a read table: see projection.compiled(). '
'Example: SELECT name, body FROM projection.compiled_for_read_table(''public.bets_view'', NULL).';

REVOKE ALL ON FUNCTION projection.compiled_for_read_table(text, bigint) FROM public;
