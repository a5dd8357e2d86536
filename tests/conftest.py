"""A server for all tests, a migrated template database, and a clone of it for each test."""

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import betledger
import psycopg
import pytest
from betledger.server import EmbeddedServer, throwaway_server
from citus_cluster import Cluster, running_cluster, why_not
from hostile_locale import offer_locale, use_locale
from psycopg import conninfo, sql
from pytest_postgresql import factories

# Each in its group: what applications, tenants, analysts and operators log in as.
LOGINS = {
    "app": "betledger_app",
    "tenant_login": "betledger_tenant",
    "reader": "betledger_reader",
    "operator": "betledger_operator",
    "stranger": None,
}
PASSWORD = "only for tests"
# Nothing of a test has to outlive the power supply.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "shared_buffers": "256MB"}

# In memory where there is room: making and deleting the files of hundreds of databases is most of the time on a disk.
MEMORY = Path("/dev/shm")
FOLDER = str(MEMORY) if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2 << 30 else "/tmp"
TEMPLATE = "tests_tmpl"

_stack = ExitStack()
# With --citus: the cluster that every test runs on.
_cluster: Cluster | None = None
_locale = "that of the server"

# Seconds after which a test is taken for one that hangs, a little before pytest ends it: faulthandler_timeout.
PATIENCE = 570
_url = ""
_stderr = 2


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest --citus` runs the same tests on a cluster."""
    parser.addoption("--citus", action="store_true", help="run the tests on a Citus cluster instead")


def pytest_configure(config: pytest.Config) -> None:
    """Start the server before pytest-postgresql reads where it is."""
    global _cluster, _locale, _url, _stderr
    if config.option.collectonly:
        return
    # While a test runs, what is written there is kept for its report.
    _stderr = os.dup(2)
    if config.option.citus:
        if reason := why_not():
            pytest.exit(f"nothing was tested: {reason}", returncode=2)
        _cluster = _stack.enter_context(running_cluster(SETTINGS, FOLDER))
        url = _cluster.urls[0]
    elif "DATABASE_URL" in os.environ:
        url = os.environ["DATABASE_URL"]
    else:
        offer_locale(_stack)
        url = _stack.enter_context(throwaway_server(SETTINGS, FOLDER))
        _locale = use_locale(url)
    _url = url
    parts = conninfo.conninfo_to_dict(url)
    config.option.postgresql_host = parts.get("host")
    config.option.postgresql_port = parts.get("port")
    config.option.postgresql_user = parts.get("user")
    config.option.postgresql_password = parts.get("password")


def pytest_report_header() -> str:
    """Tell in which locale the databases of the tests are."""
    return f"databases: {_locale}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a cluster, leave out what cannot be done there; the mark says why, and test_citus.py tests what can."""
    for item in items:
        if config.option.citus and (mark := item.get_closest_marker("not_on_citus")):
            item.add_marker(pytest.mark.skip(reason=f"not on Citus: {mark.args[0]}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Tell what the server does, before a test that hangs is ended."""
    timer = threading.Timer(PATIENCE, _tell_what_runs)
    timer.daemon = True
    timer.start()
    try:
        return (yield)
    finally:
        timer.cancel()


def _tell_what_runs() -> None:
    with psycopg.connect(_url, autocommit=True) as connection:
        for row in connection.execute(
            "SELECT pid, pg_blocking_pids(pid), usename, state, wait_event_type, wait_event, now() - state_change, left(query, 200)"
            " FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY state_change"
        ):
            os.write(_stderr, f"{' | '.join(map(str, row))}\n".encode())


def pytest_unconfigure() -> None:
    """Stop the server."""
    _stack.close()


def make_logins(connection: psycopg.Connection) -> None:
    """Make those of LOGINS that are missing, which belong to the server, and let them into the database."""
    for name, group in LOGINS.items():
        if not connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,)).rowcount:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(PASSWORD))
            )
        if group:
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(name)))
        database = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(name)))


def _migrated(**parameters: object) -> None:
    parameters.pop("autocommit", None)
    url = conninfo.make_conninfo("", **parameters)
    if _cluster:
        _cluster.create(TEMPLATE, nodes=range(1, len(_cluster.urls)))
        _cluster.join(TEMPLATE)
    betledger.migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        make_logins(connection)
        if _cluster:
            # As `betledger role create` does.
            connection.execute("ALTER ROLE tenant_login SET citus.propagate_set_commands = 'local'")
    if _cluster:
        _cluster.seal(TEMPLATE)


postgresql_noproc = factories.postgresql_noproc(load=[_migrated])
clone_of_coordinator = factories.postgresql("postgresql_noproc")


@pytest.fixture
def clone(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
    """A connection to a clone of the template, on every node of a cluster."""
    request.getfixturevalue("postgresql_noproc")
    if _cluster:
        _cluster.create("tests", TEMPLATE, nodes=range(1, len(_cluster.urls)))
    yield request.getfixturevalue("clone_of_coordinator")
    if _cluster:
        _cluster.seal("tests")


@pytest.fixture
def dsn(clone: psycopg.Connection) -> str:
    """The conninfo of a clean, migrated database, as superuser."""
    return conninfo.make_conninfo(clone.info.dsn, password=clone.info.password)


@pytest.fixture
def connect(dsn: str) -> Iterator[Callable[..., psycopg.Connection]]:
    """Opens connections to the clone, as superuser or as one of LOGINS."""
    with ExitStack() as stack:

        def opened(user: str | None = None, autocommit: bool = True) -> psycopg.Connection:
            login = {"user": user, "password": PASSWORD} if user else {}
            return stack.enter_context(psycopg.connect(conninfo.make_conninfo(dsn, **login), autocommit=autocommit))

        yield opened


@pytest.fixture
def db(connect: Callable[..., psycopg.Connection]) -> psycopg.Connection:
    """A connection to the clone, as superuser, in autocommit mode."""
    return connect()


@contextmanager
def own_server_in(folder: str, settings: dict[str, str]) -> Iterator[EmbeddedServer]:
    """A server that is ours to kill."""
    with tempfile.TemporaryDirectory(prefix="betledger-", dir=folder) as home:
        os.chmod(home, 0o711)
        made = EmbeddedServer(Path(home), settings)
        try:
            made.start()
            yield made
        finally:
            made.destroy()


@pytest.fixture(scope="module")
def own_server() -> Iterator[EmbeddedServer]:
    """One that writes a commit before it acknowledges it."""
    # The kernel lives on, so that the flush itself is not what is tested: left out where it costs a disk access.
    with own_server_in(FOLDER, {} if Path(FOLDER) == MEMORY else {"fsync": "off"}) as server:
        yield server


def ledger_on(server: EmbeddedServer) -> str:
    """The conninfo of a new ledger on a server of our own."""
    name = "ledger"
    with psycopg.connect(server.start(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    betledger.migrate(server.url(name))
    with psycopg.connect(server.url(name), autocommit=True) as connection:
        make_logins(connection)
    return server.url(name)


@pytest.fixture
def own_url(own_server: EmbeddedServer) -> str:
    """The conninfo of a clean ledger on the server that is ours to kill."""
    return ledger_on(own_server)


@pytest.fixture
def empty(dsn: str) -> Iterator[str]:
    """The conninfo of a database with nothing in it: of a cluster, when the tests run on one."""
    name = "empty_database"
    with psycopg.connect(dsn, autocommit=True) as connection:
        if _cluster:
            _cluster.create(name)
            _cluster.join(name)
        else:
            connection.execute(f"CREATE DATABASE {name}")
        yield conninfo.make_conninfo(dsn, dbname=name)
        if _cluster:
            _cluster.drop(name)
        else:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
