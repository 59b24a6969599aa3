"""Ollama: its own wire (``/api/chat``, ``/api/generate``, ``/api/embed``), and OpenAI's under ``/v1``.

Its streams are JSON objects, one a line; the last (``done: true``) holds the counts
(docs.ollama.com, usage).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import CACHE_READ, INPUT, OUTPUT, Usage
from quotah_server.providers.base import Answer
from quotah_server.providers.counts import Counts, error_class, missing, text
from quotah_server.providers.wires.openai import OpenAIWire

_NATIVE = {
    "/api/chat": "ollama_chat",
    "/api/generate": "ollama_generate",
    "/api/embed": "ollama_embed",
    "/api/embeddings": "ollama_embed",
}
_COUNTS = ("prompt_eval_count", "prompt_eval_cached_count", "eval_count")


class Ollama(OpenAIWire):
    """The room of Ollama; what has its native shape is read so, whatever it is called."""

    name = "ollama"
    reads = OpenAIWire.reads.union(_NATIVE.values())

    def operation(self, method: str, path: str) -> str | None:
        if method.upper() == "POST" and (name := _NATIVE.get(path.rstrip("/"))):
            return name
        return super().operation(method, path)

    def needles(self, operation: str) -> tuple[bytes, ...]:
        if operation in _NATIVE.values():
            return (b'"done":true', b'"done": true', b'"error"')
        return super().needles(operation)

    def read_body(self, operation: str, body: Mapping[str, Any]) -> Answer:
        if not _is_native(operation, body):
            return super().read_body(operation, body)
        answer = Answer()
        _take(answer, body)
        answer.complete = answer.error_class is None
        return answer

    def merge(self, operation: str, answer: Answer, event: Mapping[str, Any]) -> None:
        if _is_native(operation, event):
            _take(answer, event)
        else:
            super().merge(operation, answer, event)

    def usage(
        self, operation: str, raw: Mapping[str, Any] | None, extras: Mapping[str, Any]
    ) -> Usage:
        if raw is None or not any(name in raw for name in _COUNTS):
            return super().usage(operation, raw, extras)
        return _counted(operation, raw)


def _is_native(operation: str, body: Mapping[str, Any]) -> bool:
    return operation in _NATIVE.values() or "done" in body or "prompt_eval_count" in body


def _take(answer: Answer, body: Mapping[str, Any]) -> None:
    answer.model = text(body, "model") or answer.model
    answer.finish_reason = text(body, "done_reason") or answer.finish_reason
    if found := {name: body[name] for name in _COUNTS if body.get(name) is not None}:
        answer.usage = found
    if failure := error_class(body):
        answer.error_class, answer.complete = failure, False
    elif body.get("done") is True:
        answer.complete = True


def _counted(operation: str, raw: Mapping[str, Any]) -> Usage:
    """Tokens read from the cache are part of the prompt.

    Older versions leave the prompt's count out where all of it was cached: that is unknown, not 0.
    """
    counts = Counts()
    read = counts.read(raw, "prompt_eval_count")
    cached = counts.read(raw, "prompt_eval_cached_count")
    made = counts.read(raw, "eval_count")
    units: dict[str, int] = {}
    if read is not None:
        units[INPUT] = counts.rest(read, cached or 0, "cached_exceeds_prompt")
    if cached is not None:
        units[CACHE_READ] = cached
    if made is not None:
        units[OUTPUT] = made
    elif operation == "ollama_embed" and read is not None:
        units[OUTPUT] = 0
    uncounted = read is None and made is not None
    if uncounted:
        counts.flag("prompt_not_counted")
    if not units and not counts.flags:
        return missing("unknown_usage")
    return counts.usage(units, estimated=uncounted)


PROVIDER = Ollama()
