"""Decides what an answer says and how long it is, for every vendor's format alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quotah_server.mock.jsonshape import example_of
from quotah_server.mock.prose import (
    BYTES_PER_TOKEN,
    count_tokens,
    split_text,
    write_sentences,
    write_text,
)
from quotah_server.mock.script import Script

_TOKENS_PER_DELTA = 4
_MAX_DEFAULT_DELTAS = 64
_FEWEST, _SPREAD = 2, 6
_LONGEST = 2_000_000


class Tool(msgspec.Struct, frozen=True):
    """A function that the caller offers."""

    name: str
    schema: Mapping[str, Any]


class Wish(msgspec.Struct, frozen=True):
    """What a request asks of its answer."""

    seed: int
    last_user_text: str = ""
    limit: int | None = None
    """Most output tokens, reasoning included."""
    reasoning: int = 0
    """Reasoning tokens that the model would spend by itself."""
    tools: Sequence[Tool] = ()
    forced_tool: str | None = None
    """Name of the tool that must be called; ``*`` for any."""
    tools_allowed: bool = True
    schema: Mapping[str, Any] | None = None
    """JSON schema that the text must fit."""


class Plan(msgspec.Struct, frozen=True):
    """A decided answer: prose or a tool call, and what it counts."""

    text: str
    pieces: list[str]
    output_tokens: int
    """Everything billed as output, reasoning included."""
    reasoning_tokens: int
    tool: Tool | None = None
    """When set, ``text`` and ``pieces`` are the call's arguments as JSON."""
    truncated: bool = False

    def output_at(self, share: float) -> int:
        """Output tokens generated after this share of the deltas (reasoning comes first)."""
        visible = self.output_tokens - self.reasoning_tokens
        return self.reasoning_tokens + round(visible * share)


def make_plan(wish: Wish, script: Script) -> Plan:
    """Decide an answer; the same wish and script always give the same one."""
    tool = _choose_tool(wish, script)
    reasoning = script.reasoning_tokens if script.reasoning_tokens is not None else wish.reasoning
    if script.output_tokens is not None and script.reasoning_tokens is None:
        reasoning = min(reasoning, script.output_tokens // 2)
    if wish.limit is not None:
        reasoning = min(reasoning, wish.limit)
    room = None if wish.limit is None else wish.limit - reasoning
    text, fixed = _write(wish, script, tool, reasoning)
    truncated = room is not None and count_tokens(text) > room
    if truncated and room is not None:
        text = text.encode()[: room * BYTES_PER_TOKEN].decode(errors="ignore")
    total = reasoning + count_tokens(text)
    if script.output_tokens is not None and fixed and not truncated:
        total = max(script.output_tokens, reasoning)
    wanted = script.deltas or min(_MAX_DEFAULT_DELTAS, -(-count_tokens(text) // _TOKENS_PER_DELTA))
    return Plan(
        text=text,
        pieces=split_text(text, wanted) if text else [],
        output_tokens=total,
        reasoning_tokens=reasoning,
        tool=tool,
        truncated=truncated,
    )


def _write(wish: Wish, script: Script, tool: Tool | None, reasoning: int) -> tuple[str, bool]:
    """The text, and whether its words (not its length) are given."""
    if tool is not None:
        return msgspec.json.encode(example_of(tool.schema)).decode(), True
    if script.text is not None:
        return script.text, True
    if wish.schema is not None:
        return msgspec.json.encode(example_of(wish.schema)).decode(), True
    if script.output_tokens is not None:
        tokens = max(0, script.output_tokens - reasoning)
        return write_text(wish.seed, min(tokens, _LONGEST)), False
    text = write_sentences(wish.seed, _FEWEST + wish.seed % _SPREAD)
    if script.deltas is not None and count_tokens(text) < script.deltas:
        text = write_text(wish.seed, min(script.deltas, _LONGEST))
    return text, False


def _choose_tool(wish: Wish, script: Script) -> Tool | None:
    if not wish.tools or not wish.tools_allowed:
        return None
    by_name = {tool.name: tool for tool in wish.tools}
    if script.tool is not None:
        return by_name.get(script.tool)
    if wish.forced_tool == "*":
        return wish.tools[0]
    if wish.forced_tool is not None:
        return by_name.get(wish.forced_tool)
    text = wish.last_user_text.lower()
    for tool in wish.tools:
        if tool.name.lower() in text or tool.name.lower().replace("_", " ") in text:
            return tool
    return None
