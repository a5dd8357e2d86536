"""`betledger projection list` and `show`: what the database holds of a read table; and what tells that it is to be rebuilt."""

from __future__ import annotations

import json
from pathlib import Path

import betledger
import psycopg
import pytest
from betledger.migrating.catalogue import catalogue
from command import run
from ledger import EVENT_TABLES, OTHER, TENANT, append, event, insert, one, place, refused, rows

SHIPPED = {
    "public.bets_view": ["public.bet_events"],
    "public.payments_view": ["public.payment_events"],
    "public.user_activity_view": ["public.bets_view", "public.payments_view"],
    "public.user_balances_view": ["public.balance_events"],
    "projection.tenant_totals": [
        "public.bets_view", "public.payments_view", "public.user_activity_view", "public.user_balances_view",
    ],
}  # fmt: skip
STALE = "public.fixtures_view was folded by another definition"


def define_fixtures(folder: Path, bets: str = "1") -> Path:
    """A folder of a team with a read table of its own, which adds up something of each bet of a fixture."""
    for name, text in {
        "schema/0001_fixtures_view.sql": """SET LOCAL ROLE betledger_owner;

CREATE TABLE public.fixtures_view (
    tenant_id bigint, fixture_id text COLLATE "C", bets integer NOT NULL DEFAULT 0, PRIMARY KEY (tenant_id, fixture_id)
);

SELECT projection.wall_off('public.fixtures_view');

CREATE INDEX bets_view_fixture ON public.bets_view (tenant_id, fixture_id);
""",
        "functions/fixture_of_bet.sql": f"""SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION projection.fixture_of_bet(b public.bets_view)
RETURNS TABLE (tenant_id bigint, fixture_id text, bets integer)
LANGUAGE sql STABLE
AS 'SELECT b.tenant_id, b.fixture_id, {bets} WHERE b.fixture_id IS NOT NULL';

SELECT projection.define('public.fixtures_view', '{{projection.fixture_of_bet}}', p_position => 35);
""",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def shown(dsn: str, name: str) -> dict[str, dict[str, str]]:
    """The parts that are shown of a table: name and source by kind."""
    r = run("projection", "show", name, "--json", url=dsn)
    assert r.returncode == 0, r.stderr
    parts: dict[str, dict[str, str]] = {}
    for part in json.loads(r.stdout):
        parts.setdefault(part["part"], {})[part["name"]] = part["source"]
    return parts


def test_read_tables_are_listed_with_what_defines_them(dsn: str) -> None:
    r = run("projection", "list", "--json", url=dsn)
    assert r.returncode == 0, r.stderr
    found = json.loads(r.stdout)
    assert {p["read_table"]: p["sources"] for p in found} == SHIPPED
    assert [p["position"] for p in found] == sorted(p["position"] for p in found)
    assert {p["read_table"]: p["kind"] for p in found}["public.bets_view"] == "state"
    assert all(p["current"] is True and p["definitions"] for p in found)
    text = run("projection", "list", url=dsn).stdout
    assert all(f" {name} " in text for name in (*SHIPPED, "projection.bet_of_event"))


@pytest.mark.not_on_citus("the functions of shards are on their nodes")
def test_a_read_table_is_shown_from_its_definition_to_its_fold(db: psycopg.Connection, dsn: str) -> None:
    parts = shown(dsn, "bets_view")
    assert shown(dsn, "public.bets_view") == parts
    assert "(e.event_data ->> 'stake')::numeric" in parts["definition"]["projection.bet_of_event"]
    rules = parts["rules"]["public.bets_view"]
    assert (
        "p_highest => '{last_updated_at}'" in rules
        and '"of": ["V1_BETS_BET_SETTLED", "V1_BETS_BET_SETTLEMENT_CORRECTED"]' in rules
    )
    made = {name.split("(")[0] for name in parts["compiled"]}
    assert made >= {f"projection.bets_view_{does}" for does in ("fold", "refresh", "as_of")}
    assert list(shown(dsn, "tenants_summary_view")["rules"]) == ["projection.tenant_totals"]


@pytest.mark.not_on_citus("the functions of shards are on their nodes")
def test_all_that_is_compiled_is_shown_and_nothing_else_as_it_is_in_the_database(
    db: psycopg.Connection, dsn: str
) -> None:
    db.execute("COMMENT ON FUNCTION projection.bets_view_as_of(bigint, text, bigint, timestamptz) IS 'Mine.'")
    db.execute(
        "ALTER FUNCTION projection.bets_view_refresh(bigint[], text[], public.bets_view[], boolean) SET jit = on"
    )
    would_be = {
        r["name"]: r["made_for"]
        for table in EVENT_TABLES
        for r in rows(db, "SELECT made_for, name FROM projection.compiled(%s)", (f"public.{table}",))
    }
    del would_be["projection.bets_view_as_of"]
    found = {
        name.split("(")[0]: table
        for table in (*(f"public.{table}" for table in EVENT_TABLES), *SHIPPED)
        for (name,) in db.execute("SELECT name FROM ops.projection_source(%s) WHERE part = 'compiled'", (table,))
    }
    assert found == would_be
    (refresh,) = [s for n, s in shown(dsn, "bets_view")["compiled"].items() if n.startswith("projection.bets_view_ref")]
    assert "SET jit = 'on'\n" in refresh


@pytest.mark.not_on_citus("what is distributed cannot be made anew in a transaction")
@pytest.mark.parametrize("name", ["bets_view", "user_activity_view", "tenant_totals", "bet_events"])
def test_what_is_shown_is_sql_that_makes_the_same_again(db: psycopg.Connection, dsn: str, name: str) -> None:
    r = run("projection", "show", name, url=dsn)
    assert r.returncode == 0, r.stderr
    tables = ("projection.projections", "projection.sources", "projection.event_types")

    def held() -> object:
        return catalogue(db), [rows(db, f"SELECT to_jsonb(t) AS row FROM {t} AS t ORDER BY 1") for t in tables]

    before = held()
    with db.transaction(force_rollback=True):
        if name in EVENT_TABLES:
            db.execute("DELETE FROM projection.event_types WHERE event_table = %s", (f"public.{name}",))
            for trigger in rows(db, "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass", (name,)):
                db.execute(f"DROP TRIGGER {trigger['tgname']} ON {name}")
        else:
            db.execute(
                "UPDATE projection.projections SET position = 7, latest = '[]', highest_columns = '{x}', slots = 3"
                " WHERE split_part(read_table, '.', 2) = %s",
                (name,),
            )
        assert held() != before
        db.execute(r.stdout.encode())
        assert held() == before


def test_an_unknown_name_is_refused_with_the_known_ones(dsn: str) -> None:
    r = run("projection", "show", "bet_view", url=dsn)
    assert (r.returncode, r.stdout) == (1, "")
    assert "projection 'bet_view' is unknown [BL001]" in r.stderr and len(r.stderr.splitlines()) == 1
    assert all(name in r.stderr for name in (*SHIPPED, *(f"public.{table}" for table in EVENT_TABLES)))


def test_an_operator_may_look_and_nobody_else(connect, dsn: str) -> None:
    assert rows(connect("operator"), "SELECT read_table FROM ops.projections()")
    assert rows(connect("operator"), "SELECT source FROM ops.projection_source('bets_view')")
    for login in ("app", "tenant_login", "reader"):
        for call in ("ops.projections()", "ops.projection_source('bets_view')"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connect(login).execute(f"SELECT * FROM {call}")


@pytest.mark.not_on_citus("a read table is made before its tables are distributed")
def test_a_read_table_of_a_team_is_listed_and_shown(dsn: str, tmp_path: Path) -> None:
    folder = define_fixtures(tmp_path / "db")
    betledger.migrate(dsn, teams=[folder])
    (found,) = [
        p
        for p in json.loads(run("projection", "list", "--json", url=dsn).stdout)
        if p["read_table"] == "public.fixtures_view"
    ]
    assert found["sources"] == ["public.bets_view"] and found["definitions"] == ["projection.fixture_of_bet"]
    text = run("projection", "show", "fixtures_view", url=dsn).stdout
    assert text.startswith("-- definition: projection.fixture_of_bet\nCREATE OR REPLACE FUNCTION")
    assert "\n-- compiled: projection.fixtures_view_fold()\n" in text
    # Another way to write a function.
    file = folder / "functions" / "fixture_of_bet.sql"
    file.write_text(file.read_text().replace("AS 'SELECT", "BEGIN ATOMIC SELECT").replace("NULL';", "NULL; END;"))
    betledger.migrate(dsn, teams=[folder])
    definition = shown(dsn, "fixtures_view")["definition"]["projection.fixture_of_bet"]
    assert "BEGIN ATOMIC" in definition and definition.endswith("END;")


@pytest.mark.not_on_citus("a read table is made before its tables are distributed")
def test_rows_that_another_definition_folded_are_told_until_all_are_rebuilt(
    db: psycopg.Connection, dsn: str, tmp_path: Path
) -> None:
    folder = define_fixtures(tmp_path / "db")
    flags = ("--migrations", str(folder))

    def told() -> tuple[bool, bool]:
        """Whether status and doctor tell it."""
        status, doctor = run("status", *flags, url=dsn), run("doctor", url=dsn)
        assert status.returncode == (3 if STALE in status.stdout else 0), status.stdout
        return (
            f"{STALE}: betledger rebuild fixtures_view\n" in status.stdout,
            f"NO  read tables are folded by their definition: {STALE}\n" in doctor.stdout,
        )

    # Of no bets, the rows are what any definition makes of them.
    assert run("migrate", *flags, url=dsn).returncode == 0
    assert told() == (False, False)
    for tenant in (TENANT, OTHER):
        place(db, tenant)
        append(db, "BET_CONFIRMED", tenant)
    assert told() == (False, False)
    define_fixtures(folder, bets="10")
    assert run("migrate", *flags, url=dsn).returncode == 0
    assert told() == (True, True)
    assert json.loads(run("status", "--json", *flags, url=dsn).stdout)["rebuild"] == ["public.fixtures_view"]
    assert "│ to rebuild │" in run("projection", "list", url=dsn).stdout
    place(db, bet="bet-2")
    assert run("rebuild", "fixtures_view", "--tenant", str(TENANT), url=dsn).returncode == 0
    assert told() == (True, True)
    assert run("rebuild", "fixtures_view", url=dsn).returncode == 0
    assert told() == (False, False)
    assert rows(db, "SELECT tenant_id, bets FROM fixtures_view ORDER BY 1") == [
        {"tenant_id": TENANT, "bets": 20},
        {"tenant_id": OTHER, "bets": 10},
    ]


@pytest.mark.not_on_citus("a read table is made before its tables are distributed")
def test_a_read_table_that_is_new_to_a_ledger_with_events_is_to_be_rebuilt(
    db: psycopg.Connection, dsn: str, tmp_path: Path
) -> None:
    place(db)
    folder = define_fixtures(tmp_path / "db")
    assert run("migrate", "--migrations", str(folder), url=dsn).returncode == 0
    assert (r := run("status", url=dsn)).returncode == 3 and f"{STALE}: betledger rebuild fixtures_view" in r.stdout
    assert run("rebuild", "fixtures_view", url=dsn).returncode == 0
    assert run("status", url=dsn).returncode == 0
    assert rows(db, "SELECT bets FROM fixtures_view") == [{"bets": 1}]


@pytest.mark.not_on_citus("the same without a cluster")
def test_a_rule_that_changed_is_a_definition_that_changed(db: psycopg.Connection, dsn: str) -> None:
    place(db)
    assert run("status", url=dsn).returncode == 0
    db.execute("UPDATE projection.event_types SET rank = 3 WHERE event_type = 'V1_BETS_BET_CANCELLED'")
    r = run("status", url=dsn)
    assert r.returncode == 3 and "public.bets_view was folded by another definition" in r.stdout
    assert "user_balances_view" not in r.stdout


@pytest.mark.not_on_citus("a new definition of what is distributed goes by migrate")
def test_what_one_event_table_does_not_hold_another_may(db: psycopg.Connection, dsn: str) -> None:
    """No bets are there, but a payment: a read table of both is not folded by its new definition."""
    insert(db, event("V1_PAYMENTS_DEPOSIT_CREATED"))
    body = one(db, "SELECT pg_get_functiondef('projection.activity_of_payment'::regproc) AS text")["text"]
    db.execute(body.replace("SELECT", "SELECT /* otherwise */", 1).encode())
    with db.transaction():
        db.execute("SET LOCAL ROLE betledger_owner")
        db.execute("SELECT projection.compile('public.bet_events'), projection.prove('public.bet_events')")
    r = run("status", url=dsn)
    assert r.returncode == 3 and "public.user_activity_view was folded by another definition" in r.stdout
    assert "bets_view" not in r.stdout


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (["public.nowhere"], "public.nowhere is no read table and no event table"),
        (["public.bet_events"], "public.bet_events is what public.bets_view gathers from"),
        (["public.bets_view"], "public.bets_view is what projection.tenant_totals gathers from"),
        (["public.bets_view", "public.nowhere"], "gathers from"),
    ],
)
def test_what_cannot_be_forgotten_is_refused(db: psycopg.Connection, tables: list[str], message: str) -> None:
    registered = "SELECT read_table FROM projection.projections UNION ALL SELECT event_type FROM projection.event_types ORDER BY 1"
    before = rows(db, registered)
    with refused("BL020", message):
        db.execute("SELECT projection.forget(VARIADIC %s)", (tables,))
    assert rows(db, registered) == before
