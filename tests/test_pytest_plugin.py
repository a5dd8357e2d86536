"""The fixtures that application teams test with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
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
LEFT = r"SELECT datname FROM pg_database WHERE datname ~ '^betledger_te(st|mplate)_' ORDER BY 1"


@pytest.fixture
def team(tmp_path: Path) -> Path:
    (tmp_path / "db" / "schema").mkdir(parents=True)
    (tmp_path / "db" / "schema" / "0001_bonuses.sql").write_text(
        "CREATE TABLE public.bonuses (id bigint PRIMARY KEY);\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nbetledger_migrations = db\n")
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
    db.execute(f"COMMENT ON DATABASE {template} IS '1700000000'")
    db.execute("CREATE DATABASE betledger_test_1700000000_abcdef")
    (team / "db" / "schema" / "0002_more.sql").write_text("ALTER TABLE public.bonuses ADD note text;\n")
    assert begun(team, dsn).wait(timeout=120) == 0
    (other,) = (row["datname"] for row in rows(db, LEFT))
    assert other != template
    db.execute(f"DROP DATABASE {other}")
