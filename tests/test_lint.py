"""`betledger lint`: our SQL is clean, and what a team gets wrong is found."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from command import run
from ledger import rows

pytestmark = pytest.mark.skipif(
    not (Path(sys.executable).parent / "squawk").exists(), reason="betledger[lint] is not installed"
)
LACKS = "plpgsql_check: install it on that server"


def has_plpgsql_check(db: psycopg.Connection) -> bool:
    return bool(rows(db, "SELECT FROM pg_available_extensions WHERE name = 'plpgsql_check'"))


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.not_on_citus("the same without a cluster")
def test_our_sql_is_clean(db, dsn):
    r = run("lint", "--json", "--scratch-url", dsn)
    assert r.returncode == 0, r.stdout
    result = json.loads(r.stdout)
    assert result["findings"] == [] and result["files"] > 100
    (left_out,) = result["left_out"]
    assert "needs Citus" in left_out if has_plpgsql_check(db) else left_out == LACKS


def test_no_line_of_sql_is_long():
    """sqlfluff does not look into the bodies of functions."""
    files = [
        file
        for folder in ("schema", "functions", "triggers")
        for file in (Path(__file__).parent.parent / folder).rglob("*.sql")
    ]
    assert len(files) > 100
    assert [f"{file}: {line}" for file in files for line in file.read_text().split("\n") if len(line) > 120] == []


def test_the_style_and_the_dangers_of_a_team_are_found(tmp_path):
    folder = write(
        tmp_path / "bad",
        {
            "schema/0001_a.sql": "create TABLE public.a (id integer);\n",
            "schema/0002_b.sql": "ALTER TABLE public.bets_view ADD CONSTRAINT c CHECK (stake > 0);\n",
            "schema/0002_b.rollback.sql": "ALTER TABLE public.bets_view DROP CONSTRAINT c;\n",
        },
    )
    r = run("lint", "--no-ours", "--migrations", str(folder))
    assert r.returncode == 1
    assert "bad/schema/0001_a.sql:1: CP01 Keywords must be" in r.stdout
    assert "bad/schema/0002_b.sql:1: constraint-missing-not-valid" in r.stdout
    assert "name a server for a scratch database with --scratch-url" in r.stderr


def test_a_team_brings_its_own_style(tmp_path):
    folder = write(tmp_path / "own", {"schema/0001_a.sql": "create table public.a (id bigint primary key);\n"})
    assert run("lint", "--no-ours", "--migrations", str(folder)).returncode == 1
    (folder / ".sqlfluff").write_text("[sqlfluff]\ndialect = postgres\nrules = capitalisation.keywords\n")
    (folder / ".squawk.toml").write_text('excluded_rules = ["prefer-robust-stmts", "require-timeout-settings"]\n')
    r = run("lint", "--no-ours", "--migrations", str(folder))
    assert (r.returncode, r.stdout) == (0, "1 files are fine, as far as they were looked at\n")


@pytest.mark.not_on_citus("the same without a cluster")
def test_the_bodies_of_the_functions_of_a_team_are_checked(db, dsn, tmp_path):
    if not has_plpgsql_check(db):
        pytest.skip("plpgsql_check is not installed on this server")
    folder = write(
        tmp_path / "bad",
        {
            "functions/lost.sql": "CREATE OR REPLACE FUNCTION public.lost() RETURNS bigint LANGUAGE plpgsql AS $$\n"
            "BEGIN\n    RETURN (SELECT count(*) FROM public.nowhere);\nEND\n$$;\n",
            "functions/risky.sql": "CREATE OR REPLACE FUNCTION public.risky(p_table text) RETURNS void LANGUAGE plpgsql AS $$\n"
            "BEGIN\n    EXECUTE 'ANALYZE ' || p_table;\nEND\n$$;\n",
        },
    )
    r = run("lint", "--no-ours", "--migrations", str(folder), "--scratch-url", dsn)
    assert r.returncode == 1
    assert r.stdout.splitlines() == [
        f'{folder}/functions/lost.sql:3: 42P01 relation "public.nowhere" does not exist',
        f"{folder}/functions/risky.sql:3: 00000 text type variable is not sanitized",
    ]
    shutil.rmtree(folder / "functions")
    write(folder, {"schema/0001_x.sql": "SELECT 1 / 0;\n"})
    r = run("lint", "--no-ours", "--migrations", str(folder), "--scratch-url", dsn)
    assert r.returncode == 1 and r.stderr == "betledger: bad/schema/0001_x.sql:1: division by zero [22012]\n"


def test_a_folder_without_sql_is_refused(tmp_path):
    r = run("lint", "--migrations", str(tmp_path))
    assert (
        r.returncode == 1
        and r.stderr == f"betledger: {tmp_path}/schema does not exist: there is nothing to migrate from\n"
    )
    (tmp_path / "functions").mkdir()
    r = run("lint", "--no-ours", "--migrations", str(tmp_path))
    assert r.returncode == 1 and r.stderr == f"betledger: {tmp_path} holds no SQL in schema/, functions/ or triggers/\n"


def test_what_ends_the_transaction_of_a_file_is_found(tmp_path):
    folder = write(tmp_path / "bad", {"functions/x.sql": "SELECT 1;\n\nCOMMIT;\n"})
    r = run("lint", "--no-ours", "--migrations", str(folder))
    assert r.returncode == 1 and "bad/functions/x.sql:3: transaction-control COMMIT: a file is one transaction" in r.stdout


def test_what_does_less_or_more_than_it_seems_to_is_found(tmp_path):
    folder = write(
        tmp_path / "bad",
        {
            "functions/x.sql": "SET lock_timeout = 0;\nDROP FUNCTION IF EXISTS public.x() CASCADE;\nSET LOCAL ROLE betledger_owner;\n",
            "schema/0001_a.sql": "SELECT 1;\n",
            "schema/0001_a.rollback.sql": "DROP TABLE IF EXISTS public.a CASCADE;\n",
        },
    )
    r = run("lint", "--no-ours", "--migrations", str(folder))
    ours = [line for line in r.stdout.splitlines() if "SET:" in line or "CASCADE" in line]
    assert r.returncode == 1 and len(ours) == 2, r.stdout
    assert "bad/functions/x.sql:1: set-of-session SET: it holds to the end of this file only" in ours[0]
    assert "bad/functions/x.sql:2: drop-cascade DROP ... CASCADE drops what others have made" in ours[1]


def test_findings_are_written_for_those_who_show_them_beside_the_lines(tmp_path):
    folder = write(tmp_path / "bad", {"functions/x, y.sql": "SELECT 1;\n\nCOMMIT;\n", "functions/fine.sql": "SELECT 1;\n"})
    said = "COMMIT: a file is one transaction: leave it out, or write `-- transactional: false` at the top"
    r = run("lint", "--no-ours", "--migrations", str(folder), "--format", "github", cwd=tmp_path)
    assert r.returncode == 1
    assert f"::error file=bad/functions/x%2C y.sql,line=3,title=transaction-control::{said}" in r.stdout.splitlines()
    assert all(line.startswith("::error file=bad/") for line in r.stdout.splitlines())
    r = run("lint", "--no-ours", "--migrations", str(folder), "--format", "sarif", cwd=tmp_path)
    assert r.returncode == 1
    sarif = json.loads(r.stdout)
    (made,) = sarif["runs"]
    assert (sarif["version"], made["tool"]["driver"]["name"]) == ("2.1.0", "betledger")
    (ours,) = (f for f in made["results"] if f["ruleId"] == "transaction-control")
    assert ours["message"]["text"] == said and ours["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "bad/functions/x, y.sql"}, "region": {"startLine": 3}}}
    ]
    assert {f["ruleId"] for f in made["results"]} == {rule["id"] for rule in made["tool"]["driver"]["rules"]}
    good = write(tmp_path / "good", {"functions/x.sql": "SELECT 1;\n"})
    r = run("lint", "--no-ours", "--migrations", str(good), "--format", "github")
    assert (r.returncode, r.stdout) == (0, "")
    r = run("lint", "--no-ours", "--migrations", str(good), "--format", "sarif")
    assert r.returncode == 0 and json.loads(r.stdout)["runs"][0]["results"] == []


def test_only_what_has_changed_is_linted(tmp_path):
    bad = "SELECT 1;\n\nCOMMIT;\n"
    folder = write(tmp_path / "db", {"functions/old.sql": bad, "functions/touched.sql": "SELECT 1;\n", "functions/gone.sql": bad})

    def git(*words: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "x")
    write(folder, {"functions/touched.sql": bad, "functions/new.sql": bad})
    (folder / "functions" / "gone.sql").unlink()
    r = run("lint", "--no-ours", "--migrations", str(folder), "--changed-since", "HEAD", "--json")
    result = json.loads(r.stdout)
    assert r.returncode == 1 and result["files"] == 2
    assert {Path(f["place"]).name for f in result["findings"]} == {"touched.sql", "new.sql"}
    git("add", ".")
    git("commit", "-qm", "y")
    r = run("lint", "--no-ours", "--migrations", str(folder), "--changed-since", "HEAD")
    assert (r.returncode, r.stdout) == (0, "0 files are fine, as far as they were looked at\n")
    r = run("lint", "--no-ours", "--migrations", str(folder), "--changed-since", "nowhere")
    assert r.returncode == 1 and r.stdout == "" and r.stderr.count("\n") == 1
    assert r.stderr.startswith(f"betledger: git cannot say what has changed in {folder} since 'nowhere'")


def test_without_a_linter_nothing_is_fine(tmp_path):
    """As where betledger is installed without its extra."""
    folder = write(tmp_path / "good", {"functions/x.sql": "SELECT 1;\n"})
    # Another Python, with the same packages and without their programs.
    (tmp_path / "bin").mkdir()
    script = (
        f"import sys; sys.executable = {str(tmp_path / 'bin' / 'python')!r}; from betledger.cli import main; main()"
    )
    r = subprocess.run(
        [sys.executable, "-c", script, "lint", "--no-ours", "--migrations", str(folder)],
        env={"PATH": str(tmp_path / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert r.returncode == 1 and r.stderr.startswith("betledger: nothing was linted: sqlfluff: install"), r.stdout
