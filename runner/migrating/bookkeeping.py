"""What a database knows of the files that were applied to it: checksums of ours, beside the tables of yoyo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from betledger.database import value
from betledger.migrating.backend import BOOKKEEPING, Backend
from betledger.migrating.files import Files, Repeatable, Versioned
from betledger.migrating.parsed import made_by
from betledger.migrating.state import DUE
from betledger.migrating.statements import checksum
from psycopg import sql

TABLES = {
    "versioned": "path text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()",
    "repeatable": "path text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),"
    " is_trigger boolean NOT NULL",
    # What each repeatable file makes, as pg_identify_object names it; what it made before, and does no more.
    "made": "kind text, identity text, path text NOT NULL, is_left boolean NOT NULL, PRIMARY KEY (kind, identity)",
    # How much of a file that commits each statement by itself is done.
    "unfinished": "path text PRIMARY KEY, statements integer NOT NULL, checksum text NOT NULL",
    "standing": "position integer PRIMARY KEY, statement text NOT NULL",
}
TRIGGERS_ARE_DUE = f"UPDATE {BOOKKEEPING}.repeatable SET checksum = '{DUE}' WHERE is_trigger"
# What is there of that.
MADE = f"""
    SELECT m.kind, m.identity, m.path, m.is_left
    FROM {BOOKKEEPING}.made AS m
    WHERE CASE m.kind
        WHEN 'VIEW' THEN to_regclass(m.identity) IS NOT NULL
        WHEN 'TRIGGER' THEN EXISTS (
            SELECT FROM pg_catalog.pg_trigger AS t
            WHERE NOT t.tgisinternal AND (pg_identify_object('pg_trigger'::regclass, t.oid, 0)).identity = m.identity
        )
        ELSE to_regprocedure(m.identity) IS NOT NULL
    END
    ORDER BY m.kind IN ('FUNCTION', 'PROCEDURE'), m.path, m.identity
"""


@dataclass(frozen=True)
class Left:
    """What no file makes any more.

    Args:
        kind: FUNCTION, PROCEDURE, VIEW or TRIGGER.
        identity: as DROP takes it.
        path: the file that made it.
    """

    kind: str
    identity: str
    path: str

    def __str__(self) -> str:
        """In a line, for people."""
        return f"{self.kind.lower()} {self.identity} was made by {self.path}, and is made by no file any more"


class Bookkeeping:
    """Reads what is recorded, and says what records more.

    Args:
        connection: the session of the migrator.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.backend = Backend(connection)

    def recorded(self, table: str) -> dict[str, str]:
        """Paths and checksums.

        Args:
            table: versioned or repeatable.
        """
        if not value(self.connection, "SELECT to_regclass(%s) IS NOT NULL", (f"{BOOKKEEPING}.{table}",)):
            return {}
        return dict(self.connection.execute(f"SELECT path, checksum FROM {BOOKKEEPING}.{table}").fetchall())

    def prepare(self) -> None:
        """Make the tables that are missing."""
        for statement in self._tables():
            self.connection.execute(statement.encode())
        self.backend.ensure_internal_schema_updated()

    def preparation(self) -> list[str]:
        """All statements that make the tables, yoyo's included, where they are missing; changes nothing."""
        ours = self._tables()
        if not ours:
            return []
        with self.backend.transaction(rollback_on_exit=True):
            for statement in ours:
                self.connection.execute(statement.encode())
            return [*ours, *self.backend.made()]

    def _tables(self) -> list[str]:
        if value(self.connection, "SELECT to_regnamespace(%s) IS NOT NULL", (BOOKKEEPING,)):
            return []
        return [
            f"CREATE SCHEMA {BOOKKEEPING}",
            *(f"CREATE TABLE {BOOKKEEPING}.{table} ({columns})" for table, columns in TABLES.items()),
        ]

    def left(self, files: Files) -> list[Left]:
        """What is there, and was made by files that are gone, or make something else now."""
        if not value(self.connection, "SELECT to_regclass(%s) IS NOT NULL", (f"{BOOKKEEPING}.made",)):
            return []
        paths = {file.path for file in files.repeatables}
        return [
            Left(kind, identity, path)
            for kind, identity, path, is_left in self.connection.execute(MADE.encode())
            if files.knows(path) and (is_left or path not in paths)
        ]

    def drop(self, left: Sequence[Left]) -> None:
        """Drop what was left, and forget it and its files."""
        for one in left:
            self.connection.execute(f"DROP {one.kind} {one.identity}".encode())
            self.connection.execute(
                f"DELETE FROM {BOOKKEEPING}.made WHERE kind = %s AND identity = %s".encode(), (one.kind, one.identity)
            )
            # Should the file come back as it was, it is applied.
            self.connection.execute(
                f"DELETE FROM {BOOKKEEPING}.repeatable AS r WHERE r.path = %s AND NOT EXISTS"
                f" (SELECT FROM {BOOKKEEPING}.made AS m WHERE m.path = r.path)".encode(),
                (one.path,),
            )

    def unfinished(self, path: str, statements: Sequence[str]) -> int:
        """How many statements of a file that commits each by itself are done, if those are as they were."""
        for done, sum_of_done in self.connection.execute(
            f"SELECT statements, checksum FROM {BOOKKEEPING}.unfinished WHERE path = %s".encode(), (path,)
        ):
            if checksum("\n".join(statements[:done])) == sum_of_done:
                return int(done)
        return 0

    def is_done(self, path: str, statements: Sequence[str]) -> None:
        """Remember that these statements of such a file are done."""
        with self.connection.transaction():
            # The file may be at work as another role, or reading only.
            self.connection.execute("SET TRANSACTION READ WRITE; SET LOCAL ROLE NONE")
            self.connection.execute(
                f"INSERT INTO {BOOKKEEPING}.unfinished AS u (path, statements, checksum)"
                " VALUES (%s, %s, %s) ON CONFLICT (path) DO UPDATE SET (statements, checksum) ="
                " (excluded.statements, excluded.checksum)".encode(),
                (path, len(statements), checksum("\n".join(statements))),
            )

    def forget_repeatables(self) -> None:
        """Let the next `migrate` apply functions and triggers again."""
        self.connection.execute(f"DELETE FROM {BOOKKEEPING}.repeatable".encode())

    def marks(self, file: Versioned | Repeatable) -> list[str]:
        """The statements that record a file as applied, in its own transaction."""
        if isinstance(file, Repeatable):
            # Triggers are compiled from tables and functions, and we may be killed before they are.
            return [
                *_made(file),
                *_recorded(file.path, "repeatable", file.checksum, is_trigger=str(file.is_trigger).lower()),
                *([] if file.is_trigger else [TRIGGERS_ARE_DUE]),
            ]
        with self.backend.written() as written:
            self.backend.log_migration(file.migration, "apply")
            self.backend.mark_one(file.migration, log=False)
        finished = f"DELETE FROM {BOOKKEEPING}.unfinished WHERE path = {_literal(file.path)}"
        return [*_recorded(file.path, "versioned", checksum(file.text)), finished, TRIGGERS_ARE_DUE, *written]

    def marks_of_rollback(self, file: Versioned) -> list[str]:
        """The statements that record a file as rolled back."""
        with self.backend.written() as written:
            self.backend.log_migration(file.migration, "rollback")
            self.backend.unmark_one(file.migration, log=False)
        return [
            "RESET ROLE",
            f"DELETE FROM {BOOKKEEPING}.versioned WHERE path = {_literal(file.path)}",
            # What they made may have gone with the schema: the next migrate makes it again.
            f"DELETE FROM {BOOKKEEPING}.repeatable",
            *written,
        ]


def _recorded(path: str, table: str, sum_of_file: str, **more: str) -> list[str]:
    columns, values = ["path", "checksum", *more], [_literal(path), f"'{sum_of_file}'", *more.values()]
    return [
        "RESET ROLE",
        f"INSERT INTO {BOOKKEEPING}.{table} ({', '.join(columns)}) VALUES ({', '.join(values)})"
        " ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now()",
    ]


def _made(file: Repeatable) -> list[str]:
    """Statements that record what a file makes now, by names that are resolved where it has just been run."""
    path, found = _literal(file.path), []
    for made in made_by(file.path, file.text):
        if made.kind == "TRIGGER":
            name, table = made.name.split(" ON ")
            catalogue = "pg_trigger"
            oid = (
                f"(SELECT oid FROM pg_catalog.pg_trigger WHERE tgname = {_literal(name.strip(chr(34)))}"
                f" AND tgrelid = to_regclass({_literal(table)}))"
            )
        else:
            catalogue, resolved = ("pg_class", "to_regclass") if made.kind == "VIEW" else ("pg_proc", "to_regprocedure")
            oid = f"{resolved}({_literal(made.name)})"
        found.append(
            f"SELECT '{made.kind}', i.identity, {path}, false"
            f" FROM pg_catalog.pg_identify_object('{catalogue}'::regclass, {oid}, 0) AS i WHERE i.identity IS NOT NULL"
        )
    return [
        "RESET ROLE",
        f"UPDATE {BOOKKEEPING}.made SET is_left = true WHERE path = {path}",
        *(
            f"INSERT INTO {BOOKKEEPING}.made (kind, identity, path, is_left) {one}"
            " ON CONFLICT (kind, identity) DO UPDATE SET path = excluded.path, is_left = false"
            for one in found
        ),
    ]


def _literal(text: str) -> str:
    return sql.Literal(text).as_string()
