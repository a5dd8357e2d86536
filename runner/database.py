"""Which database a command works on, and how it is reached."""

import contextlib
import os
from typing import Any

import psycopg
from betledger.errors import BetledgerError, in_one_line
from betledger.server import EmbeddedServer
from psycopg import conninfo

LIBPQ = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE", "PGPORT")
# The one place for what every session of ours sets.
SETTINGS = {
    # Milliseconds: when we are killed, the server ends our statement and lets go of its locks. Not on every system.
    "client_connection_check_interval": "500",
}


def resolve(given: str | None) -> str:
    """The conninfo to use: what was given, else DATABASE_URL, else libpq's own variables, else the embedded server.

    Raises:
        BetledgerError: nothing is set and no embedded server runs, or the URL cannot be read.
    """
    url = given or os.environ.get("DATABASE_URL")
    if url:
        return checked(url)
    if any(name in os.environ for name in LIBPQ):
        return ""
    server = EmbeddedServer()
    if not server.running():
        raise BetledgerError("no database is named: set DATABASE_URL, or start one with `betledger server start`")
    return server.url()


def checked(url: str) -> str:
    """The conninfo as given.

    Raises:
        BetledgerError: it cannot be read. libpq's own messages would tell pieces of the password.
    """
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        parts = {"port": "unreadable"}
    ports = str(parts.get("port") or "").replace(",", "")
    if "@" in str(parts.get("host") or "") or (ports and not ports.isdecimal()):
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
    try:
        connection = psycopg.connect(checked(url), autocommit=True, application_name="betledger")
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        raise BetledgerError(f"the database cannot be reached: {in_one_line(error)}") from None
    for name, value in SETTINGS.items():
        # Each where the server knows it.
        with contextlib.suppress(psycopg.Error):
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    return connection


def on_citus(connection: psycopg.Connection[Any]) -> bool:
    """Whether the database has the Citus extension."""
    return bool(connection.execute("SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus'").rowcount)
