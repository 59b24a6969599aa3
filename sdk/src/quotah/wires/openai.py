"""OpenAI's chat completions, embeddings, responses, images and audio, and whoever speaks the same."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import cast

from quotah.wires.answer import Answer, Raw, failure, mapping, objects, text


class _Chat:
    vendor = "openai"
    needles = (
        b'"usage":{',
        b'"usage": {',
        b'"finish_reason":"',
        b'"finish_reason": "',
        b'"role"',
        b'"error"',
    )

    def read_body(self, answer: Answer, body: Raw) -> None:
        self.read_event(answer, body)
        answer.complete = answer.error_class is None

    def read_event(self, answer: Answer, event: Raw) -> None:
        _take_common(answer, event)
        for choice in objects(event, "choices"):
            answer.finish_reason = text(choice, "finish_reason") or answer.finish_reason
        answer.error_class = failure(event) or answer.error_class
        answer.complete = answer.finish_reason is not None and answer.error_class is None


class _Responses:
    vendor = "openai"
    needles = (b'"response.c', b'"response.incomplete"', b'"response.failed"', b'"error"')

    def read_body(self, answer: Answer, body: Raw) -> None:
        _take_common(answer, body)
        status = text(body, "status")
        if status == "failed":
            answer.error_class = failure(body) or "error"
        reason = text(mapping(body, "incomplete_details"), "reason")
        answer.finish_reason = reason or ("stop" if status == "completed" else None)
        answer.extras.update(_tools(body))
        answer.complete = status not in ("in_progress", "queued")

    def read_event(self, answer: Answer, event: Raw) -> None:
        response = mapping(event, "response")
        if response:
            self.read_body(answer, response)
        elif text(event, "type") == "error":
            answer.error_class = failure(event) or text(event, "code") or "error"


class _Media:
    """Images, speech and transcriptions: what is billed is what was made, or heard."""

    vendor = "openai"
    needles = (b'.done"', b'.completed"', b'"usage"', b'"error"')

    def read_body(self, answer: Answer, body: Raw) -> None:
        _take_common(answer, body)
        made = body.get("data")
        if isinstance(made, list):
            answer.extras["image"] = len(cast("list[object]", made))
            words = {name: text(body, name) for name in ("size", "quality")}
            answer.extras.update({name: word for name, word in words.items() if word})
        seconds = _seconds(body.get("duration_seconds", body.get("duration")))
        if seconds is not None:
            answer.extras["audio_second"] = seconds
        answer.error_class = failure(body)
        answer.complete = answer.error_class is None

    def read_event(self, answer: Answer, event: Raw) -> None:
        _take_common(answer, event)
        answer.error_class = failure(event) or answer.error_class
        if (text(event, "type") or "").endswith((".done", ".completed")):
            answer.complete = answer.error_class is None


def _take_common(answer: Answer, body: Raw) -> None:
    answer.model = text(body, "model") or answer.model
    answer.response_id = text(body, "id") or answer.response_id
    answer.service_tier = text(body, "service_tier") or answer.service_tier
    usage = mapping(body, "usage")
    if usage:
        answer.usage = dict(usage)


def _tools(response: Raw) -> dict[str, object]:
    """Tool use that is billed by the call and stands in no usage object."""
    calls = objects(response, "output")
    searches = sum(
        text(call, "type") == "web_search_call"
        and mapping(call, "action").get("type", "search") == "search"
        and text(call, "status") != "failed"
        for call in calls
    )
    files = sum(text(call, "type") == "file_search_call" for call in calls)
    containers = {text(call, "container_id") for call in calls} - {None}
    counted = {"web_search": searches, "file_search": files, "code_container": len(containers)}
    found: dict[str, object] = {name: count for name, count in counted.items() if count}
    offered = [kind for tool in objects(response, "tools") if (kind := text(tool, "type"))]
    if offered:
        found["tools"] = offered
    return found


def _seconds(value: object) -> int | None:
    """A length to the nearest second, as it is billed; it has been written as a text, too."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return int(Decimal(str(value)).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    except (ArithmeticError, ValueError):
        return None


CHAT = _Chat()
RESPONSES = _Responses()
MEDIA = _Media()
