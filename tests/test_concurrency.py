"""Invariants 2 to 4 while many write at once: summaries add up, a key is used once, balances stay exact."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from fold_in_python import EVENT_TABLES, Event, balance, bet, fold, insert, payment, read, verify
from ledger import wait_until_blocked
from psycopg import sql

Connect = Callable[..., psycopg.Connection]

T0 = 1_700_000_000_000
WRITERS = 32
EVENT_COLUMNS = "tenant_id, aggregate_id, event_type, event_data::text, timestamp, NULL, id, metadata::text"


def stored_events(db: psycopg.Connection) -> list[Event]:
    """All events, as they are stored."""
    return [
        Event(table, *row)
        for table in EVENT_TABLES
        for row in db.execute(f"SELECT {EVENT_COLUMNS} FROM {table}").fetchall()
    ]


def assert_kept(db: psycopg.Connection) -> None:
    assert verify(db) == []
    assert read(db) == fold(stored_events(db))


def at_once(work: list[Callable[[], Any]]) -> list[Any]:
    """Runs all at the same moment, each in its own thread; gives the results, an error of the database included."""
    start = threading.Barrier(len(work))

    def run(one: Callable[[], Any]) -> Any:
        start.wait(60)
        try:
            return one()
        except psycopg.Error as error:
            return error

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def states(results: list[Any]) -> Counter[str | None]:
    return Counter(r.sqlstate if isinstance(r, psycopg.Error) else "ok" for r in results)


def value(db: psycopg.Connection, query: str, *arguments: Any) -> Any:
    row = db.execute(query, arguments).fetchone()
    assert row is not None
    return row[0]


@contextmanager
def in_background(work: Callable[[], Any]) -> Iterator[Future[Any]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(work)


# ---------------------------------------------------------------------------------------------- summaries add up


def load(connection: psycopg.Connection, number: int, operations: int) -> list[str]:
    """A writer: single operations by functions and by plain INSERT, on a few users and bets that all share."""
    rng = random.Random(number)
    errors: list[str] = []
    for n in range(operations):
        tenant, user, key = rng.choice([1, 1, 2]), f"u{rng.randint(1, 5)}", f"{number}-{n}"
        shared = f"shared-{rng.randint(1, 8)}"
        amount = Decimal(rng.randint(1, 9999)) / 10 ** rng.randint(0, 4)
        at = T0 + rng.randint(0, 1000)
        choice = rng.choice(
            ["life", "staked", "deposit", "withdraw", "fail", "bet", "bet", "payment", "balance", "rows"]
        )
        try:
            if choice in ("life", "staked"):
                placed = connection.execute(
                    "SELECT bet_id FROM place_bet(%s, %s, %s, 1.85, 'f1', %s, %s)",
                    (tenant, user, amount, key, choice == "staked"),
                ).fetchone()
                if n % 3 == 0:
                    connection.execute("SELECT FROM confirm_bet(%s, %s)", (tenant, placed[0]))  # type: ignore[index]
                elif n % 3 == 1:
                    connection.execute("SELECT FROM settle_bet(%s, %s, 'win', %s)", (tenant, placed[0], amount * 2))  # type: ignore[index]
                else:
                    connection.execute("SELECT FROM cancel_bet(%s, %s)", (tenant, placed[0]))  # type: ignore[index]
            elif choice == "deposit":
                connection.execute("SELECT FROM deposit(%s, %s, %s, %s)", (tenant, user, amount, key))
            elif choice in ("withdraw", "fail"):
                paid = connection.execute(
                    "SELECT payment_id FROM withdraw(%s, %s, %s, %s)", (tenant, user, amount, key)
                ).fetchone()
                if choice == "fail":
                    connection.execute("SELECT FROM fail_payment(%s, %s)", (tenant, paid[0]))  # type: ignore[index]
            elif choice == "bet":
                kind = rng.choice(["placed", "confirmed", "settled", "cancelled"])
                fields = {"user_id": user, "stake": amount} if kind == "placed" else {}
                insert(connection, [bet(tenant, shared, kind, at, **fields)])
            elif choice == "payment":
                kind = rng.choice(["deposit_created", "deposit_failed", "withdrawal_completed", "withdrawal_created"])
                fields = {"user_id": user, "amount": amount} if kind.endswith("created") else {}
                insert(connection, [payment(tenant, shared, kind, at, **fields)])
            elif choice == "balance":
                insert(connection, [balance(tenant, user, "increased", amount, at)])
            else:
                insert(connection, [bet(tenant, f"{key}-{i}", "placed", at, user_id=f"u{i}") for i in range(1, 4)])
        except psycopg.Error as error:
            errors.append(str(error.sqlstate))
    return errors


def test_summaries_add_up_while_32_clients_write(db: psycopg.Connection, connect: Connect) -> None:
    writers = [connect("app") for _ in range(WRITERS)]
    done = threading.Event()

    def sample() -> tuple[int, list[Any]]:
        samples, found = 0, []
        while not done.is_set() or samples == 0:
            found += verify(db)
            samples += 1
        return samples, found

    with in_background(sample) as sampler:
        try:
            errors = at_once([lambda c=c, n=n: load(c, n, 30) for n, c in enumerate(writers)])
        finally:
            done.set()
        samples, found = sampler.result()
    assert samples >= 1 and found == []
    # Refused for want of money: yes. Deadlocks, or anything else: no.
    assert {state for of_writer in errors for state in of_writer} <= {"BL004"}
    assert value(db, "SELECT count(*) FROM bet_events") > WRITERS * 10
    assert_kept(db)
    assert value(db, "SELECT sum(bets) FROM tenants_summary_view") == value(db, "SELECT count(*) FROM bets_view")
    for column, source in (("staked", "user_activity_view"), ("deposits", "user_activity_view")):
        total = f"SELECT sum({column}) FROM tenants_summary_view WHERE tenant_id = 1"
        assert value(db, total) == value(db, f"SELECT sum({column}) FROM {source} WHERE tenant_id = 1")


CROSSING = {
    "bets move between two users": (
        [bet(1, "b2", "placed", T0 + 1, user_id="u1")],
        [bet(1, "b1", "placed", T0 + 1, user_id="u2")],
    ),
    "a bet moves while both users bet": (
        [bet(1, "b8", "placed", T0, user_id="u1"), bet(1, "b9", "placed", T0, user_id="u2")],
        [bet(1, "b1", "placed", T0 + 1, user_id="u2")],
    ),
    "new and old bets, and an old one": (
        [bet(1, "b9", "placed", T0, user_id="u1"), bet(1, "b1", "confirmed", T0 + 1)],
        [bet(1, "b1", "confirmed", T0 + 2)],
    ),
    "new bets of one user, old ones of the other": (
        [bet(1, "b8", "placed", T0, user_id="u1"), bet(1, "b2", "confirmed", T0 + 1)],
        [bet(1, "b9", "placed", T0, user_id="u2"), bet(1, "b1", "confirmed", T0 + 1)],
    ),
}


@pytest.mark.parametrize("case", CROSSING)
def test_lock_order(db: psycopg.Connection, connect: Connect, case: str) -> None:
    """Two statements that need the same rows, let loose at the same moment, do not wait for each other."""
    holder, one, two = connect("app"), connect("app"), connect("app")
    for tenant in range(1, 7):  # which of the two goes first is up to the server
        first, second = ([replace(e, tenant_id=tenant, id=uuid4()) for e in events] for events in CROSSING[case])
        insert(db, [bet(tenant, f"b{n}", "placed", T0, user_id=f"u{n}") for n in (1, 2)])
        holder.execute("BEGIN")
        insert(holder, [payment(tenant, "p1", "deposit_created", T0, user_id="u1")])  # holds the row of u1
        with in_background(lambda events=first: insert(one, events)) as a:
            wait_until_blocked(db, one)
            with in_background(lambda events=second: insert(two, events)) as b:
                wait_until_blocked(db, one, two)
                holder.execute("COMMIT")
                assert (a.exception(60), b.exception(60)) == (None, None)
    assert_kept(db)


def test_statements_of_many_rows_in_any_order_do_not_deadlock(db: psycopg.Connection, connect: Connect) -> None:
    """Each statement changes new bets, old bets or both, of some users: rows are locked in one order everywhere."""
    insert(db, [bet(1, f"b{n:02}", "placed", T0, user_id=f"u{n % 4}") for n in range(12)])

    def write(connection: psycopg.Connection, number: int) -> int:
        rng = random.Random(number)
        for n in range(15):
            old = [bet(1, f"b{i:02}", "confirmed", T0 + rng.randint(-5, 5)) for i in rng.sample(range(12), 3)]
            new = [bet(1, f"{c}{number}-{n}", "placed", T0 + n, user_id=f"u{rng.randint(0, 3)}") for c in "ac"]
            events = rng.choice([old, new, old + new, old[:1]])
            insert(connection, rng.sample(events, len(events)))
        return number

    results = at_once([lambda c=c, n=n: write(c, n) for n, c in enumerate([connect("app") for _ in range(8)])])
    assert states(results) == {"ok": 8}, results
    assert_kept(db)


def test_statements_that_begin_the_same_streams_do_not_deadlock(db: psycopg.Connection, connect: Connect) -> None:
    """Each makes the rows in the order of their keys: who is second waits at the first, with nothing in hand."""
    holder, one, two = connect("app"), connect("app"), connect("app")
    for n in range(5):
        streams = [f"{n}-{i:02}" for i in range(60)]

        def events(names: list[str] = streams) -> list[Event]:
            return [bet(1, name, "placed", T0, user_id="u") for name in random.sample(names, len(names))]

        holder.execute("BEGIN")
        insert(holder, [bet(1, streams[30], "placed", T0, user_id="v")])
        with in_background(lambda new=events(): insert(one, new)) as first:  # noqa: B008
            wait_until_blocked(db, one)
            with in_background(lambda new=events(): insert(two, new)) as second:  # noqa: B008
                wait_until_blocked(db, one, two)
                holder.execute("COMMIT")
                assert (first.exception(30), second.exception(30)) == (None, None)
    assert_kept(db)


# ---------------------------------------------------------------------------------------------- exactly once

CALLS = {
    "place_bet": "SELECT bet_id, duplicate FROM place_bet(1, 'u1', 10.50, 2, 'f1', 'k1')",
    "place_bet from balance": "SELECT bet_id, duplicate FROM place_bet(1, 'u1', 10.50, 2, 'f1', 'k1', true)",
    "deposit": "SELECT payment_id, duplicate FROM deposit(1, 'u1', 10.50, 'k1')",
    "withdraw": "SELECT payment_id, duplicate FROM withdraw(1, 'u1', 10.50, 'k1')",
}


@pytest.mark.parametrize("call", CALLS)
def test_a_key_sent_to_a_function_by_32_clients_is_one_operation(
    db: psycopg.Connection, connect: Connect, call: str
) -> None:
    insert(db, [balance(1, "u1", "increased", "100.00", T0)])
    results = at_once([lambda c=connect("app"): c.execute(CALLS[call]).fetchone() for _ in range(WRITERS)])
    assert states(results) == {"ok": WRITERS}
    assert len({id_ for id_, _ in results}) == 1
    assert Counter(duplicate for _, duplicate in results) == {False: 1, True: WRITERS - 1}
    is_bet = call.startswith("place_bet")
    assert value(db, "SELECT count(*) FROM bets_view") == is_bet
    assert value(db, "SELECT count(*) FROM payments_view") == (not is_bet)
    change = {"place_bet": 0, "deposit": Decimal("10.50")}.get(call, Decimal("-10.50"))
    assert value(db, "SELECT balance FROM user_balances_view") == 100 + change
    assert value(db, "SELECT transaction_count FROM user_balances_view") == (1 if change == 0 else 2)
    assert_kept(db)


@pytest.mark.parametrize(
    "event",
    [
        bet(1, "b1", "placed", T0, "k1"),
        payment(1, "p1", "deposit_created", T0, "k1"),
        balance(1, "u1", "increased", 5, T0, "k1"),
    ],
    ids=lambda e: e.table,
)
@pytest.mark.parametrize("same_stream", [True, False], ids=["same stream", "other streams"])
def test_a_key_inserted_by_32_clients_is_one_event(
    db: psycopg.Connection, connect: Connect, event: Event, same_stream: bool
) -> None:
    events = [
        Event(
            event.table, 1, event.aggregate_id if same_stream else f"s{n}", event.event_type, event.event_data, T0, "k1"
        )
        for n in range(WRITERS)
    ]
    results = at_once([lambda c=connect("app"), e=e: insert(c, [e]) for e in events])
    assert states(results) == {"ok": 1, "23505": WRITERS - 1}
    assert value(db, f"SELECT count(*) FROM {event.table}") == 1
    assert_kept(db)


def test_a_used_key_changes_nothing(db: psycopg.Connection, connect: Connect) -> None:
    insert(db, [bet(1, "b1", "placed", T0, "k1")])
    before = read(db)
    with pytest.raises(psycopg.errors.UniqueViolation):
        insert(connect("app"), [bet(1, "b2", "placed", T0), bet(1, "b1", "placed", T0 + 1, "k1", user_id="u2")])
    assert read(db) == before == fold(stored_events(db))


# ---------------------------------------------------------------------------------------------- balances


def test_a_balance_never_falls_below_zero(db: psycopg.Connection, connect: Connect) -> None:
    insert(db, [balance(1, "u1", "increased", "100.00", T0)])
    lowest: list[Decimal] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set() or not lowest:
            lowest.append(value(db, "SELECT balance FROM user_balances_view WHERE tenant_id = 1 AND user_id = 'u1'"))

    def spend(connection: psycopg.Connection, number: int) -> Decimal:
        spent, rng = Decimal(0), random.Random(number)
        for n in range(8):
            amount = Decimal(rng.randint(1, 2000)) / 100
            call = "withdraw(1, 'u1', %s, %s)" if n % 2 else "place_bet(1, 'u1', %s, 2, 'f1', %s, true)"
            try:
                connection.execute(f"SELECT FROM {call}", (amount, f"{number}-{n}"))
                spent += amount
            except psycopg.Error as error:
                if error.sqlstate != "BL004":
                    raise
        return spent

    with in_background(watch) as watcher:
        try:
            results = at_once(
                [lambda c=c, n=n: spend(c, n) for n, c in enumerate([connect("app") for _ in range(WRITERS)])]
            )
        finally:
            done.set()
        watcher.result()
    assert states(results) == {"ok": WRITERS}
    assert min(lowest) >= 0
    left = value(db, "SELECT balance FROM user_balances_view")
    assert left == 100 - sum(results) >= 0
    # Nothing is stored of what was refused.
    stakes = value(db, "SELECT coalesce(sum(stake), 0) FROM bets_view")
    assert stakes + value(db, "SELECT coalesce(sum(amount), 0) FROM payments_view") == sum(results)
    assert_kept(db)


def test_settling_cancelling_and_failing_at_once_pays_once(db: psycopg.Connection, connect: Connect) -> None:
    db.execute("SELECT FROM deposit(1, 'u1', 100, 'k1')")
    bet_id = value(db, "SELECT bet_id FROM place_bet(1, 'u1', 10, 2, 'f1', 'k2', true)")
    payment_id = value(db, "SELECT payment_id FROM withdraw(1, 'u1', 30, 'k3')")
    calls = ["settle_bet(1, %(bet)s, 'win', 25)", "cancel_bet(1, %(bet)s)", "fail_payment(1, %(payment)s)"] * 8
    names = {"bet": bet_id, "payment": payment_id}
    results = at_once([lambda c=connect("app"), q=q: c.execute(f"SELECT FROM {q}", names) and q for q in calls])
    assert states(results) == {"ok": 2, "BL003": 22}
    won = 25 if any(r == calls[0] for r in results) else 10
    assert value(db, "SELECT balance FROM user_balances_view") == 100 - 10 + won
    assert_kept(db)


# ---------------------------------------------------------------------------------------------- interleaved transactions

FIRST = bet(1, "b1", "placed", T0, "k1")
PAIRS = {
    "in order": (bet(1, "b1", "confirmed", T0 + 1), bet(1, "b1", "settled", T0 + 2)),
    "late": (bet(1, "b1", "settled", T0 + 2), bet(1, "b1", "confirmed", T0 + 1)),
    "first is late": (bet(1, "b1", "settled", T0 + 2), FIRST),
    "first is first": (FIRST, bet(1, "b1", "settled", T0 + 2)),
    "two users": (bet(1, "b1", "placed", T0 + 3, user_id="u3"), bet(1, "b1", "placed", T0 + 2, user_id="u2")),
    "in one millisecond": (bet(1, "b1", "confirmed", T0 + 1), bet(1, "b1", "settled", T0 + 1)),
    "in one millisecond, the other way": (bet(1, "b1", "settled", T0 + 1), bet(1, "b1", "confirmed", T0 + 1)),
    "settled and cancelled": (bet(1, "b1", "settled", T0 + 1), bet(1, "b1", "cancelled", T0 + 2)),
    "settled and cancelled at once": (bet(1, "b1", "settled", T0 + 1), bet(1, "b1", "cancelled", T0 + 1)),
}


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
@pytest.mark.parametrize(
    "many",
    [(False, False), (True, True), (False, True), (True, False)],
    ids=["one row", "many rows", "one, then many", "many, then one"],
)
@pytest.mark.parametrize("exists", [True, False], ids=["bet is there", "bet is new"])
@pytest.mark.parametrize("pair", PAIRS)
def test_two_open_transactions_on_one_bet(
    db: psycopg.Connection, connect: Connect, pair: str, exists: bool, many: tuple[bool, bool], end: str
) -> None:
    """Short path, merge and fold of all events, each after each other one has taken the lock."""
    events = list(PAIRS[pair])
    if exists:
        insert(db, [bet(1, "b1", "placed", T0 - 1, "k0", user_id="u0")])
    one, two = connect("app"), connect("app")
    others = [[bet(1, f"{c}-{n}", "placed", T0, user_id="u2") for c in "az"] if many[n] else [] for n in (0, 1)]
    one.execute("BEGIN")
    insert(one, [*others[0], events[0]])

    def second() -> None:
        with two.transaction():
            insert(two, [events[1], *others[1]])

    with in_background(second) as waiting:
        wait_until_blocked(db, two)
        one.execute(end)
        waiting.result(30)
    stored = stored_events(db)
    assert (events[0].id in {e.id for e in stored}) == (end == "COMMIT")
    assert events[1].id in {e.id for e in stored}
    assert_kept(db)


@pytest.mark.not_on_citus("two sessions of a node may share a slot of the summary, and wait for each other")
def test_a_row_that_is_made_between_lock_and_fold_is_locked_too(db: psycopg.Connection, connect: Connect) -> None:
    """What others do to a row that was not there when the rows were locked must not be lost."""
    many, holds_a, holds_b, holds_k = (connect("app") for _ in range(4))
    insert(db, [bet(1, "a", "placed", T0, user_id="ua")])
    holds_a.execute("BEGIN")
    insert(holds_a, [bet(1, "a", "confirmed", T0 + 1)])

    def confirm_all() -> None:
        insert(many, [bet(1, name, "confirmed", T0 + 2) for name in "abk"])

    with in_background(confirm_all) as waiting:
        wait_until_blocked(db, many)  # on a, before b and k are there
        insert(db, [bet(1, "b", "placed", T0, user_id="ub")])
        holds_b.execute("BEGIN")
        insert(holds_b, [bet(1, "b", "cancelled", T0 + 3)])
        holds_a.execute("COMMIT")
        time.sleep(0.2)  # it has a lock on a, and sees b, but not yet k
        wait_until_blocked(db, many)
        insert(db, [bet(1, "k", "placed", T0, user_id="uk")])
        holds_k.execute("BEGIN")
        insert(holds_k, [bet(1, "k", "cancelled", T0 + 3)])
        holds_b.execute("COMMIT")
        time.sleep(0.2)  # it sees k now, without the cancellation
        wait_until_blocked(db, many)
        holds_k.execute("COMMIT")
        waiting.result(30)
    assert_kept(db)


@pytest.mark.parametrize("exist", [True, False], ids=["bets are there", "bets are new"])
def test_16_clients_bring_the_lives_of_four_bets_in_any_order(
    db: psycopg.Connection, connect: Connect, exist: bool
) -> None:
    """Every client brings events of every bet, one by one or in pairs, on time, tied or late: who is first, nobody knows."""
    lives = [
        bet(1, f"b{n}", kind, T0 + at, **({"user_id": f"u{at}", "stake": f"{at + 1}.5"} if kind == "placed" else {}))
        for n in range(4)
        for at in range(8)
        for kind in ("placed", "confirmed", "settled", "cancelled")
    ]
    if exist:
        insert(db, [bet(1, f"b{n}", "placed", T0 - 1, user_id="u0") for n in range(4)])
    events = random.Random(1).sample(lives, len(lives))

    def write(connection: psycopg.Connection, number: int) -> None:
        mine, size = events[number::16], 1 + number % 2
        for n in range(0, len(mine), size):
            insert(connection, mine[n : n + size])

    # It need not take long to find out.
    db.execute(sql.SQL("ALTER DATABASE {} SET deadlock_timeout = '10ms'").format(sql.Identifier(db.info.dbname)))
    results = at_once([lambda c=c, n=n: write(c, n) for n, c in enumerate([connect("app") for _ in range(16)])])
    assert states(results) == {"ok": 16}, results
    assert len(stored_events(db)) == len(lives) + 4 * exist
    assert_kept(db)


@pytest.mark.not_on_citus("rows are folded on the nodes there")
def test_a_rebuild_gives_back_its_locks_where_rows_are_made_beside_it(db: psycopg.Connection, connect: Connect) -> None:
    """It has made c when it hears that b was made: whoever changes b now may want c, and must not be waited for."""
    insert(db, [bet(1, name, "placed", T0, user_id=f"u{name}") for name in "abcd"])
    db.execute("DELETE FROM bets_view")
    first, last, holder, rebuild = connect("app"), connect("app"), connect("app"), connect("operator")
    first.execute("BEGIN")
    insert(first, [bet(1, "a", "placed", T0 + 1, user_id="ua")])
    fold = "SELECT projection.refresh_rows('public.bets_view', '{1,1,1,1}', '{a,b,c,d}', NULL)"
    with in_background(lambda: rebuild.execute(fold)) as folding:
        wait_until_blocked(db, rebuild)  # at a: it has not seen b
        insert(db, [bet(1, "b", "placed", T0 + 1, user_id="ub")])
        last.execute("BEGIN")
        insert(last, [bet(1, "d", "placed", T0 + 1, user_id="ud")])
        first.execute("COMMIT")
        time.sleep(0.2)
        wait_until_blocked(db, rebuild)  # at d: it has passed b, and made c
        holder.execute("BEGIN")
        insert(holder, [bet(1, "b", "confirmed", T0 + 2)])
        last.execute("COMMIT")
        time.sleep(0.2)
        wait_until_blocked(db, rebuild)  # at b
        insert(holder, [bet(1, "c", "confirmed", T0 + 2)])
        holder.execute("COMMIT")
        folding.result(30)
    db.execute("CALL ops.rebuild_projection()")
    assert_kept(db)


def test_two_open_transactions_on_one_payment_and_one_balance(db: psycopg.Connection, connect: Connect) -> None:
    one, two, three = connect("app"), connect("app"), connect("app")
    one.execute("BEGIN")
    insert(one, [payment(1, "p1", "deposit_created", T0, "k1")])
    insert(one, [balance(1, "u1", "increased", "10.00", T0)])

    def second() -> None:
        insert(two, [payment(1, "p1", "deposit_failed", T0 + 1)])

    def third() -> None:
        insert(three, [balance(1, "u1", "increased", "5.5", T0 - 1)])

    with in_background(second) as payments, in_background(third) as balances:
        wait_until_blocked(db, two, three)
        one.execute("COMMIT")
        payments.result(30)
        balances.result(30)
    assert value(db, "SELECT status FROM payments_view") == "failed"
    assert str(value(db, "SELECT balance FROM user_balances_view")) == "15.5"
    assert_kept(db)


# ---------------------------------------------------------------------------------------------- isolation levels

STALE = {
    "bet that changed": ([FIRST], bet(1, "b1", "confirmed", T0 + 1), bet(1, "b1", "settled", T0 + 2)),
    "bet that is new": ([], FIRST, bet(1, "b1", "settled", T0 + 2)),
    "bet moved to another user": (
        [FIRST],
        bet(1, "b1", "placed", T0 + 1, user_id="u2"),
        bet(1, "b1", "confirmed", T0 + 2),
    ),
    "user that changed": ([FIRST], bet(1, "b2", "placed", T0), bet(1, "b3", "placed", T0)),
    "user that is new": ([], bet(1, "b2", "placed", T0), bet(1, "b3", "placed", T0)),
    "payment that changed": (
        [payment(1, "p1", "deposit_created", T0)],
        payment(1, "p1", "deposit_completed", T0 + 1),
        payment(1, "p1", "deposit_failed", T0 + 2),
    ),
    "balance that changed": (
        [balance(1, "u1", "increased", 5, T0)],
        balance(1, "u1", "increased", 5, T0),
        balance(1, "u1", "decreased", 5, T0),
    ),
    "balance that is new": ([], balance(1, "u1", "increased", 5, T0), balance(1, "u1", "decreased", 5, T0)),
}


@pytest.mark.parametrize("many", [False, True], ids=["one row", "many rows"])
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("case", STALE)
def test_a_writer_with_an_old_snapshot_is_refused(
    db: psycopg.Connection, connect: Connect, case: str, level: str, many: bool
) -> None:
    before, theirs, ours = STALE[case]
    for event in before:
        insert(db, [event])
    app = connect("app")
    # A row more makes the statement take the general path.
    more = {
        "bet_events": bet(1, "x", "placed", T0, user_id="u9"),
        "payment_events": payment(1, "x", "deposit_created", T0, user_id="u9"),
        "balance_events": balance(1, "u9", "increased", 1, T0),
    }[ours.table]
    statement = [ours, more] if many else [ours]
    app.execute(f"BEGIN ISOLATION LEVEL {level}")
    app.execute("SELECT count(*) FROM bets_view").fetchone()
    insert(db, [theirs])
    with pytest.raises(psycopg.errors.SerializationFailure):
        insert(app, statement)
    app.execute("ROLLBACK")
    assert read(db) == fold([*before, theirs])
    app.execute(f"BEGIN ISOLATION LEVEL {level}")
    insert(app, statement)
    app.execute("COMMIT")
    assert_kept(db)


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_writers_of_a_strict_isolation_level_keep_the_fold(
    db: psycopg.Connection, connect: Connect, level: str
) -> None:
    def write(connection: psycopg.Connection, number: int) -> int:
        connection.execute(f"SET default_transaction_isolation = '{level.lower()}'")
        rng, stored = random.Random(number), 0
        for n in range(15):
            kind = rng.choice(["placed", "confirmed", "settled"])
            fields = {"user_id": f"u{rng.randint(1, 3)}"} if kind == "placed" else {}
            try:
                insert(connection, [bet(1, f"b{rng.randint(1, 4)}", kind, T0 + rng.randint(0, 50), **fields)])
                connection.execute("SELECT FROM deposit(1, %s, 5.50, %s)", (f"u{n % 3}", f"{number}-{n}"))
                stored += 1
            except psycopg.errors.SerializationFailure:
                continue
        return stored

    results = at_once([lambda c=c, n=n: write(c, n) for n, c in enumerate([connect("app") for _ in range(8)])])
    assert states(results) == {"ok": 8}
    assert sum(results) > 0
    assert_kept(db)


# ---------------------------------------------------------------------------------------------- maintenance beside writers


MEANWHILE = {
    "wrong bet": ("UPDATE bets_view SET odds = 9", "CALL ops.rebuild_projection('bets_view')"),
    "missing bet": ("DELETE FROM bets_view", "CALL ops.rebuild_projection('bets_view')"),
    "wrong balance": ("UPDATE user_balances_view SET balance = 9", "CALL ops.rebuild_projection('user_balances_view')"),
    "missing balance": ("DELETE FROM user_balances_view", "CALL ops.rebuild_projection('user_balances_view')"),
    "wrong user": ("UPDATE user_activity_view SET staked = 9", "CALL ops.rebuild_projection('user_activity_view')"),
    "missing user": ("DELETE FROM user_activity_view", "CALL ops.rebuild_projection('user_activity_view')"),
    "expired key": ("SELECT", "CALL ops.purge_idempotency_keys('0')"),
}


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
@pytest.mark.parametrize("case", MEANWHILE)
def test_maintenance_waits_for_an_open_transaction(
    db: psycopg.Connection, connect: Connect, case: str, end: str
) -> None:
    damage, maintenance = MEANWHILE[case]
    insert(db, [bet(1, "b1", "placed", T0, "k1")])
    insert(db, [balance(1, "u1", "increased", "10.00", T0)])
    db.execute(damage)
    writer, operator = connect("app"), connect("operator")
    writer.execute("BEGIN")
    insert(writer, [bet(1, "b1", "settled", T0 + 5)])
    insert(writer, [balance(1, "u1", "increased", "5.50", T0 + 5)])
    with in_background(lambda: operator.execute(maintenance)) as running:
        wait_until_blocked(db, operator)
        writer.execute(end)
        running.result(60)
    operator.execute("CALL ops.rebuild_projection('user_activity_view')")
    operator.execute("CALL ops.rebuild_projection('tenants_summary_view')")
    assert value(db, "SELECT count(*) FROM bet_events") == (2 if end == "COMMIT" else 1)
    assert_kept(db)


def test_rebuild_and_purge_run_beside_writers(db: psycopg.Connection, connect: Connect) -> None:
    writers = [connect("app") for _ in range(8)]
    done = threading.Event()
    insert(db, [bet(1, f"old-{n}", "placed", T0, f"old-{n}", user_id=f"u{n % 5}") for n in range(60)])
    insert(db, [balance(1, f"u{n % 5}", "increased", "10.10", T0, f"old-{n}") for n in range(60)])

    def again_and_again(connection: psycopg.Connection, *calls: str) -> int:
        rounds = 0
        while not done.is_set() or rounds == 0:
            for call in calls:
                connection.execute(call)
            rounds += 1
        return rounds

    # Rows are damaged while all this runs, too: a writer adds to a wrong row, the rebuild finds the right one.
    damage = (
        "DELETE FROM user_balances_view WHERE tenant_id = 1 AND user_id = 'u2'",
        # One slot: who writes several rows in no order has a deadlock coming.
        "UPDATE projection.tenant_totals SET staked = staked + 7, users = users - 1 WHERE (tenant_id, slot) ="
        " (SELECT t.tenant_id, t.slot FROM projection.tenant_totals AS t ORDER BY 1, 2 LIMIT 1)",
        "DELETE FROM user_activity_view WHERE tenant_id = 1 AND user_id = 'u3'",
        "DELETE FROM bets_view WHERE bet_id = 'old-7'",
    )
    rebuilder, purger, vandal = connect("operator"), connect("operator"), connect()
    for connection in (rebuilder, purger):
        connection.execute("SET jit = off")
    with (
        in_background(lambda: again_and_again(rebuilder, "CALL ops.rebuild_projection(p_batch => 7)")) as rebuilt,
        in_background(lambda: again_and_again(purger, "CALL ops.purge_idempotency_keys('0', 5)")) as purged,
        in_background(lambda: again_and_again(vandal, *damage, "SELECT pg_sleep(0.05)")) as damaged,
    ):
        try:
            errors = at_once([lambda c=c, n=n: load(c, n, 20) for n, c in enumerate(writers)])
        finally:
            done.set()
        assert rebuilt.result(60) >= 1 and purged.result(60) >= 1 and damaged.result(60) >= 1
    assert {state for of_writer in errors for state in of_writer} <= {"BL004"}
    rebuilder.execute("CALL ops.rebuild_projection()")
    purger.execute("CALL ops.purge_idempotency_keys('0')")
    assert_kept(db)
    assert value(db, "SELECT count(*) FROM bets_view WHERE idempotency_key IS NOT NULL") == 0
    assert value(db, "SELECT count(*) FROM bet_events WHERE metadata ? 'idempotency_key'") == 0


def test_rebuild_and_purge_beside_writers_leave_nothing_to_find(db: psycopg.Connection, connect: Connect) -> None:
    writers = [connect("app") for _ in range(8)]
    insert(db, [bet(1, f"old-{n}", "placed", T0, f"old-{n}", user_id=f"u{n % 5}") for n in range(60)])
    done = threading.Event()
    rounds: Counter[str] = Counter()
    found: list[Any] = []

    def again_and_again(connection: psycopg.Connection, call: str) -> None:
        connection.execute("SET jit = off")
        while not done.is_set() or not rounds[call]:
            if call == "verify":
                found.extend(verify(connection))
            else:
                connection.execute(call)
            rounds[call] += 1

    calls = ["verify", "CALL ops.rebuild_projection(p_batch => 7)", "CALL ops.purge_idempotency_keys('0', 5)"]
    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(again_and_again, connect("operator"), call) for call in calls]
        try:
            errors = at_once([lambda c=c, n=n: load(c, n, 20) for n, c in enumerate(writers)])
        finally:
            done.set()
        for one in running:
            one.result(60)
    assert all(rounds[call] for call in calls)
    assert {state for of_writer in errors for state in of_writer} <= {"BL004"}
    assert found == []
    assert_kept(db)


@pytest.mark.not_on_citus("Citus refuses REINDEX CONCURRENTLY of a distributed table in a session that is not its own")
@pytest.mark.parametrize("table", ["user_activity_view", "user_balances_view", "bets_view", "projection.tenant_totals"])
def test_no_writer_meets_the_index_that_is_being_built(db: psycopg.Connection, connect: Connect, table: str) -> None:
    """23505 says that an id or a key was used, and nothing else."""
    writers = [connect("app") for _ in range(4)]
    stop = threading.Event()

    def build() -> None:
        with connect() as connection:
            while not stop.is_set():
                connection.execute(f"REINDEX TABLE CONCURRENTLY {table}")

    def write(writer: psycopg.Connection, number: int, user: int) -> None:
        writer.execute("SELECT FROM deposit(%s, %s, 5, %s)", (user + 1, f"u{user}", f"k{user}-{number}"))
        writer.execute("SELECT FROM place_bet(%s, %s, 5, 2, 'f', %s)", (user + 1, f"u{user}", f"k{user}-{number}"))

    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(build)
        try:
            found: Counter[str | None] = Counter()
            end = time.monotonic() + 4
            for user in range(10_000):
                if time.monotonic() > end:
                    break
                found += states(at_once([
                    lambda w=writer, n=number, u=user: write(w, n, u) for number, writer in enumerate(writers)
                ]))  # fmt: skip
        finally:
            stop.set()
            building.result(60)
    assert set(found) <= {"ok", "40001"} and found["ok"] > 100, found
    assert_kept(db)
