"""Which rows of clients a rollback would take with it."""

from __future__ import annotations

from typing import Any

import psycopg
from betledger.database import value
from betledger.migrating.backend import BOOKKEEPING
from psycopg import sql

# Tables of clients, and their columns.
TABLES = """
    SELECT n.nspname, c.relname, array_agg(a.attname::text)
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_|^information_schema$' AND n.nspname <> %s
        AND n.nspname NOT IN ('http', 'ops', 'projection')
        AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
    GROUP BY 1, 2
"""


def filled(connection: psycopg.Connection[Any]) -> set[str]:
    """The tables that hold rows of clients, and their columns."""
    found: set[str] = set()
    for schema, table, columns in connection.execute(TABLES, (BOOKKEEPING,)).fetchall():
        if value(connection, sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(schema, table))):
            found |= {f"{schema}.{table}", *(f"{schema}.{table} ({column})" for column in columns)}
    return found


def lost(before: set[str], after: set[str]) -> list[str]:
    """What was filled before and is not afterwards; of a table that is gone, not each column, too."""
    gone = before - after
    return sorted(what for what in gone if "(" not in what or what.split(" (")[0] not in gone)
