"""Which model counts with what."""

from __future__ import annotations

import pytest

from quotah_server.tokens.family import family_of
from quotah_server.tokens.models import CL100K, HARMONY, O200K, encoding_of, is_framing_known


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4o", O200K),
        ("gpt-4o-2024-08-06", O200K),
        ("GPT-4o-mini", O200K),
        ("chatgpt-4o-latest", O200K),
        ("gpt-4.1-nano-2025-04-14", O200K),
        ("gpt-4.5-preview", O200K),
        ("gpt-5", O200K),
        ("gpt-5.5", O200K),
        ("gpt-5-mini-2025-08-07", O200K),
        ("o1", O200K),
        ("o1-pro", O200K),
        ("o3-mini-2025-01-31", O200K),
        ("o4-mini", O200K),
        ("openai/gpt-5", O200K),
        ("ft:gpt-4o-mini-2024-07-18:acme::abc", O200K),
        ("ft:gpt-4.1:acme:name:id", O200K),
        ("gpt-oss-120b", HARMONY),
        ("openai/gpt-oss-20b", HARMONY),
        ("gpt-4", CL100K),
        ("gpt-4-turbo-2024-04-09", CL100K),
        ("gpt-4-32k", CL100K),
        ("gpt-3.5-turbo-0125", CL100K),
        ("gpt-35-turbo", CL100K),
        ("ft:gpt-3.5-turbo:acme::1", CL100K),
        ("text-embedding-3-large", CL100K),
        ("text-embedding-ada-002", CL100K),
        ("babbage-002", CL100K),
        ("gpt-4x", None),
        ("gpt-4.2", None),
        ("gpt-50", None),
        ("gpt-6.1-sol", None),
        ("o5", None),
        ("o10-mini", None),
        ("text-davinci-003", None),
        ("claude-sonnet-4-5", None),
        ("my-gpt-4", None),
        ("", None),
    ],
)
def test_a_rule_names_the_encoding_of_a_model_or_nothing_does(
    model: str, encoding: str | None
) -> None:
    assert encoding_of(model) == encoding


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("gpt-4o", True),
        ("gpt-4o-mini-2024-07-18", True),
        ("gpt-4", True),
        ("gpt-3.5-turbo", True),
        ("gpt-4.1", False),
        ("gpt-5", False),
        ("o1", False),
        ("gpt-oss-20b", False),
        ("gpt-4o-audio-preview", False),
        ("gpt-4o-mini-search-preview", False),
        ("claude-3-haiku", False),
    ],
)
def test_framing_is_known_where_openai_published_it(model: str, known: bool) -> None:
    assert is_framing_known(model) is known


@pytest.mark.parametrize(
    ("model", "provider", "name", "factor"),
    [
        ("claude-3-5-sonnet-20241022", None, "claude", 1.35),
        ("claude-3-haiku-20240307", None, "claude", 1.35),
        ("claude-v2:1", None, "claude", 1.35),
        ("claude-instant-1.2", None, "claude", 1.35),
        ("claude-opus-4-20250514", None, "claude", 1.35),
        ("claude-sonnet-4-5-20250929", None, "claude", 1.35),
        ("claude-sonnet-4.6", None, "claude", 1.35),
        ("us.anthropic.claude-opus-4-6-v1:0", "bedrock", "claude", 1.35),
        ("claude-opus-4-7", None, "claude-4.7", 1.75),
        ("claude-opus-4-8-20260601", None, "claude-4.7", 1.75),
        ("claude-fable-5-2", None, "claude-4.7", 1.75),
        ("anthropic/claude-sonnet-5", "openrouter", "claude-4.7", 1.75),
        ("claude", None, "claude-4.7", 1.75),
        ("", "anthropic", "claude-4.7", 1.75),
        ("gemini-2.5-pro", None, "gemini", 1.1),
        ("mistral-large-latest", None, "mistral", 1.15),
        ("meta-llama/Llama-3.3-70B-Instruct-Turbo", "together", "llama", 1.1),
        ("deepseek-v4-pro", None, "deepseek", 1.05),
        ("grok-4.5", None, "grok", 1.1),
        ("command-r7b", None, "cohere", 1.0),
        ("gpt-image-1", None, "openai", 1.0),
        ("something-else", None, "unknown", 1.2),
        ("my-deployment", "azure", "openai", 1.0),
    ],
)
def test_a_family_has_its_prior_factor(
    model: str, provider: str | None, name: str, factor: float
) -> None:
    family = family_of(model, provider)
    assert (family.name, family.factor) == (name, factor)
