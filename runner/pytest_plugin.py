"""Fixtures for the tests of application teams: a migrated ledger, clean for each test, in milliseconds.

In pyproject.toml, `betledger_migrations = ["db"]` under [tool.pytest.ini_options] names folders of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

# Each process of pytest-xdist has its own.
NAME = f"betledger_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Names the folders of the team."""
    parser.addini("betledger_migrations", "folders with schema/, functions/ and triggers/ of your own", "paths", [])


@pytest.fixture(scope="session")
def betledger_template(pytestconfig: pytest.Config) -> Iterator[tuple[str, str]]:
    """The conninfo of DATABASE_URL's server, or of one for the tests, and the name of a migrated database on it."""
    # Here, so that runs without these fixtures do not pay for it.
    import psycopg
    from betledger.migrating.migrator import migrate
    from betledger.server import throwaway_server
    from psycopg import conninfo

    name = f"{NAME}_template"
    with throwaway_server({"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name}")
        migrate(
            conninfo.make_conninfo(url, dbname=name),
            teams=[Path(folder) for folder in pytestconfig.getini("betledger_migrations")],
        )
        yield url, name
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def betledger_database(betledger_template: tuple[str, str]) -> Iterator[str]:
    """The conninfo of a migrated ledger without a row, as the user that migrated it."""
    import psycopg
    from psycopg import conninfo

    url, template = betledger_template
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME} TEMPLATE {template}")
        yield conninfo.make_conninfo(url, dbname=NAME)
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
