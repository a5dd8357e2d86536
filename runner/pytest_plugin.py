"""Fixtures for the tests of application teams: a migrated ledger, clean for each test, in milliseconds.

In pyproject.toml, `betledger_migrations = ["db"]` under [tool.pytest.ini_options] names folders of their own.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import psycopg

# Seconds after which a database is dropped: of a test when its run was killed, of a template when no run has used it.
STALE_DATABASE, STALE_TEMPLATE = 3600, 7 * 24 * 3600
# One that is being made has the name of a test's: if its run is killed, it goes in the same way.
DATABASE, TEMPLATE = "betledger_test", "betledger_template"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Names the folders of the team."""
    parser.addini("betledger_migrations", "folders with schema/, functions/ and triggers/ of your own", "paths", [])
    parser.addini("betledger_beside_ledgers", "use the server of DATABASE_URL though a ledger is on it", "bool", False)


def _new_name() -> str:
    """A database of this test alone, whoever else tests on the server."""
    return f"{DATABASE}_{int(time.time())}_{secrets.token_hex(4)}"


@pytest.fixture(scope="session")
def betledger_template(pytestconfig: pytest.Config) -> Iterator[tuple[str, str]]:
    """The conninfo of DATABASE_URL's server, or of one for the tests, and the name of a migrated database on it.

    The database is named by what is in the migrations, and stays for the next run, where the server does.
    """
    # Here, so that runs without these fixtures do not pay for it.
    from betledger.database import session
    from betledger.migrating.files import Files
    from betledger.migrating.migrator import migrate
    from betledger.migrating.statements import checksum
    from betledger.server import throwaway_server
    from psycopg import conninfo

    teams = [Path(folder) for folder in pytestconfig.getini("betledger_migrations")]
    template = f"{TEMPLATE}_{checksum(repr(Files(teams=teams).contents))[:16]}"
    with (
        throwaway_server({"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}) as url,
        session(url) as connection,
    ):
        if not pytestconfig.getini("betledger_beside_ledgers"):
            _refuse_ledgers(connection)
        _drop_stale(connection, template)
        # Of runs that begin at the same moment, one makes it.
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (template,))
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", (template,)).rowcount:
            name = _new_name()
            connection.execute(f"CREATE DATABASE {name}".encode())
            migrate(conninfo.make_conninfo(url, dbname=name), teams=teams)
            connection.execute(f"ALTER DATABASE {name} RENAME TO {template}")
        connection.execute(f"COMMENT ON DATABASE {template} IS '{int(time.time())}'")
        connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (template,))
        yield url, template


@pytest.fixture
def betledger_database(betledger_template: tuple[str, str]) -> Iterator[str]:
    """The conninfo of a migrated ledger without a row, as the user that migrated it."""
    from betledger.database import session
    from psycopg import conninfo

    url, template = betledger_template
    name = _new_name()
    with session(url) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield conninfo.make_conninfo(url, dbname=name)
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _refuse_ledgers(connection: psycopg.Connection[Any]) -> None:
    """Tests make roles, databases and load: not where money is."""
    found = connection.execute(
        "SELECT d.datname FROM pg_database AS d JOIN pg_shdepend AS o ON o.dbid = d.oid AND o.deptype = 'o'"
        " JOIN pg_roles AS r ON r.oid = o.refobjid AND r.rolname = 'betledger_owner'"
        " WHERE d.datname !~ %s LIMIT 1",
        (f"^({DATABASE}|{TEMPLATE})_[0-9a-f_]+$",),
    ).fetchone()
    if found:
        raise pytest.UsageError(
            f"the server of DATABASE_URL has a ledger, in database {found[0]}: name a server for tests, or set"
            " betledger_beside_ledgers = true in the configuration of pytest"
        )


def _drop_stale(connection: psycopg.Connection[Any], template: str) -> None:
    """What runs that were killed have left, and templates of migrations that are no more."""
    for name, used in connection.execute(
        "SELECT d.datname, shobj_description(d.oid, 'pg_database') FROM pg_database AS d"
        " WHERE NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datid = d.oid)"
    ).fetchall():
        if found := re.fullmatch(rf"{DATABASE}_(\d+)_[0-9a-f]+", name):
            is_stale = int(found[1]) < time.time() - STALE_DATABASE
        else:
            is_template = name != template and re.fullmatch(rf"{TEMPLATE}_[0-9a-f]+", name)
            is_stale = bool(is_template) and int(used or 0) < time.time() - STALE_TEMPLATE
        if is_stale:
            connection.execute(f"DROP DATABASE IF EXISTS {name}".encode())
