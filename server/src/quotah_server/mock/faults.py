"""Turns a good answer into the bad one that the script asks for; timing belongs here too."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import msgspec

from quotah_server.mock.exchange import Reply, Step, json_reply, sse
from quotah_server.mock.script import Script

ErrorBody = Callable[[int, str | None, str | None], object]

_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Portal</body></html>"
_MAX_IDS = 10_000
_GARBAGE = b'data: {"id": "chatcmpl-\xff\xfe\x00 not json\n\ndata data: }{\n\n: \n\nevent\n\n'


class FaultCounter:
    """Counts how often each ``fault-id`` failed, for ``fault-times``."""

    def __init__(self) -> None:
        self._failed: dict[str, int] = {}

    def strikes(self, script: Script) -> bool:
        """Tell whether this request fails, and count it."""
        if script.fault is None:
            return False
        if script.fault_times is None:
            return True
        failed = self._failed.get(script.fault_id, 0)
        if failed >= script.fault_times:
            return False
        if len(self._failed) > _MAX_IDS:
            self._failed.clear()
        self._failed[script.fault_id] = failed + 1
        return True


def apply(reply: Reply, script: Script, error_body: ErrorBody, *, strikes: bool) -> Reply:
    """Give the answer its pace and, when the fault strikes, break it."""
    reply.steps = _paced(reply.steps, script)
    reply.before_s = script.first_byte_ms / 1000
    reply.write_bytes = script.write_bytes
    if not strikes:
        return reply
    if script.error_status is not None:
        headers = [(n, v) for n, v in reply.headers if n != "content-type"]
        return error_reply(script.error_status, script, error_body, headers)
    breaker = _BREAKERS.get(script.fault or "")
    return reply if breaker is None else breaker(reply, script, error_body)


def error_reply(
    status: int, script: Script, error_body: ErrorBody, headers: list[tuple[str, str]]
) -> Reply:
    """An error answer in the vendor's shape; 429 and 529 carry a retry-after."""
    wait_ms = script.retry_after_ms
    if wait_ms is None and status == HTTPStatus.TOO_MANY_REQUESTS:
        wait_ms = 1000
    if wait_ms is not None:
        headers = [
            *headers,
            ("retry-after", str(-(-wait_ms // 1000))),
            ("retry-after-ms", str(wait_ms)),
        ]
    reply = json_reply(status, error_body(status, None, script.error_code), headers)
    reply.before_s = script.first_byte_ms / 1000
    return reply


def _paced(steps: list[Step], script: Script) -> list[Step]:
    if not script.pace_ms:
        return steps
    pace = script.pace_ms / 1000
    return [msgspec.structs.replace(step, wait_s=pace) if step.delta else step for step in steps]


def _cut(steps: list[Step], script: Script) -> int:
    """Index of the first step that the fault keeps back."""
    deltas = [i for i, step in enumerate(steps) if step.delta]
    after = len(deltas) // 2 if script.cut_after is None else script.cut_after
    return deltas[after] if after < len(deltas) else len(steps) - 1


def _head(steps: list[Step], script: Script) -> list[Step]:
    """What is sent before a cut: whole steps of a stream, half the bytes of a plain body."""
    if len(steps) == 1:
        return [Step(steps[0].data[: len(steps[0].data) // 2])]
    return steps[: _cut(steps, script)]


def _stall(reply: Reply, script: Script, _error_body: ErrorBody) -> Reply:
    reply.before_s += script.stall_ms / 1000
    return reply


def _one_byte(reply: Reply, _script: Script, _error_body: ErrorBody) -> Reply:
    reply.write_bytes = 1
    return reply


def _no_answer(_reply: Reply, script: Script, _error_body: ErrorBody) -> Reply:
    return Reply(200, [], [], hang_up=_hang_up(script))


def _html(_reply: Reply, _script: Script, _error_body: ErrorBody) -> Reply:
    return Reply(200, [("content-type", "text/html; charset=utf-8")], [Step(_HTML)])


def _disconnect(reply: Reply, script: Script, _error_body: ErrorBody) -> Reply:
    if len(reply.steps) == 1:
        reply.declared_length = len(reply.steps[0].data)
    reply.steps = _head(reply.steps, script)
    reply.hang_up = _hang_up(script)
    return reply


def _truncated(reply: Reply, script: Script, _error_body: ErrorBody) -> Reply:
    """Break a body off too early inside sound framing: half a JSON text, or half an event."""
    steps = _head(reply.steps, script)
    if len(reply.steps) > 1:
        last = reply.steps[len(steps)].data
        steps = [*steps, Step(last[: len(last) // 2])]
    reply.steps = steps
    return reply


def _stall_midstream(reply: Reply, script: Script, error_body: ErrorBody) -> Reply:
    if len(reply.steps) == 1:
        return _stall(reply, script, error_body)
    cut = _cut(reply.steps, script)
    late = msgspec.structs.replace(reply.steps[cut], wait_s=script.stall_ms / 1000)
    reply.steps = [*reply.steps[:cut], late, *reply.steps[cut + 1 :]]
    return reply


def _error_midstream(reply: Reply, script: Script, error_body: ErrorBody) -> Reply:
    if len(reply.steps) == 1:
        return error_reply(500, script, error_body, [])
    cut = _cut(reply.steps, script)
    named = reply.steps[0].data.startswith(b"event:")
    failure = sse(error_body(500, None, script.error_code), event="error" if named else None)
    reply.steps = [*reply.steps[:cut], Step(failure)]
    return reply


def _garbage(reply: Reply, script: Script, _error_body: ErrorBody) -> Reply:
    if len(reply.steps) == 1:
        reply.steps = [Step(_GARBAGE, settles=True)]
    else:
        cut = _cut(reply.steps, script)
        reply.steps = [*reply.steps[:cut], Step(_GARBAGE), *reply.steps[cut:]]
    return reply


def _hang_up(script: Script) -> str:
    return "reset" if (script.fault or "").startswith("reset") else "close"


_BREAKERS: dict[str, Callable[[Reply, Script, ErrorBody], Reply]] = {
    "stall": _stall,
    "stall-midstream": _stall_midstream,
    "disconnect": _no_answer,
    "reset": _no_answer,
    "disconnect-midstream": _disconnect,
    "reset-midstream": _disconnect,
    "error-midstream": _error_midstream,
    "garbage": _garbage,
    "truncated": _truncated,
    "html": _html,
    "one-byte": _one_byte,
}
