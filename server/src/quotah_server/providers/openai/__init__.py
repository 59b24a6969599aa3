"""OpenAI's wire, spoken by many: chat, completions, responses, embeddings and their relatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import Usage
from quotah_server.providers.base import Answer
from quotah_server.providers.openai import stream
from quotah_server.providers.openai.usage import read_usage

_OPERATIONS = {
    "/chat/completions": "chat",
    "/completions": "completions",
    "/responses": "responses",
    "/embeddings": "embeddings",
    "/images/generations": "images",
    "/images/edits": "images",
    "/images/variations": "images",
    "/audio/transcriptions": "transcription",
    "/audio/translations": "transcription",
    "/audio/speech": "speech",
}
_AUDIO = frozenset({"transcription", "speech"})


class OpenAI:
    """The room of OpenAI; also reads vendors that speak its wire."""

    name = "openai"

    def operation(self, method: str, path: str) -> str | None:
        """Only what is billed has a name; the rest is passed through."""
        if method.upper() != "POST":
            return None
        return _OPERATIONS.get(path.removeprefix("/v1").rstrip("/"))

    def needles(self, operation: str) -> tuple[bytes, ...]:
        if operation == "responses":
            return stream.RESPONSES_NEEDLES
        if operation in _AUDIO:
            return (b'.done"', b'"usage"', b'"error"')
        return stream.CHAT_NEEDLES

    def read_body(self, operation: str, body: Mapping[str, Any]) -> Answer:
        return stream.read_body(operation, body)

    def merge(self, operation: str, answer: Answer, event: Mapping[str, Any]) -> None:
        if operation in ("responses", "realtime"):
            stream.merge_response_event(answer, event)
        elif operation in _AUDIO:
            stream.merge_audio_event(answer, event)
        else:
            stream.merge_chunk(answer, event)

    def usage(
        self, operation: str, raw: Mapping[str, Any] | None, extras: Mapping[str, Any]
    ) -> Usage:
        return read_usage(operation, raw, extras)


PROVIDER = OpenAI()
