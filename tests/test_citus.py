"""What only a cluster has: shards that move and split, nodes that die, a ledger that becomes distributed."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import betledger
import load
import psycopg
import pytest
from betledger.migrating.files import sql_root
from betledger.migrating.migrator import opened
from citus_cluster import Cluster, running_cluster, why_not
from command import run
from conftest import FOLDER, SETTINGS, own_server_in
from ledger import EVENT_TABLES, T0, call, event, insert, one, place, refused, rows
from manual import DOCS, ROOT, blocks
from psycopg import conninfo
from test_doctor import findings
from test_guide import READS
from test_recipes import commands, shell

READ_TABLES = ("bets_view", "payments_view", "user_balances_view", "user_activity_view", "projection.tenant_totals")
Connect = Callable[..., psycopg.Connection]
NO_CLUSTER = why_not()
pytestmark = pytest.mark.skipif(bool(NO_CLUSTER), reason=str(NO_CLUSTER))


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster of this file alone: its nodes are killed, so that a commit has to be written when it is acknowledged."""
    with running_cluster({**SETTINGS, "synchronous_commit": "on"}, FOLDER) as nodes:
        nodes.create("template_of_citus")
        nodes.join("template_of_citus")
        betledger.migrate(nodes.url(0, "template_of_citus"))
        for name, group in (
            ("app", "betledger_app"),
            ("walled", "betledger_tenant"),
            ("operator", "betledger_operator"),
        ):
            with psycopg.connect(nodes.url(0, "template_of_citus"), autocommit=True) as connection:
                connection.execute(f"CREATE ROLE {name} LOGIN")
                connection.execute(f"GRANT {group} TO {name}")
                if name == "walled":
                    connection.execute("ALTER ROLE walled SET citus.propagate_set_commands = 'local'")
        nodes.seal("template_of_citus")
        yield nodes


@pytest.fixture
def connect(cluster: Cluster) -> Iterator[Connect]:
    """Opens connections to a clean ledger: as a user, to a node."""
    cluster.create("ledger", "template_of_citus")
    with ExitStack() as stack:

        def opened_at(user: str = "postgres", node: int = 0, autocommit: bool = True) -> psycopg.Connection:
            url = conninfo.make_conninfo(cluster.url(node, "ledger"), user=user)
            return stack.enter_context(psycopg.connect(url, autocommit=autocommit))

        yield opened_at
    cluster.seal("ledger")


@pytest.fixture
def db(connect: Connect) -> psycopg.Connection:
    """A superuser at the coordinator."""
    return connect()


def differences(db: psycopg.Connection) -> list[dict[str, Any]]:
    return rows(db, "SELECT * FROM ops.verify_projections()")


class Consumer:
    """Reads a feed page by page: that of a tenant, or of the whole ledger."""

    def __init__(self, connection: psycopg.Connection, tenant: int | None) -> None:
        self.connection = connection
        self.tenant = tenant
        self.seen: list[dict[str, Any]] = []
        self.after: str | None = None

    def read(self) -> int:
        if self.tenant is None:
            page = rows(self.connection, "SELECT * FROM ledger_feed(%s, 50)", (self.after,))
        else:
            page = rows(self.connection, "SELECT * FROM feed(%s, %s, 50)", (self.tenant, self.after))
        self.seen += page
        self.after = page[-1]["feed_cursor"] if page else self.after
        return len(page)

    def read_until(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            with suppress(psycopg.Error):
                self.read()
            stopped.wait(0.05)

    def assert_complete(self, db: psycopg.Connection) -> None:
        """Each event that is stored was seen once, and each stream in the order in which it was stored."""
        self.connection = db
        while self.read():
            pass
        stored = {
            r["id"]
            for table in EVENT_TABLES
            for r in rows(
                db, f"SELECT id FROM {table} WHERE %(t)s::bigint IS NULL OR tenant_id = %(t)s", {"t": self.tenant}
            )
        }
        assert len(self.seen) == len(stored)
        assert {e["id"] for e in self.seen} == stored


class Writers:
    """Writers that place bets and deposit until they are stopped, and keep what was acknowledged.

    Two consumers read meanwhile: of the feed of tenant 5, and of the ledger's.
    """

    def __init__(self, connect: Connect, number: int = 8, tenants: int = 12, patient: bool = False) -> None:
        self.connections = [connect("app", node=n % 3) for n in range(number)]
        self.tenants = tenants
        self.patient = patient
        self.done: list[tuple[int, str, str]] = []
        self.errors: list[psycopg.Error] = []
        self.stopped = threading.Event()
        self.consumers = [Consumer(connect("app", node=0), 5), Consumer(connect("operator", node=0), None)]

    def _write(self, number: int) -> None:
        n = 0
        while not self.stopped.is_set():
            tenant, key = 1 + n % self.tenants, f"{number}-{n}"
            n += 1
            connection = self.connections[number]
            try:
                if n % 3:
                    call(connection, "place_bet", tenant, f"u{n % 5}", 1, 2, "f", key)
                else:
                    call(connection, "deposit", tenant, f"u{n % 5}", 2, key)
                self.done.append((tenant, "place_bet" if n % 3 else "deposit", key))
            except psycopg.Error as error:
                self.errors.append(error)
                if not self.patient:
                    raise
                if connection.closed:
                    break
            # Two cores have to serve three nodes, and to copy besides.
            self.stopped.wait(0.01)

    @contextmanager
    def writing(self) -> Iterator[None]:
        with ThreadPoolExecutor(len(self.connections) + len(self.consumers)) as pool:
            futures = [pool.submit(self._write, number) for number in range(len(self.connections))]
            futures += [pool.submit(consumer.read_until, self.stopped) for consumer in self.consumers]
            try:
                yield
                self.wait_for(len(self.done) + 40)
            finally:
                self.stopped.set()
            for future in futures:
                future.result(60)

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + 60
        while len(self.done) < count:
            assert time.monotonic() < deadline, f"only {len(self.done)} operations are done: {self.errors[-1:]}"
            time.sleep(0.01)

    def assert_kept(self, db: psycopg.Connection) -> None:
        """Each acknowledged key is one event, and the read tables are the fold."""
        for operation, table in (("place_bet", "bet_events"), ("deposit", "payment_events")):
            stored = {
                (r["tenant_id"], r["key"]): r["n"]
                for r in rows(
                    db,
                    f"SELECT tenant_id, metadata ->> 'idempotency_key' AS key, count(*) AS n FROM {table} GROUP BY 1, 2",
                )
            }
            missing = [(t, k) for t, o, k in self.done if o == operation and stored.get((t, k)) != 1]
            assert missing == []
            assert set(stored.values()) == {1}
        assert differences(db) == []
        for consumer in self.consumers:
            consumer.assert_complete(db)


# --------------------------------------------------------------------------------------------- what migrate has made


def test_tables_are_distributed_by_tenant_and_colocated(db: psycopg.Connection) -> None:
    made = {
        r["name"]: (r["partmethod"], r["key"], r["colocationid"])
        for r in rows(
            db,
            "SELECT logicalrelid::text AS name, partmethod, column_to_column_name(logicalrelid, partkey) AS key, colocationid"
            " FROM pg_dist_partition",
        )
    }
    spread = {name: made.pop(name) for name in (*EVENT_TABLES, *READ_TABLES, "personal_keys", "consumers", "tenants")}
    assert len(set(spread.values())) == 1 and next(iter(spread.values()))[:2] == ("h", "tenant_id")
    assert {name: kind for name, (kind, *_) in made.items()} == {
        **{f"projection.{name}": "n" for name in ("event_types", "projections", "sources")},
        "ops.maintenance_runs": "n",
        "ops.rebuilds": "n",
    }


def test_an_event_goes_into_no_shard_but_that_of_its_tenant(connect: Connect, db: psycopg.Connection) -> None:
    """Keys are unique within a shard: by its name, one could have had a second effect in another."""
    place(db, 1, key="k")
    before = rows(db, "SELECT * FROM bets_view ORDER BY 1, 2")
    values = (
        "gen_random_uuid(), {tenant}, ''x'', ''V1_BETS_BET_PLACED'',"
        ' \'\'{{"user_id": "u", "stake": 1, "odds": 2, "fixture_id": "f"}}\'\'::jsonb, 1700000000000, 1'
    )
    columns = "(id, tenant_id, aggregate_id, event_type, event_data, timestamp, version)"
    for user, tenant in (("app", 1), ("walled", 1)):
        conn = connect(user)
        sent = rows(
            conn,
            "SELECT success, result FROM run_command_on_shards('bet_events', '"
            f"WITH s AS MATERIALIZED (SELECT set_config(''app.tenant_id'', ''{tenant}'', false))"
            f" INSERT INTO %s {columns} SELECT {values.format(tenant=tenant)} FROM s')".replace("%s", "%%s"),
            (),
        )
        assert len(sent) == 4
        assert sum(s["success"] for s in sent) <= 1
        assert all("not the shard of the tenant" in s["result"] for s in sent if not s["success"]), sent
    # To the node itself, by the name of the shard: the error has its code.
    own = one(db, "SELECT get_shard_id_for_distribution_column('bet_events', 1) AS id")["id"]
    foreign, port = next((shard, port) for shard, port in nodes_of(db).items() if shard != own)
    (node,) = [n for n in range(3) if connect(node=n).info.port == port]
    with refused("BL033", "not the shard of the tenant"):
        connect("app", node=node).execute(
            f"INSERT INTO bet_events_{foreign} {columns} VALUES ({values.format(tenant=1)})".replace("''", "'").encode()
        )
    # In its own shard it is an event like any other.
    assert [r for r in rows(db, "SELECT * FROM bets_view ORDER BY 1, 2") if r["bet_id"] != "x"] == before
    assert len(rows(db, "SELECT FROM bets_view WHERE bet_id = 'x'")) == 1
    assert differences(db) == []


def test_every_read_of_the_guide_goes_to_one_shard(connect: Connect) -> None:
    app = connect("app")
    for query, args in READS:
        for i in range(len(args), 0, -1):
            query = query.replace(f"${i}", f"'{args[i - 1]}'")
        plan = "\n".join(r[0] for r in app.execute("EXPLAIN " + query))  # type: ignore[call-overload]
        assert "Task Count: 1\n" in plan, plan


CALLS = [
    "place_bet(1, 'u', 1, 2, 'f', 'k')", "confirm_bet(1, 'b')", "settle_bet(1, 'b', 'win', 2)", "cancel_bet(1, 'b')",
    "deposit(1, 'u', 1, 'k')", "withdraw(1, 'u', 1, 'k')", "complete_payment(1, 'p')", "fail_payment(1, 'p')",
    "place_bets(1, '[{\"user_id\": \"u\", \"stake\": 1, \"odds\": 2, \"fixture_id\": \"f\"}]', 'k')",
    "confirm_bets(1, '[{\"bet_id\": \"b\"}]', 'k', false)", "cancel_bets(1, '[{\"bet_id\": \"b\"}]', 'k')",
    "settle_bets(1, '[{\"bet_id\": \"b\", \"result\": \"win\", \"payout\": 2}]', 'k')",
    "deposits(1, '[{\"user_id\": \"u\", \"amount\": 1}]', 'k')", "withdrawals(1, '[{\"user_id\": \"u\", \"amount\": 1}]', 'k', false)",
    "bet_history(1, 'b')", "payment_history(1, 'p')", "balance_history(1, 'u')", "bet_events_between(1, 1, 2)",
    "bet_as_of(1, 'b', 1)", "payment_as_of(1, 'p', 1)", "balance_as_of(1, 'u', 1)", "balance_statement(1, 'u')",
    "bets_of(1, 'u')", "payments_of(1, 'u', 'completed')", "tenant_as_of(1, 1)",
    "feed(1)", "reset_consumer(1, 'w')",
    "resettle_bet(1, 'b', 'win', 2)", "void_bet(1, 'b')", "reverse_payment(1, 'p')",
]  # fmt: skip


@pytest.mark.parametrize("function", CALLS)
def test_every_function_is_one_round_trip_to_the_node_of_its_tenant(connect: Connect, function: str) -> None:
    app, told = connect("app"), []
    app.add_notice_handler(lambda notice: told.append(str(notice.message_primary)))
    app.execute("SET client_min_messages = debug1")
    app.execute("SET citus.log_remote_commands = on")
    try:
        app.execute(f"SELECT * FROM {function}")
    except psycopg.Error as error:
        assert error.sqlstate.startswith("BL"), error
    assert "pushing down the function call" in told
    assert len([line for line in told if line.startswith("issuing SELECT")]) == 1


@pytest.mark.parametrize("node", [0, 1, 2])
def test_a_transaction_of_several_calls_works_through_every_node(
    connect: Connect, db: psycopg.Connection, node: int
) -> None:
    app = connect("app", node=node, autocommit=False)
    for tenant in (1, 2, 3):
        call(app, "deposit", tenant, "u", 100, "d")
        bet = call(app, "place_bet", tenant, "u", 30, 2, "f", "b", True)["bet_id"]
        insert(app, event("V1_BETS_BET_CONFIRMED", tenant, bet, timestamp=int(time.time() * 1000) + 43_200_000))
        assert one(app, "SELECT status FROM bets_view WHERE tenant_id = %s AND bet_id = %s", (tenant, bet)) == {
            "status": "confirmed"
        }
        call(app, "settle_bet", tenant, bet, "win", 60)
    app.commit()
    call(app, "deposit", 1, "u", 1000, "taken back")
    app.rollback()
    assert rows(db, "SELECT tenant_id, balance FROM user_balances_view ORDER BY 1") == [
        {"tenant_id": tenant, "balance": 130} for tenant in (1, 2, 3)
    ]
    assert differences(db) == []


def test_a_statement_of_many_tenants_is_projected_on_every_shard(db: psycopg.Connection) -> None:
    insert(db, *(event("V1_BETS_BET_PLACED", tenant, f"b{n}") for tenant in range(1, 30) for n in range(3)))
    insert(db, *(event("V1_BETS_BET_CONFIRMED", tenant, "b1") for tenant in range(1, 30)))
    assert one(db, "SELECT count(*) AS n, sum(bets_confirmed) AS c FROM tenants_summary_view") == {"n": 29, "c": 29}
    assert differences(db) == []


def test_a_large_statement_of_one_tenant_is_projected_in_parts(db: psycopg.Connection) -> None:
    db.execute(
        "INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, timestamp, version)"
        " SELECT gen_random_uuid(), 1, 'b' || i %% 24000, 'V1_BETS_BET_' || CASE WHEN i < 24000 THEN 'PLACED' ELSE 'CONFIRMED' END,"
        ' \'{"user_id": "u", "stake": 1, "odds": 2, "fixture_id": "f"}\', %s + i, 1 FROM generate_series(0, 25000) AS i',
        (T0,),
    )
    assert one(db, "SELECT bets, bets_confirmed FROM tenants_summary_view") == {"bets": 24000, "bets_confirmed": 1001}
    assert differences(db) == []


# ------------------------------------------------------------------------------------------------- walls, maintenance


def test_a_setting_that_does_not_reach_the_nodes_shows_nothing(connect: Connect, db: psycopg.Connection) -> None:
    place(db, tenant=1)
    walled = connect("walled")
    walled.execute("SET app.tenant_id = '1'")
    assert rows(walled, "SELECT * FROM bets_view") == []
    with walled.transaction():
        walled.execute("SET LOCAL app.tenant_id = '1'")
        assert len(rows(walled, "SELECT * FROM bets_view")) == 1
        walled.execute("SET LOCAL app.tenant_id = '2'")
        assert rows(walled, "SELECT * FROM bets_view") == []
    assert rows(walled, "SELECT * FROM bets_view") == []


def test_what_is_damaged_on_a_shard_is_found_and_mended(connect: Connect, db: psycopg.Connection) -> None:
    for tenant in range(1, 9):
        place(db, tenant=tenant, key="k", created_at="2020-01-01")
    db.execute("UPDATE bets_view SET stake = 99 WHERE tenant_id IN (3, 5)")
    db.execute("DELETE FROM user_activity_view WHERE tenant_id = 4")
    found = {(d["projection"], d["tenant_id"]) for d in differences(db)}
    assert {("public.bets_view", 3), ("public.bets_view", 5), ("public.user_activity_view", 4)} <= found
    assert {d["tenant_id"] for d in rows(db, "SELECT * FROM ops.verify_projections(3)")} == {3}
    operator = connect("operator")
    operator.execute("CALL ops.rebuild_projection(NULL, 3)")
    assert {d["tenant_id"] for d in differences(db)} == {4, 5}
    operator.execute("CALL ops.rebuild_projection()")
    assert differences(operator) == []
    operator.execute("CALL ops.purge_idempotency_keys()")
    assert rows(db, "SELECT FROM bet_events WHERE metadata ? 'idempotency_key'") == []
    assert rows(db, "SELECT FROM bets_view WHERE idempotency_key IS NOT NULL") == []
    assert differences(db) == []


def test_what_citus_lets_everybody_do_can_be_taken_back(cluster: Cluster, connect: Connect, db: psycopg.Connection) -> None:
    """With the statements of SECURITY.md, on every node; the ledger and who looks after it need no more than they leave."""
    (block,) = (b.text for b in blocks(ROOT / "SECURITY.md") if b.text.startswith("REVOKE EXECUTE ON FUNCTION master_run_on_worker"))
    place(db, 3, key="k", created_at="2020-01-01")
    asked = [
        f"SELECT * FROM run_command_on_{what}'SELECT 1')"
        for what in ("shards('bet_events', ", "placements('bet_events', ", "workers(", "all_nodes(", "coordinator(")
    ]
    asked += [
        "SELECT * FROM run_command_on_colocated_placements('bet_events', 'bets_view', 'SELECT 1')",
        f"SELECT * FROM master_run_on_worker(ARRAY['127.0.0.1'], ARRAY[{db.info.port}], ARRAY['SELECT 1'], false)",
    ]
    # As it comes: whoever may connect sends commands to the nodes.
    assert connect("app").execute(asked[0].encode()).fetchall()
    for node in range(3):
        connect(node=node).execute(block.encode())
    for user in ("app", "walled"):
        for query in asked:
            with refused("42501", hint=False):
                connect(user).execute(query.encode())
    app, operator = connect("app"), connect("operator")
    bet = call(app, "place_bet", 3, "u", 1, 2, "f", "b")["bet_id"]
    call(app, "settle_bet", 3, bet, "win", 2)
    db.execute("UPDATE bets_view SET stake = 99 WHERE tenant_id = 3")
    assert differences(operator) != []
    operator.execute("CALL ops.rebuild_projection()")
    assert differences(operator) == []
    operator.execute("CALL ops.purge_idempotency_keys()")
    assert rows(operator, "SELECT * FROM ops.reconcile()") == [] != rows(operator, "SELECT * FROM ops.trial_balance()")
    assert findings(operator) == {} and len(rows(operator, "SELECT * FROM ops.tenants()")) == 1
    url = cluster.url(0, "ledger")
    for command in ("status", "verify", "verify-schema"):
        assert run(command, url=url).returncode == 0, command
    db.execute("ALTER TABLE bet_events ADD COLUMN note text")
    assert run("migrate", url=url).returncode == 0
    place(app, 3, "after")
    assert differences(operator) == []


# ----------------------------------------------------------------------------------------------- moves, splits, nodes


def nodes_of(db: psycopg.Connection, table: str = "bet_events") -> dict[int, int]:
    """The port of the node of each shard."""
    found = rows(db, "SELECT shardid, nodeport FROM citus_shards WHERE table_name = %s::regclass", (table,))
    return {r["shardid"]: r["nodeport"] for r in found}


def test_a_tenant_is_isolated_while_writers_write(connect: Connect, db: psycopg.Connection) -> None:
    writers = Writers(connect)
    with writers.writing():
        writers.wait_for(60)
        db.execute(
            "SELECT isolate_tenant_to_new_shard('bet_events', 5, 'CASCADE', shard_transfer_mode => 'block_writes')"
        )
    writers.assert_kept(db)
    (shard,) = rows(db, "SELECT get_shard_id_for_distribution_column('bet_events', 5) AS id")
    (alone,) = rows(
        db, "SELECT shardminvalue = shardmaxvalue AS yes FROM pg_dist_shard WHERE shardid = %s", (shard["id"],)
    )
    assert alone["yes"]


def test_a_shard_is_moved_while_writers_write(connect: Connect, db: psycopg.Connection) -> None:
    before = nodes_of(db)
    shard, source = next(iter(before.items()))
    target = next(port for port in before.values() if port != source)
    writers = Writers(connect)
    with writers.writing():
        writers.wait_for(60)
        db.execute(
            "SELECT citus_move_shard_placement(%s, '127.0.0.1', %s, '127.0.0.1', %s, 'force_logical')",
            (shard, source, target),
        )
    writers.assert_kept(db)
    assert nodes_of(db)[shard] == target


@pytest.mark.parametrize("node", [0, 1, 2])
def test_a_consumer_is_moved_and_reset_whichever_node_is_asked(connect: Connect, db: psycopg.Connection, node: int) -> None:
    app = connect("app", node=node)
    for tenant in (1, 2, 3):
        for n in range(2):
            place(app, tenant, f"b{n}")
        first, last = (row["feed_cursor"] for row in rows(app, "SELECT feed_cursor FROM feed(%s)", (tenant,)))
        kept = "SELECT feed_cursor FROM consumers WHERE tenant_id = %s AND name = 'w'"
        for steps in ((None, first), (first, last)):
            call(app, "advance_consumer", tenant, "w", *steps)
            assert one(db, kept, (tenant,)) == {"feed_cursor": steps[1]}
        with refused("40001", "not where this session has read from"):
            call(app, "advance_consumer", tenant, "w", first, last)
        call(app, "reset_consumer", tenant, "w")
        call(app, "reset_consumer", tenant, "new", first)
        assert rows(db, "SELECT name, feed_cursor FROM consumers WHERE tenant_id = %s ORDER BY name", (tenant,)) == [
            {"name": "new", "feed_cursor": first}, {"name": "w", "feed_cursor": None},
        ]  # fmt: skip


def test_nothing_but_a_shard_of_events_is_admitted_to_the_feed(connect: Connect, db: psycopg.Connection) -> None:
    """Or a client would have the owner read a view of its own, and run what is in that."""
    db.execute("SELECT FROM place_bet(1, 'u', 1, 2, 'f', 'k')")
    app = connect("app", node=1)
    trap = connect(node=1)
    trap.execute("SET citus.enable_ddl_propagation = off; CREATE VIEW public.trap AS SELECT 1::bigint << 60 AS feed_position")
    try:
        trap.execute("GRANT SELECT ON public.trap TO PUBLIC")
        era = one(trap, "SELECT projection.feed_era() AS era")
        app.execute("SELECT projection.admit_shard('public.trap'::regclass)")
        app.execute("SELECT projection.admit_shard(0)")
        assert one(trap, "SELECT projection.feed_era() AS era") == era
    finally:
        trap.execute("DROP VIEW public.trap")


def test_a_feed_goes_on_where_its_shard_goes(connect: Connect, db: psycopg.Connection) -> None:
    tenant, after = 5, None
    stored: list[Any] = []
    everything = Consumer(connect("operator"), None)

    def step() -> None:
        """The consumer has what was there; the node of the shard has stored more since then."""
        nonlocal after
        page = rows(db, "SELECT id, feed_cursor FROM feed(%s, %s)", (tenant, after))
        assert [e["id"] for e in page] == stored[-3:]
        assert [e["id"] for e in rows(db, "SELECT id FROM feed(%s)", (tenant,))] == stored
        after = page[-1]["feed_cursor"] if page else after
        everything.read()
        for n in range(3):
            stored.append(place(db, tenant, f"b{len(stored)}", timestamp=T0 - n))

    def shard() -> tuple[int, int]:
        found = one(
            db,
            "SELECT s.shardid, s.nodeport FROM citus_shards AS s WHERE s.shardid = get_shard_id_for_distribution_column('bet_events', %s)",
            (tenant,),
        )
        return found["shardid"], found["nodeport"]

    step()
    ports = sorted(set(nodes_of(db).values()))
    for _ in range(3):
        number, here = shard()
        there = next(port for port in ports if port != here)
        # Whose transaction ids are higher is left to chance: both ways are gone.
        db.execute(
            "SELECT citus_move_shard_placement(%s, '127.0.0.1', %s, '127.0.0.1', %s, 'block_writes')",
            (number, here, there),
        )
        step()
    db.execute(
        "SELECT isolate_tenant_to_new_shard('bet_events', %s, 'CASCADE', shard_transfer_mode => 'block_writes')",
        (tenant,),
    )
    for _ in range(3):
        step()
    assert [e["id"] for e in rows(db, "SELECT id FROM feed(%s)", (tenant,))] == stored
    everything.assert_complete(db)


def test_a_node_is_added_and_the_shards_are_rebalanced_while_writers_write(
    cluster: Cluster, connect: Connect, db: psycopg.Connection
) -> None:
    port = int(conninfo.conninfo_to_dict(cluster.urls[0])["port"])
    writers = Writers(connect)
    with writers.writing():
        writers.wait_for(60)
        db.execute("SELECT citus_set_node_property('127.0.0.1', %s, 'shouldhaveshards', true)", (port,))
        db.execute("SELECT rebalance_table_shards(shard_transfer_mode => 'force_logical')")
    writers.assert_kept(db)
    assert port in nodes_of(db).values()


def test_a_worker_is_killed_in_the_middle_of_a_load(cluster: Cluster, connect: Connect, db: psycopg.Connection) -> None:
    if not cluster.servers:
        pytest.skip("the nodes of CITUS_DATABASE_URL are not ours to kill")
    writers = Writers(lambda user, node: connect(user), patient=True)
    with writers.writing():
        writers.wait_for(60)
        cluster.servers[1].kill()
        failed = time.monotonic() + 30
        while not writers.errors and time.monotonic() < failed:
            time.sleep(0.01)
        cluster.servers[1].start()
        writers.wait_for(len(writers.done) + 60)
    assert writers.errors
    # Connection lost, server starting up, and the like: nothing internal.
    assert {(e.sqlstate or "08")[:2] for e in writers.errors} <= {"08", "57", "40"}, writers.errors[:5]
    db.execute("SELECT recover_prepared_transactions()")
    writers.assert_kept(db)
    for tenant, operation, key in writers.done[-5:]:
        amount = (1, 2, "f") if operation == "place_bet" else (2,)
        user = one(
            db,
            f"SELECT event_data ->> 'user_id' AS u FROM {'bet' if operation == 'place_bet' else 'payment'}_events"
            " WHERE tenant_id = %s AND metadata ->> 'idempotency_key' = %s",
            (tenant, key),
        )["u"]
        assert call(db, operation, tenant, user, *amount, key)["duplicate"] is True


def test_a_random_load_has_a_serial_history_while_nodes_are_killed(
    cluster: Cluster, connect: Connect, db: psycopg.Connection
) -> None:
    if not cluster.servers:
        pytest.skip("the nodes of CITUS_DATABASE_URL are not ours to kill")
    record, kills = load.Record(), 0

    def kill(node: int) -> None:
        nonlocal kills
        time.sleep(1)
        cluster.servers[node].kill()
        kills += 1
        time.sleep(0.3)
        cluster.servers[node].start()

    for node in (1, 2, 0):
        with ThreadPoolExecutor(1) as pool:
            killed = pool.submit(kill, node)
            load.run(load.plan(10 + node, 16, 25), lambda: connect("app"), lambda: connect("operator"), record=record)
            killed.result()
        with connect() as afterwards:
            afterwards.execute("SELECT recover_prepared_transactions()")
            counts = load.check(afterwards, record)
            print(counts, dict(record.errors), dict(record.maintained))
    assert kills == 3 and counts["attempts again"] > 0


def test_a_refusal_names_the_table_and_not_its_shard(connect: Connect, db: psycopg.Connection) -> None:
    place(db, 1)
    for statement in (
        "UPDATE bet_events SET metadata = '{}' WHERE tenant_id = 1",
        "DELETE FROM bet_events WHERE tenant_id = 1",
    ):
        with refused("BL010", "public.bet_events is refused"):
            db.execute(statement.encode())


def test_nobody_waits_for_the_transaction_of_the_first_event_of_a_shard(
    connect: Connect, db: psycopg.Connection
) -> None:
    shard = "get_shard_id_for_distribution_column('bet_events', {})"
    neighbour = one(
        db, f"SELECT t AS id FROM generate_series(2, 99) t WHERE {shard.format('t')} = {shard.format(1)} LIMIT 1"
    )
    first, second = connect("app", autocommit=False), connect("app")
    place(first, 1)
    second.execute("SET statement_timeout = '10s'")
    place(second, neighbour["id"])
    first.rollback()
    assert rows(db, "SELECT tenant_id FROM bets_view") == [{"tenant_id": neighbour["id"]}]


def test_a_ledger_goes_back_to_one_server(
    connect: Connect, db: psycopg.Connection, cluster: Cluster, tmp_path: Path
) -> None:
    """The recipe for events alone, with the dump of a coordinator."""
    app = connect("app")
    for tenant in range(1, 9):
        call(app, "deposit", tenant, "u1", 100, "d")
        bet = call(app, "place_bet", tenant, "u1", 10, 2, "f1", "b", True)["bet_id"]
        call(app, "settle_bet", tenant, bet, "win", 20)
    summary = "SELECT * FROM tenants_summary_view ORDER BY tenant_id"
    before = rows(db, summary)
    steps = [words for words in commands("Back up one server, and restore it") if words[0] != "psql"][5:]
    assert [words[0] for words in steps] == ["pg_dump", "betledger", "pg_restore", "betledger", "betledger"]
    shell(steps[0], cluster.url(0, "ledger"), tmp_path)
    with own_server_in(FOLDER, {"fsync": "off"}) as alone:
        with psycopg.connect(alone.start(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE ledger")
        for words in steps[1:]:
            shell(words, alone.url("ledger"), tmp_path)
        with psycopg.connect(alone.url("ledger"), autocommit=True) as ledger:
            assert rows(ledger, summary) == before
            assert differences(ledger) == []
            assert call(ledger, "withdraw", 3, "u1", 1, "after")["duplicate"] is False


def test_a_projection_that_a_later_migration_adds_is_distributed_and_kept(
    cluster: Cluster, connect: Connect, db: psycopg.Connection, tmp_path: Path
) -> None:
    place(db, 7)
    for folder in ("schema", "functions", "triggers"):
        shutil.copytree(sql_root() / folder, tmp_path / folder)
    (example,) = [block.text for block in blocks(DOCS / "extending.md") if block.file == "db/schema/0002_fixtures.sql"]
    (tmp_path / "schema" / "0999_fixtures_view.sql").write_text(example)
    with opened(cluster.url(0, "ledger"), root=tmp_path) as migrator:
        assert migrator.migrate() > 1
    place(connect("app"), 7, "another")
    db.execute("CALL ops.rebuild_projection('fixtures_view')")
    assert rows(db, "SELECT * FROM fixtures_view") == [{"tenant_id": 7, "fixture_id": "f1", "bets": 2}]
    assert differences(db) == []
    assert "tables are distributed by tenant" not in findings(db) and "tables are co-located" not in findings(db)


@pytest.mark.parametrize(
    "column", ["note text", "note text DEFAULT 'x'", "note text GENERATED ALWAYS AS (event_type || '!') STORED"]
)
def test_a_column_that_somebody_adds_is_told_and_compiled_in(
    cluster: Cluster, connect: Connect, db: psycopg.Connection, column: str
) -> None:
    """Code of the shards takes whole rows: until it is compiled anew, nothing goes in."""
    url = cluster.url(0, "ledger")
    assert run("status", url=url).returncode == 0
    place(db, 7)
    db.execute(f"ALTER TABLE bet_events ADD COLUMN {column}")
    status = run("status", url=url)
    assert status.returncode == 3 and "public.bet_events has the columns" in status.stdout
    assert run("migrate", url=url).returncode == 0
    assert run("status", url=url).returncode == 0
    app = connect("app")
    place(app, 7, "another")
    insert(app, *(event("V1_BETS_BET_PLACED", tenant, "more") for tenant in (7, 8, 9)))
    assert len(rows(db, "SELECT FROM bets_view")) == 5
    assert differences(db) == []


# ---------------------------------------------------------------------------------------------- what an operator sees


def test_how_far_a_copy_is_can_be_asked(connect: Connect, db: psycopg.Connection) -> None:
    """As `distribute` does beside its work."""
    other = connect()
    asked = "SELECT projection.copied_bytes() AS n"
    assert one(other, asked) == {"n": 0}
    line = f"1\tw\t{'x' * 100}\n".encode()
    db.execute("CREATE TABLE copied (tenant_id bigint, name text, data text)")
    db.execute("SELECT create_distributed_table('copied', 'tenant_id')")
    with db.cursor().copy("COPY copied FROM STDIN") as stream:
        for _ in range(100):
            stream.write(line * 1000)
        assert one(other, asked)["n"] > 5_000_000


def test_tables_of_others_may_be_closed_to_the_ledger(cluster: Cluster, connect: Connect, db: psycopg.Connection) -> None:
    """Distributed beside the event tables, or alone: in a schema that no role of the ledger may use."""
    db.execute("CREATE SCHEMA closed")
    for table, beside in (("near", "public.bet_events"), ("far", "none")):
        db.execute(f"CREATE TABLE closed.{table} (LIKE public.bet_events INCLUDING ALL)")
        db.execute("SELECT create_distributed_table(%s, 'tenant_id', colocate_with => %s)", (f"closed.{table}", beside))
    app, operator = connect("app"), connect("operator")
    for tenant in range(1, 31):
        place(app, tenant)
    assert len(rows(operator, "SELECT * FROM ledger_feed()")) == 30
    assert differences(operator) == [] and rows(operator, "SELECT * FROM ops.reconcile()") == []
    assert rows(operator, "SELECT * FROM ops.metrics()")
    operator.execute("CALL ops.rebuild_projection()")
    assert findings(db) == {}
    url = cluster.url(0, "ledger")
    for command in (("status",), ("verify-schema",), ("tenant", "isolate", "7")):
        assert (told := run(*command, url=url)).returncode == 0, told.stdout + told.stderr


def test_a_tenant_is_listed_isolated_and_moved(cluster: Cluster, connect: Connect, db: psycopg.Connection) -> None:
    for tenant in range(1, 31):
        place(db, tenant)
    url = cluster.url(0, "ledger")
    before = one(connect("operator"), "SELECT * FROM ops.tenants(7)")
    assert (before["bets"], before["users"]) == (1, 1) and before["shard_tenants"] > 1 and before["shard_bytes"] > 0
    assert sum(r["shards"] for r in rows(db, "SELECT * FROM ops.nodes()")) == 4

    shown = run("tenant", "isolate", "7", url=url)
    assert shown.returncode == 0, shown.stderr
    alone = one(db, "SELECT * FROM ops.tenants(7)")
    assert alone["shard_tenants"] == 1 and f"tenant 7 is alone in shard {alone['shard_id']}" in shown.stdout
    assert one(db, "SELECT ops.isolate_tenant(7) AS shard") == {"shard": alone["shard_id"]}

    port = next(
        r["node_port"]
        for r in rows(db, "SELECT * FROM ops.nodes() WHERE node_role = 'worker'")
        if r["node_port"] != alone["node_port"]
    )
    assert (moved := run("tenant", "move", "7", "--to", f"127.0.0.1:{port}", url=url)).returncode == 0, moved.stderr
    assert one(db, "SELECT node_port, bets FROM ops.tenants(7)") == {"node_port": port, "bets": 1}
    wrong = run("tenant", "move", "7", "--to", "127.0.0.1:1", url=url)
    assert wrong.returncode == 1 and "node is 127.0.0.1:1 [BL001] Hint: Send a worker that holds shards" in wrong.stderr
    place(db, 7, "another")
    assert differences(db) == []
    assert findings(db) == {}
    assert "answers" in run("status", url=url).stdout


BROKEN = {
    "no policy is restrictive": (
        "CREATE POLICY narrow ON public.bet_events AS RESTRICTIVE TO betledger_app USING (tenant_id <> 7)",
        "policy narrow on public.bet_events is restrictive, and permissive on its shards",
    ),
    "tables are distributed by tenant": (
        "SELECT undistribute_table('user_activity_view', cascade_via_foreign_keys => true)",
        "public.user_activity_view is not distributed",
    ),
    "tables are co-located": (
        "SELECT update_distributed_table_colocation('payments_view', colocate_with => 'none')",
        "public.payments_view is not co-located with public.bet_events",
    ),
    "every node has the facts": (
        "SELECT undistribute_table('projection.sources', cascade_via_foreign_keys => true)",
        "projection.sources is no reference table",
    ),
    "tenants reach their node": (
        "ALTER ROLE walled RESET citus.propagate_set_commands",
        "login walled keeps SET LOCAL app.tenant_id to the coordinator: it sees no rows",
    ),
    "workers are active": (
        "SELECT stop_metadata_sync_to_node(nodename, nodeport) FROM pg_dist_node WHERE groupid = 1",
        "without the metadata",
    ),
}


@pytest.mark.parametrize("check", BROKEN)
def test_what_is_wrong_with_a_cluster_is_found_and_named(connect: Connect, db: psycopg.Connection, check: str) -> None:
    statement, finding = BROKEN[check]
    db.execute(statement)
    try:
        assert any(finding in told for told in findings(connect())[check])
    finally:
        # Roles are those of all databases.
        db.execute("ALTER ROLE walled SET citus.propagate_set_commands = 'local'")


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("ALTER TABLE {} DISABLE TRIGGER project_inserted_{}", "has no trigger project_inserted"),
        ("DROP POLICY own_tenant ON {}", "has no policy own_tenant"),
        ("ALTER TABLE {} DISABLE ROW LEVEL SECURITY", "has no row-level security"),
    ],
)
def test_what_a_shard_lacks_is_found_and_named(
    connect: Connect, db: psycopg.Connection, statement: str, finding: str
) -> None:
    shard = one(
        db,
        "SELECT shardid AS id, nodeport AS port FROM citus_shards WHERE table_name = 'bet_events'::regclass ORDER BY 1 LIMIT 1",
    )
    (node,) = [n for n in range(3) if connect(node=n).info.port == shard["port"]]
    worker = connect(node=node)
    worker.execute("SET citus.enable_manual_changes_to_shards = on")
    worker.execute(statement.format(f"bet_events_{shard['id']}", shard["id"]).encode())
    assert findings(db) == {
        "every shard has its triggers and walls": [f"shard {shard['id']} of public.bet_events {finding}"]
    }


def test_a_worker_that_is_down_is_named(cluster: Cluster, connect: Connect, db: psycopg.Connection) -> None:
    if not cluster.servers:
        pytest.skip("the nodes of CITUS_DATABASE_URL are not ours to stop")
    port = connect(node=1).info.port
    cluster.servers[1].stop()
    try:
        found = findings(db)
        assert found["workers answer"] == [f"127.0.0.1:{port} does not answer"]
        assert all("was not checked" in f for f in found["every shard has its triggers and walls"])
        assert "DOES NOT ANSWER" in run("status", url=cluster.url(0, "ledger")).stdout
        for query in ("SELECT * FROM ops.verify_projections()", "SELECT * FROM ops.reconcile()", "CALL ops.rebuild_projection()"):
            with refused("BL032", "failed"):
                connect("operator").execute(query.encode())
    finally:
        cluster.servers[1].start()
    assert findings(connect()) == {}


# -------------------------------------------------------------------------------------------------- tenants with a row


def create_tenants(db: psycopg.Connection, *tenants: int) -> None:
    for tenant in tenants:
        db.execute("SELECT ops.create_tenant(%s, %s, 'EUR', 2)", (tenant, f"tenant {tenant}"))


def set_status(db: psycopg.Connection, tenant: int, status: str) -> None:
    db.execute("SELECT ops.set_tenant_status(%s, %s)", (tenant, status))


@pytest.mark.parametrize("node", [0, 1, 2])
def test_a_tenant_keeps_to_its_row_whichever_node_is_asked(connect: Connect, db: psycopg.Connection, node: int) -> None:
    operator, app, walled = connect("operator"), connect("app", node=node), connect("walled", node=node, autocommit=False)
    create_tenants(operator, *range(1, 9))
    fine = {"data": {"stake": "1.250"}}
    for tenant in range(1, 10):
        place(app, tenant, "one", **fine)
        insert(app, *(event("V1_BETS_BET_PLACED", tenant, f"many {n}", **fine) for n in range(3)))
    finer = {"data": {"stake": 1.255}}
    place(app, 9, "of no row", **finer)
    for tenant in (1, 5, 8):
        with refused("BL001", "event_data.stake is 1.255"):
            place(app, tenant, "finer", **finer)
        with refused("BL001", "event_data.stake is 1.255"):
            insert(app, *(event("V1_BETS_BET_PLACED", t, "finer", **(finer if t == tenant else fine)) for t in range(1, 10)))
        with refused("BL001", "event_data.amount is 0.001"):
            call(app, "deposit", tenant, "u1", "0.001", "finer")
        with pytest.raises(psycopg.Error, match=r"event_data\.stake is 1\.255"), db.cursor().copy(
            "COPY bet_events (id, tenant_id, aggregate_id, event_type, event_data, timestamp, version, metadata) FROM STDIN"
        ) as sent:
            sent.write_row(list(event("V1_BETS_BET_PLACED", tenant, "copied", **finer).values()))
    for tenant, status in ((1, "suspended"), (5, "closed")):
        set_status(operator, tenant, status)
        told = f"tenant {tenant} is {status}"
        with refused("BL008", told):
            place(app, tenant, "late")
        with refused("BL008", told):
            insert(app, *(event("V1_BETS_BET_CONFIRMED", t, "one") for t in range(1, 10)))
        for name, *arguments in (("place_bet", 1, 2, "f", "k"), ("deposit", 1, "k")):
            with refused("BL008", told):
                call(app, name, tenant, "u1", *arguments)
        for name in ("personal_key", "erase_person"):
            with refused("BL008", told):
                call(app, name, tenant, "u1")
        walled.execute(f"SET LOCAL app.tenant_id = '{tenant}'")
        assert rows(walled, "SELECT tenant_id, status FROM tenants") == [{"tenant_id": tenant, "status": status}]
        summary = one(db, "SELECT bets, currency FROM tenants_summary_view WHERE tenant_id = %s", (tenant,))
        assert summary == {"bets": 4, "currency": "EUR"}
        (opening, closing) = rows(walled, f"SELECT * FROM balance_statement({tenant}, 'u1')")
        assert opening["currency"] == closing["currency"] == "EUR"
        with refused("BL008", told):
            place(walled, tenant, "late")
        walled.rollback()
        set_status(operator, tenant, "active")
        place(app, tenant, "again")
        assert call(app, "personal_key", tenant, "u1")["key"]
    assert one(db, "SELECT count(*) AS n FROM bets_view") == {"n": 9 * 4 + 3}
    assert differences(db) == []
    assert findings(db) == {}


def test_the_row_of_a_tenant_goes_where_the_tenant_goes(connect: Connect, db: psycopg.Connection) -> None:
    app = connect("app")
    for tenant in range(1, 13):
        place(db, tenant, data={"stake": 1.25})
    create_tenants(db, *range(1, 13))
    set_status(db, 7, "suspended")

    def as_before() -> None:
        with refused("BL008", "tenant 7 is suspended"):
            place(app, 7, "late")
        set_status(db, 7, "active")
        with refused("BL001", "event_data.stake is 1.255"):
            place(app, 7, "finer", data={"stake": 1.255})
        with refused("BL001", "event_data.stake is 1.255"):
            insert(app, *(event("V1_BETS_BET_PLACED", 7, f"finer {n}", data={"stake": 1.255}) for n in range(3)))
        set_status(db, 7, "suspended")
        shards = rows(
            db,
            "SELECT DISTINCT s.nodeport FROM unnest('{bet_events,tenants}'::text[]) AS t (name) JOIN citus_shards AS s"
            " ON s.shardid = get_shard_id_for_distribution_column(t.name::regclass, 7)",
        )
        assert len(shards) == 1

    as_before()
    db.execute("SELECT ops.isolate_tenant(7)")
    as_before()
    at = one(db, "SELECT node_name, node_port FROM ops.tenants(7)")
    target = one(
        db,
        "SELECT node_port FROM ops.nodes() WHERE node_role = 'worker' AND node_port <> %s LIMIT 1",
        (at["node_port"],),
    )
    db.execute("SELECT ops.move_tenant(7, %s, %s)", (at["node_name"], target["node_port"]))
    as_before()
    assert one(db, "SELECT node_port, status FROM ops.tenants(7)") == {**target, "status": "suspended"}
    set_status(db, 7, "active")
    place(app, 7, "again")
    assert differences(db) == []


def test_a_tenant_is_suspended_while_another_node_is_down(cluster: Cluster, connect: Connect, db: psycopg.Connection) -> None:
    if not cluster.servers:
        pytest.skip("the nodes of CITUS_DATABASE_URL are not ours to stop")
    down = connect(node=1).info.port
    create_tenants(db, *range(1, 13))
    (elsewhere, *_) = rows(db, "SELECT tenant_id AS id FROM ops.tenants() WHERE node_port <> %s", (down,))
    cluster.servers[1].stop()
    try:
        operator = connect("operator")
        set_status(operator, elsewhere["id"], "suspended")
        with refused("BL008"):
            place(connect("app"), elsewhere["id"])
    finally:
        cluster.servers[1].start()
    assert rows(connect(), "SELECT tenant_id AS id FROM tenants WHERE status = 'suspended'") == [elsewhere]


# ------------------------------------------------------------------------------------------- a ledger that is older


def test_a_ledger_with_rows_becomes_distributed(cluster: Cluster, tmp_path: Path) -> None:
    name = f"older_{uuid4().hex[:8]}"
    cluster.create(name)
    url = cluster.url(0, name)
    try:
        betledger.migrate(url)
        with psycopg.connect(url, autocommit=True) as db:
            for tenant in range(1, 20):
                call(db, "deposit", tenant, "u", 100, "d")
                call(db, "place_bet", tenant, "u", 30, 2, "f", "b", True)
            create_tenants(db, 3, 7)
            set_status(db, 3, "suspended")
            compared = (*EVENT_TABLES, *READ_TABLES[:4], "tenants")
            before = {t: rows(db, f"SELECT * FROM {t} ORDER BY 1, 2, 3") for t in compared}
        with psycopg.connect(url, autocommit=True) as db, refused("BL030", "has no Citus"):
            db.execute("SELECT ops.distribute()")
        cluster.join(name)
        assert betledger.migrate(url) == 0
        with psycopg.connect(url, autocommit=True) as db:
            with refused("BL030", "has rows and is not distributed"):
                db.execute("SELECT ops.distribute(false)")
            # A copy that is not the same, which is undone.
            db.execute("SET citus.enable_unsafe_triggers = on")
            (text,) = db.execute("SELECT pg_get_functiondef('projection.fingerprint'::regproc)").fetchone() or ()
            db.execute("CREATE OR REPLACE FUNCTION projection.fingerprint(p_table text) RETURNS text LANGUAGE sql AS 'SELECT gen_random_uuid()::text'")
            with refused("BL031", "would not be the same after distribution"):
                db.execute("SELECT ops.distribute()")
            db.execute(text.encode())
            assert rows(db, "SELECT FROM pg_dist_partition") == []
        r = run("distribute", url=url)
        assert r.returncode == 0 and r.stdout.endswith("\ndistributed\n"), r.stderr
        # How far it is, and nothing of what Citus says.
        told = r.stderr.splitlines()
        assert told[-1] == "all tables are distributed, now functions" and re.fullmatch(r"distributing public\.balance_events, \d+ kB", told[0])
        assert len(told) == 12
        assert run("distribute", url=url).stdout == "up to date\n"
        with psycopg.connect(url, autocommit=True) as db:
            assert {t: rows(db, f"SELECT * FROM {t} ORDER BY 1, 2, 3") for t in before} == before
            assert one(db, "SELECT count(*) AS n FROM pg_dist_partition WHERE partmethod = 'h'") == {"n": 11}
            assert one(db, "SELECT pg_relation_size('bet_events') AS n") == {"n": 0}
            assert call(db, "place_bet", 7, "u", 30, 2, "f", "b", True)["duplicate"] is True
            assert call(db, "withdraw", 7, "u", 70, "w")["balance"] == 0
            with refused("BL008", "tenant 3 is suspended"):
                call(db, "withdraw", 3, "u", 70, "w")
            with refused("BL001", "event_data.amount is 0.001"):
                call(db, "deposit", 7, "u", "0.001", "finer")
            assert differences(db) == []
    finally:
        cluster.seal(name)
        cluster.drop(name)
