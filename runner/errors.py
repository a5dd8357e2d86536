"""Errors that end in one line for the user."""

import psycopg


class BetledgerError(Exception):
    """What went wrong and what to do, in one line; the command line exits with `exit_code`."""

    exit_code = 1


class Drift(BetledgerError):
    """The database and the files have gone different ways."""

    exit_code = 3


class Interrupted(BetledgerError):
    """Ctrl-C: the message tells what is left."""

    exit_code = 130


def in_one_line(error: psycopg.Error) -> str:
    """The message, SQLSTATE and hint of a database error, on one line and without a password."""
    primary = error.diag.message_primary or " ".join(str(error).split())
    state = f" [{error.sqlstate}]" if error.sqlstate else ""
    hint = f" Hint: {error.diag.message_hint}" if error.diag.message_hint else ""
    return f"{primary}{state}{hint}"
