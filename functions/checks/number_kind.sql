SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.number_kind(p_kind text, OUT bound text, OUT places integer)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE m.parts[1] WHEN 'amount' THEN '> 0' WHEN 'payout' THEN '>= 0' WHEN 'odds' THEN '>= 1' END,
        CASE WHEN m.parts IS NOT NULL THEN coalesce(m.parts[2]::integer, 18) END
    FROM (SELECT regexp_match(p_kind, '^(amount|payout|odds)(?:\(([0-9]|1[0-8])\))?$')) AS m (parts)
$$;

COMMENT ON FUNCTION projection.number_kind(text) IS
'What a payload field of a kind of number may be: its bound, and how many decimals it may have, which the kind says as '
'amount(2), else 18; both null for any other kind. Example: SELECT * FROM projection.number_kind(''amount(2)'').';

REVOKE ALL ON FUNCTION projection.number_kind(text) FROM public;

GRANT EXECUTE ON FUNCTION projection.number_kind(text) TO betledger_operator;
