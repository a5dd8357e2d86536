"""Migrations on a real server: from nothing, again, changed, broken, killed, locked, rolled back."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import betledger
import psycopg
import pytest
from betledger.errors import BetledgerError
from betledger.migrating.backend import BOOKKEEPING
from betledger.migrating.files import sql_root
from betledger.migrating.migrator import opened
from betledger.migrating.waiting import LOCK, Limits


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Writes SQL files: tree(**{"schema/0001_a.sql": "..."}) gives the root."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


BASE = {
    "schema/0001_t.sql": "CREATE TABLE t (n integer);\n\nCREATE TABLE u (n integer);\n",
    "schema/0001_t.rollback.sql": "DROP TABLE u;\n\nDROP TABLE t;\n",
    "functions/f.sql": "CREATE OR REPLACE FUNCTION f() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;\n",
}


def one(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def test_the_ledger_from_nothing_and_again(empty: str) -> None:
    assert betledger.migrate(empty) > 50
    before = one(empty, "SELECT max(applied_at) FROM betledger_migrations.repeatable")
    assert betledger.migrate(empty) == 0
    assert one(empty, "SELECT max(applied_at) FROM betledger_migrations.repeatable") == before
    assert one(empty, "SELECT count(*) FROM ops.verify_projections()") == 0


def test_a_database_that_is_up_to_date_takes_no_lock_and_writes_nothing(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(hashtext(%s), hashtext(%s))", LOCK)
        assert betledger.migrate(dsn) == 0


def test_the_ledger_rolls_back_to_nothing_and_comes_again(empty: str) -> None:
    betledger.migrate(empty)
    with opened(empty) as migrator:
        everything = {p.stem for p in (sql_root() / "schema").glob("*.sql") if not p.stem.endswith(".rollback")}
        assert set(migrator.rollback(None)) == everything
    left = (
        "SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        f" WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', '{BOOKKEEPING}')"
        " AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')"
    )
    functions = (
        "SELECT count(*) FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = 'public'"
    )
    assert (one(empty, left), one(empty, functions)) == (0, 0)
    assert betledger.migrate(empty) > 50
    assert one(empty, "SELECT count(*) FROM ops.verify_projections()") == 0


def test_a_changed_function_is_applied_again_alone(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(BASE)
    assert betledger.migrate(empty, root) == 2
    tree({"functions/f.sql": BASE["functions/f.sql"].replace("SELECT 1", "SELECT 2")})
    applied: list[str] = []
    assert betledger.migrate(empty, root, applied.append) == 1
    assert applied == ["functions/f.sql"]
    assert one(empty, "SELECT f()") == 2


def test_what_requires_a_changed_file_is_applied_after_it(empty: str, tree: Callable[..., Path]) -> None:
    g = "CREATE OR REPLACE VIEW a AS SELECT f() AS n;\n"
    root = tree(BASE | {"functions/a.sql": "-- requires: functions/f.sql\n" + g})
    assert betledger.migrate(empty, root) == 3
    tree({"functions/f.sql": BASE["functions/f.sql"] + "-- changed\n"})
    applied: list[str] = []
    betledger.migrate(empty, root, applied.append)
    assert applied == ["functions/f.sql", "functions/a.sql"]


def test_triggers_are_compiled_again_after_a_new_migration(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(BASE | {"triggers/t.sql": "SELECT f();\n"})
    betledger.migrate(empty, root)
    tree({"schema/0002_v.sql": "CREATE TABLE v (n integer);\n"})
    applied: list[str] = []
    betledger.migrate(empty, root, applied.append)
    assert applied == ["schema/0002_v.sql", "triggers/t.sql"]


def test_triggers_are_compiled_again_after_a_changed_function(empty: str, tree: Callable[..., Path]) -> None:
    compiled = "DROP TABLE IF EXISTS compiled;\n\nCREATE TABLE compiled AS SELECT f() AS n;\n"
    root = tree(BASE | {"triggers/t.sql": compiled})
    betledger.migrate(empty, root)
    tree({"functions/f.sql": BASE["functions/f.sql"].replace("SELECT 1", "SELECT 2")})
    with opened(empty, root) as migrator:
        assert migrator.state().repeatable == [("functions/f.sql", "changed"), ("triggers/t.sql", "due")]
    betledger.migrate(empty, root)
    assert one(empty, "SELECT n FROM compiled") == 2


@pytest.mark.parametrize("changed", ["schema/0002_v.sql", "functions/f.sql"])
def test_triggers_stay_due_when_the_runner_dies_before_them(
    empty: str, tree: Callable[..., Path], changed: str
) -> None:
    root = tree(BASE | {"triggers/t.sql": "SELECT f();\n"})
    betledger.migrate(empty, root)
    tree({changed: BASE["functions/f.sql"] + "-- changed\n", "functions/z.sql": "SELECT nope;\n"})
    with pytest.raises(BetledgerError, match=r"functions/z\.sql:1"):
        betledger.migrate(empty, root)
    (root / "functions/z.sql").unlink()
    with opened(empty, root) as migrator:
        assert migrator.state().pending
    applied: list[str] = []
    betledger.migrate(empty, root, applied.append)
    assert applied == ["triggers/t.sql"]


def test_a_changed_definition_of_the_ledger_reaches_the_triggers(empty: str, tmp_path: Path) -> None:
    for folder in ("schema", "functions", "triggers"):
        shutil.copytree(sql_root() / folder, tmp_path / folder)
    betledger.migrate(empty, tmp_path)
    definition = tmp_path / "functions/projections/bets_view.sql"
    before = definition.read_text()
    definition.write_text(before.replace("e.event_data ->> 'fixture_id'", "upper(e.event_data ->> 'fixture_id')"))
    assert definition.read_text() != before
    betledger.migrate(empty, tmp_path)
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("SELECT * FROM place_bet(1, 'u1', 10, 2, 'f1', 'k1')")
        assert connection.execute("SELECT fixture_id FROM bets_view").fetchone() == ("F1",)
    assert one(empty, "SELECT count(*) FROM ops.verify_projections()") == 0


def test_line_ends_do_not_count_as_a_change(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(BASE)
    betledger.migrate(empty, root)
    for name, text in BASE.items():
        (root / name).write_bytes(text.replace("\n", "\r\n").encode())
    assert betledger.migrate(empty, root) == 0


def test_an_edited_migration_is_refused_by_name(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(BASE)
    betledger.migrate(empty, root)
    tree({"schema/0001_t.sql": BASE["schema/0001_t.sql"] + "CREATE TABLE w (n integer);\n"})
    with pytest.raises(BetledgerError, match=r"schema/0001_t\.sql was edited after it was applied: .*new migration"):
        betledger.migrate(empty, root)
    assert one(empty, "SELECT to_regclass('w')") is None


def test_a_missing_migration_is_refused_by_name(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(BASE)
    betledger.migrate(empty, root)
    for file in (root / "schema").glob("0001_t.*"):
        file.unlink()
    with pytest.raises(BetledgerError, match=r"schema/0001_t\.sql was applied but is not there"):
        betledger.migrate(empty, root)


@pytest.mark.parametrize("name", ["schema/0002_x.sql", "functions/x.sql"])
def test_a_failing_file_names_its_line_and_leaves_nothing(empty: str, tree: Callable[..., Path], name: str) -> None:
    root = tree(BASE | {name: "CREATE TABLE x (n integer);\n\nSELECT n,\n    nope\nFROM x;\n"})
    with pytest.raises(BetledgerError, match=rf'{name}:4: column "nope" does not exist \[42703\]'):
        betledger.migrate(empty, root)
    assert one(empty, "SELECT to_regclass('x')") is None
    tree({name: "CREATE TABLE x (n integer);\n"})
    betledger.migrate(empty, root)
    assert one(empty, "SELECT to_regclass('x')") is not None


def test_a_file_may_do_without_a_transaction(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(BASE | {"schema/0002_i.sql": "-- transactional: false\nCREATE INDEX CONCURRENTLY t_n ON t (n);\n"})
    betledger.migrate(empty, root)
    assert one(empty, "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_n'::regclass") is True


@pytest.mark.parametrize("directive", ["-- Transactional: FALSE ", "-- an index\n\n--transactional:false"])
def test_other_ways_to_write_the_directive_count_too(empty: str, tree: Callable[..., Path], directive: str) -> None:
    root = tree(BASE | {"schema/0002_i.sql": directive + "\nCREATE INDEX CONCURRENTLY t_n ON t (n);\n"})
    betledger.migrate(empty, root)
    assert one(empty, "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_n'::regclass") is True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-- transactional: no\nSELECT 1;\n", "neither true nor false"),
        ("SELECT 1;\n-- transactional: false\nSELECT 2;\n", "after its first statement"),
        ("CREATE TABLE x (n integer);\nCOMMIT;\n", ":2: COMMIT: a file is one transaction"),
        ("CREATE TABLE x (n integer);\n\nCOMMIT; BEGIN;\nSELECT 1 / 0;\n", ":3: COMMIT: a file is one transaction"),
        ("CREATE TABLE x (n integer);\n-- all is lost\nEND;\n", ":3: END: a file is one transaction"),
        ("ROLLBACK AND CHAIN;\n", ":1: ROLLBACK AND CHAIN: a file is one transaction"),
        ("-- transaction: false\nSELECT 1;\n", "write transactional"),
        ("-- transactional: false\nBEGIN;\nCREATE TABLE x (n integer);\n", "begins a transaction that it does not end"),
    ],
)
def test_a_file_cannot_be_half_in_a_transaction(empty: str, tree: Callable[..., Path], text: str, message: str) -> None:
    with pytest.raises(BetledgerError, match=rf"schema/0002_x\.sql.*{message}"):
        betledger.migrate(empty, tree(BASE | {"schema/0002_x.sql": text}))
    assert one(empty, "SELECT to_regclass('x')") is None
    # Within the transaction, one may step back.
    tree({"schema/0002_x.sql": "SAVEPOINT a;\nCREATE TABLE x (n integer);\nROLLBACK TO a;\nRELEASE a;\n"})
    assert betledger.migrate(empty, tree(BASE)) > 0
    assert one(empty, "SELECT to_regclass('x')") is None


def test_an_index_that_failed_once_is_built_again(empty: str, tree: Callable[..., Path]) -> None:
    index = "-- transactional: false\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_n ON t (n);\n"
    root = tree(
        {
            "schema/0001_t.sql": "CREATE TABLE t (n integer);\n\nINSERT INTO t VALUES (1), (1);\n",
            "schema/0002_i.sql": index,
            "schema/0002_i.rollback.sql": "-- transactional: false\nDROP INDEX CONCURRENTLY t_n;\n",
        }
    )
    with pytest.raises(BetledgerError, match=r"schema/0002_i\.sql:2: could not create unique index"):
        betledger.migrate(empty, root)
    assert one(empty, "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_n'::regclass") is False
    with pytest.raises(BetledgerError, match=r"schema/0002_i\.sql:2: could not create unique index"):
        betledger.migrate(empty, root)
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("TRUNCATE t")
    told: list[str] = []
    assert betledger.migrate(empty, root, told.append) == 1
    assert "  index public.t_n was left unfinished: it is dropped and built again" in told
    assert one(empty, "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_n'::regclass") is True
    with opened(empty, root) as migrator:
        assert migrator.rollback(1) == ["0002_i"]
    assert one(empty, "SELECT to_regclass('t_n')") is None


def test_an_error_without_a_position_names_the_line_of_its_statement(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(BASE | {"schema/0002_x.sql": "SELECT 1;\n\n-- again\n/* and\nagain */\nDROP TABLE nope;\n"})
    with pytest.raises(BetledgerError, match=r'schema/0002_x\.sql:6: table "nope" does not exist'):
        betledger.migrate(empty, root)


def test_a_file_that_is_not_utf_8_is_named(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(BASE)
    (root / "schema/0002_x.sql").write_bytes(b"SELECT '\xff';")
    with pytest.raises(BetledgerError, match=r"0002_x\.sql is not UTF-8"):
        betledger.migrate(empty, root)


ONE_BY_ONE = {
    "a column named begin": ("CREATE TABLE x (begin integer);\nCREATE INDEX ON x (begin);\n", 2),
    "a column named end, and one named case": (
        'CREATE TABLE x ("end" integer, "case" text);\nSELECT "case" FROM x;',
        2,
    ),
    "a body in SQL": (
        "CREATE FUNCTION g() RETURNS integer BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;\nSELECT g();",
        2,
    ),
    "a body in dollars": (
        "CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $a$ SELECT 1; SELECT ';$$;' $a$;SELECT g()",
        2,
    ),
    "strings": ("SELECT 'a;b', E'a\\';b', U&'\\0041;', '--'; SELECT 2 -- ;\n;", 2),
    "comments in comments": ("/* ; /* ; */ ; */ SELECT 1; -- SELECT 9;\nSELECT 2;", 2),
    "a rule of two statements": (
        "CREATE TABLE x (); CREATE RULE r AS ON INSERT TO x DO (SELECT 1; SELECT 2); SELECT 3",
        3,
    ),
    "a byte order mark": ("\ufeffSELECT 1; SELECT 2;", 2),
    "nothing but comments": ("-- later;\n/* ; */ ;;", 0),
}


@pytest.mark.parametrize("what", ONE_BY_ONE)
def test_statements_end_where_postgresql_ends_them(empty: str, tree: Callable[..., Path], what: str) -> None:
    text, count = ONE_BY_ONE[what]
    root = tree(BASE | {"schema/0002_x.sql": text})
    seen: list[int] = []
    with opened(empty, root) as migrator:
        migrator.applier.observer = lambda path, number: seen.append(number) if "0002" in path else None
        assert migrator.migrate() == 3
    assert len(seen) == count


def test_a_directive_after_a_byte_order_mark_is_read(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(BASE | {"schema/0002_i.sql": "\ufeff-- transactional: false\nCREATE INDEX CONCURRENTLY ON t (n);\n"})
    assert betledger.migrate(empty, root) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SELECT 1;\n\\connect other\n", r"0002_x\.sql:2: \\connect is a command of psql: write SQL instead"),
        ("SELECT 'ö';\n  \\i more.sql", r"0002_x\.sql:2: \\i is a command of psql"),
        ("\\set ON_ERROR_STOP on\nSELECT 1;", r"0002_x\.sql:1: \\set is a command of psql"),
        (
            "SELECT 1;\n\nCOPY public.t (n) FROM stdin;\n1\n2\n\\.\n\nSELECT 2;\n",
            r"0002_x\.sql:3: COPY FROM stdin has no data",
        ),
        ("COPY t FROM stdin WITH (FORMAT csv);\n1,'a\n\\.\n", r"0002_x\.sql:1: COPY FROM stdin has no data"),
        ("copy t from STDIN", r"0002_x\.sql:1: COPY FROM stdin has no data"),
        ("SELECT 1;\nSELEC 2;\n", r'0002_x\.sql:2: syntax error at or near "SELEC"$'),
        ("SELECT 1;\n\nSELECT 'open;\n", r"0002_x\.sql:3: unterminated quoted string"),
    ],
)
def test_what_is_no_sql_is_refused_by_name_and_line(
    empty: str, tree: Callable[..., Path], text: str, told: str
) -> None:
    root = tree(BASE | {"schema/0002_x.sql": text})
    with pytest.raises(BetledgerError, match=told) as refused:
        betledger.migrate(empty, root)
    assert "\n" not in str(refused.value)


def test_rollback_to_a_migration_keeps_that_one(empty: str, tree: Callable[..., Path]) -> None:
    more = {
        f"schema/000{n}_x{suffix}.sql": f"{verb} TABLE x{n}{columns};\n"
        for n in (2, 3)
        for suffix, verb, columns in (("", "CREATE", " ()"), (".rollback", "DROP", ""))
    }
    root = tree(BASE | more)
    betledger.migrate(empty, root)
    with opened(empty, root) as migrator:
        with pytest.raises(BetledgerError, match="migration 0009_x is not applied"):
            migrator.rollback(to="0009_x")
        assert migrator.rollback(to="0001_t") == ["0003_x", "0002_x"]
        assert migrator.rollback(to="schema/0001_t.sql") == []
    assert (one(empty, "SELECT to_regclass('x2')"), one(empty, "SELECT to_regclass('t')")) == (None, "t")
    assert betledger.migrate(empty, root) == 3


def test_a_rollback_that_cannot_go_all_the_way_does_not_begin(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(
        BASE
        | {
            "schema/0002_x.sql": "CREATE TABLE x ();\n",
            "schema/0003_y.sql": "CREATE TABLE y ();\n",
            "schema/0003_y.rollback.sql": "DROP TABLE y;\n",
        }
    )
    betledger.migrate(empty, root)
    with opened(empty, root) as migrator:
        with pytest.raises(BetledgerError, match=r"schema/0002_x\.sql has no rollback file: nothing was rolled back"):
            migrator.rollback(2)
        assert not migrator.state().pending
    assert one(empty, "SELECT to_regclass('y')") == "y"


def test_a_taken_lock_is_tried_again(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(BASE)
    betledger.migrate(empty, root)
    tree({"schema/0002_x.sql": "ALTER TABLE t ADD COLUMN m integer;\n"})
    told: list[str] = []
    with psycopg.connect(empty) as reader:
        reader.execute("SELECT FROM t")

        def progress(line: str) -> None:
            told.append(line)
            if "a lock is taken" in line:
                reader.rollback()

        with opened(empty, root, progress, limits=Limits(lock_timeout="50ms")) as migrator:
            assert migrator.migrate() == 1
    assert "  a lock is taken, attempt 1 of 5" in told


def test_a_rollback_undoes_the_newest_and_migrate_does_it_again(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(
        BASE | {"schema/0002_v.sql": "CREATE TABLE v (n integer);\n", "schema/0002_v.rollback.sql": "DROP TABLE v;\n"}
    )
    betledger.migrate(empty, root)
    with opened(empty, root) as migrator:
        assert migrator.rollback(1) == ["0002_v"]
    assert (one(empty, "SELECT to_regclass('v')"), one(empty, "SELECT to_regclass('t')")) == (None, "t")
    betledger.migrate(empty, root)
    assert one(empty, "SELECT to_regclass('v')") == "v"


def test_a_runner_that_is_killed_leaves_nothing_to_clean(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(BASE | {"schema/0002_s.sql": "CREATE TABLE s (n integer);\n\nSELECT pg_sleep(60);\n"})
    code = "import sys, pathlib, betledger; betledger.migrate(sys.argv[1], pathlib.Path(sys.argv[2]))"
    runner = subprocess.Popen([sys.executable, "-c", code, empty, str(root)])
    sleeping = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%%pg_sleep%%' AND state = 'active' AND pid <> pg_backend_pid()"
    deadline = time.monotonic() + 20
    while one(empty, sleeping) is None:
        assert time.monotonic() < deadline and runner.poll() is None
        time.sleep(0.05)
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    tree({"schema/0002_s.sql": "CREATE TABLE s (n integer);\n"})
    # The server ends the orphan's statement by itself, and its lock with it.
    assert betledger.migrate(empty, root) == 2
    assert one(empty, "SELECT to_regclass('s')") == "s"


def test_a_second_runner_waits_and_finds_nothing_left_to_do(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(BASE | {"schema/0002_s.sql": "SELECT pg_sleep(1);\n\nCREATE TABLE s (n integer);\n"})
    code = "import sys, pathlib, betledger; print(betledger.migrate(sys.argv[1], pathlib.Path(sys.argv[2])))"
    runners = [
        subprocess.Popen([sys.executable, "-c", code, empty, str(root)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert sorted(runner.communicate()[0].strip() for runner in runners) == ["0", "3"]


def test_a_required_file_that_is_missing_is_named(empty: str, tree: Callable[..., Path]) -> None:
    root = tree(BASE | {"functions/g.sql": "-- requires: functions/nope.sql\nSELECT 1;\n"})
    with pytest.raises(BetledgerError, match=r"functions/g\.sql requires functions/nope\.sql"):
        betledger.migrate(empty, root)


def test_a_missing_schema_folder_is_an_error(empty: str, tmp_path: Path) -> None:
    with pytest.raises(BetledgerError, match="does not exist"):
        betledger.migrate(empty, tmp_path)


GUARDS = "{receive_event,project_inserted,project_key_removed,guard_event,guard_truncate}"


def test_no_table_takes_events_before_its_triggers_are_there(empty: str) -> None:
    """Whoever dies between two files leaves a table that is closed, or one that checks and projects."""
    found: set[tuple[str, bool, bool]] = set()
    with psycopg.connect(empty, autocommit=True) as beside:

        def look(_: str) -> None:
            found.update(
                beside.execute(
                    "SELECT c.relname, bool_or(has_table_privilege(r.oid, c.oid, 'INSERT')), (SELECT count(*) = 5 FROM pg_trigger AS g"
                    " WHERE g.tgrelid = c.oid AND g.tgenabled = 'O' AND g.tgname = ANY (%s))"
                    " FROM pg_class AS c CROSS JOIN pg_roles AS r"
                    " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname ~ '_events$'"
                    " AND r.rolname ~ '^betledger_' AND r.rolname <> 'betledger_owner' GROUP BY c.oid, c.relname",
                    (GUARDS,),
                )
            )

        betledger.migrate(empty, progress=look)
        look("the end")
    assert {name for name, *_ in found} == {"bet_events", "payment_events", "balance_events"}
    # Seen closed, seen with its triggers, and never open without them.
    assert {(is_open, is_guarded) for _, is_open, is_guarded in found} == {(False, False), (False, True), (True, True)}
