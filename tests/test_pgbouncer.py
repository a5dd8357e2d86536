"""Through PgBouncer in transaction mode: every command of the runner works, or says clearly that it cannot."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from conftest import LOGINS, PASSWORD
from ledger import place, rows
from psycopg import conninfo
from test_cli import run

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="pgbouncer is not installed")
CONFIG = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 1
auth_type = plain
auth_file = {folder}/users
server_reset_query =
ignore_startup_parameters = extra_float_digits
"""


@pytest.fixture
def pooled(dsn: str) -> Iterator[Callable[..., str]]:
    """The conninfo of the clean database through PgBouncer, which has one server session for each user."""
    parts = conninfo.conninfo_to_dict(dsn)
    users = {str(parts["user"]): str(parts["password"])} | dict.fromkeys(LOGINS, PASSWORD)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config")
        config.write_text(CONFIG.format(host=parts["host"], port=parts["port"], own_port=port, folder=folder))
        Path(folder, "users").write_text("".join(f'"{user}" "{password}"\n' for user, password in users.items()))
        # It refuses to run as root.
        nobody = {}
        if os.getuid() == 0:
            who = pwd.getpwnam("nobody")
            nobody = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
            for path in (folder, *Path(folder).iterdir()):
                os.chown(path, who.pw_uid, who.pw_gid)
        with subprocess.Popen([PROGRAM, "-q", str(config)], **nobody) as process:

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
