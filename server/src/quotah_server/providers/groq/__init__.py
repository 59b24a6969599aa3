"""Groq: OpenAI's wire; a stream's usage stands under ``x_groq``, compound systems split it by model.

Transcriptions are billed by the length of the audio, ten seconds at least (console.groq.com, speech
to text); an answer tells the length as ``duration_seconds`` or ``duration``. Nothing is said of
rounding, so a fraction of a second is billed as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from quotah_server.domain.usage import (
    AUDIO_MICROSECOND,
    AUDIO_SECOND,
    MAX_COUNT,
    InnerUsage,
    Usage,
)
from quotah_server.providers.base import Answer
from quotah_server.providers.counts import Counts, items, mapping, text
from quotah_server.providers.wires.openai import OpenAIWire

_BREAKDOWN = "usage_breakdown"
_TOOLS = "executed_tools"
_UNBILLED = "unknown_unit:executed_tools"
"""Searching and running code at Groq is billed apart, by a kind that the answer does not name."""
_MICRO = 1_000_000


def _heard(length: object) -> dict[str, int]:
    """A length in seconds as units, to the microsecond; none for what is no length."""
    if isinstance(length, bool) or not isinstance(length, int | float | Decimal):
        return {}
    seconds = Decimal(str(length))
    if not (seconds.is_finite() and 0 <= seconds <= MAX_COUNT // _MICRO):
        return {}
    micro = int((seconds * _MICRO).to_integral_value())
    whole = micro % _MICRO == 0
    return {AUDIO_SECOND: micro // _MICRO} if whole else {AUDIO_MICROSECOND: micro}


class Groq(OpenAIWire):
    """The room of Groq."""

    name = "groq"

    def needles(self, operation: str) -> tuple[bytes, ...]:
        return (*super().needles(operation), b'"x_groq"')

    def add(self, answer: Answer, body: Mapping[str, Any]) -> None:
        beside = mapping(body, "x_groq")
        if usage := mapping(beside, "usage"):
            answer.usage = dict(usage)
        if failure := text(beside, "error"):
            answer.error_class, answer.complete = failure, False
        extras = dict(answer.extras)
        length = body.get("duration_seconds")
        length = body.get("duration") if length is None else length
        if heard := _heard(length):
            extras.pop(AUDIO_SECOND, None)
            extras.update(heard)
        if models := items(mapping(body, _BREAKDOWN), "models"):
            extras[_BREAKDOWN] = models
        for choice in items(body, "choices"):
            said = mapping(choice, "message") or mapping(choice, "delta")
            if ran := items(said, _TOOLS):
                extras[_TOOLS] = max(len(ran), Counts().read(extras, _TOOLS) or 0)
        answer.extras = extras

    def usage(
        self, operation: str, raw: Mapping[str, Any] | None, extras: Mapping[str, Any]
    ) -> Usage:
        """What a compound system used is the sum over its models, each billed at its own rates."""
        whole = super().usage(operation, raw, extras)
        if extras.get(_TOOLS):
            whole = Usage(whole.units, whole.missing, whole.estimated, (*whole.flags, _UNBILLED))
        models = items(extras, _BREAKDOWN)
        if not models:
            return whole
        total: Counter[str] = Counter()
        inner: list[InnerUsage] = []
        flags = dict.fromkeys(whole.flags)
        for one in models:
            used = super().usage(operation, mapping(one, "usage"), {})
            flags.update(dict.fromkeys(used.flags))
            if used.units:
                total.update(used.units)
                inner.append(InnerUsage(used.units, text(one, "model")))
        if not inner:
            return whole
        return Usage(dict(total), flags=tuple(flags), inner=tuple(inner))


PROVIDER = Groq()
