"""The folder that servers live in, and whom its files belong to."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from betledger.errors import BetledgerError

try:
    import fcntl
    import pwd
except ImportError:  # Windows: everything but a server of our own works there
    fcntl = None  # type: ignore[assignment]


def require_posix() -> None:
    """Raise a BetledgerError where no server of ours can run."""
    if fcntl is None:
        raise BetledgerError("no server of ours runs on this system: set DATABASE_URL to the URL of a server")


def default_home() -> Path:
    """Where embedded servers live: BETLEDGER_HOME, else /var/lib/betledger for root, else the user's data folder."""
    if named := os.environ.get("BETLEDGER_HOME"):
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/lib/betledger")
    if data := os.environ.get("XDG_DATA_HOME"):
        return Path(data) / "betledger"
    try:
        return Path.home() / ".local" / "share" / "betledger"
    except RuntimeError:
        # A container may run us as a user id that has no name and no home.
        return Path("/nonexistent/betledger")


def server_user() -> pwd.struct_passwd | None:
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


class Home:
    """The folder, and the user who has to be able to pass through it.

    Args:
        path: where it is, or will be.
        user: of the server; None when that is ourselves.
    """

    def __init__(self, path: Path, user: pwd.struct_passwd | None) -> None:
        self.path = path
        self.user = user

    def make(self) -> None:
        """Make it.

        Raises:
            BetledgerError: it cannot be made, or a folder above it is closed to the user.
        """
        try:
            for folder in (*reversed(self.path.parents), self.path):
                if not folder.exists():
                    folder.mkdir()
                    if self.user is not None:
                        # Whatever the umask: the server has to pass through.
                        os.chmod(folder, 0o711)
        except OSError as error:
            raise BetledgerError(
                f"{self.path} cannot be made ({error.strerror}): set BETLEDGER_HOME to a folder that can"
            ) from None
        if self.user is not None:
            for folder in (self.path, *self.path.parents):
                state = folder.stat()
                if not state.st_mode & 0o001 and state.st_uid != self.user.pw_uid:
                    raise BetledgerError(
                        f"{folder} is closed to the user {self.user.pw_name}, whom the server runs as:"
                        f" set BETLEDGER_HOME to another folder, or run `chmod o+x {folder}`"
                    )

    def require_user(self) -> None:
        """Raise a BetledgerError where PostgreSQL cannot run as the user."""
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            raise BetledgerError(
                f"the user id {os.geteuid()} has no name on this system, and PostgreSQL does not run without: add it to"
                " /etc/passwd, or set DATABASE_URL to the URL of a server"
            ) from None

    def require_owned(self, *paths: Path) -> None:
        """Raise a BetledgerError if one is there, and belongs to somebody else than the user."""
        wanted = os.geteuid() if self.user is None else self.user.pw_uid
        for path in paths:
            owner = path.stat().st_uid if path.exists() else wanted
            if owner != wanted:
                raise BetledgerError(
                    f"{path} belongs to the user id {owner}, and the server runs as {wanted}: run `betledger` as who"
                    f" started it first, or set BETLEDGER_HOME to another folder"
                )

    def give(self, path: Path) -> None:
        """Let a file or folder belong to the user."""
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def write(self, path: Path, text: str) -> None:
        """Write a file of the user's. It is replaced as a whole: others read it at any time."""
        unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        self.give(unfinished)
        unfinished.replace(path)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Alone among all processes. The lock is beside the folder of a server: that may be deleted under it."""
        with open(self.path / f"{name}.lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
