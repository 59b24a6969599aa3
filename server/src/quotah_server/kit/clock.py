"""Time, passed in rather than asked for, so that tests can set it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The instant, aware, in UTC."""
    return datetime.now(UTC)
