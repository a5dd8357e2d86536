SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.moved_refusal(p_id uuid, p_related_to text)
RETURNS projection.refusal
LANGUAGE sql STABLE
AS $$
    SELECT ROW(
        'BL005', format('balance event %s of %L is there already', p_id, left(p_related_to, 100)),
        'Send a new key with each new operation.'
    )::projection.refusal
$$;

COMMENT ON FUNCTION projection.moved_refusal(uuid, text) IS
'The refusal of a bet or payment whose balance event has an id that is there already. Example: SELECT * FROM '
'projection.moved_refusal(''00000000-0000-4000-8000-000000000000'', ''bet-1'').';

REVOKE ALL ON FUNCTION projection.moved_refusal(uuid, text) FROM public;

GRANT EXECUTE ON FUNCTION projection.moved_refusal(uuid, text)
TO betledger_app, betledger_tenant, betledger_operator;
