"""The runner on machines, on terminals and in environments that are not ours."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import betledger
import psycopg
import pytest
import typer
from betledger.cli import app
from betledger.errors import BetledgerError
from betledger.server import EmbeddedServer
from command import run
from conftest import FOLDER, ledger_on, own_server_in
from ledger import one, rows
from psycopg import conninfo
from test_cli import shown_by
from test_team_folders import BASE, TOUCH, write
from typer.testing import CliRunner

# ----------------------------------------------------------------------------------------------- falsy is given, too


def texts() -> Iterator[tuple[tuple[str, ...], str]]:
    """Every option of every command that takes a text."""

    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
        for name, child in getattr(command, "commands", {}).items():
            yield from walk(child, (*path, name))
        if not hasattr(command, "commands"):
            for parameter in command.params:
                if parameter.param_type_name == "option" and not getattr(parameter, "is_flag", False):
                    yield path, parameter.opts[0]

    yield from walk(typer.main.get_command(app), ())


def test_no_option_that_is_given_empty_counts_as_not_given(dsn, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    found = sorted(set(texts()))
    assert len(found) > 40
    arguments = {"show": ["1"], "isolate": ["1"], "move": ["1"], "create": ["x"]}
    needed = {"move": ["--to", "h:1"], "create": ["--member-of", "betledger_app"]}
    for path, option in found:
        more = needed.get(path[-1], [])
        words = [*path, *arguments.get(path[-1], []), *([] if option in more else more), option, ""]
        result = CliRunner().invoke(app, words, env={"DATABASE_URL": dsn})
        told = f"{result.output} {result.exception}"
        assert result.exit_code in (1, 2), (words, told)
        assert isinstance(result.exception, BetledgerError | SystemExit | OSError | psycopg.Error), (words, told)


@pytest.mark.parametrize("command", [["rollback", "--force"], ["status"], ["purge"], ["rebuild"], ["doctor"]])
def test_an_empty_url_is_no_other_database(dsn, db, command):
    for given in (
        run(*command, "--database-url", "", url=dsn),
        run(*command, "--database-url", "  ", url=dsn),
        run(*command, url=None, DATABASE_URL=""),
    ):
        assert given.returncode == 1 and (
            "database_url is empty" in given.stderr or "cannot be read" in given.stderr
        ), given.stderr
    assert one(db, "SELECT to_regclass('bet_events') AS t")["t"] == "bet_events"


def test_no_wait_is_no_wait(dsn, db):
    db.execute("SELECT pg_advisory_lock(hashtext(%s), hashtext('migrate'))", (b"betledger".hex(),))
    r = run("rollback", "--wait", "0", url=dsn)
    assert r.returncode == 1 and "another runner" in r.stderr


# --------------------------------------------------------------------------- the environment, the terminal, the machine


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    """One on which a test may change what it likes."""
    with own_server_in(FOLDER, {"fsync": "off"}) as server:
        yield server


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Of an embedded server that runs."""
    with tempfile.TemporaryDirectory(prefix="betledger-", dir=FOLDER) as folder:
        os.chmod(folder, 0o711)
        server = EmbeddedServer(Path(folder), {"fsync": "off"})
        server.start()
        yield Path(folder)
        server.destroy()


HOSTILE = {
    "PGSSLMODE": "require",
    "PGHOSTADDR": "203.0.113.1",
    "PGSERVICE": "nowhere",
    "PGSERVICEFILE": "/nonexistent",
    "PGOPTIONS": "-c nonsense=1",
    "PGPASSWORD": "wrong",
    "PGPASSFILE": "/nonexistent",
    "PGUSER": "nobody",
    "PGDATABASE": "nowhere",
    "PGPORT": "1",
    "PGCHANNELBINDING": "require",
    "PGGSSENCMODE": "require",
    "PGTARGETSESSIONATTRS": "standby",
    "PGREQUIREAUTH": "none",
    "PGSSLNEGOTIATION": "direct",
    "PGCLIENTENCODING": "LATIN1",
}


@pytest.mark.not_on_citus("a server of our own")
@pytest.mark.parametrize("variable", [*HOSTILE, "all of them"])
def test_the_environment_does_not_reach_a_server_of_ours(home, variable):
    hostile = HOSTILE if variable == "all of them" else {variable: HOSTILE[variable]}
    began = time.monotonic()
    for command in (("server", "start"), ("server", "status"), ("server", "psql", "postgres", "-Atc", "SELECT 6 * 7")):
        r = run(*command, **hostile, BETLEDGER_HOME=str(home))
        assert r.returncode == 0, r.stderr
    assert r.stdout == "42\n" and time.monotonic() - began < 60


@pytest.mark.not_on_citus("a server of our own")
def test_the_demo_runs_in_any_environment_and_leaves_others_alone(home):
    r = run("demo", BETLEDGER_HOME=str(home), PGSSLMODE="require", PGSERVICE="nowhere", PGOPTIONS="-c nonsense=1")
    assert r.returncode == 0, r.stderr
    # What it says to look around with works, and says whose database that is.
    assert "commands find the demo's" in r.stdout
    for command in re.findall(r"^    betledger (status|reconcile|projection show bets_view|doctor)  ", r.stdout, re.MULTILINE):
        looked = run(*command.split(), BETLEDGER_HOME=str(home))
        assert looked.returncode == (3 if command == "doctor" else 0), looked.stderr  # without fsync
        assert looked.stderr.count("no database is named: this is betledger_demo, of the demo") == 1
    assert command == "doctor"
    psql = subprocess.run(
        [sys.executable, "-m", "betledger", "server", "psql"], input="SELECT current_database()", text=True, capture_output=True,
        env=os.environ | {"BETLEDGER_HOME": str(home)},
    )  # fmt: skip
    assert "betledger_demo" in psql.stdout and "of the demo" in psql.stderr
    with psycopg.connect(EmbeddedServer(home).url(), autocommit=True) as server:
        # Where there is another ledger, the demo's is not meant.
        server.execute("CREATE SCHEMA betledger_migrations")
        elsewhere = run("status", BETLEDGER_HOME=str(home))
        assert elsewhere.returncode == 3 and "schema none" in elsewhere.stdout and "demo" not in elsewhere.stderr
        server.execute("DROP SCHEMA betledger_migrations")
        assert rows(server, "SELECT rolname FROM pg_roles WHERE rolcanlogin") == [{"rolname": "postgres"}]
        server.execute("COMMENT ON DATABASE betledger_demo IS 'of somebody'")
        r = run("demo", url=EmbeddedServer(home).url())
        assert r.returncode == 1 and "a database betledger_demo is there, and not of a demo" in r.stderr
        assert server.execute("SELECT FROM pg_database WHERE datname = 'betledger_demo'").rowcount == 1
        server.execute("DROP DATABASE betledger_demo")


@pytest.mark.not_on_citus("a server of our own")
def test_a_server_that_refuses_us_runs(home):
    server = EmbeddedServer(home)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("ALTER ROLE postgres PASSWORD 'another'")
        try:
            for command in ("start", "status", "url"):
                r = run("server", command, BETLEDGER_HOME=str(home))
                assert r.returncode == 1 and "the server runs, and refuses us" in r.stderr and r.stderr.count("\n") == 1
                assert f"write the new one into {server.password_file}" in r.stderr
        finally:
            connection.execute(f"ALTER ROLE postgres PASSWORD '{server.password_file.read_text()}'")
    assert run("server", "status", BETLEDGER_HOME=str(home)).returncode == 0


@pytest.mark.not_on_citus("a server of our own")
def test_the_number_of_a_killed_server_may_be_that_of_another_process():
    with own_server_in(FOLDER, {"fsync": "off"}) as server:
        server.start()
        server.kill()
        user = {"user": server.home.user.pw_uid} if server.home.user else {}
        bystander = subprocess.Popen(["sleep", "60"], cwd="/", **user)
        # What is left of the server is not gone at once.
        remainder = subprocess.Popen(["sleep", "0.7"], cwd=server.data, **user)
        try:
            pid_file = server.data / "postmaster.pid"
            _, *rest = pid_file.read_text().split("\n")
            server.home.write(pid_file, "\n".join([str(bystander.pid), *rest]))
            with psycopg.connect(server.start()) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
        finally:
            bystander.kill()
            bystander.wait()
            remainder.wait()


@pytest.mark.not_on_citus("a server of our own")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_data_of_another_user_are_named():
    with own_server_in(FOLDER, {"fsync": "off"}) as server:
        server.stop()
        os.chown(server.data, 12345, 12345)
        r = run("server", "start", BETLEDGER_HOME=str(server.home.path))
        assert r.returncode == 1 and f"{server.data} belongs to the user id 12345" in r.stderr
        server.home.give(server.data)


@pytest.mark.not_on_citus("a server of our own")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_a_umask_closes_nothing_to_the_server():
    with tempfile.TemporaryDirectory(prefix="betledger-", dir=FOLDER) as folder:
        os.chmod(folder, 0o711)
        path = Path(folder, "a", "b", "home")
        command = f"umask 077; exec {sys.executable} -m betledger server start"
        done = subprocess.run(
            ["sh", "-c", command],
            env=os.environ | {"BETLEDGER_HOME": str(path)},
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            assert done.returncode == 0, done.stderr
        finally:
            EmbeddedServer(path).destroy()


@pytest.mark.not_on_citus("a server of our own")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_a_user_id_without_a_name_gets_all_but_a_server(dsn, tmp_path):
    """As containers run us: no entry in /etc/passwd, no HOME."""
    # What is imported late would be out of reach where the files of Python belong to root: the command runs as root first.
    code = """
import importlib, os, pkgutil, sys, betledger
for module in pkgutil.walk_packages(betledger.__path__, "betledger."):
    if not module.name.endswith(("__main__", "pytest_plugin")):
        importlib.import_module(module.name)
from betledger.cli import main
def run():
    try:
        main()
    except SystemExit as end:
        return end.code
if sys.argv.pop(1) == "warm":
    run()
os.setgroups([])
os.setgid(54321)
os.setuid(54321)
os.environ.pop("HOME", None)
print("as 54321", file=sys.stderr, flush=True)
sys.exit(run())
"""

    def as_nobody(*words: str, warm: str = "warm", **environment: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-c", code, warm, *words],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        _, _, done.stderr = done.stderr.partition("as 54321\n")
        return done

    for command in ("status", "migrate", "doctor", "verify", "config", "plan"):
        r = as_nobody(command, DATABASE_URL=dsn)
        assert r.returncode in (0, 3) and "Traceback" not in r.stderr, r.stderr
    r = as_nobody("server", "start", warm="cold")
    assert (
        r.returncode == 1 and "the user id 54321 has no name on this system" in r.stderr and r.stderr.count("\n") == 1
    )
    for words in (("status",), ("server", "status"), ("role", "create", "x", "--member-of", "betledger_app")):
        r = as_nobody(*words, warm="cold")
        assert r.returncode in (1, 3) and "Traceback" not in r.stderr, r.stderr
    # Without a name of its own to connect as, libpq says what is missing.
    r = as_nobody("status", warm="cold", DATABASE_URL="postgresql://127.0.0.1:1/x")
    assert r.returncode == 1 and r.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "name",
    [
        "betledger_scratch_mine",
        "betledger_scratch_1500000000_mine",
        "betledger_scratch_1_x",
        "betledger_scratch_99999999999999999999_abcdef01",
    ],
)
@pytest.mark.not_on_citus("the same without a cluster")
def test_a_database_that_only_looks_like_one_of_ours_stays(db, dsn, name):
    db.execute(f"CREATE DATABASE {name}")
    try:
        assert run("plan", "--migrations", str(Path(__file__).parent.parent / "nowhere"), url=dsn).returncode == 1
        assert run("verify-schema", url=dsn).returncode == 0
        assert db.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).rowcount == 1
    finally:
        db.execute(f"DROP DATABASE {name}")


def piped(command: str, dsn: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of a shell in which $B is betledger."""
    words = {"DATABASE_URL": dsn, "B": f"{sys.executable} -m betledger"}
    return subprocess.run(
        ["bash", "-c", command], env=os.environ | words | environment, capture_output=True, check=False
    )


@pytest.mark.not_on_citus("the same without a cluster")
@pytest.mark.parametrize(
    "line",
    [
        "$B migrate | head -1",
        "$B migrate >&-",
        "$B migrate | true",
        "$B migrate 2>&- >&-",
        "$B migrate -v 2>&1 | head -1",
    ],
)
def test_work_goes_on_whoever_reads(empty, line):
    done = piped(f"set -o pipefail; {line}", empty)
    assert (done.returncode, done.stderr) == (0, b"")
    assert run("status", url=empty).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.not_on_citus("the same without a cluster")
def test_an_output_that_is_full_ends_no_work_and_is_told(empty):
    done = piped("$B migrate > /dev/full", empty)
    assert (
        done.returncode == 1
        and done.stderr == b"betledger: standard output cannot be written: No space left on device\n"
    )
    assert run("status", url=empty).returncode == 0


@pytest.mark.parametrize(
    "command",
    ["status", "doctor", "config", "plan", "migrate", "tenant list", "projection list", "--help", "verify-schema"],
)
def test_no_reader_gives_a_traceback(dsn, command):
    for closed in (">&-", "2>&-", "| true", "< /dev/null >&- 2>&-"):
        done = piped(f"$B {command} {closed}", dsn)
        assert b"Traceback" not in done.stdout + done.stderr and b"Error" not in done.stderr


@pytest.mark.parametrize(
    "command", ["migrate --json", "status --json", "doctor --json", "verify --json", "rebuild --json", "config --json"]
)
def test_json_is_json_whatever_the_terminal(dsn, command):
    for environment in (
        {"FORCE_COLOR": "1"},
        {"TERM": "xterm-256color", "CLICOLOR_FORCE": "1"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0"},
    ):
        done = piped(f"$B {command}", dsn, **environment)
        assert isinstance(json.loads(done.stdout), list | dict)


def test_an_encoding_without_our_letters_ends_no_work(db, dsn, tmp_path):
    """A password file, a table, an error: each with letters that the output does not have."""
    name = "łogin"
    (tmp_path / "p").write_text("sésame")
    try:
        made = piped(
            f"$B role create {name} --member-of betledger_app --password-file {tmp_path / 'p'}",
            dsn,
            PYTHONIOENCODING="ascii",
        )
        assert made.returncode == 0 and b"\\u0142ogin is a member" in made.stdout, made.stderr
        with psycopg.connect(conninfo.make_conninfo(dsn, user=name, password="sésame")):
            pass
        for command in ("status", "doctor", f"role create {name} --member-of betledger_app"):
            done = piped(f"$B {command}", dsn, PYTHONIOENCODING="latin-1")
            assert b"Traceback" not in done.stderr
        (tmp_path / "p").write_bytes(b"s\xe9same")
        bad = piped(f"$B role create x --member-of betledger_app --password-file {tmp_path / 'p'}", dsn)
        assert bad.returncode == 1 and b"is not UTF-8: write the password" in bad.stderr
    finally:
        db.execute(f'DROP OWNED BY "{name}"; DROP ROLE "{name}"'.encode())


@pytest.mark.not_on_citus("the same without a cluster")
def test_ctrl_c_tells_what_is_left(empty, tmp_path):
    folder = write(
        tmp_path / "db",
        {
            "schema/0001_a.sql": "CREATE TABLE a (n integer);\n",
            "schema/0002_b.sql": "CREATE TABLE b (n integer);\nSELECT pg_sleep(60);\n",
        },
    )
    betledger.migrate(empty)
    words = [sys.executable, "-m", "betledger", "migrate", "--migrations", str(folder)]
    # On a terminal, where the clock is shown, too.
    leader, follower = pty.openpty()
    sleeping = "SELECT FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep' AND state = 'active'"
    # What runs in the background inherits that it is ignored.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        runner = subprocess.Popen(
            words, env=os.environ | {"DATABASE_URL": empty}, stdout=follower, stderr=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(signal.SIGINT, handler)
    with runner:
        os.close(follower)
        # Somebody has to look, or it waits for a terminal that takes no more.
        looks = threading.Thread(target=shown_by, args=(leader,))
        looks.start()
        with psycopg.connect(empty, autocommit=True) as ledger:
            while not ledger.execute(sleeping).rowcount:
                assert runner.poll() is None
                time.sleep(0.05)
        runner.send_signal(signal.SIGINT)
        _, told = runner.communicate(timeout=30)
        looks.join()
    assert runner.returncode == 130 and "stopped in db/schema/0002_b.sql, the files before it are done" in told
    with psycopg.connect(empty) as ledger:
        assert one(ledger, "SELECT to_regclass('a') AS a, to_regclass('b') AS b") == {"a": "a", "b": None}
        assert not ledger.execute(sleeping).rowcount


# --------------------------------------------------------------------------------------------- the message is of the thing


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://u:12345/secret@h/db", "cannot be read: write postgresql://"),
        ("postgres://u:secret@x@h/db", "cannot be read: write postgresql://"),
        ("postgresql://u:1/se?c=ret@h", "cannot be read: write postgresql://"),
        ("postgresql://u:1?secret@h/db", "cannot be reached"),
        ("postgresql://u:%zzsecret@h/db", "cannot be read: write postgresql://"),
        ("postgresql://u:secret@h:port/db", "cannot be read: write postgresql://"),
        ("postgresql://u:secret@h/db?schema=public", "says schema, which is of another program: leave ?schema=... out"),
        ("postgresql://u:secret@h/db?a=b&pgbouncer=true", "says pgbouncer, which is of another program"),
        ("jdbc:postgresql://u:secret@h/db", "cannot be read: write postgresql://"),
        ("host=h password='secret", "cannot be read: write postgresql://"),
    ],
)
def test_no_url_shows_its_password(url, message):
    commands = (("status",), ("config",), ("config", "--json"), ("version",), ("plan",), ("role", "create", "x", "--member-of", "g"))
    for command in commands:
        for r in (run(*command, url=url), run(*command, "--scratch-url", url, url=url)):
            assert "secret" not in r.stdout + r.stderr and "ret@h" not in r.stdout + r.stderr, (
                command,
                r.stdout,
                r.stderr,
            )
            assert "Traceback" not in r.stderr
    assert message in run("status", url=url).stderr


def test_white_space_around_a_url_is_no_part_of_it(dsn):
    assert run("status", url=f" {dsn}\n").returncode == 0


@pytest.mark.parametrize(
    "command", [("tenant", "show"), ("tenant", "isolate"), ("verify", "--tenant"), ("rebuild", "--tenant")]
)
@pytest.mark.parametrize("tenant", ["99999999999999999999", "9223372036854775808", "0", "-1", "x"])
def test_a_tenant_that_cannot_be_is_no_missing_ledger(dsn, command, tenant):
    r = run(*command, tenant, url=dsn)
    assert r.returncode == 2 and r.stderr.count("\n") == 1 and "no ledger" not in r.stderr


def test_a_full_disk_is_called_so(tmp_path):
    """Of the server: where initdb cannot write."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk")
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0711", "tmpfs", str(small)], check=False, capture_output=True
    ).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        for folder in small.parents:
            if folder.stat().st_mode & 0o001 == 0:
                os.chmod(folder, stat.S_IMODE(folder.stat().st_mode) | 0o711)
        r = run("server", "start", BETLEDGER_HOME=str(small / "home"))
        assert r.returncode == 1 and "No space left on device" in r.stderr and r.stderr.count("\n") == 1, r.stderr
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_settings_are_looked_for_upwards(dsn, tmp_path):
    folder = write(
        tmp_path / "project",
        {"betledger.toml": 'migrations = ["db", "bonus=other/sql"]\n'}
        | {f"db/{name}": text for name, text in BASE.items()},
    )
    write(folder, {"other/sql/functions/touch.sql": TOUCH.format(""), "a/b/pyproject.toml": "[project]\nname = 'x'\n"})
    for here in (folder, folder / "a" / "b"):
        r = run("migrate", url=dsn, cwd=here)
        assert r.returncode == 0 and ("db/schema/0001_t.sql" in r.stdout) == (here == folder), r.stderr
    found = {s["setting"]: s for s in json.loads(run("config", "--json", cwd=folder / "a" / "b").stdout)}
    assert found["migrations"]["from"] == "../../betledger.toml" and found["migrations"]["value"] == [
        "../../db",
        "bonus=../../other/sql",
    ]
    (folder / "a" / "b" / "pyproject.toml").write_text("tool = 5\n")
    assert "sets tool to 5" in run("config", cwd=folder / "a" / "b").stderr


def test_an_error_that_nobody_thought_of_is_one_line(monkeypatch, tmp_path):
    code = (
        "import betledger.commands.about as about; from betledger.cli import main\n"
        "def fails(*_, **__): raise KeyError('unthought of')\n"
        "about.settings = fails\nmain()"
    )
    words = [sys.executable, "-c", code, "config"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 70 and done.stderr.count("\n") == 1
    assert "KeyError: 'unthought of': this is a fault of betledger, please report it" in done.stderr
    shown = subprocess.run(
        words, env=os.environ | {"BETLEDGER_DEBUG": "1"}, capture_output=True, text=True, check=False
    )
    assert "Traceback" in shown.stderr


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_a_checkout_that_was_moved_is_installed_anew(tmp_path):
    root = Path(__file__).parent.parent
    checkout = write(tmp_path / "moved", {".venv/.installed": f"{tmp_path}/before\n"})
    for file in ("Makefile", "pyproject.toml"):
        shutil.copy(root / file, checkout)

    def would_run() -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        return subprocess.run(
            ["make", "-n", "demo"], cwd=checkout, env=clean, capture_output=True, text=True, check=True
        ).stdout

    assert "rm -rf .venv" in would_run() and "-m venv" in would_run()
    write(checkout, {".venv/.installed": f"{checkout}\n"})
    assert "rm -rf" not in would_run() and "-m venv" not in would_run()


@pytest.mark.not_on_citus("a server of our own")
def test_a_password_is_in_no_log_of_the_server_and_in_no_list_of_processes(own_server, tmp_path):
    """Whatever the server keeps of statements, and however it would hash a password itself."""
    with psycopg.connect(own_server.start(), autocommit=True) as connection:
        for setting in ("log_statement = 'all'", "log_min_duration_statement = 0", "password_encryption = 'md5'"):
            connection.execute(f"ALTER SYSTEM SET {setting}".encode())
        connection.execute("SELECT pg_reload_conf()")
    url = ledger_on(own_server)
    (tmp_path / "given").write_text("sesame, of a file")
    create = ("role", "create")
    made = run(*create, "made", "--member-of", "betledger_app", url=url, cwd=tmp_path)
    by_file = run(*create, "by_file", "--member-of", "betledger_app", "--password-file", str(tmp_path / "given"), url=url)
    by_name = run(*create, "by_name", "--member-of", "betledger_app", url=url, BETLEDGER_ROLE_PASSWORD="sesame, of the environment")
    for name, password, done in (
        ("made", (tmp_path / "made.password").read_text(), made),
        ("by_file", "sesame, of a file", by_file),
        ("by_name", "sesame, of the environment", by_name),
    ):
        assert done.returncode == 0 and password not in done.stdout + done.stderr, done.stderr
        with psycopg.connect(url) as ledger:
            kept = one(ledger, "SELECT rolpassword AS p FROM pg_authid WHERE rolname = %s", (name,))["p"]
        assert kept.startswith("SCRAM-SHA-256$")
        with psycopg.connect(conninfo.make_conninfo(url, user=name, password=password)):
            pass
        log = own_server.log.read_text(errors="replace")
        assert f'ALTER ROLE "{name}" LOGIN PASSWORD' in log and password not in log
    # Nothing on a command line takes one.
    assert {option for _, option in texts() if "password" in option} == {"--password-file"}


@pytest.mark.not_on_citus("a server of our own")
@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="only root may take the network away")
def test_the_demo_needs_no_network():
    """A network of its own, in which there is nothing but this machine."""
    up = (
        "import fcntl, socket, struct, sys; from betledger.cli import main\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        # SIOCSIFFLAGS, IFF_UP
        "fcntl.ioctl(s, 0x8914, struct.pack('16sh', b'lo', 1))\n"
        "sys.argv = ['betledger', *sys.argv[1:]]; main()"
    )
    with tempfile.TemporaryDirectory(prefix="betledger-", dir=FOLDER) as folder:
        os.chmod(folder, 0o711)
        clean = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        alone = ["unshare", "--net", "sh", "-c"]
        if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
            pytest.skip("no network of its own can be made here")
        code = f"{sys.executable} -c \"$CODE\" demo && {sys.executable} -c \"$CODE\" server destroy --yes"
        done = subprocess.run(
            [*alone, code], env=clean | {"BETLEDGER_HOME": folder, "CODE": up}, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0 and "All projections equal the fold of their events." in done.stdout, done.stderr
