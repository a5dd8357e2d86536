"""What docs/running.md promises to programs: the JSON of `plan`, and exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import psycopg
from betledger.cli import FAULT
from betledger.errors import BetledgerError, Drift, Interrupted
from command import run
from manual import DOCS, blocks

RUNNING = DOCS / "running.md"


def a_team(tmp_path: Path) -> Path:
    folder = tmp_path / "bonus" / "schema"
    folder.mkdir(parents=True)
    (folder / "0001_bonuses.sql").write_text("CREATE TABLE public.bonuses (id bigint PRIMARY KEY);\n")
    return tmp_path / "bonus"


def planned(dsn: str, team: Path) -> dict[str, Any]:
    made = run("plan", "--json", "--migrations", str(team), url=dsn)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


def test_the_plan_is_the_json_of_the_page(dsn: str, tmp_path: Path) -> None:
    team = a_team(tmp_path)
    assert run("migrate", "--migrations", str(team), url=dsn).returncode == 0
    assert planned(dsn, team) == {"steps": [], "locks_unknown": None}
    (team / "schema" / "0003_note.sql").write_text("ALTER TABLE public.bonuses ADD COLUMN note text;\n")
    (shown,) = (block.text for block in blocks(RUNNING) if block.language == "json")
    promised, plan = json.loads(shown), planned(dsn, team)
    (step,) = promised["steps"]
    assert plan["steps"][0] == step and plan["locks_unknown"] is promised["locks_unknown"]
    # What is compiled again afterwards has the same keys; a statement may take no lock.
    assert len(plan["steps"]) > 1
    for other in plan["steps"]:
        assert set(other) == set(step)
        for statement in other["statements"]:
            assert set(statement) == set(step["statements"][0]) and isinstance(statement["sql"], str)
            assert all(set(lock) == {"table", "mode"} for lock in statement["locks"])


def test_the_exit_codes_are_those_of_the_page(dsn: str, db: psycopg.Connection, tmp_path: Path) -> None:
    _, after = RUNNING.read_text().split("| exit code |")
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", after, re.MULTILINE)]
    # test_other_machines.py sees 70 and 130 come out.
    assert codes == [0, 1, 2, 3, FAULT, Interrupted.exit_code] and (BetledgerError.exit_code, Drift.exit_code) == (1, 3)
    team = a_team(tmp_path)
    with_team = ("--migrations", str(team))
    ends = [
        (("plan", "--check"), 0),
        (("plan", "--check", *with_team), 3),
        (("plan", "--json", *with_team), 0),
        (("status", *with_team), 3),
        (("migrate", *with_team), 0),
        (("migrate", *with_team), 0),
        (("plan", "--nonsense"), 2),
        (("rollback", "--count", "1", "--all"), 2),
        (("migrate", "--migrations", str(team / "nowhere")), 1),
        (("migrate", "--database-url", "postgresql://127.0.0.1:1/x"), 1),
        (("verify",), 0),
    ]
    assert [(command, run(*command, url=dsn).returncode) for command, _ in ends] == ends
    (team / "schema" / "0001_bonuses.sql").write_text("CREATE TABLE public.bonuses (id text PRIMARY KEY);\n")
    drifted = [("plan", "--check", *with_team), ("plan", "--json", *with_team), ("migrate", *with_team), ("rollback", *with_team)]
    assert [run(*command, url=dsn).returncode for command in drifted] == [3, 3, 3, 3]
    db.execute("CREATE INDEX mine ON public.bet_events (version)")
    assert run("verify-schema", url=dsn).returncode == 3
