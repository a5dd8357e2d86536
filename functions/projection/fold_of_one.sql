SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.fold_of_one(p_text text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    v_text text := p_text;
    v_start integer;
    v_open integer;
    v_close integer;
    v_aggregate text;
    v_argument text;
    v_filter text;
BEGIN
    LOOP
        v_start := regexp_instr(v_text, '\m(count|sum|min|max)\(');
        EXIT WHEN v_start = 0;
        v_open := v_start + strpos(substr(v_text, v_start), '(');
        v_aggregate := substr(v_text, v_start, v_open - v_start - 1);
        v_close := projection.closing_position(v_text, v_open);
        v_argument := substr(v_text, v_open, v_close - v_open);
        v_filter := NULL;
        IF substr(v_text, v_close + 1, 15) = ' FILTER (WHERE ' THEN
            v_open := v_close + 16;
            v_close := projection.closing_position(v_text, v_open);
            v_filter := substr(v_text, v_open, v_close - v_open);
        END IF;
        v_argument := CASE
            WHEN v_aggregate <> 'count' THEN v_argument
            WHEN v_argument = '*' THEN '1'
            ELSE format('CASE WHEN %s IS NULL THEN 0 ELSE 1 END', v_argument)
        END;
        v_text := substr(v_text, 1, v_start - 1) || '('
            || CASE
                WHEN v_filter IS NULL THEN v_argument
                ELSE format(
                    'CASE WHEN %s THEN %s%s END', v_filter, v_argument, CASE v_aggregate WHEN 'count' THEN ' ELSE 0' END
                )
            END
            || ')' || substr(v_text, v_close + 1);
    END LOOP;
    LOOP
        v_start := regexp_instr(v_text, '\s+GROUP BY ');
        EXIT WHEN v_start = 0;
        v_close := projection.closing_position(v_text, v_start);
        -- OFFSET 0 keeps an inner fold apart: merged, what it makes would be made again for every column that uses it.
        v_text := substr(v_text, 1, v_start - 1) || CASE WHEN v_close <= length(v_text) THEN ' OFFSET 0' ELSE '' END
            || substr(v_text, v_close);
    END LOOP;
    RETURN v_text;
END
$$;

COMMENT ON FUNCTION projection.fold_of_one(text) IS
'The text of a fold, made simpler for a source of exactly one row: without grouping, each of count, sum, min and max is its argument. Most statements insert one event, and an aggregate costs more than all the rest of their fold.';

REVOKE ALL ON FUNCTION projection.fold_of_one(text) FROM public;
