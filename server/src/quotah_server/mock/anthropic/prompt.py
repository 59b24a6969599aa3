"""Reading an Anthropic request: its blocks in order, their tokens, and its cache breakpoints."""

from __future__ import annotations

from typing import Any

import msgspec

from quotah_server.mock.cachememory import MIN_TOKENS, PrefixMemory
from quotah_server.mock.prose import count_tokens
from quotah_server.mock.script import Script

MEDIA_TOKENS = 1_000
"""Tokens of one image or document."""
_PER_MESSAGE = 4
_PER_REQUEST = 3


class CacheControl(msgspec.Struct, frozen=True):
    """A cache breakpoint."""

    type: str = "ephemeral"
    ttl: str = "5m"


class Block(msgspec.Struct, frozen=True):
    """One content block, of any type."""

    type: str
    text: str = ""
    thinking: str = ""
    input: dict[str, Any] | None = None
    content: str | list[dict[str, Any]] | dict[str, Any] | None = None
    cache_control: CacheControl | None = None


class Message(msgspec.Struct, frozen=True):
    """One message of the conversation."""

    role: str
    content: str | list[Block]


class ToolDefinition(msgspec.Struct, frozen=True):
    """A tool; server tools have no input schema."""

    name: str = ""
    type: str = "custom"
    description: str = ""
    input_schema: dict[str, Any] | None = None
    cache_control: CacheControl | None = None


class Breakpoint(msgspec.Struct, frozen=True):
    """The prompt up to a cache_control."""

    prefix: str
    tokens: int
    ttl: str


class Prompt(msgspec.Struct):
    """The input of a request: its text in order, its token count, and its cache breakpoints."""

    text: str = ""
    tokens: int = _PER_REQUEST
    last_user_text: str = ""
    breakpoints: list[Breakpoint] = []

    def add_tool(self, tool: ToolDefinition) -> None:
        """Add a tool's definition, counted as its JSON text."""
        text = msgspec.json.encode([tool.name, tool.description, tool.input_schema]).decode()
        self._add("tool", text, count_tokens(text), tool.cache_control)

    def add_message(self, role: str, content: str | list[Block]) -> None:
        """Add one message: 4 tokens and its blocks."""
        self.tokens += _PER_MESSAGE
        if isinstance(content, str):
            self._add(role, content, count_tokens(content), None)
            texts = [content]
        else:
            texts = [block.text for block in content]
            for block in content:
                self._add_block(role, block)
        if role == "user" and any(texts):
            self.last_user_text = "\n".join(texts)

    def _add_block(self, role: str, block: Block) -> None:
        text = block.text or block.thinking
        if block.input is not None or block.content is not None:
            text = msgspec.json.encode([block.input, block.content]).decode()
        tokens = count_tokens(text) + (MEDIA_TOKENS if block.type in ("image", "document") else 0)
        self._add(role, text, tokens, block.cache_control)

    def _add(self, role: str, text: str, tokens: int, cache: CacheControl | None) -> None:
        self.text += f"{role}\n{text}\n"
        self.tokens += tokens
        if cache is not None:
            self.breakpoints.append(Breakpoint(self.text, self.tokens, cache.ttl))


class Input(msgspec.Struct, frozen=True):
    """Counted input; the parts are disjoint and add up to everything that was sent."""

    uncached: int
    read: int
    write_5m: int
    write_1h: int

    @property
    def total(self) -> int:
        """All input tokens."""
        return self.uncached + self.read + self.write_5m + self.write_1h


def count_input(prompt: Prompt, script: Script, memory: PrefixMemory, owner: str) -> Input:
    """Settle the input's counts.

    The longest prefix up to a cache_control that was seen before is read; what lies between it and
    the last cache_control is written, each stretch with the ttl of the breakpoint at its end.
    Prefixes below 1,024 tokens are not cached. A count that the script fixes replaces that part
    alone.
    """
    usable = [b for b in prompt.breakpoints if b.tokens >= MIN_TOKENS]
    seen = [b for b in usable if memory.touch(owner, b.prefix.encode())]
    read = max((b.tokens for b in seen), default=0)
    written = {"5m": 0, "1h": 0}
    reached = read
    for point in usable:
        if point.tokens > reached:
            written["1h" if point.ttl == "1h" else "5m"] += point.tokens - reached
            reached = point.tokens
    uncached = prompt.tokens - reached
    if script.input_tokens is not None:
        uncached = script.input_tokens
    if script.cached_tokens is not None:
        read = script.cached_tokens
    if script.cache_write_tokens is not None:
        written = {"5m": script.cache_write_tokens, "1h": 0}
    return Input(uncached, read, written["5m"], written["1h"])
