"""A line item as a sentence for people: ``1,920 cached input tokens × $1.25 / 1M = $0.0024``."""

from __future__ import annotations

from quotah_server.catalog.book import Book
from quotah_server.domain.event import LineItem
from quotah_server.domain.money import quantise, usd_text

_SHORT = {
    1_000: "1K",
    1_000_000: "1M",
    1_000_000_000: "1B",
    60: "min",
    3_600: "hour",
    3_600_000_000: "hour",
}


def sentence(item: LineItem, book: Book) -> str:
    """Say how an amount came about. The amount is shown to 1e-12 dollars at most."""
    unit = book.units.get(item.unit)
    name = unit.name if unit is not None else item.unit
    per = "" if item.per == 1 else f" / {_SHORT.get(item.per, f'{item.per:,}')}"
    amount = usd_text(quantise(item.amount_usd))
    return f"{item.quantity:,} {name} × ${usd_text(item.rate_usd)}{per} = ${amount}"
