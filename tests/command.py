"""The command line, as tests run it."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryFile

import betledger.cli  # noqa: F401 (what is imported here need not be by each child)
import psycopg

PATIENCE = 120


def run(
    *arguments: str, url: str | None = None, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`betledger` with these arguments, in a process of its own.

    A fork of this one, which has imported all already: that saves half a second each time. Where the environment says
    more than DATABASE_URL, a new process, since Python and its libraries look at it when they start.

    Args:
        arguments: of the command line.
        url: DATABASE_URL.
        cwd: the folder to run in.
        environment: further variables.
    """
    clean = {
        k: v
        for k, v in os.environ.items()
        if k not in {"DATABASE_URL", "BETLEDGER_HOME"} and not k.startswith("PGHOST")
    }
    if url:
        clean["DATABASE_URL"] = url
    return run_anew(arguments, clean | environment, cwd) if environment else _run_forked(arguments, clean, cwd)


def run_anew(
    arguments: tuple[str, ...], environment: dict[str, str], cwd: Path | None
) -> subprocess.CompletedProcess[str]:
    """In a process that starts from nothing."""
    return subprocess.run(
        [sys.executable, "-m", "betledger", *arguments],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def run_tests_of(team: Path, url: str) -> subprocess.CompletedProcess[str]:
    """`pytest` in the folder of a team, on a server that has ledgers of tests; the template that it made is dropped."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "betledger_beside_ledgers=true"],
        cwd=team, env=os.environ | {"DATABASE_URL": url}, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    drop_templates(url)
    return done


def drop_templates(url: str) -> None:
    """Drop what the plugin of pytest has left on the server of the tests for its next run."""
    with psycopg.connect(url, autocommit=True) as connection:
        for (name,) in connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^betledger_template_'").fetchall():
            connection.execute(f"DROP DATABASE {name}".encode())


def _run_forked(
    arguments: tuple[str, ...], environment: dict[str, str], cwd: Path | None
) -> subprocess.CompletedProcess[str]:
    with TemporaryFile("w+", encoding="utf-8") as out, TemporaryFile("w+", encoding="utf-8") as err, warnings.catch_warnings():
        # There are threads here; the child has one, and none of them holds what it needs.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = multiprocessing.get_context("fork").Process(
            target=_main, args=(arguments, environment, cwd, out.fileno(), err.fileno())
        )
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(list(arguments), PATIENCE)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(list(arguments), process.exitcode, out.read(), err.read())


def _main(arguments: tuple[str, ...], environment: dict[str, str], cwd: Path | None, out: int, err: int) -> None:
    os.dup2(out, 1)
    os.dup2(err, 2)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, errors="backslashreplace")
    os.environ.clear()
    os.environ.update(environment)
    if cwd:
        os.chdir(cwd)
    sys.argv = ["betledger", *arguments]
    runpy.run_module("betledger", run_name="__main__", alter_sys=True)
