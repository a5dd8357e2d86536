"""What the manual shows runs: the blocks of each page, from its top, on a ledger of its own; and each answer is the one that stands there.

`sql`: a statement with `ops.` or `ledger_feed` in it as an operator, other queries as an application, the rest as who migrates. Lines `-- `
behind a statement are its answer. `shell`: commands that have to succeed. `console`: commands behind `$ ` and what they print;
`...` stands for anything, in a line or as one. `python`, `php` and `typescript`: a program, and a block of `text` behind it for what it prints.
A comment before a block says what has to happen before it (`before:`, SQL), that it is a file (`file:`) or part of one (`excerpt of`), which
other test runs it (`run by`), or why none can (`not run:`): then its commands and statements are parsed.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from betledger.server import binaries
from command import run
from conftest import PASSWORD
from ledger import rows
from manual import (
    DOCS,
    GENERATED,
    PAGES,
    ROOT,
    Block,
    answered,
    as_shown,
    blocks,
    command_lines,
    parse,
    simple_commands,
)
from psycopg import conninfo
from test_cli import drop_login

# TypeScript, node-postgres and their types: what the example of TypeScript installs.
NODE_MODULES = ROOT / "examples" / "typescript" / "node_modules"
# The login that pages make as `app`: there is one of all tests.
LOGIN = "of_the_manual"
PHP = shutil.which("php") and b"pdo_pgsql" in subprocess.run(["php", "-m"], capture_output=True, check=True).stdout
RUN_BY = re.compile(r"run by (tests/\w+\.py)::(\w+)")
LANGUAGES = {"console", "cron", "ini", "json", "php", "python", "shell", "sql", "text", "toml", "typescript"}
# A page that begins with nothing in the database; the others, with the schema and no row.
FROM_NOTHING = "<!-- begins with an empty database -->"
# What a command that succeeds may end with: on a server of tests there is something to find.
FINDS = {"doctor"}
ALL_BLOCKS = [block for page in PAGES for block in blocks(page)]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


# A paragraph that belongs to an item of a numbered list.
LISTED = r"(?m)^\d+\. (?:.*\n(?!#))*?"
# What cannot run here, and why.
NOT_RUN = {
    ("docs/running.md", "betledger migrate --migrations db", "not run: a folder and a server of the reader"),
    ('docs/scaling.md', "SELECT citus_set_coordinator_host('coordinator', 5432);", 'not run: on a cluster of the reader'),
    ('docs/scaling.md', "SELECT citus_create_restore_point('before-release-7');", 'not run: on a cluster of the reader'),
    ("docs/start/ci.md", "betledger server start", "not run: the server of the tests runs already"),
    ('docs/start/php.md', "pip install '.[server]'", 'not run: the server of the tests runs already'),
    ('docs/start/python.md', "pip install '.[server]'", 'not run: the server of the tests runs already'),
    ('docs/start/typescript.md', "pip install '.[server]'", 'not run: the server of the tests runs already'),
}


def test_what_does_not_run_is_known() -> None:
    marked = {(name(b.page), b.text.split("\n")[0], b.mark or "") for b in ALL_BLOCKS if not b.runs and not b.excerpt and not RUN_BY.fullmatch(b.mark or "")}
    assert marked == NOT_RUN


def test_each_mark_names_a_test_that_is_there() -> None:
    for block in ALL_BLOCKS:
        if named := RUN_BY.fullmatch(block.mark or ""):
            assert re.search(rf"(?m)^def {named[2]}\(", (ROOT / named[1]).read_text()), str(block)


def test_every_block_says_what_it_is() -> None:
    assert {str(b): b.language for b in ALL_BLOCKS if b.language not in LANGUAGES} == {}
    indented = [f"{name(p)}: {line}" for p in PAGES for line in re.findall(r"(?m)(?<=\n\n) {4}\S.*", re.sub(r"(?ms)^ *```.*?^ *```", "", p.read_text())) if not re.search(LISTED + re.escape(line), p.read_text())]
    assert indented == [], "code that is indented is not run: put it into a fence"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_can_be_read(page: Path) -> None:
    """Also those that do not run: each command with its options, each statement, each file of settings."""
    for block in blocks(page):
        if block.language in {"shell", "console"}:
            for line, _ in command_lines(block):
                for words in simple_commands(line):
                    parse(words)
        elif block.language == "cron":
            for line in block.text.splitlines():
                for words in simple_commands(line.split(maxsplit=5)[5]):
                    parse(words)
        elif block.language == "sql" and not block.excerpt:
            assert list(answered(block.text, name(page))), str(block)
        elif block.language in READERS:
            READERS[block.language](block.text)


def test_an_excerpt_holds_lines_of_its_file() -> None:
    for block in ALL_BLOCKS:
        if block.excerpt:
            lines = iter((ROOT / block.excerpt).read_text().split("\n"))
            wanted = [line.strip() for line in block.text.splitlines()]
            assert [line for line in wanted if not any(line == other.strip() for other in lines)] == [], str(block)


READERS: dict[str, Callable[[str], object]] = {
    "json": json.loads, "toml": tomllib.loads, "python": lambda text: compile(text, "a page", "exec"),
}  # fmt: skip


class Ledger:
    """What the blocks of a page run on, one after the other."""

    def __init__(self, dsn: str, folder: Path, stack: ExitStack, is_empty: bool) -> None:
        self.dsn, self.folder, self.stack, self.is_empty = dsn, folder, stack, is_empty
        self.logins: dict[str | None, psycopg.Connection] = {}
        parts = conninfo.conninfo_to_dict(dsn)
        self.environment = os.environ | {
            "DATABASE_URL": url_of(dsn), "PGHOST": str(parts["host"]), "PGPORT": str(parts["port"]), "PGUSER": str(parts["user"]),
            "PGDATABASE": str(parts["dbname"]), "PGPASSWORD": str(parts.get("password", "")),
            "APP_URL": url_of(conninfo.make_conninfo(dsn, user="app", password=PASSWORD)),
            "PATH": f"{Path(sys.executable).parent}:{binaries()}:{os.environ['PATH']}", "PYTHONPATH": str(folder),
        }  # fmt: skip

    def login(self, user: str | None) -> psycopg.Connection:
        user = None if self.is_empty else user
        if user not in self.logins:
            login = {"user": user, "password": PASSWORD} if user else {}
            self.logins[user] = self.stack.enter_context(psycopg.connect(conninfo.make_conninfo(self.dsn, **login), autocommit=True))
        return self.logins[user]

    def sql(self, block: Block) -> None:
        told = list(answered(block.text, str(block)))
        if told[0][0].startswith("SET LOCAL ROLE"):
            # What a migration does, in one transaction.
            with self.login(None).transaction():
                self.login(None).execute(block.text.encode())
            return
        is_transaction = told[0][0] == "BEGIN"
        for statement, answer in told:
            is_query = is_transaction or re.match(r"(SELECT|INSERT|WITH|EXPLAIN)\b", statement)
            user = None if not is_query else "operator" if re.search(r"\bops\.|\bledger_feed\(", statement) else "app"
            cursor = self.login(user).execute(statement.encode())
            given = [" | ".join(map(as_shown, row)) for row in cursor.fetchall()] if answer else []
            assert given == answer, (str(block), statement)

    def shell(self, block: Block) -> None:
        for line, said in command_lines(block):
            line = re.sub(r"\brole (create|drop) app\b", rf"role \1 {LOGIN}", line)
            first = next(simple_commands(line))[0]
            if first in {"make", "pip", "export", "cd", "git", "docker", "pytest"}:
                continue
            if first == "betledger" and not re.search("[|&$]", line):
                words, _, file = line.partition(" > ")
                done = run(*shlex.split(words)[1:], url=self.dsn, cwd=self.folder)
                if file:
                    (self.folder / file).write_text(done.stdout)
            else:
                done = subprocess.run(["bash", "-c", line], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False)
            if " role create " in line:
                password = (self.folder / f"{LOGIN}.password").read_text()
                psycopg.connect(conninfo.make_conninfo(self.dsn, user=LOGIN, password=password)).close()
            printed = (done.stdout + done.stderr).rstrip("\n")
            if block.language == "shell":
                finds = FINDS & set(shlex.split(line))
                assert done.returncode in ({0, 3} if finds else {0}), (str(block), line, printed)
            else:
                assert re.fullmatch(pattern(said), printed), (str(block), line, printed)

    def program(self, block: Block, *command: str) -> None:
        """Run a block in its language; what it prints stands in the block of text behind it."""
        done = subprocess.run(
            command, input=block.text, cwd=self.folder, env=self.environment | {"PGUSER": "app", "PGPASSWORD": PASSWORD},
            capture_output=True, text=True, check=False,
        )
        assert done.returncode == 0, (str(block), done.stdout + done.stderr)
        page = blocks(block.page)
        after = page[page.index(block) + 1 : page.index(block) + 2]
        if after and after[0].language == "text":
            assert re.fullmatch(pattern(after[0].text.rstrip("\n").split("\n")), done.stdout.rstrip("\n")), (str(block), done.stdout)

    def python(self, block: Block) -> None:
        self.program(block, sys.executable, "-")

    def php(self, block: Block) -> None:
        self.program(block, "php")

    def typescript(self, block: Block) -> None:
        (self.folder / "node_modules").symlink_to(NODE_MODULES)
        (self.folder / "package.json").write_text('{"type": "module"}')
        (self.folder / "first.ts").write_text(block.text)
        options = "--strict --skipLibCheck --target es2022 --module nodenext --types node"
        self.program(block, "sh", "-c", f"node_modules/.bin/tsc {options} first.ts && node first.js")

    console = shell


def url_of(dsn: str) -> str:
    parts = conninfo.conninfo_to_dict(dsn)
    who = str(parts["user"]) + (f":{str(parts['password']).replace(' ', '%20')}" if "password" in parts else "")
    return f"postgresql://{who}@{parts['host']}:{parts['port']}/{parts['dbname']}"


def pattern(said: list[str]) -> str:
    """What is printed, with `...` for anything: any lines where it stands alone."""
    lines = [r"(?:.*\n)*?.*" if line.strip() == "..." else re.escape(line.rstrip()).replace(r"\.\.\.", ".*") + r" *" for line in said]
    return "\n".join(lines)


def running(page: Path) -> list[Block]:
    return [b for b in blocks(page) if b.runs and (b.file or b.language in {"sql", "shell", "console", "python", "php", "typescript"})]


@pytest.mark.not_on_citus("the manual is that of one server; test_citus.py has what is different")
@pytest.mark.parametrize("page", [page for page in PAGES if running(page)], ids=name)
def test_a_page_runs_from_its_top(page: Path, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    languages = {block.language for block in running(page)}
    if "php" in languages and not PHP:
        pytest.skip("php with pdo_pgsql is not installed")
    if "typescript" in languages and not (shutil.which("node") and NODE_MODULES.is_dir()):
        pytest.skip("there is no node, or its packages are not installed in examples/typescript")
    is_empty = FROM_NOTHING in page.read_text()
    dsn = request.getfixturevalue("empty" if is_empty else "dsn")
    with ExitStack() as stack:
        ledger = Ledger(dsn, tmp_path, stack, is_empty)
        stack.callback(drop_login, ledger.login(None), LOGIN)
        for block in running(page):
            if block.before:
                ledger.login(None).execute(block.before.encode())
            if block.file:
                (tmp_path / block.file).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / block.file).write_text(block.text)
            else:
                getattr(ledger, block.language)(block)
        assert rows(ledger.login(None), "SELECT * FROM ops.verify_projections()") == []


# Links ---------------------------------------------------------------------------------------------------------------

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"(?m)^#+ (.+)$")


def prose(page: Path) -> str:
    """A page without its blocks and its code."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"(?ms)^ *```.*?^ *```$", "", page.read_text(encoding="utf-8")))


def anchors(page: Path) -> set[str]:
    """The names of the headings of a page, as GitHub and MkDocs make them."""
    text = re.sub(r"(?ms)^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.replace("`", "")).strip().lower().replace(" ", "-") for title in HEADING.findall(text)}


@pytest.mark.parametrize("page", [*PAGES, *GENERATED, ROOT / "CHANGELOG.md"], ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for link in LINK.findall(prose(page)):
        if re.match("https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_no_two_headings_of_a_page_have_one_name() -> None:
    """GitHub and MkDocs number them in different ways."""
    for page in [*PAGES, *GENERATED]:
        titles = HEADING.findall(re.sub(r"(?ms)^ *```.*?^ *```$", "", page.read_text(encoding="utf-8")))
        assert len(titles) == len({title.lower() for title in titles}), name(page)


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r"[\w/]+\.md", (ROOT / "mkdocs.yml").read_text()))
    there = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")}
    assert listed == there | {"security.md", "changelog.md"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manual, as `make docs` builds it."""
    if not find_spec("material"):
        pytest.skip("mkdocs-material is not installed: pip install '.[docs]'")
    folder = tmp_path_factory.mktemp("manual")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)],
        cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_manual_is_built_and_fetches_nothing(built: Path) -> None:
    pages = list(built.rglob("*.html"))
    assert len(pages) > len(PAGES)
    fetched = r"<(?:script|img|iframe|source)[^>]*\bsrc=\"?(?:https?:)?//|<link[^>]*href=\"?(?:https?:)?//[^>]*>|@import|url\((?:https?:)?//"
    assert {str(page): found for page in pages if (found := re.findall(fetched, page.read_text()))} == {}
    assert not any(re.search(r"@import|url\([\"']?(?:https?:)?//", file.read_text()) for file in built.rglob("*.css"))


def test_links_of_the_built_manual_lead_to_its_pages(built: Path) -> None:
    """Those to files of the repository, too, which become pages of it."""
    lost = []
    for page in built.rglob("*.html"):
        for link in re.findall(r'<a[^>]*\bhref="?([^" >]+)', page.read_text()):
            path = link.partition("#")[0]
            if path and not re.match(r"\w+:", path) and not (page.parent / path).exists():
                lost.append((str(page.relative_to(built)), link))
    assert [found for found in lost if found[0] != "404.html"] == []
