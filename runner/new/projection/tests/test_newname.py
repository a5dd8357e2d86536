"""newname: one row per user, equal to the fold of the events."""

import psycopg

ROWS = "SELECT tenant_id, user_id, bets, staked::text FROM newname ORDER BY 1, 2"
EXPECTED = [(10001, "anna", 1, "10.5"), (10002, "anna", 1, "7")]


def written(db: psycopg.Connection) -> None:
    """Two tenants, whose users have the same name."""
    db.execute("SELECT place_bet(10001, 'anna', 10.50, 1.85, 'match-7', 'key-1')")
    db.execute("SELECT place_bet(10001, 'anna', 4, 2, 'match-7', 'key-2')")
    db.execute("SELECT cancel_bet(10001, bet_id) FROM bets_view WHERE idempotency_key = 'key-2'")
    db.execute("SELECT place_bet(10002, 'anna', 7, 2, 'match-7', 'key-1')")


def test_it_follows_the_bets(betledger_database: str) -> None:
    with psycopg.connect(betledger_database, autocommit=True) as db:
        written(db)
        assert db.execute(ROWS).fetchall() == EXPECTED
        assert db.execute("SELECT * FROM ops.verify_projections()").fetchall() == []


def test_what_is_damaged_is_found_and_rebuilt(betledger_database: str) -> None:
    with psycopg.connect(betledger_database, autocommit=True) as db:
        written(db)
        db.execute("DELETE FROM newname WHERE tenant_id = 10001")
        assert len(db.execute("SELECT * FROM ops.verify_projections()").fetchall()) == 1
        db.execute("CALL ops.rebuild_projection('newname')")
        assert db.execute(ROWS).fetchall() == EXPECTED
        assert db.execute("SELECT * FROM ops.verify_projections()").fetchall() == []


def test_a_tenant_sees_its_own_rows(betledger_database: str) -> None:
    with psycopg.connect(betledger_database) as db:
        written(db)
        db.execute("SET LOCAL ROLE betledger_tenant")
        assert db.execute(ROWS).fetchall() == []
        db.execute("SET LOCAL app.tenant_id = '10002'")
        assert db.execute(ROWS).fetchall() == EXPECTED[1:]
