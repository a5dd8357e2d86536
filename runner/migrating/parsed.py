"""What the statements of a file do, by PostgreSQL's own parser: what they make, and what must not be in a migration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import postgast
from betledger.errors import BetledgerError
from betledger.migrating.findings import Finding
from betledger.migrating.statements import statements

# Within a transaction they do no harm.
_SAVEPOINTS = {
    postgast.pg_query_pb2.TRANS_STMT_SAVEPOINT,
    postgast.pg_query_pb2.TRANS_STMT_RELEASE,
    postgast.pg_query_pb2.TRANS_STMT_ROLLBACK_TO,
}
_KINDS = {"FUNCTION", "PROCEDURE", "VIEW", "TRIGGER"}


@dataclass(frozen=True)
class Made:
    """An object that a statement makes, and that outlives the file.

    Args:
        kind: FUNCTION, PROCEDURE, VIEW or TRIGGER.
        name: as the file writes it, with the types of the arguments of a function, or ON and the table of a trigger.
    """

    kind: str
    name: str


def made_by(path: str, text: str) -> list[Made]:
    """The functions, procedures, views and triggers that a file makes."""
    found = []
    for _, statement in statements(path, text):
        tree = postgast.parse(statement)
        if postgast.classify_statement(tree).object_type in _KINDS and tree.stmts[0].stmt.WhichOneof("node") in (
            "create_function_stmt",
            "view_stmt",
            "create_trig_stmt",
        ):
            _, kind, name = postgast.to_drop(statement).split(" ", 2)
            # The type of a column has a name of its own once the function is made.
            if "%type" not in name:
                found.append(Made(kind, name))
    return found


def sets(statement: str) -> bool:
    """Whether all that a statement does is to set something for the session."""
    node = postgast.parse(statement).stmts[0].stmt
    return node.WhichOneof("node") == "variable_set_stmt" and not node.variable_set_stmt.is_local


def refuse_control(path: str, text: str) -> None:
    """Raise a BetledgerError if a file ends the transaction that it runs in."""
    for found in transaction_control(path, text):
        raise BetledgerError(f"{found.place}:{found.line}: {found.message}")


def transaction_control(path: str, text: str) -> Iterator[Finding]:
    """What begins or ends a transaction, with its line and the remedy."""
    for line, statement, node in _nodes(path, text):
        if node.WhichOneof("node") == "transaction_stmt" and node.transaction_stmt.kind not in _SAVEPOINTS:
            yield Finding(
                path, line, "transaction-control",
                f"{statement.rstrip(';').upper()}: a file is one transaction: leave it out, or write"
                " `-- transactional: false` at the top",
            )  # fmt: skip


def surprises(path: str, text: str) -> Iterator[Finding]:
    """What does less, or more, than it seems to, with its line and the remedy."""
    for line, statement, node in _nodes(path, text):
        if sets(statement):
            word = statement.split()[0].upper()
            yield Finding(
                path, line, "set-of-session", f"{word}: it holds to the end of this file only: write SET LOCAL"
            )
        if node.WhichOneof("node") == "drop_stmt" and node.drop_stmt.behavior == postgast.pg_query_pb2.DROP_CASCADE:
            yield Finding(
                path, line, "drop-cascade",
                "DROP ... CASCADE drops what others have made, too: name what is to be dropped",
            )  # fmt: skip


def _nodes(path: str, text: str) -> Iterator[tuple[int, str, Any]]:
    """Each statement: its line, its text, and the root of its tree."""
    for position, statement in statements(path, text):
        line = text.count("\n", 0, position) + 1
        yield line, statement, postgast.parse(statement).stmts[0].stmt
