"""Answers of Anthropic's messages API, whole or streamed, to what accounting needs of them."""

from __future__ import annotations

from quotah_server.providers.anthropic.usage import PARTIAL, REFUSED
from quotah_server.providers.base import Answer
from quotah_server.providers.counts import Raw, error_class, mapping, text

NEEDLES = (b'"message_start"', b'"message_delta"', b'"message_stop"', b'"error"')
_BILLED_AS = ("inference_geo", "speed")
_NEVER_RUN = ("errored", "expired", "canceled")
"""Results of a batch's requests that were not answered, and are not billed."""


def read_body(operation: str, body: Raw) -> Answer:
    """A whole JSON answer. Counting tokens answers with the count itself."""
    answer = Answer(complete=True)
    if operation == "count_tokens":
        answer.usage = dict(body) if "input_tokens" in body else None
    else:
        _take_message(answer, body)
    if failure := error_class(body):
        answer.error_class, answer.complete = failure, False
    unanswered = answer.error_class is not None or body.get("type") in _NEVER_RUN
    if unanswered and answer.usage is None:
        answer.extras = {**answer.extras, REFUSED: True}
    return answer


def merge_event(answer: Answer, event: Raw) -> None:
    """Fold one event into the answer.

    ``message_start`` seeds the usage; ``message_delta`` overwrites it field by field, since its
    counts are cumulative (and its input count grows when server tools ran).
    """
    kind = event.get("type")
    if kind == "message_start":
        _take_message(answer, mapping(event, "message"))
        answer.extras = {**answer.extras, PARTIAL: True}
    elif kind == "message_delta":
        delta = mapping(event, "delta")
        _take_ending(answer, delta)
        if usage := mapping(event, "usage"):
            _take_usage(answer, usage)
            answer.extras = {k: v for k, v in answer.extras.items() if k != PARTIAL}
    elif kind == "message_stop":
        answer.complete = answer.error_class is None and PARTIAL not in answer.extras
    elif failure := error_class(event):
        answer.error_class, answer.complete = failure, False


def _take_message(answer: Answer, message: Raw) -> None:
    answer.model = text(message, "model") or answer.model
    answer.response_id = text(message, "id") or answer.response_id
    _take_ending(answer, message)
    _take_usage(answer, mapping(message, "usage"))


def _take_ending(answer: Answer, holder: Raw) -> None:
    answer.finish_reason = text(holder, "stop_reason") or answer.finish_reason
    if answer.finish_reason == "refusal":
        answer.extras = {**answer.extras, REFUSED: True}


def _take_usage(answer: Answer, usage: Raw) -> None:
    if not usage:
        return
    told = {field: value for field, value in usage.items() if value is not None}
    answer.usage = {**(answer.usage or {}), **told}
    answer.service_tier = text(usage, "service_tier") or answer.service_tier
    answer.extras = {**answer.extras, **billed_as(usage)}


def billed_as(usage: Raw) -> dict[str, str]:
    """What a usage object says of the way a call was made, as extras."""
    found = {name: word for name in _BILLED_AS if (word := text(usage, name))}
    batched = text(usage, "service_tier") == "batch"
    return {**found, "processing": "batch"} if batched else found
