"""A release, rehearsed: built, installed where nothing else is, used from there, frozen, and upgraded from."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import load
import psycopg
import pytest
from betledger.new.writing import COPIED
from conftest import FOLDER, PASSWORD, make_logins
from ledger import rows
from psycopg import conninfo

SOURCES = Path(__file__).parents[1]
VERSION = tomllib.loads((SOURCES / "pyproject.toml").read_text())["project"]["version"]
NEWEST = max(path.stem for path in (SOURCES / "schema").glob("*[!k].sql") if not path.name.endswith(".rollback.sql"))
SQL = ("schema", "functions", "triggers")


def copied(to: Path) -> Path:
    """The sources that a release is made of."""
    names = shutil.ignore_patterns(".*cache", "__pycache__", ".venv", ".git", "build", "*.egg-info", "node_modules")

    def ignored(folder: str, found: list[str]) -> set[str]:
        # Our own tests: what `betledger new` writes has some, too.
        return {*names(folder, found), *(("tests",) if Path(folder) == SOURCES else ())}

    return Path(shutil.copytree(SOURCES, to, ignore=ignored))


def interpreter(version: str) -> str | None:
    """A Python of this version that runs: on the path, or of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}"), *map(str, pyenv.glob(f"{version}.*/bin/python{version}"))]
    for python in found:
        if python and subprocess.run([python, "-c", "import venv"], capture_output=True).returncode == 0:
            return python
    return None


def pip(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", *words, "--quiet", "--disable-pip-version-check", "--no-compile"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[Path]]:
    """Builds a source distribution, and from that a wheel, as `python -m build` does; or what is asked for."""
    pytest.importorskip("build", reason="betledger[test] is not installed")
    tools = tmp_path_factory.mktemp("tools")
    fetched = pip("install", "--target", str(tools), "setuptools>=77")
    if fetched.returncode:
        pytest.skip(f"nothing was built: setuptools cannot be fetched: {fetched.stderr.strip().splitlines()[-1]}")

    def built(tree: Path, *asked: str) -> list[Path]:
        made = subprocess.run(
            [sys.executable, "-m", "build", *asked, "--no-isolation", "--outdir", str(tree / "dist"), str(tree)],
            env=os.environ | {"PYTHONPATH": str(tools)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert made.returncode == 0, made.stdout + made.stderr
        # What setuptools warns of today, it does not build tomorrow.
        assert not re.search(r"deprecat|would be ignored", made.stdout + made.stderr, re.IGNORECASE)
        return sorted((tree / "dist").iterdir(), key=lambda path: path.suffix)

    return built


@pytest.fixture(scope="module")
def released(build: Callable[..., list[Path]], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The sources, and the wheel."""
    return build(copied(tmp_path_factory.mktemp("release") / "tree"))


@pytest.mark.not_on_citus("nothing of it is")
def test_both_distributions_hold_all_that_is_needed_and_nothing_else(released):
    sources, wheel = released
    ours = {str(path.relative_to(SOURCES)) for folder in SQL for path in (SOURCES / folder).rglob("*.sql")}
    ours |= {".sqlfluff", ".squawk.toml", *COPIED.values()}
    package = {
        str(path.relative_to(SOURCES / "runner")) for path in (SOURCES / "runner").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }  # fmt: skip
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == {f"betledger/sql/{path}" for path in ours} | {f"betledger/{path}" for path in package}
    with tarfile.open(sources) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert ours | {f"runner/{path}" for path in package} | {"README.md", "LICENSE", "pyproject.toml"} <= inside
    others = {path for path in inside - ours if path not in {str(parent) for our in ours for parent in Path(our).parents}}
    assert not [path for path in others if path.startswith(("tests", "docs", "examples", ".ci", "build"))]


class Installed:
    """A release in a place of its own.

    Args:
        command: what runs it.
        folder: where it is run: not the checkout.
        more: of the environment.
    """

    def __init__(self, command: list[str], folder: Path, **more: str) -> None:
        self.command, self.folder, self.more = command, folder, more

    def __call__(self, *words: str, url: str | None = None, code: int = 0, **more: str) -> str:
        """What a command prints, which has to end with this exit code."""
        left_out = ("DATABASE_URL", "PYTHONPATH", "BETLEDGER_HOME")
        environment = {k: v for k, v in os.environ.items() if k not in left_out and not k.startswith("PGHOST")}
        environment |= self.more | more | ({"DATABASE_URL": url} if url else {})
        done = subprocess.run([*self.command, *words], cwd=self.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == code, (words, done.stdout[-2000:], done.stderr[-2000:])
        # Errors are told on the other one.
        return done.stdout or done.stderr


def installed(wheel: Path, place: Path) -> Installed:
    """A wheel beside what the tests have installed, and before their betledger."""
    done = pip("install", "--no-deps", "--target", str(place), str(wheel))
    assert done.returncode == 0, done.stderr
    return Installed([sys.executable, "-m", "betledger"], place.parent, PYTHONPATH=str(place))


@pytest.fixture(scope="module")
def home() -> Iterator[str]:
    """For an embedded server, which the tests use one after the other."""
    with tempfile.TemporaryDirectory(prefix="betledger-", dir=FOLDER) as folder:
        os.chmod(folder, 0o711)
        yield folder


@pytest.mark.not_on_citus("a server of its own")
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_a_release_is_used_where_nothing_else_is(released, home, tmp_path, version):
    if (python := interpreter(version)) is None:
        pytest.skip(f"there is no Python {version} here that runs")
    venv = tmp_path / "venv"
    subprocess.run([python, "-m", "venv", "--without-pip", str(venv)], check=True)
    done = pip("--python", str(venv / "bin" / "python"), "install", f"{released[1]}[server]")
    assert done.returncode == 0, done.stderr
    assert "site-packages" in subprocess.run(
        [venv / "bin" / "python", "-c", "import betledger; print(betledger.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    betledger = Installed([str(venv / "bin" / "betledger")], tmp_path, BETLEDGER_HOME=home)
    assert "Usage: betledger [OPTIONS] COMMAND" in betledger("--help")
    assert json.loads(betledger("version", "--json"))["code"] == VERSION
    # No database is named: a server of our own.
    betledger("server", "start")
    try:
        assert "All projections equal the fold of their events." in betledger("demo")
        assert f"betledger {VERSION}, schema {NEWEST}" in betledger("status")
        url = betledger("server", "url", "betledger_demo").strip()
        assert betledger("migrate", url=url) == "up to date\n"
        assert betledger("verify-schema", url=url) == ""
        assert "ok  read tables are folded" in betledger("doctor", url=url)
        assert json.loads(betledger("plan", "--json", url=url))["steps"] == []
        assert betledger("api", "--check", str(SOURCES / "docs" / "api.json"), url=url) == ""
        for form in ("ts", "py", "php"):
            assert len(betledger("api", "--format", form, url=url)) > 10_000
    finally:
        betledger("server", "destroy", "--yes")


@pytest.mark.not_on_citus("nothing of it is")
def test_a_release_lints_by_our_rules(released, tmp_path):
    """With the linters that the tests have: they are large."""
    if not (Path(sys.executable).parent / "squawk").exists():
        pytest.skip("betledger[lint] is not installed")
    (tmp_path / "db" / "functions").mkdir(parents=True)
    (tmp_path / "db" / "functions" / "bad.sql").write_text("select 1;\n")
    betledger = installed(released[1], tmp_path / "place")
    assert "db/functions/bad.sql:1" in betledger("lint", "--no-ours", "--migrations", "db", code=1)


# ------------------------------------------------------------------------------------------- frozen, and one step further

# What 0.3.0 might bring: a column, a read table that is folded from what is there, and another text of a function.
FURTHER = {
    "schema/{next}_fixtures_view.sql": """SET LOCAL ROLE betledger_owner;
ALTER TABLE public.tenants ADD COLUMN note text;
CREATE TABLE public.fixtures_view (tenant_id bigint, fixture_id text COLLATE "C", bets integer NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, fixture_id));
SELECT projection.wall_off('public.fixtures_view');
CREATE INDEX bets_view_fixture ON public.bets_view (tenant_id, fixture_id);
""",
    "schema/{next}_fixtures_view.rollback.sql": """SET LOCAL ROLE betledger_owner;
DROP INDEX public.bets_view_fixture;
SELECT projection.forget('public.fixtures_view');
DROP TABLE public.fixtures_view CASCADE;
ALTER TABLE public.tenants DROP COLUMN note;
""",
    "functions/projections/fixtures_view.sql": """-- requires: functions/compiler/define.sql
SET LOCAL ROLE betledger_owner;
CREATE OR REPLACE FUNCTION projection.fixture_of_bet(b public.bets_view)
RETURNS TABLE (tenant_id bigint, fixture_id text, bets integer) LANGUAGE sql STABLE
AS 'SELECT b.tenant_id, b.fixture_id, 1 WHERE b.fixture_id IS NOT NULL';
REVOKE ALL ON FUNCTION projection.fixture_of_bet(public.bets_view) FROM public;
SELECT projection.define('public.fixtures_view', '{projection.fixture_of_bet}', p_position => 35);
""",
}


@pytest.fixture
def release(build, tmp_path: Path) -> Callable[..., Installed]:
    """Builds and installs the sources as they would be at a version, with some files changed."""

    def made(version: str, files: dict[str, str] | None = None, **changes: tuple[str, str]) -> Installed:
        tree = copied(tmp_path / f"tree-{version}")
        for path, text in (files or {}).items():
            (tree / path).write_text(text)
        for path, (old, new) in {"pyproject.toml": (f'"{VERSION}"', f'"{version}"')}.items() | changes.items():
            text = (tree / path).read_text()
            assert old in text, path
            (tree / path).write_text(text.replace(old, new))
        (wheel,) = build(tree, "--wheel")
        return installed(wheel, tmp_path / f"installed-{version}")

    return made


@pytest.mark.not_on_citus("test_citus.py migrates there; the wheel is the same")
def test_a_ledger_of_the_frozen_release_is_upgraded_beside_its_writers(release, empty, tmp_path):
    following = f"{int(NEWEST[:4]) + 1:04}"
    further = {path.format(next=following): text for path, text in FURTHER.items()}
    other_text = {"functions/api/deposit.sql": ("is credited at once. Amount", "is credited, at once. Amount")}
    frozen = release("0.2.0")
    later = release("0.3.0", further, **other_text)
    place = Path(shutil.copytree(later.more["PYTHONPATH"], tmp_path / "edited"))
    file = place / "betledger" / "sql" / "schema" / "0004_bets_view.sql"
    file.write_text(file.read_text().replace("Decimal odds", "The odds"))
    edited = Installed(later.command, tmp_path, PYTHONPATH=str(place))

    frozen("migrate", url=empty)
    assert json.loads(frozen("version", "--json", url=empty)) == {"code": "0.2.0", "schema": NEWEST}
    with psycopg.connect(empty, autocommit=True) as db:
        make_logins(db)

        def opens(user: str) -> Callable[[], psycopg.Connection]:
            return lambda: psycopg.connect(conninfo.make_conninfo(empty, user=user, password=PASSWORD), autocommit=True)

        app, operator = opens("app"), opens("operator")
        record = load.run(load.plan(1, 4, 25), app, operator)
        load.check(db, record)
        before = len(record.answers)

        # Writers that know nothing of it go on until it is over.
        over, rounds = threading.Event(), []

        def write() -> None:
            while not over.is_set():
                load.run(load.plan(2 + len(rounds), 4, 15), app, operator, maintain=False, record=record)
                rounds.append(len(record.answers))

        writers = threading.Thread(target=write)
        writers.start()
        time.sleep(0.5)
        try:
            later("migrate", "--wait", "30", url=empty)
        finally:
            over.set()
            writers.join()
        assert rounds and rounds[-1] > before
        assert json.loads(later("version", "--json", url=empty)) == {"code": "0.3.0", "schema": f"{following}_fixtures_view"}
        assert later("verify-schema", url=empty) == ""
        assert "fixtures_view was folded by another definition" in later("status", url=empty, code=3)
        later("rebuild", "fixtures_view", url=empty)
        later("status", url=empty)
        later("verify", url=empty)
        # Nothing is lost: each answer has its one effect, and all adds up.
        load.check(db, record)
        (counted,) = rows(db, "SELECT sum(bets) AS bets FROM public.fixtures_view")
        assert counted["bets"] == rows(db, "SELECT count(*) AS n FROM public.bets_view WHERE fixture_id IS NOT NULL")[0]["n"] > 0

        # The older code knows that it is older.
        assert f"{following}_fixtures_view.sql was applied but is not there" in frozen("migrate", url=empty, code=3)
        # What is frozen is never edited.
        told = edited("migrate", url=empty, code=3)
        assert "schema/0004_bets_view.sql was edited after it was applied" in told
        assert later("verify-schema", url=empty) == ""

        # And back: what would be lost is named, and the frozen release goes on.
        assert "rows would be lost in public.fixtures_view" in later("rollback", url=empty, code=1)
        later("rollback", "--force", url=empty)
        frozen("migrate", "--prune", url=empty)
        assert frozen("verify-schema", url=empty) == ""
        frozen("status", url=empty)
        load.run(load.plan(99, 4, 15), app, operator, record=record)
        load.check(db, record)
        frozen("verify", url=empty)
