"""resettle_bet(), void_bet() and reverse_payment(): what was wrong is made right, exactly once, and everything follows."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal as D
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from betledger.database import on_citus
from fold_in_python import Event, bet, fold, payment, read
from fold_in_python import insert as insert_events
from hypothesis import given
from hypothesis import strategies as st
from ledger import (
    OTHER,
    T0,
    TENANT,
    append,
    call,
    call_all,
    one,
    place,
    refused,
    rows,
    unchanged,
    wait_until_blocked,
)
from test_projections import examples

CORRECTED = "V1_BETS_BET_SETTLEMENT_CORRECTED"
FUTURE = int(time.time() * 1000) + 43_200_000  # later than the clock of the server: as if it had been set back since


@pytest.fixture
def app(connect):
    return connect("app")


@pytest.fixture
def world(app):
    """u1 of each tenant has 115: a bet of 10 from the balance was won with 25, a deposit and a withdrawal are completed."""
    ids: dict[str, str] = {}
    for tenant in (OTHER, TENANT):
        ids["paid"] = call(app, "deposit", tenant, "u1", 120, "w-deposit")["payment_id"]
        ids["bet"] = call(app, "place_bet", tenant, "u1", 10, 2, "f1", "w-bet", True)["bet_id"]
        ids["taken"] = call(app, "withdraw", tenant, "u1", 20, "w-withdraw")["payment_id"]
        call(app, "settle_bet", tenant, ids["bet"], "win", 25)
        call(app, "complete_payment", tenant, ids["paid"])
        call(app, "complete_payment", tenant, ids["taken"])
    return ids


def balance(conn: psycopg.Connection, user: str = "u1", tenant: int = TENANT) -> D:
    query = "SELECT balance FROM user_balances_view WHERE tenant_id = %s AND user_id = %s"
    return one(conn, query, (tenant, user))["balance"]


def explains_itself(db: psycopg.Connection) -> bool:
    return rows(db, "SELECT * FROM ops.verify_projections()") == rows(db, "SELECT * FROM ops.reconcile()") == []


# What moves ---------------------------------------------------------------------------------------------------------

SETTLEMENTS = [("win", 25), ("win", 7), ("win", 10), ("loss", 0), ("void", 10)]


@pytest.mark.parametrize("from_balance", [True, False])
@pytest.mark.parametrize(("first", "then"), list(itertools.permutations(SETTLEMENTS, 2)))
def test_the_difference_goes_to_or_from_the_balance(db, app, first, then, from_balance):
    call(app, "deposit", TENANT, "u1", 100, "d")
    call(app, "deposit", OTHER, "u1", 100, "d")
    made = call(app, "place_bet", TENANT, "u1", 10, 2, "f1", "b", from_balance)["bet_id"]
    call(app, "settle_bet", TENANT, made, *first)
    row = call(app, "resettle_bet", TENANT, made, *then)
    assert (row["status"], row["result"], row["payout"], row["duplicate"]) == ("settled", *then, False)
    assert balance(app) == 100 + (then[1] - 10 if from_balance else 0)
    assert balance(app, tenant=OTHER) == 100
    activity = one(app, "SELECT * FROM user_activity_view WHERE tenant_id = %s", (TENANT,))
    assert (activity["bets"], activity["open_bets"], activity["staked"]) == (1, 0, 10)
    assert (activity["paid_out"], activity["net_result"]) == (then[1], then[1] - 10)
    totals = one(app, "SELECT * FROM tenants_summary_view WHERE tenant_id = %s", (TENANT,))
    assert (totals["bets_settled"], totals["paid_out"], totals["gross_gaming_revenue"]) == (1, then[1], 10 - then[1])
    # And back again.
    call(app, "resettle_bet", TENANT, made, *first)
    assert balance(app) == 100 + (first[1] - 10 if from_balance else 0)
    assert explains_itself(db)


def test_a_settled_bet_is_voided(db, app, world):
    row = call(app, "void_bet", TENANT, world["bet"], "wrong odds")
    assert (row["status"], row["result"], row["payout"]) == ("settled", "void", 10)
    assert (balance(app), balance(app, tenant=OTHER)) == (100, 115)
    last = call_all(app, "bet_history", TENANT, world["bet"])[-1]
    assert (last["event_type"], last["event_data"]) == (
        CORRECTED, {"result": "void", "payout": 10, "reason": "wrong odds"},
    )  # fmt: skip
    # It may turn out to be won after all.
    assert call(app, "resettle_bet", TENANT, world["bet"], "win", 30)["payout"] == 30
    assert balance(app) == 120
    assert explains_itself(db)


@pytest.mark.parametrize(("which", "left"), [("paid", -5), ("taken", 135)])
def test_a_completed_payment_is_reversed(db, app, world, which, left):
    row = call(app, "reverse_payment", TENANT, world[which], "chargeback", "k", True)
    assert (row["status"], row["balance"], row["duplicate"]) == ("reversed", left, False)
    assert (balance(app), balance(app, tenant=OTHER)) == (left, 115)
    kinds = [e["event_type"].rsplit("_", 1)[1] for e in call_all(app, "payment_history", TENANT, world[which])]
    assert kinds == ["CREATED", "COMPLETED", "REVERSED"]
    counted = {"deposits": 120, "withdrawals": 20} | {"deposits" if which == "paid" else "withdrawals": 0}
    for view in ("user_activity_view", "tenants_summary_view"):
        assert one(app, f"SELECT deposits, withdrawals FROM {view} WHERE tenant_id = {TENANT}") == counted
    assert explains_itself(db)


def test_what_no_balance_event_names_moves_no_balance(db, app):
    append(app, "DEPOSIT_CREATED", aggregate="p1")
    append(app, "DEPOSIT_COMPLETED", aggregate="p1", timestamp=T0 + 1)
    place(app)
    append(app, "BET_SETTLED", timestamp=T0 + 1)
    assert call(app, "reverse_payment", TENANT, "p1")["status"] == "reversed"
    assert call(app, "resettle_bet", TENANT, "bet-1", "loss", 0)["result"] == "loss"
    assert rows(app, "SELECT FROM balance_events") == []
    assert explains_itself(db)


def test_what_a_client_moved_by_events_that_name_it_is_corrected(db, app):
    append(app, "DEPOSIT_CREATED", aggregate="p1", data={"payment_id": "p1"})
    append(app, "DEPOSIT_COMPLETED", aggregate="p1", timestamp=T0 + 1)
    append(app, "BALANCE_INCREASED", data={"payment_id": "p1"})
    place(app)
    append(app, "BALANCE_DECREASED", data={"amount": "10.5", "bet_id": "bet-1"})
    append(app, "BET_SETTLED", timestamp=T0 + 1)
    append(app, "BALANCE_INCREASED", data={"amount": "19.43", "bet_id": "bet-1"})
    assert call(app, "resettle_bet", TENANT, "bet-1", "loss", 0)["result"] == "loss"
    assert balance(app) == D("89.5")
    # Paid out to the balance, though the stake never came from it.
    place(app, bet="bet-2")
    append(app, "BET_SETTLED", aggregate="bet-2", timestamp=T0 + 1)
    append(app, "BALANCE_INCREASED", data={"amount": "19.43", "bet_id": "bet-2"})
    call(app, "resettle_bet", TENANT, "bet-2", "win", 1)
    assert balance(app) == D("90.5")
    call(app, "deposit", TENANT, "u1", 100, "enough")
    assert call(app, "reverse_payment", TENANT, "p1")["balance"] == D("90.5")
    assert explains_itself(db)


def test_the_corrections_of_a_client_are_corrected_further(db, app, world):
    """By plain INSERT, with a movement that says what it corrects, or without."""
    at = int(time.time() * 1000) + 1000
    id_ = append(
        app, "SETTLEMENT_CORRECTED", aggregate=world["bet"], data={"result": "win", "payout": "40.0"}, timestamp=at
    )
    moved = {"amount": 15, "bet_id": world["bet"], "correction_id": str(id_)}
    append(app, "BALANCE_INCREASED", data=moved, timestamp=at)
    assert balance(app) == 130
    call(app, "resettle_bet", TENANT, world["bet"], "win", 41)
    assert balance(app) == 131
    assert explains_itself(db)
    assert one(db, "SELECT corrections FROM ops.trial_balance(%s)", (TENANT,))["corrections"] == 16


# Which steps there are ----------------------------------------------------------------------------------------------

BETS = {
    "placed": [],
    "confirmed": [("confirm_bet",)],
    "settled": [("settle_bet", "win", 15)],
    "confirmed and settled": [("confirm_bet",), ("settle_bet", "win", 15)],
    "cancelled": [("cancel_bet",)],
    "resettled": [("settle_bet", "win", 15), ("resettle_bet", "loss", 0)],
    "voided": [("settle_bet", "win", 15), ("void_bet",)],
}
STEPS = {
    "confirm_bet": ("confirm_bet",),
    "settle_bet": ("settle_bet", "win", 16),
    "cancel_bet": ("cancel_bet",),
    "resettle_bet": ("resettle_bet", "win", 17),
    "void_bet": ("void_bet",),
}
GOOD_STEPS = {
    "placed": {"confirm_bet", "settle_bet", "cancel_bet"},
    "confirmed": {"settle_bet", "cancel_bet"},
    "settled": {"resettle_bet", "void_bet"},
    "confirmed and settled": {"resettle_bet", "void_bet"},
    "cancelled": set(),
    "resettled": {"resettle_bet", "void_bet"},
    "voided": {"resettle_bet"},
}


@pytest.mark.parametrize("from_balance", [True, False])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("status", BETS)
def test_each_step_of_a_bet_in_each_status(app, status, step, from_balance):
    call(app, "deposit", TENANT, "u1", 100, "d")
    made = call(app, "place_bet", TENANT, "u1", 10, 2, "f1", "b", from_balance)["bet_id"]
    for name, *args in BETS[status]:
        is_now = call(app, name, TENANT, made, *args)["status"]
    name, *args = STEPS[step]
    if step in GOOD_STEPS[status]:
        assert call(app, name, TENANT, made, *args)["duplicate"] is False
    else:
        with unchanged(app), refused("BL003", made, is_now if BETS[status] else "placed"):
            call(app, name, TENANT, made, *args)


PAYMENTS = {
    "created": [],
    "completed": ["complete_payment"],
    "failed": ["fail_payment"],
    "reversed": ["complete_payment", "reverse_payment"],
}


@pytest.mark.parametrize("kind", ["deposit", "withdraw"])
@pytest.mark.parametrize("step", ["complete_payment", "fail_payment", "reverse_payment"])
@pytest.mark.parametrize("status", PAYMENTS)
def test_each_step_of_a_payment_in_each_status(app, status, step, kind):
    call(app, "deposit", TENANT, "u1", 100, "d")
    made = call(app, kind, TENANT, "u1", 10, "p")["payment_id"]
    for name in PAYMENTS[status]:
        call(app, name, TENANT, made)
    if step in {"created": ("complete_payment", "fail_payment"), "completed": ("reverse_payment",)}.get(status, ()):
        assert call(app, step, TENANT, made)["duplicate"] is False
    else:
        with unchanged(app), refused("BL003", made, status):
            call(app, step, TENANT, made)


@pytest.mark.parametrize("step", ["confirm_bet", "settle_bet", "cancel_bet"])
def test_a_bet_of_which_only_the_correction_is_known_is_settled(app, step):
    place(app)
    append(app, "SETTLEMENT_CORRECTED", timestamp=T0 + 1)
    with unchanged(app), refused("BL003", "'bet-1' is settled"):
        call(app, STEPS[step][0], TENANT, "bet-1", *STEPS[step][1:])
    assert call(app, "resettle_bet", TENANT, "bet-1", "win", 5)["result"] == "win"


# Refusals -----------------------------------------------------------------------------------------------------------

REFUSED = [
    ("BL001", ("resettle_bet", None, "bet", "loss", 0, "k"), ("tenant_id", "null")),
    ("BL001", ("resettle_bet", TENANT, "bet", "draw", 1, "k"), ("result", "draw")),
    ("BL001", ("resettle_bet", TENANT, "bet", None, 1, "k"), ("result", "null")),
    ("BL001", ("resettle_bet", TENANT, "bet", "win", -1, "k"), ("payout", "-1")),
    ("BL001", ("resettle_bet", TENANT, "bet", "win", None, "k"), ("payout", "null")),
    ("BL001", ("resettle_bet", TENANT, "bet", "win", D("NaN"), "k"), ("payout", "NaN")),
    ("BL001", ("resettle_bet", TENANT, "bet", "win", 0, "k"), ("payout of a win", "0")),
    ("BL001", ("resettle_bet", TENANT, "bet", "loss", D("0.01"), "k"), ("payout of a loss", "0.01")),
    ("BL001", ("resettle_bet", TENANT, "bet", "void", 9, "k"), ("payout of a void", "9")),
    ("BL001", ("resettle_bet", TENANT, "bet", "loss", 0, ""), ("idempotency_key", '""')),
    ("BL001", ("resettle_bet", TENANT, "bet", "loss", 0, "k", False, "r" * 1001), ("reason", "rrr")),
    ("BL001", ("void_bet", 0, "bet", None, "k"), ("tenant_id", "0")),
    ("BL001", ("void_bet", TENANT, "bet", "r" * 1001, "k"), ("reason", "rrr")),
    ("BL001", ("void_bet", TENANT, "bet", None, "k" * 201), ("idempotency_key", "kkk")),
    ("BL001", ("reverse_payment", -1, "paid", None, "k"), ("tenant_id", "-1")),
    ("BL001", ("reverse_payment", TENANT, "paid", "r" * 1001, "k"), ("reason", "rrr")),
    ("BL001", ("reverse_payment", TENANT, "paid", None, ""), ("idempotency_key", '""')),
    ("BL002", ("resettle_bet", TENANT, "bet-0", "loss", 0, "k"), ("'bet-0'", str(TENANT))),
    ("BL002", ("resettle_bet", TENANT, None, "loss", 0, "k"), ("null",)),
    ("BL002", ("void_bet", TENANT, "bet-0", None, "k"), ("'bet-0'", str(TENANT))),
    ("BL002", ("void_bet", TENANT, "paid", None, "k"), ("payment-",)),
    ("BL002", ("reverse_payment", TENANT, "payment-0", None, "k"), ("'payment-0'", str(TENANT))),
    ("BL002", ("reverse_payment", TENANT, "bet", None, "k"), ("bet-",)),
    ("BL003", ("resettle_bet", TENANT, "bet", "win", D("25.0"), "k"), ("settled so", "win", "25")),
    ("BL004", ("reverse_payment", TENANT, "paid", None, "k"), ("'u1'", "115", "120")),
    ("BL004", ("reverse_payment", TENANT, "paid", None, "k", None), ("'u1'", "115", "120")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sqlstate", "args", "words"), REFUSED, ids=lambda v: "-".join(map(str, v))[:60] if isinstance(v, tuple) else v
)
def test_a_refused_correction_says_why_and_stores_nothing(app, world, sqlstate, args, words):
    with unchanged(app), refused(sqlstate, *words):
        call(app, *(world.get(a, a) if isinstance(a, str) else a for a in args))


def spend(app: psycopg.Connection, left: int) -> None:
    call(app, "withdraw", TENANT, "u1", 115 - left, "spent")


SPENT = {
    "resettle_bet": ("resettle_bet", TENANT, "bet", "loss", 0, "k"),
    "void_bet": ("void_bet", TENANT, "bet", None, "k"),
    "reverse_payment": ("reverse_payment", TENANT, "paid", None, "k"),
}


@pytest.mark.parametrize("name", SPENT)
def test_what_is_spent_is_not_taken_and_the_key_works_later(db, app, world, name):
    spend(app, 14)
    call_ = [world.get(a, a) if isinstance(a, str) else a for a in SPENT[name]]
    with unchanged(app), refused("BL004", "'u1'", "14"):
        call(app, *call_)
    call(app, "deposit", TENANT, "u1", 200, "more")
    assert call(app, *call_)["duplicate"] is False
    assert balance(app) == 214 - {"resettle_bet": 25, "void_bet": 15, "reverse_payment": 120}[name]
    assert explains_itself(db)


# Below zero ---------------------------------------------------------------------------------------------------------


def allowed(world: dict[str, str], name: str) -> list[Any]:
    """The call that lets a balance fall below zero."""
    args = [world.get(a, a) if isinstance(a, str) else a for a in SPENT[name]]
    return [*args, True]


@pytest.mark.parametrize("role", ["app", "operator", None])
@pytest.mark.parametrize("name", SPENT)
def test_a_trusted_caller_may_let_a_balance_fall_below_zero(db, connect, app, world, name, role):
    spend(app, 0)
    missing = {"resettle_bet": 25, "void_bet": 15, "reverse_payment": 120}[name]
    row = call(connect(role), *allowed(world, name))
    assert row["duplicate"] is False and balance(app) == -missing
    assert call(app, *allowed(world, name))["duplicate"] is True
    # It is listed with its cause, and nothing is wrong.
    cause = f"payment {world['paid']}" if name == "reverse_payment" else f"bet {world['bet']}"
    listed = rows(db, "SELECT tenant_id, user_id, balance, allowed, causes FROM ops.negative_balances()")
    assert listed == [
        {"tenant_id": TENANT, "user_id": "u1", "balance": -missing, "allowed": missing, "causes": [cause]}
    ]
    assert rows(db, "SELECT FROM ops.negative_balances(%s)", (OTHER,)) == []
    check = "SELECT finding FROM ops.doctor() WHERE check_name = 'no balance is below zero but by a correction'"
    assert one(db, check)["finding"] is None
    assert explains_itself(db)


@pytest.mark.parametrize("name", SPENT)
def test_a_tenant_may_not(connect, app, world, name):
    spend(app, 0)
    walled = connect("tenant_login", autocommit=False)
    with unchanged(app):
        walled.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
        with refused("42501", "allow_negative", "tenant_login"):
            call(walled, *allowed(world, name))
        walled.rollback()
    # Even where there is enough: what it may say does not depend on the balance.
    call(app, "deposit", TENANT, "u1", 500, "more")
    with unchanged(app):
        walled.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
        with refused("42501", "allow_negative"):
            call(walled, *allowed(world, name))
        walled.rollback()
    walled.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
    assert call(walled, *allowed(world, name)[:-1])["duplicate"] is False
    walled.commit()


def test_until_it_is_covered_nothing_is_taken_from_it(db, app, world):
    spend(app, 0)
    open_ = call(app, "deposit", TENANT, "u1", 5, "open")["payment_id"]
    won = call(app, "place_bet", TENANT, "u1", 3, 2, "f1", "won", True)["bet_id"]
    call(app, "settle_bet", TENANT, won, "win", 3)
    call(app, "reverse_payment", TENANT, world["paid"], None, "k", True)
    assert balance(app) == -115
    debits: list[tuple[Any, ...]] = [
        ("withdraw", TENANT, "u1", 1, "x"), ("place_bet", TENANT, "u1", 1, 2, "f1", "x", True),
        ("fail_payment", TENANT, open_), ("resettle_bet", TENANT, world["bet"], "win", 24),
        ("void_bet", TENANT, world["bet"]), ("resettle_bet", TENANT, won, "loss", 0),
    ]  # fmt: skip
    for args in debits:
        with unchanged(app), refused("BL004", "'u1'", "-115"):
            call(app, *args)
    # Not from the balance, and to it: both go on.
    call(app, "place_bet", TENANT, "u1", 1, 2, "f1", "beside")
    assert call(app, "deposit", TENANT, "u1", 114, "almost")["balance"] == -1
    with refused("BL004", "-1"):
        call(app, "withdraw", TENANT, "u1", 1, "x")
    call(app, "resettle_bet", TENANT, won, "win", 5)
    assert balance(app) == 1
    assert call(app, "withdraw", TENANT, "u1", 1, "x")["balance"] == 0
    assert rows(db, "SELECT FROM ops.negative_balances()") == []
    assert explains_itself(db)


def test_what_a_client_takes_below_zero_is_found(db, app, world):
    spend(app, 0)
    call(app, "void_bet", TENANT, world["bet"], None, None, True)
    append(app, "BALANCE_DECREASED", aggregate="b", data={"amount": "0.01"})
    listed = one(db, "SELECT balance, allowed FROM ops.negative_balances()")
    assert listed == {"balance": D("-15.01"), "allowed": 15}
    check = "SELECT finding FROM ops.doctor() WHERE check_name = 'no balance is below zero but by a correction'"
    assert one(db, check)["finding"] == f"'u1' of tenant {TENANT} has -15.01"


def test_who_may_list_negative_balances(connect, db):
    assert rows(connect("operator"), "SELECT * FROM ops.negative_balances()") == []
    for role in ("app", "tenant_login", "reader", "stranger"):
        with refused("42501", hint=False):
            rows(connect(role), "SELECT * FROM ops.negative_balances()")


# Replays ------------------------------------------------------------------------------------------------------------

REPLAYED = {
    "resettle_bet": ("resettle_bet", TENANT, "bet", "win", 20, "k", False, "var"),
    "void_bet": ("void_bet", TENANT, "bet", "odds", "k"),
    "reverse_payment": ("reverse_payment", TENANT, "taken", "came back", "k"),
}


def replayed(world: dict[str, str], name: str) -> list[Any]:
    return [world.get(a, a) if isinstance(a, str) else a for a in REPLAYED[name]]


def purge(connect) -> None:
    connect("operator").execute("CALL ops.purge_idempotency_keys('0')")


@pytest.mark.parametrize("purged", [False, True])
@pytest.mark.parametrize("name", REPLAYED)
def test_a_replay_stores_nothing(app, connect, world, name, purged):
    first = call(app, *replayed(world, name))
    if purged:
        purge(connect)
    with unchanged(app):
        second = call(app, *replayed(world, name))
    same = {key: value for key, value in first.items() if key not in ("duplicate", "idempotency_key")}
    assert (first["duplicate"], second["duplicate"]) == (False, True)
    assert same == {key: second[key] for key in same}


OTHERWISE = [
    ("resettle_bet", 2, "other", "bet_id"), ("resettle_bet", 3, "void", "result"), ("resettle_bet", 4, 21, "payout"),
    ("resettle_bet", 6, True, "allow_negative"), ("resettle_bet", 7, "other", "reason"), ("resettle_bet", 7, None, "reason"),
    ("void_bet", 2, "other", "bet_id"), ("void_bet", 3, None, "reason"), ("void_bet", 5, True, "allow_negative"),
    ("reverse_payment", 2, "second", "payment_id"), ("reverse_payment", 3, "lost", "reason"),
    ("reverse_payment", 5, True, "allow_negative"),
]  # fmt: skip


@pytest.mark.parametrize("purged", [False, True])
@pytest.mark.parametrize(("name", "position", "value", "argument"), OTHERWISE)
def test_a_replay_with_another_argument_names_it(app, connect, world, name, position, value, argument, purged):
    others = {
        "other": call(app, "place_bet", TENANT, "u1", 10, 2, "f1", "w-other")["bet_id"],
        "second": call(app, "withdraw", TENANT, "u1", 1, "w-second")["payment_id"],
    }
    call(app, "settle_bet", TENANT, others["other"], "win", 10)
    call(app, "complete_payment", TENANT, others["second"])
    args = replayed(world, name)
    call(app, *args)
    if purged:
        purge(connect)
    args += [False] * (position + 1 - len(args))
    args[position] = others.get(value, value) if argument.endswith("_id") else value
    with unchanged(app), refused("BL005", "'k'", f" {argument} "):
        call(app, *args)


def test_what_was_allowed_once_is_asked_for_again_in_the_same_words(app, world):
    call(app, *allowed(world, "void_bet"))
    with unchanged(app), refused("BL005", "'k'", " allow_negative true"):
        call(app, *allowed(world, "void_bet")[:-1])


@pytest.mark.parametrize(
    ("first", "name"),
    [
        *(("settle_bet", name) for name in ("resettle_bet", "void_bet")),
        *(("confirm_bet", name) for name in ("resettle_bet", "void_bet")),
        ("resettle_bet", "void_bet"), ("void_bet", "resettle_bet"), ("fail_payment", "reverse_payment"),
    ],
)  # fmt: skip
def test_a_key_is_used_for_one_operation(app, world, first, name):
    fresh = call(app, "place_bet", TENANT, "u1", 1, 2, "f1", "fresh")["bet_id"]
    paid = call(app, "deposit", TENANT, "u1", 1, "fresh")["payment_id"]
    firsts = {
        "settle_bet": ("settle_bet", TENANT, fresh, "win", 20, "k"), "confirm_bet": ("confirm_bet", TENANT, fresh, "k"),
        "fail_payment": ("fail_payment", TENANT, paid, None, "k"),
    }  # fmt: skip
    call(app, *(firsts[first] if first in firsts else replayed(world, first)))
    with unchanged(app), refused("BL005", "'k'"):
        call(app, *replayed(world, name))


def test_bets_and_payments_have_keys_of_their_own(app, world):
    for name in ("resettle_bet", "reverse_payment"):
        assert call(app, *replayed(world, name))["duplicate"] is False


def test_a_key_of_a_plain_insert_is_known(app, world):
    at = int(time.time() * 1000) + 1000
    data = {"result": "win", "payout": "20.0", "reason": "var"}
    append(app, "SETTLEMENT_CORRECTED", aggregate=world["bet"], data=data, timestamp=at, key="k")
    with unchanged(app):
        assert call(app, *replayed(world, "resettle_bet"))["duplicate"] is True
    append(app, "WITHDRAWAL_REVERSED", aggregate=world["taken"], data={"reason": "other"}, timestamp=at, key="k")
    with unchanged(app), refused("BL005", "'k'", "reason"):
        call(app, *replayed(world, "reverse_payment"))


# In which order -----------------------------------------------------------------------------------------------------


def test_corrections_fold_in_their_order_whatever_the_clock_says(db, app):
    place(app, timestamp=FUTURE)
    append(app, "BALANCE_DECREASED", aggregate="b", data={"amount": "10.5", "bet_id": "bet-1"})
    call(app, "settle_bet", TENANT, "bet-1", "win", 1)
    for payout in range(2, 9):
        assert call(app, "resettle_bet", TENANT, "bet-1", "win", payout)["payout"] == payout
    history = call_all(app, "bet_history", TENANT, "bet-1")
    assert [e["timestamp"] for e in history] == [FUTURE, *range(FUTURE, FUTURE + 8)]
    assert [e["event_data"].get("payout") for e in history] == [None, *range(1, 9)]
    assert balance(app) == D("-10.5") + 8
    assert explains_itself(db)


# A correction of the millisecond of the settlement comes after it, whatever their ids.
STREAM = [
    bet(1, "b1", "placed", T0, "k", stake=D(10)),
    bet(1, "b1", "settled", T0 + 5, payout=D(25)),
    bet(1, "b1", "settlement_corrected", T0 + 5, result="loss", payout=D(0)),
    bet(1, "b1", "settlement_corrected", T0 + 7, result="void", payout=D(10)),
]
PAID = [
    payment(1, "p1", "deposit_created", T0, "k"),
    payment(1, "p1", "deposit_completed", T0 + 1),
    payment(1, "p1", "deposit_reversed", T0 + 1),
    payment(1, "p1", "deposit_failed", T0 + 2),
]


def copied(events: list[Event], tenant: int) -> list[Event]:
    """The events in another tenant, with ids that sort differently."""
    return [replace(e, tenant_id=tenant, id=uuid4()) for e in events]


@pytest.mark.parametrize("stream", [STREAM, PAID], ids=["bet", "payment"])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_corrections_that_arrive_in_any_order_give_the_same_rows(db, stream, size):
    """Late, tied, one by one and several in a statement."""
    for tenant, (length, order) in enumerate(
        ((length, order) for length in (2, 3, 4) for order in itertools.permutations(range(length))), 1
    ):
        events = copied(stream[:length], tenant)
        arrived = [events[n] for n in order]
        for start in range(0, length, size):
            insert_events(db, arrived[start : start + size])
            assert read(db, [tenant]) == fold(arrived[: start + size]), order
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


def test_a_correction_in_the_millisecond_of_the_settlement_comes_after_it(db):
    for tenant in range(1, 21):
        for e in copied(STREAM[:3] if tenant % 2 else STREAM[2::-1], tenant):
            insert_events(db, [e])
        assert call(db, "bet_as_of", tenant, "b1", T0 + 5)["result"] == "loss"
        assert call_all(db, "bet_history", tenant, "b1")[-1]["event_type"] == CORRECTED
    assert rows(db, "SELECT DISTINCT status, result, payout FROM bets_view") == [
        {"status": "settled", "result": "loss", "payout": 0}
    ]


def test_as_of_shows_what_was_known_then(app, world):
    call(app, "resettle_bet", TENANT, world["bet"], "loss", 0)
    call(app, "reverse_payment", TENANT, world["taken"])
    *_, settled, corrected = call_all(app, "bet_history", TENANT, world["bet"])
    *_, completed, reversed_ = call_all(app, "payment_history", TENANT, world["taken"])

    def as_of(function: str, which: str, at: int) -> dict[str, Any]:
        return call(app, function, TENANT, world[which], at)

    assert corrected["timestamp"] > settled["timestamp"]
    assert as_of("bet_as_of", "bet", corrected["timestamp"] - 1)["payout"] == 25
    assert as_of("bet_as_of", "bet", corrected["timestamp"])["payout"] == 0
    assert as_of("payment_as_of", "taken", reversed_["timestamp"])["status"] == "reversed"
    if reversed_["timestamp"] > completed["timestamp"]:
        assert as_of("payment_as_of", "taken", reversed_["timestamp"] - 1)["status"] == "completed"


# What shows it ------------------------------------------------------------------------------------------------------


def test_a_statement_shows_the_cause_of_each_correction(app, world):
    time.sleep(0.002)
    call(app, "resettle_bet", TENANT, world["bet"], "win", 30)
    time.sleep(0.002)
    call(app, "reverse_payment", TENANT, world["taken"])
    time.sleep(0.002)
    call(app, "void_bet", TENANT, world["bet"])
    shown = call_all(app, "balance_statement", TENANT, "u1")[-4:]
    assert [(r["amount"], r["balance"], r["cause"], r["cause_id"]) for r in shown] == [
        (5, 120, "bet correction", world["bet"]),
        (20, 140, "payment reversal", world["taken"]),
        (-20, 120, "bet correction", world["bet"]),
        (None, 120, None, None),
    ]


def test_the_trial_balance_counts_corrections_apart(db, app, world):
    before = one(db, "SELECT * FROM ops.trial_balance(%s)", (TENANT,))
    assert before["corrections"] == 0
    call(app, "resettle_bet", TENANT, world["bet"], "win", 30)
    call(app, "reverse_payment", TENANT, world["paid"], None, None, True)
    call(app, "reverse_payment", TENANT, world["taken"])
    after = one(db, "SELECT * FROM ops.trial_balance(%s)", (TENANT,))
    assert after == before | {"corrections": 5 - 120 + 20, "balances": 20, "kept_balances": 20}
    assert after["deposits"] - after["withdrawals"] - after["stakes"] + after["payouts"] - 95 == 20


def test_a_correction_that_was_not_moved_is_found(db, app, world):
    at = int(time.time() * 1000) + 1000
    append(app, "SETTLEMENT_CORRECTED", aggregate=world["bet"], timestamp=at)
    append(app, "DEPOSIT_REVERSED", aggregate=world["paid"], timestamp=at)
    found = rows(db, "SELECT finding, subject, expected, actual FROM ops.reconcile(%s)", (TENANT,))
    assert [tuple(f.values()) for f in found] == [
        ("the balance moved by another amount", f"bet {world['bet']}", -10, 15),
        ("the balance moved by another amount", f"payment {world['paid']}", 0, 120),
    ]


def test_rebuild_purge_and_erasure_go_on(db, connect, app, world):
    call(app, "resettle_bet", TENANT, world["bet"], "loss", 0, "k1")
    call(app, "reverse_payment", TENANT, world["paid"], "chargeback", "k2", True)
    call(app, "erase_person", TENANT, "u1")
    before = read(db)
    connect("operator").execute("CALL ops.rebuild_projection()")
    assert read(db) == before
    purge(connect)
    assert rows(db, "SELECT FROM bet_events WHERE metadata ->> 'idempotency_key' IS NOT NULL") == []
    assert explains_itself(db)


# At the same moment -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("name", REPLAYED)
def test_the_second_of_two_calls_waits_and_answers_like_a_replay(db, connect, world, name, committed):
    first, second = connect("app", autocommit=False), connect("app")
    result = call(first, *replayed(world, name))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(call, second, *replayed(world, name))
        wait_until_blocked(db, second)
        first.commit() if committed else first.rollback()
        answer = waiting.result(timeout=60)
    assert answer["duplicate"] is committed
    if committed:
        assert answer == result | {"duplicate": True}
    with unchanged(db):
        assert call(second, *replayed(world, name))["duplicate"] is True
    assert explains_itself(db)


@pytest.mark.not_on_citus("the call waits on another node than the test")
def test_a_bet_that_is_placed_while_it_is_voided_is_not_there_yet(db, connect):
    """And not one whose payout is null: the stake is read before the bet is."""
    app, holder = connect("app"), connect()
    db.execute(
        "CREATE OR REPLACE FUNCTION projection.require_trusted(p_allow_negative boolean) RETURNS void LANGUAGE plpgsql STABLE"
        " AS 'BEGIN PERFORM pg_advisory_xact_lock(42); END'"
    )
    holder.execute("SELECT pg_advisory_lock(42)")
    with ThreadPoolExecutor(1) as pool:
        voided = pool.submit(call, app, "void_bet", TENANT, "new")
        wait_until_blocked(db, app)
        place(db, bet="new")
        append(db, "BET_SETTLED", aggregate="new", timestamp=T0 + 1)
        holder.execute("SELECT pg_advisory_unlock(42)")
        with refused("BL002", "'new'"):
            voided.result(timeout=60)
    assert call(app, "void_bet", TENANT, "new")["result"] == "void"


def until_answered(connection: psycopg.Connection, *args: Any) -> str:
    """A call, sent again where another one came in between; gives ok or the SQLSTATE of its refusal."""
    while True:
        try:
            call(connection, *args)
        except psycopg.Error as error:
            if error.sqlstate not in ("40001", "40P01"):
                return str(error.sqlstate)
        else:
            return "ok"


def at_once(connect: Callable[..., psycopg.Connection], *calls: tuple[Any, ...]) -> list[str]:
    connections = [connect("app") for _ in calls]
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(lambda c: until_answered(c[0], *c[1]), zip(connections, calls, strict=True)))


def test_resettlements_at_once_all_move_money_once(db, connect, app, world):
    calls = [("resettle_bet", TENANT, world["bet"], "win", 30 + n, f"k{n}") for n in range(12)] * 2
    assert at_once(connect, *calls) == ["ok"] * 24
    history = call_all(app, "bet_history", TENANT, world["bet"])
    assert len(history) == 2 + 12
    assert len({e["timestamp"] for e in history if e["event_type"] == CORRECTED}) == 12
    assert balance(app) == 90 + history[-1]["event_data"]["payout"]
    assert (
        one(app, "SELECT payout FROM bets_view WHERE tenant_id = %s", (TENANT,))["payout"]
        == history[-1]["event_data"]["payout"]
    )
    moved = [e for e in call_all(app, "balance_history", TENANT, "u1") if "correction_id" in e["event_data"]]
    assert len(moved) == len({e["event_data"]["correction_id"] for e in moved}) == 12
    assert explains_itself(db)


@pytest.mark.parametrize("n", range(3))
def test_a_correction_beside_withdrawals_never_takes_more_than_there_is(db, connect, app, world, n):
    corrections = [
        ("resettle_bet", TENANT, world["bet"], "loss", 0, "k"), ("void_bet", TENANT, world["bet"], None, "k"),
        ("reverse_payment", TENANT, world["paid"], None, "k"),
    ]  # fmt: skip
    call(app, "deposit", TENANT, "u1", 60, "more")
    calls = [corrections[n], *(("withdraw", TENANT, "u1", 20, f"w{i}") for i in range(9))]
    corrected, *withdrawn = at_once(connect, *calls)
    assert {corrected, *withdrawn} <= {"ok", "BL004"}
    taken = {0: 25, 1: 15, 2: 120}[n] if corrected == "ok" else 0
    assert balance(app) == 175 - taken - 20 * withdrawn.count("ok") >= 0
    assert explains_itself(db)


def test_one_payment_is_reversed_once(db, connect, app, world):
    calls = [("reverse_payment", TENANT, world["taken"], None, f"k{n}") for n in range(8)]
    assert sorted(at_once(connect, *calls)) == ["BL003"] * 7 + ["ok"]
    assert balance(app) == 135
    assert explains_itself(db)


# Money is conserved -------------------------------------------------------------------------------------------------

TENANTS = itertools.count(5000)
USERS = ("u1", "u2")
OPERATIONS = (
    "deposit", "deposit", "withdraw", "place", "place", "confirm", "settle", "settle", "cancel", "complete", "complete",
    "fail", "resettle", "resettle", "resettle", "void", "reverse", "reverse",
)  # fmt: skip


# So that there is something to correct: which one, money, result, from the balance, below zero.
BEFORE = [
    ("deposit", 0, D(50), "", False, False), ("place", 0, D(10), "", True, False), ("withdraw", 0, D("5.5"), "", False, False),
    ("settle", 0, D(20), "win", False, False), ("complete", 0, D(0), "", False, False), ("complete", 1, D(0), "", False, False),
]  # fmt: skip


@dataclass
class Model:
    """What has to be true, written a second time: money as it would be kept on paper."""

    balances: dict[str, D] = field(default_factory=lambda: dict.fromkeys(USERS, D(0)))
    bets: list[dict[str, Any]] = field(default_factory=list)
    payments: list[dict[str, Any]] = field(default_factory=list)

    def take(self, user: str, amount: D, allow: bool = False) -> str | None:
        if amount > 0 and self.balances[user] < amount and not allow:
            return "BL004"
        self.balances[user] -= amount
        return None

    def pay(self, kind: str, user: str, amount: D) -> str | None:
        refusal = self.take(user, amount if kind == "withdraw" else -amount)
        if not refusal:
            self.payments.append({"kind": kind, "user": user, "amount": amount, "status": "created"})
        return refusal

    def end(self, payment: dict[str, Any], status: str, allow: bool = False) -> str | None:
        if payment["status"] != ("completed" if status == "reversed" else "created"):
            return "BL003"
        sign = {"deposit": 1, "withdraw": -1}[payment["kind"]] if status != "completed" else 0
        refusal = self.take(payment["user"], sign * payment["amount"], allow)
        payment["status"] = payment["status"] if refusal else status
        return refusal

    def place(self, user: str, stake: D, from_balance: bool) -> str | None:
        refusal = self.take(user, stake) if from_balance else None
        if not refusal:
            self.bets.append(
                {"user": user, "stake": stake, "from": from_balance, "status": "placed", "result": None, "payout": D(0)}
            )
        return refusal

    def step(self, bet: dict[str, Any], status: str, result: str | None = None, payout: D = D(0)) -> str | None:
        if status == "confirmed" and bet["status"] != "placed" or bet["status"] not in ("placed", "confirmed"):
            return "BL003"
        bet |= {"status": status, "result": result, "payout": payout}
        back = {"settled": payout, "cancelled": bet["stake"]}.get(status, D(0))
        return self.take(bet["user"], -back) if bet["from"] else None

    def correct(self, bet: dict[str, Any], result: str, payout: D, allow: bool) -> str | None:
        if bet["status"] != "settled" or (bet["result"], bet["payout"]) == (result, payout):
            return "BL003"
        refusal = self.take(bet["user"], bet["payout"] - payout, allow) if bet["from"] else None
        if not refusal:
            bet |= {"result": result, "payout": payout}
        return refusal


def played(db: psycopg.Connection, tenant: int, model: Model, n: int, drawn: tuple[Any, ...]) -> None:
    """One operation, by the ledger and by the model, with the same answer."""
    operation, which, money, result, flag, allow = drawn
    of_bets, key = operation in ("confirm", "settle", "cancel", "resettle", "void"), f"k{n}"
    targets = model.bets if of_bets else model.payments
    if operation not in ("deposit", "withdraw", "place"):
        if not targets:
            return
        target = targets[which % len(targets)]
    user = USERS[which % 2]
    if operation in ("settle", "resettle"):
        money = {"win": money, "loss": D(0), "void": target["stake"]}[result]
    args, expected = {
        "deposit": lambda: (("deposit", tenant, user, money, key), model.pay("deposit", user, money)),
        "withdraw": lambda: (("withdraw", tenant, user, money, key), model.pay("withdraw", user, money)),
        "place": lambda: (("place_bet", tenant, user, money, 2, "f", key, flag), model.place(user, money, flag)),
        "confirm": lambda: (("confirm_bet", tenant, target["id"]), model.step(target, "confirmed")),
        "settle": lambda: (
            ("settle_bet", tenant, target["id"], result, money, key), model.step(target, "settled", result, money),
        ),
        "cancel": lambda: (("cancel_bet", tenant, target["id"]), model.step(target, "cancelled")),
        "complete": lambda: (("complete_payment", tenant, target["id"]), model.end(target, "completed")),
        "fail": lambda: (("fail_payment", tenant, target["id"]), model.end(target, "failed")),
        "resettle": lambda: (
            ("resettle_bet", tenant, target["id"], result, money, key, allow), model.correct(target, result, money, allow),
        ),
        "void": lambda: (
            ("void_bet", tenant, target["id"], None, key, allow), model.correct(target, "void", target["stake"], allow),
        ),
        "reverse": lambda: (
            ("reverse_payment", tenant, target["id"], None, key, allow), model.end(target, "reversed", allow),
        ),
    }[operation]()  # fmt: skip
    try:
        row = call(db, *args)
    except psycopg.Error as error:
        assert error.sqlstate == expected, (args, error)
        return
    assert expected is None, args
    if operation in ("deposit", "withdraw"):
        model.payments[-1]["id"] = row["payment_id"]
    elif operation == "place":
        model.bets[-1]["id"] = row["bet_id"]
    if n % 3 == 0 and key in args:
        assert call(db, *args)["duplicate"]


def total(values: Any) -> D:
    return sum(values, D(0))


def agrees(db: psycopg.Connection, tenant: int, model: Model) -> None:
    of = (tenant,)
    for query in ("ops.verify_projections(%s)", "ops.reconcile(%s)"):
        assert rows(db, f"SELECT * FROM {query}", of) == []
    balances = {
        r["user_id"]: r["balance"] for r in rows(db, "SELECT * FROM user_balances_view WHERE tenant_id = %s", of)
    }
    assert {user: balances.get(user, 0) for user in USERS} == model.balances
    bets = {r["bet_id"]: r for r in rows(db, "SELECT * FROM bets_view WHERE tenant_id = %s", of)}
    assert {id_: (b["status"], b["result"], b["payout"] or 0) for id_, b in bets.items()} == {
        b["id"]: (b["status"], b["result"], b["payout"]) for b in model.bets
    }
    payments = rows(db, "SELECT payment_id, status FROM payments_view WHERE tenant_id = %s", of)
    assert {p["payment_id"]: p["status"] for p in payments} == {p["id"]: p["status"] for p in model.payments}

    def sums(user: str | None) -> dict[str, D]:
        mine = [b for b in model.bets if user in (None, b["user"])]
        settled = [b for b in mine if b["status"] == "settled"]
        good = [p for p in model.payments if user in (None, p["user"]) and p["status"] not in ("failed", "reversed")]
        return {
            "staked": total(b["stake"] for b in mine if b["status"] != "cancelled"),
            "paid_out": total(b["payout"] for b in settled),
            "won": total(b["stake"] - b["payout"] for b in settled),
            "deposits": total(p["amount"] for p in good if p["kind"] == "deposit"),
            "withdrawals": total(p["amount"] for p in good if p["kind"] == "withdraw"),
        }

    columns = "staked, paid_out, deposits, withdrawals"
    for row in rows(
        db, f"SELECT user_id, {columns}, -net_result AS won FROM user_activity_view WHERE tenant_id = %s", of
    ):
        assert row == {"user_id": row["user_id"]} | sums(row["user_id"])
    summary = f"SELECT {columns}, gross_gaming_revenue AS won FROM tenants_summary_view WHERE tenant_id = %s"
    if model.bets or model.payments:
        assert one(db, summary, of) == sums(None)
    for row in rows(db, "SELECT * FROM ops.trial_balance(%s)", of):
        came = (
            row["deposits"] - row["withdrawals"] - row["stakes"] + row["payouts"] + row["refunds"] + row["corrections"]
        )
        assert came == row["balances"] == row["kept_balances"] == total(model.balances.values())
        assert row["other_credits"] == row["other_debits"] == 0
    negative = rows(db, "SELECT user_id, balance, balance + allowed AS unexplained FROM ops.negative_balances(%s)", of)
    assert {r["user_id"]: r["balance"] for r in negative} == {u: b for u, b in model.balances.items() if b < 0}
    assert all(r["unexplained"] >= 0 for r in negative)
    for user, kept in model.balances.items():
        assert call_all(db, "balance_statement", tenant, user)[-1]["balance"] == kept


def test_money_is_conserved_whatever_is_done_in_whatever_order(db, app):
    money = st.integers(1, 4000).map(lambda cents: D(cents) / 100)
    operation = st.tuples(
        st.sampled_from(OPERATIONS), st.integers(0, 5), money, st.sampled_from(["win", "loss", "void"]), st.booleans(),
        st.booleans(),
    )  # fmt: skip

    @examples(15 if on_citus(db) else 60)
    @given(st.lists(operation, min_size=10, max_size=40))
    def holds(operations: list[tuple[Any, ...]]) -> None:
        tenant, model = next(TENANTS), Model()
        for n, drawn in enumerate(BEFORE + operations):
            played(app, tenant, model, n, drawn)
        agrees(db, tenant, model)

    holds()
    # All that can happen has happened.
    kinds = {r["event_type"] for t in ("bet_events", "payment_events") for r in rows(db, f"SELECT event_type FROM {t}")}
    assert {CORRECTED, "V1_PAYMENTS_DEPOSIT_REVERSED", "V1_PAYMENTS_WITHDRAWAL_REVERSED"} <= kinds
    assert rows(db, "SELECT FROM ops.negative_balances() LIMIT 1")
