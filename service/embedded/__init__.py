"""How does the whole product run on one machine with nothing to install? Known to the outside: EmbeddedServers."""

from service.embedded.servers import EmbeddedServers

__all__ = ["EmbeddedServers"]
