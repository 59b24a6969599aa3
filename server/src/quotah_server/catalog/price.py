"""What a call cost: units × rates, exactly, with every product shown.

No rate, no price: a call with one unit that the book does not know stays unpriced as a whole, with
the reason. A sum that leaves out what is unknown would read like a price.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from quotah_server.catalog.book import Book, Unit
from quotah_server.catalog.overrides import override_for
from quotah_server.catalog.plan import (
    DETAILS,
    Day,
    Plan,
    Way,
    day_of,
    factor_mark,
    own_plan,
    with_factor,
)
from quotah_server.catalog.tally import Part, Tally, parts_of, summed, tally, unpriced
from quotah_server.catalog.terms import Override
from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.event import LineItem, Price
from quotah_server.domain.money import COST_LIMIT_USD, add, named, product, quantise, usd_text
from quotah_server.domain.usage import NOT_BILLED, Usage

DOUBTFUL = ("invalid:", "contradiction:", "untold:", "other_model:")
"""Usage flags that forbid a price: the counts are not what was consumed, or not all of it."""
_TOLD_WITH = {
    "told_with:request": ": the price goes by the request, which is not known",
    "told_with:verbose_json": ": response_format=verbose_json tells how long a recording is",
}
"""Usage flag → what to do so that such a call has a price."""
_VERTEX_HOST = re.compile(r"([a-z]+-[a-z]+\d+)-aiplatform\.googleapis\.com")
_LONGEST_WORD = 300
"""No way of calling has a longer name; what callers write is kept with the plans that it leads to."""
_ZERO_COST = quantise(Decimal(0))
_NO_EXTRAS: Mapping[str, Any] = {}
_NOTHING_FREE: Mapping[str, Unit] = {}
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
    project_id: str = "",
    deployment: str | None = None,
) -> Price:
    """Price one call: a workspace's own rates, else the cost that the provider named where it is
    trusted, else the book; a workspace's factor comes on top of either.

    provider: our name (catalog.aliases.canonical). model: the one that answered. at: aware; when
    the call started. service_tier, region: as the answer reports them. extras: ``processing``,
    ``speed``, ``inference_geo``, ``base_url``, ``deployment_type``, ``reported_cost_usd``,
    ``free_allowance_exhausted`` and the names in ``plan.DETAILS``; others do not matter here.
    project_id, deployment: what overrides may be limited to; deployment is the name asked for.
    Raises InvalidInputError for a naive ``at``; odd usage makes the call unpriced instead.
    """
    own = None
    if book.terms.overrides:
        own = override_for(book, provider, model, deployment, project_id, _utc(at))
    has_rates = own is not None and own.rates is not None
    reported = None if has_rates or not extras else _reported(book, provider, extras)
    if reported is not None:
        return _as_reported(book.version, reported, own)
    if model is None or usage.missing or usage.flags:
        verdict = _verdict(book.version, usage, priced_anyway=model is not None or has_rates)
        if verdict is not None:
            return verdict
    way, free = _STANDARD_WAY, _NOTHING_FREE
    if service_tier is not None or region is not None or extras:
        way = way_of(service_tier, region, extras)
        free = _free(book, extras)
    if not usage.inner:
        plan = _plan(book, provider, model or "", way, at, own)
        found = tally(plan, Part(usage.units), free)
        return _price(book.version, usage, found)

    def plan_for(other: str) -> Plan:
        if not other:
            return _plan(book, provider, model or "", way, at, own)
        theirs = None
        if book.terms.overrides:
            theirs = override_for(book, provider, other, None, project_id, _utc(at))
        return _plan(book, provider, other, way, at, theirs)

    return _price(book.version, usage, _by_parts(usage, model, free, plan_for))


def _free(book: Book, extras: Mapping[str, Any]) -> Mapping[str, Unit]:
    """The units that cost nothing because the account's free allowance is known to last."""
    if extras.get("free_allowance_exhausted") is not False:
        return _NOTHING_FREE
    return {name: unit for name, unit in book.units.items() if unit.free_allowance}


def _price(version: str, usage: Usage, found: Tally | str) -> Price:
    return unpriced(version, found) if isinstance(found, str) else summed(version, usage, *found)


def _by_parts(
    usage: Usage,
    model: str | None,
    free: Mapping[str, Unit],
    plan_for: Callable[[str], Plan],
) -> Tally | str:
    """Inner calls that are metered: each is priced by its own model and its own size."""
    items: list[LineItem] = []
    cost = Decimal(0)
    for part in parts_of(usage):
        other = "" if part.model is None or part.model == model else part.model
        plan = plan_for(other)
        if plan.reason and not part.units:
            continue  # nothing of the call is its own model's: a system that only hands on
        found = tally(plan, part, free, other)
        if isinstance(found, str):
            return found
        items.extend(found[0])
        cost = add(cost, found[1])
    return items, cost


def _as_reported(version: str, amount_usd: Decimal, override: Override | None) -> Price:
    if override is None or override.factor is None:
        return Price("reported", quantise(amount_usd), (), version)
    cost = product(amount_usd, override.factor)
    if quantise(cost) >= COST_LIMIT_USD:
        return unpriced(version, f"a cost of ${cost:f} for one call is not believed")
    reason = f"the provider named ${usd_text(amount_usd)}{factor_mark(override)}"
    return Price("reported", quantise(cost), (), version, reason)


def _verdict(version: str, usage: Usage, *, priced_anyway: bool) -> Price | None:
    """What is settled before any rate is looked up; None when a rate decides."""
    if NOT_BILLED in usage.flags:
        return Price("computed", _ZERO_COST, (), version, "the provider does not bill this call")
    doubt = next((flag for flag in usage.flags if flag.startswith(DOUBTFUL)), None)
    if doubt is not None:
        return unpriced(version, f"the reported usage cannot be trusted: {doubt}")
    if usage.missing and not usage.estimated:
        how = next((_TOLD_WITH[flag] for flag in usage.flags if flag in _TOLD_WITH), "")
        return unpriced(version, f"the provider reported no usage{how}")
    return None if priced_anyway else unpriced(version, "the model is not known")


def _plan(
    book: Book, provider: str, model: str, way: Way, at: datetime, override: Override | None
) -> Plan:
    if override is not None and override.rates is not None:
        key = ("own", id(override))  # the book's terms keep it alive
        plan = book.resolved.get(key)
        return plan if isinstance(plan, Plan) else book.remember(key, own_plan(book, override))
    at = _utc(at)
    base = book.base
    key = ("plan", provider, model, way, at.toordinal())
    day = base.resolved.get(key)
    if not isinstance(day, Day):
        day = base.remember(key, day_of(base, provider, model, way, at.date()))
    if override is None:
        return day.at(at)
    key = (*key, id(override))
    lifted = book.resolved.get(key)
    if not isinstance(lifted, Day):
        lifted = book.remember(key, with_factor(day, override))
    return lifted.at(at)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is UTC:
        return at
    if at.tzinfo is None:
        raise InvalidInputError("at must carry a time zone", field="at", hint="use UTC")
    return at.astimezone(UTC)


def way_of(service_tier: str | None, region: str | None, extras: Mapping[str, Any]) -> Way:
    """Read from an answer's tier, region and extras how the call was made."""
    get = extras.get
    return _way(
        _text(service_tier),
        _text(get("processing")),
        _text(get("speed")),
        _text(get("inference_geo")),
        _text(region),
        _text(get("base_url")),
        _text(get("deployment_type")),
        *(_text(get(name)) for name in DETAILS),
    )


def _text(value: object) -> str | None:
    return value[:_LONGEST_WORD] if isinstance(value, str) else None


@lru_cache(maxsize=1024)
def _way(
    service_tier: str | None,
    processing: str | None,
    speed: str | None,
    inference_geo: str | None,
    region: str | None,
    base_url: str | None,
    deployment_type: str | None,
    *details: str | None,
) -> Way:
    tier, how = _word(service_tier), _word(processing)
    kind = None if deployment_type is None else _joined(deployment_type)
    if tier == "batch":
        tier, how = None, "batch"
    if kind is not None and "provisioned" in kind:
        tier = "provisioned"
    if kind is not None and kind.endswith("batch"):
        how = how or "batch"
    host = None if base_url is None else _host(base_url)
    vertex = _VERTEX_HOST.fullmatch(host) if host else None
    return Way(
        service_tier=tier,
        processing=how,
        speed=_word(speed),
        inference_geo=_word(inference_geo),
        region=_word(region) or (vertex.group(1) if vertex else None),
        host=host,
        deployment_type=kind,
        **dict(zip(DETAILS, map(_word, details), strict=True)),
    )


def _word(value: str | None) -> str | None:
    return None if value is None else value.strip().lower() or None


def _joined(value: str) -> str | None:
    return "".join(c for c in value.lower() if c.isalnum()) or None


def _host(base_url: str) -> str | None:
    """Its host, in lower case; the scheme may be left out."""
    base_url = base_url.strip()
    try:
        return urlsplit(base_url if "://" in base_url else f"//{base_url}").hostname
    except ValueError:
        return None


def _reported(book: Book, provider: str, extras: Mapping[str, Any]) -> Decimal | None:
    """The amount that the answer itself names, where the provider is known to bill just that."""
    amount = extras.get("reported_cost_usd")
    if amount is None or not _trusted(book, provider):
        return None
    return named(str(amount))


def _trusted(book: Book, provider: str) -> bool:
    told = book.terms.trust.get(provider)
    known = book.providers.get(provider)
    return told if told is not None else known is not None and known.trusts_reported_cost
