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
    if name in TOTALS:
        return usage[TOTALS[name]]
    if name in UNITS:
        return units.get(UNITS[name], 0)
    if name in ("input_audio", "input_image"):
        return units.get(name, 0) + units.get(f"cache_read_{name.removeprefix('input_')}", 0)
    if name == "input_text":
        return units["input"] + units.get("cache_read", 0)
    if name == "tools":
        counted = ("web_search", "file_search", "code_container")
        return {TOOLS.get(unit, unit): units[unit] for unit in counted if unit in units}
    if name in ("usage_missing", "estimated"):
        return usage[name.removeprefix("usage_")]
    if name in ("model", "cost_usd"):
        return result[name]
    return result["context"].get(name)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_provider_shape_is_read_as_expected(name: str) -> None:
    sample = SAMPLES[name]

    result = price_line({**sample, "id": name}, load_packaged())

    expected = sample["expected_normalized"]
    assert {key: read(result, key) for key in expected} == expected, sample.get("notes", "")


def test_the_samples_are_there() -> None:
    assert len(SAMPLES) >= 22
