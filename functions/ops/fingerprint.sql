SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.fingerprint(p_table text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
-- The SQL is made from the catalogue.
-- @plpgsql_check_options: security_warnings = false
DECLARE
    v_answer text;
BEGIN
    EXECUTE format(
        'SELECT format(''%%s rows, sum %%s'', count(*), coalesce(sum(hashtextextended(ROW(%s)::text, 0)), 0)) '
        'FROM %s AS t',
        projection.list(projection.columns(p_table), 't.*'), p_table::regclass
    ) INTO v_answer;
    RETURN v_answer;
END
$$;

COMMENT ON FUNCTION projection.fingerprint(text) IS
'The number of rows of a table and the sum of a hash of each: the same for two tables with the same rows, in whatever '
'order. Example: SELECT projection.fingerprint(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.fingerprint(text) FROM public;
