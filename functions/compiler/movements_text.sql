SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.movements_text(p_shard_id bigint DEFAULT NULL)
RETURNS text
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT projection.filled('movements', jsonb_build_object(
        'payments', projection.fold_text('public.payments_view', c.condition, p_shard_id),
        'bets', projection.fold_text('public.bets_view', c.condition, p_shard_id),
        'payment_events', projection.local_table('public.payment_events', p_shard_id),
        'bet_events', projection.local_table('public.bet_events', p_shard_id),
        'balance_events', projection.local_table('public.balance_events', p_shard_id)
    ))
    FROM (
        VALUES ('($1 IS NULL OR e.tenant_id = $1) AND ($2 IS NULL OR e."timestamp" <= $2)')
    ) AS c (condition)
$$;

COMMENT ON FUNCTION projection.movements_text(bigint) IS
'The query of what each payment and bet (of the tenant $1 or of all, up to the time $2 in milliseconds or until now) '
'has moved, from events alone: given, taken and corrected by balance events that name it, and what its own events say '
'that it should be. Of balance events that name neither there is one row for each user. With a shard, from the shards '
'of its node. Example: SELECT projection.movements_text().';

REVOKE ALL ON FUNCTION projection.movements_text(bigint) FROM public;
