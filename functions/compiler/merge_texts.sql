SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.merge_texts(
    p_read_table text, OUT given text, OUT will text, OUT folds text, OUT again text
)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_read projection.projections%ROWTYPE;
    v_columns text[] := projection.columns(p_read_table);
    v_definition text := (
        SELECT min(s.definition) FROM projection.registered_sources() AS s WHERE s.read_table = p_read_table
    );
    v_first text;
    v_last text;
    v_merges text := 'g.new_tenant_id IS NOT NULL AND o.was IS NULL';
BEGIN
    SELECT p.* INTO v_read FROM projection.registered_projections() AS p WHERE p.read_table = p_read_table;
    IF v_read.kind <> 'state' THEN
        given := projection.filled('given', '{}');
        will := 'f.row';
        folds := '';
        again := '';
        RETURN;
    END IF;
    v_first := projection.time_column(v_definition, 'lowest');
    v_last := projection.time_column(v_definition, 'highest');
    IF v_first IS NOT NULL AND v_last IS NOT NULL THEN
        v_merges := format(
            E'g.new_tenant_id IS NOT NULL\n    AND (o.was IS NULL OR g.%I > (o.was).%I)', 'new_' || v_first, v_last
        );
    END IF;
    given := projection.filled('given_with_new', jsonb_build_object('new', projection.list(v_columns, 'new_*')));
    folds := format(E'\n    AND (\n        %s\n    ) IS NOT TRUE', v_merges);
    again := 'p_new := NULL;';
    will := format(E'CASE\n    WHEN %s\n    THEN %s\n    ELSE f.row\nEND', v_merges, projection.row_of(p_read_table, (
        SELECT jsonb_object_agg(c.name, CASE
            WHEN c.name = v_read.key_columns[1] THEN 'g.tenant_id'
            WHEN c.name = v_read.key_columns[2] THEN 'g.key'
            WHEN c.name = ANY (v_read.lowest_columns) THEN format('least((o.was).%I, g.%I)', c.name, 'new_' || c.name)
            WHEN c.name = ANY (v_read.highest_columns)
                THEN format('greatest((o.was).%I, g.%I)', c.name, 'new_' || c.name)
            WHEN c.latest ? 'by' THEN format(
                E'CASE WHEN %s\n    > %s\n    THEN (o.was).%I ELSE g.%I END',
                projection.rank_of_status(v_definition, '(o.was).' || quote_ident(c.latest -> 'columns' ->> 0)),
                projection.rank_of_status(v_definition, 'g.' || quote_ident('new_' || (c.latest -> 'columns' ->> 0))),
                c.name, 'new_' || c.name
            )
            WHEN NOT c.latest ? 'of' THEN format('g.%I', 'new_' || c.name)
            ELSE format(
                'CASE WHEN g.%I IS NULL THEN (o.was).%I ELSE g.%I END',
                'new_' || (c.latest -> 'columns' ->> 0), c.name, 'new_' || c.name
            )
        END)
        FROM (
            SELECT a.name, g.columns AS latest
            FROM unnest(v_columns) AS a (name)
            LEFT JOIN jsonb_array_elements(v_read.latest) AS g (columns) ON g.columns -> 'columns' ? a.name
        ) AS c
    )));
END
$$;

COMMENT ON FUNCTION projection.merge_texts(text) IS
'Holes of the refresh function. For a read table of kind state, what new events come to by themselves (p_new) is '
'merged into rows that are not there, or all of whose events are earlier; everything else is folded from its sources.';

REVOKE ALL ON FUNCTION projection.merge_texts(text) FROM public;
