"""What only a request tells, and what is never taken of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotah_server.providers.registry import PROVIDERS, asked_by, room_for

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=60),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def asked(provider: str, operation: str, request: Mapping[str, Any], **told: Any) -> dict[str, Any]:
    return asked_by(
        provider,
        operation,
        told,
        lambda names: {name: value for name, value in request.items() if name in names},
    )


@pytest.mark.parametrize(
    ("provider", "operation", "request_body", "extras"),
    [
        ("openai", "speech", {"model": "tts-1", "input": "Hé 🎧"}, {"input_characters": 4}),
        ("groq", "speech", {"input": "abc"}, {"input_characters": 3}),
        ("openai", "speech", {"input": 7}, {}),
        ("openai", "images", {"prompt": "a cat"}, {"images_asked": 1}),
        (
            "openai", "images", {"n": 2, "size": "512x512", "quality": "hd"},
            {"images_asked": 2, "size": "512x512", "quality": "hd"},
        ),
        ("openai", "images", {"n": "3", "size": None}, {"images_asked": 3}),
        ("openai", "images", {"n": -1, "size": "as large as my secret garden"}, {}),
        ("openai", "images", {"n": True, "quality": ["hd"]}, {}),
        ("openai", "transcription", {"response_format": "srt"}, {"response_format": "srt"}),
        (
            "perplexity", "chat", {"web_search_options": {"search_context_size": "high"}},
            {"search_context_size": "high"},
        ),
        ("perplexity", "chat", {"web_search_options": "high"}, {}),
        ("perplexity", "chat", {}, {}),
        ("openai", "chat", {"web_search_options": {"search_context_size": "high"}}, {}),
    ],
)  # fmt: skip
def test_what_a_request_tells(
    provider: str, operation: str, request_body: dict[str, Any], extras: dict[str, Any]
) -> None:
    assert asked(provider, operation, request_body) == extras


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
@pytest.mark.parametrize(
    "operation", ["chat", "completions", "messages", "embeddings", "responses"]
)
def test_requests_of_text_are_not_read_a_second_time(provider: str, operation: str) -> None:
    if (provider, operation) == ("perplexity", "chat"):
        return

    def never(names: frozenset[str]) -> dict[str, Any]:
        raise AssertionError(names)

    assert asked_by(provider, operation, {}, never) == {}


def test_offered_tools_are_read_only_where_a_search_was_made_and_the_answer_does_not_tell() -> None:
    request = {"tools": [{"type": "web_search_preview"}, {"type": "function", "name": "x"}, 3]}
    assert asked("openai", "responses", request) == {}
    assert asked("openai", "responses", request, web_search=1, tools=["web_search"]) == {}
    found = asked("openai", "responses", request, web_search=1)
    assert found == {"tools": ["web_search_preview", "function"]}
    usage = room_for("openai", "responses").usage(
        "responses", {"input_tokens": 1, "output_tokens": 1}, {**found, "web_search": 1}
    )
    assert usage.units["web_search_preview"] == 1


def test_perplexity_that_answers_how_much_it_searched_is_not_asked() -> None:
    request = {"web_search_options": {"search_context_size": "low"}}
    assert asked("perplexity", "chat", request, search_context_size="high") == {}


@given(
    provider=st.sampled_from(sorted(PROVIDERS)),
    operation=st.sampled_from(["speech", "images", "transcription", "responses", "chat"]),
    request=st.dictionaries(
        st.sampled_from(
            ["input", "n", "size", "quality", "tools", "response_format", "web_search_options"]
        ),
        _JSON,
    ),
)
def test_extras_of_any_request_are_counts_and_short_words(
    provider: str, operation: str, request: dict[str, Any]
) -> None:
    for value in asked(provider, operation, request, web_search=1).values():
        for one in value if isinstance(value, list) else [value]:
            assert type(one) is int or (len(one) <= 40 and " " not in one)


@pytest.mark.parametrize(
    ("extras", "units", "flags"),
    [
        ({"image": 2, "images_asked": 3}, {"image": 2}, ()),
        ({"images_asked": 3}, {"image": 3}, ("as_asked:image",)),
        ({"image": 0, "images_asked": 3}, {}, ()),
    ],
)
def test_images_of_the_answer_count_before_those_asked_for(
    extras: dict[str, Any], units: dict[str, int], flags: tuple[str, ...]
) -> None:
    usage = room_for("openai", "images").usage("images", None, extras)
    assert (usage.units, usage.flags) == (units, flags)


def test_an_answer_tells_how_many_images_it_holds_none_included() -> None:
    room = room_for("openai", "images")
    assert room.read_body("images", {"data": [{}, {}]}).extras == {"image": 2}
    assert room.read_body("images", {"data": []}).extras == {"image": 0}


def test_images_billed_by_tokens_are_not_billed_by_the_piece_as_well() -> None:
    raw = {"input_tokens": 5, "output_tokens": 100, "total_tokens": 105}
    usage = room_for("openai", "images").usage("images", raw, {"images_asked": 1, "image": 1})
    assert usage.units == {"input": 5, "output": 0, "output_image": 100}
