"""The benchmarks: betledger, the floor, a textbook build and two peers do the same work in turns on one server.

Run with `make bench`, and with ARGS='--only append_spread,purge' for some. DATABASE_URL or PG_BINDIR chooses a server,
CITUS_DATABASE_URL a cluster, else a throw-away one is started. message-db and pgledger are measured too when MESSAGE_DB
and PGLEDGER name checkouts of them. docs/performance.md says what is measured. Exit code 1: something failed; a ratio
below its bar is no failure.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import betledger
import bulk
import cluster
import latency
import psycopg
import report
import single_events
import workloads
from bars import BARS, CLUSTER_BARS
from betledger.server import throwaway_server
from measuring import FailedError
from results import Results
from targets import Stage, targets

# For a throw-away server. Nothing runs beside the turns, and every round begins with tables as a vacuum left them.
SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "min_wal_size": "2GB",
    "checkpoint_timeout": "30min",
    "autovacuum": "off",
    "jit": "off",
}
COSTS = [f"cost_{kind}" for kind in single_events.KINDS]
# What --only takes.
NAMES = [*(w.name for w in workloads.WORKLOADS), "bulk_spread", *COSTS, "later_events", "purge", "rebuild", "latency"]


def run_rounds(stage: Stage, results: Results, options: argparse.Namespace, chosen: list[str]) -> None:
    """Everything that is done in turns: each round in new clones, which are checked afterwards."""
    loads = [w for w in workloads.WORKLOADS if w.name in chosen]
    rows = bulk.lines(stage.server, options.rows) if "bulk_spread" in chosen else b""
    for number in range(options.rounds):
        stage.renew()
        workloads.run_round(stage, results, loads, number, options.clients, options.seconds)
        if rows:
            bulk.run_copies(stage, results, number, rows)
        stage.check_all(results.fail, "check after a round")
        if "later_events" in chosen:
            bulk.run_later(stage, results, number, options.rows)
        if "purge" in chosen:
            bulk.run_purge(stage, results, number, options.rows)
        if "rebuild" in chosen and options.events:
            bulk.run_rebuild(stage, results, number, options.events)


def bench_server(results: Results, options: argparse.Namespace, chosen: list[str]) -> None:
    """The figures of one server."""
    with throwaway_server(SETTINGS) as server:
        stage = Stage(server, options.preload, lambda name, what, why: results.fail(what, name, why))
        with psycopg.connect(server) as connection:
            results.describe(connection)
        try:
            stage.prepare(targets())
            if "betledger" in stage.targets:
                run_rounds(stage, results, options, chosen)
                if kinds := [kind for kind in single_events.KINDS if f"cost_{kind}" in chosen]:
                    single_events.run(stage, results, kinds, options.rounds, options.count, options.events)
                if "latency" in chosen:
                    latency.run(stage, results, options.clients, options.seconds, options.rows)
        finally:
            stage.clear()


def main() -> int:
    """Measure, print, write; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each load (3)")
    parser.add_argument("--seconds", type=int, default=5, help="of each turn (5)")
    parser.add_argument("--clients", type=int, default=workloads.CLIENTS, help="where a workload does not say (8)")
    parser.add_argument("--only", metavar="NAMES", help=f"some of {','.join(NAMES)}")
    parser.add_argument(
        "--preload",
        type=int,
        default=100_000,
        help="events that are there before (100,000); below 30,000 not all users are",
    )
    parser.add_argument("--rows", type=int, default=200_000, help="of a COPY, a large statement, a purge (200,000)")
    parser.add_argument(
        "--events", type=int, default=1_000_000, help="of the large ledger and the rebuild (1,000,000); 0: none"
    )
    parser.add_argument("--count", type=int, default=3000, help="single events of a turn (3,000)")
    parser.add_argument("--citus", action="store_true", help="the figures of a cluster instead")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure")
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="write tables and picture into performance.md of DIR"
    )
    options = parser.parse_args()
    # As Ctrl+C does: a throw-away server goes with us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = options.only.split(",") if options.only else NAMES
    if unknown := [name for name in chosen if name not in NAMES]:
        parser.error(f"--only does not know {', '.join(unknown)}: it takes {', '.join(NAMES)}")
    asked = {n: v for n, v in vars(options).items() if n not in ("json", "report") and v}
    results = Results(asked)
    try:
        if options.citus:
            cluster.run(results, options.rounds, options.seconds, options.count)
        else:
            bench_server(results, options, chosen)
    except (psycopg.Error, betledger.BetledgerError) as error:
        # What was measured before is written, all the same.
        results.fail("the run", "server", str(error))
    bars = CLUSTER_BARS if options.citus else BARS
    report.print_bars(results, bars)
    if options.json:
        report.write_json(results, bars, options.json)
    if options.report:
        try:
            report.write_page(results, bars, options.report)
        except (FailedError, OSError) as error:
            results.fail("the report", str(options.report), str(error))
    return 1 if results.failures else 0


if __name__ == "__main__":
    sys.exit(main())
