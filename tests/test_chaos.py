"""The load of test_proof.py while things go wrong: every acknowledged operation is there, and all invariants hold.

BETLEDGER_CHAOS_ROUNDS makes longer runs, BETLEDGER_PROOF_SEED other ones.
"""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import load
import psycopg
import pytest
from betledger.errors import BetledgerError
from betledger.server import EmbeddedServer
from conftest import PASSWORD, ledger_on, own_server_in
from ledger import T0, place, rows, state
from load import Record
from psycopg import conninfo

SEED = int(os.environ.get("BETLEDGER_PROOF_SEED", "1"))
ROUNDS = int(os.environ.get("BETLEDGER_CHAOS_ROUNDS", "3"))
WORKERS, OPERATIONS = 32, 20
ours = pytest.mark.skipif("DATABASE_URL" in os.environ, reason="the server of DATABASE_URL is not ours to break")
Connect = Callable[..., psycopg.Connection]


def clients(url: str) -> tuple[Callable[[], psycopg.Connection], ...]:
    """What opens connections of the application and of the operator, and of a superuser."""

    def opens(login: dict[str, str]) -> Callable[[], psycopg.Connection]:
        return lambda: psycopg.connect(conninfo.make_conninfo(url, **login), autocommit=True, connect_timeout=10)

    return opens({"user": "app", "password": PASSWORD}), opens({"user": "operator", "password": PASSWORD}), opens({})


@contextmanager
def beside(action: Callable[[threading.Event], None]) -> Iterator[None]:
    """Do something beside the body; its own errors are ours."""
    stop, failed = threading.Event(), list[BaseException]()

    def go() -> None:
        try:
            action(stop)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert not failed, failed


def checked(url: str, record: Record) -> dict[str, int]:
    """Look at everything."""
    with clients(url)[2]() as db:
        counts = load.check(db, record)
    print(counts, dict(record.errors), dict(record.maintained))
    return counts


def rounds(url: str, wrong: Callable[[threading.Event], None], of: int = ROUNDS) -> Record:
    """Loads one after the other while something goes wrong, with a look at everything after each."""
    app, operator, _ = clients(url)
    record = Record()
    for number in range(of):
        with beside(wrong):
            load.run(load.plan(SEED + number, WORKERS, OPERATIONS), app, operator, record=record)
        checked(url, record)
    return record


# --------------------------------------------------------------------------------------------------------- the server


@ours
@pytest.mark.not_on_citus("test_citus.py kills the nodes of a cluster under this load")
def test_the_server_is_killed_at_random_moments(own_server: EmbeddedServer, own_url: str) -> None:
    chance = random.Random(SEED)
    kills = 0

    def kill(_: threading.Event) -> None:
        nonlocal kills
        time.sleep(chance.uniform(0.1, 0.6))
        own_server.kill()
        kills += 1
        own_server.start()

    record = rounds(own_url, kill)
    assert kills == ROUNDS and sum(a.attempts - 1 for a in record.answers) > 0


@ours
@pytest.mark.not_on_citus("the same without a cluster")
def test_the_disk_is_full_and_has_room_again() -> None:
    with tempfile.TemporaryDirectory(prefix="betledger-", dir="/tmp") as folder:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=200m,mode=711", "betledger", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip(f"no small file system can be mounted here: {mounted.stderr.strip()}")
        try:
            small = {"max_wal_size": "32MB", "min_wal_size": "32MB", "shared_buffers": "32MB"}
            with own_server_in(folder, small) as server:
                _fill_and_free(server, Path(folder, "ballast"))
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def _fill_and_free(server: EmbeddedServer, ballast: Path) -> None:
    url = ledger_on(server)
    app, operator, _ = clients(url)
    record = load.run(load.plan(SEED, WORKERS, OPERATIONS), app, operator)

    def free(_: threading.Event) -> None:
        time.sleep(1.5)
        ballast.unlink()
        # Where there was no room for the log, it has ended itself.
        for _ in range(20):
            with suppress(BetledgerError):
                server.start()
                return
            time.sleep(0.5)
        raise AssertionError("the server does not come back")

    # Unbuffered: what did not fit would be tried once more when the file is closed.
    with open(ballast, "wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 65536)
    with beside(free):
        load.run(load.plan(SEED + 1, WORKERS, OPERATIONS), app, operator, record=record)
    checked(url, record)
    # All were told: no room, or no server.
    assert any(error.startswith(("53", "57", "58", "08")) for error in record.errors), record.errors


# ---------------------------------------------------------------------------------------------- connections, statements


@pytest.mark.not_on_citus("the statements of a node are ended there; test_citus.py kills nodes")
@pytest.mark.parametrize("function", ["pg_terminate_backend", "pg_cancel_backend"])
def test_connections_are_cut_and_statements_cancelled(db: psycopg.Connection, dsn: str, function: str) -> None:
    hits = 0

    def hit(stop: threading.Event) -> None:
        nonlocal hits
        # Not for ever: a rebuild has to come to its end.
        with psycopg.connect(dsn, autocommit=True) as killer:
            enough = hits + 20
            while hits < enough and not stop.wait(0.02):
                hits += len(
                    rows(
                        killer,
                        f"SELECT {function}(pid) FROM pg_stat_activity WHERE usename IN ('app', 'operator')"
                        " AND datname = current_database() AND state = 'active' ORDER BY random() LIMIT 1",
                    )
                )

    record = rounds(dsn, hit)
    assert hits > 5 and record.errors["57P01" if "terminate" in function else "57014"] > 0


def test_the_clock_jumps_back(db: psycopg.Connection, dsn: str) -> None:
    """Functions take their time from one place, which here loses up to an hour from one call to the next."""
    db.execute(
        "CREATE OR REPLACE FUNCTION projection.current_ms() RETURNS bigint LANGUAGE sql VOLATILE"
        " RETURN floor(extract(EPOCH FROM clock_timestamp()) * 1000 - random() * 3600000)::bigint"
    )
    rounds(dsn, lambda _: None, of=2)
    late = rows(db, "SELECT FROM bet_events WHERE timestamp < extract(EPOCH FROM created_at) * 1000 - 60000")
    assert len(late) > 100


# ------------------------------------------------------------------------------------------- inside of every function

TABLES = (
    "bet_events", "payment_events", "balance_events", "bets_view", "payments_view", "user_balances_view", "user_activity_view",
    "projection.tenant_totals", "projection.event_types", "projection.projections", "projection.sources", "ops.maintenance_runs", "ops.rebuilds", "personal_keys", "consumers",
    "tenants",
)  # fmt: skip
CALLS: dict[str, str] = {
    "place_bet": "SELECT * FROM place_bet(1, 'u1', 1, 2, 'f', 'new', true)",
    "confirm_bet": "SELECT * FROM confirm_bet(1, '{bet}', 'new')",
    "settle_bet": "SELECT * FROM settle_bet(1, '{bet}', 'win', 5, 'new')",
    "cancel_bet": "SELECT * FROM cancel_bet(1, '{bet}', NULL, 'new')",
    "deposit": "SELECT * FROM deposit(1, 'u1', 1, 'new')",
    "withdraw": "SELECT * FROM withdraw(1, 'u1', 1, 'new')",
    "complete_payment": "SELECT * FROM complete_payment(1, '{payment}', 'new')",
    "fail_payment": "SELECT * FROM fail_payment(1, '{payment}', NULL, 'new')",
    "resettle_bet": "SELECT * FROM resettle_bet(1, '{settled}', 'loss', 0, 'new')",
    "void_bet": "SELECT * FROM void_bet(1, '{settled}', NULL, 'new')",
    "reverse_payment": "SELECT * FROM reverse_payment(1, '{completed}', NULL, 'new')",
    "place_bets": 'SELECT * FROM place_bets(1, \'[{{"user_id": "u1", "stake": 1, "odds": 2, "fixture_id": "f", "from_balance": true}}]\', \'new\')',
    "confirm_bets": 'SELECT * FROM confirm_bets(1, \'[{{"bet_id": "{bet}"}}, {{"bet_id": "other"}}]\', \'new\')',
    "settle_bets": 'SELECT * FROM settle_bets(1, \'[{{"bet_id": "{bet}", "result": "win", "payout": 5}}]\', \'new\')',
    "cancel_bets": 'SELECT * FROM cancel_bets(1, \'[{{"bet_id": "{bet}"}}, {{"bet_id": "other"}}]\', \'new\', false)',
    "deposits": 'SELECT * FROM deposits(1, \'[{{"user_id": "u1", "amount": 1}}, {{"user_id": "u2", "amount": 1}}]\', \'new\')',
    "withdrawals": 'SELECT * FROM withdrawals(1, \'[{{"user_id": "u1", "amount": 1}}]\', \'new\', false)',
    "bet_history": "SELECT * FROM bet_history(1, '{bet}')",
    "payment_history": "SELECT * FROM payment_history(1, '{payment}')",
    "balance_history": "SELECT * FROM balance_history(1, 'u1')",
    "bet_events_between": f"SELECT * FROM bet_events_between(1, 0, {T0 * 2})",
    "payment_events_between": f"SELECT * FROM payment_events_between(1, 0, {T0 * 2})",
    "balance_events_between": f"SELECT * FROM balance_events_between(1, 0, {T0 * 2})",
    "bet_as_of": f"SELECT * FROM bet_as_of(1, '{{bet}}', {T0 * 2})",
    "payment_as_of": f"SELECT * FROM payment_as_of(1, '{{payment}}', {T0 * 2})",
    "balance_as_of": f"SELECT * FROM balance_as_of(1, 'u1', {T0 * 2})",
    "tenant_as_of": f"SELECT * FROM tenant_as_of(1, {T0 * 2})",
    "bets_of": "SELECT * FROM bets_of(1, 'u1')",
    "payments_of": "SELECT * FROM payments_of(1, 'u1')",
    "balance_statement": "SELECT * FROM balance_statement(1, 'u1')",
    "feed": "SELECT * FROM feed(1)",
    "ledger_feed": "SELECT * FROM ledger_feed()",
    "advance_consumer": "SELECT advance_consumer(1, 'w', NULL, (SELECT max(feed_cursor) FROM feed(1)))",
    "reset_consumer": "SELECT reset_consumer(1, 'w')",
    "personal_key": "SELECT * FROM personal_key(1, 'u1')",
    "erase_person": "SELECT * FROM erase_person(1, 'u1')",
    "rebuild_projection": "CALL ops.rebuild_projection()",
    "verify_projections": "SELECT * FROM ops.verify_projections()",
    "purge_idempotency_keys": "CALL ops.purge_idempotency_keys('0 hours')",
    "facts": "SELECT * FROM ops.facts()",
    "tenants": "SELECT * FROM ops.tenants()",
    "create_tenant": "SELECT * FROM ops.create_tenant(1, 'North', 'EUR', 2)",
    "change_tenant": "SELECT * FROM ops.change_tenant(2, 'South', 'USD', 3)",
    "set_tenant_status": "SELECT * FROM ops.set_tenant_status(2, 'closed')",
    "doctor": "SELECT * FROM ops.doctor()",
    "metrics": "SELECT * FROM ops.metrics()",
}


def test_every_function_of_the_api_is_ended(db: psycopg.Connection) -> None:
    api = rows(
        db,
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND pg_get_userbyid(proowner) = 'betledger_owner'",
    )
    assert {r["proname"] for r in api} <= CALLS.keys()


@pytest.mark.not_on_citus("a lock at the coordinator is not where the function is")
@pytest.mark.parametrize("end", ["statement_timeout", "pg_cancel_backend"])
@pytest.mark.parametrize("function", CALLS)
def test_a_function_that_is_ended_at_any_table_has_done_nothing(
    db: psycopg.Connection, connect: Connect, function: str, end: str
) -> None:
    call = CALLS[function].format(**made(db))
    # A procedure commits its batches by itself.
    commits = call.startswith("CALL")
    caller = connect("operator" if "ops." in call or "ledger_feed" in call else "app", autocommit=commits)
    other = connect(autocommit=False)
    before, ended = everything(db), 0
    for table in TABLES:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        try:
            if end == "statement_timeout":
                caller.execute("SET statement_timeout = '40ms'")
                caller.execute(call)
            else:
                with cancelling(db, caller):
                    caller.execute(call)
        except psycopg.errors.QueryCanceled:
            ended += 1
        finally:
            # Also what was done, because it does not touch that table: it is called again at the next one.
            caller.rollback()
            other.rollback()
        if function == "purge_idempotency_keys":
            assert len(rows(db, "SELECT FROM payment_events")) == 4
        else:
            assert everything(db) == before, table
        assert rows(db, "SELECT * FROM ops.verify_projections()") == []
    assert ended > 0
    # Nothing of it is left in the session either.
    caller.execute("RESET statement_timeout")
    caller.execute(call)
    caller.rollback()


def made(db: psycopg.Connection) -> dict[str, Any]:
    """A ledger in which each of CALLS has something to do; gives the ids that they name."""
    ids: dict[str, Any] = {}
    db.execute("SELECT * FROM deposit(1, 'u1', 100, 'first')")
    db.execute("SELECT * FROM ops.create_tenant(2, 'North', 'EUR', 2)")
    place(db, 1, "other")
    ids["bet"] = rows(db, "SELECT * FROM place_bet(1, 'u1', 5, 2, 'f', 'bet', true)")[0]["bet_id"]
    ids["payment"] = rows(db, "SELECT * FROM withdraw(1, 'u1', 5, 'payment')")[0]["payment_id"]
    ids["settled"] = rows(db, "SELECT * FROM place_bet(1, 'u1', 5, 2, 'f', 'settled', true)")[0]["bet_id"]
    db.execute("SELECT FROM settle_bet(1, %s, 'win', 8)", (ids["settled"],))
    ids["completed"] = rows(db, "SELECT * FROM withdraw(1, 'u1', 5, 'completed')")[0]["payment_id"]
    db.execute("SELECT FROM complete_payment(1, %s)", (ids["completed"],))
    return ids


def everything(db: psycopg.Connection) -> tuple[object, object]:
    """All rows, with the keys of persons and the tenants."""
    keys = rows(db, "SELECT tenant_id, user_id, key, erased_at FROM personal_keys ORDER BY 1, 2")
    return state(db), (keys, rows(db, "SELECT * FROM tenants ORDER BY 1"))


@contextmanager
def cancelling(db: psycopg.Connection, caller: psycopg.Connection) -> Iterator[None]:
    """Cancel what waits for a lock."""
    done = threading.Event()

    def cancel(_: threading.Event) -> None:
        while not done.wait(0.005):
            db.execute(
                "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'",
                (caller.info.backend_pid,),
            )

    with beside(cancel):
        try:
            yield
        finally:
            done.set()
