"""betledger: applies and looks after the ledger that lives inside PostgreSQL."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from betledger.errors import BetledgerError
    from betledger.migrating.migrator import migrate

__all__ = ["BetledgerError", "migrate"]


def __getattr__(name: str) -> Any:
    # Only when it is asked for: pytest loads the plugin in every run, and psycopg fails where there is no libpq.
    if name == "migrate":
        from betledger.migrating.migrator import migrate

        return migrate
    if name == "BetledgerError":
        from betledger.errors import BetledgerError

        return BetledgerError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
