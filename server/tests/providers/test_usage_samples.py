"""The shapes that providers really send, read through the same door as ``quotah price``."""

from __future__ import annotations

from typing import Any

import pytest
from golden.cases import usage_samples
from golden.reading import read_sample

from quotah_server.catalog.book import load_packaged
from quotah_server.domain.usage import Usage
from quotah_server.pipeline.price_lines import price_line

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
COUNTED = ("web_search", "file_search", "code_container", "grounding_query")
NOT_IN_THE_DATA = {"openai_tts": {"input_characters"}}
"""The text that was spoken stands in the request, which the sample does not hold."""


def read(result: dict[str, Any], sample: dict[str, Any], name: str) -> object:
    """The value of a golden name in our result."""
    usage, units = result["usage"], result["usage"]["units"]
    seen = read_sample(sample)
    found: dict[str, object] = {
        **result["context"],
        **{theirs: usage[ours] for theirs, ours in TOTALS.items()},
        **{theirs: units.get(ours, 0) for theirs, ours in UNITS.items()},
        "input_audio": units.get("input_audio", 0) + units.get("cache_read_audio", 0),
        "input_image": units.get("input_image", 0) + units.get("cache_read_image", 0),
        "input_text": units.get("input", 0) + units.get("cache_read", 0),
        "tools": {TOOLS.get(unit, unit): units[unit] for unit in COUNTED if unit in units},
        "usage_missing": usage["missing"],
        "estimated": usage["estimated"],
        "model": result["model"],
        "cost_usd": result["cost_usd"],
        "provider_cost_usd": seen.extras.get("reported_cost_usd"),
        "reported_cost_usd": told_cost(seen.extras),
        "units": units,
        "flags": usage["flags"],
        "operation": result["operation"],
        "inner": [{"model": part.model, "units": part.units} for part in seen.usage.inner],
        "line_items": by_model(seen.usage, result["model"]),
        **beside(seen.answer.usage or {}),
    }
    return found[name]


def told_cost(extras: dict[str, Any]) -> object:
    """The provider's own amount, else that of the library that wrote the span."""
    return extras.get("reported_cost_usd", extras.get("emitter_cost_usd"))


def by_model(usage: Usage, model: str | None) -> list[dict[str, object]]:
    """Inclusive totals of each model's inner calls."""
    totals: dict[str | None, list[int]] = {}
    for part in usage.inner:
        sums = totals.setdefault(part.model or model, [0, 0])
        sums[0] += Usage(part.units).input_tokens or 0
        sums[1] += Usage(part.units).output_tokens or 0
    return [{"model": m, "input_total": i, "output_total": o} for m, (i, o) in totals.items()]


def beside(raw: dict[str, Any]) -> dict[str, object]:
    """What providers report and do not bill by."""
    consumed = raw.get("tokens") or {}
    return {
        "consumed_input": consumed.get("input_tokens"),
        "consumed_output": consumed.get("output_tokens"),
        "tool_use_prompt": raw.get("toolUsePromptTokenCount"),
        "traffic_type": raw.get("trafficType"),
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_a_provider_shape_is_read_as_expected(name: str) -> None:
    sample = SAMPLES[name]

    result = price_line({**sample, "id": name}, load_packaged())

    expected = {
        key: value
        for key, value in sample["expected_normalized"].items()
        if key not in NOT_IN_THE_DATA.get(name, ())
    }
    assert {key: read(result, sample, key) for key in expected} == expected, sample.get("notes")


def test_the_samples_are_there() -> None:
    assert len(SAMPLES) >= 90
    assert all(sample["source"] for name, sample in SAMPLES.items() if name.startswith("own_"))
