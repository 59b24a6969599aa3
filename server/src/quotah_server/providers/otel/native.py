"""The provider's own usage object inside a span, for its own room to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from quotah_server.providers.counts import Raw, mapping
from quotah_server.providers.otel.attributes import embedded
from quotah_server.providers.otel.names import OUTPUT, PROVIDER_METADATA, RAW_USAGE

_METADATA_COUNTS = (
    "cacheReadInputTokens", "cacheCreationInputTokens", "cacheWriteInputTokens",
)  # fmt: skip


class Native(NamedTuple):
    """operation: whose answer holds such an object. usage: the object."""

    operation: str
    usage: dict[str, Any]


def native_usage(attributes: Raw, provider: str) -> Native | None:
    """The first usage object that is whole and says of the output what the span says."""
    told = next((n for field in OUTPUT if type(n := attributes.get(field)) is int), None)
    for usage in _candidates(attributes):
        operation = _operation(usage, provider)
        if operation is not None and (told is None or told in _outputs(operation, usage)):
            return Native(operation, dict(usage))
    return None


def _outputs(operation: str, usage: Raw) -> tuple[object, ...]:
    """What a span may say of the output; Google's thoughts stand beside it."""
    output = usage.get(_OUTPUT_OF[operation])
    thoughts = usage.get("thoughtsTokenCount")
    if type(output) is int and type(thoughts) is int:
        return (output, output + thoughts)
    return (output,)


def metadata_counts(attributes: Raw) -> dict[str, Any]:
    """Cache counts that Vercel's SDK keeps apart from its usage, under names of ours."""
    found: dict[str, Any] = {}
    for vendor in _vendors(attributes):
        for holder in (vendor, mapping(vendor, "usage")):
            for name in _METADATA_COUNTS:
                if holder.get(name) is not None:
                    found.setdefault(f"providerMetadata.{name}", holder[name])
    return found


_OUTPUT_OF = {
    "messages": "output_tokens",
    "responses": "output_tokens",
    "chat": "completion_tokens",
    "converse": "outputTokens",
    "generate_content": "candidatesTokenCount",
}


def _candidates(attributes: Raw) -> Iterator[Raw]:
    for field in RAW_USAGE:
        if usage := embedded(attributes.get(field)):
            yield usage
    for vendor in _vendors(attributes):
        for field in ("usage", "usageMetadata"):
            if usage := mapping(vendor, field):
                yield usage


def _vendors(attributes: Raw) -> list[Raw]:
    metadata = embedded(attributes.get(PROVIDER_METADATA))
    return [cast("Raw", inner) for inner in metadata.values() if isinstance(inner, dict)]


def _operation(usage: Raw, provider: str) -> str | None:
    """Whose names the object uses; None for one that lacks either count, or for nobody's."""
    if _whole(usage, "promptTokenCount", "totalTokenCount"):
        return "generate_content"
    if _whole(usage, "inputTokens", "outputTokens"):
        return "converse" if provider == "bedrock" else None
    if _whole(usage, "prompt_tokens", "completion_tokens"):
        return "chat"
    if not _whole(usage, "input_tokens", "output_tokens"):
        return None
    if any(name in usage for name in ("input_tokens_details", "total_tokens")):
        return "responses"
    anthropic = provider == "anthropic" or any(name.startswith("cache_") for name in usage)
    return "messages" if anthropic else None


def _whole(usage: Raw, *names: str) -> bool:
    return all(type(usage.get(name)) is int for name in names)
