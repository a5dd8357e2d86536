"""What holds of the ledger, as `migrate` left it: owners, rights, walls, triggers, code and the kind of server.

A restore without the roles, a dropped policy or a column added on Citus changes none of the files that are recorded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from betledger.database import value
from betledger.migrating.backend import BOOKKEEPING
from psycopg import errors

QUERY = (Path(__file__).parent / "standing.sql").read_text(encoding="utf-8")
TABLE = f"{BOOKKEEPING}.standing"


def record(connection: psycopg.Connection[Any]) -> None:
    """Remember what holds now of all that is ours."""
    with connection.transaction():
        forget(connection)
        connection.execute(
            f"INSERT INTO {TABLE} (position, statement)"
            f" SELECT row_number() OVER (), s.statement FROM ({QUERY}) AS s WHERE s.is_ours".encode()
        )


def forget(connection: psycopg.Connection[Any]) -> None:
    """Remember nothing: what holds is about to change."""
    connection.execute(f"DELETE FROM {TABLE}".encode())


def is_recorded(connection: psycopg.Connection[Any]) -> bool:
    """Whether there is anything to compare with: a runner that was killed at its end has left nothing."""
    there = value(connection, "SELECT to_regclass(%s)", (TABLE,))
    return bool(there and value(connection, f"SELECT EXISTS (SELECT FROM {TABLE})"))


def no_longer(connection: psycopg.Connection[Any]) -> list[str]:
    """What held when it was recorded, and does not now: as SQL that makes it so again, or as a comment."""
    if not value(connection, "SELECT to_regclass(%s)", (TABLE,)):
        return []
    holds = _holding(connection)
    recorded = connection.execute(f"SELECT statement FROM {TABLE} ORDER BY position".encode()).fetchall()
    return [statement for (statement,) in recorded if statement not in holds]


def make_again(connection: psycopg.Connection[Any], statements: list[str]) -> bool:
    """Run what can be run of no_longer(); whether that was all. What is gone, its file has to make first."""
    is_all = True
    holds = _holding(connection)
    for statement in statements:
        if statement in holds:
            continue
        try:
            if statement.startswith("--"):
                is_all = False
            else:
                with connection.transaction():
                    connection.execute(statement.encode())
        except (errors.UndefinedFunction, errors.UndefinedTable, errors.UndefinedObject):
            is_all = False
    return is_all


def _holding(connection: psycopg.Connection[Any]) -> set[str]:
    return {statement for statement, _ in connection.execute(QUERY.encode()).fetchall()}
