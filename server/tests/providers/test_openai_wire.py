"""OpenAI's wire as vendors speak it: their words for a part, and what only a total tells."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.domain.usage import InnerUsage, Usage
from quotah_server.providers.base import Answer
from quotah_server.providers.openai import PROVIDER
from quotah_server.providers.registry import room_for

COUNT = st.integers(0, 10_000)


def usage(raw: dict[str, Any] | None, operation: str = "chat", **extras: object) -> Usage:
    return PROVIDER.usage(operation, raw, extras)


@pytest.mark.parametrize(
    "word", ["cached_tokens", "prompt_cache_hit_tokens", "num_cached_tokens", "cache_read_input_tokens"]
)  # fmt: skip
def test_cached_tokens_are_part_of_the_prompt_whatever_they_are_called(word: str) -> None:
    found = usage({"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105, word: 64})

    assert found.units == {"input": 36, "cache_read": 64, "output": 5}
    assert found.flags == ()


def test_two_words_for_one_count_that_disagree_have_no_price() -> None:
    found = usage({
        "prompt_tokens": 100, "completion_tokens": 0, "cached_tokens": 64,
        "prompt_tokens_details": {"cached_tokens": 32},
    })  # fmt: skip

    assert found.flags == ("contradiction:cached_tokens",)


def test_a_word_that_says_nothing_does_not_contradict() -> None:
    found = usage({
        "prompt_tokens": 100, "completion_tokens": 0, "cached_tokens": 64,
        "prompt_tokens_details": {"cached_tokens": 0},
    })  # fmt: skip

    assert (found.units["cache_read"], found.flags) == (64, ())


def test_cached_tokens_that_the_total_adds_stand_beside_the_prompt() -> None:
    found = usage({
        "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 115, "cached_tokens": 100,
    })  # fmt: skip

    assert found.units == {"input": 10, "cache_read": 100, "output": 5}


@pytest.mark.parametrize("provider", ["gemini", "xai"])
def test_thinking_that_only_the_total_tells_is_output_at_vendors_that_hide_it(
    provider: str,
) -> None:
    told = {"prompt_tokens": 20, "completion_tokens": 151, "total_tokens": 553}

    found = room_for(provider, "chat").usage("chat", told, {})

    assert found.units == {"input": 20, "output": 151, "reasoning": 382}


@pytest.mark.parametrize("provider", ["openai", "azure", "mistral", "groq", "deepseek"])
def test_a_total_above_its_parts_has_no_price_at_vendors_that_hide_nothing(provider: str) -> None:
    told = {"prompt_tokens": 20, "completion_tokens": 151, "total_tokens": 553}

    assert room_for(provider, "chat").usage("chat", told, {}).flags == (
        "contradiction:total_tokens",
    )


@pytest.mark.parametrize(
    ("told", "flag"),
    [({"prompt_tokens": 5}, "untold:output"), ({"completion_tokens": 5}, "untold:input"),
     ({"prompt_tokens": 5, "completion_tokens": None}, "untold:output")],
)  # fmt: skip
def test_half_of_a_bill_has_no_price(told: dict[str, Any], flag: str) -> None:
    assert usage(told).flags == (flag,)


def test_the_half_that_is_not_told_is_what_the_total_holds_beyond_the_other() -> None:
    assert usage({"prompt_tokens": 5, "total_tokens": 12}).units == {"input": 5, "output": 7}
    assert usage({"completion_tokens": 5, "total_tokens": 12}).units == {"input": 7, "output": 5}


def test_what_makes_no_output_is_whole_without_it() -> None:
    assert usage({"prompt_tokens": 5}, "embeddings").flags == ()


def test_a_total_that_nothing_explains_has_no_price() -> None:
    told = {"completion_tokens_details": {"reasoning_tokens": 3}}

    assert usage(
        {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 20, **told}
    ).flags == ("contradiction:total_tokens",)


def test_hit_and_miss_are_the_prompt_where_nobody_says_it() -> None:
    found = usage({
        "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 6, "completion_tokens": 5,
    })  # fmt: skip

    assert found.units == {"input": 6, "cache_read": 64, "output": 5}


@given(COUNT, COUNT, COUNT, COUNT, COUNT, st.booleans())
@settings(max_examples=200, deadline=None)
def test_units_add_up_to_the_totals_that_were_reported(
    text: int, cached: int, written: int, said: int, thought: int, beside: bool
) -> None:
    """Reasoning inside or beside the completion: as the grand total says, and never twice."""
    prompt = text + cached + written
    completion = said if beside else said + thought
    raw = {
        "prompt_tokens": prompt, "completion_tokens": completion,
        "total_tokens": prompt + said + thought,
        "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
        "completion_tokens_details": {"reasoning_tokens": thought},
    }  # fmt: skip

    found = usage(raw)

    assert (found.input_tokens, found.output_tokens) == (prompt, said + thought)
    assert (found.units["input"], found.reasoning_output_tokens) == (text, thought)
    assert found.flags == ()


@given(
    st.fixed_dictionaries(
        {"prompt_tokens": COUNT, "completion_tokens": COUNT},
        optional={
            "total_tokens": COUNT, "cached_tokens": COUNT, "prompt_cache_hit_tokens": COUNT,
        },
    )
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_counts_of_any_kind_fit_the_totals_or_are_doubted(raw: dict[str, int]) -> None:
    found = usage(raw)
    doubted = any(flag.startswith("contradiction:") for flag in found.flags)
    totals = sum(found.units.values())

    assert (
        doubted
        or found.missing
        or totals
        in (
            raw.get("total_tokens"),
            raw["prompt_tokens"] + raw["completion_tokens"],
        )
    )


IMAGE = {
    "id": "r", "model": "gpt-5.5", "status": "completed", "output": [],
    "tools": [{"type": "image_generation"}],
    "usage": {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12},
    "tool_usage": {"image_gen": {"input_tokens": 30, "output_tokens": 500, "total_tokens": 530}},
}  # fmt: skip


def test_an_image_drawn_inside_a_response_is_its_own_models() -> None:
    named = {**IMAGE, "tools": [{"type": "image_generation", "model": "gpt-image-1"}]}
    answer = PROVIDER.read_body("responses", named)
    found = usage(answer.usage, "responses", **answer.extras)

    assert found.inner == (InnerUsage({"input": 30, "output_image": 500}, "gpt-image-1"),)
    assert found.units == {"input": 40, "output": 2, "output_image": 500}


def test_an_image_of_a_model_nobody_names_has_no_price() -> None:
    answer = PROVIDER.read_body("responses", IMAGE)

    assert usage(answer.usage, "responses", **answer.extras).flags == (
        "other_model:image_generation",
    )


@pytest.mark.parametrize(
    ("body", "units"),
    [
        ({"status": "completed", "seconds": "8", "size": "720x1280"}, {"video_second": 8}),
        ({"status": "in_progress", "seconds": "8"}, {}),
        ({"status": "completed", "seconds": None}, {}),
    ],
)
def test_a_video_is_billed_by_its_seconds_once_it_is_made(
    body: dict[str, Any], units: dict[str, int]
) -> None:
    answer = PROVIDER.read_body("videos", {"object": "video", "model": "sora-2", **body})

    assert usage(None, "videos", **answer.extras).units == units
    assert answer.extras.get("size") == (body.get("size") if units else None)


@pytest.mark.parametrize(
    ("model", "flags"), [("omni-moderation-latest", ("not_billed",)), ("their-moderation", ())]
)
def test_openais_moderation_is_free_and_nobody_elses(model: str, flags: tuple[str, ...]) -> None:
    answer = PROVIDER.read_body("moderations", {"model": model, "results": []})

    assert usage(None, "moderations", **answer.extras).flags == flags


@pytest.mark.parametrize(
    ("status", "flags"), [("completed", ("other_model:image_generation",)), ("failed", ())]
)
def test_an_image_whose_tokens_are_not_told_has_no_price(
    status: str, flags: tuple[str, ...]
) -> None:
    drawn = {"type": "image_generation_call", "status": status, "result": "iVBO"}
    answer = PROVIDER.read_body("responses", {**IMAGE, "output": [drawn], "tool_usage": None})

    assert usage(answer.usage, "responses", **answer.extras).flags == flags


def test_searches_are_counted_by_the_answer_where_it_lists_none() -> None:
    listed = {"type": "web_search_call", "status": "completed", "action": {"type": "search"}}
    told = {"tool_usage": {"web_search": {"num_requests": 2}}}

    assert PROVIDER.read_body("responses", {"output": [], **told}).extras == {"web_search": 2}
    assert PROVIDER.read_body("responses", {"output": [listed], **told}).extras == {"web_search": 1}


def test_an_error_in_place_of_an_answer_is_not_billed() -> None:
    answer = PROVIDER.read_body("chat", {"error": {"code": "model_not_found"}})

    assert usage(answer.usage, **answer.extras).flags == ("not_billed",)


def test_an_error_beside_an_answer_may_be_billed() -> None:
    answer = PROVIDER.read_body(
        "chat", {"error": {"code": 502}, "choices": [{"finish_reason": "error"}]}
    )

    assert usage(answer.usage, **answer.extras).flags == ()


def test_a_streamed_image_tells_its_tokens_when_it_is_complete() -> None:
    answer = Answer()
    PROVIDER.merge("images", answer, {"type": "image_generation.partial_image"})
    assert not answer.complete

    done = {"type": "image_generation.completed", "usage": {"input_tokens": 5, "output_tokens": 9}}
    PROVIDER.merge("images", answer, done)

    assert answer.complete
    assert usage(answer.usage, "images").units["output_image"] == 9


def test_size_and_quality_of_an_image_are_told() -> None:
    body = {"data": [{"url": "a"}, {"url": "b"}], "size": "1024x1024", "quality": "hd"}

    extras = PROVIDER.read_body("images", body).extras

    assert extras == {"image": 2, "size": "1024x1024", "quality": "hd"}
    assert usage(None, "images", **extras).units == {"image": 2}


@pytest.mark.parametrize(("length", "seconds"), [(8.4, 8), ("8.5", 9), (60, 60)])
def test_the_length_of_a_recording_is_what_is_billed(length: object, seconds: int) -> None:
    extras = PROVIDER.read_body("transcription", {"text": "x", "duration": length}).extras

    assert usage(None, "transcription", **extras).units == {"audio_second": seconds}


@pytest.mark.parametrize("length", ["long", None, True, [1], "NaN", -1])
def test_a_length_that_is_none_is_no_usage(length: object) -> None:
    extras = PROVIDER.read_body("transcription", {"text": "x", "duration": length}).extras

    assert usage(None, "transcription", **extras).missing


def test_speech_is_billed_by_the_characters_that_were_asked_for() -> None:
    told = PROVIDER.read_body("speech", {"model": "tts-1", "input_characters": 42}).extras

    assert usage(None, "speech", **told).units == {"input_character": 42}
    assert usage(None, "speech").missing


@pytest.mark.parametrize(
    ("operation", "event", "error"),
    [
        ("chat", {"error": {"code": 502}, "choices": [{"finish_reason": "error"}]}, "error"),
        ("chat", {"error": {"code": "server_error"}}, "server_error"),
        ("responses", {"type": "error", "code": "rate_limit_exceeded"}, "rate_limit_exceeded"),
        ("responses", {"error": {"type": "server_error"}}, "server_error"),
        ("transcription", {"error": {"type": "server_error"}}, "server_error"),
        ("realtime", {"type": "error", "error": {"code": "session_expired"}}, "session_expired"),
    ],
)
def test_an_error_in_a_stream_names_its_class(
    operation: str, event: dict[str, Any], error: str
) -> None:
    answer = Answer()
    PROVIDER.merge(operation, answer, event)

    assert (answer.error_class, answer.complete) == (error, False)
