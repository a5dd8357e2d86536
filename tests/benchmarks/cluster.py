"""The figures of a Citus cluster: betledger, and bare distributed tables beside it, through the coordinator."""

from __future__ import annotations

import betledger
import psycopg
import single_events
from bulk import BEYOND, copy, lines
from citus_cluster import running_cluster
from measuring import FailedError, Load, pgbench, scalar
from psycopg import conninfo
from results import Results
from targets import BETLEDGER, COLUMNS, lives

NAME = "bench_ledger"
CLIENTS = 4
# Which schema a side finds its tables in.
SIDES = {"floor": "bare", "betledger": "public"}
SETTINGS = {"shared_buffers": "256MB", "synchronous_commit": "off"}
SPREAD = {"tenants": 1000, "users": 10}
COPIED = 200_000
# Bets that can be read by number.
READABLE = f"""
INSERT INTO public.bet_events ({COLUMNS})
SELECT id, tenant_id, 'read-' || row_number() OVER (PARTITION BY tenant_id), event_type, event_data, "timestamp", version, metadata
FROM (SELECT * FROM ({lives(2 * BEYOND, 300_000)}) AS l WHERE event_type LIKE '%PLACED') AS e
"""


def run(results: Results, rounds: int, seconds: int, count: int) -> None:
    """All figures, on the cluster of CITUS_DATABASE_URL or on one of three nodes that is gone afterwards."""
    with running_cluster(SETTINGS, "/tmp") as cluster:
        cluster.create(NAME)
        try:
            cluster.join(NAME)
            ledger = cluster.url(0, NAME)
            betledger.migrate(ledger)
            build(ledger)
            with psycopg.connect(ledger) as connection:
                results.describe(connection)
            for number in range(rounds):
                run_round(results, ledger, number, seconds, count)
            with psycopg.connect(ledger, autocommit=True) as connection:
                for says, query in BETLEDGER.wrong:
                    if found := scalar(connection, query):
                        results.fail("citus", "betledger", f"{found:,.0f} {says}")
        finally:
            with psycopg.connect(cluster.urls[0], autocommit=True) as connection:
                # The role that reads is the server's, not the database's.
                cluster.drop(NAME)
                connection.execute("DROP ROLE IF EXISTS bench_reader")


def build(ledger: str) -> None:
    """Bare tables beside ours, bets to read, a reader, and the procedures that insert one by one."""
    with psycopg.connect(ledger, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA bare")
        for table in ("bet_events", "bets_view"):
            connection.execute(f"CREATE TABLE bare.{table} (LIKE public.{table} INCLUDING ALL)".encode())
            connection.execute(
                "SELECT create_distributed_table(%s, 'tenant_id', colocate_with => 'public.bet_events')",
                (f"bare.{table}",),
            )
        connection.execute(READABLE.encode())
        connection.execute("INSERT INTO bare.bets_view SELECT * FROM public.bets_view")
        for table in ("public.bets_view", "bare.bets_view"):
            connection.execute(f"VACUUM ANALYZE {table}".encode())
        connection.execute("CREATE ROLE bench_reader LOGIN")
        connection.execute("GRANT betledger_reader TO bench_reader")
        connection.execute(f"GRANT CONNECT ON DATABASE {connection.info.dbname} TO bench_reader".encode())
        connection.execute("GRANT USAGE ON SCHEMA bare TO bench_reader")
        connection.execute("GRANT SELECT ON bare.bets_view TO bench_reader")
        connection.execute(single_events.PROCEDURES.encode())


def run_round(results: Results, ledger: str, number: int, seconds: int, count: int) -> None:
    """Each workload by both sides, one after the other."""
    rows = lines(ledger, COPIED, BEYOND + number * COPIED * 3)
    sides = list(SIDES.items())[:: 1 if number % 2 == 0 else -1]
    for side, schema in sides:
        results.measure("citus_append", side, number, "tps", lambda s=schema: append(ledger, s, seconds))  # type: ignore[misc]
    for side, schema in sides:
        with psycopg.connect(ledger, autocommit=True, options=f"-c search_path={schema},public") as connection:
            results.measure("citus_copy", side, number, "events/s", lambda c=connection: copy(c, rows))  # type: ignore[misc]
    for kind in single_events.KINDS:
        for side, schema in sides:
            with psycopg.connect(ledger, autocommit=True, options=f"-c search_path={schema},public") as connection:
                single_events.warm_up(connection)
                results.measure(
                    f"citus_{kind}",
                    side,
                    number,
                    "us",
                    lambda c=connection, k=kind: single_events.cost(c, k, count),  # type: ignore[misc]
                )
    reader = conninfo.make_conninfo(ledger, user="bench_reader")
    for side, schema in sides:
        load = Load("read_bet", CLIENTS, seconds, {"tenants": 1000}, {"search_path": schema})
        results.measure("citus_read", side, number, "tps", lambda w=load: pgbench(reader, w).per_second)  # type: ignore[misc]


def append(ledger: str, schema: str, seconds: int) -> float:
    """New bets a second; FailedError unless they are all there."""
    counted = f"SELECT count(*) FROM {schema}.bet_events"
    with psycopg.connect(ledger, autocommit=True) as connection:
        before = scalar(connection, counted)
        answer = pgbench(ledger, Load("append", CLIENTS, seconds, SPREAD, {"search_path": f"{schema},public"}))
        left = scalar(connection, counted) - before
    if left != answer.transactions:
        raise FailedError(f"{answer.transactions:,} transactions left {left:,.0f} events")
    return answer.per_second
