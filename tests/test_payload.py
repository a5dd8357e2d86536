"""Bad input changes nothing and says what is wrong, however it is inserted."""

from __future__ import annotations

import json
import time
from typing import Any

import psycopg
import pytest
from betledger.database import on_citus
from ledger import (
    EVENT_TABLES,
    OTHER,
    PAYLOADS,
    T0,
    TABLE_OF,
    TENANT,
    append,
    event,
    insert,
    one,
    place,
    refused,
    rows,
    unchanged,
)
from psycopg import sql

TYPES = list(PAYLOADS)
AN_EVENT_OF = {
    "bet_events": "V1_BETS_BET_PLACED",
    "payment_events": "V1_PAYMENTS_DEPOSIT_CREATED",
    "balance_events": "V1_BALANCES_BALANCE_INCREASED",
}
DIGITS = 10**20  # one digit too many before the point


class Raw(str):
    """A JSON text that json.dumps would not write as it is."""


MISSING = object()
NOT_A_STRING = [MISSING, None, 7, True, [], ["x"], {}, {"x": "y"}]
NOT_A_NUMBER = [
    MISSING, None, True, False, [], [1], {}, {"x": 1}, "", " ", "abc", "1,5", "1 000", "0x10", "1e2", "+1", " 1", "1 ", "1\n",
    ".5", "5.", "--1", "-1", "-0.01", -1, -0.01, "NaN", "nan", "Infinity", "-Infinity", "inf", "١", DIGITS, str(DIGITS),
    Raw("1e400"), Raw("1e-19"), Raw("0.1234567890123456789"), "0.1234567890123456789", Raw("-1e400"),
]  # fmt: skip
BAD_OF_KIND: dict[str, list[Any]] = {
    "identifier": [*NOT_A_STRING, "", "x" * 201],
    "text": [7, True, [], {}, "x" * 1001],
    "amount": [*NOT_A_NUMBER, 0, "0", "0.000", Raw("0.0"), Raw("-0")],
    "payout": NOT_A_NUMBER,
    "odds": [*NOT_A_NUMBER, 0, 0.99, "0.999999999999999999", "0"],
    "result": [*NOT_A_STRING, "", "draw", "WIN", " win", "w"],
    "flag": [1, 0, "true", "", [], {}],
}
GOOD_OF_KIND: dict[str, list[Any]] = {
    "identifier": ["x", "x" * 200, "ж" * 200, "a'b\"c\\d", " ", "🎲", "null"],
    "text": [None, "", "x" * 1000, MISSING],
    "amount": [1, "1", 0.01, "0.000000000000000001", Raw("1e2"), Raw("99999999999999999999.999999999999999999"), "007"],
    "payout": [0, "0", Raw("-0"), Raw("0.0"), 1, "99999999999999999999.999999999999999999"],
    "odds": [1, "1", "1.000", 1000000, Raw("1.000000000000000001")],
    "result": ["win", "loss", "void"],
    "flag": [None, True, False, MISSING],
}
FIELDS = {
    "V1_BETS_BET_PLACED": {
        "user_id": "identifier", "stake": "amount", "odds": "odds", "fixture_id": "identifier", "from_balance": "flag",
    },
    "V1_BETS_BET_CONFIRMED": {},
    "V1_BETS_BET_SETTLED": {"result": "result", "payout": "payout"},
    "V1_BETS_BET_CANCELLED": {"reason": "text"},
    "V1_BETS_BET_SETTLEMENT_CORRECTED": {
        "result": "result", "payout": "payout", "reason": "text", "allow_negative": "flag",
    },
    "V1_PAYMENTS_DEPOSIT_CREATED": {"user_id": "identifier", "amount": "amount"},
    "V1_PAYMENTS_DEPOSIT_COMPLETED": {},
    "V1_PAYMENTS_DEPOSIT_FAILED": {"reason": "text"},
    "V1_PAYMENTS_DEPOSIT_REVERSED": {"reason": "text", "allow_negative": "flag"},
    "V1_PAYMENTS_WITHDRAWAL_CREATED": {"user_id": "identifier", "amount": "amount"},
    "V1_PAYMENTS_WITHDRAWAL_COMPLETED": {},
    "V1_PAYMENTS_WITHDRAWAL_FAILED": {"reason": "text"},
    "V1_PAYMENTS_WITHDRAWAL_REVERSED": {"reason": "text", "allow_negative": "flag"},
    "V1_BALANCES_BALANCE_INCREASED": {"user_id": "identifier", "amount": "amount"},
    "V1_BALANCES_BALANCE_DECREASED": {"user_id": "identifier", "amount": "amount"},
}  # fmt: skip
EACH_FIELD = [(t, f, kind) for t, fields in FIELDS.items() for f, kind in fields.items()]


@pytest.fixture
def app(connect):
    return connect("app")


def payload(event_type: str, field: str, value: Any) -> str:
    data = {k: json.dumps(v) for k, v in PAYLOADS[event_type].items()} | {field: value}
    data = {k: v for k, v in data.items() if v is not MISSING}
    texts = {k: v if isinstance(v, Raw) or k != field else json.dumps(v) for k, v in data.items()}
    return "{" + ", ".join(f"{json.dumps(k)}: {v}" for k, v in texts.items()) + "}"


def test_every_type_and_field_is_tested(db):
    known = {
        r["event_type"]: r["required_fields"] | r["optional_fields"]
        for r in rows(db, "SELECT * FROM projection.event_types")
    }
    assert known == FIELDS


def test_a_good_event_of_each_type_is_taken(app):
    for event_type in TYPES:
        insert(app, event(event_type, aggregate=event_type))
    taken = [r["event_type"] for t in EVENT_TABLES for r in rows(app, f"SELECT event_type FROM {t}")]
    assert sorted(taken) == sorted(TYPES)


@pytest.mark.parametrize(("event_type", "field", "kind"), EACH_FIELD)
def test_bad_values_of_each_field(app, event_type, field, kind):
    with unchanged(app):
        for value in BAD_OF_KIND[kind]:
            data = payload(event_type, field, value)
            shown = app.execute(
                "SELECT coalesce(left((%s::jsonb -> %s)::text, 100), 'missing')", (data, field)
            ).fetchone()[0]
            words = (event_type, f"event_data.{field} is {shown}")
            with refused("BL001", *words):
                insert(app, event(event_type, event_data=data))


@pytest.mark.parametrize(("event_type", "field", "kind"), EACH_FIELD)
def test_good_values_of_each_field(app, event_type, field, kind):
    for i, value in enumerate(GOOD_OF_KIND[kind]):
        insert(app, event(event_type, aggregate=f"a{i}", event_data=payload(event_type, field, value)))
    assert len(rows(app, f"SELECT FROM {TABLE_OF[event_type.split('_')[1]]}")) == len(GOOD_OF_KIND[kind])


def test_money_is_kept_to_the_last_digit(app):
    exact = "12345678901234567890.123456789012345678"
    insert(
        app, event("V1_BETS_BET_PLACED", aggregate="n", event_data=payload("V1_BETS_BET_PLACED", "stake", Raw(exact)))
    )
    insert(app, event("V1_BETS_BET_PLACED", aggregate="s", event_data=payload("V1_BETS_BET_PLACED", "stake", exact)))
    assert [str(r["stake"]) for r in rows(app, "SELECT stake FROM bets_view")] == [exact, exact]
    assert (
        one(app, "SELECT staked::text FROM tenants_summary_view")["staked"] == "24691357802469135780.246913578024691356"
    )


AHEAD = int(time.time() * 1000) + 86_400_000
COLUMNS: list[tuple[str, Any, str, str]] = [
    ("tenant_id", None, "tenant_id", "null"), ("tenant_id", 0, "tenant_id", "0"), ("tenant_id", -5, "tenant_id", "-5"),
    ("id", None, "id", "null"),
    ("aggregate_id", None, "aggregate_id", "null"), ("aggregate_id", "", "aggregate_id", "''"),
    ("aggregate_id", "x" * 257, "aggregate_id", "257"),
    ("event_type", None, "event_type", "null"), ("event_type", "", "event_type", "''"),
    ("event_type", "V1_BETS_BET_LOST", "event_type", "V1_BETS_BET_LOST"), ("event_type", "v1_bets_bet_placed", "event_type", "v1_"),
    ("event_type", "V2_BETS_BET_PLACED", "event_type", "V2_"), ("event_type", "x" * 5000, "event_type", "xxx"),
    ("timestamp", None, "timestamp", "null"), ("timestamp", 0, "timestamp", "0"), ("timestamp", -1, "timestamp", "-1"),
    ("timestamp", T0 // 1000, "timestamp", str(T0 // 1000)), ("timestamp", 946684799999, "timestamp", "946684799999"),
    ("timestamp", AHEAD + 86_400_000, "timestamp", str(AHEAD + 86_400_000)), ("timestamp", 2**63 - 1, "timestamp", str(2**63 - 1)),
    ("version", None, "version", "null"), ("version", 0, "version", "0"), ("version", 2, "version", "2"), ("version", -1, "version", "-1"),
    ("event_data", None, "event_data", "null"), ("event_data", "null", "event_data", "null"), ("event_data", "[]", "event_data", "array"),
    ("event_data", '"x"', "event_data", "string"), ("event_data", "1", "event_data", "number"), ("event_data", "true", "event_data", "boolean"),
    ("event_data", "[{}]", "event_data", "array"),
    ("metadata", "null", "metadata", "null"), ("metadata", "[]", "metadata", "array"), ("metadata", '"k"', "metadata", "string"),
    ("metadata", "1", "metadata", "number"), ("metadata", "false", "metadata", "boolean"),
    ("metadata", '{"idempotency_key": null}', "metadata.idempotency_key", "null"),
    ("metadata", '{"idempotency_key": 7}', "metadata.idempotency_key", "7"),
    ("metadata", '{"idempotency_key": true}', "metadata.idempotency_key", "true"),
    ("metadata", '{"idempotency_key": ["k"]}', "metadata.idempotency_key", "k"),
    ("metadata", '{"idempotency_key": {"k": 1}}', "metadata.idempotency_key", "k"),
    ("metadata", '{"idempotency_key": ""}', "metadata.idempotency_key", '""'),
    ("metadata", json.dumps({"idempotency_key": "k" * 201}), "metadata.idempotency_key", "kkk"),
    ("metadata", json.dumps({"note": "x" * 65536}), "metadata", "65"),
    ("created_at", None, "created_at", "null"), ("created_at", "infinity", "created_at", "infinity"),
    ("created_at", "-infinity", "created_at", "-infinity"),
]  # fmt: skip


@pytest.mark.parametrize("column", sorted({c for c, *_ in COLUMNS}))
def test_bad_values_of_each_column(app, column):
    with unchanged(app):
        for _, value, name, shown in [c for c in COLUMNS if c[0] == column]:
            for table in EVENT_TABLES:
                # Citus has to know the tenant before it finds the shard, whose trigger says the rest.
                nowhere = column == "tenant_id" and value is None and on_citus(app)
                with refused("22004", hint=False) if nowhere else refused("BL001", name, shown):
                    insert(app, event(AN_EVENT_OF[table]) | {column: value}, table=table)


def test_an_event_in_the_wrong_table(app):
    with unchanged(app):
        for event_type in TYPES:
            for table in set(EVENT_TABLES) - {TABLE_OF[event_type.split("_")[1]]}:
                with refused("BL001", event_type):
                    insert(app, event(event_type), table=table)


def test_an_event_that_is_too_large(app):
    with unchanged(app):
        for event_type in TYPES:
            with refused("BL001", "event_data", "bytes"):
                insert(app, event(event_type, data={"note": "x" * 65536}))
    for event_type in TYPES:
        insert(app, event(event_type, aggregate=event_type, data={"note": "x" * 65000}))
    assert sum(len(rows(app, f"SELECT FROM {t}")) for t in EVENT_TABLES) == len(TYPES)


@pytest.mark.parametrize("table", EVENT_TABLES)
def test_the_edges_are_taken(app, table):
    good: list[dict[str, Any]] = [
        {"tenant_id": 1}, {"tenant_id": 2**63 - 1}, {"aggregate_id": "x"}, {"aggregate_id": "ж" * 256}, {"timestamp": 946684800001},
        {"timestamp": AHEAD - 3_600_000}, {"timestamp": 946684800000}, {"metadata": None}, {"metadata": "{}"}, {"metadata": json.dumps({"idempotency_key": "k"})},
        {"metadata": json.dumps({"idempotency_key": "🎲" * 200, "more": [1]})},
    ]  # fmt: skip
    for columns in good:
        insert(app, event(AN_EVENT_OF[table]) | columns, table=table)
    assert len(rows(app, f"SELECT FROM {table}")) == len(good)


def test_extra_fields_are_kept(app):
    place(app, data={"note": {"a": [1, None]}, "currency": "EUR"})
    assert one(app, "SELECT event_data FROM bet_events")["event_data"]["note"] == {"a": [1, None]}


# One bad row ----------------------------------------------------------------------------------------------------------

BAD_ROWS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "bet_events": ("BL001", "stake", {"data": {"stake": -1}}),
    "payment_events": ("BL001", "amount", {"data": {"amount": "NaN"}}),
    "balance_events": ("BL001", "user_id", {"data": {"user_id": None}}),
}


def batch(table: str, bad: dict[str, Any]) -> list[dict[str, Any]]:
    """Ten events of two tenants, of which the seventh is bad."""
    return [
        event(AN_EVENT_OF[table], (TENANT, OTHER)[i % 2], f"a{i}", timestamp=T0 + i, **(bad if i == 6 else {}))
        for i in range(10)
    ]


@pytest.mark.parametrize("table", EVENT_TABLES)
def test_one_bad_row_of_an_insert_changes_nothing(app, table):
    insert(app, event(AN_EVENT_OF[table], aggregate="before"), table=table)
    code, word, bad = BAD_ROWS[table]
    with unchanged(app), refused(code, word):
        insert(app, *batch(table, bad), table=table)
    insert(app, *batch(table, {}), table=table)
    assert len(rows(app, f"SELECT FROM {table}")) == 11


def copy(conn: psycopg.Connection, table: str, events: list[dict[str, Any]]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, events[0]))
    with conn.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)) as out:
        for e in events:
            out.write_row(list(e.values()))


@pytest.mark.parametrize("table", EVENT_TABLES)
def test_one_bad_row_of_a_copy_changes_nothing(db, table):
    """As superuser: PostgreSQL has no COPY FROM for roles under row-level security."""
    insert(db, event(AN_EVENT_OF[table], aggregate="before"), table=table)
    code, word, bad = BAD_ROWS[table]
    # Of what a node refuses during a COPY, Citus passes on the message alone.
    with unchanged(db), refused("XX000", word, hint=False) if on_citus(db) else refused(code, word):
        copy(db, table, batch(table, bad))
    copy(db, table, batch(table, {}))
    assert len(rows(db, f"SELECT FROM {table}")) == 11
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


@pytest.mark.not_on_citus("COPY of a table with policies gives no row there")
@pytest.mark.parametrize("table", EVENT_TABLES)
def test_a_role_that_passes_row_level_security_loads_by_copy(db, connect, table):
    events = batch(table, {})
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        copy(connect("app"), table, events)
    db.execute("CREATE ROLE loader LOGIN BYPASSRLS PASSWORD 'only for tests'; GRANT betledger_app TO loader")
    try:
        db.execute("SET ROLE loader")
        copy(db, table, events)
        with refused(BAD_ROWS[table][0], BAD_ROWS[table][1]):
            copy(db, table, batch(table, BAD_ROWS[table][2]))
    finally:
        db.execute("RESET ROLE; DROP ROLE loader")
    assert len(rows(db, f"SELECT FROM {table}")) == 10
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []


@pytest.mark.parametrize("table", EVENT_TABLES)
def test_a_used_key_or_id_in_a_batch_changes_nothing(app, table):
    first = insert(app, event(AN_EVENT_OF[table], key="k"), table=table)
    with unchanged(app):
        for bad in ({"key": "k"}, {"id": first}):
            with refused("23505", hint=False):
                insert(app, *batch(table, bad), table=table)
        with refused("23505", hint=False):
            insert(app, *[event(AN_EVENT_OF[table], aggregate=f"b{i}", key="twice") for i in range(2)], table=table)
    insert(app, event(AN_EVENT_OF[table], OTHER, key="k", id=first), table=table)
    assert len(rows(app, f"SELECT FROM {table}")) == 2


def test_a_transaction_with_a_bad_event_changes_nothing(connect, db):
    conn = connect("app", autocommit=False)
    with unchanged(db):
        append(conn, "DEPOSIT_CREATED", aggregate="p1")
        with refused("BL001", "amount"):
            append(conn, "BALANCE_INCREASED", aggregate="b1", data={"amount": 0})
        conn.rollback()


@pytest.mark.not_on_citus("shards are compiled by the same texts")
@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    ("stake", "fits"),
    [
        (0.1 + 0.2, False), ("0.125", False), (0.001, False), ("10.005", False),
        (0.3, True), (10.5, True), ("10.50", True), ("10.500", True), (7, True), ("99999999999999999999.99", True),
    ],
)  # fmt: skip
def test_a_kind_says_how_many_decimals_there_may_be(db, stake, fits, many):
    """0.1 + 0.2 of JavaScript is 0.30000000000000004."""
    with db.transaction():
        db.execute("SET LOCAL ROLE betledger_owner")
        db.execute(
            'UPDATE projection.event_types SET required_fields = required_fields || \'{"stake": "amount(2)"}\''
            " WHERE event_type = 'V1_BETS_BET_PLACED'"
        )
        db.execute("SELECT projection.compile('public.bet_events'), projection.prove('public.bet_events')")
    events = [event("V1_BETS_BET_PLACED", aggregate=f"b{n}", data={"stake": stake}) for n in range(1 + many)]
    if fits:
        insert(db, *events)
        assert len(rows(db, "SELECT FROM bets_view WHERE stake = %s::numeric", (str(stake),))) == len(events)
    else:
        with refused("BL001", "event_data.stake is"):
            try:
                insert(db, *events)
            except psycopg.Error as error:
                assert "20 digits before and 2 after the point" in str(error.diag.message_hint)
                raise


@pytest.mark.not_on_citus("rows go to the nodes as text")
@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    ("event_type", "columns", "word"),
    [
        ("V1_BETS_BET_PLACED", {"data": {"user_id": "x" * 5000}}, "event_data.user_id"),
        ("V1_BETS_BET_PLACED", {"data": {"fixture_id": "x" * 5000}}, "event_data.fixture_id"),
        ("V1_BETS_BET_CANCELLED", {"data": {"reason": "x" * 5000}}, "event_data.reason"),
        ("V1_BETS_BET_CONFIRMED", {"data": {"note": "x" * 70_000}}, "bytes"),
        ("V1_BETS_BET_CONFIRMED", {"key": "k" * 5000}, "metadata.idempotency_key"),
        ("V1_BETS_BET_CONFIRMED", {"metadata": json.dumps({"note": "x" * 70_000})}, "bytes"),
        ("V1_BALANCES_BALANCE_INCREASED", {"data": {"payment_id": "x" * 5000}}, "event_data.payment_id"),
    ],
)
def test_what_was_compressed_in_another_table_is_looked_at_as_it_is(connect, event_type, columns, word, many):
    """A staging table keeps repetitive text in a fraction of its size."""
    app, table = connect("app"), TABLE_OF[event_type.split("_")[1]]
    app.execute(f"CREATE TEMPORARY TABLE staging (LIKE public.{table})")
    for n in range(1 + many):
        row = event(event_type, aggregate=f"a{n}", **columns) | {"created_at": "2026-01-01"}
        app.execute(
            sql.SQL("INSERT INTO staging ({}) VALUES ({})").format(
                sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join([sql.Placeholder()] * len(row))
            ),
            list(row.values()),
        )
    with unchanged(app), refused("BL001", word):
        app.execute(f"INSERT INTO public.{table} SELECT * FROM staging")
    # What is long and allowed comes in, and is there as it was.
    app.execute("TRUNCATE staging")
    fine = event(event_type, aggregate="fine", data={"note": "x" * 60_000})
    app.execute("INSERT INTO staging (id, tenant_id, aggregate_id, event_type, event_data, timestamp, version, created_at)"
                " VALUES (%(id)s, %(tenant_id)s, 'fine', %(event_type)s, %(event_data)s, %(timestamp)s, 1, now())", fine)  # fmt: skip
    app.execute(f"INSERT INTO public.{table} SELECT * FROM staging")
    assert one(app, f"SELECT event_data FROM {table}")["event_data"] == json.loads(fine["event_data"])


def test_a_balance_event_that_names_a_payment_and_a_bet_is_of_the_payment(connect):
    app = connect("app")
    insert(app, event("V1_BETS_BET_PLACED", aggregate="b1"))
    insert(app, event("V1_PAYMENTS_WITHDRAWAL_CREATED", aggregate="p1", data={"amount": 40}))
    insert(app, event("V1_BALANCES_BALANCE_DECREASED", aggregate="b", data={"amount": 40, "payment_id": "p1", "bet_id": "b1"}))
    assert one(app, "SELECT cause, cause_id FROM balance_statement(%s, 'u1') WHERE entry = 'movement'", (TENANT,)) == {
        "cause": "payment", "cause_id": "p1",
    }  # fmt: skip
    app.execute("SELECT FROM cancel_bet(%s, 'b1')", (TENANT,))
    assert one(app, "SELECT balance FROM user_balances_view")["balance"] == -40
    app.execute("SELECT FROM fail_payment(%s, 'p1')", (TENANT,))
    assert one(app, "SELECT balance FROM user_balances_view")["balance"] == 0


@pytest.mark.parametrize("event_type", TYPES)
@pytest.mark.parametrize("cause", ["payment_id", "bet_id"])
def test_what_an_event_moves_money_for_has_256_characters(connect, event_type, cause):
    app = connect("app")
    with unchanged(app), refused("BL001", f"event_data.{cause} has 257 characters"):
        insert(app, event(event_type, data={cause: "x" * 257}))
    insert(app, event(event_type, data={cause: "🎲" * 256}))


@pytest.mark.parametrize("table", EVENT_TABLES)
def test_65536_bytes_are_those_of_the_jsonb_that_is_sent(connect, table):
    app = connect("app")
    size = "SELECT pg_column_size(%s::jsonb)"
    for column, base in (("event_data", PAYLOADS[AN_EVENT_OF[table]]), ("metadata", {})):
        # The longest text that fits, and one character more.
        values = [json.dumps(base | {"more": "x" * length}) for length in range(65300, 65536)]
        sizes = [app.execute(size, (value,)).fetchone()[0] for value in values]
        last = max(n for n, found in enumerate(sizes) if found <= 65536)
        for value, fits in ((values[last], True), (values[last + 1], False)):
            row = event(AN_EVENT_OF[table], aggregate=column) | {column: value}
            if fits:
                insert(app, row)
            else:
                with unchanged(app), refused("BL001", column, "bytes"):
                    insert(app, row)
