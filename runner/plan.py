"""What `migrate` would run: every statement, its transaction, and the locks that it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version

from betledger.database import conninfo_of, session
from betledger.errors import BetledgerError
from betledger.files import statements, transactional
from betledger.migrations import CITUS_SETTINGS, LOCK, LONG_LOCK_TIMEOUT, Migrator, opened
from betledger.scratch import scratch_database

# Each stops at least what the one before it stops, as far as one can put them in a line.
MODES = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
# The strongest lock of this session on each table that another transaction could see.
LOCKS = """
    SELECT n.nspname || '.' || c.relname, max(array_position(%s::text[], l.mode)) - 1
    FROM pg_locks AS l
    JOIN pg_class AS c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'v', 'm')
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE l.pid = pg_backend_pid() AND l.granted AND l.locktype = 'relation' AND c.oid = ANY (%s)
    GROUP BY 1 ORDER BY 1
"""
TABLES = """
    SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname !~ '^pg_|^information_schema$|^betledger_migrations$'
"""


@dataclass
class Statement:
    """One statement of a file.

    Args:
        sql: the text, with the comments before it.
        locks: of each table that others see, if it is stronger than what the transaction held; None when not known.
    """

    sql: str
    locks: list[tuple[str, str]] | None = None


@dataclass
class Step:
    """One file.

    Args:
        path: as it is recorded.
        text: all of it.
        in_transaction: whether its statements, and what records it, commit together.
        before: what is set for it.
        statements: what it does.
        marks: what records it.
    """

    path: str
    text: str
    in_transaction: bool
    before: list[str]
    statements: list[Statement]
    marks: list[str]


@dataclass
class Plan:
    """All that `migrate` would run, in order.

    Args:
        preparation: what makes the tables of the bookkeeping.
        steps: the files.
        unknown: why locks are not known; None when all are.
        on_citus: whether it is for a cluster.
    """

    preparation: list[str]
    steps: list[Step] = field(default_factory=list)
    unknown: str | None = None
    on_citus: bool = False
    lock_timeout: str = "5s"

    def as_text(self) -> Iterator[str]:
        """For people: the SQL, with locks in comments."""
        for step in self.steps:
            yield f"-- {step.path}"
            yield "BEGIN;" if step.in_transaction else "-- each statement commits by itself"
            for statement in step.statements:
                yield statement.sql
                for table, mode in statement.locks or ():
                    yield f"-- locks {table}: {mode}"
            if step.in_transaction:
                yield "COMMIT;"
            yield ""
        if self.unknown:
            yield f"-- locks are not known from here on: {self.unknown}"

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "steps": [
                {
                    "path": step.path,
                    "transaction": step.in_transaction,
                    "statements": [
                        {
                            "sql": statement.sql,
                            "locks": None
                            if statement.locks is None
                            else [{"table": table, "mode": mode} for table, mode in statement.locks],
                        }
                        for statement in step.statements
                    ],
                }
                for step in self.steps
            ],
            "locks_unknown": self.unknown,
        }

    def as_script(self) -> Iterator[str]:
        """For psql: with the same result as `migrate`, bookkeeping included."""
        yield f"-- What betledger {version('betledger')} would run. Run it with psql, as the same role: psql -X -f FILE"
        yield "\\set ON_ERROR_STOP on"
        yield "SET client_min_messages = warning;"
        yield f"SET lock_timeout = '{self.lock_timeout}';"
        for name, value in CITUS_SETTINGS.items() if self.on_citus else ():
            yield f"SET {name} = '{value}';"
        lock = "hashtext('{}'), hashtext('{}')".format(*LOCK)
        yield f"SELECT pg_try_advisory_lock({lock}) AS alone \\gset"
        yield "\\if :alone\n\\else\n  \\warn another runner is at work on this database\n  \\quit\n\\endif"
        yield _block(self.preparation) if self.preparation else ""
        distributed = not self.on_citus
        for step in self.steps:
            if not distributed and "triggers/" in step.path:
                yield _block(["SET LOCAL ROLE betledger_owner", "SELECT * FROM ops.distribute(false)"])
                distributed = True
            yield f"-- {step.path}"
            if step.in_transaction:
                yield _block([*step.before, *(s.sql for s in step.statements), *step.marks])
            else:
                yield f"SET lock_timeout = '{LONG_LOCK_TIMEOUT}';"
                yield "\n".join(_ended(s.sql) for s in step.statements)
                yield f"RESET ROLE;\nSET lock_timeout = '{self.lock_timeout}';"
                yield _block(step.marks)
        yield f"SELECT pg_advisory_unlock({lock});"


def _ended(statement: str) -> str:
    statement = statement.rstrip()
    return statement if statement.endswith(";") else f"{statement};"


def _block(of: list[str]) -> str:
    return "\n".join(["BEGIN;", *map(_ended, of), "COMMIT;", ""])


def plan_of(migrator: Migrator, scratch_url: str | None, locks: bool = True) -> Plan:
    """What `migrate` would run on the database of a migrator, which is only read.

    Args:
        migrator: of the database.
        scratch_url: a database of the server where a scratch database shows what is locked: a rehearsal in the database
            itself would hold its locks to its end.
        locks: whether to look for them.
    """
    state = migrator.state()
    state.require_no_drift()
    files = migrator.due(state)
    plan = Plan([], on_citus=migrator.on_citus, lock_timeout=migrator.limits.lock_timeout)
    if not files:
        return plan
    if first := migrator.preparation():
        with migrator.backend.transaction(rollback_on_exit=True):
            for statement in first:
                migrator.connection.execute(statement.encode())
            plan.preparation = [*first, *migrator.backend.made()]
    for file in files:
        plan.steps.append(
            Step(
                file.path,
                file.text,
                transactional(file.path, file.text),
                migrator.before(file),
                [Statement(text) for _, text in statements(file.text)],
                migrator.marks(file),
            )
        )
    if locks:
        _find_locks(plan, migrator, scratch_url)
    return plan


def _find_locks(plan: Plan, migrator: Migrator, scratch_url: str | None) -> None:
    due = {step.path: step for step in plan.steps}
    triggers = {file.path for file in migrator.files.repeatables if file.is_trigger}
    try:
        with (
            scratch_database(scratch_url or conninfo_of(migrator.connection), migrator.on_citus) as url,
            opened(url, migrator.files.sources[""], teams=migrator.files.teams) as scratch,
            session(url) as other,
        ):
            # As the database is now.
            scratch.migrate(only=lambda path: path not in due and path not in triggers)
            seen: dict[str, list[int]] = {}
            held: dict[str, int] = {}

            def observe(path: str, number: int) -> None:
                if path not in seen:
                    # For what this transaction makes itself, nobody waits.
                    seen[path] = [row[0] for row in other.execute(TABLES).fetchall()]
                    held.clear()
                now = scratch.connection.execute(LOCKS, (list(MODES), seen[path])).fetchall()
                if path in due:
                    due[path].statements[number].locks = [
                        (table, MODES[mode]) for table, mode in now if mode > held.get(table, -1)
                    ]
                held.update(now)

            scratch.observer = observe
            scratch.migrate()
    except BetledgerError as error:
        plan.unknown = str(error)
