"""What monitoring systems ask for."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Annotated

import psycopg
import typer
from betledger.commands.options import DatabaseUrl
from betledger.commands.reaching import call
from betledger.commands.terminal import tell, warn, write
from betledger.errors import BetledgerError, Interrupted, in_one_line
from betledger.settings import target
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector

app = typer.Typer()


class Ledger(Collector):
    """The metrics of a ledger, measured whenever they are asked for.

    Args:
        url: of the database; without its rights as betledger_operator, nothing is measured.
        is_asked_again: a ledger that does not answer is a metric, too, and no error.
    """

    def __init__(self, url: str, is_asked_again: bool = False) -> None:
        self.url = url
        self.is_asked_again = is_asked_again

    def collect(self) -> Iterable[Metric]:
        """What `ops.metrics()` tells.

        Raises:
            BetledgerError, psycopg.Error: the ledger does not answer, and is not asked again.
        """
        up = GaugeMetricFamily("betledger_up", "1 when the ledger answered.", value=1)
        families: dict[str, Metric] = {up.name: up}
        try:
            for name, kind, says, labels, value in call(
                self.url, "SELECT name, kind, help, labels, value FROM ops.metrics()", ()
            ):
                if name not in families:
                    made = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
                    families[name] = made(name, says)
                families[name].add_sample(name, labels, value)
        except (BetledgerError, psycopg.Error) as error:
            if not self.is_asked_again:
                raise
            warn(f"betledger: {in_one_line(error) if isinstance(error, psycopg.Error) else error}")
            up.samples.clear()
            up.add_metric([], 0)
        return families.values()

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is to measure is known when the ledger is asked."""
        return ()


@app.command()
def metrics(
    listen: Annotated[
        str | None,
        typer.Option("--listen", help="Answer on this HOST:PORT until stopped.", show_default=False),
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print what monitoring systems ask for, in the format of OpenMetrics, or answer them over HTTP.

    Example: betledger metrics --listen 127.0.0.1:9188
    """
    registry = CollectorRegistry()
    if listen is None:
        registry.register(Ledger(target(database_url)))
        write(generate_latest(registry).decode().removesuffix("\n"))
        return
    host, colon, port = listen.rpartition(":")
    if not (colon and host and port.isdecimal() and 0 < int(port) < 2**16):
        raise typer.BadParameter(f"--listen {listen} is not HOST:PORT, as 127.0.0.1:9188")
    registry.register(Ledger(target(database_url), is_asked_again=True))
    try:
        start_http_server(int(port), host.strip("[]"), registry)
    except OSError as error:
        raise BetledgerError(f"--listen {listen}: {error.strerror}: name another address of this machine") from None
    tell(f"http://{listen}/metrics")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        raise Interrupted("stopped") from None
