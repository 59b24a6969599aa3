"""Google's client for Python: contents whole and streamed, functions, schemas, embeddings, counts."""

from __future__ import annotations

import asyncio
import base64
import json
import urllib.request
from collections.abc import Iterator

import pytest
from clients.stand import Stand
from pydantic import BaseModel
from vendorclients import genai, genai_errors, genai_types

MODEL = "gemini-2.5-flash"
CONFIG = genai_types.GenerateContentConfig


class Person(BaseModel):
    """A structured answer."""

    name: str
    age: int


def connect(stand: Stand, key: str | None = None) -> genai.Client:
    options = genai_types.HttpOptions(base_url=stand.base("gemini"))
    return genai.Client(api_key=key or stand.key, http_options=options)


@pytest.fixture
def gemini(stand: Stand) -> Iterator[genai.Client]:
    with connect(stand) as client:
        yield client


def test_an_answer_tells_its_event_and_thoughts_are_billed_as_output(stand, gemini) -> None:
    answer = gemini.models.generate_content(model=MODEL, contents="Hello")
    (seen,) = stand.seen
    assert answer.text
    assert seen.request.headers["x-goog-api-key"] == "sk-the-providers-own-key"
    assert stand.key not in str(seen.request.headers)
    (event,) = stand.reconcile()
    headers = answer.sdk_http_response.headers
    assert headers["x-quotah-event-id"] == f"evt_{event.call.event_id}"
    assert event.usage.units["reasoning"] == answer.usage_metadata.thoughts_token_count == 128
    assert (event.call.provider, event.call.operation) == ("gemini", "generate_content")


def test_a_stream_says_the_same_and_costs_the_same(stand, gemini) -> None:
    whole = gemini.models.generate_content(model=MODEL, contents="Hello").text
    chunks = list(gemini.models.generate_content_stream(model=MODEL, contents="Hello"))
    assert "".join(chunk.text or "" for chunk in chunks) == whole
    first, second = stand.reconcile()
    assert second.call.streaming
    assert first.cost_usd == second.cost_usd


def test_a_stream_of_one_json_array_passes_byte_for_byte(stand) -> None:
    body = json.dumps({"contents": [{"parts": [{"text": "Hello"}]}]}).encode()
    url = f"{stand.base('gemini')}/v1beta/models/{MODEL}:streamGenerateContent?key={stand.key}"
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.read() == stand.seen[0].body
    assert stand.key not in stand.seen[0].request.query
    (event,) = stand.reconcile()
    assert event.call.streaming


async def test_the_async_client_answers_and_streams(stand) -> None:
    client = connect(stand).aio

    async def one(number: int) -> str:
        stream = await client.models.generate_content_stream(model=MODEL, contents=f"Ask {number}")
        return "".join([chunk.text or "" async for chunk in stream])

    async with client:
        whole = await client.models.generate_content(model=MODEL, contents="Hello")
        assert whole.text
        assert all(await asyncio.gather(*(one(n) for n in range(8))))
        assert (await client.models.count_tokens(model=MODEL, contents="Hello")).total_tokens == 9
    assert len(stand.reconcile()) == 9


def test_functions_are_called_and_their_results_taken(stand, gemini) -> None:
    weather = genai_types.FunctionDeclaration(
        name="get_weather",
        parameters_json_schema={"type": "object", "properties": {"city": {"type": "string"}}},
    )
    config = CONFIG(tools=[genai_types.Tool(function_declarations=[weather])])
    chat = gemini.chats.create(model=MODEL, config=config)
    (call,) = chat.send_message("get weather").function_calls
    assert call.args == {"city": "example"}
    result = genai_types.Part.from_function_response(name=call.name, response={"sky": "clear"})
    assert chat.send_message(result).text
    chunks = list(
        gemini.models.generate_content_stream(model=MODEL, contents="get weather", config=config)
    )
    assert chunks[-1].function_calls
    assert len(stand.reconcile()) == 3


def test_structured_answers_are_parsed(gemini) -> None:
    config = CONFIG(response_mime_type="application/json", response_schema=Person)
    answer = gemini.models.generate_content(model=MODEL, contents="Who?", config=config)
    assert answer.parsed == Person(name="example", age=1)


def test_a_picture_of_fifteen_megabytes_is_passed_on_and_billed(stand, gemini) -> None:
    data = bytes(range(256)) * 61_440
    picture = genai_types.Part.from_bytes(data=data, mime_type="image/png")
    gemini.models.generate_content(model=MODEL, contents=["Look", picture])
    arrived = base64.urlsafe_b64encode(data) in stand.seen[0].request.body
    assert arrived
    assert len(stand.seen[0].request.body) > 20 * 10**6
    (event,) = stand.reconcile()
    assert event.usage.units["input_image"] == 258


def test_what_is_read_from_a_cache_is_billed_apart(stand, gemini) -> None:
    for _ in range(2):
        gemini.models.generate_content(model=MODEL, contents="Long. " * 1000)
    first, second = stand.reconcile()
    assert second.usage.units["cache_read"] >= 1024
    assert second.cost_usd < first.cost_usd


def test_embeddings_are_billed_and_counts_and_models_leave_no_event(stand, gemini) -> None:
    found = gemini.models.embed_content(model="gemini-embedding-001", contents=["One text", "Two"])
    assert len(found.embeddings) == 2
    counted = gemini.models.count_tokens(model=MODEL, contents="Hello")
    assert counted.total_tokens == 9
    assert "x-quotah-event-id" not in counted.sdk_http_response.headers
    assert counted.sdk_http_response.headers["x-quotah-request-id"]
    assert f"models/{MODEL}" in {model.name for model in gemini.models.list()}
    assert gemini.models.get(model=MODEL).name == f"models/{MODEL}"
    (event,) = stand.reconcile()
    assert event.usage.units["input"] == 3


def test_a_provider_error_and_a_refusal_read_as_googles_client_expects(stand, gemini) -> None:
    with pytest.raises(genai_errors.ClientError) as caught:
        gemini.models.generate_content(model="mock-error-429", contents="Hello")
    assert (caught.value.code, caught.value.status) == (429, "RESOURCE_EXHAUSTED")
    with (
        connect(stand, "qk_gw_mistyped") as stranger,
        pytest.raises(genai_errors.ClientError) as no,
    ):
        stranger.models.generate_content(model=MODEL, contents="Hello")
    assert no.value.status == "UNAUTHENTICATED"
    (event,) = stand.reconcile()
    assert (event.call.status, event.cost_usd) == ("error", 0)
