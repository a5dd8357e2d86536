"""The tables of a ledger, from its catalogue: `python docs/programs/entities.py URL > docs/pictures/entities.svg`."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
from drawing import Drawing

# What others may read, and what lies between two of these; the key first, then the columns in their order.
TABLES = """
SELECT c.oid::regclass::text, c.relkind = 'v',
    array(
        SELECT row(a.attname, format_type(a.atttypid, NULL), coalesce(a.attnum = ANY (k.conkey), false))
        FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
    ),
    EXISTS (SELECT FROM projection.event_types AS e WHERE e.event_table::regclass = c.oid)
FROM pg_class AS c
LEFT JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.contype = 'p'
WHERE c.relkind IN ('r', 'p', 'v') AND (
    c.relnamespace = 'public'::regnamespace
    OR EXISTS (SELECT FROM projection.projections AS p WHERE p.read_table::regclass = c.oid)
)
ORDER BY 1
"""
# What each is made of: definitions; for a view, the tables that it reads.
SOURCES = """
SELECT s.source_table::regclass::text, s.read_table::regclass::text FROM projection.sources AS s
UNION
SELECT d.refobjid::regclass::text, w.ev_class::regclass::text
FROM pg_rewrite AS w
INNER JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refobjid <> w.ev_class
WHERE d.refclassid = 'pg_class'::regclass
ORDER BY 1, 2
"""
SHORT = {"timestamp with time zone": "timestamptz"}
WIDTH, GAP, LINE, HEAD, LANE = 230, 80, 17, 30, 7


@dataclass
class Table:
    """A table of the picture, and where it is."""

    name: str
    columns: list[tuple[str, str, bool]]
    kind: str
    layer: int = 0
    x: int = 0
    y: int = 0
    sources: list[str] = field(default_factory=list)

    @property
    def height(self) -> int:
        """With a line for each column."""
        return HEAD + LINE * len(self.columns) + 8


def draw(connection: psycopg.Connection) -> str:
    """The tables beside what they are made of, from left to right."""
    tables = {
        name: Table(
            name,
            [(column, SHORT.get(kind, kind), is_key == "t") for column, kind, is_key in columns],
            "event" if is_event else "code" if is_view else "table",
        )
        for name, is_view, columns, is_event in connection.execute(TABLES.encode())
    }
    for source, made in connection.execute(SOURCES.encode()):
        if source in tables and made in tables:
            tables[made].sources.append(source)
    for table in tables.values():
        table.layer = _layer(tables, table)
    width, height = _place(list(tables.values()))
    picture = Drawing(width, height, "The tables of a ledger, and what each is made of")
    lanes = iter(range(6, height, LANE))
    for table in tables.values():
        for source in table.sources:
            _arrow(picture, tables[source], table, lanes)
    for table in tables.values():
        _draw(picture, table)
    return picture.svg()


def _layer(tables: dict[str, Table], table: Table) -> int:
    return max((1 + _layer(tables, tables[source]) for source in table.sources), default=0)


def _place(tables: list[Table]) -> tuple[int, int]:
    """Each below the last of its layer; what is made of nothing and makes nothing, where there is room."""
    by_name = {table.name: table for table in tables}
    used = {source for table in tables for source in table.sources}
    far = sum(table.layer - by_name[source].layer > 1 for table in tables for source in table.sources)
    bottom: dict[int, int] = defaultdict(lambda: 12 + LANE * far)
    layers = 1 + max(table.layer for table in tables)

    def put(table: Table, layer: int) -> None:
        table.x, table.y = 10 + layer * (WIDTH + GAP), bottom[layer]
        bottom[layer] += table.height + 24

    alone = [table for table in tables if not table.sources and table.name not in used]
    for table in sorted(tables, key=lambda table: (table.kind != "event", table.name)):
        if table not in alone:
            put(table, table.layer)
    for table in sorted(alone, key=lambda table: -table.height):
        put(table, min(range(1, layers), key=lambda layer: bottom[layer]))
    return 20 + layers * (WIDTH + GAP) - GAP, max(bottom.values())


def _arrow(picture: Drawing, source: Table, table: Table, lanes: Iterator[int]) -> None:
    here = source.y + HEAD // 2
    there = table.y + HEAD // 2 + 9 * table.sources.index(source.name)
    turn = table.x - 12 - 9 * table.sources.index(source.name)
    if table.layer - source.layer == 1:
        picture.arrow(source.x + WIDTH, here, turn, here, turn, there, table.x - 2, there)
        return
    # Over the tables of the layers between, each in a lane of its own.
    above = next(lanes)
    out = source.x + WIDTH + 4 + above // 2
    picture.arrow(source.x + WIDTH, here, out, here, out, above, turn, above, turn, there, table.x - 2, there)


def _draw(picture: Drawing, table: Table) -> None:
    picture.box(table.x, table.y, WIDTH, table.height, kind=table.kind)
    picture.words(table.x + 10, table.y + 20, table.name, "name")
    for n, (column, kind, is_key) in enumerate(table.columns):
        y = table.y + HEAD + 12 + LINE * n
        picture.words(table.x + 10, y, column, "key" if is_key else "")
        picture.words(table.x + WIDTH - 10, y, kind, "small end")


if __name__ == "__main__":
    with psycopg.connect(sys.argv[1]) as ledger:
        sys.stdout.write(draw(ledger))
