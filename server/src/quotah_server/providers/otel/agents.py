"""Spans of OpenAI's Agents SDK, which have a form of their own in place of attributes.

``span_data`` is ``{type, model, usage, …}``; ``type`` is generation or response for a call of a model.
The usage has the names of OpenAI's responses, whoever was called. (openai-agents, tracing/span_data.py)
"""

from __future__ import annotations

from quotah_server.catalog.aliases import canonical
from quotah_server.providers.base import Answer
from quotah_server.providers.counts import Raw, mapping, text

_CALLS = ("generation", "response")
_OWN_HOSTS = ("https://api.openai.com", "https://eu.api.openai.com", "https://us.api.openai.com")
_ROUTER = "litellm"


def agents_data(span: Raw) -> Raw | None:
    """The data of such a span, wrapped as exported or bare; None for any other span."""
    if "attributes" in span:
        return None
    data = mapping(span, "span_data") or span
    return data if text(data, "type") is not None else None


def take_agents_data(answer: Answer, data: Raw) -> bool:
    """Take what it says; whether the span is a call, not an agent or a turn that repeats its calls."""
    called = text(data, "type") in _CALLS
    answer.provider, answer.model = _who(data)
    answer.response_id = text(data, "response_id") or answer.response_id
    base_url = text(mapping(data, "model_config"), "base_url")
    if base_url is not None:
        answer.extras = {**answer.extras, "base_url": base_url}
    if usage := mapping(data, "usage"):
        answer.operation, answer.usage = "responses", dict(usage)
    return called


def _who(data: Raw) -> tuple[str | None, str | None]:
    """Provider and model. ``litellm/anthropic/claude-x`` names both; another base URL names neither."""
    model = text(data, "model")
    parts = (model or "").split("/", 2)
    if parts[0] == _ROUTER and len(parts) == 3:
        return canonical(parts[1]), parts[2]
    base_url = text(mapping(data, "model_config"), "base_url")
    own = base_url is None or base_url.startswith(_OWN_HOSTS)
    return ("openai" if own else None), model
