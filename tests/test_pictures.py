"""The pictures of the manual are what their programs draw; that of the tables, what the catalogue has."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from xml.etree import ElementTree

import psycopg
import pytest
from manual import DOCS

sys.path.append(str(DOCS / "programs"))
import entities  # noqa: E402
import pictures  # noqa: E402

REMEDY = "if that is meant: BETLEDGER_WRITE_PICTURES=1 python -m pytest tests/test_pictures.py"


def compare(path: Path, drawn: str) -> None:
    if os.environ.get("BETLEDGER_WRITE_PICTURES"):
        path.write_text(drawn, encoding="utf-8")
    assert drawn == path.read_text(encoding="utf-8"), REMEDY


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_a_picture_is_what_its_program_draws(name: str) -> None:
    compare(DOCS / "pictures" / f"{name}.svg", pictures.PICTURES[name]().svg())


@pytest.mark.not_on_citus("it shows the tables of one server")
def test_the_picture_of_the_tables_is_what_the_catalogue_has(db: psycopg.Connection) -> None:
    compare(DOCS / "pictures" / "entities.svg", entities.draw(db))


def test_every_column_is_in_the_picture_of_the_tables(db: psycopg.Connection) -> None:
    texts = {text.text for text in ElementTree.parse(DOCS / "pictures" / "entities.svg").iter("{http://www.w3.org/2000/svg}text")}
    columns = db.execute(
        "SELECT a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0"
        # Citus has views there.
        " AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')"
    ).fetchall()
    assert len(columns) > 50 and {name for (name,) in columns} <= texts
