"""A load of many clients that is planned from a seed, whose every answer is recorded and checked afterwards."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import psycopg
from ledger import EVENT_TABLES, call, call_all, rows
from psycopg.types.json import Jsonb

# The same users and keys for both: what crosses the wall between them would show.
TENANTS, USERS = (1, 2), ("u0", "u1", "u2", "u3")
WEIGHTS = {
    "deposit": 20, "withdraw": 15, "place_bet": 22, "confirm_bet": 6, "settle_bet": 14, "cancel_bet": 8,
    "complete_payment": 10, "fail_payment": 8, "resettle_bet": 8, "void_bet": 3, "reverse_payment": 6,
    "replay": 12, "misuse": 3,
}  # fmt: skip
# What Citus says of a connection between nodes that was lost; at COMMIT, nobody knows whether it was in time.
LOST_BETWEEN_NODES = ("connection", "was shut down", "EOF detected", "could not commit transaction")
# What another attempt may heal: deadlock and serialization, a lost or ended session, no room, a cancelled statement, a
# shard whose node is down.
PASSING = ("40001", "40P01", "08", "57", "53", "58", "BL032")
# What an operation of the plan may be answered with, as others came before it.
REFUSALS = ("BL002", "BL003", "BL004", "BL005")
# How the functions name what they do in the ids of their events.
DONE = {
    "confirm_bet": "confirmed", "settle_bet": "settled", "cancel_bet": "cancelled",
    "complete_payment": "completed", "fail_payment": "failed",
    "resettle_bet": "settled", "void_bet": "settled", "reverse_payment": "reversed",
}  # fmt: skip
CORRECTIONS = ("resettle_bet", "void_bet", "reverse_payment")


def event_id(tenant: int, operation: str, key: str) -> UUID:
    """As projection.event_id(), written a second time."""
    return UUID(bytes=sha256(f"{tenant} {operation} {key}".encode()).digest()[:16])


@dataclass(frozen=True)
class Operation:
    """One call, before it is made.

    Args:
        function: of the API.
        tenant: the first argument.
        arguments: those between tenant and key; an id of another operation is already that of its bet or payment.
        key: the idempotency key.
        of: the operation that made what this one changes.
    """

    function: str
    tenant: int
    arguments: tuple[Any, ...]
    key: str
    of: Operation | None = None

    @property
    def event(self) -> UUID:
        """The id of the event that it makes."""
        return event_id(self.tenant, DONE.get(self.function, self.function), self.key)

    @property
    def aggregate(self) -> str:
        """The id of the bet or payment that it makes."""
        return f"{'bet' if self.function == 'place_bet' else 'payment'}-{self.event}"

    @property
    def name(self) -> tuple[int, str, str]:
        """What the key is good for: one effect."""
        return self.tenant, self.function, self.key


@dataclass
class Answer:
    """What came of an operation, with the times of its client.

    Args:
        operation: the call.
        start: before the first attempt.
        last_start: before the attempt that was answered.
        end: after it.
        attempts: how many there were; all but the last may have been done or not.
        row: the answer; None when it was refused.
        refusal: the SQLSTATE of the refusal, with its message where none was to be expected.
    """

    operation: Operation
    start: float
    last_start: float
    end: float
    attempts: int
    row: dict[str, Any] | None
    refusal: str | None


@dataclass(frozen=True)
class Effect:
    """What one key did, once.

    Args:
        operation: the call that did it.
        start: not before.
        end: not after.
        told: the answer of that very call; None when nobody was told, and a replay was answered.
    """

    operation: Operation
    start: float
    end: float
    told: Answer | None


def plan(seed: int, workers: int, operations: int) -> list[list[Operation]]:
    """The operations of each worker, the same for the same seed; no key is that of another seed."""
    chance = random.Random(seed)
    made: list[Operation] = []
    plans: list[list[Operation]] = [[] for _ in range(workers)]
    for n in range(operations):
        for worker in range(workers):
            (kind,) = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))
            operation = _planned(chance, kind, f"{seed}-{worker}-{n}", made)
            made.append(operation)
            plans[worker].append(operation)
    return plans


def _planned(chance: random.Random, kind: str, key: str, made: list[Operation]) -> Operation:
    recent = made[-300:]
    money = Decimal(chance.randrange(1, 5000)) / 100
    if kind in ("replay", "misuse"):
        if not recent:
            return _planned(chance, "deposit", key, made)
        again = chance.choice(recent)
        if kind == "misuse" and again.function in ("deposit", "withdraw", "place_bet"):
            return replace(again, arguments=(again.arguments[0], money, *again.arguments[2:]))
        return again
    if kind in DONE:
        about = ("place_bet",) if kind.endswith("_bet") else ("deposit", "withdraw")
        targets = [o for o in recent if o.function in about]
        if not targets:
            return _planned(chance, "deposit", key, made)
        of = chance.choice(targets)
        more: tuple[Any, ...] = ()
        if kind == "settle_bet":
            more = chance.choice([("win", money), ("loss", Decimal(0))])
        elif kind == "resettle_bet":
            more = (*chance.choice([("win", money), ("loss", Decimal(0))]), chance.random() < 0.3)
        elif kind in ("void_bet", "reverse_payment"):
            more = (None, chance.random() < 0.3)
        elif kind in ("cancel_bet", "fail_payment"):
            more = (None,)
        return Operation(kind, of.tenant, (of.aggregate, *more), key, of)
    tenant, user = chance.choice(TENANTS), chance.choice(USERS)
    if kind == "place_bet":
        return Operation(kind, tenant, (user, money, Decimal("1.85"), "f", chance.random() < 0.8), key)
    return Operation(kind, tenant, (user, money), key)


def sent(operation: Operation) -> list[Any]:
    """The arguments of the call: the key is the last, but for from_balance and allow_negative."""
    arguments = [operation.tenant, *operation.arguments, operation.key]
    if operation.function in ("place_bet", *CORRECTIONS):
        arguments[-2:] = [operation.key, operation.arguments[-1]]
    return arguments


# What sends many of a function at once, and the names of its arguments.
MANY = {
    "place_bet": ("place_bets", ("user_id", "stake", "odds", "fixture_id", "from_balance")),
    "confirm_bet": ("confirm_bets", ("bet_id",)),
    "settle_bet": ("settle_bets", ("bet_id", "result", "payout")),
    "cancel_bet": ("cancel_bets", ("bet_id", "reason")),
    "deposit": ("deposits", ("user_id", "amount")),
    "withdraw": ("withdrawals", ("user_id", "amount")),
}
# So many operations of a client that batches are looked through for those of one function.
TOGETHER = 15


def grouped(operations: list[Operation]) -> Iterator[list[Operation]]:
    """The operations in groups that one call can send."""
    for first in range(0, len(operations), TOGETHER):
        groups: dict[object, list[Operation]] = defaultdict(list)
        for n, operation in enumerate(operations[first : first + TOGETHER]):
            alone = n if operation.function not in MANY else None
            groups[operation.function, operation.tenant, alone].append(operation)
        yield from groups.values()


def send(connection: psycopg.Connection, operations: list[Operation]) -> list[dict[str, Any]]:
    """The answers of operations: of one by its function, of many by a batch that does what can be done."""
    if len(operations) == 1:
        return [call(connection, operations[0].function, *sent(operations[0]))]
    batch, names = MANY[operations[0].function]
    items = [
        dict(zip(names, (str(a) if isinstance(a, Decimal) else a for a in o.arguments), strict=True))
        | {"idempotency_key": o.key}
        for o in operations
    ]
    return call_all(connection, batch, operations[0].tenant, Jsonb(items), None, False)


@dataclass
class Reader:
    """A consumer of a feed: what it has seen by the cursors that were kept, also by one whose answer was lost.

    Args:
        tenant: whose feed it reads; 0 for that of the ledger.
        name: under which it is kept.
        seen: the events, one after the other.
        at: the cursor up to which they go.
        tried: the events before each cursor that it may be at, too.
    """

    tenant: int
    name: str
    seen: list[dict[str, Any]] = field(default_factory=list)
    at: str | None = None
    tried: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def step(self, connection: psycopg.Connection) -> int:
        """Read on, and keep how far; gives how many events there were."""
        feed = "feed(%(tenant)s, %(at)s, 40)" if self.tenant else "ledger_feed(%(at)s, 40)"
        with connection.transaction():
            kept = rows(
                connection, "SELECT feed_cursor FROM consumers WHERE tenant_id = %s AND name = %s", (self.tenant, self.name)
            )
            self._is_at(kept[0]["feed_cursor"] if kept else None)
            page = rows(
                connection,
                f"SELECT id, aggregate_id, timestamp, feed_cursor FROM {feed}",  # noqa: S608
                {"tenant": self.tenant, "at": self.at},
            )
            if page:
                to = page[-1]["feed_cursor"]
                self.tried[to] = page
                call(connection, "advance_consumer", self.tenant, self.name, self.at, to)
        if page:
            self._is_at(to)
        return len(page)

    def _is_at(self, cursor: str | None) -> None:
        if cursor != self.at:
            self.seen += self.tried[cursor or "the beginning, once more"]
            self.at = cursor
            self.tried.clear()


@dataclass
class Record:
    """All that happened.

    Args:
        answers: of all workers.
        errors: how often which passing SQLSTATE came.
        maintained: how often which maintenance was done.
        differences: what ops.verify_projections() found meanwhile.
        batched: how many operations were sent in batches.
        readers: of the feeds of the tenants, and of that of the ledger.
    """

    answers: list[Answer] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    maintained: Counter[str] = field(default_factory=Counter)
    differences: list[dict[str, Any]] = field(default_factory=list)
    batched: int = 0
    readers: list[Reader] = field(default_factory=lambda: [Reader(tenant, str(uuid4())) for tenant in (*TENANTS, 0)])


class Client:
    """A connection that is made again when it is lost."""

    def __init__(self, connect: Callable[[], psycopg.Connection], record: Record, patience: float) -> None:
        self._connect, self._record, self._patience = connect, record, patience
        self._connection: psycopg.Connection | None = None

    def attempt(self, action: Callable[[psycopg.Connection], Any]) -> tuple[int, float, Any, str | None]:
        """Try until there is an answer or a refusal: attempts, start of the last one, answer, SQLSTATE of the refusal."""
        deadline, attempts = time.monotonic() + self._patience, 0
        while True:
            attempts += 1
            begun = time.monotonic()
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = self._connect()
                return attempts, begun, action(self._connection), None
            except psycopg.Error as error:
                state = error.sqlstate or "08006"
                between_nodes = state == "XX000" and any(what in str(error) for what in LOST_BETWEEN_NODES)
                if not state.startswith(PASSING) and not between_nodes:
                    return attempts, begun, None, state if state in REFUSALS else f"{state} {error}"
                self._record.errors[state] += 1
                assert time.monotonic() < deadline, f"no answer for {self._patience} s: {error}"
                time.sleep(random.uniform(0.001, 0.02) * min(attempts, 10))

    def close(self) -> None:
        if self._connection:
            with suppress(psycopg.Error):
                self._connection.close()


def run(
    plans: list[list[Operation]],
    app: Callable[[], psycopg.Connection],
    operator: Callable[[], psycopg.Connection],
    patience: float = 60,
    maintain: bool = True,
    record: Record | None = None,
) -> Record:
    """Send all plans at the same time, each on a connection of its own, with readers, purges, rebuilds and checks.

    Args:
        plans: of each client.
        app: opens a connection that may call the functions.
        operator: opens one that may look after the ledger.
        patience: seconds to try an operation that gets no answer.
        maintain: whether the ledger is looked after meanwhile.
        record: that of a load before on the same ledger, to go on with.
    """
    record = record if record is not None else Record()
    stop = threading.Event()

    def work(number: int, operations: list[Operation]) -> list[Answer]:
        client, answers = Client(app, record, patience), []
        # Every third client sends in batches what it can.
        for group in grouped(operations) if number % 3 == 0 else ([o] for o in operations):
            start = time.monotonic()
            attempts, last, rows_of, refusal = client.attempt(lambda connection, g=group: send(connection, g))
            end = time.monotonic()
            record.batched += len(group) if len(group) > 1 else 0
            for operation, row in zip(group, rows_of or [{}] * len(group), strict=True):
                state = refusal or row.get("sqlstate")
                if state and not state.startswith(REFUSALS):
                    state = f"{state} {row.get('message')}" if row else state
                answers.append(Answer(operation, start, last, end, attempts, None if state else row, state))
        client.close()
        return answers

    def look_after() -> None:
        client = Client(operator, record, patience)
        tasks = {
            "purge": "CALL ops.purge_idempotency_keys('0 hours', 50)",
            "rebuild": "CALL ops.rebuild_projection(NULL, NULL, 20)",
            "verify": "SELECT * FROM ops.verify_projections()",
        }
        while maintain and not stop.is_set():
            for name, statement in tasks.items():
                query = (
                    (lambda c, s=statement: rows(c, s)) if name == "verify" else (lambda c, s=statement: c.execute(s))
                )
                _, _, answer, refusal = client.attempt(query)
                assert refusal is None, f"{name}: {refusal}"
                record.maintained[name] += 1
                record.differences += answer if name == "verify" else []
        client.close()

    def consume(reader: Reader) -> None:
        client = Client(app if reader.tenant else operator, record, patience)
        while not stop.is_set():
            _, _, read, refusal = client.attempt(reader.step)
            assert refusal is None, f"feed of tenant {reader.tenant}: {refusal}"
            stop.wait(0 if read else 0.02)
        client.close()

    with ThreadPoolExecutor(len(plans) + 1 + len(record.readers)) as pool:
        beside = [pool.submit(look_after), *(pool.submit(consume, reader) for reader in record.readers)]
        try:
            for answers in pool.map(work, range(len(plans)), plans):
                record.answers += answers
        finally:
            stop.set()
        for work_beside in beside:
            work_beside.result()
    return record


# -------------------------------------------------------------------------------------------------------------- checks


def check(db: psycopg.Connection, record: Record) -> dict[str, int]:
    """All that has to be true afterwards; gives counts for the report."""
    assert record.differences == []
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []
    assert rows(db, "SELECT * FROM ops.reconcile()") == []
    for balance in rows(db, "SELECT * FROM ops.trial_balance()"):
        came = (
            balance["deposits"] - balance["withdrawals"] - balance["stakes"] + balance["payouts"] + balance["refunds"]
        )
        came += balance["corrections"]
        assert came == balance["balances"] == balance["kept_balances"]
    unexpected = Counter(a.refusal for a in record.answers if a.refusal not in (None, *REFUSALS))
    assert not unexpected, unexpected
    for reader in record.readers:
        _every_event_once(db, reader)
    effects = _one_effect_each(db, record.answers)
    _every_status_is_that_of_the_effects(db, effects)
    _balances_add_up(db)
    _summaries_add_up(db)
    histories = _histories(record.answers, effects, _payouts(db))
    for (tenant, user), steps in histories.items():
        final = serial(steps)
        assert final is not None, f"no order of the answers explains the balances of user {user} of tenant {tenant}"
        stored = rows(
            db, "SELECT balance FROM user_balances_view WHERE tenant_id = %s AND user_id = %s", (tenant, user)
        )
        assert [r["balance"] for r in stored] == [final]
    return {
        "operations": len(record.answers),
        "events read": sum(len(reader.seen) for reader in record.readers),
        "effects": len(effects),
        "corrections": sum(effect.operation.function in CORRECTIONS for effect in effects.values()),
        "refused": sum(a.refusal is not None for a in record.answers),
        "replays": sum(a.row is not None and a.row["duplicate"] for a in record.answers),
        "attempts again": sum(a.attempts - 1 for a in record.answers),
        "balance steps": sum(map(len, histories.values())),
    }


def _every_event_once(db: psycopg.Connection, reader: Reader) -> None:
    """What a reader of a feed has seen is what is stored, and of a bet or payment in the order in which it was."""
    stored: Counter[UUID] = Counter()
    for table in EVENT_TABLES:
        mine = f"SELECT id FROM {table} WHERE %s IN (0, tenant_id)"  # noqa: S608
        stored.update(r["id"] for r in rows(db, mine, (reader.tenant,)))
    deadline = time.monotonic() + 30
    # What else runs on the server, as a vacuum, may hold the feed up for a moment.
    while reader.step(db) or len(reader.seen) < stored.total():
        assert time.monotonic() < deadline, f"{stored.total() - len(reader.seen)} events were skipped"
    assert Counter(event["id"] for event in reader.seen) == stored
    last: dict[str, int] = {}
    for event in reader.seen:
        stream = event["aggregate_id"]
        if stream.startswith(("bet-", "payment-")):
            assert event["timestamp"] >= last.get(stream, 0), f"{stream} is out of order"
            last[stream] = event["timestamp"]


def _one_effect_each(db: psycopg.Connection, answers: list[Answer]) -> dict[tuple[int, str, str], Effect]:
    """The effect of each key; no key has two, no acknowledged one is missing, and there is none that nobody asked for."""
    stored: Counter[tuple[int, UUID]] = Counter()
    for table in ("bet_events", "payment_events"):
        stored.update((r["tenant_id"], r["id"]) for r in rows(db, f"SELECT tenant_id, id FROM {table}"))
    assert set(stored.values()) <= {1}
    by_name: dict[tuple[int, str, str], list[Answer]] = defaultdict(list)
    for answer in answers:
        by_name[answer.operation.name].append(answer)
    effects = {}
    for name, of_key in by_name.items():
        is_stored = (name[0], of_key[0].operation.event) in stored
        done = [a for a in of_key if a.row is not None]
        first = [a for a in done if not a.row["duplicate"]]
        assert len(first) <= 1, f"{name} had {len(first)} effects"
        assert bool(done) <= is_stored, f"{name} was acknowledged and is lost"
        if first:
            # An attempt of it that was not answered had no effect, or this one would be a replay.
            effects[name] = Effect(first[0].operation, first[0].last_start, first[0].end, first[0])
        elif is_stored:
            unsure = [a for a in done if a.attempts > 1]
            assert unsure, f"{name} is there, and everybody was told that somebody else did it"
            effects[name] = Effect(unsure[0].operation, min(a.start for a in unsure), min(a.end for a in done), None)
    assert {(e.operation.tenant, e.operation.event) for e in effects.values()} == set(stored)
    return effects


def _every_status_is_that_of_the_effects(db: psycopg.Connection, effects: dict[tuple[int, str, str], Effect]) -> None:
    """Final is what settled or cancelled, completed or failed; there is one such effect at most, before corrections."""
    expected: dict[tuple[int, str], str] = {}
    corrected: dict[tuple[int, str], str] = {}
    for effect in effects.values():
        operation = effect.operation
        status = {"place_bet": "placed", "deposit": "created", "withdraw": "created"} | DONE
        whose = operation.tenant, operation.arguments[0] if operation.of else operation.aggregate
        if operation.function in CORRECTIONS:
            assert operation.function != "reverse_payment" or whose not in corrected, f"{whose} was reversed twice"
            corrected[whose] = status[operation.function]
            continue
        before, after = expected.get(whose), status[operation.function]
        rank = {"placed": 0, "created": 0, "confirmed": 1}
        assert before is None or rank.get(before, 2) + rank.get(after, 2) < 4, f"{whose} was {before} and {after}"
        if before is None or rank.get(after, 2) > rank.get(before, 2):
            expected[whose] = after
    for whose, after in corrected.items():
        assert expected[whose] == {"settled": "settled", "reversed": "completed"}[after]
    expected |= corrected
    stored = {
        (r["tenant_id"], r["id"]): r["status"]
        for r in rows(
            db,
            "SELECT tenant_id, bet_id AS id, status FROM bets_view"
            " UNION ALL SELECT tenant_id, payment_id, status FROM payments_view",
        )
    }
    assert stored == expected


def _balances_add_up(db: psycopg.Connection) -> None:
    wrong = rows(
        db,
        """
        SELECT u.tenant_id, u.user_id, u.balance, e.balance AS of_events
        FROM user_balances_view AS u
        FULL JOIN (
            SELECT tenant_id, event_data ->> 'user_id' AS user_id, count(*) AS changes,
                sum(CASE WHEN event_type LIKE '%%INCREASED' THEN 1 ELSE -1 END * (event_data ->> 'amount')::numeric) AS balance
            FROM balance_events GROUP BY 1, 2
        ) AS e ON (e.tenant_id, e.user_id) = (u.tenant_id, u.user_id)
        WHERE u.balance IS DISTINCT FROM e.balance OR u.transaction_count IS DISTINCT FROM e.changes
        """,
    )
    assert wrong == []
    assert rows(db, "SELECT * FROM ops.negative_balances() WHERE balance + allowed < 0") == []


def _summaries_add_up(db: psycopg.Connection) -> None:
    wrong = rows(
        db,
        """
        SELECT s.*, b.*, u.balances AS of_users, p.*
        FROM tenants_summary_view AS s
        JOIN (SELECT tenant_id, count(*) AS bets, sum(stake) FILTER (WHERE status <> 'cancelled') AS staked, sum(payout) AS paid_out,
                sum(stake - payout) AS won, count(*) FILTER (WHERE status = 'settled') AS settled FROM bets_view GROUP BY 1) AS b
            ON b.tenant_id = s.tenant_id
        JOIN (SELECT tenant_id, sum(amount) FILTER (WHERE type = 'deposit') AS deposits,
                sum(amount) FILTER (WHERE type = 'withdrawal') AS withdrawals
                FROM payments_view WHERE status NOT IN ('failed', 'reversed') GROUP BY 1) AS p ON p.tenant_id = s.tenant_id
        JOIN (SELECT tenant_id, sum(balance) AS balances FROM user_balances_view GROUP BY 1) AS u ON u.tenant_id = s.tenant_id
        WHERE (s.bets, s.staked, s.paid_out, s.gross_gaming_revenue, s.bets_settled, s.balances, s.deposits, s.withdrawals)
            IS DISTINCT FROM (b.bets, b.staked, coalesce(b.paid_out, 0), coalesce(b.won, 0), b.settled, u.balances,
                coalesce(p.deposits, 0), coalesce(p.withdrawals, 0))
        """,
    )
    assert wrong == []


# ---------------------------------------------------------------------------------------------------- serial histories


@dataclass(frozen=True)
class Step:
    """Something that happened to a balance at one moment between two times.

    Args:
        start: not before.
        end: not after.
        change: what it added.
        seen: the balance after it, where the client was told.
        missing: it was refused: the balance was less than this.
        allowed: it may take the balance below zero.
    """

    start: float
    end: float
    change: Decimal = Decimal(0)
    seen: Decimal | None = None
    missing: Decimal | None = None
    allowed: bool = False

    def follows(self, balance: Decimal) -> bool:
        """Whether it can happen at a balance."""
        if self.missing is not None:
            return balance < self.missing
        after = balance + self.change
        return (after >= 0 or self.change >= 0 or self.allowed) and (self.seen is None or self.seen == after)


def _payouts(db: psycopg.Connection) -> dict[tuple[int, str], list[tuple[UUID, Decimal]]]:
    """The payouts of each bet, from that of its settlement to that of its last correction, and the events that say so."""
    payouts: dict[tuple[int, str], list[tuple[UUID, Decimal]]] = defaultdict(list)
    for row in rows(
        db,
        "SELECT tenant_id, aggregate_id, id, (event_data ->> 'payout')::numeric AS payout FROM bet_events"
        " WHERE event_type LIKE '%%SETTLE%%' ORDER BY tenant_id, aggregate_id, timestamp, event_type, id",
    ):
        payouts[row["tenant_id"], row["aggregate_id"]].append((row["id"], row["payout"]))
    return payouts


def _histories(
    answers: list[Answer],
    effects: dict[tuple[int, str, str], Effect],
    payouts: dict[tuple[int, str], list[tuple[UUID, Decimal]]],
) -> dict[tuple[int, str], list[Step]]:
    """What happened to each balance."""
    histories: dict[tuple[int, str], list[Step]] = defaultdict(list)

    def origin(operation: Operation) -> Operation | None:
        """What made the bet or payment: of several calls with one key, the one that had the effect."""
        effect = effects.get((operation.of or operation).name)
        return effect.operation if effect else None

    for effect in effects.values():
        made = origin(effect.operation)
        assert made is not None, "what does not exist was changed"
        seen = effect.told.row.get("balance") if effect.told and effect.told.row else None
        allowed = effect.operation.function in CORRECTIONS and effect.operation.arguments[-1]
        histories[made.tenant, made.arguments[0]].append(
            Step(effect.start, effect.end, _change(effect.operation, made, payouts), seen, allowed=allowed)
        )
    told = {id(effect.told) for effect in effects.values()}
    for answer in answers:
        made = origin(answer.operation) if answer.operation.of else answer.operation
        if answer.row is not None and "balance" in answer.row and id(answer) not in told:
            step = Step(answer.last_start, answer.end, seen=answer.row["balance"])
        elif answer.refusal == "BL004":
            assert made is not None
            missing = made.arguments[1]
            if answer.operation.function in ("resettle_bet", "void_bet"):
                # At most: which payout it would have corrected, is not told.
                most = max(payout for _, payout in payouts[made.tenant, answer.operation.arguments[0]])
                missing = most - (
                    answer.operation.arguments[2] if answer.operation.function == "resettle_bet" else missing
                )
            step = Step(answer.last_start, answer.end, missing=missing)
        else:
            continue
        assert made is not None
        histories[made.tenant, made.arguments[0]].append(step)
    return {whose: steps for whose, steps in histories.items() if any(s.change for s in steps)}


def _change(
    operation: Operation, origin: Operation, payouts: dict[tuple[int, str], list[tuple[UUID, Decimal]]]
) -> Decimal:
    """What an operation that was done adds to the balance."""
    from_balance = origin.function == "place_bet" and origin.arguments[-1]
    amount = origin.arguments[1]
    if operation.function in ("resettle_bet", "void_bet"):
        of_bet = payouts[operation.tenant, operation.arguments[0]]
        n = [event for event, _ in of_bet].index(operation.event)
        return of_bet[n][1] - of_bet[n - 1][1] if from_balance else Decimal(0)
    return {
        "deposit": amount,
        "withdraw": -amount,
        "place_bet": -amount if from_balance else Decimal(0),
        "settle_bet": operation.arguments[-1] if from_balance else Decimal(0),
        "cancel_bet": amount if from_balance else Decimal(0),
        "fail_payment": amount if origin.function == "withdraw" else -amount,
        "reverse_payment": amount if origin.function == "withdraw" else -amount,
    }.get(operation.function, Decimal(0))


def serial(steps: list[Step]) -> Decimal | None:
    """The balance after all steps in some order that keeps every step within its times and explains what was seen.

    The search of Wing and Gong: the next step is one that began before the first end among those that are left.
    """
    steps = sorted(steps, key=lambda s: s.start)
    everything = (1 << len(steps)) - 1
    seen: set[int] = set()
    path: list[tuple[int, Decimal, Iterator[int]]] = []

    def candidates(done: int) -> Iterator[int]:
        first_end, found = float("inf"), []
        # All before the lowest bit that is not set are done.
        n = (~done & (done + 1)).bit_length() - 1
        while n < len(steps) and steps[n].start <= first_end:
            if not done >> n & 1:
                found.append(n)
                first_end = min(first_end, steps[n].end)
            n += 1
        return iter(sorted((i for i in found if steps[i].start <= first_end), key=lambda i: steps[i].end))

    path.append((0, Decimal(0), candidates(0)))
    while path:
        done, balance, left = path[-1]
        if done == everything:
            return balance
        for n in left:
            after = done | 1 << n
            if after not in seen and steps[n].follows(balance):
                seen.add(after)
                path.append((after, balance + steps[n].change, candidates(after)))
                break
        else:
            path.pop()
    return None


@contextmanager
def every(seconds: Callable[[], float], action: Callable[[], None]) -> Iterator[list[float]]:
    """Do something again and again beside the body; gives the times at which it was done."""
    stop, times = threading.Event(), list[float]()

    def go() -> None:
        while not stop.wait(seconds()):
            action()
            times.append(time.monotonic())

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(go)
        try:
            yield times
        finally:
            stop.set()
            future.result()
