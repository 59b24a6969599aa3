"""Anthropic counts the tokens of a request for free: ``POST /v1/messages/count_tokens``.

https://platform.claude.com/docs/en/build-with-claude/token-counting; it says that what is billed may
differ by a few tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from quotah_server.providers.base import Counting

_APART = frozenset({"system", "developer"})


class _Counted(msgspec.Struct):
    input_tokens: int


_decoder = msgspec.json.Decoder(_Counted)


def _body(model: str, asked: Mapping[str, Any]) -> bytes:
    """System prompts apart, tools without their envelope."""
    messages = asked.get("messages") or [{"role": "user", "content": asked.get("text") or ""}]
    system = _parts(asked.get("system"))
    for one in messages:
        if one.get("role") in _APART:
            system += _parts(one.get("content"))
    body: dict[str, Any] = {
        "model": model,
        "messages": [one for one in messages if one.get("role") not in _APART],
    }
    if system:
        body["system"] = system
    if asked.get("tools"):
        body["tools"] = [_tool(one) for one in asked["tools"]]
    return msgspec.json.encode(body)


def _parts(content: object) -> list[object]:
    if isinstance(content, list):
        return list(cast("list[object]", content))
    return [{"type": "text", "text": content}] if content else []


def _tool(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """A tool of OpenAI's shape in Anthropic's; any other as it is."""
    function = tool.get("function")
    if not isinstance(function, dict):
        return tool
    return {
        "name": function.get("name"),
        "description": function.get("description") or "",
        "input_schema": function.get("parameters") or {"type": "object"},
    }


def _read(answer: bytes) -> int | None:
    try:
        return _decoder.decode(answer).input_tokens
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


COUNTING = Counting(models="claude", path="/v1/messages/count_tokens", body=_body, read=_read)
