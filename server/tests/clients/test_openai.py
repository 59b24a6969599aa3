"""OpenAI's client for Python: every operation, with its answer, its event and its bill."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import openai
import pytest
from clients.stand import Stand
from pydantic import BaseModel

ASK = [{"role": "user", "content": "Hello"}]
CHAT: dict[str, Any] = {"model": "gpt-4o", "messages": ASK}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" * 8).decode()


class Person(BaseModel):
    """A structured answer."""

    name: str
    age: int


@pytest.fixture
def client(stand: Stand) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=stand.base("openai") + "/v1", api_key=stand.key, max_retries=0
    ) as made:
        yield made


def test_a_chat_costs_what_the_book_says_to_the_last_digit(stand, client) -> None:
    raw = client.chat.completions.with_raw_response.create(
        **CHAT, extra_headers={"x-mock-input-tokens": "1000", "x-mock-output-tokens": "100"}
    )
    (seen,) = stand.seen
    assert raw.content == seen.body
    assert raw.parse().choices[0].message.content
    (event,) = stand.reconcile()
    assert event.cost_usd == Decimal("0.0035")
    assert raw.headers["x-quotah-cost"] == "0.0035"
    assert raw.headers["x-quotah-event-id"] == f"evt_{event.call.event_id}"
    assert seen.request.headers["authorization"] == "Bearer sk-the-providers-own-key"
    assert stand.key not in str(seen.request.headers)


def test_a_streamed_chat_says_the_same_and_shows_no_usage_that_was_not_asked_for(
    stand, client
) -> None:
    whole = client.chat.completions.create(**CHAT).choices[0].message.content
    chunks = list(client.chat.completions.create(**CHAT, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == whole
    assert all(chunk.usage is None for chunk in chunks)
    first, second = stand.reconcile()
    assert first.cost_usd == second.cost_usd
    assert second.call.finish_reason == "stop"


def test_a_stream_that_asks_for_usage_gets_it(stand, client) -> None:
    chunks = list(
        client.chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True})
    )
    (event,) = stand.reconcile()
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.to_dict() == event.call.raw_usage


def test_the_streaming_helper_assembles_an_answer(client) -> None:
    with client.chat.completions.stream(**CHAT) as stream:
        assert stream.get_final_completion().choices[0].message.content


async def test_the_async_client_streams_many_at_once(stand) -> None:
    async def one(client: openai.AsyncOpenAI, number: int) -> str:
        stream = await client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": f"Ask {number}"}], stream=True
        )
        return "".join([c.choices[0].delta.content or "" async for c in stream])

    async with openai.AsyncOpenAI(
        base_url=stand.base("openai") + "/v1", api_key=stand.key
    ) as client:
        texts = await asyncio.gather(*(one(client, n) for n in range(16)))
    assert all(texts)
    assert len(stand.reconcile()) == 16


def test_tools_are_called_and_their_results_taken(stand, client) -> None:
    question = {"role": "user", "content": "get weather"}
    first = client.chat.completions.create(model="gpt-4o", messages=[question], tools=[WEATHER])
    (call,) = first.choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "example"}
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    second = client.chat.completions.create(
        model="gpt-4o", messages=[question, first.choices[0].message, result], tools=[WEATHER]
    )
    assert second.choices[0].message.content
    assert [event.call.finish_reason for event in stand.reconcile()] == ["tool_calls", "stop"]


def test_tools_are_called_in_a_stream(client) -> None:
    asked = {**CHAT, "messages": [{"role": "user", "content": "get weather"}], "tools": [WEATHER]}
    chunks = list(client.chat.completions.create(**asked, stream=True))
    parts = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert json.loads("".join(p.function.arguments for p in parts)) == {"city": "example"}


def test_structured_answers_are_parsed(client) -> None:
    answer = client.chat.completions.parse(**CHAT, response_format=Person)
    assert answer.choices[0].message.parsed == Person(name="example", age=1)
    response = client.responses.parse(model="gpt-4o", input="Who?", text_format=Person)
    assert response.output_parsed == Person(name="example", age=1)


def test_a_picture_in_the_prompt_is_passed_on_and_billed(stand, client) -> None:
    parts = [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}},
    ]
    client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": parts}])
    (seen,) = stand.seen
    assert PICTURE.encode() in seen.request.body
    (event,) = stand.reconcile()
    assert event.usage.units["input"] > 255


def test_a_body_of_twenty_megabytes_arrives_byte_for_byte(stand, client) -> None:
    picture = base64.b64encode(bytes(range(256)) * 61_440).decode()
    assert len(picture) == 20 * 2**20
    parts = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}]
    answer = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": parts}]
    )
    assert answer.choices[0].message.content
    (seen,) = stand.seen
    sent = json.loads(seen.request.body)["messages"][0]["content"][0]["image_url"]["url"]
    arrived = sent.removeprefix("data:image/png;base64,") == picture
    assert arrived


def test_plain_completions_whole_and_streamed(stand, client) -> None:
    asked = {"model": "gpt-3.5-turbo-instruct", "prompt": "Once"}
    whole = client.completions.create(**asked)
    chunks = list(client.completions.create(**asked, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text
    assert all(chunk.usage is None for chunk in chunks)
    first, second = stand.reconcile()
    assert (first.call.operation, first.cost_usd) == ("completions", second.cost_usd)


def test_a_response_is_streamed_retrieved_and_billed_once(stand, client) -> None:
    with client.responses.stream(model="gpt-4o", input="Hello") as stream:
        made = stream.get_final_response()
    raw = client.responses.with_raw_response.retrieve(made.id)
    assert raw.parse().output_text == made.output_text
    assert raw.content == stand.seen[1].body
    assert "x-quotah-event-id" not in raw.headers
    assert raw.headers["x-quotah-request-id"]
    client.responses.delete(made.id)
    (event,) = stand.reconcile()
    assert event.call.operation == "responses"


def test_a_response_calls_tools_and_thinks(stand, client) -> None:
    tool = {"type": "function", **WEATHER["function"]}
    answer = client.responses.create(model="gpt-5", input="get weather", tools=[tool])
    calls = [item for item in answer.output if item.type == "function_call"]
    assert json.loads(calls[0].arguments) == {"city": "example"}
    (event,) = stand.reconcile()
    assert event.usage.units["reasoning"] == 192


def test_embeddings_as_numbers_and_as_base64(stand, client) -> None:
    numbers = client.embeddings.create(
        model="text-embedding-3-small", input=["a", "b"], encoding_format="float"
    )
    packed = client.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
    assert len(packed.data[0].embedding) == 1536
    assert packed.data[1].embedding == pytest.approx(numbers.data[1].embedding, abs=1e-6)
    assert [event.call.operation for event in stand.reconcile()] == ["embeddings"] * 2


def test_pictures_are_made_and_edited(stand, client) -> None:
    made = client.images.generate(model="gpt-image-1", prompt="a cat", quality="medium")
    picture = base64.b64decode(made.data[0].b64_json)
    edited = client.images.edit(model="gpt-image-1", prompt="a dog", image=("cat.png", picture))
    assert edited.usage.input_tokens_details.image_tokens == 323
    assert picture in stand.seen[1].request.body
    assert [event.usage.units["output_image"] for event in stand.reconcile()] == [1056, 272]


def test_pictures_billed_by_the_piece(stand, client) -> None:
    client.images.generate(model="dall-e-3", prompt="a cat", size="1024x1024", quality="standard")
    (event,) = stand.reconcile()
    assert event.usage.units == {"image": 1}
    assert event.cost_usd == Decimal("0.04")


def test_speech_is_passed_byte_for_byte_and_billed_by_the_character(stand, client) -> None:
    sound = client.audio.speech.create(model="tts-1", voice="alloy", input="Hello there")
    assert sound.content == stand.seen[0].body
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input="Hello there"
    ) as streamed:
        assert b"".join(streamed.iter_bytes()) == sound.content
    first, second = stand.reconcile()
    assert first.usage.units == {"input_character": 11}
    assert first.cost_usd == second.cost_usd == Decimal("0.000165")


def test_recordings_are_written_down_whole_and_streamed(stand, client) -> None:
    sound = ("a.wav", b"RIFF" + bytes(range(256)) * 63)
    heard = client.audio.transcriptions.create(model="gpt-4o-transcribe", file=sound)
    assert stand.seen[0].request.body.count(sound[1]) == 1
    events = list(
        client.audio.transcriptions.create(model="gpt-4o-transcribe", file=sound, stream=True)
    )
    assert events[-1].text == heard.text
    assert client.audio.transcriptions.create(model="whisper-1", file=sound).text
    assert [event.call.operation for event in stand.reconcile()] == ["transcription"] * 3


def test_moderation_is_free_and_recorded(stand, client) -> None:
    assert client.moderations.create(input="violence").results[0].flagged
    (event,) = stand.reconcile()
    assert event.call.operation == "moderations"
    assert not event.cost_usd


def test_models_files_and_batches_pass_and_leave_no_event(stand, client) -> None:
    assert "gpt-4o" in {model.id for model in client.models.list()}
    assert client.models.retrieve("gpt-4o").id == "gpt-4o"
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": CHAT}
    data = json.dumps(line).encode()
    stored = client.files.create(file=("in.jsonl", data), purpose="batch")
    assert client.files.content(stored.id).content == data
    batch = client.batches.create(
        input_file_id=stored.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    assert client.batches.retrieve(batch.id).status == "completed"
    assert client.batches.cancel(batch.id).id == batch.id
    result = json.loads(client.files.content(batch.output_file_id).text)
    assert result["custom_id"] == "a"
    client.files.delete(stored.id)
    assert stand.reconcile() == []


def test_a_path_that_nobody_knows_is_passed_on_and_recorded(stand, client) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.post("/brand/new", body={"model": "gpt-4o"}, cast_to=object)
    assert "x-quotah-event-id" in caught.value.response.headers
    (event,) = stand.reconcile()
    assert event.call.http_status == 404
