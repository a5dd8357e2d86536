"""Commands that look at the schema, and at the files that make it."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from betledger.commands.options import DatabaseUrl, Json, Migrations, ScratchUrl
from betledger.commands.reaching import Flags, reached
from betledger.commands.terminal import PENDING, emit, quiet, tell, warn, write
from betledger.migrating import findings
from betledger.migrating import lint as linters
from betledger.migrating.catalogue import differences, dump, expected
from betledger.settings import settings


class LintFormat(StrEnum):
    """What findings can be written as."""

    text = "text"
    github = "github"
    sarif = "sarif"


app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="The schema that the migrations make.")


@app.command("verify-schema")
def verify_schema(
    database_url: DatabaseUrl = None,
    migrations: Migrations = None,
    scratch_url: ScratchUrl = None,
    as_json: Json = False,
) -> None:
    """Compare the schema with what the migrations make on a scratch database; silent when it is the same.

    Exits with 3 when it differs. Example: betledger verify-schema
    """
    flags: Flags = {"database_url": database_url, "migrations": migrations, "scratch_url": scratch_url}
    with reached(quiet, **flags) as (migrator, scratch):
        found = differences(migrator, scratch)
    if as_json:
        emit([asdict(difference) for difference in found])
    else:
        for difference in found:
            for line in difference.as_diff():
                write(line)
    if found:
        raise typer.Exit(PENDING)


@group.command("dump")
def schema_dump(
    database_url: DatabaseUrl = None, migrations: Migrations = None, scratch_url: ScratchUrl = None
) -> None:
    """Print what the migrations make, one object a line, for review. Example: betledger schema dump > schema.txt"""
    flags: Flags = {"database_url": database_url, "migrations": migrations, "scratch_url": scratch_url}
    with reached(quiet, **flags) as (migrator, scratch):
        write(dump(expected(migrator, scratch)).rstrip("\n"))


@app.command()
def lint(
    migrations: Migrations = None,
    ours: Annotated[bool, typer.Option(help="Also the SQL of betledger.")] = True,
    scratch_url: ScratchUrl = None,
    changed_since: Annotated[
        str | None,
        typer.Option("--changed-since", help="A revision of git: only files that have changed since.", metavar="REV"),
    ] = None,
    form: Annotated[
        LintFormat, typer.Option("--format", help="Text, commands of a GitHub workflow, or SARIF.")
    ] = LintFormat.text,
    as_json: Json = False,
) -> None:
    """Lint SQL files, and with plpgsql_check the functions that they make in a scratch database.

    Exits with 1 when something is to be mended. Example: betledger lint --no-ours --migrations db
    """
    found = settings(migrations=migrations, scratch_url=scratch_url)
    scratch = found["scratch_url"].value or found["database_url"].value
    result = linters.lint(found["migrations"].value, ours, scratch, changed_since)
    if as_json:
        emit(asdict(result))
    else:
        if text := findings.WRITERS[form](result.findings):
            write(text)
        for note in result.left_out:
            warn(f"left out: {note}")
        if not result.findings and form is LintFormat.text:
            tell(f"{result.files} files are fine{', as far as they were looked at' if result.left_out else ''}")
    if result.findings:
        raise typer.Exit(1)
