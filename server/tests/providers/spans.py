"""A span as pricing reads it: by its own room, then by that of the provider it names."""

from __future__ import annotations

from typing import Any

from quotah_server.domain.usage import Usage
from quotah_server.providers.base import Answer
from quotah_server.providers.registry import PROVIDERS, room_for

ROOM = PROVIDERS["otel"]


def read(one: dict[str, Any]) -> tuple[Answer, Usage]:
    answer = ROOM.read_body("span", one)
    operation = answer.operation or "span"
    room = room_for(answer.provider or "otel", operation)
    return answer, room.usage(operation, answer.usage, answer.extras)
