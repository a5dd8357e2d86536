"""What commands go by, and where each value came from: flags, the environment, libpq's own, a file, or a default."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from betledger.database import LIBPQ, checked
from betledger.errors import BetledgerError
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


@dataclass(frozen=True)
class Setting:
    """A value and where it came from."""

    value: Any
    source: str


def _from_file() -> dict[str, Setting]:
    for name, table in (("betledger.toml", ()), ("pyproject.toml", ("tool", "betledger"))):
        file = Path(name)
        if not file.is_file():
            continue
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BetledgerError(f"{file} cannot be read: {error}") from None
        for key in table:
            values = values.get(key, {})
        if unknown := values.keys() - KNOWN.keys():
            raise BetledgerError(f"{file} sets {min(unknown)}, which is unknown: choose from {', '.join(KNOWN)}")
        if values:
            return {key: Setting(value, name) for key, value in values.items()}
    return {}


def settings(**flags: Any) -> dict[str, Setting]:
    """Every setting, by the first of: flag, environment, libpq's variables, betledger.toml or pyproject.toml, default.

    Args:
        flags: what the command line says; None and empty lists count as nothing.

    Raises:
        BetledgerError: a file cannot be read, or a value is not of its kind.
    """
    file = _from_file()
    found: dict[str, Setting] = {}
    for name, (variable, default, _) in KNOWN.items():
        if flags.get(name):
            found[name] = Setting(flags[name], "flag")
        elif os.environ.get(variable):
            value: Any = os.environ[variable]
            found[name] = Setting(value.split(os.pathsep) if name == "migrations" else value, variable)
        elif name == "database_url" and (libpq := [v for v in LIBPQ if v in os.environ]):
            found[name] = Setting("", ", ".join(libpq))
        else:
            found[name] = file.get(name) or Setting(default, "default")
    for name in ("attempts", "wait"):
        value = str(found[name].value)
        if not value.isdecimal() or int(value) < (name == "attempts"):
            raise BetledgerError(f"{name} is {value} ({found[name].source}): give a whole number")
    if not isinstance(found["migrations"].value, list | tuple):
        raise BetledgerError(f"migrations is {found['migrations'].value}: give a list of folders")
    return found


def database_url(found: dict[str, Setting]) -> str:
    """The conninfo of the database: as set, else that of the embedded server.

    Raises:
        BetledgerError: nothing is set and no embedded server runs, or the URL cannot be read.
    """
    setting = found["database_url"]
    if setting.value is not None:
        return checked(setting.value)
    server = EmbeddedServer()
    if not server.running():
        raise BetledgerError("no database is named: set DATABASE_URL, or start one with `betledger server start`")
    return server.url()


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
