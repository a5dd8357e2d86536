"""Everything that the README shows in SQL runs, from top to bottom, on one database."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from betledger.migrating.statements import statements as split
from ledger import TENANT, append, event, insert, place, rows

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
# The bets and payments that the examples name.
NAMED = [("DEPOSIT_CREATED", "payment-1"), ("WITHDRAWAL_CREATED", "payment-2")]


def statements() -> list[str]:
    """The statements of the indented blocks that hold SQL."""
    blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", README, re.MULTILINE)
    sql = [b for b in blocks if re.match(r"\s+(SELECT|INSERT|SET) ", b) and "─" not in b]
    return [s for block in sql for _, s in split("README.md", re.sub(r"(?m)^ {4}", "", block))]


@pytest.mark.not_on_citus("the example of a projection is made after the tables were distributed")
def test_the_sql_of_the_readme_runs(db: psycopg.Connection) -> None:
    place(db, bet="bet-2")
    for kind, aggregate in NAMED:
        append(db, kind, TENANT, aggregate)
    with db.transaction():
        ran = [s.split("(")[0].split()[-1] for s in statements() if db.execute(s.encode()).statusmessage]
    assert {"place_bet", "settle_bet", "balance_as_of", "public.fixtures_view", "bet_events"} <= set(ran)
    # As `betledger migrate` does after a migration.
    for table in ("bet_events", "payment_events", "balance_events"):
        with db.transaction():
            db.execute("SET LOCAL ROLE betledger_owner")
            db.execute("SELECT projection.compile(%s), projection.prove(%s)", (f"public.{table}", f"public.{table}"))
    insert(db, event("V1_BETS_BET_CONFIRMED") | {"event_type": "V1_BETS_BET_NOTED", "event_data": '{"note": "x"}'})
    db.execute("CALL ops.rebuild_projection('fixtures_view')")
    place(db, bet="bet-3")
    assert rows(db, "SELECT tenant_id, sum(bets) AS bets FROM fixtures_view GROUP BY tenant_id") == [
        {"tenant_id": TENANT, "bets": 5}
    ]
    assert rows(db, "SELECT * FROM ops.verify_projections()") == []
