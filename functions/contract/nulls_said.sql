SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.nulls_said(p_comment text)
RETURNS text[]
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(
        string_to_array(substring(p_comment FROM '\mNull may be: ([a-z0-9_, ]*)\.'), ', '), '{}'
    )
$$;

COMMENT ON FUNCTION projection.nulls_said(text) IS
'The columns and arguments that the comment of a function, a type or a view says may be null: "Null may be: result, '
'payout." The rest never are. Example: SELECT projection.nulls_said(''A bet. Null may be: result, payout.'').';

REVOKE ALL ON FUNCTION projection.nulls_said(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.nulls_said(text) TO betledger_operator;
