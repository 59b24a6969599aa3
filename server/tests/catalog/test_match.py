from __future__ import annotations

import pytest
from genai_prices.data import providers as genai_providers
from genai_prices.types import Provider as GenaiProvider
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.catalog.aliases import aliases, canonical
from quotah_server.catalog.book import Model, load_packaged
from quotah_server.catalog.ids import why_hidden
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
        ("openrouter", "openai/gpt-4o:nitro", "openai/gpt-4o"),
        ("openrouter", "openai/gpt-4o:floor", "openai/gpt-4o"),
        ("openrouter", "openai/gpt-4o:online", "openai/gpt-4o"),
        ("openrouter", "openrouter/openai/gpt-4o", "openai/gpt-4o"),
        ("openrouter", "~anthropic/claude-opus-latest", "~anthropic/claude-opus-latest"),
        ("openrouter", "arliai/qwq-32b-arliai-rpr-v1:free", "arliai/qwq-32b-arliai-rpr-v1:free"),
        ("openai", " gpt-4o\n", "gpt-4o"),
        ("openai", "openai/gpt-4o", "gpt-4o"),
        ("gemini", "google/gemini-2.5-pro", "gemini-2.5-pro"),
        ("gemini", "publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"),
        (
            "gemini",
            "projects/p1/locations/us-central1/publishers/google/models/gemini-2.5-flash",
            "gemini-2.5-flash",
        ),
        ("gemini", "publishers/anthropic/models/claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("gemini", "claude-sonnet-4-5@default", "claude-sonnet-4-5"),
        ("gemini", "anthropic/claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("azure", "openai/gpt-4o", "gpt-4o"),
        ("bedrock", "anthropic.claude-opus-4-6-v1", "regional.anthropic.claude-opus-4-6-v1:0"),
        ("bedrock", "eu.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        (
            "bedrock",
            "global.anthropic.claude-opus-4-6-v1:0",
            "global.anthropic.claude-opus-4-6-v1:0",
        ),
        (
            "bedrock",
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
            "regional.anthropic.claude-3-haiku-20240307-v1:0",
        ),
        (
            "bedrock",
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        (
            "bedrock",
            "arn:aws-us-gov:bedrock:us-gov-west-1:1:inference-profile/us-gov.amazon.nova-pro-v1:0",
            "amazon.nova-pro-v1:0",
        ),
        ("bedrock", "bedrock/mistral.mistral-7b-instruct-v0:2", "mistral.mistral-7b-instruct-v0:2"),
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
        ("openai", "ft:gpt-99-2025-04-16:acme::abc"),
        ("openai", "anthropic/claude-sonnet-4-5"),
        ("openai", "gpt-4o:nitro"),
        ("openai", "gpt-5.2-20250231"),
        ("openai", "models/"),
        ("gemini", "gemini-3.5-flash-9b"),
        ("gemini", "gemini-4-argon-5"),
        ("gemini", "publishers/google/models/gemini-2.5-pro-ultra"),
        ("gemini", "projects/p1/locations/us-central1/endpoints/123"),
        ("openrouter", "openai/gpt-4o:free"),
        ("openrouter", "openai/gpt-4o:extended-thinking"),
        ("openrouter", "openai/gpt-4o:nitro:nitro"),
        ("openrouter", "~openai/gpt-4o"),
        ("openai", ""),
        ("bedrock", "eu.amazon.nova-lite-turbo-v1:0"),
        ("bedrock", "amazon.nova-lite-v9:0"),
        ("bedrock", "amazon.nova-lite-v1:7"),
        ("bedrock", "mars.amazon.nova-lite-v1:0"),
        ("bedrock", "eu.openai.gpt-5.6-sol"),
        ("bedrock", "anthropic.claude-sonnet-4-6-v9"),
        ("bedrock", "arn:aws:bedrock:us-east-1:1:application-inference-profile/claude-sonnet-4-6"),
        ("bedrock", "arn:aws:bedrock:us-east-1:1:provisioned-model/amazon.nova-lite-v1:0"),
        ("bedrock", "arn:aws:bedrock:us-east-1::foundation-model/"),
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
    book = load_packaged()
    for source in genai_providers:
        provider = canonical(source.id)
        endings = ("", "-20250929", "-v9", "@20250929") if len(source.models) < 200 else ("",)
        for base in {text for model in source.models for text in declared(model.id)}:
            for ending in endings:
                ours = resolve(book, provider, base + ending)
                theirs = source.find_model(base + ending, all_providers=genai_providers)
                if ours is not None and not is_ours(ours, source):
                    assert theirs is not None
                    assert theirs.id == ours.model


def is_ours(model: Model, source: GenaiProvider) -> bool:
    """Whether a patch brought the model, or the id that means it."""
    theirs = next((m for m in source.models if m.id == model.model), None)
    if theirs is None:
        return not any(m.id == model.model for p in genai_providers for m in p.models)
    return any(not theirs.is_match(text) for text in model.match.equals)


SUFFIXES = ("-v9", "-ultra", "x", "-mini", "-9b", "2")


def test_no_suffix_makes_an_id_mean_its_neighbour() -> None:
    book = load_packaged()
    wrong = [
        (provider, base + suffix, found.model)
        for provider in book.providers
        for model in book.models(provider)
        for base in {model.model.lower(), *model.match.equals, *model.match.starts_with}
        for suffix in SUFFIXES
        if (found := resolve(book, provider, base + suffix)) is not None
        and not is_declared(provider, base + suffix)
    ]

    assert wrong == []


def is_declared(provider: str, model_id: str) -> bool:
    """Whether the book holds just this id, or it opens a deployment that its owner named."""
    known = load_packaged().providers[provider]
    plain = model_id.partition("/")[2]
    return ".ft-" in model_id or any(
        name in model.match.equals
        for vendor in (provider, *known.fallback)
        for model in load_packaged().models(vendor)
        for name in (model_id, plain)
    )


@pytest.mark.parametrize(
    ("model_id", "reason"),
    [
        ("arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc",
         "an application inference profile does not tell its model"),
        ("arn:aws:bedrock:eu-west-1:1:provisioned-model/abc",
         "provisioned throughput is billed by the hour"),
        ("arn:aws:bedrock:eu-west-1:1:prompt-router/abc",
         "a prompt router does not tell the model that answered"),
        ("arn:aws:bedrock:eu-west-1:1:imported-model/abc", "imported models have no list price"),
        ("arn:aws:sagemaker:eu-west-1:1:endpoint/abc", "endpoints have no list price"),
        ("projects/1/locations/us/endpoints/7", "an endpoint does not tell its model"),
    ],
)  # fmt: skip
def test_an_id_that_hides_its_model_says_what_to_do(model_id: str, reason: str) -> None:
    assert why_hidden(model_id) == f"{reason}: set a price for this deployment"
    assert why_hidden("gpt-4o") == why_hidden("arn:aws:bedrock:eu-west-1::foundation-model/x") == ""


@given(st.text(max_size=80), st.sampled_from(sorted(load_packaged().providers)))
@settings(max_examples=300, deadline=None)
def test_no_text_makes_matching_fail(text: str, provider: str) -> None:
    for prefix in ("", "models/", "arn:aws:bedrock:x:1:inference-profile/", "ft:", "us."):
        resolve(load_packaged(), provider, prefix + text)


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
