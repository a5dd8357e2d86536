"""What the commands print with, and the options that they have in common."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from betledger.database import session
from betledger.errors import BetledgerError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

# Exit code: something is pending, differs, or was found.
PENDING = 3

out = Console(soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 140)
err = Console(stderr=True)

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        help="Else by the environment, a file, or the embedded server.",
        show_default=False,
    ),
]
ScratchUrl = Annotated[
    str | None,
    typer.Option(
        "--scratch-url", help="Where a scratch database is made; else on the same server.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Tell each statement and how long it took.")]
Migrations = Annotated[
    list[Path] | None,
    typer.Option(
        "--migrations",
        help="A folder with schema/, functions/ and triggers/ of your own.",
        show_default=False,
    ),
]
LockTimeout = Annotated[
    str | None, typer.Option("--lock-timeout", help="How long to wait for a table lock, as 5s.", show_default=False)
]
Wait = Annotated[
    int | None, typer.Option("--wait", help="Seconds to wait for another runner.", min=0, show_default=False)
]


def tell(line: str) -> None:
    """Print a line as it is."""
    out.print(line, highlight=False, markup=False, soft_wrap=True)


def quiet(_: str) -> None:
    """Progress that nobody reads."""


@contextmanager
def working(told: Callable[[str], None]) -> Iterator[Callable[[str], None]]:
    """Progress that a terminal shows with a clock: which file is running, and for how long.

    Args:
        told: what prints a line; one that does not begin with a space is the file that is running from then on.
    """
    if not out.is_terminal:
        yield told
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True) as shown:
        running = shown.add_task("")

        def progress(line: str) -> None:
            told(line)
            if not line.startswith(" "):
                shown.reset(running, description=line)

        yield progress


def warn(line: str) -> None:
    """Print a line as it is on standard error."""
    err.print(line, highlight=False, markup=False, soft_wrap=True)


def emit(data: object) -> None:
    """Print a result as JSON."""
    typer.echo(json.dumps(data, default=str, ensure_ascii=False, indent=2))


def shown(value: object) -> str:
    """A value of a result as psql would show it."""
    return "" if value is None else json.dumps(value) if isinstance(value, dict | list) else str(value)


def table(headings: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Table:
    """A table of plain text; columns that hold nothing are left out."""
    used = [n for n, _ in enumerate(headings) if any(row[n] is not None for row in rows)]
    made = Table(*(headings[n] for n in used))
    for row in rows:
        made.add_row(*(Text(shown(row[n])) for n in used))
    return made


def records(headings: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    """The same as JSON."""
    return [dict(zip((h.replace(" ", "_") for h in headings), row, strict=True)) for row in rows]


def call(url: str, statement: str, parameters: tuple[object, ...]) -> list[tuple[object, ...]]:
    """Run a statement and show the progress that its notices tell; gives its rows.

    Raises:
        BetledgerError: what it calls is not there.
    """
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
        try:
            cursor = connection.execute(statement.encode(), parameters)
        except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName):
            raise BetledgerError("the database has no ledger, or an older one: run `betledger migrate`") from None
        return cursor.fetchall() if cursor.description else []
