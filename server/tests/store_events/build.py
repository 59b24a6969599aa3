"""Priced events for tests: plain defaults, anything overridden by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.ids import id_at
from quotah_server.domain.usage import Usage

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
WORKSPACE = "0" * 31 + "1"
_WHO = set(Attribution.__struct_fields__)
_CALL = set(Call.__struct_fields__)


def event_id(number: int, at: datetime = NOON) -> str:
    """The same id for the same number and time."""
    return id_at(at, number.to_bytes(10, "big"))


def priced(number: int = 0, **changes: Any) -> PricedEvent:
    """An event; ``changes`` are fields of Attribution, Call or PricedEvent."""
    at = changes.get("started_at", NOON)
    who = {"workspace_id": WORKSPACE, "project_id": "p1"}
    call = {
        "event_id": event_id(number, at),
        "call_id": event_id(number, at),
        "door": "gateway",
        "provider": "openai",
        "operation": "chat",
        "model_requested": "gpt-4o",
        "raw_usage": {"prompt_tokens": 1000, "completion_tokens": 200},
        "status": "success",
        "http_status": 200,
        "started_at": at,
        "ended_at": at + timedelta(milliseconds=1250),
    }
    event: dict[str, Any] = {
        "usage": Usage({"input": 1000, "output": 200}),
        "cost_usd": Decimal("0.0045"),
        "cost_status": "computed",
        "price_version": "v1",
    }
    for name, value in changes.items():
        target = who if name in _WHO else call if name in _CALL else event
        target[name] = value
    return PricedEvent(call=Call(attribution=Attribution(**who), **call), **event)
