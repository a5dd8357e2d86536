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


# Bets that each connection places first: plans, caches, and a ledger that has met it with all tenants.
WARM_UP = 3000


def cost(connection: psycopg.Connection, kind: str, count: int) -> float:
    """Microseconds that a bet of this kind takes, of so many events; FailedError unless all of them are there."""
    bets = max(count // KINDS[kind], 1)
    before = scalar(connection, "SELECT count(*) FROM bet_events")
    taken = timed(lambda: connection.execute(f"CALL bench_{kind}({bets})".encode()))
    left = scalar(connection, "SELECT count(*) FROM bet_events") - before
    if left != bets * KINDS[kind]:
        raise FailedError(f"{bets:,} bets should have left {bets * KINDS[kind]:,} events, and left {left:,.0f}")
    return taken / bets * 1e6


def warm_up(connection: psycopg.Connection) -> None:
    """Make the procedures, and let a connection place bets of each kind."""
    if not connection.execute("SELECT FROM pg_proc WHERE proname = 'bench_life'").rowcount:
        connection.execute(PROCEDURES.encode())
    for kind in KINDS:
        connection.execute(f"CALL bench_{kind}({WARM_UP // len(KINDS)})".encode())


def run(stage: Stage, results: Results, kinds: list[str], rounds: int, count: int, large: int) -> None:
    """Each kind by each side in turn: by a ledger with so many events, too, unless that is 0.

    The connections stay for all rounds, as those of a pool do.
    """
    stage.renew()
    connections = {side: stage.connect(side) for side in SIDES if side in stage.targets}
    if large and "betledger" in connections:
        options = "-c search_path=public -c synchronous_commit=off"
        connections[LARGE] = psycopg.connect(stage.large(BETLEDGER, large), autocommit=True, options=options)
    for side in list(connections):
        try:
            warm_up(connections[side])
        except psycopg.Error as error:
            results.fail("single events", side, str(error))
            connections.pop(side).close()
    sides = list(connections)
    for number in range(rounds):
        stage.checkpoint()
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
    stage.check_all(results.fail, "single events")
