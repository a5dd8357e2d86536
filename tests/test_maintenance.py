"""What DBAs call: rebuild, verify and purge. Each finds and mends what is wrong, and may die at any moment."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import sleep
from typing import Any

import psycopg
import pytest
from betledger.commands import progress
from fold_in_python import Event, balance, bet, copy, delete_read_rows, fold, insert, payment, read, verify
from ledger import wait_until_blocked
from rich.console import Console

Connect = Callable[..., psycopg.Connection]

T0 = 1_700_000_000_000
LONG_AGO = datetime.now(UTC) - timedelta(days=3)
PROJECTIONS = ("bets_view", "payments_view", "user_activity_view", "user_balances_view", "tenants_summary_view")


def life(tenant: int) -> list[Event]:
    """Events that reach every read table; the same ids, streams, users and keys in every tenant."""
    events = [
        bet(tenant, "b1", "placed", T0, "k1", stake="10.50"),
        bet(tenant, "b1", "settled", T0 + 3, "k2", payout="21.00"),
        bet(tenant, "b2", "placed", T0 + 1, "k3", user_id="u2", stake="3.00"),
        payment(tenant, "p1", "deposit_created", T0, "k1", amount="100.00"),
        payment(tenant, "p2", "withdrawal_created", T0 + 2, "k2", amount="7.25", user_id="u3"),
        balance(tenant, "u1", "increased", "100.00", T0, "k1"),
        balance(tenant, "u3", "decreased", "7.25", T0 + 2, "k2"),
    ]
    return [replace(e, id=f"00000000-0000-4000-8000-{n:012}") for n, e in enumerate(events)]  # type: ignore[arg-type]


LIVES = [*life(1), *life(2)]

# By the read table: what somebody may have done to it, and what verify has to say: (projection, tenant, key) of each row.
DAMAGE = {
    "a bet that changed": ("UPDATE bets_view SET odds = 9 WHERE tenant_id = 1 AND bet_id = 'b1'", "bets_view", "b1"),
    "trailing zeros of a stake": (
        "UPDATE bets_view SET stake = trim_scale(stake) WHERE tenant_id = 1 AND bet_id = 'b1'",
        "bets_view",
        "b1",
    ),
    "a bet that is missing": ("DELETE FROM bets_view WHERE tenant_id = 1 AND bet_id = 'b2'", "bets_view", "b2"),
    "a bet that never was": (
        "INSERT INTO bets_view (tenant_id, bet_id, status, created_at, last_updated_at)"
        " VALUES (1, 'ghost', 'placed', now(), now())",
        "bets_view",
        "ghost",
    ),
    "a payment that changed": ("UPDATE payments_view SET user_id = NULL WHERE tenant_id = 1 AND payment_id = 'p1'", "payments_view", "p1"),
    "a payment that is missing": ("DELETE FROM payments_view WHERE tenant_id = 1 AND payment_id = 'p2'", "payments_view", "p2"),
    "a payment that never was": (
        "INSERT INTO payments_view VALUES (1, 'ghost', 'u1', 'deposit', 5, 'created', NULL, now(), now())",
        "payments_view",
        "ghost",
    ),
    "a balance that changed": (
        "UPDATE user_balances_view SET balance = balance + 1 WHERE tenant_id = 1 AND user_id = 'u1'",
        "user_balances_view",
        "u1",
    ),
    "a balance that is missing": ("DELETE FROM user_balances_view WHERE tenant_id = 1 AND user_id = 'u1'", "user_balances_view", "u1"),
    "a balance that never was": (
        "INSERT INTO user_balances_view VALUES (1, 'ghost', 1, 1, now())",
        "user_balances_view",
        "ghost",
    ),
    "a user summary that changed": (
        "UPDATE user_activity_view SET staked = staked + 0.01 WHERE tenant_id = 1 AND user_id = 'u2'",
        "user_activity_view",
        "u2",
    ),
    "a user whose first activity changed": (
        "UPDATE user_activity_view SET first_activity_at = now() WHERE tenant_id = 1 AND user_id = 'u1'",
        "user_activity_view",
        "u1",
    ),
    "a user summary that is missing": ("DELETE FROM user_activity_view WHERE tenant_id = 1 AND user_id = 'u1'", "user_activity_view", "u1"),
    "a user summary that never was": (
        "INSERT INTO user_activity_view (tenant_id, user_id, bets, first_activity_at, last_activity_at)"
        " VALUES (1, 'ghost', 3, now(), now())",
        "user_activity_view",
        "ghost",
    ),
    "a slot that changed": ("UPDATE projection.tenant_totals SET bets_placed = 5 WHERE tenant_id = 1", "tenant_totals", None),
    "slots that are missing": ("DELETE FROM projection.tenant_totals WHERE tenant_id = 1", "tenant_totals", None),
    "a slot too many": (
        "INSERT INTO projection.tenant_totals (tenant_id, slot, paid_out) VALUES (1, 32000, 0.01)",
        "tenant_totals",
        None,
    ),
}  # fmt: skip


def fill(db: psycopg.Connection, events: Sequence[Event] = LIVES) -> None:
    for event in events:
        insert(db, [event])


def refused(db: psycopg.Connection, statement: str) -> psycopg.Error:
    with pytest.raises(psycopg.Error) as caught:
        db.execute(statement)
    return caught.value


def keys_left(db: psycopg.Connection, table: str = "bet_events") -> list[str]:
    query = f"SELECT metadata ->> 'idempotency_key' FROM {table} WHERE metadata ? 'idempotency_key' ORDER BY 1"
    return [key for (key,) in db.execute(query).fetchall()]


# ---------------------------------------------------------------------------------------------- verify


@pytest.mark.parametrize("damage", DAMAGE)
def test_verify_finds_the_row_and_rebuild_mends_it(db: psycopg.Connection, connect: Connect, damage: str) -> None:
    operator = connect("operator")
    fill(db)
    assert verify(operator) == []
    statement, table, key = DAMAGE[damage]
    db.execute(statement)
    found = verify(operator)
    direct = [row for row in found if row[0].endswith("." + table)]
    assert [(row[1], row[2]) for row in direct] == [(1, key)]
    # Beside it, only summaries of the damaged table may differ.
    assert {row[0].split(".")[1] for row in found} <= {table, "user_activity_view", "tenant_totals"}
    assert [row for row in found if row[1] != 1] == []
    _, _, _, expected, actual = direct[0]
    assert expected != actual
    assert (actual is None) == ("missing" in damage) and (expected is None) == ("never was" in damage)
    assert verify(operator, 1) == found
    assert verify(operator, 2) == []
    # Of a sample of everything, all but the totals of tenants.
    sample = operator.execute("SELECT projection, tenant_id, key, expected::text, actual::text FROM ops.verify_projections(NULL, 100)")
    assert sorted(sample.fetchall()) == sorted(row for row in found if row[0] != "projection.tenant_totals")

    operator.execute("CALL ops.rebuild_projection()")
    assert verify(operator) == []
    assert read(db) == fold(LIVES)


def test_verify_shows_what_is_expected(db: psycopg.Connection, connect: Connect) -> None:
    fill(db)
    db.execute("UPDATE bets_view SET odds = 9 WHERE tenant_id = 2 AND bet_id = 'b1'")
    ((projection, tenant, key, expected, actual),) = verify(connect("operator"))
    assert (projection, tenant, key) == ("public.bets_view", 2, "b1")
    expected, actual = json.loads(expected), json.loads(actual)
    assert {name for name in expected if expected[name] != actual[name]} == {"odds"}
    assert (expected["odds"], actual["odds"]) == (1.85, 9)


def test_a_sample_reads_some_blocks_of_the_tables(db: psycopg.Connection, connect: Connect) -> None:
    copy(db, [bet(1 + n % 2, f"b{n}", "placed", T0 + n, None, user_id=f"u{n % 40}", stake="1.10") for n in range(4000)])
    db.execute("UPDATE bets_view SET odds = 9")
    found = [len(db.execute("SELECT FROM ops.verify_projections(p_sample => 20)").fetchall()) for _ in range(5)]
    # Of each table some 20 percent of the blocks, which hold some bets each.
    assert all(found) and 400 < sum(found) / 5 < 3000, found
    assert {row[0] for row in connect("operator").execute("SELECT tenant_id FROM ops.verify_projections(2, 50)")} == {2}
    # What a sample finds is remembered, what it does not find says nothing of the rest.
    runs = "SELECT found > 0 FROM ops.maintenance_runs WHERE command = 'verify' AND only_tenant IS NULL"
    assert db.execute(runs).fetchall() == [(True,)] * 5
    db.execute("CALL ops.rebuild_projection()")
    assert db.execute("SELECT FROM ops.verify_projections(NULL, 100)").fetchall() == []
    assert len(db.execute(runs).fetchall()) == 5


def test_a_summary_of_a_tenant_without_events_is_taken_out(db: psycopg.Connection) -> None:
    fill(db)
    db.execute("INSERT INTO projection.tenant_totals (tenant_id, slot, users, staked) VALUES (3, 0, 1, 5)")
    assert [row[:2] for row in verify(db)] == [("projection.tenant_totals", 3)]
    db.execute("CALL ops.rebuild_projection()")
    assert verify(db) == []
    assert read(db) == fold(LIVES)


def test_totals_that_are_all_zero_come_back(db: psycopg.Connection) -> None:
    events = [balance(3, "u1", "increased", "10", T0), balance(3, "u1", "decreased", "10", T0 + 1)]
    fill(db, events)
    db.execute("DELETE FROM projection.tenant_totals")
    assert [row[:2] for row in verify(db)] == [("projection.tenant_totals", 3)]
    db.execute("CALL ops.rebuild_projection()")
    assert verify(db) == []
    assert read(db) == fold(events)


# ---------------------------------------------------------------------------------------------- rebuild


@pytest.mark.parametrize("qualified", [False, True], ids=["name", "schema and name"])
@pytest.mark.parametrize("name", PROJECTIONS)
def test_rebuild_of_one_projection(db: psycopg.Connection, connect: Connect, name: str, qualified: bool) -> None:
    fill(db)
    stored = "projection.tenant_totals" if name == "tenants_summary_view" else f"public.{name}"
    db.execute(f"DELETE FROM {stored}")
    assert stored in {row[0] for row in verify(db)}
    connect("operator").execute("CALL ops.rebuild_projection(%s)", ("public." * qualified + name,))
    assert read(db, tables=[name]) == {name: fold(LIVES)[name]}
    assert stored not in {row[0] for row in verify(db)}


def test_rebuild_touches_only_the_tenant_asked_for(db: psycopg.Connection, connect: Connect) -> None:
    fill(db)
    for statement, _, _ in DAMAGE.values():
        if statement.startswith("UPDATE"):
            db.execute(statement)
            db.execute(statement.replace("tenant_id = 1", "tenant_id = 2"))
    before = read(db, [1])
    found = verify(db, 1)
    assert found
    connect("operator").execute("CALL ops.rebuild_projection(NULL, 2)")
    assert read(db, [2]) == fold(life(2))
    assert verify(db, 2) == []
    assert read(db, [1]) == before
    assert verify(db, 1) == found
    connect("operator").execute("CALL ops.rebuild_projection(p_tenant_id => 1)")
    assert read(db) == fold(LIVES)


def test_rebuild_touches_only_the_projection_asked_for(db: psycopg.Connection) -> None:
    fill(db)
    db.execute("UPDATE bets_view SET odds = 9")
    db.execute("UPDATE payments_view SET status = 'failed'")
    db.execute("CALL ops.rebuild_projection('bets_view')")
    assert read(db, tables=["bets_view"])["bets_view"] == fold(LIVES)["bets_view"]
    assert "public.payments_view" in {row[0] for row in verify(db)}
    assert db.execute("SELECT DISTINCT status FROM payments_view").fetchall() == [("failed",)]


@pytest.mark.parametrize("batch", [1, 2, 3, 10000])
def test_rebuild_of_everything_in_batches(db: psycopg.Connection, batch: int) -> None:
    fill(db)
    delete_read_rows(db)
    for statement, _, _ in DAMAGE.values():
        if statement.startswith("INSERT"):
            db.execute(statement)
    db.execute("CALL ops.rebuild_projection(p_batch => %s)", (batch,))
    assert read(db) == fold(LIVES)
    assert verify(db) == []


def test_rebuild_of_what_is_right_changes_no_row(db: psycopg.Connection) -> None:
    fill(db)
    tables = ("bets_view", "payments_view", "user_balances_view", "user_activity_view", "projection.tenant_totals")
    versions = [sorted(map(str, db.execute(f"SELECT ctid, xmin, t.* FROM {t} AS t"))) for t in tables]
    db.execute("CALL ops.rebuild_projection()")
    assert [sorted(map(str, db.execute(f"SELECT ctid, xmin, t.* FROM {t} AS t"))) for t in tables] == versions


def test_rebuild_reports_its_progress(db: psycopg.Connection) -> None:
    fill(db)
    details: list[dict[str, Any]] = []
    db.add_notice_handler(lambda d: details.append(json.loads(d.message_detail or "{}")))
    db.execute("CALL ops.rebuild_projection('bets_view', p_batch => 1)")
    bets = [(d["done"], d["total"]) for d in details if d["step"] == "public.bets_view"]
    # On a cluster one of each shard at the same time. PostgreSQL knows about how many there are.
    assert bets[0][0] in {1, 2} and bets[-1] == (4, 4) and len(bets) >= 3
    assert all(done <= total < 10_000 for done, total in bets)
    # What is above it follows, and nothing else.
    assert list(dict.fromkeys(d["step"] for d in details)) == [
        "public.bets_view", "public.user_activity_view", "projection.tenant_totals"
    ]  # fmt: skip


def test_a_bar_moves_within_a_step(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `distribute` asks how far the copy of one table is: no further than its step goes."""
    drawn = io.StringIO()
    monkeypatch.setattr(progress, "err", Console(file=drawn, force_terminal=True, width=100))
    monkeypatch.setattr(progress, "is_terminal", lambda _: True)
    told = json.dumps({"step": "MB", "done": 10, "until": 50, "total": 100})
    with psycopg.connect(dsn, autocommit=True) as session, progress.shown(session, within="SELECT 25"):
        session.execute(f"DO $$ BEGIN RAISE INFO 'x' USING DETAIL = '{told}'; PERFORM pg_sleep(2); END $$")
    with psycopg.connect(dsn, autocommit=True) as session, progress.shown(session, within="SELECT 99"):
        session.execute(f"DO $$ BEGIN RAISE INFO 'x' USING DETAIL = '{told}'; PERFORM pg_sleep(2); END $$")
    seen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.getvalue())
    assert list(dict.fromkeys(re.findall(r"([1-9]\d*)/100", seen))) == ["10", "35", "50"]


def test_verify_and_purge_report_their_progress(db: psycopg.Connection) -> None:
    for event in LIVES:
        insert(db, [event], LONG_AGO)
    details: list[dict[str, Any]] = []
    db.add_notice_handler(lambda d: details.append(json.loads(d.message_detail or "{}")))
    assert verify(db) == []
    assert [(d["done"], d["total"]) for d in details] == [(n, 5) for n in range(6)]
    details.clear()
    db.execute("CALL ops.purge_idempotency_keys(batch => 2)")
    # On a cluster by event tables, else by keys.
    assert len(details) >= 3 and all(0 < d["done"] <= d["total"] for d in details)
    assert all(d["done"] == d["total"] for d in {d["step"]: d for d in details}.values())


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("ops.rebuild_projection('nothing')", "nothing"),
        ("ops.rebuild_projection('')", "projection"),
        ("ops.rebuild_projection('bet_events')", "bet_events"),
        ("ops.rebuild_projection(p_batch => 0)", "0"),
        ("ops.rebuild_projection(p_batch => NULL)", "null"),
        ("ops.purge_idempotency_keys(NULL)", "null"),
        ("ops.purge_idempotency_keys('-1 hour')", "-01:00:00"),
        ("ops.purge_idempotency_keys('48 hours', 0)", "0"),
        ("ops.purge_idempotency_keys('48 hours', -5)", "-5"),
        ("ops.purge_idempotency_keys('48 hours', NULL)", "null"),
    ],
)
def test_bad_arguments(db: psycopg.Connection, connect: Connect, call: str, said: str) -> None:
    for event in LIVES:
        insert(db, [event], LONG_AGO)
    error = refused(connect("operator"), f"CALL {call}")
    assert error.sqlstate == "BL001"
    assert said in error.diag.message_primary and error.diag.message_hint  # type: ignore[operator]
    assert read(db) == fold(LIVES)


@pytest.mark.parametrize("sample", ["0", "-1", "100.5", "'NaN'"])
def test_bad_samples(connect: Connect, sample: str) -> None:
    error = refused(connect("operator"), f"SELECT * FROM ops.verify_projections(NULL, {sample})")
    assert error.sqlstate == "BL001" and sample.strip("'") in error.diag.message_primary  # type: ignore[operator]


@pytest.mark.parametrize("user", ["app", "reader", "tenant_login"])
@pytest.mark.parametrize(
    "call",
    ["CALL ops.rebuild_projection()", "CALL ops.purge_idempotency_keys()", "SELECT * FROM ops.verify_projections()"],
)
def test_maintenance_is_for_operators(connect: Connect, user: str, call: str) -> None:
    assert refused(connect(user), call).sqlstate == "42501"


# ---------------------------------------------------------------------------------------------- purge


def test_purge_takes_old_keys_and_leaves_young_ones(db: psycopg.Connection, connect: Connect) -> None:
    old = [replace(e, tenant_id=2) for e in life(1)]
    fill(db, life(1))
    for event in old:
        insert(db, [event], LONG_AGO)
    stored = "SELECT tenant_id, id, aggregate_id, event_type, event_data, timestamp, version, created_at FROM bet_events ORDER BY 1, 2"
    before = db.execute(stored).fetchall()
    connect("operator").execute("CALL ops.purge_idempotency_keys()")
    for table in ("bet_events", "payment_events", "balance_events"):
        assert keys_left(db, table) == sorted(e.key for e in life(1) if e.table == table and e.key)
    # Nothing but the key is gone.
    assert db.execute(stored).fetchall() == before
    assert db.execute("SELECT DISTINCT metadata FROM bet_events WHERE tenant_id = 2").fetchall() == [
        ({"source": "test"},)
    ]
    expected = [*life(1), *(replace(e, key=None, metadata=None) for e in old)]
    assert read(db) == fold(expected)
    assert verify(db) == []


def test_a_purged_key_may_be_used_again(db: psycopg.Connection, connect: Connect) -> None:
    insert(db, [bet(1, "b1", "placed", T0, "k1")], LONG_AGO)
    with pytest.raises(psycopg.errors.UniqueViolation):
        insert(db, [bet(1, "b2", "placed", T0, "k1")])
    connect("operator").execute("CALL ops.purge_idempotency_keys('2 days')")
    insert(connect("app"), [bet(1, "b2", "placed", T0, "k1")])
    found = db.execute("SELECT bet_id, idempotency_key FROM bets_view ORDER BY 1").fetchall()
    assert found == [("b1", None), ("b2", "k1")]


@pytest.mark.parametrize("age", ["1 day", "4 days"])
def test_purge_goes_by_the_age_asked_for(db: psycopg.Connection, connect: Connect, age: str) -> None:
    insert(db, [bet(1, "b1", "placed", T0, "k1")], LONG_AGO)
    connect("operator").execute("CALL ops.purge_idempotency_keys(%s)", (age,))
    assert keys_left(db) == ([] if age == "1 day" else ["k1"])


@pytest.mark.not_on_citus("nodes keep their notices to themselves")
def test_purge_commits_batch_by_batch(db: psycopg.Connection, connect: Connect) -> None:
    insert(db, [bet(1, f"b{n}", "placed", T0, f"k{n}") for n in range(7)], LONG_AGO)
    operator, watcher = connect("operator"), connect()
    left: list[int] = []
    # A notice comes after each commit: somebody else already sees the batch.
    operator.add_notice_handler(lambda _: left.append(len(keys_left(watcher))))
    operator.execute("CALL ops.purge_idempotency_keys('48 hours', 3)")
    assert (sorted(left, reverse=True), left[-1]) == (left, 0)
    assert len(left) == 3
    xids = db.execute("SELECT count(DISTINCT xmin::text) FROM bet_events").fetchone()
    assert xids == (3,)
    assert verify(db) == []


# ---------------------------------------------------------------------------------------------- death in the middle


@contextmanager
def running(connection: psycopg.Connection, statement: str) -> Any:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(lambda: connection.execute(statement))


def kill(db: psycopg.Connection, pid: int) -> None:
    assert db.execute("SELECT pg_terminate_backend(%s::int, 30000)", (pid,)).fetchone() == (True,)


@pytest.mark.not_on_citus("a node ends what it was asked to do, also when nobody waits for it")
def test_a_rebuild_that_was_killed_is_run_again(db: psycopg.Connection, connect: Connect) -> None:
    events = [bet(1, f"b{n:02}", "placed", T0, f"k{n}", user_id=f"u{n % 3}", stake="1.10") for n in range(20)]
    fill(db, [*events, *life(2)])
    db.execute("UPDATE bets_view SET odds = 9, status = 'cancelled'")
    db.execute("DELETE FROM user_activity_view")
    holder, operator = connect(), connect("operator")
    holder.execute("BEGIN")
    holder.execute("SELECT FROM bets_view WHERE bet_id = 'b13' FOR UPDATE")
    with running(operator, "CALL ops.rebuild_projection(p_batch => 4)") as rebuild:
        wait_until_blocked(db, operator)
        kill(db, operator.info.backend_pid)
        assert isinstance(rebuild.exception(30), psycopg.OperationalError)
    holder.execute("ROLLBACK")
    # What was committed is right, what was not is as it was before.
    odds = db.execute("SELECT odds FROM bets_view WHERE tenant_id = 1 ORDER BY bet_id").fetchall()
    assert odds == [(Decimal("1.85"),)] * 12 + [(9,)] * 8
    assert verify(db) != []

    connect("operator").execute("CALL ops.rebuild_projection(p_batch => 4)")
    assert read(db) == fold([*events, *life(2)])
    assert verify(db) == []


# By what makes a rebuild begin anew that was stopped.
ANEW = {
    "it is told to": "",
    "it was long ago": "UPDATE ops.rebuilds SET moved_at = '2020-01-01'",
    "a verify has found something since": "SELECT FROM ops.verify_projections()",
    "a definition has changed": "UPDATE projection.event_types SET rank = rank + 1 WHERE event_type LIKE '%SETTLED'",
    "a table was truncated": "TRUNCATE bets_view",
}


@pytest.fixture
def stopped(db: psycopg.Connection, connect: Connect) -> list[Event]:
    """Twenty bets, all of them wrong, and a rebuild of them that was stopped after three batches of four."""
    events = [bet(1, f"b{n:02}", "placed", T0, f"k{n}", user_id=f"u{n % 3}", stake="1.10") for n in range(20)]
    fill(db, [*events, *life(2)])
    db.execute("UPDATE bets_view SET odds = 9 WHERE tenant_id = 1")
    holder, operator = connect(), connect("operator")
    holder.execute("BEGIN")
    holder.execute("SELECT FROM bets_view WHERE tenant_id = 1 AND bet_id = 'b13' FOR UPDATE")
    with running(operator, "CALL ops.rebuild_projection('bets_view', p_batch => 4)") as rebuild:
        while db.execute("SELECT FROM ops.rebuilds WHERE rows_done >= 12").fetchone() is None:
            assert not rebuild.done()
            sleep(0.01)
        db.execute("SELECT pg_cancel_backend(%s::int)", (operator.info.backend_pid,))
        assert isinstance(rebuild.exception(30), psycopg.errors.QueryCanceled)
    holder.execute("ROLLBACK")
    # It has passed this one.
    db.execute("UPDATE bets_view SET odds = 8 WHERE tenant_id = 1 AND bet_id = 'b01'")
    return [*events, *life(2)]


def wrong_bets(db: psycopg.Connection) -> list[str]:
    return [key for (key,) in db.execute("SELECT bet_id FROM bets_view WHERE odds > 7 ORDER BY tenant_id, bet_id")]


def test_a_rebuild_that_was_stopped_goes_on(db: psycopg.Connection, connect: Connect, stopped: list[Event]) -> None:
    (run,) = db.execute("SELECT asked_for, only_tenant, read_tables[1], rows_done, rows_total > 0 FROM ops.rebuilds").fetchall()
    assert run[:3] == ("public.bets_view", 0, "public.bets_view") and run[3] >= 12 and run[4]
    told: list[str] = []
    operator = connect("operator")
    # One of another read table, or of one tenant, is not the same.
    operator.execute("CALL ops.rebuild_projection('payments_view')")
    operator.execute("CALL ops.rebuild_projection('bets_view', 2)")
    assert wrong_bets(db)[0] == "b01" and len(wrong_bets(db)) > 1
    operator.add_notice_handler(lambda d: told.append(d.message_primary or ""))
    operator.execute("CALL ops.rebuild_projection('bets_view', p_batch => 4)")
    assert told[0].startswith(f"public.bets_view goes on after {run[3]} of ")
    assert wrong_bets(db) == ["b01"]
    assert db.execute("SELECT FROM ops.rebuilds").fetchall() == []
    operator.execute("CALL ops.rebuild_projection('bets_view')")
    assert read(db) == fold(stopped)
    assert verify(db) == []


@pytest.mark.parametrize("reason", ANEW)
def test_a_rebuild_begins_anew_where_it_cannot_trust(
    db: psycopg.Connection, connect: Connect, stopped: list[Event], reason: str
) -> None:
    if ANEW[reason]:
        db.execute(ANEW[reason])
    connect("operator").execute("CALL ops.rebuild_projection('bets_view', p_from_start => %s)", (not ANEW[reason],))
    assert wrong_bets(db) == []
    assert read(db) == fold(stopped)
    assert verify(db) == []


@pytest.mark.not_on_citus("a node ends what it was asked to do, also when nobody waits for it")
def test_a_purge_that_was_killed_is_run_again(db: psycopg.Connection, connect: Connect) -> None:
    events = [bet(1, f"b{n:02}", "placed", T0, f"k{n:02}") for n in range(20)]
    for n, event in enumerate(events):
        insert(db, [event], LONG_AGO + timedelta(seconds=n))
    holder, operator = connect(), connect("operator")
    holder.execute("BEGIN")
    holder.execute("SELECT FROM bets_view WHERE bet_id = 'b13' FOR UPDATE")
    with running(operator, "CALL ops.purge_idempotency_keys('48 hours', 4)") as purge:
        wait_until_blocked(db, operator)
        kill(db, operator.info.backend_pid)
        assert isinstance(purge.exception(30), psycopg.OperationalError)
    holder.execute("ROLLBACK")
    assert keys_left(db) == [f"k{n:02}" for n in range(12, 20)]
    assert verify(db) == []

    connect("operator").execute("CALL ops.purge_idempotency_keys('48 hours', 4)")
    assert keys_left(db) == []
    assert read(db) == fold(replace(e, key=None, metadata=None) for e in events)
    assert verify(db) == []


def test_a_load_that_was_killed_is_run_again(db: psycopg.Connection, connect: Connect) -> None:
    events = [bet(1, f"b{n}", "placed", T0 + n, f"k{n}", user_id=f"u{n % 7}") for n in range(500)]
    fill(db, [bet(1, "b3", "confirmed", T0 + 900)])
    before = read(db)
    holder, loader = connect(), connect()
    holder.execute("BEGIN")
    insert(holder, [bet(1, "other", "placed", T0, "k490")])  # the load has to wait for what becomes of this key
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(copy, loader, events)
        wait_until_blocked(db, loader)
        kill(db, loader.info.backend_pid)
        assert isinstance(load.exception(30), psycopg.OperationalError)
    holder.execute("ROLLBACK")
    assert read(db) == before
    assert db.execute("SELECT count(*) FROM bet_events").fetchone() == (1,)

    copy(connect(), events)
    assert read(db) == fold([*events, bet(1, "b3", "confirmed", T0 + 900)])
    assert verify(db) == []


@pytest.mark.parametrize("end", ["ROLLBACK", "kill"])
def test_a_transaction_that_ends_early_leaves_nothing(db: psycopg.Connection, connect: Connect, end: str) -> None:
    fill(db)
    before = read(db)
    app = connect("app")
    app.execute("BEGIN")
    insert(app, [bet(1, "b1", "placed", T0 + 9, user_id="u9")])
    app.execute("SELECT FROM deposit(1, 'u1', 5, 'new')")
    assert read(app, [1])["user_balances_view"] != before["user_balances_view"][:1]
    if end == "kill":
        kill(db, app.info.backend_pid)
        app.close()
    else:
        app.execute("ROLLBACK")
    assert read(db) == before == fold(LIVES)
    assert verify(db) == []


@pytest.mark.not_on_citus("triggers of shards are not switched off by a session")
def test_what_is_stored_is_not_asked_again(db: psycopg.Connection) -> None:
    """A rebuild gives the same rows whenever it runs: the limits are those of what comes in."""
    far, second = 9_999_999_999_999, 1_700_000_000
    events = [
        bet(1, "b1", "placed", second), bet(1, "b1", "settled", far), bet(1, "b2", "placed", far, stake="7"),
        payment(1, "p1", "deposit_created", second), balance(1, "u1", "increased", "5", far),
    ]  # fmt: skip
    with db.transaction():
        db.execute("SET LOCAL session_replication_role = replica")
        for event in events:
            insert(db, [event])
    db.execute("CALL ops.rebuild_projection()")
    assert read(db) == fold(events)
    assert verify(db) == []
    events.append(bet(1, "b3", "placed", T0))
    insert(db, events[-1:])
    assert read(db) == fold(events)
