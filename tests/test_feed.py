"""The feed: nothing skipped, nothing twice, a stream in the order in which it was stored, whatever happens."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from uuid import UUID

import betledger
import psycopg
import pytest
from betledger.server import EmbeddedServer
from conftest import FOLDER, ledger_on, own_server_in
from ledger import (
    OTHER,
    T0,
    TENANT,
    append,
    call,
    call_all,
    event,
    insert,
    on_citus,
    one,
    refused,
    rows,
    wait_until_blocked,
)
from psycopg.types.json import Jsonb

Row = dict[str, object]


def place(conn: psycopg.Connection, tenant: int = TENANT, bet: str = "b1", **columns: object) -> UUID:
    """A bet of a user of its own: nobody waits for the row of another one."""
    return insert(conn, event("V1_BETS_BET_PLACED", tenant, bet, data={"user_id": f"of {bet}"}, **columns))


def read(conn: psycopg.Connection, after: str | None = None, limit: int = 1000, tenant: int = TENANT) -> list[Row]:
    return rows(conn, "SELECT * FROM feed(%s, %s, %s)", (tenant, after, limit))


def drain(conn: psycopg.Connection, after: str | None = None, limit: int = 7) -> list[Row]:
    """All that a consumer gets which goes on from its last cursor until there is nothing new."""
    seen: list[Row] = []
    while page := read(conn, after, limit):
        seen += page
        after = str(page[-1]["feed_cursor"])
    return seen


def ids(events: list[Row]) -> list[object]:
    return [e["id"] for e in events]


def test_events_of_all_tables_come_in_the_order_in_which_they_were_stored(db: psycopg.Connection) -> None:
    stored = [
        place(db),
        append(db, "DEPOSIT_CREATED", timestamp=T0 - 5),
        append(db, "BALANCE_INCREASED"),
        place(db, bet="b2"),
    ]
    place(db, OTHER)
    assert ids(read(db)) == stored
    for limit in (1, 2, 3, 4, 5):
        assert ids(drain(db, limit=limit)) == stored
    first, second, *_ = read(db)
    assert first["event_table"] == "public.bet_events" and second["event_table"] == "public.payment_events"
    assert ids(read(db, str(second["feed_cursor"]))) == stored[2:]
    assert read(db, limit=0) == []


def test_one_transaction_and_one_statement_keep_their_order(db: psycopg.Connection) -> None:
    with db.transaction():
        stored = [
            place(db),
            append(db, "BET_CONFIRMED", aggregate="b1"),
            append(db, "DEPOSIT_CREATED"),
            append(db, "BET_SETTLED", aggregate="b1"),
        ]
    many = [event("V1_BETS_BET_PLACED", aggregate=f"m{n}", timestamp=T0 - n) for n in range(50)]
    insert(db, *many)
    assert ids(drain(db)) == stored + [e["id"] for e in many]


def test_a_place_cannot_be_chosen_by_who_inserts(connect: Callable[..., psycopg.Connection]) -> None:
    with connect(user="app") as app:
        app.execute("SET search_path = public, pg_catalog")
        honest = place(app)
        forged = place(app, bet="b2", feed_position=1, feed_number=1, stored_at="2000-01-01")
        assert ids(read(app)) == [honest, forged]
        assert one(app, "SELECT bool_and(stored_at > now() - interval '1 minute') AS now FROM bet_events")["now"]
        for statement in ("UPDATE bet_events SET feed_position = 1", "SELECT setval('projection.feed_era', 99)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)


def test_what_is_in_progress_holds_back_what_was_stored_after_it(
    db: psycopg.Connection, connect: Callable[..., psycopg.Connection]
) -> None:
    before = place(db, bet="before")
    with connect() as slow, slow.transaction():
        open_event = place(slow, bet="slow")
        after = place(db, bet="after")
        assert ids(read(db)) == [before], "an event that was stored later is shown, the earlier one would be skipped"
    assert ids(read(db)) == [before, open_event, after]
    with connect() as slow, slow.transaction(force_rollback=True):
        place(slow, bet="never")
        last = place(db, bet="last")
        assert last not in ids(read(db))
    assert ids(drain(db)) == [before, open_event, after, last]


def test_an_old_transaction_stores_the_next_event_of_a_stream_behind_the_one_before(
    db: psycopg.Connection, connect: Callable[..., psycopg.Connection]
) -> None:
    with connect() as old, old.transaction():
        first = place(old, bet="other")
        placed = place(db, bet="b1")
        settled = append(old, "BET_SETTLED", aggregate="b1")
    assert ids(read(db)) == [first, placed, settled]


STEPS = {
    "confirm_bet": ("bet", "settle_bet", ("win", 2)),
    "complete_payment": ("payment", "reverse_payment", ()),
}


@pytest.mark.parametrize("first", STEPS)
def test_an_old_transaction_that_waits_for_a_step_does_not_come_before_it(
    db: psycopg.Connection, connect: Callable[..., psycopg.Connection], first: str
) -> None:
    """Both have stored their step when one gets the lock: in the feed, the other one has to come after it."""
    what, then, arguments = STEPS[first]
    old, young = connect("app", autocommit=False), connect("app", autocommit=False)
    if what == "bet":
        stream = call(db, "place_bet", TENANT, "u1", 1, 2, "f", "k")["bet_id"]
    else:
        stream = call(db, "deposit", TENANT, "u1", 5, "k")["payment_id"]
    ask = f"SELECT * FROM {then}(%s, %s{', %s' * len(arguments)})"
    place(old, bet="other")
    call(young, first, TENANT, stream)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(old.execute, ask.encode(), (TENANT, stream, *arguments))
        wait_until_blocked(db, old)
        young.commit()
        # Unless a third one has ended meanwhile that is younger still, as some of the server's own on a node.
        try:
            asked.result(timeout=60)
        except psycopg.errors.SerializationFailure as refusal:
            assert "at the same moment" in str(refusal)
            old.rollback()
            old.execute(ask.encode(), (TENANT, stream, *arguments))
    old.commit()
    of_stream = [e["event_type"] for e in drain(db) if e["aggregate_id"] == stream]
    assert len(of_stream) == 3 and [t.rpartition("_")[2] for t in of_stream] == (
        ["PLACED", "CONFIRMED", "SETTLED"] if what == "bet" else ["CREATED", "COMPLETED", "REVERSED"]
    )


def test_an_old_batch_that_waits_for_a_step_does_not_come_before_it(
    db: psycopg.Connection, connect: Callable[..., psycopg.Connection]
) -> None:
    old, young = connect("app", autocommit=False), connect("app", autocommit=False)
    stream = call(db, "place_bet", TENANT, "u1", 1, 2, "f", "k")["bet_id"]
    place(old, bet="other")
    call(young, "confirm_bet", TENANT, stream)
    with ThreadPoolExecutor(1) as pool:
        items = Jsonb([{"bet_id": stream, "result": "win", "payout": 2}])
        asked = pool.submit(call_all, old, "settle_bets", TENANT, items, "b")
        wait_until_blocked(db, old)
        young.commit()
        assert [r["status"] for r in asked.result(timeout=60)] == ["settled"]
    old.commit()
    of_stream = [e["event_type"].rpartition("_")[2] for e in drain(db) if e["aggregate_id"] == stream]
    assert of_stream == ["PLACED", "CONFIRMED", "SETTLED"]


def test_an_own_event_is_shown_once_it_is_committed(db: psycopg.Connection) -> None:
    with db.transaction():
        mine = place(db)
        assert read(db) == []
    assert ids(read(db)) == [mine]


def test_types_are_chosen_and_what_was_looked_at_is_not_read_again(db: psycopg.Connection) -> None:
    bets = [place(db, bet=f"b{n}") for n in range(5)]
    paid = append(db, "DEPOSIT_CREATED")
    more = [place(db, bet=f"c{n}") for n in range(3)]
    wanted = "SELECT * FROM feed(%s, %s, %s, '{V1_PAYMENTS_DEPOSIT_CREATED}')"
    (looked,) = rows(db, wanted, (TENANT, None, 5))
    assert looked["id"] is None and looked["event_data"] is None
    assert ids(read(db, looked["feed_cursor"])) == [paid, *more]
    found, last = rows(db, wanted, (TENANT, looked["feed_cursor"], 100))
    assert found["id"] == paid and last["id"] is None and read(db, last["feed_cursor"]) == []
    assert ids(rows(db, wanted, (TENANT, looked["feed_cursor"], 1))) == [paid]
    assert ids(rows(db, "SELECT * FROM feed(%s, NULL, 9, '{V1_BETS_BET_PLACED}')", (TENANT,))) == [*bets, *more]


@pytest.mark.parametrize("cursor", ["", "x", "0" * 40, "0" * 32, "é", "'; DROP TABLE bets_view; --"])
def test_a_cursor_of_nothing_is_refused(db: psycopg.Connection, cursor: str) -> None:
    with refused("BL001", "after"):
        read(db, cursor)


def test_a_cursor_of_another_tenant_is_refused(db: psycopg.Connection) -> None:
    place(db, OTHER)
    (theirs,) = read(db, tenant=OTHER)
    with refused("BL001", "after"):
        read(db, str(theirs["feed_cursor"]))


def test_the_feed_of_the_ledger_holds_all_tenants(connect: Callable[..., psycopg.Connection]) -> None:
    with connect(user="app") as app:
        stored = {place(app, tenant, f"b{n}") for n in range(10) for tenant in (TENANT, OTHER)}
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("SELECT * FROM ledger_feed()")
    for user in ("reader", "operator"):
        with connect(user=user) as conn:
            seen: list[Row] = []
            after = None
            while page := rows(conn, "SELECT * FROM ledger_feed(%s, 3)", (after,)):
                seen += page
                after = page[-1]["feed_cursor"]
            assert set(ids(seen)) == stored and len(seen) == 20
            assert {e["tenant_id"] for e in seen} == {TENANT, OTHER}
            for tenant in (TENANT, OTHER):
                assert [e["aggregate_id"] for e in seen if e["tenant_id"] == tenant] == [f"b{n}" for n in range(10)]


def test_nothing_is_skipped_or_twice_while_many_write_and_die(
    db: psycopg.Connection, connect: Callable[..., psycopg.Connection]
) -> None:
    streams = [f"s{n}" for n in range(12)]
    of_stream: dict[str, list[object]] = {s: [] for s in streams}
    locks = {s: threading.Lock() for s in streams}
    stop = threading.Event()

    def write(seed: int) -> None:
        chance = random.Random(seed)
        while not stop.is_set():
            try:
                with connect() as conn:
                    for _ in range(30):
                        # As a client would that decides by what is there: one writer of a stream at a time.
                        chosen = sorted(chance.sample(streams, chance.choice((1, 1, 2, 3))))
                        for stream in chosen:
                            locks[stream].acquire()
                        try:
                            made: dict[str, list[object]] = {}
                            with conn.transaction():
                                for stream in chance.sample(chosen, len(chosen)):
                                    made[stream] = [
                                        append(conn, "BALANCE_INCREASED", aggregate=stream) for _ in range(2)
                                    ]
                                    if chance.random() < 0.2:
                                        conn.execute("SELECT pg_sleep(0.02)")
                                if chance.random() < 0.1:
                                    raise psycopg.Rollback
                                if chance.random() < 0.02:
                                    conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
                            if one(
                                conn,
                                "SELECT count(*) > 0 AS yes FROM balance_events WHERE id = %s",
                                (made[stream][0],),
                            )["yes"]:
                                for stream, events in made.items():
                                    of_stream[stream] += events
                        finally:
                            for stream in chosen:
                                locks[stream].release()
            except psycopg.OperationalError:
                continue

    def consume() -> list[Row]:
        seen: list[Row] = []
        after = None
        with connect() as conn:
            while not stop.is_set():
                if page := read(conn, after, random.choice((1, 5, 50))):
                    seen += page
                    after = str(page[-1]["feed_cursor"])
        return seen

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(consume) for _ in range(2)]
        writers = [pool.submit(write, n) for n in range(6)]
        stop.wait(6)
        stop.set()
        for writer in writers:
            writer.result()
    stored = {r["id"] for r in rows(db, "SELECT id FROM balance_events WHERE tenant_id = %s", (TENANT,))}
    assert len(stored) > 200
    for reader in readers:
        seen = reader.result()
        seen += drain(db, str(seen[-1]["feed_cursor"]) if seen else None, 500)
        assert len(seen) == len(stored) and set(ids(seen)) == stored
        for stream, events in of_stream.items():
            assert [e["id"] for e in seen if e["aggregate_id"] == stream] == events


def advance(conn: psycopg.Connection, limit: int = 3, name: str = "warehouse") -> int:
    """What a consumer does: its own writes and its place in one transaction."""
    with conn.transaction():
        at = rows(conn, "SELECT feed_cursor FROM consumers WHERE tenant_id = %s AND name = %s", (TENANT, name))
        after = at[0]["feed_cursor"] if at else None
        page = read(conn, after, limit)
        for e in page:
            conn.execute("INSERT INTO kept (id) VALUES (%s)", (e["id"],))
        if page:
            conn.execute("SELECT advance_consumer(%s, %s, %s, %s)", (TENANT, name, after, page[-1]["feed_cursor"]))
    return len(page)


@pytest.mark.not_on_citus("a table of the consumer is beside the ledger there")
def test_a_consumer_that_dies_keeps_each_event_once(
    db: psycopg.Connection, connect: Callable[..., psycopg.Connection]
) -> None:
    db.execute("CREATE TABLE kept (id uuid)")
    stored = {place(db, bet=f"b{n}") for n in range(60)}

    def consume(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(200):
            try:
                with connect() as conn:
                    if chance.random() < 0.3:
                        threading.Timer(
                            chance.random() / 50, db.execute, (f"SELECT pg_terminate_backend({conn.info.backend_pid})",)
                        ).start()
                    while advance(conn):
                        pass
                    return
            except (psycopg.OperationalError, psycopg.errors.SerializationFailure):
                continue

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(consume, range(4)))
    kept = rows(db, "SELECT id FROM kept")
    assert len(kept) == 60 and {k["id"] for k in kept} == stored
    assert one(db, "SELECT waits_since FROM ops.consumers()")["waits_since"] is None
    late = place(db, bet="late")
    waiting = one(db, "SELECT c.*, e.stored_at FROM ops.consumers() AS c, bet_events AS e WHERE e.id = %s", (late,))
    assert waiting["waits_since"] == waiting["stored_at"] and (waiting["tenant_id"], waiting["name"]) == (
        TENANT,
        "warehouse",
    )


def test_of_two_that_go_on_from_one_place_one_is_refused(
    db: psycopg.Connection, connect: Callable[..., psycopg.Connection]
) -> None:
    for n in range(3):
        place(db, bet=f"b{n}")
    one_, two, three = (str(e["feed_cursor"]) for e in read(db))
    db.execute("SELECT advance_consumer(%s, 'w', NULL, %s)", (TENANT, one_))
    with connect() as first, connect() as second, ThreadPoolExecutor(1) as pool:
        with first.transaction():
            first.execute("SELECT advance_consumer(%s, 'w', %s, %s)", (TENANT, one_, two))
            other = pool.submit(second.execute, "SELECT advance_consumer(%s, 'w', %s, %s)", (TENANT, one_, three))
            wait_until_blocked(db, second)
    with refused("40001", "consumer 'w'"):
        other.result()
    for start in (None, one_):
        with refused("40001", "consumer 'w'"):
            db.execute("SELECT advance_consumer(%s, 'w', %s, %s)", (TENANT, start, three))
    assert one(db, "SELECT feed_cursor FROM consumers")["feed_cursor"] == two
    db.execute("SELECT reset_consumer(%s, 'w', %s)", (TENANT, one_))
    db.execute("SELECT advance_consumer(%s, 'w', %s, %s)", (TENANT, one_, three))
    db.execute("SELECT reset_consumer(%s, 'w')", (TENANT,))
    db.execute("SELECT advance_consumer(%s, 'w', NULL, %s)", (TENANT, one_))


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("SELECT advance_consumer(10001, '', NULL, 'x')", "name"),
        ("SELECT advance_consumer(10001, NULL, NULL, 'x')", "name"),
        ("SELECT advance_consumer(10001, 'w', NULL, NULL)", "to"),
        ("SELECT advance_consumer(10001, 'w', NULL, 'x')", "to"),
        ("SELECT advance_consumer(10001, 'w', 'x', repeat('0', 40))", "from"),
        ("SELECT reset_consumer(10001, 'w', 'x')", "to"),
        ("SELECT reset_consumer(10001, repeat('w', 201))", "name"),
        ("SELECT reset_consumer(-1, 'w')", "tenant_id"),
    ],
)
def test_a_consumer_that_is_none_is_refused(db: psycopg.Connection, statement: str, word: str) -> None:
    with refused("BL001", word):
        db.execute(statement)
    assert rows(db, "SELECT FROM consumers") == []


def test_a_consumer_of_the_ledger_is_for_operators(connect: Callable[..., psycopg.Connection]) -> None:
    with connect() as db:
        place(db)
    with connect(user="operator") as operator:
        last = rows(operator, "SELECT * FROM ledger_feed()")[-1]["feed_cursor"]
        operator.execute("SELECT advance_consumer(0, 'all', NULL, %s)", (last,))
        assert one(operator, "SELECT tenant_id, waits_since FROM ops.consumers()") == {
            "tenant_id": 0,
            "waits_since": None,
        }
    with connect(user="app") as app, refused("BL001", "tenant_id"):
        app.execute("SELECT advance_consumer(0, 'mine', NULL, %s)", (last,))


def test_the_doctor_names_what_holds_feeds_up_and_who_stands_still(
    db: psycopg.Connection, connect: Callable[..., psycopg.Connection]
) -> None:
    place(db)
    db.execute("SELECT advance_consumer(%s, 'w', NULL, %s)", (TENANT, read(db)[0]["feed_cursor"]))
    place(db, bet="b2")
    db.execute("UPDATE consumers SET advanced_at = now() - interval '2 hours'")
    checks = {r["check_name"]: r["finds"] for r in rows(db, "SELECT * FROM ops.health_checks()")}
    assert rows(db, checks["feeds go on"]) == [] == rows(db, checks["consumers go on"])
    assert "w of tenant 10001" in str(rows(db, checks["consumers go on"].replace("1 hour", "0 hours")))
    with connect() as slow, slow.transaction():
        place(slow, bet="b3")
        # Where the event is stored: on Citus not here.
        check = "feeds of all nodes go on" if on_citus(db) else "feeds go on"
        held = str(rows(db, checks[check].replace("5 minutes", "0 minutes")))
        assert "has written and has not ended since" in held
        assert on_citus(db) or f"pid {slow.info.backend_pid} " in held


@pytest.fixture
def servers() -> Iterator[Callable[..., EmbeddedServer]]:
    """Servers that may be stopped, and have prepared transactions."""
    with ExitStack() as stack:

        def make(**settings: str) -> EmbeddedServer:
            return stack.enter_context(
                own_server_in(FOLDER, {"fsync": "off", "max_prepared_transactions": "5"} | settings)
            )

        yield make


@contextmanager
def connection_beside(url: str, slot: int) -> Iterator[psycopg.Connection]:
    """A session whose events are counted in another row of tenant_totals than those of a slot."""
    while True:
        with psycopg.connect(url, autocommit=True) as conn:
            if conn.info.backend_pid % 32 != slot:
                yield conn
                return


def era(conn: psycopg.Connection) -> int:
    return one(conn, "SELECT projection.feed_era() AS era")["era"]


@pytest.mark.not_on_citus("servers of their own")
def test_a_restart_and_a_prepared_transaction_skip_nothing(servers: Callable[..., EmbeddedServer]) -> None:
    server = servers()
    url = ledger_on(server)
    with psycopg.connect(url, autocommit=True) as db:
        stored = [place(db, bet="b1")]
        after = str(read(db)[-1]["feed_cursor"])
        slot = db.info.backend_pid % 32
        with connection_beside(url, slot) as other:
            other.execute("BEGIN")
            prepared = place(other, bet="b2")
            other.execute("PREPARE TRANSACTION 'p'")
            taken = other.info.backend_pid % 32
        stored.append(place(db, bet="b3"))
        before = era(db)
    server.stop()
    server.start()
    with connection_beside(url, taken) as db:
        stored.append(place(db, bet="b4"))
        assert era(db) > before
        assert drain(db) == [], "an event of the era before is still to come"
        db.execute("COMMIT PREPARED 'p'")
        assert ids(drain(db)) == [stored[0], prepared, *stored[1:]]
        assert ids(drain(db, after)) == [prepared, *stored[1:]]


@pytest.mark.not_on_citus("servers of their own")
def test_a_ledger_that_is_migrated_anew_finds_its_place(own_url: str) -> None:
    with psycopg.connect(own_url, autocommit=True) as db:
        stored = [place(db, bet=f"b{n}") for n in range(3)]
        betledger.migrate(own_url)
        stored.append(place(db, bet="b3"))
        assert ids(drain(db)) == stored
        assert call(db, "bet_as_of", TENANT, "b3", T0 + 1)["status"] == "placed"
