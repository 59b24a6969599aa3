"""Anthropic's client for Python: messages whole and streamed, tools, thinking, caches, counts, batches."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from clients.stand import Stand
from pydantic import BaseModel

ASK = [{"role": "user", "content": "Hello"}]
MESSAGE: dict[str, Any] = {"model": "claude-sonnet-4-6", "max_tokens": 400, "messages": ASK}
WEATHER = {
    "name": "get_weather",
    "description": "",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
LONG = "All of this was said before. " * 300


class Person(BaseModel):
    """A structured answer."""

    name: str
    age: int


@pytest.fixture
def claude(stand: Stand) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        base_url=stand.base("anthropic"), api_key=stand.key, max_retries=0
    ) as made:
        yield made


def test_a_message_passes_byte_for_byte_and_tells_its_event(stand, claude) -> None:
    raw = claude.messages.with_raw_response.create(**MESSAGE)
    (seen,) = stand.seen
    assert raw.http_response.content == seen.body
    assert raw.parse().content[0].text
    (event,) = stand.reconcile()
    assert raw.headers["x-quotah-event-id"] == f"evt_{event.call.event_id}"
    assert raw.headers["request-id"] == event.call.provider_request_id
    assert seen.request.headers["x-api-key"] == "sk-the-providers-own-key"
    assert stand.key not in str(seen.request.headers)


def test_a_stream_says_the_same_as_a_whole_message(stand, claude) -> None:
    whole = claude.messages.create(**MESSAGE).content[0].text
    with claude.messages.stream(**MESSAGE) as stream:
        assert "".join(stream.text_stream) == whole
        final = stream.get_final_message()
    first, second = stand.reconcile()
    assert final.usage.output_tokens == second.usage.units["output"]
    assert first.cost_usd == second.cost_usd


async def test_the_async_client_streams_many_at_once(stand) -> None:
    async def one(client: anthropic.AsyncAnthropic, number: int) -> str:
        asked = {**MESSAGE, "messages": [{"role": "user", "content": f"Ask {number}"}]}
        async with client.messages.stream(**asked) as stream:
            return await stream.get_final_text()

    async with anthropic.AsyncAnthropic(
        base_url=stand.base("anthropic"), api_key=stand.key
    ) as client:
        assert all(await asyncio.gather(*(one(client, n) for n in range(16))))
    assert len(stand.reconcile()) == 16


def test_a_bearer_token_passes_as_well(stand) -> None:
    with anthropic.Anthropic(base_url=stand.base("anthropic"), auth_token=stand.key) as client:
        assert client.messages.create(**MESSAGE).content
    assert stand.seen[0].request.headers["x-api-key"] == "sk-the-providers-own-key"
    assert "authorization" not in stand.seen[0].request.headers


def test_tools_are_called_and_their_results_taken(stand, claude) -> None:
    question = {"role": "user", "content": "get weather"}
    first = claude.messages.create(**{**MESSAGE, "messages": [question]}, tools=[WEATHER])
    (call,) = [block for block in first.content if block.type == "tool_use"]
    assert call.input == {"city": "example"}
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
    turns = [
        question,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    second = claude.messages.create(**{**MESSAGE, "messages": turns}, tools=[WEATHER])
    assert second.content[0].text
    with claude.messages.stream(**{**MESSAGE, "messages": [question]}, tools=[WEATHER]) as stream:
        assert stream.get_final_message().content[0].input == {"city": "example"}
    reasons = [event.call.finish_reason for event in stand.reconcile()]
    assert reasons == ["tool_use", "end_turn", "tool_use"]


def test_structured_answers_are_parsed(claude) -> None:
    answer = claude.messages.parse(**MESSAGE, output_format=Person)
    assert answer.parsed_output == Person(name="example", age=1)


def test_a_picture_and_a_document_are_passed_on_and_billed(stand, claude) -> None:
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" * 8).decode()
    picture = {"type": "base64", "media_type": "image/png", "data": data}
    document = {"type": "base64", "media_type": "application/pdf", "data": data}
    parts = [{"type": "image", "source": picture}, {"type": "document", "source": document}]
    claude.messages.create(**{**MESSAGE, "messages": [{"role": "user", "content": parts}]})
    assert stand.seen[0].request.body.count(data.encode()) == 2
    (event,) = stand.reconcile()
    assert event.usage.units["input"] > 2000


def test_a_body_of_twenty_megabytes_arrives(stand, claude) -> None:
    data = base64.b64encode(bytes(range(256)) * 61_440).decode()
    source = {"type": "base64", "media_type": "image/png", "data": data}
    parts = [{"type": "image", "source": source}]
    claude.messages.create(**{**MESSAGE, "messages": [{"role": "user", "content": parts}]})
    arrived = data.encode() in stand.seen[0].request.body
    assert arrived


def test_what_is_written_to_a_cache_and_read_from_it_is_billed_apart(stand, claude) -> None:
    system = [
        {"type": "text", "text": LONG, "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}},
    ]
    for _ in range(2):
        claude.messages.create(**MESSAGE, system=system)
    first, second = stand.reconcile()
    assert first.usage.units["cache_write_1h"] > 1024
    assert first.usage.units["cache_write_5m"] > 1024
    assert second.usage.units["cache_read"] == (
        first.usage.units["cache_write_1h"] + first.usage.units["cache_write_5m"]
    )


def test_thinking_is_shown_and_billed(stand, claude) -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    with claude.messages.stream(**{**MESSAGE, "max_tokens": 2000}, thinking=thinking) as stream:
        message = stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text"]
    (event,) = stand.reconcile()
    assert event.usage.units["reasoning"] == 256


def test_counts_models_and_batches_pass_and_leave_no_event(stand, claude) -> None:
    raw = claude.messages.with_raw_response.count_tokens(model="claude-sonnet-4-6", messages=ASK)
    assert raw.parse().input_tokens == 9
    assert raw.headers["x-quotah-request-id"]
    assert "x-quotah-event-id" not in raw.headers
    assert any(model.id == "claude-sonnet-4-6" for model in claude.models.list())
    assert claude.models.retrieve("claude-sonnet-4-6").id == "claude-sonnet-4-6"
    batch = claude.messages.batches.create(requests=[{"custom_id": "a", "params": MESSAGE}])
    assert claude.messages.batches.retrieve(batch.id).processing_status == "ended"
    assert [item.id for item in claude.messages.batches.list()] == [batch.id]
    assert claude.messages.batches.cancel(batch.id).id == batch.id
    assert stand.reconcile() == []


def test_results_of_a_batch_are_asked_for_at_the_gateway(stand, claude) -> None:
    batch = claude.messages.batches.create(requests=[{"custom_id": "a", "params": MESSAGE}])
    lines = claude.get(f"/v1/messages/batches/{batch.id}/results", cast_to=str)
    assert '"custom_id":"a"' in lines
    assert stand.reconcile() == []
