"""Provider names as the world writes them, for every door that takes one (see catalog.aliases)."""

from __future__ import annotations

from quotah_server.catalog.aliases import aliases, canonical

__all__ = ["aliases", "canonical"]
