SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_inserted_on_shard()
RETURNS trigger
LANGUAGE plpgsql
AS $$
#variable_conflict use_column
DECLARE
    e "{event_table}";
    v_is_one boolean;
    v_part "{event_table}"[];
    v_shard_id bigint := substring(TG_TABLE_NAME FROM '_([0-9]+)$');
    v_function text;
    v_suffix text := '_' || v_shard_id || '_' || projection.compiled_version();
BEGIN
    -- A shard that was split off or moved here, or a new version.
    IF to_regproc('projection.' || "{many}" || v_suffix) IS NULL THEN
        PERFORM projection.compile_shard(v_shard_id);
    END IF;
    -- None, one or many? Two rows are enough to tell.
    FOR e IN SELECT n.* FROM new_events AS n LIMIT 2 LOOP
        v_is_one := v_is_one IS NULL;
    END LOOP;
    IF v_is_one THEN
        PERFORM "{usual}";
        CASE e.event_type
            WHEN "{types}" THEN NULL;
            ELSE PERFORM projection.refuse_event("{name}", to_jsonb(e));
        END CASE;
        EXECUTE format('SELECT projection.%I($1)', v_function || v_suffix) USING e;
    ELSIF NOT v_is_one THEN
        PERFORM projection.refuse_event("{name}", to_jsonb(n)) FROM new_events AS n
        WHERE "{valid}"("{row}") IS NOT TRUE;
        -- No statement may read the rows of a trigger and a shard. In parts, since an array cannot grow without end.
        FOR v_part IN
            SELECT array_agg(p.row)
            FROM (
                SELECT "{row}" AS row, (row_number() OVER (ORDER BY n.tenant_id, n.aggregate_id) - 1) / 50000 AS part
                FROM new_events AS n
            ) AS p
            GROUP BY p.part ORDER BY p.part
        LOOP
            EXECUTE format('SELECT projection.%I($1)', "{many}" || v_suffix) USING v_part;
        END LOOP;
    END IF;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION projection.template_inserted_on_shard() IS
'Template: the body of projection.<event table>_inserted() on Citus: see projection.inserted_text().';

REVOKE ALL ON FUNCTION projection.template_inserted_on_shard() FROM public;
