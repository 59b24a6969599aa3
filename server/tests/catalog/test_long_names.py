"""Names of any length, as an answer or a caller may claim them, cost no more than short ones."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from quotah_server.catalog.book import load_packaged
from quotah_server.catalog.ids import spellings
from quotah_server.catalog.match import resolve
from quotah_server.catalog.price import way_of
from quotah_server.domain.call import Attribution, Call
from quotah_server.pipeline.record import MODEL_MAX, record

AT = datetime(2026, 11, 20, tzinfo=UTC)
NOBODY = "0" * 32
LENGTH = 300_000


@pytest.mark.parametrize(
    "part", ["a/", "/", "accounts/", "models/", "us.", "-01-01", "-2024-01-01", "gpt-4o-", "ft:", ":nitro"]
)  # fmt: skip
@pytest.mark.parametrize("provider", ["openai", "bedrock", "openrouter"])
def test_a_long_id_is_told_as_unknown_at_once(part: str, provider: str) -> None:
    book = load_packaged()
    resolve(book, provider, "gpt-4o")
    name = (part * LENGTH)[:LENGTH] + "x"
    begun = time.process_time()
    spellings(name, provider)
    record(call(provider=provider, model_response=name), book)
    assert time.process_time() - begun < 0.5


def call(**more: Any) -> Call:
    fields: dict[str, Any] = {
        "provider": "openai", "model_response": "gpt-4o",
        "raw_usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}, **more,
    }  # fmt: skip
    return Call(
        event_id=NOBODY, call_id=NOBODY, door="gateway", operation="chat", status="success",
        started_at=AT, ended_at=AT, attribution=Attribution(), **fields,
    )  # fmt: skip


def test_the_name_that_an_answer_claims_is_kept_in_bounds() -> None:
    event = record(call(model_response="x" * LENGTH), load_packaged())
    assert event.call.model_response == "x" * MODEL_MAX
    assert event.cost_status == "unpriced"
    assert len(msgspec.msgpack.encode(event)) < 5_000
    assert record(call(), load_packaged()).cost_status == "computed"


def test_a_way_of_calling_keeps_no_long_words() -> None:
    names = ("processing", "speed", "inference_geo", "base_url", "deployment_type")
    way = way_of("t" * LENGTH, "r" * LENGTH, dict.fromkeys(names, "w" * LENGTH))
    assert len(repr(way)) < 5_000


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("openai/gpt-4o:nitro", "openai/gpt-4o"),
        ("a/b:floor", "a/b"),
        ("a/b:free", None),
        ("/b:nitro", None),
        ("a/:nitro", None),
        ("b:nitro", None),
        (":nitro", None),
    ],
)
def test_what_only_routes_a_call_is_left_out_where_a_vendor_is_named(
    text: str, bare: str | None
) -> None:
    assert spellings(text, "openrouter")[1:] == (() if bare is None else (bare,))
