"""Every SQL statement of the guide, as the role app, in the order in which its clients send them."""

from __future__ import annotations

import json
import os
import secrets
from datetime import UTC, datetime
from decimal import Decimal as D
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from ledger import EVENT_TABLES, OTHER, T0, TENANT, append, one, place, refused, rows, unchanged

# What clients send: TypeScript sends positional parameters, and PHP named ones; both as text.
BET_OF_KEY = "SELECT bet_id, idempotency_key FROM bets_view WHERE tenant_id = $1 AND idempotency_key = $2 LIMIT 1"
BET = "SELECT * FROM bets_view WHERE tenant_id = $1 AND bet_id = $2"
BET_COLUMNS = """
    SELECT bet_id, user_id, stake, odds, fixture_id, status, result, payout, last_updated_at
    FROM bets_view WHERE tenant_id = $1 AND bet_id = $2"""
BET_STATE = (
    "SELECT bet_id, user_id, stake, odds, status, result, payout FROM bets_view WHERE tenant_id = $1 AND bet_id = $2"
)
BETS_OF_USER = """
    SELECT bet_id, stake, odds, fixture_id, status, result, payout, last_updated_at
    FROM bets_view WHERE tenant_id = $1 AND user_id = $2 ORDER BY last_updated_at DESC LIMIT 50"""
BETS_OF_USER_BY_STATUS = """
    SELECT bet_id, stake, odds, fixture_id, status, result, payout, last_updated_at
    FROM bets_view WHERE tenant_id = $1 AND user_id = $2 AND status = $3 ORDER BY last_updated_at DESC LIMIT 50"""
BALANCE = "SELECT balance, transaction_count, last_transaction_at FROM user_balances_view WHERE tenant_id = $1 AND user_id = $2"
PAYMENT_OF_KEY = "SELECT payment_id FROM payments_view WHERE tenant_id = $1 AND idempotency_key = $2 LIMIT 1"
ALL_EVENTS_OF_BET = "SELECT * FROM bet_events WHERE tenant_id = $1 AND aggregate_id = $2"
EVENTS_OF_BET = """
    SELECT id, aggregate_id, event_type, event_data, timestamp, version, created_at
    FROM bet_events WHERE tenant_id = $1 AND aggregate_id = $2 ORDER BY timestamp ASC"""
EVENTS_BETWEEN = """
    SELECT id, aggregate_id, event_type, event_data, timestamp, version
    FROM bet_events WHERE tenant_id = $1 AND timestamp >= $2 AND timestamp <= $3 ORDER BY timestamp ASC LIMIT 1000"""
INSERT = """
    INSERT INTO {} (id, tenant_id, aggregate_id, event_type, event_data, timestamp, version, metadata)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
INSERT_RETURNING = """
    INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, timestamp, version)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *"""
CLEAN_UP_SINCE = """
    UPDATE payment_events SET metadata = metadata - 'idempotency_key'
    WHERE created_at < to_timestamp($1 / 1000.0) AND metadata->>'idempotency_key' IS NOT NULL"""
CLEAN_UP = """
    UPDATE {} SET metadata = metadata - 'idempotency_key'
    WHERE created_at < NOW() - INTERVAL '48 hours' AND metadata->>'idempotency_key' IS NOT NULL"""
OLD_INDEX = """
    CREATE INDEX IF NOT EXISTS idx_{0}_idempotency ON {0}(tenant_id, ((metadata->>'idempotency_key')))"""


class Client:
    """Sends statements as the drivers of the guide do: numbered parameters, typed by the server from their text."""

    def __init__(self, conn: psycopg.Connection, as_text: bool) -> None:
        self.cursor = psycopg.RawCursor(conn, row_factory=psycopg.rows.dict_row)
        self.as_text = as_text

    def run(self, query: str, *args: Any) -> list[dict[str, Any]]:
        if self.as_text:
            args = tuple(str(a) if isinstance(a, int | UUID) else a for a in args)
        self.cursor.execute(query, args)
        return self.cursor.fetchall() if self.cursor.description else []

    def types(self) -> dict[str, str]:
        return {c.name: psycopg.adapters.types[c.type_code].name for c in self.cursor.description}


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


@pytest.fixture
def app(connect):
    return connect("app")


@pytest.fixture(params=[True, False], ids=["text", "typed"])
def client(app, request):
    return Client(app, request.param)


BET_TYPES = {
    "tenant_id": "int8", "bet_id": "text", "user_id": "text", "stake": "numeric", "odds": "numeric", "fixture_id": "text",
    "status": "text", "result": "text", "payout": "numeric", "idempotency_key": "text", "last_updated_at": "timestamptz",
}  # fmt: skip


def bet_of_a_request(client: Client, event_id: Any, key: str) -> tuple[str, bool]:
    """POST /bets: the bet of a key, placed if there is none; with True for a repeated request."""
    client.run("BEGIN")
    existing = client.run(BET_OF_KEY, TENANT, key)
    if existing:
        client.run(BET, TENANT, existing[0]["bet_id"])
        client.run("COMMIT")
        return existing[0]["bet_id"], True
    bet = f"bet-{uuid4()}"
    data = json.dumps({"user_id": "user-1", "stake": 10.5, "odds": 1.85, "fixture_id": "match-7"})
    key_json = json.dumps({"idempotency_key": key})
    client.run(INSERT.format("bet_events"), event_id, TENANT, bet, "V1_BETS_BET_PLACED", data, now_ms(), 1, key_json)
    client.run("COMMIT")
    return bet, False


@pytest.mark.parametrize("event_id", [uuid4(), secrets.token_hex(16)], ids=["uuid", "hex"])
def test_a_bet_is_placed_once(client, event_id):
    bet, again = bet_of_a_request(client, event_id, "key-1")
    assert not again
    (row,) = client.run(BET, TENANT, bet)
    assert row | {"created_at": None, "last_updated_at": None} == {
        "tenant_id": TENANT, "bet_id": bet, "user_id": "user-1", "stake": D("10.5"), "odds": D("1.85"), "fixture_id": "match-7",
        "status": "placed", "result": None, "payout": None, "idempotency_key": "key-1", "created_at": None,
        "last_updated_at": None,
    }  # fmt: skip
    assert BET_TYPES.items() <= client.types().items()
    assert bet_of_a_request(client, uuid4(), "key-1") == (bet, True)
    assert len(client.run(ALL_EVENTS_OF_BET, TENANT, bet)) == 1


def test_the_bet_is_in_the_view_before_the_commit(client, db):
    client.run("BEGIN")
    data = json.dumps({"user_id": "user-1", "stake": "10.50", "odds": "1.85", "fixture_id": "match-7"})
    client.run(INSERT.format("bet_events"), uuid4(), TENANT, "bet-1", "V1_BETS_BET_PLACED", data, T0, 1, None)
    assert client.run(BET_STATE, TENANT, "bet-1") == [
        {
            "bet_id": "bet-1",
            "user_id": "user-1",
            "stake": D("10.50"),
            "odds": D("1.85"),
            "status": "placed",
            "result": None,
            "payout": None,
        }
    ]
    assert rows(db, "SELECT FROM bets_view") == []
    client.run("ROLLBACK")
    assert client.run(BET_STATE, TENANT, "bet-1") == []


def test_a_race_for_a_key_is_lost_with_23505(client, db):
    bet_of_a_request(client, uuid4(), "key-1")
    client.run("BEGIN")
    data = json.dumps({"user_id": "user-1", "stake": 1, "odds": 2, "fixture_id": "match-7"})
    with unchanged(db):
        with refused("23505", hint=False):
            client.run(
                INSERT.format("bet_events"),
                uuid4(),
                TENANT,
                "bet-2",
                "V1_BETS_BET_PLACED",
                data,
                T0,
                1,
                '{"idempotency_key": "key-1"}',
            )
        client.run("ROLLBACK")


def test_reading_a_bet_and_the_bets_of_a_user(app, client):
    for i in range(60):
        place(app, TENANT, f"bet-{i}", timestamp=T0 + i)
    place(app, OTHER, "bet-0", data={"stake": 99})
    append(app, "BET_CONFIRMED", aggregate="bet-5", timestamp=T0 + 100)
    append(app, "BET_SETTLED", aggregate="bet-6", timestamp=T0 + 200)

    (row,) = client.run(BET_COLUMNS, TENANT, "bet-6")
    assert list(row) == [
        "bet_id",
        "user_id",
        "stake",
        "odds",
        "fixture_id",
        "status",
        "result",
        "payout",
        "last_updated_at",
    ]
    assert {c: t for c, t in BET_TYPES.items() if c in row} == client.types()
    assert (row["status"], row["result"], row["payout"]) == ("settled", "win", D("19.43"))
    assert row["last_updated_at"] == datetime.fromtimestamp((T0 + 200) / 1000, UTC)
    assert client.run(BET_COLUMNS, TENANT, "bet-99") == client.run(BET_COLUMNS, 10003, "bet-0") == []
    assert client.run(BET_COLUMNS, OTHER, "bet-0")[0]["stake"] == 99

    bets = client.run(BETS_OF_USER, TENANT, "u1")
    assert [b["bet_id"] for b in bets] == ["bet-6", "bet-5", *[f"bet-{i}" for i in range(59, 11, -1)]]
    assert list(bets[0]) == ["bet_id", "stake", "odds", "fixture_id", "status", "result", "payout", "last_updated_at"]
    assert {b["status"] for b in client.run(BETS_OF_USER_BY_STATUS, TENANT, "u1", "placed")} == {"placed"}
    assert [b["bet_id"] for b in client.run(BETS_OF_USER_BY_STATUS, TENANT, "u1", "confirmed")] == ["bet-5"]
    assert client.run(BETS_OF_USER, TENANT, "u2") == []


def payment_of_a_request(client: Client, tenant: int, key: str) -> tuple[str, bool]:
    """POST /payments: the payment of a key, made with its balance event if there is none."""
    client.run("BEGIN")
    existing = client.run(PAYMENT_OF_KEY, tenant, key)
    if existing:
        client.run("COMMIT")
        return existing[0]["payment_id"], True
    payment = str(uuid4())
    data = json.dumps({"user_id": "user-1", "amount": 100.25, "payment_id": payment})
    at = now_ms()
    note = json.dumps({"idempotency_key": key, "created_at": datetime.now(UTC).isoformat()})
    client.run(
        INSERT.format("payment_events"), uuid4(), tenant, payment, "V1_PAYMENTS_DEPOSIT_CREATED", data, at, 1, note
    )
    note = json.dumps({"idempotency_key": key, "related_to": payment})
    client.run(
        INSERT.format("balance_events"),
        uuid4(),
        tenant,
        "balance-user-1",
        "V1_BALANCES_BALANCE_INCREASED",
        data,
        at,
        1,
        note,
    )
    client.run("COMMIT")
    return payment, False


def test_a_payment_is_made_once_and_credits_the_balance(client):
    assert client.run(BALANCE, TENANT, "user-1") == []
    payment, again = payment_of_a_request(client, TENANT, "payment-10001-user-1-1700000000000-a3f2c1b0")
    assert not again
    assert payment_of_a_request(client, TENANT, "payment-10001-user-1-1700000000000-a3f2c1b0") == (payment, True)
    assert payment_of_a_request(client, OTHER, "payment-10001-user-1-1700000000000-a3f2c1b0")[1] is False
    (row,) = client.run(BALANCE, TENANT, "user-1")
    assert client.types() == {"balance": "numeric", "transaction_count": "int4", "last_transaction_at": "timestamptz"}
    assert (row["balance"], row["transaction_count"]) == (D("100.25"), 1)
    payment_of_a_request(client, TENANT, "another")
    assert client.run(BALANCE, TENANT, "user-1")[0]["balance"] == D("200.50")


def test_an_event_without_metadata_is_returned(client):
    event_id = uuid4()
    data = {"user_id": "user-1", "stake": 10.5, "odds": 1.85, "fixture_id": "match-7"}
    (row,) = client.run(INSERT_RETURNING, event_id, TENANT, "bet-1", "V1_BETS_BET_PLACED", json.dumps(data), T0, 1)
    # Behind the columns that the guide knows come those of the feed.
    assert row | {"created_at": None, "stored_at": None, "feed_position": None, "feed_number": None} == {
        "id": event_id, "tenant_id": TENANT, "aggregate_id": "bet-1", "event_type": "V1_BETS_BET_PLACED", "event_data": data,
        "timestamp": T0, "version": 1, "metadata": None, "created_at": None,
        "stored_at": None, "feed_position": None, "feed_number": None,
    }  # fmt: skip
    assert client.types() == {
        "id": "uuid", "tenant_id": "int8", "aggregate_id": "text", "event_type": "text", "event_data": "jsonb", "timestamp": "int8",
        "version": "int4", "metadata": "jsonb", "created_at": "timestamptz",
        "stored_at": "timestamptz", "feed_position": "int8", "feed_number": "int8",
    }  # fmt: skip


def test_events_of_a_bet_and_of_a_time(app, client):
    for tenant in (TENANT, OTHER):
        for kind, ms in (("BET_SETTLED", 20), ("BET_PLACED", 0), ("BET_CONFIRMED", 10)):
            append(app, kind, tenant, timestamp=T0 + ms)
    place(app, bet="bet-2", timestamp=T0 + 15)
    events = client.run(EVENTS_OF_BET, TENANT, "bet-1")
    assert [e["event_type"][8:] for e in events] == ["BET_PLACED", "BET_CONFIRMED", "BET_SETTLED"]
    assert list(events[0]) == ["id", "aggregate_id", "event_type", "event_data", "timestamp", "version", "created_at"]
    between = client.run(EVENTS_BETWEEN, TENANT, T0 + 10, T0 + 15)
    assert [e["aggregate_id"] for e in between] == ["bet-1", "bet-2"]
    assert list(between[0]) == ["id", "aggregate_id", "event_type", "event_data", "timestamp", "version"]
    assert client.run(EVENTS_OF_BET, 10003, "bet-1") == []


def test_dashboards_have_what_the_guide_promises(app, client):
    payment_of_a_request(client, TENANT, "k")
    place(app, data={"user_id": "user-1"})
    (row,) = client.run("SELECT * FROM tenants_summary_view WHERE tenant_id = $1", TENANT)
    assert (row["users"], row["bets"], row["staked"], row["deposits"], row["balances"]) == (
        1,
        1,
        D("10.5"),
        D("100.25"),
        D("100.25"),
    )
    (top,) = client.run("SELECT * FROM user_activity_view WHERE tenant_id = $1 ORDER BY staked DESC LIMIT 10", TENANT)
    assert (top["user_id"], top["bets"], top["staked"], top["deposits"]) == ("user-1", 1, D("10.5"), D("100.25"))


def test_the_indexes_of_the_guide_may_be_made_as_well(db):
    db.execute("SET ROLE betledger_owner")
    for table in EVENT_TABLES:
        db.execute(OLD_INDEX.format(table))
        db.execute(OLD_INDEX.format(table) + " WHERE metadata->>'idempotency_key' IS NOT NULL")
    made = rows(db, "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'idx_%_idempotency'")
    assert len(made) == 3


# Clean-up -------------------------------------------------------------------------------------------------------------

OLD = "2020-01-01"
KINDS = {"bet_events": "BET_PLACED", "payment_events": "DEPOSIT_CREATED", "balance_events": "BALANCE_INCREASED"}


@pytest.fixture
def keys(db):
    """In both tenants and each table an event with an old key, and one with a young key."""
    for tenant in (TENANT, OTHER):
        for kind in KINDS.values():
            append(db, kind, tenant, "old", metadata=json.dumps({"idempotency_key": "old", "trace": 1}), created_at=OLD)
            append(db, kind, tenant, "young", key="young")
    return db


def keys_left(db: psycopg.Connection, table: str) -> list[str | None]:
    return [
        r["k"]
        for r in rows(db, f"SELECT metadata->>'idempotency_key' AS k FROM {table} ORDER BY tenant_id, aggregate_id")
    ]


def test_the_clean_up_takes_the_old_keys_out_of_events_and_read_tables(client, keys):
    cutoff = now_ms() - 48 * 60 * 60 * 1000
    client.run(CLEAN_UP_SINCE, cutoff)
    assert client.cursor.rowcount == 2
    for table, touched in (("payment_events", 0), ("bet_events", 2), ("balance_events", 2)):
        client.run(CLEAN_UP.format(table))
        assert client.cursor.rowcount == touched
        assert keys_left(keys, table) == [None, "young", None, "young"]
    assert one(keys, "SELECT metadata FROM bet_events WHERE aggregate_id = 'old' AND tenant_id = %s", (TENANT,))[
        "metadata"
    ] == {"trace": 1}
    assert client.run(BET_OF_KEY, TENANT, "old") == client.run(PAYMENT_OF_KEY, TENANT, "old") == []
    assert client.run(BET_OF_KEY, TENANT, "young") == [{"bet_id": "young", "idempotency_key": "young"}]
    assert client.run(PAYMENT_OF_KEY, OTHER, "young") == [{"payment_id": "young"}]
    assert client.run(BET, TENANT, "old")[0]["idempotency_key"] is None
    assert rows(keys, "SELECT * FROM ops.verify_projections()") == []


def test_a_key_that_was_cleaned_up_may_be_used_again(client, keys):
    client.run(CLEAN_UP.format("bet_events"))
    assert bet_of_a_request(client, uuid4(), "old")[1] is False
    assert bet_of_a_request(client, uuid4(), "young") == ("young", True)


@pytest.mark.not_on_citus("the test ages a key with the guard switched off")
def test_the_clean_up_of_a_client_whose_clock_is_minutes_ahead_works(client, keys):
    keys.execute("ALTER TABLE payment_events DISABLE TRIGGER guard_event")
    keys.execute(
        "UPDATE payment_events SET created_at = now() - interval '47 hours 57 minutes' WHERE aggregate_id = 'old'"
    )
    keys.execute("ALTER TABLE payment_events ENABLE TRIGGER guard_event")
    client.run(CLEAN_UP_SINCE, now_ms() - (47 * 60 + 56) * 60 * 1000)
    assert keys_left(keys, "payment_events") == [None, "young", None, "young"]


@pytest.mark.parametrize("table", EVENT_TABLES)
def test_young_keys_stay(client, keys, table):
    with unchanged(keys), refused("BL010", "young"):
        client.run(
            f"UPDATE {table} SET metadata = metadata - 'idempotency_key' WHERE metadata->>'idempotency_key' IS NOT NULL"
        )


REFUSED_CHANGES = [
    "DELETE FROM {}", "DELETE FROM {} WHERE aggregate_id = 'old'", "TRUNCATE {}", "TRUNCATE {} CASCADE",
    "UPDATE {} SET event_data = '{{}}'", "UPDATE {} SET timestamp = timestamp + 1", "UPDATE {} SET tenant_id = 10003",
    "UPDATE {} SET aggregate_id = 'x'", "UPDATE {} SET version = 1", "UPDATE {} SET created_at = '2020-01-01'",
    "UPDATE {} SET id = gen_random_uuid()", "UPDATE {} SET event_type = event_type",
    "UPDATE {} SET metadata = metadata - 'idempotency_key', timestamp = 1 WHERE aggregate_id = 'old'",
]  # fmt: skip
REFUSED_METADATA = [
    "UPDATE {} SET metadata = NULL", "UPDATE {} SET metadata = '{{}}' WHERE aggregate_id = 'old'",
    "UPDATE {} SET metadata = metadata - 'trace' WHERE aggregate_id = 'old'", "UPDATE {} SET metadata = metadata",
    "UPDATE {} SET metadata = metadata - 'idempotency_key' - 'trace' WHERE aggregate_id = 'old'",
    "UPDATE {} SET metadata = metadata || '{{\"idempotency_key\": \"new\"}}'",
    "UPDATE {} SET metadata = (metadata - 'idempotency_key') || '{{\"x\": 1}}' WHERE aggregate_id = 'old'",
]  # fmt: skip


@pytest.mark.not_on_citus("Citus refuses some of them before our trigger does")
@pytest.mark.parametrize("statement", REFUSED_CHANGES + REFUSED_METADATA)
def test_any_other_change_is_refused_to_everybody(connect, keys, statement):
    app = connect("app")
    with unchanged(keys):
        for table in EVENT_TABLES:
            # The application has no right to change the columns; where it has one, and for the owner, a trigger refuses.
            with refused("BL010" if statement in REFUSED_METADATA else "42501", hint=statement in REFUSED_METADATA):
                app.execute(statement.format(table))
            for role in ("betledger_owner", "none"):
                keys.execute(f"SET ROLE {role}")
                with refused("BL010", table):
                    keys.execute(statement.format(table))
            keys.execute("RESET ROLE")


def test_an_event_that_has_no_key_has_nothing_to_take_out(client, db):
    place(db, created_at=OLD)
    place(db, bet="bet-2", created_at=OLD, metadata="{}")
    for table in EVENT_TABLES:
        client.run(CLEAN_UP.format(table))
        assert client.cursor.rowcount == 0
    with unchanged(db), refused("BL010", "bet_events"):
        client.run("UPDATE bet_events SET metadata = metadata - 'idempotency_key'")


# Plans ----------------------------------------------------------------------------------------------------------------

READS: list[tuple[str, tuple[Any, ...]]] = [
    (BET_OF_KEY, (TENANT, "key-7")),
    (BET, (TENANT, "bet-7")),
    (BET_COLUMNS, (TENANT, "bet-7")),
    (BET_STATE, (TENANT, "bet-7")),
    (BETS_OF_USER, (TENANT, "user-7")),
    (BETS_OF_USER_BY_STATUS, (TENANT, "user-7", "placed")),
    (BALANCE, (TENANT, "user-7")),
    (PAYMENT_OF_KEY, (TENANT, "key-7")),
    (ALL_EVENTS_OF_BET, (TENANT, "bet-7")),
    (EVENTS_OF_BET, (TENANT, "bet-7")),
    (EVENTS_BETWEEN, (TENANT, T0 + 1000, T0 + 90000)),
]
LOAD = """
    INSERT INTO {0} (id, tenant_id, aggregate_id, event_type, event_data, timestamp, version, metadata, created_at)
    SELECT gen_random_uuid(), t, {1}, {2}, {3}, %(t0)s + i, 1,
        CASE WHEN i <= %(n)s / 20 THEN jsonb_build_object('idempotency_key', 'key-' || i) END,
        now() - make_interval(hours => 1) * (1000.0 * i / %(n)s)
    FROM generate_series(1, %(n)s) AS i, unnest(ARRAY[10001, 10002]) AS t"""
PLACED = (
    "jsonb_build_object('user_id', 'user-' || i %% 100, 'stake', 1 + i %% 50, 'odds', 1.85, 'fixture_id', 'match-7')"
)
# More than in daily runs: BETLEDGER_TEST_EVENTS=1000000, for half a minute more.
EVENTS = int(os.environ.get("BETLEDGER_TEST_EVENTS", "200000"))
AMOUNT = "jsonb_build_object('user_id', 'user-' || i, 'amount', 1 + i %% 50)"
LOADS = [
    ("bet_events", "'bet-' || i", "'V1_BETS_BET_PLACED'", PLACED, 0.25),
    ("payment_events", "'payment-' || i", "'V1_PAYMENTS_DEPOSIT_CREATED'", AMOUNT, 0.125),
    ("balance_events", "'balance-user-' || i", "'V1_BALANCES_BALANCE_INCREASED'", AMOUNT, 0.125),
]


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan] + [n for child in plan.get("Plans", []) for n in nodes(child)]


@pytest.fixture
def loaded(db):
    """EVENTS events of two tenants with the same ids; some users have many bets; keys of the last 50 of 1,000 hours."""
    for table, aggregate, event_type, data, share in LOADS:
        db.execute(LOAD.format(table, aggregate, event_type, data), {"t0": T0, "n": int(EVENTS * share)})
    db.execute(
        "INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, timestamp, version)"
        " SELECT gen_random_uuid(), tenant_id, aggregate_id, 'V1_BETS_BET_CONFIRMED', '{}', timestamp + 5, 1"
        " FROM bet_events WHERE timestamp % 90 = 0"
    )
    db.execute("ANALYZE")
    return db


def too_much(client: Client) -> list[tuple[Any, ...]]:
    """Statements that scan a table, sort more rows than they give, or read many to give few; or give none."""
    found = []
    for i, (query, args) in enumerate(READS):
        client.run(f"PREPARE s{i} AS {query}")
        literals = ", ".join(f"'{a}'" for a in args)
        (row,) = client.run(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE s{i} ({literals})")
        client.run(f"DEALLOCATE s{i}")
        plan = row["QUERY PLAN"][0]["Plan"]
        page = plan["Actual Rows"]
        removed = 0
        for node in nodes(plan):
            below = sum(c["Actual Rows"] * c["Actual Loops"] for c in node.get("Plans", []))
            removed += node.get("Rows Removed by Filter", 0)
            if node["Node Type"] == "Seq Scan" or (node["Node Type"].endswith("Sort") and below > page):
                found.append((query, node["Node Type"], below))
        # Only the status is looked at row by row, along the bets of one user.
        if page == 0 or removed > (1000 if query == BETS_OF_USER_BY_STATUS else 0):
            found.append((query, "rows", page, "removed", removed))
    return found


@pytest.mark.not_on_citus("a plan is that of a task")
def test_every_statement_of_the_guide_goes_by_an_index(loaded, connect):
    for role in ("app", "tenant_login"):
        for mode in ("force_custom_plan", "force_generic_plan"):
            client = Client(connect(role, autocommit=False), as_text=False)
            client.run(f"SET LOCAL plan_cache_mode = {mode}")
            client.run(f"SET LOCAL app.tenant_id = '{TENANT}'")
            assert (role, mode, too_much(client)) == (role, mode, [])
            for table in EVENT_TABLES:  # it looks at events that have a key, not at all
                (row,) = client.run(f"EXPLAIN (FORMAT JSON) {CLEAN_UP.format(table)}")
                assert "Seq Scan" not in {n["Node Type"] for n in nodes(row["QUERY PLAN"][0]["Plan"])}, (role, table)
            client.run("ROLLBACK")
    # The measure is able to fail: without its index, a page of a user's bets is a sort of them all.
    loaded.execute("DROP INDEX bets_view_user")
    assert {query for query, *_ in too_much(Client(loaded, as_text=False))} == {BETS_OF_USER, BETS_OF_USER_BY_STATUS}
