SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.finer_text(p_event_table text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT projection.filled('finer', jsonb_build_object('branches', string_agg(
        format(
            E'WHEN %L THEN\n    %s', t.event_type, coalesce((
                SELECT string_agg(
                    format('projection.places(p_event_data ->> %L) > p_scale', f.key), E'\n    OR ' ORDER BY f.key
                )
                FROM jsonb_each_text(t.required_fields || t.optional_fields) AS f
                WHERE f.value ~ '^(amount|payout)'
            ), 'false')
        ), E'\n' ORDER BY t.rank, t.event_type
    )))
    FROM projection.registered_types() AS t WHERE t.event_table = p_event_table
$$;

COMMENT ON FUNCTION projection.finer_text(text) IS
'The body of projection.<event table>_finer(event_type, event_data, scale): whether an amount of the payload has more '
'decimals than that. Odds are no amount. Example: SELECT projection.finer_text(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.finer_text(text) FROM public;
