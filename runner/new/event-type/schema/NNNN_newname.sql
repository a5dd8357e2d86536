SET LOCAL ROLE betledger_owner;

-- From the end of `betledger migrate`, events of this type are taken, and those whose payload is not so are refused
-- (BL001). Kinds of a field: identifier, text, amount, payout, odds, result, flag; amount(2) allows two decimals.
--
-- has_effect = false: it is stored, and read in the feed and in the history; it changes no read table. With true, a
-- definition has to say something of it: status and rank are for that (docs/projections.md).
INSERT INTO projection.event_types (
    event_table, event_type, status, rank, required_fields, optional_fields, has_effect
) VALUES (
    'public.bet_events', 'NEWNAME', null, 2, '{"note": "text"}', '{}', false
);
