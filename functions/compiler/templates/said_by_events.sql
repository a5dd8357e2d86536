SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_said_by_events()
RETURNS void
LANGUAGE sql
AS $$
SELECT "{said}",
    e.event_type,
    (
        lpad(e."timestamp"::text, 13, '0')
        || projection.event_order(e.event_type) || e.id
    ) COLLATE "C" AS position
FROM "{source}" AS e CROSS JOIN LATERAL "{definition}"("{row}") AS c
WHERE "{condition}"
$$;

COMMENT ON FUNCTION projection.template_said_by_events() IS
'Template: what events say, with their position: see projection.fold_text().';

REVOKE ALL ON FUNCTION projection.template_said_by_events() FROM public;
