SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.type_function(p_event_table text, p_event_type text, p_shard_id bigint)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    -- A name has 63 bytes; on Citus, those of shard and version have to be among them.
    SELECT projection.local_name(
        'on_' || CASE
            WHEN octet_length(p_event_type) <= 40 THEN lower(p_event_type COLLATE "C")
            ELSE md5(p_event_type)
        END,
        p_event_table, p_shard_id
    )
$$;

COMMENT ON FUNCTION projection.type_function(text, text, bigint) IS
'The name of the compiled function for one event of a type; on Citus, of the shard of the event table that is beside '
'the given one. Example: SELECT projection.type_function(''public.bet_events'', ''V1_BETS_BET_PLACED'', NULL).';

REVOKE ALL ON FUNCTION projection.type_function(text, text, bigint) FROM public;
