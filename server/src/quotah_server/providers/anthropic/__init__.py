"""Anthropic's wire: messages, streamed and whole, and the free token count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import Usage
from quotah_server.providers.anthropic import stream
from quotah_server.providers.anthropic.usage import read_usage
from quotah_server.providers.base import Answer

_OPERATIONS = {"/messages": "messages", "/messages/count_tokens": "count_tokens"}


class Anthropic:
    """The room of Anthropic."""

    name = "anthropic"

    def operation(self, method: str, path: str) -> str | None:
        """Only messages and the token count have a name; the rest is passed through."""
        if method.upper() != "POST":
            return None
        return _OPERATIONS.get(path.removeprefix("/v1").rstrip("/"))

    def needles(self, operation: str) -> tuple[bytes, ...]:  # noqa: ARG002 - one wire for all
        return stream.NEEDLES

    def read_body(self, operation: str, body: Mapping[str, Any]) -> Answer:
        return stream.read_body(operation, body)

    def merge(
        self,
        operation: str,  # noqa: ARG002 - only messages are streamed
        answer: Answer,
        event: Mapping[str, Any],
    ) -> None:
        stream.merge_event(answer, event)

    def usage(
        self, operation: str, raw: Mapping[str, Any] | None, extras: Mapping[str, Any]
    ) -> Usage:
        return read_usage(operation, raw, extras)


PROVIDER = Anthropic()
