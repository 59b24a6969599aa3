"""Who appears in a sample history: models, features with their prompts, teams, and what goes wrong.

Weights are whole numbers and only their proportions matter. Token counts and times are medians.
"""

from __future__ import annotations

from typing import NamedTuple


class Model(NamedTuple):
    """A model under the name its vendor bills it by.

    first_byte_ms: median wait for the first byte. token_us: median time per output token.
    reasoning: per mille of the output that is reasoning.
    """

    provider: str
    name: str
    first_byte_ms: int
    token_us: int
    reasoning: int = 0


class Feature(NamedTuple):
    """A part of the customer's product that calls models.

    weight, off_weight: share of calls in office hours and outside of them. api: which of OpenAI's
    operations it uses. input_tokens, output_tokens: medians. prefix_tokens: the constant start of
    the input, which provider caches can hold. cached, streamed, rated, tools: per mille of its
    calls that read a cache, stream, are rated by the user, end in a tool call. versions: how many
    prompt versions follow each other. before, after: model → weight at the start and at the end.
    """

    name: str
    team: str
    weight: int
    off_weight: int
    api: str
    input_tokens: int
    output_tokens: int
    prefix_tokens: int
    cached: int
    streamed: int
    rated: int
    tools: int
    sessions: bool
    prompt: str | None
    versions: int
    before: dict[str, int]
    after: dict[str, int]


class Failure(NamedTuple):
    """A way a call fails. weight: share of its provider's failures. wait_ms: until it shows."""

    provider: str
    error_class: str
    http_status: int | None
    weight: int
    wait_ms: int


MODELS = (
    Model("openai", "gpt-4o", 420, 11_000),
    Model("openai", "gpt-4o-mini", 330, 7_500),
    Model("openai", "gpt-4.1-mini", 360, 8_000),
    Model("openai", "gpt-5-mini", 900, 7_000, reasoning=420),
    Model("openai", "gpt-5.5", 1_400, 13_000, reasoning=380),
    Model("openai", "text-embedding-3-small", 65, 0),
    Model("anthropic", "claude-haiku-4-5", 380, 6_500),
    Model("anthropic", "claude-sonnet-4-5", 780, 14_000),
    Model("anthropic", "claude-sonnet-5-5", 700, 11_500),
    Model("anthropic", "claude-opus-4-1", 1_300, 24_000),
)

FEATURES = (
    Feature(
        "support-chat", "support", 30, 34, "chat", 2_400, 260, 1_536, 620, 950, 90, 60, True,
        "support-answer", 4,
        {"gpt-4o": 70, "gpt-4o-mini": 30},
        {"gpt-4o": 12, "gpt-4o-mini": 38, "claude-haiku-4-5": 50},
    ),
    Feature(
        "doc-search", "platform", 24, 22, "responses", 3_800, 220, 2_048, 560, 700, 40, 120, True,
        "search-answer", 3,
        {"text-embedding-3-small": 60, "gpt-4o-mini": 40},
        {"text-embedding-3-small": 60, "gpt-4.1-mini": 40},
    ),
    Feature(
        "ticket-triage", "support", 14, 12, "chat", 900, 40, 512, 0, 0, 0, 0, False,
        "triage-label", 3,
        {"gpt-4o-mini": 100},
        {"gpt-4o-mini": 45, "gpt-4.1-mini": 55},
    ),
    Feature(
        "code-review", "platform", 9, 3, "responses", 9_500, 900, 5_120, 620, 400, 25, 250, False,
        "review-diff", 3,
        {"claude-sonnet-4-5": 75, "gpt-5.5": 25},
        {"claude-sonnet-4-5": 15, "claude-sonnet-5-5": 65, "gpt-5.5": 20},
    ),
    Feature(
        "email-drafts", "growth", 11, 5, "chat", 700, 330, 384, 0, 820, 70, 0, True,
        "email-draft", 4,
        {"gpt-4o": 55, "claude-sonnet-4-5": 45},
        {"gpt-5-mini": 60, "claude-sonnet-4-5": 40},
    ),
    Feature(
        "report-summaries", "research", 5, 6, "responses", 14_000, 750, 6_144, 420, 120, 30, 0,
        False, "report-summary", 2,
        {"claude-sonnet-4-5": 60, "gpt-4o": 40},
        {"claude-sonnet-5-5": 70, "gpt-5.5": 30},
    ),
    Feature(
        "invoice-extraction", "operations", 5, 14, "chat", 3_100, 420, 1_792, 710, 0, 0, 0, False,
        None, 0,
        {"gpt-4o": 80, "gpt-4o-mini": 20},
        {"gpt-4.1-mini": 90, "gpt-4o": 10},
    ),
    Feature(
        "research-agent", "research", 3, 3, "responses", 11_000, 800, 8_192, 760, 300, 15, 640,
        True, None, 0,
        {"gpt-5.5": 55, "claude-opus-4-1": 8, "claude-sonnet-4-5": 37},
        {"gpt-5.5": 40, "claude-opus-4-1": 4, "claude-sonnet-5-5": 56},
    ),
)  # fmt: skip

LOOPING_FEATURE = "research-agent"
LOOPING_MODEL = "claude-opus-4-1"
"""The cost spike: for some hours this feature calls this model without end."""

FAILURES = (
    Failure("openai", "rate_limited", 429, 58, 90),
    Failure("openai", "server_error", 500, 18, 700),
    Failure("openai", "server_error", 503, 12, 350),
    Failure("openai", "timeout", None, 12, 30_000),
    Failure("anthropic", "rate_limited", 429, 40, 110),
    Failure("anthropic", "overloaded", 529, 38, 250),
    Failure("anthropic", "server_error", 500, 12, 600),
    Failure("anthropic", "timeout", None, 10, 30_000),
)

PLANS = (("free", 55), ("pro", 33), ("enterprise", 12))
REGIONS = (("eu", 46), ("us", 40), ("apac", 14))
ENVIRONMENTS = (("production", 90), ("staging", 7), ("development", 3))

PRAISE = ("Exactly what I needed.", "Quick and correct.", "Saved me an hour.")
BLAME = ("Missed the point of my question.", "The figures are wrong.", "Too long to be useful.")

OFFICE_HOURS = range(8, 19)
HOUR_WEIGHTS = (
    14, 10, 8, 7, 8, 12, 22, 44, 78, 104, 116, 112,
    96, 106, 118, 114, 104, 86, 64, 50, 42, 36, 28, 20,
)  # fmt: skip
"""Traffic by local hour of a day."""
WEEKEND = (5, 6)
WEEKDAY_WEIGHTS = (100, 106, 108, 104, 92, 38, 32)
"""Traffic by weekday, Monday first."""
