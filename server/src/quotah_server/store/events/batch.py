"""A batch on its way into the store: what is new, what is not, what cannot be stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quotah_server.domain.event import PricedEvent
from quotah_server.store.events.base import AppendResult
from quotah_server.store.events.rows import BODY_HASH, body_hash, reason_to_reject, row_of


class Batch:
    """Events by id, the first of an id winning; refused ones set aside with their reason."""

    def __init__(self, events: Sequence[PricedEvent], received_us: int) -> None:
        self.events: dict[str, PricedEvent] = {}
        self.rows: dict[str, tuple[Any, ...]] = {}
        self.refused: list[tuple[PricedEvent, str]] = []
        self._duplicates: list[str] = []
        self._conflicts: list[str] = []
        for event in events:
            self._add(event, received_us)

    def _add(self, event: PricedEvent, received_us: int) -> None:
        reason = reason_to_reject(event)
        if reason is not None:
            self.refused.append((event, reason))
            return
        event_id = event.call.event_id
        try:
            hashed = body_hash(event)
            row = row_of(event, received_us, hashed)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            self.refused.append((event, f"the event cannot be written down: {error}"))
            return
        earlier = self.rows.get(event_id)
        if earlier is not None:
            self._tell(event_id, same=earlier[BODY_HASH] == hashed)
            return
        self.events[event_id] = event
        self.rows[event_id] = row

    def _tell(self, event_id: str, *, same: bool) -> None:
        (self._duplicates if same else self._conflicts).append(event_id)

    @property
    def workspaces(self) -> set[str]:
        """Ids of the workspaces whose data the batch changes."""
        return {event.call.attribution.workspace_id for event in self.events.values()}

    def leave_out(self, stored: Mapping[str, int]) -> None:
        """Take out the events that are stored already (event id → body hash)."""
        for event_id, hashed in stored.items():
            row = self.rows.pop(event_id)
            self._tell(event_id, same=row[BODY_HASH] == hashed)

    def refuse(self, reasons: Mapping[str, str]) -> None:
        """Set events aside that the engine does not take (event id → why)."""
        for event_id, reason in reasons.items():
            del self.rows[event_id]
            self.refused.append((self.events[event_id], reason))

    def result(self) -> AppendResult:
        """What became of the batch, once its rows are stored."""
        return AppendResult(
            accepted=tuple(self.rows),
            duplicates=tuple(self._duplicates),
            conflicts=tuple(self._conflicts),
            rejected={event.call.event_id: reason for event, reason in self.refused},
        )
