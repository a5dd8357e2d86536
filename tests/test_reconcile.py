"""ops.trial_balance() and ops.reconcile(): where the balances come from, and what does not explain itself."""

from __future__ import annotations

import json
import time
from decimal import Decimal

import psycopg
import pytest
from command import run
from ledger import OTHER, T0, TENANT, append, call, event, insert, one, place, refused, rows

FINDINGS = "SELECT finding, subject, user_id, expected, actual FROM ops.reconcile(%s)"


def found(db: psycopg.Connection, tenant: int = TENANT) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in rows(db, FINDINGS, (tenant,))]


def trial(db: psycopg.Connection, tenant: int = TENANT, **of: object) -> dict[str, Decimal]:
    """The trial balance of a tenant, which has to add up, without what is 0."""
    row = one(db, "SELECT * FROM ops.trial_balance(%s, %s, %s)", (tenant, of.get("at"), of.get("user")))
    kept = row.pop("kept_balances")
    assert row.pop("currency") is None
    assert row.pop("tenant_id") == tenant and (of.get("at") or kept == row["balances"])
    signs = {"withdrawals": -1, "stakes": -1, "other_debits": -1, "balances": 0}
    assert sum(amount * signs.get(name, 1) for name, amount in row.items()) == row["balances"]
    return {name: amount for name, amount in row.items() if amount}


@pytest.fixture
def till(db: psycopg.Connection) -> psycopg.Connection:
    """anna of TENANT has deposited 100.50; the other tenant does the same with the same keys and ids."""
    for tenant in (TENANT, OTHER):
        call(db, "deposit", tenant, "anna", Decimal("100.50"), "d1")
    return db


def bet(db: psycopg.Connection, key: str, stake: int = 10, from_balance: bool = True) -> str:
    return str(call(db, "place_bet", TENANT, "anna", stake, 2, "f1", key, from_balance)["bet_id"])


def test_what_functions_do_explains_itself(till):
    won, lost, void, cancelled, _, plain = (bet(till, f"b{n}", from_balance=n != 5) for n in range(6))
    call(till, "settle_bet", TENANT, won, "win", 25)
    call(till, "settle_bet", TENANT, lost, "loss", 0)
    call(till, "settle_bet", TENANT, void, "void", 10)
    call(till, "cancel_bet", TENANT, cancelled)
    call(till, "settle_bet", TENANT, plain, "win", 99)
    out = call(till, "withdraw", TENANT, "anna", 5, "w1")["payment_id"]
    call(till, "complete_payment", TENANT, out)
    back = call(till, "withdraw", TENANT, "anna", 7, "w2")["payment_id"]
    call(till, "fail_payment", TENANT, back)
    failed = call(till, "deposit", TENANT, "anna", 3, "d2")["payment_id"]
    call(till, "fail_payment", TENANT, failed)
    assert found(till) == found(till, OTHER) == []
    assert trial(till) == {
        "deposits": Decimal("100.5"), "withdrawals": 5, "stakes": 50, "payouts": 35, "refunds": 10, "balances": Decimal("90.5"),
    }  # fmt: skip
    assert trial(till, OTHER) == {"deposits": Decimal("100.5"), "balances": Decimal("100.5")}
    assert rows(till, "SELECT * FROM ops.trial_balance(4711)") == rows(till, "SELECT * FROM ops.reconcile(4711)") == []
    assert len(rows(till, "SELECT * FROM ops.trial_balance()")) == 2


def test_what_a_client_inserts_without_a_cause_is_counted_apart(till):
    append(till, "BALANCE_INCREASED", data={"user_id": "anna", "amount": 7}, aggregate="a")
    append(till, "BALANCE_DECREASED", data={"user_id": "boris", "amount": 2}, aggregate="b")
    # Payments and bets that move no balance of ours.
    append(till, "DEPOSIT_CREATED", aggregate="p1")
    place(till, bet="plain")
    append(till, "BET_SETTLED", aggregate="plain")
    assert found(till) == []
    assert trial(till) == {
        "deposits": Decimal("100.5"),
        "other_credits": 7,
        "other_debits": 2,
        "balances": Decimal("105.5"),
    }
    assert trial(till, user="boris") == {"other_debits": 2, "balances": -2}


def moves(db: psycopg.Connection, amount: str, user: str = "anna", **cause: str) -> None:
    kind = "BALANCE_DECREASED" if amount.startswith("-") else "BALANCE_INCREASED"
    data = {"user_id": user, "amount": amount.lstrip("-"), **cause}
    append(db, kind, aggregate=f"balance-{user}", data=data)


def test_a_client_may_link_its_own_events(till):
    """As deposit() and place_bet() do: then they are explained, too."""
    append(till, "WITHDRAWAL_CREATED", aggregate="p1", data={"user_id": "anna", "amount": "20.0"})
    moves(till, "-20", payment_id="p1")
    place(till, bet="b1", data={"user_id": "anna", "stake": 4})
    moves(till, "-4.00", bet_id="b1")
    append(till, "BET_SETTLED", aggregate="b1", data={"payout": 6}, timestamp=T0 + 1)
    moves(till, "6", bet_id="b1")
    # Of a stake that was never taken, only what is won.
    place(till, bet="b2", data={"user_id": "anna", "stake": 4})
    append(till, "BET_SETTLED", aggregate="b2", data={"payout": 5}, timestamp=T0 + 1)
    moves(till, "5", bet_id="b2")
    assert found(till) == []
    assert trial(till) == {
        "deposits": Decimal("100.5"), "withdrawals": 20, "stakes": 4, "payouts": 11, "balances": Decimal("87.5"),
    }  # fmt: skip


def wrong(db: psycopg.Connection, what: str) -> tuple[object, ...]:
    """Break something as a client can; gives the finding."""
    if what == "no such payment":
        moves(db, "5", payment_id="nope")
        return ("the balance moved for what is not there", "payment nope", "anna", None, 5)
    if what == "no such bet":
        moves(db, "-5", bet_id="nope")
        return ("the balance moved for what is not there", "bet nope", "anna", None, -5)
    if what == "never begun":
        append(db, "DEPOSIT_COMPLETED", aggregate="p1")
        moves(db, "5", payment_id="p1")
        return ("the balance moved for what was never begun", "payment p1", "anna", None, 5)
    if what == "a payment that moved nothing":
        append(db, "DEPOSIT_CREATED", aggregate="p1", data={"user_id": "anna", "payment_id": "p1"})
        return ("the balance did not move", "payment p1", "anna", 100, 0)
    if what == "a bet that took nothing":
        place(db, bet="b1", data={"user_id": "anna", "from_balance": True})
        return ("the balance did not move", "bet b1", "anna", Decimal("-10.5"), 0)
    if what == "another amount":
        append(db, "DEPOSIT_CREATED", aggregate="p1", data={"user_id": "anna"})
        moves(db, "99.999", payment_id="p1")
        return ("the balance moved by another amount", "payment p1", "anna", 100, Decimal("99.999"))
    if what == "twice":
        append(db, "DEPOSIT_CREATED", aggregate="p1", data={"user_id": "anna"})
        moves(db, "100", payment_id="p1")
        moves(db, "100", payment_id="p1")
        return ("the balance moved by another amount", "payment p1", "anna", 100, 200)
    if what == "the wrong sign":
        append(db, "WITHDRAWAL_CREATED", aggregate="p1", data={"user_id": "anna"})
        moves(db, "40", payment_id="p1")
        return ("the balance moved by another amount", "payment p1", "anna", -40, 40)
    if what == "a payout that was not paid":
        append(db, "BET_SETTLED", aggregate=bet(db, "b1"), timestamp=int(time.time() * 1000) + 1000)
        (subject,) = [f"bet {row['bet_id']}" for row in rows(db, "SELECT bet_id FROM bets_view")]
        return ("the balance moved by another amount", subject, "anna", Decimal("9.43"), -10)
    assert what == "another user"
    append(db, "DEPOSIT_CREATED", aggregate="p1", data={"user_id": "anna"})
    moves(db, "100", user="boris", payment_id="p1")
    return ("the balance of another user moved", "payment p1", "anna", 100, 100)


@pytest.mark.parametrize(
    "what",
    ["no such payment", "no such bet", "never begun", "a payment that moved nothing", "a bet that took nothing",
     "another amount", "twice", "the wrong sign", "a payout that was not paid", "another user"],
)  # fmt: skip
def test_what_does_not_explain_itself_is_found(till, what):
    expected = wrong(till, what)
    assert found(till) == [expected]
    assert found(till, OTHER) == []
    trial(till)
    # Of one user: of the one it is of, and of whoever's balance moved.
    by_user = "SELECT count(*) AS n FROM ops.reconcile(%s, NULL, %s)"
    assert one(till, by_user, (TENANT, "anna"))["n"] == 1
    assert one(till, by_user, (TENANT, "boris"))["n"] == (1 if what == "another user" else 0)
    assert one(till, by_user, (TENANT, "carl"))["n"] == 0


def test_as_of_a_moment_later_events_are_not_there(till):
    append(till, "DEPOSIT_CREATED", aggregate="p1", data={"user_id": "anna", "payment_id": "p1"})
    append(till, "BALANCE_INCREASED", timestamp=T0 + 5000, data={"user_id": "anna", "amount": 100, "payment_id": "p1"})
    then = "SELECT count(*) AS n FROM ops.reconcile(%s, to_timestamp(%s / 1000.0))"
    assert [one(till, then, (TENANT, T0 + ms))["n"] for ms in (-1, 0, 4999, 5000)] == [0, 1, 1, 0]
    # That of T0: the payment is there, and nothing has moved.
    assert trial(till, at="2023-11-14 22:13:20+00") == {}
    assert trial(till)["balances"] == Decimal("200.5")


def test_amounts_are_told_with_their_currency(db, till):
    insert(db, event("V1_BALANCES_BALANCE_DECREASED", data={"user_id": "anna", "bet_id": "none", "amount": 200}))
    db.execute("SELECT FROM ops.create_tenant(%s, 'North', 'EUR', 2)", (TENANT,))
    told = "SELECT tenant_id, currency FROM ops.{}() ORDER BY tenant_id"
    assert rows(db, told.format("trial_balance")) == [
        {"tenant_id": TENANT, "currency": "EUR"}, {"tenant_id": OTHER, "currency": None},
    ]  # fmt: skip
    for function in ("reconcile", "negative_balances"):
        assert rows(db, told.format(function)) == [{"tenant_id": TENANT, "currency": "EUR"}], function


def test_who_may_reconcile(connect, till):
    assert rows(connect("operator"), "SELECT * FROM ops.reconcile()") == []
    for role in ("app", "tenant_login", "reader", "stranger"):
        for function in ("reconcile", "trial_balance"):
            with refused("42501", hint=False):
                rows(connect(role), f"SELECT * FROM ops.{function}()")


def test_the_command_shows_both_and_says_by_its_exit_code_whether_all_is_well(till, dsn):
    r = run("reconcile", url=dsn)
    assert r.returncode == 0 and "all that moved a balance explains itself" in r.stdout and "100.5" in r.stdout
    wrong(till, "twice")
    r = run("reconcile", "--tenant", str(TENANT), "--json", url=dsn)
    told = json.loads(r.stdout)
    assert r.returncode == 3 and [f["subject"] for f in told["findings"]] == ["payment p1"]
    assert told["trial_balance"][0]["deposits"] == "300.5"
    r = run("reconcile", "--user", "anna", url=dsn)
    assert r.returncode == 3 and "the balance moved by another amount" in r.stdout
    assert run("reconcile", "--tenant", str(OTHER), url=dsn).returncode == 0
    assert run("reconcile", "--at", "2020-01-01", url=dsn).returncode == 0
    assert "invalid input syntax" in (r := run("reconcile", "--at", "soon", url=dsn)).stderr and r.returncode == 1
    # What is kept is not what the events say.
    till.execute("UPDATE user_balances_view SET balance = balance + 1 WHERE tenant_id = %s", (OTHER,))
    r = run("reconcile", "--tenant", str(OTHER), url=dsn)
    assert r.returncode == 3 and "the balances are 101.5, and their events 100.5" in r.stdout
