SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.effect_text(p_source_table text)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (
        SELECT format('e.event_type NOT IN (%s)', string_agg(quote_literal(t.event_type), ', ' ORDER BY t.event_type))
        FROM projection.registered_types() AS t
        WHERE t.event_table = p_source_table AND NOT t.has_effect
        HAVING count(*) > 0
    );
END
$$;

COMMENT ON FUNCTION projection.effect_text(text) IS
'The condition that an event (e) has an effect; null for tables all of whose rows have. '
'Example: SELECT projection.effect_text(''public.bet_events'').';

REVOKE ALL ON FUNCTION projection.effect_text(text) FROM public;
