"""The command `betledger`."""

from __future__ import annotations

import sys

import psycopg
import typer
from betledger.commands import about, demo, migrations, projection, role, schema, server, tenant, upkeep
from betledger.errors import BetledgerError, in_one_line

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, help=__doc__)
for commands in (upkeep, migrations, schema, about, demo):
    app.add_typer(commands.app)
for name, group in {
    "schema": schema.group,
    "projection": projection.app,
    "tenant": tenant.app,
    "role": role.app,
    "server": server.app,
}.items():
    app.add_typer(group, name=name)


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
