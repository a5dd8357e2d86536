"""The same questions to each service of examples/, over HTTP: it keeps tenants apart, counts money once, and says no in one line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import betledger
import conftest
import httpx
import psycopg
import pytest
from conftest import PASSWORD, TEMPLATE
from ledger import TENANT, rows
from manual import DOCS, table
from psycopg import conninfo
from services import EXAMPLES, NAMES, Service, require, running, url_of
from test_guide import BALANCE, BET, INSERT, Client, bet_of_a_request, now_ms

BET_OF_GUIDE = {"user_id": "user-1", "stake": "10.5", "odds": "1.85", "fixture_id": "match-7"}


@pytest.fixture(scope="module")
def database(postgresql_noproc: Any) -> Iterator[str]:
    """A ledger of this module, with the table of the consumer; the tests keep apart by their tenants."""
    server = postgresql_noproc
    dsn = conninfo.make_conninfo("", host=server.host, port=server.port, user=server.user, password=server.password)
    dsn, name = conninfo.make_conninfo(dsn, dbname="postgres"), "services"
    with psycopg.connect(dsn, autocommit=True) as connection:
        if conftest._cluster:
            conftest._cluster.create(name, TEMPLATE)
        else:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {server.template_dbname}")
        url = conninfo.make_conninfo(dsn, dbname=name)
        betledger.migrate(url, teams=[EXAMPLES / "consumer"])
        yield url
        if conftest._cluster:
            conftest._cluster.drop(name)
        else:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def db(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module", params=NAMES)
def service(request: pytest.FixtureRequest, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    log = tmp_path_factory.mktemp(request.param) / "log"
    with running(request.param, url_of(database, "tenant_login", PASSWORD), log) as started:
        yield started


@pytest.fixture
def tenant(service: Service) -> str:
    return service.new_tenant()


def refused(response: httpx.Response, status: int, code: str, *words: str) -> None:
    """The answer is an error in one line of JSON, with these words, and no word of how it came to it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/json") and "\n" not in response.text
    answer = response.json()
    error = answer["error"]
    assert list(answer) == ["error"] and list(error) == ["code", "message", "hint"] and error["message"]
    assert error["code"] == code, response.text
    assert all(word in response.text for word in words), response.text
    assert not re.search(r"Traceback|node_modules|\.php|\.py\b|CONTEXT|PL/pgSQL|INSERT INTO", response.text), response.text


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as threads:
        return [answer.result() for answer in [threads.submit(call) for call in calls]]


def bet(user: str = "anna", stake: str = "10.50", **more: Any) -> dict[str, Any]:
    return {"user_id": user, "stake": stake, "odds": "1.85", "fixture_id": "match-7"} | more


# What it is for ------------------------------------------------------------------------------------------------------


def test_a_bet_lives(service: Service, tenant: str) -> None:
    placed = service.ask("POST", "/bets", tenant, "k1", bet())
    assert placed.status_code == 201
    row = placed.json()
    path = f"/bets/{row['bet_id']}"
    expected = {
        "tenant_id": tenant, "user_id": "anna", "stake": "10.50", "odds": "1.85", "fixture_id": "match-7", "status": "placed",
        "result": None, "payout": None, "idempotency_key": "k1", "duplicate": False,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["created_at"])
    # At once, without a wait.
    assert service.get(tenant, path) == {name: value for name, value in row.items() if name != "duplicate"}
    assert service.post(tenant, f"{path}/confirm", "k2")["status"] == "confirmed"
    settled = service.post(tenant, f"{path}/settle", "k3", {"result": "win", "payout": "19.43"})
    assert (settled["status"], settled["result"], settled["payout"]) == ("settled", "win", "19.43")
    refused(service.ask("POST", f"{path}/cancel", tenant, "k4", {"reason": "late"}), 409, "BL003", "settled")
    history = service.get(tenant, f"{path}/events")
    assert [event["event_type"] for event in history] == [f"V1_BETS_BET_{step}" for step in ("PLACED", "CONFIRMED", "SETTLED")]
    assert history[0]["event_data"]["stake"] == "10.50" and history[0]["timestamp"].isdigit()
    assert service.get(tenant, "/events", to=history[0]["timestamp"]) == {"events": [history[0]], "next_page": None}
    other = service.post(tenant, "/bets", "k5", bet())
    assert service.post(tenant, f"/bets/{other['bet_id']}/cancel", "k6")["status"] == "cancelled"


def test_a_bet_from_the_balance_and_its_statement(service: Service, tenant: str) -> None:
    nothing = service.get(tenant, "/users/anna/balance")
    assert (nothing["balance"], nothing["transaction_count"], nothing["last_transaction_at"]) == ("0", 0, None)
    paid = service.ask("POST", "/payments", tenant, "p1", {"user_id": "anna", "amount": "100.25"})
    assert paid.status_code == 201 and paid.json()["balance"] == "100.25" and paid.json()["type"] == "deposit"
    refused(service.ask("POST", "/bets", tenant, "b0", bet(stake="100.26", from_balance=True)), 402, "BL004", "100.25")
    won = service.post(tenant, "/bets", "b1", bet(stake="40", from_balance=True))
    lost = service.post(tenant, "/bets", "b2", bet(stake="10", from_balance=True))
    service.post(tenant, f"/bets/{won['bet_id']}/settle", "s1", {"result": "win", "payout": "80"})
    service.post(tenant, f"/bets/{lost['bet_id']}/settle", "s2", {"result": "loss", "payout": "0"})
    taken = service.ask("POST", "/withdrawals", tenant, "w1", {"user_id": "anna", "amount": "30"})
    assert taken.status_code == 201 and taken.json()["balance"] == "100.25"
    all_of_it = service.get(tenant, "/users/anna/statement")
    opening, *movements, closing = all_of_it["entries"]
    assert [movement["amount"] for movement in movements] == ["100.25", "-40", "-10", "80", "-30"]
    assert [movement["cause_id"] for movement in movements][1:4] == [won["bet_id"], lost["bet_id"], won["bet_id"]]
    balance = Decimal(opening["balance"])
    for movement in movements:
        balance += Decimal(movement["amount"])
        assert Decimal(movement["balance"]) == balance
    assert closing["balance"] == service.get(tenant, "/users/anna/balance")["balance"] == str(balance)
    found, after = [], {}
    while after is not None:
        page = service.get(tenant, "/users/anna/statement", limit="2", **after)
        found += page["entries"]
        after = {"after": page["next_page"]} if page["next_page"] else None
    assert found == all_of_it["entries"] and all_of_it["next_page"] is None


def test_money_is_exact(service: Service, tenant: str) -> None:
    """Far beyond what a float holds, in and out, in events too."""
    large, small = "12345678901234567890.123456789012345678", "0.000000000000000001"
    for key, amount in (("p1", large), ("p2", small)):
        service.post(tenant, "/payments", key, {"user_id": "anna", "amount": amount})
    assert service.get(tenant, "/users/anna/balance")["balance"] == "12345678901234567890.123456789012345679"
    placed = service.post(tenant, "/bets", "b1", bet(stake=large))
    assert service.post(tenant, "/bets", "b2", bet(stake=small))["stake"] == small
    assert (placed["stake"], service.get(tenant, f"/bets/{placed['bet_id']}")["stake"]) == (large, large)
    assert [event["event_data"]["stake"] for event in service.get(tenant, f"/bets/{placed['bet_id']}/events")] == [large]
    refused(service.ask("POST", "/payments", tenant, "p3", {"user_id": "anna", "amount": 0.1}), 400, "BL001", "amount")


# Tenants, keys, races ------------------------------------------------------------------------------------------------


def test_tenants_do_not_see_each_other(service: Service, tenant: str) -> None:
    other = service.new_tenant()
    service.post(tenant, "/payments", "p", {"user_id": "anna", "amount": "5"})
    path = f"/bets/{service.post(tenant, '/bets', 'b', bet())['bet_id']}"
    refused(service.ask("GET", path, other), 404, "BL002", other)
    for step, body in (("confirm", None), ("settle", {"result": "loss", "payout": "0"}), ("cancel", {})):
        refused(service.ask("POST", f"{path}/{step}", other, step, body), 404, "BL002")
    assert service.get(other, f"{path}/events") == []
    assert service.get(other, "/users/anna/bets")["bets"] == service.get(other, "/events")["events"] == []
    assert service.get(other, "/users/anna/balance")["balance"] == "0"
    # The same key and the same user are others there.
    answer = service.ask("POST", "/payments", other, "p", {"user_id": "anna", "amount": "7"})
    assert answer.status_code == 201 and answer.json()["balance"] == "7"
    # Requests of both at once share connections, and no setting is left behind on one.
    answers = at_once(*(lambda t=t: service.get(t, "/users/anna/balance")["balance"] for t in [tenant, other] * 8))
    assert answers == ["5", "7"] * 8
    assert service.get(tenant, path)["status"] == "placed"


def test_a_key_has_one_effect(service: Service, tenant: str) -> None:
    answers = at_once(*[lambda: service.ask("POST", "/bets", tenant, "k1", bet())] * 8)
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["bet_id"] for answer in answers}) == 1
    assert len(service.get(tenant, "/users/anna/bets")["bets"]) == 1
    refused(service.ask("POST", "/bets", tenant, "k1", bet(stake="11")), 422, "BL005", "stake")
    # 10.5 is 10.50: another way to write the same.
    assert service.ask("POST", "/bets", tenant, "k1", bet(stake="10.5")).json()["duplicate"] is True
    paid = at_once(*[lambda: service.post(tenant, "/payments", "p1", {"user_id": "anna", "amount": "5"})] * 8)
    assert sum(not answer["duplicate"] for answer in paid) == 1
    assert service.get(tenant, "/users/anna/balance")["balance"] == "5"
    path = f"/bets/{answers[0].json()['bet_id']}/settle"
    settled = at_once(*[lambda: service.post(tenant, path, "s1", {"result": "win", "payout": "20"})] * 4)
    assert {answer["payout"] for answer in settled} == {"20"} and sum(not answer["duplicate"] for answer in settled) == 1


def test_one_of_two_settlements_wins(service: Service, tenant: str) -> None:
    service.post(tenant, "/payments", "p1", {"user_id": "anna", "amount": "40"})
    outcomes = [{"result": "win", "payout": "20"}, {"result": "loss", "payout": "0"}, {"result": "void", "payout": "10"}]
    balance = Decimal(40)
    for n in range(4):
        placed = service.post(tenant, "/bets", f"b{n}", bet(stake="10", from_balance=True))
        path = f"/bets/{placed['bet_id']}/settle"
        calls = [lambda o=o, p=path, n=n: service.ask("POST", p, tenant, f"s{n}-{o['result']}", o) for o in outcomes]
        answers = at_once(*calls)
        won = [answer.json() for answer in answers if answer.status_code == 200]
        assert len(won) == 1 and [a.status_code for a in answers if a.status_code != 200] == [409, 409]
        balance += Decimal(won[0]["payout"]) - 10
        assert service.get(tenant, f"/bets/{placed['bet_id']}")["result"] == won[0]["result"]
    assert Decimal(service.get(tenant, "/users/anna/balance")["balance"]) == balance


def test_parallel_withdrawals_never_overdraw(service: Service, tenant: str) -> None:
    service.post(tenant, "/payments", "p1", {"user_id": "anna", "amount": "100"})
    body = {"user_id": "anna", "amount": "30"}
    answers = at_once(*(lambda n=n: service.ask("POST", "/withdrawals", tenant, f"w{n}", body) for n in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [402] * 9
    assert service.get(tenant, "/users/anna/balance")["balance"] == "10"
    refused(next(answer for answer in answers if answer.status_code == 402), 402, "BL004", "10")
    # What was refused has used no key.
    service.post(tenant, "/payments", "p2", {"user_id": "anna", "amount": "20"})
    key = next(f"w{n}" for n, answer in enumerate(answers) if answer.status_code == 402)
    assert service.post(tenant, "/withdrawals", key, body)["balance"] == "0"


def test_pages_neither_repeat_nor_miss(service: Service, tenant: str) -> None:
    there = [bet["bet_id"] for bet in at_once(*(lambda n=n: service.post(tenant, "/bets", f"b{n}", bet()) for n in range(23)))]
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    for n in range(20):
        page = service.get(tenant, "/users/anna/bets", limit="4", **after)
        found += page["bets"]
        if page["next_page"] is None:
            break
        after = {"after": page["next_page"]}
        service.post(tenant, "/bets", f"new{n}", bet())
        service.post(tenant, f"/bets/{there[n]}/confirm", f"c{n}")
    ids = [bet["bet_id"] for bet in found]
    assert len(ids) == len(set(ids)) and set(there) <= set(ids)
    times = [bet["created_at"] for bet in found]
    assert times == sorted(times, reverse=True)
    confirmed = service.get(tenant, "/users/anna/bets", status="confirmed")["bets"]
    assert {bet["bet_id"] for bet in confirmed} == set(there[:n])
    refused(service.ask("GET", "/users/anna/bets", tenant, params={"after": "x"}), 400, "BL001")


# What is refused -----------------------------------------------------------------------------------------------------

NO_TENANTS = ["", "0", "01", "-1", "1.0", "1e3", "10001 10002", "abc", "9223372036854775808", "9999999999999999999", "1" * 30]
BAD_BODIES: list[Any] = [
    *({name: value for name, value in bet().items() if name != missing} for missing in bet()),
    *(bet(stake=stake) for stake in (10.5, 10, None, True, "", " 1", "1e3", "-1", "NaN", "1_0", "0x10", "１", "1.", ".5", "1\n", [], {})),
    bet(stake="0"), bet(stake="1" * 30), bet(stake="1." + "1" * 19), bet(stake="1" * 60000), bet(odds="0.5"),
    bet(user=""), bet(user="x" * 201), bet(user=7), bet(user=None), bet(user="anna\0x"), bet(fixture_id={"$ne": 1}),
    bet(from_balance="yes"), bet(from_balance=1), bet(unknown="x"), bet(tenant_id="1"), [], [bet()], "bet", 7,
]  # fmt: skip
BAD_TEXTS = [b"", b"{", b"null", b'{"user_id": "\\ud800", "stake": "1", "odds": "2", "fixture_id": "f"}', b"\xff\xfe", b"[" * 10000, b'{"__proto__": {}}']
BAD_QUERIES = ["limit=0", "limit=-1", "limit=1001", "limit=x", "limit=1&limit=2&limit=y", "from=x", "to=1.5", "status=open", "after=%00", "no=1"]


def test_bad_requests_are_refused_in_one_line(service: Service, tenant: str, db: psycopg.Connection) -> None:
    answers = [service.ask("POST", "/bets", given, "k", bet()) for given in NO_TENANTS]
    answers += [service.ask("GET", "/users/anna/balance", given) for given in NO_TENANTS]
    answers.append(service.ask("POST", "/bets", None, "k", bet()))
    both = [("X-Tenant-Id", tenant), ("X-Tenant-Id", "10002")]
    answers.append(service.http.get("/users/anna/balance", headers=both))
    for answer in answers:
        refused(answer, 400, "PT400", "X-Tenant-Id")
    for path in ("/bets", "/payments", "/withdrawals", "/bets/b/confirm", "/bets/b/settle", "/bets/b/cancel"):
        refused(service.ask("POST", path, tenant, None, {}), 400, "PT400", "Missing Idempotency-Key")
        refused(service.ask("POST", path, tenant, "x" * 201, {}), 400, "PT400", "Invalid Idempotency-Key")
    for body in BAD_BODIES:
        refused(service.ask("POST", "/bets", tenant, "k", json=body), 400, "BL001")
    as_json = {"Content-Type": "application/json"}
    for text in BAD_TEXTS:
        answer = service.ask("POST", "/bets", tenant, "k", content=text, headers=as_json)
        refused(answer, 400, answer.json()["error"]["code"])
    assert service.ask("POST", "/bets", tenant, "k", json=bet(user="x" * 100_000)).status_code == 413
    for query in BAD_QUERIES:
        refused(service.ask("GET", f"/users/anna/bets?{query}", tenant), 400, "BL001")
    for path in ("/bets/none", "/bets/no%27ne", "/none", "/bets/x/none"):
        answer = service.ask("GET", path, tenant)
        refused(answer, 404, "BL002" if path.startswith("/bets/no") else "PT404")
    for path in ("/bets/a%00b", "/bets/%ff", "/users/%E0%A4%A/balance"):
        # A path that is no UTF-8 names nothing; nobody takes it for another one.
        assert service.ask("GET", path, tenant).status_code in (200, 400, 404)
    assert service.ask("DELETE", "/bets/x", tenant, "k").status_code in (404, 405)
    assert rows(db, "SELECT FROM bet_events WHERE tenant_id = %s", (int(tenant),)) == []
    # It has come through all of it.
    assert service.ask("POST", "/bets", tenant, "k", bet()).status_code == 201


def test_a_tenant_that_is_suspended_is_read(service: Service, tenant: str, db: psycopg.Connection) -> None:
    service.post(tenant, "/payments", "p1", {"user_id": "anna", "amount": "5"})
    db.execute("SELECT ops.create_tenant(%s::bigint, 'x', 'EUR', 2)", (tenant,))
    refused(service.ask("POST", "/payments", tenant, "p2", {"user_id": "anna", "amount": "1.001"}), 400, "BL001", "1.001")
    db.execute("SELECT ops.set_tenant_status(%s::bigint, 'suspended')", (tenant,))
    refused(service.ask("POST", "/payments", tenant, "p3", {"user_id": "anna", "amount": "5"}), 403, "BL008")
    assert service.get(tenant, "/users/anna/balance")["balance"] == "5"
    assert service.post(tenant, "/payments", "p1", {"user_id": "anna", "amount": "5"})["duplicate"] is True


# A bet on the match `raise CODE n` fails with CODE, the first n times: what a sequence has counted is not rolled back.
HICCUPS = """
    CREATE SEQUENCE IF NOT EXISTS public.hiccups;
    CREATE OR REPLACE FUNCTION public.hiccup() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
    DECLARE
        v_words text[] := string_to_array(new.event_data ->> 'fixture_id', ' ');
    BEGIN
        IF v_words[1] = 'raise' AND nextval('public.hiccups') <= v_words[3]::int THEN
            RAISE EXCEPTION 'made to fail' USING ERRCODE = v_words[2], HINT = 'none';
        END IF;
        RETURN new;
    END $$;
    CREATE OR REPLACE TRIGGER a_hiccup BEFORE INSERT ON public.bet_events FOR EACH ROW EXECUTE FUNCTION public.hiccup();
    SELECT setval('public.hiccups', 1, false)"""
HTTP = {
    "BL001": 400, "BL002": 404, "BL003": 409, "BL004": 402, "BL005": 422, "BL006": 403, "BL007": 410, "BL008": 403,
    "BL010": 500, "BL020": 500, "BL030": 500, "BL031": 500, "BL032": 503, "BL033": 500, "23505": 409, "42501": 403,
    "40001": 503, "40P01": 503, "22003": 400, "53300": 503, "55P03": 503, "57014": 503, "XX000": 500,
}  # fmt: skip


@pytest.mark.not_on_citus("a trigger of the test is on the table")
def test_each_sqlstate_has_its_status(service: Service, tenant: str, db: psycopg.Connection) -> None:
    documented = {code for codes, _ in table(DOCS / "interface.md", "SQLSTATE") for code in re.findall(r"`(\w{5})`", codes)}
    assert {code for code in documented if not code.startswith("PT")} <= HTTP.keys()
    for code, status in HTTP.items():
        db.execute(HICCUPS)
        answer = service.ask("POST", "/bets", tenant, code, bet(fixture_id=f"raise {code} 1000"))
        refused(answer, status, code)
        # Of a fault of ours, clients are told nothing.
        assert ("made to fail" in answer.text) == (status < 500)
        tries = rows(db, "SELECT last_value AS n FROM public.hiccups")[0]["n"]
        assert tries == (6 if code in ("40001", "40P01") else 1), code
        # The session is as good as before.
        assert service.get(tenant, "/users/anna/bets")["bets"] == []


@pytest.mark.not_on_citus("a trigger of the test is on the table")
@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_what_others_came_between_is_done_again(service: Service, tenant: str, db: psycopg.Connection, code: str) -> None:
    db.execute(HICCUPS)
    answer = service.ask("POST", "/bets", tenant, "k", bet(fixture_id=f"raise {code} 3"))
    assert answer.status_code == 201 and answer.json()["duplicate"] is False
    assert rows(db, "SELECT last_value AS n FROM public.hiccups") == [{"n": 4}]
    assert len(service.get(tenant, "/users/anna/bets")["bets"]) == 1


def test_lost_connections_are_replaced(service: Service, tenant: str, db: psycopg.Connection) -> None:
    service.post(tenant, "/payments", "p1", {"user_id": "anna", "amount": "5"})
    db.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'tenant_login' AND datname = 'services'")
    time.sleep(0.1)
    assert service.post(tenant, "/payments", "p1", {"user_id": "anna", "amount": "5"})["duplicate"] is True


# The clients of the guide --------------------------------------------------------------------------------------------


def test_clients_of_the_guide_and_the_service_know_each_other(service: Service, database: str) -> None:
    """A key that one has used is a replay for the other, and both see the same rows."""
    tenant = str(TENANT)
    with psycopg.connect(conninfo.make_conninfo(database, user="app", password=PASSWORD), autocommit=True) as conn:
        client = Client(conn, as_text=True)
        ours = service.post(tenant, "/bets", f"ours-{service.name}", BET_OF_GUIDE)
        assert bet_of_a_request(client, "none", f"ours-{service.name}") == (ours["bet_id"], True)
        (row,) = client.run(BET, TENANT, ours["bet_id"])
        assert (row["stake"], row["odds"], row["status"]) == (Decimal("10.5"), Decimal("1.85"), "placed")
        event_id = rows(conn, "SELECT gen_random_uuid() AS id")[0]["id"]
        theirs, again = bet_of_a_request(client, event_id, f"theirs-{service.name}")
        answer = service.ask("POST", "/bets", tenant, f"theirs-{service.name}", BET_OF_GUIDE)
        assert not again and answer.status_code == 200 and answer.json()["bet_id"] == theirs
        user = f"guide-{service.name}"
        service.post(tenant, "/payments", f"paid-{service.name}", {"user_id": user, "amount": "100.25"})
        assert client.run(BALANCE, TENANT, user)[0]["balance"] == Decimal("100.25")


def test_clients_of_the_guide_and_the_service_race_for_a_key(service: Service, database: str, tenant: str) -> None:
    """One bet, whoever is first; what the one does to it, the other finds; and nobody of another tenant."""
    key = f"raced-{service.name}"

    def opened() -> psycopg.Connection:
        return psycopg.connect(conninfo.make_conninfo(database, user="app", password=PASSWORD), autocommit=True)

    def theirs() -> str:
        with opened() as conn:
            client = Client(conn, as_text=True)
            while True:
                try:
                    return bet_of_a_request(client, uuid4(), key)[0]
                except psycopg.errors.UniqueViolation:
                    # As the guide says: roll back, and look for the bet of the key.
                    client.run("ROLLBACK")

    (bet_id,) = set(at_once(*[theirs, lambda: service.post(str(TENANT), "/bets", key, BET_OF_GUIDE)["bet_id"]] * 4))
    path = f"/bets/{bet_id}"
    with opened() as conn:
        client = Client(conn, as_text=True)
        assert client.run(BET, int(tenant), bet_id) == []
        refused(service.ask("GET", path, tenant), 404, "BL002")
        data = json.dumps({"result": "win", "payout": 19.43})
        client.run(INSERT.format("bet_events"), uuid4(), TENANT, bet_id, "V1_BETS_BET_SETTLED", data, now_ms(), 1, None)
    told = service.get(str(TENANT), path)
    assert (told["status"], told["result"], told["payout"]) == ("settled", "win", "19.43")
    refused(service.ask("POST", f"{path}/cancel", str(TENANT), f"cancel-{key}", {}), 409, "BL003")


# The consumer --------------------------------------------------------------------------------------------------------


def eventually(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_consumer_that_is_killed_goes_on(service: Service, tenant: str, db: psycopg.Connection, database: str) -> None:
    users = ("anna", "boris")
    stakes = {user: [f"{n}.{n % 10}" for n in range(1, 16)] for user in users}

    def place(part: slice) -> None:
        at_once(*(lambda u=u, s=s: service.post(tenant, "/bets", f"{u}-{s}", bet(u, s)) for u in users for s in stakes[u][part]))

    def counted() -> dict[str, tuple[int, Decimal]]:
        found = rows(db, "SELECT user_id, bets, staked FROM user_stakes WHERE tenant_id = %s", (int(tenant),))
        return {row["user_id"]: (row["bets"], row["staked"]) for row in found}

    def expected(part: slice) -> dict[str, tuple[int, Decimal]]:
        return {u: (len(stakes[u][part]), sum(map(Decimal, stakes[u][part]))) for u in users}

    place(slice(5))
    with service.consumer(tenant):
        eventually(lambda: counted() == expected(slice(5)))
    place(slice(5, 10))
    # In the middle of a transaction: it waits for what we hold, and has written what came before; then when all is written.
    waits = "SELECT FROM pg_stat_activity WHERE usename = 'tenant_login' AND %s = ANY (pg_blocking_pids(pid))"
    held = ["user_stakes WHERE tenant_id = %s AND user_id = 'boris'", "consumers WHERE tenant_id = %s"]
    # On a cluster consumers are on a node, and who waits there is not seen here.
    for row in held[:1] if conftest._cluster else held:
        with psycopg.connect(database) as holder:
            holder.execute(f"SELECT FROM {row} FOR UPDATE".encode(), (int(tenant),))
            with service.consumer(tenant):
                eventually(lambda pid=holder.info.backend_pid: db.execute(waits, (pid,)).rowcount > 0)
        assert counted() == expected(slice(5))
    place(slice(10, 15))
    # Two at once, of which each event is counted by one.
    with service.consumer(tenant), service.consumer(tenant):
        eventually(lambda: counted() == expected(slice(15)))
        time.sleep(0.3)
    assert counted() == expected(slice(15))


# What they are written with ------------------------------------------------------------------------------------------


def test_the_types_of_the_examples_are_checked(tmp_path: Path) -> None:
    """TypeScript by its build, of which every service that is started is made."""
    mine = [path.name for path in (EXAMPLES / "python").glob("*.py")]
    strict = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), *mine]
    checked = subprocess.run(strict, cwd=EXAMPLES / "python", capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_php_reads_the_examples() -> None:
    require("php")
    for path in (EXAMPLES / "php").glob("*.php"):
        checked = subprocess.run(["php", "-l", str(path)], capture_output=True, text=True, check=False)
        assert checked.returncode == 0 and "declare(strict_types=1);" in path.read_text(), checked.stdout


def test_typescript_is_strict_and_knows_no_registry() -> None:
    options = json.loads((EXAMPLES / "typescript" / "tsconfig.json").read_text())["compilerOptions"]
    assert options["strict"] is True
    assert "resolved" not in (EXAMPLES / "typescript" / "package-lock.json").read_text()
    require("typescript")
