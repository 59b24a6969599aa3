"""Whatever a provider sends: no exception, no negative count, no count beyond belief."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.domain.usage import MAX_COUNT
from quotah_server.providers.base import Answer, Provider
from quotah_server.providers.registry import PROVIDERS

ROOMS = st.sampled_from(sorted(PROVIDERS)).map(PROVIDERS.__getitem__)
OPERATIONS = st.sampled_from(
    ["chat", "completions", "responses", "embeddings", "images", "transcription", "speech",
     "realtime", "messages", "count_tokens"]
)  # fmt: skip
FIELDS = st.sampled_from(
    ["prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens",
     "prompt_tokens_details", "input_tokens_details", "completion_tokens_details",
     "output_tokens_details", "cached_tokens", "cached_tokens_details", "audio_tokens",
     "image_tokens", "reasoning_tokens", "cache_write_tokens", "cache_write_tokens_details",
     "ttl_12h_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "cache_creation",
     "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "thinking_tokens", "iterations",
     "server_tool_use", "web_search_requests", "type", "seconds", "usage", "model", "error",
     "message", "response", "delta", "choices", "output", "tools", "status", "web_search",
     "service_tier", "id", "custom_id"]
)  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.integers(0, 100) | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["duration", "message_start", "message_delta", "response.completed", "error"])
)  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=6),
    max_leaves=12,
)
OBJECTS = st.dictionaries(FIELDS, JSON, max_size=8)


def assert_sane(units: dict[str, int]) -> None:
    assert all(type(count) is int and 0 <= count <= MAX_COUNT for count in units.values())


@given(ROOMS, OPERATIONS, OBJECTS | st.none(), OBJECTS)
@settings(max_examples=150, deadline=None)
def test_no_usage_object_breaks_a_room(
    room: Provider, operation: str, raw: dict[str, Any] | None, extras: dict[str, Any]
) -> None:
    usage = room.usage(operation, raw, extras)

    assert_sane(usage.units)
    assert not (usage.missing and usage.units)


@given(ROOMS, OPERATIONS, OBJECTS)
@settings(max_examples=100, deadline=None)
def test_no_body_breaks_a_room(room: Provider, operation: str, body: dict[str, Any]) -> None:
    answer = room.read_body(operation, body)

    assert_sane(room.usage(operation, answer.usage, answer.extras).units)


@given(ROOMS, OPERATIONS, st.lists(OBJECTS, max_size=6))
@settings(max_examples=100, deadline=None)
def test_no_stream_breaks_a_room(
    room: Provider, operation: str, events: list[dict[str, Any]]
) -> None:
    answer = Answer()
    for event in events:
        room.merge(operation, answer, event)

    assert_sane(room.usage(operation, answer.usage, answer.extras).units)


@given(ROOMS, OPERATIONS, OBJECTS, OBJECTS)
@settings(max_examples=75, deadline=None)
def test_reading_changes_nothing(
    room: Provider, operation: str, raw: dict[str, Any], extras: dict[str, Any]
) -> None:
    before = repr((raw, extras))

    room.usage(operation, raw, extras)
    room.read_body(operation, raw)

    assert repr((raw, extras)) == before
