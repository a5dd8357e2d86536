"""What monitoring systems are told of a ledger, and the examples that make alerts of it."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from command import run
from conftest import PASSWORD
from ledger import TENANT, call, place, rows
from manual import DOCS, table
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as plain_text
from psycopg import conninfo

EXAMPLES = Path(__file__).parents[1] / "examples" / "monitoring"
Connect = Callable[..., psycopg.Connection]


def measured(db: psycopg.Connection, name: str, **labels: str) -> float | None:
    """The value of a metric; None without one."""
    found = db.execute("SELECT value FROM ops.metrics(%s) WHERE labels = %s", (name, psycopg.types.json.Jsonb(labels)))
    values = found.fetchall()
    assert len(values) < 2
    return values[0][0] if values else None


def names(db: psycopg.Connection) -> dict[str, tuple[str, list[str], bool]]:
    """Kind and labels of each metric, and whether it is for Citus alone."""
    found = db.execute("SELECT name, kind, labels, on_citus FROM ops.metric_queries()").fetchall()
    return {name: (kind, labels, on_citus) for name, kind, labels, on_citus in found}


def on_citus(db: psycopg.Connection) -> bool:
    return db.execute("SELECT FROM pg_extension WHERE extname = 'citus'").rowcount == 1


def test_an_operator_measures_everything(db: psycopg.Connection, connect: Connect) -> None:
    place(db)
    call(db, "advance_consumer", TENANT, "warehouse", None, rows(db, "SELECT feed_cursor FROM feed(%s)", (TENANT,))[-1]["feed_cursor"])
    db.execute("SELECT ops.create_tenant(1, 'North', 'EUR', 2)")
    db.execute("SELECT FROM ops.verify_projections()")
    db.execute("CALL ops.purge_idempotency_keys()")
    found = connect("operator").execute("SELECT name, kind, help, labels, value FROM ops.metrics()").fetchall()
    expected = {n for n, (_, _, only) in names(db).items() if not only or on_citus(db)}
    assert {name for name, *_ in found} == expected - {"betledger_rebuild_done_ratio"}
    for name, kind, says, labels, value in found:
        assert (kind, sorted(labels)) == (names(db)[name][0], sorted(names(db)[name][1])) and says and value >= 0
        assert re.fullmatch(r"betledger(_[a-z]+)+", name)
        # As OpenMetrics has it, units in the name, and what counts ends in total.
        assert name.endswith("_total") == (kind == "counter")


def test_the_values_are_those_of_the_ledger(db: psycopg.Connection, connect: Connect) -> None:
    before = measured(db, "betledger_table_bytes", table="public.bet_events")
    for n in range(200):
        place(db, bet=f"b{n}")
    assert measured(db, "betledger_table_bytes", table="public.bet_events") > before  # type: ignore[operator]
    assert measured(db, "betledger_last_run_timestamp_seconds", command="verify") is None
    assert measured(db, "betledger_verify_differences") is None
    db.execute("UPDATE bets_view SET odds = 9 WHERE bet_id IN ('b1', 'b2')")
    db.execute("SELECT FROM ops.verify_projections()")
    assert abs(measured(db, "betledger_last_run_timestamp_seconds", command="verify") - time.time()) < 60  # type: ignore[operator]
    assert measured(db, "betledger_verify_differences") == 2
    call(db, "advance_consumer", TENANT, "warehouse", None, rows(db, "SELECT feed_cursor FROM feed(%s, NULL, 1)", (TENANT,))[0]["feed_cursor"])
    time.sleep(0.1)
    consumer = {"tenant_id": str(TENANT), "consumer": "warehouse"}
    assert 0.1 <= measured(db, "betledger_consumer_waiting_seconds", **consumer) < 60  # type: ignore[operator]
    last = rows(db, "SELECT feed_cursor FROM feed(%s)", (TENANT,))[-1]["feed_cursor"]
    at = rows(db, "SELECT feed_cursor FROM consumers")[0]["feed_cursor"]
    call(db, "advance_consumer", TENANT, "warehouse", at, last)
    assert measured(db, "betledger_consumer_waiting_seconds", **consumer) == 0
    assert measured(db, "betledger_rebuild_due", read_table="public.bets_view") == 0
    db.execute("UPDATE projection.projections SET folded_by = 'x' WHERE read_table = 'public.bets_view'")
    assert measured(db, "betledger_rebuild_due", read_table="public.bets_view") == 1
    db.execute("SELECT ops.create_tenant(1, 'North', 'EUR', 2)")
    assert measured(db, "betledger_tenants", status="active") == 1


@pytest.mark.not_on_citus("who writes through the coordinator writes on a node")
def test_who_holds_the_feed_up_is_measured(db: psycopg.Connection, connect: Connect) -> None:
    assert measured(db, "betledger_feed_held_up_seconds") < 60  # type: ignore[operator]
    writer = connect(autocommit=False)
    place(writer)
    time.sleep(0.3)
    assert measured(db, "betledger_feed_held_up_seconds") >= 0.3  # type: ignore[operator]
    writer.rollback()


def test_a_rebuild_under_way_is_measured(db: psycopg.Connection, connect: Connect) -> None:
    for n in range(9):
        place(db, bet=f"b{n}")
    assert measured(db, "betledger_rebuild_done_ratio", read_table="public.bets_view") is None
    db.execute(
        "INSERT INTO ops.rebuilds (asked_for, only_tenant, made_from, read_tables, positions, rows_done, rows_total)"
        " VALUES ('', 0, '', '{public.bets_view}', '{}', 3, 4)"
    )
    assert measured(db, "betledger_rebuild_done_ratio", read_table="public.bets_view") == 0.75
    said = [(f["fact"], f["value"]) for f in rows(db, "SELECT * FROM ops.facts()")]
    assert ("rebuild of all", "3 of about 4 rows of public.bets_view") in said


def test_an_unknown_metric_is_refused(connect: Connect) -> None:
    with pytest.raises(psycopg.Error, match="betledger_nothing") as caught:
        connect("operator").execute("SELECT * FROM ops.metrics('betledger_nothing')")
    assert caught.value.sqlstate == "BL001" and caught.value.diag.message_hint


def test_what_cannot_be_measured_is_named(db: psycopg.Connection) -> None:
    assert "betledger_metric_failed" not in {r["name"] for r in rows(db, "SELECT name FROM ops.metrics()")}
    db.execute("ALTER TABLE tenants RENAME COLUMN status TO x")
    found = {(r["name"], r["labels"].get("metric")) for r in rows(db, "SELECT name, labels FROM ops.metrics()")}
    assert ("betledger_metric_failed", "betledger_tenants") in found
    assert ("betledger_transaction_id_age", None) in found


def test_the_page_names_them_all(db: psycopg.Connection) -> None:
    shown = {name for cell, _ in table(DOCS / "running.md", "metric") for name in re.findall(r"`(\w+)`", cell)}
    assert shown == {*names(db), "betledger_metric_failed"}


# ------------------------------------------------------------------------------------------------- the command


def test_the_command_speaks_openmetrics(dsn: str, db: psycopg.Connection) -> None:
    place(db)
    r = run("metrics", url=dsn)
    assert (r.returncode, r.stderr) == (0, "")
    families = {family.name: family for family in text_string_to_metric_families(r.stdout)}
    assert families["betledger_up"].samples[0].value == 1
    assert families["betledger_events_stored"].type == "counter"
    (sample,) = (s for s in families["betledger_table_bytes"].samples if s.labels["table"] == "public.bet_events")
    assert sample.value == measured(db, "betledger_table_bytes", table="public.bet_events")
    assert {s.name for f in families.values() for s in f.samples} - {"betledger_up"} == {
        name for (name,) in db.execute("SELECT name FROM ops.metrics()")
    }


def test_without_a_ledger_the_command_fails(empty: str) -> None:
    r = run("metrics", url=empty)
    assert (r.returncode, r.stdout) == (1, "") and "run `betledger migrate`" in r.stderr


@pytest.mark.parametrize("listen", ["x", ":1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:0", "127.0.0.1:65536"])
def test_a_bad_address_is_refused(dsn: str, listen: str) -> None:
    r = run("metrics", "--listen", listen, url=dsn)
    assert r.returncode == 2 and f"--listen {listen} is not HOST:PORT" in r.stderr


def test_an_address_that_is_taken_is_named(dsn: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        r = run("metrics", "--listen", listen, url=dsn)
    assert r.returncode == 1 and r.stderr == f"betledger: --listen {listen}: Address already in use: name another address of this machine\n"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def scraped(port: int, path: str = "metrics") -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=30) as answer:
        return str(answer.read().decode())


@contextmanager
def listening(*command: str, port: int, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A server of metrics, once it answers."""
    with subprocess.Popen(command, env=os.environ | environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as server:
        try:
            for _ in range(300):
                assert server.poll() is None, server.stdout.read()  # type: ignore[union-attr]
                with socket.socket() as tried:
                    if tried.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield server
        finally:
            server.terminate()


def test_it_answers_over_http_and_says_when_the_ledger_does_not(dsn: str, db: psycopg.Connection) -> None:
    place(db)
    port = free_port()
    command = (sys.executable, "-m", "betledger", "metrics", "--listen", f"127.0.0.1:{port}")
    with listening(*command, port=port, DATABASE_URL=dsn):
        told = {f.name: f.samples for f in plain_text(scraped(port))}
        assert told["betledger_up"][0].value == 1 and len(told) > 5
        db.execute("ALTER FUNCTION ops.metrics(text) RENAME TO gone")
        told = {f.name: f.samples for f in plain_text(scraped(port))}
        assert told["betledger_up"][0].value == 0 and len(told) == 1
        db.execute("ALTER FUNCTION ops.gone(text) RENAME TO metrics")
        assert len(list(plain_text(scraped(port)))) > 5


def test_who_may_not_ask_is_told_in_one_line(dsn: str) -> None:
    port, url = free_port(), conninfo.make_conninfo(dsn, user="app", password=PASSWORD)
    r = run("metrics", url=url)
    assert r.returncode == 1
    assert r.stderr == "betledger: permission denied for schema ops [42501] Hint: you are app; log in as a member of betledger_operator.\n"
    with listening(sys.executable, "-m", "betledger", "metrics", "--listen", f"127.0.0.1:{port}", port=port, DATABASE_URL=url) as server:
        told = {f.name: f.samples for f in plain_text(scraped(port))}
        server.terminate()
        said = server.stdout.read()  # type: ignore[union-attr]
    assert told["betledger_up"][0].value == 0 and len(told) == 1
    assert "permission denied" in said and "Traceback" not in said


# ------------------------------------------------------------------------------------------------- the examples


def test_alerts_are_of_metrics_that_there_are(db: psycopg.Connection) -> None:
    rules = (EXAMPLES / "alerts.yml").read_text()
    used = set(re.findall(r"\bbetledger_\w+", " ".join(re.findall(r"expr: (.*)", rules))))
    assert used <= {*names(db), "betledger_up", "betledger_metric_failed"}
    assert len(used) > 8
    # Each fires in the one test, and none in the other.
    tried = set(re.findall(r"alertname=\"(\w+)\"", (EXAMPLES / "alerts.test.yml").read_text()))
    assert tried == set(re.findall(r"alert: (\w+)", rules))


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed (Debian: prometheus)")
def test_promtool_reads_and_tries_the_alerts() -> None:
    for words in (("check", "rules", "alerts.yml"), ("test", "rules", "alerts.test.yml")):
        r = subprocess.run(["promtool", *words], cwd=EXAMPLES, capture_output=True, text=True, check=False)
        assert r.returncode == 0, r.stdout + r.stderr


def test_the_queries_of_the_exporter_give_the_same_metrics(db: psycopg.Connection, connect: Connect) -> None:
    yaml = pytest.importorskip("yaml", reason="betledger[lint] is not installed")
    queries: dict[str, Any] = yaml.safe_load((EXAMPLES / "postgres_exporter.yml").read_text())
    told = {}
    for space, entry in queries.items():
        labels = [name for m in entry["metrics"] for name, of in m.items() if of["usage"] == "LABEL"]
        (value,) = ((name, of) for m in entry["metrics"] for name, of in m.items() if of["usage"] != "LABEL")
        told[f"{space}_{value[0]}"] = (value[1]["usage"].lower(), labels)
        cursor = connect("operator").execute(entry["query"].encode())
        assert [c.name for c in cursor.description or ()] == [*labels, value[0]]
    assert told == {name: (kind, labels) for name, (kind, labels, _) in names(db).items()}


@pytest.mark.skipif(not shutil.which("prometheus-postgres-exporter"), reason="prometheus-postgres-exporter is not installed")
def test_the_exporter_of_debian_answers(dsn: str, db: psycopg.Connection) -> None:
    place(db)
    parts, port = conninfo.conninfo_to_dict(dsn), free_port()
    url = "postgresql://{user}:{password}@{host}:{port}/{dbname}?sslmode=disable".format(**parts)
    command = (
        "prometheus-postgres-exporter", f"--web.listen-address=127.0.0.1:{port}", "--disable-default-metrics",
        "--disable-settings-metrics", f"--extend.query-path={EXAMPLES / 'postgres_exporter.yml'}",
    )  # fmt: skip
    with listening(*command, port=port, DATA_SOURCE_NAME=url):
        told = {s.name for f in plain_text(scraped(port)) for s in f.samples if s.name.startswith("betledger_")}
    assert told == {name for (name,) in db.execute("SELECT DISTINCT name FROM ops.metrics()")}
