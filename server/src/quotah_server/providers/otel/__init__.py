"""OpenTelemetry's wire: spans of model calls, by whichever library wrote them.

A span tells of somebody else's answer: the provider and the model are those it names. Where it
carries the provider's own usage object, that one's room reads it (``Answer.operation``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import Usage
from quotah_server.providers.base import Answer
from quotah_server.providers.otel import answers
from quotah_server.providers.otel.kind import is_inference_span
from quotah_server.providers.otel.usage import read_usage

__all__ = ["PROVIDER", "is_inference_span"]


class OpenTelemetry:
    """The room of spans. No path leads here and nothing is streamed."""

    name = "otel"
    reads = frozenset({"span"})
    names_amounts = False

    def operation(self, method: str, path: str) -> str | None:  # noqa: ARG002 - spans come by another door
        return None

    def needles(self, operation: str) -> tuple[bytes, ...]:  # noqa: ARG002 - as above
        return (b'"attributes"',)

    def read_body(self, operation: str, body: Mapping[str, Any]) -> Answer:  # noqa: ARG002 - one for all
        return answers.read_span(body)

    def merge(self, operation: str, answer: Answer, event: Mapping[str, Any]) -> None:  # noqa: ARG002 - as above
        answers.take_span(answer, event)

    def usage(
        self,
        operation: str,  # noqa: ARG002 - as above
        raw: Mapping[str, Any] | None,
        extras: Mapping[str, Any],
    ) -> Usage:
        return read_usage(raw, extras)


PROVIDER = OpenTelemetry()
