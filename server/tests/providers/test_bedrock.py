"""Bedrock's wire: Converse, and the bodies of many vendors under InvokeModel."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.domain.usage import Usage
from quotah_server.providers.base import Answer
from quotah_server.providers.registry import PROVIDERS, room_for

ROOM = PROVIDERS["bedrock"]
CLAUDE = {
    "id": "msg_1",
    "type": "message",
    "model": "claude-sonnet-4-5-20250929",
    "usage": {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 5},
}


def read(operation: str, body: dict[str, Any]) -> Usage:
    answer = ROOM.read_body(operation, body)
    return ROOM.usage(operation, answer.usage, answer.extras)


def streamed(operation: str, *events: dict[str, Any]) -> tuple[Answer, Usage]:
    answer = Answer()
    for event in events:
        ROOM.merge(operation, answer, event)
    return answer, ROOM.usage(operation, answer.usage, answer.extras)


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0/converse", "converse"),
        (
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse-stream",
            "converse",
        ),
        ("/model/amazon.titan-embed-text-v2:0/invoke", "invoke_model"),
        ("/model/meta.llama3-8b-instruct-v1:0/invoke-with-response-stream", "invoke_model"),
        ("/model/anthropic.claude-haiku-4-5/count-tokens", "count_tokens"),
        ("/guardrail/x/version/1/apply", None),
        ("/model/x/other", None),
    ],
)
def test_what_is_billed_has_a_name(path: str, operation: str | None) -> None:
    assert ROOM.operation("POST", path) == operation


def test_cached_tokens_stand_beside_the_input() -> None:
    usage = read(
        "converse",
        {"usage": {"inputTokens": 3, "outputTokens": 12, "totalTokens": 13256,
                   "cacheReadInputTokens": 13216, "cacheWriteInputTokens": 25}},
    )  # fmt: skip

    assert usage.units == {"input": 3, "cache_read": 13216, "cache_write_5m": 25, "output": 12}
    assert usage.flags == ("cache_ttl_unknown",)


@pytest.mark.parametrize("total", [15, 120, None])
def test_a_total_with_or_without_the_cache_fits(total: int | None) -> None:
    usage = read(
        "converse",
        {"usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": total,
                   "cacheReadInputTokens": 105}},
    )  # fmt: skip

    assert usage.units == {"input": 10, "cache_read": 105, "output": 5}
    assert usage.flags == ()


def test_another_total_is_a_contradiction() -> None:
    usage = read("converse", {"usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 99}})

    assert usage.flags == ("contradiction:totalTokens",)


def test_cache_writes_are_split_by_lifetime() -> None:
    split = {"1h": 200, "5m": 100}
    raw = {"inputTokens": 0, "outputTokens": 1, "cacheWriteInputTokens": 300,
           "cacheDetails": [{"ttl": ttl, "inputTokens": n} for ttl, n in split.items()]}  # fmt: skip

    usage = read("converse", {"usage": raw})

    assert (usage.units["cache_write_1h"], usage.units["cache_write_5m"]) == (200, 100)
    assert usage.flags == ()


def test_details_that_exceed_what_was_written_are_a_contradiction() -> None:
    raw = {"inputTokens": 0, "outputTokens": 1, "cacheWriteInputTokens": 100,
           "cacheDetails": [{"ttl": "1h", "inputTokens": 200}]}  # fmt: skip

    assert "contradiction:cacheDetails" in read("converse", {"usage": raw}).flags


def test_a_lifetime_nobody_told_us_of_is_flagged() -> None:
    raw = {"inputTokens": 0, "outputTokens": 1, "cacheWriteInputTokens": 100,
           "cacheDetails": [{"ttl": "7d", "inputTokens": 100}]}  # fmt: skip

    assert read("converse", {"usage": raw}).flags == ("unknown_unit:cache_ttl.7d",)


def test_tier_and_latency_are_read_from_the_answer() -> None:
    answer = ROOM.read_body(
        "converse",
        {"usage": {"inputTokens": 1, "outputTokens": 1}, "serviceTier": {"type": "priority"},
         "performanceConfig": {"latency": "optimized"}},
    )  # fmt: skip

    assert (answer.service_tier, answer.extras["speed"]) == ("priority", "optimized")


def test_a_vendors_name_of_the_model_is_not_bedrocks() -> None:
    assert ROOM.read_body("messages", CLAUDE).model is None
    assert ROOM.read_body("invoke_model", CLAUDE).model is None


@pytest.mark.parametrize("model", ["openai.gpt-oss-120b-1:0", "arn:aws:bedrock:us-east-1:1:x/y"])
def test_an_id_of_bedrocks_own_is_kept(model: str) -> None:
    body = {"object": "chat.completion", "model": model, "choices": [],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1}}  # fmt: skip

    assert ROOM.read_body("chat", body).model == model


@pytest.mark.parametrize("operation", ["messages", "invoke_model"])
def test_claude_is_read_by_its_own_wire(operation: str) -> None:
    assert read(operation, CLAUDE).input_tokens == 100


@pytest.mark.parametrize("operation", ["messages", "invoke_model"])
def test_claude_streams_as_it_does_at_home(operation: str) -> None:
    answer, usage = streamed(
        operation,
        {"type": "message_start", "message": {**CLAUDE, "usage": {"input_tokens": 10, "output_tokens": 1}}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 40}},
        {"type": "message_stop",
         "amazon-bedrock-invocationMetrics": {"inputTokenCount": 10, "outputTokenCount": 40}},
    )  # fmt: skip

    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (10, 40, False)
    assert (answer.model, answer.complete) == (None, True)


def test_bedrocks_own_counts_stand_in_for_absent_ones() -> None:
    answer, usage = streamed(
        "invoke_model",
        {"outputs": [{"text": "Hi"}]},
        {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 15, "outputTokenCount": 8,
                                              "cacheReadInputTokenCount": 100}},
    )  # fmt: skip

    assert usage.units == {"input": 15, "cache_read": 100, "output": 8}
    assert answer.complete


def test_headers_count_where_nothing_else_does() -> None:
    usage = read(
        "invoke_model",
        {"generations": [], "headers": {"X-Amzn-Bedrock-Input-Token-Count": "7",
                                        "X-Amzn-Bedrock-Output-Token-Count": "9"}},
    )  # fmt: skip

    assert usage.units == {"input": 7, "output": 9}


def test_a_header_that_is_no_number_is_refused() -> None:
    usage = read("invoke_model", {"headers": {"x-amzn-bedrock-input-token-count": "-7"}})

    assert usage.flags == ("invalid:input-token-count",)


def test_images_are_counted() -> None:
    assert read("invoke_model", {"images": ["AA==", "AA==", None]}).units == {"image": 2}


def test_an_exception_in_a_stream_is_a_failure() -> None:
    answer, usage = streamed(
        "converse", {"messageStart": {"role": "assistant"}}, {"modelStreamErrorException": {}}
    )

    assert (answer.error_class, answer.complete) == ("modelStreamErrorException", False)
    assert usage.missing


def test_an_error_body_names_its_type() -> None:
    body = {"__type": "com.amazon.coral.service#ThrottlingException", "message": "slow down"}

    assert ROOM.read_body("converse", body).error_class == "ThrottlingException"


def test_counting_is_free() -> None:
    assert "not_billed" in read("count_tokens", {"inputTokens": 12}).flags


def test_bedrock_reads_what_it_serves_of_others() -> None:
    for operation in ("converse", "invoke_model", "messages", "chat", "embeddings"):
        assert room_for("bedrock", operation) is ROOM


@given(st.integers(0, 9000), st.lists(st.integers(1, 9000), min_size=1, max_size=8), st.data())
@settings(max_examples=50, deadline=None)
def test_any_chunking_of_a_llama_stream_gives_the_same_usage(
    prompt: int, steps: list[int], data: st.DataObject
) -> None:
    counts = sorted(steps)
    events = [
        {"generation": "x", "prompt_token_count": None, "generation_token_count": n} for n in counts
    ]
    events[0]["prompt_token_count"] = prompt
    repeated = [event for event in events for _ in range(data.draw(st.integers(1, 3)))]

    _, usage = streamed("invoke_model", *repeated)

    assert usage.units == {"input": prompt, "output": counts[-1]}
