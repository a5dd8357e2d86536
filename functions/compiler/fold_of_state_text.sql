SET LOCAL ROLE betledger_owner;

-- max() over arrays that begin with the position of the event (time, rank of its type, id; of fixed width) picks what
-- the last event said; with the rank before it, what the last one of the highest rank said. It needs no sort, and
-- cannot depend on the order in which the events come.
CREATE OR REPLACE FUNCTION projection.fold_of_state_text(p_read_table text, p_said text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT projection.filled('fold_of_state', jsonb_build_object(
        'said', p_said,
        'columns', projection.joined(array_agg(
            CASE WHEN c.latest IS NULL THEN 'f.' || quote_ident(c.name)
                ELSE format('f.said_%s[%s]::%s AS %I', c.latest, c.nth + 1, c.type, c.name) END ORDER BY c.n
        )),
        'gathered', projection.joined((array_agg(
            format('%s(s.%I) AS %I', CASE WHEN c.is_lowest THEN 'min' ELSE 'max' END, c.name, c.name) ORDER BY c.n
        ) FILTER (WHERE c.latest IS NULL AND NOT c.is_key)) || (
            SELECT array_agg(format(
                E'max(ARRAY[\n    %s,\n    %s])%s AS said_%s',
                CASE WHEN g.columns ? 'by' THEN '(projection.event_rank(s.event_type) || s.position) COLLATE "C"'
                    ELSE 's.position' END,
                (SELECT projection.joined(array_agg(format('s.%I::text', x) ORDER BY x_n))
                    FROM jsonb_array_elements_text(g.columns -> 'columns') WITH ORDINALITY AS e (x, x_n)),
                E'\n        FILTER (WHERE s.event_type IN (\n            ' || (
                    SELECT projection.joined(array_agg(quote_literal(o) ORDER BY o))
                    FROM jsonb_array_elements_text(g.columns -> 'of') AS o
                ) || '))', g.n
            ) ORDER BY g.n)
            FROM jsonb_array_elements(p.latest) WITH ORDINALITY AS g (columns, n)
        )),
        'keys', projection.list(p.key_columns, 's.*')
    ))
    FROM projection.registered_projections() AS p
    CROSS JOIN LATERAL (
        SELECT a.attname AS name, a.attnum AS n, format_type(a.atttypid, a.atttypmod) AS type,
            a.attname = ANY (p.key_columns) AS is_key, a.attname = ANY (p.lowest_columns) AS is_lowest,
            g.n AS latest, x.nth
        FROM pg_attribute AS a
        LEFT JOIN (
            jsonb_array_elements(p.latest) WITH ORDINALITY AS g (columns, n)
            CROSS JOIN LATERAL jsonb_array_elements_text(g.columns -> 'columns') WITH ORDINALITY AS x (name, nth)
        ) ON x.name = a.attname
        WHERE a.attrelid = p_read_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
    ) AS c
    WHERE p.read_table = p_read_table
    GROUP BY p.read_table, p.latest, p.key_columns
$$;

COMMENT ON FUNCTION projection.fold_of_state_text(text, text) IS
'The query that gathers what events say (a query) into rows of a read table of kind state.';

REVOKE ALL ON FUNCTION projection.fold_of_state_text(text, text) FROM public;
