"""Faults of what an answer tells about its usage: endless, negative, told twice.

The log keeps what is billed; only what the client reads is wrong.
"""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec

from quotah_server.mock.exchange import Reply, Step

ENDLESS = 2**53 + 1
"""A count that no call has, and that JSON numbers do not even carry everywhere."""
_COUNT = re.compile(rb'"(\w*(?:[tT]okens|TokenCount|_units))":(\d+)')
_NEEDLES = (b'"usage":{', b'"usageMetadata":{', b'"billed_units":{')
_MEMBERS = ("usage", "usageMetadata", "meta")


def absurd(reply: Reply) -> Reply:
    """Every count is ENDLESS."""
    return _counts(reply, str(ENDLESS).encode())


def negative(reply: Reply) -> Reply:
    """Every count is -7."""
    return _counts(reply, b"-7")


def duplicate(reply: Reply) -> Reply:
    """A stream tells its last usage twice; a plain answer has the member twice."""
    if len(reply.steps) == 1:
        reply.steps = [_with_member_twice(reply.steps[0])]
        return reply
    for index in range(len(reply.steps) - 1, -1, -1):
        step = reply.steps[index]
        if any(needle in step.data for needle in _NEEDLES):
            again = msgspec.structs.replace(step, delta=False, settles=False, wait_s=0.0)
            reply.steps = [*reply.steps[: index + 1], again, *reply.steps[index + 1 :]]
            break
    return reply


def _counts(reply: Reply, number: bytes) -> Reply:
    reply.steps = [
        msgspec.structs.replace(step, data=_COUNT.sub(rb'"\1":' + number, step.data))
        for step in reply.steps
    ]
    return reply


def _with_member_twice(step: Step) -> Step:
    try:
        body = msgspec.json.decode(step.data)
    except msgspec.DecodeError:
        return step
    if not isinstance(body, dict):
        return step
    members = cast("dict[str, Any]", body)
    name = next((name for name in _MEMBERS if name in members), None)
    if name is None:
        return step
    again = b',"' + name.encode() + b'":' + msgspec.json.encode(members[name]) + b"}"
    return msgspec.structs.replace(step, data=step.data[:-1] + again)
