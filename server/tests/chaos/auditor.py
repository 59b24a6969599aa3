"""Compares what a provider would bill with what Quotah recorded and what the callers saw.

The provider's log is the truth: the mock provider writes a line for every request it bills. Calls are
told apart by a tag that travels to both sides: a header that the gateway passes on, and the request id
that it books.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from quotah_server.catalog.book import Book
from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.ids import new_id
from quotah_server.kit.clock import utc_now
from quotah_server.mock.ledger import Entry
from quotah_server.pipeline.record import record

TAG = "x-chaos-tag"


class Seen(msgspec.Struct, frozen=True):
    """What a caller saw of its call: the answer came whole, under this event id."""

    tag: str
    whole: bool
    event_id: str | None


def audit(
    billed: Iterable[Entry], events: Iterable[PricedEvent], seen: Iterable[Seen], book: Book
) -> list[str]:
    """All that does not fit, a line each; nothing when the three agree."""
    events = list(events)
    by_tag: dict[str, list[PricedEvent]] = defaultdict(list)
    for event in events:
        by_tag[event.call.attribution.request_id or ""].append(event)
    lines: dict[str, list[Entry]] = defaultdict(list)
    for entry in billed:
        lines[entry.headers.get(TAG, "")].append(entry)
    found = _twice(events)
    for tag, entries in lines.items():
        found += _compare(tag, entries, by_tag.get(tag, []), book)
    for tag, own in by_tag.items():
        answered = sum(event.call.status == "success" for event in own)
        if answered > len(lines.get(tag, [])):
            found.append(f"{tag}: {answered} successes, {len(lines.get(tag, []))} billed")
    return found + _unlike_what_was_seen(seen, events)


def _twice(events: list[PricedEvent]) -> list[str]:
    ids = Counter(event.call.event_id for event in events)
    responses = Counter(
        event.call.provider_response_id for event in events if event.call.provider_response_id
    )
    return [
        f"{name} is recorded {count} times"
        for name, count in [*ids.items(), *responses.items()]
        if count > 1
    ]


def _compare(tag: str, entries: list[Entry], events: list[PricedEvent], book: Book) -> list[str]:
    """The lines of a tag against its events: by the response's id where the event has it."""
    found: list[str] = []
    known = {event.call.provider_response_id: event for event in events}
    rest = [event for event in events if event.call.provider_response_id is None]
    for entry in entries:
        event = known.get(entry.id)
        if event is None:
            if not rest:
                found.append(f"{tag}: billed as {entry.id}, but there is no event of it")
                continue
            event = rest.pop(0)
        found += _costs(tag, entry, event, book)
    return found


def _costs(tag: str, entry: Entry, event: PricedEvent, book: Book) -> list[str]:
    if event.cost_usd is None or event.cost_usd <= 0:
        return [f"{tag}: billed, but costs {event.cost_usd} ({event.call.status})"]
    if event.call.status == "success" and entry.outcome == "complete":
        due = price(entry, book)
        if event.cost_usd != due or event.cost_status != "computed":
            return [f"{tag}: costs {event.cost_usd} ({event.cost_status}) instead of {due}"]
    if event.call.status == "interrupted" and event.cost_status != "estimated":
        return [f"{tag}: interrupted, but its cost is {event.cost_status}"]
    return []


def _unlike_what_was_seen(seen: Iterable[Seen], events: list[PricedEvent]) -> list[str]:
    by_id = {f"evt_{event.call.event_id}": event for event in events}
    found: list[str] = []
    for answer in seen:
        if not answer.whole:
            continue
        event = by_id.get(answer.event_id or "")
        if event is None:
            found.append(f"{answer.tag}: answered whole, but its event is missing")
        elif event.call.status not in ("success", "interrupted"):
            found.append(f"{answer.tag}: answered whole, but recorded as {event.call.status}")
    return found


def price(entry: Entry, book: Book) -> Decimal | None:
    """What a line of the provider's log costs."""
    now = utc_now()
    call = Call(
        event_id=new_id(),
        call_id=new_id(),
        door="api",
        attribution=Attribution(),
        provider=entry.provider,
        operation=entry.operation,
        model_requested=entry.model,
        model_response=entry.model,
        raw_usage=dict(entry.usage),
        status="success",
        started_at=now,
        ended_at=now,
    )
    return record(call, book).cost_usd
