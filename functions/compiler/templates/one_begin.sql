SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_one_begin()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
INSERT INTO "{read_table}" AS t (
    "{columns}"
)
VALUES (
    "{values}"
)
ON CONFLICT DO NOTHING
RETURNING "{returned}"
INTO "{targets}";
END
$$;

COMMENT ON FUNCTION projection.template_one_begin() IS
'Template: an event that begins a stream: see projection.one_begin_text().';

REVOKE ALL ON FUNCTION projection.template_one_begin() FROM public;
