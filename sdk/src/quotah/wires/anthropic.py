"""Anthropic's messages."""

from __future__ import annotations

from quotah.wires.answer import Answer, Raw, failure, mapping, text

_PARTIAL = "usage_partial"
_BILLED_AS = ("inference_geo", "speed")


class _Messages:
    vendor = "anthropic"
    needles = (b'"message_start"', b'"message_delta"', b'"message_stop"', b'"error"')

    def read_body(self, answer: Answer, body: Raw) -> None:
        answer.model = text(body, "model") or answer.model
        answer.response_id = text(body, "id") or answer.response_id
        answer.finish_reason = text(body, "stop_reason") or answer.finish_reason
        _take_usage(answer, mapping(body, "usage"))
        answer.error_class = failure(body)
        answer.complete = answer.error_class is None

    def read_event(self, answer: Answer, event: Raw) -> None:
        kind = text(event, "type")
        if kind == "message_start":
            self.read_body(answer, mapping(event, "message"))
            answer.extras[_PARTIAL] = True
            answer.complete = False
        elif kind == "message_delta":
            answer.finish_reason = (
                text(mapping(event, "delta"), "stop_reason") or answer.finish_reason
            )
            usage = mapping(event, "usage")
            _take_usage(answer, usage)
            if usage:
                answer.extras.pop(_PARTIAL, None)
        elif kind == "message_stop":
            answer.complete = answer.error_class is None
        elif kind == "error":
            answer.error_class = failure(event) or "error"


def _take_usage(answer: Answer, usage: Raw) -> None:
    """Counts are cumulative: a later one replaces the earlier of the same name."""
    if not usage:
        return
    told = {name: value for name, value in usage.items() if value is not None}
    answer.usage = {**(answer.usage or {}), **told}
    answer.service_tier = text(usage, "service_tier") or answer.service_tier
    for name in _BILLED_AS:
        word = text(usage, name)
        if word is not None:
            answer.extras[name] = word


MESSAGES = _Messages()
