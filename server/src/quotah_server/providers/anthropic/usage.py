"""Anthropic's usage object → disjoint units.

``input_tokens`` counts neither cache reads nor writes. The beta field ``iterations`` splits an
answer into its inner calls; compaction is billed and stands nowhere else. An inner call answered by
another model cannot be priced at this model's rates: it is flagged and the event stays unpriced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import (
    CACHE_READ,
    CACHE_WRITE_1H,
    CACHE_WRITE_5M,
    INPUT,
    OUTPUT,
    REASONING,
    WEB_SEARCH,
    Usage,
)
from quotah_server.providers.counts import Counts, Raw, items, missing, text

NOT_BILLED = "not_billed"
PARTIAL = "usage_partial"
"""Extras key: the stream broke off before its final counts; the output count is a first guess."""
_KNOWN_TOOLS = frozenset({"web_search_requests", "web_fetch_requests", "tool_search_requests"})


def read_usage(operation: str, raw: Raw | None, extras: Mapping[str, Any]) -> Usage:
    """Units of one answer."""
    counts = Counts()
    if operation == "count_tokens":
        counted = counts.read(raw or extras, "input_tokens")
        units = {} if counted is None else {INPUT: counted}
        return Usage(units=units, missing=counted is None, flags=(NOT_BILLED, *counts.flags))
    if raw is None:
        return missing()
    inner = items(raw, "iterations")
    parts = inner or [raw]
    total: Counter[str] = Counter()
    for part in parts:
        total.update(_tokens(counts, part))
    if not total and not counts.flags:
        return missing("unknown_usage")
    if inner:
        _check_models(counts, inner, extras)
    tools = counts.part(raw, "server_tool_use")
    counts.unknown(tools, _KNOWN_TOOLS, "server_tool_use.")
    found = dict(total)
    if searches := counts.read(tools, "web_search_requests"):
        found[WEB_SEARCH] = searches
    return counts.usage(found, estimated=bool(extras.get(PARTIAL)))


def _tokens(counts: Counts, raw: Raw) -> dict[str, int]:
    fresh, output = counts.read(raw, "input_tokens"), counts.read(raw, "output_tokens")
    if fresh is None and output is None:
        return {}
    units = {} if fresh is None else {INPUT: fresh}
    units[CACHE_READ] = counts.read(raw, "cache_read_input_tokens") or 0
    units.update(_cache_writes(counts, raw))
    if output is not None:
        details = counts.part(raw, "output_tokens_details")
        thinking = counts.read(details, "thinking_tokens")
        units[OUTPUT] = counts.rest(output, thinking or 0, "thinking_exceeds_output")
        if thinking is not None:
            units[REASONING] = thinking
    return units


def _cache_writes(counts: Counts, raw: Raw) -> dict[str, int]:
    """By lifetime. What the split does not cover is taken for five minutes, and flagged."""
    split = counts.part(raw, "cache_creation")
    short = counts.read(split, "ephemeral_5m_input_tokens", "cache_creation.") or 0
    long = counts.read(split, "ephemeral_1h_input_tokens", "cache_creation.") or 0
    total = counts.read(raw, "cache_creation_input_tokens")
    if total is None:
        total = short + long
    uncovered = counts.rest(total, short + long, "cache_creation_exceeds_total")
    if uncovered:
        counts.flag("cache_ttl_unknown")
    units = {CACHE_WRITE_5M: short + uncovered}
    return {**units, CACHE_WRITE_1H: long} if long else units


def _check_models(counts: Counts, inner: list[Raw], extras: Mapping[str, Any]) -> None:
    answered_by = text(extras, "model")
    names = {model for part in inner if (model := text(part, "model"))}
    own = {answered_by} if answered_by else _main_models(inner)
    for other in sorted(names - own):
        counts.flag(f"other_model:{other}")


def _main_models(inner: list[Raw]) -> set[str]:
    return {m for part in inner if part.get("type") == "message" and (m := text(part, "model"))}
