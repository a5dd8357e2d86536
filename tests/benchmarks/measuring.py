"""What every benchmark measures with: pgbench for load, a clock, and the memory of one connection."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from betledger.server import binaries
from psycopg import conninfo

SCRIPTS = Path(__file__).parent / "scripts"
# Connections, caches and plans: the first second is not of the figure.
WARM_UP = 1


class FailedError(Exception):
    """A target could not do its work, or did not do all of it."""


@dataclass(frozen=True)
class Load:
    """What pgbench is to do: a script of scripts/, and how.

    Args:
        script: the file, without its ending.
        clients: connections that send at the same time.
        seconds: how long it is measured; a second more is run.
        variables: pgbench's, by name.
        options: settings of each connection, by name.
        rate: transactions a second to be sent, whatever the answers do; as many as can be, without it.
    """

    script: str
    clients: int
    seconds: int
    variables: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    rate: float | None = None


@dataclass(frozen=True)
class Answer:
    """What pgbench reports: transactions of the whole run, a second of the measured part, and the milliseconds of each."""

    transactions: int
    per_second: float
    milliseconds: list[float]


def pgbench(url: str, load: Load) -> Answer:
    """Run a load; FailedError, with pgbench's own words, when a transaction failed."""
    parts = conninfo.conninfo_to_dict(url)
    password = str(parts.pop("password", "") or "")
    options = " ".join(f"-c {name}={value}" for name, value in load.options.items())
    with tempfile.TemporaryDirectory(prefix="betledger-bench-") as folder:
        command = [str(binaries() / "pgbench"), "-n", "-M", "prepared", "-c", str(load.clients)]
        command += ["-j", str(min(load.clients, 2)), "-T", str(WARM_UP + load.seconds), "-P", "1"]
        command += ["-f", str(SCRIPTS / f"{load.script}.sql")]
        for name, value in load.variables.items():
            command += ["-D", f"{name}={value}"]
        if load.rate:
            command += ["-R", f"{load.rate:.0f}", "-l", "--log-prefix", f"{folder}/log"]
        done = subprocess.run(
            [*command, conninfo.make_conninfo("", **parts)],
            env=os.environ | {"PGPASSWORD": password, "PGOPTIONS": options},
            capture_output=True,
            text=True,
            check=False,
        )
        errors = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        if done.returncode != 0 or "aborted" in done.stderr:
            raise FailedError(
                f"{load.script}: {(errors or done.stderr.strip().splitlines() or ['no output'])[0][:300]}"
            )
        return Answer(*_rate(done.stdout, done.stderr), _latencies(Path(folder)))


def _rate(report: str, progress: str) -> tuple[int, float]:
    """Transactions in all, and a second without the warm-up, which the lines of progress tell."""
    count = int(_found(r"transactions actually processed: (\d+)", report))
    overall = float(_found(r"^tps = ([\d.]+)", report))
    if failed := int(_found(r"failed transactions: (\d+)", report)):
        raise FailedError(f"{failed} transactions failed")
    if not count:
        raise FailedError("no transaction was processed")
    warm_seconds = warm_count = 0.0
    for seconds, rate in re.findall(r"progress: ([\d.]+) s, ([\d.]+) tps", progress):
        if warm_seconds < WARM_UP - 0.05:
            warm_count += float(rate) * (float(seconds) - warm_seconds)
            warm_seconds = float(seconds)
    measured = count / overall - warm_seconds
    return count, (count - warm_count) / measured if measured > 0.2 else overall


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if not found:
        raise FailedError(f"pgbench does not say {pattern!r}: {text.strip()[:300]}")
    return found[1]


def _latencies(folder: Path) -> list[float]:
    """Milliseconds of every transaction that was logged after the warm-up, from when it was due to its answer."""
    logged = []
    for file in folder.iterdir():
        for line in file.read_text().splitlines():
            _, _, microseconds, _, epoch, fraction, *_ = line.split()
            if microseconds.isdigit():
                logged.append((int(epoch) + int(fraction) / 1e6, int(microseconds) / 1000))
    start = min((when for when, _ in logged), default=0.0) + WARM_UP
    return [took for when, took in logged if when >= start]


def percentile(values: list[float], share: int) -> float:
    """The value that so many percent of them do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def timed(action: Callable[[], object]) -> float:
    """Seconds that an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def scalar(connection: psycopg.Connection, query: str, *arguments: object) -> float:
    """The one number that a query gives."""
    row = connection.execute(query.encode(), arguments or None).fetchone()
    return float(row[0] or 0) if row else 0.0


@contextmanager
def memory_of(connection: psycopg.Connection) -> Iterator[list[float]]:
    """A list that holds, after the block, the most megabytes that the connection's backend had for itself.

    Empty where the server is on another machine, or tells nothing of itself in /proc.
    """
    status = Path(f"/proc/{connection.info.backend_pid}/status")
    peak: list[float] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.02):
            private = re.search(r"RssAnon:\s+(\d+) kB", status.read_text())
            if private:
                peak[:] = [max(*peak, int(private[1]) / 1024, 0.0)]

    # The number could be that of any process here when the server is elsewhere.
    is_here = status.exists() and "postgres" in status.with_name("cmdline").read_text()
    watcher = threading.Thread(target=look, daemon=True)
    if is_here:
        watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        if is_here:
            watcher.join()
