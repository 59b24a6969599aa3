"""Stream events that are still text, or wrapped by what carried them, to the provider's JSON.

Server-sent events (``event:``/``data:`` lines, comments, ``[DONE]``), one JSON object a line, and the
envelopes in which streams are kept: ``{"event", "data"}`` pairs and AWS's ``{"chunk": {"bytes"}}``.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

Raw = Mapping[str, Any]


def read_text(text: str) -> list[Raw]:
    """The events of a transcript; what is no JSON object in it is passed over."""
    lines = text.removeprefix("\ufeff").splitlines()
    if any(line.startswith("data:") for line in lines):
        return [event for data in _data(lines) for event in _decoded(data)]
    return [event for line in lines for event in _decoded(line)]


def read_events(events: list[object]) -> list[Raw]:
    """Events as the provider's JSON, however each is wrapped."""
    return [found for event in events for found in _unwrapped(event)]


def _unwrapped(event: object) -> list[Raw]:
    if isinstance(event, str):
        return read_text(event)
    if not isinstance(event, dict):
        return []
    parsed = cast("Raw", event)
    data = parsed.get("data")
    if isinstance(data, dict):
        return [cast("Raw", data)]
    if isinstance(data, str) and parsed.keys() <= {"event", "data", "id", "retry"}:
        return _decoded(data)
    chunk = parsed.get("chunk")
    if isinstance(chunk, dict) and isinstance(encoded := cast("Raw", chunk).get("bytes"), str):
        return _decoded(_base64(encoded))
    return [parsed]


def _data(lines: list[str]) -> Iterator[str]:
    """The data of each frame: its lines joined, as a client would see it."""
    held: list[str] = []
    for line in [*lines, ""]:
        if line.startswith("data:"):
            held.append(line[5:].removeprefix(" "))
        elif not line and held:
            yield "\n".join(held)
            held = []


def _decoded(text: str) -> list[Raw]:
    try:
        found: object = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        return []
    return [cast("Raw", found)] if isinstance(found, dict) else []


def _base64(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
