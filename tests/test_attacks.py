"""What somebody may try who has a login and means no good: each attempt ends as its row says, and changes nothing.

The world: two tenants with identical ids and keys, and one bet more for the other one. Where something can be told in
spite of the wall (counts, mostly), a row or a test pins down what, and that it is no more than that.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from conftest import LOGINS
from ledger import (
    EVENT_TABLES,
    OTHER,
    READ_TABLES,
    T0,
    TENANT,
    append,
    call,
    call_all,
    one,
    place,
    rows,
    state,
    unchanged,
)
from psycopg import sql

GRANTS = Path(__file__).parent.parent / "docs" / "grants.txt"
MEMBERS = "tenant_login app reader operator"
EVERYBODY = f"{MEMBERS} stranger"

# What the other tenant has and this one has not: it may be in no answer, message or plan.
SECRET = "secret-of-10002"
SAME_ID = UUID("00000000-0000-4000-8000-000000000001")
THEIR_ID = UUID("00000000-0000-4000-8000-000000000002")

TENANT_TABLES = (*EVENT_TABLES, *READ_TABLES, "projection.tenant_totals", "personal_keys", "consumers", "tenants")
# Written by triggers and migrations only.
KEPT_TABLES = (
    *(t for t in READ_TABLES if t != "tenants_summary_view"),
    "tenants",
    *(f"projection.{t}" for t in ("tenant_totals", "event_types", "projections", "sources")),
)
TABLES = (*EVENT_TABLES, *KEPT_TABLES, "personal_keys", "consumers")
WEAK_LOCKS = ("ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE")
LOCKS = ("SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE")


@dataclass(frozen=True)
class Attempt:
    """What somebody tries, and what has to come of it.

    Attributes:
        roles: who tries it, one after the other.
        name: what it is.
        sql: statements of one transaction. All have to succeed but the last one, which counts.
        gives: a SQLSTATE, or the rows.
        words: what the error, or else the warnings and notices, have to say.
        prepare: what a superuser does beforehand.
        each: every statement counts, in a transaction of its own.
        alone: without a transaction, for what refuses to run in one.
        writes: it may write rows of its own tenant; those of the other one stay.
        keep: whether what succeeds is committed.
        not_on_citus: why it is left out there.
    """

    roles: str
    name: str
    sql: str | tuple[str, ...]
    gives: str | list[tuple[Any, ...]]
    words: tuple[str, ...] = ()
    prepare: str = ""
    each: bool = False
    alone: bool = False
    writes: bool = False
    keep: bool = True
    not_on_citus: str = ""

    @property
    def statements(self) -> tuple[str, ...]:
        return (self.sql,) if isinstance(self.sql, str) else self.sql


def tenant(
    name: str, sql: str | tuple[str, ...], gives: str | list[tuple[Any, ...]], *words: str, **more: Any
) -> Attempt:
    return Attempt("tenant_login", name, sql, gives, words, **more)


def everybody(name: str, *sql: str, gives: str = "42501", roles: str = EVERYBODY, **more: Any) -> Attempt:
    """Each of the statements fails for each of the roles."""
    return Attempt(roles, name, sql, gives, each=True, **more)


OWN = [(TENANT,)]
THEIRS = [(OTHER,), (OTHER,)]
NOTHING: list[tuple[Any, ...]] = []
LOOK = "SELECT tenant_id FROM bets_view"
EVERY_TENANT = " UNION ALL ".join(f"SELECT tenant_id FROM {t}" for t in TENANT_TABLES)
INSERT = 'INSERT INTO bet_events (id, tenant_id, aggregate_id, event_type, event_data, "timestamp", version)'
LEAK = (
    "CREATE FUNCTION pg_temp.leak({}) RETURNS boolean LANGUAGE plpgsql IMMUTABLE COST 0.0000001 AS"
    " $$ BEGIN IF {} <> 10001 THEN RAISE EXCEPTION 'seen'; END IF; RETURN true; END $$"
)
TEMPORARY = "what is temporary does not reach the nodes"
ONE_SHARD = "rows are locked by tenant_id there"
BY_TENANT = "joins are by tenant_id there"
ON_NODES = "what writes to a shard is compiled on its node there"


def event_of(tenant: object, event_id: object = "gen_random_uuid()") -> str:
    """The values for INSERT: a bet is confirmed."""
    return f"{event_id}, {tenant}, 'bet-1', 'V1_BETS_BET_CONFIRMED', '{{}}', 1700000000001, 1"


# fmt: off
# Nothing but the policies stands between the tenant and the other one's rows: without them, each of these shows more.
READING = [
    tenant("every table", f"SELECT DISTINCT tenant_id FROM ({EVERY_TENANT}) AS t", OWN),
    tenant("the id of another tenant", f"{LOOK} WHERE tenant_id = 10002", NOTHING),
    tenant("the id of a bet that both have", f"{LOOK} WHERE bet_id = 'bet-1'", OWN),
    tenant("the id of a bet that only the other has", f"{LOOK} WHERE bet_id = 'bet-2'", NOTHING),
    tenant("a key that only the other has", f"{LOOK} WHERE idempotency_key = 'theirs'", NOTHING),
    tenant("the id of an event that only the other has", f"SELECT 1 FROM bet_events WHERE id = '{THEIR_ID}'", NOTHING),
    tenant("or true", f"{LOOK} WHERE tenant_id = 10001 OR true", OWN),
    tenant("all but mine", f"{LOOK} WHERE tenant_id <> 10001 OR tenant_id IS NULL", NOTHING),
    tenant("a key in its JSON", "SELECT tenant_id FROM bet_events WHERE metadata ->> 'idempotency_key' = 'k'", OWN),
    tenant("guessing ids one by one",
           f"SELECT b.tenant_id FROM ({LOOK}) AS b JOIN generate_series(10000, 10010) AS g ON g = b.tenant_id", OWN),
    tenant("joining by the id of the bet",
           "SELECT b.tenant_id FROM bets_view AS a JOIN bets_view AS b USING (bet_id)", OWN, not_on_citus=BY_TENANT),
    tenant("joining events to a bet",
           "SELECT e.tenant_id FROM bets_view AS b JOIN bet_events AS e ON e.aggregate_id = b.bet_id", OWN,
           not_on_citus=BY_TENANT),
    # The table in a subquery: with its bare name, and a policy on it, the coordinator of Citus 13.2 crashes.
    tenant("an outer join of guessed ids",
           "SELECT g.id, b.tenant_id FROM (VALUES (10001), (10002)) AS g (id)"
           f" LEFT JOIN ({LOOK}) AS b ON b.tenant_id = g.id ORDER BY 1", [(TENANT, TENANT), (OTHER, None)]),
    tenant("an anti-join of guessed ids",
           f"SELECT g FROM generate_series(10001, 10003) AS g WHERE g NOT IN ({LOOK}) ORDER BY 1",
           [(OTHER,), (10003,)]),
    tenant("a scalar subquery", "SELECT (SELECT max(tenant_id) FROM bet_events)", OWN),
    tenant("a subquery as an array", "SELECT ARRAY(SELECT tenant_id FROM bet_events)", [([TENANT],)]),
    tenant("more than one row from a subquery", f"SELECT ({LOOK})", OWN),
    tenant("aggregates", "SELECT count(*), min(tenant_id), max(tenant_id), sum(stake) FROM bets_view",
           [(1, TENANT, TENANT, 10.5)]),
    tenant("an aggregate with a filter", "SELECT count(*) FILTER (WHERE tenant_id = 10002) FROM bets_view", [(0,)]),
    tenant("all rows in one value", "SELECT json_agg(b) ->> 1 FROM bets_view AS b", [(None,)]),
    tenant("having", "SELECT count(*) FROM bets_view HAVING max(tenant_id) = 10002", NOTHING),
    tenant("grouping sets", "SELECT tenant_id, count(*) FROM bets_view GROUP BY ROLLUP (tenant_id) ORDER BY 1",
           [(TENANT, 1), (None, 1)], not_on_citus="no grouping sets over several shards"),
    tenant("window functions",
           "SELECT tenant_id, count(*) OVER (), lead(tenant_id) OVER (ORDER BY tenant_id) FROM bets_view",
           [(TENANT, 1, None)]),
    tenant("a common table expression", f"WITH b AS MATERIALIZED ({LOOK}) SELECT * FROM b", OWN),
    tenant("a recursive query",
           f"WITH RECURSIVE r AS ({LOOK} UNION SELECT b.tenant_id FROM bets_view AS b"
           " JOIN r ON b.tenant_id > r.tenant_id) SELECT * FROM r", OWN,
           not_on_citus="no recursive queries over several shards"),
    tenant("lateral",
           "SELECT l.tenant_id FROM bets_view AS b, LATERAL"
           " (SELECT e.tenant_id FROM bet_events AS e WHERE e.tenant_id = b.tenant_id) AS l", OWN),
    tenant("union", f"{LOOK} UNION SELECT tenant_id FROM payment_events", OWN),
    tenant("except", f"{LOOK} EXCEPT SELECT 10001", NOTHING),
    tenant("a sample of the table", f"{LOOK} TABLESAMPLE SYSTEM (100)", OWN),
    tenant("comparing whole keys", f"{LOOK} WHERE (tenant_id, bet_id) > (10001, 'bet-1')", NOTHING),
    tenant("comparing whole rows as text", "SELECT count(*) FROM bets_view AS b WHERE b::text LIKE '%10002%'", [(0,)]),
    tenant("the row after mine", f"{LOOK} ORDER BY tenant_id OFFSET 1", NOTHING),
    tenant("distinct on", "SELECT DISTINCT ON (bet_id) tenant_id FROM bets_view ORDER BY bet_id, tenant_id DESC", OWN),
    tenant("only and table", ("SELECT FROM ONLY bets_view", "SELECT count(*) FROM (TABLE bets_view) AS t"), [(1,)]),
    tenant("a row by its place", 
           f"{LOOK} WHERE ctid IN (SELECT format('(%s,%s)', p, n)::tid"
           " FROM generate_series(0, 99) AS p, generate_series(1, 99) AS n)", OWN),
    tenant("a row by its transaction", f"{LOOK} WHERE xmin::text::bigint > 0", OWN),
    tenant("the biggest summary", "SELECT tenant_id FROM tenants_summary_view ORDER BY bets DESC LIMIT 1", OWN),
    tenant("the keys that encrypt persons", "SELECT tenant_id, user_id FROM personal_keys", [(TENANT, "u1")]),
    # Errors that only a row of the other tenant would raise.
    tenant("dividing by zero in the list", "SELECT 1 / (tenant_id - 10002) FROM bets_view", [(-1,)]),
    tenant("dividing by zero in the condition", f"{LOOK} WHERE 1 / (tenant_id - 10002) < 0", OWN),
    tenant("dividing by zero for a guessed value", f"{LOOK} WHERE 1 / length(replace(bet_id, 'bet-2', '')) < 9", OWN),
    tenant("dividing by zero in the order", f"{LOOK} ORDER BY 1 / (tenant_id - 10002)", OWN),
    tenant("dividing by zero in an aggregate", "SELECT sum(1 / (tenant_id - 10002)) FROM bets_view", [(-1,)]),
    tenant("a cast that fails", f"{LOOK} WHERE replace(bet_id, 'bet-1', '1')::int = 1", OWN),
    tenant("a cast that fails in a block",
           "DO $$ BEGIN PERFORM replace(bet_id, 'bet-1', '1')::int FROM bets_view; END $$", NOTHING),
    tenant("dynamic SQL in a block", "DO $$ BEGIN EXECUTE 'SELECT 1 / (tenant_id - 10002) FROM bets_view'; END $$",
           NOTHING),
    tenant("a query that a function runs",
           "SELECT word FROM ts_stat('SELECT to_tsvector(''simple'', tenant_id::text) FROM bets_view')", [("10001",)]),
    # Functions, operators, tables and views of one's own. The functions fail once they see the other tenant.
    tenant("a leaky function in the condition",
           (LEAK.format("t bigint", "t"), f"{LOOK} WHERE pg_temp.leak(tenant_id)"), OWN, not_on_citus=TEMPORARY),
    tenant("a leaky function over whole rows, without an index",
           (LEAK.format("b bet_events", "b.tenant_id"), "SET LOCAL enable_indexscan = off",
            "SET LOCAL enable_bitmapscan = off", "SELECT tenant_id FROM bet_events AS b WHERE pg_temp.leak(b)"),
           OWN, not_on_citus=TEMPORARY),
    tenant("a leaky function in a join",
           (LEAK.format("s bigint, t bigint", "t"),
            "SELECT b.tenant_id FROM bets_view AS a JOIN bets_view AS b ON pg_temp.leak(a.tenant_id, b.tenant_id)"),
           OWN, not_on_citus=TEMPORARY),
    tenant("a leaky operator",
           (LEAK.format("s bigint, t bigint", "s"),
            "CREATE OPERATOR pg_temp.=== (FUNCTION = pg_temp.leak, LEFTARG = bigint, RIGHTARG = bigint)",
            f"{LOOK} WHERE tenant_id OPERATOR(pg_temp.===) 1"), OWN, not_on_citus=TEMPORARY),
    tenant("an aggregate of one's own",
           ("CREATE FUNCTION pg_temp.seen(s bigint, t bigint) RETURNS bigint LANGUAGE sql RETURN greatest(s, t)",
            "CREATE AGGREGATE pg_temp.seen(bigint) (SFUNC = pg_temp.seen, STYPE = bigint)",
            "SELECT pg_temp.seen(tenant_id) FROM bets_view"), OWN),
    tenant("a view of one's own",
           (f"CREATE TEMP VIEW mine WITH (security_invoker = false) AS {LOOK}", "SELECT * FROM mine"), OWN),
    # What a team makes over our tables reads as its owner, unless it says otherwise.
    tenant("a view of a team that reads as who asks", "SELECT tenant_id FROM of_a_team", OWN, prepare=(
        f"CREATE VIEW public.of_a_team WITH (security_invoker = true) AS {LOOK};"
        " GRANT SELECT ON public.of_a_team TO betledger_tenant")),
    tenant("a function of one's own, with the rights of its owner",
           (f"CREATE FUNCTION pg_temp.mine() RETURNS SETOF bigint LANGUAGE sql SECURITY DEFINER AS '{LOOK}'",
            "SELECT * FROM pg_temp.mine()"), OWN),
    tenant("a table of one's own", (f"CREATE TEMP TABLE mine AS {LOOK}", "SELECT * FROM mine"), OWN),
    tenant("COPY TO", "COPY bets_view (tenant_id) TO STDOUT", [("10001",)],
           not_on_citus="COPY of a table with policies gives no row"),
    tenant("COPY of a query", f"COPY ({LOOK}) TO STDOUT", [("10001",)]),
    tenant("a cursor", (f"DECLARE c CURSOR FOR {LOOK}", "FETCH ALL FROM c"), OWN),
    tenant("a prepared statement", (f"PREPARE p AS {LOOK}", "EXECUTE p"), OWN),
    tenant("a plan without an index",
           ("SET LOCAL enable_indexscan = off", "SET LOCAL enable_bitmapscan = off", LOOK), OWN),
    # Writing what is not seen.
    tenant("locking events", "SELECT tenant_id FROM bet_events FOR UPDATE", OWN, not_on_citus=ONE_SHARD),
    tenant("copying events", f"{INSERT} SELECT {event_of(TENANT)} FROM bet_events WHERE tenant_id <> 10001 RETURNING 1",
           NOTHING),
    tenant("taking out keys of the other",
           "UPDATE bet_events SET metadata = metadata - 'idempotency_key' WHERE tenant_id = 10002 RETURNING 1",
           NOTHING),
    tenant("erasing a person of the other",
           "UPDATE personal_keys SET key = NULL, erased_at = now() WHERE tenant_id = 10002 RETURNING 1", NOTHING),
]

STATISTICS = [
    tenant("pg_stats", "SELECT most_common_vals FROM pg_stats WHERE tablename IN ('bets_view', 'bet_events')", NOTHING,
           prepare="ANALYZE"),
    tenant("pg_stats_ext", "SELECT statistics_name FROM pg_stats_ext", NOTHING,
           prepare="CREATE STATISTICS s (mcv) ON user_id, fixture_id FROM bets_view; ANALYZE"),
    tenant("pg_stats_ext_exprs", "SELECT statistics_name FROM pg_stats_ext_exprs", NOTHING,
           prepare="CREATE STATISTICS s ON lower(fixture_id) FROM bets_view; ANALYZE"),
    everybody("the catalogues below the statistics",
              "SELECT FROM pg_statistic", "SELECT FROM pg_statistic_ext_data", "SELECT FROM pg_largeobject"),
    # Values of others are in the statistics; an operator that would see them is not called while a query is planned.
    tenant("an operator of one's own that estimates from statistics",
           (LEAK.format("s text, t text", "1").replace("1 <> 10001", f"s = '{SECRET}'"),
            "CREATE OPERATOR pg_temp.<<< (FUNCTION = pg_temp.leak, LEFTARG = text, RIGHTARG = text,"
            " RESTRICT = scalarltsel)",
            "SELECT tenant_id FROM bets_view WHERE fixture_id OPERATOR(pg_temp.<<<) 'x'"), OWN,
           prepare="ANALYZE", not_on_citus=TEMPORARY),
    # Documented: how many rows all tenants have together can be told. No value can.
    tenant("the number of rows of all tenants", "SELECT reltuples FROM pg_class WHERE oid = 'bets_view'::regclass",
           [(3,)], prepare="ANALYZE", not_on_citus="rows are on the nodes"),
    tenant("the size of all tenants", "SELECT pg_relation_size('bets_view') > 0", [(True,)],
           not_on_citus="rows are on the nodes"),
    tenant("the number of changes of all tenants",
           "SELECT n_live_tup >= 3 FROM pg_stat_user_tables WHERE relid = 'bets_view'::regclass", [(True,)],
           prepare="ANALYZE", not_on_citus="rows are on the nodes"),
    tenant("what others run", "SELECT DISTINCT query FROM pg_stat_activity WHERE usename <> current_user",
           [("<insufficient privilege>",)]),
    everybody("the era of the feed", "SELECT nextval('projection.feed_era')", "SELECT setval('projection.feed_numbers', 1)",
              "SELECT setval('projection.feed_floor', 281474976710655)", "SELECT projection.set_era(99)",
              "SELECT projection.set_feed_cell('projection.feed_start', 1)", gives="42501"),
    tenant("locks tell tables, not rows",
           "SELECT count(*) FROM pg_locks AS l WHERE l::text ~ 'bet-|secret'", [(0,)]),
    tenant("the newest version of a row by its place",
           "SELECT currtid2('bets_view', '(0,2)') = '(0,2)', currtid2('bets_view', '(0,99)') = '(0,99)'",
           [(True, True)], not_on_citus="rows are on the nodes"),
]

SETTINGS = [
    # Documented: whoever can run SET chooses the tenant. The wall is against mistakes and against reaching two tenants
    # at once, not against a client that may send any SQL.
    tenant("another tenant with SET LOCAL", ("SET LOCAL app.tenant_id = '10002'", LOOK), THEIRS),
    tenant("another tenant with set_config", ("SELECT set_config('app.tenant_id', '10002', true)", LOOK), THEIRS,
           not_on_citus="set_config() does not reach the nodes: nothing is seen"),
    tenant("another tenant within a function",
           ("CREATE FUNCTION pg_temp.theirs() RETURNS SETOF bigint LANGUAGE plpgsql AS"
            f" $$ BEGIN SET LOCAL app.tenant_id = '10002'; RETURN QUERY {LOOK}; END $$",
            "SELECT * FROM pg_temp.theirs()"),
           THEIRS),
    everybody("the tenant as a setting that is kept", "ALTER ROLE CURRENT_USER SET app.tenant_id = '10002'",
              "CREATE FUNCTION pg_temp.x() RETURNS int LANGUAGE sql SET app.tenant_id = '10002' RETURN 1"),
    tenant("another tenant with a forged HTTP header",
           ("SELECT set_config('request.headers', '{\"x-tenant-id\": \"10002\"}', true),"
            " set_config('request.method', 'GET', true)", "SELECT http.pre_request()", LOOK), THEIRS),
    tenant("a forged HTTP header beside a token",
           ("SELECT set_config('request.headers', '{\"x-tenant-id\": \"10002\"}', true),"
            " set_config('request.jwt.claims', '{\"tenant_id\": \"10001\"}', true)", "SELECT http.pre_request()"),
            "PT403"),
    *[
        tenant(f"the tenant {value!a} in the middle", (LOOK, f"SET LOCAL app.tenant_id = '{value}'", LOOK), NOTHING)
        for value in ("", "null", "abc", "0", "-10002", "10002.0", "1e4", "0x2712", "10002 OR true", "9" * 20,
                      "\uff11\uff10\uff10\uff10\uff12")
    ],
    tenant("no tenant in the middle", (LOOK, "RESET app.tenant_id", LOOK), NOTHING),
    tenant("another role's setting", ("SET LOCAL app.tenant_id = ''", "SET LOCAL ROLE betledger_tenant", LOOK), NOTHING,
           not_on_citus="a role that cannot log in reaches no node"),
    tenant("a setting that was rolled back",
           ("SAVEPOINT s", "SET LOCAL app.tenant_id = '10002'", LOOK, "ROLLBACK TO s", LOOK), OWN),
    tenant("a setting that was released stays",
           ("SAVEPOINT s", "SET LOCAL app.tenant_id = '10002'", "RELEASE s", LOOK), THEIRS,
           not_on_citus="nodes that are reached later get the setting from before"),
    tenant("no setting in the next transaction", (LOOK, "COMMIT", LOOK), NOTHING),
    tenant("a kept plan has no tenant in it",
           ("SET LOCAL plan_cache_mode = force_generic_plan", f"PREPARE p AS {LOOK}", "EXECUTE p",
            "SET LOCAL app.tenant_id = ''", "EXECUTE p"), NOTHING),
    tenant("a kept plan follows the setting",
           (f"PREPARE p AS {LOOK}", *["EXECUTE p"] * 6, "SET LOCAL app.tenant_id = '10002'", "EXECUTE p"), THEIRS),
    tenant("a function called before, for the tenant of before",
           (*["SELECT id FROM bet_history(10001, 'bet-1')"] * 6, "SET LOCAL app.tenant_id = '10002'",
            "SELECT id FROM bet_history(10001, 'bet-1')"), "BL006", "10001", "10002"),
    tenant("a function of one's own, called before",
           ("CREATE FUNCTION pg_temp.mine() RETURNS SETOF bigint LANGUAGE plpgsql AS"
            f" $$ BEGIN RETURN QUERY {LOOK}; END $$",
            *["SELECT * FROM pg_temp.mine()"] * 6, "SET LOCAL app.tenant_id = ''", "SELECT * FROM pg_temp.mine()"),
            NOTHING),
    # Documented: what a session has taken out it keeps, until DISCARD ALL. Between tenants, a pooler has to run that.
    tenant("a cursor that outlives its transaction",
           (f"DECLARE c CURSOR WITH HOLD FOR {LOOK}", "COMMIT", "SET LOCAL app.tenant_id = '10002'",
            "FETCH ALL FROM c"),
           OWN),
    tenant("what DISCARD ALL leaves",
           ("SET app.tenant_id = '10001'", f"CREATE TEMP TABLE bets_view AS {LOOK}", "DISCARD ALL", LOOK), NOTHING,
            alone=True),
    tenant("row_security off", ("SET LOCAL row_security = off", LOOK), "42501", "row-level security"),
    tenant("row_security off through its view",
           ("UPDATE pg_settings SET setting = 'off' WHERE name = 'row_security'", LOOK), "42501", "row-level security"),
    everybody("settings of superusers", "SET session_replication_role = replica", "SET allow_system_table_mods = on",
              "SET session_preload_libraries = 'x'", "SET log_statement = 'none'", "SET zero_damaged_pages = on",
              "SET SESSION AUTHORIZATION betledger_owner", "SHOW data_directory", "SHOW hba_file"),
]

SHADOWS = [
    tenant("temporary tables with our names",
           (*(f"CREATE TEMP TABLE {t} (LIKE public.{t} INCLUDING ALL)" for t in (*EVENT_TABLES, "bets_view")),
            *(f"CREATE TEMP TABLE {t} (LIKE projection.{t})" for t in ("event_types", "projections", "sources")),
            "CREATE TEMP TABLE new_events (LIKE public.bet_events)",
            "SET LOCAL search_path = pg_temp, public", "SELECT * FROM place_bet(10001, 'u1', 1, 2, 'f1', 'new', true)",
            "SELECT * FROM deposit(10001, 'u1', 5, 'new, too')",
            f"INSERT INTO public.{INSERT.removeprefix('INSERT INTO ')} VALUES ({event_of(TENANT)})",
            "SELECT b.status, (SELECT count(*) FROM public.bets_view), u.balance,"
            " (SELECT count(*) FROM pg_temp.bet_events), (SELECT count(*) FROM pg_temp.balance_events),"
            " (SELECT count(*) FROM pg_temp.new_events)"
            " FROM public.bets_view AS b, public.user_balances_view AS u WHERE bet_id = 'bet-1'"),
           [("confirmed", 2, 104, 0, 0, 0)], writes=True),
    tenant("temporary tables in the place of the history",
           ("CREATE TEMP TABLE bet_events (LIKE public.bet_events)", "SET LOCAL search_path = pg_temp, public",
            "SELECT event_type FROM bet_history(10001, 'bet-1')"), [("V1_BETS_BET_PLACED",)]),
    # Documented: names without a schema mean one's own temporary tables first. That is one's own session, but a session
    # that a pooler hands on is somebody else's, too: DISCARD ALL, no right to TEMPORARY, or names with a schema.
    tenant("a temporary table in the place of a read table",
           ("CREATE TEMP TABLE bets_view AS SELECT 7::bigint AS tenant_id", LOOK), [(7,)]),
    tenant("functions with the names of those in a policy",
           ("CREATE FUNCTION pg_temp.current_setting(text, boolean) RETURNS text LANGUAGE sql RETURN '10002'",
            "CREATE FUNCTION pg_temp.substring(text, text) RETURNS text LANGUAGE sql RETURN '10002'",
            "SET LOCAL search_path = pg_temp, public, pg_catalog", LOOK), OWN),
    tenant("functions with the names of those in a function",
           ("CREATE FUNCTION pg_temp.require_tenant(bigint) RETURNS boolean LANGUAGE sql RETURN true",
            "CREATE FUNCTION pg_temp.pg_has_role(text, text) RETURNS boolean LANGUAGE sql RETURN true",
            "SET LOCAL search_path = pg_temp, public, projection, pg_catalog",
            "SELECT * FROM bet_history(10002, 'bet-1')"), "BL006", "10002"),
    tenant("operators with the names of those in a policy",
           ("CREATE FUNCTION pg_temp.yes(bigint, bigint) RETURNS boolean LANGUAGE sql RETURN true",
            "CREATE OPERATOR pg_temp.= (FUNCTION = pg_temp.yes, LEFTARG = bigint, RIGHTARG = bigint)",
            "SET LOCAL search_path = pg_temp, public, pg_catalog", LOOK), OWN),
    tenant("types with the names of those in a function",
           ("CREATE DOMAIN pg_temp.bigint AS text CHECK (false)", "CREATE DOMAIN pg_temp.text AS bigint CHECK (false)",
            "CREATE DOMAIN pg_temp.jsonb AS bigint CHECK (false)",
            "SET LOCAL search_path = pg_temp, public, pg_catalog",
            "SELECT status FROM confirm_bet(10001, 'bet-1')"), [("confirmed",)], writes=True),
    tenant("settings that change how values are written",
           ("SET LOCAL DateStyle = 'SQL, DMY'", "SET LOCAL IntervalStyle = 'iso_8601'",
            "SET LOCAL TimeZone = 'Asia/Kathmandu'",
            "SET LOCAL extra_float_digits = -15", "SET LOCAL bytea_output = 'escape'", "SET LOCAL array_nulls = off",
            "SET LOCAL transform_null_equals = on", "SET LOCAL standard_conforming_strings = off",
            "SELECT status FROM place_bet(10001, 'u1', 1, 2, 'f1', 'new', true)",
            "SELECT status FROM confirm_bet(10001, 'bet-1')",
            "SELECT stake::text, odds::text, status, extract(EPOCH FROM created_at) * 1000"
            " FROM bet_as_of(10001, 'bet-1', 1700000000000)"),
           [("10.5", "1.85", "placed", T0)], writes=True),
    tenant("a trigger of ours on a table of one's own",
           ("CREATE TEMP TABLE x (LIKE bet_events)",
            "CREATE TRIGGER x AFTER INSERT ON x REFERENCING NEW TABLE AS new_events FOR EACH STATEMENT"
            " EXECUTE FUNCTION projection.bet_events_inserted()"), "42501", "bet_events_inserted"),
    tenant("a foreign key to a read table",
           "CREATE TEMP TABLE x (t bigint, b text, FOREIGN KEY (t, b) REFERENCES bets_view)", "42P16", "temporary"),
    tenant("a child of a read table", "CREATE TEMP TABLE x () INHERITS (bets_view)", "42501",
           "owner of table bets_view"),
    tenant("a table of one's own as a child of a read table",
           ("CREATE TEMP TABLE x (LIKE bets_view)", "ALTER TABLE x INHERIT bets_view"), "42501",
            "owner of table bets_view"),
    tenant("a function that claims to be leakproof",
           LEAK.format("t bigint", "t").replace("IMMUTABLE", "IMMUTABLE LEAKPROOF"), "42501", "leakproof"),
    everybody("functions of the system", "CREATE FUNCTION pg_temp.x() RETURNS int LANGUAGE c AS 'libc', 'system'",
              "CREATE FUNCTION pg_temp.x(text) RETURNS text LANGUAGE internal AS 'pg_read_file'",
              "CREATE FUNCTION pg_catalog.x() RETURNS int LANGUAGE sql RETURN 1",
              "CREATE FUNCTION public.x() RETURNS int LANGUAGE sql RETURN 1",
              "CREATE CAST (bigint AS text) WITH INOUT", "LOAD '/tmp/x.so'"),
]

WRITING = [
    *[
        everybody(f"{kind} what triggers keep", *(statement.format(t) for t in KEPT_TABLES))
        for kind, statement in {
            "inserting into": "INSERT INTO {} DEFAULT VALUES", "deleting": "DELETE FROM {}",
            "truncating": "TRUNCATE {}", "copying into": "COPY {} FROM STDIN",
        }.items()
    ],
    everybody("locking rows of what triggers keep", *(f"SELECT FROM {t} FOR KEY SHARE" for t in KEPT_TABLES),
              not_on_citus=ONE_SHARD),
    everybody("updating what triggers keep", "UPDATE bets_view SET stake = 1", "UPDATE payments_view SET amount = 1",
              "UPDATE user_balances_view SET balance = 1", "UPDATE user_activity_view SET bets = 1",
              "UPDATE projection.tenant_totals SET bets_placed = 1",
              "UPDATE projection.event_types SET event_type = 'x'", "UPDATE projection.sources SET definition = 'x'",
              "UPDATE projection.projections SET kind = 'sum'"),
    everybody("merging into what triggers keep",
              *(f"MERGE INTO {t} AS t USING (VALUES (1)) AS v ON true WHEN MATCHED THEN DELETE" for t in KEPT_TABLES),
              not_on_citus="Citus refuses to plan it first"),
    everybody("writing rows that were made up",
              "SELECT projection.bets_view_refresh('{10001}', '{bet-1}', ARRAY[NULL::bets_view])",
              "SELECT projection.user_activity_view_add('{}', '{}')", "SELECT projection.tenant_totals_add('{}', '{}')",
              not_on_citus=ON_NODES),
    everybody("a writable common table expression", "WITH d AS (DELETE FROM bets_view RETURNING *) SELECT * FROM d",
              "WITH d AS (UPDATE bets_view SET stake = 0 RETURNING *) SELECT * FROM d"),
    everybody("an upsert of a read table",
              "INSERT INTO user_balances_view VALUES (10001, 'u1', 9, 9, now())"
              " ON CONFLICT (tenant_id, user_id) DO UPDATE SET balance = 1000000"),
    everybody("writing the summary", "INSERT INTO tenants_summary_view (tenant_id) VALUES (1)",
              "UPDATE tenants_summary_view SET bets = 0", "DELETE FROM tenants_summary_view", gives="55000"),
    everybody("deleting events", *(f"DELETE FROM {t}" for t in EVENT_TABLES), *(f"TRUNCATE {t}" for t in EVENT_TABLES),
              *(f"DELETE FROM {t} WHERE tenant_id = 10001" for t in EVENT_TABLES), "DELETE FROM personal_keys"),
    everybody("updating events", *(f"UPDATE {t} SET {change}" for t in EVENT_TABLES for change in (
        "event_data = '{}'", "created_at = '2000-01-01'", f"id = '{THEIR_ID}'", "version = 1",
        "metadata = NULL, event_data = '{}'"))),
    everybody("giving events to another tenant", *(f"UPDATE {t} SET tenant_id = 10002" for t in EVENT_TABLES),
              not_on_citus="it refuses by itself"),
    everybody("updating events as who may only read", "UPDATE bet_events SET metadata = NULL", roles="reader stranger"),
    everybody("inserting as who may only read", f"{INSERT} VALUES ({event_of(TENANT)})", "COPY bet_events FROM STDIN",
              roles="reader stranger"),
    everybody("inserting as who may only correct", f"{INSERT} VALUES ({event_of(TENANT)})",
              *(INSERT.replace("bet_events", t) + f" VALUES (gen_random_uuid(), 10001, 'x', '{kind}', '{data}', 1700000000000, 1)" for t, kind, data in (
                  ("bet_events", "V1_BETS_BET_SETTLED", '{"result": "win", "payout": 5}'),
                  ("payment_events", "V1_PAYMENTS_DEPOSIT_COMPLETED", "{}"),
                  ("balance_events", "V1_BALANCES_BALANCE_INCREASED", '{"user_id": "u1", "amount": 5, "bet_id": "bet-1"}'))),
              roles="operator"),
    everybody("locking events as who may only read", "SELECT FROM bet_events FOR UPDATE", roles="reader stranger",
              not_on_citus=ONE_SHARD),
    everybody("COPY FROM", f"COPY {INSERT.removeprefix('INSERT INTO ')} FROM STDIN", gives="0A000",
              roles="tenant_login app operator"),
    *[
        everybody(f"changing metadata of {what}", f"UPDATE bet_events SET metadata = {change} WHERE tenant_id = 10001",
                  gives="BL010", roles="tenant_login app operator")
        for what, change in {
            "an event to null": "NULL", "an event by a note": "metadata || '{\"note\": 1}'",
            "an event by another key": "'{\"idempotency_key\": \"other\"}'", "an event to the same": "metadata",
        }.items()
    ],
    everybody("taking out a young key", "UPDATE payment_events SET metadata = metadata - 'idempotency_key'",
              gives="BL010", roles="tenant_login app", words=("has not expired",),
              prepare="SELECT * FROM deposit(10001, 'u1', 5, 'young')"),
    # Documented: created_at is the client's, so a client decides how long a key of its own lives.
    tenant("taking out a key of an event that says it is old",
           (f"{INSERT[:-1]}, created_at, metadata)"
            f" VALUES ({event_of(TENANT)}, '2020-01-01', '{{\"idempotency_key\": \"new\"}}')",
            "UPDATE bet_events SET metadata = metadata - 'idempotency_key' WHERE tenant_id = 10001"
            " AND metadata ->> 'idempotency_key' = 'new' RETURNING metadata"), [({},)], writes=True),
    tenant("inserting for the other, with an id that is taken",
           f"{INSERT} VALUES ({event_of(OTHER, repr(str(SAME_ID)))})",
           "BL006", "10002"),
    tenant("inserting for the other, if it is not there",
           f"{INSERT} VALUES ({event_of(OTHER, repr(str(SAME_ID)))}) ON CONFLICT DO NOTHING", "BL006", "10002"),
    tenant("inserting for the other, or updating what is there",
           f"{INSERT} VALUES ({event_of(OTHER, repr(str(SAME_ID)))})"
           " ON CONFLICT (tenant_id, id) DO UPDATE SET metadata = NULL", "BL006", "10002"),
    tenant("inserting for the other among one's own",
           f"{INSERT} VALUES ({event_of(TENANT)}), ({event_of(OTHER)})", "BL006", "10002"),
    tenant("inserting for the other in a common table expression",
           f"WITH i AS ({INSERT} VALUES ({event_of(OTHER)}) RETURNING *) SELECT * FROM i", "BL006", "10002"),
    tenant("merging for the other",
           "MERGE INTO bet_events AS e USING (SELECT 10002::bigint AS t) AS v ON e.tenant_id = v.t"
           f" WHEN NOT MATCHED THEN {INSERT.replace('INTO bet_events ', '')} VALUES ({event_of('v.t')})",
           "BL006", "10002", not_on_citus="Citus merges from tables only"),
    tenant("inserting for nobody", f"{INSERT} VALUES ({event_of('NULL')})", "BL001", "tenant_id",
           not_on_citus="it needs the tenant to find the node"),
    tenant("inserting for a tenant below 1", f"{INSERT} VALUES ({event_of(-1)})", "BL001", "tenant_id"),
    tenant("an event of one's own, updating what is there",
           f"{INSERT} VALUES ({event_of(TENANT, repr(str(SAME_ID)))})"
           " ON CONFLICT (tenant_id, id) DO UPDATE SET metadata = NULL",
           "BL010", "append-only"),
    tenant("an id of one's own again", f"{INSERT} VALUES ({event_of(TENANT, repr(str(SAME_ID)))})", "23505"),
    # What only the other has used is free: nothing tells that it is there.
    tenant("an id that only the other has",
           f"{INSERT} VALUES ({event_of(TENANT, repr(str(THEIR_ID)))}) RETURNING tenant_id",
           OWN, writes=True),
    tenant("a key that only the other has, inserted",
           f"{INSERT[:-1]}, metadata) VALUES ({event_of(TENANT)}, '{{\"idempotency_key\": \"theirs\"}}')"
           " RETURNING tenant_id",
           OWN, writes=True),
    tenant("a key that only the other has, in a function",
           "SELECT tenant_id, user_id, status, idempotency_key, duplicate"
           " FROM place_bet(10001, 'u9', 1, 2, 'f9', 'theirs')",
           [(TENANT, "u9", "placed", "theirs", False)], writes=True),
    tenant("a key that nobody has, in a function",
           "SELECT tenant_id, user_id, status, idempotency_key, duplicate"
           " FROM place_bet(10001, 'u9', 1, 2, 'f9', 'free')",
           [(TENANT, "u9", "placed", "free", False)], writes=True),
    *[
        tenant(f"{name} below the functions", f"SELECT * FROM projection.{name}({arguments})", "BL006", "10002")
        for name, arguments in {
            "append_to_bet": "10002, 'bet-1', 'CONFIRMED', '{}', NULL",
            "append_to_payment": "10002, 'p1', 'COMPLETED', '{}', NULL",
            "change_balance": "10002, 'u1', 'INCREASED', 1, 1700000000000, 'x', gen_random_uuid(), '{}'",
            "require_tenant": "10002",
        }.items()
    ],
    tenant("the event of a request of the other",
           "SELECT projection.bet_of_request("
           f"10002, '{THEIR_ID}', 'theirs', 'V1_BETS_BET_PLACED', '{{}}')", "40001", "'theirs'"),
    tenant("the key of a person of the other", "SELECT * FROM personal_key(10002, 'u1')", "BL006", "10002"),
    tenant("erasing a person of the other", "SELECT * FROM erase_person(10002, 'u1')", "BL006", "10002"),
    tenant("making a key for the other", "INSERT INTO personal_keys VALUES (10002, 'u9', sha256('x'))", "42501",
           "row-level"),
    everybody("exchanging a key that encrypts", "UPDATE personal_keys SET key = sha256('x')",
              "UPDATE personal_keys SET erased_at = now()", gives="42501"),
    everybody("reading keys that encrypt", "SELECT FROM personal_keys", "SELECT * FROM personal_key(10001, 'u1')",
              "SELECT * FROM erase_person(10001, 'u1')", roles="reader operator stranger"),
    tenant("bringing back an erased key",
           "UPDATE personal_keys SET key = sha256('x'), erased_at = NULL WHERE tenant_id = 10001 RETURNING 1", NOTHING,
           prepare="UPDATE personal_keys SET key = NULL, erased_at = now()"),
]

DEFINITIONS = [
    *[
        everybody(name, *(statement.format(t) for t in TABLES))
        for name, statement in {
            "altering the owner": "ALTER TABLE {} OWNER TO CURRENT_USER",
            "renaming": "ALTER TABLE {} RENAME TO x",
            "renaming a column": "ALTER TABLE {} RENAME COLUMN tenant_id TO x",
            "adding a column": "ALTER TABLE {} ADD COLUMN x int",
            "dropping a column": "ALTER TABLE {} DROP COLUMN tenant_id",
            "dropping a constraint": "ALTER TABLE {} DROP CONSTRAINT x",
            "disabling triggers": "ALTER TABLE {} DISABLE TRIGGER ALL",
            "disabling our triggers": "ALTER TABLE {} DISABLE TRIGGER USER",
            "disabling row-level security": "ALTER TABLE {} DISABLE ROW LEVEL SECURITY",
            "not forcing row-level security": "ALTER TABLE {} NO FORCE ROW LEVEL SECURITY",
            "moving to another schema": "ALTER TABLE {} SET SCHEMA http",
            "making unlogged": "ALTER TABLE {} SET UNLOGGED",
            "storage parameters": "ALTER TABLE {} SET (autovacuum_enabled = off)",
            "replica identity": "ALTER TABLE {} REPLICA IDENTITY NOTHING",
            "dropping": "DROP TABLE {} CASCADE",
            "a trigger": "CREATE TRIGGER x BEFORE INSERT ON {} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "a rule": "CREATE RULE x AS ON INSERT TO {} DO INSTEAD NOTHING",
            "a policy": "CREATE POLICY x ON {} USING (true)",
            "an index": "CREATE INDEX x ON {} ((1))",
            "statistics": "CREATE STATISTICS x ON (1), (2) FROM {}",
            "a comment": "COMMENT ON TABLE {} IS 'x'",
            **{f"LOCK TABLE in {mode} mode": f"LOCK TABLE {{}} IN {mode} MODE" for mode in LOCKS},
        }.items()
    ],
    everybody("altering our policies", *(f"ALTER POLICY own_tenant ON {t} USING (true)" for t in EVENT_TABLES),
              *(f"DROP POLICY own_tenant ON {t}" for t in (*EVENT_TABLES, "bets_view")),
              "DROP POLICY trusted ON bet_events"),
    everybody("altering our triggers", *(f"DROP TRIGGER guard_event ON {t}" for t in EVENT_TABLES),
              *(f"ALTER TRIGGER guard_event ON {t} RENAME TO x" for t in EVENT_TABLES),
              "ALTER TABLE bet_events ENABLE REPLICA TRIGGER guard_event"),
    everybody("altering our views", "ALTER VIEW tenants_summary_view SET (security_invoker = false)",
              "ALTER VIEW tenants_summary_view OWNER TO CURRENT_USER", "DROP VIEW tenants_summary_view CASCADE",
              "CREATE OR REPLACE VIEW tenants_summary_view AS SELECT 1"),
    everybody("altering our functions", "ALTER FUNCTION place_bet SECURITY DEFINER",
              "ALTER FUNCTION place_bet RESET ALL",
              "ALTER FUNCTION place_bet OWNER TO CURRENT_USER", "ALTER FUNCTION place_bet RENAME TO x",
              "DROP FUNCTION place_bet", "DROP FUNCTION projection.guard_event CASCADE",
              "CREATE OR REPLACE FUNCTION projection.guard_event() RETURNS trigger LANGUAGE plpgsql"
              " AS 'BEGIN RETURN NEW; END'",
              "CREATE OR REPLACE FUNCTION public.place_bet(x int) RETURNS int LANGUAGE sql RETURN 1",
              "GRANT EXECUTE ON FUNCTION projection.bet_events_inserted() TO PUBLIC"),
    everybody("altering our schemas", "ALTER SCHEMA projection OWNER TO CURRENT_USER", "ALTER SCHEMA ops RENAME TO x",
              "DROP SCHEMA projection CASCADE", "DROP SCHEMA public CASCADE", "CREATE TABLE public.x (y int)",
              "CREATE TABLE projection.x (y int)", "CREATE SCHEMA x", "CREATE SCHEMA AUTHORIZATION CURRENT_USER"),
    everybody("becoming somebody else", *(f"SET ROLE {r}" for r in ("betledger_owner", "pg_read_all_data")),
              "SET LOCAL ROLE pg_monitor",
              "SET SESSION AUTHORIZATION betledger_owner", "SET SESSION AUTHORIZATION betledger_operator",
              "SET LOCAL ROLE pg_execute_server_program"),
    everybody("becoming a trusted group", *(f"SET ROLE betledger_{r}" for r in ("app", "reader", "operator")),
              roles="tenant_login stranger"),
    everybody("granting groups", "GRANT betledger_owner TO CURRENT_USER", "GRANT betledger_app TO tenant_login",
              "GRANT betledger_tenant TO stranger", "GRANT pg_read_all_data TO CURRENT_USER",
              "REVOKE betledger_tenant FROM tenant_login"),
    everybody("changing roles", "CREATE ROLE x", "ALTER ROLE CURRENT_USER BYPASSRLS",
              "ALTER ROLE CURRENT_USER SUPERUSER",
              "ALTER ROLE betledger_tenant BYPASSRLS", "ALTER ROLE betledger_owner LOGIN", "DROP ROLE betledger_reader",
              "ALTER ROLE betledger_tenant SET app.tenant_id = '10002'", "ALTER ROLE ALL SET row_security = off"),
    everybody("taking over what others own", "REASSIGN OWNED BY betledger_owner TO CURRENT_USER",
              "DROP OWNED BY betledger_owner",
              "ALTER DEFAULT PRIVILEGES FOR ROLE betledger_owner GRANT SELECT ON TABLES TO PUBLIC"),
    # Whoever has a right, but not to pass it on, gets a warning and nothing more.
    Attempt(MEMBERS, "granting what one may do oneself", "GRANT SELECT ON bets_view TO PUBLIC", NOTHING,
            ("no privileges were granted",)),
    Attempt(MEMBERS, "revoking what others may do", "REVOKE SELECT ON bets_view FROM betledger_reader", NOTHING,
            ("no privileges could be revoked",)),
    everybody("granting what one may not do", "GRANT EXECUTE ON FUNCTION projection.filled TO PUBLIC",
              "GRANT ALL ON FUNCTION projection.compile TO PUBLIC",
              "GRANT USAGE ON SCHEMA betledger_migrations TO PUBLIC"),
    everybody("writing the catalogue", "UPDATE pg_class SET relforcerowsecurity = false", "DELETE FROM pg_policy",
              "UPDATE pg_proc SET prosecdef = true", "UPDATE pg_authid SET rolsuper = true",
              "INSERT INTO pg_auth_members SELECT * FROM pg_auth_members", "SELECT FROM pg_authid"),
]

SERVER = [
    everybody("files of the server", "SELECT pg_read_file('/etc/passwd')", "SELECT pg_read_binary_file('/etc/passwd')",
              "SELECT pg_ls_dir('.')", "SELECT pg_stat_file('.')", "SELECT pg_ls_logdir()", "SELECT pg_ls_waldir()",
              "SELECT pg_ls_tmpdir()", "SELECT pg_current_logfile()", "SELECT FROM pg_hba_file_rules",
              "SELECT FROM pg_file_settings", "SELECT lo_import('/etc/passwd')", "SELECT lo_export(4242, '/tmp/x')"),
    everybody("COPY with files and programs", "CREATE TEMP TABLE x (y text); COPY x FROM '/etc/passwd'",
              "COPY (SELECT 1) TO '/tmp/betledger-x'", "COPY (SELECT 1) TO PROGRAM 'true'",
              "CREATE TEMP TABLE x (y text); COPY x FROM PROGRAM 'id'", "COPY bet_events TO PROGRAM 'true'",
              "COPY bet_events FROM '/etc/passwd'", "COPY bets_view FROM PROGRAM 'id'"),
    everybody("large objects of somebody else", "SELECT lo_get(4242)", "SELECT lo_put(4242, 0, 'x')",
              "SELECT lo_unlink(4242)",
              "SELECT lo_open(4242, 131072)", "COMMENT ON LARGE OBJECT 4242 IS 'x'",
              "GRANT ALL ON LARGE OBJECT 4242 TO PUBLIC",
              prepare=f"SELECT lo_from_bytea(4242, '{SECRET}')"),
    everybody("extensions and languages", "CREATE EXTENSION pg_trgm", "CREATE EXTENSION dblink",
              "DROP EXTENSION plpgsql"),
    everybody("another way out", "SELECT * FROM dblink('host=127.0.0.1', 'SELECT 1')", gives="42883"),
    everybody("foreign data, publications, event triggers", "CREATE FOREIGN DATA WRAPPER x",
              "CREATE PUBLICATION x FOR ALL TABLES", "CREATE PUBLICATION x FOR TABLE bet_events",
              "CREATE EVENT TRIGGER x ON ddl_command_start EXECUTE FUNCTION projection.guard_event()",
              "CREATE SUBSCRIPTION x CONNECTION 'host=x' PUBLICATION x WITH (connect = false)",
              "SELECT pg_create_logical_replication_slot('x', 'pgoutput')",
              "CREATE ACCESS METHOD x TYPE TABLE HANDLER y"),
    everybody("databases", "CREATE DATABASE x", "CREATE TABLESPACE x LOCATION '/tmp'",
              *(f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {change}', current_database()); END $$"
                for change in ("SET app.tenant_id = 10002", "OWNER TO CURRENT_USER")), alone=True),
    everybody("settings of the server", "ALTER SYSTEM SET row_security = off", "SELECT pg_reload_conf()",
              "SELECT pg_rotate_logfile()", "SELECT pg_switch_wal()", "SELECT pg_promote()", "SELECT pg_stat_reset()",
              "CHECKPOINT", alone=True),
    everybody("ending sessions of others",
              *(f"SELECT {f}(pid) FROM pg_stat_activity WHERE usename <> current_user AND datname = current_database()"
                for f in ("pg_terminate_backend", "pg_cancel_backend"))),
    everybody("rewriting tables", "CLUSTER bet_events USING bet_events_pkey", "REINDEX TABLE bet_events",
              "REINDEX INDEX bet_events_pkey", "DROP INDEX bet_events_time",
              "ALTER INDEX bet_events_pkey RENAME TO x"),
    Attempt(EVERYBODY, "vacuum full", "VACUUM FULL bet_events", NOTHING, ("bet_events", "skipping"), alone=True),
    Attempt(EVERYBODY, "analyze", "ANALYZE bet_events", NOTHING, ("bet_events", "skipping")),
    everybody("maintenance", "CALL ops.rebuild_projection()", "CALL ops.purge_idempotency_keys()",
              "SELECT ops.verify_projections()", "SELECT ops.doctor()", "SELECT ops.metrics()", "SELECT FROM ops.maintenance_runs",
              "SELECT FROM ops.rebuilds",
              "SELECT ops.distribute()", roles="tenant_login app reader stranger", alone=True),
    everybody("what belongs to migrations", "SELECT ops.distribute()", "SELECT FROM betledger_migrations.versioned",
              "SELECT projection.compile('bet_events')", "SELECT projection.define('public.bets_view', '{}', 10)", "SELECT projection.prove('public.bet_events')",
              "SELECT projection.make_shard_functions(1)"),
]

# Documented: what is made over our tables without security_invoker goes round the wall.
OF_TEAMS = [
    tenant("a view of a team that reads as its owner", "SELECT DISTINCT tenant_id FROM of_a_team ORDER BY 1",
           [(TENANT,), (OTHER,)], prepare=(
               f"CREATE VIEW public.of_a_team AS {LOOK}; GRANT SELECT ON public.of_a_team TO betledger_tenant"),
           not_on_citus="shards are read as who asks, so that the wall holds"),
    tenant("a function of a team that runs as its owner", "SELECT DISTINCT t FROM of_a_team() AS t ORDER BY 1",
           [(TENANT,), (OTHER,)], prepare=(
               f"CREATE FUNCTION public.of_a_team() RETURNS SETOF bigint LANGUAGE sql SECURITY DEFINER AS '{LOOK}'")),
]

# Documented: these succeed. One login is one role of PostgreSQL: tenants that share it share its name, its password,
# its settings and its sessions. Tenants that send SQL of their own need a login each.
LIMITS = [
    tenant("a setting for all sessions of the login", "ALTER ROLE CURRENT_USER SET search_path = pg_temp", NOTHING,
           keep=False),
    tenant("the password of the login", "ALTER ROLE CURRENT_USER PASSWORD 'x'", NOTHING, keep=False),
    Attempt(EVERYBODY, "a large object of one's own", "SELECT lo_create(0) > 0", [(True,)], keep=False),
    Attempt(EVERYBODY, "a temporary table", "CREATE TEMP TABLE x (y int)", NOTHING, keep=False),
    Attempt(EVERYBODY, "the lock of migrations, which then wait",
            "SELECT pg_try_advisory_xact_lock(hashtext('6265746c6564676572'), hashtext('migrate'))", [(True,)],
            keep=False),
    Attempt(MEMBERS, "a lock that migrations wait for", "LOCK TABLE bet_events IN ACCESS SHARE MODE", NOTHING,
            keep=False),
    Attempt("tenant_login app", "a lock as a writer has it", "LOCK TABLE bet_events IN ROW EXCLUSIVE MODE", NOTHING,
            keep=False),
    Attempt(EVERYBODY, "the text of our functions",
            "SELECT count(*) FROM pg_proc WHERE proname = 'guard_event' AND prosrc ~ 'append-only'", [(1,)]),
]

STRANGER = [
    everybody("a stranger reading", *(f"SELECT FROM {t}" for t in TENANT_TABLES),
              *(f"COPY {t} TO STDOUT" for t in EVENT_TABLES),
              *(f"SELECT FROM projection.{t}" for t in ("event_types", "projections", "sources")), roles="stranger"),
    everybody("a stranger inserting",
              *(f"{INSERT.replace('bet_events', t)} VALUES ({event_of(TENANT)})" for t in EVENT_TABLES),
              "INSERT INTO personal_keys VALUES (10001, 'u9', sha256('x'))", roles="stranger"),
    everybody("a stranger locking tables",
              *(f"LOCK TABLE {t} IN {mode} MODE" for t in TABLES for mode in WEAK_LOCKS), roles="stranger"),
    everybody("a stranger granting", "GRANT SELECT ON bets_view TO PUBLIC", "GRANT betledger_tenant TO stranger",
              roles="stranger"),
    everybody("a stranger before a request", "SELECT http.pre_request()", "SET ROLE betledger_tenant",
              roles="stranger"),
]
# fmt: on

ATTEMPTS = [
    *READING, *STATISTICS, *SETTINGS, *SHADOWS, *WRITING, *DEFINITIONS, *SERVER, *OF_TEAMS, *LIMITS, *STRANGER,
]  # fmt: skip


@pytest.fixture
def world(db: psycopg.Connection) -> psycopg.Connection:
    """Both tenants with the same ids and keys, a row in every table, and one bet more of the other one."""
    for owner in (TENANT, OTHER):
        mine = f"secret-of-{owner}"
        place(db, owner, key="k", created_at="2020-01-01", id=SAME_ID, data={"fixture_id": mine})
        append(db, "DEPOSIT_CREATED", owner, "p1", key="k", created_at="2020-01-01", id=SAME_ID)
        append(db, "BALANCE_INCREASED", owner, "b1", key="k", created_at="2020-01-01", id=SAME_ID)
        db.execute("INSERT INTO personal_keys VALUES (%s, 'u1', sha256(%s))", (owner, mine.encode()))
        db.execute("SELECT ops.create_tenant(%s, %s, 'EUR', 2)", (owner, mine))
    place(db, OTHER, "bet-2", key="theirs", id=THEIR_ID, data={"fixture_id": SECRET})
    return db


# All that decides who may do what, and the rows that unchanged() does not look at; no statistics, which change anyway.
DEFINED = """
    WITH schemas AS (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'projection', 'ops', 'http'))
    SELECT 'relation', md5(string_agg(r::text, '|' ORDER BY r::text)) FROM (
        SELECT oid, relname, relnamespace, relowner, relkind, relacl, relrowsecurity, relforcerowsecurity,
            relhastriggers, relhasrules, relpersistence, relreplident, reloptions, obj_description(oid, 'pg_class')
        FROM pg_class WHERE relnamespace IN (SELECT oid FROM schemas)) AS r
    UNION ALL SELECT 'column', md5(string_agg(a::text, '|' ORDER BY a::text)) FROM (
        SELECT attrelid, attname, atttypid, attnotnull, attisdropped, attacl FROM pg_attribute
        WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace IN (SELECT oid FROM schemas))) AS a
    UNION ALL SELECT 'function', md5(string_agg(p::text, '|' ORDER BY p.oid)) FROM pg_proc AS p
        WHERE pronamespace IN (SELECT oid FROM schemas)
    UNION ALL SELECT 'trigger', md5(string_agg(t::text, '|' ORDER BY t.oid)) FROM pg_trigger AS t
    UNION ALL SELECT 'policy', md5(string_agg(p::text, '|' ORDER BY p.oid)) FROM pg_policy AS p
    UNION ALL SELECT 'rule', md5(string_agg(r::text, '|' ORDER BY r.oid)) FROM pg_rewrite AS r
        WHERE ev_class IN (SELECT oid FROM pg_class WHERE relnamespace IN (SELECT oid FROM schemas))
    UNION ALL SELECT 'schema', md5(string_agg(n::text, '|' ORDER BY n.oid)) FROM pg_namespace AS n
        WHERE nspname !~ '^pg_(toast_)?temp_'
    UNION ALL SELECT 'role', md5(string_agg(r::text, '|' ORDER BY r.oid)) FROM pg_authid AS r
    UNION ALL SELECT 'settings', md5(string_agg(s::text, '|' ORDER BY s::text)) FROM pg_db_role_setting AS s
    UNION ALL SELECT 'member', md5(string_agg(m::text, '|' ORDER BY m::text)) FROM pg_auth_members AS m
    UNION ALL SELECT 'extension', md5(string_agg(e::text, '|' ORDER BY e.oid)) FROM pg_extension AS e
    UNION ALL SELECT 'large object', md5(string_agg(l::text, '|' ORDER BY l::text)) FROM pg_largeobject AS l
    UNION ALL SELECT 'event types', md5(string_agg(e::text, '|' ORDER BY e::text)) FROM projection.event_types AS e
    UNION ALL SELECT 'projections', md5(string_agg(e::text, '|' ORDER BY e::text)) FROM projection.projections AS e
    UNION ALL SELECT 'sources', md5(string_agg(e::text, '|' ORDER BY e::text)) FROM projection.sources AS e
    UNION ALL SELECT 'personal keys', md5(string_agg(e::text, '|' ORDER BY e::text)) FROM personal_keys AS e
    UNION ALL SELECT 'tenants', md5(string_agg(e::text, '|' ORDER BY e::text)) FROM tenants AS e
"""


@contextmanager
def untouched(conn: psycopg.Connection) -> Iterator[None]:
    """The block leaves every row, definition, privilege and role as it was."""
    defined = rows(conn, DEFINED)
    with unchanged(conn):
        yield
    assert rows(conn, DEFINED) == defined


@contextmanager
def theirs_untouched(conn: psycopg.Connection) -> Iterator[None]:
    """The block leaves every row of the other tenant, definition, privilege and role as it was."""

    def theirs() -> dict[str, list[str]]:
        return {t: [r for r in found if f'"tenant_id": {OTHER}' in r] for t, found in state(conn).items()}

    before, defined = theirs(), rows(conn, DEFINED)
    assert all(before.values())
    yield
    assert theirs() == before
    assert rows(conn, DEFINED) == defined


def fetched(conn: psycopg.Connection, statement: str) -> list[tuple[Any, ...]]:
    if statement.endswith("FROM STDIN"):
        with conn.cursor().copy(statement.encode()) as copy:
            copy.write_row((THEIR_ID, TENANT, "bet-1", "V1_BETS_BET_CONFIRMED", "{}", T0, 1))
        return []
    if statement.endswith("TO STDOUT"):
        with conn.cursor().copy(statement.encode()) as copy:
            return list(copy.rows())
    cursor = conn.execute(statement.encode())
    return cursor.fetchall() if cursor.description else []


def tried(conn: psycopg.Connection, attempt: Attempt, statements: tuple[str, ...]) -> str | list[tuple[Any, ...]]:
    """The SQLSTATE of the last statement, or its rows; nothing that it says holds what only the other tenant has."""
    said: list[str] = []
    conn.add_notice_handler(lambda d: said.append(f"{d.message_primary} {d.message_detail} {d.context}"))
    conn.execute(f"SET {'' if attempt.alone else 'LOCAL'} app.tenant_id = '{TENANT}'")
    for statement in statements[:-1]:
        fetched(conn, statement)
    outcome: str | list[tuple[Any, ...]]
    try:
        outcome = fetched(conn, statements[-1])
        if attempt.keep:
            conn.commit()
    except psycopg.Error as error:
        outcome = error.sqlstate or repr(error)
        said.append(f"{error} {error.diag.context}")
    conn.rollback()
    if conn.info.user in ("tenant_login", "stranger"):
        assert SECRET not in f"{outcome} {said}"
    missing = [w for w in attempt.words if w not in " ".join(said)]
    assert not missing, f"{missing} not in {said}"
    return outcome


def as_param(attempt: Attempt) -> Any:
    who = {EVERYBODY: "everybody", MEMBERS: "members"}.get(attempt.roles, attempt.roles.replace(" ", ","))
    marks = [pytest.mark.not_on_citus(attempt.not_on_citus)] if attempt.not_on_citus else []
    return pytest.param(attempt, id=f"{who}: {attempt.name}", marks=marks)


@pytest.mark.parametrize("attempt", [as_param(a) for a in ATTEMPTS])
def test_attempt(connect, world, attempt):
    if attempt.prepare:
        world.execute(attempt.prepare)
    with theirs_untouched(world) if attempt.writes else untouched(world):
        for role in attempt.roles.split():
            conn = connect(role, autocommit=attempt.alone)
            for statements in [(s,) for s in attempt.statements] if attempt.each else [attempt.statements]:
                assert tried(conn, attempt, statements) == attempt.gives, (role, statements[-1])
            conn.close()
    assert rows(world, "SELECT * FROM ops.verify_projections()") == []


def test_a_weak_wall_would_be_seen(connect, world):
    """With policies that let through all, every attempt at reading ends in another way than its row says."""
    for policy in rows(
        world, "SELECT polname, polrelid::regclass::text AS tab FROM pg_policy"
        " WHERE 'betledger_tenant'::regrole = ANY (polroles) AND polcmd <> 'a'"
    ):  # fmt: skip
        world.execute(f"ALTER POLICY {policy['polname']} ON {policy['tab']} USING (true)")
    conn = connect("tenant_login", autocommit=False)
    unseen = []
    for attempt in READING:
        try:
            if tried(conn, replace(attempt, keep=False), attempt.statements) == attempt.gives:
                unseen.append(attempt.name)
        except (AssertionError, psycopg.Error):
            conn.rollback()
    assert unseen == []


# What plans tell ----------------------------------------------------------------------------------------------------


@pytest.fixture
def walled(connect: Callable[..., psycopg.Connection], world: psycopg.Connection) -> psycopg.Connection:
    """A connection of a tenant login, in a transaction that has set its tenant."""
    conn = connect("tenant_login", autocommit=False)
    conn.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
    return conn


def plan(conn: psycopg.Connection, query: str, *options: str) -> str:
    return "\n".join(str(r[0]) for r in conn.execute(f"EXPLAIN ({', '.join((*options, 'VERBOSE'))}) {query}".encode()))


@pytest.mark.parametrize(
    "options", [(), ("ANALYZE",), ("ANALYZE", "BUFFERS", "WAL", "SETTINGS", "FORMAT JSON")], ids=str
)
def test_plans_show_no_value_of_others(world, walled, options):
    world.execute("ANALYZE")
    with untouched(world):
        for query in (
            LOOK, f"{LOOK} ORDER BY stake", f"{LOOK} WHERE fixture_id < 'z'", "SELECT bets FROM tenants_summary_view",
            "SELECT fixture_id, count(*) FROM bets_view GROUP BY 1",
        ):  # fmt: skip
            shown = plan(walled, query, *options)
            assert "Scan" in shown
            assert SECRET not in shown
            assert str(OTHER) not in shown


NO_INDEX = (
    "SET LOCAL enable_indexscan = off",
    "SET LOCAL enable_bitmapscan = off",
    "SET LOCAL enable_indexonlyscan = off",
)


@pytest.mark.not_on_citus("the plans are those of the nodes")
def test_explain_analyze_counts_the_rows_of_all_tenants(walled):
    """Documented: how many rows a scan went past is shown, and so how many there are of others; an index hides them."""
    walled.execute("SET LOCAL enable_seqscan = off")
    assert "Rows Removed" not in plan(walled, f"{LOOK} WHERE bet_id = 'bet-1'", "ANALYZE")
    walled.execute("SET LOCAL enable_seqscan = on")
    for statement in NO_INDEX:
        walled.execute(statement)
    assert "Rows Removed by Filter: 2" in plan(walled, LOOK, "ANALYZE")
    # But not how many of others meet a condition of one's own: both are one filter.
    for condition in (f"fixture_id = '{SECRET}'", "fixture_id = 'none'", "stake > 1000000"):
        assert "Rows Removed by Filter: 3" in plan(walled, f"{LOOK} WHERE {condition}", "ANALYZE")


@pytest.mark.not_on_citus("the plans are those of the nodes")
def test_explain_analyze_counts_no_keys_of_others(world, walled):
    """The index of the keys begins with the tenant, and so does every search in it."""
    for n in range(4):
        place(world, OTHER, f"bet-{n + 10}", key=f"key-{n}", created_at="2021-01-01")
    walled.execute("SET LOCAL enable_seqscan = off")
    query = "SELECT id FROM bet_events WHERE metadata ->> 'idempotency_key' IS NOT NULL AND created_at = '{}'"
    plan(walled, query.format("2021-01-01"), "ANALYZE")  # the first one reads the catalogue, too
    found, nothing = (
        re.sub(r"2021-01-0\d|time=[^ ]*|[\d.]+ ms", "", plan(walled, query.format(day), "ANALYZE"))
        for day in ("2021-01-01", "2021-01-02")
    )
    assert found == nothing


@pytest.mark.not_on_citus("the plans are those of the nodes")
def test_estimates_tell_whether_a_guessed_value_is_frequent(world, walled):
    """Documented: the planner estimates from all tenants. Who guesses a value can tell that it is frequent."""
    world.execute(
        "INSERT INTO bets_view (tenant_id, bet_id, fixture_id, status, created_at, last_updated_at)"
        " SELECT t, 'bet-' || g, CASE t WHEN 10001 THEN 'mine' ELSE 'theirs' END, 'placed', now(), now()"
        " FROM unnest(ARRAY[10001, 10002]) AS t, generate_series(100, 399) AS g"
    )
    world.execute("ANALYZE bets_view")

    def estimate(value: str) -> int:
        shown = plan(walled, f"{LOOK} WHERE fixture_id = '{value}'")
        return int(re.findall(r"rows=(\d+)", shown)[0])

    assert rows(walled, f"{LOOK} WHERE fixture_id = 'theirs'") == []
    assert estimate("none") == 1
    assert estimate("theirs") > 100


# What answers and waiting tell --------------------------------------------------------------------------------------

ASKED = [
    ("confirm_bet", "bet"), ("settle_bet", "bet", "win", 1), ("cancel_bet", "bet"),
    ("complete_payment", "payment"), ("fail_payment", "payment"), ("reverse_payment", "payment"),
    ("resettle_bet", "bet", "win", 1), ("void_bet", "bet"),
    ("bet_history", "bet"), ("payment_history", "payment"), ("balance_history", "user"),
    ("bet_as_of", "bet", T0 * 2), ("payment_as_of", "payment", T0 * 2), ("balance_as_of", "user", T0 * 2),
    ("balance_statement", "user"), ("bets_of", "user"), ("payments_of", "user"),
]  # fmt: skip


@pytest.mark.parametrize("asked", ASKED, ids=str)
@pytest.mark.parametrize("owner", [TENANT, OTHER])
def test_what_only_the_other_has_answers_like_what_nobody_has(world, walled, owner, asked):
    there, missing = {"bet": ("bet-2", "bet-9"), "payment": ("p2", "p9"), "user": ("u2", "u9")}[asked[1]]
    append(world, "DEPOSIT_CREATED", OTHER, "p2")
    append(world, "BALANCE_INCREASED", OTHER, "b2", data={"user_id": "u2"})
    answers = []
    with untouched(world):
        for key in (there, missing):
            walled.execute("SAVEPOINT s")
            try:
                answers.append([f"{call_all(walled, asked[0], owner, key, *asked[2:])}"])
            except psycopg.Error as error:
                d = error.diag
                said = (d.sqlstate, d.message_primary, d.message_detail, d.message_hint, d.context, d.constraint_name)
                answers.append([str(s).replace(key, "...") for s in said])
            walled.execute("ROLLBACK TO s")
        walled.commit()
    assert answers[0] == answers[1]
    assert owner == TENANT or answers[0][0] == "BL006"


def test_nobody_waits_for_the_key_of_another_tenant(connect, world, walled):
    writer = connect(autocommit=False)
    place(writer, OTHER, "bet-3", key="busy", id=UUID(int=3))
    with theirs_untouched(world):
        walled.execute("SET LOCAL lock_timeout = '500ms'")
        assert call(walled, "place_bet", TENANT, "u9", 1, 2, "f1", "busy")["duplicate"] is False
        place(walled, TENANT, "bet-3", id=UUID(int=3))
        walled.commit()
        # It is the other's key that does not matter: one's own is waited for.
        place(writer, TENANT, "bet-4", key="busy, too")
        walled.execute(f"SET LOCAL app.tenant_id = '{TENANT}'")
        walled.execute("SET LOCAL lock_timeout = '500ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            call(walled, "place_bet", TENANT, "u9", 1, 2, "f1", "busy, too")


# What sessions tell -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["app", "operator", None])
def test_sessions_of_another_login_are_hidden_and_safe(connect, world, walled, login):
    other = connect(login)
    other.execute(f"SELECT '{SECRET}'")
    pid = other.info.backend_pid
    seen = one(
        walled, "SELECT query, state, client_addr, application_name FROM pg_stat_activity WHERE pid = %s", (pid,)
    )
    assert seen == {"query": "<insufficient privilege>", "state": None, "client_addr": None, "application_name": ""}
    walled.commit()
    with untouched(world):
        for function in ("pg_terminate_backend", "pg_cancel_backend"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                walled.execute(f"SELECT {function}({pid})")
            walled.rollback()
    assert other.execute("SELECT 1").fetchone() == (1,)


def test_sessions_of_the_same_login_are_open_to_each_other(connect, world, walled):
    """Documented: tenants that share a login see each other's statements and may end each other's sessions."""
    other = connect("tenant_login")
    other.execute(f"SELECT '{SECRET}'")
    pid = other.info.backend_pid
    with untouched(world):
        assert SECRET in one(walled, "SELECT query FROM pg_stat_activity WHERE pid = %s", (pid,))["query"]
        assert one(walled, "SELECT pg_terminate_backend(%s::int, 5000) AS gone", (pid,)) == {"gone": True}
        with pytest.raises(psycopg.OperationalError):
            other.execute("SELECT 1")


@pytest.mark.parametrize("login", ["app", "tenant_login"])
def test_temporary_tables_of_another_session_are_closed(connect, world, walled, login):
    other = connect(login, autocommit=False)
    other.execute(f"SET LOCAL app.tenant_id = '{OTHER}'")
    other.execute(f"CREATE TEMP TABLE theirs AS SELECT '{SECRET}' AS secret")
    other.commit()
    place = one(walled, "SELECT relnamespace::regnamespace::text AS name FROM pg_class WHERE relname = 'theirs'")[
        "name"
    ]
    with untouched(world):
        for statement in (
            f"SELECT * FROM {place}.theirs",
            f"INSERT INTO {place}.theirs VALUES ('x')",
            f"CREATE TABLE {place}.x (y int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match=place):
                walled.execute(statement)
            walled.rollback()


# Functions ----------------------------------------------------------------------------------------------------------

OURS = "('public', 'projection', 'ops', 'http')"
# Without those that are made on Citus only, for its shards.
FUNCTIONS = f"""
    SELECT p.oid, p.proname AS name, format('%I.%I', p.pronamespace::regnamespace::text, p.proname) AS full_name,
        p.prokind AS kind, p.prosecdef AS definer, p.prorettype = 'trigger'::regtype AS of_trigger,
        ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, n) ORDER BY n) AS types
    FROM pg_proc AS p
    WHERE p.pronamespace::regnamespace::text IN {OURS} AND p.proname !~ '_[0-9]+_[0-9a-f]{{8}}$|^compiled_version$'
    ORDER BY 3, p.oid
"""
ODD = {
    "bigint": ["0", "-1", "10001", "10002", "9223372036854775807"],
    "integer": ["0", "-1", "2147483647"],
    "text": ["", "public.bet_events", "public.bets_view", "projection.tenant_totals", "x'; DROP TABLE bet_events; --",
             "(SELECT 1) AS t", "%s %1$s $1", "\u00e9" * 5000],
    "bigint[]": ["{}", "{NULL}", "{10001,10002}", "{10001}", "{{10001},{10002}}"],
    "text[]": ["{}", "{bet-1,NULL}", "{bet-1,bet-2,bet-3}", "{NULL}", "{u1}"],
    "jsonb": ["null", "[]", "{}", '{"user_id": "u1"}'],
    "uuid": [str(SAME_ID)],
    "oid": ["0", "1259", "4294967295"],
    "boolean": ["true", "false"],
    "timestamp with time zone": ["infinity", "2020-01-01"],
    "ops.rebuilds": ['("",0,x,{},,0,0,0,2020-01-01,2020-01-01)', '(public.bets_view,10001,,"{public.bets_view}",{},9,9,9,infinity,infinity)'],
}  # fmt: skip
# Those that run with the rights of the owner, and who may execute them.
DEFINERS = {
    "tenant_login": {
        "admit_shard", "begin_era", "event_problem", "known_keys_own", "moved_by_own", "scale_refusal", "see_to_shard",
    },
    "app": {
        "admit_shard", "begin_era", "event_problem", "known_keys_own", "moved_by_own", "scale_refusal", "see_to_shard",
    },
    "reader": {"admit_shard", "begin_era", "feed_text", "see_to_shard"},
    "operator": {
        "admit_shard", "begin_era", "begin_rebuild", "change_tenant", "compile_shard", "create_tenant", "estimated_rows", "event_problem",
        "feed_text", "findings_text", "forget_consumer", "keys_after", "mark_folded", "raise_era", "record_progress", "record_rebuild",
        "record_run", "refresh_rows", "repair_slots", "see_to_shard", "set_tenant_status", "trial_balance_text", "verify_text",
    },
    "stranger": set(),
}  # fmt: skip
# Refused by the function, a type, a constraint or what only a cluster has: never a syntax error in what is made of a value.
FAIR = {None, "BL001", "BL002", "P0002", "0A000", "22004", "22023", "23502", "42P01", "42602", "42703", "42883"}


def called(conn: psycopg.Connection, function: dict[str, Any], values: list[str | None]) -> str | None:
    """The SQLSTATE of a call; None when it succeeds."""
    arguments = ", ".join(f"{{}}::{t}" for t in function["types"])
    start = "CALL" if function["kind"] == "p" else "SELECT"
    try:
        conn.execute(sql.SQL(f"{start} {function['full_name']}({arguments})").format(*map(sql.Literal, values)))
    except psycopg.Error as error:
        return error.sqlstate
    return None


@pytest.mark.parametrize("role", LOGINS)
def test_functions_with_the_rights_of_the_owner_take_strange_arguments(connect, world, role):
    conn = connect(role)
    conn.execute(f"SET app.tenant_id = '{TENANT}'")
    definers = [f for f in rows(world, FUNCTIONS) if f["definer"]]
    executed = set()
    with untouched(world):
        for function in definers:
            types = function["types"]
            odd = [
                [ODD[t][n % len(ODD[t])] for t in types] for n in range(max((len(ODD[t]) for t in types), default=0))
            ]
            outcomes = {called(conn, function, values) for values in ([None] * len(types), *odd)}
            if outcomes != {"42501"}:
                executed.add(function["name"])
                assert outcomes <= FAIR, (function["name"], outcomes)
    assert executed == DEFINERS[role]
    assert rows(world, "SELECT * FROM ops.verify_projections()") == []


@pytest.mark.parametrize("role", [*LOGINS, None])
def test_trigger_functions_are_called_by_triggers_only(connect, world, role):
    conn = connect(role)
    functions = [f for f in rows(world, FUNCTIONS) if f["of_trigger"]]
    assert {"guard_event", "bet_events_received", "bet_events_inserted", "bet_events_key_removed"} <= {
        f["name"] for f in functions
    }
    with untouched(world):
        assert {called(conn, f, []) for f in functions} == {"42501" if role else "0A000"}


def test_a_stranger_executes_no_function(connect, world):
    conn = connect("stranger")
    functions = rows(world, FUNCTIONS)
    assert len(functions) > 50
    with untouched(world):
        assert {f["full_name"] for f in functions if called(conn, f, [None] * len(f["types"])) != "42501"} == set()


# Who may do what ----------------------------------------------------------------------------------------------------

OF_EXTENSION = "SELECT FROM pg_depend AS d WHERE d.deptype = 'e' AND d.classid = '{}'::regclass AND d.objid = {}.oid"
PRIVILEGES = f"""
    WITH schemas AS (
        SELECT * FROM pg_namespace WHERE nspname IN {OURS} OR nspname = 'betledger_migrations'
    ),
    relations AS (
        SELECT c.*, CASE c.relkind WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
            format('%I.%I', n.nspname, c.relname) AS name
        FROM pg_class AS c JOIN schemas AS n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND NOT EXISTS ({OF_EXTENSION.format("pg_class", "c")})
    ),
    objects AS (
        SELECT 'database' AS kind, '' AS name, datdba AS owner, coalesce(datacl, acldefault('d', datdba)) AS acl
        FROM pg_database WHERE datname = current_database()
        UNION ALL
        SELECT 'schema', nspname::text, nspowner, coalesce(nspacl, acldefault('n', nspowner)) FROM schemas
        UNION ALL
        SELECT kind, name, relowner,
            coalesce(relacl, acldefault(CASE kind WHEN 'sequence' THEN 's' ELSE 'r' END::"char", relowner))
        FROM relations
        UNION ALL
        SELECT 'column', format('%s.%I', r.name, a.attname), r.relowner, a.attacl
        FROM relations AS r JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
        UNION ALL
        SELECT CASE f.kind WHEN 'p' THEN 'procedure' ELSE 'function' END,
            format('%s(%s)', f.full_name, array_to_string(f.types, ', ')),
            p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
        FROM ({FUNCTIONS}) AS f JOIN pg_proc AS p ON p.oid = f.oid
        WHERE NOT EXISTS ({OF_EXTENSION.format("pg_proc", "p")})
    )
    SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee)::text END AS grantee,
        lower(a.privilege_type) || CASE WHEN a.is_grantable THEN ' with grant option' ELSE '' END AS privilege,
        trim(kind || ' ' || name) AS object
    FROM objects, aclexplode(acl) AS a WHERE a.grantee <> owner
    UNION ALL
    -- What an owner may do goes without saying, and grows with the versions of PostgreSQL.
    SELECT pg_get_userbyid(owner), 'owns', kind || ' ' || name
    FROM objects WHERE pg_get_userbyid(owner) LIKE 'betledger\\_%' AND kind <> 'column'
    UNION ALL
    SELECT pg_get_userbyid(member), 'is a member of', pg_get_userbyid(roleid)
    FROM pg_auth_members WHERE pg_get_userbyid(member) LIKE 'betledger\\_%'
    UNION ALL
    SELECT pg_get_userbyid(defaclrole), 'default privileges', defaclacl::text FROM pg_default_acl
"""
HEAD = """# All that the groups of the ledger and PUBLIC may do: who, what, on what; who is a member of which group.
# Made from the catalogue: BETLEDGER_WRITE_GRANTS=1 python -m pytest tests/test_attacks.py -k least
"""


def granted(db: psycopg.Connection) -> str:
    found = sorted({(r["grantee"], r["object"], r["privilege"]) for r in rows(db, PRIVILEGES)})
    parts = []
    for grantee in sorted({g for g, _, _ in found}):
        parts.append("".join(f"{g}  {privilege}  {what}\n" for g, what, privilege in found if g == grantee))
    return "\n".join((HEAD, *parts))


@pytest.mark.not_on_citus(ON_NODES)
def test_every_role_has_the_least_it_needs(db):
    """The committed list is the whole truth; a change of it is a change of who may do what."""
    now = granted(db)
    if os.environ.get("BETLEDGER_WRITE_GRANTS"):
        GRANTS.write_text(now)
    lines = difflib.unified_diff(
        GRANTS.read_text().splitlines(), now.splitlines(), "docs/grants.txt", "database", "", "", 0, ""
    )
    difference = "\n".join(lines)
    assert not difference, (
        f"{difference}\nIf that is meant: BETLEDGER_WRITE_GRANTS=1 python -m pytest {__file__} -k least"
    )


@pytest.mark.not_on_citus(ON_NODES)
def test_a_grant_too_many_would_be_seen(db):
    before = granted(db)
    for statement in (
        "GRANT EXECUTE ON FUNCTION projection.filled TO betledger_operator", "GRANT EXECUTE ON FUNCTION place_bet TO PUBLIC",
        "GRANT UPDATE (event_data) ON bet_events TO betledger_app", "GRANT USAGE ON SCHEMA ops TO betledger_app",
        "GRANT betledger_app TO betledger_tenant", "GRANT SELECT ON bets_view TO betledger_app WITH GRANT OPTION",
        "GRANT CREATE ON SCHEMA public TO PUBLIC", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "CREATE FUNCTION ops.x() RETURNS int LANGUAGE sql RETURN 1", "GRANT pg_read_all_data TO betledger_reader",
    ):  # fmt: skip
        with db.transaction(force_rollback=True):
            db.execute(statement)
            assert granted(db) != before, statement
