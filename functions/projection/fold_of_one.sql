-- requires: functions/projection/split_list.sql
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
    v_template text;
    v_array text;
    v_alias text;
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
        v_template := CASE
            WHEN v_filter IS NULL THEN '(%s)'
            ELSE format('(CASE WHEN %s THEN %%s%s END)', replace(v_filter, '%', '%%'), CASE v_aggregate WHEN 'count' THEN ' ELSE 0' END)
        END;
        v_array := substring(v_argument FROM '^ARRAY\[(.*)\]$');
        IF v_array IS NULL THEN
            v_text := substr(v_text, 1, v_start - 1) || format(v_template, v_argument) || substr(v_text, v_close + 1);
        ELSE
            -- max(ARRAY[position, a, b]) AS x picks the last event; of one event, x[2] is just a.
            v_alias := substring(substr(v_text, v_close + 1) FROM '^ AS (\w+)');
            v_text := regexp_replace(
                substr(v_text, 1, v_start - 1)
                || (
                    SELECT string_agg(format(v_template, e.element) || format(' AS %s_%s', v_alias, e.n), ', ' ORDER BY e.n)
                    FROM unnest(projection.split_list(v_array)) WITH ORDINALITY AS e (element, n)
                )
                || substr(v_text, v_close + 1 + length(' AS ' || v_alias)),
                format('\m%s\[(\d+)\]', v_alias), v_alias || '_\1', 'g'
            );
        END IF;
    END LOOP;
    LOOP
        v_start := regexp_instr(v_text, '\s+GROUP BY ');
        EXIT WHEN v_start = 0;
        v_text := substr(v_text, 1, v_start - 1) || substr(v_text, projection.closing_position(v_text, v_start));
    END LOOP;
    RETURN v_text;
END
$$;

COMMENT ON FUNCTION projection.fold_of_one(text) IS
'The text of a fold, made simpler for a source of exactly one row: without grouping, each of count, sum, min and max is its argument, and what an array was made for (to pick the last event) a plain column, so that the planner can merge the levels of the fold into one list of expressions. Most statements insert one event, and an aggregate costs more than all the rest of their fold.';

REVOKE ALL ON FUNCTION projection.fold_of_one(text) FROM public;
