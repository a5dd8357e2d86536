"""newname(): what a user has at stake."""

import psycopg
import pytest


def test_open_bets_are_at_stake(betledger_database: str) -> None:
    with psycopg.connect(betledger_database) as db:
        db.execute("SELECT place_bet(10001, 'anna', 10.50, 1.85, 'match-7', 'key-1')")
        db.execute("SELECT place_bet(10001, 'anna', 4, 2, 'match-7', 'key-2')")
        db.execute("SELECT cancel_bet(10001, bet_id) FROM bets_view WHERE idempotency_key = 'key-2'")
        row = db.execute("SELECT bets, staked::text FROM newname(10001, 'anna')").fetchone()
        assert row == (1, "10.50")
        row = db.execute("SELECT bets, staked::text FROM newname(10001, 'nobody')").fetchone()
        assert row == (0, "0")


def test_a_tenant_sees_nothing_of_another(betledger_database: str) -> None:
    with psycopg.connect(betledger_database) as db:
        db.execute("SET LOCAL ROLE betledger_tenant")
        db.execute("SET LOCAL app.tenant_id = '10002'")
        with pytest.raises(psycopg.Error) as refused:
            db.execute("SELECT * FROM newname(10001, 'anna')")
        assert refused.value.sqlstate == "BL006"
