"""What one event costs inside the server: procedures that insert events one by one, in turns; the least time is the figure."""

from __future__ import annotations

from pathlib import Path

import psycopg
from measuring import FailedError, scalar, timed
from results import Results
from targets import BETLEDGER, Stage

PROCEDURES = Path(__file__).with_suffix(".sql").read_text()
# By what is measured: how many events a bet has.
KINDS = {"place": 1, "tie": 2, "life": 3}
SIDES = ("floor", "textbook", "betledger")
LARGE = "betledger, large"


def cost(connection: psycopg.Connection, kind: str, count: int) -> float:
    """Microseconds that a bet of this kind takes; FailedError unless all events are there."""
    bets = max(count // KINDS[kind], 1)
    connection.execute(f"CALL bench_{kind}({max(bets // 3, 1)})".encode())
    before = scalar(connection, "SELECT count(*) FROM bet_events")
    taken = timed(lambda: connection.execute(f"CALL bench_{kind}({bets})".encode()))
    left = scalar(connection, "SELECT count(*) FROM bet_events") - before
    if left != bets * KINDS[kind]:
        raise FailedError(f"{bets:,} bets should have left {bets * KINDS[kind]:,} events, and left {left:,.0f}")
    return taken / bets * 1e6


def run_round(stage: Stage, results: Results, kinds: list[str], number: int, count: int, large: int) -> None:
    """Each kind by each side in turn: by a ledger with so many events, too, unless that is 0."""
    connections = {side: stage.connect(side) for side in SIDES if side in stage.targets}
    if large and "betledger" in connections:
        options = "-c search_path=public -c synchronous_commit=off"
        connections[LARGE] = psycopg.connect(stage.large(BETLEDGER, large), autocommit=True, options=options)
    for connection in connections.values():
        if not connection.execute("SELECT FROM pg_proc WHERE proname = 'bench_life'").rowcount:
            connection.execute(PROCEDURES.encode())
    stage.checkpoint()
    sides = list(connections)
    first = number % max(len(sides), 1)
    for kind in kinds:
        for side in sides[first:] + sides[:first]:
            results.measure(
                f"cost_{kind}",
                side,
                number,
                "us",
                lambda s=side, k=kind: cost(connections[s], k, count),  # type: ignore[misc]
            )
    for connection in connections.values():
        connection.close()
