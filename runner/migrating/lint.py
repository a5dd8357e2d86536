"""Linters over SQL files: sqlfluff for style, squawk for what is unsafe, plpgsql_check for the bodies of functions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from betledger.database import session
from betledger.errors import BetledgerError
from betledger.migrating.files import Files
from betledger.migrating.findings import Finding
from betledger.migrating.folders import Source
from betledger.migrating.migrator import migrate
from betledger.migrating.parsed import surprises, transaction_control
from betledger.migrating.scratch import scratch_database
from betledger.migrating.statements import read, transactional

# A trigger function is checked with the relation and the transition tables of each of its triggers. Extensions bring
# theirs, and where there is no Citus, nobody calls what needs it. Templates have holes.
CHECKS = """
    SELECT p.oid::regprocedure::text, k.lineno, k.sqlstate, k.message,
        k.sqlstate IN ('42P01', '42883')
            AND k.message
                ~ 'pg_catalog\\.\\w*(pg_dist|citus|shard|worker|all_nodes|distribut)|projection\\.compiled_version'
    FROM pg_proc AS p
    JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
    LEFT JOIN pg_trigger AS g ON g.tgfoid = p.oid AND NOT g.tgisinternal
    CROSS JOIN LATERAL plpgsql_check.plpgsql_check_function_tb(
        p.oid::regprocedure, relid => coalesce(g.tgrelid, 0), oldtable => g.tgoldtable, newtable => g.tgnewtable,
        other_warnings => false, extra_warnings => false, performance_warnings => false, security_warnings => true
    ) AS k
    WHERE p.oid <> ALL (%s)
        AND NOT EXISTS (
            SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
        )
        AND (p.prorettype <> 'trigger'::regtype OR g.oid IS NOT NULL)
        AND p.oid::regprocedure::text NOT LIKE 'projection.template\\_%%'
        AND k.level IN ('error', 'security')
    ORDER BY 1, 2
"""


@dataclass
class Result:
    """What the linters said.

    Args:
        linters: those that were run.
        files: how many were looked at.
        findings: what is to be mended.
        left_out: what could not be run, and why.
    """

    linters: list[str] = field(default_factory=list)
    files: int = 0
    findings: list[Finding] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def lint(
    teams: Sequence[Path | str], ours: bool = True, scratch_url: str | None = None, since: str | None = None
) -> Result:
    """Lint our SQL and that of application teams.

    Args:
        teams: folders with schema/, functions/ and triggers/.
        ours: whether that of betledger is looked at, too.
        scratch_url: a server for a scratch database, where plpgsql_check looks at the functions. Never in the ledger
            itself: beside Citus, plpgsql_check 2.3 crashes the server.
        since: a revision of git: only what has changed since then, or is new.

    Raises:
        BetledgerError: a folder holds no SQL, it cannot be applied, a linter failed without findings, or none is
            installed.
    """
    result = Result()
    files = Files(teams=teams)
    root = files.root.folder
    # All that is refused by its name, before the first linter runs.
    found = [(source.folder, *_files_of(source)) for source in (files.sources if ours else files.teams)]
    named = {file.stem: file for _, everything, _ in found for file in everything}
    if since is not None:
        changed = {file for folder, *_ in found for file in _changed(folder, since)}
        found = [
            (folder, [f for f in everything if f.resolve() in changed], [f for f in forward if f.resolve() in changed])
            for folder, everything, forward in found
        ]
    for folder, everything, forward in found:
        result.files += len(everything)
        for file in everything:
            text = read(file)
            if transactional(str(file), text):
                result.findings += transaction_control(str(file), text)
                # A rollback takes away what depends on it; what that is, `betledger rollback` says.
                if not file.name.endswith(".rollback.sql"):
                    result.findings += surprises(str(file), text)
        _sqlfluff(everything, folder, root, result)
        _squawk(forward, folder, root, result)
    if scratch_url:
        of_functions = _plpgsql_check(scratch_url, teams, ours, named, result)
        result.findings += [f for f in of_functions if since is None or Path(f.place).resolve() in changed]
    else:
        result.left_out.append("plpgsql_check: name a server for a scratch database with --scratch-url")
    if not result.linters:
        raise BetledgerError(f"nothing was linted: {'; '.join(result.left_out)}")
    return result


def _changed(folder: Path, since: str) -> set[Path]:
    """The files of a folder that are not as they were in a revision."""
    changed: set[Path] = set()
    for command in (
        ["git", "diff", "--name-only", "-z", "--relative", "--diff-filter=d", since, "--"],
        ["git", "ls-files", "--others", "--exclude-standard", "-z"],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            why = done.stderr.strip().splitlines()[:1]
            raise BetledgerError(f"git cannot say what has changed in {folder} since {since!r}: {''.join(why)}")
        changed.update((folder / name).resolve() for name in done.stdout.split("\0") if name)
    return changed


def _files_of(source: Source) -> tuple[list[Path], list[Path]]:
    """All SQL files of a folder, and which of them are migrations."""
    forward = source.files("schema")
    rollbacks = [file.with_suffix(".rollback.sql") for file in forward]
    everything = [*forward, *filter(Path.exists, rollbacks), *source.files("functions"), *source.files("triggers")]
    if not everything:
        raise BetledgerError(f"{source.folder} holds no SQL in schema/, functions/ or triggers/")
    return everything, forward


def _program(name: str, result: Result) -> str | None:
    """Beside our own Python, else on the path."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    note = f"{name}: install betledger[lint]"
    of = result.linters if found else result.left_out
    if (what := name if found else note) not in of:
        of.append(what)
    return found


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _config(name: str, folder: Path, root: Path) -> Path:
    """A team's own configuration, else ours."""
    own = folder / name
    return own if own.exists() else root / name


def _sqlfluff(files: list[Path], folder: Path, root: Path, result: Result) -> None:
    if not (program := _program("sqlfluff", result)) or not files:
        return
    config = _config(".sqlfluff", folder, root)
    cores = str(os.cpu_count() or 1)
    done = _run(
        [program, "lint", "--config", str(config), "--format", "json", "--processes", cores, "--disable-progress-bar"]
        + [str(file) for file in files]
    )
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise BetledgerError(f"sqlfluff failed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}") from None
    for file in found:
        for violation in file["violations"]:
            line = violation.get("start_line_no", violation.get("line_no"))
            result.findings.append(Finding(file["filepath"], line, violation["code"], violation["description"]))


def _squawk(files: list[Path], folder: Path, root: Path, result: Result) -> None:
    if not files or not (program := _program("squawk", result)):
        return
    config = _config(".squawk.toml", folder, root)
    done = _run([program, "--config", str(config), "--reporter", "json", *map(str, files)])
    try:
        found = json.loads(done.stdout or "[]")
    except ValueError:
        raise BetledgerError(f"squawk failed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}") from None
    for problem in found:
        result.findings.append(
            Finding(problem["file"], problem["line"] + 1, problem["rule_name"], problem.get("message", ""))
        )


def _plpgsql_check(
    url: str, teams: Sequence[Path | str], ours: bool, named: dict[str, Path], result: Result
) -> list[Finding]:
    """What is wrong with functions; in a file, if one has the name of the function."""
    findings: list[Finding] = []
    with session(url) as connection:
        if not connection.execute("SELECT FROM pg_available_extensions WHERE name = 'plpgsql_check'").rowcount:
            result.left_out.append("plpgsql_check: install it on that server")
            return findings
    result.linters.append("plpgsql_check")
    with scratch_database(url) as scratch, session(scratch) as connection:
        connection.execute("CREATE SCHEMA plpgsql_check; CREATE EXTENSION plpgsql_check SCHEMA plpgsql_check")
        known: list[int] = []
        if not ours:
            migrate(scratch)
            known = [row[0] for row in connection.execute("SELECT oid FROM pg_proc")]
        migrate(scratch, teams=teams)
        needs_citus = set()
        for function, line, sqlstate, message, of_citus in connection.execute(CHECKS.encode(), (known,)):
            if of_citus:
                needs_citus.add(function.split("(")[0])
            else:
                findings.append(_of_function(function, line, sqlstate, message, named))
        if needs_citus:
            result.left_out.append(f"plpgsql_check of what needs Citus: {', '.join(sorted(needs_citus))}")
    return findings


def _of_function(signature: str, line: int | None, rule: str, message: str, named: dict[str, Path]) -> Finding:
    file = named.get(signature.partition("(")[0].rpartition(".")[2])
    if file is None:
        return Finding(signature, line or 1, rule, message, is_file=False)
    # The body begins after its quotes: the first line of it is what follows them.
    before, quotes, _ = file.read_text(encoding="utf-8").partition("$$")
    begins = before.count("\n") if quotes else 0
    return Finding(str(file), begins + (line or 1), rule, message)
