"""32 clients do everything at once; afterwards some serial order explains every answer, to the last cent.

BETLEDGER_PROOF_SEED and BETLEDGER_PROOF_OPERATIONS (of each client) make other and longer runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal

import load
import psycopg
import pytest
from load import Step, serial

WORKERS = 32
SEED = int(os.environ.get("BETLEDGER_PROOF_SEED", "1"))
OPERATIONS = int(os.environ.get("BETLEDGER_PROOF_OPERATIONS", "60"))
Connect = Callable[..., psycopg.Connection]


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_a_random_load_has_a_serial_history(db: psycopg.Connection, connect: Connect, seed: int) -> None:
    plans = load.plan(seed, WORKERS, OPERATIONS)
    record = load.run(plans, lambda: connect("app"), lambda: connect("operator"), maintain=True)
    counts = load.check(db, record)
    print(counts, dict(record.errors), dict(record.maintained))
    assert counts["operations"] == WORKERS * OPERATIONS
    assert all(counts[what] > 0 for what in ("effects", "corrections", "refused", "replays", "balance steps"))
    assert record.batched > WORKERS
    assert min(record.maintained[what] for what in ("purge", "rebuild", "verify")) > 0


def test_the_same_seed_plans_the_same() -> None:
    assert load.plan(7, 4, 50) == load.plan(7, 4, 50) != load.plan(8, 4, 50)


# What is broken on purpose, and how it is seen --------------------------------------------------------------------------


def replaced(db: psycopg.Connection, function: str, old: str, new: str) -> None:
    """Change the body of one of our functions."""
    (text,) = db.execute("SELECT pg_get_functiondef(%s::regprocedure)", (function,)).fetchone()  # type: ignore[misc]
    assert old in text
    db.execute(text.replace(old, new))


CHANGE_BALANCE = "projection.change_balance(bigint, text, text, numeric, bigint, text, uuid, jsonb, boolean)"


@pytest.mark.not_on_citus("the same without a cluster")
def test_a_balance_below_zero_would_be_seen(db: psycopg.Connection, connect: Connect) -> None:
    replaced(db, CHANGE_BALANCE, "v_balance < 0", "false")
    record = load.run(load.plan(SEED, 8, 40), lambda: connect("app"), lambda: connect("operator"), maintain=False)
    with pytest.raises(AssertionError):
        load.check(db, record)


@pytest.mark.not_on_citus("the same without a cluster")
def test_a_lost_event_would_be_seen(db: psycopg.Connection, connect: Connect) -> None:
    record = load.run(load.plan(SEED, 8, 40), lambda: connect("app"), lambda: connect("operator"), maintain=False)
    db.execute("SET session_replication_role = replica")
    db.execute("DELETE FROM balance_events WHERE ctid = (SELECT max(ctid) FROM balance_events)")
    with pytest.raises(AssertionError):
        load.check(db, record)


def of(*steps: tuple[float, float, int | None, int | None]) -> Decimal | None:
    return serial([Step(s, e, Decimal(c or 0), None if seen is None else Decimal(seen)) for s, e, c, seen in steps])


def test_serial_histories_are_told_from_others() -> None:
    assert of((0, 1, 5, 5), (2, 3, -3, 2)) == 2
    # At the same time: either may be first, but both cannot be.
    assert of((0, 9, 5, 5), (0, 9, 7, 12)) == 12
    assert of((0, 9, 5, 12), (0, 9, 7, 7)) == 12
    assert of((0, 9, 5, 5), (0, 9, 7, 7)) is None
    # The one ended before the other began.
    assert of((0, 1, 5, 12), (2, 3, 7, 7)) is None
    # A read of what was there before, after it was gone.
    assert of((0, 1, 5, 5), (2, 3, 5, 10), (4, 5, None, 5)) is None
    assert of((0, 1, 5, 5), (2, 5, 5, 10), (4, 5, None, 5)) == 10
    # Below zero at any moment.
    assert of((0, 1, -5, None), (2, 3, 5, None)) is None
    assert of((0, 3, -5, None), (2, 3, 5, None)) == 0
    # Unless that is allowed, and then nothing else takes anything.
    below = Step(0, 1, Decimal(-5), Decimal(-5), allowed=True)
    assert serial([below, Step(2, 3, Decimal(2), Decimal(-3)), Step(4, 5, missing=Decimal(1))]) == -3
    assert serial([below, Step(2, 3, Decimal(-1))]) is None
    # Refused for want of 6, while there were 10.
    assert serial([Step(0, 1, Decimal(10)), Step(2, 3, missing=Decimal(6))]) is None
    assert serial([Step(0, 3, Decimal(10)), Step(2, 3, missing=Decimal(6))]) == 10
