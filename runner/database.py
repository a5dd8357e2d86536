"""Which database a command works on, and how it is reached."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from betledger.errors import BetledgerError, in_one_line
from psycopg import conninfo, sql

LIBPQ_VARIABLE = re.compile(r"PG[A-Z]+")
LIBPQ = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE", "PGPORT")
# The one place for what every session of ours sets, whatever the server, the database or the role have set.
SETTINGS = {
    # How SQL is read.
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "check_function_bodies": "on",
    # How values and definitions are written.
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "quote_all_identifiers": "off",
    "lc_messages": "C",
    # How long a statement may take is for a migration to say; what looks at all rows takes as long as it takes.
    "statement_timeout": "0",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    # What a statement sees, writes and costs.
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "session_replication_role": "origin",
    "row_security": "on",
    "default_table_access_method": "heap",
    "default_tablespace": "",
    "default_toast_compression": "pglz",
    "jit": "off",
    "plan_cache_mode": "auto",
    # Milliseconds: when we are killed, the server ends our statement and lets go of its locks. Not on every system.
    "client_connection_check_interval": "500",
}
# All that a session keeps, but for its advisory locks.
AS_IT_BEGAN = "RESET SESSION AUTHORIZATION; RESET ALL; CLOSE ALL; DEALLOCATE ALL; UNLISTEN *; DISCARD TEMP;"
# Each setting where the server knows it, and where we may.
BEGIN_ANEW = f"""
{AS_IT_BEGAN}
DO $do$
DECLARE
    v_name text;
    v_setting text;
BEGIN
    FOR v_name, v_setting IN SELECT s.name, s.setting FROM (VALUES {{}}) AS s (name, setting) LOOP
        BEGIN
            PERFORM pg_catalog.set_config(v_name, v_setting, false);
        EXCEPTION
            WHEN OTHERS THEN NULL;
        END;
    END LOOP;
END
$do$
"""
# Parameters that Prisma, JDBC, Doctrine, SQLAlchemy and Rails put into the same URL.
OF_OTHERS = (
    "schema", "pgbouncer", "connection_limit", "pool_timeout", "socket_timeout", "statement_cache_size", "sslaccept",
    "currentSchema", "ssl", "ApplicationName", "serverVersion", "charset", "pool", "prepared_statements",
)  # fmt: skip
POOLER = (
    "a pooler is between us and the server, and may give each transaction another session:"
    " name PostgreSQL itself, not PgBouncer"
)


def checked(url: str) -> str:
    """The conninfo as given, without white space around it.

    Raises:
        BetledgerError: it cannot be read. libpq's own messages would tell pieces of the password.
    """
    url = url.strip()
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        parts = {"port": "unreadable"}
        # Only names that are those of other programs: anything else might be a piece of the password.
        if of_others := [name for name in OF_OTHERS if re.search(rf"[?&]{name}=", url)]:
            raise BetledgerError(
                f"the database URL says {of_others[0]}, which is of another program: leave ?{of_others[0]}=... out"
            ) from None
    ports = str(parts.get("port") or "").replace(",", "")
    is_url = url.startswith(("postgresql://", "postgres://"))
    names = ("host", "dbname", "user") if is_url else ("host",)
    if any("@" in str(parts.get(name) or "") for name in names) or (ports and not ports.isdecimal()):
        raise BetledgerError(
            "the database URL cannot be read: write postgresql://USER:PASSWORD@HOST:PORT/DATABASE,"
            " with %40 for @, %2F for / and %3A for : in the password"
        )
    return url


def session(url: str) -> psycopg.Connection[Any]:
    """A session in autocommit mode, with the settings that all our sessions share.

    Args:
        url: a libpq URL or keyword string; empty for libpq's own environment variables.

    Raises:
        BetledgerError: the database cannot be reached; the message never holds a password.
    """
    url = checked(url)
    try:
        # Nothing is prepared: behind a pooler, the next transaction may be on a session that does not know it.
        with as_named(url):
            connection = psycopg.connect(url, autocommit=True, application_name="betledger", prepare_threshold=None)
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        raise BetledgerError(f"the database cannot be reached: {in_one_line(error)}") from None
    if not pooled(connection):
        begin_anew(connection)
    return connection


@contextmanager
def as_named(url: str) -> Iterator[None]:
    """A conninfo that names everything, as that of a server of ours, takes nothing from libpq's variables meanwhile."""
    parts = conninfo.conninfo_to_dict(url)
    names_all = all(name in parts for name in ("host", "hostaddr", "port", "user", "password", "dbname", "sslmode"))
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if names_all and LIBPQ_VARIABLE.fullmatch(name)}
    try:
        yield
    finally:
        os.environ.update(hidden)


def begin_anew(connection: psycopg.Connection[Any], more: Mapping[str, str] | None = None) -> None:
    """Make a session as it was when it began, but for its advisory locks; with the settings that all of ours share.

    Args:
        connection: of nobody else: not through a pooler.
        more: what this one is to have besides.
    """
    settings = sql.SQL(", ").join(sql.SQL("({}, {})").format(*setting) for setting in SETTINGS.items())
    connection.execute(sql.SQL(BEGIN_ANEW).format(settings))
    for name, setting in (more or {}).items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, setting))


def pooled(connection: psycopg.Connection[Any]) -> bool:
    """Whether a pooler is in between: what is set on its session, the client after us would get."""
    row = connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    return row is not None and row[0] != connection.info.backend_pid


def value(connection: psycopg.Connection[Any], query: Any, parameters: Sequence[object] = ()) -> Any:
    """The first column of the first row that a query gives; None when it gives none."""
    row = connection.execute(query, parameters or None).fetchone()
    return row[0] if row else None


def on_citus(connection: psycopg.Connection[Any]) -> bool:
    """Whether the database has the Citus extension."""
    return bool(connection.execute("SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus'").rowcount)


def conninfo_of(connection: psycopg.Connection[Any]) -> str:
    """The conninfo that a session was opened with, with its password: for another session of ours."""
    return conninfo.make_conninfo(connection.info.dsn, password=connection.info.password or None)
