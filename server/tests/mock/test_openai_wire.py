"""OpenAI's own client against the stand-in."""

from __future__ import annotations

import json

import openai
import pytest
from pydantic import BaseModel

from quotah_server.mock.background import BackgroundMock
from quotah_server.mock.prose import count_tokens

ASK = [{"role": "user", "content": "What does a token cost?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
            "required": ["city", "unit"],
        },
    },
}


def chunks_of(client, **kwargs):
    return list(client.chat.completions.create(model="gpt-4o", messages=ASK, stream=True, **kwargs))


def test_an_alias_is_answered_by_its_dated_model(client) -> None:
    answer = client.chat.completions.create(model="gpt-4o", messages=ASK)
    assert answer.model == "gpt-4o-2024-08-06"
    assert answer.service_tier == "default"
    assert answer.choices[0].finish_reason == "stop"


def test_tokens_are_counted_by_the_stated_rule(client) -> None:
    answer = client.chat.completions.create(model="gpt-4o", messages=ASK)
    text = answer.choices[0].message.content
    assert answer.usage.prompt_tokens == 3 + 4 + count_tokens("What does a token cost?")
    assert answer.usage.completion_tokens == count_tokens(text) == -(-len(text) // 4)
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_the_same_request_gets_the_same_words_under_a_new_id(client) -> None:
    first, second = (client.chat.completions.create(model="gpt-4o", messages=ASK) for _ in range(2))
    assert first.choices[0].message.content == second.choices[0].message.content
    assert first.id != second.id


def test_a_stream_says_the_same_as_a_plain_answer(client) -> None:
    plain = client.chat.completions.create(model="gpt-4o", messages=ASK)
    chunks = chunks_of(client, stream_options={"include_usage": True})
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == plain.choices[0].message.content
    assert chunks[-1].usage == plain.usage
    assert chunks[-1].choices == []


def test_usage_is_null_in_every_chunk_but_the_last_when_it_was_asked_for(mock, client) -> None:
    with client.chat.completions.with_streaming_response.create(
        model="gpt-4o", messages=ASK, stream=True, stream_options={"include_usage": True}
    ) as answer:
        events = [line[6:] for line in answer.iter_lines() if line.startswith("data: ")]
    parsed = [json.loads(event) for event in events[:-1]]
    assert events[-1] == "[DONE]"
    assert all(chunk["usage"] is None for chunk in parsed[:-1])
    assert parsed[-1]["usage"] == mock.log()[0].usage


def test_a_stream_without_include_usage_never_mentions_usage(client) -> None:
    with client.chat.completions.with_streaming_response.create(
        model="gpt-4o", messages=ASK, stream=True
    ) as answer:
        assert '"usage"' not in "".join(answer.iter_text())


def test_a_reasoning_model_bills_reasoning_inside_its_output(client) -> None:
    answer = client.chat.completions.create(model="gpt-5", messages=ASK, reasoning_effort="high")
    text = answer.choices[0].message.content
    assert answer.usage.completion_tokens_details.reasoning_tokens == 512
    assert answer.usage.completion_tokens == 512 + count_tokens(text)


def test_output_stops_at_the_limit_with_reason_length(client) -> None:
    answer = client.chat.completions.create(model="gpt-4o", messages=ASK, max_completion_tokens=5)
    assert answer.usage.completion_tokens == 5
    assert answer.choices[0].finish_reason == "length"


def test_a_long_prefix_seen_before_is_read_from_the_cache(client) -> None:
    prefix = "All of this was said before. " * 200
    first, second = (
        client.chat.completions.create(
            model="gpt-4o",
            messages=[
                {"role": "system", "content": prefix},
                {"role": "user", "content": question},
            ],
        )
        for question in ("First?", "Second?")
    )
    assert first.usage.prompt_tokens_details.cached_tokens == 0
    assert second.usage.prompt_tokens_details.cached_tokens == 1408
    assert second.usage.prompt_tokens_details.cached_tokens % 128 == 0


def test_caches_of_two_keys_are_apart(mock, client) -> None:
    messages = [{"role": "system", "content": "All of this was said before. " * 200}]
    client.chat.completions.create(model="gpt-4o", messages=messages)
    with client.with_options(api_key="sk-other") as other:
        answer = other.chat.completions.create(model="gpt-4o", messages=messages)
    assert answer.usage.prompt_tokens_details.cached_tokens == 0


def test_counts_can_be_fixed_by_headers(mock, client) -> None:
    headers = {
        "x-mock-input-tokens": "2006",
        "x-mock-cached-tokens": "1920",
        "x-mock-output-tokens": "300",
        "x-mock-reasoning-tokens": "128",
        "x-mock-service-tier": "priority",
    }
    answer = client.chat.completions.create(model="o3", messages=ASK, extra_headers=headers)
    assert answer.usage.prompt_tokens == 2006
    assert answer.usage.prompt_tokens_details.cached_tokens == 1920
    assert answer.usage.completion_tokens == 300
    assert answer.usage.completion_tokens_details.reasoning_tokens == 128
    assert answer.service_tier == "priority"


def test_a_required_tool_is_called_with_fitting_arguments(client) -> None:
    answer = client.chat.completions.create(
        model="gpt-4o", messages=ASK, tools=[WEATHER], tool_choice="required"
    )
    call = answer.choices[0].message.tool_calls[0]
    assert answer.choices[0].finish_reason == "tool_calls"
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "example", "unit": "C"}


def test_a_tool_named_in_the_question_is_called_and_its_stream_adds_up(client) -> None:
    ask = [{"role": "user", "content": "get weather for Oslo"}]
    with client.chat.completions.stream(model="gpt-4o", messages=ask, tools=[WEATHER]) as stream:
        final = stream.get_final_completion()
    assert json.loads(final.choices[0].message.tool_calls[0].function.arguments)["unit"] == "C"


def test_a_tool_that_was_answered_is_not_called_again(client) -> None:
    ask = [
        {"role": "user", "content": "get weather for Oslo"},
        {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
    ]
    answer = client.chat.completions.create(model="gpt-4o", messages=ask, tools=[WEATHER])
    assert answer.choices[0].finish_reason == "stop"


class Verdict(BaseModel):
    approved: bool
    reasons: list[str]


def test_structured_output_fits_its_schema(client) -> None:
    answer = client.chat.completions.parse(model="gpt-4o", messages=ASK, response_format=Verdict)
    assert answer.choices[0].message.parsed == Verdict(approved=True, reasons=["example"])


def test_responses_stream_in_the_vendors_order(mock, client) -> None:
    events = list(client.responses.create(model="gpt-4o", input="Hello", stream=True))
    kinds = [e.type for e in events if e.type != "response.output_text.delta"]
    assert kinds == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [e.sequence_number for e in events] == list(range(len(events)))
    plain = client.responses.create(model="gpt-4o", input="Hello")
    assert events[-1].response.usage == plain.usage
    assert events[-1].response.output_text == plain.output_text


def test_a_response_that_hits_its_limit_is_incomplete(client) -> None:
    events = list(
        client.responses.create(model="gpt-4o", input="Hi", max_output_tokens=4, stream=True)
    )
    assert events[-1].type == "response.incomplete"
    assert events[-1].response.incomplete_details.reason == "max_output_tokens"
    assert events[-1].response.usage.output_tokens == 4


def test_a_response_calls_a_function_and_streams_its_arguments(client) -> None:
    tool = {"type": "function", **WEATHER["function"]}
    with client.responses.stream(model="gpt-4o", input="get weather", tools=[tool]) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_response()
    assert "response.function_call_arguments.done" in kinds
    assert final.output[0].name == "get_weather"


def test_embeddings_have_unit_length_in_both_encodings(client) -> None:
    made = client.embeddings.create(model="text-embedding-3-small", input=["one", "two"])
    plain = client.embeddings.create(
        model="text-embedding-3-small", input=["one", "two"], encoding_format="float"
    )
    assert len(made.data[1].embedding) == 1536
    assert sum(x * x for x in made.data[0].embedding) == pytest.approx(1, abs=1e-5)
    assert made.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)
    assert made.usage.prompt_tokens == 2


def test_rate_limit_headers_decrease(client) -> None:
    remaining = [
        int(
            client.chat.completions.with_raw_response.create(model="gpt-4o", messages=ASK).headers[
                "x-ratelimit-remaining-requests"
            ]
        )
        for _ in range(3)
    ]
    assert remaining == [9999, 9998, 9997]


async def test_the_async_client_streams_too(mock: BackgroundMock) -> None:
    async with openai.AsyncOpenAI(base_url=mock.openai_url, api_key="k", max_retries=0) as client:
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=ASK, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        assert chunks[-1].usage.total_tokens > 0
        assert (await client.embeddings.create(model="text-embedding-3-small", input="x")).data
        assert (await client.responses.create(model="gpt-4o", input="x")).output_text


def test_the_number_of_deltas_can_be_set(client) -> None:
    chunks = chunks_of(client, extra_headers={"x-mock-deltas": "250"})
    assert sum(bool(c.choices and c.choices[0].delta.content) for c in chunks) == 250


def test_models_are_listed(client) -> None:
    assert "gpt-4o" in [model.id for model in client.models.list()]


def test_an_empty_key_is_refused_in_the_vendors_shape(client) -> None:
    with pytest.raises(openai.AuthenticationError) as caught:
        client.chat.completions.create(
            model="gpt-4o", messages=ASK, extra_headers={"authorization": ""}
        )
    assert caught.value.code == "invalid_api_key"


def test_a_field_of_the_wrong_type_is_named(client) -> None:
    with pytest.raises(openai.BadRequestError, match=r"\$\.messages"):
        client.chat.completions.create(model="gpt-4o", messages="hello")


def test_a_response_is_kept_until_it_is_deleted(mock, client) -> None:
    made = client.responses.create(model="gpt-4o", input="Hello")
    assert client.responses.retrieve(made.id).output_text == made.output_text
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)
    unkept = client.responses.create(model="gpt-4o", input="Hello", store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(unkept.id)
    assert len(mock.log()) == 2


def test_plain_completions_are_answered_whole_and_streamed(mock, client) -> None:
    asked = {"model": "gpt-3.5-turbo-instruct", "prompt": "Once"}
    whole = client.completions.create(**asked)
    chunks = list(
        client.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    )
    assert "".join(c.choices[0].text for c in chunks if c.choices) == whole.choices[0].text
    assert chunks[-1].usage == whole.usage
    assert mock.log()[1].usage == whole.usage.to_dict()


def test_a_file_becomes_a_batch_that_is_answered_at_once(mock, client) -> None:
    line = {
        "custom_id": "a",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "gpt-4o", "messages": ASK},
    }
    stored = client.files.create(file=("in.jsonl", json.dumps(line).encode()), purpose="batch")
    batch = client.batches.create(
        input_file_id=stored.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    assert client.batches.retrieve(batch.id).status == "completed"
    result = json.loads(client.files.content(batch.output_file_id).text)
    assert result["response"]["body"]["usage"]["total_tokens"] > 0
    assert {item.id for item in client.files.list()} == {stored.id, batch.output_file_id}
    assert [item.id for item in client.batches.list()] == [batch.id]
    assert mock.log() == []


def test_moderation_flags_and_is_free(mock, client) -> None:
    calm, cross = client.moderations.create(input=["peace", "violence"]).results
    assert (calm.flagged, cross.flagged) == (False, True)
    assert mock.log() == []
