"""What commands go by, and where each value came from: flags, the environment, libpq's own, a file, or a default."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from betledger.commands.terminal import warn
from betledger.database import LIBPQ, checked, session
from betledger.demo import DATABASE, MADE_BY_DEMO
from betledger.errors import BetledgerError
from betledger.migrating.backend import BOOKKEEPING
from betledger.migrating.folders import SETTINGS_FILE
from betledger.migrating.waiting import Limits
from betledger.server import EmbeddedServer
from psycopg import conninfo

# Name, variable of the environment, default, what it is.
KNOWN: dict[str, tuple[str, Any, str]] = {
    "database_url": ("DATABASE_URL", None, "the database"),
    "scratch_url": ("BETLEDGER_SCRATCH_URL", None, "where scratch databases are made; else beside the ledger"),
    "migrations": ("BETLEDGER_MIGRATIONS", [], "folders of your own with schema/, functions/ and triggers/"),
    "lock_timeout": ("BETLEDGER_LOCK_TIMEOUT", Limits.lock_timeout, "how long to wait for a table lock"),
    "statement_timeout": ("BETLEDGER_STATEMENT_TIMEOUT", Limits.statement_timeout, "how long a statement may take"),
    "attempts": ("BETLEDGER_ATTEMPTS", Limits.attempts, "how often a migration is tried whose locks are taken"),
    "wait": ("BETLEDGER_WAIT", Limits.wait, "seconds to wait for another runner"),
}  # fmt: skip


# What a file has to give, where that is no text.
KINDS: dict[str, tuple[Any, str]] = {
    "migrations": (list, "a list of folders"),
    "lock_timeout": (str, 'a text with the unit, as "5s"'),
    "statement_timeout": (str, 'a text with the unit, as "15min"'),
    "attempts": (int | str, "a whole number"),
    "wait": (int | str, "a whole number"),
}


@dataclass(frozen=True)
class Setting:
    """A value and where it came from."""

    value: Any
    source: str


def _from_file() -> dict[str, Setting]:
    """What the nearest betledger.toml or pyproject.toml with settings says: here, or in a folder above."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        for name, table in ((SETTINGS_FILE, ()), ("pyproject.toml", ("tool", "betledger"))):
            if values := _values(folder / name, table):
                source = os.path.relpath(folder / name)
                return {key: Setting(_from(folder, key, value), source) for key, value in values.items()}
    return {}


def _values(file: Path, table: tuple[str, ...]) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BetledgerError(f"{file} cannot be read: {error}") from None
    except OSError as error:
        raise BetledgerError(f"{file} cannot be read: {error.strerror}") from None
    for key in table:
        values = values.get(key, {})
        if not isinstance(values, dict):
            raise BetledgerError(f"{file} sets {key} to {values!r}: write the table [{'.'.join(table)}]")
    # The name of a folder of migrations is for those who apply it.
    values = {key: value for key, value in values.items() if key != "name" or file.name != SETTINGS_FILE}
    for key, value in values.items():
        if key not in KNOWN:
            raise BetledgerError(f"{file} sets {key}, which is unknown: choose from {', '.join(KNOWN)}")
        kind, what = KINDS.get(key, (str, "a text"))
        texts = value if key == "migrations" and isinstance(value, list) else []
        if not isinstance(value, kind) or isinstance(value, bool) or not all(isinstance(text, str) for text in texts):
            raise BetledgerError(f"{file} sets {key} to {value!r}: give {what}")
    return values


def _from(folder: Path, key: str, value: Any) -> Any:
    """Folders that a file names are beside it."""
    if key != "migrations":
        return value
    beside = []
    for given in value:
        name, equals, path = given.rpartition("=")
        beside.append(f"{name}{equals}{os.path.relpath(folder / path)}")
    return beside


def settings(**flags: Any) -> dict[str, Setting]:
    """Every setting, by the first of: flag, environment, libpq's variables, betledger.toml or pyproject.toml, default.

    Args:
        flags: what the command line says; None, and a list without anything in it, count as nothing.

    Raises:
        BetledgerError: a file cannot be read, or a value is not of its kind.
    """
    file = _from_file()
    found: dict[str, Setting] = {}
    for name, (variable, default, _) in KNOWN.items():
        value: Any = os.environ.get(variable)
        if flags.get(name) not in (None, []):
            found[name] = Setting(flags[name], "flag")
        # An empty variable is one that is not set; but which database it is, nobody shall guess.
        elif value or (value is not None and name.endswith("_url")):
            found[name] = Setting(value.split(os.pathsep) if name == "migrations" else value, variable)
        elif name == "database_url" and (libpq := [v for v in LIBPQ if v in os.environ]):
            found[name] = Setting("", ", ".join(libpq))
        else:
            found[name] = file.get(name) or Setting(default, "default")
    for name, setting in found.items():
        given = setting.value if isinstance(setting.value, list) else [setting.value]
        if any(str(text).strip() == "" for text in given) and not setting.source.startswith("PG"):
            raise BetledgerError(f"{name} is empty ({setting.source}): give {KNOWN[name][2]}, or leave it out")
    for name in ("attempts", "wait"):
        value = str(found[name].value)
        if not value.isdecimal() or int(value) < (name == "attempts"):
            raise BetledgerError(f"{name} is {value} ({found[name].source}): give a whole number")
    return found


def database_url(found: dict[str, Setting]) -> str:
    """The conninfo of the database: as set, else that of the embedded server, or of the demo where that has no ledger.

    Raises:
        BetledgerError: nothing is set and no embedded server runs, or the URL cannot be read.
    """
    setting = found["database_url"]
    if setting.value is not None:
        return checked(setting.value)
    server = EmbeddedServer()
    if not server.running():
        raise BetledgerError("no database is named: set DATABASE_URL, or start one with `betledger server start`")
    return server.url(embedded_database(server.url()))


@cache
def embedded_database(url: str) -> str:
    """Which database of the embedded server is meant when none is named; that of the demo is told, once.

    Args:
        url: of the server, which runs.
    """
    with session(url) as connection:
        is_demo = connection.execute(
            "SELECT FROM (SELECT) AS one WHERE to_regnamespace(%s) IS NULL AND EXISTS (SELECT FROM pg_database AS d"
            " WHERE d.datname = %s AND shobj_description(d.oid, 'pg_database') = %s)",
            (BOOKKEEPING, DATABASE, MADE_BY_DEMO),
        ).rowcount
    if is_demo:
        warn(f"no database is named: this is {DATABASE}, of the demo; the next demo makes it anew")
    return DATABASE if is_demo else "postgres"


def limits(found: dict[str, Setting]) -> Limits:
    """How long a migration waits for what."""
    return Limits(
        lock_timeout=str(found["lock_timeout"].value),
        statement_timeout=str(found["statement_timeout"].value),
        attempts=int(found["attempts"].value),
        wait=float(found["wait"].value),
    )


def without_password(url: str) -> str:
    """A conninfo that may be shown."""
    try:
        parts = conninfo.conninfo_to_dict(checked(url))
    except (BetledgerError, psycopg.Error):
        return "unreadable"
    for secret in ("password", "sslpassword"):
        if secret in parts:
            parts[secret] = "********"
    return conninfo.make_conninfo("", **parts)


def target(database_url_flag: str | None) -> str:
    """The conninfo that a command works on.

    Args:
        database_url_flag: what the command line says.
    """
    return database_url(settings(database_url=database_url_flag))
