"""What a plain call costs, in whole pico-dollars: the same sum as ``catalog.price``, without its
products shown.

A call is plain where nothing of it asks for a rule: list prices, one rate per unit for the whole day,
usage without flags. A rate per million tokens with six decimals or fewer is a whole number of
pico-dollars per token, so that nothing is to be rounded. Anything else is left to ``catalog.price``.
"""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from fractions import Fraction
from typing import cast

from quotah_server.catalog.book import Book
from quotah_server.catalog.plan import day_of
from quotah_server.catalog.price import way_of
from quotah_server.domain.call import Call
from quotah_server.domain.event import CostSplit
from quotah_server.domain.money import COST_LIMIT_USD, PICO_PER_USD
from quotah_server.domain.usage import Usage
from quotah_server.pipeline.split import part_of

_LIMIT = int(COST_LIMIT_USD) * PICO_PER_USD
_LONGEST = 300
"""Longer names are not kept: callers write them."""

Rates = dict[str, tuple[int, str]]
"""Unit → pico-dollars for one of it, and the part of a cost it belongs to. Empty: not plain."""


def quick_cost(
    book: Book, provider: str, call: Call, usage: Usage
) -> tuple[Decimal, CostSplit] | None:
    """Cost and what it went on, both to the last digit those of ``price`` and ``split_of``; None
    where those must be asked.

    provider: our name.
    """
    extras, at = call.extras, call.started_at
    model = call.model_response or call.model_requested
    where = extras.get("base_url")
    if (
        len(extras) > (where is not None)
        or usage.flags
        or usage.missing
        or usage.estimated
        or usage.inner
        or model is None
        or at.tzinfo is not UTC
        or book.terms.overrides
        or not isinstance(where, str | None)
    ):
        return None
    key = ("quick", provider, model, call.service_tier, call.region, where, at.toordinal())
    rates = book.base.resolved.get(key)
    if not isinstance(rates, dict):
        rates = _rates(book.base, provider, model, call)
        if sum(len(part) for part in key if isinstance(part, str)) <= _LONGEST:
            book.base.remember(key, rates)
    return _cost(cast("Rates", rates), usage) if rates else None


def _cost(rates: Rates, usage: Usage) -> tuple[Decimal, CostSplit] | None:
    total = 0
    parts: dict[str, int] = {}
    for unit, count in usage.units.items():
        if count:
            rate = rates.get(unit)
            if rate is None or count < 0:
                return None
            each, part = rate
            total += each * count
            parts[part] = parts.get(part, 0) + each * count
    if total >= _LIMIT:
        return None
    return _usd(total), CostSplit(**{part: _usd(pico) for part, pico in parts.items()})


def _usd(pico: int) -> Decimal:
    return Decimal(f"{pico}E-12")


def _rates(book: Book, provider: str, model: str, call: Call) -> Rates:
    way = way_of(call.service_tier, call.region, call.extras)
    starts = day_of(book, provider, model, way, call.started_at.date()).starts
    plan = starts[0][1]
    if len(starts) > 1 or plan.reason or plan.tiered or plan.per_request or plan.minimum:
        return {}
    found: Rates = {}
    for unit, charge in plan.charges.items():
        pico = Fraction(charge.rate_usd) * PICO_PER_USD / charge.per
        if pico.denominator == 1:
            found[unit] = (pico.numerator, part_of(unit))
    return found
