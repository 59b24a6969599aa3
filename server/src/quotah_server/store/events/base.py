"""The event store behind one small Protocol; every implementation passes the same test-suite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from quotah_server.domain.event import PricedEvent


class AppendResult(msgspec.Struct, frozen=True):
    """Outcome of a batch, by event id. first wins: ``conflicts`` are ids stored before with another body."""

    accepted: tuple[str, ...]
    duplicates: tuple[str, ...]
    conflicts: tuple[str, ...]
    rejected: dict[str, str]
    """event id → why it cannot be stored; set aside, the rest of the batch is stored."""


class Rows(msgspec.Struct, frozen=True):
    """A result set: column names and rows of plain values (Decimal, int, float, str, datetime, None)."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class EventStore(Protocol):
    """Append once, ask in bulk. Methods block; callers in an event loop use a thread."""

    dialect: str

    def append(self, events: Sequence[PricedEvent]) -> AppendResult:
        """Store a batch in one transaction; durable when it returns. Idempotent on event_id."""
        ...

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """Run one read-only statement with positional parameters."""
        ...

    def count(self) -> int:
        """Number of stored events."""
        ...

    def drop_workspace(self, workspace_id: str) -> int:
        """Remove every event, body and feedback of a workspace; tells how many events."""
        ...

    def close(self) -> None:
        """Flush and release the store."""
        ...
