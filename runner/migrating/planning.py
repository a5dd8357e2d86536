"""What `migrate` would run: every statement, its transaction, and the locks that it takes."""

from __future__ import annotations

from betledger.database import conninfo_of, session
from betledger.errors import BetledgerError
from betledger.migrating.files import Repeatable
from betledger.migrating.migrator import Migrator, opened
from betledger.migrating.plan import Plan, Statement, Step
from betledger.migrating.scratch import scratch_database
from betledger.migrating.statements import statements, transactional

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
    files = state.due(migrator.files)
    plan = Plan([], on_citus=migrator.on_citus, limits=migrator.limits)
    if not files:
        return plan
    plan.preparation = migrator.bookkeeping.preparation()
    for file in files:
        plan.steps.append(
            Step(
                file.path,
                isinstance(file, Repeatable) and file.is_trigger,
                transactional(file.path, file.text),
                migrator.applier.before(file),
                [Statement(text) for _, text in statements(file.path, file.text)],
                migrator.bookkeeping.marks(file),
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
            scratch_database(
                scratch_url or conninfo_of(migrator.connection), migrator.connection, migrator.on_citus
            ) as url,
            opened(url, migrator.files.root.folder, teams=migrator.files.teams) as scratch,
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

            scratch.applier.observer = observe
            scratch.migrate()
    except BetledgerError as error:
        plan.unknown = str(error)
