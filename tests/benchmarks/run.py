"""The benchmarks: each figure is a ratio of two loads that run in turns on the same server.

Run with `make bench`. Arguments: --seconds (of each turn, default 5), --rounds (turns of each load, default 3),
--events (of the rebuild, default 1,000,000), --citus (the figures of a cluster instead). DATABASE_URL chooses a server,
CITUS_DATABASE_URL a cluster, else a throw-away one is started. message-db and pgledger are measured too when MESSAGE_DB
and PGLEDGER name checkouts of them.
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import betledger
import psycopg
from betledger.server import binaries, throwaway_server
from citus_cluster import running_cluster
from psycopg import conninfo, sql

HERE = Path(__file__).parent
COLUMNS = 'id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata'
EVENTS = """
SELECT gen_random_uuid() AS id, 1 + i % 100 AS tenant_id, 'bet-' || gen_random_uuid() AS aggregate_id,
    'V1_BETS_BET_PLACED' AS event_type, jsonb_build_object(
        'user_id', 'user-' || (i::bigint * 7919) % 1000, 'stake', 10.5, 'odds', 1.85, 'fixture_id', 'match-7'
    ) AS event_data,
    1700000000000 + i AS "timestamp", 1 AS version,
    jsonb_build_object('idempotency_key', gen_random_uuid()) AS metadata
FROM generate_series(1, :count) AS i
"""


def pgbench(url: str, script: str, clients: int, seconds: int, *variables: str) -> float:
    """Transactions per second of one pgbench script at `clients` connections for `seconds` seconds."""
    parts = conninfo.conninfo_to_dict(url)
    environment = os.environ | {
        "PGPASSWORD": str(parts.pop("password", "") or ""),
        "PGOPTIONS": "-c synchronous_commit=off",
    }
    command = [
        str(binaries() / "pgbench"),
        "-n",
        "-c",
        str(clients),
        "-j",
        "2",
        "-T",
        str(seconds),
        "-f",
        str(HERE / script),
    ]
    for variable in variables:
        command += ["-D", variable]
    result = subprocess.run(
        [*command, conninfo.make_conninfo("", **parts)], env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise SystemExit(f"pgbench {script} failed: {result.stderr.strip().splitlines()[-1]}")
    return float(result.stdout.split("tps = ")[1].split()[0])


def timed(action: Callable[[], object]) -> float:
    """Seconds that an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def report(name: str, bar: float, ours: list[float], theirs: list[float], unit: str) -> None:
    """Print one line: the median ratio of turns that ran side by side, the bar, and the medians."""
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    mark = "ok  " if ratio >= bar else "SHORT"
    print(
        f"{mark:5} {ratio:5.2f} (bar {bar:4.2f})  {name}: {statistics.median(ours):,.0f} to {statistics.median(theirs):,.0f} {unit}",
        flush=True,
    )


def new_database(server: str, name: str) -> str:
    """The URL of a database made anew on a server."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return conninfo.make_conninfo(server, dbname=name)


def compare(
    name: str, bar: float, ours: Callable[[], float], theirs: Callable[[], float], rounds: int, unit: str = "tps"
) -> None:
    """Run two loads in turns and report their ratio."""
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    report(name, bar, [a for a, _ in pairs], [b for _, b in pairs], unit)


def compare_inserts(ledger: str, options: argparse.Namespace, clients: tuple[int, ...]) -> None:
    """A placed bet with its read tables, to the same insert into a bare event table."""
    for count in clients:
        compare(
            f"placed bet inserted, {count} clients, to a bare insert",
            0.5,
            lambda c=count: pgbench(ledger, "place_event.sql", c, options.seconds, "events=public.bet_events"),
            lambda c=count: pgbench(ledger, "place_event.sql", c, options.seconds, "events=bare.bet_events"),
            options.rounds,
        )


def compare_copies(ledger: str, options: argparse.Namespace) -> None:
    """COPY of 200,000 placed bets with their read tables, to a COPY into a bare event table; rolled back each time."""
    with psycopg.connect(ledger, autocommit=True) as connection:
        connection.execute("CREATE TEMPORARY TABLE copied AS " + EVENTS.replace(":count", "200000"))
        with connection.cursor().copy("COPY (TABLE copied) TO STDOUT") as blocks:
            rows = b"".join(bytes(block) for block in blocks)

    def rate(table: str) -> float:
        with psycopg.connect(ledger) as load:
            load.execute("SET LOCAL synchronous_commit = off")
            cursor = load.cursor()

            def copy() -> None:
                with cursor.copy(f"COPY {table} ({COLUMNS}) FROM STDIN") as stream:
                    stream.write(rows)

            taken = timed(copy)
            load.rollback()
        return 200_000 / taken

    compare(
        "COPY of 200,000 events to a bare COPY",
        0.35,
        lambda: rate("public.bet_events"),
        lambda: rate("bare.bet_events"),
        options.rounds,
        "rows/s",
    )


def compare_rebuild(server: str, options: argparse.Namespace) -> None:
    """Folding all read tables anew, to loading their events."""
    fresh = new_database(server, "bench_rebuild")
    betledger.migrate(fresh)
    with psycopg.connect(fresh, autocommit=True) as rebuilt:
        loaded = timed(
            lambda: rebuilt.execute(
                f"INSERT INTO public.bet_events ({COLUMNS}) " + EVENTS.replace(":count", str(options.events))
            )
        )
        rebuilt.execute("TRUNCATE public.bets_view, public.user_activity_view, projection.tenant_totals")
        done = timed(lambda: rebuilt.execute("CALL ops.rebuild_projection()"))
        report(
            f"rebuild of {options.events:,} events to loading them",
            1,
            [options.events / done],
            [options.events / loaded],
            "rows/s",
        )


def compare_message_db(server: str, ledger: str, options: argparse.Namespace) -> None:
    """place_bet, to write_message of message-db."""
    if "MESSAGE_DB" in os.environ:
        store = new_database(server, "bench_message_db")
        with psycopg.connect(store, autocommit=True) as connection:
            # Not by its own script: that wants pgcrypto, which it does not use on a PostgreSQL of today.
            for folder in ("roles", "schema", "types", "tables", "functions", "indexes"):
                for file in sorted((Path(os.environ["MESSAGE_DB"]) / "database" / folder).glob("*.sql")):
                    with contextlib.suppress(psycopg.errors.DuplicateObject):
                        connection.execute(file.read_text())
            connection.execute("ALTER DATABASE bench_message_db SET search_path = message_store, public")
        for clients in (4, 8):
            compare(
                f"place_bet, {clients} clients, to write_message of message-db",
                1.0,
                lambda c=clients: pgbench(ledger, "place_bet.sql", c, options.seconds, "tenants=100"),
                lambda c=clients: pgbench(store, "message_db.sql", c, options.seconds),
                options.rounds,
            )
    else:
        print("left out: write_message of message-db (set MESSAGE_DB to a checkout)")


def compare_pgledger(server: str, ledger: str, options: argparse.Namespace) -> None:
    """deposit, to a transfer of pgledger."""
    if "PGLEDGER" in os.environ:
        other = new_database(server, "bench_pgledger")
        with psycopg.connect(other, autocommit=True) as connection:
            root = Path(os.environ["PGLEDGER"])
            for file in [*sorted(root.glob("vendor/*/*.sql")), root / "pgledger.sql"]:
                connection.execute(file.read_text())
            connection.execute(
                "CREATE TABLE bench_accounts AS SELECT i AS n, a.id"
                " FROM generate_series(1, 10000) AS i, LATERAL pgledger_create_account('user-' || i, 'USD') AS a"
            )
            connection.execute("CREATE UNIQUE INDEX ON bench_accounts (n)")
        for name, ours, theirs in (
            ("random users", "deposit.sql", "pgledger.sql"),
            ("one hot user", "deposit_hot_user.sql", "pgledger_hot_account.sql"),
        ):
            compare(
                f"deposit, {name}, 8 clients, to a transfer of pgledger",
                2.0,
                lambda s=ours: pgbench(ledger, s, 8, options.seconds),
                lambda s=theirs: pgbench(other, s, 8, options.seconds),
                options.rounds,
            )
    else:
        print("left out: transfers of pgledger (set PGLEDGER to a checkout)")


def bench_server(options: argparse.Namespace) -> None:
    """The figures of one server."""
    with throwaway_server() as server:
        ledger = new_database(server, "bench_ledger")
        betledger.migrate(ledger)
        with psycopg.connect(ledger, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA bare")
            connection.execute("CREATE TABLE bare.bet_events (LIKE public.bet_events INCLUDING ALL)")
        compare_inserts(ledger, options, (4, 8))
        compare(
            "place_bet, 32 writers of one tenant to 32 of 1,000 tenants",
            0.9,
            lambda: pgbench(ledger, "place_bet.sql", 32, options.seconds, "tenants=1"),
            lambda: pgbench(ledger, "place_bet.sql", 32, options.seconds, "tenants=1000"),
            options.rounds,
        )
        compare_copies(ledger, options)
        compare_rebuild(server, options)
        compare_message_db(server, ledger, options)
        compare_pgledger(server, ledger, options)


def bench_cluster(options: argparse.Namespace) -> None:
    """The figures of a Citus cluster."""
    with running_cluster({"shared_buffers": "256MB", "synchronous_commit": "off"}, "/tmp") as cluster:  # noqa: S108
        cluster.create("bench_ledger")
        cluster.join("bench_ledger")
        ledger = cluster.url(0, "bench_ledger")
        betledger.migrate(ledger)
        with psycopg.connect(ledger, autocommit=True) as connection:
            connection.execute("CREATE SCHEMA bare")
            for table in ("bet_events", "bets_view"):
                connection.execute(f"CREATE TABLE bare.{table} (LIKE public.{table} INCLUDING ALL)")
                connection.execute(
                    "SELECT create_distributed_table(%s, 'tenant_id', colocate_with => 'public.bet_events')",
                    (f"bare.{table}",),
                )
        compare_inserts(ledger, options, (4,))
        compare_copies(ledger, options)
        with psycopg.connect(ledger, autocommit=True) as connection:
            connection.execute(
                f"INSERT INTO public.bet_events ({COLUMNS})"
                f" SELECT id, tenant_id, 'read-' || row_number() OVER (PARTITION BY tenant_id), event_type, event_data,"
                f' "timestamp", version, metadata FROM ({EVENTS.replace(":count", "100000")}) AS e'
            )
            connection.execute("INSERT INTO bare.bets_view SELECT * FROM public.bets_view")
            connection.execute("VACUUM ANALYZE public.bets_view")
            connection.execute("VACUUM ANALYZE bare.bets_view")
            connection.execute("CREATE ROLE bench_reader LOGIN")
            connection.execute("GRANT betledger_reader TO bench_reader")
            connection.execute("GRANT USAGE ON SCHEMA bare TO bench_reader")
            connection.execute("GRANT SELECT ON bare.bets_view TO bench_reader")
        reader = conninfo.make_conninfo(ledger, user="bench_reader")
        compare(
            "read of a bet by key, 4 clients, to a read from a bare table",
            0.95,
            lambda: pgbench(reader, "read_bet.sql", 4, options.seconds, "bets=public.bets_view"),
            lambda: pgbench(reader, "read_bet.sql", 4, options.seconds, "bets=bare.bets_view"),
            options.rounds,
        )


def main() -> None:
    """Run all comparisons; the figures are printed, nothing is asserted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--citus", action="store_true")
    options = parser.parse_args()
    (bench_cluster if options.citus else bench_server)(options)


if __name__ == "__main__":
    main()
