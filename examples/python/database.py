"""One transaction of one tenant: what the service and the consumer of the feed share."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from psycopg import Connection, OperationalError, sql
from psycopg.types.json import set_json_loads
from psycopg_pool import ConnectionPool, PoolTimeout

if not os.environ.get("DATABASE_URL"):
    sys.exit("DATABASE_URL is not set: name the ledger, as a login that is a member of betledger_tenant")
T = TypeVar("T")
ATTEMPTS = 6
LOST = {"57P01", None}
AGAIN = {"40001", "40P01"} | LOST
# Numbers in event_data stay what they are, to the last digit: as strings, and not as floats.
set_json_loads(partial(json.loads, parse_float=str, parse_int=str))
pool: ConnectionPool[Connection[Any]] = ConnectionPool(
    os.environ["DATABASE_URL"], min_size=1, max_size=10, timeout=5, open=False,
    kwargs={"options": "-c statement_timeout=10s"},
)  # fmt: skip


def transaction(tenant: int, work: Callable[[Connection[Any]], T]) -> T:
    """Do the work in a transaction, and all of it again when another transaction came in between.

    Also when the connection was lost: each write has its key, and is not done twice.
    """
    attempt = 1
    while True:
        try:
            with pool.connection() as db:
                # The wall: row-level security shows and takes rows of this tenant only, whatever the work asks for. A
                # statement, since what set_config() sets does not reach the nodes of a Citus cluster.
                db.execute(sql.SQL("SET LOCAL app.tenant_id = {}").format(str(tenant)))
                return work(db)
        except OperationalError as error:
            if attempt == ATTEMPTS or error.sqlstate not in AGAIN or isinstance(error, PoolTimeout):
                raise
            if error.sqlstate in LOST:
                pool.check()
        time.sleep(random.uniform(0, 0.01 * 2**attempt))
        attempt += 1
