"""What the commands print with: for people, for a terminal, for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

# Exit code: something is pending, differs, or was found.
PENDING = 3

out = Console(soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 140)
err = Console(stderr=True)


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
