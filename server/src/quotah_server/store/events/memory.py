"""Events in memory: for tests and throw-away use. Nothing outlives ``close``."""

from __future__ import annotations

from quotah_server.kit.clock import Clock, utc_now
from quotah_server.store.events.duckdb import DuckDBEventStore


class MemoryEventStore(DuckDBEventStore):
    """The same engine without a file, so that the same SQL is answered the same way."""

    def __init__(self, *, memory_limit: str = "256MB", clock: Clock = utc_now) -> None:
        super().__init__(":memory:", memory_limit=memory_limit, clock=clock)
