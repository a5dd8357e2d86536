"""The server itself: started, found again, stopped, deleted, and killed."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
from betledger.database import as_named
from betledger.errors import BetledgerError, in_one_line
from betledger.server.home import Home, default_home, server_user
from betledger.server.programs import Programs, binaries
from psycopg import conninfo

USER = "postgres"
STARTS = 5
# Seconds that a server which is alive may take to answer: it may be recovering from a crash.
PATIENCE = 60


class EmbeddedServer:
    """One server with its data under `home`, by major version.

    Args:
        home: the folder; made when it is missing. Every folder above it has to be open to the server's user.
        settings: further settings of postgresql.conf, for the start.
    """

    def __init__(self, home: Path | None = None, settings: Mapping[str, str] | None = None) -> None:
        found = binaries()
        self.home = Home((home or default_home()).absolute(), server_user())
        self.programs = Programs(found, self.home)
        self.settings = dict(settings or {})
        self.folder = self.home.path / f"postgresql-{self.programs.version.split('.')[0]}"
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.password_file = self.folder / "password"
        self.port_file = self.folder / "port"
        self.pass_file = self.folder / "pgpass"

    # Commands

    def start(self) -> str:
        """Start the server unless it runs; gives its URL. Safe to call from several processes at once."""
        self.home.require_user()
        self.home.make()
        with self._locked():
            self.home.require_owned(self.folder, self.data)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            os.chmod(self.folder, 0o700)
            self.home.give(self.folder)
            if self._answers():
                return self.url()
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            for attempt in range(1, STARTS + 1):
                self._remove_stale_pid()
                # That of the last time, if it is free: what knows the URL finds the server again.
                known = int(self.port_file.read_text() or 0) if self.port_file.exists() else 0
                self.home.write(self.port_file, str(_free_port(known)))
                if self._started():
                    return self.url()
                # The port was taken meanwhile, or what a killed server left is not gone yet.
                time.sleep(attempt * 0.5)
                if self._answers():
                    return self.url()
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        last = next(
            (line for line in reversed(lines) if "FATAL" in line or "PANIC" in line), (lines or ["nothing"])[-1]
        )
        raise BetledgerError(f"the server does not start; the log {self.log} says: {last}")

    def stop(self) -> bool:
        """Stop the server; gives whether it ran."""
        if not self.data.exists():
            return False
        with self._locked():
            return self._stopped()

    def destroy(self) -> None:
        """Stop the server and delete its data."""
        if not self.folder.exists():
            return
        with self._locked():
            self._stopped()
            for patience in (0.2, 0.5, 1, 2, 0):
                try:
                    return shutil.rmtree(self.folder)
                except OSError:
                    # What is left of a killed server may still write.
                    if not patience:
                        raise
                    time.sleep(patience)

    def kill(self) -> None:
        """End the server and its backends with SIGKILL, as a crash would: for tests.

        None is left: one that waits for a lock of those that are gone would wait for ever, and its client with it.
        """
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children")
        # At once; what that list left out, since it is not reliable while some end, after that.
        processes = [pid, *map(int, children.read_text().split() if children.exists() else [])]
        while processes:
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            processes = self._processes()

    def running(self) -> bool:
        """Whether the server answers.

        Raises:
            BetledgerError: it does, and refuses us.
        """
        if not self.port_file.exists() or not self.password_file.exists() or not self.data.exists():
            return False
        try:
            with as_named(self.url()), psycopg.connect(self.url(), connect_timeout=5) as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError as error:
            with as_named(self.url()):
                answers = psycopg.pq.PGconn.ping(self.url().encode()) == psycopg.pq.Ping.OK
            if answers and self._alive():
                raise BetledgerError(
                    f"the server runs, and refuses us: {in_one_line(error)}; if the password of {USER} was changed,"
                    f" write the new one into {self.password_file}"
                ) from None
            return False
        return bool(row and Path(row[0]).resolve() == self.data.resolve())

    def url(self, dbname: str = "postgres") -> str:
        """The conninfo of a database of the server, with the password. It leaves nothing to the environment."""
        return conninfo.make_conninfo(
            host="127.0.0.1",
            hostaddr="127.0.0.1",
            sslmode="disable",
            gssencmode="disable",
            channel_binding="disable",
            target_session_attrs="any",
            port=self.port_file.read_text(),
            user=USER,
            password=self.password_file.read_text(),
            dbname=dbname,
        )

    # Steps

    def _alive(self) -> bool:
        """Whether the process runs, ready or not. After a crash or a reboot its number may be that of another."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            os.kill(pid, 0)
        except PermissionError:
            pass
        except (OSError, ValueError, IndexError):
            return False
        if not Path("/proc/self/cwd").exists():
            return True
        try:
            return Path(f"/proc/{pid}/cwd").resolve(strict=True) == self.data.resolve()
        except OSError:
            return False

    def _remove_stale_pid(self) -> None:
        """The number that a killed server left may be that of another process by now, which PostgreSQL would not start
        beside. Nothing is removed while anything of that server is left.
        """
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists() or self._alive() or not Path("/proc/self/cwd").exists():
            return
        if not self._processes():
            pid_file.unlink()

    def _processes(self) -> list[int]:
        """The numbers of all that runs in the data folder, where the system tells: the server and its backends."""
        found = []
        for folder in Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):
                if folder.resolve(strict=True) == self.data.resolve():
                    found.append(int(folder.parent.name))
        return found

    def _answers(self) -> bool:
        """Whether the server answers; waits for one that is alive."""
        deadline = time.monotonic() + PATIENCE
        while self._alive() and time.monotonic() < deadline:
            if self.running():
                return True
            time.sleep(0.1)
        return False

    def _stopped(self) -> bool:
        if not self._alive():
            return False
        self.programs.run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", str(PATIENCE), "stop")
        return True

    def _initialise(self) -> None:
        # Elsewhere, then renamed: an initdb that was killed in the middle leaves a PG_VERSION, too.
        fresh = self.folder / f"data-{secrets.token_hex(4)}"
        for left in self.folder.glob("data*"):
            shutil.rmtree(left, ignore_errors=True)
        password = secrets.token_urlsafe(24)
        self.home.write(self.password_file, password)
        self.home.write(self.pass_file, f"127.0.0.1:*:*:{USER}:{password}\n")
        self.programs.run(
            "initdb",
            *("-D", str(fresh), "-U", USER, "-A", "scram-sha-256", "--pwfile", str(self.password_file)),
            *("-E", "UTF8", "--locale", "C.UTF-8" if _has_locale() else "C"),
        )
        fresh.rename(self.data)

    def _started(self) -> bool:
        options = {
            "port": self.port_file.read_text(),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "120",
            **self.settings,
        }
        result = subprocess.run(
            [
                *(
                    str(self.programs.bin / "pg_ctl"),
                    "-D",
                    str(self.data),
                    "-l",
                    str(self.log),
                    "-w",
                    "-t",
                    str(PATIENCE),
                    "-s",
                ),
                *("-o", " ".join(f"-c {name}={shlex.quote(value)}" for name, value in options.items()), "start"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            **self.programs.as_user(),
        )
        return result.returncode == 0 and self.running()

    def _locked(self) -> contextlib.AbstractContextManager[None]:
        return self.home.locked(self.folder.name)


def _free_port(wanted: int = 0) -> int:
    """A port that nobody listens on: the wanted one, if that is free."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise BetledgerError("no port is free on 127.0.0.1: end what holds them")


def _has_locale() -> bool:
    try:
        return "c.utf8" in subprocess.run(
            ["locale", "-a"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.lower().replace("-", "")
    except OSError:
        return False


@contextlib.contextmanager
def throwaway_server(settings: Mapping[str, str] | None = None, folder: str = "/tmp") -> Iterator[str]:  # noqa: S108
    """The URL of DATABASE_URL's server, or of a new one, with its data in a folder, that is gone afterwards."""
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    # Not below TMPDIR: that may lie in a folder that is closed to the server's user.
    with tempfile.TemporaryDirectory(prefix="betledger-", dir=folder if os.path.isdir(folder) else None) as home:
        os.chmod(home, 0o711)
        server = EmbeddedServer(Path(home), settings)
        try:
            yield server.start()
        finally:
            server.destroy()
