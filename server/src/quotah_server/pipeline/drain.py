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
from typing import Generic, TypeVar

import msgspec
import structlog

from quotah_server.domain.errors import QuotahError
from quotah_server.domain.event import PricedEvent
from quotah_server.pipeline.journal import Journal, JournalError
from quotah_server.pipeline.journal_file import Row

_log = structlog.get_logger("quotah.drain")
_decoder = msgspec.msgpack.Decoder(PricedEvent)
_T = TypeVar("_T")

Deliver = Callable[[list[_T]], Mapping[str, str] | None]
"""Hands a batch on. Returns when the receiver holds it; the mapping names events that the receiver
refused for good (event id → reason). Raises RefusedError when the batch as a whole is unacceptable,
anything else when the receiver is away."""


_Item = tuple[int, str, _T]
"""seq, event id, what is delivered."""


class RefusedError(QuotahError):
    """The receiver will never take this batch; smaller ones may tell which event is at fault."""

    code = "batch_refused"


@dataclass(slots=True)
class DrainStats:
    """What happened so far; read by metrics."""

    delivered: int = 0
    failures: int = 0
    refused: int = 0


def as_event(payload: bytes) -> PricedEvent:
    """Decode a row; raises msgspec.DecodeError for anything else."""
    return _decoder.decode(payload)


def as_bytes(payload: bytes) -> bytes:
    """Leave a row as it is, for a receiver that decodes it itself."""
    return payload


class Drainer(Generic[_T]):
    """Runs until ``close``.

    decode: what a delivery is made of (``as_event``, ``as_bytes``). batch: rows per delivery.
    idle_s: pause when the journal is empty, cut short by ``wake``. backoff_s, max_backoff_s: first
    and longest pause after a failure.
    """

    def __init__(
        self,
        journal: Journal,
        deliver: Deliver[_T],
        *,
        decode: Callable[[bytes], _T],
        batch: int = 1000,
        idle_s: float = 0.25,
        backoff_s: float = 0.1,
        max_backoff_s: float = 5.0,
    ) -> None:
        self._journal, self._deliver, self._decode = journal, deliver, decode
        self._batch, self._idle_s = batch, idle_s
        self._backoff_s, self._max_backoff_s = backoff_s, max_backoff_s
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._random = random.Random()  # noqa: S311 -- jitter
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
            except Exception as error:  # noqa: BLE001 -- the rows stay, whatever it was
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
            self._hand_on(self._readable(rows))
        return len(rows)

    def _readable(self, rows: Sequence[Row]) -> list[_Item[_T]]:
        items: list[_Item[_T]] = []
        undecodable: dict[int, str] = {}
        for seq, event_id, payload in rows:
            try:
                items.append((seq, event_id, self._decode(payload)))
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                undecodable[seq] = f"not an event: {error}"
        self._set_aside(undecodable)
        return items

    def _hand_on(self, items: list[_Item[_T]]) -> None:
        if not items:
            return
        try:
            refusals = self._deliver([item for _, _, item in items]) or {}
        except RefusedError as error:
            self._isolate(items, error)
            return
        self._set_aside({seq: refusals[name] for seq, name, _ in items if name in refusals})
        taken = [seq for seq, name, _ in items if name not in refusals]
        self._journal.delete(taken)
        self.stats.delivered += len(taken)

    def _isolate(self, items: list[_Item[_T]], error: RefusedError) -> None:
        if len(items) == 1:
            self._set_aside({items[0][0]: f"refused by the receiver: {error}"})
            return
        half = len(items) // 2
        self._hand_on(items[:half])
        self._hand_on(items[half:])

    def _set_aside(self, reasons: dict[int, str]) -> None:
        if reasons:
            self._journal.quarantine(reasons)
            self.stats.refused += len(reasons)
