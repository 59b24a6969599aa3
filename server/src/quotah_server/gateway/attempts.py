"""One attempt at a provider while it runs, and the watch over all of them."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import Any

import msgspec

from quotah_server.domain.call import Attribution, Call, Status
from quotah_server.gateway.admission import Admitted
from quotah_server.gateway.attribution import Trace
from quotah_server.gateway.dialects.base import UNREADABLE, read_members
from quotah_server.gateway.limits import Limits
from quotah_server.pipeline.intents import Intent
from quotah_server.providers.base import Answer
from quotah_server.providers.registry import asked_by

PASSTHROUGH = "passthrough"
MEDIA = frozenset({"speech", "images", "transcription"})
"""Operations of which a count of the text that went over the wire says nothing."""
_ABORT_S, _ABORT_AGAIN_S = 5.0, 0.02
_PROVIDER_REQUEST_IDS = ("x-request-id", "request-id")
_BY_STATUS = {
    400: "invalid_request",
    401: "authentication",
    403: "permission",
    404: "not_found",
    408: "timeout",
    409: "conflict",
    413: "request_too_large",
    422: "invalid_request",
    429: "rate_limited",
    529: "overloaded",
}


class Attempt:
    """What becomes a Call. ``activity`` counts what came from the provider; the watch reads it."""

    __slots__ = (
        "abort_reason",
        "activity",
        "admitted",
        "answer",
        "attribution",
        "body",
        "call_id",
        "draining",
        "ending",
        "estimated_input",
        "estimated_units",
        "event_id",
        "first_byte_at",
        "http_status",
        "is_sse",
        "kept",
        "kept_bytes",
        "model",
        "operation",
        "passed_bytes",
        "provider_request_id", "recorded",
        "started_at",
        "streaming",
        "task",
        "trace",
        "watch_seen",
        "watch_since",
    )  # fmt: skip

    def __init__(
        self,
        admitted: Admitted,
        attribution: Attribution,
        trace: Trace | None,
        *,
        call_id: str,
        event_id: str,
        operation: str,
        started_at: datetime,
    ) -> None:
        self.admitted = admitted
        self.attribution = attribution
        self.trace = trace
        self.call_id = call_id
        self.event_id = event_id
        self.operation = operation
        self.started_at = started_at
        self.model: str | None = None
        self.streaming = False
        self.body = b""
        self.estimated_input = 0
        self.estimated_units: dict[str, int] | None = None
        self.answer = Answer()
        self.http_status: int | None = None
        self.first_byte_at: datetime | None = None
        self.provider_request_id: str | None = None
        self.is_sse = False
        self.kept: list[bytes] = []
        self.kept_bytes = 0
        self.passed_bytes = 0
        self.activity = 0
        self.draining = False
        self.task: asyncio.Task[Any] | None = None
        self.abort_reason = ""
        self.ending = False
        self.recorded = False
        self.watch_seen = -1
        self.watch_since = 0.0

    def intent(self) -> Intent:
        """The note to write before the request is sent."""
        return Intent(
            event_id=self.event_id,
            call_id=self.call_id,
            attribution=self.attribution,
            provider=self.admitted.mount.provider.name,
            operation=self.operation,
            model=self.model,
            streaming=self.streaming,
            estimated_input=self.estimated_input,
            is_mock=self.admitted.credential.is_mock,
            started_at=self.started_at,
        )

    def answered(self, status: int, headers: list[tuple[str, str]], now: datetime) -> None:
        """The head of the answer is there."""
        self.http_status = status
        self.first_byte_at = now
        self.activity += 1
        for name, value in headers:
            if name in _PROVIDER_REQUEST_IDS:
                self.provider_request_id = value[:200]

    def passed(self, chunk: bytes, keep: int) -> None:
        """A chunk of the body came; up to ``keep`` bytes are kept for an estimate."""
        self.activity += 1
        self.passed_bytes += len(chunk)
        if self.kept_bytes < keep:
            self.kept.append(chunk)
            self.kept_bytes += len(chunk)

    def merge(self, data: bytes) -> None:
        """Fold the data of a stream frame into the answer; what is no JSON object is skipped."""
        dialect = self.admitted.mount.dialect
        if dialect.done_marker is not None and data == dialect.done_marker:
            self.answer.complete = self.answer.error_class is None
            return
        event = decode_object(data)
        if event is not None:
            self.admitted.mount.provider.merge(self.operation, self.answer, event)

    def call(self, status: Status, error_class: str | None, now: datetime) -> Call:
        """What the attempt came to."""
        answer, trace, credential = self.answer, self.trace, self.admitted.credential
        extras = {**self._asked(), **answer.extras}
        if not credential.is_mock:
            extras = {"base_url": credential.base_url, **extras}
        return Call(
            event_id=self.event_id,
            call_id=self.call_id,
            door="gateway",
            attribution=self.attribution,
            provider=self.admitted.mount.provider.name,
            operation=self.operation,
            model_requested=self.model,
            model_response=answer.model,
            service_tier=answer.service_tier,
            region=answer.region,
            streaming=self.streaming or self.is_sse,
            raw_usage=answer.usage,
            extras=extras,
            estimated_units=self.estimated_units,
            status=status,
            error_class=error_class,
            http_status=self.http_status,
            finish_reason=answer.finish_reason,
            started_at=self.started_at,
            first_byte_at=self.first_byte_at,
            ended_at=now,
            trace_id=trace.trace_id if trace else None,
            parent_span_id=trace.span_id if trace else None,
            provider_response_id=answer.response_id,
            provider_request_id=self.provider_request_id,
        )

    def _asked(self) -> dict[str, Any]:
        """What the price of an answer depends on, and only its request says."""
        if self.http_status is None or not 200 <= self.http_status < 300:
            return {}
        provider, body = self.admitted.mount.provider.name, self.body
        told = self.answer.extras
        return asked_by(provider, self.operation, told, lambda names: read_members(body, names))

    def lacks_usage(self, status: Status) -> bool:
        """Whether our own counts are to stand in for the provider's: missing, or broken off."""
        if self.operation == PASSTHROUGH or self.operation in MEDIA:
            return False
        if self.http_status is not None and self.http_status >= 400:
            return False
        return self.answer.usage is None or not (self.answer.complete or status == "success")


def decode_object(data: bytes) -> dict[str, Any] | None:
    """A JSON object; None for anything else."""
    try:
        value = msgspec.json.decode(data)
    except UNREADABLE:
        return None
    return value if isinstance(value, dict) else None


def error_class_of(status: int) -> str:
    """Our stable word for an HTTP status that is an error."""
    return _BY_STATUS.get(status, "server_error" if status >= 500 else f"http_{status}")


class Watch:
    """Ends attempts that stand still, and all of them when the gateway stops.

    One timer for all instead of one per read: an attempt's count of chunks is compared with that of
    the previous look. tick_s: time between looks; a limit is exceeded by at most as much.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._attempts: set[Attempt] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        shortest = min(limits.first_byte_s, limits.idle_s, limits.drain_s)
        self.tick_s = min(1.0, shortest / 4)
        self._task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()

    def __len__(self) -> int:
        return len(self._attempts)

    @property
    def draining(self) -> int:
        """Attempts that are read on for clients that went away."""
        return sum(attempt.draining for attempt in self._attempts)

    def add(self, attempt: Attempt) -> None:
        """Begin to watch an attempt; called from the task that runs it."""
        attempt.task = asyncio.current_task(self._loop)
        self._attempts.add(attempt)
        self._empty.clear()
        if self._task is None:
            self._task = self._loop.create_task(self._look_around())

    def remove(self, attempt: Attempt) -> None:
        """The attempt is over."""
        attempt.task = None
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
        if self._task is not None:
            self._task.cancel()
            self._task = None
        return left

    async def _look_around(self) -> None:
        while True:
            await asyncio.sleep(self.tick_s)
            now = time.monotonic()
            for attempt in tuple(self._attempts):
                self._check(attempt, now)

    def _check(self, attempt: Attempt, now: float) -> None:
        limits = self._limits
        if attempt.abort_reason:
            abort(attempt, attempt.abort_reason)
            return
        if attempt.activity != attempt.watch_seen and not attempt.draining:
            attempt.watch_seen = attempt.activity
            attempt.watch_since = now
            return
        if attempt.draining:
            limit, reason = limits.drain_s, "client_disconnected"
        elif attempt.first_byte_at is None:
            limit, reason = limits.first_byte_s, "timeout"
        else:
            limit, reason = limits.idle_s, "timeout"
        if now - attempt.watch_since >= limit:
            abort(attempt, reason)


def begin_draining(attempt: Attempt) -> None:
    """The client went away; from now on the watch allows the attempt its draining time."""
    attempt.draining = True
    attempt.watch_since = time.monotonic()


def abort(attempt: Attempt, reason: str) -> None:
    """Cancel the task of an attempt; it ends with this reason as its error class.

    To be repeated until the attempt is ending: a read whose bytes arrive at the same moment may
    swallow the cancellation.
    """
    if attempt.task is not None and not attempt.ending:
        attempt.abort_reason = attempt.abort_reason or reason
        attempt.task.cancel()
