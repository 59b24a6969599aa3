from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.catalog.book import load_packaged
from quotah_server.pipeline.price_lines import price_line, price_text

CHAT = {
    "object": "chat.completion",
    "model": "gpt-4o-2024-08-06",
    "usage": {"prompt_tokens": 2006, "completion_tokens": 300,
              "prompt_tokens_details": {"cached_tokens": 1920}},
}  # fmt: skip


def line(**fields: Any) -> dict[str, Any]:
    told = {"id": "a", "provider": "openai", "date": "2026-11-12T12:00:00Z", "response": CHAT}
    return {**told, **fields}


def priced(**fields: Any) -> dict[str, Any]:
    return price_line(line(**fields), load_packaged())


def test_a_line_tells_cost_usage_items_and_version() -> None:
    result = priced()

    assert result["id"] == "a"
    assert (result["status"], result["cost_usd"]) == ("computed", "0.005615")
    assert result["usage"] == {
        "input_tokens": 2006, "output_tokens": 300, "cache_read_input_tokens": 1920,
        "cache_write_input_tokens": None, "reasoning_output_tokens": None,
        "units": {"input": 86, "cache_read": 1920, "output": 300},
        "missing": False, "estimated": False, "flags": [],
    }  # fmt: skip
    assert result["line_items"][1] == {
        "unit": "cache_read", "quantity": 1920, "rate_usd": "1.25", "per": 1000000,
        "amount_usd": "0.0024", "rule": "openai/gpt-4o (genai-prices)",
        "text": "1,920 cached input tokens × $1.25 / 1M = $0.0024",
    }  # fmt: skip
    assert result["price_version"] == load_packaged().version


def test_without_a_model_the_usage_is_told_all_the_same() -> None:
    result = priced(response={"usage": CHAT["usage"]}, model=None)

    assert (result["status"], result["cost_usd"]) == ("unpriced", None)
    assert result["usage"]["input_tokens"] == 2006


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"provider": None}, "provider"),
        ({"provider": " "}, "provider"),
        ({"provider": 5}, "provider"),
        ({"date": "yesterday"}, "date"),
        ({"date": 5}, "date"),
        ({"date": "9999-12-31T23:59:59-23:59"}, "date"),
        ({"response": None}, "response"),
        ({"response": "text"}, "response"),
        ({"response": [1]}, "response"),
        ({"events": {}}, "events"),
        ({"response": {"stream": 5}}, "events"),
        ({"context": []}, "context"),
        ({"context": {"service_tier": 5}}, "context.service_tier"),
        ({"model": 5, "response": {"usage": {}}}, "model"),
        ({"context": {"deployment": 5}}, "context.deployment"),
        ({"context": {"base_url": ["x"]}}, "context.base_url"),
        ({"context": {"tools": "web_search"}}, "context.tools"),
        ({"context": {"free_allowance_exhausted": "no"}}, "context.free_allowance_exhausted"),
        ({"context": {"user_price": 5}}, "context.user_price"),
        ({"context": {"user_price": {}}}, "context.user_price"),
        ({"context": {"user_price": {"input": "a lot"}}}, "context.user_price.input"),
        ({"context": {"user_price": {"input": -1}}}, "context.user_price.input"),
        ({"context": {"user_price": {"input": True}}}, "context.user_price.input"),
        ({"context": {"user_price": {"input": 0.5}}}, "context.user_price.input"),
        ({"context": {"user_price": {"input": "1e999999999"}}}, "context.user_price.input"),
        ({"context": {"user_price": {"tokens": "1"}}}, "context.user_price.tokens"),
        (
            {"context": {"user_price": {"input": "1", "input_mtok": "1"}}},
            "context.user_price.input_mtok",
        ),
        ({"context": {"user_discount_pct": "some"}}, "context.user_discount_pct"),
        ({"context": {"user_discount_pct": "NaN"}}, "context.user_discount_pct"),
        ({"context": {"user_discount_pct": 100}}, "context.user_discount_pct"),
        ({"context": {"user_discount_pct": "-1e400"}}, "context.user_discount_pct"),
    ],
)
def test_a_bad_line_names_its_field(fields: dict[str, Any], field: str) -> None:
    result = priced(**fields)

    assert result["id"] == "a"
    assert result["error"]["code"] == "invalid_input"
    assert result["error"]["field"] == field
    assert result["error"]["message"]


@pytest.mark.parametrize("value", [None, 5, "text", [], [{"provider": "openai"}]])
def test_what_is_no_object_is_refused(value: object) -> None:
    result = price_line(value, load_packaged())

    assert result["error"] == {  # pyright: ignore[reportTypedDictNotRequiredAccess]
        "code": "invalid_input", "field": None, "message": "a line must be a JSON object",
        "hint": '{"provider": "openai", "response": {…}}',
    }  # fmt: skip


@pytest.mark.parametrize(
    ("date", "cost"), [("2026-08-20", "0.005"), ("2026-08-21T00:00:00+02:00", "0.005"),
                       ("2026-08-21T00:00:00Z", "0.004"), ("2026-08-21", "0.004")]
)  # fmt: skip
def test_a_date_is_utc_unless_it_says_otherwise(date: str, cost: str) -> None:
    answer = {"model": "gpt-5.6-sol", "usage": {"prompt_tokens": 1000, "completion_tokens": 0}}

    assert priced(date=date, response=answer)["cost_usd"] == cost


def test_a_missing_date_is_now() -> None:
    assert priced(date=None)["cost_usd"] == "0.005615"


def test_the_context_fills_in_what_the_answer_does_not_say() -> None:
    told = {
        "model": "gpt-5",
        "usage": {"input_tokens": 1000, "output_tokens": 0},
        "object": "response",
    }

    by_context = priced(response=told, context={"service_tier": "flex"})
    by_answer = priced(
        response={**told, "service_tier": "default"}, context={"service_tier": "flex"}
    )
    by_request = priced(response=told, context={"requested_service_tier": "flex"})

    assert by_context["cost_usd"] == "0.000625"
    assert by_answer["cost_usd"] == "0.00125"
    assert by_request["cost_usd"] == "0.00125"


OWN = {"input_mtok": "2", "cache_read": "0.5", "output_mtok": 10}


@pytest.mark.parametrize(
    ("context", "cost"),
    [
        ({"user_price": OWN}, "0.004132"),  # 86 × 2 + 1,920 × 0.5 + 300 × 10, per million
        ({"user_price": OWN, "user_discount_pct": "50"}, "0.002066"),
        ({"user_discount_pct": 15}, "0.00477275"),  # 0.005615 × 0.85
        ({"user_discount_pct": -10}, "0.0061765"),
        ({"user_discount_pct": 0}, "0.005615"),
    ],
)
def test_a_price_of_ones_own_takes_the_place_of_the_list(
    context: dict[str, Any], cost: str
) -> None:
    result = priced(context=context)

    assert result["cost_usd"] == cost
    own = context != {"user_discount_pct": 0}
    assert (result["price_version"] != load_packaged().version) == own


def test_a_price_of_ones_own_prices_what_no_list_knows() -> None:
    answer = {"model": "my-llama", "usage": {"prompt_tokens": 100, "completion_tokens": 2}}
    own = {"user_price": {"input_mtok": "0.05", "output_mtok": "0.10"}}

    result = priced(provider="self-hosted", response=answer, context=own)

    assert (result["status"], result["cost_usd"]) == ("computed", "0.0000052")


def test_a_cost_that_the_provider_named_is_shown_whether_it_counts_or_not() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "cost": Decimal("0.00042")}
    answer = {"object": "chat.completion", "model": "openai/gpt-4o", "usage": usage}

    named = priced(provider="openrouter", response=answer)
    silent = priced()

    assert named["reported_cost_usd"] == "0.00042"
    assert (named["status"], named["cost_usd"]) == ("reported", "0.00042")
    assert silent["reported_cost_usd"] is None


def test_metered_inner_calls_are_told_apart() -> None:
    turn = {"input_tokens": 1000, "output_tokens": 100, "cache_read_input_tokens": 0,
            "cache_creation_input_tokens": 0}  # fmt: skip
    usage = {**turn, "iterations": [
        {"type": "message", **turn},
        {"type": "advisor_message", "model": "claude-opus-4-6", **turn, "output_tokens": 7},
    ]}  # fmt: skip
    answer = {"type": "message", "model": "claude-sonnet-4-6", "usage": usage}

    result = priced(provider="anthropic", response=answer)

    models = result["usage"]["models"]
    assert [(told["model"], told["output_tokens"]) for told in models] == [
        ("claude-sonnet-4-6", 100), ("claude-opus-4-6", 7)
    ]  # fmt: skip
    theirs = [item for item in result["line_items"] if item.get("model") == "claude-opus-4-6"]
    assert theirs
    amounts = sum(Decimal(item["amount_usd"]) for item in result["line_items"])
    assert amounts == Decimal(result["cost_usd"])


def test_each_model_of_a_call_is_told_once_and_the_one_that_answered_first() -> None:
    turn = {"input_tokens": 1000, "output_tokens": 100}
    usage = {**turn, "server_tool_use": {"web_search_requests": 2}, "iterations": [
        {"type": "advisor_message", "model": "claude-opus-4-6", **turn, "output_tokens": 7},
        {"type": "compaction", "input_tokens": 5000, "output_tokens": 40},
        {"type": "message", "model": "claude-sonnet-4-6", **turn},
    ]}  # fmt: skip

    result = priced(
        provider="anthropic",
        response={"type": "message", "model": "claude-sonnet-4-6", "usage": usage},
    )

    own, advisor = result["usage"]["models"]
    assert (own["model"], own["input_tokens"], own["output_tokens"]) == (
        "claude-sonnet-4-6", 6000, 140
    )  # fmt: skip
    assert own["units"]["web_search"] == 2
    assert (advisor["model"], advisor["output_tokens"]) == ("claude-opus-4-6", 7)
    together = {unit: own["units"].get(unit, 0) + advisor["units"].get(unit, 0)
                for unit in result["usage"]["units"]}  # fmt: skip
    assert together == result["usage"]["units"]


def test_what_the_library_of_a_span_reckoned_is_shown_and_not_believed() -> None:
    span = {"attributes": {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openrouter",
        "gen_ai.response.model": "openai/gpt-4o", "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 200, "operation.cost": 0.7,
    }}  # fmt: skip

    result = priced(provider="otel", response=span)

    assert result["reported_cost_usd"] == "0.7"
    assert (result["status"], result["cost_usd"]) == ("computed", "0.0045")


def test_a_span_is_priced_as_its_own_providers_answer() -> None:
    span = {"attributes": {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
        "gen_ai.response.model": "gpt-4o-2024-08-06", "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 200,
    }}  # fmt: skip

    result = priced(provider="otel", response=span)

    assert (result["provider"], result["cost_usd"]) == ("openai", "0.0045")


def test_counts_that_stand_outside_of_usage_may_come_in_the_context() -> None:
    result = priced(
        response={}, model="tts-1", endpoint="/v1/audio/speech", context={"input_characters": 1000}
    )

    assert result["usage"]["units"] == {"input_character": 1000}
    assert result["cost_usd"] == "0.015"


def test_a_batch_line_is_priced_as_a_batch_though_its_body_says_default() -> None:
    wrapped = {
        "custom_id": "x",
        "response": {"status_code": 200, "body": {**CHAT, "service_tier": "default"}},
    }

    result = priced(response=wrapped)

    assert result["context"]["processing"] == "batch"
    assert result["cost_usd"] == "0.0040075"


def test_events_may_be_bare_or_wrapped_and_the_done_mark_is_passed_over() -> None:
    chunk = {
        "object": "chat.completion.chunk",
        "choices": [],
        **{k: CHAT[k] for k in ("model", "usage")},
    }

    bare = priced(response=None, events=[{"choices": []}, chunk, "[DONE]"])
    wrapped = priced(response=None, events=[{"event": "x", "data": chunk}])
    nested = priced(response={"stream": [chunk]})

    assert bare["cost_usd"] == wrapped["cost_usd"] == nested["cost_usd"] == "0.005615"


@pytest.mark.parametrize(
    ("fields", "operation"),
    [
        ({"response": {"type": "message"}}, "messages"),
        ({"response": {"object": "response"}, "api_flavor": "chat"}, "responses"),
        ({"response": {"object": "text_completion"}}, "completions"),
        ({"response": {}, "endpoint": "/v1/embeddings"}, "embeddings"),
        ({"response": {}, "endpoint": "/v1/messages/count_tokens"}, "count_tokens"),
        ({"response": {}, "endpoint": "/v1/chat/completions"}, "chat"),
        ({"response": {"usage": {"cache_read_input_tokens": 1}}}, "messages"),
        ({"response": {}}, "chat"),
        ({"events": [{"type": "response.created"}]}, "responses"),
        ({"events": [{"type": 5}, {"type": "message_start"}]}, "messages"),
        ({"events": [{"type": "transcript.text.done"}]}, "transcription"),
        ({"events": [{"type": "response.done"}]}, "realtime"),
    ],
)
def test_the_shape_tells_the_operation_and_the_endpoint_is_a_hint(
    fields: dict[str, Any], operation: str
) -> None:
    assert priced(**fields)["operation"] == operation


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nonsense",
        b"\xff",
        "[" * 100_000,
        '{"id": ' + "1" * 5000 + "}",
        '{"a": 1} {"b": 2}',
    ],
)
def test_a_line_that_is_not_json_is_refused(text: str | bytes) -> None:
    result = price_text(text, load_packaged())

    assert result["id"] is None
    assert str(result["error"]["message"]).startswith("a line is not JSON")  # pyright: ignore[reportIndexIssue]


@pytest.mark.parametrize(
    ("value", "told"), [('"a"', "a"), ("7", 7), ("1.5", None), ("[1]", None), ("null", None)]
)
def test_the_result_of_any_line_can_be_written_as_json(value: str, told: object) -> None:
    text = '{"id": %s, "provider": "openai", "response": {"usage": {"seconds": 1.5, "prompt_tokens": NaN}}}'

    result = json.loads(json.dumps(price_text(text % value, load_packaged())))

    assert result["id"] == told
    assert result["usage"]["flags"] == ["invalid:prompt_tokens"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["usage", "model", "type", "object", "stream", "prompt_tokens", "custom_id",
                         "response", "body", "result", "message", "service_tier", "data"]),
        inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


CONTEXT = st.dictionaries(
    st.sampled_from(["service_tier", "requested_service_tier", "processing", "speed", "inference_geo",
                     "region", "base_url", "deployment", "deployment_type", "tools", "user_price",
                     "user_discount_pct", "free_allowance_exhausted", "input_characters", "web_search",
                     "reported_cost_usd", "image", "seconds", "quality", "size"]),
    JSON | st.sampled_from(["batch", "priority", "eu", "1e9999999", "-3"])
    | st.dictionaries(st.sampled_from(["input", "output_mtok"]), JSON, max_size=2),
)  # fmt: skip
PROVIDERS = st.sampled_from(
    [
        "openai",
        "anthropic",
        "gemini",
        "bedrock",
        "azure",
        "mistral",
        "groq",
        "xai",
        "cohere",
        "otel",
    ]
)


@given(PROVIDERS, st.sampled_from(["chat", "images", "speech", "transcription", "rerank"]), CONTEXT)
@settings(max_examples=300, deadline=None)
def test_no_context_breaks_pricing(provider: str, hint: str, context: dict[str, Any]) -> None:
    answer = {**CHAT, "object": None}
    value = line(provider=provider, endpoint=hint, context=context, response=answer, model="gpt-4o")

    result = price_line(value, load_packaged())

    json.dumps(result)
    assert ("error" in result) != ("status" in result)
    assert result.get("cost_usd") is None or not str(result["cost_usd"]).startswith("-")


@given(
    st.dictionaries(
        st.sampled_from(["id", "provider", "model", "date", "api_flavor", "endpoint", "context",
                         "response", "events"]),
        JSON | st.sampled_from(["openai", "anthropic", "gpt-4o", "2026-11-12T00:00:00Z"]),
    )
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_no_line_breaks_pricing(value: dict[str, Any]) -> None:
    result = price_line(value, load_packaged())

    json.dumps(result)
    assert ("error" in result) != ("status" in result)
    assert result.get("cost_usd") is None or not str(result["cost_usd"]).startswith("-")
