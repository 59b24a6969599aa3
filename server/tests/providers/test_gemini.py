"""Google's wire: what the counts hold, what the total decides, and what stands outside of usage."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.domain.usage import Usage
from quotah_server.providers.base import MANAGEMENT, Answer
from quotah_server.providers.registry import PROVIDERS, room_for

ROOM = PROVIDERS["gemini"]


def body(**usage: Any) -> dict[str, Any]:
    return {
        "candidates": [{"finishReason": "STOP"}],
        "usageMetadata": usage,
        "modelVersion": "gemini-3.1-pro-preview",
    }


def read(answer: dict[str, Any], operation: str = "generate_content") -> Usage:
    found = ROOM.read_body(operation, answer)
    return ROOM.usage(operation, found.usage, found.extras)


def merged(*events: dict[str, Any], operation: str = "generate_content") -> Answer:
    answer = Answer()
    for event in events:
        ROOM.merge(operation, answer, event)
    return answer


def by_modality(**counts: int) -> list[dict[str, Any]]:
    return [{"modality": name, "tokenCount": count} for name, count in counts.items()]


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/v1beta/models/gemini-2.5-pro:generateContent", "generate_content"),
        ("/v1beta/models/gemini-2.5-pro:streamGenerateContent", "generate_content"),
        (
            "/v1/projects/p/locations/eu/publishers/google/models/m:generateContent",
            "generate_content",
        ),
        ("/v1/projects/p/locations/eu/endpoints/7:generateContent", "generate_content"),
        ("/v1beta/tunedModels/mine/models/x:generateContent", "generate_content"),
        ("/v1beta/models/gemini-embedding-001:embedContent", "embed_content"),
        ("/v1beta/models/gemini-embedding-001:batchEmbedContents", "embed_content"),
        ("/v1beta/models/gemini-2.5-pro:countTokens", "count_tokens"),
        ("/v1/projects/p/locations/eu/publishers/google/models/imagen-4:predict", "predict"),
        ("/v1beta/interactions", "interactions"),
        ("/v1beta/tunedModels/mine:generateContent", "generate_content"),
        ("/v1beta/models", None),
        ("/v1beta/files:upload", MANAGEMENT),
        ("/upload/v1beta/files", MANAGEMENT),
        ("/v1beta/models/gemini-2.5-pro:batchGenerateContent", MANAGEMENT),
        ("/v1beta/batches/b:cancel", MANAGEMENT),
        ("/v1beta/interactions/i/cancel", MANAGEMENT),
        ("/v1beta/cachedContents", None),
    ],
)
def test_what_is_billed_has_a_name(path: str, operation: str | None) -> None:
    assert ROOM.operation("POST", path) == operation


def test_only_a_post_is_billed() -> None:
    assert ROOM.operation("GET", "/v1beta/models/gemini-2.5-pro:generateContent") is None


def test_cached_tokens_are_part_of_the_prompt() -> None:
    usage = read(body(promptTokenCount=1000, cachedContentTokenCount=800, candidatesTokenCount=5))

    assert usage.units == {"input": 200, "cache_read": 800, "output": 5}


def test_more_cached_than_there_was_is_a_contradiction() -> None:
    usage = read(body(promptTokenCount=10, cachedContentTokenCount=800, candidatesTokenCount=5))

    assert "contradiction:cached_exceeds_prompt" in usage.flags


def test_thoughts_and_tool_results_are_added() -> None:
    usage = read(
        body(promptTokenCount=400, candidatesTokenCount=150, thoughtsTokenCount=100,
             toolUsePromptTokenCount=9000, totalTokenCount=9650)
    )  # fmt: skip

    assert usage.units == {"input": 9400, "output": 150, "reasoning": 100}
    assert usage.flags == ()


@pytest.mark.parametrize(
    ("counts", "units", "flags"),
    [
        ({"thoughtsTokenCount": 40, "totalTokenCount": 110}, {"output": 20, "reasoning": 40}, ()),
        ({"thoughtsTokenCount": 40, "totalTokenCount": 150}, {"output": 60, "reasoning": 40}, ()),
        (
            {"totalTokenCount": 150},
            {"output": 60, "reasoning": 40},
            ("from_total:thoughtsTokenCount",),
        ),
        (
            {"thoughtsTokenCount": 40, "totalTokenCount": 999},
            {"output": 60, "reasoning": 40},
            ("contradiction:totalTokenCount",),
        ),
        (
            {"thoughtsTokenCount": 40, "totalTokenCount": 3},
            {"output": 60, "reasoning": 40},
            ("contradiction:totalTokenCount",),
        ),
        ({"thoughtsTokenCount": 40}, {"output": 60, "reasoning": 40}, ()),
    ],
)
def test_the_total_decides_where_thoughts_are(
    counts: dict[str, int], units: dict[str, int], flags: tuple[str, ...]
) -> None:
    given = {"promptTokenCount": 50, "candidatesTokenCount": 60, **counts}

    usage = read(body(**given))

    assert {name: usage.units.get(name) for name in units} == units
    assert usage.flags == flags


def test_the_total_tells_when_tool_results_are_inside_the_prompt() -> None:
    usage = read(
        body(promptTokenCount=500, candidatesTokenCount=10, toolUsePromptTokenCount=300,
             totalTokenCount=510)
    )  # fmt: skip

    assert usage.units == {"input": 500, "output": 10}


def test_candidates_left_out_are_what_the_total_leaves() -> None:
    usage = read(body(promptTokenCount=50, totalTokenCount=75))

    assert usage.units == {"input": 50, "output": 25}
    assert usage.flags == ("from_total:candidatesTokenCount",)


def test_text_left_out_of_the_details_is_the_remainder() -> None:
    usage = read(
        body(promptTokenCount=326, candidatesTokenCount=2340, totalTokenCount=2666,
             candidatesTokensDetails=by_modality(IMAGE=2000))
    )  # fmt: skip

    assert usage.units == {"input": 326, "output": 340, "output_image": 2000}


def test_details_beyond_their_count_are_a_contradiction() -> None:
    usage = read(
        body(promptTokenCount=10, candidatesTokenCount=1, promptTokensDetails=by_modality(AUDIO=99))
    )

    assert usage.flags == ("contradiction:promptTokensDetails",)
    assert usage.input_tokens == 10


def test_a_kind_nobody_told_us_of_is_flagged_and_counted_as_text() -> None:
    usage = read(
        body(promptTokenCount=10, candidatesTokenCount=1, promptTokensDetails=by_modality(SMELL=4))
    )

    assert usage.flags == ("unknown_unit:modality.smell",)
    assert usage.units["input"] == 10


def test_cached_tokens_of_an_untold_kind_are_taken_for_text_first() -> None:
    usage = read(
        body(promptTokenCount=1100, cachedContentTokenCount=600, candidatesTokenCount=1,
             promptTokensDetails=by_modality(TEXT=100, AUDIO=1000))
    )  # fmt: skip

    assert usage.units["cache_read"] == 100
    assert usage.units["cache_read_audio"] == 500
    assert usage.units["input_audio"] == 500
    assert usage.flags == ("cache_modality_unknown",)


def test_tool_results_count_under_their_kind() -> None:
    usage = read(
        body(promptTokenCount=10, candidatesTokenCount=1, toolUsePromptTokenCount=300,
             toolUsePromptTokensDetails=by_modality(IMAGE=258))
    )  # fmt: skip

    assert usage.units == {"input": 52, "input_image": 258, "output": 1}


def test_context_that_a_search_brought_in_is_flagged() -> None:
    answer = body(promptTokenCount=10, candidatesTokenCount=1, toolUsePromptTokenCount=300)
    answer["candidates"][0]["groundingMetadata"] = {"webSearchQueries": ["a"]}

    assert read(answer).flags == ("search_context_as_input",)


@pytest.mark.parametrize(
    ("model", "unit", "count"),
    [
        ("gemini-3.1-pro-preview", "grounding_query", 2),
        ("gemini-4-argon", "grounding_query", 2),
        ("gemini-nano-banana-2.1", "grounding_query", 2),
        ("gemini-2.5-flash", "grounded_prompt", 1),
        ("models/gemini-2.0-flash-001", "grounded_prompt", 1),
        ("gemini-live-2.5-flash", "grounded_prompt", 1),
        ("gemini-1.5-pro-002", "grounded_prompt", 1),
        (None, "grounding_query", 2),
    ],
)
def test_searches_are_billed_by_query_since_gemini_3_and_by_prompt_before(
    model: str | None, unit: str, count: int
) -> None:
    answer = body(promptTokenCount=10, candidatesTokenCount=1)
    answer["modelVersion"] = model
    answer["candidates"] = [
        {"groundingMetadata": {"webSearchQueries": ["a", "b", "a", "", " "]}},
        {"groundingMetadata": {"webSearchQueries": ["b"]}},
    ]

    units = read(answer).units

    assert {name: units[name] for name in units if name.startswith("ground")} == {unit: count}


WEB, MAPS = {"web": {"uri": "https://a"}}, {"maps": {"uri": "https://b"}}


@pytest.mark.parametrize(
    ("model", "queries", "chunks", "units"),
    [
        ("gemini-2.5-flash", ["a", "b"], [MAPS, MAPS], {"grounded_maps_prompt": 1}),
        ("gemini-2.5-flash", ["a"], [MAPS, WEB], {"grounded_maps_prompt": 1, "grounded_prompt": 1}),
        ("gemini-2.5-flash", [], [WEB], {"grounded_prompt": 1}),
        ("gemini-3.5-flash", ["a", "b"], [MAPS], {"maps_query": 2}),
        ("gemini-3.5-flash", ["a", "b"], [MAPS, WEB], {"grounding_query": 2}),
        ("gemini-3.5-flash", ["a", "b"], [], {"grounding_query": 2}),
        ("gemini-3.5-flash", [], [MAPS], {"maps_query": 1}),
        ("gemini-3.5-flash", [], [WEB], {"grounding_query": 1}),
        ("gemini-3.5-flash", [], [{"retrievedContext": {"uri": "gs://c"}}], {}),
    ],
)  # fmt: skip
def test_queries_are_those_of_maps_where_nothing_came_from_the_web(
    model: str, queries: list[str], chunks: list[dict[str, Any]], units: dict[str, int]
) -> None:
    first = {"candidates": [{"groundingMetadata": {"webSearchQueries": queries}}]}
    second = {"candidates": [{"groundingMetadata": {"groundingChunks": chunks}, "finishReason": "STOP"}],
              "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1}}  # fmt: skip
    named = {"modelVersion": model}

    answer = merged({**named, **first}, {**named, **second})

    usage = ROOM.usage("generate_content", answer.usage, answer.extras)
    assert {unit: n for unit, n in usage.units.items() if unit not in ("input", "output")} == units
    untold = bool(units) and not queries and model.startswith("gemini-3")
    assert usage.flags == (("grounding_queries_untold",) if untold else ())


def test_an_answer_without_queries_was_not_grounded() -> None:
    answer = body(promptTokenCount=10, candidatesTokenCount=1)
    answer["candidates"][0]["groundingMetadata"] = {"webSearchQueries": [], "groundingChunks": []}

    assert set(read(answer).units) == {"input", "output"}


def test_no_word_of_a_query_is_kept() -> None:
    answer = body(promptTokenCount=10, candidatesTokenCount=1)
    answer["candidates"][0]["groundingMetadata"] = {"webSearchQueries": ["my secret illness"]}

    assert "secret" not in repr(ROOM.read_body("generate_content", answer))


@pytest.mark.parametrize(
    ("word", "tier"),
    [
        ({"trafficType": "ON_DEMAND"}, "ON_DEMAND"),
        ({"trafficType": "ON_DEMAND_FLEX"}, "flex"),
        ({"trafficType": "ON_DEMAND_PRIORITY"}, "priority"),
        ({"trafficType": "PROVISIONED_THROUGHPUT"}, "provisioned"),
        ({"serviceTier": "priority"}, "priority"),
        ({"serviceTier": "unspecified"}, "standard"),
        ({}, None),
    ],
)
def test_the_way_a_call_was_served_is_its_tier(word: dict[str, str], tier: str | None) -> None:
    answer = ROOM.read_body("generate_content", body(promptTokenCount=1, **word))

    assert answer.service_tier == tier


def test_an_error_carries_googles_own_code() -> None:
    answer = ROOM.read_body(
        "generate_content", {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "m"}}
    )

    assert (answer.error_class, answer.complete) == ("RESOURCE_EXHAUSTED", False)


def test_a_model_is_named_without_its_resource_path() -> None:
    answer = ROOM.read_body(
        "generate_content", {"modelVersion": "publishers/google/models/gemini-x"}
    )

    assert answer.model == "gemini-x"


def test_a_second_turn_of_a_live_session_is_not_passed_off_as_the_whole() -> None:
    turn = {"serverContent": {"turnComplete": True},
            "usageMetadata": {"promptTokenCount": 5, "responseTokenCount": 2}}  # fmt: skip
    answer = merged(turn, turn, operation="live")

    assert ROOM.usage("live", answer.usage, answer.extras).flags == ("unknown_unit:earlier_turns",)


def test_seconds_of_video_come_from_outside() -> None:
    assert ROOM.usage("predict", None, {"video_second": 8}).units == {"video_second": 8}


def test_an_answer_without_counts_is_missing() -> None:
    assert read({"candidates": [{"finishReason": "STOP"}]}).missing
    assert read(body(trafficType="ON_DEMAND")).missing


def test_claude_on_vertex_is_read_by_its_own_wire() -> None:
    assert room_for("gemini", "messages") is PROVIDERS["anthropic"]
    assert room_for("gemini", "generate_content") is ROOM


PARTS = st.fixed_dictionaries(
    {},
    optional={
        "promptTokenCount": st.integers(0, 9000),
        "thoughtsTokenCount": st.integers(0, 9000),
        "cachedContentTokenCount": st.integers(0, 50),
        "toolUsePromptTokenCount": st.integers(0, 900),
    },
)


@given(PARTS, st.integers(1, 5000), st.lists(st.integers(1, 100), max_size=5), st.data())
@settings(max_examples=100, deadline=None)
def test_any_chunking_of_cumulative_counts_gives_the_same_usage(
    parts: dict[str, int], candidates: int, steps: list[int], data: st.DataObject
) -> None:
    final = {**parts, "candidatesTokenCount": candidates}
    final["totalTokenCount"] = sum(n for k, n in final.items() if k != "cachedContentTokenCount")
    chunks = [
        {"usageMetadata": {**parts, "candidatesTokenCount": candidates * step // 100}}
        for step in sorted(steps)
    ]
    last = {"usageMetadata": final, "candidates": [{"finishReason": "STOP"}]}
    repeated = [chunk for chunk in chunks for _ in range(data.draw(st.integers(1, 3)))]

    streamed = merged(*repeated, last, *[last] * data.draw(st.integers(0, 2)))

    whole = ROOM.read_body("generate_content", last)
    assert ROOM.usage("generate_content", streamed.usage, streamed.extras) == ROOM.usage(
        "generate_content", whole.usage, whole.extras
    )
