"""Answers that are read on for clients that went away, so that their bills are exact.

All of them together are bounded in number and in bytes per second: what nobody reads must not take
the event loop from those who do. Each has a share of the rate that is its own, several times what a
model streams, and may use what the others leave. Who finds nothing left waits, its provider unread
meanwhile; or, if it had much already, is given up.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from quotah_server.gateway.limits import Limits

_LOOK_S = 0.1


class Drain:
    """One answer that is read on. over: it is to be given up."""

    __slots__ = ("_drains", "_ended", "_since", "_taken", "over")

    def __init__(self, drains: Drains, now: float) -> None:
        self._drains, self._since = drains, now
        self._taken = 0
        self._ended = False
        self.over = False

    def took(self, size: int) -> bool:
        """So many bytes came. False: read no further before ``turn``, or, if ``over``, at all."""
        self._taken += size
        drains, limits = self._drains, self._drains.limits
        if self._taken > limits.drain_bytes:
            self._give_up()
            return False
        now = drains.clock()
        drains.spend(size, now)
        if drains.left > 0 or self._is_within_share(now):
            return True
        if self._taken > limits.drain_fair_bytes:
            drains.given_up += 1
            self._give_up()
        return False

    async def turn(self) -> None:
        """Wait until it may be read on; those who wait come one after the other."""
        drains = self._drains
        place = object()
        drains.waiting.append(place)
        try:
            while True:
                now = drains.clock()
                drains.spend(0, now)
                if self._is_within_share(now):
                    return
                if drains.left > 0 and drains.waiting[0] is place:
                    return
                await asyncio.sleep(_LOOK_S)
        finally:
            drains.waiting.remove(place)

    def end(self) -> None:
        """It is over; may be called again."""
        if not self._ended:
            self._ended = True
            self._drains.count -= 1

    def _give_up(self) -> None:
        self.over = True
        self.end()

    def _is_within_share(self, now: float) -> bool:
        limits = self._drains.limits
        share = limits.drain_bytes_per_s / max(1, limits.drain_count)
        return self._taken <= share * (1.0 + now - self._since)


class Drains:
    """All of them. count: how many there are. left: bytes that may be read now beyond everybody's
    share, at most one second's worth; below zero it is owed. given_up: how many were."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.limits, self.clock = limits, clock
        self.count = 0
        self.given_up = 0
        self.left = float(limits.drain_bytes_per_s)
        self.waiting: deque[object] = deque()
        self._filled = clock()

    def begin(self) -> Drain | None:
        """One more; None where there are too many."""
        if self.count >= self.limits.drain_count:
            return None
        self.count += 1
        return Drain(self, self.clock())

    def spend(self, size: int, now: float) -> None:
        """Take so much off, after what has come in since the last time."""
        rate = self.limits.drain_bytes_per_s
        self.left = min(float(rate), self.left + (now - self._filled) * rate)
        self.left = max(-2.0 * rate, self.left - size)
        self._filled = now
