"""The paths of an event: short for one that is later than its stream, merged in a statement of many, folded anew where
it is late or tied. Whichever is taken, the rows are the fold; and each is taken where it should be.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from fold_in_python import (
    READ_TABLE_STORAGE,
    READ_TABLES,
    Event,
    Rows,
    balance,
    bet,
    copy,
    fold,
    insert,
    payment,
    read,
    verify,
)

Connect = Callable[..., psycopg.Connection]

T0 = 1_700_000_000_000
BETS = ("placed", "confirmed", "settled", "cancelled")
PAYMENTS = tuple(f"{t}_{k}" for t in ("deposit", "withdrawal") for k in ("created", "completed", "failed"))
BALANCES = ("increased", "decreased")


# ---------------------------------------------------------------------------------------------- every path gives the fold


def arrangements(size: int) -> list[tuple[int, ...]]:
    """The ways in which events lie in time: (0, 1) is one later, (0, 0) one tied, (1, 0) one late."""
    return [a for a in itertools.product(range(size), repeat=size) if set(a) == set(range(max(a) + 1))]


def splits(size: int) -> Iterator[tuple[int, ...]]:
    """The ways to cut a sequence into statements: (1, 1, 1), (1, 2), (2, 1), (3)."""
    if size == 0:
        yield ()
    for first in range(1, size + 1):
        for rest in splits(size - first):
            yield (first, *rest)


def event_of(tenant: int, kind: str, place: int, at: int, id_: UUID) -> Event:
    """The event at a place of a sequence: every one of another amount, some of another user, some without a key."""
    key = None if place == 1 else f"k{place}"
    user, amount = f"u{place % 2}", ("10.50", "7", "0.250")[place]
    if kind in BALANCES:
        made = balance(tenant, user, kind, amount, at, key)
    elif kind in PAYMENTS:
        made = payment(
            tenant, "p1", kind, at, key, **({"user_id": user, "amount": amount} if kind.endswith("created") else {})
        )
    else:
        fields = {
            "placed": {"user_id": user, "stake": amount, "fixture_id": f"f{place}"},
            "settled": {"result": ("win", "loss", "void")[place], "payout": amount},
        }
        made = bet(tenant, "b1", kind, at, key, **fields.get(kind, {}))
    return Event(made.table, tenant, made.aggregate_id, made.event_type, made.event_data, at, key, id_)


def statements_of(kinds: Sequence[str], size: int) -> list[list[list[Event]]]:
    """Every sequence of events of so many, in every arrangement and split, each of a tenant of its own."""
    rng = random.Random(size)
    tenants = itertools.count(1)
    cases = []
    for sequence, times, split in itertools.product(
        itertools.product(kinds, repeat=size), arrangements(size), splits(size)
    ):
        tenant = next(tenants)
        events = iter(
            event_of(tenant, kind, place, T0 + at, UUID(int=rng.getrandbits(128)))
            for place, (kind, at) in enumerate(zip(sequence, times, strict=True))
        )
        cases.append([list(itertools.islice(events, n)) for n in split])
    return cases


def fold_of_each(cases: Sequence[Sequence[Sequence[Event]]]) -> Rows:
    """The fold of many small tenants."""
    folds = [fold(itertools.chain(*statements)) for statements in cases]
    return {name: sorted(itertools.chain(*(f[name] for f in folds)), key=repr) for name in READ_TABLES}


@pytest.mark.parametrize("size", [1, 2, 3], ids=["alone", "pairs", "triples"])
@pytest.mark.parametrize("kinds", [BETS, PAYMENTS, BALANCES], ids=["bets", "payments", "balances"])
def test_every_sequence_of_event_types_gives_the_fold(
    db: psycopg.Connection, connect: Connect, kinds: tuple[str, ...], size: int
) -> None:
    app, cases = connect("app"), statements_of(kinds, size)
    assert len(cases) == len(kinds) ** size * {1: 1, 2: 3 * 2, 3: 13 * 4}[size]
    # A pipeline is one transaction: not all in one.
    for n in range(0, len(cases), 200):
        with app.pipeline():
            for statement in itertools.chain(*cases[n : n + 200]):
                insert(app, statement)
    found, expected = read(db), fold_of_each(cases)
    for name in READ_TABLES:
        wrong = sorted(set(found[name]) ^ set(expected[name]), key=repr)
        assert not wrong, f"{name}: {wrong[:4]} of {cases[wrong[0][0] - 1]}"
        assert found[name] == expected[name]
    assert verify(db) == []


# ---------------------------------------------------------------------------------------------- which path is taken

# What the session wrote before: one user with a bet, a payment and a balance, and the slots of the summary.
KNOWN = [
    bet(1, "b1", "placed", T0, "k1"),
    payment(1, "p1", "deposit_created", T0, "k1"),
    payment(1, "p2", "withdrawal_created", T0, "k2"),
    balance(1, "u1", "increased", 100, T0, "k1"),
]


def general_functions(db: psycopg.Connection, events: Sequence[Event], *, many: bool = False) -> set[str]:
    """What of the general paths runs for these events: the functions that fold rows anew, or add to them."""
    counts = (
        "SELECT funcname, calls FROM pg_stat_xact_user_functions"
        " WHERE schemaname = 'projection' AND funcname ~ '_(refresh|add)$'"
    )
    db.execute("SET track_functions = 'all'")
    with db.transaction():
        # What earlier transactions did may be counted still.
        before = dict(db.execute(counts).fetchall())
        for statement in [events] if many else [[e] for e in events]:
            insert(db, statement)
        return {name for name, calls in db.execute(counts).fetchall() if calls > before.get(name, 0)}


def known(db: psycopg.Connection, *more: Event) -> list[Event]:
    for event in [*KNOWN, *more]:
        insert(db, [event])
    return [*KNOWN, *more]


ONE_NODE = pytest.mark.not_on_citus("what runs on a worker is not counted here")
SHORT = {
    "a life": [bet(1, "b1", "confirmed", T0 + 1), bet(1, "b1", "settled", T0 + 2)],
    "a life in one millisecond": [bet(1, "b1", "confirmed", T0), bet(1, "b1", "settled", T0)],
    "settled at once": [bet(1, "b1", "settled", T0)],
    "settled much later": [bet(1, "b1", "settled", T0 + 10**9)],
    "cancelled": [bet(1, "b1", "cancelled", T0 + 1)],
    "confirmed, then cancelled in the same millisecond": [
        bet(1, "b1", "confirmed", T0 + 1),
        bet(1, "b1", "cancelled", T0 + 1),
    ],
    "a bet more, and its life": [
        bet(1, "b2", "placed", T0 + 5, "k2", stake="3.25"),
        bet(1, "b2", "confirmed", T0 + 6),
        bet(1, "b2", "settled", T0 + 6, payout="0"),
    ],
    "a bet of before the first": [bet(1, "b0", "placed", T0 - 5)],
    "a payment more": [payment(1, "p3", "deposit_created", T0 + 1), payment(1, "p4", "withdrawal_created", T0 + 1)],
    "completed": [payment(1, "p1", "deposit_completed", T0 + 1), payment(1, "p2", "withdrawal_completed", T0)],
    "failed": [payment(1, "p1", "deposit_failed", T0), payment(1, "p2", "withdrawal_failed", T0 + 1)],
    "balances": [balance(1, "u1", "increased", "0.5", T0 + 1), balance(1, "u1", "decreased", "7.25", T0)],
    "balances, late": [balance(1, "u1", "decreased", "1", T0 - 9)],
    "users that are new": [
        bet(1, "b2", "placed", T0, user_id="u2", stake="10.500"),
        bet(1, "b2", "settled", T0, payout="0.00"),
        payment(1, "p3", "deposit_created", T0, user_id="u3"),
        payment(1, "p3", "deposit_failed", T0 + 1),
        balance(1, "u4", "increased", "1.500", T0),
        balance(1, "u4", "decreased", "1.5", T0 + 1),
        balance(1, "u5", "decreased", "2.50", T0),
    ],
    "a tenant that is new": [
        bet(2, "b1", "placed", T0, "k1", stake="10.500"),
        balance(2, "u1", "decreased", "0.10", T0, "k1"),
        payment(2, "p1", "withdrawal_created", T0, "k1", user_id="u9"),
        bet(2, "b1", "cancelled", T0),
    ],
}


@ONE_NODE
@pytest.mark.parametrize("case", SHORT)
def test_new_streams_and_later_events_take_the_short_path(db: psycopg.Connection, case: str) -> None:
    events = known(db)
    assert general_functions(db, SHORT[case]) == set()
    assert read(db) == fold([*events, *SHORT[case]])
    assert verify(db) == []


SETTLED = bet(1, "b1", "settled", T0 + 2)
GENERAL = {
    "late": ([SETTLED], bet(1, "b1", "confirmed", T0 + 1), "bets_view_refresh"),
    "tied with a higher rank": ([bet(1, "b1", "confirmed", T0)], bet(1, "b1", "placed", T0), "bets_view_refresh"),
    "tied with a rank that is higher": ([SETTLED], bet(1, "b1", "confirmed", T0 + 2), "bets_view_refresh"),
    "tied with the same rank": ([SETTLED], bet(1, "b1", "cancelled", T0 + 2), "bets_view_refresh"),
    "settled twice at once": ([SETTLED], bet(1, "b1", "settled", T0 + 2, payout=Decimal(5)), "bets_view_refresh"),
    "later than a higher rank": ([SETTLED], bet(1, "b1", "confirmed", T0 + 3), "bets_view_refresh"),
    "tied with itself": ([bet(1, "b1", "confirmed", T0)], bet(1, "b1", "confirmed", T0), "bets_view_refresh"),
    "placed twice": ([], bet(1, "b1", "placed", T0 + 1, user_id="u2"), "bets_view_refresh"),
    "settled before it was placed": ([], bet(1, "b9", "settled", T0), "bets_view_refresh"),
    "placed after it was settled": (
        [bet(1, "b9", "settled", T0 + 1)],
        bet(1, "b9", "placed", T0),
        "bets_view_refresh",
    ),
    "a late payment": (
        [payment(1, "p1", "deposit_failed", T0 + 2)],
        payment(1, "p1", "deposit_completed", T0 + 1),
        "payments_view_refresh",
    ),
    "completed and failed at once": (
        [payment(1, "p1", "deposit_failed", T0 + 1)],
        payment(1, "p1", "deposit_completed", T0 + 1),
        "payments_view_refresh",
    ),
}


@ONE_NODE
@pytest.mark.parametrize("case", GENERAL)
def test_late_and_tied_events_take_the_general_path(db: psycopg.Connection, case: str) -> None:
    before, event, function = GENERAL[case]
    events = known(db, *before)
    assert function in general_functions(db, [event])
    assert read(db) == fold([*events, event])
    assert verify(db) == []


@ONE_NODE
def test_a_replay_takes_no_path(db: psycopg.Connection) -> None:
    known(db)
    again = "INSERT INTO public.bet_events SELECT * FROM public.bet_events ON CONFLICT DO NOTHING"
    db.execute("SET track_functions = 'all'")
    with db.transaction():
        counts = "SELECT sum(calls) FROM pg_stat_xact_user_functions WHERE funcname ~ '_(refresh|add|valid)$'"
        before = db.execute(counts).fetchone()
        assert db.execute(again).rowcount == 0
        assert db.execute(counts).fetchone() == before


@pytest.mark.parametrize("many", [False, True], ids=["one by one", "many"])
def test_only_late_and_tied_streams_are_folded_anew(db: psycopg.Connection, connect: Connect, many: bool) -> None:
    app = connect("app")
    insert(app, [bet(1, f"b{n}", "placed", T0) for n in range(5)])
    # Odds that are wrong, and that nothing adds up: right again where all events were looked at.
    db.execute("UPDATE public.bets_view SET odds = 99")
    events = [
        bet(1, "b0", "confirmed", T0 + 1),
        bet(1, "b1", "settled", T0 + 5),
        bet(1, "b2", "confirmed", T0 - 1),
        bet(1, "b3", "placed", T0),
        bet(1, "new", "placed", T0),
    ]
    for statement in [events] if many else [[e] for e in events]:
        insert(app, statement)
    wrong = db.execute("SELECT bet_id FROM public.bets_view WHERE odds = 99 ORDER BY bet_id").fetchall()
    assert wrong == [("b0",), ("b1",), ("b4",)]
    db.execute("CALL ops.rebuild_projection('bets_view')")
    assert verify(db) == []


# ---------------------------------------------------------------------------------------------- statements of many


def many_of(rng: random.Random, streams: Sequence[str], after: int) -> list[Event]:
    """Some events of each stream, all of them later than what was, or some late, or tied."""
    events = []
    for stream in streams:
        kinds = rng.sample(["confirmed", "settled", "cancelled", "placed"], rng.randint(1, 3))
        events += [
            bet(
                1,
                stream,
                kind,
                after + rng.randint(0, 3),
                **(
                    {"user_id": f"u{rng.randint(0, 4)}", "stake": f"{rng.randint(1, 999)}.5"}
                    if kind == "placed"
                    else {}
                ),
            )
            for kind in kinds
        ]
    return rng.sample(events, len(events))


@pytest.mark.parametrize("way", [insert, copy], ids=["INSERT", "COPY"])
def test_many_later_events_late_ones_and_new_streams_in_one_statement(
    db: psycopg.Connection, way: Callable[[psycopg.Connection, Sequence[Event]], None]
) -> None:
    rng = random.Random(1)
    old, late, tied, new = ([f"{name}{n}" for n in range(150)] for name in ("old", "late", "tied", "new"))
    events: list[Event] = []
    for statement in (
        [
            bet(1, stream, "placed", T0, f"k{stream}", user_id=f"u{n % 5}", stake=Decimal(n + 1))
            for n, stream in enumerate([*old, *late, *tied])
        ],
        many_of(rng, old, T0 + 10),  # only known streams, only later events
        many_of(rng, [*old[:75], *new], T0 + 20) + many_of(rng, late, T0 - 10) + many_of(rng, tied, T0),
        many_of(rng, [*old, *late, *tied, *new], T0 + 5),
    ):
        events += statement
        way(db, statement)
        assert read(db) == fold(events)
    assert verify(db) == []


def test_many_later_payments_and_balances_in_one_statement(db: psycopg.Connection) -> None:
    payments = [
        [payment(1, f"p{n}", f"{kind}_created", T0, user_id=f"u{n % 7}", amount=Decimal(n + 1)) for n, kind in of_all]
        + [payment(1, f"p{n}", f"{kind}_{end}", T0 + at) for n, kind in of_all[:more]]
        for more, end, at in ((0, "", 0), (60, "completed", 1), (90, "failed", 2))
        for of_all in [[(n, ("deposit", "withdrawal")[n % 2]) for n in range(120)]]
    ]
    ends = [[e for e in statement if not e.event_type.endswith("_CREATED")] for statement in payments]
    balances = [
        [balance(1, f"u{n % 7}", BALANCES[n % 3 == 0], f"{n}.75", T0 + n * step) for n in range(1, 120)]
        for step in (1, -1, 1)
    ]
    events: list[Event] = []
    for statement in (payments[0], ends[1], ends[2], *balances):
        events += statement
        insert(db, statement)
        assert read(db) == fold(events)
    assert verify(db) == []


@pytest.mark.parametrize("many", [False, True], ids=["one by one", "many"])
@pytest.mark.parametrize("at", [T0 - 5, T0 + 5], ids=["before", "after"])
def test_a_first_or_last_activity_that_moves_to_another_user_is_taken_back(
    db: psycopg.Connection, at: int, many: bool
) -> None:
    """One bet leaves its user, and another one comes: as many as before, but neither begins nor ends as before."""
    events = [bet(1, "a", "placed", T0), bet(1, "a", "confirmed", T0 + 1)]
    insert(db, events)
    moved = [bet(1, "a", "placed", T0 + 9, user_id="u2"), bet(1, "b", "placed", at)]
    for statement in [moved] if many else [[e] for e in moved]:
        insert(db, statement)
    assert read(db) == fold([*events, *moved])
    assert verify(db) == []


# ---------------------------------------------------------------------------------------------- what is not written


def versions(db: psycopg.Connection) -> dict[str, set[tuple[Any, ...]]]:
    """Every row of the read tables with the transaction that wrote it."""
    return {
        table: set(db.execute(f"SELECT xmin::text, ctid::text, to_jsonb(t)::text FROM {table} AS t").fetchall())
        for table in READ_TABLE_STORAGE
    }


ALL = set(READ_TABLE_STORAGE)
UNWRITTEN = {
    "late, and said already": ([bet(1, "b1", "confirmed", T0 + 1)], ALL),
    "many of them": ([bet(1, "b1", "confirmed", T0 + 1), bet(1, "b2", "confirmed", T0 + 1)], ALL),
    "late, after it failed": ([payment(1, "p1", "deposit_completed", T0 + 1)], ALL),
    "balance": (
        [balance(1, "u1", "increased", 5, T0)],
        ALL - {"public.user_balances_view", "projection.tenant_totals"},
    ),
}


@pytest.mark.not_on_citus("the rows are in shards")
@pytest.mark.parametrize("case", UNWRITTEN)
def test_a_row_that_would_not_change_is_not_written(db: psycopg.Connection, case: str) -> None:
    events, unwritten = UNWRITTEN[case]
    stored = known(
        db,
        SETTLED,
        bet(1, "b2", "placed", T0),
        bet(1, "b2", "cancelled", T0 + 3),
        payment(1, "p1", "deposit_failed", T0 + 2),
    )
    before = versions(db)
    insert(db, events)
    after = versions(db)
    assert {table for table in ALL if before[table] == after[table]} == unwritten
    assert read(db) == fold([*stored, *events])


@pytest.mark.not_on_citus("the rows are in shards")
def test_a_rebuild_and_a_purge_write_only_what_differs(db: psycopg.Connection) -> None:
    known(db, SETTLED)
    before = versions(db)
    db.execute("CALL ops.rebuild_projection()")
    assert versions(db) == before
    db.execute("CALL ops.purge_idempotency_keys('0')")
    after = versions(db)
    assert {table for table in ALL if before[table] == after[table]} == ALL - {
        "public.bets_view", "public.payments_view",
    }  # fmt: skip
    assert verify(db) == []


# ---------------------------------------------------------------------------------------------- without effect

NOTED = """
SET LOCAL ROLE betledger_owner;
INSERT INTO projection.event_types (event_table, event_type, required_fields, has_effect) VALUES
('public.bet_events', 'V1_BETS_BET_NOTED', '{"note": "text"}', false),
('public.balance_events', 'V1_BALANCES_BALANCE_NOTED', '{}', false);
SELECT projection.compile('public.bet_events');
SELECT projection.compile('public.balance_events');
"""


def noted(bet_id: str, at: int, note: Any = "x") -> Event:
    return Event("bet_events", 1, bet_id, "V1_BETS_BET_NOTED", f'{{"note": "{note}"}}', at)


@pytest.mark.not_on_citus("types are added by a migration there")
def test_events_without_effect_are_stored_and_change_nothing(db: psycopg.Connection) -> None:
    with db.transaction():
        db.execute(NOTED)
    stored = known(db)
    before = versions(db)
    notes = [noted("b1", T0 + 9), noted("b1", T0 - 9), noted("unknown", T0), noted("b1", T0 + 9, "y")]
    assert general_functions(db, notes) == set()
    insert(db, [noted(f"b{n}", T0 + n) for n in range(5)])
    copy(db, [noted(f"b{n}", T0 + n) for n in range(5)])
    insert(db, [Event("balance_events", 1, "b", "V1_BALANCES_BALANCE_NOTED", "{}", T0)])
    assert db.execute("SELECT count(*) FROM bet_events WHERE event_type = 'V1_BETS_BET_NOTED'").fetchone() == (14,)
    assert versions(db) == before
    assert verify(db) == []

    # Nor do they stand in the way of others: their time is not that of the stream.
    life = [bet(1, "b1", "confirmed", T0 + 1), bet(1, "b1", "settled", T0 + 2)]
    assert general_functions(db, life) == set()
    mixed = [bet(1, "b2", "placed", T0), noted("b2", T0), noted("b3", T0 + 99), bet(1, "b3", "placed", T0)]
    insert(db, mixed)
    late = bet(1, "b1", "confirmed", T0)
    insert(db, [late])
    folded = fold([*stored, *life, *mixed[::3], late])
    # The last activity of a tenant is the time of its last event, of whatever type.
    tables = [name for name in READ_TABLES if name != "tenants_summary_view"]
    assert read(db, tables=tables) == {name: folded[name] for name in tables}
    assert [row[:-1] for row in read(db)["tenants_summary_view"]] == [
        row[:-1] for row in folded["tenants_summary_view"]
    ]
    assert verify(db) == []
    with pytest.raises(psycopg.Error) as refused:
        insert(db, [Event("bet_events", 1, "b1", "V1_BETS_BET_NOTED", "{}", T0)])
    assert refused.value.sqlstate == "BL001" and "note" in str(refused.value)
