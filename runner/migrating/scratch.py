"""A database for a moment, on the server of another one: to see there what files would do."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from betledger.database import POOLER, pooled, session, value
from betledger.errors import BetledgerError, in_one_line
from psycopg import conninfo, sql

PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
PREFIX = "betledger_scratch_"
# Seconds after which one that nobody uses was left by a runner that was killed.
STALE = 600


@contextmanager
def scratch_database(url: str, like: psycopg.Connection[Any] | None = None, on_citus: bool = False) -> Iterator[str]:
    """The conninfo of a new and empty database, which is gone afterwards.

    Args:
        url: a database of the server, of a role that may create databases.
        like: the session of a database whose encoding and locale it gets; else it is UTF8 and "C".
        on_citus: whether it has to be a cluster, of the coordinator alone.

    Raises:
        BetledgerError: the role may not.
    """
    name = f"{PREFIX}{int(time.time())}_{secrets.token_hex(4)}"
    with session(url) as connection:
        if pooled(connection):
            raise BetledgerError(f"no scratch database can be made: {POOLER}, with --scratch-url")
        connection.execute("SET client_min_messages = warning")
        for (left,) in connection.execute(
            # What only looks like one of ours belongs to somebody.
            "SELECT d.datname FROM pg_database AS d WHERE d.datname ~ ('^' || %s || '[0-9]{10}_[0-9a-f]{8}$')"
            " AND substring(d.datname FROM '_([0-9]{10})_')::bigint < extract(epoch FROM now()) - %s"
            " AND NOT EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datid = d.oid)",
            (PREFIX, STALE),
        ).fetchall():
            _drop(connection, left)
        try:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 {}").format(
                    sql.Identifier(name), _encoding_and_locale(like)
                )
            )
        except psycopg.Error as error:
            raise BetledgerError(
                f"no scratch database can be made: {in_one_line(error)}; name a role that may, with --scratch-url"
            ) from error
        scratch = conninfo.make_conninfo(url, dbname=name)
        try:
            if on_citus:
                _join(scratch, connection)
            yield scratch
        finally:
            _drop(connection, name)


def _encoding_and_locale(of: psycopg.Connection[Any] | None) -> sql.Composed:
    database: dict[str, Any] = {"encoding": "UTF8", "datlocprovider": "c", "datcollate": "C", "datctype": "C"}
    if of is not None:
        database = value(
            of,
            "SELECT to_jsonb(d) || jsonb_build_object('encoding', pg_encoding_to_char(d.encoding))"
            " FROM pg_database AS d WHERE d.datname = current_database()",
        )
    provider = PROVIDERS[database["datlocprovider"]]
    options = {
        "ENCODING": database["encoding"],
        "LOCALE_PROVIDER": provider,
        "LC_COLLATE": database["datcollate"],
        "LC_CTYPE": database["datctype"],
        # Its name changed in PostgreSQL 17.
        f"{provider.upper()}_LOCALE": database.get("datlocale") or database.get("daticulocale"),
        "ICU_RULES": database.get("daticurules"),
    }
    return sql.SQL(" ").join(
        sql.SQL(f"{option} {{}}").format(sql.Literal(given)) for option, given in options.items() if given is not None
    )


def _drop(connection: psycopg.Connection, name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _join(scratch: str, cluster: psycopg.Connection) -> None:
    coordinator = cluster.execute("SELECT nodename, nodeport FROM pg_dist_node WHERE groupid = 0").fetchone()
    with session(scratch) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("CREATE EXTENSION citus")
        connection.execute("SET citus.shard_count = 1")
        connection.execute("SELECT citus_set_coordinator_host(%s, %s)", coordinator)
        connection.execute("SELECT citus_set_node_property(%s, %s, 'shouldhaveshards', true)", coordinator)
