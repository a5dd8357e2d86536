SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.moved_by(p_tenant_id bigint, p_user_ids text[], p_field text, p_ids text[])
RETURNS numeric[]
LANGUAGE plpgsql
SET plan_cache_mode = auto
AS $$
BEGIN
    -- On Citus a transaction stays with one user, and a statement is planned with its values.
    IF NOT projection.is_distributed('public.balance_events') THEN
        IF projection.is_walled_in() THEN
            RETURN projection.moved_by_own(p_user_ids, p_field, p_ids);
        END IF;
        -- A plan for arrays of a known length always looks cheaper, and takes longer to make at each call than to run.
        PERFORM set_config('plan_cache_mode', 'force_generic_plan', true);
    END IF;
    RETURN ARRAY(
        SELECT b.moved
        FROM unnest(p_user_ids, p_ids) WITH ORDINALITY AS a (user_id, id, number)
        CROSS JOIN LATERAL (
            SELECT sum(
                CASE projection.event_kind(e.event_type) WHEN 'credit' THEN 1 WHEN 'debit' THEN -1 END
                * (e.event_data ->> 'amount')::numeric
            ) AS moved
            FROM public.balance_events AS e
            WHERE e.tenant_id = p_tenant_id
                AND coalesce(e.event_data ->> 'payment_id', e.event_data ->> 'bet_id') = a.id
                AND e.event_data ->> p_field = a.id AND e.event_data ->> 'user_id' = a.user_id
        ) AS b
        ORDER BY a.number
    );
END
$$;

COMMENT ON FUNCTION projection.moved_by(bigint, text[], text, text[]) IS
'What each of these payments or bets has given to the balance of its user by now, less what it has taken: the sum of '
'the balance events that name it in event_data, made by a function or by a client, whenever that was; null where none '
'does. Called by functions that pin search_path. Example: SELECT projection.moved_by(10001, ''{user-1}'', '
'''payment_id'', ''{payment-1}'').';

REVOKE ALL ON FUNCTION projection.moved_by(bigint, text[], text, text[]) FROM public;

GRANT EXECUTE ON FUNCTION projection.moved_by(bigint, text[], text, text[])
TO betledger_app, betledger_tenant, betledger_operator;
