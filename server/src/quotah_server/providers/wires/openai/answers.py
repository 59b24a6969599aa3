"""Answers on OpenAI's wire, whole or streamed, to what accounting needs of them."""

from __future__ import annotations

from decimal import Decimal

from quotah_server.domain.usage import AUDIO_SECOND, NOT_BILLED, SEARCH_UNIT
from quotah_server.providers.base import Answer
from quotah_server.providers.counts import Counts, Raw, error_class, items, mapping, text
from quotah_server.providers.wires.openai.tools import tools_used
from quotah_server.providers.wires.openai.usage import REFUSED, whole_seconds

_ENDINGS = frozenset({"response.completed", "response.incomplete", "response.failed"})
_MADE = ("choices", "output", "data", "text")
"""Where an answer holds what was made; an error beside none of it came in place of an answer."""
_PICTURE = ("size", "quality")
_FREE_OF_CHARGE = ("omni-moderation-", "text-moderation-")
_UNDER_WAY = frozenset({"queued", "in_progress"})
IN_BACKGROUND = "in_background"
"""Said of a response that is made later: what it costs is known to nobody yet, and is not next to nothing."""
INPUT_TOKENS = "input_tokens"
"""The operation that counts a request's tokens, for free; its answer holds nothing but the count."""
SEARCH_UNITS = "search_units"
"""What Cohere's rerank is billed by, whoever serves it."""
CHAT_NEEDLES = (
    b'"usage":{', b'"usage": {', b'"finish_reason":"', b'"finish_reason": "',
    b'"role"', b'"error"',
)  # fmt: skip
RESPONSES_NEEDLES = (
    b"response.created", b"response.completed", b"response.incomplete", b"response.failed",
    b'"error"',
)  # fmt: skip


def read_body(operation: str, body: Raw) -> Answer:
    """A whole JSON answer."""
    answer = Answer()
    if operation == "responses":
        _take_response(answer, body)
        if answer.usage is None and text(body, "status") in _UNDER_WAY:
            answer.extras = {**answer.extras, IN_BACKGROUND: True}
    elif operation == INPUT_TOKENS:
        answer.extras = {NOT_BILLED: True}
    elif operation == "realtime":
        _take_response(answer, mapping(body, "response") or body)
        answer.model = answer.model or text(body, "model")
    else:
        _take_common(answer, body)
        _take_choices(answer, body)
        answer.extras = {**answer.extras, **_asked_for(operation, body)}
    if failure := error_class(body):
        answer.error_class = failure
        if answer.usage is None and not any(body.get(made) for made in _MADE):
            answer.extras = {**answer.extras, REFUSED: True}
    answer.complete = answer.error_class is None
    return answer


def _asked_for(operation: str, body: Raw) -> dict[str, object]:
    """What is billed where there are no tokens: characters to speak, images, seconds listened to."""
    found: dict[str, object] = {}
    if operation == "speech" and (characters := body.get("input_characters")):
        return {"input_characters": characters}
    if operation == "images":
        images = body.get("data")
        drawn = {"image": len(images)} if isinstance(images, list) else {}
        return {**drawn, **{name: word for name in _PICTURE if (word := text(body, name))}}
    if operation == "transcription":
        seconds = _length(body.get("duration"))
        return {} if seconds is None else {AUDIO_SECOND: seconds}
    if operation == "moderations" and (text(body, "model") or "").startswith(_FREE_OF_CHARGE):
        found = {NOT_BILLED: True}
    if operation == "videos":
        found = _filmed(body)
    if operation == "rerank":
        units = mapping(mapping(body, "meta"), "billed_units").get(SEARCH_UNITS)
        found = {} if units is None else {SEARCH_UNIT: units}
    return found


def _filmed(body: Raw) -> dict[str, object]:
    """A video's length and size, once it is made: before that, the object tells what was asked for."""
    made = body.get("status", "completed") == "completed"
    seconds = _length(body.get("seconds")) if made else None
    size = {"size": word} if (word := text(body, "size")) else {}
    return {} if seconds is None else {"video_second": seconds, **size}


def _length(value: object) -> int | None:
    """A length in seconds; it has been written as a text, too."""
    if isinstance(value, str):
        try:
            value = Decimal(value)
        except ArithmeticError:
            return None
    return None if value is None else whole_seconds(Counts(), value)


def merge_chunk(answer: Answer, event: Raw) -> None:
    """One chunk of a chat or text completion.

    Usage stands in the last one (``choices: []``), or cumulated in every one; the last that is not
    null counts.
    """
    _take_common(answer, event)
    _take_choices(answer, event)
    if failure := error_class(event):
        answer.error_class = failure
    elif answer.finish_reason is not None:
        answer.complete = True


def merge_response_event(answer: Answer, event: Raw) -> None:
    """One event of the responses API; the response object in the last one holds everything."""
    kind = text(event, "type")
    if kind == "error":
        answer.error_class = error_class(event) or text(event, "code") or "error"
        return
    response = mapping(event, "response")
    if response:
        _take_response(answer, response)
        answer.complete = kind in _ENDINGS and answer.error_class is None
    elif failure := error_class(event):
        answer.error_class = failure


def merge_media_event(answer: Answer, event: Raw) -> None:
    """One event of a streamed transcription, speech or image; usage stands in the last one."""
    _take_common(answer, event)
    if failure := error_class(event):
        answer.error_class = failure
    elif (text(event, "type") or "").endswith((".done", ".completed")):
        answer.complete = True


def _take_common(answer: Answer, body: Raw) -> None:
    answer.model = text(body, "model") or answer.model
    answer.response_id = text(body, "id") or answer.response_id
    answer.service_tier = text(body, "service_tier") or answer.service_tier
    usage = body.get("usage")
    if isinstance(usage, dict):
        answer.usage = usage


def _take_choices(answer: Answer, body: Raw) -> None:
    for choice in items(body, "choices"):
        answer.finish_reason = text(choice, "finish_reason") or answer.finish_reason


def _take_response(answer: Answer, response: Raw) -> None:
    _take_common(answer, response)
    status = text(response, "status")
    if status == "failed":
        answer.error_class = error_class(response) or "error"
    reason = text(mapping(response, "incomplete_details"), "reason")
    answer.finish_reason = reason or ("stop" if status == "completed" else answer.finish_reason)
    answer.extras = {**answer.extras, **tools_used(response)}
