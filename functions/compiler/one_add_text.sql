SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_add_text(
    p_read_table text, p_plus jsonb, p_minus jsonb, p_shard_id bigint
)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT projection.filled('one_add', jsonb_build_object(
        'add', projection.local_function(p_read_table, 'add', p_shard_id),
        'plus', projection.row_of(p_read_table, p_plus),
        'minus', CASE WHEN p_minus IS NULL THEN '''{}'''
            ELSE format('ARRAY[%s]', projection.row_of(p_read_table, p_minus)) END
    ))
$$;

COMMENT ON FUNCTION projection.one_add_text(text, jsonb, jsonb, bigint) IS
'The call that adds one row to a read table that adds up, and takes another one away: both are given as expressions by '
'column, and the second may be null.';

REVOKE ALL ON FUNCTION projection.one_add_text(text, jsonb, jsonb, bigint) FROM public;
