"""What a span counted → disjoint units.

The convention: input tokens hold what was read from and written to a cache, output tokens hold
reasoning. Libraries that pass a provider's exclusive counts through do otherwise; which it is, is
decided in this order: the library is known to; the input is smaller than its cached parts; the total
is the sum of all parts. Else the convention holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from quotah_server.domain.usage import (
    CACHE_READ,
    CACHE_READ_AUDIO,
    CACHE_READ_IMAGE,
    CACHE_WRITE_1H,
    CACHE_WRITE_5M,
    CACHE_WRITE_30M,
    INPUT,
    INPUT_AUDIO,
    INPUT_IMAGE,
    OUTPUT,
    OUTPUT_AUDIO,
    OUTPUT_IMAGE,
    REASONING,
    WEB_SEARCH,
    Usage,
)
from quotah_server.providers.counts import Counts, Raw, missing, text
from quotah_server.providers.otel import names

REPEATS = "repeats_calls_below"
"""Extras key, and flag: an agent, a chain or a root, whose counts are those of the calls below it."""
UNTOLD_OUTPUT = "output_untold"
"""Extras key: a call that generates and tells of no output; its input alone is not its price."""
SCOPE, PROVIDER = "otel.scope.name", "provider"
"""Keys that stand beside the counts: the library, and the provider as it calls it."""
_EXCLUSIVE_SCOPES = ("opentelemetry.instrumentation.bedrock", "@traceloop/instrumentation-bedrock")
_WITHOUT_CACHE = "opentelemetry.instrumentation.openai_v2"
_VERCEL, _VERCEL_DETAILS = "ai.usage.", "ai.usage.inputTokenDetails."
_PASSED_THROUGH = ("anthropic", "bedrock")
_CACHED_30M = ("openai", "azure", "az.ai")


class _Told(NamedTuple):
    """The counts of a span as it tells them; None where it does not."""

    input: int | None
    output: int | None
    total: int | None
    read: int
    write: int


def read_usage(raw: Raw | None, extras: Mapping[str, Any]) -> Usage:
    """Units of one span. extras: ``repeats_calls_below``, ``output_untold``."""
    if raw is None:
        return missing()
    counts = Counts()
    if extras.get(REPEATS):
        counts.flag(REPEATS)
    if any(field.startswith(names.LANGFUSE_USAGE) for field in raw):
        return _langfuse(counts, raw)
    told = _Told(
        _count(counts, raw, names.INPUT),
        _count(counts, raw, names.OUTPUT),
        _count(counts, raw, names.TOTAL),
        _count(counts, raw, names.CACHE_READ) or 0,
        0,
    )
    writes = _writes(counts, raw)
    told = told._replace(write=sum(writes.values()))
    if told.input is None and told.output is None:
        return counts.usage({})
    whole = _whole_input(counts, raw, told)
    untold = told.input is None or (extras.get(UNTOLD_OUTPUT) and told.total != whole)
    if untold and not extras.get(REPEATS):
        counts.halves(told.input, told.output)
    units = {**_input(counts, raw, told, writes, whole), **_output(counts, raw, told, whole)}
    if searches := _count(counts, raw, names.WEB_SEARCH):
        units[WEB_SEARCH] = searches
    if (text(raw, SCOPE) or "").startswith(_WITHOUT_CACHE) and CACHE_READ not in units:
        counts.flag("cache_unknown")
    return counts.usage(units)


def _count(counts: Counts, raw: Raw, fields: tuple[str, ...]) -> int | None:
    for field in fields:
        if raw.get(field) is not None:
            return counts.read_number(raw, field)
    return None


def _writes(counts: Counts, raw: Raw) -> dict[str, int]:
    """By lifetime, where it is told; else by the one that the provider's caches have."""
    total = _count(counts, raw, names.CACHE_WRITE)
    short = _count(counts, raw, names.CACHE_WRITE_5M) or 0
    long = _count(counts, raw, names.CACHE_WRITE_1H) or 0
    if total is None and not short and not long:
        return {}
    rest = max((total or 0) - short - long, 0)
    provider = (text(raw, PROVIDER) or "").lower()
    if provider.startswith(_CACHED_30M):
        return {CACHE_WRITE_30M: rest + short}
    if rest:
        counts.flag("cache_ttl_unknown")
    units = {CACHE_WRITE_5M: short + rest}
    return {**units, CACHE_WRITE_1H: long} if long else units


def _exclusive(raw: Raw, told: _Told) -> bool:
    cached = told.read + told.write
    given = told.input or 0
    if not cached or given < cached:
        return bool(cached)
    if (text(raw, SCOPE) or "").startswith(_EXCLUSIVE_SCOPES):
        return True
    vercel = any(field.startswith(_VERCEL) for field in raw)
    if vercel and not any(field.startswith(_VERCEL_DETAILS) for field in raw):
        provider = (text(raw, PROVIDER) or "").lower()
        return any(word in provider for word in _PASSED_THROUGH)
    return told.total == given + (told.output or 0) + cached


def _whole_input(counts: Counts, raw: Raw, told: _Told) -> int:
    cached, given = told.read + told.write, told.input or 0
    uncached = _count(counts, raw, names.UNCACHED)
    if uncached is not None:
        return uncached + cached
    return given + cached if _exclusive(raw, told) else given


def _input(
    counts: Counts, raw: Raw, told: _Told, writes: dict[str, int], whole: int
) -> dict[str, int]:
    if told.input is None:
        return {}
    read_audio = _count(counts, raw, names.CACHE_READ_AUDIO) or 0
    read_image = _count(counts, raw, names.CACHE_READ_IMAGE) or 0
    audio = _count(counts, raw, names.INPUT_AUDIO) or 0
    image = _count(counts, raw, names.INPUT_IMAGE) or 0
    parts = {
        CACHE_READ_AUDIO: read_audio,
        CACHE_READ_IMAGE: read_image,
        INPUT_AUDIO: counts.rest(audio, read_audio, "cached_audio_exceeds_audio"),
        INPUT_IMAGE: counts.rest(image, read_image, "cached_image_exceeds_image"),
    }
    units: dict[str, int] = {}
    if any(raw.get(field) is not None for field in names.CACHE_READ):
        units[CACHE_READ] = counts.rest(told.read, read_audio + read_image, "cached_modalities")
    units.update(writes)
    units.update({unit: count for unit, count in parts.items() if count})
    return {INPUT: counts.rest(whole, sum(units.values()), "details_exceed_input"), **units}


def _output(counts: Counts, raw: Raw, told: _Told, whole_input: int) -> dict[str, int]:
    if told.output is None:
        return {}
    reasoning = _count(counts, raw, names.REASONING)
    thought = reasoning or 0
    audio = _count(counts, raw, names.OUTPUT_AUDIO) or 0
    image = _count(counts, raw, names.OUTPUT_IMAGE) or 0
    whole = told.output
    beside = told.total == whole_input + told.output + thought
    if thought > told.output or (thought and beside):
        whole += thought
    units = {OUTPUT: counts.rest(whole, thought + audio + image, "details_exceed_output")}
    if reasoning is not None:
        units[REASONING] = thought
    units.update({u: n for u, n in ((OUTPUT_AUDIO, audio), (OUTPUT_IMAGE, image)) if n})
    return units


_LANGFUSE = {
    "input": INPUT, "input_tokens": INPUT, "prompt_tokens": INPUT, "promptTokens": INPUT,
    "output": OUTPUT, "output_tokens": OUTPUT, "completion_tokens": OUTPUT,
    "completionTokens": OUTPUT,
    "input_cached_tokens": CACHE_READ, "cache_read_input_tokens": CACHE_READ,
    "input_cache_read": CACHE_READ, "cache_read": CACHE_READ,
    "cache_creation_input_tokens": CACHE_WRITE_5M, "input_cache_creation": CACHE_WRITE_5M,
    "cache_write": CACHE_WRITE_5M,
    "output_reasoning_tokens": REASONING, "reasoning": REASONING,
    "input_audio_tokens": INPUT_AUDIO, "output_audio_tokens": OUTPUT_AUDIO,
}  # fmt: skip


def _langfuse(counts: Counts, raw: Raw) -> Usage:
    """Langfuse's usage details: each of them is apart from the others, unless the total says not."""
    units: dict[str, int] = {}
    total: int | None = None
    for field in raw:
        name = field.rpartition(".")[2]
        if not field.startswith(names.LANGFUSE_USAGE):
            continue
        count = counts.read_number(raw, field)
        unit = _LANGFUSE.get(name)
        if name == "total":
            total = count
        elif unit is not None and count is not None:
            units[unit] = count
        elif count and unit is None:
            counts.flag(f"unknown_unit:{name}")
    told = units.get(INPUT, 0) + units.get(OUTPUT, 0)
    if total is not None and total == told and total != sum(units.values()):
        inside = [unit for unit in units if unit not in (INPUT, OUTPUT, REASONING, OUTPUT_AUDIO)]
        beside = [unit for unit in units if unit in (REASONING, OUTPUT_AUDIO)]
        cached = sum(units[unit] for unit in inside)
        units[INPUT] = counts.rest(units.get(INPUT, 0), cached, "details_exceed_input")
        spoken = sum(units[unit] for unit in beside)
        units[OUTPUT] = counts.rest(units.get(OUTPUT, 0), spoken, "details_exceed_output")
    return counts.usage(units)
