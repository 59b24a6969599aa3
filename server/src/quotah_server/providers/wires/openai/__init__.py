"""OpenAI's wire, spoken by many: chat, completions, responses, embeddings and their relatives.

A vendor's room is this class under its own name, with what the vendor does otherwise overridden.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import Usage
from quotah_server.providers.base import MANAGEMENT, Answer
from quotah_server.providers.counts import mapping
from quotah_server.providers.wires.openai import answers, asked
from quotah_server.providers.wires.openai.usage import read_usage

_OPERATIONS = {
    "/chat/completions": "chat",
    "/completions": "completions",
    "/responses": "responses",
    "/responses/compact": "responses",
    "/responses/input_tokens": answers.INPUT_TOKENS,
    "/embeddings": "embeddings",
    "/images/generations": "images",
    "/images/edits": "images",
    "/images/variations": "images",
    "/audio/transcriptions": "transcription",
    "/audio/translations": "transcription",
    "/audio/speech": "speech",
    "/moderations": "moderations",
    "/rerank": "rerank",
}
_FREE = re.compile(
    r"/(?:batches|files|uploads)(?:/[\w./-]*)?|/responses/[\w.-]+/cancel|/chat/completions/[\w.-]+"
)
"""What stores, ends or renames something; the results of a batch are what is billed. Ids are plain: what a
server might read as another path (``/chat/completions/%2F``) is not free for certain."""
_MEDIA = frozenset({"transcription", "speech", "images"})
_RESPONSES = frozenset({"responses", "realtime"})


class OpenAIWire:
    """What every vendor on this wire shares."""

    name = "openai"
    reads = frozenset({*_OPERATIONS.values(), "realtime", "videos"})
    names_amounts = False
    hides_thinking = False
    """Whether the vendor counts thinking in the grand total alone."""

    def operation(self, method: str, path: str) -> str | None:
        """Only what is billed has a name, and what is free for certain; the rest is passed through."""
        if method.upper() != "POST":
            return None
        below = path.removeprefix("/v1").rstrip("/")
        name = _OPERATIONS.get(below)
        return MANAGEMENT if name is None and _FREE.fullmatch(below) else name

    def needles(self, operation: str) -> tuple[bytes, ...]:
        if operation == "responses":
            return answers.RESPONSES_NEEDLES
        if operation in _MEDIA:
            return (b'.done"', b'.completed"', b'"usage"', b'"error"')
        return answers.CHAT_NEEDLES

    def read_body(self, operation: str, body: Mapping[str, Any]) -> Answer:
        answer = answers.read_body(operation, body)
        self.add(answer, body)
        return answer

    def merge(self, operation: str, answer: Answer, event: Mapping[str, Any]) -> None:
        if operation in _RESPONSES:
            answers.merge_response_event(answer, event)
            self.add(answer, mapping(event, "response"))
            return
        if operation in _MEDIA:
            answers.merge_media_event(answer, event)
        else:
            answers.merge_chunk(answer, event)
        self.add(answer, event)

    def add(self, answer: Answer, body: Mapping[str, Any]) -> None:
        """Take from a body or chunk what the vendor says beyond the wire: by default what its usage
        object tells besides counts.
        """
        if isinstance(usage := body.get("usage"), dict) and (told := self.told(usage)):
            answer.extras = {**answer.extras, **told}

    def told(self, usage: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - vendors read it
        """What a usage object says besides counts, as extras; such as the cost that it names."""
        return {}

    def usage(
        self, operation: str, raw: Mapping[str, Any] | None, extras: Mapping[str, Any]
    ) -> Usage:
        return read_usage(operation, raw, extras, hides_thinking=self.hides_thinking)

    def wants(self, operation: str, told: Mapping[str, Any]) -> frozenset[str]:
        return asked.wants(operation, told)

    def asked(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        return asked.asked(operation, request)
