SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_open()
RETURNS boolean
LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO "{read_table}" AS t (
        "{columns}"
    )
    SELECT "{values}"
    FROM unnest("{slots}"::integer[]) AS s (first), generate_series(0, "{number}" - 1) AS n (slot)
    ORDER BY s.first + n.slot
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;

COMMENT ON FUNCTION projection.template_open() IS
'Template: the body of projection.<read table>_open(): see projection.open_text().';

REVOKE ALL ON FUNCTION projection.template_open() FROM public;
