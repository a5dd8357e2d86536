"""Tenants with a row: amounts of no more decimals than theirs, a status that stops every write, a currency that is told."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from betledger.database import on_citus
from command import run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger import (
    EVENT_TABLES,
    OTHER,
    PAYLOADS,
    T0,
    TABLE_OF,
    TENANT,
    append,
    call,
    call_all,
    event,
    insert,
    one,
    place,
    refused,
    rows,
    unchanged,
    wait_until_blocked,
)
from test_chaos import CALLS
from test_concurrency import at_once, states
from test_doctor import findings

Connect = Callable[..., psycopg.Connection]

AMOUNTS = {
    "V1_BETS_BET_PLACED": "stake",
    "V1_BETS_BET_SETTLED": "payout",
    "V1_PAYMENTS_DEPOSIT_CREATED": "amount",
    "V1_PAYMENTS_WITHDRAWAL_CREATED": "amount",
    "V1_BALANCES_BALANCE_INCREASED": "amount",
    "V1_BALANCES_BALANCE_DECREASED": "amount",
}
CURRENCIES = {0: "JPY", 2: "EUR", 3: "KWD", 8: "XBT"}
ROW = ("tenant_id", "name", "currency", "scale", "status", "created_at", "changed_at")


def create(db: psycopg.Connection, scale: int = 2, currency: str = "EUR", tenant: int = TENANT) -> dict[str, Any]:
    return one(db, "SELECT * FROM ops.create_tenant(%s, 'North', %s, %s)", (tenant, currency, scale))


def change(db: psycopg.Connection, tenant: int = TENANT, **to: Any) -> dict[str, Any]:
    return one(
        db,
        "SELECT * FROM ops.change_tenant(%s, %s, %s, %s)",
        (tenant, to.get("name"), to.get("currency"), to.get("scale")),
    )


def set_status(db: psycopg.Connection, status: str | None, tenant: int = TENANT) -> dict[str, Any]:
    return one(db, "SELECT * FROM ops.set_tenant_status(%s, %s)", (tenant, status))


def of(kind: str, amount: str = "7", tenant: int = TENANT, **overrides: Any) -> dict[str, Any]:
    """An event with this JSON text as its amount, if it has one."""
    data = json.dumps(PAYLOADS[kind] | ({AMOUNTS[kind]: "?"} if kind in AMOUNTS else {})).replace('"?"', amount)
    return event(kind, tenant, **{"aggregate": uuid4().hex, "event_data": data} | overrides)


def copy(conn: psycopg.Connection, *events: dict[str, Any]) -> None:
    table = TABLE_OF[events[0]["event_type"].split("_")[1]]
    with conn.cursor().copy(f"COPY {table} ({', '.join(events[0])}) FROM STDIN".encode()) as sent:
        for row in events:
            sent.write_row(list(row.values()))


def among_others(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Of tenants without a row, which write what they like."""
    return [of(row["event_type"], "0.123456789", tenant) for tenant in (1, 2, 3)]


# In which ways an event comes, and as whom: COPY is for superusers.
WAYS: dict[str, tuple[str | None, Callable[[psycopg.Connection, dict[str, Any]], object]]] = {
    "one": ("app", insert),
    "the first of two": ("app", lambda conn, row: insert(conn, row, of(row["event_type"]))),
    "the last of many": ("app", lambda conn, row: insert(conn, *(of(row["event_type"]) for _ in range(4)), row)),
    "of many tenants": ("app", lambda conn, row: insert(conn, *among_others(row), row)),
    "copied": (None, copy),
    "copied with many": (None, lambda conn, row: copy(conn, *(of(row["event_type"]) for _ in range(4)), row)),
}


@pytest.fixture
def send(connect: Connect) -> Callable[[str, dict[str, Any]], None]:
    """Sends an event in one of the ways."""
    conns: dict[str | None, psycopg.Connection] = {None: connect(), "app": connect("app")}

    def send_in(way: str, row: dict[str, Any]) -> None:
        user, by = WAYS[way]
        by(conns[user], row)

    return send_in


@contextmanager
def refuses(db: psycopg.Connection, way: str, sqlstate: str, *words: str) -> Iterator[None]:
    """The event is refused, and nothing has changed. Citus puts what refuses a COPY under a code of its own."""
    wrapped = way.startswith("copied") and on_citus(db)
    with unchanged(db), refused("XX000" if wrapped else sqlstate, *words, hint=not wrapped):
        yield


# ------------------------------------------------------------------------------------------------------------ amounts


@pytest.mark.parametrize("scale", CURRENCIES)
@pytest.mark.parametrize("way", WAYS)
def test_an_amount_has_no_more_decimals_than_its_tenant(db, send, way, scale):
    create(db, scale, CURRENCIES[scale])
    digits = "1234567891"[: scale + 1]
    exact = f"7.{digits[:scale]}" if scale else "7"
    zeros = f"7.{digits[:scale]}000"
    for kind, field in AMOUNTS.items():
        for fits in (exact, zeros, f'"{exact}"', f'"{zeros}"'):
            send(way, of(kind, fits))
        for finer in (f"7.{digits}", f"7.{digits}000", f'"7.{digits}"', f"0.{'0' * scale}1"):
            with refuses(db, way, "BL001", kind, f"event_data.{field} is {finer}"):
                send(way, of(kind, finer))
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


@pytest.mark.parametrize("way", WAYS)
def test_a_tenant_without_a_row_is_as_before(db, send, way):
    create(db, 0, tenant=OTHER)
    for kind in AMOUNTS:
        send(way, of(kind, "0.000000000000000001"))
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


@pytest.mark.parametrize("way", WAYS)
def test_odds_are_no_amount(db, send, way):
    create(db, 0, "JPY")
    send(
        way, of("V1_BETS_BET_PLACED", event_data='{"user_id": "u", "stake": 1, "odds": 1.123456789, "fixture_id": "f"}')
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("amount", ['"abc.def"', '"1.5e3"', "-1.234", "0", "null", "true", "[]", '"1.2.3"'])
def test_what_is_no_amount_is_told_first(db, send, way, amount):
    create(db, 0, "JPY")
    for kind in ("V1_BETS_BET_PLACED", "V1_PAYMENTS_DEPOSIT_CREATED"):
        with refuses(db, way, "BL001", kind, f"event_data.{AMOUNTS[kind]} is {amount}"):
            send(way, of(kind, amount))


def test_the_hint_says_what_the_tenant_counts_in(db, connect):
    create(db, 3, "KWD")
    with pytest.raises(psycopg.Error) as caught:
        insert(connect("app"), of("V1_BETS_BET_PLACED", "1.2345"))
    assert caught.value.diag.message_primary == "V1_BETS_BET_PLACED: event_data.stake is 1.2345"
    assert caught.value.diag.message_hint == f"Tenant {TENANT} counts in KWD: send at most 3 decimals."


@pytest.mark.parametrize("scale", CURRENCIES)
def test_an_amount_of_a_call_has_no_more_decimals_than_its_tenant(db, connect, scale):
    app = connect("app")
    create(db, scale, CURRENCIES[scale])
    exact, finer = f"20.{'1' * scale}", f"20.{'1' * (scale + 1)}"
    calls: dict[str, Callable[[str, str], tuple[Any, ...]]] = {
        "deposit": lambda amount, key: (TENANT, "u", amount, key),
        "place_bet": lambda amount, key: (TENANT, "u", amount, "1.987654321", "f", key, True),
        "withdraw": lambda amount, key: (TENANT, "u", amount, key),
        "settle_bet": lambda amount, key: (TENANT, bet, "win", amount, key),
    }
    call(app, "deposit", TENANT, "u", "1000", "first")
    bet = call(app, "place_bet", TENANT, "u", "1", "2", "f", "bet")["bet_id"]
    for name, arguments in calls.items():
        with unchanged(db), refused("BL001", finer):
            call(app, name, *arguments(finer, name))
        # A refused call stores nothing: the same key may succeed.
        assert call(app, name, *arguments(exact + "000", name))["duplicate"] is False
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


@pytest.mark.not_on_citus("a tenant is created in a transaction of its own there")
@given(digits=st.integers(1, 10**20 - 1), places=st.integers(0, 18), zeros=st.integers(0, 3))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_amount_fits_the_scales_that_have_its_decimals(db, digits, places, zeros):
    text = f"{Decimal(digits).scaleb(-places):f}"
    decimals = len(text.partition(".")[2].rstrip("0"))
    if 0 < places <= 18 - zeros:
        text += "0" * zeros
    for scale in {0, max(decimals - 1, 0), decimals, 18}:
        for text_of in (text, f'"{text}"'):
            with db.transaction(force_rollback=True):
                create(db, scale)
                try:
                    with db.transaction():
                        insert(db, of("V1_BETS_BET_PLACED", text_of))
                    fits = True
                except psycopg.Error as error:
                    assert error.sqlstate == "BL001" and "counts in EUR" in str(error.diag.message_hint), text
                    fits = False
                assert fits is (decimals <= scale), (text_of, scale)


@pytest.mark.not_on_citus("types are compiled before the shards")
def test_amounts_of_a_type_that_a_team_adds_are_known_by_their_kind(db):
    with db.transaction():
        db.execute("SET LOCAL ROLE betledger_owner")
        db.execute(
            "INSERT INTO projection.event_types (event_table, event_type, required_fields, optional_fields, has_effect)"
            ' VALUES (\'public.bet_events\', \'V1_BETS_BET_TAXED\', \'{"tax": "payout(4)", "rate": "odds"}\','
            ' \'{"fee": "amount"}\', false)'
        )
        db.execute("SELECT projection.compile('public.bet_events')")
    create(db)

    def taxed(data: str) -> None:
        insert(db, event("V1_BETS_BET_PLACED") | {"event_type": "V1_BETS_BET_TAXED", "event_data": data})

    for good in (
        '{"tax": 0.25, "rate": 1.23456}',
        '{"tax": 1, "rate": 1, "fee": null}',
        '{"tax": 1, "rate": 1, "fee": 0.1}',
    ):
        taxed(good)
    with refused("BL001", "event_data.tax is 0.255"):
        taxed('{"tax": 0.255, "rate": 1}')
    with refused("BL001", "event_data.fee is 0.001"):
        taxed('{"tax": 1, "rate": 1, "fee": 0.001}')


def test_of_many_tenants_each_is_looked_up(db, connect):
    """More than a session should keep with its plans."""
    db.execute(
        "INSERT INTO tenants (tenant_id, name, currency, scale) SELECT n, 'tenant ' || n, 'EUR', 2 FROM generate_series(20001, 25001) AS n"
    )
    create(db)
    assert one(db, "SELECT projection.tenant_limits() AS kept")["kept"] is None
    app = connect("app")
    for tenant in (TENANT, 20001, 25001):
        place(app, tenant, "good", data={"stake": 1.25})
        with refused("BL001", "event_data.stake is 1.255"):
            place(app, tenant, "bad", data={"stake": 1.255})
    set_status(db, "suspended")
    with refused("BL008", f"tenant {TENANT} is suspended"):
        place(app, TENANT, "late")


# ------------------------------------------------------------------------------------------------------------- status


@pytest.mark.parametrize("status", ["suspended", "closed"])
@pytest.mark.parametrize("way", WAYS)
def test_no_event_comes_in_any_way_where_a_tenant_is_not_active(db, send, way, status):
    create(db)
    for kind in AMOUNTS:
        send(way, of(kind))
    set_status(db, status)
    for kind in PAYLOADS:
        with refuses(db, way, "BL008", f"tenant {TENANT} is {status}"):
            send(way, of(kind))
    set_status(db, "active")
    for kind in PAYLOADS:
        send(way, of(kind))
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


def world(db: psycopg.Connection, tenant: int = 1) -> dict[str, str]:
    """What the calls of CALLS are about."""
    call(db, "deposit", tenant, "u1", 100, "first")
    settled = call(db, "place_bet", tenant, "u1", 5, 2, "f", "bet to settle", True)["bet_id"]
    call(db, "settle_bet", tenant, settled, "win", 8)
    completed = call(db, "withdraw", tenant, "u1", 5, "completed")["payment_id"]
    call(db, "complete_payment", tenant, completed)
    return {
        "bet": call(db, "place_bet", tenant, "u1", 5, 2, "f", "bet", True)["bet_id"],
        "payment": call(db, "withdraw", tenant, "u1", 5, "payment")["payment_id"],
        "settled": settled,
        "completed": completed,
    }


# Volatile, and no writing: a reader of the feed begins the era of the server, and its place is no part of the ledger.
OF_FEEDS = ["feed", "ledger_feed", "advance_consumer", "reset_consumer"]


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_every_function_that_writes_is_refused_and_none_that_reads(db, connect, status):
    """Which writes is told by its volatility: what is not volatile cannot write."""
    ids = world(db)
    place(db, 1, "other")
    create(db, tenant=1)
    api = rows(
        db,
        "SELECT proname AS name, provolatile = 'v' AS writes FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND pg_get_userbyid(proowner) = 'betledger_owner' AND prokind = 'f' AND proname <> ALL (%s)",
        (OF_FEEDS,),
    )
    assert {f["name"] for f in api if f["writes"]} >= {"place_bet", "fail_payment", "personal_key", "erase_person"}
    for user in ("app", "tenant_login"):
        conn = connect(user, autocommit=False)

        def called(name: str, conn: psycopg.Connection = conn) -> list[dict[str, Any]]:
            conn.execute("SET LOCAL app.tenant_id = '1'")
            # All or nothing: a batch that does what can be done tells the refusal of each item.
            return rows(conn, CALLS[name].format(**ids).replace(", false)", ")"))

        set_status(db, "active", 1)
        active = {}
        for function in api:
            active[function["name"]] = called(function["name"])
            conn.rollback()
        set_status(db, status, 1)
        with unchanged(db):
            for function in api:
                if function["writes"]:
                    with refused("BL008", f"tenant 1 is {status}"):
                        called(function["name"])
                else:
                    assert called(function["name"]) == active[function["name"]] != []
                conn.rollback()
    assert rows(db, "SELECT FROM personal_keys") == []


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_what_was_stored_before_is_answered_as_ever(db, connect, status):
    """A client whose call was answered by a broken connection calls again."""
    app = connect("app")
    ids = world(app)
    key = call(app, "personal_key", 1, "u1")
    settled = call(app, "settle_bet", 1, ids["bet"], "win", 9, "settled")
    create(db, tenant=1)
    set_status(db, status, 1)
    with unchanged(db):
        assert call(app, "deposit", 1, "u1", 100, "first")["duplicate"] is True
        assert call(app, "place_bet", 1, "u1", 5, 2, "f", "bet", True)["duplicate"] is True
        assert call(app, "settle_bet", 1, ids["bet"], "win", 9, "settled") == settled | {"duplicate": True}
    assert call(app, "personal_key", 1, "u1") == key
    stored = one(app, "SELECT id FROM bet_events WHERE event_type = 'V1_BETS_BET_PLACED' LIMIT 1")
    app.execute(
        "INSERT INTO bet_events SELECT * FROM bet_events WHERE tenant_id = 1 AND id = %s ON CONFLICT DO NOTHING",
        (stored["id"],),
    )


@pytest.mark.parametrize("user", ["app", "tenant_login"])
def test_a_key_of_a_person_is_neither_made_nor_destroyed(db, connect, user):
    call(connect("app"), "personal_key", TENANT, "anna")
    create(db)
    set_status(db, "suspended")
    conn = connect(user, autocommit=False)
    before = rows(db, "SELECT * FROM personal_keys")
    for statement in (
        f"INSERT INTO personal_keys (tenant_id, user_id, key) VALUES ({TENANT}, 'bert', sha256('x'))",
        f"UPDATE personal_keys SET key = NULL, erased_at = now() WHERE tenant_id = {TENANT} AND user_id = 'anna'",
    ):
        conn.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
        with refused("BL008", f"tenant {TENANT} is suspended"):
            conn.execute(statement)
        conn.rollback()
    assert rows(db, "SELECT * FROM personal_keys") == before
    set_status(db, "active")
    assert call(connect("app"), "erase_person", TENANT, "anna")["duplicate"] is False


def test_other_tenants_write_on(db, connect):
    create(db)
    set_status(db, "suspended")
    create(db, tenant=OTHER)
    app = connect("app")
    for tenant in (OTHER, 1):
        assert call(app, "deposit", tenant, "u", 5, "k")["balance"] == 5


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_upkeep_goes_on(db, connect, status):
    operator = connect("operator")
    for table, kind in zip(EVENT_TABLES, ("BET_PLACED", "DEPOSIT_CREATED", "BALANCE_INCREASED"), strict=True):
        append(db, kind, aggregate=table, key="k", created_at="2020-01-01")
    create(db)
    set_status(db, status)
    db.execute("UPDATE bets_view SET stake = 99 WHERE tenant_id = %s", (TENANT,))
    assert rows(operator, "SELECT * FROM ops.verify_projections()") != []
    operator.execute("CALL ops.rebuild_projection()")
    assert rows(operator, "SELECT * FROM ops.verify_projections()") == []
    operator.execute("CALL ops.purge_idempotency_keys()")
    for table in EVENT_TABLES:
        assert rows(db, f"SELECT FROM {table} WHERE metadata ? 'idempotency_key'") == []
    assert rows(operator, "SELECT * FROM ops.reconcile()") == []


@pytest.mark.not_on_citus("there is no proof: each shard compiles when its first event comes")
def test_the_tenant_of_the_proof_may_have_a_row(db):
    create(db, 0, "JPY", 2**63 - 1)
    set_status(db, "closed", 2**63 - 1)
    for table in EVENT_TABLES:
        db.execute("SELECT projection.prove(%s)", (f"public.{table}",))
    assert one(db, "SELECT scale, status FROM tenants") == {"scale": 0, "status": "closed"}


# -------------------------------------------------------------------------------------------------- many at one moment


def test_a_transaction_that_is_under_way_may_end(db, connect):
    create(db)
    app = connect("app", autocommit=False)
    # It began before: what it has written, it may keep.
    place(app, bet="written")
    set_status(db, "suspended")
    app.commit()
    set_status(db, "active")
    # Its next statement sees what has been committed.
    place(app, bet="going on")
    set_status(db, "suspended")
    with refused("BL008"):
        place(app, bet="more")
    app.rollback()
    with refused("BL008"):
        place(app, bet="begun later")
    assert [r["bet_id"] for r in rows(db, "SELECT bet_id FROM bets_view")] == ["written"]


@pytest.mark.not_on_citus("a snapshot is that of one node")
def test_a_snapshot_of_before_may_end_and_one_of_later_is_refused(db, connect):
    create(db)
    early, late = (connect("app", autocommit=False) for _ in range(2))
    for conn in (early, late):
        conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    early.execute("SELECT count(*) FROM bets_view")
    set_status(db, "suspended")
    place(early, bet="early")
    early.commit()
    with refused("BL008"):
        place(late, bet="late")
    assert [r["bet_id"] for r in rows(db, "SELECT bet_id FROM bets_view")] == ["early"]


def test_a_write_that_waits_while_its_tenant_is_suspended_is_under_way(db, connect):
    create(db)
    place(db, bet="b")
    first, second = (connect("app", autocommit=False) for _ in range(2))
    append(first, "BET_CONFIRMED", aggregate="b", timestamp=T0 + 1)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(append, second, "BET_SETTLED", aggregate="b", timestamp=T0 + 2)
        try:
            wait_until_blocked(db, second)
            set_status(db, "suspended")
        finally:
            first.commit()
        waiting.result(60)
    second.commit()
    assert one(db, "SELECT status FROM bets_view") == {"status": "settled"}
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


def test_no_write_that_begins_after_a_suspension_is_stored(db, connect):
    """Under load: clients write on, and one suspends, resumes, and counts what was begun in between."""
    create(db)
    operator = connect("operator")
    stop = threading.Event()
    suspended_at: list[tuple[float, float]] = []
    done: list[tuple[float, float, str | None]] = []

    def write(number: int) -> None:
        app, n = connect("app"), 0
        while not stop.is_set():
            n += 1
            began = time.monotonic()
            try:
                if n % 3:
                    call(app, "deposit", TENANT, f"u{number % 3}", 1, f"{number}-{n}")
                else:
                    insert(app, *(of("V1_BETS_BET_PLACED") for _ in range(1 + n % 2)))
                done.append((began, time.monotonic(), None))
            except psycopg.Error as error:
                done.append((began, time.monotonic(), error.sqlstate))

    def wait_for(further: int) -> None:
        seen, deadline = len(done), time.monotonic() + 60
        while len(done) < seen + further:
            assert time.monotonic() < deadline, "nothing is written"
            time.sleep(0.001)

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(write, number) for number in range(8)]
        try:
            for _ in range(8):
                set_status(operator, "suspended")
                begins = time.monotonic()
                wait_for(40)
                suspended_at.append((begins, time.monotonic()))
                set_status(operator, "active")
                wait_for(40)
        finally:
            stop.set()
        for writer in writers:
            writer.result(60)
    within = [code for began, ended, code in done for begins, ends in suspended_at if begins < began < ended < ends]
    assert set(within) == {"BL008"} and len(within) >= 100
    assert {code for *_, code in done} == {"BL008", None}
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


def test_changes_of_a_tenant_at_the_same_moment_are_all_kept(db, connect):
    create(db, 0)
    operators = [connect("operator") for _ in range(8)]
    results = at_once(
        [
            *(lambda c=c, n=n: change(c, scale=n) for n, c in enumerate(operators[:3], 1)),
            *(lambda c=c: change(c, name="South") for c in operators[3:6]),
            *(lambda c=c: set_status(c, "closed") for c in operators[6:]),
        ]
    )
    assert states(results) == Counter({"ok": 8})
    now = one(db, "SELECT name, currency, status, scale FROM tenants")
    assert now.pop("scale") in (1, 2, 3)
    assert now == {"name": "South", "currency": "EUR", "status": "closed"}


def test_a_tenant_is_created_once(db, connect):
    operators = [connect("operator") for _ in range(8)]
    results = at_once([lambda c=c, n=n: create(c, n % 2) for n, c in enumerate(operators)])
    assert states(results) == Counter({"ok": 4, "BL001": 4})
    assert len(rows(db, "SELECT FROM tenants")) == 1


# ------------------------------------------------------------------------------------------------------------ the row


def test_a_row_is_made_once_and_tells_when(db, connect):
    operator = connect("operator")
    made = create(operator)
    assert tuple(made) == (*ROW, "limits")
    assert made["created_at"] == made["changed_at"]
    assert {k: made[k] for k in ROW[:5]} == {
        "tenant_id": TENANT, "name": "North", "currency": "EUR", "scale": 2, "status": "active",
    }  # fmt: skip
    assert create(operator) == made
    for other in ((TENANT, "South", "EUR", 2), (TENANT, "North", "USD", 2), (TENANT, "North", "EUR", 3)):
        with refused("BL001", f"tenant_id is {TENANT}"):
            operator.execute("SELECT ops.create_tenant(%s, %s, %s, %s)", other)
    assert rows(db, "SELECT * FROM tenants") == [made]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        *((0, tenant) for tenant in (None, 0, -1)),
        *((1, name) for name in (None, "", "x" * 201)),
        *((2, currency) for currency in (None, "", "eur", "EU", "EURO", "E1R", "€€€", "ЕUR", "EUR ", "ÉUR", "EUR\n")),
        *((3, scale) for scale in (None, -1, 19)),
    ],
)
def test_what_a_row_may_not_be_is_refused(db, connect, argument, value):
    operator = connect("operator")
    good: list[Any] = [TENANT, "North", "EUR", 2]
    name = ("tenant_id", "name", "currency", "scale")[argument]
    with refused("BL001", f"{name} is "):
        operator.execute("SELECT ops.create_tenant(%s, %s, %s, %s)", [*good[:argument], value, *good[argument + 1 :]])
    assert rows(db, "SELECT FROM tenants") == []
    create(operator)
    if value is not None or argument == 0:
        with refused("BL001", f"{name} is "):
            change(operator, **({"tenant": value} if argument == 0 else {name: value}))
    # The table itself takes no less.
    with pytest.raises(psycopg.Error) as caught:
        db.execute("UPDATE tenants SET " + name + " = %s", (value,))
    assert caught.value.sqlstate in ("23514", "23502", "0A000", "22P02")


@pytest.mark.parametrize("kind", AMOUNTS)
def test_a_scale_fits_what_is_stored(db, connect, kind):
    operator = connect("operator")
    insert(db, of(kind, "1.25", aggregate="a"), of(kind, "1.2500", aggregate="b"), of(kind, "9.999", OTHER))
    for scale in (0, 1):
        with refused("BL001", f"scale is {scale}"):
            create(operator, scale)
    create(operator, 2)
    with refused("BL001", "scale is 1"):
        change(operator, scale=1)
    # Wider at any time, and back as long as nothing needs it.
    assert change(operator, scale=3)["scale"] == 3
    assert change(operator, scale=2)["scale"] == 2
    change(operator, scale=3)
    insert(db, of(kind, "1.125"))
    with refused("BL001", "scale is 2"):
        change(operator, scale=2)
    assert one(db, "SELECT scale FROM tenants") == {"scale": 3}


@pytest.mark.parametrize("kind", ["BET_CONFIRMED", "DEPOSIT_CREATED", "BALANCE_INCREASED"])
def test_another_currency_is_for_a_tenant_that_has_written_nothing(db, connect, kind):
    operator = connect("operator")
    create(operator)
    append(db, kind, OTHER)
    assert change(operator, currency="USD")["currency"] == "USD"
    append(db, kind)
    with refused("BL001", "currency is 'EUR'"):
        change(operator, currency="EUR")
    assert change(operator, currency="USD", name="South")["name"] == "South"
    assert one(db, "SELECT currency, name FROM tenants") == {"currency": "USD", "name": "South"}


def test_the_status_goes_these_ways(db, connect):
    operator = connect("operator")
    made = create(operator)
    last = made["changed_at"]
    for status in ("suspended", "active", "suspended", "closed", "active", "closed"):
        row = set_status(operator, status)
        assert row == one(db, "SELECT * FROM tenants")
        assert row["status"] == status and row["changed_at"] > last and row["created_at"] == made["created_at"]
        last = row["changed_at"]
        assert set_status(operator, status) == row
    with refused("BL003", f"tenant {TENANT} is closed"):
        set_status(operator, "suspended")
    for bad in (None, "", "Active", "gone", "x" * 300):
        with refused("BL001", "status is "):
            set_status(operator, bad)


def test_what_has_no_row_is_not_changed(db, connect):
    operator = connect("operator")
    place(db)
    for keep in (lambda: set_status(operator, "suspended"), lambda: change(operator, scale=3)):
        with refused("BL002", f"tenant {TENANT} has no row"):
            keep()


# -------------------------------------------------------------------------------------------------------------- walls


def test_a_tenant_sees_its_own_row_and_trusted_groups_see_all(db, connect):
    for tenant in (TENANT, OTHER):
        create(db, tenant=tenant)
    seen = "SELECT tenant_id FROM tenants ORDER BY 1"
    for user in ("app", "reader", "operator"):
        assert [r["tenant_id"] for r in rows(connect(user), seen)] == [TENANT, OTHER]
    walled = connect("tenant_login", autocommit=False)
    assert rows(walled, seen) == []
    walled.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
    assert [r["tenant_id"] for r in rows(walled, seen)] == [TENANT]
    assert rows(walled, "SELECT FROM tenants WHERE tenant_id = %s", (OTHER,)) == []
    with refused("42501", hint=False):
        connect("stranger").execute(seen)


@pytest.mark.parametrize("user", ["app", "tenant_login", "reader", "operator"])
def test_nobody_writes_the_table_and_only_operators_call_what_does(db, connect, user):
    made = create(db)
    conn = connect(user, autocommit=False)
    writes = [
        f"INSERT INTO tenants (tenant_id, name, currency, scale) VALUES ({TENANT}1, 'x', 'EUR', 2)",
        "UPDATE tenants SET scale = 9",
        "UPDATE tenants SET status = 'active'",
        "DELETE FROM tenants",
        "TRUNCATE tenants",
    ]
    keeps = [
        f"SELECT ops.create_tenant({TENANT}1, 'x', 'EUR', 2)",
        f"SELECT ops.change_tenant({TENANT}, 'South')",
        f"SELECT ops.set_tenant_status({TENANT}, 'closed')",
        f"SELECT projection.known_tenant({TENANT})",
    ]
    for statement in writes if user == "operator" else writes + keeps:
        conn.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
        with refused("42501", hint=False):
            conn.execute(statement)
        conn.rollback()
    assert rows(db, "SELECT * FROM tenants") == [made]


def test_a_tenant_is_stopped_that_cannot_see_why(db, connect):
    """The trigger reads the row as the owner; a policy of another kind would let through whom it hides it from."""
    create(db)
    create(db, tenant=OTHER)
    set_status(db, "suspended")
    walled = connect("tenant_login", autocommit=False)
    walled.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
    with refused("BL008"):
        place(walled)
    walled.rollback()
    walled.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
    # What is suspended of another one is not told.
    with refused("BL006"):
        place(walled, OTHER)
    walled.rollback()
    walled.execute(f"SET LOCAL app.tenant_id = '{OTHER}'")
    with refused("42501", hint=False):
        walled.execute(f"INSERT INTO personal_keys (tenant_id, user_id, key) VALUES ({TENANT}, 'x', sha256('x'))")


# ------------------------------------------------------------------------------------------------------- what is told


def test_the_currency_is_told_with_the_amounts(db, connect):
    create(db)
    for tenant in (TENANT, OTHER):
        call(db, "deposit", tenant, "u1", 5, "k")
    for user in ("app", "reader"):
        conn = connect(user)
        summary = rows(conn, "SELECT tenant_id, balances, currency FROM tenants_summary_view ORDER BY 1")
        assert [tuple(r.values()) for r in summary] == [(TENANT, 5, "EUR"), (OTHER, 5, None)]
        for tenant, currency in ((TENANT, "EUR"), (OTHER, None)):
            statement = call_all(conn, "balance_statement", tenant, "u1")
            assert [(r["entry"], r["balance"], r["currency"]) for r in statement] == [
                ("opening", 0, currency), ("movement", 5, currency), ("closing", 5, currency),
            ]  # fmt: skip
    walled = connect("tenant_login", autocommit=False)
    walled.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
    assert rows(walled, "SELECT tenant_id, currency FROM tenants_summary_view") == [
        {"tenant_id": TENANT, "currency": "EUR"}
    ]
    assert {r["currency"] for r in call_all(walled, "balance_statement", TENANT, "u1")} == {"EUR"}


def test_a_closed_tenant_that_holds_money_is_found(db, connect):
    operator, check = connect("operator"), "closed tenants hold no money"
    for tenant in (TENANT, OTHER, 7, 8):
        create(db, tenant=tenant)
    for user, amount in (("u1", "10.50"), ("u2", "4.25")):
        call(db, "deposit", TENANT, user, amount, user)
    call(db, "deposit", 8, "u1", 5, "k")
    place(db, OTHER, data={"stake": 1})
    append(db, "DEPOSIT_CREATED", 7)
    # A suspended one is to be resumed.
    for status, found in (
        ("suspended", []),
        (
            "closed",
            [
                f"tenant {TENANT} is closed, and the balances of 2 users hold 14.75 EUR",
                f"tenant {OTHER} is closed, and 1 of its bets are open",
            ],
        ),
    ):
        for tenant in (TENANT, OTHER, 7):
            set_status(db, status, tenant)
        assert findings(operator).get(check, []) == found
    for tenant in (TENANT, OTHER):
        set_status(db, "active", tenant)
    for user, amount in (("u1", "10.50"), ("u2", "4.25")):
        call(db, "withdraw", TENANT, user, amount, f"out {user}")
    call(db, "cancel_bet", OTHER, "bet-1")
    for tenant in (TENANT, OTHER):
        set_status(db, "closed", tenant)
    assert check not in findings(operator)


def test_tenants_are_listed_with_what_is_known_of_them(db, connect):
    operator = connect("operator")
    columns = "tenant_id, name, currency, scale, status, users, bets"
    create(db, 0, "JPY", 3)
    create(db, tenant=1)
    for tenant, bets in ((1, 1), (2, 2)):
        for n in range(bets):
            place(db, tenant, f"b{n}")
    listed = [tuple(r.values()) for r in rows(operator, f"SELECT {columns} FROM ops.tenants()")]
    assert listed == [
        (2, None, None, None, None, 1, 2),
        (1, "North", "EUR", 2, "active", 1, 1),
        (3, "North", "JPY", 0, "active", 0, 0),
    ]
    for limit in (1, 2, 3):
        assert [r["tenant_id"] for r in rows(operator, "SELECT tenant_id FROM ops.tenants(NULL, %s)", (limit,))] == [
            2, 1, 3,
        ][:limit]  # fmt: skip
    for tenant in (1, 2, 3):
        assert [r["tenant_id"] for r in rows(operator, "SELECT * FROM ops.tenants(%s)", (tenant,))] == [tenant]
    assert rows(operator, "SELECT * FROM ops.tenants(4)") == []


def shown(dsn: str, *arguments: str) -> Any:
    """What a command prints as JSON."""
    result = run("tenant", *arguments, "--json", url=dsn)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_a_tenant_is_kept_by_commands(dsn, db):
    create_it = ("create", "7", "--name", "Bets of the North", "--currency", "KWD", "--scale", "3")
    made = shown(dsn, *create_it)
    assert tuple(made) == ROW
    assert {k: made[k] for k in ROW[:5]} == {
        "tenant_id": 7, "name": "Bets of the North", "currency": "KWD", "scale": 3, "status": "active",
    }  # fmt: skip
    assert shown(dsn, *create_it) == made
    for command, status in (("suspend", "suspended"), ("resume", "active"), ("close", "closed")):
        assert shown(dsn, command, "7")["status"] == status == one(db, "SELECT status FROM tenants")["status"]
    assert shown(dsn, "change", "7", "--scale", "4")["scale"] == 4
    (listed,) = shown(dsn, "list")
    assert listed == shown(dsn, "show", "7")
    assert {k: listed[k] for k in ("tenant", "name", "currency", "scale", "status", "users", "bets")} == {
        "tenant": 7, "name": "Bets of the North", "currency": "KWD", "scale": 4, "status": "closed", "users": 0, "bets": 0,
    }  # fmt: skip
    told = run("tenant", "resume", "7", url=dsn)
    assert (told.returncode, told.stdout) == (0, "tenant 7 (Bets of the North) is active: KWD with 4 decimals\n")
    assert "Bets of the North" in run("tenant", "list", url=dsn).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("create", "7", "--name", "x", "--currency", "eur", "--scale", "2"), 1, "currency is 'eur' [BL001] Hint: "),
        (("create", "7", "--name", "x", "--currency", "EUR"), 2, "Missing option '--scale'"),
        (("create", "7", "--name", "x", "--currency", "EUR", "--scale", "19"), 2, "less than or equal to 18"),
        (("create", "0", "--name", "x", "--currency", "EUR", "--scale", "2"), 2, "greater than or equal to 1"),
        (("suspend", "7"), 1, "tenant 7 has no row in public.tenants [BL002] Hint: "),
        (("resume", "7"), 1, "tenant 7 has no row in public.tenants [BL002] Hint: "),
        (("close", "7"), 1, "tenant 7 has no row in public.tenants [BL002] Hint: "),
        (("change", "7", "--scale", "3"), 1, "tenant 7 has no row in public.tenants [BL002] Hint: "),
    ],
)
def test_what_a_command_cannot_do_is_one_line(dsn, db, arguments, code, message):
    result = run("tenant", *arguments, url=dsn)
    assert (result.returncode, result.stdout) == (code, "")
    assert message in result.stderr and result.stderr.count("\n") == 1
    assert rows(db, "SELECT FROM tenants") == []
