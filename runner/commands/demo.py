"""`betledger demo`: a scene on a database of its own."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import betledger.demo
import typer
from betledger.commands import upkeep
from betledger.commands.reaching import call
from betledger.commands.terminal import is_terminal, out, quiet, tell, working
from betledger.database import session
from betledger.demo import DATABASE, MADE_BY_DEMO
from betledger.demo.player import play, title
from betledger.errors import BetledgerError
from betledger.migrating.migrator import migrate
from betledger.server import EmbeddedServer
from psycopg import conninfo

app = typer.Typer()

# Seconds between two statements, for who watches.
PAUSE = 0.7


@app.command()
def demo(
    pause: Annotated[
        float | None,
        typer.Option("--pause", min=0, help="Seconds between statements; 0.7 on a terminal.", show_default=False),
    ] = None,
) -> None:
    """Play a scene on a database of its own, betledger_demo. Example: betledger demo"""
    given = os.environ.get("DATABASE_URL")
    server = given or EmbeddedServer().start()
    with session(server) as connection:
        there = connection.execute(
            "SELECT shobj_description(d.oid, 'pg_database') FROM pg_database AS d WHERE d.datname = %s", (DATABASE,)
        ).fetchone()
        # On a server of ours it can only be ours.
        if given and there and there[0] != MADE_BY_DEMO:
            raise BetledgerError(f"a database {DATABASE} is there, and not of a demo: rename or drop it")
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
        connection.execute(f"COMMENT ON DATABASE {DATABASE} IS '{MADE_BY_DEMO}'".encode())
    url = conninfo.make_conninfo(server, dbname=DATABASE)
    with working(quiet) as shown:
        count = migrate(url, progress=shown)
    tell(f"{count} files applied to the new database {DATABASE}")
    waits = pause if pause is not None else PAUSE if is_terminal(sys.stdout) else 0
    with session(url) as connection:
        play(connection, Path(betledger.demo.__file__).parent / "scene.sql", out, waits)
    title(out, "A rebuild")
    tell("All read tables are folded anew from their events, as `betledger rebuild` does, beside any writers.")
    upkeep.rebuild(database_url=url)
    rows = call(url, "SELECT * FROM ops.verify_projections(NULL)", ())
    if rows:
        raise BetledgerError(f"{len(rows)} rows differ from the fold of their events")
    out.print("All projections equal the fold of their events.", style="bold green")
    _tell_what_next(is_ours=not given)


def _tell_what_next(is_ours: bool) -> None:
    title(out, "Look around")
    if not is_ours:
        tell(f"The database {DATABASE} stays on your server; the next demo makes it anew.")
        return
    command = _called()
    tell("The server goes on. While DATABASE_URL names no database, commands find the demo's:")
    for words, what in (
        ("status", "version, sizes, what was done when"),
        ("server psql", "psql: try SELECT * FROM bets_of(10001, 'anna')"),
        ("reconcile", "where the balances come from"),
        ("projection show bets_view", "a read table, and what is compiled from it"),
        ("doctor", "what is wrong with ledger and server, with remedies"),
        ("server stop", "ends the server; server destroy deletes its data, too"),
    ):
        tell(f"    {f'{command} {words}':<{len(command) + 28}}{what}")


def _called() -> str:
    """What runs us in the shell that we were called from: after `make demo`, we are not on its path."""
    ours = Path(sys.argv[0])
    found = shutil.which("betledger")
    if ours.name != "betledger" or not ours.exists():
        return "betledger"
    return "betledger" if found and os.path.samefile(found, ours) else os.path.relpath(ours)
