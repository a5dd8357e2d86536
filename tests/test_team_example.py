"""examples/team: its tests are green as it is, and on a cluster; what it adds keeps the rules of the ledger."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path

import betledger
import psycopg
import pytest
from command import run, run_tests_of
from ledger import one, place, rows
from test_catalogue import NONE_OF_THESE

TEAM = Path(__file__).parents[1] / "examples" / "team"
Connect = Callable[..., psycopg.Connection]
_spec = importlib.util.spec_from_file_location("examples_of_a_team", TEAM / "tests" / "test_bonuses.py")
assert _spec and _spec.loader
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
TESTS = [test for name, test in vars(_module).items() if name.startswith("test_")]


@pytest.mark.not_on_citus("the plugin of pytest makes no cluster: below, the same tests run on one")
def test_the_tests_of_the_team_are_green(dsn: str) -> None:
    done = run_tests_of(TEAM, dsn)
    assert done.returncode == 0 and f"{len(TESTS)} passed" in done.stdout, done.stdout


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.__name__)
def test_on_a_cluster(test: Callable[[Connect], None], request: pytest.FixtureRequest) -> None:
    if not request.config.option.citus:
        pytest.skip("the same without a cluster")
    betledger.migrate(request.getfixturevalue("dsn"), teams=[TEAM / "db"])
    connect = request.getfixturevalue("connect")
    test(lambda group: connect({"tenant": "tenant_login"}.get(group, group)))


def left(db: psycopg.Connection, name: str) -> list[str]:
    """Functions, triggers, relations and types whose name or text has this in it."""
    return [r["what"] for r in rows(db, """
        SELECT p.oid::regprocedure::text AS what FROM pg_proc AS p
        WHERE p.pronamespace IN ('public'::regnamespace, 'projection'::regnamespace) AND p.proname || p.prosrc ~* %(name)s
        UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND pg_get_triggerdef(oid) ~* %(name)s
        UNION ALL SELECT oid::regclass::text FROM pg_class WHERE relname ~* %(name)s
        UNION ALL SELECT read_table FROM projection.projections WHERE read_table ~* %(name)s
        UNION ALL SELECT event_type FROM projection.event_types WHERE event_type ~* %(name)s""", {"name": name})]  # fmt: skip


def test_it_keeps_the_rules_of_the_ledger(dsn: str, db: psycopg.Connection) -> None:
    """Also where there were bets before it."""
    place(db)
    betledger.migrate(dsn, teams=[TEAM / "db"])
    broken = {
        rule: found
        for rule, query in NONE_OF_THESE.items()
        if (found := [r["name"] for r in rows(db, query.replace("'{bet_events,", "'{bonus_events,bet_events,"))])
    }
    assert broken == {}
    assert one(db, "SELECT count(*) AS n FROM ops.verify_projections()") == {"n": 0}
    migrations = ("--migrations", str(TEAM / "db"))
    assert run("status", *migrations, url=dsn).returncode == 0
    file = TEAM / "db" / "api.json"
    if os.environ.get("BETLEDGER_WRITE_API"):
        file.write_text(run("api", url=dsn).stdout)
    r = run("api", "--check", str(file), url=dsn)
    assert r.returncode == 0 and "bonus" not in r.stdout, "if that is meant: BETLEDGER_WRITE_API=1"
    assert run("rollback", "--count", "1", *migrations, url=dsn).returncode == 0
    assert left(db, "bonus") == []
    assert len(rows(db, "SELECT FROM feed(10001)")) == 1
    assert run("migrate", *migrations, url=dsn).returncode == 0


def test_it_is_clean() -> None:
    if not (Path(sys.executable).parent / "squawk").exists():
        pytest.skip("betledger[lint] is not installed")
    r = run("lint", "--no-ours", cwd=TEAM)
    assert r.returncode == 0, r.stdout


def test_its_api_is_not_that_of_before_the_bonuses(db: psycopg.Connection, dsn: str) -> None:
    """What the team promises is missed where it is not."""
    r = run("api", "--check", str(TEAM / "db" / "api.json"), url=dsn)
    assert r.returncode == 3 and "breaking: no longer: function public.grant_bonus" in r.stdout
