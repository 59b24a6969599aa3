"""Which spans are calls of a model, and which only repeat what such calls below them counted."""

from __future__ import annotations

from quotah_server.providers.counts import Raw, text
from quotah_server.providers.otel.attributes import attributes_of
from quotah_server.providers.otel.names import (
    INPUT,
    OUTPUT,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    USAGE_PREFIXES,
)

_OPERATIONS = frozenset(
    {"chat", "generate_content", "text_completion", "embeddings", "completion", "responses",
     "image_generation", "rerank", "transcription", "speech", "messages"}
)  # fmt: skip
_OPENINFERENCE = frozenset({"LLM", "EMBEDDING", "RERANKER"})
_OBSERVATIONS = frozenset({"generation", "embedding"})
_RUNS = frozenset({"llm", "embedding"})
_REQUESTS = frozenset({"chat", "completion", "embedding", "rerank"})
_WORDS = (
    ("gen_ai.operation.name", _OPERATIONS),
    ("langsmith.span.kind", _RUNS),
    ("langfuse.observation.type", _OBSERVATIONS),
    ("llm.request.type", _REQUESTS),
)
_KINDS = ("openinference.span.kind", "ai.operationId", "operation.name", *(f for f, _ in _WORDS))
_VERCEL = (".doGenerate", ".doStream", ".doEmbed", ".doRerank")


def is_inference_span(span: Raw) -> bool:
    """Whether a span is one call of a model; false for agents, chains, tools and roots.

    The library's own word for the kind of a span decides; without one, a model and its counts do.
    """
    return is_inference(attributes_of(span), text(span, "name") or "")


def is_inference(attributes: Raw, name: str) -> bool:
    """The same of flat attributes and the span's name."""
    told = told_kind(attributes, name)
    if told is not None:
        return told
    named = any(field.endswith(("model", "model_name", "model.id")) for field in attributes)
    return named and _counts(attributes)


def told_kind(attributes: Raw, name: str) -> bool | None:
    """Whether the library says that the span is a call of a model; None where it says nothing."""
    if attributes.get("logfire.span_type") == "pending_span":
        return False
    kind = text(attributes, "openinference.span.kind")
    if kind is not None:
        return kind.upper() in _OPENINFERENCE
    operation = text(attributes, "ai.operationId") or text(attributes, "operation.name") or name
    if operation.startswith("ai."):
        return operation.split()[0].endswith(_VERCEL)
    for field, known in _WORDS:
        word = text(attributes, field)
        if word is not None:
            return word.lower() in known
    aggregated = any(field.startswith("gen_ai.aggregated_usage.") for field in attributes)
    return False if aggregated or "traceloop.span.kind" in attributes else None


def makes_no_output(attributes: Raw, name: str) -> bool:
    """Whether a call of its kind has an input alone: embeddings, lists put in order.

    Told by the library's word for the kind, by the span's name or by the model's.
    """
    told = (attributes.get(field) for field in (*_KINDS, *REQUEST_MODEL, *RESPONSE_MODEL))
    words = (word.lower() for word in (name, *told) if isinstance(word, str))
    return any("embed" in word or "rerank" in word for word in words)


def _counts(attributes: Raw) -> bool:
    named = any(attributes.get(field) is not None for field in (*INPUT, *OUTPUT))
    return named or any(field.startswith(USAGE_PREFIXES) for field in attributes)
