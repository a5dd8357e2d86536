"""The trigger of docs/tasks.md, as a migration of a team; test_manual.py runs the statements of the page."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from command import run
from ledger import append, event, insert, place, rows
from manual import DOCS, blocks


@pytest.mark.not_on_citus("on a server of our own")
def test_a_trigger_of_a_team_is_told_once_of_each_event(empty: str, tmp_path: Path) -> None:
    (block,) = [block.text for block in blocks(DOCS / "tasks.md") if "CREATE TRIGGER" in block.text]
    (tmp_path / "db" / "schema").mkdir(parents=True)
    (tmp_path / "db" / "schema" / "0001_outbox.sql").write_text("SET LOCAL ROLE betledger_owner;\n\n" + block)
    assert run("migrate", "--migrations", str(tmp_path / "db"), url=empty).returncode == 0
    with psycopg.connect(empty, autocommit=True) as ledger:
        place(ledger, bet="b1")
        settled = append(ledger, "BET_SETTLED", aggregate="b1")
        insert(ledger, *(event("V1_BETS_BET_SETTLED", aggregate=f"b{n}") for n in (2, 3)))
        with ledger.transaction(force_rollback=True):
            append(ledger, "BET_SETTLED", aggregate="b4")
        ledger.execute("CALL ops.rebuild_projection()")
        told = rows(ledger, "SELECT event_id FROM outbox")
        assert len(told) == 3 and {"event_id": settled} in told
    assert run("status", "--migrations", str(tmp_path / "db"), url=empty).returncode == 0
