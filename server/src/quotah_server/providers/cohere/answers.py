"""Answers of Cohere's API, whole or streamed, to what accounting needs of them.

v2's chat has ``usage``, all others have ``meta``; both hold ``billed_units``. Shapes: the types
``Usage``, ``ApiMeta``, ``ChatMessageEndEvent`` and ``ChatStreamEndEvent`` of Cohere's SDK.
"""

from __future__ import annotations

from quotah_server.providers.base import Answer
from quotah_server.providers.counts import Raw, error_class, mapping, text

NEEDLES = (b'"message-start"', b'"message-end"', b'"stream-start"', b'"stream-end"', b'"error"')
_IDS = ("id", "response_id", "generation_id")


def read_body(body: Raw) -> Answer:
    """A whole JSON answer. It rarely names its model."""
    answer = Answer(complete=True)
    _take(answer, body)
    if failure := error_class(body):
        answer.error_class, answer.complete = failure, False
    return answer


def merge_event(answer: Answer, event: Raw) -> None:
    """Fold one event into the answer: v2's ``message-end`` and v1's ``stream-end`` hold the usage."""
    kind = text(event, "type") or text(event, "event_type")
    if kind in ("message-start", "stream-start"):
        _take_id(answer, event)
    elif kind == "message-end":
        delta = mapping(event, "delta")
        _take_id(answer, event)
        _take(answer, delta)
        answer.complete = answer.error_class is None
        if failure := text(delta, "error"):
            answer.error_class, answer.complete = failure, False
    elif kind == "stream-end":
        response = mapping(event, "response")
        _take_id(answer, response)
        _take(answer, response)
        _finish(answer, text(event, "finish_reason"))
        answer.complete = answer.error_class is None
    elif failure := error_class(event):
        answer.error_class, answer.complete = failure, False


def _take(answer: Answer, body: Raw) -> None:
    _take_id(answer, body)
    answer.model = text(body, "model") or answer.model
    usage = mapping(body, "usage") or mapping(body, "meta")
    if usage:
        answer.usage = {**(answer.usage or {}), **usage}
    _finish(answer, text(body, "finish_reason"))


def _take_id(answer: Answer, body: Raw) -> None:
    if answer.response_id is None:
        answer.response_id = next((word for name in _IDS if (word := text(body, name))), None)


def _finish(answer: Answer, reason: str | None) -> None:
    """``COMPLETE``, ``MAX_TOKENS``, …; ``ERROR``, ``ERROR_TOXIC`` and the like are failures."""
    answer.finish_reason = reason or answer.finish_reason
    if reason is not None and reason.startswith("ERROR"):
        answer.error_class, answer.complete = reason.lower(), False
