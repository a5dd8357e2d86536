"""Settings of a database that reach into every session: the ledger is made, written, read and kept as without them."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from betledger.cli import app
from ledger import T0, TENANT, append, place
from psycopg import conninfo, sql
from typer.testing import CliRunner

# Those that can be told apart by what goes wrong are set together: each ledger that is made takes a while.
HOSTILE: dict[str, dict[str, str]] = {
    "how text is read and written": {
        "standard_conforming_strings": "off",
        "backslash_quote": "off",
        "escape_string_warning": "on",
        "array_nulls": "off",
        "transform_null_equals": "on",
        "DateStyle": "SQL, DMY",
        "IntervalStyle": "sql_standard",
        "TimeZone": "Pacific/Chatham",
        "bytea_output": "escape",
        "extra_float_digits": "-15",
        "quote_all_identifiers": "on",
        "lc_messages": "C",
        "xmloption": "document",
        "client_encoding": "LATIN1",
    },
    "how plans are made": {
        "jit": "on",
        "plan_cache_mode": "force_custom_plan",
        "enable_indexscan": "off",
        "enable_nestloop": "off",
        "from_collapse_limit": "1",
        "geqo_threshold": "2",
        "constraint_exclusion": "on",
        "default_statistics_target": "1",
        "work_mem": "64kB",
        "temp_buffers": "800kB",
        "hash_mem_multiplier": "1",
    },
    "what is checked, told and kept": {
        "check_function_bodies": "off",
        "client_min_messages": "error",
        "synchronous_commit": "off",
        "default_toast_compression": "pglz",
        "enable_seqscan": "off",
    },
    "isolation": {"default_transaction_isolation": "serializable", "default_transaction_deferrable": "on"},
    "search_path": {"search_path": "pg_temp, nowhere"},
    "row_security": {"row_security": "off"},
    "statement_timeout": {"statement_timeout": "1s"},
    "transaction_timeout": {"transaction_timeout": "1s"},
    "lock_timeout": {"lock_timeout": "1ms"},
    "idle_in_transaction_session_timeout": {"idle_in_transaction_session_timeout": "1s"},
}
READ = """
SELECT jsonb_build_array(
    (SELECT jsonb_agg(to_jsonb(b) - '{bet_id,created_at,last_updated_at}'::text[] ORDER BY b.bet_id)
        FROM public.bets_view AS b),
    (SELECT jsonb_agg(to_jsonb(p) - '{payment_id,created_at,last_updated_at}'::text[] ORDER BY p.amount)
        FROM public.payments_view AS p),
    (SELECT jsonb_agg(to_jsonb(a) - '{first_activity_at,last_activity_at}'::text[]) FROM public.user_activity_view AS a),
    (SELECT jsonb_agg(to_jsonb(t) - 'last_activity_at') FROM public.tenants_summary_view AS t),
    (SELECT extract(epoch FROM b.created_at) FROM public.bets_view AS b WHERE b.bet_id = 'bet-1')
)::text
"""
READ_ROWS: list[Any] = [
    [
        {
            "tenant_id": TENANT, "user_id": "o'neil\\", "stake": 10.5, "odds": 1.85, "fixture_id": "f1",
            "status": "settled", "result": "win", "payout": 19.43, "idempotency_key": "k1",
        },
        {
            "tenant_id": TENANT, "user_id": "u1", "stake": 10, "odds": 2, "fixture_id": "f1", "status": "confirmed",
            "result": None, "payout": None, "idempotency_key": None,
        },
    ],
]  # fmt: skip


def use(connection: psycopg.Connection) -> None:
    """A bet by functions and one by plain events, and money; no argument is left to the client to write."""
    one = connection.execute(
        "SELECT bet_id FROM public.place_bet(10001, E'o''neil\\\\', 10.50, 1.85, 'f1', 'k1')"
    ).fetchone()
    connection.execute("SELECT FROM public.settle_bet(10001, %s, 'win', 19.43)", one)
    connection.execute("SELECT FROM public.deposit(10001, 'u1', 100, 'k2')")
    connection.execute("SELECT FROM public.withdraw(10001, 'u1', 30.25, 'k3')")
    connection.execute("SELECT FROM public.withdraw(10001, 'u1', 30.25, 'k3')")
    connection.execute("SELECT FROM public.personal_key(10001, 'u1')")


def command(*arguments: str, url: str) -> str:
    """The output of a command, which has to end well."""
    done = CliRunner().invoke(app, list(arguments), env={"DATABASE_URL": url})
    assert done.exit_code == 0, (arguments, done.output, done.exception)
    return done.output


@pytest.mark.not_on_citus("a setting of the database does not reach the other nodes")
@pytest.mark.parametrize("name", HOSTILE)
def test_settings_of_the_database_change_nothing(empty: str, name: str) -> None:
    with psycopg.connect(empty, autocommit=True) as connection:
        known = {row[0].lower() for row in connection.execute("SELECT name FROM pg_settings")}
        settings = {setting: value for setting, value in HOSTILE[name].items() if setting.lower() in known}
        if not settings:
            pytest.skip(f"this server has no {name}")
        for setting, value in settings.items():
            connection.execute(
                sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                    sql.Identifier(connection.info.dbname), sql.Identifier(setting),
                    sql.SQL(", ").join(sql.Literal(part) for part in value.split(", ")),
                )
            )  # fmt: skip
    command("migrate", url=empty)
    with psycopg.connect(conninfo.make_conninfo(empty), autocommit=True) as connection:
        use(connection)
    with psycopg.connect(empty, autocommit=True, options="-c search_path=public") as connection:
        place(connection, data={"user_id": "u1", "stake": 10, "odds": 2, "fixture_id": "f1"})
        append(connection, "BET_CONFIRMED", timestamp=T0 + 1)
        connection.execute("SET row_security = on; SET search_path = public")
        before = connection.execute(READ).fetchone()
        found = json.loads(before[0])  # type: ignore[index]
        assert [sorted(found[0], key=str, reverse=True), found[4]] == [
            sorted(READ_ROWS[0], key=str, reverse=True),
            T0 / 1000,
        ]
        assert [p["amount"] for p in found[1]] == [30.25, 100]
        assert [(b["bets_placed"], b["bets_confirmed"], b["balances"]) for b in found[3]] == [(0, 1, 69.75)]
    command("rebuild", url=empty)
    command("verify", url=empty)
    command("purge", "--older-than", "0", url=empty)
    assert str(TENANT) in command("tenant", "list", url=empty)
    assert "up to date" in command("migrate", url=empty)
    command("status", url=empty)
    command("schema", "dump", url=empty)
    with psycopg.connect(empty, autocommit=True, options="-c search_path=public") as connection:
        after = json.loads(connection.execute(READ).fetchone()[0])  # type: ignore[index]
        assert after[1:] == [[{**p, "idempotency_key": None} for p in found[1]], *found[2:]]
