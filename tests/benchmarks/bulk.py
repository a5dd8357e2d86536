"""Many events at once: a COPY, a statement of events of known bets, a purge, a rebuild."""

from __future__ import annotations

import psycopg
from measuring import FailedError, memory_of, scalar, timed
from results import Results
from targets import BETLEDGER, COLUMNS, Stage, lives

# Events that nothing else has: of bets from the billionth on.
BEYOND = 3_000_000_000
# As much of a COPY as a client keeps in memory.
MOST_COPIED = 1_000_000
KNOWN = f"""
INSERT INTO bet_events ({COLUMNS})
SELECT gen_random_uuid(), 1 + i % 1000, 'known-' || md5(i::text)::uuid, 'V1_BETS_BET_PLACED',
    jsonb_build_object('user_id', 'user-' || 1 + i % 10000, 'stake', 10.5, 'odds', 1.85, 'fixture_id', 'match-7'),
    1700000000000 + i, 1, jsonb_build_object('idempotency_key', 'known-' || i)
FROM generate_series(1, :count) AS i
"""
SETTLED = f"""
INSERT INTO bet_events ({COLUMNS})
SELECT gen_random_uuid(), 1 + i % 1000, 'known-' || md5(i::text)::uuid, 'V1_BETS_BET_SETTLED',
    '{{"result": "win", "payout": 19.42}}', 1750000000000 + i, 1, NULL
FROM generate_series(1, :count) AS i
"""
EXPIRED = f"""
INSERT INTO :table ({COLUMNS}, created_at)
SELECT e.*, now() - interval '3 days' FROM (
    SELECT gen_random_uuid(), 1 + i % 1000, 'expired-' || md5(i::text)::uuid, 'V1_BETS_BET_PLACED',
        jsonb_build_object('user_id', 'user-' || 1 + i % 10000, 'stake', 10.5, 'odds', 1.85, 'fixture_id', 'match-7'),
        1700000000000 + i, 1, jsonb_build_object('idempotency_key', 'expired-' || i)
    FROM generate_series(1, :count) AS i
) AS e
"""
# What is left to take out of a table.
DUE = "SELECT count(*) FROM {} WHERE metadata ->> 'idempotency_key' IS NOT NULL AND created_at < now() - interval '48 hours'"


def expire(connection: psycopg.Connection, table: str, count: int) -> None:
    """Store so many bets whose keys have expired."""
    connection.execute(EXPIRED.replace(":table", table).replace(":count", str(count)).encode())
    connection.execute(f"VACUUM (ANALYZE) {table}".encode())


def lines(server: str, count: int, beyond: int = BEYOND) -> bytes:
    """So many events, as COPY reads them, made by a server."""
    query = f"COPY (SELECT {COLUMNS} FROM ({lives(beyond, count)}) AS e) TO STDOUT"
    with psycopg.connect(server) as connection, connection.cursor().copy(query.encode()) as blocks:
        return b"".join(bytes(block) for block in blocks)


def copy(connection: psycopg.Connection, rows: bytes) -> float:
    """Events a second of one COPY into bet_events; FailedError unless all are there."""
    count = rows.count(b"\n")
    before = scalar(connection, "SELECT count(*) FROM bet_events")

    def send() -> None:
        with connection.cursor().copy(f"COPY bet_events ({COLUMNS}) FROM STDIN".encode()) as stream:
            stream.write(rows)

    taken = timed(send)
    if (left := scalar(connection, "SELECT count(*) FROM bet_events") - before) != count:
        raise FailedError(f"{count:,} events were sent, and {left:,.0f} were stored")
    return count / taken


def copy_to(stage: Stage, target: str, rows: bytes) -> float:
    """The same, into the clone of a target."""
    with stage.connect(target) as connection:
        return copy(connection, rows)


def run_copies(stage: Stage, results: Results, number: int, rows: bytes) -> None:
    """COPY by each target that can; each round another one begins."""
    sides = [side for side in ("floor", "textbook", "betledger") if side in stage.targets]
    first = number % max(len(sides), 1)
    stage.checkpoint()
    for side in sides[first:] + sides[:first]:
        results.measure("bulk_spread", side, number, "events/s", lambda s=side: copy_to(stage, s, rows))  # type: ignore[misc]


def run_later(stage: Stage, results: Results, number: int, count: int) -> None:
    """New bets in one INSERT ... SELECT, and as many events that settle them in another."""
    stage.renew("betledger")
    with stage.connect("betledger") as connection:
        for side, statement in (("new bets", KNOWN), ("known bets", SETTLED)):
            stage.checkpoint()

            def rate(text: str = statement) -> float:
                return count / timed(lambda: connection.execute(text.replace(":count", str(count)).encode()))

            with memory_of(connection) as megabytes:
                results.measure("later_events", side, number, "events/s", rate)
            if megabytes:
                results.add("later_memory", side, number, megabytes[0], "MB")
    stage.check_all(results.fail, "later_events", "betledger")


def run_purge(stage: Stage, results: Results, number: int, count: int) -> None:
    """Expired keys taken out of a ledger, and by one UPDATE out of a bare table of events that has an index of keys, too."""
    stage.renew("floor", "betledger")
    for side, table, statement in (
        ("betledger", "bet_events", "CALL ops.purge_idempotency_keys()"),
        (
            "floor",
            "keyed_events",
            "UPDATE keyed_events SET metadata = metadata - 'idempotency_key'"
            " WHERE metadata ->> 'idempotency_key' IS NOT NULL AND created_at < now() - interval '48 hours'",
        ),
    ):
        with stage.connect(side) as connection:
            expire(connection, table, count)
            stage.checkpoint()

            def rate(text: str = statement, of: str = table, on: psycopg.Connection = connection) -> float:
                taken = timed(lambda: on.execute(text.encode()))
                if left := scalar(on, DUE.format(of)):
                    raise FailedError(f"{left:,.0f} expired keys are still there")
                return count / taken

            results.measure("purge", side, number, "keys/s", rate)
    stage.check_all(results.fail, "purge", "betledger")


def run_rebuild(stage: Stage, results: Results, number: int, events: int) -> None:
    """All read tables folded from nothing, and a COPY of as many events (of a million at most) into a bare table."""
    rows = lines(stage.server, min(events, MOST_COPIED))
    stage.renew("floor")
    stage.checkpoint()
    results.measure("rebuild", "floor", number, "events/s", lambda: copy_to(stage, "floor", rows))
    options = "-c search_path=public -c synchronous_commit=off -c client_min_messages=warning"
    with psycopg.connect(stage.large(BETLEDGER, events), autocommit=True, options=options) as connection:
        tables = "SELECT string_agg(read_table, ', ') FROM projection.projections"
        emptied = connection.execute(tables.encode()).fetchone()
        connection.execute(f"TRUNCATE {emptied[0] if emptied else ''}".encode())
        stored = scalar(connection, BETLEDGER.count)
        stage.checkpoint()

        def rate() -> float:
            taken = timed(lambda: connection.execute("CALL ops.rebuild_projection()"))
            if found := scalar(connection, BETLEDGER.wrong[0][1]):
                raise FailedError(f"{found:,.0f} {BETLEDGER.wrong[0][0]}")
            return stored / taken

        with memory_of(connection) as megabytes:
            results.measure("rebuild", "betledger", number, "events/s", rate)
        if megabytes:
            results.add("rebuild_memory", "betledger", number, megabytes[0], "MB")
