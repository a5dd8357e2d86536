"""What others may rely on: the contract, what breaks it, and the types that are made of it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from betledger.commands.api import WRITERS, Format, as_json
from betledger.contract.comparing import Contract, differences
from command import run
from ledger import T0, TENANT, call, call_all, event, insert, may_be_null, one, place
from psycopg.types.json import Jsonb

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLES = Path(__file__).parents[1] / "examples"
COMMITTED = {
    DOCS / "api.json": Format.json, DOCS / "reference.md": Format.md, EXAMPLES / "typescript" / "ledger.ts": Format.ts,
    EXAMPLES / "php" / "ledger.php": Format.php, EXAMPLES / "python" / "ledger.py": Format.py,
}  # fmt: skip
Connect = Callable[..., psycopg.Connection]


def contract(conn: psycopg.Connection) -> Contract:
    found: Contract = one(conn, "SELECT ops.contract() AS c")["c"]
    return found


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.name)
def test_what_is_committed_is_the_contract(db: psycopg.Connection, path: Path) -> None:
    now = WRITERS[COMMITTED[path]](contract(db))
    if os.environ.get("BETLEDGER_WRITE_API"):
        path.write_text(now)
    assert now == path.read_text(), "if that is meant: BETLEDGER_WRITE_API=1 python -m pytest tests/test_api.py -k committed"


def test_an_operator_asks_for_the_contract(db: psycopg.Connection, connect: Connect) -> None:
    assert contract(connect("operator")) == contract(db)


# What breaks ---------------------------------------------------------------------------------------------------------

OURS = """CREATE TYPE public.greeting AS (words text, times integer);
COMMENT ON TYPE public.greeting IS 'A greeting. Null may be: times.';
CREATE FUNCTION public.greet(p_tenant_id bigint, p_name text DEFAULT 'you', p_often integer DEFAULT NULL)
RETURNS SETOF public.greeting LANGUAGE sql AS 'SELECT p_name, p_often';
COMMENT ON FUNCTION public.greet IS 'Greets. Errors: BL001 bad name, BL006 foreign tenant. Example: SELECT public.greet(1).';
CREATE FUNCTION public.count_greetings(p_tenant_id bigint) RETURNS TABLE (name text, times integer)
LANGUAGE sql AS 'SELECT NULL, 1';
COMMENT ON FUNCTION public.count_greetings IS 'Null may be: name. Errors: BL006 foreign tenant. Example: SELECT 1.';
CREATE TABLE public.greetings (tenant_id bigint NOT NULL, name text NOT NULL, times integer);
GRANT SELECT, INSERT ON public.greetings TO betledger_app;
GRANT EXECUTE ON FUNCTION public.greet TO betledger_reader;
INSERT INTO projection.event_types (event_table, event_type, kind, status, required_fields, optional_fields)
VALUES ('public.bet_events', 'V1_BETS_GREETED', 'bet', NULL, '{"user_id": "identifier"}', '{"words": "text"}')"""
GREET = """DROP FUNCTION public.greet;
CREATE FUNCTION public.greet(%s) RETURNS %s LANGUAGE sql AS 'SELECT ''hello'', 1';
COMMENT ON FUNCTION public.greet IS 'Greets. Errors: BL001 bad name, BL006 foreign tenant. Example: SELECT public.greet(1).';
GRANT EXECUTE ON FUNCTION public.greet TO betledger_reader"""
ARGUMENTS, RESULT = "p_tenant_id bigint, p_name text DEFAULT 'you', p_often integer DEFAULT NULL", "SETOF public.greeting"
EVENT = "UPDATE projection.event_types SET %s WHERE event_type = 'V1_BETS_GREETED'"
# What is changed, and each line that `betledger api --check` then prints.
CHANGES: dict[str, tuple[str, set[str]]] = {
    "a function is gone": (
        "DROP FUNCTION public.count_greetings",
        {
            "breaking: no longer: function public.count_greetings",
            "breaking: no longer: public.count_greetings: argument p_tenant_id is the 1. and of type bigint",
            "breaking: no longer: public.count_greetings: column name of type text",
            "breaking: no longer: public.count_greetings: column times is never null",
            "breaking: no longer: public.count_greetings: column times of type integer",
            "breaking: no longer: public.count_greetings: error BL006",
            "breaking: no longer: public.count_greetings: gives rows of columns",
            *(f"breaking: no longer: public.count_greetings: {role} may call it" for role in ("betledger_app", "betledger_operator", "betledger_reader", "betledger_tenant")),
        },
    ),
    "an argument is renamed": (
        GREET % (ARGUMENTS.replace("p_name", "p_who"), RESULT),
        {
            "breaking: no longer: public.greet: argument p_name is the 2. and of type text",
            "breaking: no longer: public.greet: argument p_name may be left out",
            "added: public.greet: argument p_who is the 2. and of type text",
            "added: public.greet: argument p_who may be left out",
        },
    ),
    "an argument is of another type": (
        GREET % (ARGUMENTS.replace("bigint", "text"), RESULT),
        {
            "breaking: no longer: public.greet: argument p_tenant_id is the 1. and of type bigint",
            "added: public.greet: argument p_tenant_id is the 1. and of type text",
        },
    ),
    "an argument is added that has to be given": (
        GREET % (f"p_key text, {ARGUMENTS.partition(', ')[0]}", RESULT),
        {
            "breaking: new demand: public.greet: argument p_key has to be given",
            "breaking: no longer: public.greet: argument p_tenant_id is the 1. and of type bigint",
            "breaking: no longer: public.greet: argument p_name is the 2. and of type text",
            "breaking: no longer: public.greet: argument p_name may be left out",
            "breaking: no longer: public.greet: argument p_often is the 3. and of type integer",
            "breaking: no longer: public.greet: argument p_often may be left out",
            "breaking: no longer: public.greet: argument p_often may be null",
            "added: public.greet: argument p_key is the 1. and of type text",
            "added: public.greet: argument p_tenant_id is the 2. and of type bigint",
        },
    ),
    "an argument is added that may be left out": (
        GREET % (f"{ARGUMENTS}, p_loud boolean DEFAULT false", RESULT),
        {
            "added: public.greet: argument p_loud is the 4. and of type boolean",
            "added: public.greet: argument p_loud may be left out",
        },
    ),
    "an argument has no default any more": (
        GREET % ("p_tenant_id bigint, p_name text, p_often integer DEFAULT NULL", RESULT),
        {
            "breaking: no longer: public.greet: argument p_name may be left out",
            "breaking: new demand: public.greet: argument p_name has to be given",
        },
    ),
    "an argument may not be null any more": (
        GREET % (ARGUMENTS.replace("DEFAULT NULL", "DEFAULT 1"), RESULT),
        {"breaking: no longer: public.greet: argument p_often may be null"},
    ),
    "a function gives one row": (
        GREET % (ARGUMENTS, "public.greeting"),
        {
            "breaking: no longer: public.greet: gives rows of public.greeting",
            "added: public.greet: gives one row of public.greeting",
        },
    ),
    "a column of a result is gone": (
        "ALTER TYPE public.greeting DROP ATTRIBUTE times",
        {"breaking: no longer: public.greeting: column times of type integer"},
    ),
    "a column of a result is of another type": (
        "ALTER TYPE public.greeting ALTER ATTRIBUTE times TYPE text",
        {
            "breaking: no longer: public.greeting: column times of type integer",
            "added: public.greeting: column times of type text",
        },
    ),
    "a column of a result may be null": (
        "COMMENT ON TYPE public.greeting IS 'A greeting. Null may be: words, times.'",
        {"breaking: no longer: public.greeting: column words is never null"},
    ),
    "a column of a result is never null": (
        "COMMENT ON TYPE public.greeting IS 'A greeting.'",
        {"added: public.greeting: column times is never null"},
    ),
    "a column is added to a result": (
        "ALTER TYPE public.greeting ADD ATTRIBUTE loud boolean",
        {"added: public.greeting: column loud of type boolean", "added: public.greeting: column loud is never null"},
    ),
    "an error is gone": (
        "COMMENT ON FUNCTION public.greet IS 'Greets. Errors: BL006 foreign tenant. Example: SELECT public.greet(1).'",
        {"breaking: no longer: public.greet: error BL001"},
    ),
    "an error is told in other words": (
        "COMMENT ON FUNCTION public.greet IS 'Errors: BL001 no name, BL006 foreign tenant. Example: SELECT public.greet(2).'",
        set(),
    ),
    "a function may not be called": (
        "REVOKE EXECUTE ON FUNCTION public.greet FROM PUBLIC",
        {
            f"breaking: no longer: public.greet: {role} may call it"
            for role in ("betledger_app", "betledger_operator", "betledger_tenant")
        },
    ),
    "a function of a schema that is closed may be called": ("GRANT EXECUTE ON FUNCTION ops.nodes TO betledger_app", set()),
    "a table may not be read": (
        "REVOKE SELECT ON public.greetings FROM betledger_app",
        {"breaking: no longer: public.greetings: betledger_app may SELECT"},
    ),
    "a table may be written": (
        "GRANT UPDATE (times) ON public.greetings TO betledger_app",
        {"added: public.greetings: betledger_app may UPDATE"},
    ),
    "a column is gone": (
        "ALTER TABLE public.greetings DROP COLUMN times",
        {"breaking: no longer: public.greetings: column times of type integer"},
    ),
    "a column has to be given": (
        "ALTER TABLE public.greetings ALTER times SET NOT NULL",
        {
            "breaking: new demand: public.greetings: column times has to be given",
            "added: public.greetings: column times is never null",
        },
    ),
    "a column may be left out": (
        "ALTER TABLE public.greetings ALTER name SET DEFAULT ''",
        {"added: no longer demanded: public.greetings: column name has to be given"},
    ),
    "an event type is gone": (
        "DELETE FROM projection.event_types WHERE event_type = 'V1_BETS_GREETED'",
        {
            "breaking: no longer: event type V1_BETS_GREETED of public.bet_events",
            "breaking: no longer: V1_BETS_GREETED: kind bet",
            "breaking: no longer: V1_BETS_GREETED: field user_id is always there",
            "breaking: no longer: V1_BETS_GREETED: field user_id may be of kind identifier",
            "breaking: no longer: V1_BETS_GREETED: field words may be of kind text",
        },
    ),
    "a field is required": (
        EVENT % """required_fields = required_fields || '{"words": "text"}', optional_fields = '{}'""",
        {
            "breaking: new demand: V1_BETS_GREETED: field words has to be given",
            "added: V1_BETS_GREETED: field words is always there",
        },
    ),
    "a field is optional": (
        EVENT % """required_fields = '{}', optional_fields = required_fields || optional_fields""",
        {
            "breaking: no longer: V1_BETS_GREETED: field user_id is always there",
            "added: no longer demanded: V1_BETS_GREETED: field user_id has to be given",
        },
    ),
    "a field is of another kind": (
        EVENT % """optional_fields = '{"words": "identifier"}'""",
        {
            "breaking: no longer: V1_BETS_GREETED: field words may be of kind text",
            "added: V1_BETS_GREETED: field words may be of kind identifier",
        },
    ),
    "a status": (EVENT % "status = 'greeted'", {"added: V1_BETS_GREETED: status greeted"}),
    "what is new may ask for what it needs": (
        """CREATE TABLE public.more (name text NOT NULL); GRANT INSERT ON public.more TO betledger_app;
        INSERT INTO projection.event_types (event_table, event_type, required_fields)
        VALUES ('public.bet_events', 'V1_BETS_MORE', '{"words": "text"}')""",
        {
            "added: table public.more",
            "added: public.more: column name of type text",
            "added: public.more: column name is never null",
            "added: public.more: betledger_app may INSERT",
            "added: event type V1_BETS_MORE of public.bet_events",
            "added: V1_BETS_MORE: field words is always there",
            "added: V1_BETS_MORE: field words may be of kind text",
        },
    ),
    "a promise to migrations is gone": (
        "COMMENT ON FUNCTION projection.event_kind(text) IS 'The kind.'",
        {
            "breaking: no longer: function projection.event_kind",
            "breaking: no longer: projection.event_kind: argument p_event_type is the 1. and of type text",
            "breaking: no longer: projection.event_kind: gives one row of text",
            *(f"breaking: no longer: projection.event_kind: {role} may call it" for role in ("betledger_app", "betledger_operator", "betledger_reader", "betledger_tenant")),
        },
    ),
    "a migration has to say more of an event type": (
        "ALTER TABLE projection.event_types ALTER rank DROP DEFAULT",
        {"breaking: new demand: projection.event_types: column rank has to be given"},
    ),
    "a group may use a schema": (
        "GRANT USAGE ON SCHEMA ops TO betledger_reader",
        {"added: betledger_reader: may use schema ops"},
    ),
    "a group may not use a schema": (
        "REVOKE USAGE ON SCHEMA projection FROM betledger_reader",
        {
            "breaking: no longer: betledger_reader: may use schema projection",
            *(
                f"breaking: no longer: projection.{function}: betledger_reader may call it"
                for function in ("event_kind", "event_status", "event_time", "require_tenant")
            ),
        },
    ),
    "nothing": ("SELECT 1", set()),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.not_on_citus("the same catalogue, on its coordinator")
def test_what_has_changed_is_told(connect: Connect, change: str) -> None:
    conn = connect(autocommit=False)
    conn.execute(OURS.encode())
    before = contract(conn)
    statement, lines = CHANGES[change]
    conn.execute(statement.encode())
    found = [difference.line() for difference in differences(before, contract(conn))]
    assert set(found) == lines and len(found) == len(lines)
    assert found == sorted(found, key=lambda line: line.startswith("added"))


def test_a_group_that_is_gone_breaks(db: psycopg.Connection) -> None:
    before = contract(db)
    assert set(before["roles"]) == {"betledger_app", "betledger_operator", "betledger_reader", "betledger_tenant"}
    assert all(role["comment"] for role in before["roles"].values())
    without = before | {"roles": {name: role for name, role in before["roles"].items() if name != "betledger_reader"}}
    told = [d.line() for d in differences(before, without)]
    assert told == [f"breaking: no longer: {line}" for line in ("betledger_reader: may use schema projection", "betledger_reader: may use schema public", "role betledger_reader")]


def test_what_migrations_are_shown_to_use_is_promised(db: psycopg.Connection) -> None:
    """By the manual, the example of a team, and what `betledger new` writes."""
    root = DOCS.parent
    told = contract(db)
    promised = {*told["functions"], *told["tables"]}
    shown = [*(root / "examples" / "team").rglob("*.sql"), *(root / "runner" / "new").rglob("*.sql"), DOCS / "extending.md"]
    text = "\n".join(path.read_text() for path in shown)
    made = set(re.findall(r"CREATE (?:OR REPLACE )?(?:FUNCTION|TABLE) (projection\.\w+)", text))
    used = set(re.findall(r"projection\.[a-z]\w+", re.sub(r"--.*", "", text))) - made
    assert used and used <= promised
    # And the page that lists them has them all.
    page = (DOCS / "extending.md").read_text().partition("## What your migrations may rely on")[2]
    listed = {f"projection.{name}" for name in re.findall(r"`(\w+)(?:\(\))?`", page)} - {"projection.projection"}
    assert listed == {name for name in promised if name.startswith("projection.")}


def test_the_command_ends_with_3_if_something_breaks(
    dsn: str, db: psycopg.Connection, tmp_path: Path, connect: Connect
) -> None:
    before = tmp_path / "api.json"
    r = run("api", url=dsn)
    assert r.returncode == 0 and r.stdout == as_json(contract(db))
    before.write_text(r.stdout)
    r = run("api", "--check", str(before), url=dsn)
    assert (r.returncode, r.stdout, r.stderr) == (0, "", "")
    db.execute("GRANT DELETE ON public.tenants TO betledger_reader")
    r = run("api", "--check", str(before), url=dsn)
    assert (r.returncode, r.stdout) == (0, "added: public.tenants: betledger_reader may DELETE\n")
    db.execute("REVOKE DELETE, SELECT ON public.tenants FROM betledger_reader")
    r = run("api", "--check", str(before), url=dsn)
    assert (r.returncode, r.stdout) == (3, "breaking: no longer: public.tenants: betledger_reader may SELECT\n")


@pytest.mark.parametrize("text", ["", "[]", '{"functions": []}', "\x80"])
def test_what_is_no_contract_is_refused(dsn: str, tmp_path: Path, text: str) -> None:
    (tmp_path / "x").write_bytes(text.encode("latin-1"))
    r = run("api", "--check", str(tmp_path / "x"), url=dsn)
    assert r.returncode == 1 and r.stdout == ""
    assert r.stderr.startswith(f"betledger: {tmp_path / 'x'} is no contract: make it with") and r.stderr.count("\n") == 1


def test_a_file_that_is_not_there_is_named(dsn: str, tmp_path: Path) -> None:
    r = run("api", "--check", str(tmp_path / "none"), url=dsn)
    assert r.returncode != 0 and r.stdout == "" and "none" in r.stderr and r.stderr.count("\n") == 1


# What the comments say -----------------------------------------------------------------------------------------------


def test_what_may_be_null_is_there(db: psycopg.Connection) -> None:
    """A name in "Null may be:" is that of an argument or a column."""
    told = contract(db)
    for name, function in told["functions"].items():
        known = {a["name"] for a in function["arguments"]} | {c["name"] for c in function.get("returns", {}).get("columns", [])}
        assert said(function["comment"]) <= known, name
    for group in ("types", "tables"):
        for name, kind in told[group].items():
            assert said(kind["comment"]) <= {c["name"] for c in kind["columns"]}, name


def said(comment: str) -> set[str]:
    found = re.search(r"Null may be: ([a-z0-9_, ]*)\.", comment)
    return set(found[1].split(", ")) if found else set()


def test_what_may_be_null_is_null_somewhere(db: psycopg.Connection, connect: Connect) -> None:
    """That nothing else is null, each call of every test finds out: see ledger.py."""
    app, tenant = connect("app"), TENANT
    place(db, tenant, "bet-1")
    insert(db, event("V1_BETS_BET_CONFIRMED", tenant, "bet-1") | {"metadata": None, "timestamp": T0 + 1})
    call(app, "deposit", tenant, "u1", 10, "d1")
    insert(db, event("V1_BALANCES_BALANCE_INCREASED", tenant, "balance-u1", data={"user_id": "u1"}))
    insert(db, event("V1_PAYMENTS_DEPOSIT_CREATED", tenant, "payment-1", data={"user_id": "u1"}))
    items = [{"bet_id": "none"}, {"bet_id": "bet-1"}]
    seen: dict[str, tuple[str, set[str]]] = {}
    for function, *arguments in (
        ("bet_history", tenant, "bet-1"), ("payment_history", tenant, "payment-1"), ("balance_history", tenant, "u1"),
        ("bet_events_between", tenant), ("payment_events_between", tenant), ("balance_events_between", tenant),
        ("balance_statement", tenant, "u1"), ("bets_of", tenant, "user-1"), ("payments_of", tenant, "u1"),
        ("feed", tenant, None, 1000, ["V1_BETS_BET_PLACED"]), ("tenant_as_of", tenant, T0 + 10),
        ("place_bets", tenant, Jsonb([{}]), "k1", False), ("confirm_bets", tenant, Jsonb(items), "k2", False),
        ("cancel_bets", tenant, Jsonb(items[1:]), "k3", False), ("deposits", tenant, Jsonb([{}]), "k4", False),
        ("deposits", tenant, Jsonb([{"user_id": "u1", "amount": 1}]), "k5", False),
    ):  # fmt: skip
        for row in call_all(app, function, *arguments):
            nulls = {column for column, value in row.items() if value is None}
            seen.setdefault(returns(db, function), (function, set()))[1].update(nulls)
    unseen = {kind: sorted((may_be_null(function) or set()) - nulls) for kind, (function, nulls) in seen.items()}
    assert not any(unseen.values()), unseen
    view = contract(db)["tables"]["public.tenants_summary_view"]
    nulls = {column for column, value in one(db, "SELECT * FROM tenants_summary_view").items() if value is None}
    assert nulls == {column["name"] for column in view["columns"] if column["nullable"]}


def returns(conn: psycopg.Connection, function: str) -> str:
    gives = contract(conn)["functions"][f"public.{function}"]["returns"]
    return gives.get("type", function)


# Types ---------------------------------------------------------------------------------------------------------------


def module(conn: psycopg.Connection, tmp_path: Path) -> ModuleType:
    path = tmp_path / "generated.py"
    path.write_text(WRITERS[Format.py](contract(conn)))
    spec = importlib.util.spec_from_file_location("generated", path)
    assert spec and spec.loader
    made = importlib.util.module_from_spec(spec)
    sys.modules["generated"] = made
    spec.loader.exec_module(made)
    return made


def test_python_calls_every_function(db: psycopg.Connection, connect: Connect, tmp_path: Path) -> None:
    ledger: Any = module(db, tmp_path)
    app = connect("app")
    paid = ledger.deposit(app, TENANT, "u1", Decimal("10.50"), "d1")
    assert (paid.balance, paid.duplicate, type(paid).__name__) == (Decimal("10.50"), False, "PaymentResult")
    bet = ledger.place_bet(app, tenant_id=TENANT, user_id="u1", stake=Decimal(2), odds=Decimal(2), fixture_id="f", idempotency_key="p1", from_balance=True)
    assert bet.payout is None and bet.status == "placed"
    (settled,) = ledger.settle_bets(app, TENANT, [{"bet_id": bet.bet_id, "result": "win", "payout": 4}], None)
    assert (settled.status, settled.payout, settled.sqlstate) == ("settled", 4, None)
    events = ledger.feed(app, TENANT, types=["V1_BETS_BET_PLACED", "V1_BALANCES_BALANCE_INCREASED"])
    assert [e.event_type for e in events] == ["V1_BALANCES_BALANCE_INCREASED", "V1_BETS_BET_PLACED", "V1_BALANCES_BALANCE_INCREASED"]
    assert ledger.advance_consumer(app, TENANT, "c", None, events[-1].feed_cursor) is None
    with pytest.raises(psycopg.Error) as refusal:
        ledger.withdraw(app, TENANT, "u1", Decimal(100))
    assert refusal.value.sqlstate in ledger.SqlState.__args__


# What a team may have: names without p_, several of one name, no names at all, sets of values.
TEAM = """CREATE FUNCTION public.shout(words text, "from" text DEFAULT upper('you')) RETURNS SETOF text
LANGUAGE sql AS 'SELECT upper(words) UNION ALL SELECT "from"';
COMMENT ON FUNCTION public.shout IS 'Shouts. */ Example: SELECT public.shout(1).';
CREATE FUNCTION public.say(p_a text) RETURNS text LANGUAGE sql AS 'SELECT p_a';
CREATE FUNCTION public.say(p_a integer) RETURNS integer LANGUAGE sql AS 'SELECT p_a';
CREATE FUNCTION public.unnamed(text, integer) RETURNS numeric LANGUAGE sql AS 'SELECT 1.5';
CREATE PROCEDURE public.work(p_a text) LANGUAGE sql AS 'SELECT 1'"""


def test_functions_of_a_team_are_called_by_their_names(db: psycopg.Connection, tmp_path: Path) -> None:
    before = contract(db)
    db.execute(TEAM.encode())
    told = contract(db)
    assert {d.line() for d in differences(before, told) if d.breaking} == set()
    assert {"public.say(text)", "public.say(integer)", "public.unnamed", "public.work"} <= set(told["functions"])
    assert [a["name"] for a in told["functions"]["public.unnamed"]["arguments"]] == ["$1", "$2"]
    ledger: Any = module(db, tmp_path)
    assert ledger.shout(db, "hey") == ["HEY", "YOU"] and ledger.shout(db, words="hey", from_="me") == ["HEY", "me"]
    assert not {"say", "unnamed", "work"} & set(vars(ledger))
    checked(tmp_path, sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "generated.py")
    if php := shutil.which("php"):
        (tmp_path / "generated.php").write_text(WRITERS[Format.php](told))
        checked(tmp_path, php, "-l", "generated.php")


def test_php_calls_the_ledger(db: psycopg.Connection, tmp_path: Path) -> None:
    php = shutil.which("php")
    if not php or b"pdo_pgsql" not in subprocess.run([php, "-m"], capture_output=True, check=True).stdout:
        pytest.skip("php with pdo_pgsql is not installed")
    (tmp_path / "generated.php").write_text(WRITERS[Format.php](contract(db)))
    (tmp_path / "use.php").write_text("""<?php declare(strict_types=1); require 'generated.php';
$pdo = new PDO(getenv('DSN'), getenv('DSN_USER'), getenv('DSN_PASSWORD'), [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$ledger = new Betledger\\Ledger($pdo);
$paid = $ledger->deposit(10001, 'u1', '10.50', 'k1');
$bet = $ledger->placeBet(10001, 'u1', '2.5', '2', 'f', 'k2', true);
$rows = $ledger->settleBets(10001, [['bet_id' => $bet->betId, 'result' => 'win', 'payout' => 5]], null);
$exact = $ledger->placeBet(10001, 'a"\\\\1.5"', '12345678901234567890.5', '1.10', '"2.5', 'k4');
$said = $ledger->betHistory(10001, $exact->betId)[0]->eventData;
$events = $ledger->feed(10001, null, 50, ['V1_BETS_BET_PLACED', 'V1_BALANCES_BALANCE_INCREASED']);
$ledger->advanceConsumer(10001, 'c', null, end($events)->feedCursor);
try {
    $ledger->withdraw(10001, 'u1', '1000', 'k3');
} catch (PDOException $refusal) {
    echo json_encode([$paid->balance, $paid->duplicate, $bet->payout, $rows[0]->status, $events[1]->eventData['user_id'],
        get_debug_type($bet->createdAt), $refusal->errorInfo[0], $said]);
}
""")
    info = db.info
    r = subprocess.run(
        [php, "use.php"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | {
            "DSN": f"pgsql:host={info.host};port={info.port};dbname={info.dbname}", "DSN_USER": info.user,
            "DSN_PASSWORD": info.password,
        },
    )  # fmt: skip
    assert r.returncode == 0, r.stdout + r.stderr
    said = {"user_id": 'a"\\1.5"', "stake": "12345678901234567890.5", "odds": "1.10", "fixture_id": '"2.5'}
    assert json.loads(r.stdout) == ["10.5", False, None, "settled", "u1", "DateTimeImmutable", "BL004", said]


def test_python_types_are_checked(db: psycopg.Connection, tmp_path: Path) -> None:
    module(db, tmp_path)
    checked(tmp_path, sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "generated.py")


def test_typescript_types_are_checked(db: psycopg.Connection, tmp_path: Path) -> None:
    own = EXAMPLES / "typescript" / "node_modules" / ".bin" / "tsc"
    if not (tsc := str(own) if own.exists() else shutil.which("tsc")):
        pytest.skip(f"tsc is not installed: make {own.parents[1].relative_to(EXAMPLES.parent)}/.installed")
    (tmp_path / "generated.ts").write_text(WRITERS[Format.ts](contract(db)))
    checked(tmp_path, tsc, "--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "generated.ts")


def test_php_types_are_checked(db: psycopg.Connection, tmp_path: Path) -> None:
    if not (php := shutil.which("php")):
        pytest.skip("php is not installed")
    (tmp_path / "generated.php").write_text(WRITERS[Format.php](contract(db)))
    checked(tmp_path, php, "-l", "generated.php")


def checked(folder: Path, *command: str) -> None:
    r = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert r.returncode == 0, r.stdout + r.stderr


def test_files_of_types_say_who_made_them(db: psycopg.Connection) -> None:
    told = contract(db)
    for form in (Format.md, Format.ts, Format.py, Format.php):
        assert f"Made by `betledger api --format {form}`" in WRITERS[form](told)
    assert json.loads(WRITERS[Format.json](told)) == told
