SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.fold_text(p_fold text, p_source text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
-- Its columns are found by name.
SET quote_all_identifiers = off
AS $$
DECLARE
    v_source text;
    v_text text := rtrim(pg_get_viewdef(p_fold::regclass), ';');
BEGIN
    SELECT f.source_table INTO STRICT v_source FROM projection.folds AS f WHERE f.fold = p_fold;
    -- With this search_path every table is printed with its schema.
    IF array_length(string_to_array(v_text, ' ' || v_source || ' '), 1) <> 2 THEN
        RAISE EXCEPTION 'fold % has to read its source % exactly once, with an alias', p_fold, v_source
            USING ERRCODE = 'BL020', HINT = 'Correct the view, or its row in projection.folds.';
    END IF;
    RETURN replace(v_text, ' ' || v_source || ' ', ' ' || p_source || ' ');
END
$$;

COMMENT ON FUNCTION projection.fold_text(text, text) IS
'The text of a fold, reading from something else than its source table: the new rows of a statement, the events of some keys, all of them. Error: BL020 when the source is not named exactly once. Example: SELECT projection.fold_text(''projection.bets_fold'', ''new_events'').';

REVOKE ALL ON FUNCTION projection.fold_text(text, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.fold_text(text, text) TO betledger_app, betledger_tenant, betledger_reader, betledger_operator;
