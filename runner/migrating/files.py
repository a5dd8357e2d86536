"""The SQL files, and in which order they are applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from betledger.errors import BetledgerError
from betledger.migrating.folders import FOLDERS, Source
from betledger.migrating.statements import checksum, directives, read
from yoyo.migrations import Migration


def sql_root() -> Path:
    """The folder that holds schema/, functions/ and triggers/: inside the wheel, or the source tree when editable."""
    package = Path(__file__).parent.parent
    installed = package / "sql"
    return installed if (installed / "schema").is_dir() else package.parent


@dataclass(frozen=True)
class Versioned:
    """A file of schema/: applied once, and never edited again.

    Args:
        path: how it is recorded: schema/0001_a.sql, or bonus/schema/0001_a.sql from the folder bonus of a team.
        migration: yoyo's; its id is the name.
    """

    path: str
    migration: Migration

    @property
    def name(self) -> str:
        """As people name it: 0001_a, or bonus/0001_a."""
        return str(self.migration.id)

    @cached_property
    def text(self) -> str:
        """What it holds."""
        return read(Path(self.migration.path))

    @property
    def rollback(self) -> Path:
        """The file that takes it back, which may be missing."""
        return Path(self.migration.path).with_suffix(".rollback.sql")


@dataclass(frozen=True)
class Repeatable:
    """A file that is applied again whenever its content, or that of a file it requires, has changed.

    Args:
        path: how it is recorded.
        text: what it holds.
        is_trigger: whether it is of triggers/: those come last, and are compiled from what is in the database.
        checksum: of its text, and of the files that it requires.
    """

    path: str
    text: str
    is_trigger: bool
    checksum: str


class Files:
    """The SQL of betledger, then that of application teams.

    Args:
        root: the folder with schema/, functions/ and triggers/; that of betledger when left out.
        teams: folders of the same form, as `Source.of` takes them; applied after ours, in this order.
    """

    def __init__(self, root: Path | None = None, teams: Sequence[Source | Path | str] = ()) -> None:
        self.root = Source("", root or sql_root())
        if not (self.root.folder / "schema").is_dir():
            raise BetledgerError(f"{self.root.folder / 'schema'} does not exist: there is nothing to migrate from")
        self.teams = [Source.of(team) for team in teams]
        self.sources = [self.root, *self.teams]
        for number, team in enumerate(self.teams):
            if twin := next((t for t in self.teams[:number] if t.name == team.name), None):
                raise BetledgerError(
                    f"{twin.folder} and {team.folder} would both be recorded as {team.name}: name one of them, as in"
                    f" --migrations NAME={team.folder}"
                )

    @cached_property
    def versioned(self) -> list[Versioned]:
        """The migrations, in order: what a file says in `-- depends:` comes before it."""
        found = {
            source.prefix + file.stem: (source, file) for source in self.sources for file in source.files("schema")
        }

        def needs(name: str) -> list[str]:
            source, file = found[name]
            return [
                _known(other, source, found, f"{file} says `-- depends:` of {other}")
                for line in directives(str(file), read(file))["depends"]
                for other in line.split()
            ]

        return [
            Versioned(
                f"{source.prefix}schema/{file.name}", Migration(name, path=str(file), source_dir=str(file.parent))
            )
            for name in _in_order(found, needs)
            for source, file in [found[name]]
        ]

    @cached_property
    def repeatables(self) -> list[Repeatable]:
        """functions/ of all sources, then triggers/, by path, each after the files that it requires."""
        found = {
            source.prefix + file.relative_to(source.folder).as_posix(): (source, kind, read(file))
            for kind in ("functions", "triggers")
            for source in self.sources
            for file in source.files(kind)
        }
        required: dict[str, list[str]] = {}

        def needs(path: str) -> list[str]:
            source, _, text = found[path]
            required[path] = [
                _known(other, source, found, f"{path} requires {other}") for other in directives(path, text)["requires"]
            ]
            return required[path]

        made: dict[str, Repeatable] = {}
        for path in _in_order(found, needs):
            _, kind, text = found[path]
            parts = [text, *(made[other].checksum for other in required[path])]
            made[path] = Repeatable(path, text, kind == "triggers", checksum("\n".join(parts)))
        return list(made.values())

    @property
    def contents(self) -> dict[str, str]:
        """The text of each file, by path."""
        return {file.path: file.text for file in self.versioned} | {file.path: file.text for file in self.repeatables}

    def knows(self, path: str) -> bool:
        """Whether a recorded path belongs to one of the folders."""
        return path.startswith(tuple(f"{source.prefix}{kind}/" for source in self.sources for kind in FOLDERS))


def _known(name: str, source: Source, found: Iterable[str], what: str) -> str:
    """What a directive names: of the same folder, else of any."""
    for full in (source.prefix + name, name):
        if full in found:
            return full
    raise BetledgerError(f"{what}, which does not exist: correct that line")


def _in_order(names: Iterable[str], needs: Callable[[str], list[str]]) -> list[str]:
    """The names as they come, each after those that it needs."""
    ordered: dict[str, None] = {}

    def add(name: str, above: tuple[str, ...]) -> None:
        if name in above:
            circle = " needs ".join((*above[above.index(name) :], name))
            raise BetledgerError(f"{circle}: there is no order, take one of these lines out")
        if name not in ordered:
            for other in needs(name):
                add(other, (*above, name))
            ordered[name] = None

    for name in names:
        add(name, ())
    return list(ordered)
