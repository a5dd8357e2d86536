"""The command `betledger`."""

import os
import sys
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from betledger import role_commands, server_commands, tenant_commands
from betledger.database import resolve, session
from betledger.demo.player import play, shown
from betledger.errors import BetledgerError, in_one_line
from betledger.migrations import migrate as migrate_database
from betledger.migrations import opened, sql_root
from betledger.server import EmbeddedServer
from betledger.terminal import PENDING, DatabaseUrl, call, err, out, tell
from psycopg import conninfo
from rich.table import Table
from rich.text import Text

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(server_commands.app, name="server")
app.add_typer(role_commands.app, name="role")
app.add_typer(tenant_commands.app, name="tenant")

NODE_COLUMNS = (
    "node_name || ':' || node_port, node_role, CASE WHEN answers THEN 'answers' ELSE 'DOES NOT ANSWER' END, shards,"
    " pg_size_pretty(bytes)"
)
TenantId = Annotated[int | None, typer.Option("--tenant", help="Only this tenant.", show_default=False)]


@app.command()
def migrate(database_url: DatabaseUrl = None) -> None:
    """Bring a database up to date. Example: betledger migrate"""
    applied = migrate_database(resolve(database_url), progress=tell)
    out.print(f"{applied} files applied" if applied else "up to date")


@app.command()
def distribute(database_url: DatabaseUrl = None) -> None:
    """Spread a ledger over the nodes of its Citus cluster, with its rows. Readers go on, writers wait.

    Example: betledger distribute
    """
    with opened(resolve(database_url), progress=tell) as migrator:
        out.print("distributed" if migrator.distribute() else "up to date")


@app.command()
def plan(
    database_url: DatabaseUrl = None,
    check: Annotated[
        bool, typer.Option("--check", help="Print no SQL; exit with 3 if anything is pending or was edited.")
    ] = False,
) -> None:
    """Print the SQL that `migrate` would run, in order. Example: betledger plan | less"""
    with opened(resolve(database_url)) as migrator:
        state = migrator.state()
        if check:
            if state.drift:
                err.print(f"betledger: {state.drift}", highlight=False, markup=False, soft_wrap=True)
            raise typer.Exit(PENDING if state.pending else 0)
        state.require_no_drift()
        names = [f"schema/{name}.sql" for name, status in state.versioned if status == "pending"]
        names += [path for path, status in state.repeatable if status != "current"]
    for name in names:
        typer.echo(f"-- {name}\n{(sql_root() / name).read_text(encoding='utf-8')}")
    if not names:
        err.print("up to date: nothing would run")


@app.command()
def rollback(
    database_url: DatabaseUrl = None,
    count: Annotated[
        int | None,
        typer.Option("--count", min=1, help="How many, newest first; 1 when nothing is said.", show_default=False),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="The migration that stays as the newest one.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them: the ledger and its data are gone.")] = False,
) -> None:
    """Roll back versioned migrations, newest first. Example: betledger rollback --to 0009_tenants_summary_view"""
    if sum((count is not None, to is not None, everything)) > 1:
        raise typer.BadParameter("--count, --to and --all exclude each other: give one of them")
    with opened(resolve(database_url), progress=tell) as migrator:
        names = migrator.rollback(None if everything or to else count or 1, to)
    out.print(
        f"{len(names)} migrations rolled back; `betledger migrate` applies functions and triggers again"
        if names
        else "nothing was rolled back: no migration is applied after that"
        if to
        else "nothing was rolled back: no migration is applied",
        highlight=False,
    )


@app.command()
def status(database_url: DatabaseUrl = None) -> None:
    """Show what is applied and what is pending; exit with 3 when something is. Example: betledger status"""
    url = resolve(database_url)
    with opened(url) as migrator:
        state = migrator.state()
    table = Table("schema", "state")
    for name, status in state.versioned:
        table.add_row(name, status, style=None if status == "applied" else "bold")
    out.print(table)
    changed = [(path, status) for path, status in state.repeatable if status != "current"]
    out.print(f"{len(state.repeatable) - len(changed)} of {len(state.repeatable)} functions and triggers are current")
    for path, reason in changed[:10]:
        out.print(f"  {path}: {reason}", highlight=False)
    if changed[10:]:
        out.print(f"  and {len(changed) - 10} more")
    if state.pending:
        out.print(state.drift or "run `betledger migrate`", highlight=False)
        raise typer.Exit(PENDING)
    nodes = call(url, f"SELECT {NODE_COLUMNS} FROM ops.nodes()", ())
    if nodes:
        cluster = Table("node", "role", "state", "shards", "size")
        for node in nodes:
            cluster.add_row(*(Text(shown(value)) for value in node))
        out.print(cluster)


@app.command()
def rebuild(
    name: Annotated[
        str | None, typer.Argument(help="A read table; all of them when left out.", show_default=False)
    ] = None,
    tenant: TenantId = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Fold read tables anew from their events, beside writers. Example: betledger rebuild bets_view --tenant 10001"""
    call(resolve(database_url), "CALL ops.rebuild_projection(%s, %s)", (name, tenant))
    out.print("rebuilt")


@app.command()
def verify(tenant: TenantId = None, database_url: DatabaseUrl = None) -> None:
    """Compare the read tables with the fold of their events; exit with 3 when they differ. Example: betledger verify"""
    rows = call(
        resolve(database_url),
        "SELECT projection, tenant_id, key, expected, actual FROM ops.verify_projections(%s) LIMIT 100",
        (tenant,),
    )
    if not rows:
        out.print("all projections equal the fold of their events")
        return
    table = Table("projection", "tenant", "key", "expected", "actual")
    for row in rows:
        table.add_row(*[Text(shown(value)) for value in row])
    out.print(table)
    out.print(f"{len(rows)}{'+' if len(rows) == 100 else ''} rows differ: run `betledger rebuild`")
    raise typer.Exit(PENDING)


@app.command()
def purge(
    older_than: Annotated[
        str, typer.Option("--older-than", help="The age of the keys, as a PostgreSQL interval.")
    ] = "48 hours",
    batch: Annotated[int, typer.Option("--batch", min=1, help="Keys to take out between two commits.")] = 10_000,
    database_url: DatabaseUrl = None,
) -> None:
    """Take out expired idempotency keys. Example: betledger purge --older-than '48 hours'"""
    call(resolve(database_url), "CALL ops.purge_idempotency_keys(%s::interval, %s)", (older_than, batch))
    out.print("purged")


@app.command()
def doctor(database_url: DatabaseUrl = None) -> None:
    """Look for what is wrong, with remedies; exit with 3 when something is. Example: betledger doctor"""
    checks = call(resolve(database_url), "SELECT check_name, finding, remedy FROM ops.doctor()", ())
    remedies: dict[object, object] = {}
    for check, finding, remedy in checks:
        tell(f"{'ok' if finding is None else 'NO':4}{check}{'' if finding is None else f': {finding}'}")
        if finding is not None:
            remedies[check] = remedy
    for check, remedy in remedies.items():
        tell(f"\n{check}?\n    {remedy}")
    if remedies:
        raise typer.Exit(PENDING)


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
def version() -> None:
    """Show the version of the code. Example: betledger version"""
    out.print(installed("betledger"), highlight=False)


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
