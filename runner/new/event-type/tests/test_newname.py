"""NEWNAME: it is stored and read, and changes no read table."""

import psycopg
import pytest

INSERT = (
    'INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version)'
    " VALUES (gen_random_uuid(), 10001, %s, 'NEWNAME', %s, 1767225600000, 1)"
)


def test_it_is_stored_and_changes_no_row(betledger_database: str) -> None:
    with psycopg.connect(betledger_database, autocommit=True) as db:
        db.execute("SELECT place_bet(10001, 'anna', 10.50, 1.85, 'match-7', 'key-1')")
        [(bet,)] = db.execute("SELECT bet_id FROM bets_view").fetchall()
        before = db.execute("SELECT * FROM bets_view").fetchall()
        db.execute(INSERT, (bet, '{"note": "by telephone"}'))
        assert db.execute("SELECT * FROM bets_view").fetchall() == before
        read = db.execute("SELECT event_type, event_data ->> 'note' FROM feed(10001)").fetchall()
        assert read == [("V1_BETS_BET_PLACED", None), ("NEWNAME", "by telephone")]
        assert db.execute("SELECT * FROM ops.verify_projections()").fetchall() == []


def test_a_payload_that_lacks_a_field_is_refused(betledger_database: str) -> None:
    with psycopg.connect(betledger_database, autocommit=True) as db:
        with pytest.raises(psycopg.Error) as refused:
            db.execute(INSERT, ("bet-1", "{}"))
        assert refused.value.sqlstate == "BL001" and "note" in str(refused.value)
