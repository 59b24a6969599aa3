"""The watch over all attempts that run: what stands still is ended, and all of it when the gateway stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

from quotah_server.domain.routing import DEFAULT_ROUTE
from quotah_server.gateway.attempts import Attempt
from quotah_server.gateway.drains import Drain, Drains
from quotah_server.gateway.limits import Limits

_ABORT_S, _ABORT_AGAIN_S = 5.0, 0.02
_SHORTEST_TICK_S = 0.005


class Watch:
    """Ends attempts that stand still, and all of them when the gateway stops.

    One timer for all instead of one per read: an attempt's count of chunks is compared with that of
    the previous look. Looks are a quarter of the shortest limit apart, at most a second; a limit is
    exceeded by at most as much. Routes may have limits of their own.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.drains = Drains(limits)
        self._attempts: set[Attempt] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        shortest = min(limits.first_byte_s, limits.idle_s, limits.drain_s)
        self._tick_s = self._usual_s = min(1.0, shortest / 4)
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def __len__(self) -> int:
        return len(self._attempts)

    def running(self) -> Iterable[Attempt]:
        """The attempts under way, to be looked at before anything is awaited."""
        return self._attempts

    @property
    def draining(self) -> int:
        """Attempts that are read on for clients that went away."""
        return self.drains.count

    def add(self, attempt: Attempt) -> None:
        """Begin to watch an attempt; called from the task that runs it."""
        attempt.task = asyncio.current_task(self._loop)
        self._attempts.add(attempt)
        self._empty.clear()
        if attempt.route is not DEFAULT_ROUTE:
            self._hurry(attempt)
        if self._timer is None:
            self._timer = self._loop.call_later(self._tick_s, self._look_around)

    def remove(self, attempt: Attempt) -> None:
        """The attempt is over."""
        attempt.task = None
        if attempt.draining is not None:
            attempt.draining.end()
        self._attempts.discard(attempt)
        if not self._attempts:
            self._empty.set()

    async def finish(self, grace_s: float) -> int:
        """Wait for all attempts to end; abort what has not after the grace. Tells how many those were."""
        try:
            async with asyncio.timeout(grace_s):
                await self._empty.wait()
        except TimeoutError:
            pass
        left = len(self._attempts)
        if left:
            async with asyncio.timeout(_ABORT_S):
                while self._attempts:
                    for attempt in tuple(self._attempts):
                        abort(attempt, "gateway_stopped")
                    await asyncio.sleep(_ABORT_AGAIN_S)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return left

    def _hurry(self, attempt: Attempt) -> None:
        """Look sooner, where an attempt's limits ask for it."""
        tick_s = self._tick_of(attempt)
        if tick_s < self._tick_s:
            self._tick_s = tick_s
            if self._timer is not None:
                self._timer.cancel()
                self._timer = self._loop.call_later(tick_s, self._look_around)

    def _tick_of(self, attempt: Attempt) -> float:
        limits = attempt.route.timeouts
        told = [ms for ms in (limits.first_byte_ms, limits.idle_ms) if ms is not None]
        return max(_SHORTEST_TICK_S, min([self._usual_s, *(ms / 4000 for ms in told)]))

    def _look_around(self) -> None:
        now = time.monotonic()
        tick_s = self._usual_s
        for attempt in tuple(self._attempts):
            if attempt.route is not DEFAULT_ROUTE:
                tick_s = min(tick_s, self._tick_of(attempt))
            self._check(attempt, now)
        self._tick_s = tick_s
        self._timer = self._loop.call_later(tick_s, self._look_around) if self._attempts else None

    def _check(self, attempt: Attempt, now: float) -> None:
        limits = self._limits
        if attempt.abort_reason:
            abort(attempt, attempt.abort_reason)
            return
        if attempt.activity != attempt.watch_seen and attempt.draining is None:
            attempt.watch_seen = attempt.activity
            attempt.watch_since = now
            return
        own = attempt.route.timeouts
        if attempt.pausing:
            return
        if attempt.draining is not None:
            limit, reason = limits.drain_s, "client_disconnected"
        elif attempt.first_byte_at is None:
            limit, reason = _or(own.first_byte_ms, limits.first_byte_s), "timeout"
        else:
            limit, reason = _or(own.idle_ms, limits.idle_s), "timeout"
        if now - attempt.watch_since >= limit:
            abort(attempt, reason)


def begin_draining(attempt: Attempt, drain: Drain) -> None:
    """The client went away; from now on the watch allows the attempt its draining time."""
    attempt.draining = drain
    attempt.watch_since = time.monotonic()


def abort(attempt: Attempt, reason: str) -> None:
    """Cancel the task of an attempt; it ends with this reason as its error class.

    To be repeated until the attempt is ending: a read whose bytes arrive at the same moment may
    swallow the cancellation.
    """
    if attempt.task is not None and not attempt.ending:
        attempt.abort_reason = attempt.abort_reason or reason
        attempt.task.cancel()


def _or(own_ms: int | None, usual_s: float) -> float:
    return usual_s if own_ms is None else own_ms / 1000
