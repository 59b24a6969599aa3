"""Cohere's wire: billed units, whatever was consumed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from quotah_server.domain.usage import Usage
from quotah_server.providers.base import MANAGEMENT, Answer
from quotah_server.providers.registry import PROVIDERS, room_for

ROOM = PROVIDERS["cohere"]


def read(body: dict[str, Any], operation: str = "cohere_chat") -> Usage:
    answer = ROOM.read_body(operation, body)
    return ROOM.usage(operation, answer.usage, answer.extras)


def billed(**units: object) -> dict[str, Any]:
    return {"usage": {"billed_units": units, "tokens": {"input_tokens": 999, "output_tokens": 999}}}


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/v2/chat", "cohere_chat"),
        ("/v1/chat", "cohere_chat"),
        ("/chat", "cohere_chat"),
        ("/v2/embed", "cohere_embed"),
        ("/v2/rerank", "rerank"),
        ("/v1/classify", "cohere_classify"),
        ("/v1/tokenize", MANAGEMENT),
        ("/v1/embed-jobs", None),
        ("/v1/models", None),
    ],
)
def test_what_is_billed_has_a_name(path: str, operation: str | None) -> None:
    assert ROOM.operation("POST", path) == operation
    assert ROOM.operation("GET", path) is None


def test_what_is_billed_counts_and_not_what_was_consumed() -> None:
    assert read(billed(input_tokens=17, output_tokens=12)).units == {"input": 17, "output": 12}


@pytest.mark.parametrize("count", [17.0, Decimal("17.0"), 17])
def test_counts_may_be_written_as_floats(count: object) -> None:
    assert read(billed(input_tokens=count)).units == {"input": 17}


@pytest.mark.parametrize("count", [17.5, "17", -1, float("nan"), True, 2.0**60])
def test_what_is_no_count_is_refused(count: object) -> None:
    assert read(billed(input_tokens=count)).flags == ("invalid:billed_units.input_tokens",)


def test_cached_tokens_are_part_of_the_billed_input() -> None:
    body = billed(input_tokens=500, output_tokens=20)
    body["usage"]["cached_tokens"] = 200

    assert read(body).units == {"input": 300, "cache_read": 200, "output": 20}


def test_cached_tokens_beyond_the_billed_ones_are_free() -> None:
    body = billed(input_tokens=17, output_tokens=12)
    body["usage"]["cached_tokens"] = 200

    usage = read(body)

    assert (usage.input_tokens, usage.flags) == (17, ("cached_beyond_billed",))


def test_consumed_tokens_stand_in_where_nothing_is_billed() -> None:
    usage = read({"usage": {"tokens": {"input_tokens": 215, "output_tokens": 14}}})

    assert (usage.units, usage.flags) == ({"input": 215, "output": 14}, ("billed_units_missing",))


def test_searches_classifications_and_images_are_units_of_their_own() -> None:
    meta = {"search_units": 2, "classifications": 3, "images": 4}

    assert read({"meta": {"billed_units": meta}}, "rerank").units == {
        "search_unit": 2, "classification": 3, "image": 4,
    }  # fmt: skip


def test_a_unit_nobody_told_us_of_is_flagged() -> None:
    flags = read(billed(input_tokens=1, output_tokens=1, moods=3)).flags
    assert flags == ("unknown_unit:billed_units.moods",)


def test_a_chat_of_which_one_half_is_told_is_not_priced_by_it() -> None:
    assert read(billed(input_tokens=1)).flags == ("untold:output",)
    assert read(billed(output_tokens=1)).flags == ("untold:input",)
    assert ROOM.usage("cohere_embed", billed(input_tokens=1)["usage"], {}).flags == ()


def test_the_end_of_a_stream_holds_the_usage() -> None:
    answer = Answer()
    for event in (
        {"type": "message-start", "id": "x"},
        {"type": "content-delta", "delta": {"message": {"content": {"text": "Hi"}}}},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", **billed(input_tokens=5)}},
    ):
        assert not answer.complete
        ROOM.merge("cohere_chat", answer, event)

    assert (answer.response_id, answer.finish_reason, answer.complete) == ("x", "COMPLETE", True)
    assert ROOM.usage("cohere_chat", answer.usage, answer.extras).units == {"input": 5}


def test_a_stream_that_ends_in_an_error_is_not_complete() -> None:
    answer = Answer()
    delta = {"finish_reason": "ERROR", "error": "down"}
    ROOM.merge("cohere_chat", answer, {"type": "message-end", "delta": delta})

    assert (answer.error_class, answer.complete) == ("down", False)


def test_a_body_without_units_is_missing() -> None:
    assert read({"id": "x", "message": {}}).missing
    assert read({"usage": {"billed_units": {}}}).missing


def test_its_compatible_endpoint_is_read_by_the_wire_it_copies() -> None:
    assert room_for("cohere", "chat") is PROVIDERS["openai"]
    assert room_for("cohere", "rerank") is ROOM
