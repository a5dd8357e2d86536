"""`betledger projection`: how read tables are defined, and what was made of that."""

from typing import Annotated

import typer
from betledger.commands.options import DatabaseUrl, Json
from betledger.commands.reaching import call
from betledger.commands.terminal import emit, out, records, table, write
from betledger.settings import target

app = typer.Typer(no_args_is_help=True, help="Read tables: their definitions, and the SQL that is compiled from them.")

COLUMNS = "read_table, kind, position, sources, definitions, is_current"
HEADINGS = ("read table", "kind", "position", "sources", "definitions", "current")
PARTS = ("part", "name", "source")


@app.command("list")
def projection_list(database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """List the read tables, and whether their rows were folded by the definition. Example: betledger projection list"""
    rows = call(target(database_url), f"SELECT {COLUMNS} FROM ops.projections()", ())
    if as_json:
        emit(records(HEADINGS, rows))
        return
    told = [
        (*rest, "\n".join(sources), "\n".join(definitions), "current" if current else "to rebuild")
        for *rest, sources, definitions, current in rows
    ]
    out.print(table((*HEADINGS[:-1], "rows"), told))


@app.command("show")
def projection_show(
    name: Annotated[str, typer.Argument(help="A read table or an event table, with or without its schema.")],
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Print what the database holds of a table, as SQL: definitions, rules, fold, compiled functions.

    Example: betledger projection show bets_view > bets_view.sql
    """
    parts = call(target(database_url), "SELECT part, name, source FROM ops.projection_source(%s)", (name,))
    if as_json:
        emit(records(PARTS, parts))
        return
    write("\n\n".join(f"-- {part}: {of}\n{source}" for part, of, source in parts))
