"""A consumer of the feed: what each user of a tenant has staked. Kill it at any time, it goes on where it was."""

from __future__ import annotations

import sys
import time
from typing import Any

import ledger
from database import pool, transaction
from psycopg import Connection

CONSUMER = "user_stakes"
TYPES = ["V1_BETS_BET_PLACED"]
PLACE = "SELECT feed_cursor FROM consumers WHERE tenant_id = %s AND name = %s"
COUNT = """
    INSERT INTO user_stakes AS s (tenant_id, user_id, bets, staked) VALUES (%s, %s, 1, %s::numeric)
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET bets = s.bets + 1, staked = s.staked + excluded.staked"""
tenant = int(sys.argv[1]) if len(sys.argv) > 1 else 10001


def step(db: Connection[Any]) -> int:
    """Read some events, and keep what they say and the place behind them: both or, if it dies, neither."""
    place = db.execute(PLACE, (tenant, CONSUMER)).fetchone()
    start: str | None = place[0] if place else None
    events = ledger.feed(db, tenant, start, 100, TYPES)
    for event in events:
        # The last row has the place, and may have no event.
        if event.event_data is not None:
            db.execute(COUNT, (tenant, event.event_data["user_id"], event.event_data["stake"]))
    if events:
        ledger.advance_consumer(db, tenant, CONSUMER, start, events[-1].feed_cursor)
    return len(events)


print(f"reading the feed of tenant {tenant}", flush=True)
with pool:
    while True:
        if not transaction(tenant, step):
            time.sleep(0.2)
