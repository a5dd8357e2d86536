"""The folders of a team: each file in them is applied, by the name that it has, or refused by name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import betledger
import psycopg
import pytest
from betledger.errors import BetledgerError
from betledger.migrating.folders import Source
from command import run
from ledger import one, rows
from psycopg import conninfo

BASE = {"schema/0001_t.sql": "CREATE TABLE t (n integer);\n", "schema/0001_t.rollback.sql": "DROP TABLE t;\n"}
TOUCH = "CREATE OR REPLACE FUNCTION public.touch({}) RETURNS integer LANGUAGE sql AS 'SELECT 1';\n"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    return lambda files: write(tmp_path / "db", files)


# ------------------------------------------------------------------ what is not understood is not left out in silence


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("schema/0002_a.SQL", "name it 0002_a.sql"),
        ("schema/0002_a.sql.bak", "only .sql is"),
        ("schema/0002_a.py", "only .sql is"),
        ("schema/0002_a.down.sql", "the way back is 0002_a.rollback.sql"),
        ("schema/0002_a.Rollback.sql", "the way back is 0002_a.rollback.sql"),
        ("schema/0002_a.rollback.sql", "there is no 0002_a.sql that it could roll back"),
        ("schema/post-apply.sql", "hooks of yoyo are not run"),
        ("schema/2026/0002_a.sql", "put its files right into"),
        ("functions/reports/a.Sql", "name it a.sql"),
        ("functions/a.psql", "only .sql is"),
        ("triggers/a.sql~", "only .sql is"),
        ("function/a.sql", "name it functions"),
        ("Trigger/a.sql", "name it triggers"),
        ("schemas/0002_a.sql", "name it schema"),
    ],
)
def test_what_would_not_be_applied_is_refused_by_name(dsn, db, tree, file, message):
    folder = tree(BASE | {file: "CREATE TABLE lost (n integer);\n"})
    for command in ("migrate", "lint"):
        r = run(command, "--migrations", str(folder), url=dsn)
        named = (
            str(folder / file)
            if "/2026/" not in file and file.split("/")[0] in ("schema", "functions", "triggers")
            else "db/"
        )
        assert r.returncode == 1 and named in r.stderr and "would not be applied" in r.stderr and message in r.stderr, (
            command
        )
        assert r.stderr.count("\n") == 1
    assert one(db, "SELECT to_regclass('t') AS t")["t"] is None


def test_what_people_put_beside_sql_is_no_sql(dsn, db, tree):
    beside = (
        "schema/README.md",
        "functions/notes.txt",
        "schema/.gitkeep",
        "functions/.a.sql.swp",
        "tests/test_a.py",
        "Makefile",
    )
    folder = tree(BASE | dict.fromkeys(beside, "not SQL"))
    assert run("migrate", "--migrations", str(folder), url=dsn).returncode == 0
    assert one(db, "SELECT to_regclass('t') AS t")["t"] == "t"


def test_any_path_and_any_link_is_followed(dsn, db, tmp_path):
    folder = write(tmp_path / "team [1] *?" / "it's", BASE)
    shared = write(tmp_path / "shared", {"deep/er/touch.sql": TOUCH.format("")})
    (folder / "functions").mkdir()
    (folder / "functions" / "shared").symlink_to(shared)
    r = run("migrate", "--migrations", f"bonus={folder}", url=dsn)
    assert r.returncode == 0 and "bonus/functions/shared/deep/er/touch.sql" in r.stdout, r.stderr
    assert one(db, "SELECT touch() AS n, to_regclass('t') AS t") == {"n": 1, "t": "t"}
    (shared / "deep" / "up").symlink_to(shared)
    r = run("migrate", "--migrations", f"bonus={folder}", url=dsn)
    assert r.returncode == 1 and "leads back to a folder that it is in" in r.stderr
    (shared / "deep" / "up").unlink()
    (folder / "functions" / "gone.sql").symlink_to(tmp_path / "nowhere")
    r = run("migrate", "--migrations", f"bonus={folder}", url=dsn)
    assert r.returncode == 1 and "it is no file, or a link to nothing" in r.stderr


@pytest.mark.parametrize(
    ("was", "becomes", "left"),
    [
        ({"functions/touch.sql": TOUCH.format("a integer")}, {}, "function public.touch(integer)"),
        ({"functions/touch.sql": TOUCH.format("a integer")}, {"functions/touch.sql": TOUCH.format("a bigint")}, "function public.touch(integer)"),
        ({"functions/v.sql": "CREATE OR REPLACE VIEW v AS SELECT 1 AS n;\n"}, {}, "view public.v"),
        (
            {"triggers/g.sql": "CREATE OR REPLACE TRIGGER g BEFORE INSERT ON t FOR EACH ROW"
             " EXECUTE FUNCTION suppress_redundant_updates_trigger();\n"},
            {},
            "trigger g on public.t",
        ),
        ({"functions/p.sql": 'CREATE OR REPLACE PROCEDURE "P p"(INOUT a text[]) LANGUAGE sql AS $$SELECT a$$;\n'}, {},
         'procedure public."P p"(pg_catalog.text[])'),
    ],
    ids=["its file is gone", "its arguments changed", "a view", "a trigger", "a procedure"],
)  # fmt: skip
def test_what_no_file_makes_any_more_is_named_and_dropped_when_asked(dsn, db, tree, was, becomes, left):
    folder = tree(BASE | was)
    migrate = ("migrate", "--migrations", str(folder))
    assert run(*migrate, url=dsn).returncode == 0
    assert "is made by no file" not in run("status", "--migrations", str(folder), url=dsn).stdout
    for file in was:
        (folder / file).unlink()
    write(folder, becomes)
    says = f"{left} was made by db/{next(iter(was))}, and is made by no file any more"
    r = run(*migrate, url=dsn)
    assert r.returncode == 0 and says in r.stderr
    assert says in run("status", "--migrations", str(folder), url=dsn).stdout
    if becomes:
        drift = run("verify-schema", "--migrations", str(folder), url=dsn)
        assert drift.returncode == 3 and left.split(" ", 1)[1] in drift.stdout
    # Who does not name the folder is told nothing of it, and drops nothing.
    assert left not in (r := run("migrate", "--prune", url=dsn)).stdout + r.stderr
    r = run(*migrate, "--prune", "--json", url=dsn)
    assert r.returncode == 0 and json.loads(r.stdout)["left"] == []
    assert run(*migrate, url=dsn).stderr == ""
    if becomes:
        assert run("verify-schema", "--migrations", str(folder), url=dsn).returncode == 0
    # The file comes back as it was, and is applied again.
    write(folder, was)
    assert (r := run(*migrate, url=dsn)).returncode == 0 and next(iter(was)) in r.stdout


def test_what_somebody_uses_is_not_dropped(dsn, db, tree):
    folder = tree(BASE | {"functions/touch.sql": TOUCH.format("")})
    assert run("migrate", "--migrations", str(folder), url=dsn).returncode == 0
    db.execute("CREATE VIEW uses AS SELECT touch() AS n")
    (folder / "functions" / "touch.sql").unlink()
    r = run("migrate", "--prune", "--migrations", str(folder), url=dsn)
    assert r.returncode == 1 and "cannot drop function touch() because other objects depend on it" in r.stderr
    assert one(db, "SELECT n FROM uses") == {"n": 1}


def test_a_function_that_moves_to_another_file_is_still_made(dsn, tree):
    folder = tree(BASE | {"functions/a.sql": TOUCH.format("")})
    assert run("migrate", "--migrations", str(folder), url=dsn).returncode == 0
    (folder / "functions" / "a.sql").rename(folder / "functions" / "b.sql")
    r = run("migrate", "--migrations", str(folder), url=dsn)
    assert (r.returncode, r.stderr) == (0, "")


# ------------------------------------------------------------------------------------- a thing has the name that it says


def test_a_folder_of_functions_may_be_called_triggers(dsn, tree):
    folder = tree(BASE | {"functions/triggers/touch.sql": TOUCH.format("")})
    assert run("migrate", "--migrations", str(folder), url=dsn).returncode == 0
    for command in ("migrate", "status"):
        r = run(command, "--migrations", str(folder), url=dsn)
        assert r.returncode == 0 and "touch" not in r.stdout
    named = ("--migrations", f"triggers={folder}")
    assert run("migrate", *named, url=dsn).returncode == 1
    assert "cannot be recorded as 'triggers': name it" in run("status", *named, url=dsn).stderr


def test_a_checkout_may_move_and_be_linked(dsn, tmp_path):
    """As releases do: a new folder each time, and a link to the newest."""
    current = tmp_path / "current"
    for release in ("1", "2"):
        write(tmp_path / "releases" / release, BASE | {"functions/touch.sql": TOUCH.format("")})
        current.unlink(missing_ok=True)
        current.symlink_to(tmp_path / "releases" / release)
        r = run("migrate", "--migrations", str(current), url=dsn)
        assert r.returncode == 0 and ("up to date" in r.stdout) == (release == "2"), r.stderr
    # Elsewhere, under another name: it says itself who it is.
    elsewhere = write(tmp_path / "elsewhere", BASE | {"functions/touch.sql": TOUCH.format("")})
    (elsewhere / "betledger.toml").write_text('name = "current"\n')
    assert "up to date" in run("migrate", "--migrations", str(elsewhere), url=dsn).stdout
    assert "up to date" in run("migrate", "--migrations", ".", url=dsn, cwd=elsewhere).stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = ""', "cannot be recorded"),
        ("name = 5", "sets name to 5"),
        ("name", "cannot be read"),
        ('name = "a/b"', "cannot be recorded as 'a/b'"),
    ],
)
def test_a_name_that_is_none_is_refused(tmp_path, text, message):
    folder = write(tmp_path / " ", BASE | {"betledger.toml": text})
    with pytest.raises(BetledgerError, match=message):
        Source.of(folder)


# ------------------------------------------------------------------------------------ what a file sets is for that file

PG_DUMP = """\
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = off;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET row_security = off;
SET ROLE betledger_owner;
CREATE TEMPORARY TABLE bet_events (id integer);
PREPARE x AS SELECT 1;
SET default_transaction_read_only = on;
"""
ASKED = """\
DO $$ BEGIN
    IF current_setting('search_path') <> '"$user", public' OR current_setting('lock_timeout') <> '5s'
        OR current_setting('row_security') <> 'on' OR current_setting('default_transaction_read_only') <> 'off'
        OR current_user <> session_user OR to_regclass('pg_temp.bet_events') IS NOT NULL
        OR EXISTS (SELECT FROM pg_prepared_statements) OR current_setting('standard_conforming_strings') <> 'on'
    THEN RAISE 'the session is not as it was'; END IF;
END $$;
"""


@pytest.mark.not_on_citus("the same without a cluster")
@pytest.mark.parametrize("head", ["", "-- transactional: false\n"])
def test_each_file_begins_with_the_same_session(dsn, tmp_path, head):
    """The head of a pg_dump, and worse."""
    folder = write(
        tmp_path / "db",
        {
            "schema/0001_dumped.sql": head + PG_DUMP,
            "schema/0002_asks.sql": ASKED,
            "functions/a_dumped.sql": PG_DUMP,
            "functions/b_asks.sql": ASKED,
            "triggers/a_dumped.sql": PG_DUMP,
            "triggers/b_asks.sql": ASKED,
        },
    )
    script = run("plan", "--sql", "--migrations", str(folder), url=dsn).stdout
    with psycopg.connect(dsn, autocommit=True) as scratch:
        name = conninfo.conninfo_to_dict(dsn)["dbname"]
        scratch.execute("CREATE DATABASE scripted")
        try:
            betledger.migrate(conninfo.make_conninfo(dsn, dbname="scripted"))
            (tmp_path / "plan.sql").write_text(script)
            from test_runner import psql

            psql(conninfo.make_conninfo(dsn, dbname="scripted"), tmp_path / "plan.sql")
        finally:
            scratch.execute("DROP DATABASE scripted WITH (FORCE)")
    r = run("migrate", "--migrations", str(folder), url=dsn)
    assert r.returncode == 0 and name, r.stderr
    assert run("status", "--migrations", str(folder), url=dsn).returncode == 0


@pytest.mark.not_on_citus("the same without a cluster")
def test_a_file_without_a_transaction_goes_on_where_it_stopped(dsn, db, tmp_path):
    body = "CREATE TABLE done (n integer);\nINSERT INTO done VALUES (1);\nSET search_path = pg_catalog;\n{}\nINSERT INTO public.done VALUES (3);\n"
    head = "-- transactional: false\n"
    folder = write(tmp_path / "db", {"schema/0001_a.sql": head + body.format("SELECT 1 / 0;")})
    migrate = ("migrate", "--migrations", str(folder))
    r = run(*migrate, url=dsn)
    assert r.returncode == 1 and "0001_a.sql:5: division by zero" in r.stderr
    assert "3 of 5 statements ran and stay, and the next `betledger migrate` goes on after them" in r.stderr
    # Mended. It goes on with what its session has set.
    write(
        folder,
        {
            "schema/0001_a.sql": head
            + body.format("INSERT INTO public.done SELECT 2 WHERE current_schema() = 'pg_catalog';")
        },
    )
    r = run(*migrate, url=dsn)
    assert r.returncode == 0 and "3 of 5 statements ran before: it goes on after them" in r.stdout, r.stderr
    assert [row["n"] for row in rows(db, "SELECT n FROM done ORDER BY n")] == [1, 2, 3]
    # What ran is not what stands there now: from the beginning.
    write(folder, {"schema/0002_b.sql": head + "CREATE TABLE b (n integer);\nSELECT 1 / 0;\n"})
    assert run(*migrate, url=dsn).returncode == 1
    write(folder, {"schema/0002_b.sql": head + "CREATE TABLE b2 (n integer);\nSELECT 1;\n"})
    assert run(*migrate, url=dsn).returncode == 0
    assert one(db, "SELECT to_regclass('b') AS b, to_regclass('b2') AS b2") == {"b": "b", "b2": "b2"}


def test_a_file_that_needs_a_later_one_is_told_how_to_say_so(dsn, tree):
    uses = "CREATE OR REPLACE FUNCTION a() RETURNS integer LANGUAGE sql RETURN public.touch();\n"
    folder = tree({"functions/a.sql": uses, "functions/touch.sql": TOUCH.format("")})
    r = run("migrate", "--migrations", str(folder), url=dsn)
    assert (
        r.returncode == 1 and "db/functions/touch.sql makes it: write `-- requires: db/functions/touch.sql`" in r.stderr
    )
    write(folder, {"functions/a.sql": "-- requires: functions/touch.sql\n" + uses})
    assert run("migrate", "--migrations", str(folder), url=dsn).returncode == 0


@pytest.mark.parametrize("directive", ["requires: functions/b.sql", "requires: functions/a.sql"])
def test_files_that_need_each_other_are_named(dsn, tree, directive):
    folder = tree(
        {
            "functions/a.sql": f"-- {directive}\nSELECT 1;\n",
            "functions/b.sql": "-- requires: functions/a.sql\nSELECT 1;\n",
        }
    )
    r = run("migrate", "--migrations", str(folder), url=dsn)
    assert r.returncode == 1 and "functions/a.sql needs " in r.stderr and "there is no order" in r.stderr
    assert r.stderr.count("\n") == 1
    shutil.rmtree(folder / "functions")
    write(
        folder,
        {
            "schema/0001_a.sql": "-- depends: 0002_b\nSELECT 1;\n",
            "schema/0002_b.sql": "-- depends: 0001_a\nSELECT 1;\n",
        },
    )
    assert "db/0001_a needs db/0002_b needs db/0001_a" in run("migrate", "--migrations", str(folder), url=dsn).stderr
