"""Many at once: what a batch answers and stores is what single calls would, one after the other."""

from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal as D
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger import (
    EVENT_TABLES,
    OTHER,
    READ_TABLES,
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
    unchanged,
    wait_until_blocked,
)
from load import event_id
from psycopg.types.json import Jsonb

EXAMPLES = int(os.environ.get("BETLEDGER_BATCH_EXAMPLES", "60"))
# Each batch function: the single call, and the fields of its items in the order of the arguments; the key comes after
# the last but for place_bet, where from_balance follows it.
BATCHES = {
    "place_bets": ("place_bet", ("user_id", "stake", "odds", "fixture_id")),
    "confirm_bets": ("confirm_bet", ("bet_id",)),
    "settle_bets": ("settle_bet", ("bet_id", "result", "payout")),
    "cancel_bets": ("cancel_bet", ("bet_id", "reason")),
    "deposits": ("deposit", ("user_id", "amount")),
    "withdrawals": ("withdraw", ("user_id", "amount")),
}
TIMES = (
    "timestamp", "created_at", "last_updated_at", "last_transaction_at", "first_activity_at", "last_activity_at",
    "stored_at", "feed_position", "feed_number",
)  # fmt: skip
Connect = Callable[..., psycopg.Connection]
Batch = tuple[str, list[dict[str, Any]], str | None, bool]


@pytest.fixture
def app(connect: Connect) -> psycopg.Connection:
    return connect("app")


def batch(
    conn: psycopg.Connection,
    function: str,
    items: Any,
    key: str | None = "batch",
    whole: bool = True,
    tenant: int = TENANT,
) -> list[dict[str, Any]]:
    return call_all(conn, function, tenant, Jsonb(items, dumps=dumps), key, whole)


def dumps(value: Any) -> str:
    """JSON with numbers as they are written."""
    if isinstance(value, D):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {dumps(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dumps, value)) + "]"
    return json.dumps(value)


def placed(key: str, tenant: int = TENANT) -> str:
    """The id of the bet that place_bet makes for a key."""
    return f"bet-{event_id(tenant, 'place_bet', key)}"


def balance(conn: psycopg.Connection, user: str = "u1", tenant: int = TENANT) -> D:
    return one(conn, "SELECT balance FROM user_balances_view WHERE tenant_id = %s AND user_id = %s", (tenant, user))[
        "balance"
    ]


def accepted(answer: list[dict[str, Any]]) -> list[int]:
    return [row["item"] for row in answer if row["sqlstate"] is None and not row["duplicate"]]


# As single calls would ----------------------------------------------------------------------------------------------


def as_argument(value: Any) -> Any:
    return D(value) if isinstance(value, str) and value.replace(".", "", 1).isdigit() else value


def singly(
    conn: psycopg.Connection, function: str, items: list[dict[str, Any]], key: str | None, whole: bool
) -> list[dict[str, Any]]:
    """The answers of single calls, as a batch would give them; raises what the batch has to raise."""
    single, fields = BATCHES[function]
    answers: list[dict[str, Any]] = []
    for n, item in enumerate(items, 1):
        own = item.get("idempotency_key")
        own = own if own is not None else None if key is None else f"{key}/{n}"
        numbers = {"stake", "odds", "payout", "amount"}
        arguments = [as_argument(item.get(f)) if f in numbers else item.get(f) for f in fields]
        if single == "place_bet":
            arguments += [own, item.get("from_balance")]
        else:
            arguments.append(own)
        try:
            with conn.transaction():
                answers.append(
                    {
                        "item": n,
                        **call(conn, single, TENANT, *arguments),
                        **dict.fromkeys(("sqlstate", "message", "hint")),
                    }
                )
        except psycopg.Error as error:
            d = error.diag
            answers.append({"item": n, "sqlstate": d.sqlstate, "message": d.message_primary, "hint": d.message_hint})
            if whole:
                raise Refused(answers[-1]) from error
    return answers


class Refused(Exception):
    """The first refusal of single calls."""


def stored(conn: psycopg.Connection) -> dict[str, list[str]]:
    """Every row, but for times and for what batches note of themselves."""
    tables: dict[str, list[str]] = {}
    for table in (*EVENT_TABLES, *READ_TABLES):
        left = ", ".join(f"'{c}'" for c in TIMES)
        # An event without a key has an id of chance.
        note = (
            " || jsonb_build_object('metadata', t.metadata - 'batch') || CASE WHEN t.metadata = '{}' THEN '{\"id\": 0}' ELSE '{}' END::jsonb"
            if table in EVENT_TABLES
            else ""
        )
        tables[table] = sorted(
            str(r[0]) for r in conn.execute(f"SELECT (to_jsonb(t){note}) - ARRAY[{left}] FROM {table} AS t")
        )  # noqa: S608
    return tables


def answered(answer: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without times, and what a refused item has no value of."""
    return [{k: v for k, v in row.items() if k not in TIMES and v is not None} for row in answer]


def outcome(conn: psycopg.Connection, batches: list[Batch], how: Callable[..., list[dict[str, Any]]]) -> list[Any]:
    """What batches, one after the other, answer and store; all is taken back."""
    seen: list[Any] = []
    with conn.transaction(force_rollback=True):
        for function, items, key, whole in batches:
            try:
                with conn.transaction():
                    seen.append(answered(how(conn, function, items, key, whole)))
            except Refused as first:
                n, d = first.args[0]["item"], first.args[0]
                seen.append((d["sqlstate"], f"item {n}: {d['message']}", d["hint"]))
            except psycopg.Error as error:
                seen.append((error.sqlstate, error.diag.message_primary, error.diag.message_hint))
        seen.append(stored(conn))
    return seen


USERS = st.sampled_from(["u1", "u2", "u1", "u2", "u3", "", None, "u" * 201])
MONEY = st.sampled_from(
    [
        D("1"),
        D("10"),
        D("10.0"),
        D("30.50"),
        D("2.25"),
        "30.5",
        D("60"),
        D("0"),
        D("-1"),
        None,
        D("1e20"),
        D("0.1234567890123456789"),
    ]
)
KEYS = st.sampled_from([None, None, None, "k1", "k2", "k3", "", "K" * 201])
FEW_BETS = ["b1", "b2", "b3", "b4", "b5", placed("k1"), placed("k2"), placed("A/1"), placed("B/2"), "nope", None]
BETS = st.sampled_from(FEW_BETS)
SETTLED = st.sampled_from([("win", D("19.5")), ("win", D("19.25")), ("void", D("10.25")), ("win", "19.50"), ("win", D(0)), ("loss", D(0)), ("loss", D(1)), ("void", D("10.5")), ("void", D("10")), ("draw", D(1)), (None, None), ("win", None), ("win", D(-1))])  # fmt: skip


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    one_item = st.fixed_dictionaries(fields, optional={"idempotency_key": KEYS})
    return st.lists(one_item, max_size=7)


ITEMS = {
    "place_bets": some(user_id=USERS, stake=MONEY, odds=st.sampled_from([D(2), D("1.85"), D("0.5"), None]), fixture_id=st.sampled_from(["f1", "f1", "f2", ""]), from_balance=st.sampled_from([True, True, False, None])),
    "confirm_bets": some(bet_id=BETS),
    "settle_bets": some(bet_id=BETS, settled=SETTLED).map(
        lambda items: [{k: v for k, v in i.items() if k != "settled"} | {"result": i["settled"][0], "payout": i["settled"][1]} for i in items]
    ),
    "cancel_bets": some(bet_id=BETS, reason=st.sampled_from([None, "rain", "r" * 1001])),
    "deposits": some(user_id=USERS, amount=MONEY),
    "withdrawals": some(user_id=USERS, amount=MONEY),
}  # fmt: skip
ONE_BATCH = st.sampled_from(list(ITEMS)).flatmap(
    lambda f: st.tuples(st.just(f), ITEMS[f], st.sampled_from(["A", "B", None]), st.booleans())
)


@pytest.fixture
def world(connect: Connect) -> psycopg.Connection:
    """u1 has 69.50, and bets of all kinds: of functions and of clients, staked from the balance or not, some ended."""
    conn = connect("app")
    call(conn, "deposit", TENANT, "u1", 100, "w-1")
    call(conn, "deposit", TENANT, "u2", 20, "w-2")
    for bet in ("b1", "b2", "b3", "b4", "b5"):
        place(conn, bet=bet, data={"stake": 10.5})
    for bet in ("b1", "b2"):
        insert(conn, event("V1_BALANCES_BALANCE_DECREASED", aggregate="x", data={"bet_id": bet, "amount": 10.5}))
    append(conn, "BET_CONFIRMED", aggregate="b3", timestamp=T0 + 1)
    append(conn, "BET_CANCELLED", aggregate="b5", timestamp=T0 + 2, key="k3")
    return conn


def same(world: psycopg.Connection, batches: list[Batch]) -> None:
    many = outcome(world, batches, batch)
    for n, answer in enumerate(many):
        # A batch with other items than before is refused as a whole, which no single call is.
        if isinstance(answer, tuple) and "batch of other items" in answer[1]:
            return same(world, batches[:n] + batches[n + 1 :])
    assert many == outcome(world, batches, singly)


@settings(
    max_examples=EXAMPLES, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(batches=st.lists(ONE_BATCH, min_size=1, max_size=5))
def test_batches_answer_and_store_what_single_calls_would(world: psycopg.Connection, batches: list[Batch]) -> None:
    same(world, batches)


@pytest.mark.parametrize("status", ["active", "suspended", "closed"])
@settings(
    max_examples=EXAMPLES, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(batches=st.lists(ONE_BATCH, min_size=1, max_size=5))
def test_batches_of_a_tenant_with_a_row_answer_as_single_calls(
    world: psycopg.Connection, db: psycopg.Connection, status: str, batches: list[Batch]
) -> None:
    """Its scale and its status are told of each item, unless the key of that is known."""
    if rows(db, "SELECT FROM tenants") == []:
        db.execute("SELECT FROM ops.create_tenant(%s, 'North', 'EUR', 1)", (TENANT,))
    db.execute("SELECT FROM ops.set_tenant_status(%s, %s)", (TENANT, status))
    same(world, batches)


@pytest.mark.parametrize("whole", [True, False])
def test_a_batch_of_before_is_answered_as_ever_when_its_tenant_is_suspended(
    world: psycopg.Connection, db: psycopg.Connection, whole: bool
) -> None:
    sent = {function: items for function, items in AGAIN.items() if function != "cancel_bets"}
    before = {function: batch(world, function, items, function) for function, items in sent.items()}
    db.execute("SELECT FROM ops.create_tenant(%s, 'North', 'EUR', 2)", (TENANT,))
    db.execute("SELECT FROM ops.set_tenant_status(%s, 'suspended')", (TENANT,))
    with unchanged(db):
        for function, items in sent.items():
            again = batch(world, function, items, function, whole)
            assert [(r["item"], r["duplicate"], r["sqlstate"]) for r in again] == [
                (r["item"], True, None) for r in before[function]
            ]
        with refused("BL008", "item 1: ", f"tenant {TENANT} is suspended"):
            batch(world, "deposits", AGAIN["deposits"], "new")
        answer = batch(world, "deposits", AGAIN["deposits"], "new", whole=False)
        assert {r["sqlstate"] for r in answer} == {"BL008"}


@pytest.mark.not_on_citus("types are added by a migration there")
def test_types_of_a_team_end_a_bet_for_batches_too(world: psycopg.Connection, db: psycopg.Connection) -> None:
    with db.transaction():
        db.execute("SET LOCAL ROLE betledger_owner")
        db.execute(
            "INSERT INTO projection.event_types (event_table, event_type, kind, status, rank, required_fields, optional_fields)"
            " SELECT event_table, replace(event_type, 'V1', 'V2'), kind, status, rank, required_fields, optional_fields"
            " FROM projection.event_types WHERE event_type IN ('V1_BETS_BET_SETTLED', 'V1_BETS_BET_CONFIRMED')"
        )
        db.execute("SELECT projection.compile('public.bet_events'), projection.prove('public.bet_events')")
    for bet, kind in (("b1", "SETTLED"), ("b2", "CONFIRMED")):
        insert(
            world,
            event(f"V1_BETS_BET_{kind}", aggregate=bet, timestamp=T0 + 9) | {"event_type": f"V2_BETS_BET_{kind}"},
        )
    for function in ("confirm_bets", "cancel_bets"):
        items = [{"bet_id": b} for b in ("b1", "b2", "b4")]
        same(world, [(function, items, "A", False)])
        same(world, [(function, items, "A", True)])


@pytest.mark.parametrize("whole", [True, False])
def test_corrected_bets_and_negative_balances_are_judged_alike(world: psycopg.Connection, whole: bool) -> None:
    call(world, "settle_bet", TENANT, "b1", "win", 60)
    call(world, "withdraw", TENANT, "u1", 120, "spent")
    call(world, "resettle_bet", TENANT, "b1", "loss", 0, None, True)
    assert balance(world) < 0
    bets = [{"bet_id": b} for b in ("b1", "b2")]
    same(world, [("cancel_bets", bets, "A", whole), ("confirm_bets", bets, "B", whole)])
    same(world, [("settle_bets", [b | {"result": "win", "payout": 7} for b in reversed(bets)], "A", whole)])
    money = [{"user_id": "u1", "amount": n} for n in (1, 5, 100, 1)]
    same(world, [("withdrawals", money, "A", whole), ("deposits", money, "B", whole), ("withdrawals", money, "C", whole)])
    same(world, [("withdrawals", [{"user_id": "u1", "amount": 1, "idempotency_key": "spent"}], "A", whole)])


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    ("function", "items"),
    [
        # k3 is the key of a client, for another bet.
        ("cancel_bets", [{"bet_id": b, "reason": r, "idempotency_key": "k3"} for b, r in (("b1", "r" * 1001), ("b1", None), ("b5", None))]),
        ("settle_bets", [{"bet_id": "b1", "result": "win", "payout": 2}, {"bet_id": "b1", "result": "win", "payout": 2, "idempotency_key": "k3"}]),
        ("withdrawals", [{"user_id": u, "amount": a} for u, a in (("u1", 40), ("u2", 20), ("u1", 70), ("u1", 60), ("u2", 1))]),
        ("deposits", [{"user_id": u, "amount": a} for u, a in (("u1", 1), ("new", 2), ("u1", D("3.50")), ("new", "4.0"))]),
        (
            "place_bets",
            [
                {"user_id": "u1", "stake": a, "odds": 2, "fixture_id": "f", "from_balance": b, "idempotency_key": k}
                for a, b, k in ((60, True, "a"), (60, True, "b"), (60, None, "b"), (60, True, "a"), (61, True, "a"), (9, True, "c"))
            ],
        ),
        (
            "settle_bets",
            [
                {"bet_id": b, "result": r, "payout": p, "idempotency_key": k}
                for b, r, p, k in (
                    ("b1", "win", 19, "a"), ("b1", "win", 19, "a"), ("b1", "win", 20, "a"), ("b2", "win", 19, "a"), ("b1", "loss", 0, None),
                    ("b2", "void", 10, None), ("b2", "void", D("10.5"), None), ("b3", "draw", 1, "b"), ("b3", "loss", 0, "b"),
                )
            ],
        ),
        ("cancel_bets", [{"bet_id": b, "reason": r} for b, r in (("b1", None), ("b2", "rain"), ("b1", "rain"), ("b5", None), ("b3", None))]),
        ("confirm_bets", [{"bet_id": b} for b in ("b1", "b3", "b1", "b5", "b4")]),
    ],
)  # fmt: skip
def test_items_that_depend_on_each_other(
    world: psycopg.Connection, function: str, items: list[dict[str, Any]], whole: bool
) -> None:
    same(world, [(function, items, "A", whole), (function, items, "A", whole), (function, items, "A", not whole)])


# Answers ------------------------------------------------------------------------------------------------------------


def test_a_batch_gives_a_row_for_each_item_in_their_order(world: psycopg.Connection) -> None:
    items = [{"bet_id": b, "result": "win", "payout": 5} for b in ("b4", "nope", "b1", "b5")]
    answer = batch(world, "settle_bets", items, whole=False)
    assert [(r["item"], r["bet_id"], r["status"], r["payout"], r["duplicate"], r["sqlstate"]) for r in answer] == [
        (1, "b4", "settled", 5, False, None),
        (2, None, None, None, None, "BL002"),
        (3, "b1", "settled", 5, False, None),
        (4, None, None, None, None, "BL003"),
    ]
    assert "'nope'" in answer[1]["message"] and answer[1]["hint"] and "cancelled" in answer[3]["message"]
    # What b1 took from the balance is paid out to it; b4 took nothing.
    assert balance(world) == 100 - 21 + 5


def test_payments_tell_the_balance_after_each(world: psycopg.Connection) -> None:
    answer = batch(
        world,
        "withdrawals",
        [{"user_id": u, "amount": a} for u, a in (("u2", 5), ("u1", 9), ("u2", 15), ("u2", 0.5))],
        whole=False,
    )
    assert [(r["balance"], r["sqlstate"]) for r in answer] == [(15, None), (70, None), (0, None), (None, "BL004")]
    assert [
        r["balance"] for r in batch(world, "deposits", [{"user_id": "u2", "amount": n} for n in (1, 2, 3)], "more")
    ] == [1, 3, 6]


def test_an_empty_batch_does_nothing(world: psycopg.Connection) -> None:
    with unchanged(world):
        assert [batch(world, function, []) for function in BATCHES] == [[]] * 6


# All or nothing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "bad", "sqlstate", "words"),
    [
        ("withdrawals", {"user_id": "u1", "amount": 80}, "BL004", ("'u1'", "80")),
        ("deposits", {"user_id": "u1", "amount": -1}, "BL001", ("amount", "-1")),
        ("settle_bets", {"bet_id": "nope", "result": "loss", "payout": 0}, "BL002", ("'nope'",)),
        ("settle_bets", {"bet_id": "b2", "result": "loss", "payout": 1}, "BL001", ("payout of a loss", "1")),
        ("confirm_bets", {"bet_id": "b3"}, "BL003", ("'b3'", "confirmed")),
        ("cancel_bets", {"bet_id": "b5"}, "BL003", ("'b5'", "cancelled")),
        (
            "place_bets",
            {"user_id": "u1", "stake": 80, "odds": 2, "fixture_id": "f", "from_balance": True},
            "BL004",
            ("'u1'",),
        ),
    ],
)
def test_the_first_refusal_undoes_all_and_names_the_item(
    world: psycopg.Connection, function: str, bad: dict[str, Any], sqlstate: str, words: tuple[str, ...]
) -> None:
    good = {
        "user_id": "u2",
        "amount": 1,
        "stake": 1,
        "odds": 2,
        "fixture_id": "f",
        "bet_id": "b1",
        "result": "loss",
        "payout": 0,
    }
    items = [{k: good[k] for k in bad if k in good}, bad, bad]
    with unchanged(world), refused(sqlstate, "item 2: ", *words):
        batch(world, function, items)
    with unchanged(world), refused(sqlstate, "item 2: "):
        call_all(world, function, TENANT, Jsonb(items, dumps=dumps), "batch")
    answer = batch(world, function, items, whole=False)
    assert [r["sqlstate"] for r in answer] == [None, sqlstate, sqlstate]


# Keys ---------------------------------------------------------------------------------------------------------------

AGAIN: dict[str, list[dict[str, Any]]] = {
    "place_bets": [
        {"user_id": "u1", "stake": n, "odds": 2, "fixture_id": "f", "from_balance": n > 2} for n in (1, 2, 3, 4)
    ],
    "confirm_bets": [{"bet_id": b} for b in ("b1", "b2", "b4")],
    "settle_bets": [{"bet_id": b, "result": "win", "payout": 19} for b in ("b1", "b2", "b3", "b4")],
    "cancel_bets": [{"bet_id": b, "reason": r} for b, r in (("b1", "rain"), ("b2", None), ("b3", None))],
    "deposits": [{"user_id": u, "amount": 1} for u in ("u1", "u2", "u1")],
    "withdrawals": [{"user_id": u, "amount": 1} for u in ("u1", "u2", "u1")],
}


@pytest.mark.parametrize("purged", [False, True])
@pytest.mark.parametrize("function", BATCHES)
def test_a_batch_that_is_sent_again_answers_as_before(
    world: psycopg.Connection, connect: Connect, function: str, purged: bool
) -> None:
    first = batch(world, function, AGAIN[function])
    assert accepted(first) == list(range(1, len(first) + 1))
    if purged:
        connect("operator").execute("CALL ops.purge_idempotency_keys('0')")
    # A payment tells what the balance is now, as a repeated call does.
    now = {r["user_id"]: r.get("balance") for r in first}
    with unchanged(world):
        second = batch(world, function, AGAIN[function])
    for n, row in enumerate(second):
        assert row == first[n] | {"duplicate": True} | (
            {"balance": now[row["user_id"]]} if "balance" in row else {}
        ) | ({"idempotency_key": None} if purged else {})


@pytest.mark.parametrize("function", BATCHES)
def test_the_key_of_a_batch_is_used_for_its_items_only(world: psycopg.Connection, function: str) -> None:
    items = AGAIN[function]
    batch(world, function, items)
    field = {"place_bets": "stake", "confirm_bets": "bet_id", "settle_bets": "payout", "cancel_bets": "reason"}.get(
        function, "amount"
    )
    other = items[:-1] + [items[-1] | {field: "b5" if field == "bet_id" else "snow" if field == "reason" else 20}]
    for whole in (True, False):
        for changed in (other, items[:-1], items + items[:1], items[::-1]):
            if changed != items:
                with unchanged(world), refused("BL005", "'batch'"):
                    batch(world, function, changed, whole=whole)
    # 1 is 1.0.
    numbers = {"stake", "amount", "payout"}
    written = [{k: D(f"{v}.0") if k in numbers else v for k, v in item.items()} for item in items]
    assert all(r["duplicate"] for r in batch(world, function, written))


@pytest.mark.parametrize("function", BATCHES)
def test_a_key_of_an_item_is_that_of_a_single_call(world: psycopg.Connection, function: str) -> None:
    single, fields = BATCHES[function]
    items = [item | {"idempotency_key": f"own-{n}"} for n, item in enumerate(AGAIN[function])]

    def again(item: dict[str, Any]) -> dict[str, Any]:
        arguments = [item[f] for f in fields] + [item["idempotency_key"]]
        return call(world, single, TENANT, *arguments, *([item["from_balance"]] if single == "place_bet" else []))

    before = again(items[1])
    answer = batch(world, function, items, None)
    assert [r["duplicate"] for r in answer] == [n == 1 for n in range(len(items))]
    key = "bet_id" if "bet_id" in before else "payment_id"
    assert answer[1][key] == before[key]
    with unchanged(world):
        for n, item in enumerate(items):
            row = again(item)
            assert (row["duplicate"], row[key]) == (True, answer[n][key])
        assert all(r["duplicate"] for r in batch(world, function, items, "another"))


def test_a_refused_item_may_succeed_when_the_batch_is_sent_again(world: psycopg.Connection) -> None:
    items = [{"user_id": "u1", "amount": a} for a in (50, 40)]
    assert [r["sqlstate"] for r in batch(world, "withdrawals", items, whole=False)] == [None, "BL004"]
    call(world, "deposit", TENANT, "u1", 100, "more")
    assert [(r["sqlstate"], r["duplicate"]) for r in batch(world, "withdrawals", items, whole=False)] == [
        (None, True),
        (None, False),
    ]


# What is no batch ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", BATCHES)
@pytest.mark.parametrize(
    ("items", "key", "words"),
    [
        (None, "k", ("items", "null")),
        ({}, "k", ("items", "object")),
        ("x", "k", ("items", "string")),
        ([{}] * 50_001, "k", ("items", "50001")),
        ([{}], "k" * 191, ("idempotency_key", "191")),
        ([{}], "", ("idempotency_key",)),
    ],
)
def test_what_is_no_batch_is_refused(
    world: psycopg.Connection, function: str, items: Any, key: str, words: tuple[str, ...]
) -> None:
    for whole in (True, False):
        with unchanged(world), refused("BL001", *words):
            batch(world, function, items, key, whole) if items is not None else call_all(
                world, function, TENANT, None, key, whole
            )


@pytest.mark.parametrize("function", BATCHES)
@pytest.mark.parametrize(
    ("item", "word"),
    [
        (5, "number"), ([], "array"), (None, "null"), ({"nope": 1}, "nope"), ({"idempotency_key": 5}, "idempotency_key"),
        ({"idempotency_key": {"a": 1}}, "idempotency_key"),
    ],
)  # fmt: skip
def test_what_is_no_item_is_refused(world: psycopg.Connection, function: str, item: Any, word: str) -> None:
    good = AGAIN[function][0]
    item = good | item if isinstance(item, dict) else item
    with unchanged(world), refused("BL001", "item 2: ", word):
        batch(world, function, [good, item])
    answer = batch(world, function, [good, item], whole=False)
    assert [r["sqlstate"] for r in answer] == [None, "BL001"] and word in answer[1]["message"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("bet_id", 5), ("result", 5), ("payout", "x"), ("payout", {}), ("payout", True), ("payout", "-1")],
)
def test_a_field_of_another_type_is_named(world: psycopg.Connection, field: str, value: Any) -> None:
    with unchanged(world), refused("BL001", "item 1: ", field):
        batch(world, "settle_bets", [{"bet_id": "b1", "result": "win", "payout": 19} | {field: value}])


def test_a_batch_has_up_to_50000_items(app: psycopg.Connection, db: psycopg.Connection) -> None:
    answer = batch(app, "deposits", [{"user_id": f"u{n % 700}", "amount": 1} for n in range(50_000)])
    assert accepted(answer) == list(range(1, 50_001))
    assert one(app, "SELECT sum(balance) AS s, sum(transaction_count) AS n FROM user_balances_view") == {
        "s": 50_000,
        "n": 50_000,
    }
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


def test_what_a_team_asks_of_events_is_asked_of_items(world: psycopg.Connection, db: psycopg.Connection) -> None:
    """The items look good to us, and the trigger says that they are not: each is then looked at on its own."""
    with db.transaction():
        db.execute("SET LOCAL ROLE betledger_owner")
        db.execute(
            "UPDATE projection.event_types SET required_fields = required_fields || '{\"stake\": \"amount(2)\"}' WHERE event_type = 'V1_BETS_BET_PLACED'"
        )
        db.execute("SELECT projection.compile('public.bet_events')")
    items = [{"user_id": "u1", "stake": s, "odds": 2, "fixture_id": "f"} for s in (1, D("1.25"), D("1.255"))]
    same(world, [("place_bets", items, "A", False), ("place_bets", items, "A", True)])
    assert [r["sqlstate"] for r in batch(world, "place_bets", items, whole=False)] == [None, None, "BL001"]


def test_items_cost_no_subtransaction_each(world: psycopg.Connection, db: psycopg.Connection) -> None:
    def used() -> int:
        return int(one(db, "SELECT pg_current_xact_id()::text::bigint AS n")["n"])

    items = [{"user_id": "u1", "amount": 1 if n % 2 else 1000} for n in range(60)]
    before = used()
    assert len(accepted(batch(world, "withdrawals", items, whole=False))) == 30
    assert used() - before < 20


# Others at the same moment ------------------------------------------------------------------------------------------


def beside(
    db: psycopg.Connection,
    first: psycopg.Connection,
    second: psycopg.Connection,
    do: Callable[[], Any],
    commits: bool = True,
) -> Any:
    """What `do` gives, which waits for the transaction of `first`."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(do)
        wait_until_blocked(db, second)
        first.commit() if commits else first.rollback()
        return waiting.result(timeout=60)


@pytest.mark.parametrize("commits", [True, False])
@pytest.mark.parametrize("function", BATCHES)
def test_the_second_of_two_equal_batches_waits_and_answers_like_a_replay(
    world: psycopg.Connection, db: psycopg.Connection, connect: Connect, function: str, commits: bool
) -> None:
    first = connect("app", autocommit=False)
    answer = batch(first, function, AGAIN[function])
    second = beside(db, first, world, lambda: batch(world, function, AGAIN[function]), commits)
    assert [r["duplicate"] for r in second] == [commits] * len(answer)
    with unchanged(db):
        assert all(r["duplicate"] for r in batch(world, function, AGAIN[function]))
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


@pytest.mark.parametrize("commits", [True, False])
@pytest.mark.parametrize("function", ["withdrawals", "place_bets"])
def test_money_that_is_spent_meanwhile_is_missed(
    world: psycopg.Connection, db: psycopg.Connection, connect: Connect, function: str, commits: bool
) -> None:
    first = connect("app", autocommit=False)
    call(first, "withdraw", TENANT, "u1", 60, "first")
    more = {"odds": 2, "fixture_id": "f", "from_balance": True} if function == "place_bets" else {}
    amount = "stake" if more else "amount"
    items = [{"user_id": "u1", amount: a} | more for a in (30, 40, 19)]
    answer = beside(db, first, world, lambda: batch(world, function, items, whole=False), commits)
    # There were 79, and 60 of them may be gone.
    assert [r["sqlstate"] for r in answer] == (["BL004", "BL004", None] if commits else [None, None, "BL004"])
    assert balance(world) == (0 if commits else 9)
    assert ("'u1' has 19, which is less than 30" if commits else "'u1' has 9, which is less than 19") in answer[
        0 if commits else 2
    ]["message"]


def test_money_that_comes_meanwhile_is_found(
    world: psycopg.Connection, db: psycopg.Connection, connect: Connect
) -> None:
    first = connect("app", autocommit=False)
    call(first, "deposit", TENANT, "u1", 60, "first")
    answer = beside(
        db,
        first,
        world,
        lambda: batch(world, "withdrawals", [{"user_id": "u1", "amount": a} for a in (1, 100)], whole=False),
    )
    assert [(r["sqlstate"], r["balance"]) for r in answer] == [(None, 138), (None, 38)]


def test_a_balance_that_changes_without_consequence_is_told_as_it_is(
    world: psycopg.Connection, db: psycopg.Connection, connect: Connect
) -> None:
    first = connect("app", autocommit=False)
    call(first, "deposit", TENANT, "u1", 5, "first")
    answer = beside(
        db,
        first,
        world,
        lambda: batch(world, "withdrawals", [{"user_id": "u1", "amount": a} for a in (9, 5, 100)], whole=False),
    )
    assert [r["balance"] for r in answer] == [75, 70, None]
    assert "has 70, which is less than 100" in answer[2]["message"]


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("commits", [True, False])
@pytest.mark.parametrize("function", ["settle_bets", "cancel_bets", "confirm_bets"])
def test_a_bet_that_ends_meanwhile_is_ended(
    world: psycopg.Connection, db: psycopg.Connection, connect: Connect, function: str, commits: bool, whole: bool
) -> None:
    first = connect("app", autocommit=False)
    call(first, "settle_bet", TENANT, "b2", "win", 7, "first")
    items = AGAIN[function]
    if whole and commits:
        with unchanged_but_for(db, first), refused("BL003", "item 2: bet 'b2' is settled"):
            beside(db, first, world, lambda: batch(world, function, items))
    else:
        answer = beside(db, first, world, lambda: batch(world, function, items, whole=whole), commits)
        assert [r["sqlstate"] for r in answer] == ["BL003" if commits and n == 1 else None for n in range(len(items))]
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


class unchanged_but_for:  # noqa: N801
    """Nothing is stored but what another transaction has stored."""

    def __init__(self, db: psycopg.Connection, other: psycopg.Connection) -> None:
        self.db, self.other = db, other

    def __enter__(self) -> None:
        self.before = stored(self.other)

    def __exit__(self, *_: object) -> None:
        assert stored(self.db) == self.before


def test_a_snapshot_that_is_too_old_is_told_to_repeat(world: psycopg.Connection, connect: Connect) -> None:
    late = connect("app", autocommit=False)
    late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    late.execute("SELECT count(*) FROM bets_view")
    batch(world, "place_bets", AGAIN["place_bets"])
    with unchanged(world), refused("40001", hint=False):
        batch(late, "place_bets", AGAIN["place_bets"])
    late.rollback()
    assert all(r["duplicate"] for r in batch(late, "place_bets", AGAIN["place_bets"]))


ROUNDS = 12


def test_a_batch_that_begins_again_does_not_wait_long_for_others(
    world: psycopg.Connection, db: psycopg.Connection, connect: Connect
) -> None:
    """Who waits for what its first attempt had locked would wait for it, and it for them."""
    first, second, waiter = connect(autocommit=False), connect(autocommit=False), connect("app")
    call(first, "settle_bet", TENANT, "b1", "win", 19, "taken")
    second.execute("SELECT FROM bets_view WHERE tenant_id = %s AND bet_id = 'b2' FOR NO KEY UPDATE", (TENANT,))
    items = [
        {"bet_id": "b1", "result": "win", "payout": 19, "idempotency_key": "taken"},
        {"bet_id": "b2", "result": "win", "payout": 19},
    ]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(batch, waiter, "settle_bets", items)
        wait_until_blocked(db, waiter)
        first.commit()
        try:
            with refused("40001", "changed by others"):
                waiting.result(timeout=20)
        finally:
            second.rollback()
    assert [row["duplicate"] for row in batch(waiter, "settle_bets", items)] == [True, False]
    assert rows(waiter, "SHOW lock_timeout") == [{"lock_timeout": "0"}]


@pytest.mark.parametrize("function", ["settle_bets", "cancel_bets"])
def test_batches_that_meet_on_bets_do_not_deadlock(
    app: psycopg.Connection, db: psycopg.Connection, connect: Connect, function: str
) -> None:
    """Four clients end the same bets of the same users, each in an order of its own; each bet is ended by one."""
    bets, users = 120, 7
    batch(app, "deposits", [{"user_id": f"u{n}", "amount": bets} for n in range(users)], "money")
    for turn in range(ROUNDS // 3):
        made = batch(
            app,
            "place_bets",
            [
                {"user_id": f"u{n % users}", "stake": 1, "odds": 2, "fixture_id": "f", "from_balance": True}
                for n in range(bets)
            ],
            f"p{turn}",
        )
        ids = [r["bet_id"] for r in made]

        def end(client: int, ids: list[str] = ids, turn: int = turn) -> list[dict[str, Any]]:
            chance = random.Random(f"{turn} {client}")
            more = {"result": "win", "payout": 2} if function == "settle_bets" else {}
            with connect("app") as own:
                return batch(
                    own,
                    function,
                    [{"bet_id": b} | more for b in chance.sample(ids, bets)],
                    f"e{turn}-{client}",
                    whole=False,
                )

        answers = together(end, 4)
        won = [r["bet_id"] for answer in answers for r in answer if r["sqlstate"] is None]
        assert sorted(won) == sorted(ids)
        assert {r["sqlstate"] for answer in answers for r in answer} <= {None, "BL003"}
    gained = 1 if function == "settle_bets" else 0
    assert one(db, "SELECT sum(balance) AS s FROM user_balances_view")["s"] == bets * users + gained * bets * (
        ROUNDS // 3
    )
    assert rows(db, "SELECT * FROM ops.verify_projections()") == rows(db, "SELECT * FROM ops.reconcile()") == []


def together(do: Callable[[int], Any], clients: int) -> list[Any]:
    """All at the same moment."""
    ready = threading.Barrier(clients)

    def go(client: int) -> Any:
        ready.wait(60)
        return do(client)

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(go, range(clients)))


def test_batches_and_single_calls_that_meet_on_users_do_not_deadlock(
    app: psycopg.Connection, db: psycopg.Connection, connect: Connect
) -> None:
    """Batches of withdrawals and bets in all orders, single calls beside them: every cent is accounted for."""
    users = [f"u{n}" for n in range(9)]
    batch(app, "deposits", [{"user_id": u, "amount": 50} for u in users], "money")

    def work(client: int) -> D:
        chance, taken = random.Random(client), D(0)
        with connect("app") as own:
            for turn in range(ROUNDS):
                some = [chance.choice(users) for _ in range(30)]
                if client % 3 == 0:
                    answer = batch(
                        own, "withdrawals", [{"user_id": u, "amount": 1} for u in some], f"{client}-{turn}", whole=False
                    )
                elif client % 3 == 1:
                    answer = batch(
                        own,
                        "place_bets",
                        [{"user_id": u, "stake": 1, "odds": 2, "fixture_id": "f", "from_balance": True} for u in some],
                        f"{client}-{turn}",
                        whole=False,
                    )
                else:
                    answer = []
                    for n, user in enumerate(some[:10]):
                        try:
                            answer.append(
                                call(own, "place_bet", TENANT, user, 1, 2, "f", f"{client}-{turn}-{n}", True)
                                | {"sqlstate": None}
                            )
                        except psycopg.Error as error:
                            answer.append({"sqlstate": error.sqlstate})
                assert {r["sqlstate"] for r in answer} <= {None, "BL004"}
                taken += len([r for r in answer if r["sqlstate"] is None])
        return taken

    taken = sum(together(work, 6))
    assert one(db, "SELECT sum(balance) AS s, min(balance) >= 0 AS good FROM user_balances_view") == {
        "s": 450 - taken,
        "good": True,
    }
    assert rows(db, "SELECT * FROM ops.verify_projections()") == rows(db, "SELECT * FROM ops.reconcile()") == []


@pytest.mark.not_on_citus("a lock at the coordinator is not where the function is")
@pytest.mark.parametrize("function", BATCHES)
def test_a_batch_whose_backend_is_killed_leaves_nothing(
    world: psycopg.Connection, db: psycopg.Connection, connect: Connect, function: str
) -> None:
    blocker, victim = connect(autocommit=False), connect("app")
    # After the events of bets and payments are stored, before those of balances: the totals are locked in between.
    blocker.execute("LOCK TABLE user_activity_view IN ACCESS EXCLUSIVE MODE")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(batch, victim, function, AGAIN[function])
        wait_until_blocked(db, victim)
        db.execute("SELECT pg_terminate_backend(%s, 5000)", (victim.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            waiting.result(timeout=60)
    blocker.rollback()
    assert (
        rows(
            db,
            "SELECT FROM bet_events WHERE metadata ? 'batch' UNION ALL SELECT FROM payment_events WHERE metadata ? 'batch'",
        )
        == []
    )
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []
    assert accepted(batch(world, function, AGAIN[function])) == list(range(1, len(AGAIN[function]) + 1))


@pytest.mark.parametrize(("function", "table"), [("place_bets", "bets_view"), ("deposits", "payments_view")])
def test_what_is_stored_and_cannot_be_seen_is_told(
    world: psycopg.Connection, db: psycopg.Connection, function: str, table: str
) -> None:
    first, *_ = batch(world, function, AGAIN[function])
    key = "bet_id" if table == "bets_view" else "payment_id"
    db.execute(f"DELETE FROM {table} WHERE {key} = %s", (first[key],))  # type: ignore[arg-type]
    with unchanged(db), refused("BL002", first[key], str(TENANT)):
        batch(world, function, AGAIN[function])


def test_two_tenants_with_the_same_ids_and_keys(world: psycopg.Connection, db: psycopg.Connection) -> None:
    place(db, OTHER, "b1")
    items = [{"bet_id": "b1", "result": "win", "payout": 3}]
    assert accepted(batch(world, "settle_bets", items)) == [1]
    assert accepted(batch(world, "settle_bets", items, tenant=OTHER)) == [1]
    with unchanged(db), refused("BL002", "'b2'", str(OTHER)):
        batch(world, "settle_bets", [{"bet_id": "b2", "result": "loss", "payout": 0}], "other", tenant=OTHER)
