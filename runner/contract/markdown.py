"""The contract as a page to read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from betledger.contract.comparing import Contract

HEAD = """\
# Reference

<!-- Made by `betledger api --format md`: what is changed here is lost. -->

What others may rely on. `betledger api --check docs/api.json` says what has changed since.
"""


def markdown(contract: Contract) -> str:
    """A page: roles, functions, types, tables and event types."""
    roles = ((f"`{name}`", role.get("comment", "")) for name, role in sorted(contract["roles"].items()))
    parts = [HEAD, "\n## Roles\n", _table(("group", "what for"), roles), "\n## Functions\n"]
    parts.extend(
        _function(name, function) for name, function in sorted(contract["functions"].items(), key=_public_first)
    )
    parts.append("\n## Types of results\n")
    parts.extend(_relation(name, kind) for name, kind in sorted(contract["types"].items()))
    parts.append("\n## Tables and views\n")
    parts.extend(_relation(name, table) for name, table in sorted(contract["tables"].items(), key=_public_first))
    parts.append("\n## Event types\n")
    parts.extend(_event(name, event) for name, event in sorted(contract["event_types"].items()))
    return "".join(parts)


def _public_first(item: tuple[str, Any]) -> tuple[bool, str]:
    return not item[0].startswith("public."), item[0]


def _table(headings: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    rows = [list(headings)]
    rows.append(["---"] * len(rows[0]))
    rows.extend([cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines)
    return "\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _columns(columns: list[dict[str, Any]]) -> str:
    return _table(
        ("column", "type", "null", ""),
        ((f"`{c['name']}`", c["type"], "may be" if c["nullable"] else "never", c.get("comment", "")) for c in columns),
    )


def _function(name: str, function: dict[str, Any]) -> str:
    text = f"\n### {name}\n\n{function['comment']}\n"
    if function["arguments"]:
        text += _table(
            ("argument", "type", "default", "null"),
            (
                (
                    f"`{a['name']}`",
                    a["type"],
                    a.get("default", "").partition("::")[0],
                    "may be" if a["nullable"] else "",
                )
                for a in function["arguments"]
            ),
        )
    if returns := function.get("returns"):
        text += f"\nGives {'rows' if returns['set'] else 'one row'} of {returns.get('type', 'these columns')}.\n"
        if "columns" in returns:
            text += _columns(returns["columns"])
    if function["errors"]:
        text += _table(("SQLSTATE", "when"), ((f"`{code}`", why) for code, why in sorted(function["errors"].items())))
    if function.get("example"):
        text += f"\n```sql\n{function['example']};\n```\n"
    return text + f"\nCalled by {', '.join(f'`{role}`' for role in function['roles']) or '`betledger_owner`'}.\n"


def _relation(name: str, relation: dict[str, Any]) -> str:
    text = f"\n### {name}\n\n{relation.get('comment', '')}\n{_columns(relation['columns'])}"
    if privileges := relation.get("privileges"):
        text += _table(("role", "may"), ((f"`{role}`", ", ".join(may)) for role, may in sorted(privileges.items())))
    return text


def _event(name: str, event: dict[str, Any]) -> str:
    says = " ".join(f"{what} `{event[what]}`" for what in ("kind", "status") if what in event)
    text = f"\n### {name}\n\nIn `{event['table']}`: {says}.\n"
    if event["fields"]:
        text += _table(
            ("field", "kind", "JSON", "required"),
            (
                (f"`{field}`", rule["kind"], rule["json"], "yes" if rule["required"] else "no")
                for field, rule in sorted(event["fields"].items())
            ),
        )
    return text
