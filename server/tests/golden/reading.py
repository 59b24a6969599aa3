"""Reads a sample the way ``quotah price`` does, and keeps what that leaves out of its answer."""

from __future__ import annotations

from typing import Any, NamedTuple

from quotah_server.catalog.aliases import canonical
from quotah_server.domain.usage import Usage
from quotah_server.pipeline.shapes import operation_of, unwrapped
from quotah_server.providers.base import Answer, Provider
from quotah_server.providers.registry import room_for


class Read(NamedTuple):
    operation: str
    room: Provider
    answer: Answer
    extras: dict[str, Any]
    usage: Usage


def read_sample(sample: dict[str, Any]) -> Read:
    """An answer or a stream, read by the room that its shape leads to."""
    body, events, implied = unwrapped(sample)
    provider = canonical(sample["provider"])
    operation = operation_of(sample["endpoint"], body, events)
    room = room_for(provider, operation)
    whole = events is None
    answer = room.read_body(operation, body) if whole else merged(room, operation, events)
    extras = {**implied, **answer.extras}
    operation = answer.operation or operation
    room = room_for(answer.provider or provider, operation)
    return Read(operation, room, answer, extras, room.usage(operation, answer.usage, extras))


def merged(room: Provider, operation: str, events: list[Any] | None) -> Answer:
    """A stream's events folded into one answer."""
    answer = Answer()
    for event in events or ():
        room.merge(operation, answer, event)
    return answer
