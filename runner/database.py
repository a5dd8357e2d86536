"""Which database a command works on, and how it is reached."""

import os

import psycopg
from betledger.errors import BetledgerError, in_one_line
from betledger.server import EmbeddedServer
from psycopg import conninfo

LIBPQ = ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGDATABASE", "PGPORT")


def resolve(given: str | None) -> str:
    """The conninfo to use: what was given, else DATABASE_URL, else libpq's own variables, else the embedded server.

    Raises:
        BetledgerError: nothing is set and no embedded server runs, or the URL cannot be read.
    """
    url = given or os.environ.get("DATABASE_URL")
    if url:
        try:
            conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            raise BetledgerError(
                "the database URL cannot be read: write postgresql://USER@HOST:PORT/DATABASE"
            ) from None
        return url
    if any(name in os.environ for name in LIBPQ):
        return ""
    server = EmbeddedServer()
    if not server.running():
        raise BetledgerError("no database is named: set DATABASE_URL, or start one with `betledger server start`")
    return server.url()


def connected(url: str) -> psycopg.Connection:
    """A session in autocommit mode.

    Raises:
        BetledgerError: the database cannot be reached; the message never holds a password.
    """
    try:
        return psycopg.connect(url, autocommit=True, application_name="betledger")
    except psycopg.OperationalError as error:
        raise BetledgerError(f"the database cannot be reached: {in_one_line(error)}") from None
