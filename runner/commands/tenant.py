"""`betledger tenant`: where tenants live on a cluster, how large and how busy they are."""

from typing import Annotated

import typer
from betledger.commands.options import LARGEST_TENANT, DatabaseUrl, Json
from betledger.commands.reaching import call
from betledger.commands.terminal import emit, out, records, table, tell
from betledger.errors import BetledgerError
from betledger.settings import target

app = typer.Typer(no_args_is_help=True, help="Tenants: their size, and on Citus their node and their shard.")

COLUMNS = (
    "tenant_id, users, bets, last_activity_at, node_name || ':' || node_port, shard_id, shard_bytes,"
    " shard_tenants, reads, writes, round(cpu_seconds::numeric, 1)"
)
HEADINGS = (
    *("tenant", "users", "bets", "last activity", "node", "shard", "shard bytes", "tenants in it"),
    *("reads", "writes", "CPU s"),
)
TenantId = Annotated[int, typer.Argument(help="The tenant.", min=1, max=LARGEST_TENANT)]


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
        out.print(table(HEADINGS, rows) if rows else "no tenant has written anything")


@app.command("show")
def tenant_show(tenant: TenantId, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Show one tenant. Example: betledger tenant show 10001"""
    rows = call(target(database_url), f"SELECT {COLUMNS} FROM ops.tenants(%s)", (tenant,))
    if not rows:
        raise BetledgerError(f"tenant {tenant} has no rows: look at `betledger tenant list`")
    emit(records(HEADINGS, rows)[0]) if as_json else out.print(table(HEADINGS, rows))


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
