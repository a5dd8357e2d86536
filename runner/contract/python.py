"""The contract in Python: classes of rows, and a function for each function of the ledger, on psycopg 3."""

from __future__ import annotations

import re
from keyword import iskeyword
from textwrap import fill
from typing import Any

from betledger.contract.comparing import Contract
from betledger.contract.names import bare, called, errors, head, row_of, rows

# What psycopg makes of each type, and takes for it.
TYPES = {
    "bigint": "int",
    "numeric": "Decimal",
    "integer": "int",
    "double precision": "float",
    "boolean": "bool",
    "timestamp with time zone": "datetime",
    "bytea": "bytes",
    "jsonb": "Any",
    "uuid": "UUID",
}


def python(contract: Contract) -> str:
    """A module of classes and functions."""
    states = ", ".join(f'"{code}"' for code in errors(contract))
    parts = [head("py"), f"\n\nSqlState = Literal[{states}]\n\n"]
    for row in rows(contract):
        fields = "".join(f"    {c['name']}: {_type(c['type'], c['nullable'])}\n" for c in row.columns)
        parts.append(
            f'\n@dataclass(frozen=True, slots=True)\nclass {row.name}:\n    """A row of {row.source}."""\n\n{fields}\n'
        )
    parts.extend(_function(name, function) for name, function in called(contract))
    return "".join(parts).rstrip("\n") + "\n"


def _type(sql: str, nullable: bool) -> str:
    element = TYPES.get(sql.removesuffix("[]"), "str")
    return (f"list[{element}]" if sql.endswith("[]") else element) + (
        " | None" if nullable and element != "Any" else ""
    )


def _name(argument: dict[str, Any]) -> str:
    name = bare(argument["name"])
    return f"{name}_" if iskeyword(name) else name


def _default(argument: dict[str, Any]) -> str:
    default = argument.get("default")
    if default is None:
        return ""
    if default.startswith("NULL::"):
        return " = None"
    if default in ("true", "false"):
        return f" = {default.capitalize()}"
    return f" = {default}" if re.fullmatch(r"-?\d+", default) else " = DEFAULT"


def _function(name: str, function: dict[str, Any]) -> str:
    arguments, returns, row = function["arguments"], function.get("returns"), row_of(name, function)
    listed = "".join(f"    {_name(a)}: {_type(a['type'], a['nullable'])}{_default(a)},\n" for a in arguments)
    types = ", ".join(f'"{a["name"]}": "{a["type"]}"' for a in arguments)
    given = ", ".join(f'"{a["name"]}": {_name(a)}' for a in arguments)
    factory = f"class_row({row})" if row else "scalar_row"
    body = f'_call(\n        db, "{name}",\n        {{{types}}},\n        {{{given}}},\n        {factory},\n    )'
    if returns is None:
        gives = "None"
    elif returns["set"]:
        one = row or _type(returns["type"], False)
        gives, body = f"list[{one}]", f"rows: list[{one}] = {body}.fetchall()\n    return rows"
    else:
        gives = row or _type(returns["type"], False)
        body = f"row: {gives} = {body}.fetchone()\n    return row"
    comment = fill(function["comment"].replace("\\", "\\\\"), 115, subsequent_indent="    ", break_on_hyphens=False)
    return f'\ndef {bare(name)}(\n    db: Connection[Any],\n{listed}) -> {gives}:\n    """{comment}"""\n    {body}\n\n'
