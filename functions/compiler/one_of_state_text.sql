SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_of_state_text(
    p_definition text, p_statements text, p_carry text, p_shard_id bigint
)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT projection.filled(
            CASE WHEN p_statements IS NULL THEN 'one_folded' ELSE 'one_of_state' END,
            jsonb_build_object(
                'read_table', projection.local_table(s.read_table, p_shard_id),
                'variables', concat_ws(
                    E'\n', format('said %s;', s.read_table),
                    CASE WHEN strpos(p_statements, 'was.') > 0 THEN format('was %s;', s.read_table) END,
                    CASE WHEN strpos(p_statements, 'v_is_stored') > 0 THEN 'v_is_stored boolean;' END,
                    CASE WHEN strpos(p_carry, 'v_is_new') > 0 THEN 'v_is_new boolean;' END
                ),
                'stored', CASE WHEN strpos(p_statements, 'v_is_stored') > 0 THEN 'v_is_stored' ELSE 'FOUND' END,
                'statements', p_statements,
                'carry', coalesce(nullif(p_carry, ''), 'NULL;'),
                'refresh', projection.local_function(s.read_table, 'refresh', p_shard_id),
                'key_value', (projection.event_key(p_definition, ''))[2]
            )
        )
        FROM projection.registered_sources() AS s WHERE s.definition = p_definition
    );
END
$$;

COMMENT ON FUNCTION projection.one_of_state_text(text, text, text, bigint) IS
'The block for one event and a read table of kind state: statements that store what the event says where that is '
'simple, and what is then carried to the tables above. Without statements the row is folded.';

REVOKE ALL ON FUNCTION projection.one_of_state_text(text, text, text, bigint) FROM public;
