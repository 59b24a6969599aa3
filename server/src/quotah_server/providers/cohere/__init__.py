"""Cohere's wire: chat (v2, and v1 as it still answers), embeddings, rerank, classification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import Usage
from quotah_server.providers.base import MANAGEMENT, Answer
from quotah_server.providers.cohere import answers
from quotah_server.providers.cohere.usage import CHAT, read_usage

_OPERATIONS = {
    "/chat": CHAT,
    "/generate": CHAT,
    "/embed": "cohere_embed",
    "/rerank": "rerank",
    "/classify": "cohere_classify",
    "/tokenize": MANAGEMENT,
    "/detokenize": MANAGEMENT,
    "/check-api-key": MANAGEMENT,
}


class Cohere:
    """The room of Cohere."""

    name = "cohere"
    reads = frozenset(_OPERATIONS.values()) - {MANAGEMENT}
    names_amounts = False

    def operation(self, method: str, path: str) -> str | None:
        """Only what is billed has a name, and what is free for certain; the rest is passed through."""
        if method.upper() != "POST":
            return None
        below = path.rstrip("/").removeprefix("/v2").removeprefix("/v1")
        return _OPERATIONS.get(below)

    def needles(self, operation: str) -> tuple[bytes, ...]:  # noqa: ARG002 - only chat is streamed
        return answers.NEEDLES

    def read_body(self, operation: str, body: Mapping[str, Any]) -> Answer:  # noqa: ARG002 - as above
        return answers.read_body(body)

    def merge(
        self,
        operation: str,  # noqa: ARG002 - as above
        answer: Answer,
        event: Mapping[str, Any],
    ) -> None:
        answers.merge_event(answer, event)

    def usage(
        self, operation: str, raw: Mapping[str, Any] | None, extras: Mapping[str, Any]
    ) -> Usage:
        return read_usage(operation, raw, extras)


PROVIDER = Cohere()
