"""What the text of an SQL file says: its statements, and whether it wants a transaction."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import sqlparse
from betledger.errors import BetledgerError

_COMMENTS = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
_TRANSACTIONAL = re.compile(r"^[ \t]*--[ \t]*transactional[ \t]*:[ \t]*(.*?)[ \t]*$", re.IGNORECASE | re.MULTILINE)


def checksum(text: str) -> str:
    """The SHA-256 of a file's text, the same for all conventions of line ends."""
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()


def read(path: Path) -> str:
    """The text of a file.

    Raises:
        BetledgerError: it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BetledgerError(f"{path} is not UTF-8: save it as UTF-8") from None


def statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement with its position in the text. One at a time: Citus refuses some DDL in longer strings."""
    position = 0
    for statement in sqlparse.split(text):
        position = max(text.find(statement, position), position)
        if sql_of(statement).strip("; \t\n"):
            yield position, statement
        position += len(statement)


def sql_of(statement: str) -> str:
    """The statement without the comments before it."""
    comments = _COMMENTS.match(statement)
    return statement[comments.end() :] if comments else statement


def transactional(path: str, text: str) -> bool:
    """What the file says in `-- transactional: false`. Read here: yoyo silently ignores some ways to write it."""
    found = _TRANSACTIONAL.search(text)
    if not found:
        return True
    if found[1].lower() not in ("true", "false"):
        raise BetledgerError(f"{path} says transactional: {found[1]}, which is neither true nor false")
    if sql_of(text[: found.start()]).strip():
        raise BetledgerError(f"{path} says transactional: {found[1]} after its first statement: move it to the top")
    return found[1].lower() == "true"
