"""What is in examples/ runs as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import betledger
import psycopg
import pytest
from command import run

EXAMPLES = Path(__file__).parents[1] / "examples"
yaml = pytest.importorskip("yaml", reason="betledger[lint] is not installed")


def of_github(workflow: dict[str, Any]) -> list[str]:
    return [step["run"] for step in workflow["jobs"]["ledger"]["steps"] if "run" in step]


def of_gitlab(pipeline: dict[str, Any]) -> list[str]:
    return [*pipeline["ledger"]["before_script"], *pipeline["ledger"]["script"]]


SCRIPTS = {"github.yml": of_github, "gitlab.yml": of_gitlab}

GREETING = """SET LOCAL ROLE betledger_owner;

CREATE OR REPLACE FUNCTION public.greeting(p_name text)
RETURNS text
LANGUAGE sql IMMUTABLE
AS $$
    SELECT 'hello ' || p_name
$$;
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository of a team, whose branch has made its first function, and the command `betledger`."""
    home = tmp_path / "team"
    home.mkdir()
    (home / "readme").write_text("bets of ours\n")
    git(home, "init", "-q", "-b", "main")
    commit(home)
    git(home, "update-ref", "refs/remotes/origin/main", "HEAD")
    (home / "db" / "functions").mkdir(parents=True)
    (home / "db" / "functions" / "greeting.sql").write_text(GREETING)
    (home / "bin").mkdir()
    (home / "bin" / "betledger").write_text(f'#!/bin/sh\nexec {sys.executable} -m betledger "$@"\n')
    (home / "bin" / "betledger").chmod(0o755)
    return home


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "x")


def ran(folder: Path, script: str, url: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "DATABASE_URL": url, "GITHUB_BASE_REF": "main",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(folder, "rev-parse", "origin/main").strip(),
    }  # fmt: skip
    return subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.not_on_citus("the CI of a team has one server")
@pytest.mark.parametrize("file", SCRIPTS)
def test_the_ci_of_a_team_passes_and_finds_what_is_wrong(checkout: Path, empty: str, file: str) -> None:
    scripts = SCRIPTS[file](yaml.safe_load((EXAMPLES / "ci" / file).read_text()))
    install, lint, *others = scripts
    assert install == "pip install 'betledger[lint]'" and len(scripts) >= 5
    # What others rely on before the branch.
    betledger.migrate(empty)
    (checkout / "db" / "api.json").write_text(run("api", url=empty).stdout)
    commit(checkout)
    for script in (lint, *others):
        r = ran(checkout, script, empty)
        assert r.returncode == 0, (script, r.stdout, r.stderr)
    assert "added: function public.greeting" in r.stdout
    (checkout / "db" / "functions" / "bad.sql").write_text("select 1;\n")
    assert ran(checkout, lint, empty).returncode == 1
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("DROP FUNCTION public.bet_history")
    r = ran(checkout, others[-1], empty)
    assert r.returncode == 3 and "breaking: no longer: function public.bet_history" in r.stdout
