"""How things of the contract are called in other languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from betledger.contract.comparing import Contract


@dataclass(frozen=True, slots=True)
class Row:
    """A row that a function gives, or that a table holds.

    Attributes:
        name: of the type, in capitals and small letters, as BetResult.
        source: what it is a row of, as public.bet_result.
        columns: with name, type and nullable, as the contract has them.
    """

    name: str
    source: str
    columns: list[dict[str, Any]]


def head(language: str) -> str:
    """What comes first in a file of a language (ts, php, py): what its functions share."""
    return (files("betledger.contract") / f"head.{language}").read_text(encoding="utf-8")


def pascal(name: str) -> str:
    """As types are called: public.bet_result is BetResult."""
    return "".join(word.capitalize() for word in name.rpartition(".")[2].lower().split("_"))


def camel(name: str) -> str:
    """As functions are called in TypeScript and PHP: public.place_bet is placeBet."""
    capitals = pascal(name)
    return capitals[:1].lower() + capitals[1:]


def bare(name: str) -> str:
    """Without its schema, and an argument without its p_."""
    return name.rpartition(".")[2].removeprefix("p_")


def rows(contract: Contract) -> Iterator[Row]:
    """The types of rows: those of public tables and views, named types, and those of single functions."""
    for group in ("types", "tables"):
        for name, kind in sorted(contract[group].items()):
            if name.startswith("public."):
                yield Row(pascal(name), name, kind["columns"])
    for name, function in called(contract):
        if columns := function.get("returns", {}).get("columns"):
            yield Row(pascal(name) + "Row", f"{name}()", columns)


def called(contract: Contract) -> Iterator[tuple[str, dict[str, Any]]]:
    """The functions that applications call, by a name and arguments that other languages can say."""
    for name, function in sorted(contract["functions"].items()):
        named = all(argument["name"].isidentifier() for argument in function["arguments"])
        if name.startswith("public.") and "(" not in name and named and function["kind"] == "function":
            yield name, function


def row_of(name: str, function: dict[str, Any]) -> str | None:
    """The name of the type of the rows that a function gives; none if it gives nothing, or a bare value."""
    returns = function.get("returns")
    if returns is None:
        return None
    if "columns" in returns:
        return pascal(name) + "Row"
    return pascal(returns["type"]) if returns["type"].startswith("public.") else None


def errors(contract: Contract) -> list[str]:
    """All SQLSTATEs that functions of applications tell."""
    return sorted({sqlstate for _, function in called(contract) for sqlstate in function["errors"]})
