"""The SQL files: where they are, and in which order they are applied."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yoyo
from betledger.errors import BetledgerError
from betledger.migrating.statements import checksum, read
from yoyo.exceptions import BadMigration
from yoyo.migrations import Migration, topological_sort

FOLDERS = ("schema", "functions", "triggers")
_DEPENDS = re.compile(r"^[ \t]*--[ \t]*depends[ \t]*:", re.IGNORECASE | re.MULTILINE)


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
        migration: yoyo's.
    """

    path: str
    migration: Migration

    @property
    def name(self) -> str:
        """As people name it: 0001_a, or bonus/0001_a."""
        return self.path.removesuffix(".sql").replace("schema/", "", 1)

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
    """A file that is applied again whenever its content, or that of a file it requires, has changed."""

    path: str
    text: str
    requires: tuple[str, ...]
    checksum: str

    @property
    def is_trigger(self) -> bool:
        """Whether it comes last, and is compiled from what is in the database."""
        return "triggers" in Path(self.path).parts[:2]


class Files:
    """The SQL of betledger, then that of application teams.

    Args:
        root: the folder with schema/, functions/ and triggers/; that of betledger when left out.
        teams: folders of the same form, each recorded under its own name; applied after ours, in this order.
    """

    def __init__(self, root: Path | None = None, teams: Sequence[Path] = ()) -> None:
        self.teams = tuple(teams)
        self.sources = {"": root or sql_root()} | {f"{team.resolve().name}/": team.resolve() for team in teams}
        if len(self.sources) <= len(teams):
            raise BetledgerError("two folders of migrations have one name: rename one, their files are recorded by it")
        for name, folder in self.sources.items():
            if not (folder / "schema").is_dir() and (not name or not any((folder / f).is_dir() for f in FOLDERS)):
                raise BetledgerError(f"{folder / 'schema'} does not exist: there is nothing to migrate from")

    @cached_property
    def versioned(self) -> list[Versioned]:
        """The migrations, in order."""
        folders = {str((f / "schema").resolve()): name for name, f in self.sources.items() if (f / "schema").is_dir()}
        order, seen = list(folders), dict[str, str]()
        for folder in folders:
            for file in Path(folder).glob("*.sql"):
                if not file.stem.endswith(".rollback") and seen.setdefault(file.stem, folder) != folder:
                    raise BetledgerError(f"{file} has the name of a migration in {seen[file.stem]}: rename it")
        # All folders at once: a file of a team may say `-- depends:` of one of another folder.
        read_by_yoyo = sorted(
            yoyo.read_migrations(*folders),
            key=lambda m: (order.index(str(Path(m.path).parent.resolve())), m.id),
        )
        for migration in read_by_yoyo:
            if not migration.path.endswith(".sql"):
                raise BetledgerError(f"{migration.path} is no SQL: schema/ holds SQL only")
        depend = any(_DEPENDS.search(read(Path(migration.path))) for migration in read_by_yoyo)
        try:
            sorted_by_need = list(topological_sort(read_by_yoyo)) if depend else read_by_yoyo
        except BadMigration as error:
            raise BetledgerError(f"the migrations have no order: {error}") from None
        return [Versioned(f"{folders[str(Path(m.path).parent.resolve())]}schema/{m.id}.sql", m) for m in sorted_by_need]

    @property
    def contents(self) -> dict[str, str]:
        """The text of each file, by path."""
        return {file.path: file.text for file in self.versioned} | {file.path: file.text for file in self.repeatables}

    @cached_property
    def repeatables(self) -> list[Repeatable]:
        """functions/ of all sources, then triggers/, by path, each after the files that it requires."""
        texts = {
            name + path.relative_to(folder).as_posix(): read(path)
            for kind in ("functions", "triggers")
            for name, folder in self.sources.items()
            for path in sorted((folder / kind).rglob("*.sql"))
        }
        requires = {
            path: tuple(
                line.removeprefix("-- requires:").strip()
                for line in text.splitlines()
                if line.startswith("-- requires:")
            )
            for path, text in texts.items()
        }
        ordered: dict[str, Repeatable] = {}

        def add(path: str, by: str) -> None:
            if path not in texts:
                raise BetledgerError(f"{by} requires {path}, which does not exist: correct its `-- requires:` line")
            if path in ordered:
                return
            for other in requires[path]:
                add(other, path)
            parts = [texts[path], *(ordered[other].checksum for other in requires[path])]
            ordered[path] = Repeatable(path, texts[path], requires[path], checksum("\n".join(parts)))

        for path in texts:
            add(path, path)
        return list(ordered.values())

    def knows(self, path: str) -> bool:
        """Whether a recorded path belongs to one of the folders."""
        return any(path.startswith(tuple(f"{name}{kind}/" for kind in FOLDERS)) for name in self.sources)
