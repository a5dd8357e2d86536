"""Clean databases for tests, in milliseconds: clones of a template that is named by what is in the migrations.

The template is made once, and stays for the next run. What nobody has used for a day goes when the next one is cloned.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from betledger.database import POOLER, conninfo_of, on_citus, pooled
from betledger.errors import BetledgerError, in_one_line
from betledger.migrating.files import Files
from betledger.migrating.folders import Source
from betledger.migrating.migrator import opened
from betledger.migrating.statements import checksum
from psycopg import conninfo, sql

# Seconds after which a clone that nobody is connected to, or a template that nobody clones, is dropped.
STALE = 24 * 3600
CLONE = re.compile(r"betledger_clone_(?P<made>[0-9]{10})_[0-9a-f]{8}")
TEMPLATE = re.compile(r"betledger_template_[0-9a-f]{16}")
# What ours say of themselves. One with another comment belongs to somebody, whatever it is called.
MADE = re.compile(r"made by betledger for tests, used at (?P<used>[0-9]{10})")
ATTEMPTS = 3


def clone(
    connection: psycopg.Connection[Any], teams: Sequence[Source | Path | str], beside_ledgers: bool
) -> tuple[str, str]:
    """A new database without a row, as the migrations make it, which stays until it is dropped; and its template.

    Args:
        connection: to any database of the server, of a role that may create databases and roles.
        teams: folders of application teams, as `Source.of` takes them.
        beside_ledgers: whether it may be on a server that has a ledger which is no clone.

    Raises:
        BetledgerError: the server is not one for tests, or the role may not.
    """
    for _ in range(ATTEMPTS):
        # A run of other migrations may drop it before it is cloned.
        with contextlib.suppress(psycopg.errors.InvalidCatalogName):
            prepared = template(connection, teams, beside_ledgers)
            return clone_of(connection, prepared), prepared
    raise BetledgerError("the template is dropped again and again before it is cloned: see what else uses the server")


def template(connection: psycopg.Connection[Any], teams: Sequence[Source | Path | str], beside_ledgers: bool) -> str:
    """The name of the template, which is made unless it is there; arguments and errors as of `clone`."""
    _require_server_for_tests(connection, beside_ledgers)
    files = Files(teams=teams)
    # Roles do not own each other's databases, and may clone only their own.
    name = f"betledger_template_{checksum(f'{connection.info.user} {files.contents!r}')[:16]}"
    _drop_stale(connection, name)
    lock = (name,)
    # Of runs that begin at the same moment in the same database, one makes it.
    connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", lock)
    try:
        if not _databases(connection, name):
            _make(connection, name, files)
        _is_used(connection, name)
    except psycopg.errors.InsufficientPrivilege as error:
        raise BetledgerError(
            f"no database can be cloned: {in_one_line(error)}; name a role with CREATEDB and CREATEROLE"
        ) from error
    finally:
        connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", lock)
    return name


def clone_of(connection: psycopg.Connection[Any], template: str) -> str:
    """The name of a new database like this one. It tells when it was made: should we be killed, it goes in the end."""
    name = f"betledger_clone_{int(time.time())}_{secrets.token_hex(4)}"
    connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    _is_used(connection, name)
    return name


def require_clone(name: str) -> None:
    """Raise a BetledgerError for what is not called as a clone is."""
    if not CLONE.fullmatch(name):
        raise BetledgerError(f"{name!r} is not the name of a clone, nor its URL: nothing was dropped")


def drop(connection: psycopg.Connection[Any], name: str) -> bool:
    """Drop a clone, whoever is connected to it; gives whether it was there.

    Raises:
        BetledgerError: it is none.
    """
    require_clone(name)
    there = _databases(connection, name)
    for _, _, remark in there:
        if remark and not MADE.fullmatch(remark):
            raise BetledgerError(f"{name} has a comment that no clone has: nothing was dropped")
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    return bool(there)


def _databases(connection: psycopg.Connection[Any], name: str | None = None) -> list[tuple[str, bool, str | None]]:
    """Name, whether it is ours to drop and nobody is connected, and comment, of one database or of all."""
    return connection.execute(
        "SELECT d.datname, pg_has_role(d.datdba, 'USAGE')"
        " AND NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datid = d.oid),"
        " shobj_description(d.oid, 'pg_database')"
        " FROM pg_database AS d WHERE %s::name IS NULL OR d.datname = %s",
        (name, name),
    ).fetchall()


def _require_server_for_tests(connection: psycopg.Connection[Any], beside_ledgers: bool) -> None:
    """Tests make roles, databases and load: not where money is, nor where only one node would have them."""
    if pooled(connection):
        raise BetledgerError(f"no database can be cloned: {POOLER}")
    if on_citus(connection):
        raise BetledgerError(
            "a clone is on one server, and this database is of a Citus cluster: name a server without, for tests"
        )
    for (name,) in connection.execute(
        "SELECT d.datname FROM pg_database AS d JOIN pg_shdepend AS o ON o.dbid = d.oid AND o.deptype = 'o'"
        " JOIN pg_roles AS r ON r.oid = o.refobjid AND r.rolname = 'betledger_owner'"
        " GROUP BY d.datname ORDER BY d.datname"
    ).fetchall():
        if not beside_ledgers and not CLONE.fullmatch(name) and not TEMPLATE.fullmatch(name):
            raise BetledgerError(
                f"the server has a ledger, in database {name}, and tests make roles and load: name a server for tests,"
                " or say --beside-ledgers (for pytest, betledger_beside_ledgers = true)"
            )


def _is_used(connection: psycopg.Connection[Any], name: str) -> None:
    remark = f"made by betledger for tests, used at {int(time.time())}"
    connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(remark)))


def _make(connection: psycopg.Connection[Any], template: str, files: Files) -> None:
    # By the name of a clone until it is complete.
    name = clone_of(connection, "template1")
    try:
        own = conninfo.make_conninfo(conninfo_of(connection), dbname=name)
        with opened(own, files.root.folder, teams=files.teams) as migrator:
            if migrator.on_citus:
                raise BetledgerError("template1 has Citus, and a clone is on one server: name another one for tests")
            migrator.migrate()
        # Whoever is connected to a template holds up its clones.
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    except BaseException as error:
        with contextlib.suppress(psycopg.Error):
            drop(connection, name)
        # Another run, connected to another database of the server, was faster.
        if not isinstance(error, psycopg.errors.DuplicateDatabase | psycopg.errors.UniqueViolation):
            raise


def _drop_stale(connection: psycopg.Connection[Any], template: str) -> None:
    """What runs that were killed have left, and templates of migrations that are no more."""
    before = time.time() - STALE
    for name, is_free, remark in _databases(connection):
        ours = MADE.fullmatch(remark) if remark else None
        if found := CLONE.fullmatch(name):
            # One without a comment was killed between being made and getting it.
            is_stale = int(found["made"]) < before and (ours is not None or not remark)
        else:
            is_stale = bool(name != template and TEMPLATE.fullmatch(name) and ours and int(ours["used"]) < before)
        if is_stale and is_free:
            try:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            except (psycopg.errors.ObjectInUse, psycopg.errors.InternalError):
                # Somebody came in, or drops it, too.
                continue
