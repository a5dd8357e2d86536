"""Nasty input against every event table, field, function and argument: stored exactly, or refused with a word for what is wrong.

BETLEDGER_FUZZ_EXAMPLES makes longer runs. The judge of what is good is written here a second time, without SQL.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from betledger.database import on_citus
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger import BEGINNING, EVENT_TABLES, PAYLOADS, T0, TABLE_OF, TENANT, event, insert, place, rows, state
from psycopg import sql
from psycopg.types.json import Jsonb
from test_payload import AN_EVENT_OF, EACH_FIELD

EXAMPLES = int(os.environ.get("BETLEDGER_FUZZ_EXAMPLES", "40"))
FUZZ = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
# What PostgreSQL itself says of a client's text before anything of ours sees it.
BEFORE_US = {
    "22P02": "no such JSON, UUID or number",
    "22P05": "\\u0000 in JSON",
    "22003": "beyond bigint or integer",
    "22007": "no such date",
    "22008": "a date beyond its range",
    "54001": "JSON nested too deep",
}
OURS = {"BL001", "BL002", "BL003", "BL004", "BL005", "BL007", "BL010"}
TRIED: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def told() -> Iterator[None]:
    """Tell how much was tried, with `pytest -s`."""
    yield
    print(f"\n{sum(TRIED.values())} inputs: {dict(TRIED)}")


# ---------------------------------------------------------------------------------------------------------- the judge


class Number(str):
    """The text of a JSON number."""


def parsed(token: str) -> Any:
    """The value of a JSON text, with numbers as they are written; raises ValueError for what PostgreSQL cannot read."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    if len(token) > 50_000 and token.startswith("["):
        raise ValueError("too deep")
    value = json.loads(token, parse_float=Number, parse_int=Number, parse_constant=refuse)
    text = json.dumps(value, ensure_ascii=False)
    if any(0xD800 <= ord(c) <= 0xDFFF for c in text) or "\\u0000" in text:
        raise ValueError("no character of UTF-8, or of PostgreSQL")
    return value


def plain(value: Any) -> str | None:
    """The decimal text of a number as it is kept; None for what is none."""
    if isinstance(value, Number):
        try:
            number = Decimal(value)
        except InvalidOperation:
            return None
        text = format(number, "f")
        return text.removeprefix("-") if not number else text
    return value if isinstance(value, str) else None


def is_money(value: Any) -> bool:
    """Digits, at most 20 of them, and 18 after a point."""
    text = plain(value)
    if text is None or not text.isascii():
        return False
    whole, point, fraction = text.partition(".")
    return whole.isdigit() and len(whole) <= 20 and (not point or (fraction.isdigit() and len(fraction) <= 18))


def fine(kind: str, value: Any, missing: bool = False) -> bool:
    """Whether a field of a kind takes a value."""
    if kind in ("text", "flag") and (missing or value is None):
        return True
    if missing:
        return False
    is_text = isinstance(value, str) and not isinstance(value, Number)
    match kind:
        case "identifier":
            return is_text and 1 <= len(value) <= 200
        case "text":
            return is_text and len(value) <= 1000
        case "result":
            return is_text and value in ("win", "loss", "void")
        case "flag":
            return isinstance(value, bool)
        case "amount":
            return is_money(value) and Decimal(plain(value) or 0) > 0
        case "payout":
            return is_money(value)
        case "odds":
            return is_money(value) and Decimal(plain(value) or 0) >= 1
    raise AssertionError(kind)


# ------------------------------------------------------------------------------------------------------------ the input

TEXTS = [
    "", " ", "  x  ", "null", "true", "'", "''; DROP TABLE bet_events; --", '"', "\\", "%s %(x)s $1", "{}", "\t\n\r", "\x01\x1f\x7f",
    "\u200f\u202eabc", "e\u0301\u0301\u0301", "🎲👩\u200d👩\u200d👧", "\ufeff", "\ufffe\uffff", "\U0010ffff", "ж" * 200, "x" * 200, "x" * 201,
    "x" * 1000, "x" * 1001, "x" * 10_000, "win", "WIN", "void ", "1", "01", "1.", ".1", "1.0", "-1", "+1", "1e2", "0x1f", "1_000", "1,5",
    " 1", "1 ", "1\n", "٣", "１", "NaN", "Infinity", "-Infinity", "0", "0.0", "-0", "9" * 20, "9" * 21, "0." + "9" * 18, "0." + "9" * 19,
    "9" * 20 + "." + "9" * 18, "1" * 40,
]  # fmt: skip
NUMBERS = [
    "0", "-0", "0.0", "-0.0", "1", "-1", "0.99", "1.0", "1.000000000000000000", "1.0000000000000000000", "1e0", "1E2", "1e19", "1e20", "1e400",
    "1e-18", "1e-19", "1e-400", "1" * 20, "1" * 21, "1" * 40, "0.1" + "0" * 40, "12345678901234567890.123456789012345678", "-1e400",
    "9" * 20 + "." + "9" * 18, "100e-2", "0.5e1",
]  # fmt: skip
NESTED = [
    "null", "true", "false", "[]", "{}", "[1]", '["x"]', '{"x": 1}', '{"value": "x"}', "[" * 100 + "]" * 100, "[" * 100_000 + "]" * 100_000,
    '{"a":' * 100 + "1" + "}" * 100,
]  # fmt: skip
UNREADABLE = [
    "NaN",
    "Infinity",
    "-Infinity",
    "01",
    "1.",
    ".5",
    "+1",
    "'x'",
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\udc00x"',
    '"',
    "[",
    "nul",
]
TOKENS = [*map(json.dumps, TEXTS), *(json.dumps(t, ensure_ascii=False) for t in TEXTS), *NUMBERS, *NESTED, *UNREADABLE]

_digits = st.text("0123456789", min_size=1, max_size=42)
_number = st.builds(
    lambda sign, whole, fraction, exponent: f"{sign}{int(whole)}{fraction}{exponent}",
    st.sampled_from(["", "", "", "-"]),
    _digits,
    st.one_of(st.just(""), _digits.map(lambda d: f".{d}")),
    st.one_of(st.just(""), st.integers(-25, 25).map(lambda e: f"e{e}")),
)
_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=300)
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), _text, st.integers()),
    lambda of: st.one_of(st.lists(of, max_size=4), st.dictionaries(_text, of, max_size=4)),
    max_leaves=8,
)
ANY_TOKEN = st.one_of(
    st.sampled_from(TOKENS), _number, _number.map(lambda n: f'"{n}"'), _text.map(json.dumps), _json.map(json.dumps)
)


def payload(event_type: str, field: str, token: str | None) -> str:
    """A good payload, but for one field, which is left out for None."""
    others = {name: json.dumps(value) for name, value in PAYLOADS[event_type].items() if name != field}
    if token is not None:
        others[field] = token
    return "{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in others.items()) + "}"


def outcome(conn: psycopg.Connection, what: str, action: Any) -> psycopg.Error | None:
    """Try something; its refusal is one that is documented, and comes from where it may."""
    TRIED[what] += 1
    try:
        with conn.transaction():
            action()
    except psycopg.Error as error:
        state = error.sqlstate or ""
        assert state in OURS or state in BEFORE_US, f"{state}: {error}"
        if state in BEFORE_US:
            context = error.diag.context or ""
            assert "PL/pgSQL" not in context and "SQL function" not in context, f"from inside of us: {error}"
        else:
            assert error.diag.message_hint, error
            # What was sent is named, up to 100 characters of it: logs are no place for the rest.
            assert len(message(error)) < 400, f"{len(message(error))} characters: {message(error)[:400]}"
        return error
    return None


def message(error: psycopg.Error) -> str:
    return error.diag.message_primary or ""


# ------------------------------------------------------------------------------------------------- fields of the payload

VIEWS = {
    ("V1_BETS_BET_PLACED", "stake"): ("bets_view", "bet_id"),
    ("V1_BETS_BET_PLACED", "odds"): ("bets_view", "bet_id"),
    ("V1_BETS_BET_PLACED", "user_id"): ("bets_view", "bet_id"),
    ("V1_BETS_BET_PLACED", "fixture_id"): ("bets_view", "bet_id"),
    ("V1_BETS_BET_SETTLED", "result"): ("bets_view", "bet_id"),
    ("V1_BETS_BET_SETTLED", "payout"): ("bets_view", "bet_id"),
    ("V1_BETS_BET_SETTLEMENT_CORRECTED", "result"): ("bets_view", "bet_id"),
    ("V1_BETS_BET_SETTLEMENT_CORRECTED", "payout"): ("bets_view", "bet_id"),
    ("V1_PAYMENTS_DEPOSIT_CREATED", "amount"): ("payments_view", "payment_id"),
    ("V1_PAYMENTS_WITHDRAWAL_CREATED", "amount"): ("payments_view", "payment_id"),
    ("V1_PAYMENTS_DEPOSIT_CREATED", "user_id"): ("payments_view", "payment_id"),
    ("V1_PAYMENTS_WITHDRAWAL_CREATED", "user_id"): ("payments_view", "payment_id"),
}


def try_field(app: psycopg.Connection, event_type: str, field: str, kind: str, token: str | None) -> None:
    """Insert an event with one field that may be anything, and take it back."""
    table = TABLE_OF[event_type.split("_")[1]]
    text = payload(event_type, field, token)
    stored: list[dict[str, Any]] = []
    shown: list[dict[str, Any]] = []

    def attempt() -> None:
        made = insert(app, event(event_type, event_data=text))
        stored.extend(
            rows(
                app,
                sql.SQL("SELECT event_data, event_data ->> {} AS text FROM {} WHERE tenant_id = {} AND id = {}").format(
                    field, sql.Identifier(table), TENANT, str(made)
                ),
            )
        )
        if view := VIEWS.get((event_type, field)):
            query = sql.SQL("SELECT {}::text AS text FROM {} WHERE tenant_id = {} AND {} = 'a1'")
            shown.extend(
                rows(app, query.format(sql.Identifier(field), sql.Identifier(view[0]), TENANT, sql.Identifier(view[1])))
            )
        raise psycopg.Rollback

    error = outcome(app, "fields", attempt)
    try:
        value = None if token is None else parsed(token)
    except (ValueError, RecursionError):
        assert error is not None and error.sqlstate in ("22P02", "22P05", "54001"), (token, error)
        return
    if not fine(kind, value, token is None):
        assert error is not None and error.sqlstate == "BL001", f"{token} was taken"
        assert f"event_data.{field} is " in message(error), error
        return
    assert error is None, (token, error)
    (row,) = stored
    expected = plain(value) if isinstance(value, str) else None if value is None else json.dumps(value)
    assert row["text"] == expected
    for view_row in shown:
        assert view_row["text"] == expected or Decimal(view_row["text"]) == Decimal(expected or 0)


@pytest.mark.parametrize(("event_type", "field", "kind"), EACH_FIELD)
def test_nasty_values_of_each_field(db, connect, event_type, field, kind):
    app, before = connect("app"), state(db)
    for token in (None, *TOKENS):
        try_field(app, event_type, field, kind, token)
    assert state(db) == before


@pytest.mark.parametrize(("event_type", "field", "kind"), EACH_FIELD)
@FUZZ
@given(token=ANY_TOKEN)
def test_any_value_of_each_field(connect, event_type, field, kind, token):
    try_field(_kept(connect), event_type, field, kind, token)


def _kept(connect: Any) -> psycopg.Connection:
    """One connection for all examples of a test."""
    kept = getattr(connect, "kept", None)
    if kept is None:
        kept = connect.kept = connect("app")
    return kept


@FUZZ
@given(extra=st.dictionaries(_text, _json, max_size=5), kind=st.sampled_from(sorted(PAYLOADS)))
def test_what_else_is_in_a_payload_or_in_metadata_is_kept_as_it_is(connect, extra, kind):
    app = _kept(connect)
    data, metadata = extra | PAYLOADS[kind], {k: v for k, v in extra.items() if k != "idempotency_key"}
    table = TABLE_OF[kind.split("_")[1]]

    def attempt() -> None:
        made = insert(app, event(kind, event_data=json.dumps(data), metadata=json.dumps(metadata)))
        (row,) = rows(app, f"SELECT event_data, metadata FROM {table} WHERE tenant_id = %s AND id = %s", (TENANT, made))
        assert (row["event_data"], row["metadata"]) == (data, metadata)
        raise psycopg.Rollback

    optional = {"reason", "from_balance"} & extra.keys()
    error = outcome(app, "extra keys", attempt)
    assert error is None or (optional and error.sqlstate == "BL001"), error


# ----------------------------------------------------------------------------------------------------------- envelopes

BIG = 2**63
ENVELOPE: dict[str, list[tuple[Any, str | None]]] = {
    "tenant_id": [
        (1, None), (BIG - 1, None), (None, "BL001"), (0, "BL001"), (-1, "BL001"), (-BIG, "BL001"), (BIG, "22003"), (10**40, "22003"),
        ("1", None), ("x", "22P02"), ("", "22P02"), ("1.5", "22P02"), ("NaN", "22P02"),
    ],
    "id": [(uuid4(), None), (None, "BL001"), ("x", "22P02"), ("", "22P02"), ("0" * 32, None), ("0" * 33, "22P02")],
    "aggregate_id": [
        *((t, None if 1 <= len(t) <= 256 else "BL001") for t in TEXTS), (None, "BL001"), ("x" * 256, None), ("x" * 257, "BL001"),
        ("🎲" * 256, None), ("🎲" * 257, "BL001"), ("x" * 1_000_000, "BL001"),
    ],
    "event_type": [
        *((t, "BL001") for t in TEXTS), (None, "BL001"), ("v1_bets_bet_placed", "BL001"), ("V1_BETS_BET_PLACED ", "BL001"),
        ("V2_BETS_BET_PLACED", "BL001"), ("V1_BETS_BET_PLACED\u0301", "BL001"),
    ],
    "event_data": [
        (None, "BL001"), *((t, "BL001") for t in ("null", "[]", "1", '"x"', "true", "[{}]")),
        *((t, "22P02") for t in ("", "x", "{", "{'a': 1}", '{"a": NaN}', '{"a": "\\ud800"}')), ('{"a": "\\u0000"}', "22P05"),
        ("[" * 100_000 + "]" * 100_000, "54001"), ('{"a":' * 100_000 + "1" + "}" * 100_000, "54001"),
    ],
    "timestamp": [
        (946684800000, None), (T0, None), (1, "BL001"), (946684799999, "BL001"), (4102444800000, "BL001"), (0, "BL001"), (-1, "BL001"), (None, "BL001"),
        (BIG - 1, "BL001"), (-BIG, "BL001"), (BIG, "22003"), (10**40, "22003"), ("1e3", "22P02"), ("now", "22P02"),
    ],
    "version": [(1, None), (0, "BL001"), (2, "BL001"), (-1, "BL001"), (None, "BL001"), (2**31 - 1, "BL001"), (2**31, "22003"), (10**40, "22003")],
    "metadata": [
        (None, None), ("{}", None), *((t, "BL001") for t in ("null", "[]", "1", '"x"', "true")), ("x", "22P02"),
        *((json.dumps({"idempotency_key": k}), None) for k in ("k", " ", "x" * 200, "🎲" * 200, "null", "'")),
        *((json.dumps({"idempotency_key": k}), "BL001") for k in (None, "", 1, True, [], {}, ["k"], "x" * 201, "x" * 10_000)),
        ('{"idempotency_key": "\\u0000"}', "22P05"), ('{"other": {"idempotency_key": 1}}', None),
    ],
    "created_at": [
        ("2020-01-01", None), ("1970-01-01", None), ("4713-01-01 BC", None), ("infinity", "BL001"), ("-infinity", "BL001"), (None, "BL001"),
        ("x", "22007"), ("", "22007"), ("300000-01-01", "22008"), ("2020-13-01", "22008"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("column", ENVELOPE)
@pytest.mark.parametrize("table", EVENT_TABLES)
def test_nasty_values_of_each_column(db, connect, table, column):
    app, before = connect("app"), state(db)
    for value, refusal in ENVELOPE[column]:
        if on_citus(db) and column == "tenant_id" and value is None:
            refusal = "22004"
        good = event(AN_EVENT_OF[table])
        stored: list[dict[str, Any]] = []

        def attempt(good: dict[str, Any] = good, value: Any = value, stored: list[dict[str, Any]] = stored) -> None:
            insert(app, good | {column: value}, table=table)
            if column in ("aggregate_id", "timestamp", "version", "metadata"):
                stored.extend(rows(app, f"SELECT {column} AS value FROM {table}"))
            raise psycopg.Rollback

        if refusal == "22004":
            with pytest.raises(psycopg.Error, match="NULL") as caught:
                attempt()
            assert caught.value.sqlstate == refusal
            continue
        error = outcome(app, "columns", attempt)
        assert (error.sqlstate if error else None) == refusal, (column, str(value)[:80], error)
        if refusal == "BL001":
            assert column in message(error), error
        if refusal is None and column in ("aggregate_id", "timestamp", "version"):
            assert [r["value"] for r in stored] == [value]
        if refusal is None and column == "metadata" and value is not None:
            assert [r["value"] for r in stored] == [json.loads(value)]
    assert state(db) == before


@pytest.mark.parametrize("table", EVENT_TABLES)
@pytest.mark.parametrize("column", ["event_data", "metadata"])
@pytest.mark.parametrize(
    ("size", "is_fine"), [(60_000, True), (65_000, True), (66_000, False), (1_000_000, False), (20_000_000, False)]
)
def test_the_size_of_what_is_kept(db, connect, table, column, size, is_fine):
    app, before = connect("app"), state(db)
    # Text that does not get shorter by compression.
    noise = random.Random(size).randbytes(size // 2).hex()
    kind = AN_EVENT_OF[table]
    value = json.dumps((PAYLOADS[kind] if column == "event_data" else {}) | {"more": noise})

    def attempt() -> None:
        insert(app, event(kind, **{column: value}))
        assert rows(app, f"SELECT {column} ->> 'more' AS more FROM {table}") == [{"more": noise}]
        raise psycopg.Rollback

    error = outcome(app, "sizes", attempt)
    assert (error is None) == is_fine, error
    if error:
        assert error.sqlstate == "BL001" and column in message(error)
    assert state(db) == before


@pytest.mark.parametrize("kind", [AN_EVENT_OF[table] for table in EVENT_TABLES])
def test_one_bad_row_among_good_ones_refuses_all(db, connect, kind):
    app, before = connect("app"), state(db)
    bad = [("timestamp", 0), ("aggregate_id", ""), ("event_data", "{}"), ("metadata", "[]"), ("version", 2)]
    for column, value in bad:
        for at in (0, 25, 49):
            events = [event(kind, aggregate=f"a{n}") for n in range(50)]
            events[at][column] = value
            error = outcome(app, "one of many", lambda events=events: insert(app, *events))
            assert error is not None and error.sqlstate == "BL001" and column.split(".")[0] in message(error)
    assert state(db) == before


@pytest.mark.not_on_citus("a refusal of COPY there is an error of the connection to the shard, with our message")
@pytest.mark.parametrize("kind", [AN_EVENT_OF[table] for table in EVENT_TABLES])
def test_one_bad_row_of_a_copy_refuses_all(db, kind):
    before = state(db)
    table = TABLE_OF[kind.split("_")[1]]
    for column, value in [
        ("timestamp", 0),
        ("aggregate_id", ""),
        ("event_data", "{}"),
        ("version", 2),
        ("tenant_id", -1),
    ]:

        def copy(column: str = column, value: Any = value) -> None:
            columns = list(event(kind))
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            query = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
            with db.cursor().copy(query) as stream:
                for n in range(50):
                    row = event(kind, aggregate=f"a{n}") | ({column: value} if n == 30 else {})
                    stream.write_row([row[c] for c in columns])

        error = outcome(db, "COPY", copy)
        assert error is not None and error.sqlstate == "BL001" and column in message(error)
    assert state(db) == before


# ----------------------------------------------------------------------------------------------------------- functions

IDENTIFIERS: list[tuple[Any, bool]] = [
    *((t, 1 <= len(t) <= 200) for t in TEXTS),
    (None, False),
    ("x" * 1_000_000, False),
]
AMOUNTS: list[tuple[Any, bool]] = [
    (Decimal(t), is_money(Number(t)) and Decimal(t) > 0) for t in (*NUMBERS, "9" * 131_000, "0." + "1" * 16_000) if not t.startswith("1e-400")
] + [(Decimal(t), False) for t in ("NaN", "Infinity", "-Infinity")] + [(None, False)]  # fmt: skip
ODDS = [(value, good and value >= 1) for value, good in AMOUNTS]
TENANTS: list[tuple[Any, bool]] = [(TENANT, True), (None, False), (0, False), (-1, False), (-BIG, False)]
RESULTS: list[tuple[Any, bool]] = [(t, t in ("win", "loss", "void")) for t in TEXTS] + [(None, False)]
REASONS: list[tuple[Any, bool]] = [(t, len(t) <= 1000) for t in TEXTS] + [(None, True)]
# Of reading functions and of ids, anything may be asked for: there may be no such thing.
ANYTHING: list[tuple[Any, bool]] = [(t, True) for t in TEXTS] + [(None, True), ("x" * 1_000_000, True)]
TIMES: list[tuple[Any, bool]] = [(n, True) for n in (0, 1, -1, T0, BIG - 1, -BIG, None)]
MOMENTS: list[tuple[Any, bool]] = [(t, True) for t in (None, "-infinity", "infinity", "2026-01-01")]
LIMITS: list[tuple[Any, bool]] = [
    (0, True),
    (1, True),
    (2**31 - 1, True),
    (-1, False),
    (-(2**31), False),
    (None, False),
]
KEYS = IDENTIFIERS
FLAGS: list[tuple[Any, bool]] = [(None, True), (True, True), (False, True)]
OPTIONAL_KEYS: list[tuple[Any, bool]] = [(None, True), *(k for k in IDENTIFIERS if k[0] is not None)]
# A good item of each batch, and the kind of each field.
ITEM_OF: dict[str, dict[str, Any]] = {
    "place_bets": {"user_id": "u1", "stake": 1, "odds": 2, "fixture_id": "f", "from_balance": False},
    "confirm_bets": {"bet_id": "bet-1"},
    "settle_bets": {"bet_id": "bet-1", "result": "win", "payout": 1},
    "cancel_bets": {"bet_id": "bet-1", "reason": "r"},
    "deposits": {"user_id": "u1", "amount": 1},
    "withdrawals": {"user_id": "u1", "amount": 1},
}
KIND_OF = {
    "user_id": "identifier", "stake": "amount", "odds": "odds", "fixture_id": "identifier", "from_balance": "flag", "bet_id": "bet",
    "result": "result", "payout": "payout", "reason": "text", "amount": "amount", "idempotency_key": "key",
}  # fmt: skip
EACH_ITEM_FIELD = [(batch, field) for batch, item in ITEM_OF.items() for field in (*item, "idempotency_key")]
# The items of a batch; what may be in them is tried below.
ITEMS: list[tuple[Any, bool]] = [
    (None, False), (Jsonb({}), False), (Jsonb("x"), False), (Jsonb(1), False), (Jsonb(None), False), (Jsonb([]), True),
    (Jsonb([{}] * 50_001), False),
]  # fmt: skip
BATCH_KEYS: list[tuple[Any, bool]] = [(k, k is not None and 1 <= len(k) <= 190) for k, _ in IDENTIFIERS]
# Each argument: its name in messages, a good value, and what else is tried.
CURSORS = [(None, True), *((text, False) for text in ("", "x", "=", "e30", "W10", "WyJ4IiwgWzFdXQ", "é", "\x7f", "A" * 300, "%%"))]
STATUSES = [(None, True), *((text, False) for text in ("", "x", "PLACED", " placed", "é", "\x7f", "A" * 300, "%%"))]
BETWEEN = [
    ("tenant_id", TENANT, TENANTS), ("from_ms", 0, TIMES), ("to_ms", T0 * 2, TIMES), ("after", None, CURSORS), ("limit", 10, LIMITS),
]  # fmt: skip
OF_USER = [
    ("tenant_id", TENANT, TENANTS), ("user_id", "u1", ANYTHING), ("status", None, STATUSES), ("from_ms", 0, TIMES), ("to_ms", T0 * 2, TIMES),
    ("after", None, CURSORS), ("limit", 10, LIMITS),
]  # fmt: skip
FUNCTIONS: dict[str, list[tuple[str, Any, list[tuple[Any, bool]]]]] = {
    "place_bet": [
        ("tenant_id", TENANT, TENANTS), ("user_id", "u1", IDENTIFIERS), ("stake", 1, AMOUNTS), ("odds", 2, ODDS),
        ("fixture_id", "f", IDENTIFIERS), ("idempotency_key", "new", KEYS), ("from_balance", False, [(None, True), (True, True)]),
    ],
    "confirm_bet": [("tenant_id", TENANT, TENANTS), ("bet", "bet-1", ANYTHING), ("idempotency_key", "new", OPTIONAL_KEYS)],
    "settle_bet": [
        ("tenant_id", TENANT, TENANTS), ("bet", "bet-1", ANYTHING), ("result", "win", RESULTS), ("payout", 1, AMOUNTS),
        ("idempotency_key", "new", OPTIONAL_KEYS),
    ],
    "cancel_bet": [
        ("tenant_id", TENANT, TENANTS), ("bet", "bet-1", ANYTHING), ("reason", "r", REASONS), ("idempotency_key", "new", OPTIONAL_KEYS),
    ],
    "deposit": [
        ("tenant_id", TENANT, TENANTS), ("user_id", "u1", IDENTIFIERS), ("amount", 1, AMOUNTS), ("idempotency_key", "new", KEYS),
    ],
    "withdraw": [
        ("tenant_id", TENANT, TENANTS), ("user_id", "u1", IDENTIFIERS), ("amount", 1, AMOUNTS), ("idempotency_key", "new", KEYS),
    ],
    "complete_payment": [("tenant_id", TENANT, TENANTS), ("payment", "p1", ANYTHING), ("idempotency_key", "new", OPTIONAL_KEYS)],
    "fail_payment": [
        ("tenant_id", TENANT, TENANTS), ("payment", "p1", ANYTHING), ("reason", "r", REASONS), ("idempotency_key", "new", OPTIONAL_KEYS),
    ],
    "resettle_bet": [
        ("tenant_id", TENANT, TENANTS), ("bet", "bet-2", ANYTHING), ("result", "win", RESULTS), ("payout", 1, AMOUNTS),
        ("idempotency_key", "new", OPTIONAL_KEYS), ("allow_negative", False, FLAGS), ("reason", "r", REASONS),
    ],
    "void_bet": [
        ("tenant_id", TENANT, TENANTS), ("bet", "bet-2", ANYTHING), ("reason", "r", REASONS), ("idempotency_key", "new", OPTIONAL_KEYS),
        ("allow_negative", False, FLAGS),
    ],
    "reverse_payment": [
        ("tenant_id", TENANT, TENANTS), ("payment", "p3", ANYTHING), ("reason", "r", REASONS), ("idempotency_key", "new", OPTIONAL_KEYS),
        ("allow_negative", False, FLAGS),
    ],
    **{
        batch: [
            ("tenant_id", TENANT, TENANTS), ("items", Jsonb([item]), ITEMS), ("idempotency_key", "new", [k for k in BATCH_KEYS if k[0] is not None or "bet_id" not in item]),
            ("all_or_nothing", True, [(None, True), (False, True)]),
        ]
        for batch, item in ITEM_OF.items()
    },
    "bet_history": [("tenant_id", TENANT, TENANTS), ("bet_id", "bet-1", ANYTHING)],
    "payment_history": [("tenant_id", TENANT, TENANTS), ("payment_id", "p1", ANYTHING)],
    "balance_history": [("tenant_id", TENANT, TENANTS), ("user_id", "u1", ANYTHING)],
    "bet_events_between": BETWEEN,
    "payment_events_between": BETWEEN,
    "balance_events_between": BETWEEN,
    "bet_as_of": [("tenant_id", TENANT, TENANTS), ("bet_id", "bet-1", ANYTHING), ("at_ms", T0, TIMES), ("known_at", None, MOMENTS)],
    "payment_as_of": [("tenant_id", TENANT, TENANTS), ("payment_id", "p1", ANYTHING), ("at_ms", T0, TIMES), ("known_at", None, MOMENTS)],
    "balance_as_of": [("tenant_id", TENANT, TENANTS), ("user_id", "u1", ANYTHING), ("at_ms", T0, TIMES), ("known_at", None, MOMENTS)],
    "tenant_as_of": [("tenant_id", TENANT, TENANTS), ("at_ms", T0, TIMES), ("known_at", None, MOMENTS)],
    "bets_of": OF_USER,
    "payments_of": OF_USER,
    "balance_statement": [
        ("tenant_id", TENANT, TENANTS), ("user_id", "u1", ANYTHING), ("from_ms", 0, TIMES), ("to_ms", T0 * 2, TIMES),
        ("after", None, CURSORS), ("limit", 10, LIMITS),
    ],
    "feed": [
        ("tenant_id", TENANT, TENANTS), ("after", None, CURSORS), ("limit", 10, LIMITS), ("types", None, [([], True), (["x"], True), ([None], True)]),
    ],
    "ledger_feed": [("after", None, CURSORS), ("limit", 10, LIMITS), ("types", None, [([], True), (["x"], True)])],
    "advance_consumer": [
        ("tenant_id", TENANT, TENANTS), ("name", "w", IDENTIFIERS), ("from", None, CURSORS),
        ("to", BEGINNING, [c for c in CURSORS if c[0] is not None]),
    ],
    "reset_consumer": [("tenant_id", TENANT, TENANTS), ("name", "w", IDENTIFIERS), ("to", None, CURSORS)],
    "personal_key": [("tenant_id", TENANT, TENANTS), ("user_id", "u1", IDENTIFIERS)],
    "erase_person": [("tenant_id", TENANT, TENANTS), ("user_id", "u1", IDENTIFIERS)],
}  # fmt: skip
EACH_ARGUMENT = [(name, n) for name, arguments in FUNCTIONS.items() for n in range(len(arguments))]


def test_every_argument_of_the_api_is_tried(db):
    api = rows(
        db,
        "SELECT proname, pronargs FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND pg_get_userbyid(proowner) = 'betledger_owner'",
    )
    assert {r["proname"]: r["pronargs"] for r in api} == {name: len(a) for name, a in FUNCTIONS.items()}
    # "With some thousands of values": docs/limits.md.
    assert len(EACH_FIELD) * len(TOKENS) + sum(len(tried) for of in FUNCTIONS.values() for *_, tried in of) > 3000


@pytest.mark.parametrize(("function", "argument"), EACH_ARGUMENT, ids=lambda x: str(x))
def test_nasty_values_of_each_argument(db, connect, function, argument):
    app = connect("operator" if function == "ledger_feed" else "app")
    place(db)
    insert(
        db, event("V1_PAYMENTS_DEPOSIT_CREATED", aggregate="p1"), event("V1_PAYMENTS_DEPOSIT_CREATED", aggregate="p2")
    )
    # What can be corrected.
    place(db, bet="bet-2")
    insert(db, event("V1_BETS_BET_SETTLED", aggregate="bet-2"))
    insert(db, event("V1_PAYMENTS_DEPOSIT_CREATED", aggregate="p3"))
    insert(db, event("V1_PAYMENTS_DEPOSIT_COMPLETED", aggregate="p3"))
    insert(db, event("V1_BALANCES_BALANCE_INCREASED", data={"amount": "9" * 20}))
    before = state(db)
    name, _, tried = FUNCTIONS[function][argument]
    for value, good in tried:
        arguments = [g for _, g, _ in FUNCTIONS[function]]
        arguments[argument] = value

        def attempt(arguments: list[Any] = arguments) -> None:
            marks = sql.SQL(", ").join([sql.Placeholder()] * len(arguments))
            app.execute(sql.SQL("SELECT * FROM {}({})").format(sql.Identifier(function), marks), arguments)
            raise psycopg.Rollback

        error = outcome(app, "arguments", attempt)
        case = f"{name} = {str(value)[:60]!r}: {error}"
        if good:
            # There may be no such bet, or no money: that is not the fault of the value.
            assert error is None or error.sqlstate in ("BL002", "BL004"), case
        else:
            assert error is not None and error.sqlstate == "BL001", case
            assert name in message(error), case
        if error and isinstance(value, str) and len(value) > 100:
            assert value[:101] not in message(error), case
    assert state(db) == before


def test_long_values_of_other_refusals_are_named_by_their_beginning(db, connect):
    app, long = connect("app"), "x" * 1000
    key = long[:200]
    place(db)
    app.execute("SELECT FROM cancel_bet(10001, 'bet-1', %s, %s)", (long, key))
    app.execute("SELECT FROM deposit(10001, %s, 5, 'd')", (key,))
    app.execute("SELECT FROM erase_person(10001, %s)", (key,))
    place(db, bet=long[:256])
    app.execute("SELECT FROM cancel_bet(10001, %s)", (long[:256],))
    before = state(db)
    for sqlstate, statement, arguments in (
        ("BL005", "SELECT FROM cancel_bet(10001, 'bet-1', 'y' || %s, %s)", (long[1:], key)),
        ("BL005", "SELECT FROM confirm_bet(10001, 'bet-1', %s)", (key,)),
        ("BL003", "SELECT FROM confirm_bet(10001, %s)", (long[:256],)),
        ("BL004", "SELECT FROM withdraw(10001, %s, 6, 'w')", (key,)),
        ("BL007", "SELECT FROM personal_key(10001, %s)", (key,)),
        ("BL001", "SELECT FROM settle_bet(10001, 'bet-1', 'loss', %s)", (Decimal("9" * 100_000),)),
        ("BL010", "UPDATE bet_events SET metadata = metadata - 'idempotency_key' WHERE metadata ->> 'idempotency_key' = %s", (key,)),
    ):  # fmt: skip
        error = outcome(app, "long values", lambda s=statement, a=arguments: app.execute(s, a))
        assert error is not None and error.sqlstate == sqlstate, (statement, error)
        assert long[:101] not in message(error) and long[:90] in message(error).replace("9", "x"), error
    walled = connect("tenant_login")
    walled.execute("SELECT set_config('app.tenant_id', %s, false)", (long,))
    with pytest.raises(psycopg.Error) as caught:
        walled.execute("SELECT FROM deposit(10001, 'u1', 5, 'k')")
    assert caught.value.sqlstate == "BL006" and long[:101] not in str(caught.value)
    app.execute("SELECT set_config('app.idempotency_key', %s, false)", (key,))
    with pytest.raises(psycopg.Error) as caught:
        app.execute("SELECT FROM deposit(10001, 'u1', 5, %s)", (long,))
    assert caught.value.sqlstate == "BL001" and long[:101] not in str(caught.value)
    assert state(db) == before


def try_item(app: psycopg.Connection, batch: str, field: str, token: str | None) -> None:
    """Send a batch of one item with one field that may be anything, and take it back."""
    item = ITEM_OF[batch] | ({"result": "win"} if field == "payout" else {})
    others = {name: json.dumps(value) for name, value in item.items() if name != field} | ({} if token is None else {field: token})
    text = "[{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in others.items()) + "}]"

    def attempt() -> None:
        app.execute(sql.SQL("SELECT * FROM {}(%s, %s::jsonb, 'new')").format(sql.Identifier(batch)), (TENANT, text))
        raise psycopg.Rollback

    error = outcome(app, "items", attempt)
    try:
        value = None if token is None else parsed(token)
    except (ValueError, RecursionError):
        assert error is not None and error.sqlstate in ("22P02", "22P05", "54001"), (token, error)
        return
    is_text = isinstance(value, str) and not isinstance(value, Number)
    kind = KIND_OF[field]
    if kind == "bet":
        good = value is None or is_text
    elif kind == "key":
        good = value is None or is_text and 1 <= len(value) <= 200
    else:
        good = fine(kind, value, token is None)
    if good:
        # There may be no such bet, or no money; a payout has to suit its result.
        assert error is None or error.sqlstate in ("BL002", "BL004") or "payout of a" in message(error), (token, error)
    else:
        assert error is not None and error.sqlstate == "BL001", f"{token} was taken: {error}"
        assert "item 1: " in message(error) and field in message(error), error


@pytest.mark.parametrize(("batch", "field"), EACH_ITEM_FIELD)
def test_nasty_values_of_each_field_of_an_item(db, connect, batch, field):
    app = connect("app")
    place(db)
    insert(db, event("V1_BALANCES_BALANCE_INCREASED", data={"amount": "9" * 20}))
    before = state(db)
    for token in (None, *TOKENS):
        try_item(app, batch, field, token)
    assert state(db) == before


MAINTENANCE = [
    *(("CALL ops.rebuild_projection({})", t) for t in (*TEXTS, "pg_class", "bet_events", "projection.tenant_totals; DROP TABLE x")),
    *(("CALL ops.rebuild_projection('bets_view', {})", n) for n in (0, -1, 1, BIG - 1, BIG)),
    *(("CALL ops.rebuild_projection('bets_view', NULL, {})", n) for n in (0, -1, None, 2**31 - 1, 2**31)),
    *(("SELECT * FROM ops.verify_projections({})", n) for n in (0, -1, BIG - 1, BIG)),
    *(("SELECT * FROM ops.verify_projections(NULL, {})", n) for n in (0, -1, 100, 101, Decimal("NaN"), Decimal("1e-300"))),
    *(("SELECT * FROM ops.metrics({})", t) for t in TEXTS),
    *(("CALL ops.purge_idempotency_keys({})", t) for t in ("-1 s", "100 years", None)),
    *(("CALL ops.purge_idempotency_keys('1 year', {})", n) for n in (0, -1, None, 2**31 - 1)),
    *(("SELECT * FROM ops.tenants(NULL, {})", n) for n in (0, -1, 1, 2**31 - 1)),
    *(("SELECT * FROM ops.tenants({})", n) for n in (0, -1, BIG - 1)),
    *(("SELECT ops.create_tenant({}, 'x', 'EUR', 19)", n) for n in (None, 0, -1, 1, BIG - 1, BIG)),
    *(("SELECT ops.create_tenant(1, {}, 'EUR', 19)", t) for t in (*TEXTS, None)),
    *(("SELECT ops.create_tenant(1, 'x', {}, 2)", t) for t in (*TEXTS, None)),
    *(("SELECT ops.create_tenant(1, 'x', 'EUR', {})", n) for n in (-1, 19, None, 2**31 - 1, 2**31)),
    *(("SELECT ops.set_tenant_status(1, {})", t) for t in (*TEXTS, None)),
    *(("SELECT ops.change_tenant({})", n) for n in (None, 0, -1)),
]  # fmt: skip


def test_nasty_arguments_of_maintenance(db, connect):
    place(db)
    operator, before = connect("operator"), state(db)
    for statement, value in MAINTENANCE:
        TRIED["maintenance"] += 1
        try:
            operator.execute(sql.SQL(statement).format(value))
        except psycopg.Error as error:
            # A number that is no bigint finds no such function.
            assert error.sqlstate == ("42883" if value in (BIG, 2**31) else "BL001"), (statement, str(value)[:60], error)
            assert error.diag.message_hint
    assert state(db) == before
    assert rows(operator, "SELECT * FROM ops.verify_projections()") == []
