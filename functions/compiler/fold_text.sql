SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.fold_text(
    p_read_table text, p_condition text DEFAULT NULL, p_shard_id bigint DEFAULT NULL,
    p_event_table text DEFAULT NULL, p_events text DEFAULT NULL, p_is_of_folds boolean DEFAULT false
)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_kind text := (SELECT p.kind FROM projection.registered_projections() AS p WHERE p.read_table = p_read_table);
    v_said text;
BEGIN
    SELECT string_agg(projection.filled(
        CASE v_kind WHEN 'state' THEN 'said_by_events' ELSE 'said' END, jsonb_build_object(
            'said', projection.joined(ARRAY(
                SELECT CASE WHEN x.name = ANY (projection.said_columns(s.definition)) THEN 'c.' || quote_ident(x.name)
                    ELSE format('%s AS %I', projection.nothing_said(s.definition) ->> x.name, x.name) END
                FROM unnest(projection.columns(p_read_table)) WITH ORDINALITY AS x (name, n)
                WHERE x.name <> 'slot' ORDER BY x.n
            )),
            'source', coalesce(p_events, quote_ident(f.name), projection.local_table(s.source_table, p_shard_id)),
            'definition', s.definition,
            -- On Citus the rows are those of shards, which have types of their own; those of a fold have none.
            'row', CASE
                WHEN f.name IS NOT NULL OR p_events IS NULL AND projection.is_distributed(s.source_table)
                    THEN projection.row_of(s.source_table, '{}', 'e') ELSE 'e' END,
            'condition', coalesce(nullif(concat_ws(
                ' AND ',
                CASE WHEN f.name IS NULL THEN replace(
                    p_condition, '<key>', coalesce((projection.event_key(s.definition, ''))[2], '')
                ) END,
                projection.effect_text(s.source_table)
            ), ''), 'true')
        )
    ), E'\nUNION ALL\n' ORDER BY s.definition) INTO v_said
    FROM projection.registered_sources() AS s
    LEFT JOIN (
        SELECT p.read_table, split_part(p.read_table, '.', 2) AS name FROM projection.registered_projections() AS p
    ) AS f ON f.read_table = s.source_table AND p_is_of_folds
    WHERE s.read_table = p_read_table AND s.source_table = coalesce(p_event_table, s.source_table);
    IF v_kind = 'state' THEN
        RETURN projection.fold_of_state_text(p_read_table, v_said);
    END IF;
    RETURN projection.fold_of_sum_text(p_read_table, v_said);
END
$$;

COMMENT ON FUNCTION projection.fold_text(text, text, bigint, text, text, boolean) IS
'The query that folds a read table from all its sources, or from those rows (e) that a condition chooses, where <key> '
'is what they say is the key. With a shard, from the shards of its node; with an event table and a name, from the '
'events that are there under this name; with p_is_of_folds, in place of read tables from folds that are there under '
'their names, and hold no others. Example: SELECT projection.fold_text(''public.bets_view'', ''e.tenant_id = '
'10001'').';

REVOKE ALL ON FUNCTION projection.fold_text(text, text, bigint, text, text, boolean) FROM public;
