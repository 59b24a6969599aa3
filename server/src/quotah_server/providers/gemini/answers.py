"""Answers of Google's APIs, whole or streamed, to what accounting needs of them.

Shapes: ``GenerateContentResponse``, ``EmbedContentResponse``, ``LiveServerMessage`` and
``interactions.Interaction`` of the google-genai SDK, in JSON's names or the SDK's; Vertex' ``predictions``.
"""

from __future__ import annotations

from typing import Any

from quotah_server.domain.usage import INPUT_CHARACTER
from quotah_server.providers.base import Answer
from quotah_server.providers.counts import EMPTY, Raw, items, mapping, text
from quotah_server.providers.gemini import grounding
from quotah_server.providers.gemini.usage import IMAGE, PARTIAL, TURNS

NEEDLES = (b'"usageMetadata"', b'"finishReason"', b'"groundingMetadata"', b'"error"')
INTERACTION_NEEDLES = (b"interaction.", b'"error"')
_TIERS = {
    "ON_DEMAND_PRIORITY": "priority",
    "ON_DEMAND_FLEX": "flex",
    "PROVISIONED_THROUGHPUT": "provisioned",
    "unspecified": "standard",
}
"""What traffic types are called as tiers; the others stand as answered."""
_TIER_FIELDS = ("serviceTier", "service_tier", "trafficType", "traffic_type")
_ENDED = frozenset({"completed", "incomplete", "requires_action", "cancelled", "failed"})


def read_body(operation: str, body: Raw) -> Answer:
    """A whole JSON answer."""
    answer = Answer(complete=True)
    if operation == "count_tokens":
        answer.usage = dict(body)
    elif operation == "predict":
        _take_predictions(answer, body)
    elif operation == "interactions":
        _take_interaction(answer, body)
    else:
        _take_response(operation, answer, body)
        answer.extras = {k: v for k, v in answer.extras.items() if k != PARTIAL}
    if failure := _failure(body):
        answer.error_class, answer.complete = failure, False
    return answer


def merge_event(operation: str, answer: Answer, event: Raw) -> None:
    """Fold one chunk into the answer. Its counts are cumulative: the last of each field stands."""
    if operation == "interactions":
        if interaction := mapping(event, "interaction"):
            _take_interaction(answer, interaction)
            answer.complete = answer.complete and answer.error_class is None
    else:
        _take_response(operation, answer, event)
    if failure := _failure(event):
        answer.error_class, answer.complete = failure, False


def _either(raw: Raw, camel: str, snake: str) -> Raw:
    return mapping(raw, camel) or mapping(raw, snake)


def _take_response(operation: str, answer: Answer, body: Raw) -> None:
    answer.model = _model(body) or answer.model
    answer.response_id = text(body, "responseId") or text(body, "response_id") or answer.response_id
    _take_usage(answer, _either(body, "usageMetadata", "usage_metadata"))
    for candidate in items(body, "candidates"):
        reason = text(candidate, "finishReason") or text(candidate, "finish_reason")
        answer.finish_reason = reason or answer.finish_reason
        found = _either(candidate, "groundingMetadata", "grounding_metadata")
        grounding.take(answer, found)
    feedback = _either(body, "promptFeedback", "prompt_feedback")
    blocked = text(feedback, "blockReason") or text(feedback, "block_reason")
    answer.finish_reason = blocked or answer.finish_reason
    if operation == "live":
        _take_turn(answer, _either(body, "serverContent", "server_content"))
    elif operation == "embed_content":
        answer.complete = True
    if answer.finish_reason is not None:
        answer.complete = answer.error_class is None
    if operation == "generate_content":
        _mark_partial(answer)


def _mark_partial(answer: Answer) -> None:
    """Until a reason to finish came, the output is counted so far only."""
    if answer.finish_reason is None:
        answer.extras = {**answer.extras, PARTIAL: True}
    elif PARTIAL in answer.extras:
        answer.extras = {k: v for k, v in answer.extras.items() if k != PARTIAL}


def _take_turn(answer: Answer, content: Raw) -> None:
    """A live session's turn; grounding stands beside the turn's text."""
    found = _either(content, "groundingMetadata", "grounding_metadata")
    grounding.take(answer, found)
    if content.get("turnComplete") or content.get("turn_complete"):
        answer.finish_reason = answer.finish_reason or "turn_complete"
        ended = answer.extras.get(TURNS)
        turns = ended + 1 if isinstance(ended, int) else 1
        answer.extras = {**answer.extras, TURNS: turns}


def _model(body: Raw) -> str | None:
    """``models/…`` and ``publishers/google/models/…`` are resource names of the same model."""
    named = text(body, "modelVersion") or text(body, "model_version")
    return named.rpartition("/")[2] or None if named else None


def _take_usage(answer: Answer, usage: Raw) -> None:
    if not usage:
        return
    told = {field: value for field, value in usage.items() if value is not None}
    answer.usage = {**(answer.usage or {}), **told}
    tier = next((word for name in _TIER_FIELDS if (word := text(usage, name))), None)
    answer.service_tier = _TIERS.get(tier, tier) if tier else answer.service_tier


def _take_interaction(answer: Answer, body: Raw) -> None:
    named = text(body, "model")
    answer.model = (named.rpartition("/")[2] if named else None) or answer.model
    answer.response_id = text(body, "id") or answer.response_id
    if tier := text(body, "service_tier"):
        answer.service_tier = _TIERS.get(tier, tier)
    usage = mapping(body, "usage")
    _take_usage(answer, usage)
    grounding.take_counts(answer, items(usage, "grounding_tool_count"))
    status = text(body, "status")
    if status in _ENDED:
        answer.finish_reason, answer.complete = status, True


def _take_predictions(answer: Answer, body: Raw) -> None:
    """Vertex' and Imagen's ``predict``: embeddings count tokens or characters, images themselves.

    An image that a filter held back has neither bytes nor a place, and is not billed.
    """
    predictions = items(body, "predictions")
    images = sum(1 for one in predictions if one.get("bytesBase64Encoded") or one.get("gcsUri"))
    extras: dict[str, Any] = {IMAGE: images} if images else {}
    counted = [
        statistics["token_count"]
        for one in predictions
        if "token_count" in (statistics := mapping(mapping(one, "embeddings"), "statistics"))
    ]
    if counted:
        answer.usage = {"token_count": counted}
    elif characters := mapping(body, "metadata").get("billableCharacterCount"):
        extras[INPUT_CHARACTER] = characters
    answer.model = (text(body, "model") or "").rpartition("/")[2] or None
    answer.extras = extras


def _failure(body: Raw) -> str | None:
    """Google's canonical code (``RESOURCE_EXHAUSTED``); its ``code`` is the HTTP status."""
    error = body.get("error")
    if not error:
        return None
    named: Raw = error if isinstance(error, dict) else EMPTY
    return text(named, "status") or text(named, "code") or "error"
