"""Anthropic's usage object → disjoint units.

``input_tokens`` counts neither cache reads nor writes. ``iterations`` is the record of what is billed
where an answer took several model calls (compaction, advice, a fallback to another model): the totals
beside it describe one of them. Each is billed at its own model's rates, by its own size.
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
    NOT_BILLED,
    OUTPUT,
    REASONING,
    WEB_SEARCH,
    InnerUsage,
    Usage,
)
from quotah_server.providers.counts import Counts, Raw, items, missing, text

PARTIAL = "usage_partial"
"""Extras key: the stream broke off before its final counts; the output count is a first guess."""
REFUSED = "refused"
"""Extras key: the answer is a refusal. One that comes before any output is counted and not charged."""
_KNOWN_TOOLS = frozenset(
    {"web_search_requests", "web_fetch_requests", "tool_search_requests", "code_execution_requests"}
)
"""Fetching pages and searching tools is free beyond its tokens."""
_KNOWN_TOKENS = frozenset(
    {"input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"}
)
_KNOWN_LIFETIMES = frozenset({"ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"})
_ATTEMPTS = ("message", "fallback_message")


def read_usage(operation: str, raw: Raw | None, extras: Mapping[str, Any]) -> Usage:
    """Units of one answer."""
    counts = Counts()
    if operation == "count_tokens":
        counted = counts.read(raw or extras, "input_tokens")
        units = {} if counted is None else {INPUT: counted}
        return Usage(units=units, missing=counted is None, flags=(NOT_BILLED, *counts.flags))
    if raw is None:
        return missing(NOT_BILLED) if extras.get(REFUSED) is True else missing()
    refused = extras.get(REFUSED) is True
    inner = _inner(counts, raw, refused=refused) if raw.get("iterations") else ()
    if inner:
        total: Counter[str] = Counter()
        for part in inner:
            total.update(part.units)
        found = dict(total)
    else:
        found = _tokens(counts, raw)
        if refused and found.get(OUTPUT) == 0 and not found.get(REASONING):
            counts.flag(NOT_BILLED)
    if not found and not counts.flags:
        return missing("unknown_usage")
    if not extras.get(PARTIAL):
        counts.halves(found.get(INPUT), found.get(OUTPUT))
    if raw.get("server_tool_use"):
        found.update(_tools(counts, raw))
    usage = counts.usage(found, estimated=bool(extras.get(PARTIAL)))
    if len(inner) > 1 or any(part.model for part in inner):
        return Usage(usage.units, usage.missing, usage.estimated, usage.flags, inner)
    return usage


def _inner(counts: Counts, raw: Raw, *, refused: bool) -> tuple[InnerUsage, ...]:
    """The metered calls that an answer tells apart.

    One that was declined before it said anything is not charged.
    """
    iterations = items(raw, "iterations")
    charged = [
        part for number, part in enumerate(iterations)
        if not _declined(counts, part, iterations[number + 1 :], refused=refused)
    ]  # fmt: skip
    if iterations and not charged:
        counts.flag(NOT_BILLED)
    return tuple(
        InnerUsage(units, text(part, "model"))
        for part in charged or iterations
        if (units := _tokens(counts, part))
    )


def _declined(counts: Counts, part: Raw, later: list[Raw], *, refused: bool) -> bool:
    kind = text(part, "type") or "message"
    if kind == "advisor_message" and text(part, "model") is None:
        counts.flag("other_model:advisor")
    if kind not in _ATTEMPTS or counts.read(part, "output_tokens") != 0:
        return False
    retried = any(text(other, "type") == "fallback_message" for other in later)
    return retried or (refused and not later)


def _tokens(counts: Counts, raw: Raw) -> dict[str, int]:
    fresh, output = counts.read(raw, "input_tokens"), counts.read(raw, "output_tokens")
    if fresh is None and output is None:
        return {}
    counts.unknown_tokens(raw, _KNOWN_TOKENS)
    units = {} if fresh is None else {INPUT: fresh}
    units[CACHE_READ] = counts.read(raw, "cache_read_input_tokens") or 0
    units.update(_cache_writes(counts, raw))
    if output is not None:
        thinking = None
        if raw.get("output_tokens_details") is not None:
            details = counts.part(raw, "output_tokens_details")
            thinking = counts.read(details, "thinking_tokens")
        units[OUTPUT] = counts.rest(output, thinking or 0, "thinking_exceeds_output")
        if thinking is not None:
            units[REASONING] = thinking
    return units


def _cache_writes(counts: Counts, raw: Raw) -> dict[str, int]:
    """By lifetime. What the split does not cover is taken for five minutes, and flagged."""
    total = counts.read(raw, "cache_creation_input_tokens")
    if not total and not raw.get("cache_creation"):
        return {CACHE_WRITE_5M: 0}
    split = counts.part(raw, "cache_creation")
    counts.unknown(split, _KNOWN_LIFETIMES, "cache_creation.")
    short = counts.read(split, "ephemeral_5m_input_tokens", "cache_creation.") or 0
    long = counts.read(split, "ephemeral_1h_input_tokens", "cache_creation.") or 0
    if total is None:
        total = short + long
    uncovered = counts.rest(total, short + long, "cache_creation_exceeds_total")
    if uncovered:
        counts.flag("cache_ttl_unknown")
    units = {CACHE_WRITE_5M: short + uncovered}
    return {**units, CACHE_WRITE_1H: long} if long else units


def _tools(counts: Counts, raw: Raw) -> dict[str, int]:
    """Searches are billed by the request; running code by the hour, beyond an allowance of the
    organisation's, which no answer tells of.
    """
    tools = counts.part(raw, "server_tool_use")
    counts.unknown(tools, _KNOWN_TOOLS, "server_tool_use.")
    if counts.read(tools, "code_execution_requests"):
        counts.flag("code_execution_time_unknown")
    searches = counts.read(tools, "web_search_requests")
    return {WEB_SEARCH: searches} if searches else {}
