"""Fixtures for the tests of application teams: a migrated ledger, clean for each test, in milliseconds.

In pyproject.toml, `betledger_migrations = ["db"]` under [tool.pytest.ini_options] names folders of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import psycopg


def pytest_addoption(parser: pytest.Parser) -> None:
    """Names the folders of the team."""
    parser.addini("betledger_migrations", "folders with schema/, functions/ and triggers/ of your own", "paths", [])
    parser.addini("betledger_beside_ledgers", "use the server of DATABASE_URL though a ledger is on it", "bool", False)


@pytest.fixture(scope="session")
def betledger_template(pytestconfig: pytest.Config) -> Iterator[tuple[psycopg.Connection[Any], str]]:
    """A session on DATABASE_URL's server, or on one for the tests, and the name of a migrated database there.

    The database is named by what is in the migrations, and stays for the next run, where the server does.
    """
    # Here, so that runs without these fixtures do not pay for it.
    from betledger.database import session
    from betledger.migrating.clones import template
    from betledger.server import throwaway_server

    with (
        throwaway_server({"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}) as url,
        session(url) as connection,
    ):
        teams = pytestconfig.getini("betledger_migrations")
        yield connection, template(connection, teams, pytestconfig.getini("betledger_beside_ledgers"))


@pytest.fixture
def betledger_database(betledger_template: tuple[psycopg.Connection[Any], str]) -> Iterator[str]:
    """The conninfo of a migrated ledger without a row, as the user that migrated it."""
    from betledger.database import conninfo_of
    from betledger.migrating.clones import clone_of, drop
    from psycopg import conninfo

    connection, template = betledger_template
    name = clone_of(connection, template)
    yield conninfo.make_conninfo(conninfo_of(connection), dbname=name)
    drop(connection, name)
