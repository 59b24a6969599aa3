from __future__ import annotations

import pytest
from genai_prices.data import providers as genai_providers

from quotah_server.catalog.aliases import aliases, canonical
from quotah_server.catalog.book import load_packaged
from quotah_server.catalog.match import resolve


def name_of(provider: str, model_id: str) -> str | None:
    model = resolve(load_packaged(), provider, model_id)
    return model.model if model else None


@pytest.mark.parametrize(
    ("provider", "model_id", "model"),
    [
        ("openai", "gpt-4o", "gpt-4o"),
        ("openai", "gpt-4o-2024-08-06", "gpt-4o"),
        ("openai", "GPT-4o-2024-08-06", "gpt-4o"),
        ("openai", "gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("openai", "gpt-5.2-20251211", "gpt-5.2"),
        ("openai", "ft:gpt-4o-2024-08-06:acme::abc", "ft:gpt-4o"),
        ("openai", "ft:gpt-4o-mini-2024-07-18:acme:tag:abc", "ft:gpt-4o-mini"),
        ("openai", "ft:gpt-4.1-2025-04-14:acme::abc", "ft:gpt-4.1"),
        ("openai", "ft:gpt-3.5-turbo-0125:acme::abc", "ft:gpt-3.5-turbo-"),
        ("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("anthropic", "claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("anthropic", "claude-3-5-sonnet-latest", "claude-3-5-sonnet"),
        ("anthropic", "claude-opus-4-20250514", "claude-opus-4-0"),
        ("anthropic", "claude-sonnet-4-20250514", "claude-sonnet-4-0"),
        ("gemini", "models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("gemini", "claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("azure", "gpt-4o-2024-08-06", "gpt-4o"),
        (
            "bedrock",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        ("openrouter", "anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4.5"),
    ],
)
def test_a_declared_id_means_its_model(provider: str, model_id: str, model: str) -> None:
    assert name_of(provider, model_id) == model


@pytest.mark.parametrize(
    ("provider", "model_id"),
    [
        ("anthropic", "claude-sonnet-4-5-v9"),
        ("anthropic", "claude-sonnet-4-55"),
        ("anthropic", "claude-sonnet-4-5-20259929"),
        ("anthropic", "claude-sonnet-4-5-turbo-20250929"),
        ("anthropic", "claude-sonnet-9"),
        ("gemini", "gemini-2.5-pro-ultra"),
        ("gemini", "gemini-2.5-pro-preview-ultra"),
        ("deepseek", "deepseek-chat-v9"),
        ("openai", "gpt-4o-super"),
        ("openai", "gpt-4o-2024-08-06-super"),
        ("openai", "xgpt-4o"),
        ("openai", "ft:gpt-4-0613:acme::abc"),
        ("openai", "ft:gpt-4o-audio-preview:acme::abc"),
        ("openai", "ft:o3-2025-04-16:acme::abc"),
        ("openai", ""),
        ("bedrock", "eu.amazon.nova-lite-turbo-v1:0"),
        ("nobody", "gpt-4o"),
    ],
)
def test_an_unknown_id_never_means_a_neighbour(provider: str, model_id: str) -> None:
    assert name_of(provider, model_id) is None


def test_every_id_declared_in_full_is_found() -> None:
    book = load_packaged()
    lost = [
        (provider, text)
        for provider in book.providers
        for model in book.models(provider)
        for text in model.match.equals
        if resolve(book, provider, text) is None
    ]

    assert lost == []


def test_we_find_what_the_base_library_finds_or_nothing() -> None:
    """Our restriction may leave an id unpriced; it may never lead to another model."""
    ours_alone = {"ft:gpt-4.1", "ft:gpt-4.1-mini", "ft:gpt-4.1-nano"}
    for source in genai_providers:
        endings = ("", "-20250929", "-v9", "@20250929") if len(source.models) < 200 else ("",)
        for base in {text for model in source.models for text in declared(model.id)}:
            for ending in endings:
                ours = name_of(canonical(source.id), base + ending)
                theirs = source.find_model(base + ending, all_providers=genai_providers)
                assert ours in ours_alone | {None, theirs.id if theirs else None}


def declared(model_id: str) -> set[str]:
    return {model_id, model_id.removesuffix("-latest"), model_id.removesuffix("-preview")}


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("google", "gemini"), ("aws", "bedrock"), ("x-ai", "xai"), ("AWS.Bedrock", "bedrock"),
        ("azure.ai.openai", "azure"), ("self-hosted", "self-hosted"), (" OpenAI ", "openai"),
        ("some-new-vendor", "some-new-vendor"),
    ],
)  # fmt: skip
def test_a_vendor_is_known_by_all_its_names(written: str, ours: str) -> None:
    assert canonical(written) == ours


def test_no_alias_is_claimed_twice() -> None:
    claimed = [name for ours, others in aliases().items() for name in (ours, *others)]

    assert len(claimed) == len(set(claimed))
