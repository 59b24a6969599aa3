"""Prices by size, quality and search context: told, left to the API's default, unheard of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from quotah_server.catalog.book import load_packaged
from quotah_server.catalog.price import price
from quotah_server.domain.event import Price
from quotah_server.domain.usage import Usage

BOOK = load_packaged()


def priced(provider: str, model: str, units: dict[str, int], **extras: Any) -> Price:
    at = datetime(2026, 1, 15, tzinfo=UTC)
    usage = Usage(units)
    return price(BOOK, provider=provider, model=model, usage=usage, at=at, extras=extras)


@pytest.mark.parametrize(
    ("provider", "model", "unit", "extras", "rate", "ending"),
    [
        ("openai", "dall-e-3", "image", {}, "0.04", "), default quality and size"),
        ("openai", "dall-e-3", "image", {"size": "1024x1024"}, "0.04", "), default quality"),
        ("openai", "dall-e-3", "image", {"quality": "hd"}, "0.08", "), default size"),
        ("openai", "dall-e-3", "image", {"quality": "HD", "size": "1024x1792"}, "0.12", ")"),
        ("openai", "dall-e-3", "image", {"quality": "hd", "size": "1024x1024"}, "0.08", ")"),
        ("openai", "dall-e-3", "image", {"quality": "standard", "size": "1792x1024"}, "0.08", ")"),
        ("openai", "dall-e-2", "image", {}, "0.02", "), default size"),
        ("openai", "dall-e-2", "image", {"size": "512x512"}, "0.018", ")"),
        ("openai", "sora-2-pro", "video_second", {"size": "1280x720"}, "0.3", ")"),
        ("openai", "sora-2-pro", "video_second", {"size": "1792x1024"}, "0.5", ")"),
        ("perplexity", "sonar", "request", {}, "5", "), default search_context_size"),
        ("perplexity", "sonar", "request", {"search_context_size": "low"}, "5", ")"),
        ("perplexity", "sonar-pro", "request", {"search_context_size": "medium"}, "10", ")"),
    ],
)
def test_a_rule_says_which_detail_was_left_to_the_default(
    provider: str, model: str, unit: str, extras: dict[str, str], rate: str, ending: str
) -> None:
    (item,) = priced(provider, model, {unit: 1}, **extras).items

    assert (str(item.rate_usd), item.rule[item.rule.index(")") :]) == (rate, ending)


def test_only_what_a_detail_changes_is_said_to_be_the_default() -> None:
    result = priced("perplexity", "sonar", {"input": 10})

    rules = {item.unit: item.rule for item in result.items}
    assert rules == {
        "input": "perplexity/sonar (genai-prices)",
        "request": "perplexity/sonar (https://docs.perplexity.ai/getting-started/pricing), "
        "default search_context_size",
    }


@pytest.mark.parametrize(
    ("provider", "model", "unit", "extras", "named"),
    [
        ("openai", "dall-e-3", "image", {"size": "2048x2048"}, "size=2048x2048"),
        ("openai", "dall-e-3", "image", {"quality": "ultra", "size": "1024x1024"}, "quality=ultra"),
        ("perplexity", "sonar", "request", {"search_context_size": "huge"}, "search_context_size="),
        ("openai", "dall-e-2", "image", {"size": "9" * 500}, f"size={'9' * 35} rate"),
    ],
)
def test_a_value_that_nobody_prices_is_never_billed_as_the_cheapest(
    provider: str, model: str, unit: str, extras: dict[str, str], named: str
) -> None:
    result = priced(provider, model, {unit: 1}, **extras)

    assert result.cost_usd is None
    assert named in result.reason


def test_details_change_nothing_where_no_price_goes_by_them() -> None:
    plain = priced("openai", "gpt-4o", {"input": 10})

    assert priced("openai", "gpt-4o", {"input": 10}, size="1x1", quality="odd") == plain


@pytest.mark.parametrize(
    ("unit", "model", "hint"),
    [
        ("input_character", "gpt-4o-mini-tts", "stream_format=sse"),
        ("image", "gpt-image-1", "usage"),
    ],
)
def test_a_request_of_a_model_billed_by_tokens_is_unpriced_and_says_what_tells_them(
    unit: str, model: str, hint: str
) -> None:
    result = priced("openai", model, {unit: 1})

    assert result.cost_usd is None
    assert hint in result.reason
