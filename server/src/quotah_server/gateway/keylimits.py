"""How much a gateway key may do per minute: its own limits, whatever the providers allow.

A sliding window, not a token bucket: a bucket that holds a minute's worth lets twice as much through
within one minute (the full bucket, and what flows in meanwhile), and fixed windows do so at their
border. Here no span of 60 s ever holds more requests than the limit. What was taken is remembered in
steps of 0.1 s, at most 601 per key, and a step is forgotten when the last moment of it is 60 s old:
never too early, at most 0.1 s late.

Tokens are taken by estimate before a call and put right after it: what was not used is given back
where it was taken; what was used beyond the estimate counts from the moment it is known.

The count is this gateway's, in memory: it begins anew with the process.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

import msgspec

from quotah_server.domain.snapshot import GatewayKey
from quotah_server.gateway.dialects import RefusalError

_STEP_MS = 100
_STEPS = 60_000 // _STEP_MS
ASSUMED_OUTPUT, MOST_OUTPUT = 1_024, 8_192
"""Output tokens taken where a request names no bound of its own; the most that are taken in advance,
as bounds are mostly set far above what comes."""
_SWEEP_ABOVE = 10_000


def output_bound(asked: object) -> int:
    """The output tokens to take in advance for what a request names as their most."""
    if isinstance(asked, int) and not isinstance(asked, bool) and asked > 0:
        return min(asked, MOST_OUTPUT)
    return ASSUMED_OUTPUT


class _Step(msgspec.Struct):
    """What was taken within one step of time."""

    number: int
    requests: int = 0
    tokens: int = 0
    forgotten: bool = False


class Lease:
    """What one request holds of its key's limits. Settle it once, whatever became of the request."""

    __slots__ = ("_limits", "_settled", "_step", "_window", "tokens")

    def __init__(self, limits: KeyLimits, window: _Window, step: _Step, tokens: int) -> None:
        self._limits, self._window, self._step = limits, window, step
        self.tokens = tokens
        self._settled = False

    def settle(self, tokens: int) -> None:
        """Put the true number of tokens in place of the estimate; only the first time counts."""
        if self._settled:
            return
        self._settled = True
        surplus = max(0, tokens) - self.tokens
        if surplus > 0:
            self._limits.charge(self._window, surplus)
        elif not self._step.forgotten:
            self._step.tokens += surplus
            self._window.tokens += surplus


class _Window:
    """The last minute of one key: its steps, oldest first, and their sums."""

    __slots__ = ("requests", "steps", "tokens")

    def __init__(self) -> None:
        self.steps: deque[_Step] = deque()
        self.requests = 0
        self.tokens = 0

    def forget(self, now: int) -> None:
        steps = self.steps
        while steps and steps[0].number < now - _STEPS:
            old = steps.popleft()
            old.forgotten = True
            self.requests -= old.requests
            self.tokens -= old.tokens

    def step(self, now: int) -> _Step:
        if not self.steps or self.steps[-1].number < now:
            self.steps.append(_Step(now))
        return self.steps[-1]

    def free_at(self, surplus: int, of: str, now: int) -> int:
        """The step in which so much will have been forgotten; 0 where nothing has to be."""
        if surplus <= 0:
            return 0
        for step in self.steps:
            surplus -= getattr(step, of)
            if surplus <= 0:
                return step.number + _STEPS + 1
        return now + _STEPS + 1


class KeyLimits:
    """The windows of all keys that have limits. Belongs to the event loop's thread.

    clock: seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def take(self, key: GatewayKey, tokens: int, output: int = 0) -> Lease | None:
        """Let a request pass, or raise the 429 that tells when it may come again.

        tokens: our estimate of its input; output: see ``output_bound``. None where the key has no
        limits. A request that needs more than a whole minute's tokens is let through alone, as far
        as its input fits.
        """
        most_requests, most_tokens = key.requests_per_minute, key.tokens_per_minute
        if most_requests is None and most_tokens is None:
            return None
        moment_ms = round(self._clock() * 1000)
        now = moment_ms // _STEP_MS
        window = self._windows.get(key.id)
        if window is None:
            self._sweep(now)
            window = self._windows[key.id] = _Window()
        window.forget(now)
        needed = 0
        if most_tokens is not None:
            if tokens > most_tokens:
                raise _too_large(tokens, most_tokens)
            needed = min(tokens + output, most_tokens)
        free = 0
        if most_requests is not None:
            free = window.free_at(window.requests + 1 - most_requests, "requests", now)
        if most_tokens is not None:
            surplus = window.tokens + needed - most_tokens
            free = max(free, window.free_at(surplus, "tokens", now))
        if free:
            raise _limited(key, window, moment_ms, free)
        step = window.step(now)
        step.requests += 1
        step.tokens += needed
        window.requests += 1
        window.tokens += needed
        return Lease(self, window, step, needed)

    def charge(self, window: _Window, tokens: int) -> None:
        """Count tokens as used now."""
        now = round(self._clock() * 1000) // _STEP_MS
        window.forget(now)
        window.step(now).tokens += tokens
        window.tokens += tokens

    def _sweep(self, now: int) -> None:
        """Keys that came once and never again need no window."""
        if len(self._windows) < _SWEEP_ABOVE:
            return
        for window in self._windows.values():
            window.forget(now)
        self._windows = {name: one for name, one in self._windows.items() if one.steps}


def _limited(key: GatewayKey, window: _Window, moment_ms: int, free: int) -> RefusalError:
    # One more, as the moment was rounded: who comes back after so long is let in.
    wait_ms = free * _STEP_MS - moment_ms + 1
    limits: list[str] = []
    head = [("retry-after-ms", str(wait_ms))]
    reset_ms = (window.steps[-1].number + _STEPS + 1) * _STEP_MS - moment_ms if window.steps else 0
    for unit, most, used in (
        ("requests", key.requests_per_minute, window.requests),
        ("tokens", key.tokens_per_minute, window.tokens),
    ):
        if most is None:
            continue
        limits.append(f"{most} {unit}")
        head += [
            (f"x-ratelimit-limit-{unit}", str(most)),
            (f"x-ratelimit-remaining-{unit}", str(max(0, most - used))),
            (f"x-ratelimit-reset-{unit}", f"{max(0, reset_ms)}ms"),
        ]
    return RefusalError(
        429,
        "key_rate_limited",
        f"This Quotah key may use {' and '.join(limits)} per minute; try again in {wait_ms / 1000:.1f} s.",
        retry_after_s=math.ceil(wait_ms / 1000),
        headers=tuple(head),
    )


def _too_large(tokens: int, most: int) -> RefusalError:
    return RefusalError(
        429,
        "key_request_too_large",
        f"This request has about {tokens} input tokens, and the Quotah key may use {most} per minute.",
        headers=(("x-should-retry", "false"),),
    )
