"""The command `betledger`."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from betledger import role_commands, schema_commands, server_commands, tenant_commands
from betledger.database import session
from betledger.demo.player import play
from betledger.errors import BetledgerError, in_one_line
from betledger.migrations import migrate as migrate_database
from betledger.migrations import opened
from betledger.server import EmbeddedServer
from betledger.settings import KNOWN, settings, target, without_password
from betledger.terminal import (
    PENDING,
    DatabaseUrl,
    Json,
    Migrations,
    call,
    emit,
    out,
    records,
    table,
    tell,
)
from psycopg import conninfo

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(schema_commands.app)
app.add_typer(schema_commands.schema_app, name="schema")
app.add_typer(server_commands.app, name="server")
app.add_typer(role_commands.app, name="role")
app.add_typer(tenant_commands.app, name="tenant")

TenantId = Annotated[int | None, typer.Option("--tenant", help="Only this tenant.", show_default=False)]
DIFFERENCES = ("projection", "tenant", "key", "expected", "actual")


@app.command()
def rebuild(
    name: Annotated[
        str | None, typer.Argument(help="A read table; all of them when left out.", show_default=False)
    ] = None,
    tenant: TenantId = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Fold read tables anew from their events, beside writers. Example: betledger rebuild bets_view --tenant 10001"""
    call(target(database_url), "CALL ops.rebuild_projection(%s, %s)", (name, tenant))
    emit({"rebuilt": name or "all", "tenant": tenant}) if as_json else tell("rebuilt")


@app.command()
def verify(tenant: TenantId = None, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Compare the read tables with the fold of their events; exit with 3 when they differ. Example: betledger verify"""
    rows = call(
        target(database_url),
        "SELECT projection, tenant_id, key, expected, actual FROM ops.verify_projections(%s) LIMIT 100",
        (tenant,),
    )
    if as_json:
        emit(records(DIFFERENCES, rows))
    elif not rows:
        tell("all projections equal the fold of their events")
    else:
        out.print(table(DIFFERENCES, rows))
        tell(f"{len(rows)}{'+' if len(rows) == 100 else ''} rows differ: run `betledger rebuild`")
    if rows:
        raise typer.Exit(PENDING)


@app.command()
def purge(
    older_than: Annotated[
        str, typer.Option("--older-than", help="The age of the keys, as a PostgreSQL interval.")
    ] = "48 hours",
    batch: Annotated[int, typer.Option("--batch", min=1, help="Keys to take out between two commits.")] = 10_000,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Take out expired idempotency keys. Example: betledger purge --older-than '48 hours'"""
    call(target(database_url), "CALL ops.purge_idempotency_keys(%s::interval, %s)", (older_than, batch))
    emit({"purged": older_than}) if as_json else tell("purged")


@app.command()
def doctor(database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Look for what is wrong, with remedies; exit with 3 when something is. Example: betledger doctor"""
    checks = call(target(database_url), "SELECT check_name, finding, remedy FROM ops.doctor()", ())
    remedies = {check: remedy for check, finding, remedy in checks if finding is not None}
    if as_json:
        emit(records(("check", "finding", "remedy"), checks))
    else:
        for check, finding, _ in checks:
            tell(f"{'ok' if finding is None else 'NO':4}{check}{'' if finding is None else f': {finding}'}")
        for check, remedy in remedies.items():
            tell(f"\n{check}?\n    {remedy}")
    if remedies:
        raise typer.Exit(PENDING)


@app.command()
def config(database_url: DatabaseUrl = None, migrations: Migrations = None, as_json: Json = False) -> None:
    """Show every setting and where it came from; the first wins of: flag, environment, libpq's own, file, default.

    Example: betledger config
    """
    rows = []
    for name, setting in settings(database_url=database_url, migrations=migrations).items():
        value = setting.value
        if name.endswith("_url") and value is not None:
            value = without_password(value)
        rows.append((name, value, setting.source, KNOWN[name][2]))
    headings = ("setting", "value", "from", "what it is")
    emit(records(headings, rows)) if as_json else out.print(table(headings, rows))


@app.command()
def demo() -> None:
    """Play a scene on a database of its own, betledger_demo. Example: betledger demo"""
    if not (server := os.environ.get("DATABASE_URL")):
        server = EmbeddedServer().start()
    with session(server) as connection:
        connection.execute("DROP DATABASE IF EXISTS betledger_demo WITH (FORCE)")
        connection.execute("CREATE DATABASE betledger_demo")
    url = conninfo.make_conninfo(server, dbname="betledger_demo")
    out.print(f"{migrate_database(url)} files applied to the new database betledger_demo")
    with session(url) as connection:
        if not connection.execute("SELECT FROM pg_roles WHERE rolname = 'app'").rowcount:
            connection.execute("CREATE ROLE app LOGIN")
        connection.execute("GRANT betledger_app TO app")
        play(connection, Path(__file__).parent / "demo" / "scene.sql", out)
    rows = call(url, "SELECT * FROM ops.verify_projections(NULL)", ())
    if rows:
        raise BetledgerError(f"{len(rows)} rows differ from the fold of their events")
    out.print("All projections equal the fold of their events.")
    if not os.environ.get("DATABASE_URL"):
        out.print(
            "The server goes on: `betledger server psql betledger_demo` looks around, `betledger server stop` ends it."
        )


@app.command()
def version(database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Show the version of the code, and of the schema where a database is reached. Example: betledger version"""
    schema = None
    try:
        with opened(target(database_url)) as migrator:
            schema = migrator.state().version
    except BetledgerError:
        if database_url:
            raise
    if as_json:
        emit({"code": installed("betledger"), "schema": schema})
    else:
        tell(f"betledger {installed('betledger')}")
        if schema:
            tell(f"schema {schema}")


def main() -> None:
    """Run the command line; every error ends in one line on standard error."""
    try:
        app()
    except BetledgerError as error:
        typer.echo(f"betledger: {error}", err=True)
        sys.exit(error.exit_code)
    except psycopg.Error as error:
        typer.echo(f"betledger: {in_one_line(error)}", err=True)
        sys.exit(1)
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        typer.echo(f"betledger: {what}{error.strerror or error}", err=True)
        sys.exit(1)
