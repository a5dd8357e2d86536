"""A Citus cluster for tests: one coordinator and two workers on loopback, or the one that CITUS_DATABASE_URL names."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from betledger.errors import BetledgerError
from betledger.server import EmbeddedServer, binaries
from psycopg import conninfo

WORKERS = 2
SETTINGS = {
    "shared_preload_libraries": "citus",
    "wal_level": "logical",
    "max_connections": "300",
    "max_prepared_transactions": "300",
    # Each database of each test has a daemon of Citus, and moving a shard takes two more.
    "max_worker_processes": "64",
    "citus.shard_count": "4",
    "citus.enable_statistics_collection": "off",
}


def why_not() -> str | None:
    """Why no cluster can be had here; None when one can."""
    if "CITUS_DATABASE_URL" in os.environ:
        return None
    try:
        folder = subprocess.run(
            [str(binaries() / "pg_config"), "--sharedir"], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, BetledgerError, subprocess.CalledProcessError):
        folder = ""
    if folder and (Path(folder) / "extension" / "citus.control").exists():
        return None
    return "Citus is not installed beside these PostgreSQL binaries, and CITUS_DATABASE_URL is not set"


class Cluster:
    """The nodes of a cluster, the coordinator first.

    Args:
        urls: the conninfo of a database of each node, as superuser.
        servers: the servers, when they are ours to kill.
    """

    def __init__(self, urls: list[str], servers: list[EmbeddedServer]) -> None:
        self.urls = urls
        self.servers = servers

    def url(self, node: int, dbname: str) -> str:
        """The conninfo of a database of a node."""
        return conninfo.make_conninfo(self.urls[node], dbname=dbname)

    def everywhere(self, statement: str, dbname: str = "postgres", nodes: range | None = None) -> None:
        """Run a statement on all nodes at the same time, or on some."""

        def run(node: int) -> None:
            with psycopg.connect(self.url(node, dbname), autocommit=True) as connection:
                connection.execute(statement.encode())

        with ThreadPoolExecutor() as threads:
            list(threads.map(run, nodes or range(len(self.urls))))

    def join(self, dbname: str) -> None:
        """Make a database that all nodes have one of the cluster."""
        self.everywhere("CREATE EXTENSION IF NOT EXISTS citus", dbname)
        with psycopg.connect(self.url(0, dbname), autocommit=True) as connection:
            hosts = [conninfo.conninfo_to_dict(url) for url in self.urls]
            connection.execute("SELECT citus_set_coordinator_host(%s, %s::int)", (hosts[0]["host"], hosts[0]["port"]))
            for host in hosts[1:]:
                connection.execute("SELECT citus_add_node(%s, %s::int)", (host["host"], host["port"]))

    def create(self, dbname: str, template: str = "template1", nodes: range | None = None) -> None:
        """Make a database on all nodes, or on some."""
        self.drop(dbname, nodes)
        self.everywhere(f"CREATE DATABASE {dbname} TEMPLATE {template}", nodes=nodes)

    def drop(self, dbname: str, nodes: range | None = None) -> None:
        """Drop a database from all nodes, or from some."""
        self.everywhere(f"DROP DATABASE IF EXISTS {dbname} WITH (FORCE)", nodes=nodes)

    def seal(self, dbname: str) -> None:
        """Let nobody connect, so that the database can be a template; the daemon of Citus included."""
        self.everywhere(f"ALTER DATABASE {dbname} ALLOW_CONNECTIONS false")
        self.everywhere(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{dbname}'")


@contextmanager
def running_cluster(settings: Mapping[str, str], folder: str) -> Iterator[Cluster]:
    """The cluster of CITUS_DATABASE_URL, or a new one that is gone afterwards."""
    if given := os.environ.get("CITUS_DATABASE_URL"):
        with psycopg.connect(given) as connection:
            workers = connection.execute("SELECT node_name, node_port FROM citus_get_active_worker_nodes()").fetchall()
        yield Cluster([given, *(conninfo.make_conninfo(given, host=h, port=p) for h, p in sorted(workers))], [])
        return
    with ExitStack() as stack:
        servers = []
        for _ in range(1 + WORKERS):
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="betledger-citus-", dir=folder)))
            os.chmod(home, 0o711)
            # The nodes reach each other as whoever runs a statement, without a password.
            access = home / "pg_hba.conf"
            access.write_text("host all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n")
            access.chmod(0o644)
            server = EmbeddedServer(home, {**SETTINGS, **settings, "hba_file": str(access)})
            stack.callback(server.destroy)
            servers.append(server)
        yield Cluster([server.start() for server in servers], servers)
