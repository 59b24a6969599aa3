"""Bedrock's usage objects → disjoint units.

``inputTokens`` counts neither what was read from a cache nor what was written to one; ``totalTokens``
counts everything. Source: ``TokenUsage`` and ``CacheDetail`` in
https://docs.aws.amazon.com/bedrock/latest/APIReference/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import (
    CACHE_READ,
    CACHE_WRITE_1H,
    CACHE_WRITE_5M,
    INPUT,
    INPUT_AUDIO,
    NOT_BILLED,
    OUTPUT,
    OUTPUT_AUDIO,
    Usage,
)
from quotah_server.providers.bedrock.shapes import INVOCATION_METRICS
from quotah_server.providers.counts import Counts, Raw, items, missing, text

IMAGE = "image"
_READ = ("cacheReadInputTokens", "cacheReadInputTokenCount")
_WRITE = ("cacheWriteInputTokens", "cacheWriteInputTokenCount")
_KNOWN = frozenset({"inputTokens", "outputTokens", "totalTokens", *_READ, *_WRITE})
_WRITES_BY_TTL = {"5m": CACHE_WRITE_5M, "1h": CACHE_WRITE_1H}
_MAX_DIGITS = 16


def read_usage(operation: str, raw: Raw | None, extras: Mapping[str, Any]) -> Usage:
    """Units of one answer. extras: ``image``, how many were made."""
    counts = Counts()
    if operation == "count_tokens":
        counted = counts.first(raw or {}, "inputTokens", "input_tokens")
        units = {} if counted is None else {INPUT: counted}
        return Usage(units=units, missing=counted is None, flags=(NOT_BILLED, *counts.flags))
    images = counts.read(extras, IMAGE)
    units = {IMAGE: images} if images else {}
    if raw is not None:
        units.update(_tokens(counts, raw))
    return counts.usage(units) if units or raw is not None else missing(*counts.flags)


def _tokens(counts: Counts, raw: Raw) -> dict[str, int]:
    if "inputTokens" in raw or "outputTokens" in raw:
        return _conversed(counts, raw)
    if "usageEvent" in raw:
        return _spoken(counts, counts.part(raw, "usageEvent"))
    if INVOCATION_METRICS in raw:
        told = counts.part(raw, INVOCATION_METRICS)
        return _plain(
            counts.read(told, "inputTokenCount"),
            counts.read(told, "outputTokenCount"),
            counts.read(told, _READ[1]),
            counts.read(told, _WRITE[1]),
        )
    if "headers" in raw:
        told = {name: _number(value) for name, value in counts.part(raw, "headers").items()}
        return _plain(
            counts.read(told, "input-token-count"),
            counts.read(told, "output-token-count"),
            counts.read(told, "cache-read-input-token-count"),
            counts.read(told, "cache-write-input-token-count"),
        )
    written = counts.first(raw, "generation_token_count", "totalOutputTextTokenCount")
    results = [counts.read(result, "tokenCount") for result in items(raw, "results")]
    if written is None and results:
        written = sum(count or 0 for count in results)
    return _plain(counts.first(raw, "prompt_token_count", "inputTextTokenCount"), written)


def _plain(
    fresh: int | None, written: int | None, read: int | None = None, stored: int | None = None
) -> dict[str, int]:
    found = {INPUT: fresh, CACHE_READ: read, CACHE_WRITE_5M: stored, OUTPUT: written}
    return {unit: count for unit, count in found.items() if count is not None}


def _conversed(counts: Counts, raw: Raw) -> dict[str, int]:
    counts.unknown(raw, _KNOWN)
    fresh, written = counts.read(raw, "inputTokens"), counts.read(raw, "outputTokens")
    read = counts.first(raw, *_READ)
    stored = _cache_writes(counts, raw)
    units = _plain(fresh, written, read)
    units.update(stored)
    total = counts.read(raw, "totalTokens")
    uncached = (fresh or 0) + (written or 0)
    if total and total not in (uncached, uncached + (read or 0) + sum(stored.values())):
        counts.flag("contradiction:totalTokens")
    return units


def _cache_writes(counts: Counts, raw: Raw) -> dict[str, int]:
    """By lifetime. What the details do not cover is taken for five minutes, and flagged."""
    total = counts.first(raw, *_WRITE)
    units: dict[str, int] = {}
    for detail in items(raw, "cacheDetails"):
        ttl = text(detail, "ttl") or ""
        unit = _WRITES_BY_TTL.get(ttl)
        if unit is None:
            counts.flag(f"unknown_unit:cache_ttl.{ttl}")
            unit = CACHE_WRITE_5M
        units[unit] = units.get(unit, 0) + (counts.read(detail, "inputTokens") or 0)
    if total is None:
        return units
    uncovered = counts.rest(total, sum(units.values()), "cacheDetails")
    if uncovered:
        counts.flag("cache_ttl_unknown")
    units[CACHE_WRITE_5M] = units.get(CACHE_WRITE_5M, 0) + uncovered
    return units


def _spoken(counts: Counts, event: Raw) -> dict[str, int]:
    """Nova Sonic's running totals: speech and text each way."""
    total = counts.part(counts.part(event, "details"), "total")
    heard, said = counts.part(total, "input"), counts.part(total, "output")
    found = {
        INPUT: counts.read(heard, "textTokens"),
        INPUT_AUDIO: counts.read(heard, "speechTokens"),
        OUTPUT: counts.read(said, "textTokens"),
        OUTPUT_AUDIO: counts.read(said, "speechTokens"),
    }
    units = {unit: count for unit, count in found.items() if count is not None}
    if units:
        return units
    return _plain(counts.read(event, "totalInputTokens"), counts.read(event, "totalOutputTokens"))


def _number(value: object) -> object:
    """A header's digits as a number; anything else as it came, to be refused."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < _MAX_DIGITS:
        return int(value)
    return value
