"""The fold of the events into the read tables, written a second time: in Python, from the design and the comments in
the schema, not from the SQL. What the database shows is compared with it, as text, to the last trailing zero.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg

EXACT = Context(prec=200)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVENT_TABLES = ("bet_events", "payment_events", "balance_events")
COLUMNS = ("id", "tenant_id", "aggregate_id", "event_type", "event_data", "timestamp", "version", "metadata")

# Of two events of the same time, that of the higher rank is later, or of the greater type; the status of a row is that
# of its highest rank.
RANKS = {"CONFIRMED": 1, "COMPLETED": 2, "FAILED": 2, "CANCELLED": 2, "SETTLED": 2, "CORRECTED": 2, "REVERSED": 2}

# What is read of each read table: numbers as text, so that 1.5 is not 1.50.
READ_TABLES = {
    "bets_view": "tenant_id, bet_id, user_id, stake::text, odds::text, fixture_id, status, result, payout::text,"
    " idempotency_key, created_at, last_updated_at",
    "payments_view": "tenant_id, payment_id, user_id, type, amount::text, status, idempotency_key, created_at,"
    " last_updated_at",
    "user_balances_view": "tenant_id, user_id, balance::text, transaction_count, last_transaction_at",
    "user_activity_view": "tenant_id, user_id, bets, open_bets, staked::text, paid_out::text, net_result::text,"
    " deposits::text, withdrawals::text, first_activity_at, last_activity_at",
    "tenants_summary_view": "tenant_id, users, bets, bets_placed, bets_confirmed, bets_settled, bets_cancelled,"
    " staked::text, paid_out::text, gross_gaming_revenue::text, deposits::text, withdrawals::text, balances::text,"
    " last_activity_at",
}
READ_TABLE_STORAGE = (
    "public.bets_view",
    "public.payments_view",
    "public.user_balances_view",
    "public.user_activity_view",
    "projection.tenant_totals",
)

Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Event:
    """An event as a client sends it. event_data is the JSON text, so that the spelling of numbers is kept."""

    table: str
    tenant_id: int
    aggregate_id: str
    event_type: str
    event_data: str
    timestamp: int
    key: str | None = None
    id: UUID = None  # type: ignore[assignment]
    metadata: str | None = None

    def __post_init__(self) -> None:
        if self.id is None:
            object.__setattr__(self, "id", uuid4())
        if self.key is not None:
            object.__setattr__(self, "metadata", json.dumps({"idempotency_key": self.key, "source": "test"}))

    @property
    def row(self) -> tuple[Any, ...]:
        return (
            self.id, self.tenant_id, self.aggregate_id, self.event_type, self.event_data, self.timestamp, 1,
            self.metadata,
        )  # fmt: skip

    @property
    def payload(self) -> dict[str, Any]:
        return json.loads(self.event_data, parse_int=Decimal, parse_float=Decimal)

    @property
    def position(self) -> tuple[int, int, str, str]:
        return self.timestamp, self.rank, self.event_type, str(self.id)

    @property
    def rank(self) -> int:
        return RANKS.get(self.event_type.rsplit("_", 1)[1], 0)


def payload(**fields: Any) -> str:
    """JSON text of a payload; a Decimal becomes a JSON number in the spelling that it has."""
    return "{" + ", ".join(f"{json.dumps(k)}: {_json(v)}" for k, v in fields.items()) + "}"


def _json(value: Any) -> str:
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def bet(tenant_id: int, bet_id: str, kind: str, timestamp: int, key: str | None = None, **fields: Any) -> Event:
    """An event of a bet; a placed one has a user, stake, odds and fixture even if not given."""
    defaults: dict[str, Any] = {}
    if kind == "placed":
        defaults = {"user_id": "u1", "stake": Decimal("10.50"), "odds": Decimal("1.85"), "fixture_id": "f1"}
    elif kind in ("settled", "settlement_corrected"):
        defaults = {"result": "win", "payout": Decimal("19.43")}
    data = payload(**(defaults | fields))
    return Event("bet_events", tenant_id, bet_id, f"V1_BETS_BET_{kind.upper()}", data, timestamp, key)


def payment(tenant_id: int, payment_id: str, kind: str, timestamp: int, key: str | None = None, **fields: Any) -> Event:
    """An event of a payment: kind is such as deposit_created."""
    defaults = {"user_id": "u1", "amount": Decimal("100.00")} if kind.endswith("created") else {}
    data = payload(**(defaults | fields))
    return Event("payment_events", tenant_id, payment_id, f"V1_PAYMENTS_{kind.upper()}", data, timestamp, key)


def balance(tenant_id: int, user_id: str, kind: str, amount: Any, timestamp: int, key: str | None = None) -> Event:
    """A balance event: kind is increased or decreased."""
    data = payload(user_id=user_id, amount=amount)
    return Event(
        "balance_events", tenant_id, f"balance-{user_id}", f"V1_BALANCES_BALANCE_{kind.upper()}", data, timestamp, key
    )


# ---------------------------------------------------------------------------------------------- the fold


def fold(events: Iterable[Event]) -> Rows:
    """All read tables that a set of events makes, each as sorted rows in the columns of READ_TABLES."""
    by_table: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_table[event.table].append(event)
    bets = [_bet(stream) for stream in _streams(by_table["bet_events"], lambda e: e.aggregate_id)]
    payments = [_payment(stream) for stream in _streams(by_table["payment_events"], lambda e: e.aggregate_id)]
    balances = [_balance(stream) for stream in _streams(by_table["balance_events"], lambda e: e.payload["user_id"])]
    users = _activity(bets, payments)
    tenants = _tenants([e for stream in by_table.values() for e in stream], bets, payments, balances, users)
    folded = {
        "bets_view": bets,
        "payments_view": payments,
        "user_balances_view": balances,
        "user_activity_view": users,
        "tenants_summary_view": tenants,
    }
    return {
        name: sorted((tuple(_shown(v) for v in row.values()) for row in rows), key=repr)
        for name, rows in folded.items()
    }


def _streams(events: Iterable[Event], key: Any) -> list[list[Event]]:
    streams: dict[tuple[int, str], list[Event]] = defaultdict(list)
    for event in events:
        streams[event.tenant_id, key(event)].append(event)
    return [sorted(stream, key=lambda e: e.position) for stream in streams.values()]


def _last(stream: Sequence[Event], *endings: str) -> tuple[dict[str, Any], str | None]:
    """Payload and key of the last event of some kinds; nothing when there is none."""
    for event in reversed(stream):
        if event.event_type.endswith(endings):
            return event.payload, json.loads(event.metadata or "{}").get("idempotency_key")
    return {}, None


def _furthest(stream: Sequence[Event]) -> Event:
    """The event that says the status: a settled bet stays settled, whatever comes later."""
    return max(stream, key=lambda event: (event.rank, event.position))


def _bet(stream: list[Event]) -> dict[str, Any]:
    placed, key = _last(stream, "_PLACED")
    settled, _ = _last(stream, "_SETTLED", "_CORRECTED")
    return {
        "tenant_id": stream[0].tenant_id,
        "bet_id": stream[0].aggregate_id,
        "user_id": placed.get("user_id"),
        "stake": _decimal(placed.get("stake")),
        "odds": _decimal(placed.get("odds")),
        "fixture_id": placed.get("fixture_id"),
        # Corrected is settled, too.
        "status": _furthest(stream).event_type.rsplit("_", 1)[1].lower().replace("corrected", "settled"),
        "result": settled.get("result"),
        "payout": _decimal(settled.get("payout")),
        "idempotency_key": key,
        "created_at": _time(stream[0].timestamp),
        "last_updated_at": _time(stream[-1].timestamp),
    }


def _payment(stream: list[Event]) -> dict[str, Any]:
    created, key = _last(stream, "_CREATED")
    _, _, kind, status = _furthest(stream).event_type.lower().split("_")
    return {
        "tenant_id": stream[0].tenant_id,
        "payment_id": stream[0].aggregate_id,
        "user_id": created.get("user_id"),
        "type": kind,
        "amount": _decimal(created.get("amount")),
        "status": status,
        "idempotency_key": key,
        "created_at": _time(stream[0].timestamp),
        "last_updated_at": _time(stream[-1].timestamp),
    }


def _balance(stream: list[Event]) -> dict[str, Any]:
    total = Decimal(0)
    for event in stream:
        amount = _decimal(event.payload["amount"])
        assert amount is not None
        add = EXACT.add if event.event_type.endswith("_INCREASED") else EXACT.subtract
        total = add(total, amount)
    return {
        "tenant_id": stream[0].tenant_id,
        "user_id": stream[0].payload["user_id"],
        "balance": EXACT.normalize(total),
        "transaction_count": len(stream),
        "last_transaction_at": _time(stream[-1].timestamp),
    }


def _activity(bets: list[dict[str, Any]], payments: list[dict[str, Any]]) -> list[dict[str, Any]]:
    users = sorted({(row["tenant_id"], row["user_id"]) for row in bets + payments if row["user_id"] is not None})
    rows = []
    for tenant_id, user_id in users:
        mine = [b for b in bets if (b["tenant_id"], b["user_id"]) == (tenant_id, user_id)]
        paid = [p for p in payments if (p["tenant_id"], p["user_id"]) == (tenant_id, user_id)]
        settled = [b for b in mine if b["status"] == "settled"]
        rows.append(
            {
                "tenant_id": tenant_id,
                "user_id": user_id,
                "bets": len(mine),
                "open_bets": sum(b["status"] in ("placed", "confirmed") for b in mine),
                "staked": _sum(b["stake"] for b in mine if b["status"] != "cancelled"),
                "paid_out": _sum(b["payout"] for b in settled),
                "net_result": _sum(_less(b["payout"], b["stake"]) for b in settled),
                "deposits": _paid(paid, "deposit"),
                "withdrawals": _paid(paid, "withdrawal"),
                "first_activity_at": min(row["created_at"] for row in mine + paid),
                "last_activity_at": max(row["last_updated_at"] for row in mine + paid),
            }
        )
    return rows


def _tenants(
    events: list[Event],
    bets: list[dict[str, Any]],
    payments: list[dict[str, Any]],
    balances: list[dict[str, Any]],
    users: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    rows = []
    for tenant_id in sorted({event.tenant_id for event in events}):
        mine = [b for b in bets if b["tenant_id"] == tenant_id]
        settled = [b for b in mine if b["status"] == "settled"]
        paid = [p for p in payments if p["tenant_id"] == tenant_id]
        rows.append(
            {
                "tenant_id": tenant_id,
                "users": sum(u["tenant_id"] == tenant_id for u in users),
                "bets": len(mine),
                **{
                    f"bets_{status}": sum(b["status"] == status for b in mine)
                    for status in ("placed", "confirmed", "settled", "cancelled")
                },
                "staked": _sum(b["stake"] for b in mine if b["status"] != "cancelled"),
                "paid_out": _sum(b["payout"] for b in settled),
                "gross_gaming_revenue": _sum(_less(b["stake"], b["payout"]) for b in settled),
                "deposits": _paid(paid, "deposit"),
                "withdrawals": _paid(paid, "withdrawal"),
                "balances": _sum(b["balance"] for b in balances if b["tenant_id"] == tenant_id),
                "last_activity_at": _time(max(e.timestamp for e in events if e.tenant_id == tenant_id)),
            }
        )
    return rows


def _paid(payments: list[dict[str, Any]], kind: str) -> Decimal:
    return _sum(p["amount"] for p in payments if p["type"] == kind and p["status"] not in ("failed", "reversed"))


def _sum(values: Iterable[Decimal | None]) -> Decimal:
    """The sum of what is known, without trailing zeros, as the summaries show it."""
    total = Decimal(0)
    for value in values:
        total = total if value is None else EXACT.add(total, value)
    return EXACT.normalize(total)


def _less(a: Decimal | None, b: Decimal | None) -> Decimal | None:
    return None if a is None or b is None else EXACT.subtract(a, b)


def _decimal(value: Decimal | str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _time(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)


def _shown(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value


# ---------------------------------------------------------------------------------------------- the database


def read(db: psycopg.Connection, tenants: Iterable[int] | None = None, tables: Iterable[str] = READ_TABLES) -> Rows:
    """The read tables of some tenants (of all without a list), to be compared with fold()."""
    wanted = None if tenants is None else list(tenants)
    return {
        name: sorted(
            db.execute(
                f"SELECT {READ_TABLES[name]} FROM public.{name} WHERE %s::bigint[] IS NULL OR tenant_id = ANY (%s)",
                (wanted, wanted),
            ).fetchall(),
            key=repr,
        )
        for name in tables
    }


def insert(db: psycopg.Connection, events: Sequence[Event], created_at: datetime | None = None) -> None:
    """Inserts events of one table by one statement."""
    columns = COLUMNS if created_at is None else (*COLUMNS, "created_at")
    values = ", ".join(["(" + ", ".join(["%s"] * len(columns)) + ")"] * len(events))
    rows = [event.row if created_at is None else (*event.row, created_at) for event in events]
    names = ", ".join(f'"{c}"' for c in columns)
    db.execute(f"INSERT INTO public.{events[0].table} ({names}) VALUES {values}", [v for row in rows for v in row])


def copy(db: psycopg.Connection, events: Sequence[Event]) -> None:
    """Loads events of one table by COPY."""
    names = ", ".join(f'"{c}"' for c in COLUMNS)
    with db.cursor() as cursor, cursor.copy(f"COPY public.{events[0].table} ({names}) FROM STDIN") as target:
        for event in events:
            target.write_row(event.row)


def delete_read_rows(db: psycopg.Connection, tenants: Iterable[int] | None = None) -> None:
    """Takes away rows of the read tables behind the back of the ledger: as superuser."""
    wanted = None if tenants is None else list(tenants)
    for table in READ_TABLE_STORAGE:
        db.execute(f"DELETE FROM {table} WHERE %s::bigint[] IS NULL OR tenant_id = ANY (%s)", (wanted, wanted))


def verify(db: psycopg.Connection, tenant_id: int | None = None) -> list[tuple[Any, ...]]:
    """What ops.verify_projections finds: nothing when all is well."""
    columns = "projection, tenant_id, key, expected::text, actual::text"
    return db.execute(f"SELECT {columns} FROM ops.verify_projections(%s)", (tenant_id,)).fetchall()
