"""ops.doctor() on one server: each check finds what it is for, and says nothing of a healthy ledger."""

from __future__ import annotations

import psycopg
import pytest
from command import run
from conftest import FOLDER, ledger_on, own_server_in
from ledger import append, place, rows, unchanged

NOT_FOR_TESTS = {"commits survive a crash"}
BROKEN = {
    "events are checked and projected": (
        "ALTER TABLE payment_events DISABLE TRIGGER project_inserted",
        "trigger project_inserted of public.payment_events is missing or disabled",
    ),
    "tenants are walled off": (
        "DROP POLICY own_tenant ON bets_view",
        "public.bets_view has no row-level security policy own_tenant",
    ),
    "no login passes the walls": (
        "GRANT betledger_app TO tenant_login",
        "tenant_login is a member of betledger_tenant and sees all tenants as another group",
    ),
    "whoever may read is shown rows": (
        "GRANT SELECT ON bets_view, bet_events TO stranger",
        "stranger may read public.bet_events, and is shown none of its rows",
    ),
    "everything belongs to betledger_owner": (
        "ALTER TABLE bets_view OWNER TO postgres",
        "public.bets_view belongs to postgres",
    ),
    "streams begin with their first event": (
        "INSERT INTO bet_events SELECT gen_random_uuid(), 7, 'b', 'V1_BETS_BET_CONFIRMED', '{}', 1700000000000, 1, NULL, now()",
        "1 bets were never placed, as b of tenant 7",
    ),
    "subscriptions work": (
        "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false, slot_name = NONE)",
        "subscription s is disabled",
    ),
    "indexes are valid": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bet_events_time'::regclass",
        "public.bet_events_time of public.bet_events was left unfinished",
    ),
    "idempotency keys are purged": (
        "ALTER TABLE bet_events ALTER created_at SET DEFAULT now() - interval '100 hours'",
        "public.bet_events has a key that is 100 hours old",
    ),
}


def findings(db: psycopg.Connection) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows(db, "SELECT * FROM ops.doctor()"):
        assert (row["finding"] is None) == (row["remedy"] is None)
        if row["finding"] and row["check_name"] not in NOT_FOR_TESTS:
            found.setdefault(row["check_name"], []).append(row["finding"])
    return found


def test_a_healthy_ledger_has_no_findings_and_is_not_changed(db, connect):
    place(db, key="k")
    append(db, "DEPOSIT_CREATED", aggregate="p")
    with unchanged(db):
        assert findings(connect("operator")) == {}
    checks = [r["check_name"] for r in rows(db, "SELECT check_name FROM ops.health_checks()")]
    assert len(checks) == len(set(checks))
    assert {*BROKEN} < set(checks)


@pytest.mark.not_on_citus("test_citus.py breaks a cluster")
@pytest.mark.parametrize("check", BROKEN)
def test_what_is_broken_is_found_and_named(db, connect, check):
    statement, finding = BROKEN[check]
    with db.transaction(force_rollback=True):
        db.execute(statement)
        if check.startswith("idempotency"):
            with db.transaction():
                db.execute("ALTER TABLE bet_events DISABLE TRIGGER USER")
                place(db, key="old")
                db.execute("ALTER TABLE bet_events ENABLE TRIGGER USER")
        found = findings(db)
        assert found.pop(check) == [finding]
        # A policy that is gone leaves its readers without rows.
        assert set(found) <= {"whoever may read is shown rows"}
    assert findings(db) == {}


def test_payments_without_their_first_event_are_found(db):
    append(db, "DEPOSIT_COMPLETED", 7, "p")
    append(db, "WITHDRAWAL_FAILED", 8, "p")
    assert findings(db) == {
        "streams begin with their first event": ["2 payments were never created, as p of tenant 7"],
    }  # fmt: skip
    append(db, "DEPOSIT_CREATED", 7, "p")
    append(db, "WITHDRAWAL_CREATED", 8, "p")
    assert findings(db) == {}


@pytest.mark.not_on_citus("one server of our own")
def test_a_prepared_transaction_that_is_forgotten_is_named():
    with own_server_in(FOLDER, {"fsync": "off", "max_prepared_transactions": "2"}) as server:
        url = ledger_on(server)
        with psycopg.connect(url) as ledger:
            place(ledger)
            ledger.execute("PREPARE TRANSACTION 'left over'")
        with psycopg.connect(url, autocommit=True) as ledger:
            (finds,) = ledger.execute("SELECT finds FROM ops.server_checks() WHERE check_name LIKE '%prepared%'").fetchone()
            assert ledger.execute(finds).fetchall() == []
            ((told,),) = ledger.execute(finds.replace("interval '5 minutes'", "interval '0'").encode()).fetchall()
            assert told.startswith("left over of postgres is open since ")
            ledger.execute("ROLLBACK PREPARED 'left over'")


@pytest.mark.not_on_citus("there the functions are on all nodes")
def test_a_definer_function_of_a_superuser_is_found(db):
    with db.transaction(force_rollback=True):
        db.execute("ALTER FUNCTION projection.bet_events_inserted() OWNER TO postgres")
        assert findings(db) == {
            "everything belongs to betledger_owner": [
                "projection.bet_events_inserted() belongs to postgres, and runs with its rights"
            ]
        }


@pytest.mark.not_on_citus("Citus makes slots of its own")
def test_a_slot_that_nobody_reads_is_found(db):
    (finds,) = db.execute("SELECT finds FROM ops.server_checks() WHERE check_name LIKE '%slot%'").fetchone()
    db.execute("SELECT pg_create_physical_replication_slot('forgotten', true)")
    try:
        assert db.execute(finds).fetchall() == []
        found = db.execute(finds.replace("> 1024 ^ 3", ">= 0").encode()).fetchall()
    finally:
        db.execute("SELECT pg_drop_replication_slot('forgotten')")
    assert [text.split(",")[0] for (text,) in found] == ["slot forgotten is not in use"]


@pytest.mark.not_on_citus("the catalogue of one node is changed")
def test_another_version_of_the_library_that_sorts_text_is_found(db):
    """After an upgrade of the operating system: a unique index may let a key in twice."""
    with db.transaction(force_rollback=True):
        db.execute("UPDATE pg_database SET datcollversion = 'old' WHERE datname = current_database()")
        (finding,) = findings(db).pop("text sorts as it did when it was indexed")
    assert finding.startswith("the indexes were built by version old of the library that sorts text, now it is ")


@pytest.mark.not_on_citus("triggers of shards stay enabled")
def test_an_event_of_the_far_future_is_found(db):
    with db.transaction(force_rollback=True):
        place(db, key="k")
        db.execute("ALTER TABLE bet_events DISABLE TRIGGER USER")
        place(db, bet="late", timestamp=4_102_444_800_000)
        db.execute("ALTER TABLE bet_events ENABLE TRIGGER USER")
        assert findings(db) == {
            "no event is of the far future": ["public.bet_events has one of 2100-01-01 00:00:00+00"]
        }


@pytest.mark.not_on_citus("the server is set up for prepared transactions there")
def test_a_check_that_fails_has_not_passed(db):
    with db.transaction(force_rollback=True):
        db.execute("DROP FUNCTION projection.oldest_key_age(text)")
        (told,) = findings(db)["idempotency keys are purged"]
        assert told.startswith("not checked: function projection.oldest_key_age(text) does not exist")


def test_the_command_says_what_is_wrong_and_what_to_do(dsn, db):
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        assert db.execute("SELECT current_setting(%s)", (name,)).fetchone() == ("off",)
    r = run("doctor", url=dsn)
    assert r.returncode == 3
    assert "ok  tenants are walled off" in r.stdout
    assert "NO  commits survive a crash: fsync is off" in r.stdout
    assert "Switch it on with ALTER SYSTEM" in r.stdout


def test_a_database_without_a_ledger_is_told_to_migrate(dsn):
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP SCHEMA ops CASCADE")
    r = run("doctor", url=dsn)
    assert (r.returncode, r.stdout) == (1, "")
    assert r.stderr == "betledger: the database has no ledger, or an older one: run `betledger migrate`\n"


def test_tenants_are_listed_with_the_largest_first(dsn, db, connect):
    assert "no tenant has written anything" in run("tenant", "list", url=dsn).stdout
    for tenant, bets in ((3, 2), (1, 1), (2, 3)):
        for n in range(bets):
            place(db, tenant, f"b{n}", data={"user_id": f"u{n}"})
    listed = rows(connect("operator"), "SELECT tenant_id, users, bets FROM ops.tenants(p_limit => 2)")
    assert listed == [{"tenant_id": 2, "users": 3, "bets": 3}, {"tenant_id": 3, "users": 2, "bets": 2}]
    shown = run("tenant", "show", "1", url=dsn)
    assert shown.returncode == 0 and "│ 1      │ 1     │ 1 " in shown.stdout
    missing = run("tenant", "show", "9", url=dsn)
    assert missing.returncode == 1 and "tenant 9 has no rows" in missing.stderr


@pytest.mark.not_on_citus("there it can be done")
@pytest.mark.parametrize("command", [("isolate", "1"), ("move", "1", "--to", "w:5432")])
def test_without_a_cluster_no_tenant_has_a_shard(dsn, command):
    r = run("tenant", *command, url=dsn)
    assert r.returncode == 1
    assert "is not distributed: no tenant can have a shard [BL030] Hint: " in r.stderr and r.stderr.count("\n") == 1
