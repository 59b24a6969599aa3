"""What a call cost: units × rates, exactly, with every product shown.

No rate, no price: a call with one unit that the book does not know stays unpriced as a whole, with
the reason. A sum that leaves out what is unknown would read like a price.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from quotah_server.catalog.book import Book
from quotah_server.catalog.plan import Charge, Day, Plan, Way, day_of
from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.event import LineItem, Price
from quotah_server.domain.money import COST_LIMIT_USD, add, quantise, share
from quotah_server.domain.usage import REQUEST, Usage

NOT_BILLED = "not_billed"
"""Usage flag: the provider charges nothing for this call (a refused one, a token count)."""
DOUBTFUL = ("invalid:", "contradiction:", "other_model:")
"""Usage flags that forbid a price: the counts are not what was consumed."""
_ZERO = Decimal(0)
_ZERO_COST = quantise(_ZERO)
_NO_EXTRAS: Mapping[str, Any] = {}
_STANDARD_WAY = Way()


def price(
    book: Book,
    *,
    provider: str,
    model: str | None,
    usage: Usage,
    at: datetime,
    service_tier: str | None = None,
    region: str | None = None,
    extras: Mapping[str, Any] = _NO_EXTRAS,
) -> Price:
    """Price one call.

    provider: our name (catalog.aliases.canonical). model: the one that answered. at: aware; when
    the call started. service_tier, region: as the answer reports them. extras: ``processing``,
    ``speed``, ``inference_geo``, ``base_url``, ``deployment_type``, ``reported_cost_usd``; others do
    not matter here. Raises InvalidInputError for a naive ``at``; odd usage makes the call unpriced instead.
    """
    reported = _reported(book, provider, extras) if extras else None
    if reported is not None:
        return Price("reported", reported, (), book.version)
    if model is None or usage.missing or usage.flags:
        verdict = _verdict(book.version, usage, model)
        if verdict is not None:
            return verdict
    way = _STANDARD_WAY
    if service_tier is not None or region is not None or extras:
        way = way_of(service_tier, region, extras)
    plan = _plan(book, provider, model or "", way, at)
    if plan.reason:
        return _unpriced(book.version, plan.reason)
    return _sum(book.version, plan, usage)


def _verdict(version: str, usage: Usage, model: str | None) -> Price | None:
    """What is settled before any rate is looked up; None when a rate decides."""
    if NOT_BILLED in usage.flags:
        return Price("computed", _ZERO_COST, (), version, "the provider does not bill this call")
    doubt = next((flag for flag in usage.flags if flag.startswith(DOUBTFUL)), None)
    if doubt is not None:
        return _unpriced(version, f"the reported usage cannot be trusted: {doubt}")
    if usage.missing and not usage.estimated:
        return _unpriced(version, "the provider reported no usage")
    return _unpriced(version, "the model is not known") if model is None else None


def _unpriced(version: str, reason: str) -> Price:
    return Price("unpriced", None, (), version, reason)


def _sum(version: str, plan: Plan, usage: Usage) -> Price:
    units = usage.units
    if plan.per_request and REQUEST not in units:
        units = {**units, REQUEST: 1}
    total_input = (usage.input_tokens or 0) if plan.tiered else 0
    items: list[LineItem] = []
    cost = _ZERO
    for unit, quantity in units.items():
        if quantity == 0:
            continue
        charge = plan.charges.get(unit)
        if charge is None:
            return _unpriced(version, f"no rate known for {unit}")
        rate = _rate(charge, total_input) if charge.above else charge.rate_usd
        amount = share(rate, quantity, charge.per)
        items.append(LineItem(unit, quantity, rate, charge.per, amount, charge.rule))
        cost = add(cost, amount)
    if cost >= COST_LIMIT_USD:
        return _unpriced(version, f"a cost of ${cost:f} for one call is not believed")
    unknown = next((flag for flag in usage.flags if flag.startswith("unknown_unit:")), "")
    reason = f"usage holds a unit we do not know: {unknown.partition(':')[2]}" if unknown else ""
    if usage.estimated:
        reason = reason or "token counts are estimated: the provider did not report them all"
        return Price("estimated", quantise(cost), tuple(items), version, reason)
    return Price("computed", quantise(cost), tuple(items), version, reason)


def _rate(charge: Charge, total_input: int) -> Decimal:
    rate = charge.rate_usd
    for start, higher in charge.above:
        if total_input > start:
            rate = higher
    return rate


def _plan(book: Book, provider: str, model: str, way: Way, at: datetime) -> Plan:
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise InvalidInputError("at must carry a time zone", field="at", hint="use UTC")
        at = at.astimezone(UTC)
    key = ("plan", provider, model, way, at.toordinal())
    day = book.resolved.get(key)
    if not isinstance(day, Day):
        day = book.remember(key, day_of(book, provider, model, way, at.date()))
    return day.at(at)


def way_of(service_tier: str | None, region: str | None, extras: Mapping[str, Any]) -> Way:
    """Read from an answer's tier, region and extras how the call was made."""
    get = extras.get
    return _way(
        service_tier,
        _text(get("processing")),
        _text(get("speed")),
        _text(get("inference_geo")),
        region,
        _text(get("base_url")),
        _text(get("deployment_type")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


@lru_cache(maxsize=1024)
def _way(
    service_tier: str | None,
    processing: str | None,
    speed: str | None,
    inference_geo: str | None,
    region: str | None,
    base_url: str | None,
    deployment_type: str | None,
) -> Way:
    tier, how = _word(service_tier), _word(processing)
    if tier == "batch":
        tier, how = None, "batch"
    return Way(
        service_tier=tier,
        processing=how,
        speed=_word(speed),
        inference_geo=_word(inference_geo),
        region=_word(region),
        host=None if base_url is None else _host(base_url),
        deployment_type=None if deployment_type is None else _joined(deployment_type),
    )


def _word(value: str | None) -> str | None:
    return None if value is None else value.strip().lower() or None


def _joined(value: str) -> str | None:
    return "".join(c for c in value.lower() if c.isalnum()) or None


def _host(base_url: str) -> str | None:
    try:
        return urlsplit(base_url).hostname
    except ValueError:
        return None


def _reported(book: Book, provider: str, extras: Mapping[str, Any]) -> Decimal | None:
    """The amount that the answer itself names, where the provider is known to bill just that."""
    amount = extras.get("reported_cost_usd")
    known = book.providers.get(provider)
    if amount is None or known is None or not known.trusts_reported_cost:
        return None
    try:
        cost = Decimal(str(amount))
    except ArithmeticError:
        return None
    return quantise(cost) if cost.is_finite() and 0 <= cost < COST_LIMIT_USD else None
