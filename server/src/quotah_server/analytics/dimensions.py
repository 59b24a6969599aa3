"""What events can be grouped and filtered by."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

FieldKind = Literal["text", "int", "float", "money", "bool"]
Clock = Literal["hour", "weekday", "day", "week", "month"]

TAG = "tag:"
_SURROGATE = re.compile("[\ud800-\udfff]")
MAX_TAG_NAME = 200


class Dimension(msgspec.Struct, frozen=True):
    """Something to group by. column: of ``events``; clock: computed from the local time instead.

    noun: its values are ids, which wear this prefix outside.
    """

    name: str
    label: str
    column: str = ""
    clock: Clock | None = None
    noun: str = ""


class Field(msgspec.Struct, frozen=True):
    """Something to filter by. column as in Dimension; ``rating`` stands in the feedback table."""

    name: str
    kind: FieldKind
    column: str = ""
    clock: Clock | None = None
    noun: str = ""


_DIMENSIONS = (
    Dimension("provider", "Provider", "provider"),
    Dimension("model", "Model", "model"),
    Dimension("operation", "Operation", "operation"),
    Dimension("status", "Status", "status"),
    Dimension("error_class", "Error", "error_class"),
    Dimension("feature", "Feature", "feature"),
    Dimension("user", "User", "user_id"),
    Dimension("team", "Team", "team"),
    Dimension("session", "Session", "session_id"),
    Dimension("prompt", "Prompt", "prompt"),
    Dimension("prompt_version", "Prompt version", "prompt_version"),
    Dimension("key", "Key", "key_id", noun="key"),
    Dimension("credential", "Provider key", "credential_id", noun="cred"),
    Dimension("route", "Route", "route_id", noun="route"),
    Dimension("project", "Project", "project_id", noun="prj"),
    Dimension("environment", "Environment", "environment"),
    Dimension("door", "Captured by", "door"),
    Dimension("cost_status", "Cost status", "cost_status"),
    Dimension("price_version", "Price version", "price_version"),
    Dimension("hour", "Hour of day", clock="hour"),
    Dimension("weekday", "Weekday", clock="weekday"),
    Dimension("day", "Day", clock="day"),
    Dimension("week", "Week", clock="week"),
    Dimension("month", "Month", clock="month"),
)
DIMENSIONS: dict[str, Dimension] = {dimension.name: dimension for dimension in _DIMENSIONS}

_MEASURES = (
    Field("cost", "money", "cost"),
    Field("latency_ms", "float", "latency_ms"),
    Field("ttft_ms", "float", "ttft_ms"),
    Field("input_tokens", "int", "input_tokens"),
    Field("output_tokens", "int", "output_tokens"),
    Field("cache_read_tokens", "int", "cache_read_tokens"),
    Field("http_status", "int", "http_status"),
    Field("attempt", "int", "attempt"),
    Field("rating", "int", "rating"),
    Field("streaming", "bool", "streaming"),
    Field("final", "bool", "final"),
    Field("from_cache", "bool", "from_cache"),
    Field("saved", "money", "saved"),
    Field("hour", "int", clock="hour"),
    Field("weekday", "int", clock="weekday"),
)
FIELDS: dict[str, Field] = {
    **{
        d.name: Field(d.name, "text", d.column, noun=d.noun) for d in _DIMENSIONS if d.clock is None
    },
    **{field.name: field for field in _MEASURES},
}


def dimension(name: str) -> Dimension | None:
    """Look a dimension up; ``tag:<name>`` is one for any tag name of 1 to 200 characters."""
    if is_tag(name):
        return Dimension(name, name.removeprefix(TAG))
    return DIMENSIONS.get(name)


def field(name: str) -> Field | None:
    """Look a filter field up; every dimension except day, week and month is one."""
    return Field(name, "text") if is_tag(name) else FIELDS.get(name)


def is_tag(name: str) -> bool:
    """Whether a name is ``tag:`` and a tag's name."""
    return name.startswith(TAG) and 0 < len(name) - len(TAG) <= MAX_TAG_NAME and is_storable(name)


def is_storable(text: str) -> bool:
    """Whether an event can hold a text; what cannot be held need not be searched for."""
    return "\0" not in text and not _SURROGATE.search(text)
