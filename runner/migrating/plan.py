"""What a plan says, and how it is printed: for people, for programs, and for psql."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version

from betledger.database import AS_IT_BEGAN
from betledger.migrating.waiting import LOCK, LONG_LOCK_TIMEOUT, Limits


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
        is_trigger: whether it comes after the tables are distributed.
        in_transaction: whether its statements, and what records it, commit together.
        before: what is set for it.
        statements: what it does.
        marks: what records it.
    """

    path: str
    is_trigger: bool
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
    limits: Limits = Limits()  # noqa: RUF009

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
        begin_anew = "\n".join(
            [AS_IT_BEGAN]
            + [f"SET {name} = '{value}';" for name, value in self.limits.of_session(self.on_citus).items()]
        )
        yield begin_anew
        lock = "hashtext('{}'), hashtext('{}')".format(*LOCK)
        yield f"SELECT pg_try_advisory_lock({lock}) AS alone \\gset"
        yield "\\if :alone\n\\else\n  \\warn another runner is at work on this database\n  \\quit\n\\endif"
        yield _block(self.preparation) if self.preparation else ""
        distributed = not self.on_citus
        for step in self.steps:
            if not distributed and step.is_trigger:
                yield _block(["SET LOCAL ROLE betledger_owner", "SELECT * FROM ops.distribute(false)"])
                distributed = True
            yield f"-- {step.path}"
            if step.in_transaction:
                yield _block([*step.before, *(s.sql for s in step.statements), *step.marks])
            else:
                yield f"SET lock_timeout = '{LONG_LOCK_TIMEOUT}';"
                yield "\n".join(_ended(s.sql) for s in step.statements)
                yield begin_anew
                yield _block(step.marks)
            # What a file sets is for that file.
            yield begin_anew
        yield f"SELECT pg_advisory_unlock({lock});"


def _ended(statement: str) -> str:
    statement = statement.rstrip()
    return statement if statement.endswith(";") else f"{statement};"


def _block(of: list[str]) -> str:
    return "\n".join(["BEGIN;", *map(_ended, of), "COMMIT;", ""])
