"""What docs/tasks.md tells is done here: its statements from top to bottom, and each answer is the one that stands there."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from betledger.migrating.statements import statements
from command import run
from ledger import TENANT, append, call, event, insert, place, rows

PAGE = (Path(__file__).parent.parent / "docs" / "tasks.md").read_text(encoding="utf-8")
Connect = Callable[..., psycopg.Connection]


def blocks(page: str) -> list[str]:
    """What is indented, without its margin."""
    found = re.findall(r"(?:^ {4}.*\n(?:\n(?= {4}))*)+", page, re.MULTILINE)
    return [re.sub(r"(?m)^ {4}", "", block).strip() for block in found]


def shown(page: str) -> list[tuple[str, list[str]]]:
    """Each statement, and the lines of its answer."""
    told: list[tuple[str, list[str]]] = []
    for block in blocks(page):
        end = 0
        for begin, query in statements("tasks.md", block):
            if told:
                told[-1][1].extend(answer(block[end:begin]))
            told.append((query, []))
            end = begin + len(query)
        told[-1][1].extend(answer(block[end:]))
    return told


def answer(text: str) -> list[str]:
    return [line.removeprefix("-- ") for line in text.split("\n") if line.startswith("-- ")]


def as_shown(value: object) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool | list) else str(value)


def test_each_statement_gives_the_answer_that_the_page_shows(connect: Connect, db: psycopg.Connection) -> None:
    page, _ = PAGE.split("## React to what happens\n")
    at = int(time.time() * 1000) - 10_000
    for user, payment, amount in (("anna", "payment-1", 100), ("boris", "payment-2", 50)):
        about = {"user_id": user, "payment_id": payment, "amount": amount}
        append(db, "DEPOSIT_CREATED", aggregate=payment, data=about, timestamp=at)
        append(db, "BALANCE_INCREASED", data=about, timestamp=at)
        call(db, "complete_payment", TENANT, payment)
    for n, (user, stake, odds) in enumerate((("anna", 40, 2), ("anna", 10, 3), ("boris", 20, 2), ("boris", 5, 2)), 1):
        about = {"user_id": user, "stake": stake, "odds": odds, "fixture_id": "match-7" if n < 4 else "match-8"}
        place(db, bet=f"bet-{n}", data=about, timestamp=at + n)
        append(db, "BALANCE_DECREASED", data=about | {"bet_id": f"bet-{n}", "amount": stake}, timestamp=at + n)
    db.execute("CREATE SCHEMA warehouse")
    db.execute("CREATE TABLE warehouse.stakes (user_id text PRIMARY KEY, staked numeric NOT NULL)")
    db.execute("GRANT USAGE ON SCHEMA warehouse TO app")
    db.execute("GRANT SELECT, INSERT, UPDATE ON warehouse.stakes TO app")
    logins = {True: connect("operator"), False: connect("app")}
    given = []
    for query, _ in shown(page):
        answers = rows(logins["ops." in query], query.encode())
        given.append((query, [" | ".join(map(as_shown, row.values())) for row in answers]))
    assert len(given) > 15
    assert given == shown(page)
    assert rows(db, "SELECT * FROM ops.reconcile()") == rows(db, "SELECT * FROM ops.verify_projections()") == []


@pytest.mark.not_on_citus("on a server of our own")
def test_a_trigger_of_a_team_is_told_once_of_each_event(empty: str, tmp_path: Path) -> None:
    (block,) = blocks(PAGE.split("## React to what happens\n")[1])
    (tmp_path / "db" / "schema").mkdir(parents=True)
    (tmp_path / "db" / "schema" / "0001_outbox.sql").write_text("SET LOCAL ROLE betledger_owner;\n\n" + block)
    assert run("migrate", "--migrations", str(tmp_path / "db"), url=empty).returncode == 0
    with psycopg.connect(empty, autocommit=True) as ledger:
        place(ledger, bet="b1")
        settled = append(ledger, "BET_SETTLED", aggregate="b1")
        insert(ledger, *(event("V1_BETS_BET_SETTLED", aggregate=f"b{n}") for n in (2, 3)))
        with ledger.transaction(force_rollback=True):
            append(ledger, "BET_SETTLED", aggregate="b4")
        ledger.execute("CALL ops.rebuild_projection()")
        told = rows(ledger, "SELECT event_id FROM outbox")
        assert len(told) == 3 and {"event_id": settled} in told
    assert run("status", "--migrations", str(tmp_path / "db"), url=empty).returncode == 0
