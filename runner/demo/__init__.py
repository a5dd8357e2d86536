"""The scene that `betledger demo` plays."""
