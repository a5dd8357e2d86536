SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.open_text(p_read_table text, p_shard_id bigint DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT projection.filled('open', jsonb_build_object(
            'read_table', projection.local_table(p_read_table, p_shard_id),
            'columns', projection.list(c.names, '*'),
            'values', projection.joined(ARRAY(
                SELECT CASE
                    WHEN x.name = p.key_columns[1] THEN 'p_tenant_id'
                    WHEN x.name = 'slot' THEN 's.first + n.slot'
                    ELSE '0'
                END
                FROM unnest(c.names) WITH ORDINALITY AS x (name, n) ORDER BY x.n
            )),
            'slots', (
                SELECT quote_literal(array_agg(projection.first_slot(s.definition) ORDER BY 1)::text)
                FROM projection.registered_sources() AS s WHERE s.read_table = p_read_table
            ),
            'number', p.slots
        ))
        FROM projection.registered_projections() AS p
        CROSS JOIN LATERAL projection.columns(p_read_table) AS c (names)
        WHERE p.read_table = p_read_table
    );
END
$$;

COMMENT ON FUNCTION projection.open_text(text, bigint) IS
'The body of projection.<read table>_open(): makes the slots of a tenant that are not there yet, of all at once, so '
'that a backend finds its slot whichever was the first. Example: SELECT '
'projection.open_text(''projection.tenant_totals'').';

REVOKE ALL ON FUNCTION projection.open_text(text, bigint) FROM public;
