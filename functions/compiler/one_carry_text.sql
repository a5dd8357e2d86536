SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_carry_text(
    p_definition text, p_event_table text, p_new jsonb, p_was jsonb, p_column text, p_values text[],
    p_shard_id bigint
)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_read projection.projections%ROWTYPE;
    v_needs_key boolean;
    v_change record;
    v_above text;
    v_text text;
BEGIN
    SELECT p.* INTO v_read
    FROM projection.registered_sources() AS s JOIN projection.registered_projections() AS p USING (read_table)
    WHERE s.definition = p_definition;
    SELECT c.* INTO v_change
    FROM projection.one_change(p_definition, p_event_table, p_new, p_was, p_column, p_values) AS c;
    IF v_change.condition = 'false' OR v_change.assignments IS NULL THEN
        RETURN '';
    END IF;
    v_above := projection.one_above_text(v_read.read_table, v_change.deltas, false, p_shard_id);
    -- A row without a key is not found anyway: it need not be asked for each.
    v_needs_key := v_above = ''
        AND v_change.condition = format('(%s IS NOT NULL)', v_change.deltas ->> v_read.key_columns[2]);
    IF v_above IS NULL THEN
        v_text := projection.one_add_text(v_read.read_table, v_change.plus, v_change.minus, p_shard_id);
    ELSE
        v_text := projection.one_update_text(
            p_definition, v_change.assignments, v_change.key, v_change.deltas,
            CASE WHEN p_was IS NULL THEN v_change.plus END, v_above,
            projection.one_above_text(v_read.read_table, v_change.plus, true, p_shard_id),
            CASE WHEN v_needs_key THEN v_change.condition END, p_shard_id
        );
    END IF;
    IF v_change.condition IS NOT NULL AND v_needs_key IS NOT TRUE THEN
        v_text := format(E'IF %s THEN\n%s\nEND IF;', v_change.condition, projection.indented(v_text, 1));
    END IF;
    RETURN v_text;
END
$$;

COMMENT ON FUNCTION projection.one_carry_text(text, text, jsonb, jsonb, text, text[], bigint) IS
'The statements that carry one new or changed row of a source on to a read table that adds up, and to those above it: '
'an UPDATE, since its row is nearly always there. See projection.one_change() for the arguments.';

REVOKE ALL ON FUNCTION projection.one_carry_text(text, text, jsonb, jsonb, text, text[], bigint) FROM public;
