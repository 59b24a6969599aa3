"""OpenAI's usage object → disjoint units. Its totals are inclusive: details are parts of them.

One reader for all of its shapes, which differ in names only: ``prompt_tokens`` (chat, completions,
embeddings), ``input_tokens`` with ``input_tokens_details`` (responses, images) or
``input_token_details`` (realtime, transcription), and a plain duration.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from quotah_server.domain.usage import (
    CACHE_READ,
    CACHE_READ_AUDIO,
    CACHE_READ_IMAGE,
    CACHE_WRITE_12H,
    CACHE_WRITE_30M,
    CODE_CONTAINER,
    FILE_SEARCH,
    INPUT,
    INPUT_AUDIO,
    INPUT_IMAGE,
    MAX_COUNT,
    OUTPUT,
    OUTPUT_AUDIO,
    OUTPUT_IMAGE,
    REASONING,
    WEB_SEARCH,
    Usage,
)
from quotah_server.providers.counts import EMPTY, Counts, Raw, missing

WEB_SEARCH_PREVIEW = "web_search_preview"
AUDIO_SECOND = "audio_second"
INPUT_CHARACTER = "input_character"
_INPUT_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")
_KNOWN_INPUT = frozenset(
    {"cached_tokens", "audio_tokens", "image_tokens", "text_tokens", "cache_write_tokens"}
)
_KNOWN_OUTPUT = frozenset(
    {"reasoning_tokens", "audio_tokens", "image_tokens", "text_tokens",
     "accepted_prediction_tokens", "rejected_prediction_tokens"}
)  # fmt: skip
_BILLED_TOOLS = frozenset({WEB_SEARCH, FILE_SEARCH, CODE_CONTAINER})
_ALL_OUTPUT_IS_IMAGE = frozenset({"images"})


def read_usage(operation: str, raw: Raw | None, extras: Mapping[str, Any]) -> Usage:
    """Units of one answer. extras: ``tools`` offered, counts by tool, ``input_characters``."""
    counts = Counts()
    units = _tools(counts, extras)
    if raw is None:
        if operation == "speech" and (characters := counts.read(extras, "input_characters")):
            return counts.usage({INPUT_CHARACTER: characters, **units})
        return missing()
    if raw.get("type") == "duration":
        seconds = _seconds(counts, raw.get("seconds"))
        return counts.usage(units if seconds is None else {AUDIO_SECOND: seconds, **units})
    total_in = counts.first(raw, "prompt_tokens", "input_tokens")
    total_out = counts.first(raw, "completion_tokens", "output_tokens")
    if operation == "embeddings" and total_out is None:
        total_out = 0
    if total_in is None and total_out is None and not counts.flags:
        return missing("unknown_usage")
    read = _input(counts, total_in, _details(counts, raw, _INPUT_DETAILS))
    written = _output(counts, operation, total_in, total_out, raw)
    return counts.usage({**read, **written, **units})


def _details(counts: Counts, raw: Raw, names: tuple[str, ...]) -> Raw:
    for name in names:
        if raw.get(name) is not None:
            return counts.part(raw, name)
    return EMPTY


def _input(counts: Counts, total: int | None, details: Raw) -> dict[str, int]:
    if not details:
        return {} if total is None else {INPUT: total}
    counts.unknown(details, _KNOWN_INPUT, "input.")
    cached = counts.read(details, "cached_tokens")
    audio = counts.read(details, "audio_tokens") or 0
    image = counts.read(details, "image_tokens") or 0
    split = counts.part(details, "cached_tokens_details")
    cached_audio = counts.read(split, "audio_tokens", "cached.") or 0
    cached_image = counts.read(split, "image_tokens", "cached.") or 0
    units: dict[str, int] = {}
    if cached is not None:
        units[CACHE_READ] = counts.rest(
            cached, cached_audio + cached_image, "cached_tokens_details"
        )
    units.update(_cache_writes(counts, details))
    if audio or image or cached_audio or cached_image:
        parts = {
            INPUT_AUDIO: counts.rest(audio, cached_audio, "cached_audio_exceeds_audio"),
            INPUT_IMAGE: counts.rest(image, cached_image, "cached_image_exceeds_image"),
            CACHE_READ_AUDIO: cached_audio,
            CACHE_READ_IMAGE: cached_image,
        }
        units.update({name: count for name, count in parts.items() if count})
    if total is None:
        return units
    return {INPUT: counts.rest(total, sum(units.values()), "details_exceed_input"), **units}


def _cache_writes(counts: Counts, details: Raw) -> dict[str, int]:
    """Writes are kept for 30 minutes unless the answer says 12 hours."""
    written = counts.read(details, "cache_write_tokens")
    if written is None:
        return {}
    split = counts.part(details, "cache_write_tokens_details")
    long = counts.read(split, "ttl_12h_tokens", "cache_write.") or 0
    short = counts.rest(written, long, "cache_write_tokens_details")
    return {CACHE_WRITE_30M: short, CACHE_WRITE_12H: long} if long else {CACHE_WRITE_30M: short}


def _output(
    counts: Counts, operation: str, total_in: int | None, total: int | None, raw: Raw
) -> dict[str, int]:
    details = _details(counts, raw, _OUTPUT_DETAILS)
    counts.unknown(details, _KNOWN_OUTPUT, "output.")
    reasoning = counts.read(details, "reasoning_tokens")
    audio = counts.read(details, "audio_tokens") or 0
    image = counts.read(details, "image_tokens") or 0
    if total is None:
        return {}
    if operation in _ALL_OUTPUT_IS_IMAGE and not details:
        image = total
    thought = reasoning or 0
    spoken = (total_in or 0) + total
    grand = counts.read(raw, "total_tokens")
    if grand and grand != spoken:
        if grand == spoken + thought:
            total += thought
        else:
            counts.flag("contradiction:total_tokens")
    units = {OUTPUT: counts.rest(total, thought + audio + image, "details_exceed_output")}
    if reasoning is not None:
        units[REASONING] = reasoning
    if audio or image:
        units.update({n: c for n, c in ((OUTPUT_AUDIO, audio), (OUTPUT_IMAGE, image)) if c})
    return units


def _tools(counts: Counts, extras: Mapping[str, Any]) -> dict[str, int]:
    """Tool calls are billed apart from tokens and counted from the answer's items."""
    if _BILLED_TOOLS.isdisjoint(extras):
        return {}
    offered = extras.get("tools")
    kinds = [kind for kind in offered if isinstance(kind, str)] if isinstance(offered, list) else []
    preview = any(kind.startswith(WEB_SEARCH_PREVIEW) for kind in kinds)
    search = WEB_SEARCH_PREVIEW if preview and WEB_SEARCH not in kinds else WEB_SEARCH
    found = {
        search: counts.read(extras, WEB_SEARCH),
        FILE_SEARCH: counts.read(extras, FILE_SEARCH),
        CODE_CONTAINER: counts.read(extras, CODE_CONTAINER),
    }
    return {unit: count for unit, count in found.items() if count}


def _seconds(counts: Counts, value: object) -> int | None:
    """Durations are billed to the nearest second."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        counts.flag("invalid:seconds")
        return None
    seconds = Decimal(value)
    if not seconds.is_finite() or not 0 <= seconds <= MAX_COUNT:
        counts.flag("invalid:seconds")
        return None
    return int(seconds.quantize(Decimal(1), rounding=ROUND_HALF_UP))
