"""Tenants are walled off, and every role can do what it is for and no more."""

from __future__ import annotations

import json
from uuid import uuid4

import betledger
import psycopg
import pytest
from betledger.database import on_citus
from betledger.migrating.migrator import opened
from command import run
from conftest import PASSWORD
from ledger import (
    BEGINNING,
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
)
from psycopg import conninfo, sql
from psycopg.types.json import Jsonb

EVERY_TABLE = (*EVENT_TABLES, *READ_TABLES, "projection.tenant_totals")
ROLES = ("app", "tenant_login", "reader", "operator")
CLEAN_UP = "UPDATE {} SET metadata = metadata - 'idempotency_key' WHERE metadata ->> 'idempotency_key' IS NOT NULL"


@pytest.fixture
def world(db):
    """Both tenants with the same ids and keys, and rows in every table."""
    for tenant in (TENANT, OTHER):
        place(db, tenant, key="k", created_at="2020-01-01")
        append(db, "DEPOSIT_CREATED", tenant, "p1", key="k", created_at="2020-01-01")
        append(db, "BALANCE_INCREASED", tenant, "b1", key="k", created_at="2020-01-01")
    return db


@pytest.fixture
def walled(connect, world):
    """A connection of a tenant login, in a transaction that has set its tenant."""
    conn = connect("tenant_login", autocommit=False)
    conn.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
    return conn


def tenants(conn: psycopg.Connection, table: str) -> set[int]:
    return {r["tenant_id"] for r in rows(conn, f"SELECT tenant_id FROM {table}")}


@pytest.mark.parametrize("tenant", [TENANT, OTHER])
def test_a_tenant_sees_its_own_rows_only(connect, world, tenant):
    conn = connect("tenant_login", autocommit=False)
    conn.execute(f"SET LOCAL app.tenant_id = '{tenant}'")
    assert {table: tenants(conn, table) for table in EVERY_TABLE} == {table: {tenant} for table in EVERY_TABLE}
    conn.rollback()
    assert {table: tenants(conn, table) for table in EVERY_TABLE} == {table: set() for table in EVERY_TABLE}


@pytest.mark.parametrize("role", ["app", "reader", "operator"])
def test_trusted_roles_see_all_tenants(connect, world, role):
    conn = connect(role)
    assert {table: tenants(conn, table) for table in EVERY_TABLE} == {table: {TENANT, OTHER} for table in EVERY_TABLE}


BAD_SETTINGS = [
    None, "", " ", "abc", "0", "-1", "1e4", "010001", " 10001", "10001 ", "10001\n", "10001 OR true", "+10001", "10001.0",
    "99999999999999999999", "9223372036854775808",
]  # fmt: skip


@pytest.mark.parametrize("setting", BAD_SETTINGS)
def test_a_tenant_without_a_valid_setting_sees_and_writes_nothing(connect, world, setting):
    conn = connect("tenant_login", autocommit=False)
    if setting is not None:
        conn.execute(sql.SQL("SET LOCAL app.tenant_id = {}").format(setting))
    assert {table: tenants(conn, table) for table in EVERY_TABLE} == {table: set() for table in EVERY_TABLE}
    with unchanged(world):
        with refused("BL006", str(TENANT), "tenant_login"):
            place(conn, bet="new")
        conn.rollback()


@pytest.mark.parametrize("tenant", [1, 10**18 - 1, 10**18, 1541815603606036480, 2**63 - 1])
def test_every_tenant_there_can_be_sees_what_it_decides_by(connect, db, tenant):
    """As id generators make them: 19 digits, and all of bigint."""
    conn = connect("tenant_login", autocommit=False)

    def as_tenant(*args):
        conn.execute(f"SET LOCAL app.tenant_id = '{tenant}'")
        try:
            return call(conn, *args)
        finally:
            conn.commit()

    with unchanged(db), refused("BL004", "'anna' has 0"):
        as_tenant("withdraw", tenant, "anna", 1_000_000, "k1")
    assert as_tenant("deposit", tenant, "anna", 5, "k2")["balance"] == 5
    with unchanged(db), refused("BL004", "'anna' has 5"):
        as_tenant("withdraw", tenant, "anna", 6, "k1")
    bet = as_tenant("place_bet", tenant, "anna", 5, 2, "f", "k3", True)["bet_id"]
    assert as_tenant("cancel_bet", tenant, bet)["status"] == "cancelled"
    conn.execute(f"SET LOCAL app.tenant_id = '{tenant}'")
    assert {table: tenants(conn, table) for table in ("bet_events", "user_balances_view")} == {
        "bet_events": {tenant}, "user_balances_view": {tenant},
    }  # fmt: skip


BLIND = ("bets_view", "payments_view", "user_balances_view", *EVENT_TABLES, "personal_keys", "consumers")


BLIND_CALLS = [
    ("place_bet", TENANT, "u1", 1, 2, "f1", "new"), ("place_bet", TENANT, "u1", 1, 2, "f1", "new", True),
    ("confirm_bet", TENANT, "bet-1"), ("settle_bet", TENANT, "bet-1", "win", 1), ("cancel_bet", TENANT, "bet-1"),
    ("deposit", TENANT, "u1", 1, "new"), ("withdraw", TENANT, "u1", 1000, "new"),
    ("complete_payment", TENANT, "p1"), ("fail_payment", TENANT, "p1"),
    ("resettle_bet", TENANT, "bet-1", "win", 2), ("void_bet", TENANT, "bet-1"), ("reverse_payment", TENANT, "p1"),
    ("place_bets", TENANT, Jsonb([{"user_id": "u1", "stake": 1, "odds": 2, "fixture_id": "f1"}]), "new"),
    ("confirm_bets", TENANT, Jsonb([{"bet_id": "bet-1"}]), None), ("cancel_bets", TENANT, Jsonb([{"bet_id": "bet-1"}]), "new"),
    ("settle_bets", TENANT, Jsonb([{"bet_id": "bet-1", "result": "win", "payout": 1}]), "new"),
    ("deposits", TENANT, Jsonb([{"user_id": "u1", "amount": 1}]), "new"),
    ("withdrawals", TENANT, Jsonb([{"user_id": "u1", "amount": 1000}]), "new"),
    ("personal_key", TENANT, "u1"), ("erase_person", TENANT, "u1"),
    ("advance_consumer", TENANT, "w", None, BEGINNING), ("reset_consumer", TENANT, "w"),
]  # fmt: skip


def test_every_function_that_writes_is_called_without_seeing_anything(db):
    writing = rows(
        db,
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND provolatile = 'v'"
        " AND pg_get_userbyid(proowner) = 'betledger_owner'",
    )
    assert {r["proname"] for r in writing} == {name for name, *_ in BLIND_CALLS} | {"feed", "ledger_feed"}


@pytest.mark.not_on_citus("the policies of shards are those of their nodes")
@pytest.mark.parametrize("args", BLIND_CALLS, ids=str)
def test_what_cannot_be_seen_is_never_nothing(connect, world, args):
    """A policy that shows a caller no row, while it may write: each function that decides by a row refuses."""
    world.execute("SELECT FROM personal_key(%s, 'u1')", (TENANT,))
    world.execute("SELECT reset_consumer(%s, 'w')", (TENANT,))
    for table in BLIND:
        for policy in rows(world, "SELECT polname FROM pg_policy WHERE polrelid = %s::regclass", (table,)):
            name = policy["polname"]
            if name == "trusted" and table != "personal_keys":
                world.execute(f"ALTER POLICY trusted ON {table} TO betledger_owner, betledger_reader, betledger_operator")
                world.execute(f"CREATE POLICY blind ON {table} FOR INSERT TO betledger_app WITH CHECK (true)")
            elif name == "reads":
                world.execute(f"ALTER POLICY reads ON {table} USING (false)")
    keys = rows(world, "SELECT * FROM personal_keys")
    with unchanged(world), pytest.raises(psycopg.Error) as caught:
        call(connect("app"), *args)
    # A batch looks before it stores, so that who is not seen to have anything cannot pay; and stores nothing that it
    # cannot read.
    allowed = {"withdrawals": "BL004", "place_bets": "42501", "deposits": "42501"}.get(args[0], "40001")
    assert caught.value.sqlstate in ("BL002", allowed), caught.value
    assert rows(world, "SELECT * FROM personal_keys") == keys


@pytest.mark.not_on_citus("only SET LOCAL reaches the nodes")
def test_a_session_setting_works_like_a_local_one(connect, world):
    conn = connect("tenant_login")
    conn.execute(f"SET app.tenant_id = '{OTHER}'")
    assert tenants(conn, "bets_view") == {OTHER}
    conn.execute("RESET app.tenant_id")
    assert tenants(conn, "bets_view") == set()


def test_a_tenant_writes_its_own_events(walled, world):
    place(walled, bet="new")
    assert call(walled, "confirm_bet", TENANT, "new")["status"] == "confirmed"
    assert call(walled, "deposit", TENANT, "u1", 5, "new")["balance"] == 105
    assert call(walled, "place_bet", TENANT, "u1", 5, 2, "f1", "new bet", True)["duplicate"] is False
    walled.commit()
    assert one(world, "SELECT bets FROM tenants_summary_view WHERE tenant_id = %s", (TENANT,))["bets"] == 3
    assert one(world, "SELECT bets FROM tenants_summary_view WHERE tenant_id = %s", (OTHER,))["bets"] == 1
    assert rows(world, "SELECT * FROM ops.verify_projections()") == []


@pytest.mark.not_on_citus("the rows are on the nodes")
def test_a_tenant_of_many_events_is_no_slower_behind_its_wall(connect, world):
    """An expression that may tell what it sees is asked after the policy only: no index is searched by it."""
    world.execute(
        "INSERT INTO balance_events (id, tenant_id, aggregate_id, event_type, event_data, timestamp, version, metadata)"
        " SELECT gen_random_uuid(), %s, 'b' || n, 'V1_BALANCES_BALANCE_INCREASED',"
        " jsonb_build_object('user_id', 'u' || n, 'amount', 1, 'payment_id', 'p' || n), %s, 1,"
        " jsonb_build_object('idempotency_key', 'k' || n) FROM generate_series(10, 2000) AS n",
        (TENANT, T0),
    )
    for kind, table, data in (
        ("V1_BETS_BET_PLACED", "bet_events", {"user_id": "u1", "stake": 1, "odds": 2, "fixture_id": "f"}),
        ("V1_PAYMENTS_DEPOSIT_CREATED", "payment_events", {"user_id": "u1", "amount": 1}),
    ):
        world.execute(
            f"INSERT INTO {table} (id, tenant_id, aggregate_id, event_type, event_data, timestamp, version, metadata)"
            " SELECT gen_random_uuid(), %s, 'x' || n, %s, %s, %s, 1, jsonb_build_object('idempotency_key', 'k' || n)"
            " FROM generate_series(10, 2000) AS n",
            (TENANT, kind, json.dumps(data), T0),
        )
    world.execute("ANALYZE")
    conn = connect("tenant_login", autocommit=False)
    read = "SELECT coalesce(sum(idx_tup_fetch + seq_tup_read), 0)::int AS n FROM pg_stat_xact_user_tables"

    def rows_read_by(function, *args):
        conn.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
        before = one(conn, read)["n"]
        answer = call_all(conn, function, TENANT, *(Jsonb(a) if isinstance(a, list) else a for a in args))
        assert one(conn, read)["n"] - before < 150, function
        conn.commit()
        return answer if len(answer) > 1 else answer[0]

    rows_read_by("deposit", "u1", 50, "d1")
    rows_read_by("deposit", "u1", 50, "d1")
    paid = rows_read_by("withdraw", "u1", 1, "w1")["payment_id"]
    rows_read_by("fail_payment", paid)
    for key, function, *args in (("b1", "settle_bet", "win", 2), ("b2", "cancel_bet")):
        bet = rows_read_by("place_bet", "u1", 1, 2, "f", key, True)["bet_id"]
        rows_read_by("place_bet", "u1", 1, 2, "f", key, True)
        rows_read_by("confirm_bet", bet)
        rows_read_by(function, bet, *args)
    # Batches, with an item that is done, one that was done before and one that is refused, and once again.
    stake = {"stake": 1, "odds": 2, "fixture_id": "f", "from_balance": True}
    bets = rows_read_by("place_bets", [{"user_id": u} | stake for u in ("u1", "u1", "new")], "b", False)
    bets = [{"bet_id": b["bet_id"]} for b in bets[:2]] + [{"bet_id": bet}]
    settled = [b | {"result": "win", "payout": 2} for b in (bets[0], bets[2])]
    for function, items in (
        ("deposits", [{"user_id": "u1", "amount": a} for a in (1, 0)]),
        ("withdrawals", [{"user_id": "u1", "amount": a} for a in (1, 1000)]),
        ("confirm_bets", bets), ("settle_bets", settled), ("cancel_bets", bets[1:]),
    ):  # fmt: skip
        answer = rows_read_by(function, items, function, False)
        assert [r["sqlstate"] is None for r in answer] == [True] * (len(items) - 1) + [False]
        assert [r["duplicate"] for r in rows_read_by(function, items, function, False)][0] is True


@pytest.mark.parametrize(
    "kind", ["BET_PLACED", "BET_SETTLED", "DEPOSIT_CREATED", "WITHDRAWAL_FAILED", "BALANCE_DECREASED"]
)
def test_a_tenant_does_not_write_events_of_another(walled, world, kind):
    with unchanged(world), refused("BL006", str(OTHER), "tenant_login", str(TENANT)):
        append(walled, kind, OTHER, "new")


def test_one_foreign_row_among_own_rows_changes_nothing(walled, world):
    events = [event("V1_BETS_BET_PLACED", t, f"new-{i}") for i, t in enumerate([TENANT, TENANT, OTHER, TENANT])]
    with unchanged(world), refused("BL006", str(OTHER)):
        insert(walled, *events)


FOREIGN_CALLS = [
    ("place_bet", OTHER, "u1", 1, 2, "f1", "new"), ("place_bet", OTHER, "u1", 1, 2, "f1", "k"),
    ("confirm_bet", OTHER, "bet-1"), ("settle_bet", OTHER, "bet-1", "win", 1), ("cancel_bet", OTHER, "bet-1"),
    ("deposit", OTHER, "u1", 1, "new"), ("deposit", OTHER, "u1", 100, "k"), ("withdraw", OTHER, "u1", 1, "new"),
    ("complete_payment", OTHER, "p1"), ("fail_payment", OTHER, "p1"),
    ("place_bets", OTHER, Jsonb([{"user_id": "u1", "stake": 1, "odds": 2, "fixture_id": "f1"}]), "new"),
    ("confirm_bets", OTHER, Jsonb([{"bet_id": "bet-1"}]), None), ("cancel_bets", OTHER, Jsonb([{"bet_id": "bet-1"}]), "new"),
    ("settle_bets", OTHER, Jsonb([{"bet_id": "bet-1", "result": "win", "payout": 1}]), "new", False),
    ("deposits", OTHER, Jsonb([{"user_id": "u1", "amount": 1}]), "new"), ("deposits", OTHER, Jsonb([]), "new", False),
    ("withdrawals", OTHER, Jsonb([{"user_id": "u1", "amount": 1}]), "new", False),
    ("advance_consumer", OTHER, "w", None, "x"), ("reset_consumer", OTHER, "w"),
    ("bet_history", OTHER, "bet-1"), ("payment_history", OTHER, "p1"), ("balance_history", OTHER, "u1"),
    ("bet_events_between", OTHER, 0, T0), ("bet_as_of", OTHER, "bet-1", T0), ("balance_as_of", OTHER, "u1", T0),
    ("payment_as_of", OTHER, "p1", T0), ("bets_of", OTHER, "u1"), ("payments_of", OTHER, "u1"), ("tenant_as_of", OTHER, T0),
    ("balance_statement", OTHER, "u1"), ("feed", OTHER),
]  # fmt: skip

CORRECTIONS = [
    ("resettle_bet", OTHER, "bet-1", "win", 1), ("void_bet", OTHER, "bet-1"), ("reverse_payment", OTHER, "p1"),
]  # fmt: skip


# Those that operators may not call come first, and then those that write.
WRITING, READING = ([args[0] for args in FOREIGN_CALLS].index(name) for name in ("advance_consumer", "bet_history"))


@pytest.mark.parametrize("args", FOREIGN_CALLS + CORRECTIONS, ids=str)
def test_functions_refuse_another_tenant(connect, world, args):
    conn = connect("tenant_login", autocommit=False)
    with unchanged(world):
        for setting in (str(TENANT), "", "abc"):
            conn.execute(sql.SQL("SET LOCAL app.tenant_id = {}").format(setting))
            with refused("BL006", str(OTHER), "tenant_login", repr(setting) if setting else "not set"):
                call_all(conn, *args)
            conn.rollback()


def test_a_tenant_reads_its_own_through_functions(walled):
    assert [len(call_all(walled, name, TENANT, *args)) for name, _, *args in FOREIGN_CALLS[READING:]] == [1] * 10 + [3, 3]


def test_a_setting_does_not_limit_the_trusted_application(connect, world):
    conn = connect("app", autocommit=False)
    conn.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
    assert call(conn, "confirm_bet", OTHER, "bet-1")["tenant_id"] == OTHER


def test_a_tenant_cleans_up_only_its_own_keys(walled, world):
    for table in EVENT_TABLES:
        assert walled.execute(CLEAN_UP.format(table)).rowcount == 1
    walled.commit()
    assert [r["idempotency_key"] for r in rows(world, "SELECT * FROM bets_view ORDER BY tenant_id")] == [None, "k"]
    assert [r["idempotency_key"] for r in rows(world, "SELECT * FROM payments_view ORDER BY tenant_id")] == [None, "k"]


# Who may do what ----------------------------------------------------------------------------------------------------

READ_ROWS = {
    "bets_view": "(tenant_id, bet_id, status, created_at, last_updated_at) VALUES (10001, 'x', 'placed', now(), now())",
    "payments_view": "(tenant_id, payment_id, type, status, created_at, last_updated_at)"
    " VALUES (10001, 'x', 'deposit', 'created', now(), now())",
    "user_balances_view": "VALUES (10001, 'x', 1, 1, now())",
    "user_activity_view": "(tenant_id, user_id, first_activity_at, last_activity_at) VALUES (10001, 'x', now(), now())",
    "tenants_summary_view": "(tenant_id) VALUES (10001)",
    "projection.tenant_totals": "(tenant_id, slot) VALUES (10001, 99)",
    "tenants": "(tenant_id, name, currency, scale) VALUES (10001, 'x', 'EUR', 2)",
}
WRITES = [
    *[f"INSERT INTO {table} {values}" for table, values in READ_ROWS.items()],
    *[f"UPDATE {table} SET tenant_id = tenant_id" for table in READ_ROWS],
    *[f"DELETE FROM {table}" for table in READ_ROWS],
    *[f"TRUNCATE {table}" for table in READ_ROWS if table != "tenants_summary_view"],
    *[f"DELETE FROM {table}" for table in EVENT_TABLES],
    *[f"TRUNCATE {table}" for table in EVENT_TABLES],
    *[f"UPDATE {table} SET event_data = '{{}}'" for table in EVENT_TABLES],
    *[f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in (*EVENT_TABLES, "bets_view")],
    "ALTER TABLE bets_view DISABLE ROW LEVEL SECURITY",
    "UPDATE projection.event_types SET required_fields = '{}'",
    "DELETE FROM projection.sources",
    "UPDATE projection.projections SET kind = 'sum'",
    "CREATE TABLE public.mine (x int)",
    "CREATE TABLE projection.mine (x int)",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql RETURN 1",
    "SET ROLE betledger_owner",
]


@pytest.mark.parametrize("role", ROLES)
def test_no_role_writes_what_only_the_owner_writes(connect, world, role):
    conn = connect(role, autocommit=False)
    codes = {}
    with unchanged(world):
        for statement in WRITES:
            conn.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
            with pytest.raises(psycopg.Error) as caught:
                conn.execute(statement)
            codes[statement] = caught.value.sqlstate
            conn.rollback()
    # A view that sums cannot be written by anybody (55000).
    assert {s: c for s, c in codes.items() if c != "42501" and not (c == "55000" and "tenants_summary_view" in s)} == {}


@pytest.mark.parametrize("role", ["reader", "operator"])
@pytest.mark.parametrize("kind", ["BET_PLACED", "DEPOSIT_CREATED", "BALANCE_INCREASED"])
def test_readers_and_operators_insert_nothing(connect, world, role, kind):
    with unchanged(world), refused("42501", "_events", hint=False):
        append(connect(role), kind, aggregate="new")


@pytest.mark.parametrize("role", ["reader", "operator"])
def test_readers_and_operators_call_no_writing_function(connect, world, role):
    conn = connect(role)
    with unchanged(world):
        for args in FOREIGN_CALLS[:WRITING]:
            with refused("42501", args[0], hint=False):
                call_all(conn, *args)


def test_readers_correct_nothing(connect, world):
    conn = connect("reader")
    with unchanged(world):
        for args in CORRECTIONS:
            with refused("42501", args[0], hint=False):
                call_all(conn, *args)


def test_operators_insert_corrections_and_no_other_event(connect, world):
    operator = connect("operator")
    append(world, "BET_SETTLED", OTHER)
    append(world, "DEPOSIT_COMPLETED", OTHER, "p1")
    with unchanged(world):
        for kind in ("BET_SETTLED", "BET_CANCELLED", "DEPOSIT_CREATED", "WITHDRAWAL_FAILED", "BALANCE_DECREASED"):
            with refused("42501", "row-level security policy", hint=False):
                append(operator, kind, OTHER, "new")
    assert call(operator, "resettle_bet", OTHER, "bet-1", "loss", 0)["payout"] == 0
    assert call(operator, "void_bet", OTHER, "bet-1")["result"] == "void"
    assert call(operator, "reverse_payment", OTHER, "p1")["status"] == "reversed"
    # Who is an application, too, inserts all.
    world.execute("GRANT betledger_app TO operator")
    try:
        place(connect("operator"), bet="new")
    finally:
        world.execute("REVOKE betledger_app FROM operator")


@pytest.mark.parametrize("role", ["app", "reader", "operator"])
def test_all_trusted_roles_read_through_functions(connect, world, role):
    conn = connect(role)
    assert [len(call_all(conn, *args)) for args in FOREIGN_CALLS[READING:]] == [1] * 10 + [3, 3]


@pytest.mark.parametrize("table", EVENT_TABLES)
def test_a_reader_takes_out_no_key(connect, world, table):
    with unchanged(world), refused("42501", table, hint=False):
        connect("reader").execute(CLEAN_UP.format(table))


@pytest.mark.parametrize("table", EVENT_TABLES)
def test_an_operator_takes_out_even_a_young_key_but_nothing_else(connect, db, table):
    kind = {"bet_events": "BET_PLACED", "payment_events": "DEPOSIT_CREATED", "balance_events": "BALANCE_INCREASED"}[
        table
    ]
    append(db, kind, aggregate="a", metadata=json.dumps({"idempotency_key": "k", "trace": 1}))
    operator = connect("operator")
    with unchanged(db), refused("BL010", table):
        operator.execute(f"UPDATE {table} SET metadata = metadata - 'trace'")
    assert operator.execute(CLEAN_UP.format(table)).rowcount == 1
    assert one(db, f"SELECT metadata FROM {table}")["metadata"] == {"trace": 1}
    assert rows(operator, "SELECT * FROM ops.verify_projections()") == []


@pytest.mark.parametrize(
    "statement",
    [
        "CALL ops.rebuild_projection('bets_view')",
        "SELECT * FROM ops.verify_projections()",
        "CALL ops.purge_idempotency_keys()",
        "SELECT projection.compile('public.bet_events')",
        "SELECT projection.bets_view_refresh('{10001}', '{bet-1}')",
        "SELECT projection.repair_slots('projection.tenant_totals', 10001, NULL)",
    ],
)
@pytest.mark.parametrize("role", ["app", "tenant_login", "reader"])
def test_maintenance_is_for_operators(connect, world, role, statement):
    # On a cluster, a refresh is a function of each shard.
    nowhere = "_refresh" in statement and on_citus(world)
    with unchanged(world), refused("42883" if nowhere else "42501", hint=nowhere):
        connect(role).execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "CALL ops.rebuild_projection()",
        "CALL ops.rebuild_projection('bets_view', 10001)",
        "CALL ops.rebuild_projection('tenants_summary_view')",
        "CALL ops.purge_idempotency_keys('100 years')",
    ],
)
def test_operators_maintain_and_a_healthy_ledger_stays_as_it_is(connect, world, statement):
    with unchanged(world):
        connect("operator").execute(statement)
    assert rows(connect("operator"), "SELECT * FROM ops.verify_projections()") == []


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("CALL ops.rebuild_projection('nothing')", ("nothing",)),
        ("CALL ops.rebuild_projection('bets_view', NULL, 0)", ("batch", "0")),
        ("CALL ops.purge_idempotency_keys('-1 hour')", ("older_than", "-01:00:00")),
        ("CALL ops.purge_idempotency_keys(NULL)", ("older_than", "null")),
        ("CALL ops.purge_idempotency_keys('48 hours', 0)", ("batch", "0")),
    ],
)
def test_bad_arguments_of_maintenance(connect, world, statement, words):
    with unchanged(world), refused("BL001", *words):
        connect("operator").execute(statement)


def test_an_operator_sees_and_repairs_a_row_that_differs(connect, world):
    world.execute("UPDATE bets_view SET stake = 1 WHERE tenant_id = %s", (TENANT,))
    operator = connect("operator")
    different = rows(operator, "SELECT projection, tenant_id, key FROM ops.verify_projections()")
    assert {"projection": "public.bets_view", "tenant_id": TENANT, "key": "bet-1"} in different
    assert rows(operator, "SELECT * FROM ops.verify_projections(%s)", (OTHER,)) == []
    operator.execute("CALL ops.rebuild_projection()")
    assert rows(operator, "SELECT * FROM ops.verify_projections()") == []


@pytest.mark.parametrize("trigger", ["guard_event", "guard_truncate"])
@pytest.mark.not_on_citus("triggers of shards stay enabled")
def test_who_can_become_the_owner_can_disable_the_guard_and_it_is_told(world, dsn, trigger):
    world.execute("SET ROLE betledger_owner")
    world.execute(f"ALTER TABLE bet_events DISABLE TRIGGER {trigger}")
    world.execute("RESET ROLE")
    for command in ("doctor", "verify-schema", "status"):
        told = run(command, url=dsn)
        assert told.returncode == 3 and trigger in told.stdout, (command, told.stdout)


def test_the_owner_itself_is_under_the_wall_of_append_only(world):
    world.execute("SET ROLE betledger_owner")
    for table in EVENT_TABLES:
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}", f"UPDATE {table} SET event_data = '{{}}'"):
            with refused("BL010", table):
                world.execute(statement)
    world.execute("RESET ROLE")
    assert len(rows(world, "SELECT FROM bet_events")) == 2


def test_a_login_of_another_ledger_on_the_server_stays_outside(connect, db, dsn, empty):
    """The groups belong to the server: without more, it would be an application of every ledger on it."""
    other = conninfo.make_conninfo(empty, user="app", password=PASSWORD)
    betledger.migrate(empty)
    with opened(empty) as migrator:
        migrator.rollback()
    with psycopg.connect(other):
        pass
    betledger.migrate(empty)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(other)
    check = "SELECT finding FROM ops.doctor() WHERE check_name = 'logins of another ledger stay outside'"
    database = conninfo.conninfo_to_dict(empty)["dbname"]
    assert one(db, check)["finding"] == (
        f"database {database} is a ledger with the same groups, and whoever is in them may connect here"
    )
    try:
        login = ("role", "create", "app", "--member-of", "betledger_app", "--alter")
        made = run(*login, url=empty, BETLEDGER_ROLE_PASSWORD=PASSWORD)
        assert made.returncode == 0, made.stderr
        with psycopg.connect(other) as named, psycopg.connect(empty) as ledger:
            assert call(named, "deposit", TENANT, "u1", 5, "k")["balance"] == 5
            assert ledger.execute(check).fetchall() == [(None,)]
    finally:
        with psycopg.connect(empty, autocommit=True) as ledger:
            ledger.execute(f"REVOKE CONNECT ON DATABASE {database} FROM app".encode())


@pytest.mark.parametrize(
    "home", ["CREATE TABLE public.others (id integer)", "GRANT CONNECT ON DATABASE empty_database TO stranger"]
)
def test_a_database_that_is_home_to_others_stays_as_open_as_it_was(empty, home):
    with psycopg.connect(empty, autocommit=True) as ledger:
        ledger.execute(home)
        before = (
            "SELECT coalesce(datacl, acldefault('d', datdba))::text FROM pg_database WHERE datname = current_database()"
        )
        was = ledger.execute(before).fetchone()
        betledger.migrate(empty)
        assert ledger.execute(before).fetchone() == was


@pytest.mark.not_on_citus("a role that cannot log in reaches no node")
def test_a_login_without_a_group_gets_nowhere(db, world):
    role = f"nobody_{uuid4().hex}"
    db.execute(f"CREATE ROLE {role}")
    db.execute(f"SET ROLE {role}")
    try:
        for table in EVERY_TABLE:
            with refused("42501", hint=False):
                db.execute(f"SELECT FROM {table}")
        with refused("42501", "deposit", hint=False):
            call(db, "deposit", TENANT, "u1", 1, "k")
    finally:
        db.execute("RESET ROLE")
        db.execute(f"DROP ROLE {role}")
    assert one(db, "SELECT count(*) FROM pg_roles WHERE rolname = %s", (role,))["count"] == 0
