SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_many_of_state()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- "{type}": what the new events come to by themselves, in parts, in the order of their keys.
DECLARE
    v_tenant_ids bigint[];
    v_keys text[];
    v_rows "{type}"[];
BEGIN
    FOR v_tenant_ids, v_keys, v_rows IN
        SELECT array_agg(p.tenant_id), array_agg(p.key), array_agg(p.row)
        FROM (
            SELECT f.tenant_id, f."{key}" AS key,
                "{row}" AS row,
                (row_number() OVER (ORDER BY "{keys}") - 1) / 50000 AS part
            FROM (
                TABLE "{fold}"
            ) AS f
        ) AS p
        GROUP BY p.part ORDER BY p.part
    LOOP
        PERFORM "{refresh}"(v_tenant_ids, v_keys, v_rows);
    END LOOP;
END;
END
$$;

COMMENT ON FUNCTION projection.template_many_of_state() IS
'Template: what is done with many events, for a read table of kind state: see projection.many_text().';

REVOKE ALL ON FUNCTION projection.template_many_of_state() FROM public;
