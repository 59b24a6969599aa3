"""One attempt at a provider while it runs, and what becomes of it in the books."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from typing import Any

import msgspec

from quotah_server.domain.call import Attribution, Call, Status
from quotah_server.domain.routing import DEFAULT_ROUTE
from quotah_server.domain.snapshot import GatewayKey
from quotah_server.gateway.amounts import exact_value
from quotah_server.gateway.attribution import Trace
from quotah_server.gateway.cache import Keeper
from quotah_server.gateway.dialects.base import UNREADABLE, read_members
from quotah_server.gateway.drains import Drain
from quotah_server.gateway.snapshot_holder import OpenCredential, OpenMount
from quotah_server.pipeline.intents import Intent
from quotah_server.providers.base import Answer
from quotah_server.providers.registry import asked_by
from quotah_server.providers.wires.openai.answers import IN_BACKGROUND

PASSTHROUGH = "passthrough"
MEDIA = frozenset({"speech", "images", "transcription"})
"""Operations of which a count of the text that went over the wire says nothing."""
_LONGEST = 200
"""Characters that are kept of an id or a word of the provider's, which may send any text."""
_WORD = re.compile(r"[\w./:-]{1,64}", re.ASCII)
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


class Admitted(msgspec.Struct, frozen=True):
    """A request that may pass: whose it is, where it goes and with which key."""

    key: GatewayKey
    mount: OpenMount
    credential: OpenCredential


class Attempt:
    """What becomes a Call. ``activity`` counts what came from the provider; the watch reads it.

    began: by the monotonic clock. final: no further attempt follows. pausing: it has failed, and
    another one will be made. judged: its credential's circuit knows what became of it. cache: what the
    client is told of the cache, "" for nothing; keeper: collects the answer for it. head: the headers
    of the answer. tokens: what it came to, once it is recorded. draining: set while it is read on for
    a client that has gone.
    """

    __slots__ = (
        "abort_reason",
        "activity",
        "admitted",
        "answer",
        "attribution",
        "began",
        "body",
        "cache",
        "call_id",
        "draining",
        "ending",
        "estimated_input",
        "estimated_units",
        "event_id",
        "final",
        "first_byte_at",
        "head",
        "http_status",
        "is_sse",
        "judged",
        "keeper",
        "kept",
        "kept_bytes",
        "model",
        "number",
        "operation",
        "passed_bytes",
        "pausing",
        "provider_request_id",
        "recorded",
        "route",
        "started_at",
        "streaming",
        "task",
        "tokens",
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
        began: float = 0.0,
    ) -> None:
        self.admitted = admitted
        self.attribution = attribution
        self.trace = trace
        self.call_id = call_id
        self.event_id = event_id
        self.operation = operation
        self.started_at = started_at
        self.began = began
        self.number = 1
        self.final = True
        self.route = DEFAULT_ROUTE
        self.pausing = False
        self.judged = False
        self.cache = ""
        self.keeper: Keeper | None = None
        self.head: list[tuple[str, str]] = []
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
        self.draining: Drain | None = None
        self.task: asyncio.Task[Any] | None = None
        self.abort_reason = ""
        self.ending = False
        self.recorded = False
        self.tokens = 0
        self.watch_seen = -1
        self.watch_since = 0.0

    def intent(self) -> Intent:
        """The note to write before the request is sent."""
        return Intent(
            event_id=self.event_id,
            call_id=self.call_id,
            attempt=self.number,
            attribution=self.attribution,
            provider=self.admitted.mount.provider.name,
            operation=self.operation,
            model=self.model,
            streaming=self.streaming,
            estimated_input=self.estimated_input,
            is_mock=self.admitted.credential.is_mock,
            credential_id=self.admitted.credential.id or None,
            route_id=self.route.id or None,
            started_at=self.started_at,
        )

    def answered(self, status: int, headers: list[tuple[str, str]], now: datetime) -> None:
        """The head of the answer is there."""
        self.http_status = status
        self.head = headers
        self.first_byte_at = now
        self.activity += 1
        for name, value in headers:
            if name in _PROVIDER_REQUEST_IDS:
                self.provider_request_id = value[:_LONGEST]

    def passed(self, chunk: bytes, keep: int) -> None:
        """A chunk of the body came; up to ``keep`` bytes are kept for an estimate."""
        self.activity += 1
        self.passed_bytes += len(chunk)
        if self.kept_bytes < keep:
            self.keep(chunk, keep)

    def keep(self, chunk: bytes, most: int) -> None:
        """Keep a chunk for an estimate, or, as the last one, those of its lines that make no more than
        ``most`` bytes in all."""
        room = most - self.kept_bytes
        if len(chunk) > room:
            chunk = chunk[: chunk.rfind(b"\n", 0, room) + 1 or room]
            self.kept_bytes = most
        else:
            self.kept_bytes += len(chunk)
        self.kept.append(chunk)

    def merge(self, data: bytes) -> None:
        """Fold the data of a stream frame into the answer; what is no JSON object is skipped."""
        dialect = self.admitted.mount.dialect
        if dialect.done_marker is not None and data == dialect.done_marker:
            self.answer.complete = self.answer.error_class is None
            return
        room = self.admitted.mount.provider
        event = decode_object(data, exact=room.names_amounts)
        if event is not None:
            room.merge(self.operation, self.answer, event)

    def call(self, status: Status, error_class: str | None, now: datetime) -> Call:
        """What the attempt came to."""
        answer, trace, credential = self.answer, self.trace, self.admitted.credential
        extras = {**self._asked(), **answer.extras}
        if not credential.is_mock:
            extras = {"base_url": credential.base_url, **extras}
        return Call(
            event_id=self.event_id,
            call_id=self.call_id,
            attempt=self.number,
            final=self.final,
            door="gateway",
            attribution=self.attribution,
            provider=self.admitted.mount.provider.name,
            operation=self.operation,
            model_requested=self.model,
            model_response=answer.model,
            service_tier=answer.service_tier and answer.service_tier[:_LONGEST],
            region=answer.region,
            streaming=self.streaming or self.is_sse,
            raw_usage=answer.usage,
            extras=extras,
            estimated_units=self.estimated_units,
            status=status,
            error_class=error_class and _named(error_class),
            http_status=self.http_status,
            finish_reason=answer.finish_reason and answer.finish_reason[:_LONGEST],
            started_at=self.started_at,
            first_byte_at=self.first_byte_at,
            ended_at=now,
            trace_id=trace.trace_id if trace else None,
            parent_span_id=trace.span_id if trace else None,
            provider_response_id=answer.response_id and answer.response_id[:_LONGEST],
            provider_request_id=self.provider_request_id,
            credential_id=credential.id or None,
            route_id=self.route.id or None,
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
        if self.http_status is not None and not 200 <= self.http_status < 300:
            return False
        if IN_BACKGROUND in self.answer.extras:
            return False
        return self.answer.usage is None or not (self.answer.complete or status == "success")


def decode_object(data: bytes, *, exact: bool = False) -> dict[str, Any] | None:
    """A JSON object; None for anything else. exact: see ``amounts``."""
    try:
        value = exact_value.decode(data) if exact else msgspec.json.decode(data)
    except UNREADABLE:
        return None
    return value if isinstance(value, dict) else None


def _named(error_class: str) -> str:
    """The provider's word for a failure; a text in its place may hold what was asked, and goes nowhere."""
    return error_class if _WORD.fullmatch(error_class) else "error"


def error_class_of(status: int) -> str:
    """Our stable word for an HTTP status that is an error."""
    return _BY_STATUS.get(status, "server_error" if status >= 500 else f"http_{status}")
