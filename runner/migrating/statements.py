"""What the text of an SQL file says: its statements, and whether it wants a transaction."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import postgast
from betledger.errors import BetledgerError

COPY_DATA = "COPY FROM stdin has no data in a migration: use INSERT (pg_dump --inserts)"
_COPY = re.compile(r"COPY\s[^;]*\sFROM\s+STDIN\b", re.IGNORECASE)
_COPY_LINE = re.compile(rf"^\s*({_COPY.pattern}[^;]*;)", re.IGNORECASE | re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*--[ \t]*([a-z]+)[ \t]*:[ \t]*(.*?)[ \t]*$", re.IGNORECASE | re.MULTILINE)
# As it is read, and what people write by mistake, which would be a comment without effect.
_DIRECTIVES = {
    "transactional": "transactional",
    "transaction": "transactional",
    "depends": "depends",
    "depend": "depends",
    "requires": "requires",
    "require": "requires",
}


def checksum(text: str) -> str:
    """The SHA-256 of a file's text, the same for all conventions of line ends."""
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()


def read(path: Path) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        BetledgerError: it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise BetledgerError(f"{path} is not UTF-8: save it as UTF-8") from None


def statements(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Each statement with its position in the text. One at a time: Citus refuses some DDL in longer strings.

    Args:
        path: of the file, for messages.
        text: what is in it.

    Raises:
        BetledgerError: PostgreSQL would not read it, or only psql would.
    """
    try:
        found = postgast.split(text)
    except postgast.PgQueryError as error:
        raise BetledgerError(_why_not(path, text, error.message, error.cursorpos - 1)) from None
    position = 0
    for statement in found:
        position = max(text.find(statement, position), position)
        if _COPY.match(statement):
            raise BetledgerError(f"{_place(path, text, position)}: {COPY_DATA}")
        yield position, f"{statement.rstrip()};"
        position += len(statement)


def _why_not(path: str, text: str, message: str, position: int) -> str:
    """An error of the parser, or what stands before it that only psql knows."""
    copies = [copy.start(1) for copy in _COPY_LINE.finditer(text, 0, position)]
    if copies:
        return f"{_place(path, text, copies[-1])}: {COPY_DATA}"
    line = text[text.rfind("\n", 0, position) + 1 :].split("\n", 1)[0].strip()
    if line.startswith("\\"):
        return f"{_place(path, text, position)}: {line.split()[0]} is a command of psql: write SQL instead"
    return f"{_place(path, text, position)}: {' '.join(message.split())}"


def _place(path: str, text: str, position: int) -> str:
    return f"{path}:{text.count(chr(10), 0, position) + 1}"


def directives(path: str, text: str) -> dict[str, list[str]]:
    """What the comments at the top of a file say in `-- transactional:`, `-- depends:` and `-- requires:`.

    Raises:
        BetledgerError: one is misspelt, or comes after the first statement.
    """
    said: dict[str, list[str]] = {name: [] for name in _DIRECTIVES.values()}
    first: int | None = None
    for found in _DIRECTIVE.finditer(text):
        name = _DIRECTIVES.get(found[1].lower())
        if not name:
            continue
        if first is None:
            first, _ = next(statements(path, text), (len(text), ""))
        what = f"{path} says {found[1].lower()}: {found[2]}"
        if found.start() < first:
            if name != found[1].lower():
                raise BetledgerError(f"{what}: write {name}")
            said[name].append(found[2])
        elif not found[0][0].isspace():
            raise BetledgerError(f"{what} after its first statement: move it to the top")
    return said


def transactional(path: str, text: str) -> bool:
    """What the file says in `-- transactional: false`.

    Raises:
        BetledgerError: it says something else.
    """
    said = directives(path, text)["transactional"]
    if said and said[-1].lower() not in ("true", "false"):
        raise BetledgerError(f"{path} says transactional: {said[-1]}, which is neither true nor false")
    return not said or said[-1].lower() == "true"
