"""Bonuses: granted once, converted or expired once, whatever is sent twice, late or at the same moment."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

TENANT, OTHER = 10001, 10002
T0 = 1767225600000  # milliseconds
ROWS = "SELECT * FROM bonuses_view ORDER BY tenant_id, bonus_id"
Connect = Callable[[str], psycopg.Connection]


def rows(db: psycopg.Connection, query: str, *arguments: Any) -> list[dict[str, Any]]:
    return db.cursor(row_factory=dict_row).execute(query, arguments).fetchall()


def grant(db: psycopg.Connection, key: str | None, amount: object = 25, tenant: int = TENANT) -> dict[str, Any]:
    (row,) = rows(db, "SELECT * FROM grant_bonus(%s, 'anna', %s::numeric, %s)", tenant, amount, key)
    return row


def end(db: psycopg.Connection, how: str, bonus: str, tenant: int = TENANT) -> dict[str, Any]:
    (row,) = rows(db, f"SELECT * FROM {how}_bonus(%s, %s)", tenant, bonus)
    return row


def balance(db: psycopg.Connection, tenant: int = TENANT) -> Decimal:
    return sum(
        (r["balance"] for r in rows(db, "SELECT balance FROM user_balances_view WHERE tenant_id = %s", tenant)),
        Decimal(),
    )


def event(db: psycopg.Connection, kind: str, at: int, tenant: int = TENANT) -> None:
    data = {"user_id": "anna", "amount": "25"} if kind == "GRANTED" else {}
    db.execute(
        'INSERT INTO bonus_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version)'
        " VALUES (%s, %s, 'bonus-1', %s, %s, %s, 1)",
        (uuid4(), tenant, f"V1_BONUSES_BONUS_{kind}", json.dumps(data), at),
    )


@contextmanager
def refused(sqlstate: str, *words: str) -> Iterator[None]:
    with pytest.raises(psycopg.Error) as caught:
        yield
    assert caught.value.sqlstate == sqlstate, caught.value
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_bonus_is_granted_and_converted_once(connect: Connect) -> None:
    app, operator = connect("app"), connect("operator")
    first = grant(app, "key-1")
    assert (first["user_id"], first["amount"], first["status"], first["duplicate"]) == ("anna", 25, "granted", False)
    assert grant(app, "key-1", "25.00") == first | {"duplicate": True}
    assert end(app, "convert", first["bonus_id"])["status"] == "converted"
    assert end(app, "convert", first["bonus_id"])["duplicate"] and balance(app) == 25
    # The key has expired: the call is known all the same.
    operator.execute("CALL ops.purge_idempotency_keys('0')")
    again = grant(app, "key-1")
    assert (again["bonus_id"], again["status"], again["idempotency_key"], again["duplicate"]) == (
        first["bonus_id"], "converted", None, True,
    )  # fmt: skip
    assert len(rows(app, ROWS)) == 1
    assert rows(operator, "SELECT * FROM ops.verify_projections()") == []
    assert rows(operator, "SELECT * FROM ops.reconcile()") == []
    (trial,) = rows(operator, "SELECT other_credits, balances FROM ops.trial_balance(%s)", TENANT)
    assert trial == {"other_credits": 25, "balances": 25}


def test_what_is_refused_stores_nothing(connect: Connect) -> None:
    app = connect("app")
    bonus, expired = grant(app, "key-1")["bonus_id"], grant(app, "key-2", 7)["bonus_id"]
    end(app, "convert", bonus)
    end(app, "expire", expired)
    assert end(app, "expire", expired)["duplicate"]
    before = rows(app, ROWS), rows(app, "SELECT id FROM bonus_events ORDER BY id"), balance(app)
    with refused("BL005", "key-1", "amount"):
        grant(app, "key-1", 26)
    for amount in (0, -1, "NaN", None):
        with refused("BL001", "amount"):
            grant(app, "key-3", amount)
    with refused("BL001", "idempotency_key"):
        grant(app, None)
    with refused("BL003", "converted", "expired"):
        end(app, "expire", bonus)
    with refused("BL003", "expired", "converted"):
        end(app, "convert", expired)
    for how in ("convert", "expire"):
        with refused("BL002", "bonus", "nothing"):
            end(app, how, "nothing")
    assert (rows(app, ROWS), rows(app, "SELECT id FROM bonus_events ORDER BY id"), balance(app)) == before
    # The key of a refused call may be used.
    assert not grant(app, "key-3")["duplicate"]


def test_a_client_that_inserts_the_event_itself_meets_the_function(connect: Connect) -> None:
    app = connect("app")
    app.execute(
        'INSERT INTO bonus_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)'
        " VALUES (gen_random_uuid(), 10001, 'own', 'V1_BONUSES_BONUS_GRANTED',"
        """ '{"user_id": "anna", "amount": "25"}', 1767225600000, 1, '{"idempotency_key": "key-1"}')"""
    )
    assert (grant(app, "key-1")["bonus_id"], grant(app, "key-1")["duplicate"]) == ("own", True)
    assert end(app, "convert", "own")["status"] == "converted" and balance(app) == 25


def test_of_calls_at_the_same_moment_one_is_done(connect: Connect) -> None:
    apps = [connect("app") for _ in range(4)]

    def outcome(app: psycopg.Connection, how: str, bonus: str) -> str:
        try:
            return "repeated" if end(app, how, bonus)["duplicate"] else how
        except psycopg.Error as error:
            return str(error.sqlstate)

    with ThreadPoolExecutor(4) as threads:
        for turn in range(8):
            granted = list(threads.map(lambda app, key=f"key-{turn}": grant(app, key), apps))
            assert [g["duplicate"] for g in granted].count(False) == 1
            bonus, before = granted[0]["bonus_id"], balance(apps[0])
            hows = ("convert", "expire", "convert", "expire")
            got = sorted(threads.map(outcome, apps, hows, [bonus] * 4))
            done = "convert" if "convert" in got else "expire"
            assert got == sorted(["BL003", "BL003", "repeated", done])
            assert balance(apps[0]) - before == (25 if done == "convert" else 0)
    assert rows(connect("operator"), "SELECT * FROM ops.verify_projections()") == []


def test_late_and_tied_events_land_where_they_belong(connect: Connect) -> None:
    app, operator = connect("app"), connect("operator")
    for tenant, (order, apart) in enumerate(
        itertools.product(itertools.permutations(("GRANTED", "EXPIRED")), (0, 5, -5)), 1
    ):
        for kind in order:
            event(app, kind, T0 + (apart if kind == "EXPIRED" else 0), tenant)
    shown = rows(app, ROWS)
    assert {(r["user_id"], r["amount"], r["status"]) for r in shown} == {("anna", 25, "expired")} and len(shown) == 6
    assert {r["last_updated_at"] - r["created_at"] for r in shown} == {timedelta(), timedelta(milliseconds=5)}
    # What a function stores folds last, also after an event of a clock that is ahead.
    event(app, "GRANTED", int(time.time() * 1000) + 3_600_000, 99)
    assert end(app, "convert", "bonus-1", 99)["status"] == "converted"
    stored = rows(app, 'SELECT event_type FROM bonus_events WHERE tenant_id = 99 ORDER BY "timestamp", event_type DESC')
    assert [r["event_type"] for r in stored] == ["V1_BONUSES_BONUS_GRANTED", "V1_BONUSES_BONUS_CONVERTED"]
    assert rows(operator, "SELECT * FROM ops.verify_projections()") == []
    operator.execute("CALL ops.rebuild_projection('bonuses_view')")
    assert rows(app, ROWS)[:6] == shown


def test_a_tenant_is_kept_to_its_own(connect: Connect) -> None:
    app, tenant = connect("app"), connect("tenant")
    mine, foreign = grant(app, "key-1", 25, TENANT), grant(app, "key-1", 7, OTHER)
    assert not foreign["duplicate"] and mine["bonus_id"] != foreign["bonus_id"]
    assert rows(tenant, ROWS) == []
    with tenant.transaction():
        tenant.execute("SET LOCAL app.tenant_id = '10002'")
        assert [r["bonus_id"] for r in rows(tenant, ROWS)] == [foreign["bonus_id"]]
        assert end(tenant, "convert", foreign["bonus_id"], OTHER)["status"] == "converted"
        assert not grant(tenant, "key-2", 1, OTHER)["duplicate"]
    for call in (
        lambda: grant(tenant, "key-3"),
        lambda: end(tenant, "convert", mine["bonus_id"]),
        lambda: event(tenant, "GRANTED", T0),
    ):
        with refused("BL006"), tenant.transaction():
            tenant.execute("SET LOCAL app.tenant_id = '10002'")
            call()
    with refused("BL002"):
        end(app, "convert", mine["bonus_id"], OTHER)
    assert (balance(app, TENANT), balance(app, OTHER)) == (0, 7)


def test_a_suspended_tenant_is_read_and_not_written(connect: Connect) -> None:
    app, operator = connect("app"), connect("operator")
    bonus = grant(app, "key-1")
    operator.execute("SELECT ops.create_tenant(10001, 'North', 'EUR', 2)")
    with refused("BL001", "1.005"):
        grant(app, "key-2", "1.005")
    operator.execute("SELECT ops.set_tenant_status(10001, 'suspended')")
    assert grant(app, "key-1") == bonus | {"duplicate": True}
    for call in (lambda: grant(app, "key-2"), lambda: end(app, "convert", bonus["bonus_id"])):
        with refused("BL008"):
            call()


def test_the_feed_tells_it_and_the_contract_is_as_committed(connect: Connect) -> None:
    app, operator = connect("app"), connect("operator")
    end(app, "convert", grant(app, "key-1")["bonus_id"])
    read = rows(app, "SELECT event_table, event_type FROM feed(%s)", TENANT)
    assert [r["event_type"] for r in read] == [
        "V1_BONUSES_BONUS_GRANTED", "V1_BONUSES_BONUS_CONVERTED", "V1_BALANCES_BALANCE_INCREASED",
    ]  # fmt: skip
    committed = json.loads((Path(__file__).parents[1] / "db" / "api.json").read_text())
    ((contract,),) = operator.execute("SELECT ops.contract()").fetchall()
    named = {kind: {name for name in things if "bonus" in name.lower()} for kind, things in contract.items()}
    assert {kind: len(names) for kind, names in named.items()} == {
        "functions": 3,
        "tables": 2,
        "types": 1,
        "event_types": 3,
        "roles": 0,
    }
    for kind, names in named.items():
        assert {name: contract[kind][name] for name in names} == {
            name: told for name, told in committed[kind].items() if "bonus" in name.lower()
        }
