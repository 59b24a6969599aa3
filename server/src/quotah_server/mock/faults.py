"""Turns a good answer into the bad one that the script asks for; timing belongs here too."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from quotah_server.mock.exchange import Reply, Step, json_reply, sse
from quotah_server.mock.script import Script

ErrorBody = Callable[[int, str | None, str | None], object]

_HTML = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Captive portal</body></html>"
)
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
        if len(self._failed) > 10_000:
            self._failed.clear()
        self._failed[script.fault_id] = failed + 1
        return True


def apply(reply: Reply, script: Script, strikes: bool, error_body: ErrorBody) -> Reply:
    """Give the answer its pace and, when the fault strikes, break it."""
    reply.steps = _paced(reply.steps, script)
    reply.before_s = script.first_byte_ms / 1000
    reply.write_bytes = script.write_bytes
    if not strikes:
        return reply
    if script.error_status is not None:
        return error_reply(script.error_status, script, error_body, _request_headers(reply))
    match script.fault:
        case "stall":
            reply.before_s += script.stall_ms / 1000
        case "one-byte":
            reply.write_bytes = 1
        case "disconnect" | "reset":
            return Reply(200, [], [], hang_up="close" if script.fault == "disconnect" else "reset")
        case "html":
            headers = [("content-type", "text/html; charset=utf-8")]
            return Reply(200, headers, [Step(_HTML)])
        case "truncated":
            return _truncated(reply, script)
        case "stall-midstream" | "error-midstream" | "garbage":
            return _mid_stream(reply, script, error_body)
        case "disconnect-midstream" | "reset-midstream":
            reply.steps = _head(reply.steps, script)
            reply.hang_up = "close" if script.fault == "disconnect-midstream" else "reset"
        case _:
            pass
    return reply


def error_reply(
    status: int, script: Script, error_body: ErrorBody, headers: list[tuple[str, str]]
) -> Reply:
    """An error answer in the vendor's shape; 429 and 529 carry a retry-after."""
    wait_ms = script.retry_after_ms
    if wait_ms is None and status == 429:
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


def _truncated(reply: Reply, script: Script) -> Reply:
    """A well-framed body that ends too early: half a JSON text, or a stream cut inside an event."""
    if len(reply.steps) == 1:
        reply.steps = _head(reply.steps, script)
    else:
        cut = _cut(reply.steps, script)
        last = reply.steps[cut]
        reply.steps = [*reply.steps[:cut], Step(last.data[: len(last.data) // 2])]
    return reply


def _mid_stream(reply: Reply, script: Script, error_body: ErrorBody) -> Reply:
    steps = reply.steps
    if len(steps) == 1:
        reply.steps = [Step(_GARBAGE)] if script.fault == "garbage" else steps
        reply.before_s += script.stall_ms / 1000 if script.fault == "stall-midstream" else 0
        return reply
    cut = _cut(steps, script)
    if script.fault == "stall-midstream":
        late = msgspec.structs.replace(steps[cut], wait_s=script.stall_ms / 1000)
        reply.steps = [*steps[:cut], late, *steps[cut + 1 :]]
    elif script.fault == "garbage":
        reply.steps = [*steps[:cut], Step(_GARBAGE), *steps[cut:]]
    else:
        named = b"event:" in steps[0].data[:6]
        failure = sse(error_body(500, None, script.error_code), event="error" if named else None)
        reply.steps = [*steps[:cut], Step(failure)]
    return reply


def _request_headers(reply: Reply) -> list[tuple[str, str]]:
    dropped = ("content-type",)
    return [(name, value) for name, value in reply.headers if name not in dropped]
