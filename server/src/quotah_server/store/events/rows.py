"""A priced event as a row of the ``events`` table, and the reasons why it may not become one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec

from quotah_server.domain.event import CostSplit, PricedEvent
from quotah_server.domain.money import COST_LIMIT_USD
from quotah_server.domain.usage import MAX_COUNT

Kind = Literal[
    "text", "uuid", "time", "bool", "uint8", "uint16", "uint64", "int", "float", "money", "map"
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
_NEWEST = datetime(2200, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MAX_ATTEMPT = 255
_MAX_STATUS = 65_535

COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("event_id", "uuid"), ("call_id", "uuid"), ("attempt", "uint8"), ("final", "bool"),
    ("door", "text"), ("workspace_id", "text"), ("project_id", "text"), ("ts", "time"),
    ("received_at", "time"), ("environment", "text"), ("key_id", "text"), ("member_id", "text"),
    ("user_id", "text"), ("team", "text"), ("session_id", "text"), ("feature", "text"),
    ("prompt", "text"), ("prompt_version", "text"), ("tags", "map"), ("request_id", "text"),
    ("provider", "text"), ("operation", "text"), ("model", "text"), ("model_requested", "text"),
    ("service_tier", "text"), ("region", "text"), ("streaming", "bool"), ("status", "text"),
    ("error_class", "text"), ("http_status", "uint16"), ("finish_reason", "text"),
    ("latency_ms", "float"), ("ttft_ms", "float"), ("input_tokens", "int"),
    ("output_tokens", "int"), ("cache_read_tokens", "int"), ("cache_write_tokens", "int"),
    ("reasoning_tokens", "int"), ("usage_units", "text"), ("usage_flags", "text"),
    ("raw_usage", "text"), ("extras", "text"), ("cost", "money"), ("cost_status", "text"),
    ("cost_reason", "text"), ("price_version", "text"), ("trace_id", "text"), ("span_id", "text"),
    ("parent_span_id", "text"), ("provider_response_id", "text"), ("provider_request_id", "text"),
    ("body_hash", "uint64"), ("cost_input", "money"), ("cost_cache_read", "money"),
    ("cost_cache_write", "money"), ("cost_output", "money"), ("cost_other", "money"),
    ("revision", "uint16"), ("credential_id", "text"), ("route_id", "text"), ("from_cache", "bool"),
    ("saved", "money"),
)  # fmt: skip
"""Columns of ``events`` in the order of a row. Until the engine casts them, times are integer
microseconds of UTC, money is decimal text, a map is JSON text."""

NAMES = tuple(name for name, _ in COLUMNS)
EVENT_ID, CALL_ID = NAMES.index("event_id"), NAMES.index("call_id")
WORKSPACE_ID, BODY_HASH = NAMES.index("workspace_id"), NAMES.index("body_hash")

PARTS = ("cost_input", "cost_cache_read", "cost_cache_write", "cost_output", "cost_other")
"""Columns of what a cost went on; their sum is the cost."""
_UNPRICED = (None,) * len(PARTS)

_ID = re.compile(r"[0-9a-f]{32}\Z")
_json = msgspec.json.Encoder(decimal_format="number")
_wire = msgspec.msgpack.Encoder(order="deterministic")


def micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware time, exactly."""
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def body_hash(event: PricedEvent) -> int:
    """63 bits of a hash of the call as its sender sent it.

    The price stays out (it may be computed again), and so do the key and the member who carried it:
    a batch that is sent again after a key was rotated is the same batch.
    """
    call = event.call
    attribution = call.attribution
    if attribution.key_id is not None or attribution.member_id is not None:
        bare = msgspec.structs.replace(attribution, key_id=None, member_id=None)
        call = msgspec.structs.replace(call, attribution=bare)
    digest = hashlib.blake2b(_wire.encode(call), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _odd_amounts(event: PricedEvent) -> Generator[str]:
    for name, amount in (("cost_usd", event.cost_usd), ("saved_usd", event.saved_usd)):
        if amount is not None and not (amount.is_finite() and 0 <= amount < COST_LIMIT_USD):
            yield f"{name} {amount} is not believed: expected 0 to {COST_LIMIT_USD} (exclusive)"


def _oddities(event: PricedEvent) -> Generator[str]:
    call = event.call
    for name, value in (("event_id", call.event_id), ("call_id", call.call_id)):
        if not _ID.match(value):
            yield f"{name} is not an id: expected 32 hex digits"
    yield from _odd_amounts(event)
    for unit, count in event.usage.units.items():
        if not 0 <= count <= MAX_COUNT:
            yield f"usage unit {unit!r} counts {count}: expected 0 to {MAX_COUNT}"
    if not _OLDEST <= call.started_at < _NEWEST:
        yield f"started_at {call.started_at.isoformat()} is not a time from 2000 to 2199"
    if not 1 <= call.attempt <= _MAX_ATTEMPT:
        yield f"attempt {call.attempt}: expected 1 to {_MAX_ATTEMPT}"
    if call.http_status is not None and not 0 <= call.http_status <= _MAX_STATUS:
        yield f"http_status {call.http_status}: expected 0 to {_MAX_STATUS}"
    if not call.attribution.workspace_id:
        yield "workspace_id is missing"


def reason_to_reject(event: PricedEvent) -> str | None:
    """Why an event cannot be stored, in words; None for one that can."""
    return next(_oddities(event), None)


def _milliseconds(start: datetime, end: datetime | None) -> float | None:
    if end is None:
        return None
    span = (end - start) / _MILLISECOND
    return span if span >= 0 else None


def _text(value: Any) -> str | None:
    return None if value is None else _json.encode(value).decode()


def row_of(event: PricedEvent, received_us: int, hashed: int) -> tuple[Any, ...]:
    """The values of ``COLUMNS``. received_us: microseconds of UTC; hashed: ``body_hash(event)``."""
    call, usage, who = event.call, event.usage, event.call.attribution
    return (
        call.event_id, call.call_id, call.attempt, call.final, call.door, who.workspace_id,
        who.project_id, micros(call.started_at), received_us, who.environment, who.key_id,
        who.member_id, who.user, who.team, who.session, who.feature, who.prompt,
        who.prompt_version, _text(who.tags), who.request_id, call.provider, call.operation,
        call.model, call.model_requested, call.service_tier, call.region, call.streaming,
        call.status, call.error_class, call.http_status, call.finish_reason,
        _milliseconds(call.started_at, call.ended_at),
        _milliseconds(call.started_at, call.first_byte_at) if call.streaming else None,
        usage.input_tokens, usage.output_tokens, usage.cache_read_input_tokens,
        usage.cache_write_input_tokens, usage.reasoning_output_tokens, _text(usage.units),
        _text(usage.flags), _text(call.raw_usage), _text(call.extras),
        money_text(event.cost_usd),
        event.cost_status, event.cost_reason or None, event.price_version, call.trace_id,
        call.span_id, call.parent_span_id, call.provider_response_id, call.provider_request_id,
        hashed, *split_of_row(event.cost_usd, event.split), 0, call.credential_id, call.route_id,
        call.from_cache, money_text(event.saved_usd),
    )  # fmt: skip


def split_of_row(cost_usd: Decimal | None, split: CostSplit | None) -> tuple[str | None, ...]:
    """The five parts of a cost as stored; a cost that nobody split is all other."""
    if cost_usd is None:
        return _UNPRICED
    split = split or CostSplit(other=cost_usd)
    return (
        money_text(split.input), money_text(split.cache_read), money_text(split.cache_write),
        money_text(split.output), money_text(split.other),
    )  # fmt: skip


def money_text(amount_usd: Decimal | None) -> str | None:
    """Dollars as the engine takes them."""
    return None if amount_usd is None else format(amount_usd, "f")
