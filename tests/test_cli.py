"""The command line as its users meet it: exit codes, one-line errors, no password anywhere."""

import contextlib
import io
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from betledger.cli import app
from betledger.demo.player import play
from betledger.errors import BetledgerError
from command import run
from psycopg import conninfo
from rich.console import Console


def test_a_migrated_database_is_up_to_date(dsn: str) -> None:
    assert (r := run("migrate", url=dsn)).returncode == 0 and "up to date" in r.stdout
    assert (r := run("status", url=dsn)).returncode == 0 and "applied" in r.stdout
    assert run("plan", "--check", url=dsn).returncode == 0


def test_an_empty_database_is_pending_and_the_plan_is_its_sql(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE DATABASE pending_database")
        url = conninfo.make_conninfo(dsn, dbname="pending_database")
        assert run("plan", "--check", url=url).returncode == 3
        assert run("status", url=url).returncode == 3
        plan = run("plan", url=url)
        assert plan.returncode == 0
        assert (
            plan.stdout.index("-- schema/0001_")
            < plan.stdout.index("-- functions/")
            < plan.stdout.index("-- triggers/")
        )
        connection.execute("DROP DATABASE pending_database WITH (FORCE)")


def test_verify_tells_what_differs_and_rebuild_repairs_it(dsn: str, db: psycopg.Connection) -> None:
    db.execute("SELECT * FROM place_bet(1, 'u1', 10, 2, 'f1', 'k1')")
    assert (r := run("verify", url=dsn)).returncode == 0 and "all projections equal" in r.stdout
    db.execute("UPDATE bets_view SET stake = 11")
    assert (r := run("verify", url=dsn)).returncode == 3 and "public.bets_view" in r.stdout
    assert run("rebuild", "bets_view", url=dsn).returncode == 0
    assert run("verify", url=dsn).returncode == 0


def test_purge_takes_old_keys(dsn: str, db: psycopg.Connection) -> None:
    db.execute("SELECT * FROM place_bet(1, 'u1', 10, 2, 'f1', 'k1')")
    assert run("purge", url=dsn).returncode == 0
    assert db.execute("SELECT idempotency_key FROM bets_view").fetchone() == ("k1",)
    assert run("purge", "--older-than", "0 seconds", url=dsn).returncode == 0
    assert db.execute("SELECT idempotency_key FROM bets_view").fetchone() == (None,)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("rebuild", "nope"), 1, "projection 'nope' is unknown [BL001]"),
        (("purge", "--older-than", "soon"), 1, "soon"),
        (("role", "create", "x", "--member-of", "nope"), 1, "group nope does not exist: choose one of betledger_app"),
        (("nope",), 2, "No such command"),
    ],
)
def test_errors_are_one_line_with_the_value(dsn: str, arguments: tuple[str, ...], code: int, message: str) -> None:
    result = run(*arguments, url=dsn)
    assert result.returncode == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert code == 2 or len(result.stderr.strip().splitlines()) == 1


def test_a_server_that_is_away_is_one_line_without_the_password() -> None:
    result = run("migrate", url="postgresql://u:sesame@127.0.0.1:1/x")
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "sesame" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:sesa@me@127.0.0.1:1/x",
        "postgresql://u:sesa/me@127.0.0.1:1/x",
        "postgresql://u:sesa%me@127.0.0.1:1/x",
        "host=127.0.0.1 pass word=sesame",
    ],
)
def test_an_unreadable_url_is_not_repeated(url: str) -> None:
    result = run("migrate", url=url)
    assert result.returncode == 1
    assert "the database URL cannot be read" in result.stderr and len(result.stderr.splitlines()) == 1
    assert "sesa" not in result.stdout + result.stderr


def test_an_edited_migration_is_drift(dsn: str, db: psycopg.Connection) -> None:
    db.execute(
        "UPDATE betledger_migrations.versioned SET checksum = 'other' WHERE path = 'schema/0003_event_tables.sql'"
    )
    assert (r := run("status", url=dsn)).returncode == 3 and "0003_event_tables.sql was edited" in r.stdout
    assert (r := run("plan", "--check", url=dsn)).returncode == 3 and "0003_event_tables.sql was edited" in r.stderr
    for command in ("plan", "migrate", "rollback"):
        result = run(command, url=dsn)
        assert result.returncode == 3 and "was edited after it was applied: restore it" in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_rollback_takes_one_way_to_say_how_far(dsn: str, db: psycopg.Connection) -> None:
    assert run("rollback", "--all", "--count", "1", url=dsn).returncode == 2
    assert (r := run("rollback", "--to", "nope", url=dsn)).returncode == 1 and "nope is not applied" in r.stderr
    newest = db.execute("SELECT max(path) FROM betledger_migrations.versioned").fetchone()[0]
    result = run("rollback", "--to", newest, url=dsn)
    assert result.returncode == 0 and "nothing was rolled back" in result.stdout


def drop_login(db: psycopg.Connection, name: str) -> None:
    """Drop one that `role create` made: it may connect by name, and that goes first."""
    if db.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,)).rowcount:
        db.execute(f"DROP OWNED BY {name}; DROP ROLE {name}".encode())


def test_nobody_takes_one_of_our_names_or_loses_a_password(dsn: str, db: psycopg.Connection, tmp_path: Path) -> None:
    taken = run("role", "create", "betledger_owner", "--member-of", "betledger_app", url=dsn, cwd=tmp_path)
    assert taken.returncode == 1 and "choose a name" in taken.stderr
    empty = tmp_path / "empty"
    empty.touch()
    create = ("role", "create", "till", "--member-of")
    assert run(*create, "betledger_app", "--password-file", str(empty), url=dsn).returncode == 1
    assert "nope: No such file" in run(*create, "betledger_app", "--password-file", "nope", url=dsn).stderr
    try:
        (tmp_path / "till.password").write_text("of something else")
        refused = run(*create, "betledger_app", url=dsn, cwd=tmp_path)
        assert refused.returncode == 1 and "till.password exists" in refused.stderr
        assert db.execute("SELECT FROM pg_roles WHERE rolname = 'till'").fetchone() is None
        assert run(*create, "betledger_app", url=dsn, BETLEDGER_ROLE_PASSWORD="sesame").returncode == 0
        there = run(*create, "betledger_reader", url=dsn, BETLEDGER_ROLE_PASSWORD="other")
        assert there.returncode == 1 and "role till is there: nothing was changed" in there.stderr
        again = run(*create, "betledger_reader", "--alter", url=dsn, cwd=tmp_path)
        assert again.returncode == 0 and "stays as it was" in again.stdout
        with psycopg.connect(conninfo.make_conninfo(dsn, user="till", password="sesame")):
            pass
    finally:
        drop_login(db, "till")


def test_the_server_is_used_from_start_to_end() -> None:
    with tempfile.TemporaryDirectory() as above:
        os.chmod(above, 0o711)
        home = {"BETLEDGER_HOME": str(Path(above) / "home")}
        assert run("server", "status", **home).returncode == 3
        assert run("server", "start", **home).returncode == 0
        try:
            secret = next(Path(above).glob("home/*/password")).read_text()
            url = run("server", "url", **home)
            assert secret not in url.stdout + url.stderr
            with psycopg.connect(url.stdout.strip()) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
            asked = run("server", "psql", "postgres", "-Atc", "SELECT 6 * 7", **home)
            assert asked.stdout == "42\n"
            assert (r := run("server", "destroy", **home)).returncode == 1 and "Traceback" not in r.stderr
            assert run("server", "status", **home).returncode == 0
            assert run("server", "stop", **home).returncode == 0
        finally:
            assert run("server", "destroy", "--yes", **home).returncode == 0


def test_without_any_database_the_remedy_is_named(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o711)
    result = run("status", BETLEDGER_HOME=str(tmp_path))
    assert (result.returncode, result.stdout) == (1, "")
    assert "set DATABASE_URL" in result.stderr


def test_a_role_is_made_once_and_its_password_is_kept_from_view(
    dsn: str, db: psycopg.Connection, tmp_path: Path
) -> None:
    try:
        made = run("role", "create", "till", "--member-of", "betledger_app", url=dsn, cwd=tmp_path)
        assert made.returncode == 0, made.stderr
        kept = tmp_path / "till.password"
        assert kept.stat().st_mode & 0o777 == 0o600
        assert kept.read_text() not in made.stdout + made.stderr
        login = conninfo.make_conninfo(dsn, user="till", password=kept.read_text())
        with psycopg.connect(login) as till:
            assert till.execute("SELECT pg_has_role('betledger_app', 'USAGE')").fetchone() == (True,)
        again = run(
            *("role", "create", "till", "--member-of", "betledger_reader", "--alter"),
            url=dsn,
            BETLEDGER_ROLE_PASSWORD="sesame",
        )
        assert again.returncode == 0 and "sesame" not in again.stdout + again.stderr
        with psycopg.connect(conninfo.make_conninfo(login, password="sesame")):
            pass
    finally:
        drop_login(db, "till")


@pytest.mark.parametrize(
    ("scene", "message"),
    [
        ("-- a refusal that nobody expects\nSELECT 1 / 0;\n", r"the scene failed at `SELECT 1 / 0;`: division by zero"),
        ("-- expect: 22012\nSELECT 1;\n", "it was not refused with 22012"),
    ],
)
def test_a_scene_that_goes_wrong_is_an_error(db: psycopg.Connection, tmp_path: Path, scene: str, message: str) -> None:
    (tmp_path / "scene.sql").write_text(scene)
    with pytest.raises(BetledgerError, match=message):
        play(db, tmp_path / "scene.sql", Console(quiet=True))


def test_a_scene_shows_brackets_as_they_are(db: psycopg.Connection, tmp_path: Path) -> None:
    (tmp_path / "scene.sql").write_text(
        "-- told [/bold]\nSELECT '[/red]' AS a, jsonb '{\"b\": null}' AS j, NULL AS n;\n"
    )
    console = Console(record=True, quiet=False, file=io.StringIO(), width=120)
    play(db, tmp_path / "scene.sql", console)
    shown = console.export_text()
    assert "told [/bold]" in shown and "| [/red] |" in shown and '{"b": null}' in shown


# What a scene shows, in this order: a settled match, its correction, a statement, the feed, a consumer.
SCENES = ("One bet", "What is refused", "A match, settled and corrected", "Her statement", "The feed", "Plain SQL, and walls")
SHOWN = ("settle_bets(", "resettle_bet(", "closing", "V1_BETS_BET_SETTLEMENT_CORRECTED", "warehouse_is_at", "10000")
ENDS = ("A busy evening", "A rebuild", "All projections equal the fold of their events.", "Look around")


def in_order(said: str, words: tuple[str, ...]) -> None:
    at = 0
    for word in words:
        assert word in said[at:], (word, said)
        at = said.index(word, at) + len(word)


def test_the_demo_is_plain_text_in_a_pipe(db: psycopg.Connection, dsn: str) -> None:
    result = run("demo", url=dsn)
    db.execute("DROP DATABASE betledger_demo")
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    in_order(result.stdout, tuple(f"== {scene} ==" for scene in SCENES))
    in_order(result.stdout, SHOWN)
    in_order(result.stdout, ENDS)
    assert "public.bets_view: 10000 of about 10000 rows rebuilt, 0 of them were different" in result.stderr
    assert result.stdout.count("refused: ") >= 6 and "[BL004]" in result.stdout
    assert (result.stdout + result.stderr).isascii() and "\x1b" not in result.stdout + result.stderr
    # Tables stay tables, however wide.
    lines = result.stdout.splitlines()
    assert all(len(lines[n + 1]) == len(line) for n, line in enumerate(lines) if line.startswith("+-") and n < len(lines) - 1 and lines[n + 1])
    assert "stays on your server" in result.stdout


@pytest.mark.not_on_citus("the same without a cluster")
def test_the_demo_has_colours_frames_and_bars_on_a_terminal(db: psycopg.Connection, dsn: str) -> None:
    said = on_terminal("demo", "--pause", "0", url=dsn, COLUMNS="110", LINES="50")
    db.execute("DROP DATABASE betledger_demo")
    assert re.search(r"\x1b\[[0-9;]*3[0-7]m", said)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said)
    in_order(plain, SCENES)
    in_order(plain, SHOWN)
    in_order(plain, ENDS)
    assert "\u256d\u2500 refused \u2500" in plain and "== One bet ==" not in plain
    # A bar of the rebuild, and no line that is wider than the window.
    assert re.search(r"public\.bets_view +\u2501+", plain)
    assert max(map(len, plain.replace("\r", "\n").split("\n"))) <= 110


def shown_by(terminal: int) -> str:
    """What is written to a terminal until its last writer is gone; closes it."""
    said = b""
    # Linux ends a terminal with an error.
    with contextlib.suppress(OSError):
        while part := os.read(terminal, 10_000):
            said += part
    os.close(terminal)
    return said.decode()


def on_terminal(*arguments: str, url: str, **environment: str) -> str:
    """What a terminal gets of a command, which has to succeed."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "betledger", *arguments]
    with subprocess.Popen(
        command, stdout=theirs, stderr=theirs, env=os.environ | {"DATABASE_URL": url, "TERM": "xterm"} | environment
    ) as process:
        os.close(theirs)
        said = shown_by(ours)
    assert process.returncode == 0, said
    return said


def test_a_terminal_shows_what_is_running_in_colours_unless_they_are_not_wanted(empty: str, tmp_path: Path) -> None:
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "0001_slow.sql").write_text("SELECT pg_sleep(1.5);\n")
    migrate = ("migrate", "--migrations", str(tmp_path))
    said = on_terminal(*migrate, url=empty)
    assert re.search(r"schema/0001_slow\.sql \x1b\[33m0:00:01\x1b", said) and "files applied" in said
    colours = r"\x1b\[[0-9;]*3[0-7]m"
    assert re.search(colours, said)
    (tmp_path / "schema" / "0002_slow.sql").write_text("SELECT pg_sleep(1.5);\n")
    said = on_terminal(*migrate, url=empty, NO_COLOR="1")
    assert "schema/0002_slow.sql 0:00:01" in said and not re.search(colours, said)
    (tmp_path / "schema" / "0003_a.sql").write_text("SELECT 1;\n")
    piped = run(*migrate, url=empty)
    assert piped.returncode == 0 and "\x1b" not in piped.stdout + piped.stderr


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """All commands with their names."""
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_every_command_has_an_example_that_names_it_and_speaks_json_where_it_has_a_result() -> None:
    found = dict(commands())
    assert len(found) > 25
    wrong = [name for name, command in found.items() if f": betledger {' '.join(name)}" not in command.help]
    assert wrong == []
    # What these print is a server's, a script's or a file's own.
    plain = {("api",), ("demo",), ("metrics",), ("schema", "dump"), ("server", "psql"), ("server", "url")}
    silent = {n for n, c in found.items() if "--json" not in {o for p in c.params for o in p.opts}}
    assert silent == plain


def test_shells_complete_commands_and_options() -> None:
    words = {"COMP_WORDS": "betledger ver", "COMP_CWORD": "1", "_BETLEDGER_COMPLETE": "complete_bash"}
    beside = Path(sys.executable).parent / "betledger"
    said = subprocess.run([str(beside)], env=os.environ | words, capture_output=True, text=True, check=False).stdout
    assert sorted(said.split()) == ["verify", "verify-schema", "version"]


def test_version_tells_code_and_schema(dsn: str, tmp_path: Path) -> None:
    code = installed("betledger")
    assert run("version", url=dsn).stdout.startswith(f"betledger {code}\nschema 00")
    home = {"BETLEDGER_HOME": str(tmp_path)}
    assert run("version", **home).stdout == f"betledger {code}\n"
    assert json.loads(run("version", "--json", **home).stdout) == {"code": code, "schema": None}
