"""Units × rates, added up with every product shown: one plan for each part of a call."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from quotah_server.catalog.book import Unit
from quotah_server.catalog.plan import Charge, Plan
from quotah_server.domain.event import LineItem, Price
from quotah_server.domain.money import COST_LIMIT_USD, add, quantise, share
from quotah_server.domain.usage import INPUT_CHARACTER, INPUT_UNITS, REQUEST, Usage

WITHIN_ALLOWANCE = "within the free allowance"
_METERED = {
    INPUT_CHARACTER: ": where speech is billed by tokens, stream_format=sse tells them",
    "image": ": where images are billed by tokens, the answer's usage tells them",
}
"""Units of a request that are known where its tokens are not."""
_ZERO = Decimal(0)


class Part(msgspec.Struct, frozen=True):
    """What is priced by itself: an inner call, or what the call holds beyond them.

    model: None where it is the call's own. inner: not the call itself, which a fee per request is for.
    """

    units: Mapping[str, int]
    model: str | None = None
    inner: bool = False


Tally = tuple[list[LineItem], Decimal]
"""The items of a call or of a part of it, and their exact sum."""


def parts_of(usage: Usage) -> list[Part]:
    """A call's inner calls, and what is left; a negative rest where they exceed the whole."""
    rest = dict(usage.units)
    for inner in usage.inner:
        for unit, count in inner.units.items():
            rest[unit] = rest.get(unit, 0) - count
    own = {unit: count for unit, count in rest.items() if count}
    return [*(Part(part.units, part.model, inner=True) for part in usage.inner), Part(own)]


def unpriced(version: str, reason: str) -> Price:
    """No price, and why."""
    return Price("unpriced", None, (), version, reason)


def tally(plan: Plan, part: Part, free: Mapping[str, Unit], named: str = "") -> Tally | str:
    """The items of a part and their exact sum, or why it has no price.

    free: the units that lie within a free allowance. named: the model to put on the items.
    """
    if plan.reason:
        return plan.reason
    units = part.units
    if plan.per_request and not part.inner and REQUEST not in units:
        units = {**units, REQUEST: 1}
    size = _size(units) if plan.tiered else 0
    items: list[LineItem] = []
    cost = _ZERO
    for unit, count in units.items():
        if count == 0:
            continue
        if count < 0:
            return f"the reported usage cannot be trusted: inner calls exceed the whole in {unit}"
        if unit in free:
            per = free[unit].per
            items.append(LineItem(unit, count, _ZERO, per, _ZERO, WITHIN_ALLOWANCE, named))
            continue
        charge = plan.charges.get(unit)
        if charge is None:
            whose = f" in {plan.whose}" if plan.whose else _METERED.get(unit, "")
            return f"no rate known for {unit}{whose}"
        billed, rule = count, charge.rule
        if plan.minimum and count < plan.minimum.get(unit, 0):
            billed, rule = plan.minimum[unit], f"{rule}, the least billed"
        rate = _rate(charge, size) if charge.above else charge.rate_usd
        amount = share(rate, billed, charge.per)
        items.append(LineItem(unit, billed, rate, charge.per, amount, rule, named))
        cost = add(cost, amount)
    return items, cost


def _size(units: Mapping[str, int]) -> int:
    """Total input tokens, cached ones included: what tiers go by."""
    return sum([units[name] for name in INPUT_UNITS if name in units])


def _rate(charge: Charge, size: int) -> Decimal:
    rate = charge.rate_usd
    for start, higher in charge.above:
        if size > start:
            rate = higher
    return rate


def summed(version: str, usage: Usage, items: list[LineItem], cost: Decimal) -> Price:
    """The price of a call whose parts all have one: quantised once."""
    if quantise(cost) >= COST_LIMIT_USD:
        return unpriced(version, f"a cost of ${cost:f} for one call is not believed")
    unknown = next((flag for flag in usage.flags if flag.startswith("unknown_unit:")), "")
    reason = f"usage holds a unit we do not know: {unknown.partition(':')[2]}" if unknown else ""
    if usage.estimated:
        reason = reason or "token counts are estimated: the provider did not report them all"
        return Price("estimated", quantise(cost), tuple(items), version, reason)
    return Price("computed", quantise(cost), tuple(items), version, reason)
