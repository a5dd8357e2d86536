"""What a page costs, of a list, a statement and a feed, beside the bare range of the index that it shows; one run.

    nice -n 19 .venv/bin/python tests/benchmarks/reading.py [events] [rounds]

On DATABASE_URL, a server of yours, or on a throw-away one: a ledger of so many events (a million), three of each bet.
A user has 1,000 bets of them, another one 100,000 movements of the balance. In turns; times are those of the CPU of
the server where it runs here and Linux tells them, else those of the client; the least of the rounds.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import betledger
import psycopg
from betledger.server import throwaway_server
from psycopg import conninfo

EVENTS, ROUNDS = (int(sys.argv[n]) if len(sys.argv) > n else usual for n, usual in ((1, 1_000_000), (2, 5)))
SETTINGS = {
    "shared_buffers": "1GB",
    "synchronous_commit": "off",
    "max_wal_size": "8GB",
    "autovacuum": "off",
    "jit": "off",
}
DAY, NOW = "86400000::bigint", "extract(epoch FROM now())::bigint * 1000"
# Whole lives of bets, of a hundred tenants, 300,000 events a statement; each of a thousand users of a tenant.
LIVES = f"""
INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
SELECT gen_random_uuid(), 1 + n %% 100, 'bet-' || n, e.type, CASE e.step
        WHEN 0 THEN jsonb_build_object('user_id', 'user-' || n / 100 %% 1000, 'stake', 10, 'odds', 2, 'fixture_id', 'f')
        WHEN 1 THEN '{{}}' ELSE '{{"result": "win", "payout": 20}}' END,
    {NOW} - {DAY} * 100 + n + e.step, 1, '{{}}'
FROM generate_series(%s::int, %s) AS n, (VALUES
    (0, 'V1_BETS_BET_PLACED'), (1, 'V1_BETS_BET_CONFIRMED'), (2, 'V1_BETS_BET_SETTLED')) AS e (step, type)
ORDER BY n, e.step
"""
BETS = f"""
INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
SELECT gen_random_uuid(), 1, 'own-' || n, 'V1_BETS_BET_PLACED',
    '{{"user_id": "bets", "stake": 10, "odds": 2, "fixture_id": "f"}}', {NOW} - {DAY} + n, 1, '{{}}'
FROM generate_series(1, 1000) AS n
"""
# Of a thousand days: 100 a day.
MOVEMENTS = f"""
INSERT INTO balance_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
SELECT gen_random_uuid(), 1, 'balance-' || %s, 'V1_BALANCES_BALANCE_INCREASED',
    jsonb_build_object('user_id', %s::text, 'amount', 1, 'payment_id', 'p' || n), {NOW} - n * {DAY} / 100, 1, '{{}}'
FROM generate_series(1, %s::int) AS n
"""
EVENT = 'id, aggregate_id, event_type, event_data, "timestamp", version, metadata, created_at, stored_at'
PLACE = "feed_position, feed_number"
# What is measured, and the bare range: the same rows and columns in that order, from the index that has it.
READ = {
    "bets_of, 1,000": (
        "SELECT * FROM bets_of(1, 'bets')",
        "SELECT bet_id, user_id, stake, odds, fixture_id, status, result, payout, idempotency_key, created_at,"
        " last_updated_at FROM bets_view WHERE tenant_id = 1 AND user_id = 'bets' ORDER BY created_at DESC,"
        " bet_id DESC LIMIT 1000",
    ),
    "balance_statement, 1,000": (
        "SELECT * FROM balance_statement(1, 'old')",
        "SELECT 'movement', \"timestamp\", trim_scale((event_data ->> 'amount')::numeric"
        " * CASE projection.event_kind(event_type) WHEN 'credit' THEN 1 WHEN 'debit' THEN -1 END), 0.0, NULL,"
        " CASE WHEN event_data ->> 'payment_id' IS NOT NULL THEN 'payment' WHEN event_data ->> 'bet_id' IS NOT NULL"
        " THEN 'bet' END, coalesce(event_data ->> 'payment_id', event_data ->> 'bet_id'), event_type, id, NULL"
        " FROM balance_events WHERE tenant_id = 1 AND (event_data ->> 'user_id') COLLATE \"C\" = 'old'"
        " ORDER BY (event_data ->> 'user_id') COLLATE \"C\", \"timestamp\", id LIMIT 1000",
    ),
    "bet_events_between, 1,000": (
        "SELECT * FROM bet_events_between(1)",
        'SELECT id, aggregate_id, event_type, event_data, "timestamp", version, metadata, created_at FROM bet_events'
        ' WHERE tenant_id = 1 ORDER BY "timestamp", id LIMIT 1000',
    ),
    "feed, 1,000": (
        "SELECT * FROM feed(1)",
        f"SELECT {EVENT}, {PLACE} FROM bet_events WHERE tenant_id = 1 ORDER BY {PLACE} LIMIT 1000",
    ),
    "ledger_feed, 1,000": (
        "SELECT * FROM ledger_feed()",
        f"SELECT tenant_id, {EVENT}, {PLACE} FROM bet_events ORDER BY {PLACE} LIMIT 1000",
    ),
    "the last 30 days of 100,000 movements, and of 3,000": (
        f"SELECT * FROM balance_statement(1, 'old', {NOW} - {DAY} * 30, NULL, NULL, 3000)",
        f"SELECT * FROM balance_statement(1, 'young', {NOW} - {DAY} * 30, NULL, NULL, 3000)",
    ),
}
NOTHING_NEW = {
    "feed": "SELECT * FROM feed(1, %s)",
    "ledger_feed": "SELECT * FROM ledger_feed(%s)",
}


def fill(connection: psycopg.Connection) -> None:
    """So many events, and the two users."""
    for first in range(1, EVENTS // 3 + 1, 100_000):
        connection.execute(LIVES.encode(), (first, min(first + 99_999, EVENTS // 3)))
    connection.execute(BETS.encode())
    for user, count in (("old", 100_000), ("young", 3_000)):
        connection.execute(MOVEMENTS.encode(), (user, user, count))
    connection.execute("VACUUM (ANALYZE, FREEZE)")


def clock(connection: psycopg.Connection) -> Callable[[], float]:
    """Milliseconds: of the CPU that the server has used for the connection, if that can be told."""
    path = Path(f"/proc/{connection.info.backend_pid}/schedstat")
    if connection.info.hostaddr in ("127.0.0.1", "::1", "") and path.exists():
        return lambda: int(path.read_text().split()[0]) / 1e6
    return lambda: time.perf_counter() * 1e3


def pages(connection: psycopg.Connection, query: str, after: str) -> int:
    """How many pages a query touches."""
    (plan,) = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query}".encode(), (after,)).fetchone()  # type: ignore[misc]
    return int(plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"])


def last_cursor(connection: psycopg.Connection, feed: str) -> str:
    """Of the last event: of a reader that has seen all."""
    after = None
    while rows := connection.execute(f"SELECT feed_cursor FROM {feed}".encode(), (after,)).fetchall():
        after = rows[-1][0]
    return str(after)


def main() -> None:
    """Print a line for each."""
    with (
        nullcontext(os.environ["DATABASE_URL"])
        if "DATABASE_URL" in os.environ
        else throwaway_server(SETTINGS) as server
    ):
        url = conninfo.make_conninfo(server, dbname="reading")
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS reading WITH (FORCE)")
            admin.execute("CREATE DATABASE reading")
            betledger.migrate(url)
            with psycopg.connect(url, autocommit=True) as connection:
                fill(connection)
                now = clock(connection)
                for what, queries in READ.items():
                    best = [float("inf")] * 2
                    for _ in range(ROUNDS * 10):
                        for side, query in enumerate(queries):
                            start = now()
                            connection.execute(query.encode()).fetchall()
                            best[side] = min(best[side], now() - start)
                    print(f"{what}: {best[0]:.2f} ms, {best[1]:.2f} ms: {best[0] / best[1]:.2f}", flush=True)
                for feed, query in NOTHING_NEW.items():
                    after = last_cursor(
                        connection, "feed(1, %s, 100000)" if feed == "feed" else "ledger_feed(%s, 100000)"
                    )
                    pages(connection, query, after)
                    print(f"{feed}, nothing new: {pages(connection, query, after)} pages of {EVENTS:,} events", flush=True)
            admin.execute("DROP DATABASE reading WITH (FORCE)")


if __name__ == "__main__":
    main()
