"""The vendors' own clients against a provider whose every byte a test decides."""

from __future__ import annotations

from decimal import Decimal

import anthropic
import msgspec
import openai
import pytest
from gateway.rig import PROJECT, PROVIDER_KEY, WORKSPACE, Rig, reply, stream
from gateway.wires import chat_body, chat_stream, message_stream

QUESTION = [{"role": "user", "content": "Hello"}]
COST = Decimal(128) * Decimal("2.5") / 10**6 + Decimal(1920) * Decimal("1.25") / 10**6
CHAT_COST = COST + Decimal(100) * Decimal(10) / 10**6


def test_a_chat_completion_passes_and_is_priced_to_the_last_digit(rig: Rig) -> None:
    rig.provider.answer = reply(chat_body())
    client = openai.OpenAI(base_url=f"{rig.url}/openai/v1", api_key=rig.key, max_retries=0)
    answer = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=QUESTION)
    assert answer.parse().choices[0].message.content == "Hello there"
    event = rig.event()
    assert event.cost_usd == CHAT_COST
    assert event.cost_status == "computed"
    assert answer.headers["x-quotah-cost"] == str(CHAT_COST.normalize())
    assert answer.headers["x-quotah-event-id"] == f"evt_{event.call.event_id}"
    assert event.call.status == "success"
    assert (event.call.model_requested, event.call.model_response) == (
        "gpt-4o",
        "gpt-4o-2024-08-06",
    )
    assert event.call.attribution.workspace_id == WORKSPACE
    assert event.call.attribution.project_id == PROJECT
    (request,) = rig.provider.received
    assert request.target == "/v1/chat/completions"
    assert request.header("authorization") == f"Bearer {PROVIDER_KEY}"
    assert not any(rig.key in value for _, value in request.headers)


def test_a_streamed_chat_is_priced_though_the_client_did_not_ask_for_usage(rig: Rig) -> None:
    rig.provider.answer = stream(chat_stream("Hel", "lo"))
    client = openai.OpenAI(base_url=f"{rig.url}/openai/v1", api_key=rig.key)
    chunks = list(client.chat.completions.create(model="gpt-4o", messages=QUESTION, stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == "Hello"
    assert all(chunk.usage is None for chunk in chunks)
    event = rig.event()
    assert event.cost_usd == CHAT_COST
    assert event.call.streaming
    assert event.call.finish_reason == "stop"
    (request,) = rig.provider.received
    assert request.json()["stream_options"] == {"include_usage": True}


def test_a_client_that_asks_for_usage_gets_it(rig: Rig) -> None:
    rig.provider.answer = stream(chat_stream("Hello"))
    client = openai.OpenAI(base_url=f"{rig.url}/openai/v1", api_key=rig.key)
    chunks = list(
        client.chat.completions.create(
            model="gpt-4o", messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].usage is not None
    assert rig.event().cost_usd == CHAT_COST


async def test_the_async_openai_client_streams(rig: Rig) -> None:
    rig.provider.answer = stream(chat_stream("Hel", "lo"))
    async with openai.AsyncOpenAI(base_url=f"{rig.url}/openai/v1", api_key=rig.key) as client:
        answer = await client.chat.completions.create(
            model="gpt-4o", messages=QUESTION, stream=True
        )
        text = "".join([c.choices[0].delta.content or "" async for c in answer])
    assert text == "Hello"
    assert rig.event().cost_usd == CHAT_COST


def test_embeddings_are_priced_without_reading_the_vectors(rig: Rig) -> None:
    body = {
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.1] * 1536}],
        "usage": {"prompt_tokens": 1000, "total_tokens": 1000},
    }
    rig.provider.answer = reply(msgspec.json.encode(body))
    client = openai.OpenAI(base_url=f"{rig.url}/openai/v1", api_key=rig.key)
    answer = client.embeddings.create(model="text-embedding-3-small", input="x")
    assert len(answer.data[0].embedding) == 1536
    event = rig.event()
    assert (event.call.operation, event.cost_usd) == ("embeddings", Decimal("0.00002"))


def test_responses_stream_and_are_priced_by_their_last_event(rig: Rig) -> None:
    final = {
        "id": "resp_1", "object": "response", "created_at": 1, "status": "completed", "model": "gpt-4o",
        "output": [], "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "usage": {
            "input_tokens": 1000, "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 10, "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 1010,
        },
    }  # fmt: skip
    delta = {
        "type": "response.output_text.delta", "delta": "Hi", "item_id": "i", "output_index": 0,
        "content_index": 0, "sequence_number": 1, "logprobs": [],
    }  # fmt: skip
    last = {"type": "response.completed", "response": final, "sequence_number": 2}
    chunks = [
        b"event: response.output_text.delta\ndata: " + msgspec.json.encode(delta) + b"\n\n",
        b"event: response.completed\ndata: " + msgspec.json.encode(last) + b"\n\n",
    ]
    rig.provider.answer = stream(chunks)
    client = openai.OpenAI(base_url=f"{rig.url}/openai/v1", api_key=rig.key)
    events = list(client.responses.create(model="gpt-4o", input="Hello", stream=True))
    assert [event.type for event in events] == ["response.output_text.delta", "response.completed"]
    recorded = rig.event()
    assert recorded.call.status == "success"
    assert recorded.cost_usd == Decimal("0.0026")


def test_an_anthropic_message_streams_and_is_priced(rig: Rig) -> None:
    rig.provider.answer = stream(message_stream("Hel", "lo"))
    client = anthropic.Anthropic(base_url=f"{rig.url}/anthropic", api_key=rig.key)
    with client.messages.stream(
        model="claude-sonnet-4-6", max_tokens=50, messages=QUESTION
    ) as answer:
        assert answer.get_final_text() == "Hello"
    event = rig.event()
    assert event.usage.units["output"] == 20
    assert (
        event.cost_usd
        == (Decimal(100) * 3 + Decimal(50) * Decimal("0.3") + Decimal(20) * 15) / 10**6
    )
    (request,) = rig.provider.received
    assert request.target == "/v1/messages"
    assert request.header("x-api-key") == PROVIDER_KEY
    assert request.header("authorization") is None


async def test_the_async_anthropic_client_works(rig: Rig) -> None:
    body = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-6",
        "content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn", "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 2},
    }  # fmt: skip
    rig.provider.answer = reply(msgspec.json.encode(body), headers=[("request-id", "req_provider")])
    async with anthropic.AsyncAnthropic(base_url=f"{rig.url}/anthropic", api_key=rig.key) as client:
        answer = await client.messages.create(
            model="claude-sonnet-4-6", max_tokens=50, messages=QUESTION
        )
    assert answer._request_id == "req_provider"
    event = rig.event()
    assert event.cost_usd == Decimal("0.00006")
    assert event.call.provider_request_id == "req_provider"


@pytest.mark.parametrize("key", ["sk-something", "qk_gw_mistyped"])
def test_a_wrong_key_reads_as_the_openai_client_expects(rig: Rig, key: str) -> None:
    client = openai.OpenAI(base_url=f"{rig.url}/openai/v1", api_key=key, max_retries=0)
    with pytest.raises(openai.AuthenticationError) as refusal:
        client.chat.completions.create(model="gpt-4o", messages=QUESTION)
    assert refusal.value.code == "invalid_api_key"
    assert not rig.provider.received


def test_a_wrong_key_reads_as_the_anthropic_client_expects(rig: Rig) -> None:
    client = anthropic.Anthropic(base_url=f"{rig.url}/anthropic", api_key="no", max_retries=0)
    with pytest.raises(anthropic.AuthenticationError) as refusal:
        client.messages.create(model="claude-sonnet-4-6", max_tokens=5, messages=QUESTION)
    assert refusal.value.body["error"]["type"] == "authentication_error"


def test_a_provider_error_reaches_the_client_as_it_came(rig: Rig) -> None:
    body = b'{"error":{"message":"slow down","type":"requests","param":null,"code":"rate_limit_exceeded"}}'
    rig.provider.answer = reply(
        body, status=429, headers=[("retry-after", "1"), ("x-ratelimit-remaining-requests", "0")]
    )
    client = openai.OpenAI(base_url=f"{rig.url}/openai/v1", api_key=rig.key, max_retries=0)
    with pytest.raises(openai.RateLimitError) as refusal:
        client.chat.completions.create(model="gpt-4o", messages=QUESTION)
    assert refusal.value.response.content == body
    assert refusal.value.response.headers["x-ratelimit-remaining-requests"] == "0"
    event = rig.event()
    assert (event.call.status, event.call.http_status) == ("error", 429)
    assert event.cost_usd == 0
