"""OpenAI's API, and that of everybody who copied it."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any, Self

import msgspec

from quotah_server.gateway.dialects.base import (
    UNREADABLE,
    Ask,
    Prepared,
    RefusalError,
    error_of,
    texts,
    word,
)
from quotah_server.gateway.dialects.plain import PlainDialect
from quotah_server.providers.base import STREAM_USAGE

USAGE_SUSPECT = re.compile(rb'"choices"\s*:\s*\[\s*\]')
_STREAMED_WITH_USAGE = frozenset({"chat", "completions"})
_TEXT_KEYS = frozenset({"content", "text", "delta", "arguments", "refusal", "reasoning_content"})
_TOO_MANY_REQUESTS = 429
_INJECTION = b'"stream_options":{"include_usage":true},'
_AZURE_PATH = re.compile(r"/openai(?:/deployments/[^/]+|/v1)(?=/)")
"""What stands in front of a path that a client of Azure's asks for."""


class _UsageChunk(msgspec.Struct):
    choices: list[Any]
    usage: dict[str, Any] | None = None


_raw_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_options = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_usage_chunk = msgspec.json.Decoder(_UsageChunk)


class OpenAIDialect(PlainDialect):
    """Bearer keys, ``{"error": {…}}``, ``data: [DONE]``, usage in streams on request."""

    name = "openai"
    shape = "openai"
    key_names: tuple[str, ...] = ("authorization", "api-key")
    done_marker: bytes | None = b"[DONE]"
    asks_for_usage = True
    """Streams end without their usage unless it is asked for."""

    def with_settings(self, settings: Mapping[str, str]) -> Self:
        """Some servers refuse to be asked for usage; who runs one says so."""
        if settings.get(STREAM_USAGE) != "no" or not self.asks_for_usage:
            return self
        unasking = copy.copy(self)
        unasking.asks_for_usage = False
        return unasking

    def upstream_path(self, path: str) -> str:
        """Base URLs carry the version segment, so it is taken off the path; so is what Azure's
        clients put in front."""
        if path.startswith("/v1/"):
            return path[3:]
        return _AZURE_PATH.sub("", path, count=1) if path.startswith("/openai/") else path

    def error_body(self, refusal: RefusalError, request_id: str) -> bytes:
        kind = "server_error" if refusal.status >= 500 else "invalid_request_error"
        if refusal.status == _TOO_MANY_REQUESTS:
            kind = "rate_limit_error"
        message = f"{refusal.message} (request id {request_id})"
        return msgspec.json.encode(
            {"error": {"message": message, "type": kind, "param": None, "code": refusal.code}}
        )

    def error_code(self, body: bytes) -> str | None:
        error = error_of(body)
        return word(error.get("code")) or word(error.get("type"))

    def prepare(self, operation: str, body: bytes, ask: Ask) -> Prepared:
        """Ask for usage where a stream would end without it.

        Without ``stream_options`` the member is put in front and not another byte changes. With
        it, its own members are kept and those of the request are copied as raw bytes, so that no
        number is re-rendered; only white space between top-level members may differ.
        """
        if (
            operation not in _STREAMED_WITH_USAGE
            or ask.stream is not True
            or not self.asks_for_usage
        ):
            return Prepared(body)
        if ask.stream_options is msgspec.UNSET:
            at = body.index(b"{") + 1
            return Prepared(body[:at] + _INJECTION + body[at:], injected=True)
        try:
            options = _options.decode(ask.stream_options) or {}
            if bytes(options.get("include_usage", b"")) == b"true":
                return Prepared(body)
            members = _raw_members.decode(body)
        except UNREADABLE:
            return Prepared(body)
        options["include_usage"] = msgspec.Raw(b"true")
        members["stream_options"] = msgspec.Raw(msgspec.json.encode(options))
        return Prepared(msgspec.json.encode(members), injected=True)

    def is_injected(self, data: bytes) -> bool:
        try:
            chunk = _usage_chunk.decode(data)
        except UNREADABLE:
            return False
        return not chunk.choices and chunk.usage is not None

    def delivered_text(self, event: Mapping[str, Any]) -> str:
        if "choices" in event:
            return texts(event["choices"], _TEXT_KEYS)
        if isinstance(event.get("output"), list):
            return texts(event["output"], _TEXT_KEYS)
        kind = str(event.get("type", ""))
        return str(event.get("delta", "")) if kind.endswith(".delta") else ""
