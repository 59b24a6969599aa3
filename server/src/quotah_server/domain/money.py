"""Money: Decimal dollars, integer pico-dollars in counters, never a float.

A cost is quantised once per event, half-even, to 1e-12 USD; sums of costs are exact.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

QUANTUM = Decimal("1e-12")
PICO_PER_USD = 10**12
COST_LIMIT_USD = Decimal(1_000_000)
"""An event of this much or more is not believed (DECIMAL(18,12) holds less)."""

_FINEST = Decimal("1e-30")
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def quantise(amount_usd: Decimal) -> Decimal:
    """Round dollars to 1e-12, half-even."""
    return amount_usd.quantize(QUANTUM, context=_CONTEXT)


def to_pico(amount_usd: Decimal) -> int:
    """Turn quantised dollars into integer pico-dollars, exactly."""
    return int(quantise(amount_usd).scaleb(12, context=_CONTEXT))


def from_pico(pico_usd: int) -> Decimal:
    """Turn integer pico-dollars into dollars, exactly."""
    return Decimal(pico_usd).scaleb(-12, context=_CONTEXT)


def named(text: str) -> Decimal | None:
    """The cost that somebody named, in dollars; None for no number, less than 0, or more than is believed.

    It is exact to 1e-30: written out, ``1e-999999`` would be a megabyte of zeros.
    """
    try:
        found = Decimal(text)
    except ArithmeticError:
        return None
    if not (found.is_finite() and 0 <= found < COST_LIMIT_USD):
        return None
    found = found.quantize(_FINEST, context=_CONTEXT).normalize(_CONTEXT)
    return found.copy_abs() if quantise(found) < COST_LIMIT_USD else None


def usd_text(amount_usd: Decimal) -> str:
    """Render dollars for JSON: plain notation, no exponent, no trailing zeros."""
    text = format(amount_usd, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def product(left_usd: Decimal, factor: Decimal) -> Decimal:
    """Multiply dollars by a factor, without the rounding of the default context."""
    return _CONTEXT.multiply(left_usd, factor)


def share(rate_usd: Decimal, quantity: int, per: int) -> Decimal:
    """``rate_usd × quantity / per``, to 60 digits: exact wherever the quotient ends."""
    return _CONTEXT.divide(_CONTEXT.multiply(rate_usd, Decimal(quantity)), Decimal(per))


def add(left_usd: Decimal, right_usd: Decimal) -> Decimal:
    """Add dollars without the rounding of the default context."""
    return _CONTEXT.add(left_usd, right_usd)


def ratio(amount_usd: Decimal, of_usd: Decimal) -> Decimal:
    """``amount_usd / of_usd``, to 60 digits."""
    return _CONTEXT.divide(amount_usd, of_usd)
