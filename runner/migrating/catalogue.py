"""What a database holds, and how it differs from what the migrations make."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from betledger.database import conninfo_of, session
from betledger.migrating.migrator import Migrator, opened
from betledger.migrating.scratch import scratch_database

QUERY = (Path(__file__).parent / "catalogue.sql").read_text(encoding="utf-8")
# Kinds that a migration applies again by itself.
REPEATABLE = ("function", "policy", "procedure", "trigger", "view")

Key = tuple[str, str]
Catalogue = dict[Key, tuple[str, str | None]]


@dataclass(frozen=True)
class Difference:
    """One object that is not as expected.

    Args:
        kind: table, column, index, function and so on.
        name: of the object, with its schema.
        expected: its definition as the migrations make it; None for what they do not make.
        actual: its definition in the database; None for what is missing there.
    """

    kind: str
    name: str
    expected: str | None
    actual: str | None

    def as_diff(self) -> Iterator[str]:
        """The lines of a unified diff: - is what is expected, + what is there."""
        if self.actual is None:
            yield f"- {self.kind} {self.name} is missing: {(self.expected or '').splitlines()[0]}"
        elif self.expected is None:
            yield f"+ {self.kind} {self.name} is not ours: {self.actual.splitlines()[0]}"
        else:
            yield f"  {self.kind} {self.name} differs:"
            lines = difflib.unified_diff(self.expected.splitlines(), self.actual.splitlines(), n=2, lineterm="")
            yield from (f"    {line}" for line in list(lines)[2:])


def catalogue(connection: psycopg.Connection, names: list[str] | None = None) -> Catalogue:
    """All objects with their definition and body.

    Args:
        connection: of the database.
        names: look only at these relations and functions, and at what is betledger's; None for all.
    """
    with connection.transaction():
        # Names without their schema would depend on the setting of the session.
        connection.execute("SET LOCAL search_path = pg_catalog")
        rows = connection.execute(QUERY.encode(), {"names": names}).fetchall()
    return {(kind, name): (definition or "", body) for kind, name, definition, body in rows}


def expected(migrator: Migrator, scratch_url: str | None, only: Callable[[str], bool] = lambda _: True) -> Catalogue:
    """What the files of a migrator make, on a scratch database.

    Args:
        migrator: of the database to compare with.
        scratch_url: a database of the server for the scratch database; that of the migrator when left out.
        only: which files, by path.
    """
    with (
        scratch_database(
            scratch_url or conninfo_of(migrator.connection), migrator.connection, migrator.on_citus
        ) as url,
        opened(url, migrator.files.root.folder, teams=migrator.files.teams) as scratch,
        session(url) as connection,
    ):
        before = set(catalogue(connection))
        scratch.migrate(only)
        return {key: value for key, value in catalogue(connection).items() if key not in before or key[0] == "role"}


def differences(
    migrator: Migrator, scratch_url: str | None, only: Callable[[str], bool] = lambda _: True
) -> list[Difference]:
    """How the database of a migrator differs from what the files make."""
    wanted = expected(migrator, scratch_url, only)
    there = catalogue(migrator.connection, [name for _, name in wanted])
    return [
        Difference(kind, name, _whole(wanted.get((kind, name))), _whole(there.get((kind, name))))
        for kind, name in sorted(wanted.keys() | there.keys())
        if wanted.get((kind, name)) != there.get((kind, name))
    ] + [
        Difference(left.kind.lower(), left.identity, None, f"{left.path} made it, and no file does any more")
        for left in migrator.left()
    ]


def _whole(found: tuple[str, str | None] | None) -> str | None:
    return None if found is None else "\n".join(part for part in found if part is not None)


def dump(of: Catalogue) -> str:
    """The definitions, a line each, the same on every version of PostgreSQL; bodies are in the files."""
    return "".join(f"{kind} {name}: {definition}\n" for (kind, name), (definition, _) in sorted(of.items()))
