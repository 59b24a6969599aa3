"""Counts what each key used of its minute, for the vendors' rate-limit headers.

The stand-in never refuses by itself: a 429 is a fault that is asked for. Past the limit the headers
say that nothing remains.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

WINDOW_S = 60
REQUEST_LIMIT = 10_000
INPUT_LIMIT = 2_000_000
OUTPUT_LIMIT = 400_000
_MAX_KEYS = 10_000


class Window(msgspec.Struct):
    """Use of one key since ``start`` (seconds of the clock)."""

    start: float
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class RateLimits:
    """Fixed windows of one minute per key."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._windows: dict[str, Window] = {}

    def take(self, key: str, input_tokens: int, output_tokens: int) -> Window:
        """Count one request and give the window it fell into."""
        now = self._clock().timestamp()
        window = self._windows.get(key)
        if window is None or now - window.start >= WINDOW_S:
            if len(self._windows) > _MAX_KEYS:
                self._windows.clear()
            window = self._windows[key] = Window(start=now)
        window.requests += 1
        window.input_tokens += input_tokens
        window.output_tokens += output_tokens
        return window

    def openai_headers(self, window: Window) -> list[tuple[str, str]]:
        """OpenAI's form: resets are Go durations until the limit is whole again."""
        left = max(0.0, window.start + WINDOW_S - self._clock().timestamp())
        reset = f"{int(left * 1000)}ms" if left < 1 else f"{left:.3f}s"
        used = window.input_tokens + window.output_tokens
        return [
            ("x-ratelimit-limit-requests", str(REQUEST_LIMIT)),
            ("x-ratelimit-limit-tokens", str(INPUT_LIMIT)),
            ("x-ratelimit-remaining-requests", str(max(0, REQUEST_LIMIT - window.requests))),
            ("x-ratelimit-remaining-tokens", str(max(0, INPUT_LIMIT - used))),
            ("x-ratelimit-reset-requests", reset),
            ("x-ratelimit-reset-tokens", reset),
        ]

    def anthropic_headers(self, window: Window) -> list[tuple[str, str]]:
        """Anthropic's form: resets are RFC 3339, remaining tokens rounded to the thousand."""
        end = datetime.fromtimestamp(window.start, UTC) + timedelta(seconds=WINDOW_S)
        reset = end.strftime("%Y-%m-%dT%H:%M:%SZ")
        used = window.input_tokens + window.output_tokens
        headers = [
            ("anthropic-ratelimit-requests-limit", str(REQUEST_LIMIT)),
            (
                "anthropic-ratelimit-requests-remaining",
                str(max(0, REQUEST_LIMIT - window.requests)),
            ),
            ("anthropic-ratelimit-requests-reset", reset),
        ]
        for name, limit, count in (
            ("tokens", INPUT_LIMIT + OUTPUT_LIMIT, used),
            ("input-tokens", INPUT_LIMIT, window.input_tokens),
            ("output-tokens", OUTPUT_LIMIT, window.output_tokens),
        ):
            remaining = round(max(0, limit - count), -3)
            headers.append((f"anthropic-ratelimit-{name}-limit", str(limit)))
            headers.append((f"anthropic-ratelimit-{name}-remaining", str(remaining)))
            headers.append((f"anthropic-ratelimit-{name}-reset", reset))
        return headers
