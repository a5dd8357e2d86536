"""Lists in pages: the bets and payments of a user, and the events of a time, complete whatever happens between two pages."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger import OTHER, T0, TENANT, call_all, event, insert, place, refused, rows
from test_projections import examples

Row = dict[str, Any]

BETWEEN = {"bet_events_between": "BETS", "payment_events_between": "PAYMENTS", "balance_events_between": "BALANCES"}
OF = {
    "bets_of": (
        "bets_view", "bet_id", ["placed", "confirmed", "settled", "cancelled"],
        [f"V1_BETS_BET_{kind}" for kind in ("PLACED", "CONFIRMED", "SETTLED", "CANCELLED")],
    ),
    "payments_of": (
        "payments_view", "payment_id", ["created", "completed", "failed"],
        [f"V1_PAYMENTS_DEPOSIT_{kind}" for kind in ("CREATED", "COMPLETED", "FAILED")],
    ),
}  # fmt: skip
USERS = ("anna", "boris")


def time_of(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def happened(function: str, stream: int, kind: int, at: int, user: int) -> Row:
    types = OF[function][3]
    data = {"user_id": USERS[user]} if kind == 0 else {}
    return event(types[min(kind, len(types) - 1)], aggregate=f"s{stream}", timestamp=T0 + at, data=data)


def first_page(db: psycopg.Connection, function: str, *filters: Any, limit: int) -> list[Row]:
    return call_all(db, function, TENANT, *filters, None, limit)


def held(pages: list[list[Row]], snapshots: list[list[tuple[Any, Any]]], key: str, by: str) -> None:
    """What was there all along is shown, and once if it stayed where it was; nothing else is shown but what came."""
    shown = [(row[by], row[key]) for page in pages for row in page]
    assert len(shown) == len(set(shown))
    assert set(shown) <= {row for rows_then in snapshots for row in rows_then}
    stayed = set(snapshots[0]).intersection(*snapshots)
    assert stayed <= set(shown)
    names = [name for _, name in shown]
    assert {name for name in {name for _, name in stayed} if names.count(name) != 1} == set()
    there = {name for _, name in snapshots[0]}.intersection(*({name for _, name in then} for then in snapshots))
    assert there <= set(names)


# Many that begin a stream of one user, and many of one moment.
EVENTS = st.tuples(
    st.integers(0, 9), st.sampled_from([0, 0, 0, 1, 2, 3]), st.integers(0, 3), st.sampled_from([0, 0, 1])
)
TIMES = st.one_of(st.none(), st.integers(T0 - 1, T0 + 4))


@pytest.mark.parametrize("function", OF)
def test_pages_of_a_user_hold_what_was_there_all_along(db, function):
    """Whatever is stored between two pages: new rows, rows that change, rows whose first event comes late."""
    view, key, statuses, _ = OF[function]

    @examples(150)
    @given(
        st.lists(EVENTS, max_size=20), st.lists(st.lists(EVENTS, max_size=3), max_size=8),
        st.sampled_from([None, None, *statuses]), TIMES, TIMES, st.integers(1, 4), st.booleans(),
    )  # fmt: skip
    def holds(
        before: list[Any], changes: list[list[Any]], status: str | None, first: int | None, last: int | None,
        limit: int, quiet: bool,
    ) -> None:  # fmt: skip
        def there() -> list[tuple[Any, Any]]:
            found = rows(
                db,
                f"SELECT created_at, {key} FROM {view} WHERE tenant_id = %s AND user_id = 'anna'"
                " AND status = coalesce(%s, status)"
                " AND created_at BETWEEN coalesce(%s::timestamptz, '-infinity') AND coalesce(%s::timestamptz, 'infinity')",
                (TENANT, status, first and time_of(first), last and time_of(last)),
            )
            return sorted(((row["created_at"], row[key]) for row in found), reverse=True)

        with db.transaction(force_rollback=True):
            if before:
                insert(db, *(happened(function, *e) for e in before))
            insert(db, event(OF[function][3][0], OTHER, "s0", data={"user_id": "anna"}))
            filters = ("anna", status, first, last)
            pages, snapshots, after = [], [], None
            for change in itertools.chain(changes, itertools.repeat([], 99)):
                snapshots.append(there())
                pages.append(call_all(db, function, TENANT, *filters, after, limit))
                positions = [(row["created_at"], row[key]) for row in pages[-1]]
                assert positions == sorted(positions, reverse=True)
                assert len(pages[-1]) <= limit and all(row["next_page"] is None for row in pages[-1][:-1])
                assert {row["user_id"] for row in pages[-1]} <= {"anna"}
                if not pages[-1] or (after := pages[-1][-1]["next_page"]) is None:
                    break
                assert len(pages[-1]) == limit
                if change and not quiet:
                    insert(db, *(happened(function, *e) for e in change))
            else:
                pytest.fail("it does not end")
            held(pages, snapshots, key, "created_at")
            if quiet:
                assert [(row["created_at"], row[key]) for page in pages for row in page] == snapshots[0]
                assert len(pages) == max(1, -(-len(snapshots[0]) // limit))

    holds()


@pytest.mark.parametrize("function", BETWEEN)
def test_pages_of_events_hold_what_was_there_all_along(db, function):
    kind = {
        "BETS": "V1_BETS_BET_PLACED",
        "PAYMENTS": "V1_PAYMENTS_DEPOSIT_CREATED",
        "BALANCES": "V1_BALANCES_BALANCE_INCREASED",
    }[BETWEEN[function]]
    table = function.removesuffix("_between")

    @examples(30)
    @given(
        st.lists(st.integers(0, 5), max_size=12), st.lists(st.lists(st.integers(0, 5), max_size=3), max_size=8),
        TIMES, TIMES, st.integers(1, 4), st.booleans(),
    )  # fmt: skip
    def holds(
        before: list[int], changes: list[list[int]], first: int | None, last: int | None, limit: int, quiet: bool
    ) -> None:
        def there() -> list[tuple[Any, Any]]:
            found = rows(
                db,
                f'SELECT "timestamp", id FROM {table} WHERE tenant_id = %s'
                ' AND "timestamp" BETWEEN coalesce(%s, 0) AND coalesce(%s, 1::bigint << 60)',
                (TENANT, first, last),
            )
            return sorted((row["timestamp"], row["id"]) for row in found)

        with db.transaction(force_rollback=True):
            if before:
                insert(db, *(event(kind, timestamp=T0 + at) for at in before))
            insert(db, event(kind, OTHER, timestamp=T0 + 1))
            pages, snapshots, after = [], [], None
            for change in itertools.chain(changes, itertools.repeat([], 99)):
                snapshots.append(there())
                pages.append(call_all(db, function, TENANT, first, last, after, limit))
                positions = [(row["timestamp"], row["id"]) for row in pages[-1]]
                assert positions == sorted(positions)
                assert len(pages[-1]) <= limit and all(row["next_page"] is None for row in pages[-1][:-1])
                if not pages[-1] or (after := pages[-1][-1]["next_page"]) is None:
                    break
                if change and not quiet:
                    insert(db, *(event(kind, timestamp=T0 + at) for at in change))
            else:
                pytest.fail("it does not end")
            held(pages, snapshots, "id", "timestamp")
            if quiet:
                assert [(row["timestamp"], row["id"]) for page in pages for row in page] == snapshots[0]
                assert len(pages) == max(1, -(-len(snapshots[0]) // limit))

    holds()


def test_the_columns_of_a_bet_and_of_a_payment_are_those_of_their_read_tables(db):
    for function, (view, key, _, types) in OF.items():
        for n, kind in enumerate(types[:3]):
            insert(db, event(kind, aggregate="s1", timestamp=T0 + n, data={"user_id": "anna"} if n == 0 else {}))
        (row,) = call_all(db, function, TENANT, "anna")
        assert row | {"tenant_id": TENANT} == rows(db, f"SELECT *, NULL AS next_page FROM {view}")[0], key


LATER = ("anna", None, T0, T0 + 9)
OTHERS = [
    (OTHER, *LATER), (TENANT, "boris", *LATER[1:]), (TENANT, "anna", "placed", *LATER[2:]), (TENANT, "anna", "created", *LATER[2:]),
    (TENANT, "anna", None, None, T0 + 9), (TENANT, "anna", None, T0, None), (TENANT, "anna", None, T0 + 1, T0 + 9),
]  # fmt: skip


@pytest.mark.parametrize("function", OF)
def test_a_cursor_of_a_user_is_of_the_call_that_gave_it(db, function):
    _, _, statuses, types = OF[function]
    insert(db, *(event(types[0], aggregate=f"s{n}", timestamp=T0 + n, data={"user_id": "anna"}) for n in range(4)))
    cursor = first_page(db, function, *LATER, limit=2)[-1]["next_page"]
    assert cursor.isascii() and not set(cursor) & set("+/= \n")
    for other in OTHERS:
        if other[2] in (None, *statuses):
            with refused("BL001", "after"):
                call_all(db, function, *other, cursor, 2)
    (same,) = set(OF) - {function}
    with refused("BL001", "after"):
        call_all(db, same, TENANT, *LATER, cursor, 2)
    # The size of a page may change.
    assert len(call_all(db, function, TENANT, *LATER, cursor, 100)) == 2


@pytest.mark.parametrize("function", BETWEEN)
def test_a_cursor_of_events_is_of_the_call_that_gave_it(db, function):
    for kind in ("V1_BETS_BET_PLACED", "V1_PAYMENTS_DEPOSIT_CREATED", "V1_BALANCES_BALANCE_INCREASED"):
        insert(db, *(event(kind, aggregate=f"s{n}", timestamp=T0 + n) for n in range(4)))
    cursor = first_page(db, function, T0, None, limit=2)[-1]["next_page"]
    for other in ((OTHER, T0, None), (TENANT, None, None), (TENANT, T0 + 1, None), (TENANT, T0, T0 + 9)):
        with refused("BL001", "after"):
            call_all(db, function, *other, cursor, 2)
    for same in set(BETWEEN) - {function}:
        with refused("BL001", "after"):
            call_all(db, same, TENANT, T0, None, cursor, 2)
    assert len(call_all(db, function, TENANT, T0, None, cursor, 100)) == 2


@pytest.mark.parametrize(
    ("function", "hint"), [("bets_of", "cancelled, confirmed, placed, settled"), ("payments_of", "completed")]
)
def test_a_status_that_no_event_gives_is_refused(db, function, hint):
    with pytest.raises(psycopg.Error) as caught:
        call_all(db, function, TENANT, "anna", "open")
    assert caught.value.sqlstate == "BL001" and caught.value.diag.message_primary == "status is 'open'"
    assert hint in (caught.value.diag.message_hint or "")


@pytest.mark.parametrize(
    ("first", "last", "expected"), [(None, None, "dcba"), (1, 2, "cb"), (1, None, "dcb"), (None, 0, "a"), (3, 2, "")]
)
def test_both_ends_of_a_time_are_included(db, first, last, expected):
    for n, bet in enumerate("abcd"):
        place(db, bet=bet, timestamp=T0 + n)
    ms = [None if at is None else T0 + at for at in (first, last)]
    assert "".join(row["bet_id"] for row in call_all(db, "bets_of", TENANT, "u1", None, *ms)) == expected
    assert "".join(row["aggregate_id"] for row in call_all(db, "bet_events_between", TENANT, *ms)) == expected[::-1]


@pytest.mark.parametrize("function", OF)
def test_nothing_follows_the_last_row_of_a_time_or_of_a_status(db, function):
    _, _, statuses, types = OF[function]
    insert(db, *(event(types[0], aggregate=f"s{n}", timestamp=T0 + n, data={"user_id": "anna"}) for n in range(4)))
    insert(db, *(event(types[1], aggregate=f"s{n}", timestamp=T0 + 9) for n in (2, 3)))
    for filters in ((None, T0 + 2, None), (statuses[1], None, None), (statuses[0], None, None), (None, None, T0 + 1)):
        page = call_all(db, function, TENANT, "anna", *filters, None, 2)
        assert [row["next_page"] for row in page] == [None, None], filters


@pytest.mark.parametrize("ms", [-(1 << 63), -1, 0, 1 << 62, (1 << 63) - 1])
def test_no_time_is_too_early_or_too_late(db, ms):
    place(db)
    for function, args in (("bets_of", ("u1", None)), ("payments_of", ("u1", None)), ("bet_events_between", ())):
        shown = 0 if function == "payments_of" else 1
        assert len(call_all(db, function, TENANT, *args, ms, None)) == (shown if ms <= T0 else 0)
        assert len(call_all(db, function, TENANT, *args, None, ms)) == (shown if ms >= T0 else 0)


@pytest.mark.parametrize("function", ["bets_of", "payments_of"])
@pytest.mark.parametrize("role", ["app", "reader", "operator"])
def test_who_may_list(connect, db, function, role):
    insert(db, event(OF[function][3][0], aggregate="s1", data={"user_id": "anna"}))
    assert len(call_all(connect(role), function, TENANT, "anna")) == 1


@pytest.mark.parametrize("function", ["bets_of", "payments_of"])
def test_a_tenant_lists_its_own(connect, db, function):
    for tenant in (TENANT, OTHER):
        insert(db, event(OF[function][3][0], tenant, "s1", data={"user_id": "anna"}))
    walled = connect("tenant_login", autocommit=False)
    walled.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
    assert len(call_all(walled, function, TENANT, "anna")) == 1
    with refused("BL006"):
        call_all(walled, function, OTHER, "anna")


# How many rows a page reads -------------------------------------------------------------------------------------------

MANY, SHOWN = 20_000, 200
LOADS = (
    ("bet_events", "V1_BETS_BET_PLACED", '"stake": 1, "odds": 2, "fixture_id": "f1"'),
    ("payment_events", "V1_PAYMENTS_DEPOSIT_CREATED", '"amount": 1'),
    ("balance_events", "V1_BALANCES_BALANCE_INCREASED", '"amount": 1'),
)
LATEST = T0 + MANY - 20 * SHOWN + 1
PAGES = (
    ("bets_of", "old", None, None, T0 + MANY // 2), ("bets_of", "old", "placed", None, None),
    ("payments_of", "old", None, None, T0 + MANY // 2),
    ("bet_events_between", T0 + MANY // 2, None), ("payment_events_between", None, None), ("balance_events_between", None, None),
    ("balance_statement", "old", None, None),
    # Its opening is reckoned from now, so this one reads its movements twice.
    ("balance_statement", "old", LATEST, None),
)  # fmt: skip


@pytest.fixture
def loaded(db):
    """A user with a thousand bets, payments and movements among many who have one of each, of two tenants."""
    db.execute("VACUUM ANALYZE")  # as autovacuum leaves a ledger that nobody has used yet
    for table, event_type, data in LOADS:
        db.execute(
            f"INSERT INTO {table} (id, tenant_id, aggregate_id, event_type, event_data, timestamp, version)"
            f" SELECT gen_random_uuid(), t, 's' || n, '{event_type}', format('{{\"user_id\": \"%%s\", {data}}}',"
            " CASE WHEN n %% 20 = 0 THEN 'old' ELSE 'u' || n END)::jsonb, %s + n, 1"
            " FROM generate_series(1, %s) AS n, unnest(%s::bigint[]) AS t",
            (T0, MANY, [TENANT, OTHER]),
        )
    return db


@pytest.mark.not_on_citus("the tables that are read there are those of the nodes")
@pytest.mark.parametrize("role", ["app", "tenant_login"])
def test_a_page_reads_no_more_than_twice_the_rows_that_it_shows(loaded, connect, role):
    conn, found = connect(role, autocommit=False), []
    fetched = "SELECT coalesce(sum(idx_tup_fetch + seq_tup_read), 0)::int FROM pg_stat_xact_user_tables"
    for is_known, mode in itertools.product((False, True), ("force_custom_plan", "force_generic_plan")):
        if is_known:
            loaded.execute("VACUUM ANALYZE")
        for function, *args in PAGES:
            # An index of an expression is no use behind a wall: PostgreSQL looks at the tenant of each row first. Without
            # statistics it looks no better than that of a time.
            if function == "balance_statement" and (role == "tenant_login" or not is_known):
                continue
            conn.execute(f"SET LOCAL plan_cache_mode = {mode}")
            conn.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
            (before,) = conn.execute(fetched).fetchone()
            page = call_all(conn, function, TENANT, *args, None, SHOWN)
            assert sum(row.get("entry", "movement") == "movement" for row in page) == SHOWN
            (after,) = conn.execute(fetched).fetchone()
            if after - before > 2 * SHOWN + 10:
                found.append((mode, is_known, function, args, after - before))
            conn.rollback()
    assert found == []
