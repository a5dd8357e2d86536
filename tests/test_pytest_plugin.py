"""The fixtures that application teams test with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command import drop_templates
from ledger import rows

TESTS = """
import psycopg
import pytest

@pytest.mark.parametrize("turn", range(3))
def test_a_deposit(betledger_database, turn):
    with psycopg.connect(betledger_database) as connection:
        assert connection.execute("SELECT count(*) FROM public.bonuses").fetchone() == (0,)
        connection.execute("INSERT INTO public.bonuses (id) VALUES (1)")
        deposited = connection.execute("SELECT balance FROM deposit(10001, 'anna', 100, 'key-1')")
        assert deposited.fetchone() == (100,)
"""


# What the plugin makes; runners that other tests have killed may have left scratch databases beside it.
LEFT = r"SELECT datname FROM pg_database WHERE datname ~ '^betledger_(clone|template)_' ORDER BY 1"


@pytest.fixture
def team(tmp_path: Path, dsn: str) -> Path:
    # Of pages of the manual, say, that run tests.
    drop_templates(dsn)
    (tmp_path / "db" / "schema").mkdir(parents=True)
    (tmp_path / "db" / "schema" / "0001_bonuses.sql").write_text(
        "CREATE TABLE public.bonuses (id bigint PRIMARY KEY);\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nbetledger_migrations = db\nbetledger_beside_ledgers = true\n")
    (tmp_path / "test_till.py").write_text(TESTS)
    return tmp_path


def begun(team: Path, dsn: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=team,
        env=os.environ | {"DATABASE_URL": dsn},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.not_on_citus("the same without a cluster")
def test_each_test_of_a_team_gets_a_clean_ledger_with_its_own_tables(db, dsn, team):
    """Also of two runs at once, on one server: neither drops what is the other's."""
    runs = [begun(team, dsn), begun(team, dsn)]
    for run in runs:
        output, _ = run.communicate(timeout=120)
        assert run.returncode == 0 and "3 passed" in output, output
    (template,) = (row["datname"] for row in rows(db, LEFT))
    assert template.startswith("betledger_template_")
    made = rows(db, "SELECT oid FROM pg_database WHERE datname = %s", (template,))
    assert begun(team, dsn).wait(timeout=120) == 0
    # It was used again; other migrations make another one, and what is stale goes.
    assert rows(db, "SELECT oid FROM pg_database WHERE datname = %s", (template,)) == made
    db.execute(f"COMMENT ON DATABASE {template} IS 'made by betledger for tests, used at 1700000000'")
    db.execute("CREATE DATABASE betledger_clone_1700000000_abcdef01")
    (team / "db" / "schema" / "0002_more.sql").write_text("ALTER TABLE public.bonuses ADD note text;\n")
    assert begun(team, dsn).wait(timeout=120) == 0
    (other,) = (row["datname"] for row in rows(db, LEFT))
    assert other != template
    db.execute(f"DROP DATABASE {other}")


@pytest.mark.not_on_citus("the same without a cluster")
def test_a_server_with_a_ledger_is_no_server_for_tests(db, dsn, team):
    (team / "pytest.ini").write_text("[pytest]\nbetledger_migrations = db\n")
    run = begun(team, dsn)
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 1 and "name a server for tests, or say --beside-ledgers (for pytest, betledger_beside_ledgers = true)" in output
    assert rows(db, LEFT) == []


def test_a_run_that_does_not_use_it_imports_nothing_of_it(tmp_path):
    """pytest loads the plugin wherever betledger is installed: it may cost nothing, nor fail for want of a library."""
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n\n\ndef test_nothing():\n"
        "    assert not {'psycopg', 'yoyo', 'postgast', 'typer', 'rich'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:postgresql",
            "-p",
            "no:hypothesispytest",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "betledger.pytest_plugin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout
