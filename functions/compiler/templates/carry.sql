SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_carry()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
PERFORM "{add}"(
    ARRAY(
        SELECT "{row}"
        FROM unnest(v_after) AS r CROSS JOIN LATERAL "{definition}"(r) AS c
    ),
    ARRAY(
        SELECT "{row}"
        FROM unnest(v_before) AS r CROSS JOIN LATERAL "{definition}"(r) AS c
    )
);
END
$$;

COMMENT ON FUNCTION projection.template_carry() IS
'Template: the call that carries changed rows on to a read table above: see projection.carry_text().';

REVOKE ALL ON FUNCTION projection.template_carry() FROM public;
