"""What the commands print with, and what they have in common."""

import json
import sys
from typing import Annotated

import psycopg
import typer
from betledger.database import session
from betledger.errors import BetledgerError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

# Exit code: something is pending, differs, or was found.
PENDING = 3

out = Console(soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 140)
err = Console(stderr=True)

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url", help="Else DATABASE_URL, PGHOST and so on, or the embedded server.", show_default=False
    ),
]


def tell(line: str) -> None:
    """Print a line as it is."""
    out.print(line, highlight=False, markup=False, soft_wrap=True)


def call(url: str, statement: str, parameters: tuple[object, ...]) -> list[tuple[object, ...]]:
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
        try:
            cursor = connection.execute(statement, parameters)
        except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName):
            raise BetledgerError("the database has no ledger, or an older one: run `betledger migrate`") from None
        return cursor.fetchall() if cursor.description else []
