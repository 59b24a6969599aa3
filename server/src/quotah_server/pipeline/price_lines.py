"""One provider answer, as a JSON object, to its price: what ``quotah price`` does with each line.

Needs no server and no data folder. A line holds ``response`` (a whole answer, or
``{"stream": […]}``) or ``events`` (a stream), and what the answer does not say: provider, model,
date, context.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import Book
from quotah_server.catalog.price import price, way_of
from quotah_server.catalog.sentence import sentence
from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.event import Price
from quotah_server.domain.money import usd_text
from quotah_server.domain.usage import Usage
from quotah_server.kit.clock import utc_now
from quotah_server.pipeline.shapes import operation_of, unwrapped
from quotah_server.providers.base import Answer
from quotah_server.providers.registry import room_for

Raw = Mapping[str, Any]
_TO_EXTRAS = ("processing", "speed", "inference_geo", "base_url", "tools")


def price_text(line: str | bytes, book: Book) -> dict[str, object]:
    """Price one line of text: ``price_line`` of its JSON. The result can be written as JSON."""
    try:
        decoded: object = json.loads(line, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        hint = "one JSON object a line, in UTF-8"
        return _failed(None, InvalidInputError(f"a line is not JSON: {error}", hint=hint))
    return price_line(decoded, book)


def price_line(obj: object, book: Book) -> dict[str, object]:
    """Price one decoded line.

    A line that can be read gives ``{id, status, cost_usd, usage, line_items, price_version, …}``;
    one that cannot, ``{id, error: {code, field, message, hint}}``.
    """
    named = cast("Raw", obj).get("id") if isinstance(obj, dict) else None
    line_id = named if isinstance(named, str | int) else None
    try:
        return {"id": line_id, **_priced(_object(obj), book)}
    except InvalidInputError as error:
        return _failed(line_id, error)


def _failed(line_id: str | int | None, error: InvalidInputError) -> dict[str, object]:
    told = {"code": error.code, "field": error.field, "message": error.message, "hint": error.hint}
    return {"id": line_id, "error": told}


def _priced(line: Raw, book: Book) -> dict[str, object]:
    provider = canonical(_text(line, "provider"))
    at = _date(line.get("date"))
    context = _mapping(line.get("context"), "context")
    body, events, implied = unwrapped(line)
    hint = line.get("api_flavor") or line.get("endpoint")
    operation = operation_of(hint if isinstance(hint, str) else "", body, events)
    room = room_for(provider, operation)
    if events is None:
        answer = room.read_body(operation, body)
    else:
        answer = Answer()
        for event in events:
            room.merge(operation, answer, event)
    told = {key: context[key] for key in _TO_EXTRAS if context.get(key) is not None}
    extras = {**told, **implied, **answer.extras}
    provider, operation = answer.provider or provider, answer.operation or operation
    usage = room_for(provider, operation).usage(operation, answer.usage, extras)
    model = answer.model or line.get("model")
    if model is not None and not isinstance(model, str):
        raise InvalidInputError("model must be a text or null", field="model")
    tier = answer.service_tier or _optional(context, "service_tier")
    region = answer.region or _optional(context, "region")
    cost = price(
        book,
        provider=provider,
        model=model,
        usage=usage,
        at=at,
        service_tier=tier,
        region=region,
        extras=extras,
    )
    read = {"service_tier": tier, "region": region, **_way(tier, region, extras)}
    named = {"provider": provider, "model": model, "operation": operation, "context": read}
    return {**named, **result_of(cost, usage, book)}


def _way(tier: str | None, region: str | None, extras: Raw) -> dict[str, str]:
    """How the call was made, as far as its price depends on it."""
    way = way_of(tier, region, extras)
    found = {"processing": way.processing, "speed": way.speed, "inference_geo": way.inference_geo}
    return {name: value for name, value in found.items() if value is not None}


def result_of(cost: Price, usage: Usage, book: Book) -> dict[str, object]:
    """A price as it is printed: amounts as decimal text, each line item also as a sentence."""
    return {
        "status": cost.status,
        "cost_usd": None if cost.cost_usd is None else usd_text(cost.cost_usd),
        "usage": usage_totals(usage),
        "line_items": [
            {
                "unit": item.unit,
                "quantity": item.quantity,
                "rate_usd": usd_text(item.rate_usd),
                "per": item.per,
                "amount_usd": usd_text(item.amount_usd),
                "rule": item.rule,
                "text": sentence(item, book),
            }
            for item in cost.items
        ],
        "price_version": cost.price_version,
        "reason": cost.reason,
    }


def usage_totals(usage: Usage) -> dict[str, object]:
    """Inclusive totals under OpenTelemetry's names, the disjoint units, and what was odd."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cache_read_input_tokens,
        "cache_write_input_tokens": usage.cache_write_input_tokens,
        "reasoning_output_tokens": usage.reasoning_output_tokens,
        "units": usage.units,
        "missing": usage.missing,
        "estimated": usage.estimated,
        "flags": list(usage.flags),
    }


def _object(value: object) -> Raw:
    if not isinstance(value, dict):
        raise InvalidInputError(
            "a line must be a JSON object", hint='{"provider": "openai", "response": {…}}'
        )
    return cast("Raw", value)


def _mapping(value: object, field: str) -> Raw:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidInputError(f"{field} must be an object", field=field)
    return cast("Raw", value)


def _text(line: Raw, field: str) -> str:
    value = line.get(field)
    if not isinstance(value, str) or not value.strip():
        raise InvalidInputError(f"{field} must be a non-empty text", field=field)
    return value


def _optional(context: Raw, field: str) -> str | None:
    value = context.get(field)
    if value is None or isinstance(value, str):
        return value
    raise InvalidInputError(f"context.{field} must be a text", field=f"context.{field}")


def _date(value: object) -> datetime:
    """RFC 3339, in UTC unless it says otherwise; a missing one is now."""
    if value is None:
        return utc_now()
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise InvalidInputError(
        f"date {value!r} is no point in time", field="date", hint="2026-11-20T12:00:00Z"
    )
