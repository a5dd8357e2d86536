"""Plays an SQL file as a scene: comments are told, statements shown and run, results printed as tables."""

from pathlib import Path

import psycopg
from betledger.commands.terminal import shown
from betledger.errors import BetledgerError, in_one_line
from betledger.migrating.statements import read, statements
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

EXPECT = "-- expect:"


def play(connection: psycopg.Connection, scene: Path, console: Console) -> None:
    """Play a scene.

    Args:
        connection: a session in autocommit mode.
        scene: the SQL file. A comment `-- expect: SQLSTATE` before a statement says that it has to be refused so.
        console: where the scene is shown.

    Raises:
        BetledgerError: a statement failed unexpectedly, or one that had to be refused was not.
    """
    text, end = read(scene), 0
    for begin, query in statements(str(scene), text):
        comments = [line for line in text[end:begin].splitlines() if line.startswith("--")]
        end = begin + len(query)
        expected = next((line.removeprefix(EXPECT).strip() for line in comments if line.startswith(EXPECT)), None)
        for line in comments:
            if not line.startswith(EXPECT):
                console.print(line.removeprefix("--").strip(), style="bold", highlight=False, markup=False)
        console.print(query, style="dim", highlight=False, markup=False)
        try:
            cursor = connection.execute(query.encode())
        except psycopg.Error as error:
            if error.sqlstate != expected:
                raise BetledgerError(f"the scene failed at `{' '.join(query.split())}`: {in_one_line(error)}") from None
            console.print(Panel(Text(in_one_line(error)), title="refused", style="yellow"), soft_wrap=False)
            if connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
                connection.execute("ROLLBACK")
            continue
        if expected:
            raise BetledgerError(f"the scene failed at `{' '.join(query.split())}`: it was not refused with {expected}")
        if cursor.description:
            table = Table(*[column.name for column in cursor.description])
            for row in cursor:
                table.add_row(*[Text(shown(value)) for value in row])
            console.print(table)
        console.print()
