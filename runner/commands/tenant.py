"""`betledger tenant`: their currency and status; where they live on a cluster, how large and how busy they are."""

from typing import Annotated

import typer
from betledger.commands.options import LARGEST_TENANT, DatabaseUrl, Json
from betledger.commands.reaching import call
from betledger.commands.terminal import emit, out, records, table, tell
from betledger.errors import BetledgerError
from betledger.settings import target

app = typer.Typer(no_args_is_help=True, help="Tenants: currency, status, size; on Citus their node and their shard.")

COLUMNS = (
    "tenant_id, name, currency, scale, status, users, bets, last_activity_at, node_name || ':' || node_port,"
    " shard_id, shard_bytes, shard_tenants, reads, writes, round(cpu_seconds::numeric, 1)"
)
HEADINGS = (
    *("tenant", "name", "currency", "scale", "status", "users", "bets", "last activity"),
    *("node", "shard", "shard bytes", "tenants in it", "reads", "writes", "CPU s"),
)
ROW = ("tenant_id", "name", "currency", "scale", "status", "created_at", "changed_at")
TenantId = Annotated[int, typer.Argument(help="The tenant.", min=1, max=LARGEST_TENANT)]
NAME, CURRENCY, SCALE = (
    "What people call it.",
    "Three capital letters, as ISO 4217 has them.",
    "How many decimals amounts have.",
)


@app.command("list")
def tenant_list(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many, those with the most bets first.")] = 20,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """List the largest tenants, their shards, and how busy they are. Example: betledger tenant list --limit 10"""
    rows = call(target(database_url), f"SELECT {COLUMNS} FROM ops.tenants(NULL, %s)", (limit,))
    if as_json:
        emit(records(HEADINGS, rows))
    else:
        out.print(table(HEADINGS, rows) if rows else "no tenant has written anything, and none has a row")


@app.command("show")
def tenant_show(tenant: TenantId, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Show one tenant. Example: betledger tenant show 10001"""
    rows = call(target(database_url), f"SELECT {COLUMNS} FROM ops.tenants(%s)", (tenant,))
    if not rows:
        raise BetledgerError(f"tenant {tenant} has no rows: look at `betledger tenant list`")
    emit(records(HEADINGS, rows)[0]) if as_json else out.print(table(HEADINGS, rows))


@app.command("create")
def tenant_create(
    tenant: TenantId,
    name: Annotated[str, typer.Option("--name", help=NAME)],
    currency: Annotated[str, typer.Option("--currency", help=CURRENCY)],
    scale: Annotated[int, typer.Option("--scale", help=SCALE, min=0, max=18)],
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Give a tenant a currency and a number of decimals.

    Example: betledger tenant create 10001 --name North --currency EUR --scale 2
    """
    _kept("create_tenant(%s, %s, %s, %s)", (tenant, name, currency, scale), database_url, as_json)


@app.command("change")
def tenant_change(
    tenant: TenantId,
    name: Annotated[str | None, typer.Option("--name", help=NAME, show_default=False)] = None,
    currency: Annotated[str | None, typer.Option("--currency", help=CURRENCY, show_default=False)] = None,
    scale: Annotated[int | None, typer.Option("--scale", help=SCALE, min=0, max=18, show_default=False)] = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Change what is known of a tenant, where what it has stored allows it.

    Example: betledger tenant change 10001 --scale 3
    """
    _kept("change_tenant(%s, %s, %s, %s)", (tenant, name, currency, scale), database_url, as_json)


@app.command("suspend")
def tenant_suspend(tenant: TenantId, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Let a tenant read and write no more. Example: betledger tenant suspend 10001"""
    _kept("set_tenant_status(%s, %s)", (tenant, "suspended"), database_url, as_json)


@app.command("resume")
def tenant_resume(tenant: TenantId, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Let a tenant that was suspended or closed write again. Example: betledger tenant resume 10001"""
    _kept("set_tenant_status(%s, %s)", (tenant, "active"), database_url, as_json)


@app.command("close")
def tenant_close(tenant: TenantId, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Close a tenant; `doctor` tells if it holds money. Example: betledger tenant close 10001"""
    _kept("set_tenant_status(%s, %s)", (tenant, "closed"), database_url, as_json)


def _kept(function: str, arguments: tuple[object, ...], database_url: str | None, as_json: bool) -> None:
    """Call a function that keeps the row of a tenant, and tell what the row is now."""
    (row,) = call(target(database_url), f"SELECT {', '.join(ROW)} FROM ops.{function}", arguments)
    if as_json:
        emit(records(ROW, [row])[0])
    else:
        tenant, name, currency, scale, status, *_ = row
        tell(f"tenant {tenant} ({name}) is {status}: {currency} with {scale} decimals")


@app.command("isolate")
def tenant_isolate(tenant: TenantId, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Give a tenant a shard of its own; its writers wait meanwhile. Example: betledger tenant isolate 10001"""
    ((shard,),) = call(target(database_url), "SELECT ops.isolate_tenant(%s)", (tenant,))
    emit({"tenant": tenant, "shard": shard}) if as_json else tell(f"tenant {tenant} is alone in shard {shard}")


@app.command("move")
def tenant_move(
    tenant: TenantId,
    to: Annotated[str, typer.Option("--to", help="The worker, as HOST:PORT.")],
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Move the shard of a tenant to a worker; writers go on. Example: betledger tenant move 10001 --to worker-2:5432"""
    host, _, port = to.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise typer.BadParameter(f"--to is {to}: write HOST:PORT")
    ((shard,),) = call(target(database_url), "SELECT ops.move_tenant(%s, %s, %s)", (tenant, host, int(port)))
    if as_json:
        emit({"tenant": tenant, "shard": shard, "node": to})
    else:
        tell(f"tenant {tenant} is on {to}, in shard {shard}")
