SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.cancel_bets(
    p_tenant_id bigint, p_items jsonb, p_idempotency_key text, p_all_or_nothing boolean DEFAULT true
)
RETURNS SETOF public.bet_item_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_items projection.batch_item[];
BEGIN
    v_items := projection.perform_batch(
        p_tenant_id, p_items, projection.key_of_call(p_idempotency_key), p_all_or_nothing, 'cancel_bet'
    );
    RETURN QUERY SELECT r.* FROM projection.bet_item_results(p_tenant_id, v_items) AS r;
END
$$;

COMMENT ON FUNCTION public.cancel_bets(bigint, jsonb, text, boolean) IS
'Cancels many bets, as cancel_bet() would one after the other. p_items is a JSON array of {"bet_id", "reason", '
'"idempotency_key"}, of which the last two may be left out. Gives a row for each item in their order: item, its '
'number from 1 on, the row of bets_view, duplicate, and where it was refused sqlstate, message and hint. With '
'p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused items '
'store nothing and the others are done. The key of an item is idempotency_key, or made from that of the batch: a '
'batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those of '
'cancel_bet(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the batch of more '
'than 190 characters; BL005 also a key that was used for a batch of other items. Example: SELECT * FROM '
'public.cancel_bets(10001, ''[{"bet_id": "bet-1", "reason": "match abandoned"}]'', ''cancel_bets-1'').';

REVOKE ALL ON FUNCTION public.cancel_bets(bigint, jsonb, text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION public.cancel_bets(bigint, jsonb, text, boolean) TO betledger_app, betledger_tenant;
