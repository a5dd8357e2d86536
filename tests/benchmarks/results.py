"""The figures of one run, what failed, and what the figures say beside each other."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import betledger
import psycopg
from measuring import FailedError

SETTINGS = (
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
    "fsync",
    "full_page_writes",
    "wal_sync_method",
    "autovacuum",
    "jit",
    "work_mem",
)


@dataclass(frozen=True)
class Figure:
    """What one side of a workload reached in one round."""

    workload: str
    side: str
    round: int
    value: float
    unit: str


@dataclass(frozen=True)
class Failure:
    """What could not be measured, or was not done."""

    workload: str
    side: str
    message: str


@dataclass(frozen=True)
class Bar:
    """What a ratio of two sides has to be, and what it should be.

    Args:
        workload: where both were measured.
        ours: the side that is judged.
        theirs: the side that it is compared with; None where the figure itself is judged.
        bar: the least ratio, or the most with `most`.
        goal: what we are after.
        says: the line in tables.
        most: for times and sizes, which are to be small.
    """

    workload: str
    ours: str
    theirs: str | None
    bar: float
    goal: float
    says: str
    most: bool = False

    def holds(self, ratio: float) -> bool:
        """Whether a ratio is good enough."""
        return ratio <= self.bar if self.most else ratio >= self.bar


@dataclass
class Results:
    """Everything that a run has found.

    Args:
        options: those of the command line, for the record.
    """

    options: dict[str, Any]
    figures: list[Figure] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)

    def add(self, workload: str, side: str, number: int, value: float, unit: str) -> None:
        """Keep a figure, and show it."""
        self.figures.append(Figure(workload, side, number, value, unit))
        print(f"{workload:20} {side:28} {value:14,.1f} {unit}", flush=True)

    def fail(self, workload: str, side: str, message: str) -> None:
        """Keep a failure, and show it."""
        self.failures.append(Failure(workload, side, " ".join(message.split())))
        print(f"{workload:20} {side:28} FAILED: {self.failures[-1].message}", flush=True)

    def measure(self, workload: str, side: str, number: int, unit: str, action: Callable[[], float]) -> None:
        """Keep what an action gives, or that it failed."""
        try:
            self.add(workload, side, number, action(), unit)
        except (FailedError, psycopg.Error, betledger.BetledgerError) as error:
            self.fail(workload, side, str(error))

    def rounds(self, workload: str, side: str) -> dict[int, float]:
        """The figures of a side by round."""
        return {f.round: f.value for f in self.figures if (f.workload, f.side) == (workload, side)}

    def unit(self, workload: str) -> str:
        """What the figures of a workload count."""
        return next((f.unit for f in self.figures if f.workload == workload), "")

    def sides(self, workload: str) -> list[str]:
        """The sides that were measured, in the order in which they were first."""
        return list(dict.fromkeys(f.side for f in self.figures if f.workload == workload))

    def value(self, workload: str, side: str) -> float | None:
        """The figure to print: the median of the rounds, or the least time."""
        values = list(self.rounds(workload, side).values())
        if not values:
            return None
        return min(values) if self.unit(workload) == "us" else statistics.median(values)

    def ratio(self, workload: str, ours: str, theirs: str | None) -> float | None:
        """The median of the ratios of turns that ran beside each other; of times inside the server, that of the least."""
        if theirs is None:
            return self.value(workload, ours)
        a, b = self.rounds(workload, ours), self.rounds(workload, theirs)
        both = [number for number in a if number in b]
        if not both:
            return None
        if self.unit(workload) == "us":
            return min(a.values()) / min(b.values())
        return statistics.median(a[number] / b[number] for number in both)

    def describe(self, connection: psycopg.Connection) -> None:
        """Write down server, settings and machine."""
        version = connection.execute("SELECT current_setting('server_version'), version()").fetchone() or ("?", "?")
        settings = connection.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY (%s) ORDER BY name", (list(SETTINGS),)
        ).fetchall()
        self.about |= {
            "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
            "betledger": metadata.version("betledger"),
            "postgresql": version[0].split()[0],
            "compiled": version[1],
            "settings": {name: value for name, value in settings},
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "memory": _memory(),
            "system": f"{platform.system()} {platform.machine()}",
        }

    def as_json(self) -> dict[str, Any]:
        """All of it, for a file."""
        return asdict(self)


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GB"
    except (OSError, ValueError):
        return "?"
