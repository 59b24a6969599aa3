"""Every endpoint that vendors have: what is billed once, what is free, what passes with unknown usage."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import httpx2
import msgspec
import openai
import pytest
from gateway.rig import DEADLINE_S, PROVIDER_KEY, Rig, reply, stream
from gateway.vendors import cohere_chat, cohere_events, pieces, serve
from gateway.wires import CHAT_USAGE, chat_body, chat_chunk, sse

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello there"}]}
DEPLOYED = "/openai/deployments/my-gpt/chat/completions"
VERSION = {"api_version": "2024-10-21"}


def post(rig: Rig, url: str, body: Any = CHAT, **more: Any) -> httpx2.Response:
    return httpx2.post(url, json=body, headers=rig.bearer, timeout=DEADLINE_S, **more)


def then_one_call(rig: Rig) -> None:
    """What went before made no event: this call's is the first."""
    rig.provider.answer = reply(chat_body())
    post(rig, rig.url + "/openai/v1/chat/completions")
    (event,) = rig.events(1)
    assert event.call.operation == "chat"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/openai/v1/responses/resp_1"),
        ("DELETE", "/openai/v1/responses/resp_1"),
        ("GET", "/openai/v1/responses/resp_1/input_items"),
        ("POST", "/openai/v1/responses/resp_1/cancel"),
        ("POST", "/openai/v1/responses/input_tokens"),
        ("POST", "/openai/v1/batches"),
        ("POST", "/openai/v1/batches/b/cancel"),
        ("POST", "/openai/v1/files"),
        ("GET", "/openai/v1/files/f/content"),
        ("GET", "/openai/v1/models"),
        ("POST", "/anthropic/v1/messages/batches"),
        ("GET", "/anthropic/v1/messages/batches/b/results"),
        ("POST", "/anthropic/v1/messages/count_tokens"),
    ],
)
def test_what_costs_nothing_passes_and_makes_no_event(rig: Rig, method: str, path: str) -> None:
    body = msgspec.json.encode({"id": "x", "usage": CHAT_USAGE, "status": "completed"})
    rig.provider.answer = reply(body)

    asked = msgspec.json.encode(CHAT) if method == "POST" else None
    answer = httpx2.request(
        method, rig.url + path, headers=rig.bearer, timeout=DEADLINE_S, content=asked
    )

    assert answer.content == body
    assert rig.provider.received[0].method == method
    then_one_call(rig)


@pytest.mark.parametrize(
    "path", ["fine_tuning/jobs", "vector_stores", "realtime/client_secrets", "videos", "evals"]
)
def test_what_is_not_understood_is_a_call_of_unknown_usage(rig: Rig, path: str) -> None:
    rig.provider.answer = reply(b'{"id":"x","usage":{"total_tokens":3}}')

    post(rig, f"{rig.url}/openai/v1/{path}")

    event = rig.event()
    assert (event.call.operation, event.call.status) == ("passthrough", "success")
    assert (event.usage.units, event.cost_usd) == ({}, None)


@pytest.mark.parametrize("path", ["responses", "responses/compact"])
def test_a_response_is_billed_where_it_is_made(rig: Rig, path: str) -> None:
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    told = {"id": "resp_1", "object": "response", "status": "completed", "model": "gpt-4o"}
    rig.provider.answer = reply(msgspec.json.encode({**told, "output": [], "usage": usage}))

    post(rig, f"{rig.url}/openai/v1/{path}", {"model": "gpt-4o", "input": "Hi"})

    event = rig.event()
    assert (event.call.operation, event.usage.units) == ("responses", {"input": 10, "output": 5})


def test_moderation_is_a_call_that_costs_nothing(rig: Rig) -> None:
    told = {"id": "modr-1", "model": "omni-moderation-latest", "results": [{"flagged": False}]}
    rig.provider.answer = reply(msgspec.json.encode(told))

    answer = post(rig, rig.url + "/openai/v1/moderations", {"input": "Hi"})

    event = rig.event()
    assert (event.call.operation, event.call.status) == ("moderations", "success")
    assert event.cost_usd == 0
    assert answer.headers["x-quotah-cost"] == "0"


def test_speech_is_billed_by_its_characters_and_passes_as_it_is(rig: Rig) -> None:
    sound = random.Random(1).randbytes(300_000)
    rig.provider.answer = reply(sound, content_type="audio/mpeg")

    answer = post(rig, rig.url + "/openai/v1/audio/speech", {"model": "tts-1", "input": "Héllo"})

    assert answer.content == sound
    event = rig.event()
    assert event.usage.units == {"input_character": 5}
    assert event.cost_usd == 5 * Decimal(15) / 1_000_000


@pytest.mark.parametrize("model_first", [True, False])
def test_a_form_of_20_mb_passes_and_its_model_is_read_wherever_it_stands(
    rig: Rig, model_first: bool
) -> None:
    sound = random.Random(2).randbytes(20_000_000)
    rig.provider.answer = reply(
        b'{"text":"Hi","usage":{"type":"tokens","input_tokens":14,'
        b'"input_token_details":{"text_tokens":4,"audio_tokens":10},"output_tokens":2,"total_tokens":16}}'
    )
    field = b'--b0\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    parts = [
        field % (b"model", b"", b"gpt-4o-transcribe"),
        field % (b"file", b'; filename="a.wav"', sound),
        field % (b"other", b'; filename="b.wav"', sound[:100_000]),
    ]
    if not model_first:
        parts = [parts[1], parts[0], parts[2]]
    form = b"".join(parts) + b"--b0--\r\n"
    headers = {**rig.bearer, "content-type": "multipart/form-data; boundary=b0"}

    answer = httpx2.post(
        rig.url + "/openai/v1/audio/transcriptions",
        content=form,
        headers=headers,
        timeout=DEADLINE_S,
    )

    assert answer.status_code == 200
    assert rig.provider.received[0].body == form
    event = rig.event()
    assert (event.call.operation, event.call.model_requested) == (
        "transcription", "gpt-4o-transcribe",
    )  # fmt: skip
    assert event.usage.units == {"input": 4, "input_audio": 10, "output": 2}
    assert event.cost_status == "computed"


def test_a_picture_edited_from_a_form_is_billed_by_its_tokens(rig: Rig) -> None:
    usage = {
        "input_tokens": 50, "output_tokens": 1056, "total_tokens": 1106,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
    }  # fmt: skip
    told = {"created": 1, "data": [{"b64_json": "AAAA"}], "usage": usage}
    rig.provider.answer = reply(msgspec.json.encode(told))

    httpx2.post(
        rig.url + "/openai/v1/images/edits",
        data={"model": "gpt-image-1", "prompt": "a cat"}, files={"image": ("a.png", b"\x89PNG")},
        headers=rig.bearer, timeout=DEADLINE_S,
    )  # fmt: skip

    event = rig.event()
    assert (event.call.operation, event.call.model_requested) == ("images", "gpt-image-1")
    assert event.usage.units == {"input": 10, "input_image": 40, "output": 0, "output_image": 1056}


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        (DEPLOYED, f"{DEPLOYED}?api-version=2024-10-21"),
        (
            f"{DEPLOYED}?api-version=2025-04-01-preview",
            f"{DEPLOYED}?api-version=2025-04-01-preview",
        ),
        ("/openai/v1/chat/completions", "/openai/v1/chat/completions"),
        ("/v1/chat/completions", "/openai/v1/chat/completions"),
    ],
)
def test_azure_is_asked_by_deployment_and_version(rig: Rig, asked: str, sent: str) -> None:
    url = serve(rig, "azure", settings=VERSION)
    rig.provider.answer = reply(chat_body())

    answer = httpx2.post(
        url + asked, json={**CHAT, "model": "my-gpt"}, headers={"api-key": rig.key}
    )

    assert answer.status_code == 200
    (received,) = rig.provider.received
    assert received.target == sent
    assert received.header("api-key") == PROVIDER_KEY
    assert rig.key not in repr(received)
    event = rig.event()
    assert (event.call.provider, event.call.operation) == ("azure", "chat")
    assert event.call.model_requested == "my-gpt"
    assert event.call.model_response == "gpt-4o-2024-08-06"
    assert event.cost_status == "computed"


def test_azures_client_is_served_and_its_stream_tells_its_usage(rig: Rig) -> None:
    url = serve(rig, "azure", settings=VERSION)
    rig.provider.answer = stream([
        sse({"choices": [], "model": "", "prompt_filter_results": []}),
        chat_chunk("Hi"), chat_chunk(finish="stop"),
        sse({"choices": [], "model": "gpt-4o-2024-08-06", "usage": CHAT_USAGE}), b"data: [DONE]\n\n",
    ])  # fmt: skip
    client = openai.AzureOpenAI(
        azure_endpoint=url, api_key=rig.key, api_version="2024-10-21", max_retries=0
    )

    with client:
        chunks = list(
            client.chat.completions.create(
                model="my-gpt", messages=[{"role": "user", "content": "Hi"}], stream=True
            )
        )

    assert any(chunk.choices and chunk.choices[0].delta.content == "Hi" for chunk in chunks)
    assert all(chunk.usage is None for chunk in chunks)
    assert b'"include_usage":true' in rig.provider.received[0].body
    event = rig.event()
    assert event.usage.units == {"input": 128, "cache_read": 1920, "output": 60, "reasoning": 40}


def test_a_server_of_ones_own_is_called_by_its_mounts_name(rig: Rig) -> None:
    url = serve(rig, "compatible", mount="our-llama", path="/v1")
    rig.provider.answer = reply(chat_body(model="llama-4"))

    for path in ("/v1/chat/completions", "/chat/completions"):
        assert post(rig, url + path, {**CHAT, "model": "llama-4"}).status_code == 200

    assert [one.target for one in rig.provider.received] == ["/v1/chat/completions"] * 2
    for event in rig.events(2):
        assert (event.call.provider, event.call.operation) == ("our-llama", "chat")
        assert event.usage.units["output"] == 60
        assert event.cost_usd is None


@pytest.mark.parametrize("kind", ["mistral", "groq", "deepseek", "xai", "together", "fireworks"])
def test_a_vendor_on_openais_wire_is_called_at_its_own_address(rig: Rig, kind: str) -> None:
    url = serve(rig, kind)
    rig.provider.answer = reply(chat_body())

    post(rig, url + "/v1/chat/completions")

    base = {"deepseek": "", "groq": "/openai/v1", "fireworks": "/inference/v1"}.get(kind, "/v1")
    assert rig.provider.received[0].target == base + "/chat/completions"
    event = rig.event()
    assert (event.call.provider, event.call.operation) == (kind, "chat")


@pytest.mark.parametrize("kind", ["mistral", "perplexity"])
def test_usage_is_not_asked_of_a_vendor_that_tells_it_unasked(rig: Rig, kind: str) -> None:
    url = serve(rig, kind)
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}
    last = {"choices": [choice], "model": "m", "usage": usage}
    chunks = [chat_chunk("Hi"), sse(last), b"data: [DONE]\n\n"]
    rig.provider.answer = stream(chunks)
    asked = msgspec.json.encode({**CHAT, "stream": True})

    answer = httpx2.post(
        url + "/v1/chat/completions", content=asked, headers=rig.bearer, timeout=DEADLINE_S
    )

    assert answer.content == b"".join(chunks)
    assert rig.provider.received[0].body == asked
    assert rig.event().usage.units == {"input": 9, "output": 3}


@pytest.mark.parametrize(("word", "asked"), [("yes", True), ("no", False)])
def test_a_server_that_refuses_to_be_asked_for_usage_is_not_asked(
    rig: Rig, word: str, asked: bool
) -> None:
    url = serve(rig, "compatible", path="/v1", settings={"stream_usage": word})
    rig.provider.answer = stream([chat_chunk("Hi", finish="stop"), b"data: [DONE]\n\n"])

    post(rig, url + "/v1/chat/completions", {**CHAT, "stream": True})

    assert (b"include_usage" in rig.provider.received[0].body) is asked
    event = rig.event()
    assert event.usage.estimated
    assert event.usage.units["output"] == 1


EXACT = "0.000123456789012345678901"


@pytest.mark.parametrize("streamed", [False, True])
def test_dollars_that_a_provider_names_are_kept_to_the_last_digit(rig: Rig, streamed: bool) -> None:
    url = serve(rig, "openrouter")
    body = chat_body(usage={**CHAT_USAGE, "cost": 0.5}).replace(b"0.5", EXACT.encode())
    chunk = sse({"choices": [], "usage": {**CHAT_USAGE, "cost": 0.5}})
    last = chunk.replace(b"0.5", EXACT.encode())
    rig.provider.answer = (
        stream([chat_chunk("Hi", finish="stop"), last, b"data: [DONE]\n\n"])
        if streamed
        else reply(body)
    )

    post(rig, url + "/v1/chat/completions", {**CHAT, "stream": streamed})

    event = rig.event()
    assert event.call.extras["reported_cost_usd"] == EXACT
    assert event.call.raw_usage is not None
    assert event.call.raw_usage["cost"] == EXACT
    assert event.cost_usd == Decimal("0.000123456789")


def test_a_double_would_not_have_held_them() -> None:
    assert Decimal(repr(float(EXACT))) != Decimal(EXACT)


def test_cohere_is_priced_whole_and_streamed(rig: Rig) -> None:
    url = serve(rig, "cohere")
    body = msgspec.json.encode(cohere_chat())
    rig.provider.answer = reply(body)
    asked = {"model": "command-a-03-2025", "messages": [{"role": "user", "content": "Hi"}]}
    assert post(rig, url + "/v2/chat", asked).content == body

    chunks = [sse(event, event=str(event["type"])) for event in cohere_events()]
    rig.provider.answer = stream(chunks)
    assert post(rig, url + "/v2/chat", {**asked, "stream": True}).content == b"".join(chunks)

    for event in rig.events(2):
        assert (event.call.operation, event.call.status) == ("cohere_chat", "success")
        assert event.usage.units == {"input": 100, "output": 7}
        assert event.cost_usd == (100 * Decimal("2.5") + 7 * Decimal(10)) / 1_000_000
    assert rig.provider.received[0].header("authorization") == f"Bearer {PROVIDER_KEY}"


def test_coheres_first_version_streams_lines(rig: Rig) -> None:
    url = serve(rig, "cohere")
    meta = {"billed_units": {"input_tokens": 3, "output_tokens": 2}}
    lines = [
        {"event_type": "stream-start", "generation_id": "g"},
        {"event_type": "text-generation", "text": "Hi"},
        {"event_type": "stream-end", "finish_reason": "COMPLETE", "response": {"meta": meta}},
    ]
    chunks = [msgspec.json.encode(line) + b"\n" for line in lines]
    rig.provider.answer = pieces(chunks, content_type="application/stream+json")

    answer = post(rig, url + "/v1/chat", {"model": "command-r", "message": "Hi", "stream": True})

    assert answer.content == b"".join(chunks)
    event = rig.event()
    assert (event.call.status, event.usage.units) == ("success", {"input": 3, "output": 2})


@pytest.mark.parametrize(
    ("path", "body", "units"),
    [
        ("/v2/rerank", {"results": [], "meta": {"billed_units": {"search_units": 1}}},
         {"search_unit": 1}),
        ("/v2/embed", {"embeddings": {"float": [[0.1]]},
                       "meta": {"billed_units": {"input_tokens": 9}}}, {"input": 9}),
    ],
)  # fmt: skip
def test_rerank_and_embeddings_of_cohere_are_counted(
    rig: Rig, path: str, body: Any, units: dict[str, int]
) -> None:
    url = serve(rig, "cohere")
    rig.provider.answer = reply(msgspec.json.encode(body))

    post(rig, url + path, {"model": "embed-v4.0", "texts": ["a"]})

    assert rig.event().usage.units == units


def test_a_refusal_has_coheres_shape(rig: Rig) -> None:
    url = serve(rig, "cohere")
    answer = httpx2.post(url + "/v2/chat", json={}, headers={"authorization": "Bearer nothing"})

    assert answer.status_code == 401
    told = answer.json()
    assert told["id"] == answer.headers["x-quotah-request-id"]
    assert "qk_gw_" in told["message"]


def test_a_message_that_ended_without_its_counts_is_estimated(rig: Rig) -> None:
    usage = {"input_tokens": 30, "output_tokens": 1}
    start = {"type": "message_start", "message": {"id": "m", "model": "claude-opus-4-7",
             "usage": usage, "content": []}}  # fmt: skip
    delta = {"type": "text_delta", "text": "One two three four. " * 10}
    events: list[dict[str, Any]] = [
        start, {"type": "content_block_delta", "index": 0, "delta": delta}, {"type": "message_stop"},
    ]  # fmt: skip
    rig.provider.answer = stream([sse(event, event=str(event["type"])) for event in events])

    asked = {"model": "claude-opus-4-7", "max_tokens": 99, "stream": True, "messages": []}
    post(rig, rig.url + "/anthropic/v1/messages", asked)

    event = rig.event()
    assert (event.call.error_class, event.cost_status) == ("stream_incomplete", "estimated")
    assert event.usage.units["input"] == 30
    assert event.usage.units["output"] >= 40
