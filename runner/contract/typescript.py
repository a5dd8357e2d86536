"""The contract in TypeScript: types of rows, and a function for each function of the ledger, on node-postgres."""

from __future__ import annotations

from typing import Any

from betledger.contract.comparing import Contract
from betledger.contract.names import bare, called, camel, errors, head, row_of, rows

# What node-postgres makes of each type, and takes for it.
TYPES = {
    "bigint": "Int64",
    "numeric": "Decimal",
    "integer": "number",
    "double precision": "number",
    "boolean": "boolean",
    "timestamp with time zone": "Date",
    "bytea": "Uint8Array",
    "jsonb": "Json",
}


def typescript(contract: Contract) -> str:
    """A module of types and functions."""
    parts = [head("ts")]
    states = " | ".join(f'"{code}"' for code in errors(contract))
    parts.append(f"export type SqlState = {states};\n")
    for row in rows(contract):
        fields = "".join(f"  {c['name']}: {_type(c['type'], c['nullable'])};\n" for c in row.columns)
        parts.append(f"/** A row of {row.source}. */\nexport interface {row.name} {{\n{fields}}}\n")
    parts.extend(_function(name, function) for name, function in called(contract))
    return "\n".join(parts)


def _type(sql: str, nullable: bool) -> str:
    element = TYPES.get(sql.removesuffix("[]"), "string")
    return element + ("[]" if sql.endswith("[]") else "") + (" | null" if nullable else "")


def _function(name: str, function: dict[str, Any]) -> str:
    arguments, returns = function["arguments"], function.get("returns")
    fields = "".join(
        f"  {bare(a['name'])}{'?' if 'default' in a else ''}: {_type(a['type'], a['nullable'])};\n" for a in arguments
    )
    known = ", ".join(f'{bare(a["name"])}: ["{a["name"]}", "{a["type"]}"]' for a in arguments)
    said = f'call(db, "{name}", {{ {known} }}, {{ ...args }})'
    row = row_of(name, function)
    if returns is None:
        gives, body = "void", f"await {said};"
    elif row is None:
        one = _type(returns["type"], False)
        rows_of = f"(await {said} as Record<string, {one}>[]).map((row) => row.{bare(name)}!)"
        gives, body = (f"{one}[]", f"return {rows_of};") if returns["set"] else (one, f"return {rows_of}[0]!;")
    elif returns["set"]:
        gives, body = f"{row}[]", f"return (await {said}) as {row}[];"
    else:
        gives, body = row, f"const [row] = await {said};\n  return row as {row};"
    comment = function["comment"].replace("*/", "* /")
    return (
        f"/** {comment} */\n"
        f"export async function {camel(name)}(db: Queryable, args: {{\n{fields}}}): Promise<{gives}> {{\n  {body}\n}}\n"
    )
