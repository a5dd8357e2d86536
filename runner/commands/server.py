"""`betledger server`: the embedded server."""

import os
from typing import Annotated
from urllib.parse import quote

import typer
from betledger.commands.options import Json
from betledger.commands.terminal import PENDING, emit, err, out, write
from betledger.database import LIBPQ_VARIABLE
from betledger.errors import BetledgerError
from betledger.server import EmbeddedServer, binaries
from betledger.settings import embedded_database
from psycopg import conninfo

app = typer.Typer(no_args_is_help=True, help="A PostgreSQL server to try things out on.")


@app.command("start")
def server_start(as_json: Json = False) -> None:
    """Start it. Example: betledger server start"""
    server = EmbeddedServer()
    server.start()
    _tell_where(server, as_json)


@app.command("stop")
def server_stop(as_json: Json = False) -> None:
    """Stop it. Example: betledger server stop"""
    stopped = EmbeddedServer().stop()
    emit({"stopped": stopped}) if as_json else out.print("stopped" if stopped else "it was not running")


@app.command("status")
def server_status(as_json: Json = False) -> None:
    """Show whether it runs; exit with 3 when it does not. Example: betledger server status"""
    server = EmbeddedServer()
    if not _tell_where(server, as_json):
        raise typer.Exit(PENDING)


def _tell_where(server: EmbeddedServer, as_json: bool) -> bool:
    running = server.running()
    port = int(server.port_file.read_text()) if running else None
    if as_json:
        emit({"running": running, "port": port, "data": str(server.data)})
    else:
        out.print(f"running on port {port}, data in {server.data}" if running else "not running", highlight=False)
    return running


def _running() -> EmbeddedServer:
    server = EmbeddedServer()
    if not server.running():
        raise BetledgerError("the embedded server is not running: run `betledger server start`")
    return server


@app.command("url")
def server_url(database: Annotated[str, typer.Argument(help="The database.")] = "postgres") -> None:
    """Print its URL, for DATABASE_URL; the password stays in a file. Example: betledger server url betledger_demo"""
    server = _running()
    parts = conninfo.conninfo_to_dict(server.url(database))
    where = f"{parts['user']}@{parts['host']}:{parts['port']}/{quote(str(parts['dbname']), safe='')}"
    # libpq, and with it psql and psycopg, takes the password from there.
    write(f"postgresql://{where}?passfile={quote(str(server.pass_file))}")
    err.print(f"clients without libpq find the password in {server.password_file}", highlight=False, soft_wrap=True)


@app.command("psql", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def server_psql(
    context: typer.Context,
    database: Annotated[
        str | None, typer.Argument(help="The database; else postgres, or that of the demo.", show_default=False)
    ] = None,
) -> None:
    """Open psql on it; more options are psql's. Example: betledger server psql betledger_demo"""
    server = _running()
    parts = conninfo.conninfo_to_dict(server.url(database or embedded_database(server.url())))
    environment = {name: value for name, value in os.environ.items() if not LIBPQ_VARIABLE.fullmatch(name)}
    environment["PGPASSWORD"] = str(parts.pop("password"))
    program = binaries() / "psql"
    if not program.exists():
        raise BetledgerError(f"{program} does not exist: use a psql of yours with `betledger server url`")
    # In our place, so that Ctrl-C belongs to psql alone.
    os.execve(program, [str(program), conninfo.make_conninfo("", **parts), *context.args], environment)  # noqa: S606


@app.command("destroy")
def server_destroy(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False, as_json: Json = False
) -> None:
    """Stop it and delete its data. Example: betledger server destroy --yes"""
    server = EmbeddedServer()
    if not yes:
        typer.confirm(f"Delete {server.folder} and all databases in it?", abort=True)
    server.destroy()
    emit({"gone": str(server.folder)}) if as_json else out.print(f"{server.folder} is gone", highlight=False)
