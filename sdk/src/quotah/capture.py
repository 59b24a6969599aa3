"""What is kept of one attempt until the background thread reads it: references, no work."""

from __future__ import annotations

import os
import time
from contextvars import ContextVar
from typing import Any

from quotah.scope import Words


class Capture:
    """One attempt at a provider. Filled on the caller's thread, read on the background thread."""

    __slots__ = (
        "attempt",
        "call_id",
        "chunks",
        "closed_early",
        "ended_ns",
        "error",
        "event",
        "failed",
        "first_ns",
        "path",
        "previous",
        "provider",
        "request",
        "response",
        "started_ns",
        "superseded",
        "words",
    )

    def __init__(
        self, request: Any, words: Words, provider: str | None, previous: Capture | None
    ) -> None:
        self.request: Any = request
        self.response: Any = None
        self.words = words
        self.provider = provider
        self.previous = previous
        self.started_ns = time.time_ns()
        self.first_ns: int | None = None
        self.ended_ns = 0
        self.chunks: list[bytes] | None = None
        """Raw body of a stream; None where the response holds its body itself."""
        self.error: str | None = None
        """Name of the exception's class; the exception itself would keep the caller's frames."""
        self.closed_early = False
        self.failed = False
        self.superseded = False
        """A retry of this attempt has begun."""
        self.call_id = ""
        self.attempt = 1
        self.path = ""
        self.event: dict[str, Any] | None = None

    def forget(self) -> None:
        """Let go of the request and the response."""
        self.request = self.response = self.chunks = self.previous = None


last_capture: ContextVar[Capture | None] = ContextVar("quotah_last_capture", default=None)
"""The newest attempt of this thread or task: the vendors' clients retry where they first tried."""


def event_id(at_ns: int) -> str:
    """Make a UUIDv7 of the time (nanoseconds since 1970), in the dashed form."""
    tail = int.from_bytes(os.urandom(10), "big")
    high = (at_ns // 1_000_000 & (1 << 48) - 1) << 80
    value = high | 0x7 << 76 | (tail >> 62 & 0xFFF) << 64 | 0x2 << 62 | tail & (1 << 62) - 1
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
