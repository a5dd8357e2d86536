"""A ledger is what `migrate` left behind, or `status` says so and `migrate` makes it whole again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg
import pytest
from betledger.errors import BetledgerError
from betledger.migrating.migrator import opened
from betledger.migrating.standing import no_longer
from betledger.migrating.waiting import Limits
from betledger.server import binaries
from command import run
from conftest import FOLDER, ledger_on, own_server_in
from ledger import TENANT, call, one, place, rows, state
from psycopg import conninfo

DAMAGE = {
    "a policy that was dropped": "DROP POLICY own_tenant ON bets_view",
    "a policy that was opened": "ALTER POLICY own_tenant ON bets_view USING (true OR tenant_id = projection.own_tenant())",
    "a wall that was taken down": "ALTER TABLE bets_view NO FORCE ROW LEVEL SECURITY",
    "a right that was revoked": "REVOKE INSERT ON bet_events FROM betledger_app",
    "a right on a column": "REVOKE UPDATE (metadata) ON bet_events FROM betledger_operator",
    "a function for everybody": "GRANT EXECUTE ON FUNCTION ops.facts() TO PUBLIC",
    "an owner": "ALTER TABLE user_balances_view OWNER TO postgres",
    "the owner of a definer": "ALTER FUNCTION projection.bet_events_inserted() OWNER TO postgres",
    "a trigger that was dropped": "DROP TRIGGER project_inserted ON payment_events",
    "a trigger that was disabled": "ALTER TABLE payment_events DISABLE TRIGGER guard_event",
    "a setting of a function": "ALTER FUNCTION public.place_bet RESET row_security",
    "a function of ours that was changed": (
        "CREATE OR REPLACE FUNCTION projection.event_rank(p_event_type text) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'"
    ),
    "compiled code that was dropped": "DROP FUNCTION projection.on_v1_bets_bet_placed",
}


@pytest.mark.not_on_citus("shards keep their own; test_citus.py breaks a cluster")
@pytest.mark.parametrize("what", DAMAGE)
def test_what_was_changed_by_hand_is_told_and_made_whole(db: psycopg.Connection, dsn: str, what: str) -> None:
    assert run("status", url=dsn).returncode == 0
    db.execute(DAMAGE[what].encode())
    status = run("status", url=dsn)
    assert status.returncode == 3 and "not as `betledger migrate` left them: run it again" in status.stdout
    migrated = run("migrate", url=dsn)
    assert migrated.returncode == 0 and "made again: " in migrated.stdout + migrated.stderr
    assert run("status", url=dsn).returncode == 0
    assert run("verify-schema", url=dsn).returncode == 0


OURS = """
    WITH tables AS (
        SELECT c.*, format('%I.%I', c.relnamespace::regnamespace, c.relname) AS name FROM pg_class AS c
        WHERE pg_get_userbyid(c.relowner) = 'betledger_owner' AND c.relkind IN ('r', 'v')
    ),
    routines AS (
        SELECT p.*, p.oid::regprocedure::text AS called, format('%I.%I(', p.pronamespace::regnamespace, p.proname) AS name
        FROM pg_proc AS p WHERE pg_get_userbyid(p.proowner) = 'betledger_owner'
    )
"""
# Of each kind: what takes it away, and how what is missing begins.
LOSSES = {
    "policies": "SELECT format('DROP POLICY %I ON %s', p.polname, t.name),"
    " format('DROP POLICY IF EXISTS %I ON %s; CREATE POLICY', p.polname, t.name) FROM tables AS t JOIN pg_policy AS p ON p.polrelid = t.oid",
    "walls": "SELECT format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', t.name),"
    " format('ALTER TABLE %s %s ROW LEVEL SECURITY', t.name, w) FROM tables AS t, unnest('{ENABLE,FORCE}'::text[]) AS w WHERE t.relrowsecurity",
    "triggers": "SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', t.name, g.tgname),"
    " format('ALTER TABLE %s ENABLE TRIGGER %I', t.name, g.tgname)"
    " FROM tables AS t JOIN pg_trigger AS g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal",
    "owners of tables": "SELECT format('ALTER TABLE %s OWNER TO postgres', t.name),"
    " format('ALTER TABLE %s OWNER TO betledger_owner', t.name) FROM tables AS t",
    "owners of functions": "SELECT format('ALTER ROUTINE %s OWNER TO postgres', r.called), format('ALTER ROUTINE %s', r.name) FROM routines AS r",
    "rights on tables": "SELECT format('REVOKE %s ON %s FROM %s', a.privilege_type, t.name, a.grantee::regrole),"
    " format('GRANT %s ON %s TO %s', a.privilege_type, t.name, a.grantee::regrole)"
    " FROM tables AS t, aclexplode(t.relacl) AS a WHERE a.grantee <> t.relowner",
    "rights on functions": "SELECT format('REVOKE EXECUTE ON ROUTINE %s FROM %s', r.called, a.grantee::regrole),"
    " format('GRANT EXECUTE ON ROUTINE %s', r.name) FROM routines AS r, aclexplode(r.proacl) AS a WHERE a.grantee <> r.proowner",
    "settings of functions": "SELECT format('ALTER ROUTINE %s SET geqo_threshold = 5', r.called), '-- ' || r.name FROM routines AS r"
    " WHERE r.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'sql')",
}  # fmt: skip


@pytest.mark.not_on_citus("shards keep their own; test_citus.py breaks a cluster")
@pytest.mark.parametrize("kind", LOSSES)
def test_nothing_of_ours_is_lost_in_silence(db: psycopg.Connection, dsn: str, kind: str) -> None:
    """Each object that there is, whoever adds it: what was changed is among what `status` tells."""
    losses = [tuple(row.values()) for row in rows(db, f"{OURS} {LOSSES[kind].replace(', format(', ' AS loss, format(', 1)}")]
    assert len(losses) > 5
    assert no_longer(db) == []
    with db.transaction(force_rollback=True):
        for loss in dict.fromkeys(loss for loss, _ in losses):
            db.execute(loss.encode())
        told = no_longer(db)
    assert [missing for _, missing in losses if not any(line.startswith(missing) for line in told)] == []


@pytest.mark.not_on_citus("the same without a cluster")
def test_what_a_killed_runner_did_not_remember_the_next_one_does(db: psycopg.Connection, dsn: str) -> None:
    db.execute("DELETE FROM betledger_migrations.standing")
    assert run("migrate", url=dsn).returncode == 0
    db.execute("ALTER TABLE bets_view NO FORCE ROW LEVEL SECURITY")
    assert run("status", url=dsn).returncode == 3


@pytest.mark.not_on_citus("the same without a cluster")
def test_what_a_dba_adds_and_takes_away_is_no_damage(db: psycopg.Connection, dsn: str) -> None:
    for statement in (
        "GRANT SELECT ON bets_view TO stranger",
        "CREATE POLICY auditors ON bets_view FOR SELECT TO stranger USING (true)",
        "CREATE TRIGGER told BEFORE UPDATE ON bets_view FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "ALTER TABLE bet_events SET (autovacuum_vacuum_cost_delay = 1)",
        "CREATE INDEX ON bet_events (version)",
        "ALTER TABLE bet_events ADD COLUMN note text",
    ):
        db.execute(statement.encode())
        assert run("status", url=dsn).returncode == 0
    # Recorded beside what is ours, and not missed afterwards.
    db.execute("DROP FUNCTION projection.on_v1_bets_bet_placed")
    assert run("migrate", url=dsn).returncode == 0
    db.execute(
        "DROP TRIGGER told ON bets_view; DROP POLICY auditors ON bets_view; REVOKE SELECT ON bets_view FROM stranger"
    )
    assert run("status", url=dsn).returncode == 0


@pytest.mark.not_on_citus("one server is restored to another")
def test_a_restore_without_the_roles_is_made_whole(tmp_path: Path) -> None:
    """pg_restore goes on after errors: the tables are there, walls and owners are not."""
    backup = tmp_path / "backup"
    with own_server_in(FOLDER, {"fsync": "off"}) as old, own_server_in(FOLDER, {"fsync": "off"}) as new:
        url = ledger_on(old)
        with psycopg.connect(url, autocommit=True) as ledger:
            place(ledger, key="k")
            call(ledger, "deposit", TENANT, "u1", 100, "d")
            before = state(ledger)
        _pg(url, "pg_dump", "--format=custom", f"--file={backup}")
        with psycopg.connect(new.start(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE ledger")
        restored = new.url("ledger")
        assert (
            _pg(restored, "pg_restore", f"--dbname={conninfo.conninfo_to_dict(restored)['dbname']}", str(backup)) != 0
        )
        with psycopg.connect(restored, autocommit=True) as ledger:
            assert one(ledger, "SELECT count(*) AS n FROM pg_policies")["n"] == 0
        status = run("status", url=restored)
        assert status.returncode == 3 and "CREATE ROLE betledger_app" in status.stdout
        migrated = run("migrate", url=restored)
        assert migrated.returncode == 0, migrated.stderr
        # It stays as open as it was: who may connect is not ours to say.
        with psycopg.connect(restored, autocommit=True) as ledger:
            open_to_all = "SELECT has_database_privilege('public', current_database(), 'CONNECT') AS yes"
            assert one(ledger, open_to_all)["yes"] is True
        assert run("status", url=restored).returncode == 0
        assert run("verify-schema", url=restored).returncode == 0
        with psycopg.connect(restored, autocommit=True) as ledger:
            assert (
                rows(
                    ledger,
                    "SELECT check_name, finding FROM ops.doctor() WHERE finding IS NOT NULL AND check_name NOT LIKE 'commits%'",
                )
                == []
            )
            assert state(ledger) == before
            assert rows(ledger, "SELECT * FROM ops.verify_projections()") == []
            call(ledger, "withdraw", TENANT, "u1", 40, "w")


@pytest.mark.not_on_citus("there a superuser makes the ledger")
def test_a_role_that_may_create_roles_and_databases_is_enough(tmp_path: Path) -> None:
    with own_server_in(FOLDER, {"fsync": "off"}) as server:
        with psycopg.connect(server.start(), autocommit=True) as connection:
            connection.execute("CREATE ROLE dba LOGIN CREATEROLE CREATEDB PASSWORD 'only for tests'")
            connection.execute("CREATE DATABASE ledger OWNER dba")
        url = conninfo.make_conninfo(server.url("ledger"), user="dba", password="only for tests")
        migrated = run("migrate", url=url)
        assert migrated.returncode == 0, migrated.stderr
        (tmp_path / "password").write_text("long enough for a login\n")
        login = (
            "role",
            "create",
            "shop",
            "--member-of",
            "betledger_app",
            "--password-file",
            str(tmp_path / "password"),
        )
        for command in (("status",), ("verify-schema",), login):
            result = run(*command, url=url)
            assert result.returncode == 0, result.stderr
        # Another ledger on the server, made by the same role.
        assert run("migrate", url=conninfo.make_conninfo(url, dbname="other")).returncode != 0
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE other")
        assert run("migrate", url=conninfo.make_conninfo(url, dbname="other")).returncode == 0


@pytest.mark.not_on_citus("one server of our own")
def test_a_migration_names_the_prepared_transaction_that_is_in_its_way(tmp_path: Path) -> None:
    """It has no backend that could be told, and outlives a restart."""
    (tmp_path / "db" / "schema").mkdir(parents=True)
    (tmp_path / "db" / "schema" / "0001_x.sql").write_text("ALTER TABLE public.bet_events ADD note text;\n")
    with own_server_in(FOLDER, {"fsync": "off", "max_prepared_transactions": "2"}) as server:
        url = ledger_on(server)
        with psycopg.connect(url) as ledger:
            place(ledger)
            ledger.execute("PREPARE TRANSACTION 'left over'")
        told: list[str] = []
        limits = Limits(lock_timeout="3s", attempts=1)
        with opened(url, progress=told.append, teams=[tmp_path / "db"], limits=limits) as migrator:
            with pytest.raises(BetledgerError, match="lock timeout"):
                migrator.migrate()
            (line,) = [line for line in told if "waits for" in line]
            assert line.startswith("  waits for the prepared transaction 'left over' (postgres, for ")
            with psycopg.connect(url, autocommit=True) as ledger:
                ledger.execute("COMMIT PREPARED 'left over'")
            assert migrator.migrate() > 0


def _pg(url: str, program: str, *arguments: str) -> int:
    parts = conninfo.conninfo_to_dict(url)
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGDATABASE": "dbname", "PGPASSWORD": "password"}
    environment = {**os.environ, **{name: str(parts[part]) for name, part in names.items() if parts.get(part)}}
    return subprocess.run(
        [str(binaries() / program), *arguments], env=environment, capture_output=True, check=False
    ).returncode
