"""What PostgREST sets for a request, and then calls; the same in one transaction, without PostgREST."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from ledger import OTHER, TENANT, call, event, insert, place, refused, rows, unchanged

CONFIG = Path(__file__).parent.parent / "docs" / "postgrest.conf"
KEY = {"idempotency-key": "key-1"}


@pytest.fixture
def request_of(connect: Callable[..., psycopg.Connection], db: psycopg.Connection) -> Callable[..., object]:
    """A transaction as PostgREST begins it, up to the main statement."""
    for tenant in (TENANT, OTHER):
        place(db, tenant)

    @contextmanager
    def begun(
        headers: dict[str, str] | None, method: str | None = "GET", role: str = "tenant_login", claims: object = None
    ) -> Iterator[psycopg.Connection]:
        conn = connect(role, autocommit=False)
        settings = {"role": role, "request.method": method}
        settings |= {"request.headers": None if headers is None else json.dumps(headers)}
        settings |= {"request.jwt.claims": claims if claims is None else json.dumps(claims)}
        for name, value in settings.items():
            if value is not None:
                conn.execute("SELECT set_config(%s, %s, true)", (name, value))
        conn.execute("SELECT http.pre_request()")
        yield conn
        conn.commit()

    return begun


@pytest.mark.parametrize("tenant", [TENANT, OTHER])
def test_a_request_sees_the_tenant_of_its_header_and_the_next_one_on_the_same_connection_nothing(request_of, tenant):
    with request_of({"x-tenant-id": str(tenant), "accept": "*/*"}) as conn:
        assert [r["tenant_id"] for r in rows(conn, "SELECT tenant_id FROM bets_view")] == [tenant]
        assert [r["tenant_id"] for r in rows(conn, "SELECT tenant_id FROM tenants_summary_view")] == [tenant]
    assert rows(conn, "SELECT tenant_id FROM bets_view") == []


def test_a_request_writes_for_its_tenant_only(request_of, db):
    with request_of({"x-tenant-id": str(TENANT)} | KEY, "POST") as conn:
        assert call(conn, "deposit", TENANT, "anna", 5, "key-1")["balance"] == 5
    with refused("BL006", str(OTHER)), request_of({"x-tenant-id": str(TENANT)} | KEY, "POST") as conn:
        call(conn, "deposit", OTHER, "anna", 5, "key-1")
    assert rows(db, "SELECT tenant_id, balance FROM user_balances_view") == [{"tenant_id": TENANT, "balance": 5}]


@pytest.mark.parametrize("tenant", [1, 10**17, 10**18, 1541815603606036480, 2**63 - 1])
def test_every_tenant_of_64_bits_is_behind_its_wall(request_of, db, tenant):
    with request_of({"x-tenant-id": str(tenant)} | KEY, "POST") as conn:
        assert call(conn, "deposit", tenant, "anna", 5)["balance"] == 5
    with (
        refused("BL004", "'anna'"),
        request_of({"x-tenant-id": str(tenant), "idempotency-key": "key-2"}, "POST") as conn,
    ):
        call(conn, "withdraw", tenant, "anna", 6)
    assert rows(db, "SELECT tenant_id, balance FROM user_balances_view") == [{"tenant_id": tenant, "balance": 5}]


CALLS = {
    "place_bet": ("place_bet", TENANT, "anna", 1, 2, "f1"),
    "confirm_bet": ("confirm_bet", TENANT, "bet-1"),
    "settle_bet": ("settle_bet", TENANT, "bet-1", "loss", 0),
    "cancel_bet": ("cancel_bet", TENANT, "bet-1", "rain"),
    "deposit": ("deposit", TENANT, "anna", 5),
    "withdraw": ("withdraw", TENANT, "anna", 5),
    "complete_payment": ("complete_payment", TENANT, "p1"),
    "fail_payment": ("fail_payment", TENANT, "p1", None),
    "resettle_bet": ("resettle_bet", TENANT, "bet-2", "loss", 0),
    "void_bet": ("void_bet", TENANT, "bet-2", "wrong odds"),
    "reverse_payment": ("reverse_payment", TENANT, "p2", "chargeback"),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_key_of_the_header_is_that_of_the_call(request_of, db, name):
    insert(db, event("V1_PAYMENTS_DEPOSIT_CREATED", aggregate="p1"))
    insert(db, event("V1_BALANCES_BALANCE_INCREASED", aggregate="b", data={"user_id": "anna"}))
    # What can be corrected.
    place(db, bet="bet-2")
    insert(db, event("V1_BETS_BET_SETTLED", aggregate="bet-2"))
    insert(db, event("V1_PAYMENTS_DEPOSIT_CREATED", aggregate="p2"))
    insert(db, event("V1_PAYMENTS_DEPOSIT_COMPLETED", aggregate="p2"))
    for expected in (False, True):
        with request_of({"x-tenant-id": str(TENANT)} | KEY, "POST") as conn:
            assert call(conn, *CALLS[name])["duplicate"] is expected
    keys = rows(
        db, "SELECT metadata ->> 'idempotency_key' AS k FROM bet_events UNION ALL"
        " SELECT metadata ->> 'idempotency_key' FROM payment_events"
    )  # fmt: skip
    assert [row["k"] for row in keys].count("key-1") == 1
    # The same once more, and another one.
    arguments = CALLS[name]
    with request_of({"x-tenant-id": str(TENANT)} | KEY, "POST") as conn:
        assert call(conn, *arguments, "key-1")["duplicate"] is True
    with (
        unchanged(db),
        refused("BL001", "'key-2'", "'key-1'"),
        request_of({"x-tenant-id": str(TENANT)} | KEY, "POST") as conn,
    ):
        call(conn, *arguments, "key-2")


@pytest.mark.parametrize("key", [None, "key-2"])
def test_an_event_that_a_request_inserts_has_its_key(request_of, db, key):
    with unchanged(db), refused("BL001", "'key-1'"), request_of({"x-tenant-id": str(TENANT)} | KEY, "POST") as conn:
        place(conn, TENANT, "bet-2", key=key)
    with request_of({"x-tenant-id": str(TENANT)} | KEY, "POST") as conn:
        place(conn, TENANT, "bet-2", key="key-1")
    assert len(rows(db, "SELECT FROM bets_view WHERE bet_id = 'bet-2'")) == 1


@pytest.mark.parametrize("headers", [None, {}, {"x-tenant-id": ""}, {"X-Tenant": "10001"}])
def test_a_request_without_a_tenant_is_refused(request_of, headers):
    with refused("PT400", "Missing X-Tenant-Id header"), request_of(headers):
        pass


@pytest.mark.parametrize(
    "value",
    ["0", "-1", "abc", "1.5", "1e3", "010001", " 10001", "10001 ", "10001,10002", "10001 OR 1=1", "9" * 19, "9223372036854775808", "1" + "0" * 19, "١", "+1", "null", "'"],
)  # fmt: skip
def test_a_tenant_that_is_no_whole_number_above_0_is_refused(request_of, value):
    with refused("PT400", "Invalid X-Tenant-Id format"), request_of({"x-tenant-id": value}):
        pass


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE", None])
def test_a_request_that_writes_needs_a_key(request_of, method):
    for headers in ({}, {"idempotency-key": ""}):
        with (
            refused("PT400", "Missing Idempotency-Key header"),
            request_of({"x-tenant-id": str(TENANT)} | headers, method),
        ):
            pass
    with (
        refused("PT400", "Invalid Idempotency-Key format"),
        request_of({"x-tenant-id": "1", "idempotency-key": "x" * 201}, method),
    ):
        pass
    with request_of({"x-tenant-id": str(TENANT), "idempotency-key": "x" * 200}, method) as conn:
        assert len(rows(conn, "SELECT FROM bets_view")) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_request_that_reads_needs_none(request_of, method):
    with request_of({"x-tenant-id": str(TENANT)}, method) as conn:
        assert len(rows(conn, "SELECT FROM bets_view")) == 1


def test_a_token_of_another_tenant_is_refused(request_of):
    for claimed in (OTHER, str(OTHER)):
        with refused("PT403", "token"), request_of({"x-tenant-id": str(TENANT)}, claims={"tenant_id": claimed}):
            pass
    for claims in ({"tenant_id": TENANT}, {"tenant_id": str(TENANT)}, {"sub": "anna"}):
        with request_of({"x-tenant-id": str(TENANT)}, claims=claims) as conn:
            assert len(rows(conn, "SELECT FROM bets_view")) == 1


@pytest.mark.not_on_citus("a role that cannot log in reaches no node: there, requests log in as members of the group")
def test_a_token_with_a_trusted_role_goes_behind_the_wall_too(request_of, db):
    # Roles belong to the server: other tests have them, too.
    db.execute("GRANT betledger_tenant TO app")
    try:
        with request_of({"x-tenant-id": str(TENANT)}, role="app") as conn:
            assert conn.execute("SELECT current_user").fetchone() == ("betledger_tenant",)
            assert [r["tenant_id"] for r in rows(conn, "SELECT tenant_id FROM bets_view")] == [TENANT]
    finally:
        db.execute("REVOKE betledger_tenant FROM app")


def test_who_may_not_go_behind_the_wall_is_refused(request_of):
    with refused("42501", "betledger_tenant", hint=False), request_of({"x-tenant-id": str(TENANT)}, role="app"):
        pass
    for role in ("reader", "operator", "stranger"):
        with refused("42501", hint=False), request_of({"x-tenant-id": str(TENANT)}, role=role):
            pass


def test_the_configuration_names_what_is_there(db):
    config = dict(
        line.split(" = ", 1) for line in CONFIG.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"
    )
    config = {name: json.loads(value) for name, value in config.items()}
    assert rows(db, "SELECT to_regproc(%s) IS NOT NULL AS there", (config["db-pre-request"],)) == [{"there": True}]
    assert config["db-schemas"] == "public" and config["db-plan-enabled"] is False
    # It must not be an endpoint itself, and it runs as who logs in.
    assert not config["db-pre-request"].startswith("public.")
    assert f"//{config['db-anon-role']}@" in config["db-uri"]
