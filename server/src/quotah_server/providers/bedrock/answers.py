"""Answers of Bedrock's runtime, whole or streamed, to what accounting needs of them.

Shapes: ``ConverseResponse``, ``ConverseStreamOutput`` and ``InvokeModel`` of
https://docs.aws.amazon.com/bedrock/latest/APIReference/, as JSON or as the SDK's dictionaries
(``ResponseMetadata``). Stream events come parsed; their binary framing is not a matter of this room.
"""

from __future__ import annotations

import re
from typing import Any

from quotah_server.providers.base import Answer
from quotah_server.providers.bedrock.shapes import INVOCATION_METRICS, metrics
from quotah_server.providers.bedrock.usage import IMAGE
from quotah_server.providers.counts import Raw, items, mapping, text

CONVERSE_NEEDLES = (b'"usage"', b'"stopReason"', b'xception"')
INVOKE_NEEDLES = (
    b"TokenCount", b"token_count", b'"usage', b'"stop_reason"', b'"stopReason"',
    b'"completionReason"', b'xception"',
)  # fmt: skip
_HEADER = "x-amzn-bedrock-"
_COUNTS = ("input-token-count", "output-token-count", "cache-read-input-token-count",
           "cache-write-input-token-count")  # fmt: skip
_INVOKE_COUNTS = ("inputTextTokenCount", "totalOutputTextTokenCount", "prompt_token_count",
                  "generation_token_count")  # fmt: skip
_QUALIFIED = re.compile(r"arn:|[a-z][a-z0-9-]*\.[a-z]")
"""``us.anthropic.claude-…``, ``openai.gpt-…``, an ARN: an id of Bedrock's own."""


def read_body(operation: str, body: Raw) -> Answer:
    """A whole JSON answer."""
    answer = Answer(complete=True)
    if operation == "count_tokens":
        answer.usage = dict(body)
    elif operation == "converse":
        _take_converse(answer, body)
        answer.finish_reason = text(body, "stopReason")
    else:
        _take_invoked(answer, body)
        results = items(body, "results")
        if answer.usage is not None and results and "inputTextTokenCount" in answer.usage:
            told = [{"tokenCount": result.get("tokenCount")} for result in results]
            answer.usage["results"] = told
        images = body.get("images")
        if isinstance(images, list) and images:
            answer.extras = {**answer.extras, IMAGE: sum(1 for image in images if image)}
    _take_headers(answer, body)
    if failure := _failure(body):
        answer.error_class, answer.complete = failure, False
    return answer


def merge_event(operation: str, answer: Answer, event: Raw) -> None:
    """Fold one event into the answer; what is counted twice, the last count stands."""
    if failure := _failure(event):
        answer.error_class, answer.complete = failure, False
        return
    if operation == "converse" or "metadata" in event or "messageStop" in event:
        stopped = text(mapping(event, "messageStop"), "stopReason")
        answer.finish_reason = stopped or answer.finish_reason
        if metadata := mapping(event, "metadata"):
            _take_converse(answer, metadata)
            answer.complete = answer.error_class is None
    else:
        _take_invoked(answer, event)
        if answer.finish_reason is not None or metrics(event):
            answer.complete = answer.error_class is None
    _take_metrics(answer, event)


def under_own_name(answer: Answer, body: Raw) -> Answer:
    """An answer in a vendor's form: only ids of Bedrock name a model, and its own counts stand in
    for absent ones.
    """
    if answer.model is not None and not _QUALIFIED.match(answer.model):
        answer.model = None
    _take_headers(answer, body)
    _take_metrics(answer, body)
    return answer


def _take_converse(answer: Answer, body: Raw) -> None:
    if usage := mapping(body, "usage"):
        answer.usage = {**(answer.usage or {}), **usage}
    _take_way(
        answer,
        text(mapping(body, "serviceTier"), "type"),
        text(mapping(body, "performanceConfig"), "latency"),
    )
    routed = mapping(mapping(body, "trace"), "promptRouter")
    answer.model = text(routed, "invokedModelId") or answer.model


def _take_way(answer: Answer, tier: str | None, latency: str | None) -> None:
    answer.service_tier = tier or answer.service_tier
    if latency is not None:
        answer.extras = {**answer.extras, "speed": latency}


def _take_invoked(answer: Answer, body: Raw) -> None:
    """Llama, Titan, Nova (also its speech) and what else counts in its body."""
    _take_converse(answer, body)
    told = {name: body[name] for name in _INVOKE_COUNTS if body.get(name) is not None}
    spoken = mapping(mapping(body, "event"), "usageEvent")
    if spoken:
        told["usageEvent"] = dict(spoken)
    if told:
        answer.usage = {**(answer.usage or {}), **told}
    reasons = ("stop_reason", "stopReason", "completionReason")
    for reason in (text(body, name) for name in reasons):
        answer.finish_reason = reason or answer.finish_reason
    for result in (*items(body, "results"), *items(body, "outputs")):
        reason = text(result, "completionReason") or text(result, "stop_reason")
        answer.finish_reason = reason or answer.finish_reason


def _take_metrics(answer: Answer, body: Raw) -> None:
    """Bedrock's own counts, where the vendor's body brought none."""
    if answer.usage is None and (counted := metrics(body)):
        answer.usage = {INVOCATION_METRICS: dict(counted)}


def _take_headers(answer: Answer, body: Raw) -> None:
    """The counts and the way that stand in headers; the SDK keeps those beside the body."""
    metadata = mapping(body, "ResponseMetadata")
    headers = mapping(metadata, "HTTPHeaders") or mapping(body, "headers")
    lowered = {str(name).lower(): value for name, value in headers.items()}
    told: dict[str, Any] = {
        name: lowered[_HEADER + name] for name in _COUNTS if _HEADER + name in lowered
    }
    if answer.usage is None and told:
        answer.usage = {"headers": told}
    request_id = text(metadata, "RequestId") or text(lowered, "x-amzn-requestid")
    answer.response_id = answer.response_id or request_id
    tier = text(lowered, f"{_HEADER}service-tier")
    latency = text(lowered, f"{_HEADER}performanceconfig-latency")
    _take_way(answer, answer.service_tier or tier, latency)


def _failure(body: Raw) -> str | None:
    """``{"throttlingException": {…}}`` in streams, ``__type`` in bodies."""
    named = text(body, "__type")
    if named is not None:
        return named.rpartition("#")[2]
    return next((name for name in body if name.endswith("Exception")), None)
