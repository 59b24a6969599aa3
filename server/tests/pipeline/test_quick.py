"""The short way to a price gives the price of the long way, to the last digit and zero."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from golden.cases import cost_cases, usage_samples
from golden.reading import read_sample
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import Book, load_packaged
from quotah_server.catalog.terms import Override, Terms
from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.usage import MAX_COUNT, Usage
from quotah_server.pipeline import quick as module
from quotah_server.pipeline.line import read_line
from quotah_server.pipeline.quick import quick_cost
from quotah_server.pipeline.record import cost_of, usage_of, with_told
from quotah_server.pipeline.split import split_of
from quotah_server.providers.wires.openai import usage as wire
from quotah_server.providers.wires.openai.plain import plain_units

NOON = datetime(2026, 11, 12, 12, tzinfo=UTC)
UNITS = st.dictionaries(
    st.sampled_from(
        ["input", "cache_read", "output", "reasoning", "cache_write_5m", "image", "odd"]
    ),
    st.one_of(st.integers(0, 300_000), st.integers(0, MAX_COUNT)),
)


def call(**fields: Any) -> Call:
    told: dict[str, Any] = {
        "event_id": "0" * 32, "call_id": "0" * 32, "door": "gateway",
        "attribution": Attribution(), "provider": "openai", "operation": "chat",
        "model_requested": "gpt-4o-mini", "status": "success", "http_status": 200,
        "started_at": NOON, "ended_at": NOON,
    }  # fmt: skip
    return Call(**{**told, **fields})


def same(book: Book, made: Call, usage: Usage) -> bool:
    """Compare both ways, where the short one has an answer; tells whether it had."""
    short = quick_cost(book, canonical(made.provider), made, usage)
    if short is None:
        return False
    long = cost_of(made, usage, book)
    assert (long.status, long.reason) == ("computed", "")
    assert msgspec.json.encode(short) == msgspec.json.encode((long.cost_usd, split_of(long)))
    return True


@settings(max_examples=400)
@given(
    st.sampled_from(
        ["gpt-4o-mini", "gpt-4o-2024-08-06", "gpt-5.1", "o3", "text-embedding-3-small", "no-such",
         "gpt-3.5-turbo-0613", "gpt-4o-audio-preview", "gpt-5.1-codex"]
    ),
    UNITS,
    st.sampled_from([None, "default", "flex", "priority", "unheard-of"]),
)  # fmt: skip
def test_any_counts_of_any_model_cost_the_same_both_ways(
    model: str, units: dict[str, int], tier: str | None
) -> None:
    same(load_packaged(), call(model_requested=model, service_tier=tier), Usage(units))


def test_every_model_of_the_book_costs_the_same_both_ways() -> None:
    book, rng, short = load_packaged(), random.Random(5), 0
    for provider in (
        "openai",
        "anthropic",
        "gemini",
        "mistral",
        "cohere",
        "xai",
        "groq",
        "deepseek",
    ):
        for model in book.models(provider):
            units = {
                unit: rng.choice([0, 1, 17, 4096, 250_000, rng.randrange(10**9)])
                for unit in ("input", "cache_read", "output", "reasoning")
            }
            short += same(book, call(provider=provider, model_requested=model.model), Usage(units))
    assert short > 200, "the short way is hardly ever gone"


def test_golden_costs_are_the_same_both_ways() -> None:
    book, short = load_packaged(), 0
    for case in cost_cases():
        line = read_line(case, book)
        made = with_told(line.call)
        short += same(book.under(line.terms), made, usage_of(made))
    assert short > 20


@pytest.mark.parametrize(
    ("fields", "usage"),
    [
        ({"extras": {"processing": "batch"}}, Usage({"input": 10})),
        ({"extras": {"reported_cost_usd": "3"}}, Usage({"input": 10})),
        ({"extras": {"base_url": ["https://x"]}}, Usage({"input": 10})),
        ({}, Usage({"input": 10}, flags=("unknown_unit:foo",))),
        ({}, Usage({"input": 10}, estimated=True)),
        ({}, Usage(missing=True)),
        ({}, Usage({"input": -1})),
        ({}, Usage({"input": MAX_COUNT, "output": MAX_COUNT * 10**6})),
        ({"model_requested": None}, Usage({"input": 10})),
        ({"model_requested": "no-such-model"}, Usage({"input": 10})),
        ({"started_at": NOON.replace(tzinfo=None)}, Usage({"input": 10})),
    ],
)  # fmt: skip
def test_what_needs_a_rule_goes_the_long_way(fields: dict[str, Any], usage: Usage) -> None:
    assert quick_cost(load_packaged(), "openai", call(**fields), usage) is None
    assert quick_cost(load_packaged(), "openai", call(), Usage({"input": 10})) is not None


def test_prices_of_a_workspace_go_the_long_way() -> None:
    own = Terms((Override("o", "openai", "*", factor=Decimal("0.5")),))
    assert quick_cost(load_packaged().under(own), "openai", call(), Usage({"input": 10})) is None


def test_names_that_callers_write_are_kept_only_while_they_are_short() -> None:
    book = load_packaged()
    before = len(book.resolved)
    for tier in ("t" * 400, "u" * 400):
        quick_cost(book, "openai", call(service_tier=tier), Usage({"input": 1}))
    kept = [key for key in book.resolved if key[0] == "quick" and len(str(key[3])) > 300]
    assert not kept
    assert len(book.resolved) - before < 8


def test_a_wrong_rate_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {"input": (150_001, "input")}
    monkeypatch.setattr(module, "_rates", lambda *_: rates)
    with pytest.raises(AssertionError):
        same(load_packaged(), call(service_tier="auto"), Usage({"input": 10}))


# --- plain usage objects ------------------------------------------------------------------------------

COUNT = st.one_of(st.integers(-1, 50), st.sampled_from([None, True, 1.5, "3", MAX_COUNT + 1, {}]))
DETAILS = st.one_of(
    st.none(),
    st.just([]),
    st.dictionaries(
        st.sampled_from(
            ["cached_tokens", "reasoning_tokens", "audio_tokens", "text_tokens", "image_tokens",
             "cache_write_tokens", "accepted_prediction_tokens", "cached_tokens_details", "odd"]
        ),
        COUNT,
        max_size=4,
    ),
)  # fmt: skip


@st.composite
def usage_objects(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.sampled_from([("prompt", "completion"), ("input", "output")]))
    raw: dict[str, Any] = {}
    for name in names:
        if draw(st.integers(0, 9)):
            raw[f"{name}_tokens"] = draw(st.one_of(st.integers(0, 60), COUNT))
        if draw(st.booleans()):
            raw[f"{name}_tokens_details"] = draw(DETAILS)
    if draw(st.booleans()):
        told = [raw.get(f"{name}_tokens") for name in names]
        plain = all(isinstance(count, int) for count in told) and draw(st.integers(0, 4))
        raw["total_tokens"] = sum(told) if plain else draw(COUNT)
    if not draw(st.integers(0, 9)):
        raw[draw(st.sampled_from(["cost", "num_cached_tokens", "input_token_details"]))] = draw(
            COUNT
        )
    return raw


@contextlib.contextmanager
def the_long_way() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "plain_units", lambda *_: None)
        yield


@settings(max_examples=2000)
@given(st.sampled_from(["chat", "completions", "responses", "embeddings"]), usage_objects())
def test_a_plain_usage_object_is_read_as_the_long_way_reads_it(
    operation: str, raw: dict[str, Any]
) -> None:
    units = plain_units(operation, raw, {})
    if units is not None:
        with the_long_way():
            found = wire.read_usage(operation, raw, {})
        assert found == Usage(units)
        assert list(found.units) == list(units)


def test_usage_samples_of_vendors_are_read_alike_both_ways() -> None:
    plain = 0
    for sample in usage_samples().values():
        read = read_sample(sample)
        if isinstance(read.answer.usage, dict):
            units = plain_units(read.operation, read.answer.usage, read.extras)
            plain += units is not None
            with the_long_way():
                found = read.room.usage(read.operation, read.answer.usage, read.extras)
            assert units is None or found == Usage(units)
    assert plain > 5


@pytest.mark.parametrize(
    "raw",
    [
        {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 9},
        {"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 6}},
        {"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"audio_tokens": 1}},
        {"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"new_tokens": 1}},
        {"prompt_tokens": 5, "completion_tokens": 2, "cost": 1},
        {"prompt_tokens": 5},
        {"prompt_tokens": 5, "output_tokens": 2},
    ],
)
def test_a_usage_object_with_more_to_it_goes_the_long_way(raw: dict[str, Any]) -> None:
    assert plain_units("chat", raw, {}) is None
