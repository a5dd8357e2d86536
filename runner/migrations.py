"""Applies schema/ (versioned, by yoyo-migrations) and functions/ and triggers/ (repeatable) to a database.

Everything runs on one session, under one advisory lock; a file and its bookkeeping commit together.
"""

import contextlib
import hashlib
import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import sqlparse
import yoyo
from betledger.errors import BetledgerError, in_one_line
from psycopg import errors as pg
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import parse_uri
from yoyo.migrations import Migration

BOOKKEEPING = "betledger_migrations"
LOCK = (b"betledger".hex(), "migrate")
LOCK_TIMEOUT_MS = 5_000
ATTEMPTS = 5

Progress = Callable[[str], None]


def sql_root() -> Path:
    """The folder that holds schema/, functions/ and triggers/: inside the wheel, or the source tree when editable."""
    installed = Path(__file__).parent / "sql"
    return installed if (installed / "schema").is_dir() else Path(__file__).parent.parent


def checksum(text: str) -> str:
    """The SHA-256 of a file's text, the same for all conventions of line ends."""
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()


@dataclass(frozen=True)
class Repeatable:
    """A file that is applied again whenever its content, or that of a file it requires, has changed."""

    path: str
    text: str
    requires: tuple[str, ...]
    checksum: str


@dataclass(frozen=True)
class State:
    """What is applied and what is pending in a database."""

    versioned: list[tuple[str, bool]]
    repeatable: list[tuple[str, str]]

    @property
    def pending(self) -> bool:
        """Whether `migrate` would do anything."""
        return any(not applied for _, applied in self.versioned) or any(s != "current" for _, s in self.repeatable)


class _Cursor(psycopg.Cursor[Any]):
    """Remembers what failed, so that it can be found in its file. One migration runs at a time."""

    failed_statement = ""

    def execute(self, query: Any, *arguments: Any, **options: Any) -> "_Cursor":
        try:
            super().execute(query, *arguments, **options)
        except psycopg.Error:
            _Cursor.failed_statement = query.decode() if isinstance(query, bytes) else str(query)
            raise
        return self


class _Backend(PostgresqlPsycopgBackend):
    """yoyo's backend on one session of ours: no lock table, and marks in the migration's own transaction."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._session = connection
        super().__init__(parse_uri("postgresql+psycopg://"), "_yoyo_migration")

    def connect(self, dburi: object) -> psycopg.Connection[Any]:
        return self._session

    def copy(self) -> "_Backend":
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
        if not self._internal_schema_updated and not self._in_transaction:
            super().ensure_internal_schema_updated()
            self._internal_schema_updated = True

    @contextmanager
    def lock(self, timeout: float = 10) -> Iterator[None]:
        yield


class Migrator:
    """Brings one database to the state of the SQL files. Use `opened()`."""

    def __init__(self, connection: psycopg.Connection[Any], root: Path, progress: Progress) -> None:
        self.connection = connection
        self.root = root
        self.progress = progress
        self.backend = _Backend(connection)

    # What there is

    def repeatables(self) -> list[Repeatable]:
        """functions/ then triggers/, by path, each after the files that it requires."""
        texts = {
            path.relative_to(self.root).as_posix(): path.read_text(encoding="utf-8")
            for folder in ("functions", "triggers")
            for path in sorted((self.root / folder).rglob("*.sql"))
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

    def versioned(self) -> list[Migration]:
        """The migrations in schema/, in order."""
        folder = self.root / "schema"
        if not folder.is_dir():
            raise BetledgerError(f"{folder} does not exist: there is nothing to migrate from")
        return sorted(yoyo.read_migrations(str(folder)), key=lambda m: m.id)

    def _recorded(self, table: str) -> dict[str, str]:
        known = self.connection.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{BOOKKEEPING}.{table}",)).fetchone()
        if not known or not known[0]:
            return {}
        return dict(self.connection.execute(f"SELECT path, checksum FROM {BOOKKEEPING}.{table}").fetchall())

    def state(self) -> State:
        """What is applied and what is pending; changes nothing. Raises if an applied migration was edited."""
        applied = self._recorded("versioned")
        migrations = self.versioned()
        for migration in migrations:
            name = f"schema/{migration.id}.sql"
            if name in applied and applied[name] != checksum(Path(migration.path).read_text(encoding="utf-8")):
                raise BetledgerError(f"{name} was edited after it was applied: restore it, add a new migration")
        missing = sorted(set(applied) - {f"schema/{m.id}.sql" for m in migrations})
        if missing:
            raise BetledgerError(f"{missing[0]} was applied but is not there: restore it, or upgrade betledger")
        done = self._recorded("repeatable")
        pending = any(f"schema/{m.id}.sql" not in applied for m in migrations)
        return State(
            [(m.id, f"schema/{m.id}.sql" in applied) for m in migrations],
            [
                (
                    r.path,
                    "new"
                    if r.path not in done
                    else "changed"
                    if done[r.path] != r.checksum
                    # They compile projections from what the schema defines.
                    else "due"
                    if pending and r.path.startswith("triggers/")
                    else "current",
                )
                for r in self.repeatables()
            ],
        )

    # What is done

    def migrate(self) -> int:
        """Apply all that is pending; gives the number of files applied."""
        if not self.state().pending:
            return 0
        with self._locked():
            self._prepare()
            state = self.state()
            pending = {name for name, applied in state.versioned if not applied}
            due = {path for path, status in state.repeatable if status != "current"}
            for migration in self.versioned():
                if migration.id in pending:
                    self.progress(f"schema/{migration.id}.sql")
                    self._retried(lambda m=migration: self._apply(m))
            for file in self.repeatables():
                if file.path in due:
                    self.progress(file.path)
                    self._retried(lambda f=file: self._repeat(f))
            return len(pending) + len(due)

    def rollback(self, count: int | None) -> list[str]:
        """Roll back the last `count` versioned migrations (all for None); gives their names, newest first."""
        with self._locked():
            self._prepare()
            applied = {name for name, done in self.state().versioned if done}
            chosen = [m for m in reversed(self.versioned()) if m.id in applied][:count]
            for migration in chosen:
                if not Path(migration.path).with_suffix(".rollback.sql").exists():
                    raise BetledgerError(f"schema/{migration.id}.sql has no rollback file: nothing more is rolled back")
                self.progress(f"schema/{migration.id}.rollback.sql")
                self._retried(lambda m=migration: self._undo(m))
            return [m.id for m in chosen]

    def _prepare(self) -> None:
        if self.connection.execute("SELECT to_regnamespace(%s)", (BOOKKEEPING,)).fetchone() == (None,):
            with self.connection.transaction():
                self.connection.execute(f"CREATE SCHEMA {BOOKKEEPING}")
                for table in ("versioned", "repeatable"):
                    self.connection.execute(
                        f"CREATE TABLE {BOOKKEEPING}.{table} (path text PRIMARY KEY, checksum text NOT NULL,"
                        " applied_at timestamptz NOT NULL DEFAULT now())"
                    )
        self.backend.ensure_internal_schema_updated()

    def _record(self, table: str, path: str, value: str) -> None:
        self.connection.execute("RESET ROLE")
        self.connection.execute(
            f"INSERT INTO {BOOKKEEPING}.{table} (path, checksum) VALUES (%s, %s)"
            " ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now()",
            (path, value),
        )

    def _apply(self, migration: Migration) -> None:
        path, text = f"schema/{migration.id}.sql", Path(migration.path).read_text(encoding="utf-8")
        migration.load()

        def finish() -> None:
            self._record("versioned", path, checksum(text))
            self.backend.log_migration(migration, "apply")
            self.backend.mark_one(migration, log=False)

        with self._located(path, text), contextlib.redirect_stdout(io.StringIO()):
            if migration.use_transactions:
                with self.backend.transaction():
                    migration.process_steps(self.backend, "apply")
                    finish()
            else:
                migration.process_steps(self.backend, "apply")
                with self.backend.transaction():
                    finish()

    def _undo(self, migration: Migration) -> None:
        file = Path(migration.path).with_suffix(".rollback.sql")
        text = file.read_text(encoding="utf-8")
        with self._located(f"schema/{file.name}", text), self.backend.transaction():
            for statement in sqlparse.split(text):
                self.connection.execute(statement.encode())
            self.connection.execute("RESET ROLE")
            self.connection.execute(
                f"DELETE FROM {BOOKKEEPING}.versioned WHERE path = %s", (f"schema/{migration.id}.sql",)
            )
            # What they made may have gone with the schema: the next migrate makes it again.
            self.connection.execute(f"DELETE FROM {BOOKKEEPING}.repeatable")
            self.backend.log_migration(migration, "rollback")
            self.backend.unmark_one(migration, log=False)

    def _repeat(self, file: Repeatable) -> None:
        with self._located(file.path, file.text), self.backend.transaction():
            self.connection.execute("SET LOCAL check_function_bodies = off")
            for statement in sqlparse.split(file.text):
                self.connection.execute(statement.encode())
            self._record("repeatable", file.path, file.checksum)

    @contextmanager
    def _located(self, path: str, text: str) -> Iterator[None]:
        """Turn a database error into one line that names the file and the line."""
        try:
            yield
        except (pg.LockNotAvailable, psycopg.OperationalError):
            raise
        except psycopg.Error as error:
            line = ""
            statement = _Cursor.failed_statement
            start = text.find(statement)
            if error.diag.statement_position and start >= 0:
                line = f":{text.count(chr(10), 0, start + int(error.diag.statement_position) - 1) + 1}"
            raise BetledgerError(f"{path}{line}: {in_one_line(error)}") from error

    def _retried(self, action: Callable[[], None]) -> None:
        """Run an action whose locks may be taken: wait little, step aside, try again."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return action()
            except pg.LockNotAvailable as error:
                if attempt == ATTEMPTS:
                    raise BetledgerError(f"{in_one_line(error)}: another session holds the lock, try later") from error
                self.progress(f"a lock is taken, attempt {attempt} of {ATTEMPTS}")
                time.sleep(0.5 * 2**attempt)

    @contextmanager
    def _locked(self, wait_seconds: float = 60) -> Iterator[None]:
        """The advisory lock of all runners. Polled: CREATE INDEX CONCURRENTLY deadlocks with a waiting lock."""
        deadline = time.monotonic() + wait_seconds
        while not self._one("SELECT pg_try_advisory_lock(hashtext(%s), hashtext(%s))", LOCK):
            if time.monotonic() > deadline:
                holder = self._one(
                    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid::bigint ="
                    " hashtext(%s)::bigint & 4294967295 AND objid::bigint = hashtext(%s)::bigint & 4294967295 LIMIT 1",
                    LOCK,
                )
                raise BetledgerError(f"another runner (backend {holder}) is at work on this database: wait, or end it")
            time.sleep(0.1)
        try:
            yield
        finally:
            if not self.connection.closed and not self.connection.broken:
                self.connection.execute("SELECT pg_advisory_unlock(hashtext(%s), hashtext(%s))", LOCK)

    def _one(self, query: str, parameters: Sequence[object] = ()) -> Any:
        row = self.connection.execute(query, parameters).fetchone()
        return row[0] if row else None


@contextmanager
def opened(conninfo: str, root: Path | None = None, progress: Progress = lambda _: None) -> Iterator[Migrator]:
    """A migrator on a session of its own. `conninfo` is a libpq URL or keyword string, `root` the folder of the SQL."""
    with psycopg.connect(conninfo, autocommit=True, application_name="betledger", cursor_factory=_Cursor) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
        with contextlib.suppress(psycopg.Error):
            # Not on every system: the server ends our statement soon after we were killed.
            connection.execute("SET client_connection_check_interval = 500")
        yield Migrator(connection, root or sql_root(), progress)


def migrate(conninfo: str, root: Path | None = None, progress: Progress = lambda _: None) -> int:
    """Bring a database up to date.

    Args:
        conninfo: a libpq URL or keyword string of the database, as a role that may create roles and schemas.
        root: the folder that holds schema/, functions/ and triggers/; that of betledger when left out.
        progress: called with the path of each file before it is applied.

    Returns:
        The number of files applied; 0 when the database was up to date, which is left untouched.

    Raises:
        BetledgerError: a file failed (nothing of it is left), an applied migration was edited, or the lock is taken.
    """
    with opened(conninfo, root, progress) as migrator:
        return migrator.migrate()
