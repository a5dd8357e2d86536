"""The stored functions of public, called as the role app."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal as D
from typing import Any

import psycopg
import pytest
from ledger import (
    OTHER,
    T0,
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
    state,
    unchanged,
    wait_until_blocked,
)
from test_chaos import CALLS as EVERY_CALL
from test_chaos import made

BET = ("tenant_id", "bet_id", "user_id", "stake", "odds", "fixture_id", "status", "result", "payout",
       "idempotency_key", "created_at", "last_updated_at", "duplicate")  # fmt: skip
PAYMENT = ("tenant_id", "payment_id", "user_id", "type", "amount", "status", "idempotency_key", "created_at",
           "last_updated_at", "balance", "duplicate")  # fmt: skip
HISTORY = ("id", "aggregate_id", "event_type", "event_data", "timestamp", "version", "metadata", "created_at")

PLACE = ("place_bet", TENANT, "u1", D("10.5"), D("1.85"), "f1", "k-place")
DEPOSIT = ("deposit", TENANT, "u1", D(100), "k-deposit")
# Each writing function, with a key; "bet", "paid" and "taken" stand for ids that `world` makes.
CALLS: dict[str, tuple[Any, ...]] = {
    "place_bet": ("place_bet", TENANT, "u1", D(1), D("1.5"), "f1", "k", True),
    "confirm_bet": ("confirm_bet", TENANT, "bet", "k"),
    "settle_bet": ("settle_bet", TENANT, "bet", "win", D(20), "k"),
    "cancel_bet": ("cancel_bet", TENANT, "bet", "rain", "k"),
    "deposit": ("deposit", TENANT, "u1", D(5), "k"),
    "withdraw": ("withdraw", TENANT, "u1", D(5), "k"),
    "complete_payment": ("complete_payment", TENANT, "paid", "k"),
    "fail_payment": ("fail_payment", TENANT, "taken", "declined", "k"),
}


@pytest.fixture
def app(connect):
    return connect("app")


@pytest.fixture
def world(app):
    """A user with 70, a bet from the balance, a deposit and a withdrawal, all of them open; both tenants alike."""
    ids = {}
    for tenant in (OTHER, TENANT):
        ids["paid"] = call(app, "deposit", tenant, "u1", 100, "w-deposit")["payment_id"]
        ids["bet"] = call(app, "place_bet", tenant, "u1", 10, 2, "f1", "w-bet", True)["bet_id"]
        ids["taken"] = call(app, "withdraw", tenant, "u1", 20, "w-withdraw")["payment_id"]
    return ids


def filled(world: dict[str, str], name: str) -> tuple[Any, ...]:
    return tuple(world.get(a, a) if isinstance(a, str) else a for a in CALLS[name])


def balance(conn: psycopg.Connection, user: str = "u1", tenant: int = TENANT) -> D:
    return one(conn, "SELECT balance FROM user_balances_view WHERE tenant_id = %s AND user_id = %s", (tenant, user))[
        "balance"
    ]


def purge(connect) -> None:
    connect("operator").execute("CALL ops.purge_idempotency_keys('0')")


# Results ------------------------------------------------------------------------------------------------------------


def test_place_bet_gives_the_row_of_bets_view(app):
    row = call(app, *PLACE)
    assert tuple(row) == BET
    assert row["duplicate"] is False
    assert {k: row[k] for k in BET[:10] if k != "bet_id"} == {
        "tenant_id": TENANT, "user_id": "u1", "stake": D("10.5"), "odds": D("1.85"), "fixture_id": "f1",
        "status": "placed", "result": None, "payout": None, "idempotency_key": "k-place",
    }  # fmt: skip
    view = one(app, "SELECT * FROM bets_view WHERE tenant_id = %s AND bet_id = %s", (TENANT, row["bet_id"]))
    assert view == {k: v for k, v in row.items() if k != "duplicate"}


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("confirm_bet",), {"status": "confirmed", "result": None, "payout": None}),
        (("settle_bet", "win", D("19.43")), {"status": "settled", "result": "win", "payout": D("19.43")}),
        (("settle_bet", "loss", 0), {"status": "settled", "result": "loss", "payout": D(0)}),
        (("settle_bet", "void", D("10.5")), {"status": "settled", "result": "void", "payout": D("10.5")}),
        (("cancel_bet",), {"status": "cancelled", "result": None, "payout": None}),
        (("cancel_bet", "rain"), {"status": "cancelled", "result": None, "payout": None}),
    ],
)
def test_a_later_step_of_a_bet_gives_its_row(app, args, expected):
    bet = call(app, *PLACE)["bet_id"]
    row = call(app, args[0], TENANT, bet, *args[1:])
    assert tuple(row) == BET
    assert expected | {"bet_id": bet, "stake": D("10.5"), "idempotency_key": "k-place", "duplicate": False} == {
        k: row[k] for k in (*expected, "bet_id", "stake", "idempotency_key", "duplicate")
    }
    view = one(app, "SELECT * FROM bets_view WHERE bet_id = %s", (bet,))
    assert view == {k: v for k, v in row.items() if k != "duplicate"}


@pytest.mark.parametrize(("function", "amount", "left"), [("deposit", D("0.5"), D("100.5")), ("withdraw", 100, D(0))])
def test_deposit_and_withdraw_give_the_row_of_payments_view_and_the_balance(app, function, amount, left):
    call(app, *DEPOSIT)
    row = call(app, function, TENANT, "u1", amount, "k")
    assert tuple(row) == PAYMENT
    assert (row["type"], row["amount"], row["status"]) == (function.replace("draw", "drawal"), amount, "created")
    assert (row["balance"], row["duplicate"], row["idempotency_key"]) == (left, False, "k")
    assert balance(app) == left
    view = one(app, "SELECT * FROM payments_view WHERE payment_id = %s", (row["payment_id"],))
    assert view == {k: row[k] for k in view}


@pytest.mark.parametrize(
    ("function", "which", "status", "left"),
    [
        ("complete_payment", "paid", "completed", D(70)),
        ("complete_payment", "taken", "completed", D(70)),
        ("fail_payment", "taken", "failed", D(90)),
    ],
)
def test_payments_end(app, world, function, which, status, left):
    row = call(app, function, TENANT, world[which])
    assert tuple(row) == PAYMENT
    assert (row["status"], row["balance"], row["duplicate"]) == (status, left, False)
    assert (balance(app), balance(app, tenant=OTHER)) == (left, D(70))


def test_a_failed_deposit_is_taken_back(app):
    payment = call(app, *DEPOSIT)["payment_id"]
    row = call(app, "fail_payment", TENANT, payment, "card declined")
    assert (row["status"], row["balance"]) == ("failed", D(0))
    assert [e["event_data"].get("reason") for e in call_all(app, "payment_history", TENANT, payment)] == [
        None,
        "card declined",
    ]


def test_a_failed_deposit_whose_money_is_spent_is_refused(app, world):
    with unchanged(app), refused("BL004", "'u1'", "70", "100"):
        call(app, "fail_payment", TENANT, world["paid"], "card declined", "k")
    call(app, "deposit", TENANT, "u1", 30, "more")
    assert call(app, "fail_payment", TENANT, world["paid"], "card declined", "k")["balance"] == 0


def test_a_failed_payment_of_a_client_is_taken_back_too(app):
    insert(app, event("V1_PAYMENTS_DEPOSIT_CREATED", aggregate="p1", data={"payment_id": "p1"}))
    insert(app, event("V1_BALANCES_BALANCE_INCREASED", aggregate="balance-u1", data={"payment_id": "p1"}))
    assert balance(app) == 100
    assert call(app, "fail_payment", TENANT, "p1")["balance"] == 0


@pytest.mark.parametrize("hours", [0, 2, 24 * 400])
def test_what_a_payment_moved_is_found_by_its_link_whenever_that_was(app, hours):
    insert(app, event("V1_PAYMENTS_DEPOSIT_CREATED", aggregate="p1", data={"payment_id": "p1"}))
    later = T0 + hours * 3_600_000
    insert(app, event("V1_BALANCES_BALANCE_INCREASED", aggregate="b", data={"payment_id": "p1"}, timestamp=later))
    insert(app, event("V1_BALANCES_BALANCE_INCREASED", aggregate="b", data={"payment_id": "p2"}))
    insert(app, event("V1_BALANCES_BALANCE_INCREASED", aggregate="b", data={"bet_id": "p1"}))
    assert call(app, "fail_payment", TENANT, "p1")["balance"] == 200


def test_a_flag_without_an_event_that_takes_the_stake_gives_nothing_back(app):
    for end in ("cancel_bet",), ("settle_bet", "win", 15):
        bet = f"b-{end[0]}"
        insert(app, event("V1_BETS_BET_PLACED", aggregate=bet, data={"from_balance": True}))
        call(app, end[0], TENANT, bet, *end[1:])
    assert rows(app, "SELECT FROM balance_events") == []


@pytest.mark.parametrize(("end", "left"), [(("cancel_bet",), 100), (("settle_bet", "win", 15), 75)])
def test_a_stake_that_a_client_took_is_found_by_its_link(app, end, left):
    insert(app, event("V1_BETS_BET_PLACED", aggregate="b1"))
    insert(app, event("V1_BALANCES_BALANCE_INCREASED", aggregate="b"))
    insert(app, event("V1_BALANCES_BALANCE_DECREASED", aggregate="b", data={"bet_id": "b1"}))
    call(app, end[0], TENANT, "b1", *end[1:])
    assert balance(app) == left


@pytest.mark.parametrize(("result", "payout"), [("loss", 5), ("loss", D("0.01")), ("win", 0), ("void", 9), ("void", 0)])
def test_a_payout_that_contradicts_the_result_is_refused(app, world, result, payout):
    with unchanged(app), refused("BL001", f"payout of a {result}", str(payout)):
        call(app, "settle_bet", TENANT, world["bet"], result, payout)


def test_a_bet_that_is_settled_before_it_is_placed_is_settled_everywhere(app):
    insert(app, event("V1_BETS_BET_SETTLED", aggregate="b1", timestamp=T0))
    insert(app, event("V1_BETS_BET_PLACED", aggregate="b1", timestamp=T0 + 60_000))
    assert one(app, "SELECT status FROM bets_view")["status"] == "settled"
    assert one(app, "SELECT status FROM bet_as_of(%s, 'b1', %s)", (TENANT, T0 + 60_000))["status"] == "settled"
    assert one(app, "SELECT open_bets FROM user_activity_view")["open_bets"] == 0
    totals = one(app, "SELECT bets, bets_placed, bets_settled FROM tenants_summary_view")
    assert totals == {"bets": 1, "bets_placed": 0, "bets_settled": 1}
    for step in ("confirm_bet",), ("cancel_bet",), ("settle_bet", "win", 5):
        with unchanged(app), refused("BL003", "settled"):
            call(app, step[0], TENANT, "b1", *step[1:])


TYPE = (
    "INSERT INTO projection.event_types (event_table, event_type, kind, status, rank, required_fields, has_effect)"
    " VALUES ('public.{}_events', '{}', {}, {}, {}, '{}', {})"
)
AMOUNTS = '{"user_id": "identifier", "amount": "amount"}'
MORE_TYPES = [
    TYPE.format("bet", "V2_BETS_BET_SETTLED", "'bet'", "'settled'", 2, "{}", True),
    TYPE.format("bet", "V1_BETS_BET_NOTED", "NULL", "NULL", 2, "{}", False),
    TYPE.format("payment", "V2_PAYMENTS_DEPOSIT_COMPLETED", "'deposit'", "'completed'", 2, "{}", True),
    TYPE.format("payment", "V1_PAYMENTS_PAYMENT_NOTED", "NULL", "NULL", 2, "{}", False),
    TYPE.format("balance", "V2_BALANCES_BALANCE_INCREASED", "'credit'", "'increased'", 0, AMOUNTS, True),
    TYPE.format("balance", "V1_BALANCES_FEE_TAKEN", "'debit'", "'decreased'", 0, AMOUNTS, True),
]


@pytest.fixture
def more_types(db):
    """Types that a later migration registers."""
    with db.transaction():
        db.execute("SET LOCAL ROLE betledger_owner")
        for statement in MORE_TYPES:
            db.execute(statement)
        for table in ("bet_events", "payment_events", "balance_events"):
            db.execute("SELECT projection.compile(%s), projection.prove(%s)", (f"public.{table}", f"public.{table}"))


def of_type(app, event_type: str, aggregate: str, data: str = "{}", ms: int = 0) -> None:
    like = {"BETS": "V1_BETS_BET_CONFIRMED", "PAYMENTS": "V1_PAYMENTS_DEPOSIT_FAILED", "BALANCES": "V1_BALANCES_BALANCE_INCREASED"}
    row = event(like[event_type.split("_")[1]], aggregate=aggregate, timestamp=int(time.time() * 1000) + ms)
    insert(app, row | {"event_type": event_type, "event_data": data})


@pytest.mark.not_on_citus("types are added by a migration there")
def test_another_version_of_a_type_is_what_its_row_says(app, world, more_types):
    """Nothing is read out of a name: not by the read tables, nor by the functions."""
    of_type(app, "V2_BALANCES_BALANCE_INCREASED", "b", '{"user_id": "u1", "amount": 10}')
    assert balance(app) == 80
    of_type(app, "V1_BALANCES_FEE_TAKEN", "b", json.dumps({"user_id": "u1", "amount": 5, "payment_id": world["taken"]}))
    assert balance(app) == 75
    assert call(app, "fail_payment", TENANT, world["taken"])["balance"] == 100
    of_type(app, "V2_BETS_BET_SETTLED", world["bet"])
    of_type(app, "V2_PAYMENTS_DEPOSIT_COMPLETED", world["paid"])
    assert one(app, "SELECT status FROM bets_view WHERE tenant_id = %s", (TENANT,))["status"] == "settled"
    with unchanged(app):
        for step in ("confirm_bet",), ("cancel_bet",), ("settle_bet", "win", 5):
            with refused("BL003", "is settled"):
                call(app, step[0], TENANT, world["bet"], *step[1:])
        for step in ("complete_payment", "fail_payment"):
            with refused("BL003", "is completed"):
                call(app, step, TENANT, world["paid"])


@pytest.mark.not_on_citus("types are added by a migration there")
def test_an_event_without_effect_stands_in_nobodys_way(app, world, more_types):
    """However late it is dated: its time is not that of the stream."""
    of_type(app, "V1_BETS_BET_NOTED", world["bet"], ms=43_200_000)
    of_type(app, "V1_PAYMENTS_PAYMENT_NOTED", world["paid"], ms=43_200_000)
    assert call(app, "confirm_bet", TENANT, world["bet"])["status"] == "confirmed"
    assert call(app, "settle_bet", TENANT, world["bet"], "win", 20)["status"] == "settled"
    assert call(app, "complete_payment", TENANT, world["paid"])["status"] == "completed"
    assert balance(app) == 90


@pytest.mark.parametrize(
    ("end", "left"),
    [
        (("settle_bet", "win", 15), 105),
        (("settle_bet", "loss", 0), 90),
        (("settle_bet", "void", 10), 100),
        (("cancel_bet",), 100),
    ],
)
@pytest.mark.parametrize("confirmed", [False, True])
def test_a_bet_from_the_balance(app, end, left, confirmed):
    call(app, *DEPOSIT)
    bet = call(app, "place_bet", TENANT, "u1", 10, 2, "f1", "k", True)["bet_id"]
    assert balance(app) == 90
    if confirmed:
        call(app, "confirm_bet", TENANT, bet)
    call(app, end[0], TENANT, bet, *end[1:])
    assert balance(app) == left


@pytest.mark.parametrize("end", [("settle_bet", "win", 15), ("cancel_bet",)])
def test_a_bet_beside_the_balance_leaves_it_alone(app, end):
    call(app, *DEPOSIT)
    call(app, end[0], TENANT, call(app, *PLACE)["bet_id"], *end[1:])
    assert balance(app) == 100


def test_the_exact_balance_may_be_staked(app):
    call(app, *DEPOSIT)
    call(app, "place_bet", TENANT, "u1", 100, 2, "f1", "k", True)
    assert balance(app) == 0


# Replays ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("purged", [False, True])
@pytest.mark.parametrize("name", CALLS)
def test_a_replay_gives_the_first_result_and_stores_nothing(app, connect, world, name, purged):
    first = call(app, *filled(world, name))
    if purged:
        purge(connect)
    with unchanged(app):
        second = call(app, *filled(world, name))
    own_key = name in ("place_bet", "deposit", "withdraw")
    assert first["duplicate"] is False
    assert second == first | {"duplicate": True} | (
        {"idempotency_key": None if own_key or purged else first["idempotency_key"]} if purged else {}
    )


@pytest.mark.parametrize("purged", [False, True])
@pytest.mark.parametrize(
    "name_args",
    [
        ("place_bet", TENANT, "u1", D("1.0"), D("1.500"), "f1", "k", True),
        ("place_bet", TENANT, "u1", D("1.000"), D("1.5"), "f1", "k", True),
        ("settle_bet", TENANT, "bet", "win", D("20.00"), "k"),
        ("deposit", TENANT, "u1", D("5.0"), "k"),
        ("withdraw", TENANT, "u1", D("5.000"), "k"),
    ],
)
def test_numbers_are_compared_by_value(app, connect, world, name_args, purged):
    call(app, *filled(world, name_args[0]))
    if purged:
        purge(connect)
    assert call(app, *(world.get(a, a) if isinstance(a, str) else a for a in name_args))["duplicate"] is True


OTHERWISE = [
    ("place_bet", 2, "u2", "user_id"), ("place_bet", 3, D("1.01"), "stake"), ("place_bet", 4, D("1.51"), "odds"),
    ("place_bet", 5, "f2", "fixture_id"), ("place_bet", 7, False, "from_balance"),
    ("confirm_bet", 2, "other", "bet_id"),
    ("settle_bet", 2, "other", "bet_id"), ("settle_bet", 3, "void", "result"), ("settle_bet", 4, D(21), "payout"),
    ("cancel_bet", 2, "other", "bet_id"), ("cancel_bet", 3, "snow", "reason"), ("cancel_bet", 3, None, "reason"),
    ("deposit", 2, "u2", "user_id"), ("deposit", 3, D("5.01"), "amount"),
    ("withdraw", 2, "u2", "user_id"), ("withdraw", 3, D(6), "amount"),
    ("complete_payment", 2, "second", "payment_id"),
    ("fail_payment", 2, "second", "payment_id"), ("fail_payment", 3, "lost", "reason"), ("fail_payment", 3, None, "reason"),
]  # fmt: skip


@pytest.mark.parametrize("purged", [False, True])
@pytest.mark.parametrize(("name", "position", "value", "argument"), OTHERWISE)
def test_a_replay_with_another_argument_names_it(app, connect, world, name, position, value, argument, purged):
    args = list(filled(world, name))
    kind = "deposit" if name == "complete_payment" else "withdraw"
    others = {
        "other": call(app, "place_bet", TENANT, "u1", 10, 2, "f1", "w-other")["bet_id"],
        "second": call(app, kind, TENANT, "u1", 1, "w-second")["payment_id"],
    }
    call(app, *args)
    if purged:
        purge(connect)
    args[position] = others.get(value, value)
    with unchanged(app), refused("BL005", "'k'", f" {argument} "):
        call(app, *args)


def test_a_reason_that_is_added_in_a_replay_is_named(app):
    bet = call(app, *PLACE)["bet_id"]
    call(app, "cancel_bet", TENANT, bet, None, "k")
    with unchanged(app), refused("BL005", "'k'", " reason ", "rain"):
        call(app, "cancel_bet", TENANT, bet, "rain", "k")


@pytest.mark.parametrize("name", ["place_bet", "deposit", "withdraw"])
def test_a_replay_after_later_steps_gives_the_row_as_it_is_now(app, world, name):
    first = call(app, *filled(world, name))
    step = ("confirm_bet", first["bet_id"]) if name == "place_bet" else ("complete_payment", first["payment_id"])
    now = call(app, step[0], TENANT, step[1])
    assert call(app, *filled(world, name)) == now | {"duplicate": True}


BET_STEPS = ("place_bet", "confirm_bet", "settle_bet", "cancel_bet")
PAYMENT_STEPS = ("deposit", "withdraw", "complete_payment", "fail_payment")


@pytest.mark.parametrize(
    ("first", "second"),
    [(a, b) for steps in (BET_STEPS, PAYMENT_STEPS) for a in steps for b in steps if a != b],
)
def test_a_key_is_used_for_one_operation(app, world, first, second):
    call(app, *filled(world, first))
    args = list(filled(world, second))
    if second in ("confirm_bet", "settle_bet", "cancel_bet"):
        args[2] = call(app, "place_bet", TENANT, "u1", 1, 2, "f1", "fresh")["bet_id"]
    if second in ("complete_payment", "fail_payment"):
        args[2] = call(app, "deposit", TENANT, "u1", 1, "fresh")["payment_id"]
    with unchanged(app), refused("BL005", "'k'"):
        call(app, *args)


@pytest.mark.parametrize(
    ("first", "second"), [(a, b) for a in CALLS for b in CALLS if (a in BET_STEPS) != (b in BET_STEPS)]
)
def test_bets_and_payments_have_keys_of_their_own_whether_the_balance_is_touched_or_not(app, world, first, second):
    for name in (first, second):
        assert call(app, *filled(world, name))["duplicate"] is False
        assert call(app, *filled(world, name))["duplicate"] is True


@pytest.mark.parametrize(
    ("name", "columns", "same"),
    [
        ("place_bet", {"data": {"stake": "1.00", "odds": 1.5, "from_balance": True}}, True),
        ("place_bet", {"data": {"stake": 1, "odds": "1.5", "from_balance": True}}, True),
        ("place_bet", {"data": {"stake": 1, "odds": 1.5}}, False),
        ("place_bet", {"data": {"stake": 2, "odds": 1.5, "from_balance": True}}, False),
        ("deposit", {"data": {"amount": "5.0"}}, True),
        ("deposit", {"data": {"amount": 6}}, False),
        ("withdraw", {"data": {"amount": 5}}, True),
    ],
)
def test_a_key_of_a_plain_insert_is_known_to_the_functions(app, world, name, columns, same):
    kind = {"place_bet": "BET_PLACED", "deposit": "DEPOSIT_CREATED", "withdraw": "WITHDRAWAL_CREATED"}[name]
    append(app, kind, aggregate="client-1", key="k", **columns)
    with unchanged(app):
        if same:
            row = call(app, *CALLS[name])
            assert (row["duplicate"], row.get("bet_id", row.get("payment_id"))) == (True, "client-1")
        else:
            with refused("BL005", "'k'"):
                call(app, *CALLS[name])


def test_a_plain_insert_with_a_key_of_a_function_is_refused(app):
    call(app, *PLACE)
    with unchanged(app), refused("23505", hint=False):
        place(app, key="k-place")
    place(app, OTHER, key="k-place")
    assert len(rows(app, "SELECT FROM bets_view")) == 2


# Refusals -----------------------------------------------------------------------------------------------------------

REFUSED = [
    ("BL001", ("place_bet", None, "u1", 1, 2, "f1", "k"), ("tenant_id", "null")),
    ("BL001", ("place_bet", 0, "u1", 1, 2, "f1", "k"), ("tenant_id", "0")),
    ("BL001", ("place_bet", TENANT, None, 1, 2, "f1", "k"), ("user_id", "null")),
    ("BL001", ("place_bet", TENANT, "", 1, 2, "f1", "k"), ("user_id", '""')),
    ("BL001", ("place_bet", TENANT, "u1", None, 2, "f1", "k"), ("stake", "null")),
    ("BL001", ("place_bet", TENANT, "u1", 0, 2, "f1", "k"), ("stake", "0")),
    ("BL001", ("place_bet", TENANT, "u1", -1, 2, "f1", "k"), ("stake", "-1")),
    ("BL001", ("place_bet", TENANT, "u1", D("NaN"), 2, "f1", "k"), ("stake", "NaN")),
    ("BL001", ("place_bet", TENANT, "u1", D("Infinity"), 2, "f1", "k"), ("stake", "Infinity")),
    ("BL001", ("place_bet", TENANT, "u1", 1, D("0.99"), "f1", "k"), ("odds", "0.99")),
    ("BL001", ("place_bet", TENANT, "u1", 1, 2, None, "k"), ("fixture_id", "null")),
    ("BL001", ("place_bet", TENANT, "u1", 1, 2, "f1", ""), ("idempotency_key", '""')),
    ("BL001", ("place_bet", TENANT, "u1", 1, 2, "f1", None), ("idempotency_key", "null")),
    ("BL001", ("place_bet", TENANT, "u1", 1, 2, "f1", "k" * 201), ("idempotency_key", "kkk")),
    ("BL001", ("deposit", TENANT, "u1", 0, "k"), ("amount", "0")),
    ("BL001", ("deposit", TENANT, "u1", D("-0.01"), "k"), ("amount", "-0.01")),
    ("BL001", ("deposit", TENANT, "u1", None, "k"), ("amount", "null")),
    ("BL001", ("deposit", TENANT, None, 1, "k"), ("user_id", "null")),
    ("BL001", ("deposit", TENANT, "u1", 1, None), ("idempotency_key", "null")),
    ("BL001", ("deposit", -1, "u1", 1, "k"), ("tenant_id", "-1")),
    ("BL001", ("withdraw", TENANT, "u1", D("NaN"), "k"), ("amount", "NaN")),
    ("BL001", ("withdraw", TENANT, "u1", -1, "k"), ("amount", "-1")),
    ("BL001", ("withdraw", TENANT, "u1", 1, None), ("idempotency_key", "null")),
    ("BL001", ("withdraw", None, "u1", 1, "k"), ("tenant_id", "null")),
    ("BL001", ("settle_bet", TENANT, "bet", "draw", 1, "k"), ("result", "draw")),
    ("BL001", ("settle_bet", TENANT, "bet", None, 1, "k"), ("result", "null")),
    ("BL001", ("settle_bet", TENANT, "bet", "win", -1, "k"), ("payout", "-1")),
    ("BL001", ("settle_bet", TENANT, "bet", "win", None, "k"), ("payout", "null")),
    ("BL001", ("settle_bet", TENANT, "bet", "win", D("NaN"), "k"), ("payout", "NaN")),
    ("BL001", ("cancel_bet", TENANT, "bet", "r" * 1001, "k"), ("reason", "rrr")),
    ("BL001", ("cancel_bet", TENANT, "bet", "rain", ""), ("idempotency_key", '""')),
    ("BL001", ("confirm_bet", 0, "bet", "k"), ("tenant_id", "0")),
    ("BL001", ("confirm_bet", TENANT, "bet", "k" * 201), ("idempotency_key", "kkk")),
    ("BL001", ("complete_payment", None, "paid", "k"), ("tenant_id", "null")),
    ("BL001", ("fail_payment", TENANT, "taken", "r" * 1001, "k"), ("reason", "rrr")),
    ("BL002", ("confirm_bet", TENANT, "bet-0", "k"), ("'bet-0'", str(TENANT))),
    ("BL002", ("confirm_bet", TENANT, None, "k"), ("null",)),
    ("BL002", ("settle_bet", TENANT, "bet-0", "win", 1, "k"), ("'bet-0'", str(TENANT))),
    ("BL002", ("cancel_bet", TENANT, "bet-0", None, "k"), ("'bet-0'", str(TENANT))),
    ("BL002", ("complete_payment", TENANT, "payment-0", "k"), ("'payment-0'", str(TENANT))),
    ("BL002", ("complete_payment", TENANT, "bet", "k"), ("bet-",)),
    ("BL002", ("fail_payment", TENANT, "payment-0", None, "k"), ("'payment-0'", str(TENANT))),
    ("BL002", ("fail_payment", TENANT, None, None, "k"), ("null",)),
    ("BL004", ("place_bet", TENANT, "u1", D("70.01"), 2, "f1", "k", True), ("'u1'", "70", "70.01")),
    ("BL004", ("place_bet", TENANT, "u2", 1, 2, "f1", "k", True), ("'u2'", "0", "1")),
    ("BL004", ("withdraw", TENANT, "u1", D("70.01"), "k"), ("'u1'", "70", "70.01")),
    ("BL004", ("withdraw", TENANT, "u2", 1, "k"), ("'u2'", "0", "1")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sqlstate", "args", "words"), REFUSED, ids=lambda v: "-".join(map(str, v))[:60] if isinstance(v, tuple) else v
)
def test_a_refused_call_says_why_and_stores_nothing(app, world, sqlstate, args, words):
    with unchanged(app), refused(sqlstate, *words):
        call(app, *(world.get(a, a) if isinstance(a, str) else a for a in args))


@pytest.mark.parametrize(
    ("before", "step"),
    [
        (("confirm_bet",), ("confirm_bet",)),
        *[(end, step) for end in (("settle_bet", "win", 1), ("cancel_bet",))
          for step in (("confirm_bet",), ("settle_bet", "loss", 0), ("cancel_bet",))],
    ],
)  # fmt: skip
def test_a_forbidden_step_of_a_bet(app, world, before, step):
    call(app, before[0], TENANT, world["bet"], *before[1:])
    with (
        unchanged(app),
        refused("BL003", world["bet"], {"co": "confirmed", "se": "settled", "ca": "cancelled"}[before[0][:2]]),
    ):
        call(app, step[0], TENANT, world["bet"], *step[1:])


@pytest.mark.parametrize("before", ["complete_payment", "fail_payment"])
@pytest.mark.parametrize("step", ["complete_payment", "fail_payment"])
@pytest.mark.parametrize("which", ["paid", "taken"])
def test_a_forbidden_step_of_a_payment(app, world, before, step, which):
    call(app, "deposit", TENANT, "u1", 100, "enough")
    call(app, before, TENANT, world[which])
    with unchanged(app), refused("BL003", world[which], {"c": "completed", "f": "failed"}[before[0]]):
        call(app, step, TENANT, world[which])


@pytest.mark.parametrize("function", ["bet_history", "payment_history", "balance_history"])
@pytest.mark.parametrize("tenant", [None, 0, -1])
def test_reading_needs_a_tenant(app, function, tenant):
    with refused("BL001", "tenant_id", "null" if tenant is None else str(tenant)):
        call_all(app, function, tenant, "x")


@pytest.mark.parametrize(
    ("function", "args"), [("bet_events_between", (0, 1)), ("bet_as_of", ("b", 1)), ("payment_as_of", ("p", 1)),
     ("balance_as_of", ("u", 1)), ("balance_statement", ("u",)), ("bets_of", ("u",)), ("payments_of", ("u",)), ("tenant_as_of", (1,)),
     ("feed", ()), ("advance_consumer", ("w", None, "x")), ("reset_consumer", ("w",))]
)
@pytest.mark.parametrize("tenant", [None, 0, -1])
def test_reading_of_a_time_needs_a_tenant(app, function, args, tenant):
    with refused("BL001", "tenant_id", "null" if tenant is None else str(tenant)):
        call_all(app, function, tenant, *args)


def test_a_negative_limit_is_refused_in_words(app):
    with refused("BL001", "limit", "-1"):
        call_all(app, "bet_events_between", TENANT, 0, T0, None, -1)


@pytest.mark.parametrize("function", ["deposit", "withdraw", "place_bet"])
def test_a_user_id_of_200_characters_works_everywhere(app, function):
    user = "u" * 200
    place(app, data={"user_id": user})
    insert(app, event("V1_BALANCES_BALANCE_INCREASED", aggregate="b", data={"user_id": user}))
    args = (1, "k") if function != "place_bet" else (1, 2, "f1", "k", True)
    assert call(app, function, TENANT, user, *args)["user_id"] == user


@pytest.mark.parametrize(
    "args", [("withdraw", TENANT, "u1", 80, "k"), ("place_bet", TENANT, "u1", 80, 2, "f1", "k", True)]
)
def test_the_key_of_a_refused_call_works_later(app, world, args):
    with unchanged(app), refused("BL004"):
        call(app, *args)
    call(app, "deposit", TENANT, "u1", 10, "more")
    row = call(app, *args)
    assert (row["duplicate"], row["idempotency_key"], balance(app)) == (False, "k", D(0))


def test_the_key_of_a_bad_or_forbidden_call_works_later(app, world):
    with refused("BL001", "stake"):
        call(app, "place_bet", TENANT, "u1", -1, 2, "f1", "k")
    assert call(app, "place_bet", TENANT, "u1", 1, 2, "f1", "k")["duplicate"] is False
    with refused("BL002"):
        call(app, "confirm_bet", TENANT, "bet-0", "k2")
    assert call(app, "confirm_bet", TENANT, world["bet"], "k2")["duplicate"] is False
    with refused("BL003"):
        call(app, "confirm_bet", TENANT, world["bet"], "k3")
    assert call(app, "cancel_bet", TENANT, world["bet"], None, "k3")["duplicate"] is False


# Two at the same moment ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("name", CALLS)
def test_the_second_of_two_calls_waits_and_answers_like_a_replay(db, connect, world, name, committed):
    first, second = connect("app", autocommit=False), connect("app")
    result = call(first, *filled(world, name))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(call, second, *filled(world, name))
        wait_until_blocked(db, second)
        first.commit() if committed else first.rollback()
        answer = waiting.result(timeout=60)
    assert answer["duplicate"] is committed
    if committed:
        assert answer == result | {"duplicate": True}
    with unchanged(db):
        assert call(second, *filled(world, name))["duplicate"] is True
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


def test_a_call_waits_for_a_plain_insert_with_its_key(db, connect, world):
    first, second = connect("app", autocommit=False), connect("app")
    append(first, "DEPOSIT_CREATED", aggregate="client-1", key="k", data={"amount": 5})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(call, second, *CALLS["deposit"])
        wait_until_blocked(db, second)
        first.commit()
        answer = waiting.result(timeout=60)
    assert (answer["payment_id"], answer["duplicate"]) == ("client-1", True)


@pytest.mark.parametrize("name", ["place_bet", "deposit", "cancel_bet"])
def test_a_snapshot_that_is_too_old_to_see_the_first_call_is_told_to_repeat(app, connect, world, name):
    late = connect("app", autocommit=False)
    late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    late.execute("SELECT count(*) FROM bets_view")
    call(app, *filled(world, name))
    with unchanged(app), refused("40001", hint=False):
        call(late, *filled(world, name))
    late.rollback()
    assert call(late, *filled(world, name))["duplicate"] is True


# Tenants ------------------------------------------------------------------------------------------------------------


def test_two_tenants_with_the_same_ids_and_keys(app):
    for tenant, amount in ((TENANT, 100), (OTHER, 7)):
        place(app, tenant, data={"stake": amount}, key="k")
        assert call(app, "deposit", tenant, "u1", amount, "k")["duplicate"] is False
    before = one(app, "SELECT * FROM bets_view WHERE tenant_id = %s", (OTHER,))
    assert call(app, "settle_bet", TENANT, "bet-1", "win", 200, "k2")["payout"] == 200
    assert call(app, "settle_bet", OTHER, "bet-1", "loss", 0, "k2")["duplicate"] is False
    assert before["status"] == "placed"
    assert [balance(app), balance(app, tenant=OTHER)] == [100, 7]
    assert [len(call_all(app, "bet_history", t, "bet-1")) for t in (TENANT, OTHER, 10003)] == [2, 2, 0]
    assert [e["event_data"]["amount"] for e in call_all(app, "balance_history", OTHER, "u1")] == [7]
    assert [
        b["result"] for t in (TENANT, OTHER) for b in call_all(app, "bet_as_of", t, "bet-1", 4_000_000_000_000)
    ] == ["win", "loss"]
    assert one(app, "SELECT paid_out FROM tenants_summary_view WHERE tenant_id = %s", (OTHER,))["paid_out"] == 0


def test_the_aggregate_of_another_tenant_is_not_found(app, world):
    bet = call(app, "place_bet", OTHER, "u1", 1, 2, "f1", "only there")["bet_id"]
    payment = call(app, "deposit", OTHER, "u1", 1, "only there")["payment_id"]
    with unchanged(app):
        with refused("BL002", bet, str(TENANT)):
            call(app, "confirm_bet", TENANT, bet)
        with refused("BL002", payment, str(TENANT)):
            call(app, "fail_payment", TENANT, payment)


# Time ---------------------------------------------------------------------------------------------------------------

FUTURE = int(time.time() * 1000) + 43_200_000  # later than the clock of the server: as if it had been set back since


def test_steps_of_a_bet_never_go_back_in_time(app):
    place(app, timestamp=FUTURE)
    call(app, "confirm_bet", TENANT, "bet-1")
    row = call(app, "settle_bet", TENANT, "bet-1", "win", 1)
    history = call_all(app, "bet_history", TENANT, "bet-1")
    assert [e["event_type"][8:] for e in history] == ["BET_PLACED", "BET_CONFIRMED", "BET_SETTLED"]
    assert [e["timestamp"] for e in history] == [FUTURE] * 3
    assert (row["status"], row["last_updated_at"]) == ("settled", datetime.fromtimestamp(FUTURE / 1000, UTC))


@pytest.mark.parametrize(("function", "status"), [("complete_payment", "completed"), ("fail_payment", "failed")])
def test_steps_of_a_payment_never_go_back_in_time(app, function, status):
    insert(app, event("V1_PAYMENTS_WITHDRAWAL_CREATED", aggregate="p1", timestamp=FUTURE + 7))
    row = call(app, function, TENANT, "p1")
    assert (row["status"], row["created_at"]) == (status, row["last_updated_at"])
    assert [e["timestamp"] for e in call_all(app, "payment_history", TENANT, "p1")] == [FUTURE + 7] * 2


# Reading ------------------------------------------------------------------------------------------------------------


def test_history_is_in_the_order_in_which_events_fold(app):
    append(app, "BET_SETTLED", timestamp=T0 + 5)
    append(app, "BET_CONFIRMED", timestamp=T0)
    place(app, timestamp=T0, key="k")
    place(app, OTHER)
    history = call_all(app, "bet_history", TENANT, "bet-1")
    assert tuple(history[0]) == HISTORY
    assert [e["event_type"][8:] for e in history] == ["BET_PLACED", "BET_CONFIRMED", "BET_SETTLED"]
    assert history[0]["metadata"] == {"idempotency_key": "k"}
    assert history[0]["event_data"] == {"user_id": "u1", "stake": 10.5, "odds": 1.85, "fixture_id": "f1"}
    assert call_all(app, "bet_history", TENANT, "bet-2") == []


def test_histories_of_payments_and_balances(app, world):
    call(app, "complete_payment", TENANT, world["paid"], "k")
    history = call_all(app, "payment_history", TENANT, world["paid"])
    assert tuple(history[0]) == HISTORY
    assert [e["event_type"] for e in history] == ["V1_PAYMENTS_DEPOSIT_CREATED", "V1_PAYMENTS_DEPOSIT_COMPLETED"]
    changes = call_all(app, "balance_history", TENANT, "u1")
    assert tuple(changes[0]) == HISTORY
    assert [e["timestamp"] for e in changes] == sorted(e["timestamp"] for e in changes)
    # Compared as a set: changes of the same millisecond come in the order of their ids.
    assert {(e["event_type"][20:], e["event_data"]["amount"], e["metadata"]["related_to"]) for e in changes} == {
        ("INCREASED", 100, world["paid"]),
        ("DECREASED", 10, world["bet"]),
        ("DECREASED", 20, world["taken"]),
    }
    assert call_all(app, "payment_history", TENANT, "p0") == call_all(app, "balance_history", TENANT, "u0") == []


def test_bet_events_between_includes_both_ends_and_keeps_the_limit(app):
    for tenant in (TENANT, OTHER):
        for i in (4, 0, 3, 1, 2):
            place(app, tenant, f"bet-{i}", timestamp=T0 + i)
    between = [e["aggregate_id"] for e in call_all(app, "bet_events_between", TENANT, T0 + 1, T0 + 3)]
    assert between == ["bet-1", "bet-2", "bet-3"]
    page = [e["aggregate_id"] for e in call_all(app, "bet_events_between", TENANT, T0, T0 + 9, None, 2)]
    assert page == ["bet-0", "bet-1"]
    assert call_all(app, "bet_events_between", TENANT, T0 + 3, T0 + 1) == []
    assert tuple(call_all(app, "bet_events_between", TENANT, T0, T0)[0]) == (*HISTORY, "next_page")


@pytest.mark.parametrize("kind", ["BET_PLACED", "DEPOSIT_CREATED", "BALANCE_INCREASED"])
def test_pages_of_events_get_past_those_of_one_moment(app, kind):
    function = {"BET": "bet", "DEP": "payment", "BAL": "balance"}[kind[:3]] + "_events_between"
    for at in (T0, T0 + 1, T0 + 1, T0 + 1, T0 + 1, T0 + 1, T0 + 2):
        append(app, kind, aggregate=f"a{at}", timestamp=at)
    append(app, kind, OTHER, timestamp=T0 + 1)
    for limit in (1, 2, 3, 100):
        pages: list[dict[str, Any]] = []
        after = None
        while len(pages) == 0 or after:
            pages += call_all(app, function, TENANT, T0, T0 + 2, after, limit)
            after = pages[-1]["next_page"]
        assert [(e["timestamp"], e["id"]) for e in pages] == sorted({(e["timestamp"], e["id"]) for e in pages})
        assert len(pages) == 7
    with refused("BL001", "limit", "-1"):
        call_all(app, function, TENANT, T0, T0, None, -1)


def test_bet_events_between_gives_a_thousand_unless_told(app):
    insert(app, *[event("V1_BETS_BET_PLACED", aggregate=f"bet-{i}", timestamp=T0 + i) for i in range(1001)])
    assert len(call_all(app, "bet_events_between", TENANT, T0, T0 + 2000)) == 1000
    assert len(call_all(app, "bet_events_between", TENANT, T0, T0 + 2000, None, 1001)) == 1001


@pytest.mark.parametrize(
    ("ms", "expected"),
    [
        (-1, None),
        (0, ("placed", None)),
        (9, ("placed", None)),
        (10, ("confirmed", None)),
        (20, ("settled", D("19.43"))),
    ],
)
def test_a_bet_as_of_a_moment(app, ms, expected):
    append(app, "BET_SETTLED", timestamp=T0 + 20)
    append(app, "BET_CONFIRMED", timestamp=T0 + 10)
    place(app, timestamp=T0)
    place(app, OTHER, timestamp=T0 - 1)
    found = call_all(app, "bet_as_of", TENANT, "bet-1", T0 + ms)
    assert [(b["status"], b["payout"]) for b in found] == ([expected] if expected else [])


def test_as_of_now_is_the_row_of_the_read_table(app, world):
    assert call_all(app, "bet_as_of", TENANT, world["bet"], FUTURE) == rows(
        app, "SELECT * FROM bets_view WHERE tenant_id = %s", (TENANT,)
    )
    assert call_all(app, "payment_as_of", TENANT, world["paid"], FUTURE) == rows(
        app, "SELECT * FROM payments_view WHERE tenant_id = %s AND payment_id = %s", (TENANT, world["paid"])
    )
    assert call_all(app, "balance_as_of", TENANT, "u1", FUTURE) == rows(
        app, "SELECT * FROM user_balances_view WHERE tenant_id = %s", (TENANT,)
    )
    assert call_all(app, "tenant_as_of", TENANT, FUTURE) == rows(
        app, "SELECT * FROM tenants_summary_view WHERE tenant_id = %s", (TENANT,)
    )


@pytest.mark.parametrize(("ms", "expected"), [(-1, None), (0, (100, 1)), (9, (100, 1)), (10, (60, 2)), (99, (60, 2))])
def test_a_balance_as_of_a_moment(app, ms, expected):
    append(app, "BALANCE_DECREASED", aggregate="b", timestamp=T0 + 10)
    append(app, "BALANCE_INCREASED", aggregate="b", timestamp=T0)
    append(app, "BALANCE_INCREASED", aggregate="b", timestamp=T0, data={"user_id": "u2"})
    append(app, "BALANCE_INCREASED", OTHER, "b", timestamp=T0 - 1)
    found = call_all(app, "balance_as_of", TENANT, "u1", T0 + ms)
    assert [(b["balance"], b["transaction_count"]) for b in found] == ([expected] if expected else [])


def test_what_was_known_at_a_time_is_what_was_stored_by_then(app):
    place(app, timestamp=T0)
    append(app, "BALANCE_INCREASED", timestamp=T0)
    (before,) = app.execute("SELECT clock_timestamp()").fetchone()
    # Stored later, and dated before.
    append(app, "BET_SETTLED", timestamp=T0 + 5)
    append(app, "BALANCE_DECREASED", timestamp=T0 + 5, created_at="2020-01-01")
    for known, status, balance, paid in ((before, "placed", 100, 0), (None, "settled", 60, 19.43)):
        assert call(app, "bet_as_of", TENANT, "bet-1", FUTURE, known)["status"] == status
        assert call(app, "balance_as_of", TENANT, "u1", FUTURE, known)["balance"] == balance
        summary = call(app, "tenant_as_of", TENANT, FUTURE, known)
        assert (float(summary["paid_out"]), summary["balances"]) == (paid, balance)
    assert call_all(app, "bet_as_of", TENANT, "bet-1", FUTURE, "2020-01-01") == []
    assert call_all(app, "tenant_as_of", TENANT, FUTURE, "2020-01-01") == []


def test_reading_changes_nothing(connect, db, world):
    before = state(db)
    reader = connect("reader")
    for args in (
        ("bet_history", TENANT, world["bet"]), ("payment_history", TENANT, world["paid"]), ("balance_history", TENANT, "u1"),
        ("bet_events_between", TENANT, 0, FUTURE), ("bet_as_of", TENANT, world["bet"], FUTURE), ("balance_as_of", TENANT, "u1", FUTURE),
        ("payment_as_of", TENANT, world["paid"], FUTURE), ("balance_statement", TENANT, "u1"),
        ("bets_of", TENANT, "u1"), ("payments_of", TENANT, "u1"), ("tenant_as_of", TENANT, FUTURE),
        ("feed", TENANT), ("ledger_feed",),
    ):  # fmt: skip
        assert call_all(reader, *args) != []
    assert state(db) == before


@pytest.mark.not_on_citus("the tables that are scanned there are those of the nodes")
def test_calls_that_were_planned_on_empty_tables_never_scan_one(db, connect):
    """A ledger is empty when its first clients connect, and autovacuum tells them only a minute later that it is not."""
    db.execute("ALTER TABLE bet_events SET (autovacuum_enabled = off)")
    db.execute("VACUUM ANALYZE")
    scans = "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname ~ '_(events|view|totals)$'"
    before = dict(db.execute(scans).fetchall())
    with connect("app") as early:
        for n in range(12):
            early.execute("SELECT deposit(1, 'u1', 100, %s)", (f"d{n}",))
            early.execute("SELECT withdraw(1, 'u1', 1, %s)", (f"w{n}",))
            (bet_id,) = early.execute("SELECT (place_bet(1, 'u1', 1, 2, 'f1', %s, true)).bet_id", (f"b{n}",)).fetchone()
            early.execute("SELECT confirm_bet(1, %s)", (bet_id,))
            early.execute("SELECT settle_bet(1, %s, 'win', 2)", (bet_id,))
            early.execute("SELECT place_bet(1, 'u1', 1, 2, 'f1', %s, true)", (f"b{n}",))
    with connect("app") as early:
        for n in range(12):
            for kind in ("BET_PLACED", "BET_CONFIRMED", "BET_SETTLED"):
                append(early, kind, aggregate=f"plain-{n}")
            append(early, "DEPOSIT_CREATED", aggregate=f"plain-{n}")
            append(early, "BALANCE_INCREASED", aggregate=f"plain-{n}")
    while db.execute("SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'bet_events'").fetchone()[0] < 72:
        db.execute("SELECT pg_sleep(0.1)")
    assert {name for name, seen in db.execute(scans).fetchall() if seen > before[name]} == set()


@pytest.mark.not_on_citus("the statistics of a shard are those of its node")
def test_what_a_payment_moved_is_found_by_an_index_of_its_own(app, db):
    insert(
        app, *(event("V1_BALANCES_BALANCE_INCREASED", aggregate=f"b{n}", data={"bet_id": f"b{n}"}) for n in range(2000))
    )
    payment = call(app, *DEPOSIT)["payment_id"]
    db.execute("ANALYZE balance_events")
    call(app, "fail_payment", TENANT, payment)
    app.execute("SELECT pg_stat_force_next_flush()")
    used = one(db, "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'balance_events_cause'")
    assert used["idx_scan"] > 0


@pytest.mark.not_on_citus("there, inserts fail with 42846 after it: the triggers take rows as they were")
@pytest.mark.parametrize(
    "column", ["note text", "note text DEFAULT 'x'", "note text GENERATED ALWAYS AS (event_type || '!') STORED"]
)
def test_a_column_that_a_team_adds_is_no_concern_of_ours(app, connect, db, world, column):
    for table in ("bet_events", "payment_events", "balance_events"):
        db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    call(app, "settle_bet", TENANT, world["bet"], "win", 20)
    call(app, *PLACE)
    purge(connect)
    left = "SELECT FROM bet_events WHERE metadata ? 'idempotency_key' UNION ALL SELECT FROM payment_events WHERE metadata ? 'idempotency_key'"
    assert rows(db, left) == []
    assert call_all(db, "bet_history", TENANT, world["bet"])[-1]["event_type"] == "V1_BETS_BET_SETTLED"
    db.execute("CALL ops.rebuild_projection()")
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


# Plans ---------------------------------------------------------------------------------------------------------------

# What may plan at each call: for arrays, of which it matters how long they are; a statement that is put together; the
# summary of a tenant, which is asked for once in a while.
MAY_PLAN = {"place_bets", "confirm_bets", "settle_bets", "cancel_bets", "deposits", "withdrawals", "personal_key", "erase_person", "tenant_as_of"}  # fmt: skip


@pytest.mark.not_on_citus("plans are made on the nodes")
@pytest.mark.parametrize("role", ["betledger_app", "betledger_tenant"])
@pytest.mark.parametrize("function", [f for f, call in EVERY_CALL.items() if "ops." not in call and f != "ledger_feed"])
def test_a_function_that_is_warm_plans_nothing_anew(connect, function, role):
    """A plan for known values that looks cheaper than one that is kept is made at each call, and takes longer than the rest."""
    db = connect()
    query = EVERY_CALL[function].format(**made(db))
    caller = connect(autocommit=False)
    caller.execute("SET app.tenant_id = '1'")
    caller.execute("SET log_planner_stats = on")
    caller.execute("SET client_min_messages = log")
    caller.execute(f"SET ROLE {role}")
    caller.commit()
    told: list[tuple[str, str]] = []
    caller.add_notice_handler(lambda notice: told.append((notice.message_primary or "", notice.context or "")))
    for _ in range(8):
        told.clear()
        caller.execute(query, prepare=False)
        caller.rollback()
    planned = [context for what, context in told if what == "PLANNER STATISTICS"]
    # The call itself, which is not prepared here.
    assert "" in planned
    # Functions in SQL are planned by each statement before PostgreSQL 18.
    again = [context for context in planned if context and not context.startswith("SQL function")]
    assert bool(again) == (function in MAY_PLAN), again
