"""Mistral: OpenAI's wire; audio is billed by the second, documents by the page.

Audio tokens stand in ``total_tokens`` alone: ``prompt_audio_seconds`` is what is billed for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import AUDIO_SECOND, PAGE, Usage
from quotah_server.providers.base import Answer
from quotah_server.providers.counts import Counts, mapping, missing
from quotah_server.providers.wires.openai import OpenAIWire
from quotah_server.providers.wires.openai.usage import whole_seconds

_OCR = "ocr"
_ANNOTATED_PAGE = "annotated_page"
_SECONDS = "prompt_audio_seconds"
_MORE = {
    "/ocr": _OCR,
    "/fim/completions": "chat",
    "/agents/completions": "chat",
    "/chat/moderations": "moderations",
}


class Mistral(OpenAIWire):
    """The room of Mistral."""

    name = "mistral"
    reads = OpenAIWire.reads | {_OCR}

    def operation(self, method: str, path: str) -> str | None:
        if method.upper() == "POST" and (name := _MORE.get(path.removeprefix("/v1").rstrip("/"))):
            return name
        return super().operation(method, path)

    def add(self, answer: Answer, body: Mapping[str, Any]) -> None:
        if pages := mapping(body, "usage_info"):
            answer.usage = dict(pages)

    def usage(
        self, operation: str, raw: Mapping[str, Any] | None, extras: Mapping[str, Any]
    ) -> Usage:
        if raw is None:
            return super().usage(operation, raw, extras)
        if operation == _OCR:
            return _pages(raw)
        if raw.get(_SECONDS) is None:
            return super().usage(operation, raw, extras)
        counts = Counts()
        seconds = whole_seconds(counts, raw[_SECONDS])
        text_alone = {name: value for name, value in raw.items() if name != "total_tokens"}
        usage = super().usage(operation, text_alone, extras)
        heard = {} if seconds is None else {AUDIO_SECOND: seconds}
        units = {**usage.units, **heard}
        flags = tuple(dict.fromkeys((*usage.flags, *counts.flags)))
        if heard:
            flags = tuple(flag for flag in flags if flag != "unknown_usage")
        return Usage(units, missing=usage.missing and not units, flags=flags)


def _pages(raw: Mapping[str, Any]) -> Usage:
    """Pages read, and pages read into a given form, which are billed at another rate."""
    counts = Counts()
    read = counts.read(raw, "pages_processed")
    formed = counts.read(raw, "pages_processed_annotation")
    units = {} if read is None else {PAGE: read}
    if formed:
        units[_ANNOTATED_PAGE] = formed
    return counts.usage(units) if units or counts.flags else missing("unknown_usage")


PROVIDER = Mistral()
