"""The lists of docs/interface.md are those of the catalogue; event tables of a team, and benchmarks, do what the manual says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import betledger
import psycopg
import pytest
from command import run
from ledger import READ_TABLES, rows
from manual import DOCS, section, table
from psycopg import conninfo
from test_catalogue import API
from test_projections import BONUS

INTERFACE = DOCS / "interface.md"


def test_the_columns_are_those_of_the_tables(db: psycopg.Connection) -> None:
    there = "SELECT a.attname AS name FROM pg_attribute AS a WHERE a.attrelid = %s::regclass AND a.attnum > 0 ORDER BY a.attnum"
    shown = {name: re.findall(r"\w+", columns) for names, _, columns in table(INTERFACE, "table") for name in re.findall(r"\w+", names)}
    assert {*READ_TABLES, "bet_events", "payment_events", "balance_events"} == shown.keys()
    for name, columns in shown.items():
        found = [row["name"] for row in rows(db, there, (name,))]
        if "to" in columns:
            first, last = (columns[columns.index("to") + step] for step in (-1, 1))
            columns[columns.index(first) : columns.index(last) + 1] = found[found.index(first) : found.index(last) + 1]
        # Of summaries, without the key.
        assert columns in (found, found[1:], found[2:]), name


def test_the_errors_are_those_that_are_raised(db: psycopg.Connection) -> None:
    """Each is raised by a function of ours, and none that is raised is left out."""
    bodies = rows(
        db,
        "SELECT p.prosrc AS text FROM pg_proc AS p WHERE p.pronamespace::regnamespace::text IN ('public', 'projection', 'ops', 'http')",
    )
    # At once, or as what a batch says of an item.
    raises = r"(?:ERRCODE =|ROW\(|sqlstate :=)\s*'([A-Z0-9]{5})'"
    raised = {code for body in bodies for code in re.findall(raises, body["text"])}
    listed = {code for codes, _ in table(INTERFACE, "SQLSTATE") for code in re.findall(r"`(\w{5})`", codes)}
    # 23505, 40001, 40P01 and 42501 are PostgreSQL's; what the compiler raises it catches itself.
    assert listed - {"23505", "40001", "40P01", "42501"} == raised - {"BL0PR", "BL0AG"}


def test_the_functions_are_all_there_are() -> None:
    functions = section(INTERFACE, "Functions")
    named = set(re.findall(r"(?:SELECT|FROM) (\w+)\(", functions)) | {
        "payment_events_between", "balance_events_between", "payment_as_of", "payments_of",
    }  # fmt: skip
    (many,) = re.findall(r"((?:`\w+`,? (?:and )?)+)do up to 50,000", functions)
    named |= set(re.findall(r"\w+", many)) - {"and"}
    assert "and payment_, balance_events_between" in functions and "and payment_as_of" in functions
    assert "and payments_of" in functions
    assert named == API


@pytest.mark.not_on_citus("there, it is done by a migration that is distributed: test_citus.py")
def test_an_event_table_of_a_team_is_made_by_its_files(dsn: str, connect, tmp_path: Path) -> None:
    """With a file in triggers/ that compiles, attaches and proves it, and one that then lets applications insert."""
    head = "SET LOCAL ROLE betledger_owner;\n"
    schema = BONUS.split("SELECT projection.compile")[0]
    for name, text in {
        "schema/0001_bonuses.sql": schema,
        "triggers/bonus_events.sql": f"{head}SELECT projection.compile('public.bonus_events');\n"
        "SELECT projection.attach('public.bonus_events');\nSELECT projection.prove('public.bonus_events');\n",
        "triggers/ready.sql": f"-- requires: triggers/bonus_events.sql\n{head}"
        "GRANT INSERT ON public.bonus_events TO betledger_app;\n",
    }.items():
        (tmp_path / "bonus" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "bonus" / name).write_text(text)
    may = "SELECT has_table_privilege('betledger_app', 'public.bonus_events', 'INSERT') AS may"
    opened: list[object] = []

    def progress(path: str) -> None:
        with psycopg.connect(dsn) as beside:
            if rows(beside, "SELECT FROM pg_class WHERE relname = 'bonus_events'"):
                opened.append(rows(beside, may)[0]["may"])

    betledger.migrate(dsn, progress=progress, teams=[tmp_path / "bonus"])
    assert opened and not any(opened)
    app = connect("app")
    app.execute(
        "INSERT INTO bonus_events (id, tenant_id, aggregate_id, event_type, event_data, timestamp, version) VALUES"
        " (gen_random_uuid(), 1, 'x', 'V1_BONUSES_BONUS_CREATED', %s, 1767225600000, 1)", ('{"user_id": "u1", "amount": 5}',)
    )  # fmt: skip
    with psycopg.connect(dsn) as db:
        found = rows(db, "SELECT user_id, amount, status FROM bonuses_view")
    assert found == [{"user_id": "u1", "amount": 5, "status": "created"}]
    assert run("status", url=dsn).returncode == 0 and run("verify", url=dsn).returncode == 0


@pytest.mark.not_on_citus("a cluster has figures of its own")
def test_the_benchmarks_measure_in_turns_and_print_ratios(dsn: str) -> None:
    script = Path(__file__).parent / "benchmarks" / "run.py"
    short = "--only append_spread --rounds 1 --seconds 1 --clients 2 --preload 300 --events 0".split()
    # An older pgbench does not know all that a newer libpq has in its conninfo.
    parts = conninfo.conninfo_to_dict(dsn)
    url = conninfo.make_conninfo("", **{part: parts[part] for part in ("host", "port", "user", "password", "dbname")})
    done = subprocess.run(
        [sys.executable, str(script), *short], env=os.environ | {"DATABASE_URL": url}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    measured = re.findall(r"(?m)^append_spread +(\w+) +[\d.,]+ tps", done.stdout)
    assert {"floor", "textbook", "betledger"} <= set(measured)
    assert re.search(r"ratio +bar +goal\n(ok|SHORT) +[\d.]+ .* a new bet, 1,000 tenants, to textbook", done.stdout)
