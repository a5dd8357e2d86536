"""`python -m betledger` is `betledger`."""

from betledger.cli import main

main()
