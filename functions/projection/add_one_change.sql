SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.add_one_change(p_read_table text, p_columns text[], p_change text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
    RETURN (
    SELECT format(
        $text$
    UPDATE %1$s AS t SET %2$s FROM (%3$s) AS c WHERE %4$s;
    v_is_new := NOT FOUND;
    IF v_is_new THEN
        INSERT INTO %1$s AS t (%5$s) SELECT %6$s FROM (%3$s) AS c
        ON CONFLICT (%7$s) DO UPDATE SET %8$s RETURNING t.xmax = 0 INTO v_is_new;
    END IF;$text$,
        p_read_table, projection.added_columns(p_read_table, p_columns, 'c'), p_change,
        projection.key_match(p_read_table, 't', 'c'),
        (SELECT string_agg(format('%I', c.name), ', ' ORDER BY c.n) FROM unnest(p_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('c.%I', c.name), ', ' ORDER BY c.n) FROM unnest(p_columns) WITH ORDINALITY AS c (name, n)),
        (SELECT string_agg(format('%I', k.name), ', ') FROM unnest(p.key_columns) AS k (name)),
        projection.added_columns(p_read_table, p_columns, 'excluded')
    )
    FROM projection.projections AS p
    WHERE p.read_table = p_read_table
    );
END
$body$;

COMMENT ON FUNCTION projection.add_one_change(text, text[], text) IS
'The statements that add one row of changes, given as a query, to its row of a read table that sums. The row is nearly always there, and an UPDATE costs less than an INSERT with a conflict. The variable v_is_new then tells whether the row was made.';

REVOKE ALL ON FUNCTION projection.add_one_change(text, text[], text) FROM public;
