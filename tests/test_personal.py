"""Erasing a person from an append-only ledger: the key goes, and with it what was encrypted, wherever it was copied."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from betledger.database import on_citus
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from ledger import OTHER, TENANT, call, one, place, refused, rows, state, unchanged

ROW = "SELECT key, erased_at FROM personal_keys WHERE tenant_id = %s AND user_id = %s"


def test_one_key_for_a_person_of_a_tenant(connect):
    app = connect("app")
    first = call(app, "personal_key", TENANT, "anna")
    assert (first["tenant_id"], first["user_id"], len(first["key"])) == (TENANT, "anna", 32)
    assert call(app, "personal_key", TENANT, "anna") == first
    keys = {call(app, "personal_key", *of)["key"] for of in ((TENANT, "anna"), (OTHER, "anna"), (TENANT, "bert"))}
    assert len(keys) == 3


def test_a_key_that_is_there_is_read_where_nothing_may_be_written(connect):
    app = connect("app")
    first = call(app, "personal_key", TENANT, "anna")
    app.execute("SET default_transaction_read_only = on")
    assert call(app, "personal_key", TENANT, "anna") == first
    if not on_citus(app):
        with refused("25006", hint=False):
            call(app, "personal_key", TENANT, "bert")


def test_many_at_once_get_the_same_key(connect):
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: call(connect("app"), "personal_key", TENANT, "anna")["key"], range(16)))
    assert len(keys) == 1


def test_what_was_encrypted_is_gone_with_the_key_and_money_stays(connect, db):
    app = connect("app")
    cipher = AESGCM(call(app, "personal_key", TENANT, "u1")["key"])
    nonce = b"twelve bytes"
    secret = base64.b64encode(nonce + cipher.encrypt(nonce, b"Anna Example, Main Street 1", None)).decode()
    place(app, metadata=f'{{"person": "{secret}"}}')
    before = state(db)

    def read() -> bytes:
        stored = base64.b64decode(one(app, "SELECT metadata ->> 'person' AS person FROM bet_events")["person"])
        return AESGCM(call(app, "personal_key", TENANT, "u1")["key"]).decrypt(stored[:12], stored[12:], None)

    assert read() == b"Anna Example, Main Street 1"
    erased = call(app, "erase_person", TENANT, "u1")
    assert erased["duplicate"] is False and erased["erased_at"] is not None
    with refused("BL007", "'u1'", str(TENANT)):
        read()
    assert state(db) == before
    # Nor with any key that is still there.
    with pytest.raises(InvalidTag):
        stored = base64.b64decode(secret)
        AESGCM(call(app, "personal_key", TENANT, "u2")["key"]).decrypt(stored[:12], stored[12:], None)
    assert one(db, ROW, (TENANT, "u1"))["key"] is None


def test_a_person_is_erased_once_and_for_good(connect, db):
    app = connect("app")
    call(app, "personal_key", OTHER, "anna")
    first = call(app, "erase_person", TENANT, "anna")
    again = call(app, "erase_person", TENANT, "anna")
    assert (first["duplicate"], again["duplicate"]) == (False, True) and first["erased_at"] == again["erased_at"]
    with refused("BL007", "'anna'"):
        call(app, "personal_key", TENANT, "anna")
    assert call(app, "personal_key", OTHER, "anna")["key"]
    for change in (
        "UPDATE personal_keys SET key = sha256('x'), erased_at = NULL WHERE user_id = 'anna'",
        "UPDATE personal_keys SET erased_at = now() WHERE key IS NULL",
    ):
        try:
            assert app.execute(change.encode()).rowcount == 0
        except psycopg.Error as error:
            assert error.sqlstate == "42501"
    assert one(db, ROW, (TENANT, "anna")) == {"key": None, "erased_at": first["erased_at"]}
    assert one(db, ROW, (OTHER, "anna"))["erased_at"] is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE personal_keys SET key = sha256('x')",
        "UPDATE personal_keys SET user_id = 'x'",
        "UPDATE personal_keys SET tenant_id = 1",
        "DELETE FROM personal_keys",
        "TRUNCATE personal_keys",
    ],
)
@pytest.mark.parametrize("role", ["app", "tenant_login", "reader", "operator"])
def test_nobody_changes_a_key(connect, db, role, statement):
    key = call(connect("app"), "personal_key", TENANT, "anna")["key"]
    conn = connect(role, autocommit=False)
    conn.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
    # Citus refuses to move a row to another tenant before PostgreSQL does.
    with refused("0A000" if on_citus(db) and "tenant_id" in statement else "42501", hint=False):
        conn.execute(statement)
    assert one(db, ROW, (TENANT, "anna"))["key"] == bytes(key)


@pytest.mark.parametrize("role", ["reader", "operator"])
def test_analysts_and_operators_read_no_key(connect, role):
    call(connect("app"), "personal_key", TENANT, "anna")
    for statement in ("SELECT FROM personal_keys", f"SELECT * FROM personal_key({TENANT}, 'anna')"):
        with refused("42501", hint=False):
            connect(role).execute(statement)


def test_a_tenant_has_the_keys_of_its_own_persons(connect, db):
    for tenant in (TENANT, OTHER):
        call(connect("app"), "personal_key", tenant, "anna")
    conn = connect("tenant_login", autocommit=False)
    conn.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
    assert [r["tenant_id"] for r in rows(conn, "SELECT tenant_id FROM personal_keys")] == [TENANT]
    assert call(conn, "erase_person", TENANT, "anna")["duplicate"] is False
    conn.commit()
    conn.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
    for function in ("personal_key", "erase_person"):
        with refused("BL006", str(OTHER)), conn.transaction():
            call(conn, function, OTHER, "anna")
    assert one(db, ROW, (OTHER, "anna"))["key"] is not None
    conn.rollback()
    assert rows(conn, "SELECT FROM personal_keys") == []


@pytest.mark.parametrize("function", ["personal_key", "erase_person"])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((TENANT, None), ("user_id", "null")),
        ((TENANT, ""), ("user_id", "''")),
        ((TENANT, "x" * 201), ("user_id",)),
        ((0, "anna"), ("tenant_id", "0")),
        ((-1, "anna"), ("tenant_id", "-1")),
    ],
)
def test_bad_arguments(connect, db, function, arguments, words):
    with unchanged(db), refused("BL001", *words):
        call(connect("app"), function, *arguments)
    assert rows(db, "SELECT FROM personal_keys") == []
