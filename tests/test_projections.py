"""Invariant 1: a read table is a pure function of the set of events, however they arrive."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from fold_in_python import (
    EVENT_TABLES,
    READ_TABLES,
    Event,
    Rows,
    balance,
    bet,
    copy,
    delete_read_rows,
    fold,
    insert,
    payload,
    payment,
    read,
    verify,
)
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg import sql

Connect = Callable[..., psycopg.Connection]

T0 = 1_700_000_000_000
TENANTS = itertools.count(1000, 10)  # fresh ones for every example: no need for a new database


def examples(number: int, *phases: Phase) -> settings:
    """The same examples in every run; nothing is judged by the time it takes."""
    return settings(
        max_examples=number,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=phases or (Phase.generate, Phase.shrink),
    )


# Few, so that events meet: in a stream, of a user, at a moment.
USERS = ["u1", "u2", "u1", "u2", "u10", "ü 3", "u\"4'\\\t"]
BETS = ["b1", "b2", "b1", "B2", "b-é"]
PAYMENTS = ["p1", "p1", "p2"]
EVENT_TYPES = {
    "bet_events": ["V1_BETS_BET_" + k for k in ("PLACED", "CONFIRMED", "SETTLED", "CANCELLED", "SETTLEMENT_CORRECTED")],
    "payment_events": [
        f"V1_PAYMENTS_{t}_{k}"
        for t in ("DEPOSIT", "WITHDRAWAL")
        for k in ("CREATED", "COMPLETED", "FAILED", "REVERSED")
    ],
    "balance_events": ["V1_BALANCES_BALANCE_INCREASED", "V1_BALANCES_BALANCE_DECREASED"],
}


# ---------------------------------------------------------------------------------------------- what is generated


@st.composite
def numbers(draw: st.DrawFn, lowest: int) -> str | Decimal:
    """A number in one of the spellings that a client may send: JSON number or string, any scale, leading zeros."""
    whole = draw(st.one_of(st.integers(lowest, 300), st.integers(lowest, 10**20 - 1)))
    fraction = draw(st.sampled_from(["", "", ".0", ".50", ".5", ".01", ".99", ".000", ".123456789012345678"]))
    spelling = draw(st.sampled_from(["number", "string", "zeros", "exponent"]))
    text = f"{whole}{fraction}"
    if spelling == "zeros" and len(str(whole)) < 18:
        return "00" + text
    if spelling == "exponent" and whole < 1000:
        return Decimal(f"{whole}E2")
    return text if spelling == "string" else Decimal(text)


@st.composite
def event_of(draw: st.DrawFn, id_: object, key: str) -> Event:
    """An event of tenant 0; the tenant is put in later."""
    table = draw(st.sampled_from(EVENT_TABLES + EVENT_TABLES[:1]))
    event_type = draw(st.sampled_from(EVENT_TYPES[table]))
    timestamp = draw(
        st.one_of(st.integers(T0, T0 + 1), st.integers(T0, T0 + 9), st.integers(946_684_800_000, 1_790_000_000_000))
    )
    user = draw(st.sampled_from(USERS))
    fields: dict[str, object] = {}
    if event_type.endswith("_PLACED"):
        odds, fixture = draw(numbers(1)), draw(st.sampled_from(["f1", "f2"]))
        fields = {"user_id": user, "stake": draw(numbers(1)), "odds": odds, "fixture_id": fixture}
    elif event_type.endswith(("_SETTLED", "_CORRECTED")):
        fields = {"result": draw(st.sampled_from(["win", "loss", "void"])), "payout": draw(numbers(0))}
    elif event_type.endswith(("_CREATED", "INCREASED", "DECREASED")):
        fields = {"user_id": user, "amount": draw(numbers(1))}
    stream = {
        "bet_events": st.sampled_from(BETS),
        "payment_events": st.sampled_from(PAYMENTS),
        "balance_events": st.sampled_from([f"balance-{user}", "another name"]),
    }[table]
    metadata = draw(st.sampled_from([None, "{}", '{"source": "x"}', "key", "key"]))
    return Event(
        table=table,
        tenant_id=0,
        aggregate_id=draw(stream),
        event_type=event_type,
        event_data=payload(**fields),
        timestamp=timestamp,
        key=key if metadata == "key" else None,
        id=id_,  # type: ignore[arg-type]
        metadata=None if metadata == "key" else metadata,
    )


@st.composite
def events_of_two_tenants(draw: st.DrawFn, max_size: int = 24) -> list[Event]:
    """Any set of valid events; the second tenant (1) uses the ids, streams and keys of the first (0) again."""
    size = draw(st.integers(1, max_size))  # not up to the list: it would nearly always be short
    ids = draw(st.lists(st.uuids(), min_size=size, max_size=size, unique=True))
    first = [draw(event_of(id_, f"k{n}")) for n, id_ in enumerate(ids)]
    second = [draw(event_of(id_, f"k{n}")) for n, id_ in enumerate(ids[: draw(st.integers(0, len(ids)))])]
    return first + [replace(event, tenant_id=1) for event in second]


def into_fresh_tenants(events: list[Event]) -> tuple[list[Event], list[int]]:
    base = next(TENANTS)
    return [replace(e, tenant_id=base + e.tenant_id) for e in events], [base, base + 1]


def split(events: list[Event], rng: random.Random) -> list[list[tuple[str, list[Event]]]]:
    """Events, shuffled, as transactions of statements: each a way to insert and events of one table."""
    events = rng.sample(events, len(events))
    transactions: list[list[tuple[str, list[Event]]]] = [[]]
    while events:
        size = rng.randint(1, 7)
        chunk, events = events[:size], events[size:]
        for table in rng.sample(EVENT_TABLES, 3):
            mine = [e for e in chunk if e.table == table]
            way = rng.choice(["single", "many", "copy"])
            if mine:
                transactions[-1] += [("many", [e]) for e in mine] if way == "single" else [(way, mine)]
        if rng.random() < 0.6:
            transactions.append([])
    return [t for t in transactions if t]


def run(connection: psycopg.Connection, transaction: list[tuple[str, list[Event]]]) -> None:
    # PostgreSQL has no COPY into a table with row-level security, except for superusers.
    may_copy = connection.info.user != "app"
    with connection.transaction():
        for way, events in transaction:
            copy(connection, events) if way == "copy" and may_copy else insert(connection, events)


def assert_kept(db: psycopg.Connection, events: list[Event], tenants: list[int]) -> None:
    """The read tables are the fold in Python, are what a rebuild makes, and the check of the ledger agrees."""
    expected = fold(events)
    assert read(db, tenants) == expected
    assert [row for tenant in tenants for row in verify(db, tenant)] == []
    delete_read_rows(db, tenants)
    for tenant in tenants:
        db.execute("CALL ops.rebuild_projection(NULL, %s)", (tenant,))
    assert read(db, tenants) == expected
    assert [row for tenant in tenants for row in verify(db, tenant)] == []


# ---------------------------------------------------------------------------------------------- any order, any split


def test_any_order_and_split_gives_the_fold(db: psycopg.Connection, connect: Connect) -> None:
    connections = [connect("app"), connect("app"), connect(), db]

    @examples(90)
    @given(events_of_two_tenants(), st.randoms(use_true_random=False))
    def holds(events: list[Event], rng: random.Random) -> None:
        events, tenants = into_fresh_tenants(events)
        for transaction in split(events, rng):
            run(rng.choice(connections), transaction)
        assert_kept(db, events, tenants)

    db.execute("SET jit = off")  # compiling the plans of a rebuild takes longer than a hundred rebuilds so small
    holds()
    assert verify(db) == []


def test_any_interleaving_of_writers_gives_the_fold(db: psycopg.Connection, connect: Connect) -> None:
    # Transactions of several statements, in any order, may deadlock: a client sends them again. It need not take long.
    db.execute(sql.SQL("ALTER DATABASE {} SET deadlock_timeout = '10ms'").format(sql.Identifier(db.info.dbname)))
    connections = [connect("app"), connect("app"), connect(), connect()]

    @examples(25, Phase.generate)
    @given(events_of_two_tenants(40), st.randoms(use_true_random=False))
    def holds(events: list[Event], rng: random.Random) -> None:
        events, tenants = into_fresh_tenants(events)
        queues = [split(events[n::4], rng) for n in range(4)]
        start = threading.Barrier(4)

        def write(connection: psycopg.Connection, queue: list[list[tuple[str, list[Event]]]]) -> None:
            start.wait(30)
            for transaction in queue:
                while True:
                    try:
                        run(connection, transaction)
                        break
                    except psycopg.errors.DeadlockDetected:
                        continue

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, connections, queues))
        assert_kept(db, events, tenants)

    db.execute("SET jit = off")  # compiling the plans of a rebuild takes longer than a hundred rebuilds so small
    holds()
    assert verify(db) == []


def test_two_rebuilds_of_everything_give_the_same_rows(db: psycopg.Connection) -> None:
    events = [e for tenant in (1, 2) for e in every_kind(tenant)]
    for event in events:
        insert(db, [event])
    for batch in (1, 10000):
        delete_read_rows(db)
        db.execute("CALL ops.rebuild_projection(p_batch => %s)", (batch,))
        assert read(db) == fold(events)
    assert verify(db) == []


def every_kind(tenant: int) -> list[Event]:
    """A life of each kind of stream, with the spellings of numbers that folds could lose."""
    return [
        bet(tenant, "b1", "placed", T0, "k1", stake="10.50", odds=Decimal("2.000")),
        bet(tenant, "b1", "confirmed", T0 + 1),
        bet(tenant, "b1", "settled", T0 + 2, payout="21.000"),
        bet(tenant, "b2", "placed", T0 + 1, "k2", stake=Decimal("3"), user_id="u2"),
        bet(tenant, "b2", "cancelled", T0 + 5, reason="void match"),
        bet(tenant, "b3", "placed", T0 + 9, "k3", stake=Decimal("1E2"), user_id="u2"),
        bet(tenant, "b4", "confirmed", T0 + 3),
        bet(tenant, "b5", "placed", T0, "k5", stake=Decimal("4")),
        bet(tenant, "b5", "settled", T0 + 6, payout=Decimal("8.0")),
        bet(tenant, "b5", "settlement_corrected", T0 + 6, result="loss", payout=Decimal("0.00")),
        payment(tenant, "p1", "deposit_created", T0 - 1, "k1", amount="100.10"),
        payment(tenant, "p1", "deposit_completed", T0 + 4),
        payment(tenant, "p2", "withdrawal_created", T0 + 8, "k2", amount=Decimal("0.90"), user_id="u3"),
        payment(tenant, "p2", "withdrawal_failed", T0 + 8, reason="declined"),
        payment(tenant, "p3", "deposit_created", T0, amount=Decimal("7.70")),
        payment(tenant, "p3", "deposit_completed", T0 + 1),
        payment(tenant, "p3", "deposit_reversed", T0 + 9, reason="chargeback"),
        balance(tenant, "u1", "increased", "100.10", T0 - 1, "k1"),
        balance(tenant, "u1", "decreased", Decimal("0.1"), T0 + 7, "k2"),
        balance(tenant, "u4", "increased", Decimal("5"), T0 + 6),
    ]


def test_a_tenant_whose_totals_are_all_zero_has_its_row_after_a_rebuild(db: psycopg.Connection) -> None:
    events = [
        payment(1, "p1", "deposit_completed", T0),
        balance(2, "u1", "increased", "10", T0),
        balance(2, "u1", "decreased", "10", T0 + 1),
    ]
    for event in events:
        insert(db, [event])
    assert_kept(db, events, [1, 2])


# ---------------------------------------------------------------------------------------------- paths agree


def without_tenant(rows: Rows) -> Rows:
    return {name: [row[1:] for row in of_table] for name, of_table in rows.items()}


def test_the_bulk_path_and_the_single_path_agree(db: psycopg.Connection) -> None:
    singles, many, copied = 1, 2, 3
    for event in every_kind(singles):
        insert(db, [event])
    for table in EVENT_TABLES:
        insert(db, [e for e in every_kind(many) if e.table == table])
        copy(db, [e for e in every_kind(copied) if e.table == table])
    rows = [without_tenant(read(db, [tenant])) for tenant in (singles, many, copied)]
    assert rows[0] == rows[1] == rows[2] == without_tenant(fold(every_kind(1)))


# ---------------------------------------------------------------------------------------------- time


def test_as_of_every_moment_is_the_fold_of_the_prefix(db: psycopg.Connection) -> None:
    @examples(25)
    @given(events_of_two_tenants(16))
    def holds(events: list[Event]) -> None:
        events, tenants = into_fresh_tenants(events)
        for table in EVENT_TABLES:
            if mine := [e for e in events if e.table == table]:
                insert(db, mine)
        for tenant in tenants:
            for name, function, table in (
                ("bets_view", "bet_as_of", "bet_events"),
                ("payments_view", "payment_as_of", "payment_events"),
                ("user_balances_view", "balance_as_of", "balance_events"),
            ):
                mine = [e for e in events if e.tenant_id == tenant and e.table == table]
                for moment in {t + d for t in {e.timestamp for e in mine} for d in (-1, 0)}:
                    expected = fold(e for e in mine if e.timestamp <= moment)[name]
                    found = [
                        db.execute(
                            f"SELECT {READ_TABLES[name]} FROM public.{function}(%s, %s, %s)", (tenant, key, moment)
                        ).fetchall()
                        for key in {e.payload["user_id"] if table == "balance_events" else e.aggregate_id for e in mine}
                    ]
                    assert sorted((row for rows in found for row in rows), key=repr) == expected
            mine = [e for e in events if e.tenant_id == tenant]
            columns = READ_TABLES["tenants_summary_view"]
            for moment in {t + d for t in {e.timestamp for e in mine} for d in (-1, 0)}:
                found = db.execute(f"SELECT {columns} FROM public.tenant_as_of(%s, %s)", (tenant, moment)).fetchall()
                assert found == fold(e for e in mine if e.timestamp <= moment)["tenants_summary_view"]
            now = f"SELECT {columns} FROM public.tenants_summary_view WHERE tenant_id = %s"
            always = f"SELECT {columns} FROM public.tenant_as_of(%s, 9223372036854775807)"
            assert db.execute(always, (tenant,)).fetchall() == db.execute(now, (tenant,)).fetchall()

    db.execute("SET jit = off")
    holds()
    assert db.execute("SELECT * FROM public.bet_as_of(1, 'nothing', %s)", (T0,)).fetchall() == []


def test_a_late_event_lands_where_it_belongs(db: psycopg.Connection) -> None:
    for tenant, order in enumerate(itertools.permutations(range(4)), 1):
        events = [
            bet(tenant, "b1", "placed", T0, "k1"),
            bet(tenant, "b1", "placed", T0 + 1, "k2", user_id="u2", stake="7.00"),
            bet(tenant, "b1", "confirmed", T0 + 2),
            bet(tenant, "b1", "settled", T0 + 3),
        ]
        arrived: list[Event] = []
        for n in order:
            insert(db, [events[n]])
            arrived.append(events[n])
            assert read(db, [tenant]) == fold(arrived), order
    rows = db.execute("SELECT DISTINCT user_id, status, idempotency_key FROM public.bets_view").fetchall()
    assert rows == [("u2", "settled", "k2")]
    assert verify(db) == []


KINDS = ("placed", "confirmed", "settled", "cancelled")


@pytest.mark.parametrize("apart", [0, 1, -1], ids=["at once", "later", "late"])
def test_the_status_goes_by_rank_whatever_the_time(db: psycopg.Connection, apart: int) -> None:
    kinds = ["placed", "confirmed", "cancelled", "settled"]
    for tenant, (first, second) in enumerate(itertools.product(kinds, kinds), 1):
        insert(db, [bet(tenant, "b1", first, T0)])
        insert(db, [bet(tenant, "b1", second, T0 + apart)])
        found = db.execute("SELECT status FROM bets_view WHERE tenant_id = %s", (tenant,)).fetchone()
        # Cancelled and settled are of one rank: the later one says it, and of the same time the greater name.
        ended = {first, second} == {"cancelled", "settled"}
        last = {0: "settled", 1: second, -1: first}[apart]
        assert found == (last if ended else max(first, second, key=kinds.index),), (first, second)
    assert verify(db) == []


def test_ties_of_one_rank_are_broken_by_id(db: psycopg.Connection) -> None:
    low, high = UUID(int=2**64 + 1), UUID(int=2**127)
    for tenant, ids in enumerate([(low, high), (high, low)], 1):
        for event_id in ids:
            user = "high" if event_id == high else "low"
            insert(db, [replace(bet(tenant, "b1", "placed", T0, user_id=user), id=event_id)])
        assert db.execute("SELECT user_id FROM bets_view WHERE tenant_id = %s", (tenant,)).fetchone() == ("high",)
    assert verify(db) == []


def test_a_purge_of_keys_leaves_the_fold(db: psycopg.Connection, connect: Connect) -> None:
    operator = connect("operator")

    @examples(15)
    @given(events_of_two_tenants(), st.randoms(use_true_random=False))
    def holds(events: list[Event], rng: random.Random) -> None:
        events, tenants = into_fresh_tenants(events)
        old = {(e.table, e.tenant_id, e.id) for e in events if rng.random() < 0.5}
        long_ago = datetime.now(UTC) - timedelta(days=9)
        for event in events:
            insert(db, [event], long_ago if (event.table, event.tenant_id, event.id) in old else None)
        operator.execute("CALL ops.purge_idempotency_keys('2 days', %s)", (rng.choice([1, 3, 1000]),))
        without_keys = [
            replace(e, key=None, metadata='{"source": "test"}') if (e.table, e.tenant_id, e.id) in old and e.key else e
            for e in events
        ]
        left = db.execute(
            "SELECT count(*) FROM (SELECT tenant_id, metadata FROM bet_events UNION ALL SELECT tenant_id, metadata"
            " FROM payment_events UNION ALL SELECT tenant_id, metadata FROM balance_events) AS e"
            " WHERE tenant_id = ANY (%s) AND metadata ? 'idempotency_key'",
            (tenants,),
        ).fetchone()
        assert left == (sum(e.key is not None for e in without_keys),)
        assert_kept(db, without_keys, tenants)

    db.execute("SET jit = off")  # compiling the plans of a rebuild takes longer than a hundred rebuilds so small
    holds()
    assert verify(db) == []


# ---------------------------------------------------------------------------------------------- in plain SQL only

FIXTURES = """
SET LOCAL ROLE betledger_owner;
CREATE TABLE public.fixtures_view (
    tenant_id bigint NOT NULL, fixture_id text COLLATE "C" NOT NULL, placed integer NOT NULL DEFAULT 0,
    staked numeric NOT NULL DEFAULT 0, PRIMARY KEY (tenant_id, fixture_id)
);
"""

OF_EVENTS = """
CREATE INDEX bet_events_fixture ON public.bet_events (tenant_id, (event_data ->> 'fixture_id'));
CREATE FUNCTION projection.fixture_of_event(e public.bet_events)
RETURNS TABLE (tenant_id bigint, fixture_id text, placed integer, staked numeric) LANGUAGE sql STABLE AS $$
    SELECT e.tenant_id, e.event_data ->> 'fixture_id', 1, (e.event_data ->> 'stake')::numeric
    WHERE e.event_type = 'V1_BETS_BET_PLACED'
$$;
SELECT projection.define('public.fixtures_view', '{projection.fixture_of_event}', p_position => 60);
SELECT projection.compile('public.bet_events');
"""

OF_BETS = """
CREATE INDEX bets_view_fixture ON public.bets_view (tenant_id, fixture_id);
CREATE FUNCTION projection.fixture_of_bet(b public.bets_view)
RETURNS TABLE (tenant_id bigint, fixture_id text, placed integer, staked numeric) LANGUAGE sql STABLE AS $$
    SELECT b.tenant_id, b.fixture_id, 1, coalesce(b.stake, 0) WHERE b.fixture_id IS NOT NULL
$$;
SELECT projection.define('public.fixtures_view', '{projection.fixture_of_bet}', p_position => 60);
SELECT projection.compile('public.bet_events');
"""


def migrate(db: psycopg.Connection, *statements: str) -> None:
    with db.transaction():
        for statement in statements:
            db.execute(statement)


def fixtures(db: psycopg.Connection) -> list[tuple[str, int, Decimal]]:
    return db.execute("SELECT fixture_id, placed, staked FROM public.fixtures_view ORDER BY 1").fetchall()


@pytest.mark.not_on_citus("the tables are made after the others were distributed: test_citus.py does it by a migration")
@pytest.mark.parametrize("source", [OF_EVENTS, OF_BETS], ids=["of events", "of another read table"])
def test_a_projection_is_added_in_sql(db: psycopg.Connection, connect: Connect, source: str) -> None:
    app = connect("app")
    old = [bet(1, "b1", "placed", T0, stake="10.00"), bet(1, "b2", "placed", T0, fixture_id="f2", stake="1")]
    insert(app, old)
    migrate(db, FIXTURES, source)
    assert {row[0] for row in verify(db)} == {"public.fixtures_view"}
    db.execute("CALL ops.rebuild_projection('fixtures_view')")
    assert fixtures(db) == [("f1", 1, Decimal("10.00")), ("f2", 1, Decimal("1"))]
    assert verify(db) == []

    new = [
        bet(1, "b3", "placed", T0 + 1, fixture_id="f2", stake="2.5"),  # one event that begins a stream
        bet(1, "b3", "confirmed", T0 + 2),
        bet(1, "b4", "settled", T0 + 2),
    ]
    for event in new:
        insert(app, [event])
    copy(db, bulk := [bet(1, f"c{n}", "placed", T0 + n, fixture_id="f3", stake="1.5") for n in range(4)])
    expected = [("f1", 1, Decimal("10.00")), ("f2", 2, Decimal("3.5")), ("f3", 4, Decimal("6.0"))]
    assert fixtures(db) == expected
    assert read(db) == fold(old + new + bulk)
    assert verify(db) == []
    db.execute("DELETE FROM public.fixtures_view")
    assert {row[0] for row in verify(db)} == {"public.fixtures_view"}
    db.execute("CALL ops.rebuild_projection('fixtures_view', 1)")
    assert fixtures(db) == expected
    assert verify(db) == []


BONUS = """
SET LOCAL ROLE betledger_owner;
SELECT projection.create_event_table('bonus_events', 'bonuses');
CREATE TABLE public.bonuses_view (
    tenant_id bigint NOT NULL, bonus_id text COLLATE "C" NOT NULL, user_id text, amount numeric,
    status text NOT NULL, idempotency_key text, PRIMARY KEY (tenant_id, bonus_id)
);
CREATE TABLE public.bonus_users_view (
    tenant_id bigint NOT NULL, user_id text COLLATE "C" NOT NULL, bonuses integer NOT NULL DEFAULT 0,
    granted numeric NOT NULL DEFAULT 0, PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX ON public.bonuses_view (tenant_id, user_id);
INSERT INTO projection.event_types (event_table, event_type, status, rank, required_fields, optional_fields) VALUES
('public.bonus_events', 'V1_BONUSES_BONUS_CREATED', 'created', 0, '{"user_id": "identifier", "amount": "amount"}', '{}'),
('public.bonus_events', 'V1_BONUSES_BONUS_REVOKED', 'revoked', 2, '{}', '{"reason": "text"}');
CREATE FUNCTION projection.bonus_of_event(e public.bonus_events)
RETURNS TABLE (tenant_id bigint, bonus_id text, user_id text, amount numeric, status text, idempotency_key text)
LANGUAGE sql STABLE AS $$
    SELECT e.tenant_id, e.aggregate_id, e.event_data ->> 'user_id', (e.event_data ->> 'amount')::numeric,
        projection.event_status(e.event_type), e.metadata ->> 'idempotency_key'
$$;
CREATE FUNCTION projection.user_of_bonus(b public.bonuses_view)
RETURNS TABLE (tenant_id bigint, user_id text, bonuses integer, granted numeric) LANGUAGE sql STABLE AS $$
    SELECT b.tenant_id, b.user_id, 1, CASE WHEN b.status = 'created' THEN b.amount ELSE 0 END WHERE b.user_id IS NOT NULL
$$;
SELECT projection.define('public.bonuses_view', '{projection.bonus_of_event}', p_position => 100, p_latest => '[
    {"columns": ["status"]},
    {"columns": ["user_id", "amount", "idempotency_key"], "of": ["V1_BONUSES_BONUS_CREATED"]}
]');
SELECT projection.define('public.bonus_users_view', '{projection.user_of_bonus}', p_position => 110);
SELECT projection.compile('public.bonus_events');
SELECT projection.attach('public.bonus_events');
GRANT INSERT ON public.bonus_events TO betledger_app, betledger_tenant;
"""


@pytest.mark.not_on_citus("the tables are made after the others were distributed: test_citus.py does it by a migration")
def test_an_event_table_is_added_in_sql(db: psycopg.Connection, connect: Connect) -> None:
    migrate(db, BONUS)
    app = connect("app")

    def bonus(bonus_id: str, kind: str, at: int, key: str | None = None, **fields: object) -> Event:
        return Event("bonus_events", 1, bonus_id, f"V1_BONUSES_BONUS_{kind}", payload(**fields), at, key)

    def shown() -> list[list[tuple[object, ...]]]:
        return [
            db.execute(
                "SELECT bonus_id, user_id, amount::text, status, idempotency_key FROM bonuses_view ORDER BY 1"
            ).fetchall(),
            db.execute("SELECT user_id, bonuses, granted::text FROM bonus_users_view ORDER BY 1").fetchall(),
        ]

    insert(app, [bonus("x1", "CREATED", T0, "k1", user_id="u1", amount="5.00")])
    insert(app, [bonus("x2", "REVOKED", T0 + 5)])
    insert(app, [bonus("x2", "CREATED", T0, "k2", user_id="u1", amount="7.50")])  # late
    copy(db, [bonus(f"y{n}", "CREATED", T0, user_id="u2", amount=Decimal("1.10")) for n in range(3)])
    expected = [
        [("x1", "u1", "5.00", "created", "k1"), ("x2", "u1", "7.50", "revoked", "k2")]
        + [(f"y{n}", "u2", "1.10", "created", None) for n in range(3)],
        [("u1", 2, "5"), ("u2", 3, "3.3")],
    ]
    assert shown() == expected
    assert verify(db) == []

    with pytest.raises(psycopg.Error) as refused:
        insert(app, [bonus("x9", "CREATED", T0, user_id="u1", amount="-1")])
    assert refused.value.sqlstate == "BL001" and "event_data.amount" in str(refused.value)
    with pytest.raises(psycopg.Error) as refused:
        db.execute("DELETE FROM bonus_events")
    assert refused.value.sqlstate == "BL010"

    db.execute("UPDATE bonuses_view SET amount = 0 WHERE bonus_id = 'x1'")
    db.execute("DELETE FROM bonus_users_view WHERE user_id = 'u2'")
    assert {row[0] for row in verify(db)} == {"public.bonuses_view", "public.bonus_users_view"}
    db.execute("CALL ops.rebuild_projection()")
    assert shown() == expected
    assert verify(db) == []

    connect("operator").execute("CALL ops.purge_idempotency_keys('0')")
    assert [row[4] for row in shown()[0]] == [None] * 5
    assert verify(db) == []
