"""Telling by its shape what kind of answer a stored JSON object is.

The gateway knows the operation from the path. A line of ``quotah price`` or an imported file names
it loosely at best, and the same wire is served under many names (Claude's messages by clouds, OpenAI's
chat by nearly everybody), so the shape decides and the name is a hint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from quotah_server.domain.errors import InvalidInputError
from quotah_server.pipeline.eventtext import read_events, read_text

Raw = Mapping[str, Any]
Holds = Callable[[Raw], bool]


class Sign(NamedTuple):
    """What gives an operation away: an object for which ``holds`` is true."""

    operation: str
    holds: Holds


def _at(raw: Raw, path: str) -> object:
    """The value at ``a.b``; a number looks into a list; None where the way ends early."""
    found: object = raw
    for name in path.split("."):
        if isinstance(found, dict):
            found = cast("Raw", found).get(name)
        elif isinstance(found, list) and name.isdigit():
            inside = cast("list[object]", found)
            found = inside[int(name)] if int(name) < len(inside) else None
        else:
            return None
    return found


def _has(*paths: str) -> Holds:
    """Any of the paths leads to something."""
    return lambda raw: any(_at(raw, path) is not None for path in paths)


def _all(*paths: str) -> Holds:
    return lambda raw: all(_at(raw, path) is not None for path in paths)


def _is(path: str, *words: str) -> Holds:
    return lambda raw: _at(raw, path) in words


def _begins(path: str, *prefixes: str) -> Holds:
    def holds(raw: Raw) -> bool:
        word = _at(raw, path)
        return isinstance(word, str) and word.startswith(prefixes)

    return holds


def _both(one: Holds, other: Holds) -> Holds:
    return lambda raw: one(raw) and other(raw)


def _without(holds: Holds, *paths: str) -> Holds:
    lacks = _has(*paths)
    return lambda raw: holds(raw) and not lacks(raw)


# The first sign that holds decides, so the surer ones come first.
BODY_SIGNS = (
    Sign("span", _has("attributes", "span_data")),
    Sign("span", _both(_is("type", "generation"), _has("usage"))),
    Sign("messages", _is("type", "message")),
    Sign("responses", _is("object", "response", "response.compaction")),
    Sign("realtime", _is("type", "response.done")),
    Sign("realtime", _is("object", "realtime.response")),
    Sign("chat", _is("object", "chat.completion")),
    Sign("videos", _is("object", "video")),
    Sign("moderations", _has("results.0.category_scores")),
    Sign("completions", _is("object", "text_completion")),
    Sign("generate_content", _has("usageMetadata", "usage_metadata", "modelVersion", "candidates")),
    Sign("embed_content", _has("embedding.values", "embeddings.0.values")),
    Sign("interactions", _is("object", "interaction")),
    Sign("predict", _has("predictions")),
    Sign("count_tokens", _without(_has("totalTokens", "inputTokens"), "usage")),
    Sign("converse", _has("usage.inputTokens", "usage.totalTokens", "output.message", "stopReason")),
    Sign("invoke_model", _has("inputTextTokenCount", "generation_token_count")),
    Sign("rerank", _has("results.0.relevance_score", "data.0.relevance_score",
                        "meta.billed_units.search_units")),
    Sign("cohere_embed", _all("embeddings", "meta.billed_units")),
    Sign("cohere_classify", _has("meta.billed_units.classifications")),
    Sign("cohere_chat", _has("usage.billed_units", "meta.billed_units")),
    Sign("ollama_generate", _all("done", "response")),
    Sign("ollama_chat", _all("done", "message")),
    Sign("ollama_embed", _without(_all("embeddings", "total_duration"), "usage")),
    Sign("ocr", _has("usage_info.pages_processed")),
    Sign("messages", _has("usage.cache_creation_input_tokens", "usage.cache_read_input_tokens",
                          "usage.server_tool_use", "usage.cache_creation", "usage.iterations")),
    Sign("responses", _has("usage.output_tokens_details.reasoning_tokens")),
    Sign("transcription", _is("usage.type", "duration")),
    Sign("transcription", _begins("type", "conversation.item.input_audio_transcription.")),
    Sign("transcription", _without(_all("text"), "choices", "usage.billed_units")),
    Sign("images", _has("data.0.b64_json", "data.0.url", "data.0.revised_prompt")),
    Sign("embeddings", _is("data.0.object", "embedding")),
    Sign("embeddings", _has("data.0.embedding")),
    Sign("speech", _has("input_characters")),
    Sign("messages", _without(_all("usage.input_tokens", "usage.output_tokens"),
                              "usage.total_tokens", "usage.prompt_tokens",
                              "usage.input_tokens_details")),
    Sign("chat", _has("choices.0.message")),
    Sign("completions", _has("choices.0.text")),
)  # fmt: skip
EVENT_SIGNS = (
    Sign("messages", _begins("type", "message_", "content_block_")),
    Sign("cohere_chat", _is("type", "message-start", "message-end", "content-start",
                            "content-delta", "content-end")),
    Sign("interactions", _begins("event_type", "interaction.")),
    Sign("cohere_chat", _is("event_type", "stream-start", "text-generation", "stream-end")),
    Sign("realtime", _is("type", "response.done")),
    Sign("responses", _begins("type", "response.")),
    Sign("transcription", _begins("type", "transcript.", "transcription.",
                                  "conversation.item.input_audio_transcription.")),
    Sign("speech", _begins("type", "speech.")),
    Sign("images", _begins("type", "image_generation.", "image_edit.")),
    Sign("chat", _is("object", "chat.completion.chunk")),
    Sign("completions", _is("object", "text_completion")),
    Sign("live", _has("serverContent", "setupComplete")),
    Sign("generate_content", _has("usageMetadata", "usage_metadata", "modelVersion", "candidates")),
    Sign("converse", _has("messageStart", "contentBlockDelta", "contentBlockStart", "messageStop",
                          "metadata.usage")),
    Sign("invoke_model", _has("inputTextTokenCount", "generation_token_count",
                              "amazon-bedrock-invocationMetrics", "event.usageEvent")),
    Sign("ollama_generate", _all("done", "response")),
    Sign("ollama_chat", _all("done", "message")),
    Sign("chat", _has("choices.0.delta")),
    Sign("completions", _has("choices.0.text")),
)  # fmt: skip
HINTS = (
    ("count_tokens", "count_tokens"),
    ("counttokens", "count_tokens"),
    ("interactions", "interactions"),
    ("generatecontent", "generate_content"),
    ("embedcontent", "embed_content"),
    ("batchembed", "embed_content"),
    ("live", "live"),
    ("converse", "converse"),
    ("anthropic", "messages"),
    ("messages", "messages"),
    ("invoke", "invoke_model"),
    ("api/generate", "ollama_generate"),
    ("api/embed", "ollama_embed"),
    ("api/chat", "ollama_chat"),
    ("rerank", "rerank"),
    ("ocr", "ocr"),
    ("v2/embed", "cohere_embed"),
    ("v2/chat", "cohere_chat"),
    ("embed", "embeddings"),
    ("image", "images"),
    ("videos", "videos"),
    ("moderation", "moderations"),
    ("transcription", "transcription"),
    ("translation", "transcription"),
    ("speech", "speech"),
    ("tts", "speech"),
    ("realtime", "realtime"),
    ("responses", "responses"),
    ("chat", "chat"),
    ("completions", "completions"),
)


def unwrapped(line: Raw) -> tuple[Raw, list[Raw] | None, dict[str, Any]]:
    """The answer's body, or its stream events, and what the wrapping says about how it was made.

    Events stand in ``events`` or ``response.stream`` (a list, or their text), ``response`` itself
    when it is a list, or ``sse`` (their text). Raises InvalidInputError when the line holds neither
    an answer nor events, or something else in their place.
    """
    events, response = line.get("events"), line.get("response")
    if events is None and isinstance(response, dict):
        events = cast("Raw", response).get("stream")
    if events is None and isinstance(response, list) and _parsed(cast("object", response)):
        events = cast("list[object]", response)
    if events is None and response is None:
        events = line.get("sse")
    if events is not None:
        return {}, _parsed(events), {}
    if not isinstance(response, dict):
        raise InvalidInputError(
            "a line needs response (an object) or events (a list)", field="response"
        )
    body = cast("Raw", response)
    batched = _batch_body(body)
    return (batched, None, {"processing": "batch"}) if batched is not None else (body, None, {})


def _parsed(events: object) -> list[Raw]:
    if isinstance(events, str):
        return read_text(events)
    if isinstance(events, list):
        return read_events(cast("list[object]", events))
    raise InvalidInputError("events must be a list", field="events")


def _batch_body(body: Raw) -> Raw | None:
    """The answer inside a line of a batch's result file; a failed one has no answer but an error.

    OpenAI wraps it in response.body, Anthropic in result.message, Gemini in response with the
    request's key; the answer itself does not always tell that it was made in a batch.
    """
    if "custom_id" in body:
        for path in ("response.body", "result.message", "response", "result"):
            answer = _at(body, path)
            if isinstance(answer, dict):
                return cast("Raw", answer)
        return body
    answer = body.get("response")
    if "key" in body and isinstance(answer, dict):
        return cast("Raw", answer)
    return None


def operation_of(hint: str, body: Raw, events: list[Raw] | None) -> str:
    """Name the operation; ``chat`` where nothing speaks against it."""
    by_shape = _told(BODY_SIGNS, [body]) if events is None else _told(EVENT_SIGNS, events)
    if by_shape is not None:
        return by_shape
    lowered = hint.lower()
    return next((operation for word, operation in HINTS if word in lowered), "chat")


def _told(signs: tuple[Sign, ...], objects: list[Raw]) -> str | None:
    for raw in objects:
        for sign in signs:
            if sign.holds(raw):
                return sign.operation
    return None
