"""The fixtures that application teams test with."""

from __future__ import annotations

import os
import subprocess
import sys

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


@pytest.mark.not_on_citus("the same without a cluster")
def test_each_test_of_a_team_gets_a_clean_ledger_with_its_own_tables(db, dsn, tmp_path):
    (tmp_path / "db" / "schema").mkdir(parents=True)
    (tmp_path / "db" / "schema" / "0001_bonuses.sql").write_text(
        "CREATE TABLE public.bonuses (id bigint PRIMARY KEY);\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nbetledger_migrations = db\n")
    (tmp_path / "test_till.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=os.environ | {"DATABASE_URL": dsn},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout + done.stderr
    assert rows(db, "SELECT datname FROM pg_database WHERE datname LIKE 'betledger\\_test%'") == []
