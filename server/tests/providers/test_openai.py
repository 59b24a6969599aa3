from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from quotah_server.domain.usage import MAX_COUNT
from quotah_server.providers.base import MANAGEMENT, Answer
from quotah_server.providers.openai import PROVIDER


def units(raw: dict[str, Any] | None, operation: str = "chat", **extras: object) -> dict[str, int]:
    return PROVIDER.usage(operation, raw, extras).units


def flags(raw: dict[str, Any], operation: str = "chat", **extras: object) -> tuple[str, ...]:
    return PROVIDER.usage(operation, raw, extras).flags


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/chat/completions", "chat"),
        ("POST", "/v1/chat/completions/", "chat"),
        ("post", "/completions", "completions"),
        ("POST", "/responses", "responses"),
        ("POST", "/embeddings", "embeddings"),
        ("POST", "/images/edits", "images"),
        ("POST", "/audio/transcriptions", "transcription"),
        ("GET", "/responses/resp_1", None),
        ("GET", "/chat/completions", None),
        ("GET", "/models", None),
        ("POST", "/moderations", "moderations"),
        ("POST", "/rerank", "rerank"),
        ("POST", "/responses/compact", "responses"),
        ("POST", "/responses/input_tokens", "input_tokens"),
        ("POST", "/responses/resp_1/cancel", MANAGEMENT),
        ("POST", "/chat/completions/chatcmpl_1", MANAGEMENT),
        ("POST", "/batches", MANAGEMENT),
        ("POST", "/batches/b/cancel", MANAGEMENT),
        ("POST", "/files", MANAGEMENT),
        ("POST", "/uploads/u/parts", MANAGEMENT),
        ("DELETE", "/files/f", None),
        ("POST", "/fine_tuning/jobs", None),
        ("POST", "/vector_stores/v/files", None),
        ("POST", "/realtime/client_secrets", None),
        ("POST", "", None),
    ],
)
def test_only_what_is_billed_or_surely_free_has_an_operation(
    method: str, path: str, operation: str | None
) -> None:
    assert PROVIDER.operation(method, path) == operation


def test_cached_audio_is_taken_out_of_both_audio_and_cache() -> None:
    raw = {
        "input_tokens": 1330,
        "output_tokens": 200,
        "input_token_details": {
            "audio_tokens": 1000,
            "cached_tokens": 768,
            "cached_tokens_details": {"text_tokens": 128, "audio_tokens": 640},
        },
        "output_token_details": {"audio_tokens": 150},
    }

    assert units(raw, "realtime") == {
        "input": 202, "cache_read": 128, "input_audio": 360, "cache_read_audio": 640,
        "output": 50, "output_audio": 150,
    }  # fmt: skip


def test_reasoning_that_the_total_adds_on_top_is_added() -> None:
    raw = {
        "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 150,
        "completion_tokens_details": {"reasoning_tokens": 30},
    }  # fmt: skip

    assert units(raw) == {"input": 100, "output": 20, "reasoning": 30}
    assert flags(raw) == ()


def test_reasoning_inside_the_completion_is_not_added() -> None:
    raw = {
        "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
        "completion_tokens_details": {"reasoning_tokens": 30},
    }  # fmt: skip

    assert units(raw) == {"input": 100, "output": 20, "reasoning": 30}


@pytest.mark.parametrize(
    ("raw", "flag"),
    [
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 11}},
         "contradiction:details_exceed_input"),
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 6, "cache_write_tokens": 6}},
         "contradiction:details_exceed_input"),
        ({"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 6}},
         "contradiction:details_exceed_output"),
        ({"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 9}, "contradiction:total_tokens"),
        ({"prompt_tokens": -1}, "invalid:prompt_tokens"),
        ({"prompt_tokens": "12"}, "invalid:prompt_tokens"),
        ({"prompt_tokens": True}, "invalid:prompt_tokens"),
        ({"prompt_tokens": 1.5}, "invalid:prompt_tokens"),
        ({"prompt_tokens": float("nan")}, "invalid:prompt_tokens"),
        ({"prompt_tokens": float("inf")}, "invalid:prompt_tokens"),
        ({"prompt_tokens": MAX_COUNT + 1}, "invalid:prompt_tokens"),
        ({"prompt_tokens": [1]}, "invalid:prompt_tokens"),
        ({"prompt_tokens": 3, "prompt_tokens_details": "none"}, "invalid:prompt_tokens_details"),
        ({"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": "2"}}, "invalid:cached_tokens"),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"smell_tokens": 2}},
         "unknown_unit:input.smell_tokens"),
        ({"type": "duration", "seconds": "9"}, "invalid:seconds"),
        ({"type": "duration", "seconds": Decimal("NaN")}, "invalid:seconds"),
        ({"type": "duration", "seconds": -0.5}, "invalid:seconds"),
    ],
)  # fmt: skip
def test_odd_usage_is_flagged_and_no_count_is_negative(raw: dict[str, Any], flag: str) -> None:
    usage = PROVIDER.usage("chat", raw, {})

    assert flag in usage.flags
    assert all(count >= 0 for count in usage.units.values())


def test_an_object_full_of_oddities_is_flagged_within_bounds() -> None:
    strange = {f"{'x' * 200}{number}": 1 for number in range(100)}

    found = flags({"prompt_tokens": 200, "prompt_tokens_details": strange})

    assert len(found) <= 16
    assert max(map(len, found)) <= 80


@pytest.mark.parametrize("raw", [None, {}, {"prompt_tokens": None}, {"queue_time": 0.1}])
def test_usage_that_is_not_there_is_missing_and_not_zero(raw: dict[str, Any] | None) -> None:
    usage = PROVIDER.usage("chat", raw, {})

    assert usage.missing
    assert usage.units == {}


def test_a_reported_zero_is_a_zero_and_an_absent_field_is_absent() -> None:
    reported = PROVIDER.usage(
        "chat", {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 0}}, {}
    )
    absent = PROVIDER.usage("chat", {"prompt_tokens": 1}, {})

    assert reported.cache_read_input_tokens == 0
    assert absent.cache_read_input_tokens is None
    assert absent.output_tokens is None


def test_details_may_be_null() -> None:
    raw = {"prompt_tokens": 12, "completion_tokens": 0, "prompt_tokens_details": None}

    assert units(raw) == {"input": 12, "output": 0}


def test_a_duration_is_billed_to_the_nearest_second() -> None:
    assert units({"type": "duration", "seconds": 90}) == {"audio_second": 90}
    assert units({"type": "duration", "seconds": 2.5}) == {"audio_second": 3}
    assert units({"type": "duration", "seconds": Decimal("2.4")}) == {"audio_second": 2}


def test_all_output_of_an_image_is_image_where_no_detail_says_otherwise() -> None:
    assert units({"input_tokens": 5, "output_tokens": 9}, "images")["output_image"] == 9


@pytest.mark.parametrize(
    ("tools", "unit"),
    [
        (["web_search_preview"], "web_search_preview"),
        (["web_search_preview_2025_03_11"], "web_search_preview"),
        (["web_search"], "web_search"),
        ([], "web_search"),
        (None, "web_search"),
        ("web_search_preview", "web_search"),
    ],
)
def test_a_search_is_billed_as_the_tool_that_was_offered(tools: object, unit: str) -> None:
    found = units({"prompt_tokens": 1}, "responses", tools=tools, web_search=2)

    assert found[unit] == 2


def stream(*events: dict[str, Any], operation: str = "chat") -> Answer:
    answer = Answer()
    for event in events:
        PROVIDER.merge(operation, answer, event)
    return answer


def chunk(usage: dict[str, Any] | None = None, finish: str | None = None) -> dict[str, Any]:
    choices = [] if usage and not finish else [{"delta": {"content": "x"}, "finish_reason": finish}]
    return {"id": "c1", "model": "gpt-4o-2024-08-06", "choices": choices, "usage": usage}


def test_the_last_usage_that_is_not_null_counts() -> None:
    cumulative = [
        chunk({"prompt_tokens": 100, "completion_tokens": n}, "stop" if n == 3 else None)
        for n in (1, 2, 3)
    ]

    answer = stream(chunk(), *cumulative, chunk())

    assert answer.usage == {"prompt_tokens": 100, "completion_tokens": 3}
    assert (answer.model, answer.response_id) == ("gpt-4o-2024-08-06", "c1")
    assert (answer.finish_reason, answer.complete) == ("stop", True)


def test_a_stream_that_breaks_off_is_not_complete_and_has_no_usage() -> None:
    answer = stream(chunk(), chunk())

    assert answer.usage is None
    assert not answer.complete


@pytest.mark.parametrize("ending", ["completed", "incomplete", "failed"])
def test_a_responses_stream_takes_everything_from_its_last_event(ending: str) -> None:
    response = {
        "id": "r1", "model": "gpt-5-2025-08-07", "status": ending, "service_tier": "flex",
        "usage": {"input_tokens": 3, "output_tokens": 4},
        "output": [{"type": "web_search_call", "status": s} for s in ("completed", "failed")],
        "tools": [{"type": "web_search"}],
        "error": {"code": "server_error"} if ending == "failed" else None,
        "incomplete_details": {"reason": "max_output_tokens"} if ending == "incomplete" else None,
    }  # fmt: skip

    answer = stream(
        {"type": "response.created", "response": {"id": "r1", "model": "gpt-5", "usage": None}},
        {"type": "response.output_text.delta", "delta": "x"},
        {"type": f"response.{ending}", "response": response},
        operation="responses",
    )

    assert answer.model == "gpt-5-2025-08-07"
    assert answer.service_tier == "flex"
    assert answer.usage == {"input_tokens": 3, "output_tokens": 4}
    assert answer.extras == {"web_search": 1, "tools": ["web_search"]}
    assert answer.complete is (ending != "failed")
    assert answer.error_class == ("server_error" if ending == "failed" else None)
    assert answer.finish_reason == {
        "completed": "stop", "incomplete": "max_output_tokens", "failed": None,
    }[ending]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            {"error": {"type": "invalid_request_error", "code": "model_not_found"}},
            "model_not_found",
        ),
        ({"error": {"type": "rate_limit_error", "code": None}}, "rate_limit_error"),
        ({"error": "boom"}, "error"),
        ({"error": None, "id": "x"}, None),
    ],
)
def test_an_error_body_names_its_class(body: dict[str, Any], error: str | None) -> None:
    answer = PROVIDER.read_body("chat", body)

    assert answer.error_class == error
    assert answer.complete is (error is None)


@pytest.mark.parametrize(
    ("operation", "frame"),
    [
        ("chat", b'{"choices":[],"usage":{"prompt_tokens":1}}'),
        ("chat", b'{"choices": [], "usage": {"prompt_tokens": 1}}'),
        ("chat", b'{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}'),
        ("chat", b'{"choices":[{"delta":{"role":"assistant"}}]}'),
        ("chat", b'{"error":{"message":"x"}}'),
        ("responses", b'{"type":"response.completed","response":{}}'),
        ("responses", b'{"type": "response.failed", "response": {}}'),
        ("transcription", b'{"type":"transcript.text.done","usage":{}}'),
    ],
)
def test_a_frame_that_matters_holds_a_needle(operation: str, frame: bytes) -> None:
    assert any(needle in frame for needle in PROVIDER.needles(operation))


def test_an_ordinary_chunk_holds_no_needle() -> None:
    said = rb'"say \"usage\":{ and \"error\""'
    frame = b'{"choices":[{"delta":{"content":' + said + b'},"finish_reason":null}],"usage":null}'

    assert not any(needle in frame for needle in PROVIDER.needles("chat"))
