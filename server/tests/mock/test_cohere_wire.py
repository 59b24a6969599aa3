"""Cohere's wire, read by Cohere's own client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from vendorclients import cohere

from quotah_server.mock.background import BackgroundMock

MODEL = "command-a-03-2025"
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
def command(mock: BackgroundMock) -> Iterator[cohere.ClientV2]:
    with cohere.ClientV2(api_key="k", base_url=mock.cohere_url) as client:
        yield client


def once(**settings: str) -> dict[str, object]:
    """Settings of the mock, and no second try by the client."""
    headers = {f"x-mock-{name.replace('_', '-')}": value for name, value in settings.items()}
    return {"additional_headers": headers, "max_retries": 0}


def test_billed_units_are_told_beside_what_was_consumed(mock, command) -> None:
    answer = command.chat(model=MODEL, messages=ASK)
    assert answer.finish_reason == "COMPLETE"
    assert answer.message.content[0].text
    assert answer.usage.tokens.input_tokens == answer.usage.billed_units.input_tokens + 66
    (line,) = mock.log()
    assert line.id == answer.id
    assert line.usage["billed_units"]["output_tokens"] == answer.usage.billed_units.output_tokens


def test_a_stream_says_the_same_and_ends_with_its_usage(mock, command) -> None:
    whole = command.chat(model=MODEL, messages=ASK)
    events = list(command.chat_stream(model=MODEL, messages=ASK))
    text = "".join(e.delta.message.content.text for e in events if e.type == "content-delta")
    assert text == whole.message.content[0].text
    assert events[-1].type == "message-end"
    assert events[-1].delta.usage == whole.usage
    assert mock.log()[1].usage == mock.log()[0].usage


def test_tools_are_called_whole_and_in_a_stream(command) -> None:
    asked = {
        "model": MODEL,
        "tools": [WEATHER],
        "messages": [{"role": "user", "content": "get weather"}],
    }
    answer = command.chat(**asked)
    assert answer.finish_reason == "TOOL_CALL"
    assert answer.message.tool_calls[0].function.arguments == '{"city":"example"}'
    events = list(command.chat_stream(**asked))
    arguments = [
        e.delta.message.tool_calls.function.arguments for e in events if e.type == "tool-call-delta"
    ]
    assert "".join(arguments) == '{"city":"example"}'


def test_embeddings_and_searches_are_billed_by_their_units(mock, command) -> None:
    found = command.embed(
        model="embed-v4.0",
        input_type="search_query",
        texts=["One text", "Two"],
        embedding_types=["float"],
    )
    assert len(found.embeddings.float_) == 2
    ranked = command.rerank(
        model="rerank-v3.5", query="q", documents=[f"d{n}" for n in range(101)], top_n=3
    )
    assert len(ranked.results) == 3
    units = [line.usage["billed_units"] for line in mock.log()]
    assert units == [{"input_tokens": 3}, {"search_units": 2}]


def test_models_are_listed_under_version_one(command) -> None:
    assert MODEL in [model.name for model in command.models.list().models]


def test_errors_come_in_coheres_shape(mock, command) -> None:
    with pytest.raises(cohere.TooManyRequestsError) as caught:
        command.chat(model=MODEL, messages=ASK, request_options=once(fault="error-429"))
    assert "Trial key" in caught.value.body["message"]
    with pytest.raises(cohere.UnauthorizedError):
        command.chat(model="mock-error-401", messages=ASK, request_options=once())
    assert mock.log() == []


def test_a_stream_that_fails_says_so_at_its_end(command) -> None:
    options = once(fault="error-midstream")
    events = list(command.chat_stream(model=MODEL, messages=ASK, request_options=options))
    assert events[-1].delta.finish_reason == "ERROR"
