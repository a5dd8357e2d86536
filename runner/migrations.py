"""Applies schema/ (versioned, by yoyo-migrations) and functions/ and triggers/ (repeatable) to a database.

Everything runs on one session, under one advisory lock; a file and its bookkeeping commit together.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from betledger.backend import BOOKKEEPING, Backend
from betledger.database import POOLER, conninfo_of, on_citus, pooled, session
from betledger.errors import BetledgerError, Drift, in_one_line
from betledger.files import Files, Repeatable, Versioned, checksum, read, sql_of, statements, transactional
from psycopg import errors as pg
from psycopg import sql

# The checksum of no file: what it is compiled from has been applied since.
DUE = "due"
LOCK = (b"betledger".hex(), "migrate")
# CREATE INDEX CONCURRENTLY stops nobody, and has to outwait every older transaction.
LONG_LOCK_TIMEOUT = "30min"
# Triggers on shards are ours on purpose, and DDL of one transaction shares its connections to the nodes.
CITUS_SETTINGS = {"citus.enable_unsafe_triggers": "on", "citus.multi_shard_modify_mode": "sequential"}
BLOCKERS = """
    SELECT a.pid, coalesce(a.usename, a.backend_type), a.state,
        coalesce(extract(epoch FROM now() - a.xact_start), 0)::integer,
        left(regexp_replace(a.query, '\\s+', ' ', 'g'), 80)
    FROM unnest(pg_blocking_pids(%s)) AS b (pid) JOIN pg_stat_activity AS a ON a.pid = b.pid
"""

Progress = Callable[[str], None]
# Called after each statement of a file, with the path of the file and the number of the statement in it.
Observer = Callable[[str, int], None]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Limits:
    """How long to wait for what.

    Args:
        lock_timeout: for a table lock, as PostgreSQL writes it. Waiting stops all who come after us: little, often.
        statement_timeout: for one statement of a file in a transaction.
        attempts: how often a file is tried whose locks are taken, with growing pauses.
        wait: seconds to wait for another runner.
    """

    lock_timeout: str = "5s"
    statement_timeout: str = "15min"
    attempts: int = 5
    wait: float = 60


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


class Migrator:
    """Brings one database to the state of the SQL files. Use `opened()`."""

    def __init__(
        self, connection: psycopg.Connection[Any], files: Files, progress: Progress, limits: Limits, verbose: bool
    ) -> None:
        self.connection = connection
        self.files = files
        self.progress = progress
        self.limits = limits
        self.verbose = verbose
        self.observer: Observer | None = None
        self.backend = Backend(connection)
        self.on_citus = on_citus(connection)
        self.pooled = pooled(connection)
        if self.on_citus and not self._one("SELECT citus_is_coordinator()"):
            raise BetledgerError("this node is a worker of a Citus cluster: name the coordinator instead")
        # Through a pooler, one may look, with what its sessions have set.
        if not self.pooled:
            of_session = {"client_min_messages": "warning", "lock_timeout": limits.lock_timeout}
            for name, value in (of_session | (CITUS_SETTINGS if self.on_citus else {})).items():
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))

    # What there is

    def state(self) -> State:
        """What is applied and what is pending; changes nothing."""
        applied, done = self._recorded("versioned"), self._recorded("repeatable")
        versioned: list[tuple[str, str]] = []
        for file in reversed(self.files.versioned):
            source = file.path.removesuffix(f"schema/{file.migration.id}.sql")
            later = any(s != "pending" and n.rpartition("/")[0] == source.rstrip("/") for n, s in versioned)
            if file.path in applied:
                state = "applied" if applied[file.path] == checksum(file.text) else "edited"
            else:
                state = "out of order" if later else "pending"
            versioned.insert(0, (file.name, state))
        known = {file.path for file in self.files.versioned}
        gone = [path for path in applied if path not in known and self.files.knows(path)]
        versioned += [(path.removesuffix(".sql").replace("schema/", "", 1), "missing") for path in sorted(gone)]
        recompile = any(s in ("pending", "out of order") for _, s in versioned)
        repeatable = []
        for file in self.files.repeatables:
            if file.path not in done:
                state = "new"
            elif done[file.path] == DUE or (file.is_trigger and recompile and done[file.path] == file.checksum):
                state = "due"
            else:
                state = "current" if done[file.path] == file.checksum else "changed"
            recompile = recompile or (state != "current" and not file.is_trigger)
            repeatable.append((file.path, state))
        unknown = {path.split("/")[0] for path in (*applied, *done) if not self.files.knows(path)}
        return State(versioned, repeatable, sorted(unknown))

    def due(self, state: State) -> list[Versioned | Repeatable]:
        """The files that `migrate` would apply, in order."""
        pending = {name for name, status in state.versioned if status == "pending"}
        again = {path for path, status in state.repeatable if status != "current"}
        return [
            *(file for file in self.files.versioned if file.name in pending),
            *(file for file in self.files.repeatables if file.path in again),
        ]

    def _recorded(self, table: str) -> dict[str, str]:
        if not self._one("SELECT to_regclass(%s) IS NOT NULL", (f"{BOOKKEEPING}.{table}",)):
            return {}
        return dict(self.connection.execute(f"SELECT path, checksum FROM {BOOKKEEPING}.{table}").fetchall())

    # What is done

    def migrate(self, only: Callable[[str], bool] = lambda _: True) -> int:
        """Apply all that is pending, or of that only some paths; gives the number of files applied."""
        state = self.state()
        state.require_no_drift()
        if not state.pending:
            return 0
        with self._locked():
            self._prepare()
            state = self.state()
            state.require_no_drift()
            return self._migrate([file for file in self.due(state) if only(file.path)])

    def _migrate(self, files: Sequence[Versioned | Repeatable]) -> int:
        triggers = [file for file in files if isinstance(file, Repeatable) and file.is_trigger]
        for file in files:
            if file not in triggers:
                self._retried(lambda f=file: self._apply(f))
        if self.on_citus:
            self._retried(lambda: self._distribute(with_rows=False))
        for file in triggers:
            self._retried(lambda f=file: self._apply(f))
        return len(files)

    def rehearse(self) -> int:
        """Apply all that is pending in one transaction, and roll it back; gives the number of files.

        Raises:
            BetledgerError: a file fails, or cannot run in a transaction.
        """
        state = self.state()
        state.require_no_drift()
        files = self.due(state)
        for file in files:
            if not transactional(file.path, file.text):
                raise BetledgerError(
                    f"{file.path} does not run in a transaction, and cannot be rolled back: nothing was run"
                )
        if not files:
            return 0
        if self.on_citus and state.version is None:
            # What depends on a role of the same transaction, Citus makes as a user who may not.
            raise BetledgerError(
                "Citus cannot make a whole ledger in one transaction: `betledger plan` tries it in a scratch database"
            )
        with self._locked(), self.backend.transaction(rollback_on_exit=True):
            self._prepare()
            done = self._migrate(files)
        self.backend.forget()
        return done

    def baseline(self) -> int:
        """Record every versioned file as applied without running any; gives their number."""
        with self._locked():
            self._prepare()
            state = self.state()
            if any(s != "pending" for _, s in state.versioned):
                raise BetledgerError("migrations are recorded already: run `betledger migrate`")
            with self.backend.transaction():
                for file in self.files.versioned:
                    for statement in self.marks(file):
                        self.connection.execute(statement.encode())
            return len(state.versioned)

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
                for statement in self.before():
                    self.connection.execute(statement.encode())
                if role:
                    self.connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
                lines = [row[0] for row in self.connection.execute(query.encode(), parameters)]
        except psycopg.Error as error:
            raise BetledgerError(in_one_line(error)) from error
        for line in lines:
            self.progress(f"  {line}")
        return len(lines)

    def rollback(self, count: int | None = None, to: str | None = None, force: bool = False) -> list[str]:
        """Roll back versioned migrations, newest first, each in its own transaction.

        Args:
            count: how many; all for None.
            to: the migration that is to be the newest one afterwards, as `0003_payment_events`; it stays applied.
            force: also when rows are lost.

        Returns:
            The names of what was rolled back; nothing when nothing was applied.

        Raises:
            BetledgerError: `to` is not applied, a rollback file is missing, rows would be lost (then nothing was done),
                or one failed.
        """
        with self._locked():
            self._prepare()
            state = self.state()
            state.require_no_drift()
            applied = [name for name, status in state.versioned if status == "applied"]
            if to is not None:
                name = to.removesuffix(".sql").replace("schema/", "", 1)
                if name not in applied:
                    raise BetledgerError(f"migration {to} is not applied: `betledger status` lists those that are")
                count = len(applied) - 1 - applied.index(name)
            files = {file.name: file for file in self.files.versioned}
            chosen = [files[name] for name in reversed(applied)][:count]
            for file in chosen:
                if not file.rollback.exists():
                    raise BetledgerError(f"{file.path} has no rollback file: nothing was rolled back")
            if chosen and not force:
                self._require_nothing_lost(chosen)
            for file in chosen:
                self.progress(file.path.replace(".sql", ".rollback.sql"))
                self._retried(lambda f=file: self._undo(f))
            return [file.name for file in chosen]

    def _require_nothing_lost(self, files: Sequence[Versioned]) -> None:
        """Roll back in a transaction that is itself rolled back, and look at what is gone."""
        before = self._filled()
        with self.backend.transaction(rollback_on_exit=True):
            for file in files:
                # What cannot be rolled back cannot be tried; it builds and drops indexes.
                if transactional(str(file.rollback), read(file.rollback)):
                    self._undo(file)
            after = self._filled()
        gone = before - after
        lost = sorted(what for what in gone if "(" not in what or what.split(" (")[0] not in gone)
        if lost:
            raise BetledgerError(
                f"rows would be lost in {', '.join(lost)}: nothing was rolled back; --force does it anyway"
            )

    def _filled(self) -> set[str]:
        """The tables that hold rows of clients, and their columns."""
        found: set[str] = set()
        for schema, table, columns in self.connection.execute(
            "SELECT n.nspname, c.relname, array_agg(a.attname::text) FROM pg_class AS c"
            " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            " WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_|^information_schema$' AND n.nspname <> %s"
            " AND n.nspname NOT IN ('http', 'ops', 'projection')"
            " AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')"
            " GROUP BY 1, 2",
            (BOOKKEEPING,),
        ).fetchall():
            query = sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(schema, table))
            if self._one(query):
                found |= {f"{schema}.{table}", *(f"{schema}.{table} ({column})" for column in columns)}
        return found

    def _prepare(self) -> None:
        for statement in self.preparation():
            self.connection.execute(statement.encode())
        self.backend.ensure_internal_schema_updated()

    def preparation(self) -> list[str]:
        """The statements that make the tables of our bookkeeping, where they are missing."""
        if self._one("SELECT to_regnamespace(%s) IS NOT NULL", (BOOKKEEPING,)):
            return []
        return [
            f"CREATE SCHEMA {BOOKKEEPING}",
            *(
                f"CREATE TABLE {BOOKKEEPING}.{table} (path text PRIMARY KEY, checksum text NOT NULL,"
                " applied_at timestamptz NOT NULL DEFAULT now())"
                for table in ("versioned", "repeatable")
            ),
        ]

    # One file

    def before(self, file: Versioned | Repeatable | None = None) -> list[str]:
        """What is set for the transaction of a file, before its first statement."""
        citus = [
            # Only these go to the nodes: SET LOCAL ROLE would take from Citus's own connections what they need.
            "SET LOCAL citus.propagate_set_commands = 'local'",
            f"SET LOCAL lock_timeout = '{self.limits.lock_timeout}'",
            "SET LOCAL check_function_bodies = off",
            "SET LOCAL citus.propagate_set_commands = 'none'",
        ]
        bodies = ["SET LOCAL check_function_bodies = off"] if isinstance(file, Repeatable) else []
        return [
            f"SET LOCAL statement_timeout = '{self.limits.statement_timeout}'",
            *bodies,
            *(citus if self.on_citus else ()),
        ]

    def marks(self, file: Versioned | Repeatable) -> list[str]:
        """The statements that record a file as applied, in its own transaction."""
        versioned = isinstance(file, Versioned)
        table, value = ("versioned", checksum(file.text)) if versioned else ("repeatable", file.checksum)
        marks = [
            "RESET ROLE",
            f"INSERT INTO {BOOKKEEPING}.{table} (path, checksum) VALUES ({_literal(file.path)}, '{value}')"
            " ON CONFLICT (path) DO UPDATE SET checksum = excluded.checksum, applied_at = now()",
        ]
        if versioned or not file.is_trigger:
            # They are compiled from tables and functions, and we may be killed before they are.
            marks.append(f"UPDATE {BOOKKEEPING}.repeatable SET checksum = '{DUE}' WHERE path LIKE '%triggers/%'")
        if versioned:
            with self.backend.written() as written:
                self.backend.log_migration(file.migration, "apply")
                self.backend.mark_one(file.migration, log=False)
            marks += written
        return marks

    def _apply(self, file: Versioned | Repeatable) -> None:
        self.progress(file.path)
        self._run_file(file.path, file.text, self.before(file), self.marks(file))

    def _undo(self, file: Versioned) -> None:
        with self.backend.written() as written:
            self.backend.log_migration(file.migration, "rollback")
            self.backend.unmark_one(file.migration, log=False)
        marks = [
            "RESET ROLE",
            f"DELETE FROM {BOOKKEEPING}.versioned WHERE path = {_literal(file.path)}",
            # What they made may have gone with the schema: the next migrate makes it again.
            f"DELETE FROM {BOOKKEEPING}.repeatable",
            *written,
        ]
        self._run_file(file.path.replace(".sql", ".rollback.sql"), read(file.rollback), self.before(), marks)

    def _run_file(self, path: str, text: str, before: Sequence[str], marks: Sequence[str]) -> None:
        """Run a file, and its bookkeeping in the same transaction, if the file wants one."""
        alone = not transactional(path, text)
        if alone:
            self.connection.execute("SELECT set_config('lock_timeout', %s, false)", (LONG_LOCK_TIMEOUT,))
            self._drop_invalid_indexes(text)
            self._run(path, text)
            if left := self._invalid_indexes(text):
                raise BetledgerError(f"{path}: index {left[0]} is invalid: run `betledger migrate` again")
            self.connection.execute("RESET ROLE")
            self.connection.execute("SELECT set_config('lock_timeout', %s, false)", (self.limits.lock_timeout,))
        try:
            with self.backend.transaction():
                if not alone:
                    for statement in before:
                        self.connection.execute(statement.encode())
                    self._run(path, text)
                    if self.connection.info.transaction_status != psycopg.pq.TransactionStatus.INTRANS:
                        raise BetledgerError(f"{path} ends the transaction it runs in: leave out COMMIT and ROLLBACK")
                for statement in marks:
                    self.connection.execute(statement.encode())
        except psycopg.Error as error:
            raise BetledgerError(f"{path}: {in_one_line(error)}") from error

    def _run(self, path: str, text: str) -> None:
        """Run the statements of a file; an error names the file and the line."""
        for number, (start, statement) in enumerate(statements(text)):
            began = time.perf_counter()
            try:
                with self._watched():
                    self.connection.execute(statement.encode())
            except psycopg.Error as error:
                # Without a position: where the statement begins, below its comments.
                offset = int(error.diag.statement_position or 0) - 1
                if offset < 0:
                    offset = len(statement) - len(sql_of(statement))
                line = text.count("\n", 0, start + offset) + 1
                raise BetledgerError(f"{path}:{line}: {in_one_line(error)}") from error
            if self.verbose:
                first = sql_of(statement).strip().splitlines()[0]
                self.progress(f"  {(time.perf_counter() - began) * 1000:7.1f} ms  {first[:100]}")
            if self.observer:
                self.observer(path, number)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Tell from a second session who stops us, when a statement takes longer than a second."""
        done = threading.Event()

        def watch() -> None:
            if done.wait(1):
                return
            told: set[int] = set()
            try:
                with psycopg.connect(conninfo_of(self.connection), autocommit=True) as watcher:
                    while not done.is_set():
                        for pid, who, state, seconds, query in watcher.execute(BLOCKERS, (backend,)):
                            if pid not in told:
                                told.add(pid)
                                self.progress(f"  waits for backend {pid} ({who}, {state}, for {seconds} s): {query}")
                        done.wait(1)
            except psycopg.Error:
                # Told to help, no more: there may be no connection left.
                return

        backend = self.connection.info.backend_pid
        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _invalid_indexes(self, text: str) -> list[str]:
        """The indexes of this name that were left unfinished: IF NOT EXISTS would skip them."""
        found = self.connection.execute(
            "SELECT n.nspname, c.relname FROM pg_catalog.pg_index AS i"
            " JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid"
            " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE NOT i.indisvalid AND c.relkind = 'i'"
        ).fetchall()
        return [f"{schema}.{name}" for schema, name in found if re.search(rf"\b{re.escape(name)}\b", text)]

    def _drop_invalid_indexes(self, text: str) -> None:
        for index in self._invalid_indexes(text):
            self.progress(f"  index {index} was left unfinished: it is dropped and built again")
            name = sql.Identifier(*index.split(".", 1))
            self.connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(name))

    def _retried(self, action: Callable[[], _T]) -> _T:
        """Run an action whose locks may be taken: wait little, step aside, try again."""
        for attempt in range(1, self.limits.attempts + 1):
            try:
                return action()
            except BetledgerError as error:
                if not isinstance(error.__cause__, pg.LockNotAvailable | pg.DeadlockDetected):
                    raise
                if attempt == self.limits.attempts:
                    raise BetledgerError(f"{error}: another session holds the lock, try later") from error
                self.progress(f"  a lock is taken, attempt {attempt} of {self.limits.attempts}")
                time.sleep(0.5 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """The advisory lock of all runners. Polled: CREATE INDEX CONCURRENTLY deadlocks with a waiting lock."""
        if self.pooled:
            raise BetledgerError(POOLER)
        deadline, told = time.monotonic() + self.limits.wait, False
        while not self._one("SELECT pg_try_advisory_lock(hashtext(%s), hashtext(%s))", LOCK):
            holder = self._one(
                "SELECT format('backend %%s of %%s since %%s', a.pid, a.usename, a.backend_start::timestamp(0))"
                " FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid"
                " WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint ="
                " hashtext(%s)::bigint & 4294967295 AND l.objid::bigint = hashtext(%s)::bigint & 4294967295"
                " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1",
                LOCK,
            )
            if time.monotonic() > deadline:
                raise BetledgerError(f"another runner ({holder}) is at work on this database: wait, or end it")
            if not told:
                self.progress(f"  another runner ({holder}) is at work on this database: waiting for it")
                told = True
            time.sleep(0.1)
        try:
            yield
        finally:
            if not self.connection.closed:
                self.connection.execute("SELECT pg_advisory_unlock(hashtext(%s), hashtext(%s))", LOCK)

    def _one(self, query: Any, parameters: Sequence[object] = ()) -> Any:
        row = self.connection.execute(query, parameters or None).fetchone()
        return row[0] if row else None


def _literal(text: str) -> str:
    return sql.Literal(text).as_string()


@contextmanager
def opened(
    conninfo: str,
    root: Path | None = None,
    progress: Progress = lambda _: None,
    *,
    teams: Collection[Path] = (),
    limits: Limits | None = None,
    verbose: bool = False,
) -> Iterator[Migrator]:
    """A migrator on a session of its own.

    Args:
        conninfo: a libpq URL or keyword string.
        root: the folder of the SQL; that of betledger when left out.
        progress: called with the path of each file before it is applied, and with what one wants to know meanwhile.
        teams: folders of application teams, which are applied after ours.
        limits: how long to wait for what.
        verbose: tell each statement and how long it took.
    """
    limits = limits or Limits()
    files = Files(root, tuple(teams))
    with session(conninfo) as connection:
        connection.add_notice_handler(lambda notice: progress(f"  {notice.severity}: {notice.message_primary}"))
        yield Migrator(connection, files, progress, limits, verbose)


def migrate(
    conninfo: str, root: Path | None = None, progress: Progress = lambda _: None, teams: Collection[Path] = ()
) -> int:
    """Bring a database up to date.

    Args:
        conninfo: a libpq URL or keyword string of the database, as a role that may create roles and schemas.
        root: the folder that holds schema/, functions/ and triggers/; that of betledger when left out.
        progress: called with the path of each file before it is applied.
        teams: folders of application teams with the same layout, which are applied after ours.

    Returns:
        The number of files applied; 0 when the database was up to date, which is left untouched.

    Raises:
        BetledgerError: the database cannot be reached, a file failed (nothing of it is left, unless it says
            `-- transactional: false`), an applied migration was edited, or a lock stays taken.
    """
    with opened(conninfo, root, progress, teams=teams) as migrator:
        return migrator.migrate()
