"""`betledger api`: what others may rely on, for people, for programs, as types; and what has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from betledger.commands.options import DatabaseUrl
from betledger.commands.reaching import call
from betledger.commands.terminal import PENDING, write
from betledger.contract.comparing import Contract, differences
from betledger.contract.markdown import markdown
from betledger.contract.php import php
from betledger.contract.python import python
from betledger.contract.typescript import typescript
from betledger.errors import BetledgerError
from betledger.settings import target

app = typer.Typer()


def as_json(contract: Contract) -> str:
    """A contract as it is committed, one thing a line: a change is a short diff."""
    return json.dumps(contract, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


class Format(StrEnum):
    """What a contract can be written as."""

    json = "json"
    md = "md"
    ts = "ts"
    py = "py"
    php = "php"


WRITERS: dict[Format, Callable[[Contract], str]] = {
    Format.json: as_json,
    Format.md: markdown,
    Format.ts: typescript,
    Format.py: python,
    Format.php: php,
}


@app.command()
def api(
    form: Annotated[Format, typer.Option("--format", help="JSON, a page, or types of a language.")] = Format.json,
    check: Annotated[
        Path | None, typer.Option("--check", help="An earlier contract, as JSON: say what has changed.")
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print what others may rely on: functions, tables, event types; those of a team, too.

    With --check, exits with 3 if something breaks. Example: betledger api --check docs/api.json
    """
    ((contract,),) = call(target(database_url), "SELECT ops.contract()", ())
    if check is None:
        write(WRITERS[form](contract).rstrip("\n"))
        return
    found = differences(_read(check), contract)
    for difference in found:
        write(difference.line())
    if any(difference.breaking for difference in found):
        raise typer.Exit(PENDING)


def _read(path: Path) -> Contract:
    try:
        contract: Contract = json.loads(path.read_text(encoding="utf-8"))
        differences(contract, contract)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise BetledgerError(f"{path} is no contract: make it with `betledger api --format json > {path}`") from error
    return contract
