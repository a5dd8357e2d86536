"""How commands reach the database that the settings name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from betledger.commands.progress import shown
from betledger.database import session
from betledger.errors import BetledgerError, Interrupted, in_one_line
from betledger.migrating.migrator import Migrator, opened
from betledger.migrating.waiting import Progress
from betledger.settings import database_url as url_of
from betledger.settings import limits, settings

# Settings that the command line says, by name.
Flags = dict[str, Any]


@contextmanager
def reached(progress: Progress, verbose: bool = False, **flags: Any) -> Iterator[tuple[Migrator, str | None]]:
    """A migrator by the settings, and where scratch databases may be."""
    found = settings(**flags)
    teams = found["migrations"].value
    begun: list[str] = []

    def told(line: str) -> None:
        if not line.startswith(" "):
            begun.append(line)
        progress(line)

    try:
        with opened(url_of(found), progress=told, teams=teams, limits=limits(found), verbose=verbose) as migrator:
            try:
                yield migrator, found["scratch_url"].value
            except psycopg.errors.InsufficientPrivilege as error:
                raise _not_by(migrator.connection, error, "the role that made the ledger") from error
    except KeyboardInterrupt:
        where = f" in {begun[-1]}, the files before it are done" if begun else ""
        raise Interrupted(
            f"stopped{where}: nothing is left of a transaction that was running; run it again to go on"
        ) from None


def call(url: str, statement: str, parameters: tuple[object, ...]) -> list[tuple[Any, ...]]:
    """Run a statement and show the progress that its notices tell; gives its rows.

    Raises:
        BetledgerError: what it calls is not there, or not for this role.
    """
    with session(url) as connection, shown(connection):
        try:
            cursor = connection.execute(statement.encode(), parameters)
        except KeyboardInterrupt:
            raise Interrupted("stopped: what was committed stays; run it again to go on") from None
        except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName):
            raise BetledgerError("the database has no ledger, or an older one: run `betledger migrate`") from None
        except psycopg.errors.InsufficientPrivilege as error:
            raise _not_by(connection, error, "a member of betledger_operator") from error
        return cursor.fetchall() if cursor.description else []


def _not_by(connection: psycopg.Connection[Any], error: psycopg.Error, who: str) -> BetledgerError:
    """What a role may not do, and who may, unless the database says it."""
    hint = "" if error.diag.message_hint else f" Hint: you are {connection.info.user}; log in as {who}."
    return BetledgerError(in_one_line(error) + hint)
