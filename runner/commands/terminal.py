"""What the commands print with: for people, for a terminal, for programs."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

# Exit code: something is pending, differs, or was found.
PENDING = 3


class Reader(io.TextIOWrapper):
    """Standard output or standard error, whoever reads: work that has begun does not end because nobody does.

    Args:
        stream: as Python opened it; None when it was closed.
    """

    def __init__(self, stream: io.TextIOWrapper | None) -> None:
        encoding = stream.encoding if stream else "utf-8"
        buffer = stream.detach() if stream else open(os.devnull, "wb")  # noqa: SIM115
        super().__init__(buffer, encoding, errors="backslashreplace", line_buffering=True)
        self.problem: OSError | None = None

    def write(self, text: str) -> int:
        """As of any stream, but what cannot be written is remembered, and goes nowhere."""
        if self.problem is None:
            try:
                return super().write(text)
            except OSError as error:
                self._give_up(error)
        return len(text)

    def flush(self) -> None:
        """The same."""
        if self.problem is None:
            try:
                super().flush()
            except OSError as error:
                self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.problem = error
        # What is left in the buffer has to go somewhere, too, when Python closes the stream.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


def open_streams() -> None:
    """Replace standard output and standard error of this process by such that never fail."""
    for name in ("stdout", "stderr"):
        setattr(sys, name, Reader(getattr(sys, name)))


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody watches. Not what FORCE_COLOR says: that is about colours."""
    return stream is not None and stream.isatty()


out = Console(soft_wrap=not is_terminal(sys.stdout), width=None if is_terminal(sys.stdout) else 140)
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
    if not is_terminal(sys.stdout):
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


def write(text: str) -> None:
    """Print text, byte by byte as it is."""
    print(text)


def emit(data: object) -> None:
    """Print a result as JSON."""
    is_unicode = sys.stdout.encoding.lower().startswith("utf")
    write(json.dumps(data, default=str, ensure_ascii=not is_unicode, indent=2))


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
