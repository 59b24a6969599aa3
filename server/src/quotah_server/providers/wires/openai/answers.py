"""Answers on OpenAI's wire, whole or streamed, to what accounting needs of them."""

from __future__ import annotations

from quotah_server.domain.usage import CODE_CONTAINER, FILE_SEARCH, WEB_SEARCH
from quotah_server.providers.base import Answer
from quotah_server.providers.counts import Raw, error_class, items, mapping, text

_ENDINGS = frozenset({"response.completed", "response.incomplete", "response.failed"})
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
    elif operation == "realtime":
        _take_response(answer, mapping(body, "response") or body)
        answer.model = answer.model or text(body, "model")
    else:
        _take_common(answer, body)
        _take_choices(answer, body)
        if characters := body.get("input_characters"):
            answer.extras = {**answer.extras, "input_characters": characters}
    answer.error_class = error_class(body) or answer.error_class
    answer.complete = answer.error_class is None
    return answer


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
    kind = event.get("type")
    if kind == "error":
        answer.error_class = error_class(event) or text(event, "code") or "error"
        return
    response = mapping(event, "response")
    if response:
        _take_response(answer, response)
        answer.complete = kind in _ENDINGS and answer.error_class is None
    elif failure := error_class(event):
        answer.error_class = failure


def merge_audio_event(answer: Answer, event: Raw) -> None:
    """One event of a streamed transcription or speech; usage stands in the ``….done`` one."""
    _take_common(answer, event)
    if failure := error_class(event):
        answer.error_class = failure
    elif (text(event, "type") or "").endswith(".done"):
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
    extras = {**answer.extras, **_tool_counts(response)}
    if offered := [kind for tool in items(response, "tools") if (kind := text(tool, "type"))]:
        extras["tools"] = offered
    answer.extras = extras


def _tool_counts(response: Raw) -> dict[str, int]:
    """Searches (opening a page found by one is free), file searches, and distinct containers."""
    calls = items(response, "output")
    searches = sum(
        1
        for call in calls
        if call.get("type") == "web_search_call"
        and mapping(call, "action").get("type", "search") == "search"
        and call.get("status") != "failed"
    )
    files = sum(1 for call in calls if call.get("type") == "file_search_call")
    containers = {text(call, "container_id") for call in calls} - {None}
    found = {WEB_SEARCH: searches, FILE_SEARCH: files, CODE_CONTAINER: len(containers)}
    return {unit: count for unit, count in found.items() if count}
