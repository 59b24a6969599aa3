"""Tokens of a request by its bytes: what is no text is left out, wherever a vendor puts it."""

from __future__ import annotations

import base64
import random
from typing import Any

import msgspec
import pytest

from quotah_server.gateway.dialects import DIALECTS
from quotah_server.gateway.estimate import delivered_text, request_tokens

_BYTES = random.Random(4).randbytes(30_000)
PICTURE = base64.b64encode(_BYTES).decode()
URI = f"data:image/png;base64,{PICTURE}"
WORDS = "Tell me what you see. " * 20


def body_of(vendor: str, picture: str) -> dict[str, Any]:  # noqa: PLR0911 -- a table
    uri = f"data:image/png;base64,{picture}"
    match vendor:
        case "openai":
            part: dict[str, Any] = {"type": "image_url", "image_url": {"url": uri}}
            return {"messages": [{"role": "user", "content": [{"text": WORDS}, part]}]}
        case "responses":
            return {"input": [{"content": [{"type": "input_image", "image_url": uri}, WORDS]}]}
        case "file":
            return {"messages": [{"content": [{"file": {"file_data": uri}}, WORDS]}]}
        case "audio":
            return {"messages": [{"content": [{"input_audio": {"data": picture}}, WORDS]}]}
        case "anthropic":
            source = {"type": "base64", "media_type": "image/png", "data": picture}
            return {"messages": [{"content": [{"source": source}, {"text": WORDS}]}]}
        case "gemini":
            inline = {"mimeType": "image/png", "data": picture}
            return {"contents": [{"parts": [{"text": WORDS}, {"inlineData": inline}]}]}
        case "imagen":
            return {"instances": [{"prompt": WORDS, "image": {"bytesBase64Encoded": picture}}]}
        case "cohere":
            return {"images": [uri, uri], "input_type": "image", "x": WORDS}
        case _:
            return {"messages": [{"content": WORDS, "images": [picture]}]}


@pytest.mark.parametrize(
    "vendor",
    ["openai", "responses", "file", "audio", "anthropic", "gemini", "imagen", "cohere", "ollama"],
)
@pytest.mark.parametrize("spaced", [False, True])
def test_pictures_and_recordings_are_no_text(vendor: str, spaced: bool) -> None:
    def count(picture: str) -> int:
        body = msgspec.json.encode(body_of(vendor, picture))
        return request_tokens(msgspec.json.format(body, indent=2) if spaced else body)

    assert count(PICTURE) - count("") in range(-2, 3)
    assert count(PICTURE) > len(WORDS) // 4


def test_a_body_without_a_mark_of_a_file_is_all_text() -> None:
    body = msgspec.json.encode({"messages": [{"content": PICTURE}]})

    assert request_tokens(body) == -(-len(body) // 4)


@pytest.mark.parametrize(
    "text",
    [
        "A long text in a document. " * 40,
        "ein-wort-" * 40 + " und noch eines",
        "zuerst ein Satz. " + "x" * 200,
        "短" * 200,
    ],
)
def test_a_text_that_stands_where_a_file_may_stand_is_counted(text: str) -> None:
    source = {"type": "text", "media_type": "text/plain", "data": text}
    body = msgspec.json.encode({"messages": [{"content": [{"source": source}]}]})

    assert request_tokens(body) == -(-len(body) // 4)


def test_what_is_no_json_object_has_no_text() -> None:
    assert request_tokens(b"--x\r\n") == 0
    assert request_tokens(b"") == 0
    assert request_tokens(b'{"data": "' + PICTURE.encode()) > 0


GEMINI_STREAM = (
    b'[{"candidates":[{"content":{"parts":[{"text":"Hel"}]}}]}\r\n,'
    b'{"candidates":[{"content":{"parts":[{"text":"lo \\u00e9"}]}}]}\n,{"candidates":[{"con'
)


def test_what_came_of_a_stream_of_json_is_read_as_far_as_it_came() -> None:
    halves = [GEMINI_STREAM[:70], GEMINI_STREAM[70:]]

    assert delivered_text(DIALECTS["gemini"], halves, is_sse=False) == "Hello é"
    assert delivered_text(DIALECTS["gemini"], [b"nothing"], is_sse=False) == ""


def test_a_whole_answer_is_read_whole() -> None:
    body = msgspec.json.encode({"message": {"content": [{"text": "Hi"}]}})

    assert delivered_text(DIALECTS["cohere"], [body], is_sse=False) == "Hi"
