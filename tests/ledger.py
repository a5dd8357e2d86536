"""Small helpers for the tests: insert events, call the stored functions, look at the whole state."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import md5
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from betledger.database import on_citus
from psycopg import sql
from psycopg.rows import dict_row

T0 = 1_700_000_000_000
TENANT, OTHER = 10001, 10002
EVENT_TABLES = ("bet_events", "payment_events", "balance_events")
READ_TABLES = ("bets_view", "payments_view", "user_balances_view", "user_activity_view", "tenants_summary_view")
PAYLOADS: dict[str, dict[str, Any]] = {
    "V1_BETS_BET_PLACED": {"user_id": "u1", "stake": 10.5, "odds": 1.85, "fixture_id": "f1"},
    "V1_BETS_BET_CONFIRMED": {},
    "V1_BETS_BET_SETTLED": {"result": "win", "payout": 19.43},
    "V1_BETS_BET_CANCELLED": {},
    "V1_BETS_BET_SETTLEMENT_CORRECTED": {"result": "loss", "payout": 0},
    "V1_PAYMENTS_DEPOSIT_CREATED": {"user_id": "u1", "amount": 100},
    "V1_PAYMENTS_DEPOSIT_COMPLETED": {},
    "V1_PAYMENTS_DEPOSIT_FAILED": {},
    "V1_PAYMENTS_DEPOSIT_REVERSED": {},
    "V1_PAYMENTS_WITHDRAWAL_CREATED": {"user_id": "u1", "amount": 40},
    "V1_PAYMENTS_WITHDRAWAL_COMPLETED": {},
    "V1_PAYMENTS_WITHDRAWAL_FAILED": {},
    "V1_PAYMENTS_WITHDRAWAL_REVERSED": {},
    "V1_BALANCES_BALANCE_INCREASED": {"user_id": "u1", "amount": 100},
    "V1_BALANCES_BALANCE_DECREASED": {"user_id": "u1", "amount": 40},
}
# The cursor of a place before all events in the feed of TENANT.
BEGINNING = "0" * 32 + md5(f"feed {TENANT}".encode(), usedforsecurity=False).hexdigest()[:8]
TABLE_OF = {"BETS": "bet_events", "PAYMENTS": "payment_events", "BALANCES": "balance_events"}


def rows(conn: psycopg.Connection, query: Any, args: Any = None) -> list[dict[str, Any]]:
    return conn.cursor(row_factory=dict_row).execute(query, args).fetchall()


def one(conn: psycopg.Connection, query: Any, args: Any = None) -> dict[str, Any]:
    (row,) = rows(conn, query, args)
    return row


def call(conn: psycopg.Connection, function: str, *args: Any) -> dict[str, Any]:
    """SELECT * FROM function(...), which has to give one row."""
    (row,) = call_all(conn, function, *args)
    return row


def call_all(conn: psycopg.Connection, function: str, *args: Any) -> list[dict[str, Any]]:
    marks = sql.SQL(", ").join([sql.Placeholder()] * len(args))
    found = rows(conn, sql.SQL("SELECT * FROM {}({})").format(sql.Identifier(function), marks), args)
    nulls = {column for row in found for column, value in row.items() if value is None}
    # The contract says what may be null; a function that gives nothing gives a row of nothing.
    allowed = may_be_null(function)
    if allowed is not None and (untold := nulls - allowed - {function}):
        raise AssertionError(f"{function}() gave null for {untold}: its comment does not say so")
    return found


@cache
def may_be_null(function: str) -> frozenset[str] | None:
    """The columns of the results of a function of public that may be null, by docs/api.json; None for one of a test."""
    contract = json.loads((Path(__file__).parents[1] / "docs" / "api.json").read_text())
    if (told := contract["functions"].get(f"public.{function}")) is None:
        return None
    returns = told.get("returns", {})
    named = contract["types"] | contract["tables"]
    columns = returns.get("columns", named.get(returns.get("type"), {}).get("columns", []))
    return frozenset(column["name"] for column in columns if column["nullable"])


def event(event_type: str, tenant: int = TENANT, aggregate: str = "a1", **overrides: Any) -> dict[str, Any]:
    """The columns of a good event; `data` changes fields of the payload, `key` sets an idempotency key."""
    data = PAYLOADS[event_type] | overrides.pop("data", {})
    key = overrides.pop("key", None)
    metadata = None if key is None else json.dumps({"idempotency_key": key})
    return {
        "id": uuid4(), "tenant_id": tenant, "aggregate_id": aggregate, "event_type": event_type,
        "event_data": json.dumps(data), "timestamp": T0, "version": 1, "metadata": metadata,
    } | overrides  # fmt: skip


def insert(conn: psycopg.Connection, *events: dict[str, Any], table: str | None = None) -> UUID:
    """Inserts events, which have the same columns, in one statement; gives the id of the first."""
    columns = list(events[0])
    row = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(columns)))
    table = table or TABLE_OF[events[0]["event_type"].split("_")[1]]
    conn.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join([row] * len(events)),
        ),
        [e[c] for e in events for c in columns],
    )
    return events[0]["id"]


def place(conn: psycopg.Connection, tenant: int = TENANT, bet: str = "bet-1", **overrides: Any) -> UUID:
    """Inserts a BET_PLACED; overrides are columns, `data` (fields of the payload) or `key`."""
    return insert(conn, event("V1_BETS_BET_PLACED", tenant, bet, **overrides))


def append(
    conn: psycopg.Connection, kind: str, tenant: int = TENANT, aggregate: str = "bet-1", **overrides: Any
) -> UUID:
    """Inserts any event by the end of its type: `append(db, "BET_CONFIRMED")`."""
    (event_type,) = [t for t in PAYLOADS if t.endswith(kind)]
    return insert(conn, event(event_type, tenant, aggregate, **overrides))


def state(conn: psycopg.Connection) -> dict[str, list[str]]:
    """All rows of all event and read tables: equal before and after means that nothing has changed."""
    tables = (*EVENT_TABLES, *READ_TABLES, "projection.tenant_totals")
    return {
        t: [r[0] for r in conn.execute(f"SELECT to_jsonb(t)::text FROM {t} AS t ORDER BY 1")]  # noqa: S608
        for t in tables
    }


@contextmanager
def refused(sqlstate: str, *words: str, hint: bool = True) -> Iterator[None]:
    """The block has to fail with this SQLSTATE, a message with these words, and a hint."""
    with pytest.raises(psycopg.Error) as caught:
        yield
    error = caught.value
    assert error.sqlstate == sqlstate, f"{error.sqlstate}: {error}"
    missing = [w for w in words if w not in (error.diag.message_primary or "")]
    assert not missing, f"{missing} not in {error.diag.message_primary!r}"
    assert error.diag.message_hint or not hint, f"no hint: {error}"


@contextmanager
def unchanged(conn: psycopg.Connection) -> Iterator[None]:
    """The block leaves every event and every read row as it was."""
    before = state(conn)
    yield
    assert state(conn) == before


def wait_until_blocked(db: psycopg.Connection, *blocked: psycopg.Connection) -> None:
    """Until the connections wait for a lock that another one holds, here or on a node of a cluster."""
    pids = [c.info.backend_pid for c in blocked]
    # A global pid of Citus is the number of the node, and ten digits of the backend.
    waiting = (
        "SELECT count(DISTINCT waiting_gpid) FROM citus_lock_waits WHERE waiting_gpid %% 10000000000 = ANY (%s)"
        if on_citus(db)
        else "SELECT count(*) FROM unnest(%s::int[]) AS p WHERE pg_blocking_pids(p) <> '{}'"
    )
    deadline = time.monotonic() + 30
    while db.execute(waiting, (pids,)).fetchone()[0] < len(pids):  # type: ignore[index]
        assert time.monotonic() < deadline, "nothing waits for a lock"
        time.sleep(0.005)
