"""Requests and answers made to break the reader: they pass as they are, and the books stay whole."""

from __future__ import annotations

import gzip
import tracemalloc

import httpx2
import pytest
from gateway.rig import DEADLINE_S, Rig, reply

from quotah_server.domain.call import prompt_parts

CHAT = "/openai/v1/chat/completions"
HEAD = (
    b'{"id":"c1","object":"chat.completion","model":"gpt-4o","choices":[{"finish_reason":"stop"}],'
)
USAGE = b'"prompt_tokens":10,"completion_tokens":2'
GZIP = [("content-encoding", "gzip")]


def post(rig: Rig, body: bytes) -> httpx2.Response:
    return httpx2.post(rig.url + CHAT, content=body, headers=rig.bearer, timeout=DEADLINE_S)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize("depth", [990, 100_000])
@pytest.mark.parametrize("padding", [b"", b"data:;base64," + b"A" * 40_000])
def test_a_request_nested_beyond_reading_is_judged_by_the_provider_alone(
    rig: Rig, depth: int, padding: bytes
) -> None:
    rig.provider.answer = reply(HEAD + b'"usage":{' + USAGE + b"}}")
    body = b'{"model":"gpt-4o","stream":true,"x":"' + padding + b'","y":' + nested(depth) + b"}"

    assert post(rig, body).status_code == 200

    assert rig.provider.received[0].body.endswith(nested(depth) + b"}")
    assert rig.event().call.status == "success"


@pytest.mark.parametrize("depth", [900, *range(960, 1000, 2)])
def test_usage_nested_to_the_edge_of_reading_passes_and_is_one_event(rig: Rig, depth: int) -> None:
    body = HEAD + b'"usage":{' + USAGE + b',"x":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}}"
    rig.provider.answer = reply(body)

    answer = post(rig, b'{"model":"gpt-4o"}')

    assert (answer.status_code, answer.content) == (200, body)
    assert rig.event().call.http_status == 200


def test_a_stream_that_lies_about_its_encoding_passes_byte_for_byte(rig: Rig) -> None:
    frames = b'data: {"id":"c1"}\n\ndata: [DONE]\n\n'
    rig.provider.answer = reply(frames, content_type="text/event-stream", headers=GZIP)

    with httpx2.stream(
        "POST", rig.url + CHAT, content=b'{"model":"gpt-4o","stream":true}',
        headers=rig.bearer, timeout=DEADLINE_S,
    ) as answer:  # fmt: skip
        assert b"".join(answer.iter_raw()) == frames

    assert rig.event().call.error_class == "stream_incomplete"


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_an_answer_that_inflates_without_end_passes_unread(rig: Rig, kind: str) -> None:
    bomb = gzip.compress(b"data: " + b" " * 300_000_000, 9)
    rig.provider.answer = reply(bomb, content_type=kind, headers=GZIP)
    tracemalloc.start()

    with httpx2.stream(
        "POST", rig.url + CHAT, content=b'{"model":"gpt-4o"}',
        headers=rig.bearer, timeout=DEADLINE_S,
    ) as answer:  # fmt: skip
        assert b"".join(answer.iter_raw()) == bomb

    assert rig.event().call.error_class in ("unreadable_answer", "stream_incomplete")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150_000_000


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("greet@3", ("greet", "3")),
        ("team@mail@3", ("team@mail", "3")),
        ("greet", ("greet", None)),
        ("greet@", ("greet", None)),
        ("@3", (None, "3")),
        ("", (None, None)),
    ],
)
def test_a_prompt_reference_is_cut_at_its_last_at_sign(
    text: str, parts: tuple[str | None, str | None]
) -> None:
    assert prompt_parts(text) == parts


def test_the_gateway_reads_a_prompt_reference_as_the_other_doors_do(rig: Rig) -> None:
    rig.provider.answer = reply(HEAD + b'"usage":{' + USAGE + b"}}")
    headers = {**rig.bearer, "x-quotah-prompt": "team@mail@3"}

    httpx2.post(rig.url + CHAT, content=b'{"model":"gpt-4o"}', headers=headers, timeout=DEADLINE_S)

    who = rig.event().call.attribution
    assert (who.prompt, who.prompt_version) == ("team@mail", "3")
