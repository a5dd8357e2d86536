"""The pages of the manual as tests see them: their blocks, and what runs each."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import typer.main
from betledger.cli import app
from betledger.migrating.statements import statements

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
# What tests of their own hold equal to the catalogue is no page that somebody writes.
GENERATED = {DOCS / "reference.md"}
PAGES = sorted({ROOT / "README.md", ROOT / "SECURITY.md", *DOCS.rglob("*.md")} - GENERATED)
FENCE = re.compile(
    r"(?m)^(?: *<!-- (?P<mark>.+?) -->\n)?(?P<margin> *)```(?P<language>\w*)\n(?P<text>(?:.*\n)*?)(?P=margin)```$"
)
# What a command line of a page may call beside betledger.
PROGRAMS = {"cd", "createdb", "curl", "docker", "export", "git", "pg_basebackup", "pg_dump", "pg_dumpall", "pg_restore", "php", "psql", "pytest", "source"}  # fmt: skip
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
TARGETS = set(re.findall(r"(?m)^([a-z][\w-]*):", (ROOT / "Makefile").read_text()))


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and what a comment before it says of it."""

    page: Path
    line: int
    language: str
    text: str
    mark: str | None

    @property
    def before(self) -> str | None:
        """SQL that brings about what the block then shows."""
        return self._said("before: ")

    @property
    def file(self) -> str | None:
        """The file that the block is, in the folder of the reader."""
        return self._said("file: ")

    @property
    def excerpt(self) -> str | None:
        """The file that it shows lines of."""
        return self._said("excerpt of ")

    @property
    def runs(self) -> bool:
        return self.mark is None or bool(self.before or self.file)

    def _said(self, what: str) -> str | None:
        return self.mark.removeprefix(what) if self.mark and self.mark.startswith(what) else None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, from its top."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page, text.count("\n", 0, found.start("language")) + 1, found["language"],
            re.sub(rf"(?m)^{found['margin']}", "", found["text"]), found["mark"],
        )
        for found in FENCE.finditer(text)
    ]  # fmt: skip


def section(page: Path, title: str) -> str:
    """What stands below a heading, to the next of its level or a higher one."""
    text = page.read_text(encoding="utf-8")
    head = re.search(rf"(?m)^(#+) {re.escape(title)}\n", text)
    assert head, f"{page} has no section {title!r}"
    return re.split(rf"(?m)^#{{1,{len(head[1])}}} ", text[head.end() :])[0]


def table(page: Path, head: str) -> list[list[str]]:
    """The rows of the table with this head, cell by cell."""
    lines = page.read_text(encoding="utf-8").split(f"| {head} ")[1].split("\n\n")[0].split("\n")[2:]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def answered(text: str, name: str) -> Iterator[tuple[str, list[str]]]:
    """Each statement of a block of SQL, and the lines `-- ` that stand behind it: its answer."""
    found = list(statements(name, text))
    for n, (begin, query) in enumerate(found):
        until = found[n + 1][0] if n + 1 < len(found) else len(text)
        lines = text[begin + len(query) : until].split("\n")
        yield query, [line.removeprefix("-- ") for line in lines if line.startswith("-- ")]


def as_shown(value: object) -> str:
    """A value as it stands in an answer."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool | list) else str(value)


def command_lines(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Each command of a block, and the lines that it prints; in a block of `console`, `$ ` begins a command."""
    if block.language == "console":
        for part in re.split(r"(?m)^\$ ", block.text)[1:]:
            command, *said = part.rstrip("\n").split("\n")
            yield command, said
    else:
        for line in block.text.replace("\\\n", " ").split("\n"):
            if command := re.sub(r"(^|\s+)# .*", "", line):
                yield command, []


def simple_commands(line: str) -> Iterator[list[str]]:
    """The programs that a line calls, with their words: parts of pipes and of `&&`, without redirections."""
    words: list[str] = []
    rest = iter([*shlex.split(re.sub(r"[$][(]([^)]*)[)]", "value", line), comments=True), "&&"])
    for word in rest:
        if word in {"|", "&&"}:
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words.pop(0)
            if words:
                yield words
            words = []
        elif word in {">", "<"}:
            next(rest)
        else:
            words.append(word)


def parse(words: list[str]) -> None:
    """Fails if a command is none that there is, or has options that it does not take."""
    program, *arguments = words
    if program == "betledger":
        command = typer.main.get_command(app)
        command_of(command, arguments)
    elif program == "make":
        wanted = [word for word in arguments if "=" not in word and not word.startswith("-")]
        assert set(wanted) <= TARGETS, f"{words}: the Makefile has no such target"
    elif program == "pip":
        extras = {name for word in arguments for name in re.findall(r"[\w-]+", "".join(re.findall(r"\[(.*)\]", word)))}
        assert extras <= set(EXTRAS), f"{words}: there are no such extras"
    else:
        assert program in PROGRAMS, f"{words}: no test knows this program"


def command_of(command: object, arguments: list[str], path: str = "betledger") -> None:
    """Parse the words of a command line as `betledger` would, without running it."""
    within = command.make_context(path, list(arguments), help_option_names=[], resilient_parsing=False)  # type: ignore[attr-defined]
    names = getattr(command, "commands", None)
    if names is not None:
        first, *rest = [*within._protected_args, *within.args]
        assert first in names, f"{path} has no command {first!r}"
        command_of(names[first], rest, f"{path} {first}")
