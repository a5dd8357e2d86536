"""Puts a name and a number into templates, and writes what comes out where nothing is yet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path

import postgast
from betledger.migrating.files import Files, sql_root
from betledger.migrating.folders import Source

TEMPLATES = Path(__file__).parent
# What a table is called beside which there is something of the same stem: bonus_events, bonus_view.
EVENTS = "_events"
# With what is put before and after it, a name has to fit into the 63 bytes of PostgreSQL, and into a line.
LONGEST = 32
# The read tables of betledger are before it; of two folders with the same position, the name decides.
FIRST_POSITION = 100
# Of betledger, in a project of its own: the workflow, and what is in the ledger before the team adds to it.
COPIED = {".github/workflows/ledger.yml": "examples/ci/github.yml", "db/api.json": "docs/api.json"}
FIRST_FUNCTION = "open_stakes"


class Kind(StrEnum):
    """What can be made."""

    event_type = "event-type"
    projection = "projection"
    event_table = "event-table"
    function = "function"


EXAMPLES = {
    Kind.event_type: "V1_BETS_BET_NOTED",
    Kind.projection: "stakes_view",
    Kind.event_table: "bonus_events",
    Kind.function: "stakes_of_user",
}


class Refused(Exception):
    """The name cannot be used, or something is there already; the message is one line."""


def pieces(kind: Kind, name: str, source: Source, tests: Path) -> dict[Path, str]:
    """The files of a new thing, by path; nothing is written.

    Args:
        kind: what it is.
        name: what it is called.
        source: the folder of the team.
        tests: where its tests are.

    Raises:
        Refused: the name is none, or is used.
    """
    stem = _stem(kind, name)
    names = {path.stem for path in source.files("schema")}
    number = _next_number(names)
    made = {
        (tests / path.name if path.parts[0] == "tests" else source.folder / path): text
        for path, text in _filled(kind, stem, number, FIRST_POSITION + 10 * len(names)).items()
    }
    _refuse_used(kind, name, made.values(), source)
    if any(path.parent.name == "schema" and max(names, default="") > path.stem for path in made):
        raise Refused(
            f"{source.folder / 'schema' / max(names)}.sql comes after {number}_: begin its name with a number"
        )
    return made


def project(folder: Path) -> dict[Path, str]:
    """The files of a new project with its first function; nothing is written."""
    name = folder.name.lower()
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]*", name) or name in ("schema", "functions", "triggers"):
        raise Refused(f"{folder.name!r} is no name for a project: take letters, digits, dots, - and _")
    made = {folder / path: text for path, text in _filled("project", name).items()}
    made |= {folder / path: (sql_root() / of).read_text(encoding="utf-8") for path, of in COPIED.items()}
    for path, text in _filled(Kind.function, FIRST_FUNCTION).items():
        made[folder / path if path.parts[0] == "tests" else folder / "db" / path] = text
    return made


def write(made: Mapping[Path, str]) -> None:
    """Write files; none if one of them is there.

    Raises:
        Refused: one is there.
    """
    for path in made:
        if path.exists() or path.is_symlink():
            raise Refused(f"{path} is there already: nothing was written")
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)


def _stem(kind: Kind, name: str) -> str:
    """What the templates are filled with."""
    pattern = r"[A-Z][A-Z0-9_]*" if kind is Kind.event_type else r"[a-z][a-z0-9_]*"
    example = EXAMPLES[kind]
    if not re.fullmatch(pattern, name) or not _is_identifier(name):
        raise Refused(f"{name!r} is no name for a new {kind}: take one as {example}, which is no word of SQL")
    if len(name) > LONGEST:
        raise Refused(f"{name} has {len(name)} characters: take {LONGEST} or fewer")
    if kind is not Kind.event_table:
        return name
    stem = name.removesuffix(EVENTS)
    if stem in ("", name):
        raise Refused(f"{name} does not end in {EVENTS}: take one as {example}")
    return stem


def _is_identifier(name: str) -> bool:
    """Whether PostgreSQL takes it as the name of a table and of a function without quotes."""
    try:
        postgast.parse(f"SELECT {name}.id FROM {name}, {name}(1)")
    except postgast.PgQueryError:
        return False
    return True


def _next_number(names: set[str]) -> str:
    """One more than the highest, as wide."""
    numbers = [found[0] for name in names if (found := re.match(r"\d+", name))]
    highest = max(numbers, key=int, default="0000")
    return str(int(highest) + 1).zfill(len(highest))


def _filled(of: str, stem: str, number: str = "", position: int = FIRST_POSITION) -> dict[Path, str]:
    """The templates of a kind with what goes into their holes, by path."""
    holes = {
        "newname": stem.lower(),
        "NEWNAME": stem.upper(),
        "NNNN": number,
        "9999": str(position),
    }

    def fill(text: str) -> str:
        return re.sub("|".join(holes), lambda hole: holes[hole[0]], text)

    top = TEMPLATES / of
    return {
        Path(fill(path.relative_to(top).as_posix())): fill(path.read_text(encoding="utf-8"))
        for path in sorted(top.rglob("*"))
        if path.is_file() and path.suffix in (".sql", ".py", ".md", ".toml")
    }


def _refuse_used(kind: Kind, name: str, texts: Iterable[str], source: Source) -> None:
    """Whether a file of betledger or of the team names what the new ones make."""
    makes = re.compile(r"^CREATE .*?((?:public|projection)\.\w+)", re.MULTILINE)
    words = sorted({re.escape(word) for text in texts for word in makes.findall(text)})
    if kind in (Kind.event_type, Kind.event_table):
        # Made by a row, and by a function: the name is in quotes. Two quotes are an example in a comment.
        words.append(f"(?<!')'{name}'(?!')")
    used = re.compile(rf"({'|'.join(words)})(?!\w)", re.IGNORECASE)
    for path, text in Files(teams=[source]).contents.items():
        if found := used.search(text):
            there = found[1].strip("'")
            raise Refused(f"{there} is there already: {path} names it, take another name")
