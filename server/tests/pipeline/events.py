"""Events for the pipeline's tests."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from quotah_server.domain.call import Attribution, Call
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.ids import new_id
from quotah_server.domain.usage import Usage
from quotah_server.kit.clock import utc_now


def make_event(event_id: str | None = None) -> PricedEvent:
    now = utc_now()
    call = Call(
        event_id=event_id or new_id(),
        call_id=new_id(),
        door="gateway",
        attribution=Attribution(workspace_id="w" * 32, project_id="p" * 32),
        provider="openai",
        operation="chat",
        status="success",
        started_at=now,
        ended_at=now,
    )
    return PricedEvent(
        call=call,
        usage=Usage({"input": 1}),
        cost_usd=Decimal("0.5"),
        cost_status="computed",
        price_version="v",
    )


def payload(event: PricedEvent) -> tuple[str, bytes]:
    return event.call.event_id, msgspec.msgpack.encode(event)
