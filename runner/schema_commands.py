"""Commands that bring a schema up to date, and look at how it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated, Any

import typer
from betledger import lint as linters
from betledger.catalogue import REPEATABLE, differences, dump, expected
from betledger.errors import BetledgerError
from betledger.migrations import Migrator, Progress, opened
from betledger.plan import plan_of
from betledger.settings import database_url as url_of
from betledger.settings import limits, settings
from betledger.terminal import (
    PENDING,
    DatabaseUrl,
    Json,
    LockTimeout,
    Migrations,
    ScratchUrl,
    Verbose,
    Wait,
    call,
    emit,
    err,
    out,
    quiet,
    records,
    table,
    tell,
    warn,
    working,
)

app = typer.Typer()
schema_app = typer.Typer(no_args_is_help=True, help="The schema that the migrations make.")
NODE_COLUMNS = (
    "node_name || ':' || node_port, node_role, CASE WHEN answers THEN 'answers' ELSE 'DOES NOT ANSWER' END,"
    " shards, bytes"
)
NODE_HEADINGS = ("node", "role", "state", "shards", "bytes")


@contextmanager
def _opened(progress: Progress, verbose: bool = False, **flags: Any) -> Iterator[tuple[Migrator, str | None]]:
    """A migrator by the settings, and where scratch databases may be."""
    found = settings(**flags)
    teams = [Path(folder) for folder in found["migrations"].value]
    with opened(url_of(found), progress=progress, teams=teams, limits=limits(found), verbose=verbose) as migrator:
        yield migrator, found["scratch_url"].value


@app.command()
def migrate(
    database_url: DatabaseUrl = None,
    migrations: Migrations = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Run all in one transaction, and roll it back.")] = False,
    lock_timeout: LockTimeout = None,
    wait: Wait = None,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Bring a database up to date. Examples: betledger migrate; betledger migrate --dry-run -v"""
    done: list[str] = []

    def progress(line: str) -> None:
        if not line.startswith(" "):
            done.append(line)
        (warn if as_json and verbose else quiet if as_json else tell)(line)

    flags = {"database_url": database_url, "migrations": migrations, "lock_timeout": lock_timeout, "wait": wait}
    with working(progress) as shown, _opened(shown, verbose, **flags) as (migrator, _):
        count = migrator.rehearse() if dry_run else migrator.migrate()
    if as_json:
        emit({"applied": [] if dry_run else done, "rehearsed": done if dry_run else []})
    elif dry_run and count:
        out.print(f"{count} files would be applied; all was rolled back")
    else:
        out.print(f"{count} files applied" if count else "up to date")


@app.command()
def plan(
    database_url: DatabaseUrl = None,
    migrations: Migrations = None,
    check: Annotated[
        bool, typer.Option("--check", help="Print no SQL; exit with 3 if anything is pending or drifted.")
    ] = False,
    script: Annotated[
        bool, typer.Option("--sql", help="Print a script for psql that does the same, bookkeeping included.")
    ] = False,
    locks: Annotated[bool, typer.Option(help="Look for the locks, in a scratch database on the same server.")] = True,
    scratch_url: ScratchUrl = None,
    as_json: Json = False,
) -> None:
    """Print what `migrate` would run: statements, transactions, locks. Example: betledger plan | less"""
    flags = {"database_url": database_url, "migrations": migrations, "scratch_url": scratch_url}
    with _opened(quiet, **flags) as (migrator, scratch):
        if check:
            state = migrator.state()
            if state.drift:
                warn(f"betledger: {state.drift}")
            raise typer.Exit(PENDING if state.pending else 0)
        made = plan_of(migrator, scratch, locks and not script)
    if as_json:
        emit(made.as_json())
    elif not made.steps:
        err.print("up to date: nothing would run")
    else:
        for line in made.as_script() if script else made.as_text():
            typer.echo(line)


@app.command()
def rollback(
    database_url: DatabaseUrl = None,
    migrations: Migrations = None,
    count: Annotated[
        int | None,
        typer.Option("--count", min=1, help="How many, newest first; 1 when nothing is said.", show_default=False),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="The migration that stays as the newest one.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also when rows are lost with their tables or columns.")
    ] = False,
    wait: Wait = None,
    as_json: Json = False,
) -> None:
    """Roll back versioned migrations, newest first. Example: betledger rollback --to 0009_tenants_summary_view"""
    if sum((count is not None, to is not None, everything)) > 1:
        raise typer.BadParameter("--count, --to and --all exclude each other: give one of them")
    flags = {"database_url": database_url, "migrations": migrations, "wait": wait}
    with working(quiet if as_json else tell) as shown, _opened(shown, **flags) as (migrator, _):
        names = migrator.rollback(None if everything or to else count or 1, to, force)
    if as_json:
        emit({"rolled_back": names})
    elif names:
        tell(f"{len(names)} migrations rolled back; `betledger migrate` applies functions and triggers again")
    else:
        tell(f"nothing was rolled back: no migration is applied{' after that' if to else ''}")


@app.command()
def baseline(
    database_url: DatabaseUrl = None,
    migrations: Migrations = None,
    scratch_url: ScratchUrl = None,
    as_json: Json = False,
) -> None:
    """Take over a database whose tables were made another way. Example: betledger baseline && betledger migrate"""
    flags = {"database_url": database_url, "migrations": migrations, "scratch_url": scratch_url}
    with _opened(quiet, **flags) as (migrator, scratch):
        versioned = {file.path for file in migrator.files.versioned}
        # Functions, triggers and their like are applied by the next `migrate`.
        found = [d for d in differences(migrator, scratch, lambda path: path in versioned) if d.kind not in REPEATABLE]
        wrong = [d for d in found if d.actual is None or d.expected is not None]
        for difference in wrong:
            for line in difference.as_diff():
                warn(line)
        if wrong:
            raise BetledgerError(f"{len(wrong)} objects are not as the migrations make them: mend them first")
        recorded = migrator.baseline()
    if as_json:
        emit({"recorded": recorded})
    else:
        tell(f"{recorded} migrations are recorded as applied: run `betledger migrate` for functions and triggers")


@app.command("verify-schema")
def verify_schema(
    database_url: DatabaseUrl = None,
    migrations: Migrations = None,
    scratch_url: ScratchUrl = None,
    as_json: Json = False,
) -> None:
    """Compare the schema with what the migrations make on a scratch database; silent when it is the same.

    Exits with 3 when it differs. Example: betledger verify-schema
    """
    flags = {"database_url": database_url, "migrations": migrations, "scratch_url": scratch_url}
    with _opened(quiet, **flags) as (migrator, scratch):
        found = differences(migrator, scratch)
    if as_json:
        emit([asdict(difference) for difference in found])
    else:
        for difference in found:
            for line in difference.as_diff():
                typer.echo(line)
    if found:
        raise typer.Exit(PENDING)


@schema_app.command("dump")
def schema_dump(
    database_url: DatabaseUrl = None, migrations: Migrations = None, scratch_url: ScratchUrl = None
) -> None:
    """Print what the migrations make, one object a line, for review. Example: betledger schema dump > schema.txt"""
    flags = {"database_url": database_url, "migrations": migrations, "scratch_url": scratch_url}
    with _opened(quiet, **flags) as (migrator, scratch):
        typer.echo(dump(expected(migrator, scratch)), nl=False)


@app.command()
def distribute(database_url: DatabaseUrl = None, migrations: Migrations = None, as_json: Json = False) -> None:
    """Spread a ledger over the nodes of its Citus cluster, with its rows. Readers go on, writers wait.

    Example: betledger distribute
    """
    told: list[str] = []
    flags = {"database_url": database_url, "migrations": migrations}
    with working(told.append if as_json else tell) as shown, _opened(shown, **flags) as (migrator, _):
        done = migrator.distribute()
    if as_json:
        emit({"done": [line.strip() for line in told]})
    else:
        out.print("distributed" if done else "up to date")


@app.command()
def status(database_url: DatabaseUrl = None, migrations: Migrations = None, as_json: Json = False) -> None:
    """Show version, what is pending, sizes and nodes on one screen; exit with 3 when something is pending.

    Example: betledger status
    """
    with _opened(quiet, database_url=database_url, migrations=migrations) as (migrator, _):
        state = migrator.state()
        url = url_of(settings(database_url=database_url))
    pending = [name for name, status in state.versioned if status != "applied"]
    changed = [(path, status) for path, status in state.repeatable if status != "current"]
    facts, nodes = [], []
    if state.version and not state.pending:
        facts = call(url, "SELECT fact, value, remark FROM ops.facts()", ())
        nodes = call(url, f"SELECT {NODE_COLUMNS} FROM ops.nodes()", ())
    if as_json:
        emit(
            {
                "code": installed("betledger"),
                "schema": state.version,
                "pending": state.pending,
                "drift": state.drift,
                "versioned": dict(state.versioned),
                "repeatable": dict(changed),
                "elsewhere": state.elsewhere,
                "facts": {fact: value for fact, value, _ in facts},
                "nodes": records(NODE_HEADINGS, nodes),
            }
        )
    else:
        tell(f"betledger {installed('betledger')}, schema {state.version or 'none'}")
        applied = len(state.versioned) - len(pending)
        current = len(state.repeatable) - len(changed)
        tell(f"{applied} of {len(state.versioned)} migrations are applied,")
        tell(f"{current} of {len(state.repeatable)} functions and triggers are current")
        named = dict(state.versioned)
        for line in [*(f"{name}: {named[name]}" for name in pending), *(f"{p}: {s}" for p, s in changed)][:10]:
            tell(f"  {line}")
        if len(pending) + len(changed) > 10:
            tell(f"  and {len(pending) + len(changed) - 10} more")
        if state.elsewhere:
            tell(f"not looked at: {', '.join(state.elsewhere)} (name these folders with --migrations)")
        for fact, value, remark in facts:
            tell(f"{fact}: {value}{f' ({remark})' if remark else ''}")
        if nodes:
            out.print(table(NODE_HEADINGS, nodes))
        if state.pending:
            tell(state.drift or "run `betledger migrate`")
    if state.pending:
        raise typer.Exit(PENDING)


@app.command()
def lint(
    migrations: Migrations = None,
    ours: Annotated[bool, typer.Option(help="Also the SQL of betledger.")] = True,
    scratch_url: ScratchUrl = None,
    as_json: Json = False,
) -> None:
    """Lint SQL files, and with plpgsql_check the functions that they make in a scratch database.

    Example: betledger lint --no-ours --migrations db
    """
    found = settings(migrations=migrations, scratch_url=scratch_url)
    folders = [Path(folder) for folder in found["migrations"].value]
    result = linters.lint(folders, ours, found["scratch_url"].value or found["database_url"].value)
    if as_json:
        emit(asdict(result))
    else:
        for finding in result.findings:
            typer.echo(finding)
        for note in result.left_out:
            warn(f"left out: {note}")
        if not result.findings:
            out.print(f"{result.files} files are fine")
    if result.findings:
        raise typer.Exit(1)
