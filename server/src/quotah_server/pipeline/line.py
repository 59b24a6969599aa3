"""A line of ``quotah price`` as the call it tells of: an answer, and what the answer does not say.

Keys of ``context``: ``service_tier`` and ``region`` (where the answer names none),
``requested_service_tier`` (never billed: the tier that was served counts), ``user_price`` and
``user_discount_pct`` (a price of one's own), and whatever else changes the bill and stands outside of
usage: ``processing``, ``speed``, ``inference_geo``, ``base_url``, ``deployment``, ``deployment_type``,
``tools``, ``free_allowance_exhausted``, counts such as ``input_characters``.

``request`` may hold the request's own JSON, for what the answer does not repeat: the text to be spoken,
size and quality of images, how much was to be searched. What the answer says counts before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple, cast

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import Book
from quotah_server.catalog.genai import UNITS
from quotah_server.catalog.overrides import ANY, check_override
from quotah_server.catalog.terms import LIST_PRICES, Override, Terms
from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.money import product
from quotah_server.kit.clock import utc_now
from quotah_server.pipeline.shapes import operation_of, unwrapped
from quotah_server.providers.base import Answer
from quotah_server.providers.registry import asked_by, room_for

Raw = Mapping[str, Any]
_NO_EXTRAS = ("service_tier", "requested_service_tier", "region", "user_price", "user_discount_pct")
_TEXTS = ("processing", "speed", "inference_geo", "base_url", "deployment", "deployment_type")
_NOBODY = "0" * 32
_OWN_PRICE = "user_price"
_MOST_PCT = 900
"""Below zero a discount is a surcharge."""


class Line(NamedTuple):
    """The call, and the terms under which it is priced."""

    call: Call
    terms: Terms


def read_line(value: object, book: Book) -> Line:
    """Read one decoded line; raises InvalidInputError, with the field's name, for a bad one.

    book: whose units a price of one's own may name.
    """
    line = _object(value)
    context = _mapping(line.get("context"), "context")
    _check(context)
    return Line(_call(line, context), _terms(context, book))


def _call(line: Raw, context: Raw) -> Call:
    provider = canonical(_text(line, "provider"))
    at = _date(line.get("date"))
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
    told = {k: v for k, v in context.items() if v is not None and k not in _NO_EXTRAS}
    provider, operation = answer.provider or provider, answer.operation or operation
    request = _mapping(line.get("request"), "request")
    asked = line.get("model")
    asked = request.get("model") if asked is None else asked
    if asked is not None and not isinstance(asked, str):
        raise InvalidInputError("model must be a text or null", field="model")
    return Call(
        event_id=_NOBODY,
        call_id=_NOBODY,
        door="import",
        attribution=Attribution(),
        provider=provider,
        operation=operation,
        model_requested=asked,
        model_response=answer.model,
        service_tier=answer.service_tier or _optional(context, "service_tier"),
        region=answer.region or _optional(context, "region"),
        streaming=events is not None,
        raw_usage=answer.usage,
        extras={
            **asked_by(provider, operation, answer.extras, lambda wanted: _only(request, wanted)),
            **told,
            **implied,
            **answer.extras,
        },
        status="success",
        started_at=at,
        ended_at=at,
    )


def _only(request: Raw, wanted: frozenset[str]) -> Raw:
    return {name: request[name] for name in wanted & request.keys()}


def _check(context: Raw) -> None:
    for field in _TEXTS:
        _optional(context, field)
    exhausted = context.get("free_allowance_exhausted")
    if exhausted is not None and not isinstance(exhausted, bool):
        field = "context.free_allowance_exhausted"
        raise InvalidInputError(f"{field} must be true or false", field=field)
    tools = context.get("tools")
    if tools is not None and not isinstance(tools, list):
        raise InvalidInputError("context.tools must be a list", field="context.tools")


# --- a price of one's own ---------------------------------------------------------------------------


def _terms(context: Raw, book: Book) -> Terms:
    rates, discount = context.get("user_price"), context.get("user_discount_pct")
    factor = Decimal(1) if discount is None else _factor(discount)
    if rates is not None:
        own = _rates(rates)
        _refuse_odd(Override(_OWN_PRICE, ANY, ANY, rates=own), book)
        own = {unit: product(rate, factor) for unit, rate in own.items()}
        return Terms((Override(_OWN_PRICE, ANY, ANY, rates=own),))
    if factor == 1:
        return LIST_PRICES
    override = Override(_OWN_PRICE, ANY, ANY, factor=factor)
    _refuse_odd(override, book)
    return Terms((override,))


def _refuse_odd(override: Override, book: Book) -> None:
    for field, message in check_override(book, override):
        where = field.replace("rates", "context.user_price")
        where = where.replace("factor", "context.user_discount_pct")
        raise InvalidInputError(f"{where}: {message}", field=where)


def _rates(value: object) -> dict[str, Decimal]:
    """Unit → dollars; the names of genai-prices (``input_mtok``) are taken too."""
    found: dict[str, Decimal] = {}
    for name, amount in _mapping(value, "context.user_price").items():
        field = f"context.user_price.{name}"
        unit = UNITS.get(name, name)
        if unit in found:
            raise InvalidInputError(f"{unit} has two prices", field=field)
        found[unit] = _decimal(amount, field)
    return found


def _factor(value: object) -> Decimal:
    field = "context.user_discount_pct"
    percent = _decimal(value, field)
    if not (percent.is_finite() and -_MOST_PCT <= percent < 100):
        raise InvalidInputError(f"{field} must be less than 100", field=field)
    return product(100 - percent, Decimal("0.01"))


def _decimal(value: object, field: str) -> Decimal:
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        try:
            return Decimal(value)
        except ArithmeticError:
            pass
    raise InvalidInputError(f"{field} must be a decimal number", field=field, hint='"2.50"')


# --- plain fields -----------------------------------------------------------------------------------


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
