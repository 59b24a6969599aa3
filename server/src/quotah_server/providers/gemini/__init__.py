"""Google's wire: Gemini at AI Studio and on Vertex, whole, streamed, live; embeddings, Imagen, Veo."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import Usage
from quotah_server.providers.base import MANAGEMENT, Answer
from quotah_server.providers.gemini import answers
from quotah_server.providers.gemini.usage import read_usage

_METHODS = {
    "generateContent": "generate_content",
    "streamGenerateContent": "generate_content",
    "embedContent": "embed_content",
    "batchEmbedContents": "embed_content",
    "countTokens": "count_tokens",
    "predict": "predict",
    "predictLongRunning": "predict",
}
_CALLED = ("/models/", "/tunedModels/", "/endpoints/")
_FREE = re.compile(
    r"(?:/upload)?/v[^/]+/files(?:[/:][\w./:-]*)?"
    r"|/v[^/]+/(?:batches/[\w.-]+:cancel|interactions/[\w.-]+/cancel)"
    r"|/v[^/]+/[a-zA-Z]+/[\w.-]+:(?:batchGenerateContent|asyncBatchEmbedContent)"
)
"""What stores or ends something; the results of a batch are what is billed. Contents that are put into a
cache cost something, which no answer tells."""


class Gemini:
    """The room of Google. Claude and OpenAI's wire at Google are read by theirs."""

    name = "gemini"
    reads = frozenset({*_METHODS.values(), "interactions", "live"})
    names_amounts = False

    def operation(self, method: str, path: str) -> str | None:
        """``…/models/{model}:method`` below any version, project and location."""
        if method.upper() != "POST":
            return None
        path = path.rstrip("/")
        resource, _, verb = path.rpartition(":")
        if verb in _METHODS and any(called in resource for called in _CALLED):
            return _METHODS[verb]
        if path.endswith("/interactions"):
            return "interactions"
        return MANAGEMENT if _FREE.fullmatch(path) else None

    def needles(self, operation: str) -> tuple[bytes, ...]:
        return answers.INTERACTION_NEEDLES if operation == "interactions" else answers.NEEDLES

    def read_body(self, operation: str, body: Mapping[str, Any]) -> Answer:
        return answers.read_body(operation, body)

    def merge(self, operation: str, answer: Answer, event: Mapping[str, Any]) -> None:
        answers.merge_event(operation, answer, event)

    def usage(
        self, operation: str, raw: Mapping[str, Any] | None, extras: Mapping[str, Any]
    ) -> Usage:
        return read_usage(operation, raw, extras)


PROVIDER = Gemini()
