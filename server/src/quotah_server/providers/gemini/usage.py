"""Google's usage metadata → disjoint units.

``promptTokenCount`` holds what was read from a cache; thoughts and the results of tools fed back to
the model stand beside the prompt and the candidates, and ``totalTokenCount`` is the sum of all four.
Details split each count by modality and may leave text out. Sources: ``UsageMetadata`` in
https://ai.google.dev/api/generate-content and the google-genai SDK's types, whose snake_case names
and those of its live and interactions APIs are read alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from quotah_server.domain.usage import (
    CACHE_READ,
    CACHE_READ_AUDIO,
    CACHE_READ_IMAGE,
    INPUT,
    INPUT_AUDIO,
    INPUT_CHARACTER,
    INPUT_IMAGE,
    INPUT_VIDEO,
    NOT_BILLED,
    OUTPUT,
    OUTPUT_AUDIO,
    OUTPUT_IMAGE,
    OUTPUT_VIDEO,
    REASONING,
    Usage,
)
from quotah_server.providers.counts import Counts, Raw, items, missing, text
from quotah_server.providers.gemini import grounding

PARTIAL = "usage_partial"
"""Extras key: the stream broke off; output was counted up to its last chunk."""
TURNS = "turns"
"""Extras key: how many turns of a live session ended; the usage is that of the last."""
IMAGE = "image"
VIDEO_SECOND = "video_second"
TEXT, AUDIO, PICTURE, VIDEO = "text", "audio", "image", "video"
_MODALITIES = {
    "": TEXT, "modality_unspecified": TEXT, "text": TEXT, "audio": AUDIO, "image": PICTURE,
    "document": PICTURE, "video": VIDEO,
}  # fmt: skip
"""A page of a document is billed as an image."""
_INPUT = {TEXT: INPUT, AUDIO: INPUT_AUDIO, PICTURE: INPUT_IMAGE, VIDEO: INPUT_VIDEO}
_CACHED = {TEXT: CACHE_READ, AUDIO: CACHE_READ_AUDIO, PICTURE: CACHE_READ_IMAGE, VIDEO: CACHE_READ}
_OUTPUT = {TEXT: OUTPUT, AUDIO: OUTPUT_AUDIO, PICTURE: OUTPUT_IMAGE, VIDEO: OUTPUT_VIDEO}
_PROMPT = ("promptTokenCount", "prompt_token_count", "total_input_tokens")
_READ = ("cachedContentTokenCount", "cached_content_token_count", "total_cached_tokens")
_CANDIDATES = (
    "candidatesTokenCount", "responseTokenCount", "candidates_token_count",
    "response_token_count", "total_output_tokens",
)  # fmt: skip
_THOUGHTS = ("thoughtsTokenCount", "thoughts_token_count", "total_thought_tokens")
_TOOLS = ("toolUsePromptTokenCount", "tool_use_prompt_token_count", "total_tool_use_tokens")
_TOTAL = ("totalTokenCount", "total_token_count", "total_tokens")
_PROMPT_DETAILS = (
    "promptTokensDetails", "promptTokenDetails", "prompt_tokens_details", "prompt_token_details",
    "input_tokens_by_modality",
)  # fmt: skip
_READ_DETAILS = ("cacheTokensDetails", "cache_tokens_details", "cached_tokens_by_modality")
_CANDIDATES_DETAILS = (
    "candidatesTokensDetails", "responseTokensDetails", "candidates_tokens_details",
    "response_tokens_details", "output_tokens_by_modality",
)  # fmt: skip
_TOOLS_DETAILS = (
    "toolUsePromptTokensDetails", "tool_use_prompt_tokens_details", "tool_use_tokens_by_modality",
)  # fmt: skip
_KNOWN = frozenset(
    {*_PROMPT, *_READ, *_CANDIDATES, *_THOUGHTS, *_TOOLS, *_TOTAL, "billable_prompt_usage",
     "billablePromptUsage"}
)  # fmt: skip

Split = dict[str, int]


class _Sums(NamedTuple):
    """The four disjoint counts of a call; None where neither told nor implied."""

    prompt: int | None
    candidates: int | None
    thoughts: int | None
    tools: int


def read_usage(operation: str, raw: Raw | None, extras: Mapping[str, Any]) -> Usage:
    """Units of one answer. extras: counts of grounding, images and seconds of video."""
    counts = Counts()
    if operation == "count_tokens":
        counted = counts.first(raw or {}, "totalTokens", "total_tokens", "input_tokens")
        units = {} if counted is None else {INPUT: counted}
        return Usage(units=units, missing=counted is None, flags=(NOT_BILLED, *counts.flags))
    beside = _beside(counts, extras)
    if raw is None or operation == "predict":
        return _predicted(counts, raw, beside)
    counts.unknown(raw, _KNOWN)
    told = _Sums(
        counts.first(raw, *_PROMPT),
        counts.first(raw, *_CANDIDATES),
        counts.first(raw, *_THOUGHTS),
        counts.first(raw, *_TOOLS) or 0,
    )
    sums = _settled(counts, told, counts.first(raw, *_TOTAL))
    if sums.prompt is None and sums.candidates is None:
        return counts.usage({})
    units = _input(counts, raw, sums)
    if operation != "embed_content" or sums.candidates:
        units.update(_output(counts, raw, sums))
    if sums.tools and grounding.GROUNDING_QUERY in beside:
        counts.flag("search_context_as_input")
    if extras.get(grounding.UNTOLD):
        counts.flag(grounding.UNTOLD)
    if operation == "live" and (counts.read(extras, TURNS) or 0) > 1:
        counts.flag("unknown_unit:earlier_turns")
    partial = bool(extras.get(PARTIAL))
    return counts.usage({**units, **beside}, estimated=partial)


def _settled(counts: Counts, told: _Sums, total: int | None) -> _Sums:
    """What the total says of the parts: which one is left out, or which one holds another.

    An absent part is what the others leave of the total (a zero is left out of the JSON). Where the
    parts exceed it, thoughts are taken to be inside the candidates, or the results of tools inside
    the prompt, if just that makes the sum right.
    """
    prompt, candidates, thoughts, tools = told
    whole = (prompt or 0) + (candidates or 0) + (thoughts or 0) + tools
    if not total or total == whole:
        return told
    if prompt is None and candidates is None and thoughts is None:
        counts.flag("contradiction:totalTokenCount")
        return told
    if total > whole:
        return _completed(counts, told, total - whole)
    return _nested(counts, told, whole - total)


def _nested(counts: Counts, told: _Sums, excess: int) -> _Sums:
    prompt, candidates, tools = told.prompt or 0, told.candidates or 0, told.tools
    thoughts = told.thoughts or 0
    if excess == thoughts <= candidates:
        return told._replace(candidates=candidates - thoughts)
    if excess == tools <= prompt:
        return told._replace(prompt=prompt - tools)
    if excess == thoughts + tools and thoughts <= candidates and tools <= prompt:
        return told._replace(prompt=prompt - tools, candidates=candidates - thoughts)
    counts.flag("contradiction:totalTokenCount")
    return told


def _completed(counts: Counts, told: _Sums, gap: int) -> _Sums:
    if told.candidates is None:
        counts.flag("from_total:candidatesTokenCount")
        return told._replace(candidates=gap)
    if told.thoughts is None:
        counts.flag("from_total:thoughtsTokenCount")
        return told._replace(thoughts=gap)
    if told.prompt is None:
        counts.flag("from_total:promptTokenCount")
        return told._replace(prompt=gap)
    counts.flag("contradiction:totalTokenCount")
    return told


def _input(counts: Counts, raw: Raw, sums: _Sums) -> dict[str, int]:
    units: dict[str, int] = {}
    if sums.prompt is None:
        return units
    cached = counts.first(raw, *_READ)
    fresh, read = _cached_apart(
        counts,
        sums.prompt,
        cached or 0,
        _details(counts, raw, _PROMPT_DETAILS),
        _details(counts, raw, _READ_DETAILS),
    )
    tools = _by_modality(
        counts, sums.tools, _details(counts, raw, _TOOLS_DETAILS), "toolUsePromptTokensDetails"
    )
    units[INPUT] = fresh.get(TEXT, 0) + tools.get(TEXT, 0)
    if cached is not None:
        units[CACHE_READ] = 0
    for modality, unit in _INPUT.items():
        if modality != TEXT and (count := fresh.get(modality, 0) + tools.get(modality, 0)):
            units[unit] = count
    for modality, unit in _CACHED.items():
        if count := read.get(modality, 0):
            units[unit] = units.get(unit, 0) + count
    return units


def _cached_apart(
    counts: Counts, prompt: int, cached: int, details: Split, read_details: Split
) -> tuple[Split, Split]:
    """The prompt's uncached and cached tokens, each by modality.

    Details of the prompt hold the cached tokens, as the count does; some answers leave them out.
    """
    if cached > prompt:
        counts.flag("contradiction:cached_exceeds_prompt")
        return {TEXT: 0}, {TEXT: prompt}
    read = _by_modality(counts, cached, read_details, "cacheTokensDetails")
    if cached and sum(details.values()) == prompt - cached:
        return details, read
    whole = _by_modality(counts, prompt, details, "promptTokensDetails")
    if cached and not read_details:
        read = _spread(counts, cached, whole)
    fresh = {modality: count - read.get(modality, 0) for modality, count in whole.items()}
    if min([*fresh.values(), *(whole.get(name, 0) - n for name, n in read.items())]) < 0:
        apart = _by_modality(counts, prompt - cached, details, "promptTokensDetails")
        return apart, read
    return fresh, read


def _spread(counts: Counts, cached: int, whole: Split) -> Split:
    """Cached tokens of a kind that is not told: text first."""
    if len([count for count in whole.values() if count]) > 1:
        counts.flag("cache_modality_unknown")
    read: Split = {}
    for modality in (TEXT, PICTURE, VIDEO, AUDIO):
        read[modality] = min(cached - sum(read.values()), whole.get(modality, 0))
    return read


def _output(counts: Counts, raw: Raw, sums: _Sums) -> dict[str, int]:
    units: dict[str, int] = {OUTPUT: 0}
    details = _details(counts, raw, _CANDIDATES_DETAILS)
    split = _by_modality(counts, sums.candidates or 0, details, "candidatesTokensDetails")
    for modality, count in split.items():
        if count or modality == TEXT:
            units[_OUTPUT[modality]] = count
    if sums.thoughts is not None:
        units[REASONING] = sums.thoughts
    return units


def _details(counts: Counts, raw: Raw, names: tuple[str, ...]) -> Split:
    """Modality → tokens of a list ``[{modality, tokenCount}]``."""
    found: Split = {}
    for name in names:
        for entry in items(raw, name):
            count = counts.first(entry, "tokenCount", "token_count", "tokens")
            word = (text(entry, "modality") or "").lower().removeprefix("mediamodality.")
            modality = _MODALITIES.get(word)
            if modality is None:
                counts.flag(f"unknown_unit:modality.{word}")
                modality = TEXT
            found[modality] = found.get(modality, 0) + (count or 0)
        if found:
            break
    return found


def _by_modality(counts: Counts, whole: int, details: Split, what: str) -> Split:
    """A count by modality; text is what the others leave of it."""
    others = {modality: count for modality, count in details.items() if modality != TEXT}
    if sum(details.values()) > whole:
        counts.flag(f"contradiction:{what}")
        return {TEXT: whole}
    return {TEXT: whole - sum(others.values()), **others}


def _beside(counts: Counts, extras: Mapping[str, Any]) -> dict[str, int]:
    """Units that stand outside of the usage metadata."""
    names = (*grounding.UNITS, IMAGE, VIDEO_SECOND, INPUT_CHARACTER)
    found = {name: counts.read(extras, name) for name in names}
    return {name: count for name, count in found.items() if count}


def _predicted(counts: Counts, raw: Raw | None, beside: dict[str, int]) -> Usage:
    """Embeddings of ``predict``: the tokens of every text, which Vertex writes as ``7.0``."""
    units = dict(beside)
    entries = raw.get("token_count") if raw else None
    if isinstance(entries, list):
        tokens = [
            counts.read_number({"token_count": entry}, "token_count")
            for entry in cast("list[object]", entries)
        ]
        units[INPUT] = sum(count or 0 for count in tokens)
    return counts.usage(units) if units else missing(*counts.flags)
