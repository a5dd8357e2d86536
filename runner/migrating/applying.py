"""How one file is run: its statements, in its transaction, with its bookkeeping."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from betledger.database import begin_anew
from betledger.errors import BetledgerError, in_one_line
from betledger.migrating.bookkeeping import Bookkeeping
from betledger.migrating.files import Repeatable, Versioned
from betledger.migrating.parsed import refuse_control, sets
from betledger.migrating.statements import read, statements, transactional
from betledger.migrating.waiting import LONG_LOCK_TIMEOUT, Limits, Progress, watched
from psycopg import sql
from psycopg.pq import TransactionStatus

# Called after each statement of a file, with the path of the file and the number of the statement in it.
Observer = Callable[[str, int], None]


class Applier:
    """Runs files on one session.

    Args:
        bookkeeping: of that session.
        progress: told the path of each file before it is run.
        limits: how long to wait for what.
        on_citus: whether it is a cluster.
        verbose: tell each statement and how long it took.
    """

    def __init__(
        self, bookkeeping: Bookkeeping, progress: Progress, limits: Limits, on_citus: bool, verbose: bool
    ) -> None:
        self.connection: psycopg.Connection[Any] = bookkeeping.connection
        self.bookkeeping = bookkeeping
        self.progress = progress
        self.limits = limits
        self.on_citus = on_citus
        self.verbose = verbose
        self.observer: Observer | None = None

    def apply(self, file: Versioned | Repeatable) -> None:
        """Run a file and record it as applied."""
        self.progress(file.path)
        self._run_file(file.path, file.text, self.before(file), self.bookkeeping.marks(file))

    def undo(self, file: Versioned) -> None:
        """Run the rollback of a file and record that."""
        marks = self.bookkeeping.marks_of_rollback(file)
        self._run_file(file.path.replace(".sql", ".rollback.sql"), read(file.rollback), self.before(), marks)

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

    def begin_anew(self) -> None:
        """What a file sets is for that file: the next one begins with the session as it was, and with our limits."""
        begin_anew(self.connection, self.limits.of_session(self.on_citus))

    def _run_file(self, path: str, text: str, before: Sequence[str], marks: Sequence[str]) -> None:
        """Run a file, and its bookkeeping in the same transaction, if the file wants one."""
        alone = not transactional(path, text)
        if not alone:
            refuse_control(path, text)
        try:
            self.begin_anew()
            if alone:
                self._run_alone(path, text)
            with self.bookkeeping.backend.transaction():
                if not alone:
                    for statement in before:
                        self.connection.execute(statement.encode())
                    for number, (start, statement) in enumerate(statements(path, text)):
                        self._run(path, text, number, start, statement)
                for statement in marks:
                    self.connection.execute(statement.encode())
        except psycopg.Error as error:
            raise BetledgerError(f"{path}: {in_one_line(error)}") from error

    def _run_alone(self, path: str, text: str) -> None:
        """Run a file whose statements commit by themselves; what ran before an error is not run again."""
        found = list(statements(path, text))
        texts = [statement for _, statement in found]
        done = self.bookkeeping.unfinished(path, texts)
        if done:
            self.progress(f"  {done} of {len(found)} statements ran before: it goes on after them")
        self.connection.execute("SELECT set_config('lock_timeout', %s, false)", (LONG_LOCK_TIMEOUT,))
        for index in self._invalid_indexes(text):
            self.progress(f"  index {index} was left unfinished: it is dropped and built again")
            name = sql.Identifier(*index.split(".", 1))
            self.connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(name))
        for number, (start, statement) in enumerate(found):
            if number < done and not sets(statement):
                continue
            try:
                self._run(path, text, number, start, statement)
            except BetledgerError as error:
                if self._status() != TransactionStatus.IDLE:
                    self.connection.execute("ROLLBACK")
                    raise
                if done:
                    raise BetledgerError(
                        f"{error}; {done} of {len(found)} statements ran and stay, and the next `betledger migrate`"
                        " goes on after them"
                    ) from error.__cause__
                raise
            if number >= done and self._status() == TransactionStatus.IDLE:
                done = number + 1
                self.bookkeeping.is_done(path, texts[:done])
        if self._status() != TransactionStatus.IDLE:
            self.connection.execute("ROLLBACK")
            raise BetledgerError(f"{path} begins a transaction that it does not end: add COMMIT")
        if left := self._invalid_indexes(text):
            raise BetledgerError(f"{path}: index {left[0]} is invalid: run `betledger migrate` again")
        self.begin_anew()

    def _status(self) -> TransactionStatus:
        return self.connection.info.transaction_status

    def _run(self, path: str, text: str, number: int, start: int, statement: str) -> None:
        """Run a statement of a file; an error names the file and the line."""
        began = time.perf_counter()
        try:
            with watched(self.connection, self.progress):
                self.connection.execute(statement.encode())
        except psycopg.Error as error:
            # Without a position: where the statement begins.
            offset = max(int(error.diag.statement_position or 0) - 1, 0)
            line = text.count("\n", 0, start + offset) + 1
            raise BetledgerError(f"{path}:{line}: {in_one_line(error)}") from error
        if self.verbose:
            first = statement.splitlines()[0]
            self.progress(f"  {(time.perf_counter() - began) * 1000:7.1f} ms  {first[:100]}")
        if self.observer:
            self.observer(path, number)

    def _invalid_indexes(self, text: str) -> list[str]:
        """The indexes of this name that were left unfinished: IF NOT EXISTS would skip them."""
        found = self.connection.execute(
            "SELECT n.nspname, c.relname FROM pg_catalog.pg_index AS i"
            " JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid"
            " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE NOT i.indisvalid AND c.relkind = 'i'"
        ).fetchall()
        return [f"{schema}.{name}" for schema, name in found if re.search(rf"\b{re.escape(name)}\b", text)]
