"""What is in examples/ runs as it is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import betledger
import psycopg
import pytest
from betledger.server import binaries
from command import run
from conftest import FOLDER, PASSWORD
from services import url_of

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


def commands(file: str) -> list[str]:
    """What a pipeline runs, line by line."""
    scripts = SCRIPTS[file](yaml.safe_load((EXAMPLES / "ci" / file).read_text()))
    return [line for script in scripts for line in script.splitlines()]


def test_both_pipelines_run_the_same() -> None:
    lint = "betledger lint --no-ours --migrations db --changed-since "
    github, gitlab = commands("github.yml"), commands("gitlab.yml")
    assert (github.pop(1), gitlab.pop(1)) == (
        f'{lint}"origin/$GITHUB_BASE_REF" --format github', f'{lint}"$CI_MERGE_REQUEST_DIFF_BASE_SHA"'
    )  # fmt: skip
    assert github == gitlab and len(github) == 5


@pytest.mark.not_on_citus("the CI of a team has one server")
def test_the_ci_of_a_team_passes_and_finds_what_is_wrong(checkout: Path, empty: str) -> None:
    install, lint, *others = commands("github.yml")
    assert install == "pip install 'betledger[lint]'"
    # What others rely on before the branch.
    betledger.migrate(empty)
    (checkout / "db" / "api.json").write_text(run("api", url=empty).stdout)
    commit(checkout)
    for command in (lint, *others):
        r = ran(checkout, command, empty)
        assert r.returncode == 0, (command, r.stdout, r.stderr)
    assert "added: function public.greeting" in r.stdout
    (checkout / "db" / "functions" / "bad.sql").write_text("select 1;\n")
    for of in ("github.yml", "gitlab.yml"):
        assert ran(checkout, commands(of)[1], empty).returncode == 1
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("DROP FUNCTION public.bet_history")
    r = ran(checkout, others[-1], empty)
    assert r.returncode == 3 and "breaking: no longer: function public.bet_history" in r.stdout


# The story in SQL, and the ledger that `make example-...` starts --------------------------------------------------------


def told(url: str) -> str:
    """The story, as it is told by psql of the server."""
    environment = os.environ | {"PATH": f"{binaries()}:{os.environ['PATH']}"}
    r = subprocess.run([str(EXAMPLES / "sql" / "run"), url], env=environment, capture_output=True, text=True, check=False)
    assert r.returncode == 0 and r.stderr == "", r.stdout + r.stderr
    return r.stdout


def test_the_story_in_sql_is_told_as_it_is_written_down(dsn: str) -> None:
    written = (EXAMPLES / "sql" / "story.out").read_text()
    found = told(url_of(dsn, "tenant_login", PASSWORD)).replace("role tenant_login", "role examples")
    assert found == written, "if that is meant: make example-sql > examples/sql/story.out"


@pytest.mark.not_on_citus("it is the server of the demo")
def test_make_gives_an_example_a_ledger_of_its_own() -> None:
    """As often as it is asked, and its login is behind the wall."""
    checkout = EXAMPLES.parent
    if not (checkout / ".venv" / "bin" / "betledger").exists():
        pytest.skip("betledger is not installed by make: there is no .venv")
    with tempfile.TemporaryDirectory(prefix="betledger-", dir=FOLDER) as home:
        # The server runs as another user.
        os.chmod(home, 0o711)
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {"BETLEDGER_HOME": home}
        with ExitStack() as stack:
            stack.callback(subprocess.run, [sys.executable, "-m", "betledger", "server", "destroy", "--yes"], env=environment, check=True)
            asked, urls = [str(checkout / "examples" / "database"), "betledger_examples"], []
            for _ in range(2):
                done = subprocess.run(asked, env=environment, capture_output=True, text=True, check=False)
                assert done.returncode == 0, done.stderr
                urls.append(done.stdout.strip())
            assert urls[0] == urls[1] and urls[0].startswith("postgresql://examples:")
            with psycopg.connect(urls[0], autocommit=True) as connection:
                with pytest.raises(psycopg.Error, match="app.tenant_id is not set"):
                    connection.execute("SELECT * FROM deposit(10001, 'anna', 5, 'k')")
                assert connection.execute("SELECT count(*) FROM user_stakes").fetchone() == (0,)
