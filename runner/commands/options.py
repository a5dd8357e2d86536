"""The options that several commands have."""

from typing import Annotated

import typer

# That of bigint.
LARGEST_TENANT = 2**63 - 1
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        help="Else by the environment, a file, or the embedded server.",
        show_default=False,
    ),
]
ScratchUrl = Annotated[
    str | None,
    typer.Option(
        "--scratch-url", help="Where a scratch database is made; else on the same server.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Tell each statement and how long it took.")]
Migrations = Annotated[
    list[str] | None,
    typer.Option(
        "--migrations",
        help="A folder with schema/, functions/ and triggers/ of your own, or NAME=FOLDER.",
        show_default=False,
    ),
]
LockTimeout = Annotated[
    str | None, typer.Option("--lock-timeout", help="How long to wait for a table lock, as 5s.", show_default=False)
]
Wait = Annotated[
    int | None, typer.Option("--wait", help="Seconds to wait for another runner.", min=0, show_default=False)
]
