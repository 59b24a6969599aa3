"""Spans of OpenAI's Agents SDK, which come in a form of their own."""

from __future__ import annotations

from typing import Any

import pytest
from providers.spans import read

AGENTS_USAGE = {
    "input_tokens": 100, "output_tokens": 20, "requests": 1, "total_tokens": 120,
    "input_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 10},
}  # fmt: skip


@pytest.mark.parametrize(
    ("data", "provider", "model"),
    [
        ({"type": "generation", "model": "gpt-5"}, "openai", "gpt-5"),
        ({"type": "generation", "model": "litellm/anthropic/claude-haiku-4-5"},
         "anthropic", "claude-haiku-4-5"),
        ({"type": "generation", "model": "m", "model_config": {"base_url": "http://localhost/v1"}},
         None, "m"),
        ({"type": "response", "response_id": "resp_1"}, "openai", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("wrapped", [True, False])
def test_spans_of_the_agents_sdk_are_read_in_their_own_form(
    data: dict[str, Any], provider: str | None, model: str | None, *, wrapped: bool
) -> None:
    whole = {**data, "usage": AGENTS_USAGE}

    answer, usage = read({"object": "trace.span", "span_data": whole} if wrapped else whole)

    assert (answer.provider, answer.model) == (provider, model)
    assert (usage.input_tokens, usage.output_tokens) == (100, 20)
    assert (usage.cache_read_input_tokens, usage.reasoning_output_tokens) == (64, 10)


def test_turns_and_tasks_of_the_agents_sdk_repeat_the_calls_below_them() -> None:
    answer, _ = read({"span_data": {"type": "turn", "usage": AGENTS_USAGE}})

    assert answer.extras["repeats_calls_below"] is True
