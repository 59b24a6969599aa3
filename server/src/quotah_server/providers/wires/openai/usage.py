"""A usage object on OpenAI's wire → disjoint units. Its totals are inclusive: details are parts.

One reader for all of its shapes, which differ in names only: ``prompt_tokens`` (chat, completions,
embeddings), ``input_tokens`` with ``input_tokens_details`` (responses, images) or
``input_token_details`` (realtime, transcription), and a plain duration. Who copied the wire named
some parts otherwise, and some count what they did not show: the grand total decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from quotah_server.domain.usage import (
    AUDIO_SECOND,
    CACHE_READ,
    CACHE_READ_AUDIO,
    CACHE_READ_IMAGE,
    CACHE_WRITE_5M,
    CACHE_WRITE_12H,
    CACHE_WRITE_30M,
    INPUT,
    INPUT_AUDIO,
    INPUT_CHARACTER,
    INPUT_IMAGE,
    INPUT_VIDEO,
    MAX_COUNT,
    NOT_BILLED,
    OUTPUT,
    OUTPUT_AUDIO,
    OUTPUT_IMAGE,
    REASONING,
    Usage,
)
from quotah_server.providers.counts import EMPTY, Counts, Raw, missing
from quotah_server.providers.wires.amounts import amount
from quotah_server.providers.wires.openai import tools
from quotah_server.providers.wires.openai.plain import plain_units

REFUSED = "refused"
"""Extras key: an error came in place of an answer; nothing was made and nothing is billed."""
_INPUT_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")
_CACHED = (
    "cached_tokens",
    "prompt_cache_hit_tokens",
    "num_cached_tokens",
    "cache_read_input_tokens",
)
"""What vendors call cached tokens beside the totals."""
_PLAIN = frozenset(
    {"prompt_tokens", "input_tokens", "completion_tokens", "output_tokens", "total_tokens",
     *_INPUT_DETAILS, *_OUTPUT_DETAILS}
)  # fmt: skip
"""What OpenAI itself writes; an object of nothing else is read without looking for vendors' words."""
_KNOWN_TOTALS = frozenset(
    {"prompt_tokens", "input_tokens", "completion_tokens", "output_tokens", "total_tokens",
     "prompt_cache_miss_tokens", "cache_creation_input_tokens", "reasoning_tokens",
     "citation_tokens", *_CACHED}
)  # fmt: skip
_KNOWN_INPUT = frozenset(
    {"cached_tokens", "audio_tokens", "image_tokens", "video_tokens", "text_tokens",
     "cache_write_tokens", "cache_creation_tokens"}
)  # fmt: skip
_MEDIA = ("audio_tokens", "image_tokens", "video_tokens", "cached_tokens_details")
_KNOWN_OUTPUT = frozenset(
    {"reasoning_tokens", "audio_tokens", "image_tokens", "text_tokens",
     "accepted_prediction_tokens", "rejected_prediction_tokens"}
)  # fmt: skip
_TOLD_WITH = {
    "speech": ("told_with:request",),
    "transcription": ("told_with:verbose_json",),
}
"""Flags of a call that nobody told the length of: how it is told."""
_NO_OUTPUT = frozenset({"embeddings", "rerank"})
_TWO_SIDED = frozenset({"chat", "completions", "responses"})
"""Operations that read and write: one count without the other is half a bill."""


class _Cached(NamedTuple):
    read: int | None
    written: dict[str, int]
    foreign: bool
    """Told in Anthropic's words, whose input does not hold what is cached."""

    @property
    def total(self) -> int:
        return (self.read or 0) + sum(self.written.values())


_NOTHING_CACHED = _Cached(None, {}, foreign=False)


def read_usage(
    operation: str,
    raw: Raw | None,
    extras: Mapping[str, Any],
    *,
    write: str = CACHE_WRITE_30M,
    hides_thinking: bool = False,
) -> Usage:
    """Units of one answer.

    extras: ``tools`` offered, counts by unit, ``input_characters``. write: the unit of tokens written
    to a cache for a time that the answer does not tell. hides_thinking: the vendor counts thinking in
    the grand total alone.
    """
    plain = None if raw is None else plain_units(operation, raw, extras)
    if plain is not None:
        return Usage(plain)
    counts = Counts()
    units = tools.tool_units(counts, extras) if extras else {}
    if raw is None:
        return _without_usage(counts, operation, extras, units)
    if raw.get("type") == "duration":
        seconds = whole_seconds(counts, raw.get("seconds"))
        return counts.usage(units if seconds is None else {AUDIO_SECOND: seconds, **units})
    tokens = _tokens(counts, operation, raw, write, hides_thinking)
    inner = tools.drawn(counts, extras) if extras else None
    if inner is not None:
        tokens = {unit: tokens.get(unit, 0) + inner.units.get(unit, 0)
                  for unit in {**tokens, **inner.units}}  # fmt: skip
    if not tokens and not counts.flags:
        tokens = tools.flat(counts, extras)
        if not tokens:
            return missing("unknown_usage")
    usage = counts.usage({**tokens, **units} if units else tokens)
    return usage if inner is None else Usage(usage.units, flags=usage.flags, inner=(inner,))


def _without_usage(
    counts: Counts, operation: str, extras: Mapping[str, Any], units: dict[str, int]
) -> Usage:
    if extras.get(REFUSED) is True or extras.get(NOT_BILLED) is True:
        return missing(NOT_BILLED)
    found = tools.flat(counts, extras)
    if operation == "speech" and (characters := counts.read(extras, "input_characters")):
        found[INPUT_CHARACTER] = characters
    if found:
        return counts.usage({**found, **units})
    return missing(*counts.flags, *_TOLD_WITH.get(operation, ()))


def _named_cost(counts: Counts, raw: Raw) -> None:
    """A cost beside the counts that is no amount is flagged; the counts are then what is priced."""
    cost, ticks = raw.get("cost"), raw.get("cost_in_usd_ticks")
    if not isinstance(cost, dict | None) and amount(raw, "cost") is None:
        counts.flag("invalid_amount:cost")
    if ticks is not None and Counts().read(raw, "cost_in_usd_ticks") is None:
        counts.flag("invalid_amount:cost_in_usd_ticks")


def _tokens(
    counts: Counts, operation: str, raw: Raw, write: str, hides_thinking: bool
) -> dict[str, int]:
    plain = raw.keys() <= _PLAIN
    if not plain:
        _named_cost(counts, raw)
        counts.unknown_tokens(raw, _KNOWN_TOTALS)
    total_in = counts.first(raw, "prompt_tokens", "input_tokens")
    total_out = counts.first(raw, "completion_tokens", "output_tokens")
    grand = counts.read(raw, "total_tokens")
    if total_in is None or total_out is None:
        total_in, total_out = _completed(operation, total_in, total_out, grand)
    inside = _details(counts, raw, _INPUT_DETAILS)
    outside = _details(counts, raw, _OUTPUT_DETAILS)
    cached = _NOTHING_CACHED
    if inside or not plain:
        cached = _cached(counts, EMPTY if plain else raw, inside, write)
    miss = None if plain else counts.read(raw, "prompt_cache_miss_tokens")
    if miss is not None and cached.read is not None:
        total_in = miss + cached.read if total_in is None else total_in
        if miss + cached.read != total_in:
            counts.flag("contradiction:prompt_cache_miss_tokens")
    if total_in is None and total_out is None:
        return {}
    if operation in _TWO_SIDED:
        counts.halves(total_in, total_out)
    thought = counts.read(outside, "reasoning_tokens") if outside else None
    surplus = grand - (total_in or 0) - (total_out or 0) if grand else 0
    hidden = hides_thinking and thought is None
    beyond_in, beyond_out = _beyond(counts, surplus, total_in or 0, cached, thought, hidden)
    if total_in is not None:
        total_in += beyond_in
    if beyond_out:
        total_out = (total_out or 0) + beyond_out
        thought = beyond_out if thought is None else thought
    return {
        **_input(counts, total_in, inside, cached),
        **_output(counts, operation, total_out, outside, thought),
    }


def _completed(
    operation: str, total_in: int | None, total_out: int | None, grand: int | None
) -> tuple[int | None, int | None]:
    """The two totals where one is not told: some calls make no output; else the grand total tells."""
    if operation in _NO_OUTPUT:
        total_in = grand if total_in is None else total_in
        return total_in, 0 if total_out is None and total_in is not None else total_out
    told = total_in if total_out is None else total_out
    if operation not in _TWO_SIDED or grand is None or told is None or grand < told:
        return total_in, total_out
    return (grand - told, told) if total_in is None else (told, grand - told)


def _beyond(
    counts: Counts, surplus: int, read: int, cached: _Cached, thought: int | None, hidden: bool
) -> tuple[int, int]:
    """What the two totals leave out of the grand one: cached input, output spent on reasoning.

    Where the grand total leaves no doubt it decides; anything else contradicts itself. hidden: what
    is left is thinking that nothing else tells of.
    """
    if surplus == 0:
        return (cached.total if cached.foreign and cached.total > read else 0), 0
    if hidden and surplus > 0 and not cached.foreign:
        return 0, surplus
    for beyond in ((0, thought or 0), (cached.total, 0), (cached.total, thought or 0)):
        if surplus == sum(beyond):
            return beyond
    counts.flag("contradiction:total_tokens")
    return 0, 0


def _details(counts: Counts, raw: Raw, names: tuple[str, ...]) -> Raw:
    for name in names:
        if raw.get(name) is not None:
            return counts.part(raw, name)
    return EMPTY


def _cached(counts: Counts, raw: Raw, details: Raw, write: str) -> _Cached:
    told = counts.read(details, "cached_tokens")
    written = _cache_writes(counts, details, write)
    if not raw:
        return _Cached(told, written, foreign=False)
    beside = (counts.read(raw, name) for name in _CACHED)
    known = {count for count in (told, *beside) if count is not None}
    if len(known - {0}) > 1:
        counts.flag("contradiction:cached_tokens")
    foreign = "cache_read_input_tokens" in raw or "cache_creation_input_tokens" in raw
    other = counts.first(raw, "cache_creation_input_tokens")
    other = counts.read(details, "cache_creation_tokens") if other is None else other
    if not written and other is not None:
        written = {CACHE_WRITE_5M: other}
        if other:
            counts.flag("cache_ttl_unknown")
    return _Cached(max(known) if known else None, written, foreign)


def _cache_writes(counts: Counts, details: Raw, write: str) -> dict[str, int]:
    """Writes are kept for 30 minutes unless the answer says 12 hours."""
    written = counts.read(details, "cache_write_tokens")
    if written is None:
        return {}
    split = counts.part(details, "cache_write_tokens_details")
    long = counts.read(split, "ttl_12h_tokens", "cache_write.") or 0
    short = counts.rest(written, long, "cache_write_tokens_details")
    return {write: short, CACHE_WRITE_12H: long} if long else {write: short}


def _input(counts: Counts, total: int | None, details: Raw, cached: _Cached) -> dict[str, int]:
    if not details and cached is _NOTHING_CACHED:
        return {} if total is None else {INPUT: total}
    counts.unknown(details, _KNOWN_INPUT, "input.")
    units = _media(counts, details, cached)
    if total is None:
        return units
    return {INPUT: counts.rest(total, sum(units.values()), "details_exceed_input"), **units}


def _media(counts: Counts, details: Raw, cached: _Cached) -> dict[str, int]:
    """All input that is not plain text: cached, written, heard, seen."""
    units: dict[str, int] = {} if cached.read is None else {CACHE_READ: cached.read}
    if cached.written:
        units.update(cached.written)
    if not any(map(details.get, _MEDIA)):
        return units
    split = counts.part(details, "cached_tokens_details")
    cached_audio = counts.read(split, "audio_tokens", "cached.") or 0
    cached_image = counts.read(split, "image_tokens", "cached.") or 0
    if cached.read is not None:
        units[CACHE_READ] = counts.rest(
            cached.read, cached_audio + cached_image, "cached_tokens_details"
        )
    audio = counts.read(details, "audio_tokens") or 0
    image = counts.read(details, "image_tokens") or 0
    parts = {
        INPUT_AUDIO: counts.rest(audio, cached_audio, "cached_audio_exceeds_audio"),
        INPUT_IMAGE: counts.rest(image, cached_image, "cached_image_exceeds_image"),
        INPUT_VIDEO: counts.read(details, "video_tokens") or 0,
        CACHE_READ_AUDIO: cached_audio,
        CACHE_READ_IMAGE: cached_image,
    }
    units.update({name: count for name, count in parts.items() if count})
    return units


def _output(
    counts: Counts, operation: str, total: int | None, details: Raw, thought: int | None
) -> dict[str, int]:
    audio = image = 0
    if details:
        counts.unknown(details, _KNOWN_OUTPUT, "output.")
        audio = counts.read(details, "audio_tokens") or 0
        image = counts.read(details, "image_tokens") or 0
    if total is None:
        return {}
    if not details and operation == "images":
        image = total
    elif not details and operation == "speech":
        audio = total
    units = {OUTPUT: counts.rest(total, (thought or 0) + audio + image, "details_exceed_output")}
    if thought is not None:
        units[REASONING] = thought
    if audio:
        units[OUTPUT_AUDIO] = audio
    if image:
        units[OUTPUT_IMAGE] = image
    return units


def whole_seconds(counts: Counts, value: object) -> int | None:
    """Durations are billed to the nearest second."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        counts.flag("invalid:seconds")
        return None
    seconds = Decimal(value)
    if not seconds.is_finite() or not 0 <= seconds <= MAX_COUNT:
        counts.flag("invalid:seconds")
        return None
    return int(seconds.quantize(Decimal(1), rounding=ROUND_HALF_UP))
