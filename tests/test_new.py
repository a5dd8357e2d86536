"""`betledger new`: what it makes passes as it is, and is walled, granted, distributed, rebuilt, verified, purged, told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import betledger
import psycopg
import pytest
from betledger.database import on_citus
from command import run, run_tests_of
from ledger import T0, call, insert, one, place, refused, rows
from test_catalogue import NONE_OF_THESE

TENANT, OTHER = 10001, 10002
Connect = Callable[..., psycopg.Connection]
MADE = {
    "function": "stakes_of_user", "projection": "stakes_view", "event-type": "V1_BETS_BET_NOTED", "event-table": "bonus_events",
}  # fmt: skip
# As long as a name may be.
LONG = "a_name_that_is_as_long_as_it_may"
LONG_MADE = {"function": LONG, "projection": f"x{LONG[1:]}", "event-type": f"V{LONG[1:].upper()}", "event-table": f"{LONG[:-7]}_events"}
TABLES = ["bonus_events", "bonus_view", "stakes_view"]
FUNCTIONS = ["open_stakes", "stakes_of_user"]


def new(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return run("new", *words, cwd=cwd)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project from nothing, with all kinds of things."""
    home = tmp_path_factory.mktemp("made")
    assert new("project", "team", cwd=home).returncode == 0
    for kind, name in MADE.items():
        r = new(kind, name, cwd=home / "team")
        assert (r.returncode, r.stderr) == (0, ""), name
        assert all((home / "team" / line).is_file() for line in r.stdout.splitlines()[:-1])
    return home / "team"


@pytest.fixture
def ledger(made: Path, dsn: str, db: psycopg.Connection) -> psycopg.Connection:
    """A ledger, on a cluster where the tests run on one, that had bets before the project was applied."""
    place(db, TENANT, "old", data={"user_id": "anna"})
    betledger.migrate(dsn, teams=[made / "db"])
    db.execute("CALL ops.rebuild_projection()")
    return db


def of_bonus(kind: str, tenant: int = TENANT, stream: str = "b1", **more: Any) -> dict[str, Any]:
    data = {"user_id": "anna", "amount": "10.50"} if kind == "OPENED" else {}
    key = more.pop("key", None)
    return {
        "id": uuid4(), "tenant_id": tenant, "aggregate_id": stream, "event_type": f"V1_BONUS_{kind}",
        "event_data": json.dumps(data), "timestamp": T0, "version": 1,
        "metadata": json.dumps({"idempotency_key": key} if key else {}),
    } | more  # fmt: skip


def noted(tenant: int, bet: str) -> dict[str, Any]:
    return of_bonus("", tenant, bet, event_type="V1_BETS_BET_NOTED", event_data='{"note": "x"}')


# ------------------------------------------------------------------------------------------------ its own tests are green


@pytest.mark.not_on_citus("the plugin of pytest makes no cluster")
def test_what_is_made_passes_as_it_is(made: Path, dsn: str) -> None:
    """One command for the project, one for each thing, and `pytest`."""
    done = run_tests_of(made, dsn)
    assert done.returncode == 0 and "14 passed" in done.stdout, done.stdout


def test_what_is_made_is_clean(made: Path, tmp_path: Path) -> None:
    if not (Path(sys.executable).parent / "squawk").exists():
        pytest.skip("betledger[lint] is not installed")
    team = shutil.copytree(made, tmp_path / "team")
    for kind, name in LONG_MADE.items():
        assert new(kind, name, cwd=team).returncode == 0
    r = run("lint", "--no-ours", cwd=team)
    assert r.returncode == 0 and "files are fine" in r.stdout, r.stdout
    long = [line for file in team.rglob("*.sql") for line in file.read_text().splitlines() if len(line) > 120]
    assert long == []
    for command in (["check", "--select", "E4,E7,E9,F,I,B,UP,SIM"], ["format", "--check"]):
        ruff = [Path(sys.executable).parent / "ruff", *command, "--isolated", "--line-length", "120", made]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.not_on_citus("the same without a cluster")
def test_the_bodies_of_what_is_made_are_checked_where_there_is_plpgsql_check(made: Path, dsn: str, db: psycopg.Connection) -> None:
    if not rows(db, "SELECT FROM pg_available_extensions WHERE name = 'plpgsql_check'"):
        pytest.skip("plpgsql_check is not installed on this server")
    r = run("lint", "--no-ours", "--scratch-url", dsn, cwd=made)
    assert r.returncode == 0, r.stdout


# ------------------------------------------------------------------------------------------------ and holds what is promised


def test_it_is_walled_granted_and_told_by_the_contract(ledger: psycopg.Connection, made: Path, dsn: str) -> None:
    broken = {}
    for rule, query in NONE_OF_THESE.items():
        # A rule that names the event tables means this one, too.
        if found := [r["name"] for r in rows(ledger, query.replace("'{bet_events,", "'{bonus_events,bet_events,"))]:
            broken[rule] = found
    assert broken == {}
    contract = one(ledger, "SELECT ops.contract() AS c")["c"]
    for name in FUNCTIONS:
        told = contract["functions"][f"public.{name}"]
        assert told["errors"].keys() == {"BL001", "BL006"} and told["comment"] and told["example"]
        assert told["roles"] == [f"betledger_{r}" for r in ("app", "operator", "reader", "tenant")]
    tables = {name: contract["tables"][f"public.{name}"] for name in TABLES}
    assert {name: told["privileges"]["betledger_app"] for name, told in tables.items()} == {
        "bonus_events": ["INSERT", "SELECT", "UPDATE"], "bonus_view": ["SELECT"], "stakes_view": ["SELECT"],
    }  # fmt: skip
    types = contract["event_types"]
    assert types["V1_BETS_BET_NOTED"]["fields"]["note"] == {"kind": "text", "json": "string", "required": True}
    assert types["V1_BONUS_OPENED"]["table"] == "public.bonus_events"
    # The project begins with the contract of the ledger, so that its first pull request breaks nothing.
    r = run("api", "--check", str(made / "db" / "api.json"), url=dsn)
    assert r.returncode == 0 and "added: function public.stakes_of_user" in r.stdout, r.stdout
    if on_citus(ledger):
        assert_distributed(ledger)


def assert_distributed(ledger: psycopg.Connection) -> None:
    placed = rows(
        ledger,
        "SELECT colocationid, column_to_column_name(logicalrelid, partkey) AS key FROM pg_dist_partition"
        " WHERE logicalrelid::text = ANY (%s)", ([*TABLES, "bet_events"],),
    )  # fmt: skip
    assert len(placed) == 4 and {(r["colocationid"], r["key"]) for r in placed} == {(placed[0]["colocationid"], "tenant_id")}
    spread = rows(
        ledger,
        "SELECT p.proname AS name FROM pg_dist_object AS o JOIN pg_proc AS p ON p.oid = o.objid"
        " WHERE o.classid = 'pg_proc'::regclass AND o.distribution_argument_index = 0 AND p.proname = ANY (%s) ORDER BY 1", (FUNCTIONS,),
    )  # fmt: skip
    assert [r["name"] for r in spread] == FUNCTIONS


def test_a_tenant_is_kept_to_its_own(ledger: psycopg.Connection, connect: Connect) -> None:
    app, tenant, reader, stranger = connect("app"), connect("tenant_login", autocommit=False), connect("reader"), connect("stranger")
    for t in (TENANT, OTHER):
        insert(app, of_bonus("OPENED", t, key="k"), table="bonus_events")
        place(app, t, "b1", data={"user_id": "anna"})
    for table in ("bonus_events", "bonus_view", "stakes_view"):
        assert {r["tenant_id"] for r in rows(reader, f"SELECT tenant_id FROM {table}")} == {TENANT, OTHER}
        assert rows(tenant, f"SELECT tenant_id FROM {table}") == []
        tenant.rollback()
        tenant.execute("SET LOCAL app.tenant_id = '10002'")
        assert {r["tenant_id"] for r in rows(tenant, f"SELECT tenant_id FROM {table}")} == {OTHER}
        tenant.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            stranger.execute(f"SELECT FROM {table}")
    for table in ("bonus_view", "stakes_view"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute(f"DELETE FROM {table}")
    with refused("BL010", "bonus_events"):
        ledger.execute("DELETE FROM bonus_events")
    tenant.execute("SET LOCAL app.tenant_id = '10002'")
    with refused("BL006"):
        insert(tenant, of_bonus("CLOSED"), table="bonus_events")
    tenant.rollback()
    assert call(reader, "stakes_of_user", TENANT, "anna")["bets"] == 2
    tenant.execute("SET LOCAL app.tenant_id = '10002'")
    assert call(tenant, "stakes_of_user", OTHER, "anna")["bets"] == 1
    with refused("BL006"):
        call(tenant, "stakes_of_user", TENANT, "anna")
    tenant.rollback()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        stranger.execute("SELECT stakes_of_user(10001, 'anna')")


def differing(ledger: psycopg.Connection) -> set[str]:
    return {r["projection"] for r in rows(ledger, "SELECT projection FROM ops.verify_projections()")}


def test_it_is_verified_rebuilt_purged_and_fed(ledger: psycopg.Connection, connect: Connect) -> None:
    """Late, tied and in one statement; on each tenant's node."""
    app = connect("app")
    for t in range(1, 9):
        insert(app, of_bonus("CLOSED", t), table="bonus_events")
        insert(app, of_bonus("OPENED", t, key="k"), table="bonus_events")
        insert(app, *(of_bonus("OPENED", t, f"s{n}", key=f"k{n}") for n in range(5)), table="bonus_events")
        bet = call(app, "place_bet", t, "anna", 5, 2, "f1", "b1")["bet_id"]
        insert(app, noted(t, bet), table="bet_events")
    shown = (
        "SELECT tenant_id, bonus_id, user_id, amount, status, created_at FROM bonus_view ORDER BY 1, 2",
        "SELECT * FROM stakes_view ORDER BY 1, 2",
    )
    before = [rows(ledger, query) for query in shown]
    assert [r["status"] for r in before[0]] == ["closed", *["opened"] * 5] * 8
    assert {(r["bets"], str(r["staked"])) for r in before[1]} == {(1, "5"), (1, "10.5")}
    assert differing(ledger) == set()
    # With a key that was used, nothing.
    with pytest.raises(psycopg.errors.UniqueViolation):
        insert(app, of_bonus("OPENED", 1, "again", key="k1"), table="bonus_events")

    ledger.execute("UPDATE bonus_view SET amount = 0 WHERE tenant_id < 5")
    ledger.execute("DELETE FROM stakes_view WHERE tenant_id > 3")
    assert differing(ledger) == {"public.bonus_view", "public.stakes_view"}
    ledger.execute("CALL ops.rebuild_projection()")
    assert differing(ledger) == set() and [rows(ledger, query) for query in shown] == before

    connect("operator").execute("CALL ops.purge_idempotency_keys('0')")
    for keys in ("bonus_view WHERE idempotency_key IS NOT NULL", "bonus_events WHERE metadata ? 'idempotency_key'"):
        assert rows(ledger, f"SELECT FROM {keys}") == []
    assert differing(ledger) == set() and [rows(ledger, query) for query in shown] == before

    types = [r["event_type"] for r in rows(app, "SELECT event_type FROM feed(1)")]
    assert sorted(types) == ["V1_BETS_BET_NOTED", "V1_BETS_BET_PLACED", "V1_BONUS_CLOSED", *["V1_BONUS_OPENED"] * 6]
    every = [r["event_type"] for r in rows(connect("reader"), "SELECT event_type FROM ledger_feed()")]
    assert every.count("V1_BONUS_OPENED") == 48


def test_it_goes_back_and_comes_again(ledger: psycopg.Connection, made: Path, dsn: str, connect: Connect) -> None:
    migrations = ("--migrations", str(made / "db"))
    assert run("status", *migrations, url=dsn).returncode == 0
    app = connect("app")

    def back(to: str) -> None:
        r = run("rollback", "--count", "1", "--force", *migrations, url=dsn)
        assert r.returncode == 0 and to in r.stdout, r.stderr

    # The ledger goes on without each of them.
    back("0003_bonus_events")
    assert [e["aggregate_id"] for e in rows(app, "SELECT aggregate_id FROM feed(10001)")] == ["old"]
    back("0002_v1_bets_bet_noted")
    with refused("BL001", "V1_BETS_BET_NOTED"):
        insert(app, noted(TENANT, "b2"), table="bet_events")
    back("0001_stakes_view")
    place(app, TENANT, "b2")
    assert differing(ledger) == set()
    r = run("migrate", *migrations, url=dsn)
    assert r.returncode == 0, r.stderr
    insert(app, of_bonus("OPENED"), table="bonus_events")
    ledger.execute("CALL ops.rebuild_projection()")
    assert rows(ledger, "SELECT tenant_id, bets FROM stakes_view") == [{"tenant_id": TENANT, "bets": 1}, {"tenant_id": TENANT, "bets": 1}]
    assert differing(ledger) == set() and run("status", *migrations, url=dsn).returncode == 0


# ------------------------------------------------------------------------------------------------ what is refused


@pytest.fixture
def team(tmp_path: Path) -> Path:
    (tmp_path / "db" / "schema").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def nothing_is_written(team: Path) -> Iterator[None]:
    yield
    assert [p for p in team.rglob("*") if p.is_file() and "mine" not in p.read_text()] == []


@pytest.mark.usefixtures("nothing_is_written")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("function", "Stakes"), "'Stakes' is no name"),
        (("function", "1st"), "'1st' is no name"),
        (("function", "a-b"), "'a-b' is no name"),
        (("function", "../a"), "'../a' is no name"),
        (("function", "a\nb"), "is no name"),
        (("function", "select"), "no word of SQL"),
        (("projection", "user"), "no word of SQL"),
        (("function", LONG + "x"), "take 32 or fewer"),
        (("function", "place_bet"), "public.place_bet is there already: functions/api/place_bet.sql names it"),
        (("projection", "bets_view"), "public.bets_view is there already"),
        (("event-type", "V1_BETS_BET_PLACED"), "V1_BETS_BET_PLACED is there already: schema/0009_event_types.sql"),
        (("event-type", "noted"), "'noted' is no name for a new event-type: take one as V1_BETS_BET_NOTED"),
        (("event-table", "bonuses"), "bonuses does not end in _events"),
        (("event-table", "_events"), "is no name"),
        (("event-table", "bet_events"), "bet_events is there already"),
        (("event-table", "payments_events"), "public.payments_view is there already"),
        (("function", "a", "--migrations", "nowhere"), "nowhere/schema does not exist"),
        (("function", "a", "--migrations", "x=nowhere"), "nowhere/schema does not exist"),
        (("project", "schema"), "'schema' is no name for a project"),
    ],
)
def test_a_name_that_is_none_or_is_used_is_refused(team: Path, words: tuple[str, ...], message: str) -> None:
    r = new(*words, cwd=team)
    assert r.returncode == 2 and message in r.stderr and r.stderr.count("\n") == 1, r.stderr


@pytest.mark.usefixtures("nothing_is_written")
@pytest.mark.parametrize(
    ("kind", "name", "there"),
    [
        ("function", "a", "db/functions/a.sql"),
        ("function", "a", "tests/test_a.py"),
        ("function", "a", "db/functions/deep/other.sql"),
        ("projection", "a", "db/functions/a.sql"),
        ("event-table", "a_events", "db/triggers/a_events_ready.sql"),
        ("project", ".", "README.md"),
        ("project", ".", ".github/workflows/ledger.yml"),
    ],
)
def test_nothing_is_written_over(team: Path, kind: str, name: str, there: str) -> None:
    (team / there).parent.mkdir(parents=True, exist_ok=True)
    (team / there).write_text("-- mine\nCREATE TABLE public.a (id bigint);\n")
    r = new(kind, name, cwd=team)
    assert r.returncode == 2 and "is there already" in r.stderr and there in r.stderr and r.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("there", "number"),
    [([], "0001"), (["0001_a", "0007_b"], "0008"), (["001_a", "099_b"], "100"), (["20261101120000_a"], "20261101120001")],
)
def test_the_number_is_the_next_of_the_folder(team: Path, there: list[str], number: str) -> None:
    for name in there:
        (team / "db" / "schema" / f"{name}.sql").write_text("SELECT 1;\n")
    r = new("event-type", "V1_NOTED", "--migrations", "bonus=db", "--tests", "checks", cwd=team)
    assert r.returncode == 0
    assert (team / "db" / "schema" / f"{number}_v1_noted.rollback.sql").is_file() and (team / "checks" / "test_v1_noted.py").is_file()


@pytest.mark.parametrize("name", ["bonus", "9999_b"])
def test_a_folder_whose_next_number_would_not_be_the_last_is_refused(team: Path, name: str) -> None:
    (team / "db" / "schema" / f"{name}.sql").write_text("SELECT 1;\n")
    r = new("event-type", "V1_NOTED", cwd=team)
    assert r.returncode == 2 and f"{name}.sql comes after" in r.stderr and r.stderr.count("\n") == 1


def test_of_several_folders_one_has_to_be_named(team: Path) -> None:
    (team / "betledger.toml").write_text('migrations = ["db", "more"]\n')
    r = new("function", "a", cwd=team)
    assert r.returncode == 2 and "name one, as in --migrations db" in r.stderr
    (team / "betledger.toml").write_text('migrations = ["db"]\n')
    assert new("function", "a", cwd=team / "db").returncode == 0
    files = json.loads(new("event-type", "V1_NOTED", "--json", cwd=team).stdout)["files"]
    assert len(files) == 3 and all(Path(file).is_file() for file in files)
    assert (team / "db" / "functions" / "a.sql").is_file() and (team / "tests" / "test_a.py").is_file()
