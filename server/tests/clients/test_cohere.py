"""Cohere's client for Python, version 2 of its API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from clients.stand import Stand
from vendorclients import cohere

MODEL = "command-r7b-12-2024"
ASK = [{"role": "user", "content": "Hello"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


@pytest.fixture
def command(stand: Stand) -> Iterator[cohere.ClientV2]:
    with cohere.ClientV2(api_key=stand.key, base_url=stand.base("cohere")) as client:
        yield client


def test_a_chat_is_billed_by_its_billed_units(stand, command) -> None:
    answer = command.with_raw_response.chat(model=MODEL, messages=ASK)
    assert answer.data.message.content[0].text
    (event,) = stand.reconcile()
    assert answer.headers["x-quotah-event-id"] == f"evt_{event.call.event_id}"
    assert event.usage.units["input"] == answer.data.usage.billed_units.input_tokens
    assert event.call.provider_response_id == answer.data.id
    assert stand.seen[0].request.headers["authorization"] == "Bearer sk-the-providers-own-key"


def test_a_stream_says_the_same_and_costs_the_same(stand, command) -> None:
    whole = command.chat(model=MODEL, messages=ASK).message.content[0].text
    events = list(command.chat_stream(model=MODEL, messages=ASK))
    text = [e.delta.message.content.text for e in events if e.type == "content-delta"]
    assert "".join(text) == whole
    first, second = stand.reconcile()
    assert second.call.streaming
    assert first.cost_usd == second.cost_usd


async def test_the_async_client_answers_and_streams(stand) -> None:
    async with cohere.AsyncClientV2(api_key=stand.key, base_url=stand.base("cohere")) as client:
        assert (await client.chat(model=MODEL, messages=ASK)).message.content
        kinds = [event.type async for event in client.chat_stream(model=MODEL, messages=ASK)]
    assert kinds[-1] == "message-end"
    assert len(stand.reconcile()) == 2


def test_tools_and_structured_answers(stand, command) -> None:
    asked: dict[str, Any] = {
        "model": MODEL,
        "messages": [{"role": "user", "content": "get weather"}],
    }
    answer = command.chat(**asked, tools=[WEATHER])
    assert answer.message.tool_calls[0].function.arguments == '{"city":"example"}'
    events = list(command.chat_stream(**asked, tools=[WEATHER]))
    assert any(event.type == "tool-call-start" for event in events)
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    form = {"type": "json_object", "schema": schema}
    assert (
        command.chat(model=MODEL, messages=ASK, response_format=form).message.content[0].text
        == '{"n":1}'
    )
    reasons = [event.call.finish_reason for event in stand.reconcile()]
    assert reasons == ["TOOL_CALL", "TOOL_CALL", "COMPLETE"]


def test_embeddings_and_searches_are_billed_by_their_units(stand, command) -> None:
    found = command.embed(
        model="embed-v4.0",
        input_type="search_query",
        texts=["One", "Two"],
        embedding_types=["float"],
    )
    assert len(found.embeddings.float_) == 2
    ranked = command.rerank(model="rerank-v3.5", query="q", documents=[f"d{n}" for n in range(150)])
    assert len(ranked.results) == 150
    _, search = stand.reconcile()
    assert search.usage.units == {"search_unit": 2}
    assert str(search.cost_usd.normalize()) == "0.004"


def test_models_are_listed_without_an_event(stand, command) -> None:
    assert MODEL in [model.name for model in command.models.list().models]
    assert stand.reconcile() == []


def test_errors_and_refusals_read_as_coheres_client_expects(stand, command) -> None:
    options = {"max_retries": 0}
    with pytest.raises(cohere.TooManyRequestsError):
        command.chat(model="mock-error-429", messages=ASK, request_options=options)
    with (
        cohere.ClientV2(api_key="qk_gw_mistyped", base_url=stand.base("cohere")) as stranger,
        pytest.raises(cohere.UnauthorizedError) as refused,
    ):
        stranger.chat(model=MODEL, messages=ASK, request_options=options)
    assert refused.value.body["message"]
    assert len(stand.reconcile()) == 1
