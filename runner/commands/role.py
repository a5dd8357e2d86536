"""`betledger role`: logins and their groups."""

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer
from betledger.commands.options import DatabaseUrl, Json
from betledger.commands.terminal import emit, tell
from betledger.database import on_citus, session, value
from betledger.errors import BetledgerError
from betledger.settings import target
from psycopg import sql

app = typer.Typer(no_args_is_help=True, help="Logins for applications, tenants, analysts and operators.")


@app.callback()
def group() -> None:
    """Logins for applications, tenants, analysts and operators."""


@app.command("create")
def role_create(
    name: Annotated[str, typer.Argument(help="The login.")],
    member_of: Annotated[str, typer.Option("--member-of", help="betledger_app, _tenant, _reader or _operator.")],
    password_file: Annotated[
        Path | None,
        typer.Option(
            "--password-file",
            help="A file with it; else BETLEDGER_ROLE_PASSWORD, else one is made.",
            show_default=False,
        ),
    ] = None,
    alter: Annotated[
        bool, typer.Option("--alter", help="Change a login that is there: its group, its password if one is given.")
    ] = False,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create a login in a group. Example: betledger role create app --member-of betledger_app"""
    if name.startswith("betledger_"):
        raise BetledgerError(f"role {name} would be one of ours: choose a name that does not begin with betledger_")
    password = _given_password(password_file)
    with session(target(database_url)) as connection:
        groups = [
            row[0]
            for row in connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname LIKE 'betledger\\_%' AND rolname <> 'betledger_owner'"
                " AND NOT rolcanlogin ORDER BY 1"
            )
        ]
        if member_of not in groups:
            known = f"choose one of {', '.join(groups)}" if groups else "run `betledger migrate` first"
            raise BetledgerError(f"group {member_of} does not exist: {known}")
        exists = bool(connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,)).rowcount)
        if exists and not alter:
            raise BetledgerError(f"role {name} is there: nothing was changed; --alter changes its group and password")
        identifier, kept = sql.Identifier(name), None
        with connection.transaction():
            if not exists:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(identifier))
                if not password:
                    password, kept = _new_password(name)
            try:
                if password:
                    # Only the SCRAM verifier goes to the server, whose log may keep statements.
                    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
                    literal = sql.Literal(verifier.decode())
                    connection.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(identifier, literal))
                connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(member_of), identifier))
                # The groups are those of all ledgers on the server; this is what makes it a login of this one.
                database = value(
                    connection,
                    "SELECT d.datname FROM pg_database AS d WHERE d.datname = current_database()"
                    # Who does not own the database has to leave it as it is, if that is enough.
                    " AND (pg_has_role(d.datdba, 'USAGE') OR NOT has_database_privilege(%s, d.oid, 'CONNECT'))",
                    (name,),
                )
                if database:
                    connection.execute(
                        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), identifier)
                    )
                if member_of == "betledger_tenant" and on_citus(connection):
                    # SET LOCAL app.tenant_id has to reach the nodes, or nothing is seen there.
                    connection.execute(
                        sql.SQL("ALTER ROLE {} SET citus.propagate_set_commands = 'local'").format(identifier)
                    )
            except BaseException:
                if kept:
                    kept.unlink()
                raise
    made = f"; its password is in {kept}" if kept else "; its password stays as it was" if not password else ""
    if as_json:
        emit({"role": name, "member_of": member_of, "password_file": kept})
    else:
        tell(f"role {name} is a member of {member_of}{made}")


def _given_password(file: Path | None) -> str:
    """What a file or the environment gives; empty when neither does."""
    given, source = os.environ.get("BETLEDGER_ROLE_PASSWORD"), "BETLEDGER_ROLE_PASSWORD"
    if file:
        source = str(file)
        try:
            given = file.read_text(encoding="utf-8").strip()
        except UnicodeDecodeError:
            raise BetledgerError(f"{file} is not UTF-8: write the password into it as UTF-8") from None
    if given == "":
        raise BetledgerError(f"{source} is empty: write the password into it")
    return given or ""


def _new_password(name: str) -> tuple[str, Path]:
    """A random password, and the new file in the current folder that holds it."""
    kept = Path(f"{name.replace('/', '_')}.password")
    password = secrets.token_urlsafe(24)
    try:
        with open(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(password)
    except FileExistsError:
        raise BetledgerError(f"{kept} exists: delete it, or give it with --password-file") from None
    return password, kept
