SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.valid_text(p_event_table text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT projection.filled('valid', jsonb_build_object('branches', string_agg(
        format(
            E'WHEN %L THEN\n    %s', t.event_type,
            replace(projection.payload_check(p_event_table, t.event_type), E'\n', E'\n    ')
        ), E'\n' ORDER BY t.rank, t.event_type
    )))
    FROM projection.registered_types() AS t WHERE t.event_table = p_event_table
$$;

COMMENT ON FUNCTION projection.valid_text(text) IS
'The body of projection.<event table>_valid(e): whether an event is what projection.event_types says. '
'Example: SELECT projection.valid_text(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.valid_text(text) FROM public;
