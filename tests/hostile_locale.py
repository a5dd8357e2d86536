"""The databases of the tests in a locale that sorts and folds case unlike "C": Turkish, where lower('I') is no 'i'.

What a statement of ours leaves to the locale of the database then shows in the test that runs it.
"""

import os
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

import psycopg

LOCALE = "tr_TR.UTF-8"


def offer_locale(stack: ExitStack) -> None:
    """For servers that are started later: compile the locale of libc, where its source is installed."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="betledger-locale-", dir="/tmp")))
    folder.chmod(0o755)
    try:
        subprocess.run(
            ["localedef", "-i", "tr_TR", "-f", "UTF-8", str(folder / LOCALE)], capture_output=True, check=False
        )
    except OSError:
        return
    if (folder / LOCALE).is_dir():
        os.environ["LOCPATH"] = str(folder)
        stack.callback(os.environ.pop, "LOCPATH", None)


def use_locale(url: str) -> str:
    """Give databases that are made on a server of ours the locale, by ICU or else libc; tell which they have."""
    with psycopg.connect(url, autocommit=True) as connection:
        for options in (
            f"LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE '{LOCALE}'",
            "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR'",
            f"LOCALE_PROVIDER libc LOCALE '{LOCALE}'",
        ):
            try:
                connection.execute(f"CREATE DATABASE turkish TEMPLATE template0 {options}".encode())
            except psycopg.Error:
                continue
            connection.execute("ALTER DATABASE template1 IS_TEMPLATE false")
            connection.execute("DROP DATABASE template1")
            connection.execute("ALTER DATABASE turkish RENAME TO template1")
            connection.execute("ALTER DATABASE template1 IS_TEMPLATE true")
            return options
    return "the locale of the server: it has neither ICU nor the sources of tr_TR"
