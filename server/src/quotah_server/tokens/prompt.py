"""What of a request is counted: its messages, texts, tools and images, whatever vendor's shape it has.

``is_plain`` stays true while there is nothing but what the documented framing covers: texts, or
messages of role, name and text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import msgspec

Raw = Mapping[str, Any]
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})
_BULKY = frozenset({"data", "image_url", "file_data", "inline_data", "inlineData", "bytes"})
_PLAIN_KEYS = frozenset({"role", "content", "name"})


class Message(msgspec.Struct, frozen=True):
    """One message: its texts (role first), and whether its sender has a name."""

    texts: list[str]
    named: bool = False


class Prompt(msgspec.Struct):
    """texts: what is counted by itself, unframed. messages: what is framed. tools: declarations of
    tools, as JSON. images: (url, detail). given: tokens that the caller counted himself."""

    texts: list[str] = []
    messages: list[Message] = []
    tools: list[str] = []
    images: list[tuple[str, str]] = []
    given: int = 0
    is_plain: bool = True


def read_prompt(body: Raw) -> Prompt:
    """Read a request in the shape of OpenAI (chat, completions, responses, embeddings), Anthropic or
    Gemini; what it does not know it counts as text, and says so. Never raises on odd input."""
    prompt = Prompt()
    for key in ("system", "instructions", "systemInstruction", "system_instruction"):
        if body.get(key):
            prompt.messages.append(_message(prompt, {"role": "system", "content": body[key]}))
            prompt.is_plain = False
    for key in ("messages", "contents"):
        _read_messages(prompt, body.get(key))
    _read_input(prompt, body.get("input"))
    _read_input(prompt, body.get("prompt"))
    if isinstance(body.get("text"), str):
        prompt.texts.append(body["text"])
    for key in ("tools", "functions", "response_format", "toolConfig"):
        for declared in _listed(body.get(key)):
            prompt.tools.append(_json(declared))
            prompt.is_plain = False
    return prompt


def _read_messages(prompt: Prompt, value: object) -> None:
    for one in _listed(value):
        prompt.messages.append(_message(prompt, one))


def _read_input(prompt: Prompt, value: object) -> None:
    """``input`` and ``prompt``: a text, texts, tokens (or lists of them), or the items of Responses."""
    for one in _listed(value):
        if isinstance(one, str):
            prompt.texts.append(one)
        elif isinstance(one, int):
            prompt.given += 1
        elif isinstance(one, list):
            prompt.given += len(cast("list[object]", one))
        elif isinstance(one, dict):
            prompt.messages.append(_message(prompt, cast("Raw", one)))
            prompt.is_plain = False


def _message(prompt: Prompt, value: object) -> Message:
    if not isinstance(value, dict):
        prompt.is_plain = False
        return Message([_json(value)])
    message = cast("Raw", value)
    texts: list[str] = []
    role = message.get("role", message.get("type"))
    if isinstance(role, str):
        texts.append(role)
    content = message.get("content", message.get("parts"))
    _read_content(prompt, content, texts)
    name = message.get("name")
    if isinstance(name, str):
        texts.append(name)
    for key, other in message.items():
        if key not in _PLAIN_KEYS and key not in ("type", "parts", "id") and other is not None:
            texts.append(other if isinstance(other, str) else _json(other))
            prompt.is_plain = False
    if "parts" in message:
        prompt.is_plain = False
    return Message(texts, isinstance(name, str))


def _read_content(prompt: Prompt, content: object, texts: list[str]) -> None:
    if content is None:
        return
    if isinstance(content, str):
        texts.append(content)
        return
    parts = _listed(content)
    prompt.is_plain = prompt.is_plain and len(parts) == 1
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
            continue
        if not isinstance(part, dict):
            texts.append(_json(part))
            prompt.is_plain = False
            continue
        piece = cast("Raw", part)
        kind, text = piece.get("type"), piece.get("text")
        if isinstance(text, str) and (kind is None or kind in _TEXT_PARTS):
            texts.append(text)
            continue
        prompt.is_plain = False
        image = _image(piece)
        if image is not None:
            prompt.images.append(image)
        else:
            texts.append(_json({k: v for k, v in piece.items() if k not in _BULKY}))


def _image(part: Raw) -> tuple[str, str] | None:
    """(url, detail) of an image in the shapes of Chat, Responses, Anthropic and Gemini."""
    detail = part.get("detail")
    url: object = part.get("image_url")
    if isinstance(url, dict):
        nested = cast("Raw", url)
        detail, url = nested.get("detail", detail), nested.get("url")
    if isinstance(url, str):
        return url, detail if isinstance(detail, str) else "auto"
    if part.get("type") in ("image", "input_image"):
        source = part.get("source")
        data = cast("Raw", source).get("data") if isinstance(source, dict) else None
        return f"data:;base64,{data}" if isinstance(data, str) else "", "auto"
    inline = part.get("inlineData", part.get("inline_data"))
    if isinstance(inline, dict):
        data = cast("Raw", inline).get("data")
        return f"data:;base64,{data}" if isinstance(data, str) else "", "auto"
    return None


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _json(value: object) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        return str(value)
