SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.template_movements()
RETURNS void
LANGUAGE sql
AS $$
SELECT coalesce(m.tenant_id, c.tenant_id) AS tenant_id, coalesce(m.kind, c.kind) AS kind, coalesce(m.id, c.id) AS id,
    c.id IS NOT NULL AS is_known, c.status, c.user_id, m.first_user_id, m.last_user_id, m.given, m.taken,
    m.corrected, m.given - m.taken + m.corrected AS moved,
    -- A stake that nobody took is not given back, and not missed: the bet is not from the balance.
    coalesce(c.from_balance, false) OR m.id IS NOT NULL AS is_from_balance,
    CASE WHEN c.kind = 'bet' AND NOT coalesce(c.from_balance, false) AND coalesce(m.taken, 0) = 0
        THEN c.outcome ELSE c.outcome + c.at_first END AS expected
FROM (
    SELECT b.tenant_id,
        CASE WHEN b.event_data ->> 'payment_id' IS NOT NULL THEN 'payment'
            WHEN b.event_data ->> 'bet_id' IS NOT NULL THEN 'bet' ELSE 'none' END AS kind,
        -- What names neither is explained by nobody, and told by its user.
        coalesce(b.event_data ->> 'payment_id', b.event_data ->> 'bet_id', b.event_data ->> 'user_id') AS id,
        min((b.event_data ->> 'user_id') COLLATE "C") AS first_user_id,
        max((b.event_data ->> 'user_id') COLLATE "C") AS last_user_id,
        coalesce(sum(s.amount) FILTER (WHERE s.amount > 0 AND NOT s.corrects), 0) AS given,
        coalesce(-sum(s.amount) FILTER (WHERE s.amount < 0 AND NOT s.corrects), 0) AS taken,
        coalesce(sum(s.amount) FILTER (WHERE s.corrects), 0) AS corrected
    FROM "{balance_events}" AS b
    CROSS JOIN LATERAL (
        SELECT CASE projection.event_kind(b.event_type) WHEN 'credit' THEN 1 WHEN 'debit' THEN -1 END
            * (b.event_data ->> 'amount')::numeric AS amount,
            b.event_data ->> 'correction_id' IS NOT NULL AS corrects
    ) AS s
    WHERE ($1 IS NULL OR b.tenant_id = $1) AND ($2 IS NULL OR b."timestamp" <= $2)
    GROUP BY 1, 2, 3
) AS m
FULL JOIN (
    SELECT p.tenant_id, 'payment' AS kind, p.payment_id AS id, p.user_id, p.type || ' ' || p.status AS status,
        CASE p.type WHEN 'deposit' THEN p.amount ELSE -p.amount END AS at_first,
        CASE WHEN p.status NOT IN ('failed', 'reversed') THEN 0 WHEN p.type = 'deposit' THEN -p.amount
            ELSE p.amount END AS outcome,
        s.id IS NOT NULL AS from_balance
    FROM (
        TABLE "{payments}"
    ) AS p
    -- deposit() and withdraw() move the balance, and say so.
    LEFT JOIN (
        SELECT DISTINCT e.tenant_id, e.aggregate_id AS id FROM "{payment_events}" AS e
        WHERE e.event_data ->> 'payment_id' IS NOT NULL AND ($1 IS NULL OR e.tenant_id = $1)
    ) AS s ON s.tenant_id = p.tenant_id AND s.id = p.payment_id
    UNION ALL
    SELECT b.tenant_id, 'bet', b.bet_id, b.user_id, b.status, -b.stake,
        CASE b.status WHEN 'settled' THEN b.payout WHEN 'cancelled' THEN b.stake ELSE 0 END,
        s.id IS NOT NULL
    FROM (
        TABLE "{bets}"
    ) AS b
    LEFT JOIN (
        SELECT DISTINCT e.tenant_id, e.aggregate_id AS id FROM "{bet_events}" AS e
        WHERE e.event_data ->> 'from_balance' = 'true' AND ($1 IS NULL OR e.tenant_id = $1)
    ) AS s ON s.tenant_id = b.tenant_id AND s.id = b.bet_id
) AS c ON c.tenant_id = m.tenant_id AND c.kind = m.kind AND c.id = m.id
$$;

COMMENT ON FUNCTION projection.template_movements() IS
'Template: what each payment and bet has moved, and what it should have: see projection.movements_text().';

REVOKE ALL ON FUNCTION projection.template_movements() FROM public;
