"""How much quicker a batch is than single calls in pipeline mode, and than the bulk path; ratios of one run.

    nice -n 19 .venv/bin/python tests/benchmarks/batches.py [bets] [users] [rounds]

On DATABASE_URL, a server of yours, or on a throw-away one. Each round on a clone: bets staked from the balances of the
users are settled by settle_bet one call after the other over one connection in pipeline mode, each in a transaction of
its own that waits for the disk (single), does not wait (unsafe), or all in one (together); by one settle_bets (batch); by
one INSERT ... SELECT of as many settled events, which pays nothing out (bulk), and by that with another of the payouts
(paid): the same events as settle_bets stores, but for their keys.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from statistics import median

import betledger
import psycopg
from betledger.server import throwaway_server
from psycopg import conninfo
from psycopg.types.json import Jsonb

BETS, USERS, ROUNDS = (
    int(sys.argv[n]) if len(sys.argv) > n else usual for n, usual in ((1, 20_000), (2, 5_000), (3, 3))
)
SETTINGS = {
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "autovacuum": "off",
    "jit": "off",
}
INSERTED = """
INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
SELECT gen_random_uuid(), 1, i ->> 'bet_id', 'V1_BETS_BET_SETTLED', i - 'bet_id', extract(epoch FROM clock_timestamp()) * 1000, 1, '{}'
FROM jsonb_array_elements(%s) AS i
"""
PAID = """
INSERT INTO balance_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)
SELECT
    gen_random_uuid(), 1, 'balance-' || b.user_id, 'V1_BALANCES_BALANCE_INCREASED',
    jsonb_build_object('user_id', b.user_id, 'amount', i -> 'payout', 'bet_id', b.bet_id),
    extract(epoch FROM clock_timestamp()) * 1000, 1, '{}'
FROM jsonb_array_elements(%s) AS i JOIN bets_view AS b ON b.tenant_id = 1 AND b.bet_id = i ->> 'bet_id'
WHERE i ->> 'result' = 'win'
"""


def fill(url: str) -> list[dict[str, object]]:
    """A ledger with the bets; gives the items that settle them, half of them won."""
    with psycopg.connect(url, autocommit=True) as connection:
        deposits = [{"user_id": f"user-{n}", "amount": 1_000_000} for n in range(USERS)]
        connection.execute("SELECT count(*) FROM deposits(1, %s, 'money')", (Jsonb(deposits),))
        bets = [
            {"user_id": f"user-{n % USERS}", "stake": 10.5, "odds": 1.85, "fixture_id": "match-7", "from_balance": True}
            for n in range(BETS)
        ]
        placed = connection.execute(
            "SELECT bet_id FROM place_bets(1, %s, 'bets') ORDER BY item", (Jsonb(bets),)
        ).fetchall()
        connection.execute("VACUUM (ANALYZE)")
    return [
        {"bet_id": bet, "result": "win", "payout": 19.42} if n % 2 else {"bet_id": bet, "result": "loss", "payout": 0}
        for n, (bet,) in enumerate(placed)
    ]


def together(connection: psycopg.Connection, items: list[dict[str, object]]) -> None:
    """settle_bet in pipeline mode, all in one transaction, as a pipeline that is never synchronized is."""
    send(connection, items, apart=False)


def single(connection: psycopg.Connection, items: list[dict[str, object]]) -> None:
    """settle_bet in pipeline mode, each in a transaction of its own, that waits for the disk."""
    send(connection, items, apart=True)


def unsafe(connection: psycopg.Connection, items: list[dict[str, object]]) -> None:
    """The same without waiting for the disk."""
    connection.execute("SET synchronous_commit = off")
    send(connection, items, apart=True)


def send(connection: psycopg.Connection, items: list[dict[str, object]], *, apart: bool) -> None:
    """A settle_bet for each item."""
    with connection.pipeline() as pipeline:
        for n, item in enumerate(items):
            connection.execute(
                "SELECT * FROM settle_bet(1, %s, %s, %s::numeric, %s)",
                (item["bet_id"], item["result"], item["payout"], f"s{n}"), prepare=True,
            )  # fmt: skip
            if apart:
                pipeline.sync()


def batch(connection: psycopg.Connection, items: list[dict[str, object]]) -> None:
    """One settle_bets."""
    rows = connection.execute("SELECT * FROM settle_bets(1, %s, 's')", (Jsonb(items),)).fetchall()
    if len(rows) != len(items):
        raise RuntimeError(f"{len(rows)} rows of {len(items)} items")


def bulk(connection: psycopg.Connection, items: list[dict[str, object]]) -> None:
    """One INSERT ... SELECT."""
    connection.execute(INSERTED, (Jsonb(items),))


def paid(connection: psycopg.Connection, items: list[dict[str, object]]) -> None:
    """An INSERT ... SELECT of the settled events and one of the payouts."""
    with connection.transaction():
        connection.execute(INSERTED, (Jsonb(items),))
        connection.execute(PAID, (Jsonb(items),))


WAYS: dict[str, Callable[[psycopg.Connection, list[dict[str, object]]], None]] = {
    "single": single,
    "unsafe": unsafe,
    "together": together,
    "batch": batch,
    "bulk": bulk,
    "paid": paid,
}


def main() -> None:
    """Print the seconds of each way, and the ratios."""
    with (
        nullcontext(os.environ["DATABASE_URL"])
        if "DATABASE_URL" in os.environ
        else throwaway_server(SETTINGS) as server
    ):
        url = conninfo.make_conninfo(server, dbname="batches_template")
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS batches_template WITH (FORCE)")
            admin.execute("CREATE DATABASE batches_template")
            betledger.migrate(url)
            items = fill(url)
            taken: dict[str, list[float]] = {way: [] for way in WAYS}
            for number in range(ROUNDS):
                order = list(WAYS)[number % len(WAYS) :] + list(WAYS)[: number % len(WAYS)]
                for way in order:
                    admin.execute("DROP DATABASE IF EXISTS batches_clone WITH (FORCE)")
                    admin.execute("CREATE DATABASE batches_clone TEMPLATE batches_template STRATEGY file_copy")
                    admin.execute("CHECKPOINT")
                    with psycopg.connect(
                        conninfo.make_conninfo(server, dbname="batches_clone"), autocommit=True
                    ) as connection:
                        connection.execute("SELECT count(*) FROM bets_view, bet_events WHERE false")
                        start = time.perf_counter()
                        WAYS[way](connection, items)
                        taken[way].append(time.perf_counter() - start)
                        wrong = connection.execute("SELECT count(*) FROM ops.verify_projections()").fetchone()
                        if wrong != (0,):
                            raise RuntimeError(f"{way}: {wrong} differences")
                print(json.dumps({way: round(times[-1], 3) for way, times in taken.items()}), flush=True)
            admin.execute("DROP DATABASE IF EXISTS batches_clone WITH (FORCE)")
            admin.execute("DROP DATABASE batches_template WITH (FORCE)")
    for other in (way for way in WAYS if way != "batch"):
        ratios = [a / b for a, b in zip(taken[other], taken["batch"], strict=True)]
        print(f"{other} / batch: {median(ratios):.2f}")


if __name__ == "__main__":
    main()
