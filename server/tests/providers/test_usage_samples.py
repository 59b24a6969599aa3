"""The shapes that providers really send, read through the same door as ``quotah price``."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from golden.cases import usage_samples

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import load_packaged
from quotah_server.domain.usage import INPUT_UNITS, OUTPUT_UNITS, Usage
from quotah_server.pipeline.price_lines import price_line
from quotah_server.pipeline.shapes import operation_of, unwrapped
from quotah_server.providers.base import Answer
from quotah_server.providers.registry import room_for

SAMPLES = usage_samples()
TOTALS = {
    "input_total": "input_tokens",
    "output_total": "output_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_write_input_tokens",
    "reasoning": "reasoning_output_tokens",
}
UNITS = {
    "input_uncached": "input", "cache_write_5m": "cache_write_5m", "cache_write_1h": "cache_write_1h",
    "cache_write_30m": "cache_write_30m", "cache_write_12h": "cache_write_12h",
    "cache_read_text": "cache_read", "cache_read_audio": "cache_read_audio",
    "output_text": "output", "output_audio": "output_audio", "output_image": "output_image",
    "audio_seconds": "audio_second", "pages": "page",
}  # fmt: skip
TOOLS = {
    "code_container": "code_interpreter_containers",
    "grounding_query": "google_search_queries",
}
OF_THE_REQUEST = {"openai_tts": ("input_characters",)}
"""What a sample expects and no answer holds: whoever sees the request adds it."""


def answered(sample: dict[str, Any]) -> tuple[Answer, Usage]:
    """What the provider's room reads of a sample."""
    body, events, implied = unwrapped(sample)
    operation = operation_of(sample["endpoint"], body, events)
    room = room_for(canonical(sample["provider"]), operation)
    answer = Answer()
    if events is None:
        answer = room.read_body(operation, body)
    for event in events or ():
        room.merge(operation, answer, event)
    return answer, room.usage(operation, answer.usage, {**implied, **answer.extras})


def calls_of(model: str | None, usage: Usage) -> list[dict[str, Any]]:
    """Totals by model, the answer's own first."""
    whole = Counter(usage.units)
    others: dict[str | None, Counter[str]] = {}
    for inner in usage.inner:
        if inner.model not in (None, model):
            others.setdefault(inner.model, Counter()).update(inner.units)
            whole.subtract(inner.units)
    return [
        {
            "model": name,
            "input_total": sum(units[unit] for unit in INPUT_UNITS),
            "output_total": sum(units[unit] for unit in OUTPUT_UNITS),
        }
        for name, units in [(model, whole), *others.items()]
    ]


def read(result: dict[str, Any], sample: dict[str, Any], name: str) -> object:
    """The value of a golden name in our result, or in what the room kept beside it."""
    usage, units = result["usage"], result["usage"]["units"]
    answer, whole = answered(sample)
    raw = answer.usage or {}
    consumed = raw.get("tokens", {})
    counted = ("web_search", "file_search", "code_container", "grounding_query")
    found: dict[str, object] = {
        **result["context"],
        **{theirs: usage[ours] for theirs, ours in TOTALS.items()},
        **{theirs: units.get(ours, 0) for theirs, ours in UNITS.items()},
        "input_audio": units.get("input_audio", 0) + units.get("cache_read_audio", 0),
        "input_image": units.get("input_image", 0) + units.get("cache_read_image", 0),
        "input_text": units.get("input", 0) + units.get("cache_read", 0),
        "tools": {TOOLS.get(unit, unit): units[unit] for unit in counted if unit in units},
        "usage_missing": usage["missing"],
        "estimated": usage["estimated"],
        "model": result["model"],
        "cost_usd": result["cost_usd"],
        "line_items": calls_of(result["model"], whole),
        "provider_cost_usd": answer.extras.get("reported_cost_usd"),
        "reported_cost_usd": answer.extras.get("reported_cost_usd"),
        "consumed_input": consumed.get("input_tokens"),
        "consumed_output": consumed.get("output_tokens"),
        "tool_use_prompt": raw.get("toolUsePromptTokenCount"),
        "traffic_type": answer.service_tier,
    }
    return found[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_provider_shape_is_read_as_expected(name: str) -> None:
    sample = SAMPLES[name]

    result = price_line({**sample, "id": name}, load_packaged())

    assert "error" not in result, result
    left_out = OF_THE_REQUEST.get(name, ())
    expected = {k: v for k, v in sample["expected_normalized"].items() if k not in left_out}
    assert expected
    assert {key: read(result, sample, key) for key in expected} == expected, sample.get("notes", "")


def test_the_samples_are_there() -> None:
    assert len(SAMPLES) == 39
