"""What a request is counted as, and whether that is exact."""

from __future__ import annotations

import base64
from math import ceil
from typing import Any

import pytest

from quotah_server.tokens.count import Count, count, count_output
from quotah_server.tokens.encodings import count_text
from quotah_server.tokens.images import image_tokens, size_of
from quotah_server.tokens.models import O200K

# The six messages of OpenAI's cookbook, "How to count tokens with tiktoken", with the prompt tokens
# that the API itself counted there.
COOKBOOK: list[dict[str, Any]] = [
    {
        "role": "system",
        "content": "You are a helpful, pattern-following assistant that translates corporate "
        "jargon into plain English.",
    },
    {
        "role": "system",
        "name": "example_user",
        "content": "New synergies will help drive top-line growth.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Things working well together will increase revenue.",
    },
    {
        "role": "system",
        "name": "example_user",
        "content": "Let's circle back when we have more bandwidth to touch base on opportunities "
        "for increased leverage.",
    },
    {
        "role": "system",
        "name": "example_assistant",
        "content": "Let's talk later when we're less busy about how to do better.",
    },
    {
        "role": "user",
        "content": "This late pivot means we don't have time to boil the ocean for the client "
        "deliverable.",
    },
]


@pytest.mark.parametrize(
    ("model", "tokens", "encoding"),
    [
        ("gpt-3.5-turbo", 129, "cl100k_base"),
        ("gpt-4-0613", 129, "cl100k_base"),
        ("gpt-4", 129, "cl100k_base"),
        ("gpt-4o", 124, "o200k_base"),
        ("gpt-4o-mini", 124, "o200k_base"),
    ],
)
def test_chat_messages_have_the_tokens_that_the_api_counted(
    model: str, tokens: int, encoding: str
) -> None:
    assert count(model, {"messages": COOKBOOK}) == Count(tokens, True, f"tiktoken:{encoding}")


def test_framing_that_nobody_published_is_an_estimate() -> None:
    counted = count("gpt-5", {"messages": COOKBOOK})
    assert counted == Count(124, False, "tiktoken:o200k_base")


@pytest.mark.parametrize("key", ["text", "input", "prompt"])
def test_a_text_is_exact_without_framing(key: str) -> None:
    assert count("gpt-5.5", {key: "hello world"}) == Count(2, True, "tiktoken:o200k_base")


def test_embeddings_are_exact_as_texts_and_as_tokens() -> None:
    method = "tiktoken:cl100k_base"
    model = "text-embedding-3-small"
    assert count(model, {"input": ["hello world", "tiktoken is great!"]}) == Count(8, True, method)
    assert count(model, {"input": [1, 2, 3]}) == Count(3, True, method)
    assert count(model, {"input": [[1, 2, 3], [4]]}) == Count(4, True, method)


def test_one_text_part_is_the_text_itself() -> None:
    plain = count("gpt-4o", {"messages": [{"role": "user", "content": "Hello"}]})
    parts = [{"type": "text", "text": "Hello"}]
    assert count("gpt-4o", {"messages": [{"role": "user", "content": parts}]}) == plain
    assert plain.tokens == 8


IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": "Hi"}], "tools": [TOOL]},
        {"messages": [{"role": "user", "content": [IMAGE]}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}] * 2}]},
        {"messages": [{"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]}]},
        {"messages": [{"role": "tool", "content": "4", "tool_call_id": "call_1"}]},
        {"input": [{"role": "user", "content": "Hi"}]},
        {"input": "Hi", "instructions": "Be short."},
        {"messages": ["odd"]},
        {"messages": [{"role": "user", "content": [{"type": "input_audio", "data": "AAAA"}, 4]}]},
    ],
)
def test_what_the_documented_framing_does_not_cover_is_an_estimate(body: dict[str, Any]) -> None:
    counted = count("gpt-4o", body)
    assert not counted.exact
    assert counted.tokens > 0


def test_bytes_inside_a_request_are_not_counted_as_text() -> None:
    data = base64.b64encode(b"\x00" * 300_000).decode()
    part = {"type": "input_audio", "data": data}
    body = {"messages": [{"role": "user", "content": [part]}]}
    assert count("gpt-4o", body).tokens < 50
    gemini = {"contents": [{"role": "user", "parts": [{"inlineData": {"data": data}}]}]}
    assert count("gemini-2.5-pro", gemini).tokens < 1_000


def test_a_model_without_public_vocabulary_is_estimated_by_its_family() -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 10
    tokens = count_text(O200K, text).tokens
    counted = count("claude-sonnet-4-5", {"text": text})
    assert counted == Count(ceil(tokens * 1.35), False, "estimate:claude", 1.35)
    assert count("claude-opus-4-7", {"text": text}).tokens == ceil(tokens * 1.75)


def test_a_request_of_anthropic_counts_its_system_prompt_and_tools() -> None:
    message = {"role": "user", "content": "Hi"}
    bare = count("claude-opus-4-7", {"messages": [message]})
    more = count(
        "claude-opus-4-7",
        {"messages": [message], "system": [{"type": "text", "text": "Be short."}], "tools": [TOOL]},
    )
    assert more.tokens > bare.tokens + 10


def test_generated_text_is_counted_by_encoding_or_family() -> None:
    assert count_output("gpt-4o", "hello world") == 2
    assert count_output("claude-opus-4-7", "hello world") == 4
    assert count_output(None, "hello world") == 3


def png(width: int, height: int) -> str:
    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + width.to_bytes(4) + height.to_bytes(4)
    return "data:image/png;base64," + base64.b64encode(head + b"\x00" * 50).decode()


def gif(width: int, height: int) -> str:
    head = b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + b"\x00" * 5
    return "data:image/gif;base64," + base64.b64encode(head).decode()


def jpeg(width: int, height: int) -> str:
    comment = b"\xff\xfe\x00\x06abcd"
    frame = b"\xff\xc0\x00\x11\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\x03" * 10
    return "data:image/jpeg;base64," + base64.b64encode(b"\xff\xd8" + comment + frame).decode()


@pytest.mark.parametrize("image", [png, gif, jpeg])
def test_the_size_of_an_image_is_read_from_its_bytes(image: Any) -> None:
    assert size_of(image(640, 480)) == (640, 480)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://example.com/x.png",
        "data:;base64,",
        "data:;base64,@@@",
        "data:;base64,/9j/",
        png(0, 5),
    ],
)
def test_a_size_that_cannot_be_read_is_unknown(url: str) -> None:
    assert size_of(url) is None


# The examples of OpenAI's guide to images and vision.
@pytest.mark.parametrize(
    ("model", "size", "detail", "tokens"),
    [
        ("gpt-4o", (1024, 1024), "high", 765),
        ("gpt-4o", (2048, 4096), "high", 1105),
        ("gpt-4o", (4096, 8192), "low", 85),
        ("gpt-4o-mini", (1024, 1024), "high", 2833 + 4 * 5667),
        ("gpt-5", (1024, 1024), "auto", 70 + 4 * 140),
        ("o1", (1024, 1024), "high", 75 + 4 * 150),
        ("gpt-4.1-mini", (1024, 1024), "high", ceil(1024 * 1.62)),
        ("gpt-4.1-nano", (64, 64), "low", ceil(4 * 2.46)),
        ("o4-mini", (10_000, 10_000), "high", ceil(1536 * 1.72)),
    ],
)
def test_an_image_costs_what_the_guide_says(
    model: str, size: tuple[int, int], detail: str, tokens: int
) -> None:
    assert image_tokens(model, png(*size), detail) == tokens
