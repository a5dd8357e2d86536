"""Through PgBouncer in transaction mode: the API, the walls, and every command of the runner, or a clear refusal."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from command import run
from conftest import LOGINS, PASSWORD
from ledger import OTHER, TENANT, call, place, rows
from psycopg import conninfo

PROGRAM = os.environ.get("PGBOUNCER") or shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="pgbouncer is not installed, and PGBOUNCER does not name it")
SHIPPED = Path(__file__).parent.parent / "docs" / "pgbouncer.ini"
URL = Callable[..., str]


def version() -> tuple[int, ...]:
    """Of PgBouncer, as (1, 21)."""
    said = subprocess.run([str(PROGRAM), "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, said.split()[1].split(".")[:2]))


@contextmanager
def bouncer(dsn: str, settings: dict[str, object]) -> Iterator[URL]:
    """Gives the conninfo of the database through PgBouncer, with one server session for each login."""
    parts = conninfo.conninfo_to_dict(dsn)
    users = {str(parts["user"]): str(parts["password"])} | dict.fromkeys(LOGINS, PASSWORD)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        config = ConfigParser(interpolation=None)
        config["databases"] = {"*": f"host={parts['host']} port={parts['port']}"}
        ours = {"listen_addr": "127.0.0.1", "listen_port": port, "unix_socket_dir": "", "default_pool_size": 1}
        ours |= {"pool_mode": "transaction", "auth_type": "plain", "auth_file": f"{folder}/users"}
        config["pgbouncer"] = {name: str(value) for name, value in (settings | ours).items()}
        with open(Path(folder, "config"), "w", encoding="utf-8") as file:
            config.write(file)
        Path(folder, "users").write_text("".join(f'"{user}" "{password}"\n' for user, password in users.items()))
        # It refuses to run as root.
        nobody: dict[str, Any] = {}
        if os.getuid() == 0:
            who = pwd.getpwnam("nobody")
            nobody = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
            for path in (Path(folder), *Path(folder).iterdir()):
                os.chown(path, who.pw_uid, who.pw_gid)
        with subprocess.Popen([str(PROGRAM), "-q", f"{folder}/config"], **nobody) as process:

            def url(user: str = str(parts["user"])) -> str:
                return conninfo.make_conninfo(
                    dsn, host="127.0.0.1", hostaddr="", port=port, user=user, password=users[user]
                )

            deadline = time.monotonic() + 10
            while True:
                try:
                    psycopg.connect(url()).close()
                    break
                except psycopg.OperationalError:
                    assert process.poll() is None and time.monotonic() < deadline, "pgbouncer does not answer"
                    time.sleep(0.05)
            yield url
            process.kill()


@pytest.fixture
def pooled(dsn: str) -> Iterator[URL]:
    """Through a PgBouncer that clears nothing away."""
    with bouncer(dsn, {"ignore_startup_parameters": "extra_float_digits"}) as url:
        yield url


@pytest.fixture
def shipped(dsn: str) -> Iterator[URL]:
    """Through a PgBouncer with our settings."""
    config = ConfigParser(interpolation=None)
    config.read(SHIPPED)
    settings = dict(config["pgbouncer"])
    if version() < (1, 21):
        del settings["max_prepared_statements"]
    with bouncer(dsn, settings) as url:
        yield url


# ----------------------------------------------------------------------------------------------------- the wall, the API


def test_two_tenants_share_one_session_and_nothing_else(db: psycopg.Connection, shipped: URL) -> None:
    """Each in its own thread, in transactions that begin and end at random, and a third that says nothing."""
    sessions: set[int] = set()
    seen = {TENANT: 0, OTHER: 0, None: 0}

    def live(tenant: int | None) -> None:
        with psycopg.connect(shipped("tenant_login"), prepare_threshold=None) as client:
            for n in range(60):
                with client.transaction():
                    if tenant:
                        client.execute(f"SET LOCAL app.tenant_id = '{tenant}'")
                        call(client, "deposit", tenant, "u1", 1, f"k{n}")
                    found = {r["tenant_id"] for r in rows(client, "SELECT tenant_id FROM user_balances_view")}
                    assert found == ({tenant} if tenant else set())
                    sessions.add(client.execute("SELECT pg_backend_pid()").fetchone()[0])  # type: ignore[index]
                    seen[tenant] += 1

    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(live, tenant) for tenant in seen]:
            future.result(60)
    assert len(sessions) == 1 and set(seen.values()) == {60}
    balances = rows(db, "SELECT tenant_id, balance FROM user_balances_view ORDER BY 1")
    assert balances == [{"tenant_id": TENANT, "balance": 60}, {"tenant_id": OTHER, "balance": 60}]


LEFT_BEHIND = [
    f"SET app.tenant_id = '{TENANT}'",
    f"SELECT set_config('app.tenant_id', '{TENANT}', false)",
    f"BEGIN; SET app.tenant_id = '{TENANT}'; COMMIT",
    f"SET SESSION app.tenant_id TO {TENANT}",
    "SET search_path = pg_temp, public",
    "SET role = betledger_tenant",
    "CREATE TEMPORARY TABLE bets_view AS SELECT 1::bigint AS tenant_id",
    f"BEGIN; SET LOCAL app.tenant_id = '{TENANT}'; DECLARE mine CURSOR WITH HOLD FOR SELECT tenant_id FROM bets_view; COMMIT",
    "SELECT pg_advisory_lock(1)",
    "LISTEN bets",
]


@pytest.mark.parametrize("statement", LEFT_BEHIND)
def test_what_a_client_sets_for_its_session_does_not_reach_the_next(
    db: psycopg.Connection, shipped: URL, statement: str
) -> None:
    place(db, TENANT)
    with psycopg.connect(shipped("tenant_login"), autocommit=True, prepare_threshold=None) as careless:
        # One at a time: with SET LOCAL, Citus passes on the whole string that it is in.
        for part in statement.split("; "):
            careless.execute(part)
        (before,) = careless.execute("SELECT pg_backend_pid()").fetchone()  # type: ignore[misc]
        with psycopg.connect(shipped("tenant_login"), autocommit=True, prepare_threshold=None) as after:
            assert after.execute("SELECT pg_backend_pid()").fetchone() == (before,)
            assert rows(after, "SELECT tenant_id FROM bets_view") == []
            assert rows(after, "SELECT name FROM pg_cursors WHERE is_holdable") == []
            assert rows(after, "SELECT pg_listening_channels()") == []
            assert rows(db, "SELECT FROM pg_locks WHERE pid = %s AND locktype = 'advisory'", (before,)) == []
            assert rows(after, "SELECT coalesce(current_setting('app.tenant_id', true), '') AS t") == [{"t": ""}]
            assert rows(after, "SELECT current_user::text AS u, current_setting('search_path') AS s") == [
                {"u": "tenant_login", "s": '"$user", public'}
            ]


@pytest.mark.not_on_citus("only SET LOCAL reaches the nodes")
def test_without_our_settings_it_would(db: psycopg.Connection, pooled: URL) -> None:
    """What docs/pgbouncer.ini is for: PgBouncer's own defaults leave a session as it is."""
    place(db, TENANT)
    with psycopg.connect(pooled("tenant_login"), autocommit=True, prepare_threshold=None) as careless:
        careless.execute(LEFT_BEHIND[0])
        with psycopg.connect(pooled("tenant_login"), autocommit=True, prepare_threshold=None) as after:
            assert len(rows(after, "SELECT FROM bets_view")) == 1


@pytest.mark.skipif(
    bool(PROGRAM) and version() < (1, 21), reason="PgBouncer before 1.21 passes no prepared statements on"
)
def test_prepared_statements_of_many_clients_share_one_session(db: psycopg.Connection, shipped: URL) -> None:
    def bet(client_number: int) -> int:
        with psycopg.connect(shipped("app"), autocommit=True, prepare_threshold=0) as client:
            for n in range(20):
                placed = call(client, "place_bet", client_number, f"u{n}", 1, 2, "f", f"k{n}")
                settled = call(client, "settle_bet", client_number, placed["bet_id"], "win", 2)
                assert (settled["tenant_id"], settled["status"]) == (client_number, "settled")
                assert len(rows(client, "SELECT FROM bets_view WHERE tenant_id = %s", (client_number,))) == n + 1
            return rows(client, "SELECT pg_backend_pid() AS pid")[0]["pid"]

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(bet, range(1, 9)))) == 1
    assert rows(db, "SELECT count(*) AS n, sum(bets_settled) AS s FROM tenants_summary_view") == [{"n": 8, "s": 160}]
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


@pytest.mark.skipif(
    bool(PROGRAM) and version() < (1, 21), reason="PgBouncer before 1.21 passes no prepared statements on"
)
def test_a_prepared_statement_keeps_no_tenant(db: psycopg.Connection, shipped: URL) -> None:
    for tenant in (TENANT, OTHER):
        place(db, tenant)
    clients = {t: psycopg.connect(shipped("tenant_login"), prepare_threshold=0) for t in (TENANT, OTHER)}
    for _ in range(10):
        for tenant, client in clients.items():
            with client.transaction():
                client.execute(f"SET LOCAL app.tenant_id = '{tenant}'")
                assert [r["tenant_id"] for r in rows(client, "SELECT tenant_id FROM bets_view")] == [tenant]
    for client in clients.values():
        assert rows(client, "SELECT tenant_id FROM bets_view") == []
        client.close()


# ------------------------------------------------------------------------------------------------------------ the runner

LOOKING = [
    ("status",), ("status", "--json"), ("plan",), ("plan", "--check"), ("plan", "--sql"), ("migrate",), ("verify",), ("purge",),
    ("rebuild",), ("version",), ("doctor",), ("tenant", "list"), ("tenant", "show", "10001"), ("config",),
]  # fmt: skip


@pytest.mark.parametrize("command", LOOKING, ids=" ".join)
def test_what_looks_and_looks_after_works(db, pooled, command):
    place(db)
    r = run(*command, url=pooled())
    # A server of tests is a toy, and the doctor says so.
    assert r.returncode == (3 if command == ("doctor",) else 0), r.stdout + r.stderr
    assert "not checked" not in r.stdout


def test_purge_and_rebuild_do_their_work(db, pooled):
    place(db, key="old", created_at="2020-01-01")
    db.execute("UPDATE bets_view SET stake = 1")
    assert run("verify", url=pooled()).returncode == 3
    assert run("rebuild", "bets_view", url=pooled()).returncode == 0
    assert run("verify", url=pooled()).returncode == 0
    assert run("purge", url=pooled()).returncode == 0
    assert rows(db, "SELECT FROM bet_events WHERE metadata ? 'idempotency_key'") == []


@pytest.mark.parametrize(
    "command", [("migrate",), ("migrate", "--dry-run"), ("rollback",), ("verify-schema",)], ids=" ".join
)
def test_what_needs_a_session_of_its_own_is_refused(db, pooled, command, tmp_path):
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "0001_x.sql").write_text("CREATE TABLE public.x (y integer);\n")
    teams = ("--migrations", str(tmp_path))
    before = rows(db, "SELECT path FROM betledger_migrations.versioned ORDER BY 1")
    r = run(*command, *teams, url=pooled())
    assert r.returncode == 1
    assert "a pooler is between us and the server" in r.stderr and "name PostgreSQL itself, not PgBouncer" in r.stderr
    assert rows(db, "SELECT path FROM betledger_migrations.versioned ORDER BY 1") == before


def test_a_plan_through_a_pooler_finds_its_locks_elsewhere(db, dsn, pooled, tmp_path):
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "0001_x.sql").write_text("ALTER TABLE public.bets_view ADD COLUMN y integer;\n")
    plan = ("plan", "--migrations", str(tmp_path))
    assert "locks are not known from here on: no scratch database" in run(*plan, url=pooled()).stdout
    assert "-- locks public.bets_view: AccessExclusiveLock" in run(*plan, "--scratch-url", dsn, url=pooled()).stdout


def test_no_command_leaves_a_setting_behind(db, pooled):
    def left() -> list[dict]:
        with psycopg.connect(pooled(), autocommit=True) as after:
            # The name of the client, PgBouncer itself sets for each.
            return rows(
                after, "SELECT name, setting FROM pg_settings WHERE source = 'session' AND name <> 'application_name'"
            )

    before = left()
    for command in LOOKING:
        run(*command, url=pooled())
    assert left() == before
