"""What the ratios have to be, and what they should be."""

from results import Bar

BARS = [
    Bar("append_spread", "betledger", "textbook", 0.8, 1.0, "a new bet, 1,000 tenants, to textbook"),
    Bar("append_hot", "betledger", "textbook", 0.8, 1.0, "a new bet, one tenant, to textbook"),
    Bar("bet_life", "betledger", "textbook", 0.8, 1.0, "placed, confirmed, settled, to textbook"),
    Bar(
        "append_hot_32",
        "betledger",
        "textbook",
        2.5,
        4.0,
        "a new bet, one tenant, 32 clients that wait for the disk, to textbook",
    ),
    Bar(
        "money_hot_32",
        "betledger",
        "textbook",
        1.3,
        2.0,
        "money of one user, 32 clients that wait for the disk, to textbook",
    ),
    Bar("idem_append", "betledger", "textbook", 1.3, 1.6, "`place_bet` to textbook"),
    Bar("idem_append", "betledger", "message-db", 0.65, 1.0, "`place_bet` to `write_message` of message-db"),
    Bar("idem_replay", "betledger", "textbook", 0.8, 1.2, "`place_bet` with a used key, to textbook"),
    Bar("money_random", "betledger", "textbook", 1.2, 1.5, "`deposit` and `withdraw`, to textbook"),
    Bar("money_random", "betledger", "pgledger", 1.5, 2.0, "`deposit` and `withdraw`, to transfers of pgledger"),
    Bar("money_hot", "betledger", "textbook", 1.3, 2.0, "the same of one user, to textbook"),
    Bar("money_hot", "betledger", "pgledger", 2.0, 3.0, "the same of one user, to pgledger"),
    Bar("bulk_spread", "betledger", "floor", 0.4, 0.5, "COPY of events, to a bare table"),
    Bar("bulk_spread", "betledger", "textbook", 2.0, 3.0, "COPY of events, to textbook"),
    Bar("roles", "betledger_app", "superuser", 0.95, 1.0, "a new bet as `betledger_app`, to a superuser"),
    Bar("roles", "betledger_tenant", "superuser", 0.9, 0.95, "a new bet as `betledger_tenant`, to a superuser"),
    Bar("one_tenant", "one tenant", "1,000 tenants", 0.9, 1.0, "`place_bet`, 32 clients of one tenant, to 32 of 1,000"),
    Bar("cost_place", "betledger", "textbook", 1.35, 1.0, "time of a new bet in the server, to textbook", most=True),
    Bar(
        "cost_tie",
        "betledger",
        "textbook",
        1.8,
        1.0,
        "time of a bet confirmed in the same millisecond, to textbook",
        most=True,
    ),
    Bar("cost_life", "betledger", "textbook", 1.6, 1.0, "time of a bet's whole life, to textbook", most=True),
    Bar(
        "cost_place", "betledger", "betledger, large", 0.9, 0.95, "speed of a new bet in a large ledger, to a small one"
    ),
    Bar("cost_tie", "betledger", "betledger, large", 0.9, 0.95, "the same, confirmed in the same millisecond"),
    Bar("cost_life", "betledger", "betledger, large", 0.9, 0.95, "the same, a bet's whole life"),
    Bar(
        "later_events",
        "known bets",
        "new bets",
        0.6,
        1.0,
        "events of known bets in one INSERT ... SELECT, to as many new bets",
    ),
    Bar("later_memory", "known bets", None, 500, 500, "memory of that statement, MB", most=True),
    Bar("purge", "betledger", "floor", 0.3, 0.5, "purge of expired keys, to an UPDATE of a bare table"),
    Bar("rebuild", "betledger", "floor", 0.8, 1.5, "rebuild of all read tables, to a COPY into a bare table"),
]
CLUSTER_BARS = [
    Bar("citus_append", "betledger", "floor", 0.5, 0.6, "a new bet, 4 clients, to the bare distributed table"),
    Bar("citus_copy", "betledger", "floor", 0.35, 0.5, "COPY of events, to the bare distributed table"),
    Bar("citus_place", "betledger", "floor", 1.35, 1.2, "time of a new bet, to the bare distributed table", most=True),
    Bar(
        "citus_life",
        "betledger",
        "floor",
        1.6,
        1.3,
        "time of a bet's whole life, to the bare distributed table",
        most=True,
    ),
    Bar("citus_read", "betledger", "floor", 0.95, 1.0, "a bet read by its key, to the bare distributed table"),
]
