"""newname_events: any order of arrival gives the same rows, which are the fold of the events."""

import itertools
import json

import psycopg
import pytest

T0 = 1767225600000  # milliseconds
OPENED, CLOSED = "V1_NEWNAME_OPENED", "V1_NEWNAME_CLOSED"
ROWS = (
    "SELECT tenant_id, newname_id, user_id, amount::text, status, idempotency_key, created_at, last_updated_at"
    " FROM newname_view ORDER BY 1, 2"
)
INSERT = (
    "INSERT INTO newname_events"
    ' (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata)'
    " VALUES (gen_random_uuid(), %s, 'one', %s, %s, %s, 1, %s)"
)


def opened(db: psycopg.Connection, tenant: int, key: str | None = None, at: int = T0) -> None:
    data, metadata = {"user_id": "anna", "amount": "10.50"}, {"idempotency_key": key} if key else {}
    db.execute(INSERT, (tenant, OPENED, json.dumps(data), at, json.dumps(metadata)))


def closed(db: psycopg.Connection, tenant: int, at: int = T0) -> None:
    db.execute(INSERT, (tenant, CLOSED, "{}", at, None))


def differences(db: psycopg.Connection) -> list[tuple[object, ...]]:
    return db.execute("SELECT * FROM ops.verify_projections()").fetchall()


def test_any_order_gives_the_same_row(betledger_database: str) -> None:
    """Also where both are of the same millisecond; and what is closed stays closed, whatever is dated later."""
    with psycopg.connect(betledger_database, autocommit=True) as db:
        for tenant, (order, later) in enumerate(itertools.product(("oc", "co"), (0, 1, -1)), 1):
            for event in order:
                opened(db, tenant) if event == "o" else closed(db, tenant, T0 + later)
        assert {row[1:5] for row in db.execute(ROWS)} == {("one", "anna", "10.50", "closed")}
        assert differences(db) == []


def test_a_key_is_one_event_until_it_is_purged(betledger_database: str) -> None:
    with psycopg.connect(betledger_database, autocommit=True) as db:
        opened(db, 10001, "key-1")
        with pytest.raises(psycopg.errors.UniqueViolation):
            opened(db, 10001, "key-1")
        opened(db, 10002, "key-1")
        assert [row[5] for row in db.execute(ROWS)] == ["key-1", "key-1"]
        db.execute("CALL ops.purge_idempotency_keys('0')")
        assert [row[5] for row in db.execute(ROWS)] == [None, None]
        assert differences(db) == []


def test_what_is_damaged_is_found_and_rebuilt(betledger_database: str) -> None:
    with psycopg.connect(betledger_database, autocommit=True) as db:
        opened(db, 10001, "key-1")
        closed(db, 10001)
        before = db.execute(ROWS).fetchall()
        db.execute("UPDATE newname_view SET amount = 0")
        assert len(differences(db)) == 1
        db.execute("CALL ops.rebuild_projection('newname_view')")
        assert db.execute(ROWS).fetchall() == before and differences(db) == []


def test_a_bad_amount_is_refused(betledger_database: str) -> None:
    with psycopg.connect(betledger_database, autocommit=True) as db:
        with pytest.raises(psycopg.Error) as refused:
            db.execute(INSERT, (10001, OPENED, '{"user_id": "anna", "amount": -1}', T0, None))
        assert refused.value.sqlstate == "BL001" and "amount" in str(refused.value)


def test_the_feed_and_a_tenant_see_its_own_events(betledger_database: str) -> None:
    with psycopg.connect(betledger_database) as db:
        opened(db, 10001)
        db.commit()
        db.execute("SET LOCAL ROLE betledger_tenant")
        db.execute("SET LOCAL app.tenant_id = '10002'")
        opened(db, 10002)
        assert [row[0] for row in db.execute(ROWS)] == [10002]
        db.commit()
        assert [row[0] for row in db.execute("SELECT event_type FROM feed(10001)")] == [OPENED]
        db.execute("SET LOCAL ROLE betledger_tenant")
        db.execute("SET LOCAL app.tenant_id = '10002'")
        with pytest.raises(psycopg.Error) as refused:
            opened(db, 10001)
        assert refused.value.sqlstate == "BL006"
