"""Bedrock's wire: Converse, and InvokeModel with whatever body the model's vendor answers.

There is no account here: requests are signed (SigV4), which a header with a key cannot do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quotah_server.domain.usage import Usage
from quotah_server.providers.base import Answer, Provider
from quotah_server.providers.bedrock import answers, shapes
from quotah_server.providers.bedrock.usage import read_usage

_METHODS = {
    "converse": "converse",
    "converse-stream": "converse",
    "invoke": "invoke_model",
    "invoke-with-response-stream": "invoke_model",
    "invoke-with-bidirectional-stream": "invoke_model",
    "count-tokens": "count_tokens",
}
_OWN = frozenset(_METHODS.values())


class Bedrock:
    """The room of Bedrock.

    messages, chat: the rooms that read the wires of Anthropic and OpenAI, which it also serves.
    The model is the request's: a name in a vendor's own body lacks the profile that sets the price.
    """

    name = "bedrock"
    names_amounts = False

    def __init__(self, messages: Provider, chat: Provider) -> None:
        self._messages, self._chat = messages, chat
        self.reads = _OWN | {"messages"} | (chat.reads - {"rerank"})

    def operation(self, method: str, path: str) -> str | None:
        """``/model/{id}/…``; ids that are ARNs come percent-encoded."""
        if method.upper() != "POST" or not path.startswith("/model/"):
            return None
        return _METHODS.get(path.rstrip("/").rpartition("/")[2])

    def needles(self, operation: str) -> tuple[bytes, ...]:
        if operation == "converse":
            return answers.CONVERSE_NEEDLES
        if operation == "invoke_model":
            vendors = (*self._messages.needles("messages"), *self._chat.needles("chat"))
            return (*answers.INVOKE_NEEDLES, *vendors)
        return self._wire(operation).needles(operation)

    def read_body(self, operation: str, body: Mapping[str, Any]) -> Answer:
        vendor = shapes.of_body(body) if operation == "invoke_model" else operation
        if vendor in _OWN:
            return answers.read_body(vendor, body)
        answer = self._wire(vendor).read_body(vendor, body)
        return answers.under_own_name(answer, body)

    def merge(self, operation: str, answer: Answer, event: Mapping[str, Any]) -> None:
        vendor = shapes.of_event(event) if operation == "invoke_model" else operation
        if vendor in _OWN:
            answers.merge_event(vendor, answer, event)
            return
        self._wire(vendor).merge(vendor, answer, event)
        answers.under_own_name(answer, event)

    def usage(
        self, operation: str, raw: Mapping[str, Any] | None, extras: Mapping[str, Any]
    ) -> Usage:
        vendor = operation
        if raw is not None and operation not in ("converse", "count_tokens"):
            vendor = shapes.of_usage(operation, raw)
        if vendor in _OWN:
            return read_usage(vendor, raw, extras)
        return self._wire(vendor).usage(vendor, raw, extras)

    def _wire(self, operation: str) -> Provider:
        return self._messages if operation == "messages" else self._chat
