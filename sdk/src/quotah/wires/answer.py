"""What is read of an answer, and small readers of JSON that may hold anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

Raw = Mapping[str, Any]


@dataclass
class Answer:
    """What one answer says of itself."""

    model: str | None = None
    response_id: str | None = None
    service_tier: str | None = None
    finish_reason: str | None = None
    usage: dict[str, Any] | None = None
    extras: dict[str, Any] = field(default_factory=dict[str, Any])
    error_class: str | None = None
    complete: bool = False
    """The stream reached its end as the provider means it to."""


class Wire(Protocol):
    """A provider's format."""

    @property
    def vendor(self) -> str:
        """Who speaks it first."""
        ...

    @property
    def needles(self) -> tuple[bytes, ...]:
        """Only stream events that hold one of these are parsed."""
        ...

    def read_body(self, answer: Answer, body: Raw) -> None:
        """Read a whole JSON answer."""
        ...

    def read_event(self, answer: Answer, event: Raw) -> None:
        """Read one event of a stream; the last value that is not null stands."""
        ...


def text(raw: Raw, name: str) -> str | None:
    """A text field that is not empty."""
    value = raw.get(name)
    return value if isinstance(value, str) and value else None


def mapping(raw: Raw, name: str) -> Raw:
    """An object field, or an empty one."""
    value = raw.get(name)
    return cast("Raw", value) if isinstance(value, dict) else {}


def objects(raw: Raw, name: str) -> list[Raw]:
    """The objects in a list field."""
    value = raw.get(name)
    if not isinstance(value, list):
        return []
    return [cast("Raw", item) for item in cast("list[Any]", value) if isinstance(item, dict)]


def failure(raw: Raw) -> str | None:
    """The provider's own word for a failure."""
    error = raw.get("error")
    if not error:
        return None
    named = cast("Raw", error) if isinstance(error, dict) else {}
    return text(named, "code") or text(named, "type") or "error"
