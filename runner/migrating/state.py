"""How a database compares with the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from betledger.errors import Drift
from betledger.migrating.files import Files, Repeatable, Versioned
from betledger.migrating.statements import checksum

# The checksum of no file: what it is compiled from has been applied since.
DUE = "due"


@dataclass(frozen=True)
class State:
    """How a database compares with the files.

    Args:
        versioned: name and state, which is applied, pending, edited (after it was applied), missing (its file is) or
            out of order (a later one was applied).
        repeatable: path and state, which is current, new, changed or due (what it is compiled from was applied).
        elsewhere: folders of teams that were applied, but are not among the files.
    """

    versioned: list[tuple[str, str]]
    repeatable: list[tuple[str, str]]
    elsewhere: list[str] = field(default_factory=list)

    @property
    def pending(self) -> bool:
        """Whether `migrate` would do anything, or refuse to."""
        return any(s != "applied" for _, s in self.versioned) or any(s != "current" for _, s in self.repeatable)

    @property
    def version(self) -> str | None:
        """The newest migration of betledger that is applied."""
        applied = [name for name, state in self.versioned if state == "applied" and "/" not in name]
        return max(applied, default=None)

    @property
    def drift(self) -> str | None:
        """What makes `migrate` refuse, with the remedy; None when all is well."""
        for name, state in self.versioned:
            team, slash, file = name.rpartition("/")
            path = f"{team}{slash}schema/{file}.sql"
            if state == "edited":
                return f"{path} was edited after it was applied: restore it, and put the change into a new migration"
            if state == "missing":
                return f"{path} was applied but is not there: restore it, or upgrade betledger"
            if state == "out of order":
                return f"{path} comes before one that is applied: give it a later number"
        return None

    def require_no_drift(self) -> None:
        """Raise a BetledgerError that names the file and the remedy, if there is any drift."""
        if self.drift:
            raise Drift(self.drift)

    def due(self, files: Files) -> list[Versioned | Repeatable]:
        """The files that `migrate` would apply, in order."""
        pending = {name for name, status in self.versioned if status == "pending"}
        again = {path for path, status in self.repeatable if status != "current"}
        return [
            *(file for file in files.versioned if file.name in pending),
            *(file for file in files.repeatables if file.path in again),
        ]


def compared(files: Files, applied: Mapping[str, str], done: Mapping[str, str]) -> State:
    """The state of a database.

    Args:
        files: what there is to apply.
        applied: paths and checksums of the versioned files that the database has recorded.
        done: those of the repeatable ones.
    """
    versioned = _versioned(files, applied)
    again = any(state in ("pending", "out of order") for _, state in versioned)
    unknown = {path.split("/")[0] for path in (*applied, *done) if not files.knows(path)}
    return State(versioned, _repeatable(files, done, again), sorted(unknown))


def _versioned(files: Files, applied: Mapping[str, str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for file in reversed(files.versioned):
        team = file.name.rpartition("/")[0]
        later = any(s != "pending" and n.rpartition("/")[0] == team for n, s in found)
        if file.path in applied:
            state = "applied" if applied[file.path] == checksum(file.text) else "edited"
        else:
            state = "out of order" if later else "pending"
        found.insert(0, (file.name, state))
    known = {file.path for file in files.versioned}
    gone = [path for path in applied if path not in known and files.knows(path)]
    return found + [(path.removesuffix(".sql").replace("schema/", "", 1), "missing") for path in sorted(gone)]


def _repeatable(files: Files, done: Mapping[str, str], recompile: bool) -> list[tuple[str, str]]:
    """Triggers are compiled again after any other file."""
    found = []
    for file in files.repeatables:
        if file.path not in done:
            state = "new"
        elif done[file.path] == DUE or (file.is_trigger and recompile and done[file.path] == file.checksum):
            state = "due"
        else:
            state = "current" if done[file.path] == file.checksum else "changed"
        recompile = recompile or (state != "current" and not file.is_trigger)
        found.append((file.path, state))
    return found
