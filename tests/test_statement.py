"""balance_statement(): opening balance, movements, closing balance, in pages that fit together whatever happens."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger import OTHER, T0, TENANT, append, call, call_all, event, insert, place, refused
from test_projections import examples

Row = dict[str, Any]


def statement(db: psycopg.Connection, *args: Any, limit: int = 1000, user: str = "anna") -> list[Row]:
    """All pages of a statement, from and to which times."""
    from_ms, to_ms = [*args, None, None][:2]
    found: list[Row] = []
    after = None
    while True:
        page = call_all(db, "balance_statement", TENANT, user, from_ms, to_ms, after, limit)
        assert sum(row["entry"] == "movement" for row in page) <= limit
        found += page
        after = page[-1]["next_page"]
        assert all(row["next_page"] is None for row in page[:-1])
        if after is None:
            return found


def amounts(found: list[Row]) -> list[tuple[str, Any, Decimal]]:
    return [(row["entry"], row["amount"], row["balance"]) for row in found]


def move(amount: int, at: int, user: str = "anna", **cause: str) -> dict[str, Any]:
    kind = f"V1_BALANCES_BALANCE_{'INCREASED' if amount > 0 else 'DECREASED'}"
    return event(kind, aggregate="b", timestamp=T0 + at, data={"user_id": user, "amount": abs(amount), **cause})


def test_an_account_that_was_never_used_has_an_empty_statement(db):
    assert amounts(statement(db)) == [("opening", None, 0), ("closing", None, 0)]


def test_each_movement_says_what_caused_it(db):
    deposit = call(db, "deposit", TENANT, "anna", Decimal("100.50"), "d")["payment_id"]
    call(db, "deposit", OTHER, "anna", 7, "d")
    # Each in a millisecond of its own.
    time.sleep(0.002)
    bet = call(db, "place_bet", TENANT, "anna", 40, 2, "f1", "b", True)["bet_id"]
    time.sleep(0.002)
    call(db, "settle_bet", TENANT, bet, "win", 80)
    insert(db, move(-1, 0))
    found = statement(db)
    assert [(row["amount"], row["balance"], row["cause"], row["cause_id"]) for row in found] == [
        (None, 0, None, None),
        (-1, -1, None, None),
        (Decimal("100.5"), Decimal("99.5"), "payment", deposit),
        (-40, Decimal("59.5"), "bet", bet),
        (80, Decimal("139.5"), "bet", bet),
        (None, Decimal("139.5"), None, None),
    ]
    assert found[1]["event_type"] == "V1_BALANCES_BALANCE_DECREASED" and found[1]["event_id"] is not None


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        ((None, None), [0, 10, 7, 27, 26, 26]),
        ((T0, T0 + 30), [0, 10, 7, 27, 26, 26]),
        ((T0 + 10, T0 + 20), [10, 7, 27, 27]),
        ((T0 + 11, T0 + 19), [7, 7]),
        ((T0 + 31, None), [26, 26]),
        ((None, T0 - 1), [0, 0]),
        ((T0 + 20, T0 + 10), [7, 7]),
    ],
)
def test_it_begins_and_ends_with_the_balance_of_that_time(db, between, expected):
    insert(db, move(20, 20), move(10, 0), move(-1, 30), move(-3, 10), move(99, 5, "boris"))
    assert [row["balance"] for row in statement(db, *between)] == expected


def test_pages_are_the_statement(db):
    """Of any movements, in pages of any size: the same rows, each once, and the balances of a running sum."""

    @examples(25)
    @given(
        st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(0, 9)), max_size=12),
        st.integers(1, 5), st.integers(-1, 10), st.integers(-1, 10),
    )  # fmt: skip
    def holds(moves: list[tuple[int, int]], limit: int, first: int, last: int) -> None:
        with db.transaction(force_rollback=True):
            events = [move(amount, at) for amount, at in moves]
            if events:
                insert(db, *events)
            found = statement(db, T0 + first, T0 + last, limit=limit)
            shown = sorted(
                (e for e in events if first <= e["timestamp"] - T0 <= last), key=lambda e: (e["timestamp"], e["id"])
            )
            assert [row["event_id"] for row in found[1:-1]] == [e["id"] for e in shown]
            opening = sum(amount for amount, at in moves if at < first)
            assert (found[0]["entry"], found[0]["balance"]) == ("opening", opening)
            running = opening
            for row in found[1:-1]:
                running += row["amount"]
                assert row["balance"] == running
            assert (found[-1]["entry"], found[-1]["balance"]) == ("closing", running)

    holds()


def test_what_is_stored_between_two_pages_neither_repeats_nor_hides_anything(db):
    """Nor does it make the sum of the movements another than the difference of the balances."""
    insert(db, *(move(10, at) for at in range(6)))
    first = call_all(db, "balance_statement", TENANT, "anna", None, None, None, 3)
    # Dated before what was shown, between, after it, and at the same time.
    insert(db, *(move(1, at) for at in (0, 2, 3, 9)))
    rest = call_all(db, "balance_statement", TENANT, "anna", None, None, first[-1]["next_page"], 100)
    shown = [*first, *rest]
    assert [row["timestamp"] for row in rest if row["amount"] == 10] == [T0 + 3, T0 + 4, T0 + 5]
    ids = [row["event_id"] for row in shown if row["event_id"]]
    assert len(ids) == len(set(ids))
    assert sum(row["amount"] or 0 for row in shown) == shown[-1]["balance"] - shown[0]["balance"]
    # Asked again from the beginning, all of it is there.
    assert statement(db)[-1]["balance"] == 64


@pytest.mark.parametrize(
    "other",
    [
        (OTHER, "anna", T0, None),
        (TENANT, "boris", T0, None),
        (TENANT, "anna", None, None),
        (TENANT, "anna", T0, T0 + 9),
    ],
)
def test_a_cursor_is_of_the_call_that_gave_it(db, other):
    insert(db, *(move(10, at) for at in range(4)))
    page = call_all(db, "balance_statement", TENANT, "anna", T0, None, None, 2)
    cursor = page[-1]["next_page"]
    assert cursor.isascii() and not set(cursor) & set("+/= \n")
    with refused("BL001", "after"):
        call_all(db, "balance_statement", *other, cursor, 2)
    # The size of a page may change.
    assert len(call_all(db, "balance_statement", TENANT, "anna", T0, None, cursor, 100)) == 3


def test_a_page_without_room_is_the_opening_alone(db):
    append(db, "BALANCE_INCREASED", aggregate="b", data={"user_id": "anna"})
    place(db)
    assert [row["entry"] for row in call_all(db, "balance_statement", TENANT, "anna", None, None, None, 0)] == [
        "opening"
    ]


@pytest.mark.parametrize("role", ["app", "reader", "operator"])
def test_who_may_read_one(connect, db, role):
    insert(db, move(5, 0))
    assert amounts(statement(connect(role))) == [("opening", None, 0), ("movement", 5, 5), ("closing", None, 5)]


def test_a_tenant_reads_its_own(connect, db):
    insert(db, move(5, 0))
    walled = connect("tenant_login", autocommit=False)
    walled.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
    assert len(statement(walled)) == 3
    with refused("BL006"):
        call_all(walled, "balance_statement", OTHER, "anna")
