"""The event that applications send, and what becomes of it: the contract of POST /events."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from quotah_server.catalog.aliases import canonical
from quotah_server.domain.call import Attribution, Call, Door, prompt_parts
from quotah_server.domain.errors import InvalidIdError
from quotah_server.domain.ids import foreign_id, id_at, parse_id
from quotah_server.store.events.base import AttributionPatch

_NUL = b"\\u0000"
"""JSON holds NUL escaped like this, or not at all."""
MAX_DEPTH = 64
MAX_NODES = 2000
MAX_EVENT_BYTES = 262_144
MAX_AHEAD = timedelta(days=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_CALL_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_HEX_ID = re.compile(r"(?:run_)?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\Z")

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Label = Annotated[str, msgspec.Meta(max_length=300)]
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class EventIn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One attempt at a provider. ``usage`` is the provider's usage object, untouched.

    id: any text; sent again with the same start it is the same event. call_id: joins the attempts of
    one call. extras: what else changes the bill and stands outside of usage. prompt: ``id@version``.
    gateway_event_id: the gateway recorded this call; the event only adds who and what it was for.
    """

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    call_id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None
    attempt: Annotated[int, msgspec.Meta(ge=1, le=255)] = 1
    final: bool = True
    provider: Name
    operation: Name
    model: Label | None = None
    model_response: Label | None = None
    service_tier: Name | None = None
    region: Name | None = None
    streaming: bool = False
    status: Literal["success", "error", "cancelled"]
    error_class: Label | None = None
    http_status: Annotated[int, msgspec.Meta(ge=0, le=999)] | None = None
    finish_reason: Label | None = None
    usage: dict[str, Any] | None = None
    extras: dict[str, Any] = {}
    started_at: Time
    first_byte_at: Time | None = None
    ended_at: Time
    feature: Label | None = None
    user: Label | None = None
    session: Label | None = None
    team: Label | None = None
    prompt: Label | None = None
    tags: Annotated[dict[Annotated[str, msgspec.Meta(min_length=1, max_length=200)], Label],
                    msgspec.Meta(max_length=50)] = {}  # fmt: skip
    environment: Label | None = None
    request_id: Label | None = None
    trace_id: Label | None = None
    span_id: Label | None = None
    parent_span_id: Label | None = None
    provider_response_id: Label | None = None
    provider_request_id: Label | None = None
    gateway_event_id: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class Sender(msgspec.Struct, frozen=True):
    """Whose events these are. project_id: where calls are booked."""

    workspace_id: str
    project_id: str
    key_id: str | None
    door: Door


_decoder = msgspec.json.Decoder(EventIn, float_hook=Decimal)


def read(data: bytes | msgspec.Raw, now: datetime) -> EventIn:
    """Read one event; raises ValueError with the reason why it is not taken."""
    data = bytes(data)
    if len(data) > MAX_EVENT_BYTES:
        raise ValueError(f"the event is larger than {MAX_EVENT_BYTES} bytes")
    try:
        event = _decoder.decode(data)
    except RecursionError as error:
        raise ValueError(f"the event is nested deeper than {MAX_DEPTH}") from error
    # A small event with few brackets can neither be deep nor wide.
    if data.count(b"{") + data.count(b"[") > MAX_DEPTH or len(data) > MAX_NODES:
        _check_shape(event)
    _check_times(event, now)
    if _NUL in data and any("\0" in text for text in _texts(event)):
        raise ValueError("a text holds a NUL character")
    return event


def call_of(event: EventIn, sender: Sender) -> Call:
    """The call that an event tells of."""
    started = event.started_at.astimezone(UTC)
    event_id = (
        foreign_id(sender.workspace_id, event.id, started)
        if event.id is not None
        else id_at(started, os.urandom(10))
    )
    return Call(
        event_id=event_id,
        call_id=_call_id(event, sender.workspace_id) or event_id,
        attempt=event.attempt,
        final=event.final,
        door=sender.door,
        attribution=_attribution(event, sender),
        provider=canonical(event.provider),
        operation=event.operation,
        model_requested=event.model,
        model_response=event.model_response,
        service_tier=event.service_tier,
        region=event.region,
        streaming=event.streaming,
        raw_usage=event.usage,
        extras=event.extras,
        status=event.status,
        error_class=event.error_class,
        http_status=event.http_status,
        finish_reason=event.finish_reason,
        started_at=started,
        first_byte_at=event.first_byte_at and event.first_byte_at.astimezone(UTC),
        ended_at=event.ended_at.astimezone(UTC),
        trace_id=event.trace_id,
        span_id=event.span_id,
        parent_span_id=event.parent_span_id,
        provider_response_id=event.provider_response_id,
        provider_request_id=event.provider_request_id,
    )


def patch_of(event: EventIn, sender: Sender) -> AttributionPatch:
    """What an event adds to the one that the gateway recorded; raises ValueError on a bad id."""
    try:
        event_id = parse_id(event.gateway_event_id or "", "evt")
    except InvalidIdError as error:
        raise ValueError(f"gateway_event_id: {error.message}") from error
    return AttributionPatch(
        event_id,
        _attribution(event, sender),
        trace_id=event.trace_id,
        span_id=event.span_id,
        parent_span_id=event.parent_span_id,
    )


def _attribution(event: EventIn, sender: Sender) -> Attribution:
    prompt, version = prompt_parts(event.prompt or "")
    return Attribution(
        workspace_id=sender.workspace_id,
        project_id=sender.project_id,
        environment=event.environment,
        key_id=sender.key_id,
        user=event.user,
        team=event.team,
        session=event.session,
        feature=event.feature,
        prompt=prompt,
        prompt_version=version,
        tags=event.tags,
        request_id=event.request_id,
    )


def _call_id(event: EventIn, workspace_id: str) -> str | None:
    """A UUID is kept; another text is mapped to one, the same for all attempts of the call."""
    if event.call_id is None:
        return None
    if _HEX_ID.match(event.call_id):
        return parse_id(event.call_id, "run")
    return foreign_id(workspace_id, f"call {event.call_id}", _CALL_EPOCH)


def _check_times(event: EventIn, now: datetime) -> None:
    if not event.started_at >= EARLIEST:
        raise ValueError(f"started_at is before {EARLIEST.year}")
    if event.started_at > now + MAX_AHEAD:
        raise ValueError("started_at is more than a day ahead of Quotah's clock")
    if event.ended_at > now + MAX_AHEAD:
        raise ValueError("ended_at is more than a day ahead of Quotah's clock")
    if event.ended_at < event.started_at:
        raise ValueError("ended_at is before started_at")
    if event.first_byte_at is not None and not (
        event.started_at <= event.first_byte_at <= event.ended_at
    ):
        raise ValueError("first_byte_at is not between started_at and ended_at")


def _check_shape(event: EventIn) -> None:
    """Bound what may have any shape: usage and extras."""
    level: list[Any] = [event.usage, event.extras]
    nodes = 0
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        nodes += len(level)
        if nodes > MAX_NODES:
            raise ValueError(f"usage and extras hold more than {MAX_NODES} values")
        if not level:
            return
    raise ValueError(f"usage and extras are nested deeper than {MAX_DEPTH}")


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from node.values()
    elif isinstance(node, list):
        yield from node


def _texts(event: EventIn) -> Iterator[str]:
    for name in EventIn.__struct_fields__:
        value = getattr(event, name)
        if isinstance(value, str):
            yield value
    for name, value in event.tags.items():
        yield name
        yield value
