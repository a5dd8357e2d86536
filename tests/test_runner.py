"""The runner as a DBA and a CI meet it: plans, rehearsals, drift, baselines, folders of teams, settings, kills."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import subprocess
import threading
import time
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import betledger
import psycopg
import pytest
from betledger.errors import BetledgerError
from betledger.migrating.backend import BOOKKEEPING
from betledger.migrating.catalogue import catalogue, differences, dump, expected
from betledger.migrating.files import sql_root
from betledger.migrating.migrator import opened
from betledger.migrating.planning import plan_of
from betledger.migrating.waiting import Limits, alone
from betledger.new.writing import COPIED
from betledger.server import binaries
from command import run
from ledger import call, place, rows
from psycopg import conninfo

MIGRATIONS = sorted(file.stem for file in (sql_root() / "schema").glob("*.sql") if not file.stem.endswith(".rollback"))
SOURCES = Path(__file__).parent.parent
SCHEMA_DUMP = SOURCES / "docs" / "schema.txt"


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A folder of an application team: a table of bonuses, an index on a table of ours, a function."""
    folder = tmp_path / "bonus"
    for name, text in {
        "schema/0001_bonuses.sql": "CREATE TABLE public.bonuses (tenant_id bigint NOT NULL, id uuid PRIMARY KEY);\n",
        "schema/0001_bonuses.rollback.sql": "DROP FUNCTION IF EXISTS public.bonus_count();\n\nDROP TABLE public.bonuses;\n",
        "schema/0002_bets_by_fixture.sql": "-- transactional: false\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS bets_by_fixture ON public.bets_view (fixture_id);\n",
        "schema/0002_bets_by_fixture.rollback.sql": "-- transactional: false\nDROP INDEX CONCURRENTLY public.bets_by_fixture;\n",
        "schema/0003_note.sql": "ALTER TABLE public.bonuses ADD COLUMN note text;\n",
        "schema/0003_note.rollback.sql": "ALTER TABLE public.bonuses DROP COLUMN note;\n",
        "functions/bonus_count.sql": "CREATE OR REPLACE FUNCTION public.bonus_count() RETURNS bigint LANGUAGE sql"
        " RETURN (SELECT count(*) FROM public.bonuses);\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def of(url: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        return catalogue(connection)


def psql(url: str, file: Path) -> None:
    """Run a script as a DBA does; it says nothing when all is well."""
    # An older psql does not know all that a newer libpq has in its conninfo.
    parts = conninfo.conninfo_to_dict(url)
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname"}
    done = subprocess.run(
        [str(binaries() / "psql"), "-X", "-q", "-f", str(file)],
        env=os.environ | {variable: str(parts[name]) for variable, name in names.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def databases(db: psycopg.Connection) -> list[str]:
    return [r["datname"] for r in rows(db, "SELECT datname FROM pg_database WHERE datname LIKE 'betledger\\_scratch%'")]


# --------------------------------------------------------------------------------------------------------------- plan


def test_the_plan_names_statements_transactions_and_locks(db, dsn, team):
    before = of(dsn)
    with opened(dsn, teams=[team]) as migrator:
        plan = plan_of(migrator, None)
    assert plan.unknown is None
    steps = {step.path: step for step in plan.steps}
    assert list(steps)[:4] == [
        "bonus/schema/0001_bonuses.sql",
        "bonus/schema/0002_bets_by_fixture.sql",
        "bonus/schema/0003_note.sql",
        "bonus/functions/bonus_count.sql",
    ]
    assert steps["bonus/schema/0001_bonuses.sql"].statements[0].locks == []
    (index,) = steps["bonus/schema/0002_bets_by_fixture.sql"].statements
    assert steps["bonus/schema/0002_bets_by_fixture.sql"].in_transaction is False and index.locks is not None
    (column,) = steps["bonus/schema/0003_note.sql"].statements
    assert column.locks == [("public.bonuses", "AccessExclusiveLock")]
    locked = {t: m for s in steps["triggers/bet_events.sql"].statements for t, m in s.locks}
    assert locked["public.bet_events"] in ("ShareRowExclusiveLock", "AccessExclusiveLock")
    assert of(dsn) == before and databases(db) == []


def test_the_plan_is_printed_as_text_and_as_json(dsn, team):
    text = run("plan", "--migrations", str(team), url=dsn)
    assert text.returncode == 0, text.stderr
    first = text.stdout[text.stdout.index("-- bonus/schema/0003_note.sql") :]
    assert first.startswith(
        "-- bonus/schema/0003_note.sql\nBEGIN;\nALTER TABLE public.bonuses ADD COLUMN note text;\n"
        "-- locks public.bonuses: AccessExclusiveLock\nCOMMIT;\n"
    )
    data = json.loads(run("plan", "--json", "--migrations", str(team), url=dsn).stdout)
    (step,) = [s for s in data["steps"] if s["path"] == "bonus/schema/0003_note.sql"]
    assert step["transaction"] is True
    assert step["statements"][0]["locks"] == [{"table": "public.bonuses", "mode": "AccessExclusiveLock"}]


def test_a_plan_without_a_scratch_database_says_so(connect, dsn, team):
    role = conninfo.make_conninfo(dsn, user="operator", password="only for tests")
    with opened(dsn, teams=[team]) as migrator:
        plan = plan_of(migrator, role)
    assert (
        plan.steps and "no scratch database can be made" in str(plan.unknown) and "--scratch-url" in str(plan.unknown)
    )
    assert all(s.locks is None for step in plan.steps for s in step.statements)


@pytest.mark.not_on_citus("psql runs it there, too, but the distribution of shards differs")
def test_the_script_for_psql_does_the_same(empty, dsn, tmp_path):
    script = run("plan", "--sql", url=empty)
    assert script.returncode == 0
    file = tmp_path / "plan.sql"
    file.write_text(script.stdout)
    psql(empty, file)
    assert of(empty) == of(dsn)
    assert betledger.migrate(empty) == 0
    yoyo = f"SELECT migration_id, migration_hash FROM {BOOKKEEPING}._yoyo_migration ORDER BY 1"
    with psycopg.connect(empty) as ours, psycopg.connect(dsn) as theirs:
        assert ours.execute(yoyo).fetchall() == theirs.execute(yoyo).fetchall()


@pytest.mark.not_on_citus("refused there: the next test")
def test_a_rehearsal_runs_everything_and_leaves_nothing(empty):
    before = of(empty)
    r = run("migrate", "--dry-run", "-v", url=empty)
    assert r.returncode == 0, r.stderr
    assert "files would be applied; all was rolled back" in r.stdout and re.search(r" ms +CREATE TABLE", r.stdout)
    assert of(empty) == before
    assert run("migrate", url=empty).returncode == 0
    assert "up to date" in run("migrate", "--dry-run", url=empty).stdout


def test_a_rehearsal_from_nothing_is_refused_on_citus(request, empty):
    if not request.config.getoption("--citus"):
        pytest.skip("without --citus")
    r = run("migrate", "--dry-run", url=empty)
    assert r.returncode == 1 and "`betledger plan` tries it in a scratch database" in r.stderr


def test_a_rehearsal_of_an_upgrade_leaves_nothing(dsn, team):
    before = of(dsn)
    for file in team.glob("schema/0002*"):
        file.unlink()
    r = run("migrate", "--dry-run", "--migrations", str(team), url=dsn)
    assert r.returncode == 0, r.stderr
    assert "bonus/schema/0003_note.sql" in r.stdout and "files would be applied; all was rolled back" in r.stdout
    assert of(dsn) == before


def test_what_cannot_be_rolled_back_is_not_rehearsed(dsn, team):
    before = of(dsn)
    r = run("migrate", "--dry-run", "--migrations", str(team), url=dsn)
    assert r.returncode == 1 and "0002_bets_by_fixture.sql does not run in a transaction" in r.stderr
    assert of(dsn) == before


# -------------------------------------------------------------------------------------------------- on a live database


@pytest.mark.not_on_citus("an index of shards is not built concurrently by this file")
def test_no_writer_waits_longer_than_the_lock_timeout(dsn, db, connect, team):
    """Writers go on while a team's index, column and our triggers are migrated under them; a reader stands in the way."""
    for n in range(200):
        place(db, bet=f"b{n}")
    (team / "schema" / "0004_bets.sql").write_text(
        "ALTER TABLE public.bets_view ADD CONSTRAINT stake_is_sane CHECK (stake < 1e12) NOT VALID;\n\n"
        "ALTER TABLE public.bets_view VALIDATE CONSTRAINT stake_is_sane;\n"
    )
    stop, longest, done = threading.Event(), [0.0] * 4, [0] * 4

    def write(number: int) -> None:
        connection = connect("app")
        while not stop.is_set():
            began = time.monotonic()
            call(connection, "place_bet", number + 1, "u", 1, 2, "f", f"{number}-{done[number]}")
            longest[number] = max(longest[number], time.monotonic() - began)
            done[number] += 1

    def read_long() -> None:
        with connect(autocommit=False).transaction() as _:
            pass
        reader = connect(autocommit=False)
        while not stop.is_set():
            reader.execute("SELECT count(*) FROM bets_view")
            time.sleep(0.4)
            reader.rollback()

    limits = Limits(lock_timeout="200ms", attempts=10)
    with ThreadPoolExecutor(5) as pool:
        running = [pool.submit(write, n) for n in range(4)] + [pool.submit(read_long)]
        try:
            with opened(dsn, teams=[team], limits=limits) as migrator:
                assert migrator.migrate() > 4
        finally:
            stop.set()
        for future in running:
            future.result(30)
    assert min(done) > 5
    # The migration waits for 200 ms at most, then does its moments of work.
    assert max(longest) < 1.5, longest
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


def test_who_stands_in_the_way_is_named(dsn, connect, tmp_path):
    folder = tmp_path / "late"
    (folder / "schema").mkdir(parents=True)
    (folder / "schema" / "0001_c.sql").write_text(
        "ALTER TABLE public.bets_view ADD CONSTRAINT late CHECK (stake < 1e12) NOT VALID;\n"
    )
    holder = connect("app", autocommit=False)
    holder.execute("SELECT * FROM bets_view")
    told: list[str] = []

    def progress(line: str) -> None:
        told.append(line)
        if "waits for backend" in line:
            holder.rollback()

    with opened(dsn, progress=progress, teams=[folder], limits=Limits(lock_timeout="10s")) as migrator:
        migrator.migrate()
    (line,) = [t for t in told if "waits for backend" in t]
    assert f"backend {holder.info.backend_pid} (app, idle in transaction, for " in line
    assert line.endswith("SELECT * FROM bets_view")


def test_a_statement_that_takes_too_long_is_ended(dsn, tmp_path):
    folder = tmp_path / "slow"
    (folder / "schema").mkdir(parents=True)
    (folder / "schema" / "0001_slow.sql").write_text("SELECT pg_sleep(60);\n")
    with (
        pytest.raises(
            BetledgerError, match=r"slow/schema/0001_slow\.sql:1: canceling statement due to statement timeout"
        ),
        opened(dsn, teams=[folder], limits=Limits(statement_timeout="100ms")) as migrator,
    ):
        migrator.migrate()


def test_a_second_runner_is_told_who_holds_the_lock(dsn, empty):
    with opened(empty) as first, alone(first.connection, first.limits, first.progress):
        r = run("migrate", "--wait", "1", url=empty)
    assert r.returncode == 1
    assert re.search(
        r"another runner \(backend \d+ of \w+ since 20..-..-.. ..:..:..\) is at work on this database", r.stderr
    )


# -------------------------------------------------------------------------------------------------------------- kills


def _migrate_and_die(url: str, files: int, folder: str | None) -> None:
    """Dies by SIGKILL when it has begun a number of files."""
    begun = 0

    def progress(line: str) -> None:
        nonlocal begun
        begun += not line.startswith(" ")
        if begun > files:
            os.kill(os.getpid(), signal.SIGKILL)

    betledger.migrate(url, progress=progress, teams=[Path(folder)] if folder else [])


def _migrate_and_die_within(url: str, path: str, statement: int) -> None:
    """Dies by SIGKILL after a statement of a file, before its transaction ends."""
    with opened(url) as migrator:

        def observe(at: str, number: int) -> None:
            if (at, number) == (path, statement):
                os.kill(os.getpid(), signal.SIGKILL)

        migrator.applier.observer = observe
        migrator.migrate()


def killed(target: Callable[..., None], *arguments: object) -> bool:
    process = multiprocessing.get_context("fork").Process(target=target, args=arguments)
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


@pytest.mark.not_on_citus("a hundred kills take too long there")
def test_a_runner_that_is_killed_at_every_file_is_finished_by_the_same_command(empty, dsn, team):
    kills = 0
    # One file further each time; the many that make a function are alike.
    while killed(_migrate_and_die, empty, 1 if kills < 40 else 5, None):
        kills += 1
    assert kills > 90
    assert of(empty) == of(dsn)
    while killed(_migrate_and_die, empty, 1, str(team)):
        kills += 1
    assert betledger.migrate(empty, teams=[team]) == 0
    assert kills > 95


@pytest.mark.not_on_citus("the same without a cluster")
def test_a_runner_that_is_killed_in_the_middle_of_a_file_leaves_nothing_of_it(empty, dsn):
    with opened(empty) as migrator:
        steps = [
            (s.path, len(s.statements)) for s in plan_of(migrator, None, locks=False).steps if len(s.statements) > 4
        ]
    assert len(steps) > 10
    for path, count in steps[:10]:
        assert killed(_migrate_and_die_within, empty, path, count // 2)
        with psycopg.connect(empty) as connection:
            assert not connection.execute(f"SELECT FROM {BOOKKEEPING}.versioned WHERE path = %s", (path,)).rowcount
    assert betledger.migrate(empty) > 0
    assert of(empty) == of(dsn)


def test_a_user_without_a_name_migrates(empty, monkeypatch):
    """As in a container that runs as some number."""

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert betledger.migrate(empty) > 90


# -------------------------------------------------------------------------------------------------------------- drift

CHANGES = [
    ("ALTER TABLE bets_view ADD COLUMN extra integer", "+ column public.bets_view.extra is not ours"),
    ("ALTER TABLE bets_view DROP COLUMN odds CASCADE", "- column public.bets_view.odds is missing"),
    ("ALTER TABLE user_balances_view ALTER transaction_count TYPE numeric", "  column public.user_balances_view.transaction_count differs"),
    ("ALTER TABLE bet_events ALTER created_at SET DEFAULT clock_timestamp()", "  column public.bet_events.created_at differs"),
    ("ALTER TABLE bet_events DROP CONSTRAINT bet_events_pkey CASCADE", "- constraint public.bet_events bet_events_pkey is missing"),
    ("DROP INDEX bet_events_time", "- index public.bet_events bet_events_time is missing"),
    ("CREATE INDEX mine ON bet_events (version)", "+ index public.bet_events mine is not ours"),
    ("ALTER TABLE bet_events DISABLE TRIGGER guard_event", "  trigger public.bet_events guard_event differs"),
    ("DROP TRIGGER guard_event ON bet_events", "- trigger public.bet_events guard_event is missing"),
    ("DROP POLICY own_tenant ON bets_view", "- policy public.bets_view own_tenant is missing"),
    ("ALTER TABLE bets_view DISABLE ROW LEVEL SECURITY", "  table public.bets_view differs"),
    ("GRANT DELETE ON bets_view TO betledger_reader", "  table public.bets_view differs"),
    ("GRANT UPDATE (stake) ON bets_view TO betledger_app", "  column public.bets_view.stake differs"),
    ("ALTER TABLE bets_view OWNER TO postgres", "  table public.bets_view differs"),
    ("REVOKE EXECUTE ON FUNCTION projection.current_ms() FROM betledger_app", "  function projection.current_ms() differs"),
    ("CREATE FUNCTION projection.mine() RETURNS integer LANGUAGE sql RETURN 1", "+ function projection.mine() is not ours"),
    (
        "CREATE OR REPLACE FUNCTION projection.event_rank(p_event_type text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''0'''",
        "  function projection.event_rank(text) differs",
    ),
    ("ALTER FUNCTION ops.doctor() SECURITY DEFINER", "  function ops.doctor() differs"),
]  # fmt: skip


def test_a_schema_as_the_migrations_make_it_is_silent(dsn):
    r = run("verify-schema", url=dsn)
    assert (r.returncode, r.stdout, r.stderr) == (0, "", "")
    assert run("verify-schema", "--json", url=dsn).stdout == "[]\n"


@pytest.mark.not_on_citus("Citus refuses some of the changes")
def test_every_change_of_the_schema_is_shown(db, dsn):
    with opened(dsn) as migrator:
        wanted = expected(migrator, None)
    for statement, line in CHANGES:
        with db.transaction(force_rollback=True):
            db.execute(statement.encode())
            there = catalogue(db, [name for _, name in wanted])
            changed = {key for key in wanted.keys() | there.keys() if wanted.get(key) != there.get(key)}
            kind, name = re.match(r"[-+ ] (\w+) (.*) (?:is missing|is not ours|differs)$", line).groups()  # type: ignore[union-attr]
            assert (kind, name) in changed, (statement, changed)
    assert catalogue(db, [name for _, name in wanted]) == wanted


@pytest.mark.not_on_citus("the same without a cluster")
def test_differences_are_printed_as_a_diff(db, dsn):
    db.execute("CREATE INDEX mine ON bet_events (version)")
    db.execute("ALTER TABLE bet_events DISABLE TRIGGER guard_event")
    r = run("verify-schema", url=dsn)
    assert r.returncode == 3
    assert "+ index public.bet_events mine is not ours: CREATE INDEX mine ON public.bet_events" in r.stdout
    assert "    +CREATE TRIGGER guard_event BEFORE DELETE OR UPDATE ON public.bet_events" in r.stdout
    assert "(DISABLED)" in r.stdout
    found = json.loads(run("verify-schema", "--json", url=dsn).stdout)
    assert {(f["kind"], f["name"]) for f in found} == {
        ("index", "public.bet_events mine"),
        ("trigger", "public.bet_events guard_event"),
    }


@pytest.mark.not_on_citus("the copy is that of one server")
def test_the_committed_copy_of_the_schema_is_current(dsn):
    with opened(dsn) as migrator:
        assert SCHEMA_DUMP.read_text() == dump(expected(migrator, None)), (
            "run `betledger schema dump > docs/schema.txt`"
        )


def test_a_migration_out_of_order_is_refused(dsn, team):
    betledger.migrate(dsn, teams=[team])
    (team / "schema" / "0002_a.sql").write_text("SELECT 1;\n")
    r = run("migrate", "--migrations", str(team), url=dsn)
    assert r.returncode == 3
    assert "bonus/schema/0002_a.sql comes before one that is applied: give it a later number" in r.stderr


# ------------------------------------------------------------------------------------------------------------ baseline


@pytest.mark.not_on_citus("a cluster is made by migrate and distribute")
def test_a_database_that_was_made_another_way_is_taken_over(db, dsn):
    place(db)
    db.execute(f"DROP SCHEMA {BOOKKEEPING} CASCADE")
    refused = run("migrate", url=dsn)
    assert refused.returncode == 1
    done = run("baseline", url=dsn)
    assert done.returncode == 0 and f"{len(MIGRATIONS)} migrations are recorded as applied" in done.stdout, done.stderr
    assert run("migrate", url=dsn).returncode == 0
    assert "up to date" in run("migrate", url=dsn).stdout
    assert len(rows(db, "SELECT * FROM bets_view")) == 1
    again = run("baseline", url=dsn)
    assert again.returncode == 1 and "recorded already" in again.stderr


@pytest.mark.not_on_citus("a cluster is made by migrate and distribute")
def test_what_is_not_as_it_should_be_is_not_taken_over(db, dsn):
    db.execute(f"DROP SCHEMA {BOOKKEEPING} CASCADE")
    db.execute("ALTER TABLE bets_view DROP COLUMN odds CASCADE")
    r = run("baseline", url=dsn)
    assert r.returncode == 1
    assert "- column public.bets_view.odds is missing" in r.stderr and "mend them first" in r.stderr
    assert not rows(db, f"SELECT 1 WHERE to_regnamespace('{BOOKKEEPING}') IS NOT NULL")


# ------------------------------------------------------------------------------------------------------------ rollback


def test_a_rollback_that_would_lose_rows_needs_force(db, dsn):
    place(db)
    r = run("rollback", "--all", url=dsn)
    assert r.returncode == 1
    assert "rows would be lost in public.bet_events, public.bets_view, public.user_activity_view:" in r.stderr
    assert "--force" in r.stderr
    assert len(rows(db, "SELECT * FROM bets_view")) == 1 and run("status", url=dsn).returncode == 0
    assert run("rollback", "--all", "--force", url=dsn).returncode == 0


@pytest.mark.not_on_citus("the same without a cluster")
def test_a_column_that_would_be_lost_is_named(db, dsn, team):
    betledger.migrate(dsn, teams=[team])
    db.execute("INSERT INTO bonuses (tenant_id, id) VALUES (1, gen_random_uuid())")
    r = run("rollback", "--migrations", str(team), url=dsn)
    assert r.returncode == 1 and "rows would be lost in public.bonuses (note):" in r.stderr
    assert run("rollback", "--force", "--migrations", str(team), url=dsn).returncode == 0


OF_OTHERS = {
    "view app.open_bets": "CREATE VIEW app.open_bets AS SELECT * FROM bets_view",
    "materialized view app.open_bets": "CREATE MATERIALIZED VIEW app.open_bets AS SELECT * FROM bets_view",
    "function app.stake(public.bets_view)": (
        "CREATE FUNCTION app.stake(b bets_view) RETURNS numeric LANGUAGE sql AS 'SELECT b.stake'"
    ),
    "trigger told on public.bets_view": (
        "CREATE TRIGGER told AFTER UPDATE ON bets_view"
        " FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    ),
    "policy auditors on public.bets_view": "CREATE POLICY auditors ON bets_view FOR SELECT TO app USING (true)",
    "table constraint notes_tenant_id_bet_id_fkey on app.notes": (
        "CREATE TABLE app.notes (tenant_id bigint, bet_id text, FOREIGN KEY (tenant_id, bet_id) REFERENCES bets_view)"
    ),
    "table column app.notes.bet": "CREATE TABLE app.notes (id bigint, bet bets_view)",
    "rule quiet on public.bets_view": "CREATE RULE quiet AS ON DELETE TO bets_view DO ALSO NOTHING",
    "publication relation public.bets_view in publication feed": "CREATE PUBLICATION feed FOR TABLE bets_view",
    "view app.staked": "CREATE VIEW app.users AS SELECT user_id FROM bets_view; CREATE VIEW app.staked AS SELECT * FROM app.users",
    "function app.at()": (
        "CREATE FUNCTION app.at() RETURNS SETOF bets_view LANGUAGE sql AS 'SELECT * FROM public.bets_view'"
    ),
}


@pytest.mark.not_on_citus("there a table has no foreign key to one that is distributed, and the rest is the same")
@pytest.mark.parametrize("what", OF_OTHERS)
def test_a_rollback_drops_nothing_that_others_made(connect, dsn, what):
    """CASCADE would take it with the table."""
    db = connect()
    db.execute("CREATE SCHEMA app; " + OF_OTHERS[what])
    for arguments in (("--to", "0003_event_tables"), ("--all",)):
        r = run("rollback", *arguments, url=dsn)
        assert r.returncode == 1 and r.stderr.count("\n") == 1
        also = ", view app.users" if what == "view app.staked" else ""
        assert f"what no migration makes would be dropped: {what}{also}: nothing was rolled back" in r.stderr
    assert run("status", url=dsn).returncode == 0
    if what == "view app.open_bets":
        assert run("rollback", "--to", "0003_event_tables", "--force", url=dsn).returncode == 0
        assert run("migrate", url=dsn).returncode == 0
        assert run("verify-schema", url=dsn).returncode == 0


IDENTITIES = """
    SELECT i.type || ' ' || i.identity AS what FROM (
        SELECT d.classid, d.objid, d.objsubid FROM pg_depend AS d
        UNION SELECT 'pg_class'::regclass, c.oid, 0 FROM pg_class AS c
        UNION SELECT 'pg_proc'::regclass, p.oid, 0 FROM pg_proc AS p
    ) AS o CROSS JOIN LATERAL pg_identify_object(o.classid, o.objid, o.objsubid) AS i
    WHERE i.identity ~ '\\mapp_\\d+\\.|publication feed|of_app'
"""
# One can make another.
REMADE = ('trigger "RI_', "index ", "statistics object ", "sequence ", "type ", "toast ", "view column ", "materialized view column ", "rule \"_RETURN\"")


@pytest.mark.not_on_citus("there a table has no foreign key to one that is distributed, and the rest is the same")
def test_all_that_a_rollback_takes_with_it_was_named(connect, dsn):
    """Whatever kind of thing depends on ours: what has vanished, less what was said to."""
    db = connect()
    more = "CREATE TABLE app.more (id bigint DEFAULT projection.current_ms(), bet bets_view, CHECK ((bet).stake > 0))"
    index = "CREATE INDEX ON app.more (projection.event_status(id::text))"
    for n, statement in enumerate((*OF_OTHERS.values(), f"{more}; {index}")):
        for name in ("TRIGGER told", "POLICY auditors", "RULE quiet"):
            statement = statement.replace(name, f"{name.split()[0]} of_app")
        db.execute(f"CREATE SCHEMA app_{n}; {statement.replace('app.', f'app_{n}.')}".encode())
    before = {row["what"] for row in rows(db, IDENTITIES)}
    r = run("rollback", "--all", url=dsn)
    assert r.returncode == 1
    named = r.stderr.split("would be dropped: ")[1].split(": nothing was rolled back")[0].split(", ")
    assert f"default value for app_{n}.more.id" in named
    assert run("rollback", "--all", "--force", url=dsn).returncode == 0
    gone = before - {row["what"] for row in rows(db, IDENTITIES)}
    assert len(gone) > 10
    assert sorted(what for what in gone if what not in named and not what.startswith(REMADE)) == []


# --------------------------------------------------------------------------------------------------- folders of teams


@pytest.mark.not_on_citus("Citus builds no index of shards for a plain table's migration")
def test_a_team_adds_its_own_migrations(db, dsn, team):
    r = run("migrate", "--migrations", str(team), "--json", url=dsn)
    assert r.returncode == 0, r.stderr
    assert json.loads(r.stdout)["applied"][:4] == [
        "bonus/schema/0001_bonuses.sql",
        "bonus/schema/0002_bets_by_fixture.sql",
        "bonus/schema/0003_note.sql",
        "bonus/functions/bonus_count.sql",
    ]
    assert rows(db, "SELECT public.bonus_count() AS n") == [{"n": 0}]
    # Without the folder its files are nobody's business.
    assert "up to date" in run("migrate", url=dsn).stdout
    assert "not looked at: bonus (name these folders with --migrations)" in run("status", url=dsn).stdout
    assert "up to date" in run("migrate", url=dsn, BETLEDGER_MIGRATIONS=str(team)).stdout
    with opened(dsn, teams=[team]) as migrator:
        assert differences(migrator, None) == []
        assert migrator.rollback(3) == ["bonus/0003_note", "bonus/0002_bets_by_fixture", "bonus/0001_bonuses"]
    assert rows(db, "SELECT to_regclass('bonuses') AS t") == [{"t": None}]


def test_two_teams_may_have_files_of_one_name(dsn, team, tmp_path):
    """In the same run, or each in its own."""
    other = tmp_path / "loyalty"
    (other / "schema").mkdir(parents=True)
    (other / "schema" / "0001_bonuses.sql").write_text("CREATE TABLE public.points (id bigint PRIMARY KEY);\n")
    (team / "schema" / f"{MIGRATIONS[1]}.sql").write_text("SELECT 1;\n")
    for folders in ([team], [other], [team, other]):
        r = run("migrate", *(word for folder in folders for word in ("--migrations", str(folder))), url=dsn)
        assert r.returncode == 0, r.stderr
    assert "up to date" in r.stdout
    twins = [f"{name}={folder}" for name, folder in (("bonus", team), ("bonus", other))]
    r = run("migrate", *(word for twin in twins for word in ("--migrations", twin)), url=dsn)
    assert r.returncode == 1 and "would both be recorded as bonus: name one of them" in r.stderr


# ------------------------------------------------------------------------------------------------------------ settings


def test_settings_come_from_the_first_that_says_something(tmp_path):
    def shown(*flags: str, **environment: str) -> dict[str, tuple[object, str]]:
        r = run("config", "--json", *flags, cwd=tmp_path, **environment)
        assert r.returncode == 0, r.stderr
        return {s["setting"]: (s["value"], s["from"]) for s in json.loads(r.stdout)}

    assert shown()["database_url"] == (None, "default")
    (tmp_path / "pyproject.toml").write_text('[tool.betledger]\ndatabase_url = "postgresql://p/d"\nwait = 5\n')
    assert shown()["database_url"] == ("dbname=d host=p", "pyproject.toml")
    (tmp_path / "betledger.toml").write_text('database_url = "postgresql://u:secret@t/d"\nmigrations = ["db"]\n')
    found = shown()
    assert found["database_url"] == ("user=u password=******** dbname=d host=t", "betledger.toml")
    assert found["migrations"] == (["db"], "betledger.toml") and found["wait"] == (60, "default")
    assert shown(PGSERVICE="ledger")["database_url"] == ("", "PGSERVICE")
    assert shown(PGSERVICE="s", DATABASE_URL="postgresql://e/d")["database_url"] == ("dbname=d host=e", "DATABASE_URL")
    assert shown("--database-url", "postgresql://f/d", DATABASE_URL="postgresql://e/d")["database_url"] == (
        "dbname=d host=f",
        "flag",
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [("port = 5", "betledger.toml sets port, which is unknown"), ("= 5", "betledger.toml cannot be read"),
     ('wait = "soon"', "wait is soon (betledger.toml)"), ('migrations = "db"', "sets migrations to 'db': give a list of folders"),
     ("database_url = 5", "sets database_url to 5: give a text"), ("wait = [1]", "sets wait to [1]: give a whole number"),
     ("lock_timeout = 5", "sets lock_timeout to 5: give a text with the unit"), ("attempts = true", "sets attempts to True"),
     ("migrations = [1]", "sets migrations to [1]: give a list of folders"), ("attempts = 0", "attempts is 0"),
     ('database_url = ""', "database_url is empty (betledger.toml)")],
)  # fmt: skip
def test_a_bad_settings_file_is_named(tmp_path, text, word):
    (tmp_path / "betledger.toml").write_text(text)
    r = run("config", cwd=tmp_path)
    assert r.returncode == 1 and word in r.stderr and r.stderr.count("\n") == 1


# ------------------------------------------------------------------------------------------------------- for programs

READING = ["migrate", "plan", "status", "verify", "doctor", "verify-schema", "version", "config", "purge", "rebuild"]


@pytest.mark.parametrize("command", READING)
def test_every_command_speaks_json(dsn, command):
    r = run(command, "--json", url=dsn)
    assert r.returncode in (0, 3), r.stderr
    json.loads(r.stdout)


@pytest.mark.parametrize("command", [["tenant", "list"], ["tenant", "show", "1"], ["server", "status"]])
def test_every_command_of_a_group_speaks_json(dsn, db, command):
    place(db, 1)
    r = run(*command, "--json", url=dsn)
    assert r.returncode in (0, 3), r.stderr
    json.loads(r.stdout)


def test_status_fits_one_screen_and_tells_what_was_done_when(dsn, db):
    place(db, key="k")
    assert "last verify: never" in run("status", url=dsn).stdout
    for command in ("verify", "purge", "rebuild"):
        assert run(command, url=dsn).returncode == 0
    text = run("status", url=dsn).stdout
    assert len(text.splitlines()) <= 24
    for line in (
        f"schema {MIGRATIONS[-1]}",
        "oldest idempotency key: 0 hours",
        "last verify: 20",
        "last purge: 20",
    ):
        assert line in text, text


def test_output_for_no_terminal_has_no_colour(dsn):
    for command in ("status", "doctor"):
        assert "\x1b" not in run(command, url=dsn).stdout


def test_a_password_is_in_no_output(dsn):
    password = conninfo.conninfo_to_dict(dsn)["password"]
    for command in (["migrate", "-v"], ["plan"], ["status"], ["config"], ["verify-schema"], ["doctor"]):
        r = run(*command, url=dsn)
        assert password not in r.stdout + r.stderr


# -------------------------------------------------------------------------------------------------------------- wheel


def test_the_wheel_holds_every_room_of_the_runner_and_all_sql():
    setuptools = tomllib.loads((SOURCES / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = [SOURCES / "runner", *(path for path in (SOURCES / "runner").rglob("*") if (path / "__init__.py").is_file())]
    packages = {".".join(("betledger", *folder.relative_to(SOURCES / "runner").parts)): folder for folder in folders}
    assert set(setuptools["packages"]) == {*packages, "betledger.sql"}
    for package, folder in packages.items():
        assert SOURCES / setuptools["package-dir"][package] == folder
    held = {
        path
        for package, patterns in setuptools["package-data"].items()
        for pattern in patterns
        for path in (SOURCES / setuptools["package-dir"][package]).glob(pattern)
    }
    needed = {
        path for folder in ("schema", "functions", "triggers", "runner") for path in (SOURCES / folder).rglob("*.sql")
    }
    needed |= {path for path in (SOURCES / "runner" / "new").rglob("*.*") if "__pycache__" not in path.parts and path.parent.name != "new"}
    needed |= {SOURCES / path for path in COPIED.values()}
    assert needed <= held and len(needed) > 150
