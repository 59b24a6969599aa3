"""Dollars that a provider names itself, from JSON to exact text."""

from __future__ import annotations

from decimal import Context, Decimal

from quotah_server.domain.money import named, usd_text
from quotah_server.providers.counts import Raw

_EXACT = Context(prec=60)


def amount(raw: Raw, field: str) -> Decimal | None:
    """The number in a field, as it was written; None when it is absent or no believable amount.

    A reader of JSON that knows no decimals has made it a double: its shortest text that reads back
    as the same double is what was written, up to 15 digits.
    """
    value = raw.get(field)
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        return None
    return named(str(value))


def scaled(ticks: int, digits: int) -> str:
    """``ticks / 10**digits`` dollars as text, exactly."""
    return usd_text(Decimal(ticks).scaleb(-digits, context=_EXACT))


def total(*amounts: Decimal | None) -> str | None:
    """The sum of what is known, as text; None when nothing is."""
    known = [one for one in amounts if one is not None]
    if not known:
        return None
    found = Decimal(0)
    for one in known:
        found = _EXACT.add(found, one)
    return usd_text(found)
