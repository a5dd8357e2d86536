"""`betledger database`: clean databases for tests in any language."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

import psycopg
import typer
from betledger.commands.options import DatabaseUrl, Json, Migrations
from betledger.commands.terminal import emit, out, write
from betledger.database import checked, session
from betledger.migrating import clones
from betledger.server import EmbeddedServer
from betledger.settings import database_url as url_of
from betledger.settings import settings
from psycopg import conninfo

app = typer.Typer(no_args_is_help=True, help="Clean databases for tests.")

# What a URL tells of the connection to the server, besides where and who.
KEPT = ("sslmode", "sslrootcert", "sslcert", "sslkey", "options")


@app.command("clone")
def database_clone(
    database_url: DatabaseUrl = None,
    migrations: Migrations = None,
    beside_ledgers: Annotated[
        bool, typer.Option("--beside-ledgers", help="Also on a server that has a ledger: it is for tests.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the URL, password included, of a new database with the schema and without a row; takes milliseconds.

    Where no database is named, it is on the embedded server, which is started. Example: betledger database clone
    """
    found = settings(database_url=database_url, migrations=migrations)
    is_ours = found["database_url"].value is None
    with session(EmbeddedServer().start() if is_ours else url_of(found)) as connection:
        name, template = clones.clone(connection, found["migrations"].value, beside_ledgers or is_ours)
        url = _url(connection, name)
    emit({"url": url, "database": name, "template": template}) if as_json else write(url)


@app.command("drop")
def database_drop(
    which: Annotated[str, typer.Argument(help="What `betledger database clone` printed, or the name in it.")],
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Drop a clone, whoever is connected to it; nothing else is ever dropped.

    Example: betledger database drop "$URL"
    """
    is_url = "://" in which or "=" in which
    url = checked(which) if is_url else url_of(settings(database_url=database_url))
    name = str(conninfo.conninfo_to_dict(url).get("dbname", "")) if is_url else which
    clones.require_clone(name)
    if conninfo.conninfo_to_dict(url).get("dbname") == name:
        # Nobody can drop the database that he is in.
        url = conninfo.make_conninfo(url, dbname="postgres")
    with session(url) as connection:
        was_there = clones.drop(connection, name)
    emit({"database": name, "dropped": was_there}) if as_json else out.print("dropped" if was_there else "it was gone")


def _url(connection: psycopg.Connection, name: str) -> str:
    """The URL of a database on the server of a session, in the form that most clients of PostgreSQL read."""
    info = connection.info
    host = f"[{info.host}]" if ":" in info.host else quote(info.host, safe="")
    who = quote(info.user, safe="") + (f":{quote(info.password, safe='')}" if info.password else "")
    parameters = {key: value for key, value in info.get_parameters().items() if key in KEPT}
    return f"postgresql://{who}@{host}:{info.port}/{name}{f'?{urlencode(parameters)}' if parameters else ''}"
