SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_many_of_sum()
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
-- "{type}": what the new events come to by themselves, in parts, in the order of their keys.
DECLARE
    v_rows "{type}"[];
BEGIN
    FOR v_rows IN
        SELECT array_agg(p.row)
        FROM (
            SELECT "{row}" AS row,
                (row_number() OVER (ORDER BY "{keys}") - 1) / 50000 AS part
            FROM (
                TABLE "{fold}"
            ) AS f
        ) AS p
        GROUP BY p.part ORDER BY p.part
    LOOP
        PERFORM "{add}"(v_rows, '{}');
    END LOOP;
END;
END
$$;

COMMENT ON FUNCTION projection.template_many_of_sum() IS
'Template: what is done with many events, for a read table that adds up: see projection.many_text().';

REVOKE ALL ON FUNCTION projection.template_many_of_sum() FROM public;
