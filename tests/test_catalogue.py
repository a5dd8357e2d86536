"""What has to be true of every object that is made, whoever adds it."""

from __future__ import annotations

import pytest
from ledger import EVENT_TABLES, READ_TABLES, rows

OURS = "('public', 'projection', 'ops', 'http')"
# What an extension brings (pg_stat_statements, say) is not ours.
NOT_OF_AN_EXTENSION = (
    "NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '{}'::regclass AND d.objid = o.oid AND d.deptype = 'e')"
)
TABLES = f"""
    SELECT o.*, n.nspname || '.' || o.relname AS name, r.rolname AS owner
    FROM pg_class o JOIN pg_namespace n ON n.oid = o.relnamespace JOIN pg_roles r ON r.oid = o.relowner
    WHERE n.nspname IN {OURS} AND {NOT_OF_AN_EXTENSION.format("pg_class")}
"""
FUNCTIONS = f"""
    SELECT o.*, n.nspname AS schema, o.oid::regprocedure::text AS name, r.rolname AS owner,
        (SELECT l.lanname FROM pg_language l WHERE l.oid = o.prolang) AS language,
        obj_description(o.oid, 'pg_proc') AS comment
    FROM pg_proc o JOIN pg_namespace n ON n.oid = o.pronamespace JOIN pg_roles r ON r.oid = o.proowner
    WHERE n.nspname IN {OURS} AND {NOT_OF_AN_EXTENSION.format("pg_proc")}
"""
API = {
    "place_bet", "confirm_bet", "settle_bet", "cancel_bet", "deposit", "withdraw", "complete_payment", "fail_payment",
    "place_bets", "confirm_bets", "settle_bets", "cancel_bets", "deposits", "withdrawals",
    "bet_history", "payment_history", "balance_history", "bet_events_between", "payment_events_between", "balance_events_between", "bet_as_of", "payment_as_of", "balance_as_of",
    "balance_statement", "bets_of", "payments_of", "tenant_as_of", "feed", "ledger_feed", "advance_consumer", "reset_consumer",
    "resettle_bet", "void_bet", "reverse_payment",
    "personal_key", "erase_person",
}  # fmt: skip


def names(db, query: str) -> list[str]:
    return [r["name"] for r in rows(db, query)]


def test_the_queries_below_see_the_whole_ledger(db):
    assert {f"public.{t}" for t in (*EVENT_TABLES, *READ_TABLES)} <= set(names(db, TABLES))
    assert API == {r["proname"] for r in rows(db, f"SELECT * FROM ({FUNCTIONS}) f WHERE schema = 'public'")}
    assert {"rebuild_projection", "verify_projections", "purge_idempotency_keys"} <= {
        r["proname"] for r in rows(db, f"SELECT * FROM ({FUNCTIONS}) f WHERE schema = 'ops'")
    }


HAS_TENANT = (
    "EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)"
)
NONE_OF_THESE = {
    "a restrictive policy, which Citus makes permissive on its shards":
        "SELECT polname AS name FROM pg_policy WHERE NOT polpermissive",
    "a table with tenant_id without row-level security, enabled and forced": f"""
        SELECT name FROM ({TABLES}) t WHERE relkind IN ('r', 'p') AND {HAS_TENANT}
        AND NOT (relrowsecurity AND (relforcerowsecurity OR projection.is_distributed(name)))""",
    "a table with tenant_id without a policy for tenants, or with one that lets through all": f"""
        SELECT name FROM ({TABLES}) t WHERE relkind IN ('r', 'p') AND {HAS_TENANT} AND (
            NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = t.oid AND 'betledger_tenant'::regrole = ANY (p.polroles))
            OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = t.oid
                AND ('betledger_tenant'::regrole = ANY (p.polroles) OR 0 = ANY (p.polroles))
                AND coalesce(pg_get_expr(p.polqual, t.oid), '') || coalesce(pg_get_expr(p.polwithcheck, t.oid), '')
                    NOT LIKE '%tenant_id = %own_tenant()%'))""",
    "a view with tenant_id that reads with the rights of its owner": f"""
        SELECT name FROM ({TABLES}) t WHERE relkind = 'v' AND {HAS_TENANT}
        AND NOT coalesce(reloptions @> '{{security_invoker=true}}', false)""",
    "a materialized view or foreign table, which have no row-level security": f"""
        SELECT name FROM ({TABLES}) t WHERE relkind IN ('m', 'f')""",
    "a unique index of a table with tenant_id that does not hold tenant_id": f"""
        SELECT i.indexrelid::regclass::text AS name FROM ({TABLES}) t JOIN pg_index i ON i.indrelid = t.oid
        WHERE i.indisunique AND {HAS_TENANT} AND NOT EXISTS (
            SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'tenant_id' AND a.attnum = ANY (i.indkey))""",
    "a table with tenant_id without a primary key": f"""
        SELECT name FROM ({TABLES}) t WHERE relkind IN ('r', 'p') AND {HAS_TENANT}
        AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)""",
    "a function that PUBLIC may execute": f"""
        SELECT name FROM ({FUNCTIONS}) f, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS a WHERE a.grantee = 0""",
    "a table, view or sequence that PUBLIC may use": f"""
        SELECT name FROM ({TABLES}) t, aclexplode(relacl) AS a WHERE a.grantee = 0""",
    "a schema of ours that PUBLIC may use, or public with CREATE for PUBLIC": f"""
        SELECT nspname || ' ' || privilege_type AS name FROM pg_namespace n, aclexplode(nspacl) AS a
        WHERE nspname IN {OURS} AND a.grantee = 0 AND NOT (nspname = 'public' AND privilege_type = 'USAGE')""",
    "a grant option, or TRUNCATE, DELETE, TRIGGER or REFERENCES for anybody but the owner": f"""
        SELECT name || ' ' || privilege_type || ' ' || grantee::regrole AS name FROM ({TABLES}) t, aclexplode(relacl) AS a
        WHERE a.grantee <> t.relowner
        AND (is_grantable OR privilege_type IN ('TRUNCATE', 'DELETE', 'TRIGGER', 'REFERENCES', 'UPDATE'))""",
    "anything but SELECT for anybody but the owner on what is neither an event table nor the keys of persons or the places of consumers": f"""
        SELECT name || ' ' || privilege_type || ' ' || grantee::regrole AS name FROM ({TABLES}) t, aclexplode(relacl) AS a
        WHERE a.grantee <> t.relowner AND privilege_type <> 'SELECT' AND NOT (relkind = 'S' AND privilege_type = 'USAGE')
        AND relname <> ALL ('{{{",".join(EVENT_TABLES)},personal_keys,consumers}}')""",
    "a column that others may update, except metadata, what erases a person and the place of a consumer": f"""
        SELECT name || '.' || c.attname AS name FROM ({TABLES}) t JOIN pg_attribute c ON c.attrelid = t.oid,
            aclexplode(c.attacl) AS a
        WHERE c.attname <> 'metadata' AND name || '.' || c.attname NOT IN (
            'public.personal_keys.key', 'public.personal_keys.erased_at', 'public.consumers.feed_cursor', 'public.consumers.advanced_at')""",
    "a SECURITY DEFINER function without a search_path that ends in pg_temp": f"""
        SELECT name FROM ({FUNCTIONS}) f WHERE prosecdef AND NOT EXISTS (
            SELECT FROM unnest(proconfig) AS c WHERE c ~ '^search_path=.*\\mpg_temp$')""",
    "a SECURITY DEFINER function, or one of an application, that row_security = off of the caller would reach": f"""
        SELECT name FROM ({FUNCTIONS}) f JOIN pg_language AS l ON l.oid = f.prolang
        WHERE (prosecdef OR schema = 'public' AND prokind = 'f' AND lanname = 'plpgsql')
        AND NOT coalesce('row_security=on' = ANY (proconfig), false)""",
    "a SECURITY DEFINER function that application teams call": f"""
        SELECT name FROM ({FUNCTIONS}) f WHERE prosecdef AND schema = 'public'""",
    "a search_path that holds public, or pg_temp before its end": f"""
        SELECT name FROM ({FUNCTIONS}) f, unnest(proconfig) AS c
        WHERE c LIKE 'search_path=%' AND (c LIKE '%public%' OR c ~ 'pg_temp.*,')""",
    "a function of an application whose plans, made while tables are empty, may scan them": f"""
        SELECT name FROM ({FUNCTIONS}) f JOIN pg_language AS l ON l.oid = f.prolang
        WHERE schema = 'public' AND prokind = 'f' AND lanname = 'plpgsql'
        AND NOT coalesce('enable_seqscan=off' = ANY (proconfig), false)""",
    "a table, view or sequence of another owner": f"""
        SELECT name FROM ({TABLES}) t WHERE owner <> 'betledger_owner' AND relkind NOT IN ('i', 'I', 't')""",
    "a function of another owner": f"SELECT name FROM ({FUNCTIONS}) f WHERE owner <> 'betledger_owner'",
    "a schema of another owner": """
        SELECT nspname AS name FROM pg_namespace
        WHERE nspname IN ('projection', 'ops', 'http') AND nspowner <> 'betledger_owner'::regrole""",
    "an owner or a group that can log in or pass the policies": """
        SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'betledger\\_%'
        AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
            -- The nodes of a cluster reach each other as the owner, too.
            OR rolcanlogin AND NOT (rolname = 'betledger_owner' AND EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')))""",
    "a table or view of public without a comment": f"""
        SELECT name FROM ({TABLES}) t WHERE name LIKE 'public.%' AND relkind IN ('r', 'p', 'v')
        AND coalesce(obj_description(oid, 'pg_class'), '') = ''""",
    "a column of public without a comment": f"""
        SELECT name || '.' || a.attname AS name FROM ({TABLES}) t JOIN pg_attribute a ON a.attrelid = t.oid
        WHERE name LIKE 'public.%' AND relkind IN ('r', 'p', 'v') AND a.attnum > 0 AND NOT a.attisdropped
        AND coalesce(col_description(t.oid, a.attnum), '') = ''""",
    "a function of public or ops without a comment that has an example": f"""
        SELECT name FROM ({FUNCTIONS}) f
        WHERE schema IN ('public', 'ops', 'http') AND coalesce(comment, '') NOT LIKE '%Example: %.'""",
    "a function of projection without a comment": f"""
        SELECT name FROM ({FUNCTIONS}) f WHERE coalesce(comment, '') = ''""",
    "an invalid or unfinished index": f"""
        SELECT i.indexrelid::regclass::text AS name FROM ({TABLES}) t JOIN pg_index i ON i.indrelid = t.oid
        WHERE NOT (i.indisvalid AND i.indisready)""",
    "an index in another collation than C or that of the database, whose version doctor compares": f"""
        SELECT i.indexrelid::regclass::text AS name FROM ({TABLES}) t JOIN pg_index i ON i.indrelid = t.oid
        WHERE EXISTS (
            SELECT FROM unnest(i.indcollation) AS c WHERE c NOT IN (0, '"C"'::regcollation, '"default"'::regcollation))""",
    "a key or an id that sorts by the locale of the database": f"""
        SELECT name || '.' || a.attname AS name FROM ({TABLES}) t JOIN pg_attribute a ON a.attrelid = t.oid
        WHERE relkind IN ('r', 'p') AND {HAS_TENANT} AND a.attnum > 0 AND a.attcollation NOT IN (0, '"C"'::regcollation)
        AND (a.attname LIKE '%id' OR a.attname LIKE '%key')""",
    "a function that folds case by the locale of the database": f"""
        SELECT name FROM ({FUNCTIONS}) f
        WHERE prosrc ~* '\\m(lower|upper|initcap)\\((?![^()]*COLLATE "C"\\))'""",
    "a function of an application that gives a page, and no way to the next one": f"""
        SELECT name FROM ({FUNCTIONS}) f
        WHERE schema = 'public' AND 'p_limit' = ANY (proargnames) AND NOT proargnames && '{{p_after,p_after_id}}'""",
    "a function that takes, compares or copies whole rows of an event table, which a team may add a column to": f"""
        SELECT name FROM ({FUNCTIONS}) f
        WHERE proname !~ '^template_' AND (
            prosrc ~* '\\m(new|old)\\M\\s*(=|<>|IS (NOT )?DISTINCT)|(=|<>|DISTINCT FROM)\\s*(new|old)\\M(?!\\.)|\\m(new|old)\\.\\*'
            OR prosrc ~* 'INSERT INTO [a-z_.]*_events\\s+(SELECT|VALUES)')""",
    "a function of an application that finds what the search_path of its caller finds": f"""
        SELECT name FROM ({FUNCTIONS}) f
        WHERE schema IN ('public', 'ops', 'http') AND prokind = 'f' AND language <> 'sql' AND NOT EXISTS (
            SELECT FROM unnest(proconfig) AS c WHERE c LIKE 'search_path=%')""",
    "a function of public without its errors in the comment": f"""
        SELECT name FROM ({FUNCTIONS}) f WHERE schema = 'public' AND coalesce(comment, '') NOT LIKE '%Error%'""",
    "a function that writes what it was given to the log of the server": f"""
        SELECT name FROM ({FUNCTIONS}) f WHERE prosrc ~* '\\mRAISE (LOG|WARNING)'""",
    "an insert that names the index of a conflict, and gives 23505 of another one while that is built": f"""
        SELECT name FROM ({FUNCTIONS}) f
        WHERE prosrc ~* 'ON CONFLICT\\s*\\(|ON CONFLICT ON' AND prosrc !~ 'unique_violation'
        AND proname !~ '^template_' AND proname <> 'define'""",
    "a disabled trigger": f"""
        SELECT tgname AS name FROM ({TABLES}) t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE tgenabled = 'D'""",
}


def test_nothing_breaks_the_rules(db):
    assert {what: found for what, query in NONE_OF_THESE.items() if (found := names(db, query))} == {}


# Each of these breaks the invariant of the same name: the query above have to see it.
BROKEN = {
    "a restrictive policy, which Citus makes permissive on its shards": "CREATE POLICY x ON public.bet_events AS RESTRICTIVE USING (true)",
    "a table with tenant_id without row-level security, enabled and forced": "ALTER TABLE bets_view NO FORCE ROW LEVEL SECURITY",
    "a table with tenant_id without a policy for tenants, or with one that lets through all": (
        "CREATE POLICY leak ON bets_view FOR SELECT TO betledger_tenant USING (true)"
    ),
    "a view with tenant_id that reads with the rights of its owner": "CREATE VIEW public.x AS SELECT tenant_id FROM bets_view",
    "a unique index of a table with tenant_id that does not hold tenant_id": "CREATE UNIQUE INDEX x ON bets_view (bet_id)",
    "a function that PUBLIC may execute": "CREATE FUNCTION ops.x() RETURNS int LANGUAGE sql RETURN 1",
    "a table, view or sequence that PUBLIC may use": "GRANT SELECT ON bets_view TO PUBLIC",
    "anything but SELECT for anybody but the owner on what is neither an event table nor the keys of persons or the places of consumers": "GRANT INSERT ON bets_view TO betledger_app",
    "a column that others may update, except metadata, what erases a person and the place of a consumer": "GRANT UPDATE (event_data) ON bet_events TO betledger_app",
    "a SECURITY DEFINER function without a search_path that ends in pg_temp": (
        "CREATE FUNCTION ops.x() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog RETURN 1"
    ),
    "a SECURITY DEFINER function, or one of an application, that row_security = off of the caller would reach": (
        "ALTER FUNCTION public.place_bet RESET row_security"
    ),
    "a search_path that holds public, or pg_temp before its end": (
        "CREATE FUNCTION ops.x() RETURNS int LANGUAGE sql SET search_path = pg_temp, pg_catalog RETURN 1"
    ),
    "a table, view or sequence of another owner": "CREATE TABLE public.x (y int)",
    "a function of another owner": "CREATE FUNCTION public.x() RETURNS int LANGUAGE sql RETURN 1",
    "a column of public without a comment": "ALTER TABLE bets_view ADD x int",
    "a function of public or ops without a comment that has an example": "COMMENT ON FUNCTION bet_history IS 'No more.'",
    "an index in another collation than C or that of the database, whose version doctor compares": (
        'CREATE INDEX ON bets_view (tenant_id, fixture_id COLLATE "POSIX")'
    ),
    "a key or an id that sorts by the locale of the database": "ALTER TABLE bets_view ADD bonus_id text",
    "a function that folds case by the locale of the database": (
        "CREATE FUNCTION ops.x(y text) RETURNS text LANGUAGE sql AS $$ SELECT lower(y) $$"
    ),
    "a disabled trigger": "ALTER TABLE bet_events DISABLE TRIGGER receive_event",
    "a function of an application that gives a page, and no way to the next one": (
        "CREATE FUNCTION public.x(p_limit integer) RETURNS integer LANGUAGE sql RETURN p_limit"
    ),
    "a function that takes, compares or copies whole rows of an event table, which a team may add a column to": (
        "CREATE FUNCTION ops.x() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW = OLD THEN RETURN NULL; END IF; RETURN NEW; END $$"
    ),
    "a function of public without its errors in the comment": "COMMENT ON FUNCTION bet_history IS 'Example: SELECT 1.'",
    "a function that writes what it was given to the log of the server": (
        "CREATE FUNCTION ops.x(y text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING '%', y; END $$"
    ),
    "an insert that names the index of a conflict, and gives 23505 of another one while that is built": (
        "CREATE FUNCTION ops.x() RETURNS void LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO public.personal_keys VALUES (1, 'x') ON CONFLICT (tenant_id, user_id) DO NOTHING; END $$"
    ),
    "a function of an application that finds what the search_path of its caller finds": "ALTER FUNCTION public.deposit RESET search_path",
}


@pytest.mark.not_on_citus("Citus refuses some of what would break a rule")
def test_what_breaks_a_rule_would_be_seen(db):
    unseen = []
    for what, statement in BROKEN.items():
        with db.transaction(force_rollback=True):
            db.execute(statement)
            unseen += [] if names(db, NONE_OF_THESE[what]) else [what]
    assert unseen == []


@pytest.mark.not_on_citus("Citus adds a trigger of its own")
@pytest.mark.parametrize("table", EVENT_TABLES)
def test_every_event_table_has_its_guards(db, table):
    triggers = {r["tgname"] for r in rows(db, "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass", (table,))}
    assert triggers == {"receive_event", "project_inserted", "project_key_removed", "guard_event", "guard_truncate"}


def test_the_examples_of_the_comments_run(db, connect):
    """As the application, with the ids of the examples; only the ledger's own refusals are fine."""
    app, reader = connect("app"), connect("reader")
    examples = rows(
        db,
        f"SELECT name, (regexp_match(comment, 'Example: (.*)\\.$'))[1] AS sql FROM ({FUNCTIONS}) f WHERE schema = 'public'",
    )
    assert len(examples) == len(API)
    for example in examples:
        try:
            (reader if "ledger_feed" in example["name"] else app).execute(example["sql"])
        except Exception as error:
            assert getattr(error, "sqlstate", None) in ("BL002", "BL003", "BL004", "BL007"), (example, error)  # noqa: PT017
