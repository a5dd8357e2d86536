"""What a database knows of the files that were applied to it: checksums of ours, beside the tables of yoyo."""

from __future__ import annotations

from typing import Any

import psycopg
from betledger.database import value
from betledger.migrating.backend import BOOKKEEPING, Backend
from betledger.migrating.files import Repeatable, Versioned
from betledger.migrating.state import DUE
from betledger.migrating.statements import checksum
from psycopg import sql

TRIGGERS_ARE_DUE = f"UPDATE {BOOKKEEPING}.repeatable SET checksum = '{DUE}' WHERE path LIKE '%triggers/%'"


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
            *(
                f"CREATE TABLE {BOOKKEEPING}.{table} (path text PRIMARY KEY, checksum text NOT NULL,"
                " applied_at timestamptz NOT NULL DEFAULT now())"
                for table in ("versioned", "repeatable")
            ),
            f"CREATE TABLE {BOOKKEEPING}.standing (position integer PRIMARY KEY, statement text NOT NULL)",
        ]

    def forget_repeatables(self) -> None:
        """Let the next `migrate` apply functions and triggers again."""
        self.connection.execute(f"DELETE FROM {BOOKKEEPING}.repeatable".encode())

    def marks(self, file: Versioned | Repeatable) -> list[str]:
        """The statements that record a file as applied, in its own transaction."""
        if isinstance(file, Repeatable):
            # Triggers are compiled from tables and functions, and we may be killed before they are.
            return [
                *_recorded(file.path, "repeatable", file.checksum),
                *([] if file.is_trigger else [TRIGGERS_ARE_DUE]),
            ]
        with self.backend.written() as written:
            self.backend.log_migration(file.migration, "apply")
            self.backend.mark_one(file.migration, log=False)
        return [*_recorded(file.path, "versioned", checksum(file.text)), TRIGGERS_ARE_DUE, *written]

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


def _recorded(path: str, table: str, sum_of_file: str) -> list[str]:
    return [
        "RESET ROLE",
        f"INSERT INTO {BOOKKEEPING}.{table} (path, checksum) VALUES ({_literal(path)}, '{sum_of_file}')"
        " ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now()",
    ]


def _literal(text: str) -> str:
    return sql.Literal(text).as_string()
