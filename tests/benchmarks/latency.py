"""How long a bet takes while the server is busy, but not more than it can be: at 70 % of what it does at most."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
from bulk import DUE, expire
from measuring import FailedError, Load, percentile, scalar
from results import Results
from targets import Stage
from workloads import SPREAD, counted

SHARE = 0.7
PERCENTILES = (50, 95, 99)
ALONE = "alone"
BESIDE = {"beside a purge": "CALL ops.purge_idempotency_keys()", "beside a rebuild": "CALL ops.rebuild_projection()"}


@contextmanager
def in_background(url: str, statement: str) -> Iterator[list[float]]:
    """Run a statement again and again during the block; the list holds the second at which each run ended."""
    ended = threading.Event()
    runs: list[float] = []
    errors: list[psycopg.Error] = []
    options = "-c client_min_messages=warning"
    with psycopg.connect(url, autocommit=True, options=options) as connection:

        def work() -> None:
            start = time.perf_counter()
            try:
                while not ended.is_set():
                    connection.execute(statement.encode())
                    runs.append(time.perf_counter() - start)
            except psycopg.errors.QueryCanceled:
                pass
            except psycopg.Error as error:
                errors.append(error)

        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        try:
            yield runs
        finally:
            ended.set()
            connection.cancel_safe()
            worker.join()
    if errors:
        raise errors[0]


def run(stage: Stage, results: Results, clients: int, seconds: int, expired: int) -> None:
    """place_bet with commits that wait for the disk: as many as can be, then 70 % of that alone and beside other work."""
    stage.renew("betledger")
    with stage.connect("betledger") as connection:
        expire(connection, "bet_events", expired)
    options = {"synchronous_commit": "on"}
    load = Load("betledger/place_bet", clients, seconds, SPREAD, options)
    stage.checkpoint()
    try:
        most = counted(stage, "betledger", 1, load).per_second
        results.add("latency_most", "betledger", 0, most, "tps")
        for side in (ALONE, *BESIDE):
            stage.checkpoint()
            paced = Load(load.script, clients, seconds, SPREAD, options, rate=SHARE * most)
            with ExitStack() as stack:
                runs = (
                    stack.enter_context(in_background(stage.url("betledger"), BESIDE[side])) if side in BESIDE else []
                )
                answer = counted(stage, "betledger", 1, paced)
                _tell_if_idle(stage, results, side, runs, seconds)
            results.add("latency_sent", side, 0, answer.per_second, "tps")
            for share in PERCENTILES:
                results.add(f"latency_p{share}", side, 0, percentile(answer.milliseconds, share), "ms")
    except (FailedError, psycopg.Error) as error:
        results.fail("latency", "betledger", str(error))
    stage.check_all(results.fail, "latency", "betledger")


def _tell_if_idle(stage: Stage, results: Results, side: str, runs: list[float], seconds: int) -> None:
    """A purge that was done before the load says less than one that was not: how long it ran is a figure, too."""
    if side == "beside a purge" and runs:
        with stage.connect("betledger") as connection:
            left = scalar(connection, DUE.format("bet_events"))
        results.add("latency_purging", side, 0, min(runs[0], seconds), "s")
        if left:
            raise FailedError(f"{left:,.0f} expired keys are still there")
