"""Commands that bring a schema up to date, or take it back, or say what they would do."""

from __future__ import annotations

from typing import Annotated

import typer
from betledger.commands.options import DatabaseUrl, Json, LockTimeout, Migrations, ScratchUrl, Verbose, Wait
from betledger.commands.progress import shown
from betledger.commands.reaching import Flags, reached
from betledger.commands.terminal import PENDING, emit, err, out, quiet, tell, warn, working, write
from betledger.errors import BetledgerError
from betledger.migrating.catalogue import REPEATABLE, differences
from betledger.migrating.planning import plan_of

app = typer.Typer()


@app.command()
def migrate(
    database_url: DatabaseUrl = None,
    migrations: Migrations = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Run all in one transaction, and roll it back.")] = False,
    lock_timeout: LockTimeout = None,
    wait: Wait = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Drop functions, views and triggers that no file makes any more.")
    ] = False,
    verbose: Verbose = False,
    as_json: Json = False,
) -> None:
    """Bring a database up to date. Examples: betledger migrate; betledger migrate --dry-run -v"""
    done: list[str] = []

    def progress(line: str) -> None:
        if not line.startswith(" "):
            done.append(line)
        (warn if as_json and verbose else quiet if as_json else tell)(line)

    flags: Flags = {"database_url": database_url, "migrations": migrations, "lock_timeout": lock_timeout, "wait": wait}
    with working(progress) as told, reached(told, verbose, **flags) as (migrator, _):
        count = migrator.rehearse() if dry_run else migrator.migrate(prune=prune)
        left = list(map(str, migrator.left()))
    if as_json:
        emit({"applied": [] if dry_run else done, "rehearsed": done if dry_run else [], "left": left})
    elif dry_run and count:
        out.print(f"{count} files would be applied; all was rolled back")
    else:
        out.print(f"{count} files applied" if count else "up to date")
    for line in left if not as_json else ():
        warn(f"{line}: `betledger migrate --prune` drops it")


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
    flags: Flags = {"database_url": database_url, "migrations": migrations, "scratch_url": scratch_url}
    with reached(quiet, **flags) as (migrator, scratch):
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
            write(line)


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
    """Roll back versioned migrations, newest first. Example: betledger rollback --to 0008_tenants_summary_view"""
    if sum((count is not None, to is not None, everything)) > 1:
        raise typer.BadParameter("--count, --to and --all exclude each other: give one of them")
    flags: Flags = {"database_url": database_url, "migrations": migrations, "wait": wait}
    with working(quiet if as_json else tell) as told, reached(told, **flags) as (migrator, _):
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
    flags: Flags = {"database_url": database_url, "migrations": migrations, "scratch_url": scratch_url}
    with reached(quiet, **flags) as (migrator, scratch):
        versioned = {file.path for file in migrator.files.versioned}
        # Functions, triggers and their like are applied by the next `migrate`, if they are not there already.
        found = [d for d in differences(migrator, scratch, lambda path: path in versioned) if d.kind not in REPEATABLE]
        if found:
            complete = {(d.kind, d.name) for d in differences(migrator, scratch)}
            found = [d for d in found if (d.kind, d.name) in complete]
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


@app.command()
def distribute(database_url: DatabaseUrl = None, migrations: Migrations = None, as_json: Json = False) -> None:
    """Spread a ledger over the nodes of its Citus cluster, with its rows. Readers go on, writers wait.

    Example: betledger distribute
    """
    told: list[str] = []
    flags: Flags = {"database_url": database_url, "migrations": migrations}
    with (
        reached(told.append if as_json else tell, **flags) as (migrator, _),
        shown(migrator.connection, others=False, within="SELECT projection.copied_bytes() / 1000000"),
    ):
        done = migrator.distribute()
    if as_json:
        emit({"done": [line.strip() for line in told]})
    else:
        out.print("distributed" if done else "up to date")
