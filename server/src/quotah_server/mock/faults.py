"""Turns a good answer into the bad one that the script asks for; timing belongs here too."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import msgspec

from quotah_server.mock import usagefaults
from quotah_server.mock.exchange import Reply, Step, Trouble, json_reply
from quotah_server.mock.script import Script

_HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Portal</body></html>"
_MAX_IDS = 10_000
_GARBAGE = b'data: {"id": "chatcmpl-\xff\xfe\x00 not json\n\ndata data: }{\n\n: \n\nevent\n\n'


class Voice(msgspec.Struct, frozen=True):
    """How a vendor tells of errors: whole, in a stream, and when to come back."""

    error_body: Callable[[Trouble], object]
    stream_error: Callable[[object, bytes], bytes]
    """Takes the error and the first bytes of the stream that it ends."""
    retry_headers: bool = True


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


def apply(reply: Reply, script: Script, voice: Voice, *, strikes: bool) -> Reply:
    """Give the answer its pace and headers and, when the fault strikes, break it."""
    reply.steps = _paced(reply.steps, script)
    reply.headers = _told(reply.headers, script)
    reply.write_pause_s = (script.write_pause_ms or 0) / 1000
    reply.before_s = script.first_byte_ms / 1000
    reply.write_bytes = script.write_bytes
    if not strikes:
        return reply
    if script.error_status is not None:
        headers = [(n, v) for n, v in reply.headers if n != "content-type"]
        return error_reply(script.error_status, script, voice, headers)
    breaker = _BREAKERS.get(script.fault or "")
    return reply if breaker is None else breaker(reply, script, voice)


def error_reply(status: int, script: Script, voice: Voice, headers: list[tuple[str, str]]) -> Reply:
    """An error answer in the vendor's shape; a 429 says when to come back."""
    wait_ms = script.retry_after_ms
    if wait_ms is None and status == HTTPStatus.TOO_MANY_REQUESTS:
        wait_ms = 1000
    if wait_ms is not None and voice.retry_headers:
        headers = [
            *headers,
            ("retry-after", str(-(-wait_ms // 1000))),
            ("retry-after-ms", str(wait_ms)),
        ]
    trouble = Trouble(status, code=script.error_code, wait_ms=wait_ms)
    reply = json_reply(status, voice.error_body(trouble), headers)
    reply.before_s = script.first_byte_ms / 1000
    return reply


def _told(headers: list[tuple[str, str]], script: Script) -> list[tuple[str, str]]:
    """The headers with what the script says is left, and those that it adds or replaces."""
    left = {"requests": script.remaining_requests, "tokens": script.remaining_tokens}
    added = script.extra_headers
    names = {name for name, _ in added}
    told: list[tuple[str, str]] = []
    for name, value in headers:
        if name in names:
            continue
        kind = next((k for k in left if k in name), "") if "remaining" in name else ""
        number = left.get(kind)
        told.append((name, value if number is None else str(number)))
    return [*told, *added]


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


def _stall(reply: Reply, script: Script, _voice: Voice) -> Reply:
    reply.before_s += script.stall_ms / 1000
    return reply


def _one_byte(reply: Reply, _script: Script, _voice: Voice) -> Reply:
    reply.write_bytes = 1
    return reply


def _trickle(reply: Reply, script: Script, _voice: Voice) -> Reply:
    reply.write_bytes = script.write_bytes or 1
    reply.write_pause_s = (1000 if script.write_pause_ms is None else script.write_pause_ms) / 1000
    return reply


def _absurd(reply: Reply, _script: Script, _voice: Voice) -> Reply:
    return usagefaults.absurd(reply)


def _negative(reply: Reply, _script: Script, _voice: Voice) -> Reply:
    return usagefaults.negative(reply)


def _duplicate(reply: Reply, _script: Script, _voice: Voice) -> Reply:
    return usagefaults.duplicate(reply)


def _no_answer(_reply: Reply, script: Script, _voice: Voice) -> Reply:
    return Reply(200, [], [], hang_up=_hang_up(script))


def _html(_reply: Reply, _script: Script, _voice: Voice) -> Reply:
    return Reply(200, [("content-type", "text/html; charset=utf-8")], [Step(_HTML)])


def _disconnect(reply: Reply, script: Script, _voice: Voice) -> Reply:
    if len(reply.steps) == 1:
        reply.declared_length = len(reply.steps[0].data)
    reply.steps = _head(reply.steps, script)
    reply.hang_up = _hang_up(script)
    return reply


def _truncated(reply: Reply, script: Script, _voice: Voice) -> Reply:
    """Break a body off too early inside sound framing: half a JSON text, or half an event."""
    steps = _head(reply.steps, script)
    if len(reply.steps) > 1:
        last = reply.steps[len(steps)].data
        steps = [*steps, Step(last[: len(last) // 2])]
    reply.steps = steps
    return reply


def _stall_midstream(reply: Reply, script: Script, voice: Voice) -> Reply:
    if len(reply.steps) == 1:
        return _stall(reply, script, voice)
    cut = _cut(reply.steps, script)
    late = msgspec.structs.replace(reply.steps[cut], wait_s=script.stall_ms / 1000)
    reply.steps = [*reply.steps[:cut], late, *reply.steps[cut + 1 :]]
    return reply


def _error_midstream(reply: Reply, script: Script, voice: Voice) -> Reply:
    if len(reply.steps) == 1:
        return error_reply(500, script, voice, [])
    cut = _cut(reply.steps, script)
    body = voice.error_body(Trouble(500, code=script.error_code))
    failure = voice.stream_error(body, reply.steps[0].data)
    reply.steps = [*reply.steps[:cut], Step(failure)]
    return reply


def _garbage(reply: Reply, script: Script, _voice: Voice) -> Reply:
    if len(reply.steps) == 1:
        reply.steps = [Step(_GARBAGE, settles=True)]
    else:
        cut = _cut(reply.steps, script)
        reply.steps = [*reply.steps[:cut], Step(_GARBAGE), *reply.steps[cut:]]
    return reply


def _hang_up(script: Script) -> str:
    return "reset" if (script.fault or "").startswith("reset") else "close"


_BREAKERS: dict[str, Callable[[Reply, Script, Voice], Reply]] = {
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
    "trickle": _trickle,
    "absurd-usage": _absurd,
    "negative-usage": _negative,
    "duplicate-usage": _duplicate,
}
