"""yoyo's PostgreSQL backend on one session of ours."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
from yoyo import internalmigrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import parse_uri

# The schema of all bookkeeping: yoyo's, and ours of checksums.
BOOKKEEPING = "betledger_migrations"


class Backend(PostgresqlPsycopgBackend):
    """No lock table, no second session, and marks in the migration's own transaction."""

    _internal_schema_updated: bool

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._session = connection
        self._written: list[str] | None = None
        self._run_too = False
        super().__init__(parse_uri("postgresql+psycopg://"), "_yoyo_migration")

    def connect(self, dburi: object) -> psycopg.Connection[Any]:
        return self._session

    def copy(self) -> Backend:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def init_database(self) -> None:
        pass

    def quote_identifier(self, s: str) -> str:
        quoted: str = super().quote_identifier(s)
        return f"{BOOKKEEPING}.{quoted}" if s.startswith(("_yoyo", "yoyo_")) else quoted

    def list_tables(self, **_: object) -> list[str]:
        rows = self._session.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (BOOKKEEPING,))
        return [row[0] for row in rows]

    def ensure_internal_schema_updated(self) -> None:
        if not self._internal_schema_updated and self._written is None:
            # Also in a transaction, which yoyo's own method does not expect.
            internalmigrations.upgrade(self)
            self._internal_schema_updated = True

    def get_log_data(self, migration: Any = None, operation: str = "apply") -> dict[str, Any]:
        # yoyo's own fails for a user without a name (a container), and waits for the DNS.
        return {
            "id": str(uuid4()),
            "migration_id": migration.id,
            "migration_hash": migration.hash,
            "username": self._session.info.user,
            "hostname": socket.gethostname(),
            "created_at_utc": datetime.now(UTC).replace(tzinfo=None),
            "operation": operation,
        }

    def forget(self) -> None:
        """What was made in a transaction that is rolled back is not there."""
        self._internal_schema_updated = False

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> psycopg.Cursor[Any]:
        if self._written is None:
            cursor: psycopg.Cursor[Any] = super().execute(sql, params)
            return cursor
        for name in params or ():
            sql = sql.replace(f":{name}", f"%({name})s")
        client = psycopg.ClientCursor(self._session)
        self._written.append(client.mogrify(sql, params))
        return client.execute(sql, params) if self._run_too else client

    @contextmanager
    def written(self, run: bool = False) -> Iterator[list[str]]:
        """Write down the statements in the body of the `with`, as SQL, in place of running them, or `run` them too."""
        self._written, self._run_too = [], run
        try:
            yield self._written
        finally:
            self._written = None

    def made(self) -> list[str]:
        """The statements that make yoyo's own tables. Runs them: call it in a transaction that is rolled back."""
        with self.written(run=True) as written:
            internalmigrations.upgrade(self)
        return [statement for statement in written if not statement.lstrip().startswith(("SELECT", "SAVEPOINT"))]

    def rollback(self) -> None:
        if self._session.closed:
            # The server has done it; what ended the session is the error to tell.
            self._in_transaction = False
            return
        super().rollback()

    @contextmanager
    def lock(self, timeout: float = 10) -> Iterator[None]:
        yield
