"""A folder of SQL: the name that its files are recorded by, and which they are. Nothing in it is left out unsaid."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from betledger.errors import BetledgerError

FOLDERS = ("schema", "functions", "triggers")
SETTINGS_FILE = "betledger.toml"
# What people and editors put beside SQL, and nobody expects to be applied. Names that begin with a dot, too.
_BESIDE = re.compile(r"README.*|.*\.(md|txt)|__pycache__", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_GIVEN = re.compile(rf"({_NAME.pattern})=(.+)", re.DOTALL)


@dataclass(frozen=True)
class Source:
    """The folder of betledger, which has no name, or one of an application team.

    Args:
        name: what its files are recorded by; moving or linking the folder does not change it.
        folder: with schema/, functions/ and triggers/, or some of them.
    """

    name: str
    folder: Path

    @property
    def prefix(self) -> str:
        """What the recorded path of a file begins with."""
        return f"{self.name}/" if self.name else ""

    @classmethod
    def of(cls, given: Source | Path | str) -> Source:
        """The folder of a team, as it was given.

        Args:
            given: FOLDER, or NAME=FOLDER. Without a name: what `name` in its own betledger.toml says, else what the
                folder was called where it was given.

        Raises:
            BetledgerError: there is no such folder, or no name for it.
        """
        if isinstance(given, Source):
            return given
        named = _GIVEN.fullmatch(str(given))
        folder = Path(os.path.abspath(named[2] if named else given))
        if not any((folder / kind).is_dir() for kind in FOLDERS):
            raise BetledgerError(f"{folder / FOLDERS[0]} does not exist: there is nothing to migrate from")
        name = named[1] if named else _own_name(folder) or folder.name
        if not _NAME.fullmatch(name) or name in FOLDERS:
            raise BetledgerError(
                f"{folder} cannot be recorded as {name!r}: name it, as in --migrations NAME={folder},"
                " with letters, digits, dots, - and _"
            )
        return cls(name, folder)

    def files(self, kind: str) -> list[Path]:
        """The SQL files of schema/, functions/ or triggers/, by path. Links are followed.

        Raises:
            BetledgerError: something there looks as if it was to be applied, and would not be.
        """
        self._refuse_misspelt()
        top = self.folder / kind
        if not top.is_dir():
            if os.path.lexists(top):
                raise BetledgerError(f"{top} is no folder, and nothing in it would be applied: make it one")
            return []
        return sorted(_sql_files(top, kind == "schema", frozenset()))

    def _refuse_misspelt(self) -> None:
        for entry in os.scandir(self.folder):
            wanted = f"{entry.name.lower().rstrip('s')}s".replace("schemas", "schema")
            if wanted in FOLDERS and entry.name != wanted and entry.is_dir():
                raise BetledgerError(f"{entry.path} would not be applied: name it {wanted}")


def _own_name(folder: Path) -> str | None:
    file = folder / SETTINGS_FILE
    if not file.is_file():
        return None
    try:
        name = tomllib.loads(file.read_text(encoding="utf-8")).get("name")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BetledgerError(f"{file} cannot be read: {error}") from None
    if name is not None and not isinstance(name, str):
        raise BetledgerError(f"{file} sets name to {name!r}: give a text")
    return name


def _sql_files(folder: Path, is_schema: bool, above: frozenset[tuple[int, int]]) -> Iterator[Path]:
    place = folder.stat()
    if (place.st_dev, place.st_ino) in above:
        raise BetledgerError(f"{folder} leads back to a folder that it is in: remove the link")
    for entry in os.scandir(folder):
        path = folder / entry.name
        if entry.name.startswith(".") or _BESIDE.fullmatch(entry.name):
            continue
        if entry.is_dir():
            if is_schema:
                raise BetledgerError(f"{path} would not be applied: put its files right into {folder}")
            yield from _sql_files(path, is_schema, above | {(place.st_dev, place.st_ino)})
        elif why_not := _why_not(entry, is_schema):
            raise BetledgerError(f"{path} would not be applied: {why_not}")
        elif not entry.name.endswith(".rollback.sql"):
            yield path


def _why_not(entry: os.DirEntry[str], is_schema: bool) -> str | None:
    stem, dot, suffix = entry.name.rpartition(".")
    if not entry.is_file():
        return "it is no file, or a link to nothing"
    try:
        entry.name.encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if suffix != "sql":
        return f"name it {stem}.sql" if suffix.lower() == "sql" else "only .sql is; move it, or delete it"
    if not is_schema:
        return None
    if stem.startswith("post-apply"):
        return "hooks of yoyo are not run; what is to run again when it changes goes into functions/"
    forward, dot, ending = stem.partition(".")
    if ending == "rollback":
        there = Path(entry.path).with_name(f"{forward}.sql")
        return None if there.is_file() else f"there is no {there.name} that it could roll back"
    if dot:
        return f"leave the dot out of its name; the way back is {forward}.rollback.sql"
    return None
