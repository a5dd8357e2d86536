"""The command `betledger`."""

import json
import os
import secrets
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import psycopg
import typer
from betledger.database import on_citus, resolve, session
from betledger.demo.player import play, shown
from betledger.errors import BetledgerError, in_one_line
from betledger.migrations import migrate as migrate_database
from betledger.migrations import opened, sql_root
from betledger.server import EmbeddedServer, binaries
from psycopg import conninfo, sql
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

PENDING = 3

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, help=__doc__)
server_commands = typer.Typer(no_args_is_help=True, help="A PostgreSQL server to try things out on.")
role_commands = typer.Typer(no_args_is_help=True, help="Logins for applications, tenants, analysts and operators.")
app.add_typer(server_commands, name="server")
app.add_typer(role_commands, name="role")

out = Console(soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 140)
err = Console(stderr=True)

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url", help="Else DATABASE_URL, PGHOST and so on, or the embedded server.", show_default=False
    ),
]


def _tell(line: str) -> None:
    out.print(line, highlight=False, markup=False, soft_wrap=True)


TenantId = Annotated[int | None, typer.Option("--tenant", help="Only this tenant.", show_default=False)]


@app.command()
def migrate(database_url: DatabaseUrl = None) -> None:
    """Bring a database up to date. Example: betledger migrate"""
    applied = migrate_database(resolve(database_url), progress=_tell)
    out.print(f"{applied} files applied" if applied else "up to date")


@app.command()
def distribute(database_url: DatabaseUrl = None) -> None:
    """Spread a ledger over the nodes of its Citus cluster, with its rows. Readers go on, writers wait.

    Example: betledger distribute
    """
    with opened(resolve(database_url), progress=_tell) as migrator:
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
    with opened(resolve(database_url), progress=_tell) as migrator:
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
    with opened(resolve(database_url)) as migrator:
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


@role_commands.command("create")
def role_create(
    name: Annotated[str, typer.Argument(help="The login.")],
    member_of: Annotated[str, typer.Option("--member-of", help="betledger_app, _tenant, _reader or _operator.")],
    password_file: Annotated[
        Path | None,
        typer.Option(
            "--password-file",
            help="A file with it; else BETLEDGER_ROLE_PASSWORD, else one is made.",
            show_default=False,
        ),
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Create a login in a group. Example: betledger role create app --member-of betledger_app"""
    if name.startswith("betledger_"):
        raise BetledgerError(f"role {name} would be one of ours: choose a name that does not begin with betledger_")
    password = os.environ.get("BETLEDGER_ROLE_PASSWORD", "")
    if password_file:
        password = password_file.read_text(encoding="utf-8").strip()
        if not password:
            raise BetledgerError(f"{password_file} is empty: write the password into it")
    with session(resolve(database_url)) as connection:
        groups = [
            row[0]
            for row in connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname LIKE 'betledger\\_%' AND rolname <> 'betledger_owner'"
                " AND NOT rolcanlogin ORDER BY 1"
            )
        ]
        if member_of not in groups:
            known = f"choose one of {', '.join(groups)}" if groups else "run `betledger migrate` first"
            raise BetledgerError(f"group {member_of} does not exist: {known}")
        exists = bool(connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,)).rowcount)
        identifier, kept = sql.Identifier(name), None
        with connection.transaction():
            if not exists:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(identifier))
                if not password:
                    password, kept = _new_password(name)
            try:
                if password:
                    # Only the SCRAM verifier goes to the server, whose log may keep statements.
                    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
                    literal = sql.Literal(verifier.decode())
                    connection.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(identifier, literal))
                connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(member_of), identifier))
                if member_of == "betledger_tenant" and on_citus(connection):
                    # SET LOCAL app.tenant_id has to reach the nodes, or nothing is seen there.
                    connection.execute(
                        sql.SQL("ALTER ROLE {} SET citus.propagate_set_commands = 'local'").format(identifier)
                    )
            except BaseException:
                if kept:
                    kept.unlink()
                raise
    made = f"; its password is in {kept}" if kept else "; its password stays as it was" if not password else ""
    _tell(f"role {name} is a member of {member_of}{made}")


def _new_password(name: str) -> tuple[str, Path]:
    """A random password, and the new file in the current folder that holds it."""
    kept = Path(f"{name.replace('/', '_')}.password")
    password = secrets.token_urlsafe(24)
    try:
        with open(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(password)
    except FileExistsError:
        raise BetledgerError(f"{kept} exists: delete it, or give it with --password-file") from None
    return password, kept


def _call(url: str, statement: str, parameters: tuple[object, ...]) -> list[tuple[object, ...]]:
    """Run a statement and show the progress that its notices tell; gives its rows."""
    with (
        session(url) as connection,
        Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=err,
            disable=not err.is_terminal,
        ) as bars,
    ):
        tasks: dict[str, TaskID] = {}

        def told(notice: psycopg.errors.Diagnostic) -> None:
            try:
                detail = json.loads(notice.message_detail or "")
                step, done, total = str(detail["step"]), detail["done"], detail["total"]
            except (ValueError, KeyError, TypeError):
                step, done, total = "", 0, None
            if step and err.is_terminal:
                if step not in tasks:
                    tasks[step] = bars.add_task(step, total=total)
                bars.update(tasks[step], completed=done, total=total)
            else:
                bars.console.print(notice.message_primary, highlight=False, markup=False, soft_wrap=True)

        connection.add_notice_handler(told)
        cursor = connection.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


@app.command()
def rebuild(
    name: Annotated[
        str | None, typer.Argument(help="A read table; all of them when left out.", show_default=False)
    ] = None,
    tenant: TenantId = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Fold read tables anew from their events, beside writers. Example: betledger rebuild bets_view --tenant 10001"""
    _call(resolve(database_url), "CALL ops.rebuild_projection(%s, %s)", (name, tenant))
    out.print("rebuilt")


@app.command()
def verify(tenant: TenantId = None, database_url: DatabaseUrl = None) -> None:
    """Compare the read tables with the fold of their events; exit with 3 when they differ. Example: betledger verify"""
    rows = _call(
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
    _call(resolve(database_url), "CALL ops.purge_idempotency_keys(%s::interval, %s)", (older_than, batch))
    out.print("purged")


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
    rows = _call(url, "SELECT * FROM ops.verify_projections(NULL)", ())
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
    from importlib.metadata import version as installed

    out.print(installed("betledger"), highlight=False)


@server_commands.command("start")
def server_start() -> None:
    """Start it. Example: betledger server start"""
    server = EmbeddedServer()
    server.start()
    out.print(f"running on port {server.port_file.read_text()}", highlight=False)


@server_commands.command("stop")
def server_stop() -> None:
    """Stop it. Example: betledger server stop"""
    out.print("stopped" if EmbeddedServer().stop() else "it was not running")


@server_commands.command("status")
def server_status() -> None:
    """Show whether it runs; exit with 3 when it does not. Example: betledger server status"""
    server = EmbeddedServer()
    if not server.running():
        out.print("not running")
        raise typer.Exit(PENDING)
    out.print(f"running on port {server.port_file.read_text()}, data in {server.data}", highlight=False)


def _running() -> EmbeddedServer:
    server = EmbeddedServer()
    if not server.running():
        raise BetledgerError("the embedded server is not running: run `betledger server start`")
    return server


@server_commands.command("url")
def server_url(database: Annotated[str, typer.Argument(help="The database.")] = "postgres") -> None:
    """Print its URL, for DATABASE_URL; the password stays in a file. Example: betledger server url betledger_demo"""
    server = _running()
    parts = conninfo.conninfo_to_dict(server.url(database))
    where = f"{parts['user']}@{parts['host']}:{parts['port']}/{quote(str(parts['dbname']), safe='')}"
    # libpq, and with it psql and psycopg, takes the password from there.
    typer.echo(f"postgresql://{where}?passfile={quote(str(server.pass_file))}")
    err.print(f"clients without libpq find the password in {server.password_file}", highlight=False, soft_wrap=True)


@server_commands.command("psql", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def server_psql(
    context: typer.Context, database: Annotated[str, typer.Argument(help="The database.")] = "postgres"
) -> None:
    """Open psql on it; more options are psql's. Example: betledger server psql betledger_demo"""
    parts = conninfo.conninfo_to_dict(_running().url(database))
    environment = os.environ | {"PGPASSWORD": str(parts.pop("password"))}
    program = binaries() / "psql"
    if not program.exists():
        raise BetledgerError(f"{program} does not exist: use a psql of yours with `betledger server url`")
    # In our place, so that Ctrl-C belongs to psql alone.
    os.execve(program, [str(program), conninfo.make_conninfo("", **parts), *context.args], environment)  # noqa: S606


@server_commands.command("destroy")
def server_destroy(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Stop it and delete its data. Example: betledger server destroy --yes"""
    server = EmbeddedServer()
    if not yes:
        typer.confirm(f"Delete {server.folder} and all databases in it?", abort=True)
    server.destroy()
    out.print(f"{server.folder} is gone", highlight=False)


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
