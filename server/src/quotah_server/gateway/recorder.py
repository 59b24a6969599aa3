"""From a finished attempt to the journal, a few at a time, off the caller's way.

An event the journal does not take (disk full) waits in memory, bounded; what is lost beyond that is
counted, and the calls themselves go on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import msgspec
import structlog

from quotah_server.catalog.book import Book
from quotah_server.domain.call import Call
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.usage import Usage
from quotah_server.pipeline.intents import Intent, IntentLog
from quotah_server.pipeline.journal import Journal
from quotah_server.pipeline.record import record

_log = structlog.get_logger("quotah.gateway.recorder")
_FLUSH_S = 0.01
_RETRY_S = 1.0
_BATCH_BYTES = 8 * 1024 * 1024
"""Of events that go to the journal in one piece: what piles up while the disk is full must not become
more than the journal takes at once."""
_WAITING_BYTES = 64 * 1024 * 1024
_INT_LIMIT = 2**63
_DEPTH_LIMIT = 64
_CUT_OFF = "…"
_encode = msgspec.msgpack.Encoder().encode


class Recorder:
    """Prices calls and journals them. ``finish`` and ``flush`` belong to the event loop's thread.

    book_for: the book by which a workspace's calls are priced now. input_of: see Estimator. capacity:
    events that may wait in memory while the journal fails.
    """

    def __init__(
        self,
        journal: Journal,
        intents: IntentLog,
        book_for: Callable[[str], Book],
        input_of: Callable[[str, str, str | None, int], int],
        *,
        capacity: int,
    ) -> None:
        self._journal, self._intents, self._book_for = journal, intents, book_for
        self._input_of = input_of
        self._capacity = capacity
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._scheduled = False
        self._retry_at = 0.0
        self._unsettled = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.lost = 0
        self.unpriceable = 0
        self.failing = False
        """The journal did not take the last events."""

    def finish(self, call: Call) -> PricedEvent:
        """Price a call and pass it to the journal within milliseconds."""
        event = self._price(call)
        self._waiting.append((call.event_id, _encoded(event)))
        self._idle.clear()
        self._schedule(_FLUSH_S)
        return event

    def recover(self) -> int:
        """Record the calls that an earlier run left in the middle; tells how many they were.

        Runs before the first call and before the drainer starts.
        """
        left = self._intents.recover()
        journaled = self._journal.holds([intent.event_id for intent in left]) if left else set()
        self._intents.done(journaled)
        missing = [intent for intent in left if intent.event_id not in journaled]
        last = {intent.call_id: intent.event_id for intent in sorted(left, key=_attempt_of)}
        for intent in missing:
            call = self._interrupted(intent)
            if last[intent.call_id] != intent.event_id:
                call = msgspec.structs.replace(call, final=False)
            self.finish(call)
        if missing:
            _log.warning("interrupted_calls_recorded", calls=len(missing))
        return len(missing)

    async def settled(self, timeout_s: float) -> bool:
        """Wait until everything is in the journal; False when it did not take all in time."""
        self._retry_at = 0.0
        self._flush()
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    @property
    def waiting(self) -> int:
        """Events that are not in the journal yet."""
        return len(self._waiting) + self._unsettled

    def _price(self, call: Call) -> PricedEvent:
        book = self._book_for(call.attribution.workspace_id)
        try:
            return record(call, book)
        except Exception as error:  # noqa: BLE001 -- a price that fails must not lose the call
            self.unpriceable += 1
            _log.exception("pricing_failed", event_id=call.event_id)
            return PricedEvent(
                call=call,
                usage=Usage(missing=True),
                cost_usd=None,
                cost_status="unpriced",
                price_version=book.version,
                cost_reason=f"pricing failed: {type(error).__name__}",
            )

    def _interrupted(self, intent: Intent) -> Call:
        tokens = self._input_of(
            intent.attribution.workspace_id, intent.provider, intent.model, intent.estimated_input
        )
        told = {"input": tokens, "output": intent.delivered_output}
        units = {unit: count for unit, count in told.items() if count}
        return Call(
            event_id=intent.event_id,
            call_id=intent.call_id,
            attempt=intent.attempt,
            door="gateway",
            attribution=intent.attribution,
            provider=intent.provider,
            operation=intent.operation,
            model_requested=intent.model,
            streaming=intent.streaming,
            estimated_units=units or None,
            status="interrupted",
            error_class="gateway_killed",
            started_at=intent.started_at,
            ended_at=intent.started_at,
            credential_id=intent.credential_id,
            route_id=intent.route_id,
        )

    def _schedule(self, delay_s: float) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_later(delay_s, self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        # While the disk takes nothing, every call would send all that waits once more.
        pause_s = self._retry_at - loop.time()
        if pause_s > 0:
            self._schedule(pause_s)
            return
        batch = self._next_batch()
        self._unsettled += len(batch)
        if self._waiting:
            self._schedule(_FLUSH_S)

        def committed(done: Future[None]) -> None:
            # In the journal's thread, right after the commit: the note that the intent is closed
            # is written before the drainer can take the row away.
            error = done.exception()
            if error is None:
                self._intents.done([event_id for event_id, _ in batch])
            loop.call_soon_threadsafe(self._after_commit, batch, error)

        self._journal.append(batch).add_done_callback(committed)

    def _next_batch(self) -> list[tuple[str, bytes]]:
        waiting, size = self._waiting, 0
        batch: list[tuple[str, bytes]] = []
        while waiting and (not batch or size + len(waiting[0][1]) <= _BATCH_BYTES):
            item = waiting.popleft()
            size += len(item[1])
            batch.append(item)
        return batch

    def _after_commit(self, batch: list[tuple[str, bytes]], error: BaseException | None) -> None:
        self._unsettled -= len(batch)
        self.failing = error is not None
        if error is not None:
            self._waiting.extendleft(reversed(batch))
            self._let_go(str(error))
            self._retry_at = asyncio.get_running_loop().time() + _RETRY_S
            self._schedule(_RETRY_S)
        if not self._waiting and not self._unsettled:
            self._idle.set()

    def _let_go(self, reason: str) -> None:
        """Lose the oldest of what no memory is left for, and say so."""
        waiting, before = self._waiting, len(self._waiting)
        size = sum(len(data) for _, data in waiting)
        while len(waiting) > self._capacity or size > _WAITING_BYTES:
            size -= len(waiting.popleft()[1])
        excess = before - len(waiting)
        if excess:
            self.lost += excess
            _log.error("events_lost", count=excess, total=self.lost, reason=reason)


def _attempt_of(intent: Intent) -> int:
    return intent.attempt


def _encoded(event: PricedEvent) -> bytes:
    try:
        return _encode(event)
    except (OverflowError, UnicodeEncodeError, RecursionError):
        # A provider may send any number, text or nesting; what msgpack cannot hold is kept as text,
        # what is nested too deep is cut off.
        call = msgspec.structs.replace(
            event.call,
            raw_usage=_storable(event.call.raw_usage),
            extras=_storable(event.call.extras),
        )
        return _encode(msgspec.structs.replace(event, call=call))


def _storable(value: Any, depth: int = 0) -> Any:
    if depth > _DEPTH_LIMIT:
        return _CUT_OFF
    if isinstance(value, dict):
        return {_storable(name): _storable(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner, depth + 1) for inner in value]
    if isinstance(value, int) and not -_INT_LIMIT <= value < _INT_LIMIT:
        return str(value)
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    return value
