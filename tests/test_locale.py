"""The same ledger whatever the locale of its database; tests/hostile_locale.py runs all other tests in Turkish, too."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from command import run
from ledger import append, call, event, insert, rows
from psycopg import conninfo

ON_PLAIN_ONLY = pytest.mark.not_on_citus("a cluster is made in the locale of its servers")
LOCALES = {
    "C": "LOCALE_PROVIDER libc LOCALE 'C'",
    "C.UTF-8": "LOCALE_PROVIDER libc LOCALE 'C.UTF-8'",
    "Turkish of libc": "LOCALE_PROVIDER libc LOCALE 'tr_TR.UTF-8'",
    "Turkish of ICU": "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C'",
    "English of ICU": "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'",
    "numbers by value, of ICU": "LOCALE_PROVIDER icu ICU_LOCALE 'und-u-kn-true' LOCALE 'C'",
    "upper case first, of ICU": "LOCALE_PROVIDER icu ICU_LOCALE 'en-u-kf-upper' LOCALE 'C'",
    "full Unicode of the server": "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'PG_UNICODE_FAST' LOCALE 'C'",
}
# In each locale another order.
USERS = ["anna", "Bob", "carl", "Dave", "ıdil", "Irma", "İnci", "u10", "u9", "é", "É", "user-1", "user 2", "user_3"]


def made(db: psycopg.Connection, dsn: str, options: str) -> Iterator[str]:
    try:
        db.execute(f"CREATE DATABASE in_locale TEMPLATE template0 {options}".encode())
    except psycopg.Error as error:
        pytest.skip(f"this server cannot: {error.diag.message_primary}")
    try:
        yield conninfo.make_conninfo(dsn, dbname="in_locale")
    finally:
        db.execute("DROP DATABASE in_locale WITH (FORCE)")


@pytest.fixture
def in_locale(db: psycopg.Connection, dsn: str, request: pytest.FixtureRequest) -> Iterator[str]:
    yield from made(db, dsn, f"ENCODING 'UTF8' {LOCALES[request.param]}")


@ON_PLAIN_ONLY
@pytest.mark.parametrize("in_locale", LOCALES, indirect=True)
def test_a_ledger_is_the_same_in_every_locale(in_locale: str) -> None:
    assert run("migrate", url=in_locale).returncode == 0
    with psycopg.connect(in_locale, autocommit=True) as ledger:
        for user in USERS:
            call(ledger, "deposit", 1, user, 100, f"key of {user}")
            call(ledger, "place_bet", 1, user, 10, 2, "f", f"bet of {user}")
        insert(ledger, *(event("V1_BETS_BET_PLACED", 1, f"b{n}", data={"user_id": u}) for n, u in enumerate(USERS)))
        append(ledger, "BET_CONFIRMED", 1, "b1")
        kept = rows(ledger, "SELECT * FROM user_activity_view ORDER BY user_id")
        assert [row["user_id"] for row in kept] == sorted(USERS)
        assert {row["deposits"] for row in kept} == {100}
        statuses = rows(ledger, "SELECT DISTINCT status FROM bets_view ORDER BY status")
        assert [row["status"] for row in statuses] == ["confirmed", "placed"]
        assert rows(ledger, "SELECT DISTINCT type FROM payments_view") == [{"type": "deposit"}]
        for table in ("user_balances_view", "user_activity_view", "bets_view"):
            # Pages are smaller than the table.
            ledger.execute("CALL ops.rebuild_projection(%s, p_batch => 3)", (table,))
        assert rows(ledger, "SELECT * FROM user_activity_view ORDER BY user_id") == kept
        assert rows(ledger, "SELECT * FROM ops.verify_projections()") == []
    schema = run("verify-schema", url=in_locale)
    assert (schema.returncode, schema.stderr) == (0, "")


@ON_PLAIN_ONLY
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_is_not_utf8_is_refused(db: psycopg.Connection, dsn: str, encoding: str) -> None:
    for url in made(db, dsn, f"ENCODING '{encoding}' LOCALE_PROVIDER libc LOCALE 'C'"):
        for command in ("migrate", "status", "plan", "verify-schema"):
            result = run(command, url=url)
            assert result.returncode == 1
            assert result.stderr.count("\n") == 1
            assert f"the encoding of the database is {encoding}, and a ledger is UTF8" in result.stderr
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'ops'").fetchone() == (0,)


@ON_PLAIN_ONLY
@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="the locale of that server is not ours to choose")
def test_all_tests_run_in_a_locale_that_sorts_and_folds_unlike_c(db: psycopg.Connection, dsn: str) -> None:
    """Where the server has one: see tests/hostile_locale.py."""
    can = []
    for options in (LOCALES["Turkish of ICU"], LOCALES["Turkish of libc"]):
        try:
            db.execute(f"CREATE DATABASE in_turkish TEMPLATE template0 ENCODING 'UTF8' {options}".encode())
        except psycopg.Error:
            continue
        db.execute("DROP DATABASE in_turkish")
        can.append(options)
    if not can:
        pytest.skip("this server has no Turkish")
    assert db.execute("SELECT lower('I'), 'a' < 'B'").fetchone() == ("ı", True)
