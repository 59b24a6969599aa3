"""What a line of the mock provider's log costs, read apart from the rooms that the gateway uses.

Counts are taken from the vendor's usage object by hand; the book alone turns them into money.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from gateway.rig import book

from quotah_server.catalog.price import price
from quotah_server.domain.call import Call
from quotah_server.domain.usage import Usage
from quotah_server.mock.ledger import Entry


def expected_cost(entry: Entry, call: Call) -> Decimal | None:
    """The cost of a log line; None where it has no price. ``call`` tells whose it is, when it was, and
    what the request asked for (sizes of pictures)."""
    units = units_of(entry)
    found = price(
        book(),
        provider=call.provider,
        model=entry.model,
        usage=Usage({unit: count for unit, count in units.items() if count}),
        at=call.started_at,
        service_tier=call.service_tier,
        extras=call.extras,
    )
    return found.cost_usd


def units_of(entry: Entry) -> dict[str, int]:
    """Disjoint counts of a log line."""
    usage: dict[str, Any] = entry.usage
    if entry.provider == "gemini":
        return _gemini(usage)
    if entry.provider == "cohere":
        billed, cached = usage["billed_units"], usage.get("cached_tokens", 0)
        return {
            "input": billed.get("input_tokens", 0) - cached,
            "cache_read": cached,
            "output": billed.get("output_tokens", 0),
            "search_unit": billed.get("search_units", 0),
        }
    if entry.provider == "anthropic":
        written = usage["cache_creation"]
        thought = usage.get("output_tokens_details", {}).get("thinking_tokens", 0)
        return {
            "input": usage["input_tokens"],
            "cache_read": usage["cache_read_input_tokens"],
            "cache_write_5m": written["ephemeral_5m_input_tokens"],
            "cache_write_1h": written["ephemeral_1h_input_tokens"],
            "output": usage["output_tokens"] - thought,
            "reasoning": thought,
        }
    return _openai(entry.operation, usage)


def _openai(operation: str, usage: dict[str, Any]) -> dict[str, int]:
    if operation == "speech":
        return {"input_character": usage["input_characters"]}
    if "images" in usage:
        return {"image": usage["images"]}
    if usage.get("type") == "duration":
        return {"audio_second": usage["seconds"]}
    read = usage.get("prompt_tokens", usage.get("input_tokens", 0))
    written = usage.get("completion_tokens", usage.get("output_tokens", 0))
    inside = _part(usage, "prompt_tokens_details", "input_tokens_details", "input_token_details")
    made = _part(usage, "completion_tokens_details", "output_tokens_details")
    cached, kept = inside.get("cached_tokens", 0), inside.get("cache_write_tokens", 0)
    heard, looked = inside.get("audio_tokens", 0), inside.get("image_tokens", 0)
    thought, drawn = made.get("reasoning_tokens", 0), made.get("image_tokens", 0)
    return {
        "input": read - cached - kept - heard - looked,
        "cache_read": cached,
        "cache_write_30m": kept,
        "input_audio": heard,
        "input_image": looked,
        "output": written - thought - drawn,
        "reasoning": thought,
        "output_image": drawn,
    }


def _part(usage: dict[str, Any], *names: str) -> dict[str, int]:
    return next((usage[name] for name in names if name in usage), {})


def _gemini(usage: dict[str, Any]) -> dict[str, int]:
    prompt, cached = usage["promptTokenCount"], usage.get("cachedContentTokenCount", 0)
    split = {item["modality"]: item["tokenCount"] for item in usage.get("promptTokensDetails", [])}
    looked = split.get("IMAGE", 0) + split.get("DOCUMENT", 0)
    return {
        "input": prompt - cached - looked,
        "cache_read": cached,
        "input_image": looked,
        "output": usage.get("candidatesTokenCount", 0),
        "reasoning": usage.get("thoughtsTokenCount", 0),
    }
