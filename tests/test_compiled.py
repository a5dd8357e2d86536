"""What the compiler makes of the shipped definitions is committed; what it cannot make is refused, with the remedy."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from command import run
from ledger import refused

COMPILED = Path(__file__).parent.parent / "docs" / "compiled"
TABLES = sorted(file.stem for file in COMPILED.glob("*.sql"))
FUNCTIONS = "".join(file.read_text() for file in (COMPILED.parent.parent / "functions").rglob("*.sql"))
ON_PLAIN_ONLY = pytest.mark.not_on_citus("there the functions are compiled for shards, on their nodes")


@ON_PLAIN_ONLY
def test_every_table_has_its_file(db: psycopg.Connection) -> None:
    tables = db.execute(
        "SELECT split_part(event_table, '.', 2) FROM projection.event_types"
        " UNION SELECT split_part(read_table, '.', 2) FROM projection.projections ORDER BY 1"
    ).fetchall()
    assert TABLES == [name for (name,) in tables]


@ON_PLAIN_ONLY
@pytest.mark.parametrize("table", TABLES)
def test_the_committed_file_is_what_the_database_holds(dsn: str, table: str) -> None:
    """`betledger projection show TABLE > docs/compiled/TABLE.sql` writes it anew."""
    printed = run("projection", "show", table, url=dsn)
    assert printed.returncode == 0, printed.stderr
    assert (COMPILED / f"{table}.sql").read_text() == printed.stdout


@pytest.mark.parametrize("table", TABLES)
def test_what_is_compiled_can_be_read(table: str) -> None:
    text = (COMPILED / f"{table}.sql").read_text()
    assert max(map(len, text.split("\n"))) <= 120
    assert '"{' not in text


@pytest.mark.parametrize("table", [table for table in TABLES if table.endswith("_events")])
def test_what_runs_for_one_event_is_short(table: str) -> None:
    """Trigger functions, and the function of each event type."""
    text = (COMPILED / f"{table}.sql").read_text()
    functions = re.findall(r"^CREATE OR REPLACE FUNCTION (?:.*\n)+?\$body\$;$", text, re.MULTILINE)
    assert sum("RETURNS trigger" in function for function in functions) == 3
    assert max(function.count("\n") for function in functions) <= 150


def test_no_template_is_left_over(db: psycopg.Connection) -> None:
    templates = [t for (t,) in db.execute("SELECT proname FROM pg_proc WHERE proname LIKE 'template\\_%'").fetchall()]
    bodies = " ".join(
        body
        for (body,) in db.execute(
            "SELECT prosrc FROM pg_proc WHERE pronamespace = 'projection'::regnamespace AND proname NOT LIKE 'template\\_%'"
        ).fetchall()
    )
    assert templates
    assert [t for t in templates if f"'{t.removeprefix('template_')}'" not in bodies] == []


def test_what_the_page_quotes_is_what_runs() -> None:
    page = (COMPILED.parent / "projections.md").read_text()
    code = "".join((COMPILED / f"{table}.sql").read_text() for table in TABLES)
    lines = {line.strip() for line in code.split("\n")}
    quoted = [line.strip() for block in re.findall(r"```sql\n(.*?)```", page, re.DOTALL) for line in block.split("\n")]
    assert len(quoted) > 8
    assert [line for line in quoted if line and line not in lines] == []
    assert [
        name for name in re.findall(r"`(projection\.\w+)\(", page) if f"FUNCTION {name}(" not in FUNCTIONS + code
    ] == []


# ---------------------------------------------------------------------------------------------- refusals

FIXTURES = """
SET LOCAL ROLE betledger_owner;
CREATE TABLE public.fixtures_view (
    tenant_id bigint NOT NULL, fixture_id text COLLATE "C" NOT NULL, bets integer NOT NULL,
    staked numeric NOT NULL, last_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, fixture_id)
);
CREATE INDEX ON public.bets_view (tenant_id, fixture_id);
CREATE FUNCTION projection.fixture_of_bet(b public.bets_view)
RETURNS TABLE (tenant_id bigint, fixture_id text, bets integer, staked numeric, last_at timestamptz)
LANGUAGE sql STABLE AS $$
SELECT b.tenant_id, b.fixture_id, 1, coalesce(b.stake, 0), b.last_updated_at WHERE b.fixture_id IS NOT NULL
$$;
"""
DEFINE = "SELECT projection.define('public.fixtures_view', '{projection.fixture_of_bet}', 35, p_highest => '{last_at}')"
CHANGED = """
CREATE OR REPLACE FUNCTION projection.fixture_of_bet(b public.bets_view)
RETURNS TABLE (tenant_id bigint, fixture_id text, bets integer, staked numeric, last_at timestamptz)
LANGUAGE sql STABLE AS $$ {} $$
"""
SELECTED = "SELECT b.tenant_id, b.fixture_id, 1, coalesce(b.stake, 0), b.last_updated_at WHERE b.fixture_id IS NOT NULL"

# What is wrong, the statements that make it so, and the words of the refusal.
TYPE = "INSERT INTO projection.event_types (event_table, event_type, kind, status, rank, has_effect) VALUES"
REFUSALS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "a column that no definition says": (
        ["ALTER TABLE public.fixtures_view ADD COLUMN won integer"],
        ("column won of public.fixtures_view", "said by no definition"),
    ),
    "a column that is not there": (
        [DEFINE.replace("{last_at}", "{last_at,nope}")],
        ("column nope of public.fixtures_view", "not there"),
    ),
    "a column gathered in two ways": (
        [DEFINE.replace("p_highest", "p_lowest => '{last_at}', p_highest")],
        ("column last_at of public.fixtures_view", "two ways: highest, lowest"),
    ),
    "a key that is to hold the highest": (
        [DEFINE.replace("{last_at}", "{last_at,fixture_id}")],
        ("column fixture_id of public.fixtures_view", "part of the key"),
    ),
    "a highest value in slots": (
        [DEFINE.replace("35,", "35, p_slots => 4,")],
        ("column last_at of public.fixtures_view", "with slots"),
    ),
    "a sum in a table that follows events": (
        [DEFINE.replace("35,", """35, p_latest => '[{"columns": ["bets"]}]',""")],
        ("column staked of public.fixtures_view", "follow the order of events"),
    ),
    "a table that follows events, over another read table": (
        [DEFINE.replace("35,", """35, p_latest => '[{"columns": ["bets", "staked"]}]',""")],
        ("public.fixtures_view", "a source that is not an event table"),
    ),
    "an event type that is not one of its source": (
        [DEFINE.replace("35,", """35, p_latest => '[{"columns": ["bets", "staked"], "of": ["V1_NOPE"]}]',""")],
        ("event type V1_NOPE", "public.fixtures_view"),
    ),
    "a position below its source": (
        [DEFINE.replace("35,", "5,")],
        ("projection.fixture_of_bet", "same or a later position"),
    ),
    "a definition with a table of its own": (
        [CHANGED.format(SELECTED.replace("1, ", "(SELECT count(*)::integer FROM public.bets_view), "))],
        ("projection.fixture_of_bet", "cannot be put in place"),
    ),
    "a definition with an aggregate": (
        [CHANGED.format(SELECTED.replace("coalesce(b.stake, 0)", "sum(b.stake)").replace(" WHERE", " HAVING"))],
        ("projection.fixture_of_bet", "cannot be put in place"),
    ),
    "a volatile definition": (
        ["ALTER FUNCTION projection.fixture_of_bet VOLATILE"],
        ("projection.fixture_of_bet", "cannot be put in place"),
    ),
    "a definition with settings": (
        ["ALTER FUNCTION projection.fixture_of_bet SET search_path = pg_catalog"],
        ("projection.fixture_of_bet", "cannot be put in place"),
    ),
    "a sum that is null for some events": (
        [CHANGED.format(SELECTED.replace("coalesce(b.stake, 0)", "b.stake - b.payout"))],
        ("column staked of fixtures_view", "null"),
    ),
    "an event type of which nothing is said": (
        [
            "SELECT projection.create_event_table('bonus_events', 'bonuses')",
            "INSERT INTO projection.event_types (event_table, event_type) VALUES ('public.bonus_events', 'V1_BONUS')",
            "SELECT projection.compile('public.bonus_events')",
        ],
        ("event type V1_BONUS", "no projection says anything"),
    ),
    "a balance event of a kind that says no sign": (
        [
            "UPDATE projection.event_types SET kind = 'gift' WHERE event_type LIKE '%INCREASED'",
            "SELECT projection.compile('public.balance_events')",
        ],
        ("event type V1_BALANCES_BALANCE_INCREASED", "kind gift", "no amount is told"),
    ),
    "something by another thing than rank": (
        [
            "UPDATE projection.projections SET latest = jsonb_set(latest, '{0,by}', '\"time\"') WHERE read_table = 'public.bets_view'",
            "SELECT projection.compile('public.bet_events')",
        ],
        ('columns ["status"] of public.bets_view', "by time"),
    ),
    "a rank of what only some types say": (
        [
            "UPDATE projection.projections SET latest = jsonb_set(latest, '{1,by}', '\"rank\"') WHERE read_table = 'public.bets_view'",
            "SELECT projection.compile('public.bet_events')",
        ],
        ("of public.bets_view", "by rank"),
    ),
    "a status that types of two ranks say": (
        [
            "UPDATE projection.event_types SET status = 'placed' WHERE event_type LIKE '%CONFIRMED'",
            "SELECT projection.compile('public.bet_events')",
        ],
        ("column status of public.bets_view", "several ranks", "'placed'"),
    ),
    "a field of an unknown kind": (
        [
            "UPDATE projection.event_types SET required_fields = '{\"x\": \"colour\"}' WHERE event_type LIKE '%CONFIRMED'"
        ],
        ("field x of event type V1_BETS_BET_CONFIRMED", "unknown kind colour"),
    ),
    "a kind of more decimals than there can be": (
        [
            "UPDATE projection.event_types SET optional_fields = '{\"x\": \"amount(19)\"}' WHERE event_type LIKE '%CONFIRMED'"
        ],
        ("field x of event type V1_BETS_BET_CONFIRMED", "unknown kind amount(19)"),
    ),
    "a type that has the name of another": (
        [f"{TYPE} ('public.bet_events', 'v1_bets_Bet_Placed', 'bet', NULL, 5, false)"],
        ("event type v1_bets_Bet_Placed", "too much like V1_BETS_BET_PLACED of public.bet_events"),
    ),
    "a type of two event tables": (
        [f"{TYPE} ('public.bet_events', 'V1_PAYMENTS_DEPOSIT_FAILED', 'bet', NULL, 5, false)"],
        ("V1_PAYMENTS_DEPOSIT_FAILED", "too much like V1_PAYMENTS_DEPOSIT_FAILED of public.payment_events"),
    ),
    "an event table without types": (
        [
            "SELECT projection.create_event_table('bonus_events', 'bonuses')",
            "SELECT projection.compile('public.bonus_events')",
        ],
        ("event table public.bonus_events", "no event type"),
    ),
    "a definition of what the highest value is": (
        [
            'CREATE TABLE public.days_view (tenant_id bigint, day text COLLATE "C", bets integer, PRIMARY KEY (tenant_id, day))',
            "CREATE FUNCTION projection.day_of_fixture(f public.fixtures_view) RETURNS TABLE (tenant_id bigint, day text, bets integer)"
            " LANGUAGE sql STABLE AS $$ SELECT f.tenant_id, (f.last_at AT TIME ZONE 'UTC')::date::text, f.bets $$",
            "SELECT projection.define('public.days_view', '{projection.day_of_fixture}', 36)",
        ],
        ("column day of projection.day_of_fixture", "lowest or highest"),
    ),
    "a sum of what metadata says": (
        [
            'CREATE TABLE public.keys_view (tenant_id bigint, user_id text COLLATE "C", keys integer, PRIMARY KEY (tenant_id, user_id))',
            "CREATE FUNCTION projection.key_of_event(e public.bet_events) RETURNS TABLE (tenant_id bigint, user_id text, keys integer)"
            " LANGUAGE sql STABLE AS $$ SELECT e.tenant_id, e.aggregate_id,"
            " CASE WHEN e.metadata ? 'idempotency_key' THEN 1 ELSE 0 END $$",
            "SELECT projection.define('public.keys_view', '{projection.key_of_event}', 60)",
        ],
        ("column keys of public.keys_view", "metadata"),
    ),
}


def compiled(db: psycopg.Connection, *statements: str) -> None:
    with db.transaction():
        for statement in (FIXTURES, DEFINE, *statements):
            db.execute(statement)
        db.execute("SELECT projection.compile('public.bet_events')")
        db.execute("SELECT projection.prove('public.bet_events')")


@ON_PLAIN_ONLY
@pytest.mark.parametrize("wrong", REFUSALS)
def test_a_definition_that_cannot_be_compiled_is_refused(db: psycopg.Connection, wrong: str) -> None:
    statements, words = REFUSALS[wrong]
    compiled_before = db.execute("SELECT md5(string_agg(prosrc, '' ORDER BY oid)) FROM pg_proc").fetchone()
    with refused("BL020", *words):
        compiled(db, *statements)
    assert db.execute("SELECT md5(string_agg(prosrc, '' ORDER BY oid)) FROM pg_proc").fetchone() == compiled_before
    assert db.execute("SELECT count(*) FROM bet_events").fetchone() == (0,)


@ON_PLAIN_ONLY
def test_a_good_definition_is_compiled_and_proved(db: psycopg.Connection) -> None:
    compiled(db)
    assert db.execute("SELECT count(*) FROM bet_events").fetchone() == (0,)


@ON_PLAIN_ONLY
def test_only_the_owner_compiles(db: psycopg.Connection) -> None:
    """What a superuser compiled would run with all rights, and no operator could call it."""
    with refused("42501", "cannot compile public.bet_events"):
        db.execute("SELECT projection.compile('public.bet_events')")


@ON_PLAIN_ONLY
def test_what_later_events_change_is_read_before_where_a_table_above_adds_it_up(db: psycopg.Connection) -> None:
    """Of a row that it changes, an UPDATE gives back what is there now; the shipped tables need no more."""
    text = "SELECT prosrc FROM pg_proc WHERE proname = 'on_v1_bets_bet_settled'"
    assert "FOR NO KEY UPDATE" not in db.execute(text).fetchone()[0]  # type: ignore[index]
    compiled(
        db,
        "ALTER TABLE public.fixtures_view ADD paid_out numeric NOT NULL DEFAULT 0",
        "DROP FUNCTION projection.fixture_of_bet",
        "CREATE FUNCTION projection.fixture_of_bet(b public.bets_view) RETURNS TABLE (tenant_id bigint, fixture_id text,"
        " bets integer, staked numeric, paid_out numeric, last_at timestamptz) LANGUAGE sql STABLE AS 'SELECT b.tenant_id,"
        " b.fixture_id, 1, coalesce(b.stake, 0), coalesce(b.payout, 0), b.last_updated_at WHERE b.fixture_id IS NOT NULL'",
        DEFINE,
    )
    assert "was.payout" in db.execute(text).fetchone()[0]  # type: ignore[index]
    assert "FOR NO KEY UPDATE" in db.execute(text).fetchone()[0]  # type: ignore[index]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("SELECT projection.define('public.nope', '{projection.bet_of_event}', 1)", ("public.nope", "no primary key")),
        ("SELECT projection.define('public.bets_view', '{projection.nope}', 1)", ("projection.nope", "not a function")),
        (
            "SELECT projection.define('public.bets_view', '{projection.event_time}', 1)",
            ("event_time", "not a function"),
        ),
    ],
)
def test_define_refuses_what_is_not_there(db: psycopg.Connection, statement: str, words: tuple[str, ...]) -> None:
    with refused("BL020", *words):
        db.execute(statement)


@ON_PLAIN_ONLY
def test_compiling_again_lets_writers_go_on(db: psycopg.Connection) -> None:
    """What is there already is left alone: only locks that SELECT, INSERT and UPDATE take."""
    with db.transaction(force_rollback=True):
        db.execute("SET LOCAL ROLE betledger_owner")
        db.execute(
            "SELECT projection.compile(t), projection.attach(t), projection.prove(t)"
            " FROM (SELECT DISTINCT event_table FROM projection.event_types) AS e (t)"
        )
        locks = db.execute(
            "SELECT l.mode FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation"
            " WHERE l.pid = pg_backend_pid() AND c.relkind = 'r' AND c.relname ~ '_(events|view|totals)$'"
        ).fetchall()
    assert {"AccessShareLock"} <= {mode for (mode,) in locks} <= {"AccessShareLock", "RowShareLock", "RowExclusiveLock"}


@ON_PLAIN_ONLY
def test_what_guards_an_event_table_is_made_anew_where_it_was_changed(db: psycopg.Connection) -> None:
    guards = (
        "SELECT pg_get_triggerdef(t.oid) AS guard, t.tgenabled FROM pg_trigger AS t"
        " WHERE t.tgrelid = 'bet_events'::regclass AND NOT t.tgisinternal"
        " UNION ALL SELECT with_check, 'O' FROM pg_policies WHERE tablename = 'bet_events' ORDER BY 1"
    )
    before = db.execute(guards).fetchall()
    db.execute("ALTER POLICY own_tenant ON bet_events WITH CHECK (true OR projection.require_tenant(tenant_id))")
    db.execute("ALTER TABLE bet_events DISABLE TRIGGER guard_event")
    db.execute("DROP TRIGGER receive_event ON bet_events")
    assert db.execute(guards).fetchall() != before
    db.execute("SET ROLE betledger_owner; SELECT projection.attach('public.bet_events')")
    assert db.execute(guards).fetchall() == before


@pytest.mark.not_on_citus("a shard is compiled by the same texts, and not proved again")
@pytest.mark.parametrize(
    ("function", "wrong", "right"),
    [
        ("on_v1_bets_bet_placed", r"bets_placed = t\.bets_placed \+ 1", "bets_placed = t.bets_placed + 2"),
        ("on_v1_bets_bet_settled", r"open_bets = t\.open_bets - 1", "open_bets = t.open_bets"),
        ("on_v1_bets_bet_settled", r"t\.last_updated_at <=", "'-infinity' <="),
        ("on_v1_bets_bet_settled", r"t\.status = was\.status", "t.status <> 'settled'"),
        ("bets_view_refresh", r"g\.new_created_at > \(o\.was\)\.last_updated_at", "true"),
        ("user_activity_view_add", r"sum\(s\.sign \* s\.staked\)", "sum(s.staked)"),
    ],
)
def test_the_proof_finds_what_is_compiled_wrongly(
    db: psycopg.Connection, function: str, wrong: str, right: str
) -> None:
    """Each is a fault of the compiler: a difference, a bound or the order of events forgotten."""
    (text,) = db.execute("SELECT pg_get_functiondef(%s::regproc)", (f"projection.{function}",)).fetchone()  # type: ignore[misc]
    broken, times = re.subn(wrong, right, text)
    assert times
    db.execute(broken.encode())
    with refused("BL020", "is not the fold of sample events"):
        db.execute("SET ROLE betledger_owner; SELECT projection.prove('public.bet_events')")


def test_an_event_table_is_closed_until_its_triggers_are_there(db: psycopg.Connection) -> None:
    may = "SELECT has_table_privilege('betledger_app', 'public.bonus_events', 'INSERT')"
    db.execute("SET ROLE betledger_owner; SELECT projection.create_event_table('bonus_events', 'bonuses')")
    assert db.execute(may).fetchone() == (False,)
