"""Which rows and objects of others a rollback would take with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import psycopg
from betledger.database import value
from betledger.migrating.backend import BOOKKEEPING
from betledger.migrating.statements import statements
from psycopg import sql
from psycopg.errors import ActiveSqlTransaction

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


# Of an index, a sequence or statistics one can make another.
OBJECTS = """
    SELECT i.type, i.identity, n.nspname, o.name
    FROM (
        SELECT 'pg_class'::regclass, c.oid, 0, c.relnamespace, c.relname::text
        FROM pg_class AS c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
        UNION ALL
        SELECT 'pg_proc'::regclass, p.oid, 0, p.pronamespace, p.proname::text
        FROM pg_proc AS p
        WHERE coalesce(obj_description(p.oid, 'pg_proc'), '') NOT LIKE '%Compiled by projection.compile()%'
        UNION ALL
        SELECT 'pg_trigger'::regclass, t.oid, 0, c.relnamespace, t.tgname::text
        FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal
        UNION ALL
        SELECT 'pg_policy'::regclass, y.oid, 0, c.relnamespace, y.polname::text
        FROM pg_policy AS y JOIN pg_class AS c ON c.oid = y.polrelid
        UNION ALL
        SELECT 'pg_rewrite'::regclass, w.oid, 0, c.relnamespace, w.rulename::text
        FROM pg_rewrite AS w JOIN pg_class AS c ON c.oid = w.ev_class WHERE w.rulename <> '_RETURN'
        UNION ALL
        SELECT 'pg_publication_rel'::regclass, p.oid, 0, c.relnamespace, b.pubname::text
        FROM pg_publication_rel AS p JOIN pg_publication AS b ON b.oid = p.prpubid
        JOIN pg_class AS c ON c.oid = p.prrelid
        UNION ALL
        -- Of a table that uses something of ours: a key to it, a check, a column of its type, a default.
        SELECT 'pg_constraint'::regclass, f.oid, 0, c.relnamespace, c.relname::text
        FROM pg_constraint AS f JOIN pg_class AS c ON c.oid = f.conrelid WHERE f.contype IN ('f', 'c')
        UNION ALL
        SELECT 'pg_attrdef'::regclass, d.oid, 0, c.relnamespace, c.relname::text
        FROM pg_attrdef AS d JOIN pg_class AS c ON c.oid = d.adrelid
        UNION ALL
        SELECT 'pg_class'::regclass, c.oid, a.attnum, c.relnamespace, c.relname::text
        FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        WHERE c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped
    ) AS o (class, oid, part, namespace, name)
    JOIN pg_namespace AS n ON n.oid = o.namespace AND n.nspname !~ '^pg_|^information_schema$'
    CROSS JOIN LATERAL pg_identify_object(o.class, o.oid, o.part) AS i
    WHERE NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e')
"""
# How a file names what it makes: with its schema, or after what it is.
QUALIFIED = re.compile(r'\b(\w+)"?\."?(\w+)')
COMMENT = re.compile(r"--.*")
ALONE = re.compile(r'\b(?:TABLE|VIEW|FUNCTION|PROCEDURE|TRIGGER|POLICY|EXISTS)(\s)\s*"?(\w+)', re.IGNORECASE)


def filled(connection: psycopg.Connection[Any]) -> set[str]:
    """The tables that hold rows of clients, and their columns."""
    found: set[str] = set()
    for schema, table, columns in connection.execute(TABLES, (BOOKKEEPING,)).fetchall():
        if _has_rows(connection, sql.Identifier(schema, table)):
            found |= {f"{schema}.{table}", *(f"{schema}.{table} ({column})" for column in columns)}
    return found


def _has_rows(connection: psycopg.Connection[Any], table: sql.Identifier) -> bool:
    query = sql.SQL("SELECT 1 FROM {} LIMIT 1").format(table)
    try:
        with connection.transaction():
            return value(connection, query) is not None
    except ActiveSqlTransaction:
        # On Citus a transaction stays with one user, and this file has changed what lies beside the table as the owner.
        with connection.transaction():
            connection.execute("SET LOCAL ROLE betledger_owner")
            found = value(connection, query) is not None
            connection.execute("RESET ROLE")
        return found


def named_by(files: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """What files name in what they do, each with its schema or what stands before it. A word in a comment is no name.

    Args:
        files: the name of each, and what is in it.
    """
    code = "\n".join(
        part
        for name, text in files
        for _, statement in statements(name, text)
        if not (part := COMMENT.sub("", statement).strip()).upper().startswith("COMMENT ON")
    )
    return {found for pattern in (QUALIFIED, ALONE) for found in pattern.findall(code)}


def of_others(connection: psycopg.Connection[Any], named: set[tuple[str, str]]) -> set[str]:
    """The objects that no file names and no compiler made, such as a view of an application team.

    Args:
        connection: of the database.
        named: by the files of the migrations: named_by().
    """
    return {
        f"{kind} {identity}"
        for kind, identity, schema, name in connection.execute(OBJECTS).fetchall()
        # The publications of a database are none of ours, whatever they are called.
        if kind == "publication relation" or not named & {(schema, name), (" ", name), ("\n", name)}
    }


def dropped(before: set[str], after: set[str]) -> list[str]:
    """What of others was there before and is not afterwards; of a table that is gone, not each part, too."""
    gone = before - after
    tables = tuple(what.removeprefix("table ") for what in gone if what.startswith("table ") and what.count(" ") == 1)
    parts = [f"table column {name}." for name in tables] + [f"default value for {name}." for name in tables]
    on = tuple(f" on {name}" for name in tables)
    return sorted(what for what in gone if not what.startswith(tuple(parts)) and not what.endswith(on))


def lost(before: set[str], after: set[str]) -> list[str]:
    """What was filled before and is not afterwards; of a table that is gone, not each column, too."""
    gone = before - after
    return sorted(what for what in gone if "(" not in what or what.split(" (")[0] not in gone)
