"""The shapes that providers really send, read through the same door as ``quotah price``."""

from __future__ import annotations

from typing import Any

import pytest
from golden.cases import usage_samples

from quotah_server.catalog.book import load_packaged
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
    "audio_seconds": "audio_second",
}  # fmt: skip
TOOLS = {"code_container": "code_interpreter_containers"}


def read(result: dict[str, Any], name: str) -> object:
    """The value of a golden name in our result."""
    usage, units = result["usage"], result["usage"]["units"]
    counted = ("web_search", "file_search", "code_container")
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
    }
    return found[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_provider_shape_is_read_as_expected(name: str) -> None:
    sample = SAMPLES[name]

    result = price_line({**sample, "id": name}, load_packaged())

    expected = sample["expected_normalized"]
    assert {key: read(result, key) for key in expected} == expected, sample.get("notes", "")


def test_the_samples_are_there() -> None:
    assert len(SAMPLES) >= 22
