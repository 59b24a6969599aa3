"""Anthropic's own client against the stand-in."""

from __future__ import annotations

import http.client
import json

import anthropic
import pytest

from quotah_server.mock.background import BackgroundMock
from quotah_server.mock.prose import count_tokens

ASK = [{"role": "user", "content": "What does a token cost?"}]
LONG = "All of this was said before. " * 200


def ask(claude: anthropic.Anthropic, **kwargs) -> anthropic.types.Message:
    settings = {"model": "claude-haiku-4-5", "max_tokens": 500, "messages": ASK, **kwargs}
    return claude.messages.create(**settings)


def cached(text: str, ttl: str = "5m") -> dict[str, object]:
    control = {"type": "ephemeral", "ttl": ttl}
    return {"type": "text", "text": text, "cache_control": control}


def test_an_alias_is_answered_by_its_dated_model(claude) -> None:
    answer = ask(claude)
    assert answer.model == "claude-haiku-4-5-20251001"
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens == 3 + 4 + count_tokens("What does a token cost?")
    assert answer.usage.output_tokens == count_tokens(answer.content[0].text)


def test_a_stream_says_and_bills_the_same_as_a_plain_answer(mock, claude) -> None:
    plain = ask(claude)
    with claude.messages.stream(model="claude-haiku-4-5", max_tokens=500, messages=ASK) as stream:
        final = stream.get_final_message()
    assert final.content[0].text == plain.content[0].text
    assert final.usage == plain.usage
    assert mock.log()[0].usage == mock.log()[1].usage


def test_events_come_in_the_vendors_order(claude) -> None:
    with claude.messages.with_streaming_response.create(
        model="claude-haiku-4-5", max_tokens=500, messages=ASK, stream=True
    ) as answer:
        names = [line[7:] for line in answer.iter_lines() if line.startswith("event: ")]
    assert [name for name in names if name != "content_block_delta"] == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


def test_message_start_carries_a_placeholder_and_message_delta_the_cumulative_count(claude) -> None:
    events = list(ask(claude, stream=True))
    started = next(e for e in events if e.type == "message_start").message.usage
    ended = next(e for e in events if e.type == "message_delta").usage
    assert started.output_tokens == 1
    assert ended.output_tokens > 1
    assert ended.input_tokens == started.input_tokens


def test_a_marked_prefix_is_written_once_and_read_after(claude) -> None:
    first, second = (ask(claude, system=[cached(LONG)]).usage for _ in range(2))
    size = 3 + 4 + count_tokens(LONG)
    assert (first.cache_creation_input_tokens, first.cache_read_input_tokens) == (size, 0)
    assert (second.cache_creation_input_tokens, second.cache_read_input_tokens) == (0, size)
    assert first.input_tokens == second.input_tokens == 4 + count_tokens(ASK[0]["content"])
    assert first.cache_creation.ephemeral_5m_input_tokens == size


def test_each_stretch_of_the_cache_is_written_with_its_own_ttl(claude) -> None:
    system = [cached(LONG, "1h"), cached(LONG)]
    usage = ask(claude, system=system).usage
    assert usage.cache_creation.ephemeral_1h_input_tokens == 3 + 4 + count_tokens(LONG)
    assert usage.cache_creation.ephemeral_5m_input_tokens == count_tokens(LONG)


def test_a_short_prefix_is_not_cached(claude) -> None:
    usage = ask(claude, system=[cached("Be brief.")]).usage
    assert (usage.cache_creation_input_tokens, usage.cache_read_input_tokens) == (0, 0)


def test_thinking_is_billed_inside_the_output(claude) -> None:
    answer = ask(claude, max_tokens=4000, thinking={"type": "enabled", "budget_tokens": 1024})
    assert [block.type for block in answer.content] == ["thinking", "text"]
    assert answer.usage.output_tokens_details.thinking_tokens == 256
    assert answer.usage.output_tokens == 256 + count_tokens(answer.content[1].text)


def test_a_tool_is_called_when_one_must_be(claude) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [{"name": "get_weather", "input_schema": schema}]
    answer = ask(claude, tools=tools, tool_choice={"type": "any"})
    assert answer.stop_reason == "tool_use"
    assert answer.content[0].input == {"city": "example"}
    with claude.messages.stream(
        model="claude-haiku-4-5",
        max_tokens=500,
        messages=ASK,
        tools=tools,
        tool_choice={"type": "tool", "name": "get_weather"},
    ) as stream:
        assert stream.get_final_message().content[0].input == {"city": "example"}


def test_output_stops_at_max_tokens(claude) -> None:
    answer = ask(claude, max_tokens=6)
    assert answer.stop_reason == "max_tokens"
    assert answer.usage.output_tokens == 6


def test_counting_tokens_agrees_with_the_bill_and_is_not_billed(mock, claude) -> None:
    counted = claude.messages.count_tokens(model="claude-haiku-4-5", messages=ASK)
    assert mock.log() == []
    assert counted.input_tokens == ask(claude).usage.input_tokens


def test_rate_limit_headers_decrease_and_reset_in_rfc_3339(claude) -> None:
    headers = [
        claude.messages.with_raw_response.create(
            model="claude-haiku-4-5", max_tokens=500, messages=ASK
        ).headers
        for _ in range(2)
    ]
    left = [int(h["anthropic-ratelimit-requests-remaining"]) for h in headers]
    assert left == [9999, 9998]
    assert headers[0]["anthropic-ratelimit-tokens-reset"].endswith("Z")


def test_a_missing_max_tokens_is_named(claude) -> None:
    with pytest.raises(anthropic.BadRequestError, match="max_tokens"):
        claude.post(
            "/v1/messages",
            body={"model": "claude-haiku-4-5", "messages": ASK},
            cast_to=anthropic.types.Message,
        )


@pytest.mark.parametrize("header", ["x-api-key", "authorization"])
def test_an_empty_key_is_refused_in_the_vendors_shape(mock, header) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=5)
    connection.request("POST", "/anthropic/v1/messages", "{}", {header: ""})
    answer = connection.getresponse()
    assert answer.status == 401
    assert json.loads(answer.read())["error"]["type"] == "authentication_error"


async def test_the_async_client_streams_too(mock: BackgroundMock) -> None:
    async with anthropic.AsyncAnthropic(
        base_url=mock.anthropic_url, api_key="k", max_retries=0
    ) as claude:
        plain = await claude.messages.create(model="claude-haiku-4-5", max_tokens=500, messages=ASK)
        async with claude.messages.stream(
            model="claude-haiku-4-5", max_tokens=500, messages=ASK
        ) as stream:
            final = await stream.get_final_message()
            assert final.content[0].text == plain.content[0].text


def test_models_are_listed(claude) -> None:
    assert "claude-haiku-4-5" in [model.id for model in claude.models.list()]


def test_a_batch_is_answered_at_once_and_bills_nothing(mock, claude) -> None:
    params = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": ASK}
    batch = claude.messages.batches.create(requests=[{"custom_id": "a", "params": params}])
    assert claude.messages.batches.retrieve(batch.id).processing_status == "ended"
    assert [item.id for item in claude.messages.batches.list()] == [batch.id]
    lines = claude.get(f"/v1/messages/batches/{batch.id}/results", cast_to=str).splitlines()
    assert json.loads(lines[0])["result"]["message"]["usage"]["output_tokens"] > 0
    assert mock.log() == []
