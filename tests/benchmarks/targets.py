"""What is measured: the floor, the textbook, betledger and two peers, each in a database of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import betledger
import psycopg
from measuring import FailedError, scalar
from psycopg import conninfo, sql

HERE = Path(__file__).parent
COLUMNS = 'id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version, metadata'
# Event number i is one of bet i / 3: placed, confirmed, settled. Of 1,000 tenants with 10 users each.
LIVES = """
SELECT gen_random_uuid() AS id, 1 + i / 3 % 1000 AS tenant_id, 'bet-' || md5((i / 3)::text)::uuid AS aggregate_id,
    (ARRAY['V1_BETS_BET_PLACED', 'V1_BETS_BET_CONFIRMED', 'V1_BETS_BET_SETTLED'])[1 + i % 3] AS event_type,
    CASE i % 3
        WHEN 0 THEN jsonb_build_object(
            'user_id', 'user-' || 1 + i / 3 % 10000, 'stake', 10.5, 'odds', 1.85, 'fixture_id', 'match-' || i / 3 % 500
        )
        WHEN 1 THEN '{}'
        ELSE '{"result": "win", "payout": 19.42}'
    END AS event_data,
    1700000000000 + i AS "timestamp", 1 AS version,
    CASE i % 3 WHEN 0 THEN jsonb_build_object('idempotency_key', 'bet-' || i / 3) END AS metadata
FROM generate_series(:first::bigint, :last::bigint) AS i
"""
BALANCES = f"""
INSERT INTO balance_events ({COLUMNS})
SELECT gen_random_uuid(), 1 + (i - 1) % 1000, 'balance-user-' || i, 'V1_BALANCES_BALANCE_INCREASED',
    jsonb_build_object('user_id', 'user-' || i, 'amount', 1000000), 1690000000000, 1, NULL
FROM generate_series(1, 10000) AS i
"""
FIRST_BET = f"""
INSERT INTO :table ({COLUMNS})
SELECT gen_random_uuid(), i, 'bet-first', 'V1_BETS_BET_PLACED',
    jsonb_build_object('user_id', 'user-' || i, 'stake', 10.5, 'odds', 1.85, 'fixture_id', 'match-7'),
    1690000000000, 1, '{{"idempotency_key": "first"}}'
FROM generate_series(1, 1000) AS i
"""
FIRST_BET_BY_CALL = """
SELECT count(*) FROM generate_series(1, 1000) AS i, place_bet(i, 'user-' || i, 10.5, 1.85, 'match-7', 'first')
"""
CHUNK = 9_000


def lives(first: int, count: int) -> str:
    """The SELECT of so many events, from the one with this number on."""
    return LIVES.replace(":first", str(first)).replace(":last", str(first + count - 1))


@dataclass(frozen=True)
class Target:
    """One design.

    Args:
        name: how it is called in tables.
        build: makes its tables and functions in an empty database.
        fill: statements that store events before anything is measured; each is run once.
        load: a statement that stores the events of :events, a SELECT; run for chunks of the preloaded events.
        count: how many events are stored.
        wrong: queries that count what must not be, by what they say; run after every round.
        search_path: where its names are found.
    """

    name: str
    build: Callable[[psycopg.Connection, str], None]
    count: str
    fill: Sequence[str] = ()
    load: str | None = None
    wrong: Sequence[tuple[str, str]] = ()
    search_path: str = "public"


def _from_files(*files: Path) -> Callable[[psycopg.Connection, str], None]:
    """A build that runs files of SQL."""

    def build(connection: psycopg.Connection, _: str) -> None:
        for file in files:
            connection.execute(file.read_text().encode())

    return build


def _migrated(_: psycopg.Connection, url: str) -> None:
    betledger.migrate(url)


FLOOR = Target(
    "floor",
    _from_files(HERE / "floor.sql"),
    "SELECT (SELECT count(*) FROM bet_events) + (SELECT count(*) FROM balance_events) + (SELECT count(*) FROM keyed_events)",
    fill=[FIRST_BET.replace(":table", "keyed_events")],
    load=f"INSERT INTO bet_events ({COLUMNS}) :events",
)
_EVENTS = " + ".join(f"(SELECT count(*) FROM {table}_events)" for table in ("bet", "payment", "balance"))
TEXTBOOK = Target(
    "textbook",
    _from_files(HERE / "textbook.sql"),
    f"SELECT {_EVENTS}",
    fill=[BALANCES, FIRST_BET.replace(":table", "bet_events")],
    load=f"INSERT INTO bet_events ({COLUMNS}) :events",
    wrong=[
        (
            "bets that its counters miss",
            "SELECT (SELECT count(*) FROM bet_events WHERE event_type LIKE '%PLACED') - (SELECT sum(bets) FROM tenants_summary_view)",
        )
    ],
)
BETLEDGER = Target(
    "betledger",
    _migrated,
    f"SELECT {_EVENTS}",
    fill=[BALANCES, FIRST_BET_BY_CALL],
    load=f"INSERT INTO bet_events ({COLUMNS}) :events",
    wrong=[("rows that differ from the fold of their events", "SELECT count(*) FROM ops.verify_projections()")],
)


def message_db(checkout: Path) -> Target:
    """message-db, of a checkout. Not by its own script: that wants pgcrypto, which nothing uses on a PostgreSQL of today."""
    folders = ("schema", "tables", "types", "functions", "indexes")
    files = [file for folder in folders for file in sorted((checkout / "database" / folder).glob("*.sql"))]
    return Target(
        "message-db",
        _from_files(*files),
        "SELECT count(*) FROM messages",
        load="SELECT count(write_message(id::varchar, ('bet_tenant' || tenant_id || substr(aggregate_id, 4))::varchar,"
        " event_type::varchar, event_data, metadata)) FROM (:events) AS e",
        search_path="message_store,public",
    )


def pgledger(checkout: Path) -> Target:
    """pgledger, of a checkout: accounts of 10,000 users, and a thousand of the house that may go below zero."""
    return Target(
        "pgledger",
        _from_files(*sorted(checkout.glob("vendor/*/*.sql")), checkout / "pgledger.sql"),
        "SELECT count(*) FROM pgledger_entries",
        fill=[
            "INSERT INTO pgledger_accounts (id, name, currency, balance, allow_negative_balance, allow_positive_balance,"
            " created_at, updated_at) SELECT 'bench-' || i, 'account ' || i, 'USD',"
            " CASE WHEN i > 1000000 THEN 0 ELSE 1000000 END, i > 1000000, true, now(), now()"
            " FROM (SELECT generate_series(1, 10000) UNION ALL SELECT generate_series(1000001, 1001000)) AS s (i)"
        ],
        wrong=[("money that came from nowhere", "SELECT abs(sum(amount)) FROM pgledger_entries")],
    )


def targets() -> list[Target]:
    """All targets that can be had here: the peers when MESSAGE_DB and PGLEDGER name checkouts of them."""
    peers = [
        make(Path(os.environ[v])) for v, make in (("MESSAGE_DB", message_db), ("PGLEDGER", pgledger)) if v in os.environ
    ]
    return [FLOOR, TEXTBOOK, BETLEDGER, *peers]


class Stage:
    """The databases of the targets on one server: a filled template of each, and clones of it.

    Args:
        server: the conninfo of a database of the server.
        preload: how many events are stored before anything is measured.
        failed: is told the name of a target, what it could not do, and why; then it is left out.
    """

    def __init__(self, server: str, preload: int, failed: Callable[[str, str, str], None]) -> None:
        self.server = server
        self.preload = preload
        self.failed = failed
        self.targets: dict[str, Target] = {}
        self._made: set[str] = set()

    def prepare(self, chosen: Iterable[Target]) -> None:
        """Build and fill a template of each target."""
        for target in chosen:
            template = self._name(target.name) + "_template"
            try:
                self._create(template)
                self.fill(target, template, self.preload)
            except (psycopg.Error, betledger.BetledgerError, OSError) as error:
                self.failed(target.name, "being built", str(error))
            else:
                self.targets[target.name] = target

    def fill(self, target: Target, database: str, events: int) -> None:
        """Build a target in an empty database, store events, and let the server get to know them."""
        url = conninfo.make_conninfo(self.server, dbname=database)
        options = f"-c search_path={target.search_path} -c synchronous_commit=off -c client_min_messages=error"
        with psycopg.connect(url, autocommit=True, options=options) as connection:
            target.build(connection, url)
            connection.execute("SELECT pg_catalog.set_config('search_path', %s, false)", (target.search_path,))
            for statement in target.fill:
                connection.execute(statement.encode())
            if target.load:
                for first in range(0, events, CHUNK):
                    chunk = f"{lives(first, min(CHUNK, events - first))} ORDER BY i"
                    connection.execute(target.load.replace(":events", chunk).encode())
            connection.execute("VACUUM (ANALYZE)")

    def renew(self, *names: str) -> None:
        """Clone the templates of targets, or of all, anew."""
        for name in names or self.targets:
            self._create(self._name(name), self._name(name) + "_template")

    def large(self, target: Target, events: int) -> str:
        """The conninfo of a further database of a target with so many events, made when it is first asked for."""
        database = f"{self._name(target.name)}_large"
        if database not in self._made:
            self._create(database)
            self.fill(target, database, events)
        return conninfo.make_conninfo(self.server, dbname=database)

    def url(self, name: str) -> str:
        """The conninfo of the clone of a target."""
        return conninfo.make_conninfo(self.server, dbname=self._name(name))

    def connect(self, name: str) -> psycopg.Connection:
        """A connection to the clone of a target, which does not wait for the disk at commit."""
        options = f"-c search_path={self.targets[name].search_path} -c synchronous_commit=off"
        return psycopg.connect(self.url(name), autocommit=True, options=options)

    def stored(self, name: str) -> int:
        """How many events a target has."""
        with self.connect(name) as connection:
            return int(scalar(connection, self.targets[name].count))

    def checkpoint(self) -> None:
        """Let the server write what earlier turns left, so that no turn pays for another."""
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute("CHECKPOINT")

    def check(self, name: str) -> None:
        """FailedError when a target holds what must not be."""
        with self.connect(name) as connection:
            for says, query in self.targets[name].wrong:
                if found := scalar(connection, query):
                    raise FailedError(f"{found:,.0f} {says}")

    def check_all(self, failed: Callable[[str, str, str], None], when: str, *names: str) -> None:
        """Check some targets, or all; what is wrong is told."""
        for name in names or self.targets:
            try:
                self.check(name)
            except (FailedError, psycopg.Error) as error:
                failed(when, name, str(error))

    def clear(self) -> None:
        """Drop all databases that were made."""
        for database in sorted(self._made):
            self._drop(database)

    def _name(self, target: str) -> str:
        return "bench_" + target.replace("-", "_")

    def _create(self, database: str, template: str | None = None) -> None:
        self._drop(database)
        self._made.add(database)
        # A copy of files: through the log, as is usual, all would be written twice.
        source = sql.SQL("{} STRATEGY file_copy").format(sql.Identifier(template)) if template else sql.SQL("template0")
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(database), source))

    def _drop(self, database: str) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
