"""Plays an SQL file as a scene: comments are told, statements shown and run, results printed as tables.

A terminal gets colours, frames and time to read; anything else gets plain text.
"""

import time
from decimal import Decimal
from pathlib import Path

import psycopg
from betledger.commands.terminal import shown
from betledger.errors import BetledgerError, in_one_line
from betledger.migrating.statements import read, statements
from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

EXPECT = "-- expect:"
TITLE = "-- #"


def play(connection: psycopg.Connection, scene: Path, console: Console, pause: float = 0) -> None:
    """Play a scene.

    Args:
        connection: a session in autocommit mode.
        scene: the SQL file. A comment `-- expect: SQLSTATE` before a statement says that it has to be refused so;
            `-- # Title` begins an act.
        console: where the scene is shown.
        pause: seconds to wait after each statement.

    Raises:
        BetledgerError: a statement failed unexpectedly, or one that had to be refused was not.
    """
    text, end = read(scene), 0
    for begin, query in statements(str(scene), text):
        comments = [line for line in text[end:begin].splitlines() if line.startswith("--")]
        end = begin + len(query)
        expected = next((line.removeprefix(EXPECT).strip() for line in comments if line.startswith(EXPECT)), None)
        for line in comments:
            if line.startswith(TITLE):
                title(console, line.removeprefix(TITLE).strip())
        told = " ".join(line.removeprefix("--").strip() for line in comments if not line.startswith((TITLE, EXPECT)))
        if told:
            console.print(told, style="bold", highlight=False, markup=False)
        if console.is_terminal:
            console.print(Syntax(query, "postgresql", theme="ansi_dark", background_color="default", word_wrap=True))
        else:
            console.print(query, highlight=False, markup=False)
        try:
            cursor = connection.execute(query.encode())
        except psycopg.Error as error:
            if error.sqlstate != expected:
                raise BetledgerError(f"the scene failed at `{' '.join(query.split())}`: {in_one_line(error)}") from None
            refused(console, in_one_line(error))
            if connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
                connection.execute("ROLLBACK")
            time.sleep(pause)
            continue
        if expected:
            raise BetledgerError(f"the scene failed at `{' '.join(query.split())}`: it was not refused with {expected}")
        if cursor.description:
            table = Table(
                box=box.ROUNDED if console.is_terminal else box.ASCII2, header_style="bold cyan", border_style="dim"
            )
            found = cursor.fetchall()
            for number, column in enumerate(cursor.description):
                is_number = any(isinstance(row[number], int | Decimal) for row in found)
                table.add_column(column.name, justify="right" if is_number else "left", overflow="fold")
            for row in found:
                table.add_row(*[Text(shown(value)) for value in row])
            console.print(table)
        console.print()
        time.sleep(pause)


def title(console: Console, text: str) -> None:
    """Begin an act."""
    if console.is_terminal:
        console.rule(Text(text, style="bold green"), style="green")
    else:
        console.print(f"== {text} ==", highlight=False, markup=False)


def refused(console: Console, message: str) -> None:
    """Show what the database said."""
    if console.is_terminal:
        console.print(Panel(Text(message), title="refused", title_align="left", style="yellow"), soft_wrap=False)
        console.print()
    else:
        console.print(f"refused: {message}\n", highlight=False, markup=False)
