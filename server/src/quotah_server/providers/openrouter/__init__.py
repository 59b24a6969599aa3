"""OpenRouter: OpenAI's wire, with the cost that it charges in every answer.

``cost`` is what the account is charged, in credits of one dollar. With the caller's own key at the
upstream vendor (``is_byok``) that is OpenRouter's fee alone, and the vendor bills its own amount to the
caller (openrouter.ai, usage accounting). Anthropic's messages are served too, with the same fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import CACHE_WRITE_5M, WEB_SEARCH, Usage
from quotah_server.providers.base import Answer, Provider
from quotah_server.providers.counts import Counts, mapping
from quotah_server.providers.wires.amounts import amount, total
from quotah_server.providers.wires.openai import OpenAIWire
from quotah_server.providers.wires.openai.usage import read_usage

_MESSAGES = "messages"


class OpenRouter(OpenAIWire):
    """The room of OpenRouter. messages: the room that reads Anthropic's wire."""

    name = "openrouter"
    names_amounts = True
    reads = OpenAIWire.reads | {_MESSAGES}

    def __init__(self, messages: Provider) -> None:
        self._messages = messages

    def operation(self, method: str, path: str) -> str | None:
        return super().operation(method, path) or (
            _MESSAGES if self._messages.operation(method, path) == _MESSAGES else None
        )

    def needles(self, operation: str) -> tuple[bytes, ...]:
        if operation == _MESSAGES:
            return self._messages.needles(operation)
        return super().needles(operation)

    def read_body(self, operation: str, body: Mapping[str, Any]) -> Answer:
        if operation != _MESSAGES:
            return super().read_body(operation, body)
        answer = self._messages.read_body(operation, body)
        self.add(answer, body)
        return answer

    def merge(self, operation: str, answer: Answer, event: Mapping[str, Any]) -> None:
        if operation != _MESSAGES:
            super().merge(operation, answer, event)
            return
        self._messages.merge(operation, answer, event)
        self.add(answer, event)

    def told(self, usage: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        upstream = amount(mapping(usage, "cost_details"), "upstream_inference_cost")
        own_key = usage.get("is_byok", upstream is not None) is True
        if own_key:
            found["is_byok"] = True
        charged = amount(usage, "cost")
        if charged is not None and not (own_key and upstream is None):
            found["reported_cost_usd"] = total(charged, upstream if own_key else None)
        searches = Counts().read(mapping(usage, "server_tool_use"), "web_search_requests")
        return {**found, WEB_SEARCH: searches} if searches else found

    def usage(
        self, operation: str, raw: Mapping[str, Any] | None, extras: Mapping[str, Any]
    ) -> Usage:
        """How long a written cache is kept, the answer does not tell: five minutes is the least."""
        if operation == _MESSAGES:
            return self._messages.usage(operation, raw, extras)
        usage = read_usage(operation, raw, extras, write=CACHE_WRITE_5M)
        if not usage.units.get(CACHE_WRITE_5M) or "cache_ttl_unknown" in usage.flags:
            return usage
        flags = (*usage.flags, "cache_ttl_unknown")
        return Usage(usage.units, usage.missing, usage.estimated, flags, usage.inner)
