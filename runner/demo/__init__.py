"""The scene that `betledger demo` plays, on a database of its own."""

DATABASE = "betledger_demo"
# What the database says of itself, so that no other one is dropped.
MADE_BY_DEMO = "made by betledger demo"
