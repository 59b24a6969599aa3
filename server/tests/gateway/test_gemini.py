"""Google's Gemini through the gateway: its paths, keys and both ways to stream."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from typing import Any

import httpx2
import msgspec
import pytest
from gateway.rig import DEADLINE_S, PROVIDER_KEY, Rig, reply, stream
from gateway.vendors import GEMINI_MODEL, GEMINI_UNITS, gemini, gemini_array, pieces, serve
from gateway.wires import sse

GENERATE = f"/v1beta/models/{GEMINI_MODEL}:generateContent"
STREAM = f"/v1beta/models/{GEMINI_MODEL}:streamGenerateContent"
ASK = {"contents": [{"role": "user", "parts": [{"text": "Hello there. " * 40}]}]}


@pytest.fixture
def url(rig: Rig) -> str:
    return serve(rig, "gemini")


def post(rig: Rig, url: str, body: Any = ASK, **more: Any) -> httpx2.Response:
    headers = {"x-goog-api-key": rig.key}
    return httpx2.post(url, json=body, headers=headers, timeout=DEADLINE_S, **more)


def test_a_call_passes_byte_for_byte_and_is_priced(rig: Rig, url: str) -> None:
    body = msgspec.json.format(msgspec.json.encode(gemini("Hi")), indent=2)
    rig.provider.answer = reply(body)

    answer = post(rig, url + GENERATE)

    assert answer.content == body
    (sent,) = rig.provider.received
    assert sent.target == GENERATE
    assert sent.header("x-goog-api-key") == PROVIDER_KEY
    event = rig.event()
    assert (event.call.provider, event.call.operation) == ("gemini", "generate_content")
    assert (event.call.model_requested, event.call.model_response) == (GEMINI_MODEL, GEMINI_MODEL)
    assert event.usage.units == GEMINI_UNITS
    assert event.cost_usd == (1000 * Decimal("0.30") + 25 * Decimal("2.50")) / 1_000_000
    assert Decimal(answer.headers["x-quotah-cost"]) == event.cost_usd


def test_the_key_in_the_query_is_taken_out_and_the_rest_stays(rig: Rig, url: str) -> None:
    rig.provider.answer = stream([sse(gemini("Hi"))])

    answer = httpx2.post(
        f"{url}{STREAM}?key={rig.key}&alt=sse&x=a%20b", json=ASK, timeout=DEADLINE_S
    )

    assert answer.status_code == 200
    (sent,) = rig.provider.received
    assert sent.target == f"{STREAM}?alt=sse&x=a%20b"
    assert sent.header("x-goog-api-key") == PROVIDER_KEY
    assert rig.key not in repr(sent)


def test_events_tell_their_usage_and_the_last_counts(rig: Rig, url: str) -> None:
    chunks = [sse(gemini("He", ended=False, candidatesTokenCount=1)), sse(gemini("llo"))]
    rig.provider.answer = stream(chunks)

    answer = post(rig, f"{url}{STREAM}?alt=sse")

    assert answer.content == b"".join(chunks)
    event = rig.event()
    assert event.call.streaming
    assert event.call.status == "success"
    assert event.usage.units == GEMINI_UNITS


def test_an_array_passes_element_by_element_and_tells_its_usage(rig: Rig, url: str) -> None:
    first, last = gemini("He", ended=False), gemini("llo")
    chunks = gemini_array(first, last)
    seen = threading.Event()

    async def gate(number: int) -> None:
        if number == len(chunks) - 1:
            await asyncio.to_thread(seen.wait, DEADLINE_S)

    rig.provider.answer = pieces(chunks, gate=gate)
    got = b""
    headers = {"x-goog-api-key": rig.key}
    with httpx2.stream(
        "POST", url + STREAM, json=ASK, headers=headers, timeout=DEADLINE_S
    ) as answer:
        for part in answer.iter_raw():
            got += part
            if b"llo" in got:
                seen.set()

    assert seen.is_set()
    assert got == b"".join(chunks)
    event = rig.event()
    assert event.call.streaming
    assert (event.call.status, event.call.finish_reason) == ("success", "STOP")
    assert event.usage.units == GEMINI_UNITS


def test_an_array_that_breaks_off_is_counted_by_what_came(rig: Rig, url: str) -> None:
    text = "One two three four. " * 10
    told = {"candidatesTokenCount": 3, "thoughtsTokenCount": 0, "totalTokenCount": 1003}
    first = gemini(text, ended=False, **told)
    rig.provider.answer = pieces(gemini_array(first, gemini("x"))[:-3], then="reset")

    with pytest.raises(httpx2.RemoteProtocolError):
        post(rig, url + STREAM)

    event = rig.event()
    assert event.call.status == "error"
    assert event.usage.estimated
    assert event.cost_status == "estimated"
    assert event.usage.units["input"] == 1000
    assert 40 <= event.usage.units["output"] <= 80


def test_an_element_longer_than_is_read_passes_and_the_next_one_counts(rig: Rig, url: str) -> None:
    picture = gemini("A" * (9 * 1024 * 1024), ended=False)
    body = b"[" + msgspec.json.encode(picture) + b",\n" + msgspec.json.encode(gemini("x")) + b"]"
    rig.provider.answer = pieces([body[at : at + 65_536] for at in range(0, len(body), 65_536)])

    answer = post(rig, url + STREAM)

    assert answer.content == body
    event = rig.event()
    assert event.call.status == "success"
    assert event.usage.units == GEMINI_UNITS


def test_an_error_inside_of_an_array_is_the_end_of_the_call(rig: Rig, url: str) -> None:
    failed = {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}
    rig.provider.answer = pieces(gemini_array(gemini("He", ended=False), failed))

    post(rig, url + STREAM)

    event = rig.event()
    assert (event.call.status, event.call.error_class) == ("error", "UNAVAILABLE")


@pytest.mark.parametrize(
    "path",
    [
        f"/v1beta/models/{GEMINI_MODEL}:countTokens",
        f"/v1beta/models/{GEMINI_MODEL}:batchGenerateContent",
        "/upload/v1beta/files",
        "/v1beta/files",
    ],
)
def test_what_is_free_makes_no_event(rig: Rig, url: str, path: str) -> None:
    rig.provider.answer = reply(b'{"totalTokens":3}')
    assert post(rig, url + path).content == b'{"totalTokens":3}'
    rig.provider.answer = reply(msgspec.json.encode(gemini("Hi")))
    post(rig, url + GENERATE)

    assert rig.event().call.operation == "generate_content"


def test_embeddings_are_counted_where_google_tells_their_tokens(rig: Rig, url: str) -> None:
    told = {"embeddings": [{"values": [0.1] * 8}] * 2, "usageMetadata": {"promptTokenCount": 12}}
    rig.provider.answer = reply(msgspec.json.encode(told))
    path = "/v1beta/models/gemini-embedding-001:batchEmbedContents"

    post(rig, url + path, {"requests": [{"content": {"parts": [{"text": "a"}]}}]})

    event = rig.event()
    assert event.call.operation == "embed_content"
    assert event.usage.units == {"input": 12}
    assert event.cost_usd == 12 * Decimal("0.15") / 1_000_000


def test_pictures_of_imagen_are_counted(rig: Rig, url: str) -> None:
    told = {"predictions": [{"bytesBase64Encoded": "AAAA"}, {"raiFilteredReason": "no"}]}
    rig.provider.answer = reply(msgspec.json.encode(told))

    post(rig, url + "/v1beta/models/imagen-4.0-generate-001:predict", {"instances": []})

    event = rig.event()
    assert (event.call.operation, event.usage.units) == ("predict", {"image": 1})
    assert event.cost_usd == Decimal("0.04")


def test_contents_put_into_a_cache_are_a_call_of_unknown_usage(rig: Rig, url: str) -> None:
    rig.provider.answer = reply(b'{"usageMetadata":{"totalTokenCount":3}}')

    post(rig, url + "/v1beta/cachedContents")

    event = rig.event()
    assert event.call.operation == "passthrough"
    assert event.cost_usd is None


def test_a_refusal_has_googles_shape(rig: Rig, url: str) -> None:
    answer = httpx2.post(url + GENERATE, json=ASK, headers={"x-goog-api-key": "AIza-mine"})

    assert answer.status_code == 401
    error = answer.json()["error"]
    assert (error["code"], error["status"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["x-quotah-request-id"] in error["message"]
