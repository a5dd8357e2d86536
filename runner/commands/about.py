"""Commands that tell about betledger itself."""

from __future__ import annotations

from importlib.metadata import version as installed

import typer
from betledger.commands.options import DatabaseUrl, Json, Migrations
from betledger.commands.terminal import emit, out, records, table, tell
from betledger.errors import BetledgerError
from betledger.migrating.migrator import opened
from betledger.settings import KNOWN, settings, target, without_password

app = typer.Typer()


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
def version(database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Show the version of the code, and of the schema where a database is reached. Example: betledger version"""
    schema = None
    try:
        with opened(target(database_url)) as migrator:
            schema = migrator.state().version
    except BetledgerError:
        if database_url is not None:
            raise
    if as_json:
        emit({"code": installed("betledger"), "schema": schema})
    else:
        tell(f"betledger {installed('betledger')}")
        if schema:
            tell(f"schema {schema}")
