"""What a cost went on: its line items as five sums that make up the cost to the last digit."""

from __future__ import annotations

from decimal import Decimal

from quotah_server.domain.event import CostSplit, Price
from quotah_server.domain.money import add, quantise
from quotah_server.domain.usage import (
    CACHE_READ_UNITS,
    CACHE_WRITE_UNITS,
    INPUT_UNITS,
    OUTPUT_UNITS,
)

OTHER = "other"
_PART = {
    **dict.fromkeys(INPUT_UNITS, "input"),
    **dict.fromkeys(OUTPUT_UNITS, "output"),
    **dict.fromkeys(CACHE_READ_UNITS, "cache_read"),
    **dict.fromkeys(CACHE_WRITE_UNITS, "cache_write"),
}
"""Unit of tokens → the part of the cost it belongs to; whatever is not tokens is other."""
_NOTHING = CostSplit()


def part_of(unit: str) -> str:
    """The part of a cost that a unit belongs to."""
    return _PART.get(unit, OTHER)


def split_of(price: Price) -> CostSplit | None:
    """Split a price; None where there is none.

    Each part is quantised by itself; what that leaves over or takes too much goes to the largest.
    """
    cost = price.cost_usd
    if cost is None:
        return None
    parts: dict[str, Decimal] = {}
    # A cost that the provider named is not the sum of anything we know.
    for item in price.items if price.status != "reported" else ():
        part = part_of(item.unit)
        had = parts.get(part)
        parts[part] = item.amount_usd if had is None else add(had, item.amount_usd)
    if not parts:
        return CostSplit(other=cost) if cost else _NOTHING
    exact = {part: quantise(amount) for part, amount in parts.items()}
    left = cost - sum(exact.values())
    if left:
        largest = max(exact, key=lambda part: exact[part])
        exact[largest] += left
    return CostSplit(**exact)
