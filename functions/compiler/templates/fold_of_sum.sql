SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_fold_of_sum()
RETURNS void
LANGUAGE sql
AS $$
SELECT "{columns}"
FROM (
    TABLE "{said}"
) AS s
GROUP BY "{keys}"
$$;

COMMENT ON FUNCTION projection.template_fold_of_sum() IS
'Template: the fold of a read table that adds up: see projection.fold_of_sum_text().';

REVOKE ALL ON FUNCTION projection.template_fold_of_sum() FROM public;
