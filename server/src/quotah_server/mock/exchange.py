"""What goes in and out of the stand-in: a request as read, an answer as a list of timed writes.

An answer is decided wholly before its first byte is sent, so a fault is a change to a list and the
socket code never needs to know a vendor's format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

Usage = dict[str, object]
Headers = Mapping[str, str]

JSON_TYPE = "application/json"
SSE_TYPE = "text/event-stream; charset=utf-8"


class Request(msgspec.Struct, frozen=True):
    """One request, read to its end. Header names are lower case."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes


class Step(msgspec.Struct, frozen=True):
    """One write of an answer's body."""

    data: bytes
    wait_s: float = 0.0
    """Pause before the write, in seconds."""
    delta: bool = False
    """The write carries generated text; pace and cuts count these."""
    settles: bool = False
    """The answer counts as given once this write begins: the log line is settled before it."""


class Bill(msgspec.Struct, frozen=True):
    """What the provider would bill for an answer."""

    id: str
    provider: str
    operation: str
    model: str
    usage: Usage
    usage_at: Callable[[int], Usage]
    """Usage of an answer that was cut after so many of its deltas."""
    streaming: bool = False


class Trouble(msgspec.Struct, frozen=True):
    """An error that is to be told in a vendor's shape. None: the vendor's usual words."""

    status: int
    message: str | None = None
    code: str | None = None
    wait_ms: int | None = None
    """When to come back, for vendors that tell it in the body."""


class Reply(msgspec.Struct):
    """An answer. ``content-length`` or chunked framing is added by the socket code."""

    status: int
    headers: list[tuple[str, str]]
    steps: list[Step]
    bill: Bill | None = None
    """None when the provider would not bill the request."""
    stream: bool = False
    declared_length: int | None = None
    """The content-length that is told when it is not the length of what is sent."""
    write_bytes: int | None = None
    """Split the body into writes of this many bytes, each its own HTTP chunk."""
    write_pause_s: float = 0.0
    """Pause after each of those writes, in seconds."""
    before_s: float = 0.0
    """Pause before the status line, in seconds."""
    hang_up: str | None = None
    """How the connection ends after the last step: None as HTTP says, ``close`` without the end of
    the body, ``reset`` with a TCP reset. Without steps not even a status line is sent."""


def json_reply(
    status: int, value: object, headers: list[tuple[str, str]], bill: Bill | None = None
) -> Reply:
    """Wrap a JSON value into an answer of one write."""
    body = msgspec.json.encode(value)
    return Reply(
        status=status,
        headers=[("content-type", JSON_TYPE), *headers],
        steps=[Step(body, settles=True)],
        bill=bill,
    )


def sse(value: object, event: str | None = None, line_end: bytes = b"\n") -> bytes:
    """Encode one server-sent event."""
    head = b"event: " + event.encode() + line_end if event else b""
    return head + b"data: " + msgspec.json.encode(value) + line_end * 2
