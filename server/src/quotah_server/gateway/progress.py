"""Notes of what streams have delivered, so that a kill leaves more behind than what was asked for.

A few times a second one line tells it of all streams that moved. What comes between the last line and
the kill is the only output that is not counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from quotah_server.gateway.attempts import Attempt
from quotah_server.pipeline.intents import IntentLog

_EVERY_S = 0.25
_AGAIN = 8
"""How much of an answer is text is looked at anew when it has grown so many times as long."""


class Progress:
    """Belongs to the event loop. running: the attempts under way. tokens_per_byte: output tokens per
    byte of an answer, by what came of it so far."""

    def __init__(
        self,
        intents: IntentLog,
        running: Callable[[], Iterable[Attempt]],
        tokens_per_byte: Callable[[Attempt], float],
    ) -> None:
        self._intents, self._running, self._tokens_per_byte = intents, running, tokens_per_byte
        self._seen: dict[str, tuple[int, int, float]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to take notes."""
        self._timer = asyncio.get_running_loop().call_later(_EVERY_S, self._look)

    def close(self) -> None:
        """Take no more."""
        if self._timer is not None:
            self._timer.cancel()

    def note(self) -> None:
        """Write down what has come since the last time."""
        seen: dict[str, tuple[int, int, float]] = {}
        news: dict[str, int] = {}
        for attempt in self._running():
            if not attempt.is_sse or not attempt.passed_bytes:
                continue
            told, measured_at, ratio = self._seen.get(attempt.event_id, (0, 0, 0.0))
            passed = attempt.passed_bytes
            if passed != told:
                if passed >= _AGAIN * measured_at:
                    measured_at, ratio = passed, self._tokens_per_byte(attempt)
                news[attempt.event_id] = round(passed * ratio)
            seen[attempt.event_id] = (passed, measured_at, ratio)
        self._seen = seen
        if news:
            self._intents.progress(news)

    def _look(self) -> None:
        self.note()
        self.start()
