"""Applies schema/ (versioned, by yoyo-migrations) and functions/ and triggers/ (repeatable) to a database.

Everything runs on one session, under one advisory lock; a file and its bookkeeping commit together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from betledger.database import POOLER, on_citus, pooled, session, value
from betledger.errors import BetledgerError, in_one_line
from betledger.migrating.applying import Applier
from betledger.migrating.bookkeeping import Bookkeeping, Left
from betledger.migrating.distributing import distribute, told
from betledger.migrating.files import Files, Repeatable, Versioned
from betledger.migrating.folders import Source
from betledger.migrating.losses import dropped, filled, lost, named_by, of_others
from betledger.migrating.parsed import made_by
from betledger.migrating.standing import forget, is_recorded, make_again, no_longer, record
from betledger.migrating.state import State, compared
from betledger.migrating.statements import read, transactional
from betledger.migrating.waiting import Limits, Progress, alone, retried
from psycopg.errors import UndefinedFunction, UndefinedTable


class Migrator:
    """Brings one database to the state of the SQL files. Use `opened()`."""

    def __init__(
        self, connection: psycopg.Connection[Any], files: Files, progress: Progress, limits: Limits, verbose: bool
    ) -> None:
        self.connection = connection
        self.files = files
        self.progress = progress
        self.limits = limits
        self.on_citus = on_citus(connection)
        self.bookkeeping = Bookkeeping(connection)
        self.applier = Applier(self.bookkeeping, progress, limits, self.on_citus, verbose)
        self._pooled = pooled(connection)
        if self.on_citus and not value(connection, "SELECT citus_is_coordinator()"):
            raise BetledgerError("this node is a worker of a Citus cluster: name the coordinator instead")
        if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
            raise BetledgerError(
                f"the encoding of the database is {encoding}, and a ledger is UTF8: make a new one with"
                " CREATE DATABASE ... TEMPLATE template0 ENCODING 'UTF8'"
            )
        # Through a pooler, one may look, with what its sessions have set.
        if not self._pooled:
            self.applier.begin_anew()

    def state(self) -> State:
        """What is applied and what is pending; changes nothing."""
        return compared(self.files, self.bookkeeping.recorded("versioned"), self.bookkeeping.recorded("repeatable"))

    def migrate(self, only: Callable[[str], bool] = lambda _: True, prune: bool = False) -> int:
        """Apply what is pending; gives the number of files applied.

        Args:
            only: which paths of that.
            prune: drop what no file makes any more, too.
        """
        state = self.state()
        state.require_no_drift()
        left = self.left() if prune else []
        if not state.pending and not left and is_recorded(self.connection) and not no_longer(self.connection):
            return 0
        with self._alone():
            self.bookkeeping.prepare()
            damaged = no_longer(self.connection)
            self._make_again(damaged)
            state = self.state()
            state.require_no_drift()
            forget(self.connection)
            done = self._migrate([file for file in state.due(self.files) if only(file.path)])
            if prune:
                self._prune()
            make_again(self.connection, damaged)
            record(self.connection)
            return done

    def left(self) -> list[Left]:
        """What files made that are gone, or make something else now; `migrate` drops it when it is asked to."""
        return self.bookkeeping.left(self.files)

    def _prune(self) -> None:
        left = self.left()
        try:
            with self.bookkeeping.backend.transaction():
                self.bookkeeping.drop(left)
        except psycopg.Error as error:
            raise BetledgerError(f"what no file makes any more is not dropped: {in_one_line(error)}") from error
        for one in left:
            self.progress(f"  dropped: {one}")

    def damage(self) -> list[str]:
        """What has changed since `migrate`, as SQL that makes it whole again; nothing while files are pending."""
        return [] if self.state().pending else no_longer(self.connection)

    def _make_again(self, damaged: list[str]) -> None:
        """Owners, rights, policies and triggers by themselves; functions by their files."""
        for statement in damaged:
            self.progress(f"  made again: {statement.removeprefix('-- ')}")
        try:
            with self.bookkeeping.backend.transaction():
                if not make_again(self.connection, damaged):
                    self.bookkeeping.forget_repeatables()
        except psycopg.Error as error:
            raise BetledgerError(f"what has changed cannot be made again: {in_one_line(error)}") from error

    def _migrate(self, files: Sequence[Versioned | Repeatable]) -> int:
        triggers = [file for file in files if isinstance(file, Repeatable) and file.is_trigger]
        for file in files:
            if file not in triggers:
                self._apply(file)
        if self.on_citus:
            self._distribute(with_rows=False)
        for file in triggers:
            self._apply(file)
        self.applier.begin_anew()
        return len(files)

    def rehearse(self) -> int:
        """Apply all that is pending in one transaction, and roll it back; gives the number of files.

        Raises:
            BetledgerError: a file fails, or cannot run in a transaction.
        """
        state = self.state()
        state.require_no_drift()
        files = state.due(self.files)
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
        with self._alone(), self.bookkeeping.backend.transaction(rollback_on_exit=True):
            self.bookkeeping.prepare()
            done = self._migrate(files)
        self.bookkeeping.backend.forget()
        return done

    def baseline(self) -> int:
        """Record every versioned file as applied without running any; gives their number."""
        with self._alone():
            self.bookkeeping.prepare()
            state = self.state()
            if any(s != "pending" for _, s in state.versioned):
                raise BetledgerError("migrations are recorded already: run `betledger migrate`")
            with self.bookkeeping.backend.transaction():
                for file in self.files.versioned:
                    for statement in self.bookkeeping.marks(file):
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
        with self._alone():
            done = told(self.applier, "SELECT * FROM ops.distribute_functions()")
            done += self._distribute(with_rows=True)
            record(self.connection)
            return done + told(self.applier, "SELECT * FROM ops.drop_local_rows()")

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
        with self._alone():
            self.bookkeeping.prepare()
            state = self.state()
            state.require_no_drift()
            chosen = self._newest(state, count, to)
            for file in chosen:
                if not file.rollback.exists():
                    raise BetledgerError(f"{file.path} has no rollback file: nothing was rolled back")
            if chosen and not force:
                self._require_nothing_lost(chosen)
            if chosen:
                forget(self.connection)
            for file in chosen:
                self.progress(file.path.replace(".sql", ".rollback.sql"))
                self._undo(file)
            self.applier.begin_anew()
            return [file.name for file in chosen]

    def _newest(self, state: State, count: int | None, to: str | None) -> list[Versioned]:
        """The migrations to roll back, newest first."""
        applied = [name for name, status in state.versioned if status == "applied"]
        if to is not None:
            name = to.removesuffix(".sql").replace("schema/", "", 1)
            if name not in applied:
                raise BetledgerError(f"migration {to} is not applied: `betledger status` lists those that are")
            count = len(applied) - 1 - applied.index(name)
        files = {file.name: file for file in self.files.versioned}
        return [files[name] for name in reversed(applied)][:count]

    def _require_nothing_lost(self, files: Sequence[Versioned]) -> None:
        """Roll back in a transaction that is itself rolled back, and look at what is gone."""
        named = named_by(self.files.contents.items())
        before, others = filled(self.connection), of_others(self.connection, named)
        with self.bookkeeping.backend.transaction(rollback_on_exit=True):
            for file in files:
                # What cannot be rolled back cannot be tried; it builds and drops indexes.
                if transactional(str(file.rollback), read(file.rollback)):
                    self.applier.undo(file)
            gone = lost(before, filled(self.connection))
            of_nobody = dropped(others, of_others(self.connection, named))
        if of_nobody:
            raise BetledgerError(
                f"what no migration makes would be dropped: {', '.join(of_nobody)}: nothing was rolled back; make a"
                " migration of it, or drop it yourself; --force does it anyway"
            )
        if gone:
            raise BetledgerError(
                f"rows would be lost in {', '.join(gone)}: nothing was rolled back; --force does it anyway"
            )

    def _apply(self, file: Versioned | Repeatable) -> None:
        try:
            retried(lambda: self.applier.apply(file), self.limits, self.progress)
        except BetledgerError as error:
            if isinstance(error.__cause__, UndefinedFunction | UndefinedTable) and isinstance(file, Repeatable):
                missing = re.search(r"(\w+)(\(|\" )", str(error.__cause__))
                for other in self.files.repeatables:
                    if missing and other != file and missing[1] in _made_names(other):
                        raise BetledgerError(
                            f"{error}; {other.path} makes it: write `-- requires: {other.path}` at the top"
                        ) from error
            raise

    def _undo(self, file: Versioned) -> None:
        retried(lambda: self.applier.undo(file), self.limits, self.progress)

    def _distribute(self, with_rows: bool) -> int:
        return retried(lambda: distribute(self.applier, with_rows), self.limits, self.progress)

    def _alone(self) -> AbstractContextManager[None]:
        if self._pooled:
            raise BetledgerError(POOLER)
        return alone(self.connection, self.limits, self.progress)


def _made_names(file: Repeatable) -> list[str]:
    """Of what a file makes, without schemas and arguments."""
    return [made.name.partition("(")[0].rpartition(".")[2] for made in made_by(file.path, file.text)]


@contextmanager
def opened(
    conninfo: str,
    root: Path | None = None,
    progress: Progress = lambda _: None,
    *,
    teams: Collection[Source | Path | str] = (),
    limits: Limits | None = None,
    verbose: bool = False,
) -> Iterator[Migrator]:
    """A migrator on a session of its own.

    Args:
        conninfo: a libpq URL or keyword string.
        root: the folder of the SQL; that of betledger when left out.
        progress: called with the path of each file before it is applied, and with what one wants to know meanwhile.
        teams: folders of application teams, as `Source.of` takes them; applied after ours.
        limits: how long to wait for what.
        verbose: tell each statement and how long it took.
    """
    limits = limits or Limits()
    files = Files(root, tuple(teams))
    with session(conninfo) as connection:

        def noticed(notice: psycopg.errors.Diagnostic) -> None:
            # How far a distribution is: what asked for it shows that.
            if notice.severity_nonlocalized != "INFO":
                progress(f"  {notice.severity}: {notice.message_primary}")

        connection.add_notice_handler(noticed)
        yield Migrator(connection, files, progress, limits, verbose)


def migrate(
    conninfo: str, root: Path | None = None, progress: Progress = lambda _: None, teams: Collection[Path | str] = ()
) -> int:
    """Bring a database up to date.

    Args:
        conninfo: a libpq URL or keyword string of the database, as a role that may create roles and schemas.
        root: the folder that holds schema/, functions/ and triggers/; that of betledger when left out.
        progress: called with the path of each file before it is applied.
        teams: folders of application teams with the same layout, which are applied after ours; FOLDER or NAME=FOLDER.

    Returns:
        The number of files applied; 0 when the database was up to date, which is left untouched.

    Raises:
        BetledgerError: the database cannot be reached, a file failed (nothing of it is left, unless it says
            `-- transactional: false`), an applied migration was edited, or a lock stays taken.
    """
    with opened(conninfo, root, progress, teams=teams) as migrator:
        return migrator.migrate()
