"""The background thread: captures become events, events become batches, batches reach the server.

The caller's thread appends to a deque and, if the worker sleeps, wakes it; nothing else. All waiting,
reading and retrying happens here. Both queues are bounded; when one is full the oldest goes, counted.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import threading
import time
import weakref
from collections import deque
from typing import Any

from quotah.capture import Capture
from quotah.digest import digest
from quotah.post import Poster
from quotah.stats import Stats

_log = logging.getLogger("quotah")
_MAX_BATCH = 500
_INTERVAL_S = 1.0
_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 30.0
_RETRYABLE = frozenset({408, 409, 429})
_SERVER_ERROR = 500
_LONGEST_RETRY_S = 8.0
_GRACE_S = 2.0
_LONGEST_HOLD_S = 70.0

_senders: weakref.WeakSet[Sender] = weakref.WeakSet()
_hooked: list[bool] = []


class Sender:
    """Takes captures, delivers events. ``size``: captures and events that may wait, each."""

    def __init__(self, poster: Poster, size: int, defaults: dict[str, Any]) -> None:
        self._poster = poster
        self._size = size
        self._defaults = defaults
        self.reset()
        _senders.add(self)
        _hook_fork()

    def reset(self) -> None:
        """Begin anew: at the start, and in a forked child, whose parent sends what was queued."""
        self._captures: deque[Capture] = deque()
        self._pending: deque[bytes] = deque()
        self._held: list[tuple[float, Capture]] = []
        self._lock = threading.Lock()
        self._flushed = threading.Condition(threading.Lock())
        self._wake = threading.Event()
        self._sleeping = False
        self._thread: threading.Thread | None = None
        self._flush_wanted = 0
        self._flush_done = 0
        self._sent = 0
        self._retries = 0
        self._last_error = ""
        self._dropped: dict[str, int] = {}
        self._backoff_s = 0.0
        # One of our own: the module's would change what a host program drew after seeding it.
        self._random = random.Random()  # noqa: S311 (no secret)
        self._not_before = 0.0
        self._told_to_wait = False
        self._hurry = False
        self._poster.close()

    # --- the caller's thread -----------------------------------------------------------------

    def keep(self, capture: Capture) -> None:
        """Take a capture: one append, and the start of the thread at the first."""
        captures = self._captures
        if len(captures) >= self._size:
            self._drop_oldest_capture()
        captures.append(capture)
        if self._sleeping or len(captures) == _MAX_BATCH:
            self._sleeping = False
            self._wake.set()
        elif self._thread is None:
            self._start()

    def flush(self, timeout: float) -> bool:
        """Wait until everything kept so far was sent or given up; False when the time ran out."""
        if self._thread is None:
            if not self._captures and not self._pending:
                return True
            self._start()
        with self._flushed:
            self._flush_wanted += 1
            mine = self._flush_wanted
            self._hurry = True
            self._wake.set()
            done = self._flushed.wait_for(lambda: self._flush_done >= mine, max(0.0, timeout))
            self._flush_done = max(self._flush_done, mine)
        return done

    def stats(self) -> Stats:
        """Count what became of the events so far."""
        return Stats(
            enabled=True,
            reason="",
            queued=len(self._captures) + len(self._held) + len(self._pending),
            sent=self._sent,
            dropped=dict(self._dropped),
            retries=self._retries,
            last_error=self._last_error,
        )

    def _drop_oldest_capture(self) -> None:
        with self._lock:
            if len(self._captures) >= self._size:
                self._captures.popleft().forget()
                self._count_dropped("overflow", 1)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="quotah", daemon=True)
                thread.start()
                self._thread = thread

    # --- the background thread -----------------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._safe_turn()

    def _safe_turn(self) -> None:
        try:
            self._turn()
        except Exception as error:  # noqa: BLE001 (the thread must outlive any fault of ours)
            self._last_error = f"{type(error).__name__} in the background thread"
            _log.debug("quotah: background thread", exc_info=True)
            time.sleep(_INTERVAL_S)

    def _turn(self) -> None:
        """One round: wait, read captures, send batches, tell whoever waits for a flush."""
        self._rest()
        self._wake.clear()
        with self._flushed:
            wanted = self._flush_wanted
        flushing = wanted > self._flush_done
        self._digest_all()
        self._release_held(everything=flushing)
        while self._pending and self._may_send(flushing=flushing):
            self._send_one_batch()
        if flushing and not self._pending:
            with self._flushed:
                self._flush_done = max(self._flush_done, wanted)
                self._flushed.notify_all()

    def _rest(self) -> None:
        if self._wake.is_set():
            return
        if not self._captures and not self._pending and not self._held:
            self._sleeping = True
            if not self._captures:
                self._wake.wait()
            self._sleeping = False
            self._wake.clear()
            if self._flush_wanted > self._flush_done:
                return
        self._wake.wait(_INTERVAL_S)

    def _may_send(self, *, flushing: bool) -> bool:
        """Whether the pause after a failure is over.

        A new flush ends it, unless the server asked for it; while a flush waits, look often.
        """
        if flushing and self._hurry and not self._told_to_wait:
            self._not_before = 0.0
        self._hurry = False
        if time.monotonic() >= self._not_before:
            return True
        if not flushing:
            return False
        self._wake.wait(min(0.1, self._not_before - time.monotonic()))
        if time.monotonic() < self._not_before:
            self._wake.set()
            return False
        return True

    def _digest_all(self) -> None:
        while (capture := self._next_capture()) is not None:
            self._digest_one(capture)
            time.sleep(0)  # hand the interpreter back: the caller should not wait for a whole batch

    def _next_capture(self) -> Capture | None:
        with contextlib.suppress(IndexError):  # the caller's thread may have dropped the last one
            return self._captures.popleft()
        return None

    def _digest_one(self, capture: Capture) -> None:
        try:
            capture.event = digest(capture)
        except Exception:  # noqa: BLE001 (one call that cannot be read must not stop the rest)
            self._count_dropped("unreadable", 1)
            _log.debug("quotah: a call could not be read", exc_info=True)
        hold_s = _hold(capture)
        capture.forget()
        if capture.event is None:
            return
        if hold_s:
            self._held.append((time.monotonic() + hold_s, capture))
        else:
            self._queue(capture)

    def _release_held(self, *, everything: bool) -> None:
        now = time.monotonic()
        kept: list[tuple[float, Capture]] = []
        for deadline, capture in self._held:
            if everything or capture.superseded or now >= deadline:
                self._queue(capture)
            else:
                kept.append((deadline, capture))
        self._held = kept

    def _queue(self, capture: Capture) -> None:
        event = capture.event
        if event is None:
            return
        if capture.superseded:
            event["final"] = False
        if len(self._pending) >= self._size:
            self._pending.popleft()
            self._count_dropped("overflow", 1)
        whole = {**self._defaults, **event}
        self._pending.append(json.dumps(whole, separators=(",", ":")).encode())

    def _send_one_batch(self, most: int = _MAX_BATCH) -> None:
        batch = [self._pending.popleft() for _ in range(min(most, len(self._pending)))]
        outcome = self._poster.post(batch)
        if outcome.taken:
            self._sent += len(batch) - outcome.rejected
            self._count_dropped("rejected", outcome.rejected)
            self._backoff_s = 0.0
            return
        self._last_error = outcome.error
        if outcome.again:
            self._retries += 1
            self._backoff_s = min(self._backoff_s * 2 or _FIRST_BACKOFF_S, _LONGEST_BACKOFF_S)
            pause = self._backoff_s * self._random.uniform(0.5, 1.0)
            self._told_to_wait = outcome.wait_s is not None
            self._not_before = time.monotonic() + max(pause, outcome.wait_s or 0.0)
            self._put_back(batch)
        elif outcome.split and len(batch) > 1:
            self._put_back(batch)
            self._send_one_batch(len(batch) // 2)
        else:
            self._count_dropped("refused", len(batch))
            _log.warning("quotah: %d events were refused: %s", len(batch), outcome.error)

    def _put_back(self, batch: list[bytes]) -> None:
        self._pending.extendleft(reversed(batch))

    def _count_dropped(self, why: str, count: int) -> None:
        if count:
            self._dropped[why] = self._dropped.get(why, 0) + count


def _hold(capture: Capture) -> float:
    """Seconds to wait whether the vendor's client tries again: only the last attempt is final."""
    if not capture.failed or capture.superseded:
        return 0.0
    code = getattr(capture.response, "status_code", None)
    if code is not None and code not in _RETRYABLE and code < _SERVER_ERROR:
        return 0.0
    told = getattr(capture.response, "headers", {}).get("retry-after", "")
    pause = float(told) if told.isdecimal() else 0.0
    guess = min(_FIRST_BACKOFF_S * 2 ** min(capture.attempt - 1, 10), _LONGEST_RETRY_S)
    return min(max(pause, guess) + _GRACE_S, _LONGEST_HOLD_S)


def _hook_fork() -> None:
    if not _hooked and hasattr(os, "register_at_fork"):
        _hooked.append(True)
        os.register_at_fork(after_in_child=_after_fork)


def _after_fork() -> None:
    for sender in list(_senders):
        sender.reset()
