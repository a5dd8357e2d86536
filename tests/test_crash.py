"""The server is killed with SIGKILL in the middle of everything: what was acknowledged is there, and nothing is half done."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import betledger
import psycopg
import pytest
from betledger.server import EmbeddedServer
from ledger import call, event, insert, one, rows

pytestmark = [
    pytest.mark.not_on_citus("test_citus.py kills a node of the cluster"),
    pytest.mark.skipif("DATABASE_URL" in os.environ, reason="the server of DATABASE_URL is not ours to kill"),
]


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True)


def assert_crashed(run: Callable[[], object]) -> None:
    """The connection is lost, whatever word the server had left for it."""
    with pytest.raises(psycopg.OperationalError) as caught:
        run()
    assert (caught.value.sqlstate or "08")[:2] in ("08", "57"), caught.value


def assert_healthy(db: psycopg.Connection) -> None:
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


# ------------------------------------------------------------------------------------------------------------- calls


def operation(number: int, n: int) -> tuple[str, list[Any]]:
    """The nth call of a writer."""
    tenant, user, key = 1 + n % 3, f"u{n % 4}", f"{number}-{n}"
    if n % 3 == 2:
        return "place_bet", [tenant, user, 1, 2, "f", key, True]
    return "deposit", [tenant, user, 5, key]


@pytest.mark.parametrize("after", [1, 150, 400])
def test_what_was_acknowledged_is_there_and_a_replay_has_no_second_effect(
    own_server: EmbeddedServer, own_url: str, after: int
) -> None:
    balances = {(tenant, f"u{user}"): 1000 for tenant in range(1, 4) for user in range(4)}
    with connect(own_url) as connection:
        for (tenant, user), amount in balances.items():
            call(connection, "deposit", tenant, user, amount, f"first of {user}")
    answers: dict[tuple[int, int], str] = {}
    killed = threading.Event()

    connections = [connect(own_url) for _ in range(8)]

    def write(number: int) -> int:
        for n in range(10**6):
            name, arguments = operation(number, n)
            try:
                answer = call(connections[number], name, *arguments)
            except psycopg.OperationalError:
                assert killed.wait(10)
                return n
            answers[number, n] = answer.get("bet_id") or answer["payment_id"]
        raise AssertionError("the server was not killed")

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(write, number) for number in range(8)]
        while len(answers) < after and not any(w.done() for w in writers):
            time.sleep(0.001)
        own_server.kill()
        killed.set()
        unanswered = {number: writer.result(30) for number, writer in enumerate(writers)}
    own_server.start()
    db = connect(own_url)
    assert_healthy(db)
    for (number, n), aggregate in answers.items():
        again = call(db, operation(number, n)[0], *operation(number, n)[1])
        assert (again.get("bet_id") or again["payment_id"], again["duplicate"]) == (aggregate, True)
    # Done or not, nobody was told: sent again, it is done once.
    for number, n in unanswered.items():
        name, arguments = operation(number, n)
        call(db, name, *arguments)
        assert call(db, name, *arguments)["duplicate"] is True
    assert_healthy(db)
    for number, n in (*answers, *unanswered.items()):
        name, (tenant, user, *_) = operation(number, n)
        balances[tenant, user] += 5 if name == "deposit" else -1
    assert balances == {
        (r["tenant_id"], r["user_id"]): r["balance"]
        for r in rows(db, "SELECT tenant_id, user_id, balance FROM user_balances_view")
    }


# --------------------------------------------------------------------------------------------------------------- COPY


@pytest.mark.parametrize("when", ["half of the rows are sent", "the projections are made"])
def test_a_copy_is_there_as_a_whole_or_not_at_all(own_server: EmbeddedServer, own_url: str, when: str) -> None:
    count = 20_000
    payload = json.dumps({"user_id": "u1", "stake": 2, "odds": 1.5, "fixture_id": "f"})

    def copy(kill: bool) -> None:
        connection, watching = connect(own_url), connect(own_url)

        def kill_soon() -> None:
            deadline = time.monotonic() + 60
            while one(watching, "SELECT pg_relation_size('bets_view') AS n") == {"n": 0}:
                assert time.monotonic() < deadline
                time.sleep(0.001)
            own_server.kill()

        with (
            ThreadPoolExecutor(1) as beside,
            connection.cursor().copy(
                "COPY bet_events (id, tenant_id, aggregate_id, event_type, event_data, timestamp, version) FROM STDIN"
            ) as stream,
        ):
            for n in range(count):
                stream.write_row((uuid4(), 1 + n % 5, f"b{n}", "V1_BETS_BET_PLACED", payload, 1_700_000_000_000 + n, 1))
                if kill and when.startswith("half") and n == count // 2:
                    own_server.kill()
            if kill and when.startswith("the"):
                beside.submit(kill_soon)

    assert_crashed(lambda: copy(kill=True))
    own_server.start()
    db = connect(own_url)
    assert one(db, "SELECT count(*) AS n FROM bet_events") == {"n": 0}
    assert_healthy(db)
    copy(kill=False)
    assert one(db, "SELECT sum(bets_placed) AS n, sum(staked) AS s FROM tenants_summary_view") == {
        "n": count,
        "s": 2 * count,
    }
    assert_healthy(db)


# -------------------------------------------------------------------------------------------------------- maintenance


# Enough batches of 100 that none ends it all before a kill that takes its time.
COUNT = 3000


def fill(db: psycopg.Connection, count: int = COUNT, **columns: object) -> None:
    insert(db, *(event("V1_BETS_BET_PLACED", 1 + n % 3, f"b{n}", key=f"k{n}", **columns) for n in range(count)))


def killed_in_the_middle(server: EmbeddedServer, url: str, command: str, batches: int) -> None:
    """Run a procedure, and kill the server when it has committed some batches."""
    connection = connect(url)
    heard: list[str] = []

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        heard.append(notice.message_primary or "")
        if len(heard) == batches:
            server.kill()

    connection.add_notice_handler(hear)
    assert_crashed(lambda: connection.execute(command.encode()))
    assert len(heard) >= batches
    server.start()


@pytest.mark.parametrize("batches", [1, 3])
def test_a_rebuild_that_was_cut_short_is_finished_by_the_next(
    own_server: EmbeddedServer, own_url: str, batches: int
) -> None:
    db = connect(own_url)
    fill(db)
    with db.transaction():
        db.execute("SET LOCAL session_replication_role = replica")
        db.execute("UPDATE bets_view SET stake = stake + 1")
        db.execute("UPDATE projection.tenant_totals SET bets_placed = 0")
    wrong = len(rows(db, "SELECT * FROM ops.verify_projections()"))
    assert wrong > COUNT
    killed_in_the_middle(own_server, own_url, "CALL ops.rebuild_projection(p_batch => 100)", batches)
    db = connect(own_url)
    assert 0 < len(rows(db, "SELECT * FROM ops.verify_projections()")) <= wrong - 100 * batches
    db.execute("CALL ops.rebuild_projection(p_batch => 100)")
    assert_healthy(db)


@pytest.mark.parametrize("batches", [1, 3])
def test_a_purge_that_was_cut_short_is_finished_by_the_next(
    own_server: EmbeddedServer, own_url: str, batches: int
) -> None:
    db = connect(own_url)
    fill(db)
    left = "SELECT count(*) AS n FROM bet_events WHERE metadata ->> 'idempotency_key' IS NOT NULL"
    killed_in_the_middle(own_server, own_url, "CALL ops.purge_idempotency_keys(interval '0', 100)", batches)
    db = connect(own_url)
    assert 0 < one(db, left)["n"] <= COUNT - 100 * batches
    assert_healthy(db)
    db.execute("CALL ops.purge_idempotency_keys(interval '0', 100)")
    assert one(db, left) == {"n": 0}
    assert one(db, "SELECT count(*) AS n FROM bet_events") == {"n": COUNT}
    assert_healthy(db)


# ---------------------------------------------------------------------------------------------------------- migration


def catalogue(db: psycopg.Connection) -> list[dict[str, object]]:
    return rows(
        db,
        "SELECT p.oid::regprocedure::text AS name, md5(p.prosrc) AS text FROM pg_proc AS p"
        " WHERE p.pronamespace::regnamespace::text IN ('public', 'ops', 'projection', 'http')"
        " UNION ALL SELECT c.oid::regclass::text, c.relkind::text FROM pg_class AS c"
        " WHERE c.relnamespace::regnamespace::text IN ('public', 'ops', 'projection', 'http')"
        " UNION ALL SELECT t.tgname || ' ' || t.tgrelid::regclass::text, t.tgfoid::regproc::text"
        " FROM pg_trigger AS t WHERE NOT t.tgisinternal ORDER BY 1, 2",
    )


def test_a_migration_is_finished_by_the_same_command(own_server: EmbeddedServer, own_url: str) -> None:
    whole = catalogue(connect(own_url))
    for seen in (1, 20, 60, 100):
        with psycopg.connect(own_server.start(), autocommit=True) as connection:
            connection.execute("DROP DATABASE ledger WITH (FORCE)")
            connection.execute("CREATE DATABASE ledger")
        watching = connect(own_url)
        with ThreadPoolExecutor(1) as pool:
            migration = pool.submit(betledger.migrate, own_url)
            while len(catalogue(watching)) < seen and not migration.done():
                time.sleep(0.001)
            own_server.kill()
            with pytest.raises(betledger.BetledgerError):
                migration.result(30)
        own_server.start()
        assert len(catalogue(connect(own_url))) < len(whole)
        betledger.migrate(own_url)
        assert catalogue(connect(own_url)) == whole
