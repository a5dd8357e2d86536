"""Clean databases for tests: `betledger database clone` and `drop`, and what becomes of what nobody ended."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from betledger.server import EmbeddedServer, binaries
from command import run
from conftest import FOLDER, own_server_in
from ledger import rows
from manual import DOCS, blocks
from psycopg import conninfo

OURS = "SELECT datname FROM pg_database WHERE datname ~ '^betledger_(clone|template)_' ORDER BY 1"
OLD = 1700000000


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A folder of migrations, beside a command `betledger`."""
    (tmp_path / "db" / "schema").mkdir(parents=True)
    (tmp_path / "db" / "schema" / "0001_bonuses.sql").write_text("CREATE TABLE public.bonuses (id bigint PRIMARY KEY);\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "betledger").write_text(f'#!/bin/sh\nexec {sys.executable} -m betledger "$@"\n')
    (tmp_path / "bin" / "betledger").chmod(0o755)
    return tmp_path


@pytest.fixture(scope="module")
def own() -> Iterator[EmbeddedServer]:
    """A server for tests, without a ledger."""
    with own_server_in(FOLDER, {"fsync": "off"}) as server:
        with psycopg.connect(server.url(), autocommit=True) as postgres:
            postgres.execute("CREATE ROLE \"d b/a\" LOGIN CREATEROLE CREATEDB PASSWORD 'p:a@s/s?'")
        yield server


@pytest.fixture
def server(own: EmbeddedServer) -> str:
    """Its URL, of a role that is no superuser."""
    return conninfo.make_conninfo(own.url(), user="d b/a", password="p:a@s/s?")


@pytest.fixture
def db(own: EmbeddedServer) -> Iterator[psycopg.Connection]:
    """A session of its superuser; what was cloned goes with the test, but not the templates."""
    with psycopg.connect(own.url(), autocommit=True) as postgres:
        yield postgres
        for name in named(postgres, "clone"):
            postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


def named(db: psycopg.Connection, kind: str) -> list[str]:
    return [row["datname"] for row in rows(db, OURS) if row["datname"].startswith(f"betledger_{kind}_")]


def clone(url: str, team: Path) -> dict[str, str]:
    made = run("database", "clone", "--migrations", str(team / "db"), "--json", url=url)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


def begun(url: str, team: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "betledger", "database", "clone", "--migrations", "db"]
    return subprocess.Popen(
        command, cwd=team, env=os.environ | {"DATABASE_URL": url}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )  # fmt: skip


@pytest.mark.not_on_citus("a server of our own")
def test_runs_at_once_get_a_ledger_each_of_one_template(db, server, team):
    """From one database of the server and from two: a lock of one is not seen from the other."""
    (team / "db" / "schema" / "0002_at_once.sql").write_text("SELECT 1;\n")
    db.execute("CREATE DATABASE another")
    runs = [begun(url, team) for url in (server, server, conninfo.make_conninfo(server, dbname="another"))]
    was, urls = named(db, "template"), []
    for one in runs:
        output, error = one.communicate(timeout=120)
        assert one.returncode == 0, error
        (url,) = output.splitlines()
        urls.append(url)
    assert len(named(db, "template")) == len(was) + 1 and len(named(db, "clone")) == 3
    for url in urls:
        assert url.startswith("postgresql://") and conninfo.conninfo_to_dict(url)["dbname"] in named(db, "clone")
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM public.bonuses").fetchone() == (0,)
            connection.execute("SELECT public.deposit(10001, 'anna', 100, 'key-1')")
    assert run("status", "--migrations", str(team / "db"), url=urls[0]).returncode == 0
    assert run("verify-schema", "--migrations", str(team / "db"), url=urls[0]).stdout == ""
    # One by its URL while somebody is connected, one by its name, one from within; and once more.
    name = conninfo.conninfo_to_dict(urls[1])["dbname"]
    with psycopg.connect(urls[0]):
        for dropped in (
            run("database", "drop", urls[0], url=server),
            run("database", "drop", name, url=server),
            run("database", "drop", urls[2], url=urls[2]),
        ):
            assert (dropped.returncode, dropped.stdout) == (0, "dropped\n"), dropped.stderr
    assert named(db, "clone") == []
    again = run("database", "drop", name, "--json", url=server)
    assert (again.returncode, json.loads(again.stdout)) == (0, {"database": name, "dropped": False})


@pytest.mark.not_on_citus("a server of our own")
def test_a_template_is_used_again_until_the_migrations_change(db, server, team):
    first = clone(server, team)
    made = rows(db, "SELECT oid FROM pg_database WHERE datname = %s", (first["template"],))
    assert clone(server, team)["template"] == first["template"]
    assert rows(db, "SELECT oid FROM pg_database WHERE datname = %s", (first["template"],)) == made
    (team / "db" / "schema" / "0002_more.sql").write_text("ALTER TABLE public.bonuses ADD note text;\n")
    second = clone(server, team)
    # Another branch may still use the old one.
    assert {first["template"], second["template"]} <= set(named(db, "template"))
    with psycopg.connect(second["url"]) as connection:
        connection.execute("SELECT note FROM public.bonuses")
    db.execute(f"COMMENT ON DATABASE {first['template']} IS 'made by betledger for tests, used at {OLD}'")
    third = clone(server, team)
    assert third["template"] == second["template"] and first["template"] not in named(db, "template")


@pytest.mark.not_on_citus("a server of our own")
def test_what_a_killed_run_leaves_goes_in_the_end(db, server, team):
    (team / "db" / "schema" / "0002_slow.sql").write_text("SELECT pg_sleep(60);\n")
    was, killed = named(db, "template"), begun(server, team)
    sleeping = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%' AND datname LIKE 'betledger_clone_%'"
    deadline = time.monotonic() + 60
    while not rows(db, sleeping):
        assert killed.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    (half,) = named(db, "clone")
    assert named(db, "template") == was
    while rows(db, sleeping):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (team / "db" / "schema" / "0002_slow.sql").write_text("SELECT 1;\n")
    made = clone(server, team)
    # They are young yet; one that is in use stays for as long as it is.
    assert named(db, "clone") == sorted([half, made["database"]])
    old, in_use = f"betledger_clone_{OLD}_00000001", f"betledger_clone_{OLD}_00000002"
    db.execute(f"ALTER DATABASE {half} RENAME TO {old}")
    db.execute(f"ALTER DATABASE {made['database']} RENAME TO {in_use}")
    with psycopg.connect(conninfo.make_conninfo(server, dbname=in_use)):
        next_one = clone(server, team)
        assert named(db, "clone") == sorted([in_use, next_one["database"]])
    last = clone(server, team)
    assert named(db, "clone") == sorted([next_one["database"], last["database"]])


NOT_OURS = {
    "betledger_clone_mine": None,
    "betledger_clone_1500000000_mine": None,
    "betledger_clone_1500000000_abcdef012": None,
    "betledger_clone_1500000000_abcdef01": "bets of the north",
    "betledger_template_mine": "made by betledger for tests, used at 1500000000",
    "betledger_template_0123456789abcdef": None,
    "betledger_template_0123456789abcdea": "bets of the north",
    "somebodys": "made by betledger for tests, used at 1500000000",
}


@pytest.mark.not_on_citus("a server of our own")
def test_what_is_not_ours_is_never_dropped(db, server, team):
    try:
        for name, remark in NOT_OURS.items():
            db.execute(f"CREATE DATABASE {name} OWNER \"d b/a\"")
            db.execute(f"COMMENT ON DATABASE {name} IS {'NULL' if remark is None else repr(remark)}")
        clone(server, team)
        for name in NOT_OURS:
            for which in (name, f"postgresql://d%20b%2Fa:p%3Aa%40s%2Fs%3F@127.0.0.1:{db.info.port}/{name}"):
                refused = run("database", "drop", which, url=server)
                assert refused.returncode == 1 and refused.stderr.endswith("nothing was dropped\n") and name in refused.stderr
                assert "p:a" not in refused.stderr and "p%3Aa" not in refused.stderr
        left = {row["datname"] for row in rows(db, "SELECT datname FROM pg_database")}
        assert set(NOT_OURS) <= left
    finally:
        for name in NOT_OURS:
            db.execute(f"DROP DATABASE IF EXISTS {name}")


@pytest.mark.not_on_citus("a server of our own")
def test_a_migration_that_fails_leaves_no_database(db, server, team):
    (team / "db" / "schema" / "0001_bonuses.sql").write_text("SELECT 1 / 0;\n")
    failed = run("database", "clone", "--migrations", str(team / "db"), url=server)
    assert failed.returncode == 1 and "division by zero" in failed.stderr and failed.stdout == ""
    assert named(db, "clone") == []


@pytest.mark.not_on_citus("the next test")
def test_a_server_with_a_ledger_is_no_server_for_tests(dsn):
    refused = run("database", "clone", url=dsn)
    assert refused.returncode == 1 and refused.stdout == ""
    assert re.search(r"the server has a ledger, in database \w+, .* or say --beside-ledgers", refused.stderr)


def test_a_cluster_is_refused(request, dsn):
    if not request.config.option.citus:
        pytest.skip("pytest --citus runs it")
    refused = run("database", "clone", "--beside-ledgers", url=dsn)
    assert refused.returncode == 1 and refused.stdout == "" and "is of a Citus cluster" in refused.stderr


@pytest.mark.not_on_citus("a server of our own")
def test_a_role_clones_what_is_its_own_and_none_need_be_named(own, db, server, team):
    """That of `server` is no superuser; the one that nothing names is. A role without rights is told which ones."""
    db.execute("CREATE ROLE poor LOGIN PASSWORD 'only for tests'")
    poor = conninfo.make_conninfo(server, user="poor", password="only for tests")
    refused = run("database", "clone", url=poor)
    assert refused.returncode == 1 and "name a role with CREATEDB and CREATEROLE" in refused.stderr
    made = clone(server, team)
    printed = run("database", "clone", "--json", "--migrations", str(team / "db"), BETLEDGER_HOME=str(own.home.path))
    assert printed.returncode == 0, printed.stderr
    assert json.loads(printed.stdout)["template"] != made["template"]
    for url, user in ((made["url"], "d b/a"), (json.loads(printed.stdout)["url"], "postgres")):
        with psycopg.connect(url) as connection:
            assert connection.info.user == user
            connection.execute("SELECT public.deposit(10001, 'anna', 100, 'key-1')")


# --------------------------------------------------------------------------------------------- the examples of the page


def shown(begins: str) -> str:
    """The block of the page that begins so."""
    (text,) = (block.text for block in blocks(DOCS / "running.md") if block.text.startswith(begins))
    return text


def ran(team: Path, url: str, *command: str) -> None:
    (team / "betledger.toml").write_text('migrations = ["db"]\n')
    environment = os.environ | {"DATABASE_URL": url, "PATH": f"{team / 'bin'}:{binaries()}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=team, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.not_on_citus("a server of our own")
def test_the_examples_of_the_page_run(db, server, team):
    (team / "shell.sh").write_text("set -e\n" + shown("URL=$(betledger"))
    ran(team, server, "bash", "shell.sh")
    left_out = []
    if shutil.which("php") and "pdo_pgsql" in subprocess.run(["php", "-m"], capture_output=True, text=True).stdout:
        (team / "ledger_test.php").write_text(shown("<?php // ledger_test.php"))
        ran(team, server, "php", "-d", "zend.assertions=1", "ledger_test.php")
    else:
        left_out.append("php with pdo_pgsql is not installed")
    if shutil.which("node") and shutil.which("npm"):
        installed = subprocess.run(
            ["npm", "install", "--silent", "--no-fund", "--no-audit", "pg@8"], cwd=team, capture_output=True, text=True
        )
        if installed.returncode:
            left_out.append("npm could not install pg")
        else:
            (team / "ledger.test.mjs").write_text(shown("// ledger.test.mjs"))
            ran(team, server, "node", "--test")
    else:
        left_out.append("node and npm are not installed")
    assert named(db, "clone") == []
    if left_out:
        pytest.skip(f"the others ran: {'; '.join(left_out)}")
