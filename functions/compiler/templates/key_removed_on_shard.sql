SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_key_removed_on_shard()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
    v_events "{event_table}"[] := ARRAY(SELECT "{row}" FROM old_events AS o);
    v_shard_id bigint := substring(TG_TABLE_NAME FROM '_([0-9]+)$');
    v_suffix text := '_' || v_shard_id || '_' || projection.compiled_version();
BEGIN
    IF to_regproc('projection.' || "{name}" || v_suffix) IS NULL THEN
        PERFORM projection.compile_shard(v_shard_id);
    END IF;
    IF cardinality(v_events) > 0 THEN
        EXECUTE format('SELECT projection.%I($1)', "{name}" || v_suffix) USING v_events;
    END IF;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION projection.template_key_removed_on_shard() IS
'Template: the body of projection.<event table>_key_removed() on Citus: see projection.key_removed_text().';

REVOKE ALL ON FUNCTION projection.template_key_removed_on_shard() FROM public;
