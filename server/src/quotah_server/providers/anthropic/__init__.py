"""Anthropic's wire: messages, streamed and whole, and the free token count."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import Usage
from quotah_server.providers.anthropic import stream
from quotah_server.providers.anthropic.usage import read_usage
from quotah_server.providers.base import MANAGEMENT, Answer
from quotah_server.providers.wires.openai import OpenAIWire

_OPERATIONS = {"/messages": "messages", "/messages/count_tokens": "count_tokens"}
_FREE = re.compile(r"/messages/batches(?:/[\w.-]+/cancel)?|/files")

_NATIVE = frozenset(_OPERATIONS.values())
_OPENAI = OpenAIWire()


class Anthropic:
    """The room of Anthropic, which serves OpenAI's chat wire as well."""

    name = "anthropic"
    reads = _NATIVE | {"chat"}
    names_amounts = False

    def operation(self, method: str, path: str) -> str | None:
        """Messages and the token count; batches and files are free. The rest is passed through."""
        if method.upper() != "POST":
            return None
        below = path.removeprefix("/v1").rstrip("/")
        name = _OPERATIONS.get(below)
        return MANAGEMENT if name is None and _FREE.fullmatch(below) else name

    def needles(self, operation: str) -> tuple[bytes, ...]:
        return stream.NEEDLES if operation in _NATIVE else _OPENAI.needles(operation)

    def read_body(self, operation: str, body: Mapping[str, Any]) -> Answer:
        if operation in _NATIVE or body.get("type") == "message":
            return stream.read_body(operation, body)
        return _OPENAI.read_body(operation, body)

    def merge(self, operation: str, answer: Answer, event: Mapping[str, Any]) -> None:
        if operation in _NATIVE or isinstance(event.get("type"), str):
            stream.merge_event(answer, event)
        else:
            _OPENAI.merge(operation, answer, event)

    def usage(
        self, operation: str, raw: Mapping[str, Any] | None, extras: Mapping[str, Any]
    ) -> Usage:
        """``chat`` is also what people call a message: the counts' own names decide."""
        if operation not in _NATIVE and raw is not None and "prompt_tokens" in raw:
            return _OPENAI.usage(operation, raw, extras)
        return read_usage(operation, raw, extras)

    def told(self, usage: Mapping[str, Any]) -> dict[str, Any]:
        """Where and how fast it ran, and whether in a batch."""
        return stream.billed_as(usage)


PROVIDER = Anthropic()
