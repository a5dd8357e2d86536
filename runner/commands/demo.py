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


# What the database says of itself, so that no other one is dropped.
OURS = "made by betledger demo"


@app.command()
def demo() -> None:
    """Play a scene on a database of its own, betledger_demo. Example: betledger demo"""
    given = os.environ.get("DATABASE_URL")
    server = given or EmbeddedServer().start()
    with session(server) as connection:
        there = connection.execute(
            "SELECT shobj_description(d.oid, 'pg_database') FROM pg_database AS d WHERE d.datname = 'betledger_demo'"
        ).fetchone()
        # On a server of ours it can only be ours.
        if given and there and there[0] != OURS:
            raise BetledgerError("a database betledger_demo is there, and not of a demo: rename or drop it")
        connection.execute("DROP DATABASE IF EXISTS betledger_demo WITH (FORCE)")
        connection.execute("CREATE DATABASE betledger_demo")
        connection.execute(f"COMMENT ON DATABASE betledger_demo IS '{OURS}'".encode())
    url = conninfo.make_conninfo(server, dbname="betledger_demo")
    out.print(f"{migrate(url)} files applied to the new database betledger_demo")
    with session(url) as connection:
        play(connection, Path(betledger.demo.__file__).parent / "scene.sql", out)
    rows = call(url, "SELECT * FROM ops.verify_projections(NULL)", ())
    if rows:
        raise BetledgerError(f"{len(rows)} rows differ from the fold of their events")
    out.print("All projections equal the fold of their events.")
    if not given:
        out.print(
            "The server goes on: `betledger server psql betledger_demo` looks around, `betledger server stop` ends it."
        )
