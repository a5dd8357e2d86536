SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.one_above_text(
    p_read_table text, p_deltas jsonb, p_is_new boolean, p_shard_id bigint
)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_source record;
    v_said record;
    v_text text := '';
BEGIN
    FOR v_source IN
        SELECT s.definition, p.*
        FROM projection.registered_sources() AS s JOIN projection.registered_projections() AS p USING (read_table)
        WHERE s.source_table = p_read_table ORDER BY p.position
    LOOP
        SELECT
            bool_and(
                s.condition IS NULL AND (s.is_constant OR s.value = 'was.' || quote_ident(s.name_below))
            ) AS follows,
            array_agg(projection.added(v_source.read_table, s.name, s.change) ORDER BY s.name)
                FILTER (WHERE NOT s.is_key AND s.change <> '0') AS assignments,
            array_agg(format('t.%I = %s', s.name, s.change) ORDER BY s.name) FILTER (WHERE s.is_key) AS key,
            jsonb_object_agg(s.name, s.change) FILTER (WHERE s.change IS NOT NULL) AS plus
        INTO v_said
        FROM (
            -- A constant counts the rows: it changes when there is one more.
            SELECT d.*, d.name = ANY (v_source.key_columns) AS is_key, b.name_below,
                CASE WHEN d.is_constant THEN CASE WHEN p_is_new THEN d.value END
                    ELSE p_deltas ->> b.name_below END AS change
            FROM projection.simplified(
                v_source.definition, projection.row_of(p_read_table, '{}', 'was'),
                jsonb_build_object('was', p_read_table)
            ) AS d
            LEFT JOIN LATERAL (
                SELECT c FROM unnest(projection.columns(p_read_table)) AS c WHERE d.value = 'was.' || quote_ident(c)
            ) AS b (name_below) ON true
        ) AS s;
        IF v_source.kind = 'slots' THEN
            v_said.key := v_said.key || ('t.slot = ' || projection.slot_text(v_source.definition));
        END IF;
        IF NOT coalesce(v_said.follows, false) OR EXISTS (
            SELECT FROM projection.registered_sources() AS s WHERE s.source_table = v_source.read_table
        ) THEN
            RETURN NULL;
        END IF;
        CONTINUE WHEN v_said.assignments IS NULL;
        v_text := concat_ws(E'\n', nullif(v_text, ''), projection.one_update_text(
            v_source.definition, v_said.assignments, v_said.key, v_said.plus, NULL, '', '', NULL, p_shard_id
        ));
    END LOOP;
    RETURN v_text;
END
$$;

COMMENT ON FUNCTION projection.one_above_text(text, jsonb, boolean, bigint) IS
'The statements that carry a change of a row of a read table that adds up to those above it, given by how much its '
'columns change, and whether it is new. Null where that is not enough, because a definition above says more than a '
'column or a constant: then the add function, which knows the rows, has to do it.';

REVOKE ALL ON FUNCTION projection.one_above_text(text, jsonb, boolean, bigint) FROM public;
