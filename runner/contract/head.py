"""Made by `betledger api --format py`: what is changed here is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import class_row, scalar_row
from psycopg.types.json import Jsonb

# An argument that is left out.
DEFAULT: Any = object()


def _call(db: Connection[Any], name: str, types: Mapping[str, str], arguments: Mapping[str, Any], factory: Any) -> Any:
    given = {argument: value for argument, value in arguments.items() if value is not DEFAULT}
    marks = [sql.SQL("{} => {}::{}").format(sql.Identifier(a), sql.Placeholder(a), sql.SQL(types[a])) for a in given]
    query = sql.SQL("SELECT * FROM {}({})").format(sql.Identifier(*name.split(".")), sql.SQL(", ").join(marks))
    values = {a: Jsonb(v) if types[a] == "jsonb" and v is not None else v for a, v in given.items()}
    return db.cursor(row_factory=factory).execute(query, values)
