"""A stored event priced again: its row is the call it was, recorded once more under a given book.

The provider's own usage object is read again where it was kept; else the stored units stand for it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple, cast

import msgspec

from quotah_server.catalog.book import Book
from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.event import CostSplit, CostStatus, Price
from quotah_server.domain.usage import Usage
from quotah_server.pipeline.record import cost_of, record, usage_of, with_told
from quotah_server.pipeline.split import split_of
from quotah_server.store.events.base import Repriced

_json = msgspec.json.Decoder(float_hook=Decimal)
_text = msgspec.json.Encoder(decimal_format="number").encode
_MINE = ("computed", "reported")
"""Statuses of events whose counts are the provider's."""


class Stored(NamedTuple):
    """What pricing needs of a row of ``events``; its fields are columns. Objects are JSON text, money
    is Decimal, ``ts`` is UTC and need not say so.
    """

    event_id: uuid.UUID
    workspace_id: str
    project_id: str
    ts: datetime
    provider: str
    operation: str
    model: str | None
    model_requested: str | None
    service_tier: str | None
    region: str | None
    http_status: int | None
    usage_units: str | None
    usage_flags: str | None
    raw_usage: str | None
    extras: str | None
    cost: Decimal | None
    cost_status: CostStatus
    price_version: str
    cost_input: Decimal | None
    cost_cache_read: Decimal | None
    cost_cache_write: Decimal | None
    cost_output: Decimal | None
    cost_other: Decimal | None
    revision: int
    from_cache: bool
    saved: Decimal | None


def call_of(stored: Stored) -> Call:
    """The call that a row tells of, as far as its price depends on it."""
    at = stored.ts.replace(tzinfo=UTC) if stored.ts.tzinfo is None else stored.ts.astimezone(UTC)
    return Call(
        event_id=stored.event_id.hex,
        call_id=stored.event_id.hex,
        door="import",
        attribution=Attribution(stored.workspace_id, stored.project_id),
        provider=stored.provider,
        operation=stored.operation,
        model_requested=stored.model_requested,
        model_response=stored.model,
        service_tier=stored.service_tier,
        region=stored.region,
        raw_usage=_object(stored.raw_usage),
        extras=_object(stored.extras) or {},
        estimated_units=_object(stored.usage_units),
        status="success",
        http_status=stored.http_status,
        started_at=at,
        ended_at=at,
        from_cache=stored.from_cache,
    )


def again(stored: Stored, book: Book) -> Repriced | None:
    """What the event costs by a book; None where that changes nothing that is stored."""
    call = with_told(call_of(stored))
    if stored.from_cache:
        return _saving_again(stored, call, book)
    usage = _read_again(stored, call)
    cost = cost_of(call, usage, book)
    split = split_of(cost)
    units, flags = _text(usage.units).decode(), _text(usage.flags).decode()
    same_usage = units == (stored.usage_units or "{}") and flags == (stored.usage_flags or "[]")
    if (
        same_usage
        and cost.cost_usd == stored.cost
        and cost.status == stored.cost_status
        and split == _split(stored)
    ):
        return None
    return Repriced(
        event_id=call.event_id,
        workspace_id=stored.workspace_id,
        revision=stored.revision,
        cost_usd=cost.cost_usd,
        cost_status=cost.status,
        cost_reason=cost.reason,
        price_version=cost.price_version,
        split=split,
        usage=None if same_usage else usage,
    )


def _saving_again(stored: Stored, call: Call, book: Book) -> Repriced | None:
    """An answer from the cache goes on costing nothing; what it saved is counted anew, from the
    provider's words of the first time. Without these it stands as it was."""
    event = record(call, book)
    if event.saved_usd == stored.saved or usage_of(call).missing:
        return None
    return Repriced(
        event_id=call.event_id,
        workspace_id=stored.workspace_id,
        revision=stored.revision,
        cost_usd=event.cost_usd,
        cost_status=event.cost_status,
        cost_reason=event.cost_reason,
        price_version=event.price_version,
        split=None,
        saved_usd=event.saved_usd,
    )


def explained(stored: Stored, book: Book) -> Price | None:
    """The arithmetic of the stored cost, by the book that it cites; None where none leads to it. Of an
    answer from the cache: that of what it saved."""
    if stored.from_cache:
        saved = next((cost_of(c, u, book) for c, u in _readings(stored)), None)
        return saved if saved is not None and saved.cost_usd == stored.saved else None
    for call, usage in _readings(stored):
        found = cost_of(call, usage, book)
        if found.cost_usd == stored.cost and found.status == stored.cost_status:
            return found
    return None


def _readings(stored: Stored) -> Iterator[tuple[Call, Usage]]:
    """The provider's words first. Another version may have read them otherwise: then as it did before
    they told more than counts, and then the stored units.
    """
    plain = call_of(stored)
    told = with_told(plain)
    yield told, _read_again(stored, told)
    if told is not plain:
        yield plain, _read_again(stored, plain)
    yield plain, _as_stored(stored, plain)


def _read_again(stored: Stored, call: Call) -> Usage:
    read = usage_of(call)
    # Without the provider's words its counts would pass for ours.
    lost = call.raw_usage is None and stored.cost_status in _MINE
    # What could be read then and is no number now was bent on its way into the store.
    bent = any(flag.startswith("invalid:") for flag in read.flags) and not (
        stored.usage_flags and '"invalid:' in stored.usage_flags
    )
    return _as_stored(stored, call) if bent or (read.estimated and lost) else read


def _as_stored(stored: Stored, call: Call) -> Usage:
    flags = _json.decode(stored.usage_flags) if stored.usage_flags else ()
    return Usage(
        call.estimated_units or {},
        missing=not call.estimated_units,
        estimated=stored.cost_status == "estimated",
        flags=tuple(flags),
    )


def _split(stored: Stored) -> CostSplit | None:
    parts = (
        stored.cost_input, stored.cost_cache_read, stored.cost_cache_write, stored.cost_output,
        stored.cost_other,
    )  # fmt: skip
    known = [part for part in parts if part is not None]
    return CostSplit(*known) if len(known) == len(parts) else None


def _object(text: str | None) -> dict[str, Any] | None:
    """A stored object; None for what cannot be read."""
    if text is None:
        return None
    try:
        found = _json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None
