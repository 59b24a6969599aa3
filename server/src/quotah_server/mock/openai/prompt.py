"""What OpenAI's operations share: reading content, counting input, cached tokens, headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quotah_server.mock.cachememory import BLOCK_TOKENS
from quotah_server.mock.desk import Visit
from quotah_server.mock.prose import count_tokens
from quotah_server.mock.ratelimits import Window
from quotah_server.mock.script import Script

MEDIA_TOKENS = 255
"""Tokens of one image, audio clip or file."""
_PER_MESSAGE = 4
_PER_REQUEST = 3
_TEXT_PARTS = frozenset({"text", "input_text", "output_text", "refusal"})


class Part(msgspec.Struct, frozen=True):
    """One part of a message's content."""

    type: str
    text: str = ""


class Function(msgspec.Struct, frozen=True):
    """A function: offered, called or chosen."""

    name: str = ""
    description: str | None = None
    parameters: dict[str, Any] | None = None
    arguments: str | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    """A tool that must be called; chat nests the name, responses do not."""

    type: str
    function: Function | None = None
    name: str | None = None


class Schema(msgspec.Struct, frozen=True):
    """The inner object of chat's ``response_format``."""

    schema: dict[str, Any] | None = None


class Format(msgspec.Struct, frozen=True):
    """``response_format`` of chat, ``text.format`` of responses."""

    type: str
    json_schema: Schema | None = None
    schema: dict[str, Any] | None = None


class Prompt(msgspec.Struct):
    """The input of a request: its text in order, and its token count."""

    text: str = ""
    tokens: int = _PER_REQUEST
    last_user_text: str = ""

    def add_message(self, role: str, content: str | list[Part] | None) -> None:
        """Add one message: 4 tokens, its text, and 255 for every part that is no text."""
        parts = [content] if isinstance(content, str) else [p.text for p in content or []]
        text = "\n".join(parts)
        media = (
            0 if isinstance(content, str) else sum(p.type not in _TEXT_PARTS for p in content or [])
        )
        self.text += f"{role}\n{text}\n"
        self.tokens += _PER_MESSAGE + count_tokens(text) + media * MEDIA_TOKENS
        if role == "user":
            self.last_user_text = text

    def add_json(self, values: Sequence[object] | None) -> None:
        """Add tool definitions or calls, counted as their JSON text."""
        for value in values or ():
            text = msgspec.json.encode(value).decode()
            self.text += text + "\n"
            self.tokens += count_tokens(text)


class Input(msgspec.Struct, frozen=True):
    """Counted input."""

    tokens: int
    cached: int
    cache_write: int


def count_input(prompt: Prompt, script: Script, visit: Visit, model: str) -> Input:
    """Settle the input's counts: as the script fixes them, else by prompt and cache memory."""
    tokens = prompt.tokens if script.input_tokens is None else script.input_tokens
    seen = visit.desk.cache.longest_seen(f"{visit.key}\n{model}", prompt.text.encode())
    cached = min(seen, tokens // BLOCK_TOKENS * BLOCK_TOKENS)
    if script.cached_tokens is not None:
        cached = min(script.cached_tokens, tokens)
    return Input(tokens, cached, min(script.cache_write_tokens or 0, tokens - cached))


def answer_headers(visit: Visit, window: Window) -> list[tuple[str, str]]:
    """Headers that every good answer of OpenAI carries."""
    return [
        ("x-request-id", visit.request_id),
        ("openai-organization", "org-mock"),
        ("openai-processing-ms", "12"),
        ("openai-version", "2020-10-01"),
        *visit.desk.limits.openai_headers(window),
    ]


def tier(asked: str | None, script: Script) -> str:
    """The service tier that the answer names."""
    if script.service_tier is not None:
        return script.service_tier
    return "default" if asked in (None, "auto") else asked


def schema_of(form: Format | None) -> Mapping[str, Any] | None:
    """The JSON schema that the answer must fit, if any."""
    if form is None or form.type == "text":
        return None
    if form.type == "json_object":
        return {"type": "object", "properties": {"answer": {"type": "string"}}}
    inner = form.json_schema or form
    return inner.schema or {"type": "object"}


def forced_tool(choice: str | ToolChoice | None) -> str | None:
    """Name of the tool that must be called, ``*`` for any, None when the model may choose."""
    if isinstance(choice, ToolChoice):
        return choice.name or (choice.function.name if choice.function else None)
    return "*" if choice == "required" else None
