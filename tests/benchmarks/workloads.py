"""The loads that pgbench sends, and how they are run in turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from measuring import Answer, FailedError, Load, pgbench
from results import Results
from targets import Stage

CLIENTS = 8
# As many users meet nearly every event: a new one is rare, as in real life.
SPREAD = {"tenants": 1000, "users": 10}
ONE_TENANT = {"tenants": 1, "users": 1000}
ONE_USER = {"tenants": 1, "users": 1}


@dataclass(frozen=True)
class Side:
    """Who does a workload, and how.

    Args:
        target: whose database it is.
        script: the file of scripts/.
        events: how many events each transaction of pgbench has to leave.
        role: as whom; the superuser, without it.
        variables: in place of those of the workload.
    """

    target: str
    script: str
    events: int = 1
    role: str | None = None
    variables: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Workload:
    """One kind of work, done by each side in turn.

    Args:
        name: how --only calls it.
        says: what it is, for people.
        sides: by the name that tables have for them.
        variables: pgbench's.
        clients: those of --clients, without it.
        waits: whether a commit waits for the disk.
    """

    name: str
    says: str
    sides: Mapping[str, Side]
    variables: Mapping[str, int] = field(default_factory=lambda: SPREAD)
    clients: int | None = None
    waits: bool = False


def _plain(script: str, events: int = 1) -> dict[str, Side]:
    return {name: Side(name, script, events) for name in ("floor", "textbook", "betledger")}


def _own(script: str, **events: int) -> dict[str, Side]:
    """Each target by its own script of that name."""
    return {
        name.replace("_", "-"): Side(name.replace("_", "-"), f"{name}/{script}", count)
        for name, count in events.items()
    }


_APPENDS = _plain("append") | _own("append", message_db=1)
_MONEY = _own("money", floor=1, textbook=2, betledger=2, pgledger=2)
_OF_OWN_TENANT = {"said": 0, "users": 10}

WORKLOADS = [
    Workload("append_spread", "a new bet by INSERT, 1,000 tenants", _APPENDS),
    Workload("append_hot", "a new bet by INSERT, one tenant", _APPENDS, ONE_TENANT),
    Workload(
        "append_hot_32",
        "a new bet by INSERT, one tenant, 32 clients that wait for the disk",
        _APPENDS,
        ONE_TENANT,
        clients=32,
        waits=True,
    ),
    Workload("bet_life", "placed, confirmed and settled: three INSERTs, three transactions", _plain("bet_life", 3)),
    Workload(
        "idem_append",
        "a bet with a new key: `place_bet`",
        _own("place_bet", floor=1, textbook=1, betledger=1, message_db=1),
    ),
    Workload("idem_replay", "`place_bet` with a key that was used", _own("replay", floor=0, textbook=0, betledger=0)),
    Workload("money_random", "`deposit` or `withdraw`, 10,000 users", _MONEY),
    Workload("money_hot", "`deposit` or `withdraw`, one user", _MONEY, ONE_USER),
    Workload(
        "money_hot_32",
        "`deposit` or `withdraw`, one user, 32 clients that wait for the disk",
        _MONEY,
        ONE_USER,
        clients=32,
        waits=True,
    ),
    Workload(
        "roles",
        "a new bet by INSERT, a tenant for each connection, by role",
        {
            "superuser": Side("betledger", "append_of_own_tenant"),
            "betledger_app": Side("betledger", "append_of_own_tenant", role="betledger_app"),
            "betledger_tenant": Side("betledger", "append_of_own_tenant", role="betledger_tenant"),
        },
        _OF_OWN_TENANT,
    ),
    Workload(
        "one_tenant",
        "`place_bet` by 32 clients, of one tenant or of 1,000",
        {
            "1,000 tenants": Side("betledger", "betledger/place_bet"),
            "one tenant": Side("betledger", "betledger/place_bet", variables=ONE_TENANT),
        },
        clients=32,
    ),
]


def run_side(stage: Stage, workload: Workload, side: Side, clients: int, seconds: int) -> float:
    """Transactions a second of one side; FailedError when its events are not as many as were reported."""
    options = {
        "synchronous_commit": "on" if workload.waits else "off",
        "search_path": stage.targets[side.target].search_path,
        **({"role": side.role} if side.role else {}),
    }
    load = Load(side.script, workload.clients or clients, seconds, side.variables or workload.variables, options)
    return counted(stage, side.target, side.events, load).per_second


def counted(stage: Stage, target: str, events: int, load: Load) -> Answer:
    """Run a load; FailedError unless each transaction has left so many events."""
    before = stage.stored(target)
    answer = pgbench(stage.url(target), load)
    left, due = stage.stored(target) - before, answer.transactions * events
    if left != due:
        raise FailedError(f"{answer.transactions:,} transactions should have left {due:,} events, and left {left:,}")
    return answer


def run_round(stage: Stage, results: Results, chosen: list[Workload], number: int, clients: int, seconds: int) -> None:
    """Every chosen workload by every side that is there, one after the other; each round another one begins."""
    for position, workload in enumerate(chosen):
        sides = [(name, side) for name, side in workload.sides.items() if side.target in stage.targets]
        first = (number + position) % max(len(sides), 1)
        stage.checkpoint()
        for name, side in sides[first:] + sides[:first]:
            results.measure(
                workload.name,
                name,
                number,
                "tps",
                lambda w=workload, s=side: run_side(stage, w, s, clients, seconds),  # type: ignore[misc]
            )
