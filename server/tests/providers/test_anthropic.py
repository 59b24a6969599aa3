from __future__ import annotations

from typing import Any

import pytest

from quotah_server.domain.usage import Usage
from quotah_server.providers.anthropic import PROVIDER
from quotah_server.providers.base import MANAGEMENT, Answer
from quotah_server.providers.registry import PROVIDERS, room_for


def usage(raw: dict[str, Any], **extras: object) -> Usage:
    return PROVIDER.usage("messages", raw, extras)


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/v1/messages", "messages"),
        ("POST", "/messages", "messages"),
        ("POST", "/v1/messages/count_tokens", "count_tokens"),
        ("POST", "/v1/messages/batches", MANAGEMENT),
        ("POST", "/v1/messages/batches/b/cancel", MANAGEMENT),
        ("POST", "/v1/files", MANAGEMENT),
        ("POST", "/v1/agents", None),
        ("GET", "/v1/messages/batches/b/results", None),
        ("GET", "/v1/models", None),
    ],
)
def test_messages_counting_and_what_is_free_have_an_operation(
    method: str, path: str, operation: str | None
) -> None:
    assert PROVIDER.operation(method, path) == operation


def test_fresh_input_counts_neither_reads_nor_writes() -> None:
    found = usage({
        "input_tokens": 2095, "cache_creation_input_tokens": 3000, "cache_read_input_tokens": 50000,
        "cache_creation": {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000},
        "output_tokens": 503, "output_tokens_details": {"thinking_tokens": 300},
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 7},
    })  # fmt: skip

    assert found.units == {
        "input": 2095, "cache_read": 50000, "cache_write_5m": 1000, "cache_write_1h": 2000,
        "output": 203, "reasoning": 300, "web_search": 2,
    }  # fmt: skip
    assert found.input_tokens == 55095
    assert found.output_tokens == 503
    assert found.flags == ()


@pytest.mark.parametrize(
    ("split", "units", "flags"),
    [
        (None, {"cache_write_5m": 100}, ("cache_ttl_unknown",)),
        ({}, {"cache_write_5m": 100}, ("cache_ttl_unknown",)),
        ({"ephemeral_1h_input_tokens": 40}, {"cache_write_5m": 60, "cache_write_1h": 40},
         ("cache_ttl_unknown",)),
        ({"ephemeral_5m_input_tokens": 100}, {"cache_write_5m": 100}, ()),
        ({"ephemeral_5m_input_tokens": 101}, {"cache_write_5m": 101},
         ("contradiction:cache_creation_exceeds_total",)),
    ],
)  # fmt: skip
def test_writes_whose_lifetime_is_not_told_are_taken_for_five_minutes_and_flagged(
    split: object, units: dict[str, int], flags: tuple[str, ...]
) -> None:
    raw = {
        "input_tokens": 1, "output_tokens": 1,
        "cache_creation_input_tokens": 100, "cache_creation": split,
    }  # fmt: skip

    found = usage(raw)

    assert {k: n for k, n in found.units.items() if k.startswith("cache_write")} == units
    assert found.flags == flags


@pytest.mark.parametrize(
    ("raw", "flag"),
    [
        ({"input_tokens": -1}, "invalid:input_tokens"),
        ({"input_tokens": True}, "invalid:input_tokens"),
        ({"input_tokens": "1"}, "invalid:input_tokens"),
        ({"input_tokens": 1, "output_tokens": 2**41}, "invalid:output_tokens"),
        ({"input_tokens": 1, "cache_read_input_tokens": 0.5}, "invalid:cache_read_input_tokens"),
        ({"output_tokens": 1, "output_tokens_details": {"thinking_tokens": 2}},
         "contradiction:thinking_exceeds_output"),
        ({"input_tokens": 1, "server_tool_use": {"web_search_requests": -1}},
         "invalid:web_search_requests"),
        ({"input_tokens": 1, "server_tool_use": {"teleport_requests": 1}},
         "unknown_unit:server_tool_use.teleport_requests"),
        ({"input_tokens": 1, "server_tool_use": 5}, "invalid:server_tool_use"),
    ],
)  # fmt: skip
def test_odd_usage_is_flagged_and_no_count_is_negative(raw: dict[str, Any], flag: str) -> None:
    found = usage(raw)

    assert flag in found.flags
    assert all(count >= 0 for count in found.units.values())


@pytest.mark.parametrize("raw", [{}, {"service_tier": "standard"}, {"input_tokens": None}])
def test_usage_that_is_not_there_is_missing(raw: dict[str, Any]) -> None:
    assert usage(raw).missing
    assert PROVIDER.usage("messages", None, {}).missing


def test_compaction_is_billed_though_it_stands_in_the_iterations_only() -> None:
    found = usage({
        "input_tokens": 23000, "output_tokens": 1000,
        "iterations": [
            {"type": "compaction", "input_tokens": 180000, "output_tokens": 3500},
            {"type": "message", "input_tokens": 23000, "output_tokens": 1000},
        ],
    })  # fmt: skip

    assert (found.units["input"], found.units["output"]) == (203000, 4500)
    assert found.flags == ()


ADVISED = [
    {"type": "message", "model": "claude-opus-5", "input_tokens": 5, "output_tokens": 6},
    {"type": "advisor_message", "model": "claude-fable-5", "input_tokens": 9, "output_tokens": 7},
]


def test_an_inner_call_is_kept_apart_under_its_own_model() -> None:
    found = usage({"input_tokens": 5, "output_tokens": 6, "iterations": ADVISED})

    assert [(part.model, part.units["input"], part.units["output"]) for part in found.inner] == [
        ("claude-opus-5", 5, 6), ("claude-fable-5", 9, 7),
    ]  # fmt: skip
    assert (found.units["input"], found.units["output"]) == (14, 13)
    assert found.flags == ()


def test_advice_without_a_model_has_no_price() -> None:
    nameless = {name: value for name, value in ADVISED[1].items() if name != "model"}

    assert usage({"input_tokens": 5, "iterations": [ADVISED[0], nameless]}).flags == (
        "other_model:advisor",
    )


def test_one_call_of_the_answers_own_model_is_no_inner_call() -> None:
    alone = {"type": "message", "input_tokens": 5, "output_tokens": 6}

    assert usage({"input_tokens": 5, "output_tokens": 6, "iterations": [alone]}).inner == ()


def attempt(kind: str, model: str, output: int) -> dict[str, Any]:
    return {"type": kind, "model": model, "input_tokens": 100, "output_tokens": output}


@pytest.mark.parametrize(
    ("said", "billed"),
    [(0, [("claude-opus-5", 100, 40)]), (7, [("claude-fable-5", 100, 7), ("claude-opus-5", 100, 40)])],
)  # fmt: skip
def test_an_attempt_that_was_declined_before_it_said_anything_is_free(
    said: int, billed: list[tuple[str, int, int]]
) -> None:
    tried = [
        attempt("message", "claude-fable-5", said),
        attempt("fallback_message", "claude-opus-5", 40),
    ]
    found = usage({"input_tokens": 100, "output_tokens": 40, "iterations": tried})

    assert [(p.model, p.units["input"], p.units["output"]) for p in found.inner] == billed
    assert found.units["input"] == 100 * len(billed)


@pytest.mark.parametrize(("said", "free"), [(0, True), (12, False)])
def test_a_refusal_is_billed_from_its_first_output_on(said: int, free: bool) -> None:
    body = {
        "type": "message", "model": "claude-fable-5", "stop_reason": "refusal", "content": [],
        "usage": {"input_tokens": 412, "output_tokens": said},
    }  # fmt: skip
    answer = PROVIDER.read_body("messages", body)
    found = PROVIDER.usage("messages", answer.usage, answer.extras)

    assert found.input_tokens == 412
    assert ("not_billed" in found.flags) is free


def test_an_error_in_place_of_an_answer_is_not_billed() -> None:
    answer = PROVIDER.read_body(
        "messages", {"type": "error", "error": {"type": "overloaded_error"}}
    )

    assert PROVIDER.usage("messages", answer.usage, answer.extras).flags == ("not_billed",)


def test_code_that_ran_is_told_as_time_that_nobody_told() -> None:
    tools = {"code_execution_requests": 2, "web_fetch_requests": 3, "web_search_requests": 1}
    found = usage({"input_tokens": 1, "output_tokens": 1, "server_tool_use": tools})

    assert found.units["web_search"] == 1
    assert found.flags == ("code_execution_time_unknown",)


def test_openais_chat_at_anthropic_is_read_by_the_names_of_its_counts() -> None:
    chat = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    message = {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 5}

    assert PROVIDER.usage("chat", chat, {}).input_tokens == 10
    assert PROVIDER.usage("chat", message, {}).input_tokens == 100


def test_counting_tokens_is_not_billed() -> None:
    answer = PROVIDER.read_body("count_tokens", {"input_tokens": 14})
    found = PROVIDER.usage("count_tokens", answer.usage, {})

    assert found.input_tokens == 14
    assert found.flags == ("not_billed",)


START = {
    "type": "message_start",
    "message": {
        "id": "msg_1", "model": "claude-sonnet-4-5-20250929",
        "usage": {"input_tokens": 25, "cache_read_input_tokens": 0, "output_tokens": 1,
                  "service_tier": "standard", "inference_geo": "us"},
    },
}  # fmt: skip
DELTA = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn"},
    "usage": {"input_tokens": 10682, "cache_read_input_tokens": None, "output_tokens": 15,
              "server_tool_use": {"web_search_requests": 1}},
}  # fmt: skip
STOP = {"type": "message_stop"}


def stream(*events: dict[str, Any]) -> Answer:
    answer = Answer()
    for event in events:
        PROVIDER.merge("messages", answer, event)
    return answer


def test_a_delta_overwrites_field_by_field_and_nulls_say_nothing() -> None:
    answer = stream(START, {"type": "content_block_delta", "delta": {"text": "x"}}, DELTA, STOP)

    assert answer.usage == {
        "input_tokens": 10682, "cache_read_input_tokens": 0, "output_tokens": 15,
        "service_tier": "standard", "inference_geo": "us",
        "server_tool_use": {"web_search_requests": 1},
    }  # fmt: skip
    assert (answer.finish_reason, answer.service_tier) == ("end_turn", "standard")
    assert answer.extras == {"inference_geo": "us"}
    assert answer.complete


def test_deltas_split_in_any_way_give_the_same_usage() -> None:
    fields = DELTA["usage"]
    parts = [{**DELTA, "usage": {name: value}} for name, value in fields.items()]

    assert stream(START, *parts, STOP).usage == stream(START, DELTA, STOP).usage


def test_a_delta_seen_twice_counts_once() -> None:
    assert stream(START, DELTA, DELTA, STOP).usage == stream(START, DELTA, STOP).usage


def test_a_stream_that_breaks_off_has_exact_input_and_estimated_output() -> None:
    answer = stream(START)
    found = PROVIDER.usage("messages", answer.usage, answer.extras)

    assert found.estimated
    assert (found.units["input"], found.units["output"]) == (25, 1)
    assert not answer.complete


def test_an_error_in_the_stream_names_its_class() -> None:
    answer = stream(START, {"type": "error", "error": {"type": "overloaded_error"}}, STOP)

    assert answer.error_class == "overloaded_error"
    assert not answer.complete


def test_an_error_body_names_its_class() -> None:
    answer = PROVIDER.read_body(
        "messages", {"type": "error", "error": {"type": "rate_limit_error"}}
    )

    assert answer.error_class == "rate_limit_error"
    assert answer.usage is None


@pytest.mark.parametrize("kind", ["message_start", "message_delta", "message_stop", "error"])
def test_a_frame_that_matters_holds_a_needle(kind: str) -> None:
    for frame in (f'{{"type":"{kind}"}}'.encode(), f'{{"type": "{kind}"}}'.encode()):
        assert any(needle in frame for needle in PROVIDER.needles("messages"))


def test_a_content_frame_holds_no_needle() -> None:
    frame = rb'{"type":"content_block_delta","delta":{"text":"a \"message_stop\" b"}}'

    assert not any(needle in frame for needle in PROVIDER.needles("messages"))


def test_every_room_is_registered_under_its_own_name() -> None:
    assert {name: room.name for name, room in PROVIDERS.items()} == {
        name: name for name in PROVIDERS
    }


def test_an_unknown_vendor_is_read_by_the_wire_it_speaks() -> None:
    assert room_for("nobody-knows", "chat") is PROVIDERS["openai"]
    assert room_for("nobody-knows", "messages") is PROVIDERS["anthropic"]
    assert room_for("openai", "messages") is PROVIDERS["anthropic"]
    assert room_for("anthropic", "chat") is PROVIDERS["anthropic"]


def test_an_answer_whose_every_attempt_was_declined_is_not_billed() -> None:
    body = {
        "type": "message", "model": "claude-fable-5", "stop_reason": "refusal",
        "usage": {"input_tokens": 100, "output_tokens": 0,
                  "iterations": [attempt("message", "claude-fable-5", 0)]},
    }  # fmt: skip
    answer = PROVIDER.read_body("messages", body)

    found = PROVIDER.usage("messages", answer.usage, answer.extras)

    assert found.flags == ("not_billed",)
    assert found.input_tokens == 100
