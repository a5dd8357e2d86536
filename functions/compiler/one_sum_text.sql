SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_sum_text(p_definition text, p_event_type text, p_shard_id bigint)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source projection.sources%ROWTYPE;
    v_condition text;
BEGIN
    SELECT s.* INTO v_source FROM projection.registered_sources() AS s WHERE s.definition = p_definition;
    SELECT min(s.condition) INTO v_condition FROM projection.said_by(p_definition, p_event_type) AS s;
    IF v_condition = 'false' THEN
        RETURN NULL;
    END IF;
    RETURN projection.filled('one_of_sum', jsonb_build_object(
        'read_table', projection.local_table(v_source.read_table, p_shard_id),
        'carry', projection.one_carry_text(
            p_definition, v_source.source_table, jsonb_build_object('event_type', p_event_type),
            NULL, NULL, NULL, p_shard_id
        )
    ));
END
$$;

COMMENT ON FUNCTION projection.one_sum_text(text, text, bigint) IS
'The statements that add one event of a type to a read table that gathers from the event table straight.';

REVOKE ALL ON FUNCTION projection.one_sum_text(text, text, bigint) FROM public;
