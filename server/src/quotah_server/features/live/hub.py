"""Who watches a workspace, and what reaches them.

Events come from the store's thread, watchers live in event loops. A watcher that does not keep up
loses the oldest messages of its own queue and nobody else's.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

import structlog

from quotah_server.domain.event import PricedEvent

_log = structlog.get_logger("quotah.live")
QUEUE_LENGTH = 200
MAX_WATCHERS = 200
"""Of one workspace."""

Render = Callable[[str, Sequence[str]], list[bytes]]
"""(workspace id, event ids) → one message per run that ended with one of them."""


class Watcher:
    """One listener's bounded queue; ``dropped`` counts what it was too slow for."""

    def __init__(self, loop: asyncio.AbstractEventLoop, length: int) -> None:
        self._loop = loop
        self._queue: deque[bytes] = deque(maxlen=length)
        self._news = asyncio.Event()
        self._closed = False
        self.dropped = 0

    async def next(self, timeout_s: float) -> bytes | None:
        """The next message; None when none came in time, or the hub closed (see ``closed``)."""
        if not self._queue and not self._closed:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), timeout_s)
            except TimeoutError:
                return None
        return self._queue.popleft() if self._queue else None

    @property
    def closed(self) -> bool:
        """No further message will come."""
        return self._closed and not self._queue

    def hand(self, messages: Sequence[bytes]) -> None:
        """Queue messages, from any thread."""
        self._call(lambda: self._take(messages))

    def close(self) -> None:
        """Let the listener end, from any thread."""
        self._call(self._end)

    def _call(self, action: Callable[[], None]) -> None:
        # A loop that is closed already has no listener left to tell.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(action)

    def _take(self, messages: Sequence[bytes]) -> None:
        room = (self._queue.maxlen or 0) - len(self._queue)
        self.dropped += max(0, len(messages) - room)
        self._queue.extend(messages)
        self._news.set()

    def _end(self) -> None:
        self._closed = True
        self._news.set()


class Hub:
    """Passes finished runs to the watchers of their workspace."""

    def __init__(self, render: Render, *, queue_length: int = QUEUE_LENGTH) -> None:
        self._render, self._length = render, queue_length
        self._lock = threading.Lock()
        self._watchers: dict[str, set[Watcher]] = {}
        self._closed = False

    def publish(self, events: Sequence[PricedEvent]) -> None:
        """Tell watchers of stored events; costs nothing where nobody watches. Never raises."""
        wanted: defaultdict[str, list[str]] = defaultdict(list)
        with self._lock:
            watched = set(self._watchers)
        for event in events:
            workspace_id = event.call.attribution.workspace_id
            if event.call.final and workspace_id in watched:
                wanted[workspace_id].append(event.call.event_id)
        for workspace_id, event_ids in wanted.items():
            try:
                messages = self._render(workspace_id, event_ids[-self._length :])
            except Exception as error:  # noqa: BLE001 — watching must not hold up storing
                _log.warning("live_not_rendered", error=type(error).__name__)
                continue
            with self._lock:
                for watcher in self._watchers.get(workspace_id, ()):
                    watcher.hand(messages)

    @asynccontextmanager
    async def subscribe(self, workspace_id: str) -> AsyncGenerator[Watcher | None]:
        """Watch a workspace until the block ends; None when too many do already."""
        watcher = Watcher(asyncio.get_running_loop(), self._length)
        with self._lock:
            others = self._watchers.setdefault(workspace_id, set())
            full = len(others) >= MAX_WATCHERS
            if not full:
                others.add(watcher)
            if self._closed:
                watcher.close()
        try:
            yield None if full else watcher
        finally:
            with self._lock:
                others.discard(watcher)
                if not others and self._watchers.get(workspace_id) is others:
                    del self._watchers[workspace_id]

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        with self._lock:
            self._closed = True
            for watchers in self._watchers.values():
                for watcher in watchers:
                    watcher.close()
