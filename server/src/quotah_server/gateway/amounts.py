"""JSON read without the rounding of a double, for providers whose answers name dollars as numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec


def _as_written(text: str) -> float | str:
    """A number that a double holds as it was written; else its text."""
    double = float(text)
    return double if Decimal(repr(double)) == Decimal(text) else text


exact_value = msgspec.json.Decoder(float_hook=_as_written)
exact_object = msgspec.json.Decoder(dict[str, Any], float_hook=_as_written)
