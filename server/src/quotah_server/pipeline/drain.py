"""The drainer: moves journaled events to where they are asked for.

A thread that takes the oldest rows, hands them on in batches, and deletes them only after they were
acknowledged. A receiver that is away is asked again with growing, jittered pauses. One bad row does
not stop the rest: what cannot be decoded, or is refused for good, is set aside with the reason.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import structlog

from quotah_server.domain.errors import QuotahError
from quotah_server.domain.event import PricedEvent
from quotah_server.pipeline.journal import Journal, JournalError
from quotah_server.pipeline.journal_file import Row

_log = structlog.get_logger("quotah.drain")
_decoder = msgspec.msgpack.Decoder(PricedEvent)

Deliver = Callable[[list[PricedEvent]], Mapping[str, str] | None]
"""Hands a batch on. Returns when the receiver holds it; the mapping names events that the receiver
refused for good (event id → reason). Raises RefusedError when the batch as a whole is unacceptable,
anything else when the receiver is away."""


class RefusedError(QuotahError):
    """The receiver will never take this batch; smaller ones may tell which event is at fault."""

    code = "batch_refused"


@dataclass(slots=True)
class DrainStats:
    """What happened so far; read by metrics."""

    delivered: int = 0
    failures: int = 0
    refused: int = 0


class Drainer:
    """Runs until ``close``. batch: rows per delivery. idle_s: pause when the journal is empty, cut
    short by ``wake``. backoff_s, max_backoff_s: first and longest pause after a failure."""

    def __init__(
        self,
        journal: Journal,
        deliver: Deliver,
        *,
        batch: int = 500,
        idle_s: float = 0.25,
        backoff_s: float = 0.1,
        max_backoff_s: float = 5.0,
    ) -> None:
        self._journal, self._deliver = journal, deliver
        self._batch, self._idle_s = batch, idle_s
        self._backoff_s, self._max_backoff_s = backoff_s, max_backoff_s
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._random = random.Random()
        self.stats = DrainStats()
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)

    def start(self) -> None:
        """Begin to drain."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to drain."""
        self._wake.set()

    def close(self, timeout_s: float = 5.0) -> None:
        """Try to deliver what is there once more, then end; what is left stays in the journal."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        failures = 0
        while True:
            last = self._stop.is_set()
            try:
                moved = self._drain_once()
                failures = 0
            except JournalError as error:
                if last:
                    return
                moved, failures = 0, failures + 1
                self._note_failure(failures, error)
            except Exception as error:  # the receiver may fail in any way; the rows stay
                moved, failures = 0, failures + 1
                self._note_failure(failures, error)
            if last and (failures or not moved):
                return
            if failures:
                self._stop.wait(self._pause(failures))
            elif moved < self._batch and not last:
                self._wake.wait(self._idle_s)
                self._wake.clear()

    def _pause(self, failures: int) -> float:
        ceiling = min(self._max_backoff_s, self._backoff_s * 2 ** min(failures - 1, 16))
        return self._random.uniform(ceiling / 2, ceiling)

    def _note_failure(self, failures: int, error: Exception) -> None:
        self.stats.failures += 1
        if failures in (1, 10) or failures % 100 == 0:
            _log.warning(
                "delivery_failed",
                attempts=failures,
                waiting=self._journal.depth(),
                reason=str(error),
            )

    def _drain_once(self) -> int:
        if not self._journal.depth():
            return 0
        rows = self._journal.oldest(self._batch)
        if rows:
            self._hand_on(self._decode(rows))
        return len(rows)

    def _decode(self, rows: Sequence[Row]) -> list[tuple[int, PricedEvent]]:
        events: list[tuple[int, PricedEvent]] = []
        undecodable: dict[int, str] = {}
        for seq, _, payload in rows:
            try:
                events.append((seq, _decoder.decode(payload)))
            except (msgspec.DecodeError, ValueError) as error:
                undecodable[seq] = f"not an event: {error}"
        self._set_aside(undecodable)
        return events

    def _hand_on(self, events: list[tuple[int, PricedEvent]]) -> None:
        if not events:
            return
        try:
            refusals = self._deliver([event for _, event in events]) or {}
        except RefusedError as error:
            self._isolate(events, error)
            return
        self._set_aside(
            {seq: refusals[e.call.event_id] for seq, e in events if e.call.event_id in refusals}
        )
        taken = [seq for seq, event in events if event.call.event_id not in refusals]
        self._journal.delete(taken)
        self.stats.delivered += len(taken)

    def _isolate(self, events: list[tuple[int, PricedEvent]], error: RefusedError) -> None:
        if len(events) == 1:
            self._set_aside({events[0][0]: f"refused by the receiver: {error}"})
            return
        half = len(events) // 2
        self._hand_on(events[:half])
        self._hand_on(events[half:])

    def _set_aside(self, reasons: dict[int, str]) -> None:
        if reasons:
            self._journal.quarantine(reasons)
            self.stats.refused += len(reasons)
