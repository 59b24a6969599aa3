"""Groq: OpenAI's wire; a stream's usage stands under ``x_groq``, compound systems split it by model.

Transcriptions are billed by the length of the audio, ten seconds at least (console.groq.com, speech
to text); an answer tells the length as ``duration_seconds`` or ``duration``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import AUDIO_SECOND, InnerUsage, Usage
from quotah_server.providers.base import Answer
from quotah_server.providers.counts import Counts, items, mapping, text
from quotah_server.providers.wires.openai import OpenAIWire
from quotah_server.providers.wires.openai.usage import whole_seconds

_BREAKDOWN = "usage_breakdown"
_TOOLS = "executed_tools"
_UNBILLED = "unknown_unit:executed_tools"
"""Searching and running code at Groq is billed apart, by a kind that the answer does not name."""


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
        if body.get("duration_seconds") is not None:
            seconds = whole_seconds(Counts(), body["duration_seconds"])
            if seconds is not None:
                extras[AUDIO_SECOND] = seconds
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
