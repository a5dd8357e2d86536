"""How long a migration waits, for whom, and what is told meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from betledger.database import conninfo_of, session, value
from betledger.errors import BetledgerError
from psycopg import errors as pg

# The advisory lock of all runners.
LOCK = (b"betledger".hex(), "migrate")
# CREATE INDEX CONCURRENTLY stops nobody, and has to outwait every older transaction.
LONG_LOCK_TIMEOUT = "30min"
HOLDER = """
    SELECT format('backend %%s of %%s since %%s', a.pid, a.usename, a.backend_start::timestamp(0))
    FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint = hashtext(%s)::bigint & 4294967295
        AND l.objid::bigint = hashtext(%s)::bigint & 4294967295
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    LIMIT 1
"""
BLOCKERS = """
    SELECT format('backend %%s (%%s, %%s, for %%s s): %%s',
        a.pid, coalesce(a.usename, a.backend_type), a.state,
        coalesce(extract(epoch FROM now() - a.xact_start), 0)::integer,
        left(regexp_replace(a.query, '\\s+', ' ', 'g'), 80)),
        a.pid::text
    FROM unnest(pg_blocking_pids(%(pid)s)) AS b (pid) JOIN pg_stat_activity AS a ON a.pid = b.pid
    UNION ALL
    -- It has no backend any more.
    SELECT format('the prepared transaction %%L (%%s, for %%s s): COMMIT PREPARED or ROLLBACK PREPARED it',
        x.gid, x.owner, extract(epoch FROM now() - x.prepared)::integer),
        x.gid
    FROM pg_prepared_xacts AS x
    JOIN pg_locks AS own ON own.locktype = 'transactionid' AND own.transactionid = x.transaction AND own.granted
    JOIN pg_locks AS held ON held.pid IS NULL AND held.virtualtransaction = own.virtualtransaction
    JOIN pg_locks AS wanted ON wanted.pid = %(pid)s AND NOT wanted.granted
        AND wanted.relation IS NOT DISTINCT FROM held.relation
        AND wanted.transactionid IS NOT DISTINCT FROM held.transactionid
    WHERE 0 = ANY (pg_blocking_pids(%(pid)s))
"""

# Triggers on shards are ours on purpose, and DDL of one transaction shares its connections to the nodes.
CITUS_SETTINGS = {"citus.enable_unsafe_triggers": "on", "citus.multi_shard_modify_mode": "sequential"}
# Called with the path of each file before it is run, and with what one wants to know meanwhile, after two spaces.
Progress = Callable[[str], None]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Limits:
    """How long to wait for what.

    Args:
        lock_timeout: for a table lock, as PostgreSQL writes it. Waiting stops all who come after us: little, often.
        statement_timeout: for one statement of a file in a transaction.
        attempts: how often a file is tried whose locks are taken, with growing pauses.
        wait: seconds to wait for another runner.
    """

    lock_timeout: str = "5s"
    statement_timeout: str = "15min"
    attempts: int = 5
    wait: float = 60

    def of_session(self, on_citus: bool) -> dict[str, str]:
        """What every file begins with."""
        ours = {"client_min_messages": "warning", "lock_timeout": self.lock_timeout}
        return ours | (CITUS_SETTINGS if on_citus else {})


@contextmanager
def alone(connection: psycopg.Connection[Any], limits: Limits, progress: Progress) -> Iterator[None]:
    """Hold the advisory lock of all runners. Polled: CREATE INDEX CONCURRENTLY deadlocks with a waiting lock.

    Raises:
        BetledgerError: another runner holds it for longer than we wait.
    """
    deadline, told = time.monotonic() + limits.wait, False
    while not value(connection, "SELECT pg_try_advisory_lock(hashtext(%s), hashtext(%s))", LOCK):
        holder = value(connection, HOLDER, LOCK)
        if time.monotonic() > deadline:
            raise BetledgerError(f"another runner ({holder}) is at work on this database: wait, or end it")
        if not told:
            progress(f"  another runner ({holder}) is at work on this database: waiting for it")
            told = True
        time.sleep(0.1)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(hashtext(%s), hashtext(%s))", LOCK)


def retried(action: Callable[[], _T], limits: Limits, progress: Progress) -> _T:
    """Run an action whose locks may be taken: wait little, step aside, try again."""
    for attempt in range(1, limits.attempts + 1):
        try:
            return action()
        except BetledgerError as error:
            if not isinstance(error.__cause__, pg.LockNotAvailable | pg.DeadlockDetected):
                raise
            if attempt == limits.attempts:
                raise BetledgerError(f"{error}: another session holds the lock, try later") from error
            progress(f"  a lock is taken, attempt {attempt} of {limits.attempts}")
            time.sleep(0.5 * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


@contextmanager
def watched(connection: psycopg.Connection[Any], progress: Progress) -> Iterator[None]:
    """Tell from a second session who stops us, when a statement takes longer than a second."""
    done = threading.Event()
    backend = connection.info.backend_pid

    def watch() -> None:
        if done.wait(1):
            return
        told: set[str] = set()
        try:
            with session(conninfo_of(connection)) as watcher:
                while not done.is_set():
                    for blocker, name in watcher.execute(BLOCKERS, {"pid": backend}):
                        if name not in told:
                            told.add(name)
                            progress(f"  waits for {blocker}")
                    done.wait(1)
        except (psycopg.Error, BetledgerError):
            # Told to help, no more: there may be no connection left.
            return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
