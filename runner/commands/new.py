"""`betledger new`: something of one's own, with its test, that passes as it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from betledger.commands.options import Json
from betledger.commands.terminal import emit, tell
from betledger.errors import BetledgerError
from betledger.migrating.folders import Source
from betledger.new import writing
from betledger.new.writing import Kind, Refused
from betledger.settings import settings

DEFAULT_FOLDER = "db"
app = typer.Typer(no_args_is_help=True, help="Something of one's own, with its test, that passes as it is.")
Folder = Annotated[
    str | None,
    typer.Option("--migrations", help="Your folder of migrations, or NAME=FOLDER; else db.", show_default=False),
]
Tests = Annotated[
    Path | None, typer.Option("--tests", help="Where its test goes; else tests beside the folder.", show_default=False)
]


@app.command("project")
def new_project(
    folder: Annotated[Path, typer.Argument(help="A folder that is new, or a repository of yours.", metavar="DIR")],
    as_json: Json = False,
) -> None:
    """Make a folder with a first function, its test and a workflow: `pytest` in it is green.

    Example: betledger new project bonus
    """
    try:
        _write(writing.project(folder.absolute()), f"cd {folder} && pytest", as_json)
    except Refused as refusal:
        raise typer.BadParameter(str(refusal)) from None


@app.command("event-type")
def new_event_type(
    name: Annotated[str, typer.Argument(help="As in V1_BETS_BET_NOTED.")],
    migrations: Folder = None,
    tests: Tests = None,
    as_json: Json = False,
) -> None:
    """Make an event type of bet_events. Example: betledger new event-type V1_BETS_BET_NOTED"""
    _new(Kind.event_type, name, migrations, tests, as_json)


@app.command("projection")
def new_projection(
    name: Annotated[str, typer.Argument(help="The read table, as in stakes_view.")],
    migrations: Folder = None,
    tests: Tests = None,
    as_json: Json = False,
) -> None:
    """Make a read table of the bets of each user. Example: betledger new projection stakes_view"""
    _new(Kind.projection, name, migrations, tests, as_json)


@app.command("event-table")
def new_event_table(
    name: Annotated[str, typer.Argument(help="As in bonus_events.")],
    migrations: Folder = None,
    tests: Tests = None,
    as_json: Json = False,
) -> None:
    """Make an event table with two types, and the read table of its streams.

    Example: betledger new event-table bonus_events
    """
    _new(Kind.event_table, name, migrations, tests, as_json)


@app.command("function")
def new_function(
    name: Annotated[str, typer.Argument(help="As in stakes_of_user.")],
    migrations: Folder = None,
    tests: Tests = None,
    as_json: Json = False,
) -> None:
    """Make a function that applications call. Example: betledger new function stakes_of_user"""
    _new(Kind.function, name, migrations, tests, as_json)


def _new(kind: Kind, name: str, migrations: str | None, tests: Path | None, as_json: bool) -> None:
    source = _source(migrations)
    try:
        _write(writing.pieces(kind, name, source, tests or source.folder.parent / "tests"), "pytest", as_json)
    except Refused as refusal:
        raise typer.BadParameter(str(refusal)) from None


def _write(made: Mapping[Path, str], then: str, as_json: bool) -> None:
    writing.write(made)
    if as_json:
        emit({"files": [str(path) for path in made]})
        return
    here = Path.cwd()
    for path in made:
        tell(str(path.relative_to(here) if path.is_relative_to(here) else path))
    tell(f"then: {then}")


def _source(migrations: str | None) -> Source:
    """The folder that is named, else the only one of the settings, else db."""
    given = settings(migrations=[migrations] if migrations else None)["migrations"].value or [DEFAULT_FOLDER]
    if len(given) > 1:
        raise typer.BadParameter(f"there are several folders of migrations: name one, as in --migrations {given[0]}")
    try:
        return Source.of(given[0])
    except BetledgerError as error:
        raise typer.BadParameter(f"{error} (`betledger new project` makes a folder)") from None
