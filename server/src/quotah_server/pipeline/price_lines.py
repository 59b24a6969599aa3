"""One provider answer, as a JSON object, to its price: what ``quotah price`` does with each line.

Needs no server and no data folder. A line holds ``response`` (a whole answer, or
``{"stream": […]}``) or ``events`` (a stream), and what the answer does not say: provider, model,
date, context.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import Book
from quotah_server.catalog.price import way_of
from quotah_server.catalog.sentence import sentence
from quotah_server.catalog.tally import parts_of
from quotah_server.domain.call import Call
from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.event import LineItem, Price
from quotah_server.domain.money import usd_text
from quotah_server.domain.usage import Usage
from quotah_server.pipeline.line import read_line
from quotah_server.pipeline.record import cost_of, usage_of, with_told

Raw = Mapping[str, Any]


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
        call, terms = read_line(obj, book)
    except InvalidInputError as error:
        return _failed(line_id, error)
    call = with_told(call)
    usage = usage_of(call)
    cost = cost_of(call, usage, book.under(terms))
    return {"id": line_id, **_told(call), **result_of(cost, usage, book, call.model)}


def _failed(line_id: str | int | None, error: InvalidInputError) -> dict[str, object]:
    told = {"code": error.code, "field": error.field, "message": error.message, "hint": error.hint}
    return {"id": line_id, "error": told}


def _told(call: Call) -> dict[str, object]:
    """What was read of the call, as far as its price depends on it.

    ``reported_cost_usd``: the cost that the answer names, else the one that the library reckoned
    which wrote the span; shown, whether it is what the call is held to have cost or not.
    """
    way = way_of(call.service_tier, call.region, call.extras)
    context: dict[str, object] = {"service_tier": call.service_tier, "region": call.region}
    for name in ("processing", "speed", "inference_geo", "deployment_type"):
        if (value := getattr(way, name)) is not None:
            context[name] = value
    reported = call.extras.get("reported_cost_usd", call.extras.get("emitter_cost_usd"))
    return {
        "provider": canonical(call.provider),
        "model": call.model,
        "operation": call.operation,
        "context": context,
        "reported_cost_usd": None if reported is None else str(reported),
    }


def result_of(cost: Price, usage: Usage, book: Book, model: str | None = None) -> dict[str, object]:
    """A price as it is printed: amounts as decimal text, each line item also as a sentence.

    model: the one that answered.
    """
    return {
        "status": cost.status,
        "cost_usd": None if cost.cost_usd is None else usd_text(cost.cost_usd),
        "usage": usage_totals(usage, model),
        "line_items": [_item(item, book) for item in cost.items],
        "price_version": cost.price_version,
        "reason": cost.reason,
    }


def _item(item: LineItem, book: Book) -> dict[str, object]:
    told: dict[str, object] = {
        "unit": item.unit,
        "quantity": item.quantity,
        "rate_usd": usd_text(item.rate_usd),
        "per": item.per,
        "amount_usd": usd_text(item.amount_usd),
        "rule": item.rule,
    }
    if item.model:
        told["model"] = item.model
    return {**told, "text": sentence(item, book)}


def usage_totals(usage: Usage, model: str | None = None) -> dict[str, object]:
    """Inclusive totals under OpenTelemetry's names, the disjoint units, and what was odd.

    models: the same of each model that took part, the one that answered (``model``) first; there
    only where the answer tells inner calls apart.
    """
    told: dict[str, object] = {
        **_totals(usage),
        "units": usage.units,
        "missing": usage.missing,
        "estimated": usage.estimated,
        "flags": list(usage.flags),
    }
    if usage.inner:
        told["models"] = [
            {"model": name, **_totals(Usage(units)), "units": units}
            for name, units in _by_model(usage, model).items()
        ]
    return told


def _by_model(usage: Usage, model: str | None) -> dict[str | None, dict[str, int]]:
    """What each model consumed in all of its inner calls and, the one that answered, beyond them."""
    found: dict[str | None, dict[str, int]] = {model: {}}
    for part in parts_of(usage):
        units = found.setdefault(model if part.model is None else part.model, {})
        for unit, count in part.units.items():
            units[unit] = units.get(unit, 0) + count
    return {name: units for name, units in found.items() if units}


def _totals(usage: Usage) -> dict[str, object]:
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_input_tokens": usage.cache_read_input_tokens,
        "cache_write_input_tokens": usage.cache_write_input_tokens,
        "reasoning_output_tokens": usage.reasoning_output_tokens,
    }
