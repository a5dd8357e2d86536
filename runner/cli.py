"""The command `betledger`."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any

import psycopg
import typer
from betledger.commands import (
    about,
    api,
    database,
    demo,
    metrics,
    migrations,
    new,
    projection,
    role,
    schema,
    server,
    tenant,
    upkeep,
)
from betledger.commands.terminal import Reader, open_streams, warn
from betledger.errors import BetledgerError, in_one_line

# Of click, or of the copy of it that newer versions of typer have inside.
CLICK_ERROR: Any = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
# Exit code of an error that nobody thought of.
FAULT = 70

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, help=__doc__)
for commands in (upkeep, metrics, migrations, schema, api, about, demo):
    app.add_typer(commands.app)
for name, group in {
    "new": new.app,
    "schema": schema.group,
    "projection": projection.app,
    "tenant": tenant.app,
    "role": role.app,
    "database": database.app,
    "server": server.app,
}.items():
    app.add_typer(group, name=name)


def main() -> None:
    """Run the command line; every error ends in one line on standard error, and in a documented exit code."""
    open_streams()
    try:
        code = _run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    sys.stdout.flush()
    problem = sys.stdout.problem if isinstance(sys.stdout, Reader) else None
    if problem and problem.errno != errno.EPIPE:
        warn(f"betledger: standard output cannot be written: {problem.strerror}")
        code = code or 1
    sys.exit(code)


def _run() -> int:
    try:
        # The exit code of typer.Exit, or nothing.
        return app(standalone_mode=False) or 0
    except BetledgerError as error:
        warn(f"betledger: {error}")
        return error.exit_code
    except typer.Abort:
        warn("betledger: nothing was done")
    except psycopg.Error as error:
        warn(f"betledger: {in_one_line(error)}")
    except OSError as error:
        warn(f"betledger: {f'{error.filename}: ' if error.filename else ''}{error.strerror or error}")
    except Exception as error:
        if isinstance(error, CLICK_ERROR):
            return _told_usage(error)
        if os.environ.get("BETLEDGER_DEBUG"):
            raise
        warn(
            f"betledger: {type(error).__name__}: {' '.join(str(error).split())}: this is a fault of betledger, please"
            " report it; with BETLEDGER_DEBUG=1 it shows where"
        )
        return FAULT
    return 1


def _told_usage(error: Any) -> int:
    """What is wrong with the command line, in one line; a group without a command shows its help."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
    else:
        command = f"{error.ctx.command_path} --help" if getattr(error, "ctx", None) else "betledger --help"
        warn(f"betledger: {' '.join(error.format_message().split())} (see `{command}`)")
    return int(error.exit_code)
