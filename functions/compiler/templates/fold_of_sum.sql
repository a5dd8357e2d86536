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
