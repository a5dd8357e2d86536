"""Applies schema/ (versioned, by yoyo-migrations) and functions/ and triggers/ (repeatable) to a database.

Everything runs on one session, under one advisory lock; a file and its bookkeeping commit together.
"""

import hashlib
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import sqlparse
import yoyo
from betledger.database import on_citus, session
from betledger.errors import BetledgerError, in_one_line
from psycopg import errors as pg
from psycopg import sql
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import parse_uri
from yoyo.migrations import Migration

BOOKKEEPING = "betledger_migrations"
# The checksum of no file: what it is compiled from has been applied since.
DUE = "due"
LOCK = (b"betledger".hex(), "migrate")
# Waiting for a table lock stops everybody who comes after us: wait little, often.
LOCK_TIMEOUT = "5s"
# CREATE INDEX CONCURRENTLY stops nobody, and has to outwait every older transaction.
LONG_LOCK_TIMEOUT = "30min"
ATTEMPTS = 5
# Triggers on shards are ours on purpose, and DDL of one transaction shares its connections to the nodes.
CITUS_SETTINGS = {"citus.enable_unsafe_triggers": "on", "citus.multi_shard_modify_mode": "sequential"}
# Only these go to the nodes: SET LOCAL ROLE would take from Citus's own connections what they need.
CITUS_PROPAGATED = (
    "SET LOCAL citus.propagate_set_commands = 'local'",
    f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'",
    "SET LOCAL check_function_bodies = off",
    "SET LOCAL citus.propagate_set_commands = 'none'",
)
_COMMENTS = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_TRANSACTIONAL = re.compile(r"^[ \t]*--[ \t]*transactional[ \t]*:[ \t]*(.*?)[ \t]*$", re.IGNORECASE | re.MULTILINE)

Progress = Callable[[str], None]
_T = TypeVar("_T")


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
    """How a database compares with the files.

    Args:
        versioned: name and state, which is applied, pending, edited (after it was applied) or missing (its file is).
        repeatable: path and state, which is current, new, changed or due (what it is compiled from was applied).
    """

    versioned: list[tuple[str, str]]
    repeatable: list[tuple[str, str]]

    @property
    def pending(self) -> bool:
        """Whether `migrate` would do anything, or refuse to."""
        return any(s != "applied" for _, s in self.versioned) or any(s != "current" for _, s in self.repeatable)

    @property
    def drift(self) -> str | None:
        """What makes `migrate` refuse: an applied migration that was edited or is missing; None when all is well."""
        for name, state in self.versioned:
            if state == "edited":
                return (
                    f"schema/{name}.sql was edited after it was applied:"
                    " restore it, and put the change into a new migration"
                )
            if state == "missing":
                return f"schema/{name}.sql was applied but is not there: restore it, or upgrade betledger"
        return None

    def require_no_drift(self) -> None:
        """Raise a BetledgerError that names the file and the remedy, if there is any drift."""
        if self.drift:
            raise BetledgerError(self.drift)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BetledgerError(f"{path} is not UTF-8: save it as UTF-8") from None


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement with its position in the text. One at a time: Citus refuses some DDL in longer strings."""
    position = 0
    for statement in sqlparse.split(text):
        position = max(text.find(statement, position), position)
        if _sql_of(statement).strip("; \t\n"):
            yield position, statement
        position += len(statement)


def _sql_of(statement: str) -> str:
    """The statement without the comments before it."""
    comments = _COMMENTS.match(statement)
    return statement[comments.end() :] if comments else statement


def _transactional(path: str, text: str) -> bool:
    """What the file says in `-- transactional: false`. Read here: yoyo silently ignores some ways to write it."""
    found = _TRANSACTIONAL.search(text)
    if not found:
        return True
    if found[1].lower() not in ("true", "false"):
        raise BetledgerError(f"{path} says transactional: {found[1]}, which is neither true nor false")
    if _sql_of(text[: found.start()]).strip():
        raise BetledgerError(f"{path} says transactional: {found[1]} after its first statement: move it to the top")
    return found[1].lower() == "true"


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

    def rollback(self) -> None:
        if self._session.closed:
            # The server has done it; what ended the session is the error to tell.
            self._in_transaction = False
            return
        super().rollback()

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
        self.on_citus = on_citus(connection)
        if self.on_citus:
            if not self._one("SELECT citus_is_coordinator()"):
                raise BetledgerError("this node is a worker of a Citus cluster: name the coordinator instead")
            for name, value in CITUS_SETTINGS.items():
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))

    # What there is

    def repeatables(self) -> list[Repeatable]:
        """functions/ then triggers/, by path, each after the files that it requires."""
        texts = {
            path.relative_to(self.root).as_posix(): _read(path)
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
        migrations = sorted(yoyo.read_migrations(str(folder)), key=lambda m: m.id)
        for migration in migrations:
            if not migration.path.endswith(".sql"):
                raise BetledgerError(f"{migration.path} is no SQL: schema/ holds SQL only")
        return migrations

    def _recorded(self, table: str) -> dict[str, str]:
        known = self.connection.execute("SELECT to_regclass(%s) IS NOT NULL", (f"{BOOKKEEPING}.{table}",)).fetchone()
        if not known or not known[0]:
            return {}
        return dict(self.connection.execute(f"SELECT path, checksum FROM {BOOKKEEPING}.{table}").fetchall())

    def state(self) -> State:
        """What is applied and what is pending; changes nothing."""
        applied, done = self._recorded("versioned"), self._recorded("repeatable")
        versioned = {
            m.id: "pending"
            if f"schema/{m.id}.sql" not in applied
            else "applied"
            if applied[f"schema/{m.id}.sql"] == checksum(_read(Path(m.path)))
            else "edited"
            for m in self.versioned()
        }
        gone = {Path(path).stem for path in applied} - versioned.keys()
        recompile = "pending" in versioned.values()
        repeatable = []
        for file in self.repeatables():
            compiled = file.path.startswith("triggers/")
            if file.path not in done:
                state = "new"
            elif done[file.path] == DUE or (compiled and recompile and done[file.path] == file.checksum):
                state = "due"
            else:
                state = "current" if done[file.path] == file.checksum else "changed"
            recompile = recompile or (state != "current" and not compiled)
            repeatable.append((file.path, state))
        return State(sorted([*versioned.items(), *((name, "missing") for name in gone)]), repeatable)

    # What is done

    def migrate(self) -> int:
        """Apply all that is pending; gives the number of files applied."""
        state = self.state()
        state.require_no_drift()
        if not state.pending:
            return 0
        with self._locked():
            self._prepare()
            state = self.state()
            state.require_no_drift()
            pending = {name for name, status in state.versioned if status == "pending"}
            due = {path for path, status in state.repeatable if status != "current"}
            for migration in self.versioned():
                if migration.id in pending:
                    self.progress(f"schema/{migration.id}.sql")
                    self._retried(lambda m=migration: self._apply(m))
            files = [file for file in self.repeatables() if file.path in due]
            for file in files:
                if not file.path.startswith("triggers/"):
                    self._retried(lambda f=file: self._repeat(f))
            if self.on_citus:
                self._retried(lambda: self._distribute(with_rows=False))
            for file in files:
                if file.path.startswith("triggers/"):
                    self._retried(lambda f=file: self._repeat(f))
            return len(pending) + len(due)

    def distribute(self) -> int:
        """Spread a ledger with rows over the nodes of its Citus cluster; gives the number of things done.

        Raises:
            BetledgerError: the database has no Citus, migrations are pending, or a table differs after the copy.
        """
        if not self.on_citus:
            raise BetledgerError(
                "this database has no Citus: run CREATE EXTENSION citus on every node, and add the nodes"
            )
        if self.state().pending:
            raise BetledgerError("migrations are pending: run `betledger migrate` first")
        with self._locked():
            done = self._told("SELECT * FROM ops.distribute_functions()")
            done += self._retried(lambda: self._distribute(with_rows=True))
            return done + self._told("SELECT * FROM ops.drop_local_rows()")

    def _distribute(self, with_rows: bool) -> int:
        """Triggers come after: Citus copies those that are there, and what is distributed needs other ones."""
        if not self._one("SELECT to_regprocedure('ops.distribute(boolean)') IS NOT NULL"):
            return 0
        try:
            # Rows are copied by COPY, which the owner may not do: row-level security is forced on it.
            role = None if with_rows else "betledger_owner"
            return self._told("SELECT * FROM ops.distribute(%s)", (with_rows,), role)
        except BetledgerError as error:
            if with_rows or getattr(error.__cause__, "sqlstate", None) != "BL030":
                raise
            self.progress(f"  {error}")
            return 0

    def _told(self, query: str, parameters: Sequence[object] = (), role: str | None = None) -> int:
        """Run a function in a transaction of its own and tell each line that it gives; gives their number."""
        try:
            with self.connection.transaction():
                for statement in CITUS_PROPAGATED:
                    self.connection.execute(statement.encode())
                if role:
                    self.connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
                lines = [row[0] for row in self.connection.execute(query.encode(), parameters)]
        except psycopg.Error as error:
            raise BetledgerError(in_one_line(error)) from error
        for line in lines:
            self.progress(f"  {line}")
        return len(lines)

    def rollback(self, count: int | None = None, to: str | None = None) -> list[str]:
        """Roll back versioned migrations, newest first, each in its own transaction.

        Args:
            count: how many; all for None.
            to: the migration that is to be the newest one afterwards, as `0003_payment_events`; it stays applied.

        Returns:
            The names of what was rolled back; nothing when nothing was applied.

        Raises:
            BetledgerError: `to` is not applied, a rollback file is missing (then nothing was done), or one failed.
        """
        with self._locked():
            self._prepare()
            state = self.state()
            state.require_no_drift()
            applied = [name for name, status in state.versioned if status == "applied"]
            if to is not None:
                name = to.removeprefix("schema/").removesuffix(".sql")
                if name not in applied:
                    raise BetledgerError(f"migration {to} is not applied: `betledger status` lists those that are")
                count = len(applied) - 1 - applied.index(name)
            files = {m.id: m for m in self.versioned()}
            chosen = [files[name] for name in reversed(applied)][:count]
            for migration in chosen:
                if not Path(migration.path).with_suffix(".rollback.sql").exists():
                    raise BetledgerError(f"schema/{migration.id}.sql has no rollback file: nothing was rolled back")
            for migration in chosen:
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

    def _recompile_triggers(self) -> None:
        """Make triggers/ due: they are compiled from tables and functions, and we may be killed before they are."""
        self.connection.execute(
            f"UPDATE {BOOKKEEPING}.repeatable SET checksum = %s WHERE path LIKE 'triggers/%%'", (DUE,)
        )

    def _apply(self, migration: Migration) -> None:
        path, text = f"schema/{migration.id}.sql", _read(Path(migration.path))
        with self._file(path, text):
            self._record("versioned", path, checksum(text))
            self._recompile_triggers()
            self.backend.log_migration(migration, "apply")
            self.backend.mark_one(migration, log=False)

    def _undo(self, migration: Migration) -> None:
        file = Path(migration.path).with_suffix(".rollback.sql")
        with self._file(f"schema/{file.name}", _read(file)):
            self.connection.execute("RESET ROLE")
            self.connection.execute(
                f"DELETE FROM {BOOKKEEPING}.versioned WHERE path = %s", (f"schema/{migration.id}.sql",)
            )
            # What they made may have gone with the schema: the next migrate makes it again.
            self.connection.execute(f"DELETE FROM {BOOKKEEPING}.repeatable")
            self.backend.log_migration(migration, "rollback")
            self.backend.unmark_one(migration, log=False)

    def _repeat(self, file: Repeatable) -> None:
        self.progress(file.path)
        with self._file(file.path, file.text, "SET LOCAL check_function_bodies = off"):
            self._record("repeatable", file.path, file.checksum)
            if not file.path.startswith("triggers/"):
                self._recompile_triggers()

    @contextmanager
    def _file(self, path: str, text: str, before: str = "") -> Iterator[None]:
        """Run a file, and the bookkeeping in the body of the `with` in the same transaction, if the file wants one."""
        transactional = _transactional(path, text)
        if not transactional:
            self.connection.execute("SELECT set_config('lock_timeout', %s, false)", (LONG_LOCK_TIMEOUT,))
            self._run(path, text)
            self._require_valid_indexes(path, text)
            self.connection.execute("RESET ROLE")
            self.connection.execute("SELECT set_config('lock_timeout', %s, false)", (LOCK_TIMEOUT,))
        try:
            with self.backend.transaction():
                if transactional:
                    for statement in (*((before,) if before else ()), *(CITUS_PROPAGATED if self.on_citus else ())):
                        self.connection.execute(statement.encode())
                    self._run(path, text)
                    if self.connection.info.transaction_status != psycopg.pq.TransactionStatus.INTRANS:
                        raise BetledgerError(f"{path} ends the transaction it runs in: leave out COMMIT and ROLLBACK")
                yield
        except psycopg.Error as error:
            raise BetledgerError(f"{path}: {in_one_line(error)}") from error

    def _run(self, path: str, text: str) -> None:
        """Run the statements of a file; an error names the file and the line."""
        for start, statement in _statements(text):
            try:
                self.connection.execute(statement.encode())
            except psycopg.Error as error:
                # Without a position: where the statement begins, below its comments.
                offset = int(error.diag.statement_position or 0) - 1
                if offset < 0:
                    offset = len(statement) - len(_sql_of(statement))
                line = text.count("\n", 0, start + offset) + 1
                raise BetledgerError(f"{path}:{line}: {in_one_line(error)}") from error

    def _require_valid_indexes(self, path: str, text: str) -> None:
        """An index that failed once is skipped by IF NOT EXISTS and stays useless: that is no success."""
        for (name,) in self.connection.execute(
            "SELECT c.relname FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid"
            " WHERE NOT i.indisvalid AND c.relkind = 'i'"
        ).fetchall():
            if re.search(rf"\b{re.escape(name)}\b", text):
                raise BetledgerError(f"{path}: index {name} is invalid: drop it, and run `betledger migrate` again")

    def _retried(self, action: Callable[[], _T]) -> _T:
        """Run an action whose locks may be taken: wait little, step aside, try again."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return action()
            except BetledgerError as error:
                if not isinstance(error.__cause__, pg.LockNotAvailable | pg.DeadlockDetected):
                    raise
                if attempt == ATTEMPTS:
                    raise BetledgerError(f"{error}: another session holds the lock, try later") from error
                self.progress(f"  a lock is taken, attempt {attempt} of {ATTEMPTS}")
                time.sleep(0.5 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def _locked(self, wait_seconds: float = 60) -> Iterator[None]:
        """The advisory lock of all runners. Polled: CREATE INDEX CONCURRENTLY deadlocks with a waiting lock."""
        deadline, told = time.monotonic() + wait_seconds, False
        while not self._one("SELECT pg_try_advisory_lock(hashtext(%s), hashtext(%s))", LOCK):
            if time.monotonic() > deadline:
                holder = self._one(
                    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid::bigint ="
                    " hashtext(%s)::bigint & 4294967295 AND objid::bigint = hashtext(%s)::bigint & 4294967295"
                    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1",
                    LOCK,
                )
                raise BetledgerError(f"another runner (backend {holder}) is at work on this database: wait, or end it")
            if not told:
                self.progress("  another runner is at work on this database: waiting for it")
                told = True
            time.sleep(0.1)
        try:
            yield
        finally:
            if not self.connection.closed:
                self.connection.execute("SELECT pg_advisory_unlock(hashtext(%s), hashtext(%s))", LOCK)

    def _one(self, query: str, parameters: Sequence[object] = ()) -> Any:
        row = self.connection.execute(query, parameters).fetchone()
        return row[0] if row else None


@contextmanager
def opened(conninfo: str, root: Path | None = None, progress: Progress = lambda _: None) -> Iterator[Migrator]:
    """A migrator on a session of its own. `conninfo` is a libpq URL or keyword string, `root` the folder of the SQL."""
    with session(conninfo) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("SELECT set_config('lock_timeout', %s, false)", (LOCK_TIMEOUT,))
        connection.add_notice_handler(lambda notice: progress(f"  {notice.severity}: {notice.message_primary}"))
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
        BetledgerError: the database cannot be reached, a file failed (nothing of it is left, unless it says
            `-- transactional: false`), an applied migration was edited, or a lock stays taken.
    """
    with opened(conninfo, root, progress) as migrator:
        return migrator.migrate()
