"""Cohere's billed units → disjoint units.

``billed_units`` is what is charged; ``tokens`` also counts what Cohere puts around a prompt by itself
and is charged to nobody. Source: https://docs.cohere.com/docs/how-does-cohere-pricing-work and the
types of Cohere's SDK, where every count is a float.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import (
    CACHE_READ,
    INPUT,
    INPUT_IMAGE,
    OUTPUT,
    SEARCH_UNIT,
    Usage,
)
from quotah_server.providers.counts import Counts, Raw, missing

CHAT = "cohere_chat"
IMAGE = "image"
CLASSIFICATION = "classification"
_UNITS = {
    "input_tokens": INPUT,
    "output_tokens": OUTPUT,
    "search_units": SEARCH_UNIT,
    "image_tokens": INPUT_IMAGE,
    "images": IMAGE,
    "classifications": CLASSIFICATION,
}
_PLAIN = (INPUT, OUTPUT, CACHE_READ)
"""Units that are told even where they are zero."""


def read_usage(operation: str, raw: Raw | None, extras: Mapping[str, Any]) -> Usage:  # noqa: ARG001 - part of the protocol
    """Units of one answer."""
    if raw is None:
        return missing()
    counts = Counts()
    billed = counts.part(raw, "billed_units")
    if not billed and (consumed := counts.part(raw, "tokens")):
        counts.flag("billed_units_missing")
        billed = consumed
    units: dict[str, int] = {}
    for field, unit in _UNITS.items():
        count = counts.read_number(billed, field, "billed_units.")
        if count is not None:
            units[unit] = count
    for field, value in billed.items():
        if field not in _UNITS and value:
            counts.flag(f"unknown_unit:billed_units.{field}")
    if operation == CHAT:
        counts.halves(units.get(INPUT), units.get(OUTPUT))
    if units.get(INPUT_IMAGE):
        units.pop(IMAGE, None)
    units.update(_cached(counts, raw, units.get(INPUT)))
    told = {unit: n for unit, n in units.items() if n or unit in _PLAIN}
    return counts.usage(told or units)


def _cached(counts: Counts, raw: Raw, billed: int | None) -> dict[str, int]:
    """Prompt tokens that came from the cache. They are counted among the consumed ones, of which
    only a part is billed: what exceeds that part is free anyway.
    """
    cached = counts.read_number(raw, "cached_tokens")
    if cached is None or billed is None:
        return {}
    if cached > billed:
        counts.flag("cached_beyond_billed")
    read = min(cached, billed)
    return {INPUT: billed - read, CACHE_READ: read}
