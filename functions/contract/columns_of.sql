-- requires: functions/contract/nulls_said.sql
SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.columns_of(p_relation oid, p_comment text)
RETURNS jsonb
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'name', a.attname,
        'type', format_type(a.atttypid, a.atttypmod),
        'nullable', CASE c.relkind WHEN 'r' THEN NOT a.attnotnull WHEN 'p' THEN NOT a.attnotnull
            ELSE a.attname = ANY (projection.nulls_said(p_comment)) END,
        'has_default', CASE WHEN c.relkind IN ('r', 'p') THEN a.atthasdef OR a.attidentity <> '' END,
        'comment', col_description(c.oid, a.attnum)
    )) ORDER BY a.attnum), '[]')
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.oid = p_relation
$$;

COMMENT ON FUNCTION projection.columns_of(oid, text) IS
'The columns of a table, a view or a composite type, of which the comment is given: name, type, whether it may be null '
'and has a default, and its own comment.';

REVOKE ALL ON FUNCTION projection.columns_of(oid, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.columns_of(oid, text) TO betledger_operator;
