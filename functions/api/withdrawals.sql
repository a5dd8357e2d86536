SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.withdrawals(
    p_tenant_id bigint, p_items jsonb, p_idempotency_key text, p_all_or_nothing boolean DEFAULT true
)
RETURNS SETOF public.payment_item_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET row_security = on
SET enable_seqscan = off
AS $$
DECLARE
    v_items projection.batch_item[];
BEGIN
    v_items := projection.perform_batch(
        p_tenant_id, p_items, projection.key_of_call(p_idempotency_key), p_all_or_nothing, 'withdraw'
    );
    RETURN QUERY SELECT r.* FROM projection.payment_item_results(p_tenant_id, v_items) AS r;
END
$$;

COMMENT ON FUNCTION public.withdrawals(bigint, jsonb, text, boolean) IS
'Withdraws money many times, as withdraw() would one after the other. p_items is a JSON array of {"user_id", '
'"amount", "idempotency_key"}; the key may be left out; amounts in the currency of the tenant. Gives a row for each '
'item in their order: item, its number from 1 on, the row of payments_view and the balance of the user after it, '
'duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default, the '
'first refusal undoes all and is the error; without it, refused items store nothing and the others are done. The key '
'of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as repeated calls '
'do. Null may be: p_idempotency_key. Errors: those of withdraw(), with the number of the item; BL001 also no array, '
'more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key that was used for a batch '
'of other items. Example: SELECT * FROM public.withdrawals(10001, ''[{"user_id": "user-1", "amount": 100}]'', '
'''withdrawals-1'').';

REVOKE ALL ON FUNCTION public.withdrawals(bigint, jsonb, text, boolean) FROM public;

GRANT EXECUTE ON FUNCTION public.withdrawals(bigint, jsonb, text, boolean) TO betledger_app, betledger_tenant;
