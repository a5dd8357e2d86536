SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.event_key(p_definition text, p_left text)
RETURNS text[]
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT array_agg(
            CASE
                WHEN p_left <> '' THEN format('%s%I = %s', p_left, d.name, d.value)
                -- A column has its collation; an expression has that of the database, and no index of ours.
                WHEN d.name = 'tenant_id' OR d.value = ANY (ARRAY(
                    SELECT 'e.' || quote_ident(c) FROM unnest(projection.columns(s.source_table)) AS c
                )) THEN d.value
                ELSE format('(%s COLLATE "C")', d.value)
            END
            ORDER BY array_position(p.key_columns, d.name)
        )
        FROM projection.registered_sources() AS s
        JOIN projection.registered_projections() AS p USING (read_table)
        CROSS JOIN LATERAL projection.simplified(s.definition, 'e', jsonb_build_object('e', s.source_table)) AS d
        WHERE s.definition = p_definition AND d.name = ANY (p.key_columns)
    );
END
$$;

COMMENT ON FUNCTION projection.event_key(text, text) IS
'The key that a row (e) of a source says, as expressions; with a left side, as conditions. '
'Example: SELECT projection.event_key(''projection.bet_of_event'', ''t.'').';

REVOKE ALL ON FUNCTION projection.event_key(text, text) FROM public;
