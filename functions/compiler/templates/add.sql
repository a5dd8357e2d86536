SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_add()
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    "{variables}" text;
BEGIN
    -- For a few rows a plan that is kept, for many one that is made for them: the tables may have grown since.
    PERFORM set_config(
        'plan_cache_mode',
        CASE WHEN cardinality(p_plus) > 100 THEN 'force_custom_plan' ELSE 'force_generic_plan' END, true
    );
    BEGIN
        WITH said AS (
            SELECT 1 AS sign, p.* FROM unnest(p_plus) AS p
            UNION ALL
            SELECT -1, m.* FROM unnest(p_minus) AS m
        ),
        change AS (
            SELECT "{gathered}"
            FROM said AS s
            GROUP BY "{said_keys}"
            HAVING "{differs}"
        ),
        changed AS (
            INSERT INTO "{read_table}" AS t (
                "{columns}"
            )
            SELECT "{change_columns}" FROM change AS c
            ORDER BY "{change_keys}"
            ON CONFLICT ("{keys}") DO UPDATE
            SET "{set}" = "{set}"
            RETURNING t.*, t.xmax = 0 AS is_new
        )
        SELECT "{results}"
        INTO "{targets}"
        FROM "{changed}";
    EXCEPTION WHEN unique_violation THEN
        -- Only an index that is being built can say so: it is no part of what is in conflict.
        PERFORM projection.refuse_race('"{read_table}"');
    END;
    PERFORM "{carry}";
    PERFORM "{refold}";
    RETURN v_changed;
END
$$;

COMMENT ON FUNCTION projection.template_add() IS
'Template: the body of projection.<read table>_add(): see projection.add_text().';

REVOKE ALL ON FUNCTION projection.template_add() FROM public;
