"""Made by `betledger api --format py`: what is changed here is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

# An argument that is left out.
DEFAULT: Any = object()


def _call(db: Connection[Any], name: str, types: Mapping[str, str], arguments: Mapping[str, Any], factory: Any) -> Any:
    given = {argument: value for argument, value in arguments.items() if value is not DEFAULT}
    marks = [sql.SQL("{} => {}::{}").format(sql.Identifier(a), sql.Placeholder(a), sql.SQL(types[a])) for a in given]
    query = sql.SQL("SELECT * FROM {}({})").format(sql.Identifier(*name.split(".")), sql.SQL(", ").join(marks))
    values = {a: Jsonb(v) if types[a] == "jsonb" and v is not None else v for a, v in given.items()}
    return db.cursor(row_factory=factory).execute(query, values)


SqlState = Literal["40001", "42501", "BL001", "BL002", "BL003", "BL004", "BL005", "BL006", "BL007", "BL008", "BL032"]


@dataclass(frozen=True, slots=True)
class BetItemResult:
    """A row of public.bet_item_result."""

    item: int
    tenant_id: int | None
    bet_id: str | None
    user_id: str | None
    stake: Decimal | None
    odds: Decimal | None
    fixture_id: str | None
    status: str | None
    result: str | None
    payout: Decimal | None
    idempotency_key: str | None
    created_at: datetime | None
    last_updated_at: datetime | None
    duplicate: bool | None
    sqlstate: str | None
    message: str | None
    hint: str | None


@dataclass(frozen=True, slots=True)
class BetResult:
    """A row of public.bet_result."""

    tenant_id: int
    bet_id: str
    user_id: str
    stake: Decimal
    odds: Decimal
    fixture_id: str
    status: str
    result: str | None
    payout: Decimal | None
    idempotency_key: str | None
    created_at: datetime
    last_updated_at: datetime
    duplicate: bool


@dataclass(frozen=True, slots=True)
class PaymentItemResult:
    """A row of public.payment_item_result."""

    item: int
    tenant_id: int | None
    payment_id: str | None
    user_id: str | None
    type: str | None
    amount: Decimal | None
    status: str | None
    idempotency_key: str | None
    created_at: datetime | None
    last_updated_at: datetime | None
    balance: Decimal | None
    duplicate: bool | None
    sqlstate: str | None
    message: str | None
    hint: str | None


@dataclass(frozen=True, slots=True)
class PaymentResult:
    """A row of public.payment_result."""

    tenant_id: int
    payment_id: str
    user_id: str
    type: str
    amount: Decimal
    status: str
    idempotency_key: str | None
    created_at: datetime
    last_updated_at: datetime
    balance: Decimal
    duplicate: bool


@dataclass(frozen=True, slots=True)
class BalanceEvents:
    """A row of public.balance_events."""

    id: UUID
    tenant_id: int
    aggregate_id: str
    event_type: str
    event_data: Any
    timestamp: int
    version: int
    metadata: Any
    created_at: datetime
    stored_at: datetime | None
    feed_position: int | None
    feed_number: int | None


@dataclass(frozen=True, slots=True)
class BetEvents:
    """A row of public.bet_events."""

    id: UUID
    tenant_id: int
    aggregate_id: str
    event_type: str
    event_data: Any
    timestamp: int
    version: int
    metadata: Any
    created_at: datetime
    stored_at: datetime | None
    feed_position: int | None
    feed_number: int | None


@dataclass(frozen=True, slots=True)
class BetsView:
    """A row of public.bets_view."""

    tenant_id: int
    bet_id: str
    user_id: str | None
    stake: Decimal | None
    odds: Decimal | None
    fixture_id: str | None
    status: str
    result: str | None
    payout: Decimal | None
    idempotency_key: str | None
    created_at: datetime
    last_updated_at: datetime


@dataclass(frozen=True, slots=True)
class Consumers:
    """A row of public.consumers."""

    tenant_id: int
    name: str
    feed_cursor: str | None
    advanced_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentEvents:
    """A row of public.payment_events."""

    id: UUID
    tenant_id: int
    aggregate_id: str
    event_type: str
    event_data: Any
    timestamp: int
    version: int
    metadata: Any
    created_at: datetime
    stored_at: datetime | None
    feed_position: int | None
    feed_number: int | None


@dataclass(frozen=True, slots=True)
class PaymentsView:
    """A row of public.payments_view."""

    tenant_id: int
    payment_id: str
    user_id: str | None
    type: str
    amount: Decimal | None
    status: str
    idempotency_key: str | None
    created_at: datetime
    last_updated_at: datetime


@dataclass(frozen=True, slots=True)
class PersonalKeys:
    """A row of public.personal_keys."""

    tenant_id: int
    user_id: str
    key: bytes | None
    created_at: datetime
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class Tenants:
    """A row of public.tenants."""

    tenant_id: int
    name: str
    currency: str
    scale: int
    status: str
    created_at: datetime
    changed_at: datetime
    limits: Any


@dataclass(frozen=True, slots=True)
class TenantsSummaryView:
    """A row of public.tenants_summary_view."""

    tenant_id: int
    currency: str | None
    users: int
    bets: int
    bets_placed: int
    bets_confirmed: int
    bets_settled: int
    bets_cancelled: int
    staked: Decimal
    paid_out: Decimal
    gross_gaming_revenue: Decimal
    deposits: Decimal
    withdrawals: Decimal
    balances: Decimal
    last_activity_at: datetime


@dataclass(frozen=True, slots=True)
class UserActivityView:
    """A row of public.user_activity_view."""

    tenant_id: int
    user_id: str
    bets: int
    open_bets: int
    staked: Decimal
    paid_out: Decimal
    net_result: Decimal
    deposits: Decimal
    withdrawals: Decimal
    first_activity_at: datetime
    last_activity_at: datetime


@dataclass(frozen=True, slots=True)
class UserBalancesView:
    """A row of public.user_balances_view."""

    tenant_id: int
    user_id: str
    balance: Decimal
    transaction_count: int
    last_transaction_at: datetime


@dataclass(frozen=True, slots=True)
class BalanceEventsBetweenRow:
    """A row of public.balance_events_between()."""

    id: UUID
    aggregate_id: str
    event_type: str
    event_data: Any
    timestamp: int
    version: int
    metadata: Any
    created_at: datetime
    next_page: str | None


@dataclass(frozen=True, slots=True)
class BalanceHistoryRow:
    """A row of public.balance_history()."""

    id: UUID
    aggregate_id: str
    event_type: str
    event_data: Any
    timestamp: int
    version: int
    metadata: Any
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BalanceStatementRow:
    """A row of public.balance_statement()."""

    entry: str
    timestamp: int | None
    amount: Decimal | None
    balance: Decimal
    currency: str | None
    cause: str | None
    cause_id: str | None
    event_type: str | None
    event_id: UUID | None
    next_page: str | None


@dataclass(frozen=True, slots=True)
class BetEventsBetweenRow:
    """A row of public.bet_events_between()."""

    id: UUID
    aggregate_id: str
    event_type: str
    event_data: Any
    timestamp: int
    version: int
    metadata: Any
    created_at: datetime
    next_page: str | None


@dataclass(frozen=True, slots=True)
class BetHistoryRow:
    """A row of public.bet_history()."""

    id: UUID
    aggregate_id: str
    event_type: str
    event_data: Any
    timestamp: int
    version: int
    metadata: Any
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BetsOfRow:
    """A row of public.bets_of()."""

    bet_id: str
    user_id: str
    stake: Decimal
    odds: Decimal
    fixture_id: str
    status: str
    result: str | None
    payout: Decimal | None
    idempotency_key: str | None
    created_at: datetime
    last_updated_at: datetime
    next_page: str | None


@dataclass(frozen=True, slots=True)
class ErasePersonRow:
    """A row of public.erase_person()."""

    tenant_id: int
    user_id: str
    erased_at: datetime
    duplicate: bool


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A row of public.feed()."""

    event_table: str | None
    id: UUID | None
    aggregate_id: str | None
    event_type: str | None
    event_data: Any
    timestamp: int | None
    version: int | None
    metadata: Any
    created_at: datetime | None
    stored_at: datetime | None
    feed_cursor: str


@dataclass(frozen=True, slots=True)
class LedgerFeedRow:
    """A row of public.ledger_feed()."""

    event_table: str | None
    tenant_id: int | None
    id: UUID | None
    aggregate_id: str | None
    event_type: str | None
    event_data: Any
    timestamp: int | None
    version: int | None
    metadata: Any
    created_at: datetime | None
    stored_at: datetime | None
    feed_cursor: str | None


@dataclass(frozen=True, slots=True)
class PaymentEventsBetweenRow:
    """A row of public.payment_events_between()."""

    id: UUID
    aggregate_id: str
    event_type: str
    event_data: Any
    timestamp: int
    version: int
    metadata: Any
    created_at: datetime
    next_page: str | None


@dataclass(frozen=True, slots=True)
class PaymentHistoryRow:
    """A row of public.payment_history()."""

    id: UUID
    aggregate_id: str
    event_type: str
    event_data: Any
    timestamp: int
    version: int
    metadata: Any
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentsOfRow:
    """A row of public.payments_of()."""

    payment_id: str
    user_id: str
    type: str
    amount: Decimal
    status: str
    idempotency_key: str | None
    created_at: datetime
    last_updated_at: datetime
    next_page: str | None


@dataclass(frozen=True, slots=True)
class PersonalKeyRow:
    """A row of public.personal_key()."""

    tenant_id: int
    user_id: str
    key: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TenantAsOfRow:
    """A row of public.tenant_as_of()."""

    tenant_id: int
    currency: str | None
    users: int
    bets: int
    bets_placed: int
    bets_confirmed: int
    bets_settled: int
    bets_cancelled: int
    staked: Decimal
    paid_out: Decimal
    gross_gaming_revenue: Decimal
    deposits: Decimal
    withdrawals: Decimal
    balances: Decimal
    last_activity_at: datetime


def advance_consumer(
    db: Connection[Any],
    tenant_id: int,
    name: str,
    from_: str | None,
    to: str,
) -> None:
    """Moves a consumer of public.feed() from one cursor (null: it begins) to another, in the transaction in which it
    keeps what it made of the events between: then each event counts once, however often the consumer dies. Of two
    sessions that go on from the same place one is refused. With tenant 0 a consumer of public.ledger_feed(). Null
    may be: p_from. Errors: 40001 it is not at p_from: read again; BL001 bad name or cursor; BL006 foreign tenant."""
    _call(
        db, "public.advance_consumer",
        {"p_tenant_id": "bigint", "p_name": "text", "p_from": "text", "p_to": "text"},
        {"p_tenant_id": tenant_id, "p_name": name, "p_from": from_, "p_to": to},
        scalar_row,
    )


def balance_as_of(
    db: Connection[Any],
    tenant_id: int,
    user_id: str,
    at_ms: int,
    known_at: datetime | None = None,
) -> list[UserBalancesView]:
    """The row of user_balances_view as of a moment, in milliseconds since 1970-01-01 UTC: the fold of the events up to
    it, the moment included; no row when there were none. With p_known_at, of the events that had been stored by
    then, by the clock of the server. Errors: BL001 bad tenant, BL006 foreign tenant."""
    rows: list[UserBalancesView] = _call(
        db, "public.balance_as_of",
        {"p_tenant_id": "bigint", "p_user_id": "text", "p_at_ms": "bigint", "p_known_at": "timestamp with time zone"},
        {"p_tenant_id": tenant_id, "p_user_id": user_id, "p_at_ms": at_ms, "p_known_at": known_at},
        class_row(UserBalancesView),
    ).fetchall()
    return rows


def balance_events_between(
    db: Connection[Any],
    tenant_id: int,
    from_ms: int | None = None,
    to_ms: int | None = None,
    after: str | None = None,
    limit: int = 1000,
) -> list[BalanceEventsBetweenRow]:
    """The balance events of a tenant from one time to another, both included, in milliseconds since 1970-01-01 UTC; from
    the beginning and to the end where they are null. Pages of p_limit events in the order of timestamp, then id:
    where there are more, next_page of the last row is p_after of the next call. Null may be: metadata, next_page.
    Errors: BL001 bad tenant, limit or cursor, BL006 foreign tenant."""
    rows: list[BalanceEventsBetweenRow] = _call(
        db, "public.balance_events_between",
        {"p_tenant_id": "bigint", "p_from_ms": "bigint", "p_to_ms": "bigint", "p_after": "text", "p_limit": "integer"},
        {"p_tenant_id": tenant_id, "p_from_ms": from_ms, "p_to_ms": to_ms, "p_after": after, "p_limit": limit},
        class_row(BalanceEventsBetweenRow),
    ).fetchall()
    return rows


def balance_history(
    db: Connection[Any],
    tenant_id: int,
    user_id: str,
) -> list[BalanceHistoryRow]:
    """The balance events of a user in the order of time; none when there are none. Null may be: metadata. Errors: BL001
    bad tenant, BL006 foreign tenant."""
    rows: list[BalanceHistoryRow] = _call(
        db, "public.balance_history",
        {"p_tenant_id": "bigint", "p_user_id": "text"},
        {"p_tenant_id": tenant_id, "p_user_id": user_id},
        class_row(BalanceHistoryRow),
    ).fetchall()
    return rows


def balance_statement(
    db: Connection[Any],
    tenant_id: int,
    user_id: str,
    from_ms: int | None = None,
    to_ms: int | None = None,
    after: str | None = None,
    limit: int = 1000,
) -> list[BalanceStatementRow]:
    """The statement of an account from one time to another, both included, in milliseconds since 1970-01-01 UTC; from the
    beginning and to the end where they are null. Entries: opening (balance before), movement (amount with its
    sign, balance after it, the cause: payment, bet, payment reversal or bet correction, and the payment or bet
    that it was of; null for what names none), closing (balance at the end). currency says what of, by
    public.tenants, null where the tenant has no row. Pages of p_limit movements in the order of time: where there
    are more, next_page of the last row is p_after of the next call. Null may be: timestamp, amount, currency,
    cause, cause_id, event_type, event_id, next_page. Errors: BL001 bad tenant, limit or cursor, BL006 foreign
    tenant."""
    rows: list[BalanceStatementRow] = _call(
        db, "public.balance_statement",
        {"p_tenant_id": "bigint", "p_user_id": "text", "p_from_ms": "bigint", "p_to_ms": "bigint", "p_after": "text", "p_limit": "integer"},
        {"p_tenant_id": tenant_id, "p_user_id": user_id, "p_from_ms": from_ms, "p_to_ms": to_ms, "p_after": after, "p_limit": limit},
        class_row(BalanceStatementRow),
    ).fetchall()
    return rows


def bet_as_of(
    db: Connection[Any],
    tenant_id: int,
    bet_id: str,
    at_ms: int,
    known_at: datetime | None = None,
) -> list[BetsView]:
    """The row of bets_view as of a moment, in milliseconds since 1970-01-01 UTC: the fold of the events up to it, the
    moment included; no row when there were none. With p_known_at, of the events that had been stored by then, by
    the clock of the server. Errors: BL001 bad tenant, BL006 foreign tenant."""
    rows: list[BetsView] = _call(
        db, "public.bet_as_of",
        {"p_tenant_id": "bigint", "p_bet_id": "text", "p_at_ms": "bigint", "p_known_at": "timestamp with time zone"},
        {"p_tenant_id": tenant_id, "p_bet_id": bet_id, "p_at_ms": at_ms, "p_known_at": known_at},
        class_row(BetsView),
    ).fetchall()
    return rows


def bet_events_between(
    db: Connection[Any],
    tenant_id: int,
    from_ms: int | None = None,
    to_ms: int | None = None,
    after: str | None = None,
    limit: int = 1000,
) -> list[BetEventsBetweenRow]:
    """The bet events of a tenant from one time to another, both included, in milliseconds since 1970-01-01 UTC; from the
    beginning and to the end where they are null. Pages of p_limit events in the order of timestamp, then id: where
    there are more, next_page of the last row is p_after of the next call. Null may be: metadata, next_page.
    Errors: BL001 bad tenant, limit or cursor, BL006 foreign tenant."""
    rows: list[BetEventsBetweenRow] = _call(
        db, "public.bet_events_between",
        {"p_tenant_id": "bigint", "p_from_ms": "bigint", "p_to_ms": "bigint", "p_after": "text", "p_limit": "integer"},
        {"p_tenant_id": tenant_id, "p_from_ms": from_ms, "p_to_ms": to_ms, "p_after": after, "p_limit": limit},
        class_row(BetEventsBetweenRow),
    ).fetchall()
    return rows


def bet_history(
    db: Connection[Any],
    tenant_id: int,
    bet_id: str,
) -> list[BetHistoryRow]:
    """The events of a bet in the order in which they fold; none when there is no such bet. Null may be: metadata. Errors:
    BL001 bad tenant, BL006 foreign tenant."""
    rows: list[BetHistoryRow] = _call(
        db, "public.bet_history",
        {"p_tenant_id": "bigint", "p_bet_id": "text"},
        {"p_tenant_id": tenant_id, "p_bet_id": bet_id},
        class_row(BetHistoryRow),
    ).fetchall()
    return rows


def bets_of(
    db: Connection[Any],
    tenant_id: int,
    user_id: str,
    status: str | None = None,
    from_ms: int | None = None,
    to_ms: int | None = None,
    after: str | None = None,
    limit: int = 1000,
) -> list[BetsOfRow]:
    """The bets of a user, newest first: by the time of their first event, then by id. Of one status or of all; of one
    time to another, both included, in milliseconds since 1970-01-01 UTC, and open where they are null. Pages of
    p_limit bets: where there are more, next_page of the last row is p_after of the next call. What happens to bets
    meanwhile moves none of them, but for an event that is stored late and dated before the first one of its bet:
    that bet is then where it belongs, and may come once more. With a status, all bets of that time are looked at.
    Null may be: result, payout, idempotency_key, next_page. Errors: BL001 bad tenant, status, limit or cursor,
    BL006 foreign tenant."""
    rows: list[BetsOfRow] = _call(
        db, "public.bets_of",
        {"p_tenant_id": "bigint", "p_user_id": "text", "p_status": "text", "p_from_ms": "bigint", "p_to_ms": "bigint", "p_after": "text", "p_limit": "integer"},
        {"p_tenant_id": tenant_id, "p_user_id": user_id, "p_status": status, "p_from_ms": from_ms, "p_to_ms": to_ms, "p_after": after, "p_limit": limit},
        class_row(BetsOfRow),
    ).fetchall()
    return rows


def cancel_bet(
    db: Connection[Any],
    tenant_id: int,
    bet_id: str,
    reason: str | None = None,
    idempotency_key: str | None = None,
) -> BetResult:
    """Cancels a placed or confirmed bet. What a balance event of the bet has taken is given back. Gives the row of
    bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument,
    BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise, BL006 foreign tenant, BL008
    suspended or closed tenant."""
    row: BetResult = _call(
        db, "public.cancel_bet",
        {"p_tenant_id": "bigint", "p_bet_id": "text", "p_reason": "text", "p_idempotency_key": "text"},
        {"p_tenant_id": tenant_id, "p_bet_id": bet_id, "p_reason": reason, "p_idempotency_key": idempotency_key},
        class_row(BetResult),
    ).fetchone()
    return row


def cancel_bets(
    db: Connection[Any],
    tenant_id: int,
    items: Any,
    idempotency_key: str | None,
    all_or_nothing: bool = True,
) -> list[BetItemResult]:
    """Cancels many bets, as cancel_bet() would one after the other. p_items is a JSON array of {"bet_id", "reason",
    "idempotency_key"}, of which the last two may be left out. Gives a row for each item in their order: item, its
    number from 1 on, the row of bets_view, duplicate, and where it was refused sqlstate, message and hint. With
    p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused
    items store nothing and the others are done. The key of an item is idempotency_key, or made from that of the
    batch: a batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those
    of cancel_bet(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the batch
    of more than 190 characters; BL005 also a key that was used for a batch of other items."""
    rows: list[BetItemResult] = _call(
        db, "public.cancel_bets",
        {"p_tenant_id": "bigint", "p_items": "jsonb", "p_idempotency_key": "text", "p_all_or_nothing": "boolean"},
        {"p_tenant_id": tenant_id, "p_items": items, "p_idempotency_key": idempotency_key, "p_all_or_nothing": all_or_nothing},
        class_row(BetItemResult),
    ).fetchall()
    return rows


def complete_payment(
    db: Connection[Any],
    tenant_id: int,
    payment_id: str,
    idempotency_key: str | None = None,
) -> PaymentResult:
    """Marks a created deposit or withdrawal as completed; the balance has changed already when it was created. Gives the
    row of payments_view and the balance; duplicate is true when the key was used with the same arguments before.
    Errors: BL001 bad argument, BL002 no such payment, BL003 forbidden transition, BL005 the key was used
    otherwise, BL006 foreign tenant, BL008 suspended or closed tenant."""
    row: PaymentResult = _call(
        db, "public.complete_payment",
        {"p_tenant_id": "bigint", "p_payment_id": "text", "p_idempotency_key": "text"},
        {"p_tenant_id": tenant_id, "p_payment_id": payment_id, "p_idempotency_key": idempotency_key},
        class_row(PaymentResult),
    ).fetchone()
    return row


def confirm_bet(
    db: Connection[Any],
    tenant_id: int,
    bet_id: str,
    idempotency_key: str | None = None,
) -> BetResult:
    """Confirms a placed bet. Gives the row of bets_view; duplicate is true when the key was used with the same arguments
    before. Errors: BL001 bad argument, BL002 no such bet, BL003 forbidden transition, BL005 the key was used
    otherwise, BL006 foreign tenant, BL008 suspended or closed tenant."""
    row: BetResult = _call(
        db, "public.confirm_bet",
        {"p_tenant_id": "bigint", "p_bet_id": "text", "p_idempotency_key": "text"},
        {"p_tenant_id": tenant_id, "p_bet_id": bet_id, "p_idempotency_key": idempotency_key},
        class_row(BetResult),
    ).fetchone()
    return row


def confirm_bets(
    db: Connection[Any],
    tenant_id: int,
    items: Any,
    idempotency_key: str | None,
    all_or_nothing: bool = True,
) -> list[BetItemResult]:
    """Confirms many bets, as confirm_bet() would one after the other. p_items is a JSON array of {"bet_id",
    "idempotency_key"}; the key may be left out. Gives a row for each item in their order: item, its number from 1
    on, the row of bets_view, duplicate, and where it was refused sqlstate, message and hint. With
    p_all_or_nothing, which is the default, the first refusal undoes all and is the error; without it, refused
    items store nothing and the others are done. The key of an item is idempotency_key, or made from that of the
    batch: a batch that is sent again answers as repeated calls do. Null may be: p_idempotency_key. Errors: those
    of confirm_bet(), with the number of the item; BL001 also no array, more than 50000 items, or a key of the
    batch of more than 190 characters; BL005 also a key that was used for a batch of other items."""
    rows: list[BetItemResult] = _call(
        db, "public.confirm_bets",
        {"p_tenant_id": "bigint", "p_items": "jsonb", "p_idempotency_key": "text", "p_all_or_nothing": "boolean"},
        {"p_tenant_id": tenant_id, "p_items": items, "p_idempotency_key": idempotency_key, "p_all_or_nothing": all_or_nothing},
        class_row(BetItemResult),
    ).fetchall()
    return rows


def deposit(
    db: Connection[Any],
    tenant_id: int,
    user_id: str,
    amount: Decimal,
    idempotency_key: str | None = None,
) -> PaymentResult:
    """Deposits money: the balance of the user is credited at once. Amount in the currency of the tenant, above 0. Gives
    the row of payments_view and the new balance; duplicate is true when the key was used with the same arguments
    before: then nothing is stored. Errors: BL001 bad argument, BL005 the key was used otherwise, BL006 foreign
    tenant, BL008 suspended or closed tenant."""
    row: PaymentResult = _call(
        db, "public.deposit",
        {"p_tenant_id": "bigint", "p_user_id": "text", "p_amount": "numeric", "p_idempotency_key": "text"},
        {"p_tenant_id": tenant_id, "p_user_id": user_id, "p_amount": amount, "p_idempotency_key": idempotency_key},
        class_row(PaymentResult),
    ).fetchone()
    return row


def deposits(
    db: Connection[Any],
    tenant_id: int,
    items: Any,
    idempotency_key: str | None,
    all_or_nothing: bool = True,
) -> list[PaymentItemResult]:
    """Deposits money many times, as deposit() would one after the other. p_items is a JSON array of {"user_id", "amount",
    "idempotency_key"}; the key may be left out; amounts in the currency of the tenant. Gives a row for each item
    in their order: item, its number from 1 on, the row of payments_view and the balance of the user after it,
    duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default,
    the first refusal undoes all and is the error; without it, refused items store nothing and the others are done.
    The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as
    repeated calls do. Null may be: p_idempotency_key. Errors: those of deposit(), with the number of the item;
    BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key
    that was used for a batch of other items."""
    rows: list[PaymentItemResult] = _call(
        db, "public.deposits",
        {"p_tenant_id": "bigint", "p_items": "jsonb", "p_idempotency_key": "text", "p_all_or_nothing": "boolean"},
        {"p_tenant_id": tenant_id, "p_items": items, "p_idempotency_key": idempotency_key, "p_all_or_nothing": all_or_nothing},
        class_row(PaymentItemResult),
    ).fetchall()
    return rows


def erase_person(
    db: Connection[Any],
    tenant_id: int,
    user_id: str,
) -> list[ErasePersonRow]:
    """Erases a person: destroys the key that personal_key() gave, for good. Events, bets, payments and balances stay as
    they are, under the opaque user_id; what was encrypted in them cannot be read by anybody any more. duplicate is
    true when the person was erased before. Backups hold the key until they expire. Errors: BL001 bad argument,
    BL006 foreign tenant, BL008 suspended or closed tenant: resume it first."""
    rows: list[ErasePersonRow] = _call(
        db, "public.erase_person",
        {"p_tenant_id": "bigint", "p_user_id": "text"},
        {"p_tenant_id": tenant_id, "p_user_id": user_id},
        class_row(ErasePersonRow),
    ).fetchall()
    return rows


def fail_payment(
    db: Connection[Any],
    tenant_id: int,
    payment_id: str,
    reason: str | None = None,
    idempotency_key: str | None = None,
) -> PaymentResult:
    """Marks a created deposit or withdrawal as failed and takes back what it did to the balance. Gives the row of
    payments_view and the balance; duplicate is true when the key was used with the same arguments before. Errors:
    BL001 bad argument, BL002 no such payment, BL003 forbidden transition, BL004 the money of a failed deposit is
    spent, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant."""
    row: PaymentResult = _call(
        db, "public.fail_payment",
        {"p_tenant_id": "bigint", "p_payment_id": "text", "p_reason": "text", "p_idempotency_key": "text"},
        {"p_tenant_id": tenant_id, "p_payment_id": payment_id, "p_reason": reason, "p_idempotency_key": idempotency_key},
        class_row(PaymentResult),
    ).fetchone()
    return row


def feed(
    db: Connection[Any],
    tenant_id: int,
    after: str | None = None,
    limit: int = 1000,
    types: list[str] | None = None,
) -> list[FeedRow]:
    """The events of a tenant, of all event tables, in an order in which none ever comes before one that was shown: the
    first p_limit (1000) after the cursor p_after, from the beginning on for null. Go on with the feed_cursor of
    the last row; no rows means that there is nothing new. Events of a stream come in the order in which they were
    stored; events of a transaction, and all that were stored later, once all older transactions of the server have
    ended. With p_types, only events of these types of the next p_limit; if the last of them is of another type,
    the last row has its cursor and no event, so that it is not read again. Null may be: event_table, id,
    aggregate_id, event_type, event_data, timestamp, version, metadata, created_at, stored_at. Errors: BL001 bad
    tenant, cursor or limit, BL006 foreign tenant."""
    rows: list[FeedRow] = _call(
        db, "public.feed",
        {"p_tenant_id": "bigint", "p_after": "text", "p_limit": "integer", "p_types": "text[]"},
        {"p_tenant_id": tenant_id, "p_after": after, "p_limit": limit, "p_types": types},
        class_row(FeedRow),
    ).fetchall()
    return rows


def ledger_feed(
    db: Connection[Any],
    after: str | None = None,
    limit: int = 1000,
    types: list[str] | None = None,
) -> list[LedgerFeedRow]:
    """The events of all tenants, as public.feed() gives those of one. On Citus those of each shard come in that order,
    the shards in turns; feed_cursor has a place for each shard, and stands in the last row only. Null may be:
    event_table, tenant_id, id, aggregate_id, event_type, event_data, timestamp, version, metadata, created_at,
    stored_at, feed_cursor. Errors: BL001 bad cursor or limit, BL032 a shard failed."""
    rows: list[LedgerFeedRow] = _call(
        db, "public.ledger_feed",
        {"p_after": "text", "p_limit": "integer", "p_types": "text[]"},
        {"p_after": after, "p_limit": limit, "p_types": types},
        class_row(LedgerFeedRow),
    ).fetchall()
    return rows


def payment_as_of(
    db: Connection[Any],
    tenant_id: int,
    payment_id: str,
    at_ms: int,
    known_at: datetime | None = None,
) -> list[PaymentsView]:
    """The row of payments_view as of a moment, in milliseconds since 1970-01-01 UTC: the fold of the events up to it, the
    moment included; no row when there were none. With p_known_at, of the events that had been stored by then, by
    the clock of the server. Errors: BL001 bad tenant, BL006 foreign tenant."""
    rows: list[PaymentsView] = _call(
        db, "public.payment_as_of",
        {"p_tenant_id": "bigint", "p_payment_id": "text", "p_at_ms": "bigint", "p_known_at": "timestamp with time zone"},
        {"p_tenant_id": tenant_id, "p_payment_id": payment_id, "p_at_ms": at_ms, "p_known_at": known_at},
        class_row(PaymentsView),
    ).fetchall()
    return rows


def payment_events_between(
    db: Connection[Any],
    tenant_id: int,
    from_ms: int | None = None,
    to_ms: int | None = None,
    after: str | None = None,
    limit: int = 1000,
) -> list[PaymentEventsBetweenRow]:
    """The payment events of a tenant from one time to another, both included, in milliseconds since 1970-01-01 UTC; from
    the beginning and to the end where they are null. Pages of p_limit events in the order of timestamp, then id:
    where there are more, next_page of the last row is p_after of the next call. Null may be: metadata, next_page.
    Errors: BL001 bad tenant, limit or cursor, BL006 foreign tenant."""
    rows: list[PaymentEventsBetweenRow] = _call(
        db, "public.payment_events_between",
        {"p_tenant_id": "bigint", "p_from_ms": "bigint", "p_to_ms": "bigint", "p_after": "text", "p_limit": "integer"},
        {"p_tenant_id": tenant_id, "p_from_ms": from_ms, "p_to_ms": to_ms, "p_after": after, "p_limit": limit},
        class_row(PaymentEventsBetweenRow),
    ).fetchall()
    return rows


def payment_history(
    db: Connection[Any],
    tenant_id: int,
    payment_id: str,
) -> list[PaymentHistoryRow]:
    """The events of a payment in the order in which they fold; none when there is no such payment. Null may be: metadata.
    Errors: BL001 bad tenant, BL006 foreign tenant."""
    rows: list[PaymentHistoryRow] = _call(
        db, "public.payment_history",
        {"p_tenant_id": "bigint", "p_payment_id": "text"},
        {"p_tenant_id": tenant_id, "p_payment_id": payment_id},
        class_row(PaymentHistoryRow),
    ).fetchall()
    return rows


def payments_of(
    db: Connection[Any],
    tenant_id: int,
    user_id: str,
    status: str | None = None,
    from_ms: int | None = None,
    to_ms: int | None = None,
    after: str | None = None,
    limit: int = 1000,
) -> list[PaymentsOfRow]:
    """The payments of a user, newest first: by the time of their first event, then by id. Of one status or of all; of one
    time to another, both included, in milliseconds since 1970-01-01 UTC, and open where they are null. Pages of
    p_limit payments: where there are more, next_page of the last row is p_after of the next call. What happens to
    payments meanwhile moves none of them, but for an event that is stored late and dated before the first one of
    its payment: that payment is then where it belongs, and may come once more. With a status, all payments of that
    time are looked at. Null may be: idempotency_key, next_page. Errors: BL001 bad tenant, status, limit or cursor,
    BL006 foreign tenant."""
    rows: list[PaymentsOfRow] = _call(
        db, "public.payments_of",
        {"p_tenant_id": "bigint", "p_user_id": "text", "p_status": "text", "p_from_ms": "bigint", "p_to_ms": "bigint", "p_after": "text", "p_limit": "integer"},
        {"p_tenant_id": tenant_id, "p_user_id": user_id, "p_status": status, "p_from_ms": from_ms, "p_to_ms": to_ms, "p_after": after, "p_limit": limit},
        class_row(PaymentsOfRow),
    ).fetchall()
    return rows


def personal_key(
    db: Connection[Any],
    tenant_id: int,
    user_id: str,
) -> list[PersonalKeyRow]:
    """The key that encrypts what is personal about a user: 32 random bytes, made at the first call. The application
    encrypts with it (AES-GCM or the like) whatever is personal in event_data and metadata before it inserts.
    Errors: BL001 bad argument, BL006 foreign tenant, BL007 the person was erased, BL008 a key would have to be
    made and the tenant is suspended or closed."""
    rows: list[PersonalKeyRow] = _call(
        db, "public.personal_key",
        {"p_tenant_id": "bigint", "p_user_id": "text"},
        {"p_tenant_id": tenant_id, "p_user_id": user_id},
        class_row(PersonalKeyRow),
    ).fetchall()
    return rows


def place_bet(
    db: Connection[Any],
    tenant_id: int,
    user_id: str,
    stake: Decimal,
    odds: Decimal,
    fixture_id: str,
    idempotency_key: str | None = None,
    from_balance: bool = False,
) -> BetResult:
    """Places a bet. Stake in the currency of the tenant, above 0; decimal odds, 1 or more; with p_from_balance the stake
    is taken from the balance of the user. Gives the row of bets_view; duplicate is true when the key was used with
    the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL004 insufficient funds, BL005
    the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant."""
    row: BetResult = _call(
        db, "public.place_bet",
        {"p_tenant_id": "bigint", "p_user_id": "text", "p_stake": "numeric", "p_odds": "numeric", "p_fixture_id": "text", "p_idempotency_key": "text", "p_from_balance": "boolean"},
        {"p_tenant_id": tenant_id, "p_user_id": user_id, "p_stake": stake, "p_odds": odds, "p_fixture_id": fixture_id, "p_idempotency_key": idempotency_key, "p_from_balance": from_balance},
        class_row(BetResult),
    ).fetchone()
    return row


def place_bets(
    db: Connection[Any],
    tenant_id: int,
    items: Any,
    idempotency_key: str | None,
    all_or_nothing: bool = True,
) -> list[BetItemResult]:
    """Places many bets, as place_bet() would one after the other. p_items is a JSON array of {"user_id", "stake", "odds",
    "fixture_id", "from_balance", "idempotency_key"}, of which the last two may be left out; stakes in the currency
    of the tenant. Gives a row for each item in their order: item, its number from 1 on, the row of bets_view,
    duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the default,
    the first refusal undoes all and is the error; without it, refused items store nothing and the others are done.
    The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again answers as
    repeated calls do. Null may be: p_idempotency_key. Errors: those of place_bet(), with the number of the item;
    BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key
    that was used for a batch of other items."""
    rows: list[BetItemResult] = _call(
        db, "public.place_bets",
        {"p_tenant_id": "bigint", "p_items": "jsonb", "p_idempotency_key": "text", "p_all_or_nothing": "boolean"},
        {"p_tenant_id": tenant_id, "p_items": items, "p_idempotency_key": idempotency_key, "p_all_or_nothing": all_or_nothing},
        class_row(BetItemResult),
    ).fetchall()
    return rows


def reset_consumer(
    db: Connection[Any],
    tenant_id: int,
    name: str,
    to: str | None = None,
) -> None:
    """Sets a consumer to a cursor, or to the beginning, wherever it was. What it makes of the events that it reads again
    is its own affair. Errors: BL001 bad name or cursor, BL006 foreign tenant, 40001 made at the same moment."""
    _call(
        db, "public.reset_consumer",
        {"p_tenant_id": "bigint", "p_name": "text", "p_to": "text"},
        {"p_tenant_id": tenant_id, "p_name": name, "p_to": to},
        scalar_row,
    )


def resettle_bet(
    db: Connection[Any],
    tenant_id: int,
    bet_id: str,
    result: str,
    payout: Decimal,
    idempotency_key: str | None = None,
    allow_negative: bool = False,
    reason: str | None = None,
) -> BetResult:
    """Corrects a settled bet: it gets another result and payout, as settle_bet takes them, as often as that is needed.
    Where balance events name the bet, the difference of the payouts goes to the balance, or is taken from it; with
    p_allow_negative even below zero, and then nothing else is taken from it until it is covered. Gives the row of
    bets_view; duplicate is true when the key was used with the same arguments before. Errors: BL001 bad argument,
    BL002 no such bet, BL003 not settled, or settled so, BL004 the payout is spent, BL005 the key was used
    otherwise, BL006 foreign tenant, 42501 p_allow_negative by neither betledger_app nor betledger_operator."""
    row: BetResult = _call(
        db, "public.resettle_bet",
        {"p_tenant_id": "bigint", "p_bet_id": "text", "p_result": "text", "p_payout": "numeric", "p_idempotency_key": "text", "p_allow_negative": "boolean", "p_reason": "text"},
        {"p_tenant_id": tenant_id, "p_bet_id": bet_id, "p_result": result, "p_payout": payout, "p_idempotency_key": idempotency_key, "p_allow_negative": allow_negative, "p_reason": reason},
        class_row(BetResult),
    ).fetchone()
    return row


def reverse_payment(
    db: Connection[Any],
    tenant_id: int,
    payment_id: str,
    reason: str | None = None,
    idempotency_key: str | None = None,
    allow_negative: bool = False,
) -> PaymentResult:
    """Reverses a completed payment: a deposit that is charged back is taken from the balance, with p_allow_negative even
    below zero, and then nothing else is taken from it until it is covered; a withdrawal that comes back goes to
    it. Gives the row of payments_view and the balance; duplicate is true when the key was used with the same
    arguments before. Errors: BL001 bad argument, BL002 no such payment, BL003 not completed, BL004 the money of
    the deposit is spent, BL005 the key was used otherwise, BL006 foreign tenant, 42501 p_allow_negative by neither
    betledger_app nor betledger_operator."""
    row: PaymentResult = _call(
        db, "public.reverse_payment",
        {"p_tenant_id": "bigint", "p_payment_id": "text", "p_reason": "text", "p_idempotency_key": "text", "p_allow_negative": "boolean"},
        {"p_tenant_id": tenant_id, "p_payment_id": payment_id, "p_reason": reason, "p_idempotency_key": idempotency_key, "p_allow_negative": allow_negative},
        class_row(PaymentResult),
    ).fetchone()
    return row


def settle_bet(
    db: Connection[Any],
    tenant_id: int,
    bet_id: str,
    result: str,
    payout: Decimal,
    idempotency_key: str | None = None,
) -> BetResult:
    """Settles a placed or confirmed bet. Result and payout, in the currency of the tenant: win, and more than 0; loss,
    and 0; void, and the stake. A bet that took its stake from the balance, by an event that names it, is paid out
    to it. Gives the row of bets_view; duplicate is true when the key was used with the same arguments before.
    Errors: BL001 bad argument, BL002 no such bet, BL003 forbidden transition, BL005 the key was used otherwise,
    BL006 foreign tenant, BL008 suspended or closed tenant."""
    row: BetResult = _call(
        db, "public.settle_bet",
        {"p_tenant_id": "bigint", "p_bet_id": "text", "p_result": "text", "p_payout": "numeric", "p_idempotency_key": "text"},
        {"p_tenant_id": tenant_id, "p_bet_id": bet_id, "p_result": result, "p_payout": payout, "p_idempotency_key": idempotency_key},
        class_row(BetResult),
    ).fetchone()
    return row


def settle_bets(
    db: Connection[Any],
    tenant_id: int,
    items: Any,
    idempotency_key: str | None,
    all_or_nothing: bool = True,
) -> list[BetItemResult]:
    """Settles many bets, as settle_bet() would one after the other. p_items is a JSON array of {"bet_id", "result",
    "payout", "idempotency_key"}; the key may be left out; payouts in the currency of the tenant. Gives a row for
    each item in their order: item, its number from 1 on, the row of bets_view, duplicate, and where it was refused
    sqlstate, message and hint. With p_all_or_nothing, which is the default, the first refusal undoes all and is
    the error; without it, refused items store nothing and the others are done. The key of an item is
    idempotency_key, or made from that of the batch: a batch that is sent again answers as repeated calls do. Null
    may be: p_idempotency_key. Errors: those of settle_bet(), with the number of the item; BL001 also no array,
    more than 50000 items, or a key of the batch of more than 190 characters; BL005 also a key that was used for a
    batch of other items."""
    rows: list[BetItemResult] = _call(
        db, "public.settle_bets",
        {"p_tenant_id": "bigint", "p_items": "jsonb", "p_idempotency_key": "text", "p_all_or_nothing": "boolean"},
        {"p_tenant_id": tenant_id, "p_items": items, "p_idempotency_key": idempotency_key, "p_all_or_nothing": all_or_nothing},
        class_row(BetItemResult),
    ).fetchall()
    return rows


def tenant_as_of(
    db: Connection[Any],
    tenant_id: int,
    at_ms: int,
    known_at: datetime | None = None,
) -> list[TenantAsOfRow]:
    """The row of tenants_summary_view as of a moment, in milliseconds since 1970-01-01 UTC: from the events up to it, the
    moment included; no row when there were none. With p_known_at, from those that had been stored by then, by the
    clock of the server. It reads all of them: about 80,000 a second. Null may be: currency. Errors: BL001 bad
    tenant, BL006 foreign tenant."""
    rows: list[TenantAsOfRow] = _call(
        db, "public.tenant_as_of",
        {"p_tenant_id": "bigint", "p_at_ms": "bigint", "p_known_at": "timestamp with time zone"},
        {"p_tenant_id": tenant_id, "p_at_ms": at_ms, "p_known_at": known_at},
        class_row(TenantAsOfRow),
    ).fetchall()
    return rows


def void_bet(
    db: Connection[Any],
    tenant_id: int,
    bet_id: str,
    reason: str | None = None,
    idempotency_key: str | None = None,
    allow_negative: bool = False,
) -> BetResult:
    """Voids a settled bet: corrects it to the result void and its stake as payout, as resettle_bet would, and by the same
    event. (One that is not settled: cancel_bet.) Gives the row of bets_view; duplicate is true when the key was
    used with the same arguments before. Errors: BL001 bad argument, BL002 no such bet, BL003 not settled, or void,
    BL004 the payout is spent, BL005 the key was used otherwise, BL006 foreign tenant, 42501 p_allow_negative by
    neither betledger_app nor betledger_operator."""
    row: BetResult = _call(
        db, "public.void_bet",
        {"p_tenant_id": "bigint", "p_bet_id": "text", "p_reason": "text", "p_idempotency_key": "text", "p_allow_negative": "boolean"},
        {"p_tenant_id": tenant_id, "p_bet_id": bet_id, "p_reason": reason, "p_idempotency_key": idempotency_key, "p_allow_negative": allow_negative},
        class_row(BetResult),
    ).fetchone()
    return row


def withdraw(
    db: Connection[Any],
    tenant_id: int,
    user_id: str,
    amount: Decimal,
    idempotency_key: str | None = None,
) -> PaymentResult:
    """Withdraws money: it is taken from the balance of the user at once, and given back by fail_payment. Amount in the
    currency of the tenant, above 0. Gives the row of payments_view and the new balance; duplicate is true when the
    key was used with the same arguments before: then nothing is stored. Errors: BL001 bad argument, BL004
    insufficient funds, BL005 the key was used otherwise, BL006 foreign tenant, BL008 suspended or closed tenant."""
    row: PaymentResult = _call(
        db, "public.withdraw",
        {"p_tenant_id": "bigint", "p_user_id": "text", "p_amount": "numeric", "p_idempotency_key": "text"},
        {"p_tenant_id": tenant_id, "p_user_id": user_id, "p_amount": amount, "p_idempotency_key": idempotency_key},
        class_row(PaymentResult),
    ).fetchone()
    return row


def withdrawals(
    db: Connection[Any],
    tenant_id: int,
    items: Any,
    idempotency_key: str | None,
    all_or_nothing: bool = True,
) -> list[PaymentItemResult]:
    """Withdraws money many times, as withdraw() would one after the other. p_items is a JSON array of {"user_id",
    "amount", "idempotency_key"}; the key may be left out; amounts in the currency of the tenant. Gives a row for
    each item in their order: item, its number from 1 on, the row of payments_view and the balance of the user
    after it, duplicate, and where it was refused sqlstate, message and hint. With p_all_or_nothing, which is the
    default, the first refusal undoes all and is the error; without it, refused items store nothing and the others
    are done. The key of an item is idempotency_key, or made from that of the batch: a batch that is sent again
    answers as repeated calls do. Null may be: p_idempotency_key. Errors: those of withdraw(), with the number of
    the item; BL001 also no array, more than 50000 items, or a key of the batch of more than 190 characters; BL005
    also a key that was used for a batch of other items."""
    rows: list[PaymentItemResult] = _call(
        db, "public.withdrawals",
        {"p_tenant_id": "bigint", "p_items": "jsonb", "p_idempotency_key": "text", "p_all_or_nothing": "boolean"},
        {"p_tenant_id": tenant_id, "p_items": items, "p_idempotency_key": idempotency_key, "p_all_or_nothing": all_or_nothing},
        class_row(PaymentItemResult),
    ).fetchall()
    return rows
