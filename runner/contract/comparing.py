"""What a contract promises and what it asks for, in sentences; and how two contracts differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# As ops.contract() gives it.
Contract = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changed.

    Attributes:
        breaking: whether somebody who relies on the old contract may fail by the new one.
        what: a sentence, without a full stop.
    """

    breaking: bool
    what: str

    def line(self) -> str:
        """As `betledger api --check` prints it."""
        return f"{'breaking' if self.breaking else 'added'}: {self.what}"


def differences(old: Contract, new: Contract) -> list[Difference]:
    """How a contract differs from an earlier one, what breaks first.

    A promise that is gone breaks, and so does a new demand of what was there. Comments and examples may change.
    """
    promised, promises = set(_promises(old)), set(_promises(new))
    demanded, demands = set(_demands(old)), set(_demands(new))
    stays = _names(old) & _names(new)
    return [
        *(Difference(True, f"no longer: {line}") for line in sorted(promised - promises)),
        *(Difference(True, f"new demand: {line}") for name, line in sorted(demands - demanded) if name in stays),
        *(Difference(False, line) for line in sorted(promises - promised)),
        *(
            Difference(False, f"no longer demanded: {line}")
            for name, line in sorted(demanded - demands)
            if name in stays
        ),
    ]


def _names(contract: Contract) -> set[str]:
    return {name for group in ("functions", "tables", "event_types", "roles") for name in contract[group]}


def _promises(contract: Contract) -> Iterator[str]:
    for name, function in contract["functions"].items():
        yield f"{function['kind']} {name}"
        for number, argument in enumerate(function["arguments"], 1):
            what = f"{name}: argument {argument['name']}"
            yield f"{what} is the {number}. and of type {argument['type']}"
            if "default" in argument:
                yield f"{what} may be left out"
            if argument["nullable"]:
                yield f"{what} may be null"
        if returns := function.get("returns"):
            yield f"{name}: gives {'rows' if returns['set'] else 'one row'} of {returns.get('type', 'columns')}"
            yield from _columns(name, returns.get("columns", []))
        yield from (f"{name}: error {sqlstate}" for sqlstate in function["errors"])
        yield from (f"{name}: {role} may call it" for role in function["roles"])
    for name, kind in contract["types"].items():
        yield f"type {name}"
        yield from _columns(name, kind["columns"])
    for name, table in contract["tables"].items():
        yield f"{table['kind']} {name}"
        yield from _columns(name, table["columns"])
        for role, privileges in table["privileges"].items():
            yield from (f"{name}: {role} may {privilege}" for privilege in privileges)
    for name, event in contract["event_types"].items():
        yield f"event type {name} of {event['table']}"
        yield from (f"{name}: {what} {event[what]}" for what in ("kind", "status") if what in event)
        for field, rule in event["fields"].items():
            yield f"{name}: field {field} may be of kind {rule['kind']}"
            if rule["required"]:
                yield f"{name}: field {field} is always there"
    for name, role in contract["roles"].items():
        yield f"role {name}"
        yield from (f"{name}: may use schema {schema}" for schema in role["schemas"])


def _columns(owner: str, columns: list[dict[str, Any]]) -> Iterator[str]:
    for column in columns:
        yield f"{owner}: column {column['name']} of type {column['type']}"
        if not column["nullable"]:
            yield f"{owner}: column {column['name']} is never null"


def _demands(contract: Contract) -> Iterator[tuple[str, str]]:
    for name, function in contract["functions"].items():
        for argument in function["arguments"]:
            if "default" not in argument:
                yield name, f"{name}: argument {argument['name']} has to be given"
    for name, table in contract["tables"].items():
        # Into those of projection, migrations insert.
        if name.startswith("projection.") or any("INSERT" in may for may in table["privileges"].values()):
            for column in table["columns"]:
                if not column["nullable"] and not column["has_default"]:
                    yield name, f"{name}: column {column['name']} has to be given"
    for name, event in contract["event_types"].items():
        for field, rule in event["fields"].items():
            if rule["required"]:
                yield name, f"{name}: field {field} has to be given"
