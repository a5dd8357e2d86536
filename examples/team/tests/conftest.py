"""Connections to a clean ledger, as those who use it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest


@pytest.fixture
def connect(betledger_database: str) -> Iterator[Callable[[str], psycopg.Connection]]:
    """Opens connections as one of the groups: app, tenant, operator; each statement is a transaction."""
    with ExitStack() as stack:

        def opened(group: str) -> psycopg.Connection:
            connection = stack.enter_context(psycopg.connect(betledger_database, autocommit=True))
            connection.execute(f"SET ROLE betledger_{group}")
            return connection

        yield opened
