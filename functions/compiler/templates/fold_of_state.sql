SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_fold_of_state()
RETURNS void
LANGUAGE sql
AS $$
SELECT "{columns}"
FROM (
    SELECT "{keys}",
    "{gathered}"
    FROM (
        TABLE "{said}"
    ) AS s
    GROUP BY "{keys}"
) AS f
$$;

COMMENT ON FUNCTION projection.template_fold_of_state() IS
'Template: the fold of a read table of kind state: see projection.fold_of_state_text().';

REVOKE ALL ON FUNCTION projection.template_fold_of_state() FROM public;
