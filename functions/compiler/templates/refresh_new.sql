SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_refresh_new()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
IF p_new IS NOT NULL THEN
    -- Most new events begin streams, and no row has to be looked for. What is there already, is left for below.
    WITH inserted AS (
        INSERT INTO "{read_table}" AS t (
            "{columns}"
        )
        SELECT "{new_columns}" FROM unnest(p_new) AS n
        ORDER BY n.tenant_id, n."{key}"
        ON CONFLICT DO NOTHING
        RETURNING "{row}" AS row
    )
    SELECT coalesce(array_agg(i.row), '{}') INTO v_inserted FROM inserted AS i;
    SELECT coalesce(array_agg(n.tenant_id), '{}'), coalesce(array_agg(n."{key}"), '{}'), array_agg(n)
    INTO p_tenant_ids, p_keys, p_new
    FROM unnest(p_new) AS n
    WHERE cardinality(v_inserted) < cardinality(p_new) AND NOT EXISTS (
        SELECT FROM unnest(v_inserted) AS i WHERE i.tenant_id = n.tenant_id AND i."{key}" = n."{key}"
    );
END IF;
END
$$;

COMMENT ON FUNCTION projection.template_refresh_new() IS
'Template: what a refresh does with streams that begin: see projection.refresh_text().';

REVOKE ALL ON FUNCTION projection.template_refresh_new() FROM public;
