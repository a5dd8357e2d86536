"""How a ledger is spread over the nodes of a Citus cluster: functions in ops/ do it, and say what they did."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from betledger.database import value
from betledger.errors import BetledgerError, in_one_line
from betledger.migrating.applying import Applier
from psycopg import sql


def distribute(applier: Applier, with_rows: bool) -> int:
    """Distribute the tables; gives the number of things done.

    Triggers come after: Citus copies those that are there, and what is distributed needs other ones.

    Args:
        applier: of the coordinator.
        with_rows: also tables that hold rows; else they are left, and this is told.
    """
    if not value(applier.connection, "SELECT to_regprocedure('ops.distribute(boolean)') IS NOT NULL"):
        return 0
    try:
        # Rows are copied by COPY, which the owner may not do: row-level security is forced on it.
        role = None if with_rows else "betledger_owner"
        return told(applier, "SELECT * FROM ops.distribute(%s)", (with_rows,), role)
    except BetledgerError as error:
        if with_rows or getattr(error.__cause__, "sqlstate", None) != "BL030":
            raise
        applier.progress(f"  {error}")
        return 0


def told(applier: Applier, query: str, parameters: Sequence[object] = (), role: str | None = None) -> int:
    """Run a function in a transaction of its own and tell each line that it gives; gives their number."""
    connection = applier.connection
    try:
        applier.begin_anew()
        with connection.transaction():
            for statement in applier.before():
                connection.execute(statement.encode())
            if role:
                connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            lines = [row[0] for row in connection.execute(query.encode(), parameters)]
    except psycopg.Error as error:
        raise BetledgerError(in_one_line(error)) from error
    for line in lines:
        applier.progress(f"  {line}")
    return len(lines)
