"""The usage object that nearly every answer on OpenAI's wire has, read in one go.

Two totals, a grand total that is their sum, and details that tell cached and thinking tokens alone:
then no rule of ``usage.py`` but the subtraction applies. Anything else is left to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from quotah_server.domain.usage import CACHE_READ, INPUT, MAX_COUNT, OUTPUT, REASONING
from quotah_server.providers.counts import Raw

_OPERATIONS = frozenset({"chat", "completions", "responses"})
_CHAT = ("prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details")
_RESPONSES = ("input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details")
_CHAT_KEYS = frozenset({*_CHAT, "total_tokens"})
_RESPONSES_KEYS = frozenset({*_RESPONSES, "total_tokens"})
_ZEROS_IN = ("audio_tokens", "image_tokens", "video_tokens")
_ZEROS_OUT = ("audio_tokens", "image_tokens")
_READ = frozenset({"cached_tokens", "text_tokens", *_ZEROS_IN})
_WRITTEN = frozenset(
    {"reasoning_tokens", "text_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens",
     *_ZEROS_OUT}
)  # fmt: skip
_COUNTS = frozenset({int, type(None)})


def plain_units(operation: str, raw: Raw, extras: Mapping[str, Any]) -> dict[str, int] | None:
    """Units of a plain usage object; None where a closer look is needed.

    extras: of the answer; where they tell more than its address, tools may have been used.
    """
    if operation not in _OPERATIONS or (extras and (len(extras) > 1 or "base_url" not in extras)):
        return None
    keys = raw.keys()
    if keys <= _CHAT_KEYS:
        read_in, written_in, about_read, about_written = _CHAT
    elif keys <= _RESPONSES_KEYS:
        read_in, written_in, about_read, about_written = _RESPONSES
    else:
        return None
    read, written = raw.get(read_in), raw.get(written_in)
    if type(read) is not int or type(written) is not int or read < 0 or written < 0:
        return None
    total = raw.get("total_tokens")
    if total is not None and (type(total) is not int or total != read + written):
        return None
    cached = _part(raw.get(about_read), _READ, "cached_tokens", _ZEROS_IN)
    thought = _part(raw.get(about_written), _WRITTEN, "reasoning_tokens", _ZEROS_OUT)
    if not cached <= read <= MAX_COUNT or not thought <= written <= MAX_COUNT:
        return None
    units = {INPUT: read}
    if cached >= 0:
        units[INPUT] = read - cached
        units[CACHE_READ] = cached
    units[OUTPUT] = written
    if thought >= 0:
        units[OUTPUT] = written - thought
        units[REASONING] = thought
    return units


_UNTOLD, _ODD = -1, MAX_COUNT + 1


def _part(details: object, known: frozenset[str], name: str, zeros: tuple[str, ...]) -> int:
    """The one count that details tell: ``_UNTOLD`` where they do not, ``_ODD`` where they tell more."""
    if details is None:
        return _UNTOLD
    if type(details) is not dict:
        return _ODD
    found = cast("Raw", details)
    if not found.keys() <= known:
        return _ODD
    if any(map(found.get, zeros)) or not _COUNTS.issuperset(map(type, found.values())):
        return _ODD
    value = found.get(name)
    if value is None:
        return _UNTOLD
    return value if value >= 0 else _ODD
