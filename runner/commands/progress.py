"""How far long work has come: bars on a terminal, lines elsewhere, both with the time that is left."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import psycopg
from betledger.commands.terminal import err, is_terminal
from rich import progress as bars


@contextmanager
def shown(connection: psycopg.Connection[Any], others: bool = True, within: str | None = None) -> Iterator[None]:
    """Show what the notices of a session tell; those whose detail is {"step": ., "done": ., "total": .} move a bar.

    Args:
        connection: the session that does the work.
        others: whether notices without such a detail are printed; where Citus says what it does, they are not.
        within: a query for how far a step is since it was last told, asked by another session; "until" of the detail is
            as far as that goes.
    """
    with bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TaskProgressColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        bars.TimeRemainingColumn(),
        console=err,
        disable=not is_terminal(sys.stderr),
    ) as drawn:
        steps: dict[str, Step] = {}

        def told(notice: psycopg.errors.Diagnostic) -> None:
            try:
                detail = json.loads(notice.message_detail or "")
                name, done, total = str(detail["step"]), detail["done"], detail["total"]
                until = detail.get("until", done)
            except (ValueError, KeyError, TypeError):
                if others:
                    drawn.console.print(notice.message_primary, highlight=False, markup=False, soft_wrap=True)
                return
            if name not in steps:
                steps[name] = Step(done, drawn.add_task(name, total=total))
            steps[name].done, steps[name].until = done, until
            if is_terminal(sys.stderr):
                drawn.update(steps[name].bar, completed=done, total=total)
            else:
                line = f"{notice.message_primary}{steps[name].left(done, total)}"
                drawn.console.print(line, highlight=False, markup=False, soft_wrap=True)

        def look(query: str) -> None:
            # It is for the bar alone: where it cannot be asked, the bar waits for the next step.
            password = connection.info.password
            with (
                suppress(psycopg.Error),
                psycopg.connect(connection.info.dsn, password=password, autocommit=True) as other,
            ):
                while not is_over.wait(1):
                    (further,) = other.execute(query.encode()).fetchone() or (0,)
                    for step in list(steps.values()):
                        drawn.update(step.bar, completed=min(step.done + int(further or 0), step.until))

        is_over = threading.Event()
        connection.add_notice_handler(told)
        if within and is_terminal(sys.stderr):
            # A daemon: a query that does not come back holds nobody up.
            threading.Thread(target=look, args=(within,), daemon=True).start()
        try:
            yield
        finally:
            is_over.set()


class Step:
    """One kind of work that goes on.

    Args:
        done: what was done when it was first heard of.
        bar: that of rich.
    """

    def __init__(self, done: int, bar: bars.TaskID) -> None:
        self.bar = bar
        self.first = self.done = self.until = done
        self.began = time.monotonic()

    def left(self, done: int, total: int | None) -> str:
        """The time that is left, if what was done till now goes on as fast; nothing where that cannot be said."""
        if total is None or done >= total or done == self.first:
            return ""
        seconds = (time.monotonic() - self.began) * (total - done) / (done - self.first)
        return f"; about {timedelta(seconds=round(seconds))} left"
