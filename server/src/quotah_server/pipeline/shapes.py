"""Telling by its shape what kind of answer a stored JSON object is.

The gateway knows the operation from the path. A line of ``quotah price`` or an imported file names
it loosely at best, so the shape decides and the name is a hint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from quotah_server.domain.errors import InvalidInputError

Raw = Mapping[str, Any]
_HINTS = (
    ("count_tokens", "count_tokens"),
    ("embeddings", "embeddings"),
    ("images", "images"),
    ("transcription", "transcription"),
    ("speech", "speech"),
    ("realtime", "realtime"),
    ("responses", "responses"),
    ("messages", "messages"),
    ("anthropic", "messages"),
    ("chat", "chat"),
    ("completions", "completions"),
)
_OPERATION_OF_NAME = {
    "message": "messages",
    "response": "responses",
    "chat.completion": "chat",
    "text_completion": "completions",
    "response.done": "realtime",
}
_ANTHROPIC_FIELDS = ("cache_creation_input_tokens", "cache_read_input_tokens", "server_tool_use")


def unwrapped(line: Raw) -> tuple[Raw, list[Raw] | None, dict[str, Any]]:
    """The answer's body, or its stream events, and what the wrapping says about how it was made.

    Raises InvalidInputError when the line holds neither, or something else in their place.
    """
    events, response = line.get("events"), line.get("response")
    if isinstance(response, dict) and events is None:
        events = cast("Raw", response).get("stream")
    if events is not None:
        if not isinstance(events, list):
            raise InvalidInputError("events must be a list", field="events")
        return {}, _parsed(cast("list[object]", events)), {}
    if not isinstance(response, dict):
        raise InvalidInputError(
            "a line needs response (an object) or events (a list)", field="response"
        )
    body = cast("Raw", response)
    batched = _batch_body(body)
    return (batched, None, {"processing": "batch"}) if batched is not None else (body, None, {})


def _parsed(events: list[object]) -> list[Raw]:
    """Events as the provider's JSON; server-sent ones may come as ``{"event", "data"}``."""
    found: list[Raw] = []
    for event in events:
        if isinstance(event, dict):
            parsed = cast("Raw", event)
            data = parsed.get("data")
            found.append(cast("Raw", data) if isinstance(data, dict) else parsed)
    return found


def _batch_body(body: Raw) -> Raw | None:
    """The answer inside a line of a batch's result file.

    OpenAI wraps it in response.body, Anthropic in result.message; the answer itself does not always
    tell that it was made in a batch.
    """
    if "custom_id" not in body:
        return None
    for outer, inner in (("response", "body"), ("result", "message")):
        wrapper = body.get(outer)
        if isinstance(wrapper, dict):
            answer = cast("Raw", wrapper).get(inner)
            if isinstance(answer, dict):
                return cast("Raw", answer)
    return None


def operation_of(hint: str, body: Raw, events: list[Raw] | None) -> str:
    """Name the operation; ``chat`` where nothing speaks against it."""
    by_shape = _by_shape(body) if events is None else _by_events(events)
    if by_shape is not None:
        return by_shape
    lowered = hint.lower()
    return next((operation for word, operation in _HINTS if word in lowered), "chat")


def _by_shape(body: Raw) -> str | None:
    kind, what = body.get("object"), body.get("type")
    for name in (kind, what):
        if isinstance(name, str) and name in _OPERATION_OF_NAME:
            return _OPERATION_OF_NAME[name]
    usage = body.get("usage")
    if isinstance(usage, dict) and any(name in usage for name in _ANTHROPIC_FIELDS):
        return "messages"
    return None


def _by_events(events: list[Raw]) -> str | None:
    for event in events:
        kind = event.get("type")
        if not isinstance(kind, str):
            continue
        if kind.startswith("message_"):
            return "messages"
        if kind == "response.done":
            return "realtime"
        if kind.startswith("response."):
            return "responses"
        if kind.startswith("transcript."):
            return "transcription"
    return None
