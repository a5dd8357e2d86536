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
