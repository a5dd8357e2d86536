"""Commands that look after a ledger: how it is, what is wrong, and what mends it."""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import Annotated

import typer
from betledger.commands.options import LARGEST_TENANT, DatabaseUrl, Json, Migrations
from betledger.commands.reaching import call, reached
from betledger.commands.terminal import PENDING, emit, out, quiet, records, table, tell
from betledger.migrating.state import State
from betledger.settings import database_url as url_of
from betledger.settings import settings, target

app = typer.Typer()
TenantId = Annotated[
    int | None,
    typer.Option("--tenant", help="Only this tenant.", min=1, max=LARGEST_TENANT, show_default=False),
]
DIFFERENCES = ("projection", "tenant", "key", "expected", "actual")
FINDINGS = ("tenant_id", "finding", "subject", "user_id", "currency", "expected", "actual")
TRIAL_BALANCE = (
    *("tenant_id", "currency", "deposits", "withdrawals", "stakes", "payouts", "refunds", "corrections"),
    *("other_credits", "other_debits", "balances", "kept_balances"),
)
NODE_COLUMNS = (
    "node_name || ':' || node_port, node_role, CASE WHEN answers THEN 'answers' ELSE 'DOES NOT ANSWER' END,"
    " shards, bytes"
)
NODE_HEADINGS = ("node", "role", "state", "shards", "bytes")


@app.command()
def status(database_url: DatabaseUrl = None, migrations: Migrations = None, as_json: Json = False) -> None:
    """Show version, what is pending, sizes and nodes on one screen; exit with 3 when something is to be done.

    Example: betledger status
    """
    with reached(quiet, database_url=database_url, migrations=migrations) as (migrator, _):
        state, damage, left = migrator.state(), migrator.damage(), list(map(str, migrator.left()))
    facts, nodes, refold = [], [], []
    if state.version and not state.pending:
        url = url_of(settings(database_url=database_url))
        facts = call(url, "SELECT fact, value, remark FROM ops.facts()", ())
        nodes = call(url, f"SELECT {NODE_COLUMNS} FROM ops.nodes()", ())
        refold = [name for (name,) in call(url, "SELECT read_table FROM ops.projections() WHERE NOT is_current", ())]
    if as_json:
        emit(
            {
                "code": installed("betledger"),
                "schema": state.version,
                "pending": state.pending,
                "drift": state.drift,
                "versioned": dict(state.versioned),
                "repeatable": {path: status for path, status in state.repeatable if status != "current"},
                "elsewhere": state.elsewhere,
                "facts": {fact: value for fact, value, _ in facts},
                "nodes": records(NODE_HEADINGS, nodes),
                "rebuild": refold,
                "damage": damage,
                "left": left,
            }
        )
    else:
        _tell_state(state)
        for fact, value, remark in facts:
            tell(f"{fact}: {value}{f' ({remark})' if remark else ''}")
        if nodes:
            out.print(table(NODE_HEADINGS, nodes))
        for name in refold:
            tell(f"{name} was folded by another definition: betledger rebuild {name.rpartition('.')[2]}")
        if damage:
            tell(f"{len(damage)} things are not as `betledger migrate` left them: run it again; the first of them:")
            for statement in damage[:5]:
                tell(f"  {statement}")
        for line in left:
            tell(f"{line}: `betledger migrate --prune` drops it")
        if state.pending:
            tell(state.drift or "run `betledger migrate`")
    if state.pending or refold or damage:
        raise typer.Exit(PENDING)


def _tell_state(state: State) -> None:
    """Version, and what is pending: some lines of it."""
    tell(f"betledger {installed('betledger')}, schema {state.version or 'none'}")
    pending = [f"{name}: {status}" for name, status in state.versioned if status != "applied"]
    changed = [f"{path}: {status}" for path, status in state.repeatable if status != "current"]
    tell(f"{len(state.versioned) - len(pending)} of {len(state.versioned)} migrations are applied,")
    tell(f"{len(state.repeatable) - len(changed)} of {len(state.repeatable)} functions and triggers are current")
    for line in [*pending, *changed][:10]:
        tell(f"  {line}")
    if len(pending) + len(changed) > 10:
        tell(f"  and {len(pending) + len(changed) - 10} more")
    if state.elsewhere:
        tell(f"not looked at: {', '.join(state.elsewhere)} (name these folders with --migrations)")


@app.command()
def rebuild(
    name: Annotated[
        str | None, typer.Argument(help="A read table; all of them when left out.", show_default=False)
    ] = None,
    tenant: TenantId = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Also where one that was stopped within a day could go on.")
    ] = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Fold read tables anew from their events, beside writers; one that was stopped goes on when it is run again.

    Example: betledger rebuild bets_view --tenant 10001
    """
    flags = (name, tenant, from_start)
    call(target(database_url), "CALL ops.rebuild_projection(%s, %s, p_from_start => %s)", flags)
    emit({"rebuilt": name or "all", "tenant": tenant}) if as_json else tell("rebuilt")


@app.command()
def verify(
    tenant: TenantId = None,
    sample: Annotated[
        float | None,
        typer.Option("--sample", help="Compare about so many percent of the rows, at random.", show_default=False),
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Compare the read tables with the fold of their events; exit with 3 when they differ.

    Example: betledger verify --sample 1
    """
    rows = call(
        target(database_url),
        "SELECT projection, tenant_id, key, expected, actual FROM ops.verify_projections(%s, %s::numeric) LIMIT 100",
        (tenant, sample),
    )
    if as_json:
        emit(records(DIFFERENCES, rows))
    elif not rows:
        of = "all projections equal" if sample is None else f"about {sample:g} percent of the rows equal"
        tell(f"{of} the fold of their events")
    else:
        out.print(table(DIFFERENCES, rows))
        tell(f"{len(rows)}{'+' if len(rows) == 100 else ''} rows differ: run `betledger rebuild`")
    if rows:
        raise typer.Exit(PENDING)


@app.command()
def reconcile(
    tenant: TenantId = None,
    at: Annotated[
        str | None, typer.Option("--at", help="As of a moment, as PostgreSQL reads it.", show_default=False)
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="Only this user.", show_default=False)] = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Show what the balances come from, and what does not explain itself; exit with 3 when something does not.

    Example: betledger reconcile --tenant 10001 --at 2026-01-01
    """
    if user == "":
        raise typer.BadParameter("--user is empty: give the id of a user, or leave it out")
    url, of = target(database_url), (tenant, at, user)
    balances = call(url, f"SELECT {', '.join(TRIAL_BALANCE)} FROM ops.trial_balance(%s, %s, %s)", of)
    findings = call(url, f"SELECT {', '.join(FINDINGS)} FROM ops.reconcile(%s, %s, %s)", of)
    differ = [row for row in balances if row[-1] is not None and row[-1] != row[-2]]
    if as_json:
        emit({"trial_balance": records(TRIAL_BALANCE, balances), "findings": records(FINDINGS, findings)})
    else:
        headings = tuple(name.replace("_", " ") for name in TRIAL_BALANCE)
        out.print(table(headings, balances) if balances else "no balance has moved")
        if findings:
            out.print(table(FINDINGS, findings))
        for row in differ:
            tell(f"tenant {row[0]}: the balances are {row[-1]}, and their events {row[-2]}: run `betledger verify`")
        if not findings and not differ:
            tell("all that moved a balance explains itself, but for other credits and debits")
    if findings or differ:
        raise typer.Exit(PENDING)


@app.command()
def purge(
    older_than: Annotated[
        str, typer.Option("--older-than", help="The age of the keys, as a PostgreSQL interval.")
    ] = "48 hours",
    batch: Annotated[int, typer.Option("--batch", min=1, help="Keys to take out between two commits.")] = 10_000,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Take out expired idempotency keys. Example: betledger purge --older-than '48 hours'"""
    call(target(database_url), "CALL ops.purge_idempotency_keys(%s::interval, %s)", (older_than, batch))
    emit({"purged": older_than}) if as_json else tell("purged")


@app.command()
def doctor(database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Look for what is wrong, with remedies; exit with 3 when something is. Example: betledger doctor"""
    checks = call(target(database_url), "SELECT check_name, finding, remedy FROM ops.doctor()", ())
    remedies = {check: remedy for check, finding, remedy in checks if finding is not None}
    if as_json:
        emit(records(("check", "finding", "remedy"), checks))
    else:
        for check, finding, _ in checks:
            tell(f"{'ok' if finding is None else 'NO':4}{check}{'' if finding is None else f': {finding}'}")
        for check, remedy in remedies.items():
            tell(f"\n{check}?\n    {remedy}")
    if remedies:
        raise typer.Exit(PENDING)
