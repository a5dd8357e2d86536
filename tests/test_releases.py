"""Every release, with data in it, comes up to date."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import betledger
import psycopg
import pytest
from ledger import call, event, insert, rows, state
from test_cli import run
from test_runner import psql

FOLDER = Path(__file__).parent / "releases"


def load(connection: psycopg.Connection) -> None:
    """Bets in all states, payments and balances of three tenants, through functions and as plain events."""
    for n in range(50):
        tenant = 10001 + n % 3
        call(connection, "deposit", tenant, f"u{n % 7}", 100, f"d{n}")
        bet = call(connection, "place_bet", tenant, f"u{n % 7}", 5, 2, "f", f"b{n}", True)["bet_id"]
        if n % 2:
            call(connection, "confirm_bet", tenant, bet)
        if n % 4 == 1:
            call(connection, "settle_bet", tenant, bet, "win", 10)
        if n % 4 == 2:
            call(connection, "cancel_bet", tenant, bet)
    payment = call(connection, "withdraw", 10001, "u0", 7, "w")["payment_id"]
    call(connection, "fail_payment", 10001, payment)
    insert(connection, *(event("V1_BETS_BET_PLACED", 10001, f"plain{n}", key=f"p{n}") for n in range(500)))


@pytest.mark.not_on_citus("the scripts are those of plain PostgreSQL")
@pytest.mark.parametrize("release", sorted(FOLDER.glob("*.sql")), ids=lambda file: file.stem)
def test_a_release_with_data_in_it_comes_up_to_date(empty, release):
    psql(empty, release)
    with psycopg.connect(empty, autocommit=True) as connection:
        load(connection)
        before = state(connection)
    betledger.migrate(empty)
    with psycopg.connect(empty, autocommit=True) as connection:
        assert state(connection) == before
        assert call(connection, "deposit", 10001, "u0", 100, "d0")["duplicate"]
        assert state(connection) == before
        call(connection, "place_bet", 10001, "u0", 5, 2, "f", "new", True)
        assert rows(connection, "SELECT * FROM ops.verify_projections()") == []
    r = run("verify-schema", url=empty)
    assert (r.returncode, r.stdout) == (0, "")


def test_every_release_is_told_of_and_frozen():
    changelog = (Path(__file__).parent.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    told = re.findall(r"^## (\S+)$", changelog, re.MULTILINE)
    assert told[0] == ("Unreleased" if "dev" in version("betledger") else version("betledger"))
    assert sorted(set(told) - {"Unreleased"}) == sorted(file.stem for file in FOLDER.glob("*.sql"))
