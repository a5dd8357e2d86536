"""betledger: applies and looks after the ledger that lives inside PostgreSQL."""

from betledger.errors import BetledgerError
from betledger.migrating.migrator import migrate

__all__ = ["BetledgerError", "migrate"]
