"""`betledger demo`: a scene on a database of its own."""

from __future__ import annotations

import os
from pathlib import Path

import betledger.demo
import typer
from betledger.commands.reaching import call
from betledger.commands.terminal import out
from betledger.database import session
from betledger.demo.player import play
from betledger.errors import BetledgerError
from betledger.migrating.migrator import migrate
from betledger.server import EmbeddedServer
from psycopg import conninfo

app = typer.Typer()


@app.command()
def demo() -> None:
    """Play a scene on a database of its own, betledger_demo. Example: betledger demo"""
    if not (server := os.environ.get("DATABASE_URL")):
        server = EmbeddedServer().start()
    with session(server) as connection:
        connection.execute("DROP DATABASE IF EXISTS betledger_demo WITH (FORCE)")
        connection.execute("CREATE DATABASE betledger_demo")
    url = conninfo.make_conninfo(server, dbname="betledger_demo")
    out.print(f"{migrate(url)} files applied to the new database betledger_demo")
    with session(url) as connection:
        if not connection.execute("SELECT FROM pg_roles WHERE rolname = 'app'").rowcount:
            connection.execute("CREATE ROLE app LOGIN")
        connection.execute("GRANT betledger_app TO app")
        play(connection, Path(betledger.demo.__file__).parent / "scene.sql", out)
    rows = call(url, "SELECT * FROM ops.verify_projections(NULL)", ())
    if rows:
        raise BetledgerError(f"{len(rows)} rows differ from the fold of their events")
    out.print("All projections equal the fold of their events.")
    if not os.environ.get("DATABASE_URL"):
        out.print(
            "The server goes on: `betledger server psql betledger_demo` looks around, `betledger server stop` ends it."
        )
