"""The auditor of these tests finds what it looks for: a call lost, counted twice, or priced wrongly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import httpx2
import msgspec
import pytest
from clients.stand import Stand
from gateway.rig import until

from quotah_server.domain.event import PricedEvent

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
Events = list[PricedEvent]


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Stand]:
    """Two calls whose books are closed but not yet audited."""
    with Stand(tmp_path) as stand:
        for _ in range(2):
            url = stand.base("openai") + "/v1/chat/completions"
            assert httpx2.post(url, json=CHAT, headers=stand.bearer).status_code == 200
        until(lambda: len(stand.control.events) == 2, "both events arrive")
        stand.stop()
        yield stand


def twice(events: Events) -> Events:
    return [*events, events[0]]


def one_for_another(events: Events) -> Events:
    return [events[0], events[0]]


def dearer(events: Events) -> Events:
    cost = (events[1].cost_usd or Decimal(0)) + Decimal("0.000000000001")
    return [events[0], msgspec.structs.replace(events[1], cost_usd=cost)]


def unpriced(events: Events) -> Events:
    return [events[0], msgspec.structs.replace(events[1], cost_usd=None, cost_status="unpriced")]


def other_usage(events: Events) -> Events:
    usage = {**(events[1].call.raw_usage or {}), "completion_tokens": 1}
    call = msgspec.structs.replace(events[1].call, raw_usage=usage)
    return [events[0], msgspec.structs.replace(events[1], call=call)]


def test_true_books_pass(stopped: Stand) -> None:
    assert len(stopped.reconcile()) == 2


@pytest.mark.parametrize("falsify", [twice, one_for_another, dearer, unpriced, other_usage])
def test_false_books_are_found(stopped: Stand, falsify: Callable[[Events], Events]) -> None:
    stopped.control.events = falsify(stopped.control.events)
    with pytest.raises((AssertionError, ValueError)):
        stopped.reconcile()


def test_a_lost_call_is_found(stopped: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clients.stand.until", lambda *_: None)
    stopped.control.events = stopped.control.events[:1]
    with pytest.raises(AssertionError):
        stopped.reconcile()
