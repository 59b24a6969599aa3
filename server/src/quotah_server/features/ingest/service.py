"""The way of every call into the store: priced, journaled (that is the acknowledgement), drained.

Calls of applications are priced here; the gateway's events come priced. An event is accepted once by
its id: what is stored, or on its way, makes the same event a duplicate and another body a conflict.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, cast

import msgspec
import structlog

from quotah_server.catalog.book import Book
from quotah_server.domain.call import Call
from quotah_server.domain.errors import UnavailableError
from quotah_server.domain.event import PricedEvent
from quotah_server.features.live.hub import Hub
from quotah_server.kit.clock import Clock, utc_now
from quotah_server.pipeline.drain import Drainer, as_event
from quotah_server.pipeline.journal import Journal, JournalError
from quotah_server.pipeline.record import record
from quotah_server.store.events.base import (
    AppendResult,
    AttributionPatch,
    EventStore,
    StoreUnavailableError,
)
from quotah_server.store.events.rows import body_hash, reason_to_reject

_log = structlog.get_logger("quotah.ingest")
_encode = msgspec.msgpack.Encoder().encode

Status = Literal["accepted", "duplicate", "conflict", "rejected"]
DRAIN_BATCH = 2000
JOURNAL_TIMEOUT_S = 30.0
MAX_UNDERWAY = 200_000
"""Events on their way whose ids are remembered; beyond it a duplicate is found by the store alone."""

Listener = Callable[[Sequence[PricedEvent]], None]


class Outcome(msgspec.Struct, frozen=True):
    """What became of one event. reason: why it was not taken."""

    event_id: str
    status: Status
    reason: str | None = None


class _Underway(msgspec.Struct, frozen=True):
    body_hash: int
    journaled: Future[None]


class Recorder:
    """Takes calls and events; every method may be called from any thread and blocks.

    listeners: told of events after they were stored, on the storing thread; what they raise is
    logged and changes nothing.
    """

    def __init__(
        self,
        *,
        store: EventStore,
        journal: Journal,
        book_for: Callable[[str], Book],
        hub: Hub | None = None,
        listeners: Sequence[Listener] = (),
        clock: Clock = utc_now,
    ) -> None:
        self._store, self._journal, self._book_for, self._clock = store, journal, book_for, clock
        self._listeners = [*listeners, *([hub.publish] if hub else [])]
        self._lock = threading.Lock()
        self._underway: dict[str, _Underway] = {}
        self.drainer = Drainer(journal, self._deliver, decode=as_event, batch=DRAIN_BATCH)

    def start(self) -> None:
        """Begin to move journaled events into the store."""
        self.drainer.start()

    def close(self) -> None:
        """Store what is journaled if that is possible now; the rest waits for the next start."""
        self.drainer.close()

    def now(self) -> datetime:
        """The time by which events are judged late or early."""
        return self._clock()

    def submit(self, calls: Sequence[Call]) -> list[Outcome]:
        """Price and journal calls; what is accepted is on disk when this returns.

        Raises UnavailableError when the journal takes nothing: none is accepted then.
        """
        book_for = self._book_for
        return self._take_in(
            [_keepable(record(call, book_for(call.attribution.workspace_id))) for call in calls]
        )

    def take(self, events: Sequence[PricedEvent]) -> AppendResult:
        """Store events that are journaled elsewhere (the gateway's); they are stored on return."""
        result = self._store.append(events)
        self._tell(events, result)
        return result

    def attribute(self, patches: Sequence[AttributionPatch]) -> None:
        """Add who and what a call was for to events of the gateway; stored on return."""
        self._store.attribute(patches)

    # --- on the way in --------------------------------------------------------------------------

    def _take_in(self, events: list[PricedEvent]) -> list[Outcome]:
        journaled: Future[None] = Future()
        outcomes: list[Outcome | None] = [None] * len(events)
        fresh: dict[str, tuple[int, PricedEvent]] = {}
        waits: set[Future[None]] = set()
        for index, event in enumerate(events):
            event_id = event.call.event_id
            reason = reason_to_reject(event)
            hashed = 0
            if reason is None:
                try:
                    hashed = body_hash(event)
                except (ValueError, OverflowError) as error:
                    reason = f"the event cannot be written down: {error}"
            if reason is not None:
                outcomes[index] = Outcome(event_id, "rejected", reason)
                continue
            earlier = self._reserve(event_id, _Underway(hashed, journaled))
            if earlier is None:
                fresh[event_id] = (index, event)
            else:
                outcomes[index] = _again(event_id, same=earlier.body_hash == hashed)
                waits.add(earlier.journaled)
        try:
            self._sort_out_stored(fresh, outcomes)
            self._write([event for _, event in fresh.values()])
        except BaseException as error:
            self._forget(fresh)
            journaled.set_exception(error)
            raise
        journaled.set_result(None)
        for index, event in fresh.values():
            outcomes[index] = Outcome(event.call.event_id, "accepted")
        # What duplicates an event of another batch is as safe as that event: not before it is.
        for wait in waits:
            wait.result(JOURNAL_TIMEOUT_S)
        return [outcome for outcome in outcomes if outcome is not None]

    def _reserve(self, event_id: str, mine: _Underway) -> _Underway | None:
        with self._lock:
            earlier = self._underway.get(event_id)
            if earlier is None and len(self._underway) < MAX_UNDERWAY:
                self._underway[event_id] = mine
            return earlier

    def _sort_out_stored(
        self, fresh: dict[str, tuple[int, PricedEvent]], outcomes: list[Outcome | None]
    ) -> None:
        known: dict[str, int] = {}
        # Without the store nothing is known of older events; it will tell duplicates itself.
        with contextlib.suppress(StoreUnavailableError):
            known = self._store.known(list(fresh))
        for event_id, hashed in known.items():
            index, event = fresh.pop(event_id)
            outcomes[index] = _again(event_id, same=body_hash(event) == hashed)
            self._forget([event_id])

    def _write(self, events: list[PricedEvent]) -> None:
        if not events:
            return
        try:
            items = [(event.call.event_id, _encode(event)) for event in events]
            self._journal.append(items).result(JOURNAL_TIMEOUT_S)
        except (JournalError, TimeoutError) as error:
            raise UnavailableError(f"events cannot be kept now: {error}") from error
        self.drainer.wake()

    def _forget(self, event_ids: Mapping[str, object] | Sequence[str]) -> None:
        with self._lock:
            for event_id in event_ids:
                self._underway.pop(event_id, None)

    # --- on the way out -------------------------------------------------------------------------

    def _deliver(self, events: list[PricedEvent]) -> None:
        result = self._store.append(events)
        self._forget([event.call.event_id for event in events])
        self._tell(events, result)

    def _tell(self, events: Sequence[PricedEvent], result: AppendResult) -> None:
        if result.rejected:
            _log.warning("events_set_aside", count=len(result.rejected))
        accepted = set(result.accepted)
        stored = [event for event in events if event.call.event_id in accepted]
        if not stored:
            return
        for listener in self._listeners:
            try:
                listener(stored)
            except Exception as error:  # noqa: BLE001 — what listens must not hold up storing
                _log.error("listener_failed", error=type(error).__name__, reason=str(error))


def _keepable(event: PricedEvent) -> PricedEvent:
    """The event as it can be read again later: the journal would turn numbers that are no integers
    into texts, and a text is no count.
    """
    call = event.call
    raw_usage, extras = _plain(call.raw_usage), _plain(call.extras)
    if raw_usage is call.raw_usage and extras is call.extras:
        return event
    call = msgspec.structs.replace(call, raw_usage=raw_usage, extras=extras)
    return msgspec.structs.replace(event, call=call)


def _plain(value: Any) -> Any:
    """A value with its decimals as doubles, where those say the same; itself where it holds none."""
    if isinstance(value, Decimal):
        double = float(value)
        return double if Decimal(repr(double)) == value else str(value)
    if isinstance(value, dict):
        inside = cast("dict[str, Any]", value)
        found = {name: _plain(inner) for name, inner in inside.items()}
        return found if any(found[name] is not inside[name] for name in inside) else inside
    if isinstance(value, list):
        items = cast("list[Any]", value)
        changed = [_plain(item) for item in items]
        return changed if any(a is not b for a, b in zip(changed, items, strict=True)) else items
    return value


def _again(event_id: str, *, same: bool) -> Outcome:
    if same:
        return Outcome(event_id, "duplicate")
    return Outcome(event_id, "conflict", "stored before with another body; the first stands")
