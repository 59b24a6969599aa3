"""From a call to a priced event: the product in one pure function.

A door captured a ``Call`` with the provider's usage untouched. Its room turns that into disjoint
units, the book turns units into money; nothing else decides what a call cost.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import Book
from quotah_server.catalog.price import price
from quotah_server.domain.call import Call
from quotah_server.domain.event import Price, PricedEvent
from quotah_server.domain.usage import NOT_BILLED, Usage
from quotah_server.pipeline.quick import quick_cost
from quotah_server.pipeline.split import split_of
from quotah_server.providers.registry import room_for, told_by

_FIRST_NO_SUCCESS = 300
FROM_CACHE = "answered from the cache"
"""Why an event that cost nothing did so; what it would have cost is what it saved."""
MODEL_MAX = 300
"""Characters of the name of a model, or of a deployment, that are kept: an answer may claim any."""


def record(call: Call, book: Book) -> PricedEvent:
    """Read the call's usage and price it."""
    provider = canonical(call.provider)
    told = told_by(provider, call.operation, call.raw_usage)
    if told:
        call = msgspec.structs.replace(call, extras={**told, **call.extras})
    named = call.model_response
    if named is not None and len(named) > MODEL_MAX:
        call = msgspec.structs.replace(call, model_response=named[:MODEL_MAX])
    usage = usage_of(call)
    short = None if call.from_cache else quick_cost(book, provider, call, usage)
    if short is not None:
        return PricedEvent(call, usage, short[0], "computed", book.version, split=short[1])
    cost = cost_of(call, usage, book)
    if call.from_cache:
        return _saving(call, cost)
    return PricedEvent(
        call=call,
        usage=usage,
        cost_usd=cost.cost_usd,
        cost_status=cost.status,
        price_version=cost.price_version,
        cost_reason=cost.reason,
        split=split_of(cost),
    )


def _saving(call: Call, cost: Price) -> PricedEvent:
    """Nothing was bought: no tokens, no cost. The usage of the first time stays in ``raw_usage``."""
    return PricedEvent(
        call=call,
        usage=Usage(),
        cost_usd=Decimal(0),
        cost_status="computed",
        price_version=cost.price_version,
        cost_reason=FROM_CACHE,
        saved_usd=cost.cost_usd,
    )


def with_told(call: Call) -> Call:
    """The call with what its usage object says besides counts: a door may have seen that alone."""
    told = told_by(canonical(call.provider), call.operation, call.raw_usage)
    return msgspec.structs.replace(call, extras={**told, **call.extras}) if told else call


def usage_of(call: Call) -> Usage:
    """What the provider reported; our own count where it reported none or broke off."""
    room = room_for(canonical(call.provider), call.operation)
    usage = room.usage(call.operation, call.raw_usage, call.extras)
    if not usage.missing and not usage.estimated:
        return usage
    refused = call.http_status is not None and call.http_status >= _FIRST_NO_SUCCESS
    if usage.missing and refused:
        return Usage(missing=True, flags=(*usage.flags, NOT_BILLED))
    if call.estimated_units and usage.missing:
        return Usage(dict(call.estimated_units), estimated=True, flags=usage.flags)
    if call.estimated_units and usage.estimated:
        counted = {u: max(n, usage.units.get(u, 0)) for u, n in call.estimated_units.items()}
        return Usage({**usage.units, **counted}, estimated=True, flags=usage.flags)
    return usage


def cost_of(call: Call, usage: Usage, book: Book) -> Price:
    """What a call with this usage costs by a book, with its line items."""
    deployment = call.extras.get("deployment")
    return price(
        book,
        provider=canonical(call.provider),
        model=call.model,
        usage=usage,
        at=call.started_at,
        service_tier=call.service_tier,
        region=call.region,
        extras=call.extras,
        project_id=call.attribution.project_id,
        deployment=deployment[:MODEL_MAX] if isinstance(deployment, str) else call.model_requested,
    )
