"""The three services of examples/, started as they are: what tests/test_services.py asks over HTTP."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from psycopg import conninfo

EXAMPLES = Path(__file__).parents[1] / "examples"
NAMES = ("typescript", "php", "python")
# What is run in the folder of each; PORT is in the environment, and here for who is told.
SERVICE = {
    "typescript": ["node", "build/service.js"],
    "php": ["php", "-S", "127.0.0.1:{port}", "service.php"],
    "python": [sys.executable, "service.py"],
}
CONSUMER = {
    "typescript": ["node", "build/feed.js"],
    "php": ["php", "feed.php"],
    "python": [sys.executable, "feed.py"],
}
PATIENCE = 30
_numbers = count(20_001)


def require(name: str) -> None:
    """Skip where what an example is run with is missing; build it where it has to be."""
    if name == "php":
        modules = subprocess.run(["php", "-m"], capture_output=True, check=True, text=True).stdout if shutil.which("php") else ""
        if "pdo_pgsql" not in modules:
            pytest.skip("php with pdo_pgsql is not installed: apt-get install php-cli php-pgsql")
    if name == "typescript":
        folder = EXAMPLES / "typescript"
        node = shutil.which("node") and subprocess.run(["node", "-v"], capture_output=True, check=True, text=True).stdout
        if not node or int(node[1:].split(".")[0]) < 20:
            pytest.skip(f"Node.js 20 or newer is not installed: {node or 'none is'}")
        if not (folder / "node_modules" / ".installed").exists():
            pytest.skip("the packages of examples/typescript are not installed: make examples/typescript/node_modules/.installed")
        # Once for all processes of the tests.
        with open(folder / "node_modules" / ".lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            built, sources = folder / "build" / "service.js", [*folder.glob("*.ts"), folder / "tsconfig.json"]
            if not built.exists() or built.stat().st_mtime < max(path.stat().st_mtime for path in sources):
                made = subprocess.run(["npm", "run", "--silent", "build"], cwd=folder, capture_output=True, text=True, check=False)
                assert made.returncode == 0, made.stdout + made.stderr


def url_of(dsn: str, user: str, password: str) -> str:
    """What DATABASE_URL is for clients without libpq."""
    parts = conninfo.conninfo_to_dict(dsn)
    return f"postgresql://{quote(user)}:{quote(password)}@{parts['host']}:{parts['port']}/{parts['dbname']}"


class Service:
    """A service that runs, and what clients ask of it."""

    def __init__(self, name: str, url: str, database_url: str) -> None:
        self.name = name
        self.database_url = database_url
        self.http = httpx.Client(base_url=url, timeout=PATIENCE)

    def new_tenant(self) -> str:
        """One that no other test of this process writes to."""
        return f"{next(_numbers)}{NAMES.index(self.name)}"

    def ask(
        self, method: str, path: str, tenant: str | None = None, key: str | None = None, body: Any = None, **more: Any
    ) -> httpx.Response:
        """A request, with the headers that are given."""
        headers = {"X-Tenant-Id": tenant, "Idempotency-Key": key}
        given = {name: value for name, value in headers.items() if value is not None} | more.pop("headers", {})
        return self.http.request(method, path, headers=given, **({} if body is None else {"json": body}), **more)

    def get(self, tenant: str, path: str, **params: str) -> Any:
        """What is read, which has to be there."""
        response = self.ask("GET", path, tenant, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, tenant: str, path: str, key: str, body: Any = None) -> Any:
        """What is done, which has to be done."""
        response = self.ask("POST", path, tenant, key, body)
        assert response.status_code in (200, 201), response.text
        return response.json()

    @contextmanager
    def consumer(self, tenant: str) -> Iterator[subprocess.Popen[bytes]]:
        """The program that reads the feed of a tenant."""
        environment = os.environ | {"DATABASE_URL": self.database_url}
        process = subprocess.Popen(
            [*CONSUMER[self.name], tenant], cwd=EXAMPLES / self.name, env=environment, stdout=subprocess.DEVNULL
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def running(name: str, database_url: str, log: Path) -> Iterator[Service]:
    """A service, until the block ends."""
    require(name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"DATABASE_URL": database_url, "PORT": str(port), "PHP_CLI_SERVER_WORKERS": "8"}
    command = [word.format(port=port) for word in SERVICE[name]]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=EXAMPLES / name, env=environment, stdout=file, stderr=file, start_new_session=True
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        service = Service(name, f"http://127.0.0.1:{port}", database_url)
        with service.http:
            yield service
    finally:
        # With the workers that PHP forks.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
