"""kill -9 under load, with the provider's log as the truth; and that the auditor would see a loss."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from chaos.auditor import audit
from chaos.stage import Crowd, Stage
from gateway import killable
from gateway.killable import settled, start_gateway
from gateway.rig import Rig, book, free_port, until

from quotah_server.domain.event import PricedEvent
from quotah_server.mock.background import BackgroundMock
from quotah_server.mock.ledger import Entry

KILLS = 3


def run(tmp_path: Path, kills: int = KILLS) -> tuple[list[Entry], list[PricedEvent], Stage]:
    """Calls of all kinds while the gateway is killed again and again; then everything delivered."""
    with BackgroundMock() as mock, Rig(tmp_path) as rig:
        stage = Stage(rig, mock)
        stage.lead_to(2, {"openai": mock.openai_url, "anthropic": mock.anthropic_url})
        port = free_port()
        process = start_gateway(rig, tmp_path / "data", port)
        crowd = Crowd(stage, f"http://127.0.0.1:{port}")
        for _ in range(kills):
            mark = len(mock.log())
            until(lambda m=mark: len(mock.log()) > m + 60, "calls flow")
            process.kill()
            process.wait()
            process = start_gateway(rig, tmp_path / "data", port)
        crowd.stop()
        until(lambda: all(entry.outcome != "open" for entry in mock.log()), "all is billed")
        until(lambda: settled(port), "the gateway has recorded and delivered everything")
        events = list({event.call.event_id: event for event in rig.control.events}.values())
        process.kill()
        process.wait()
        return list(mock.log()), events, stage


def test_after_kills_under_load_each_billed_attempt_has_exactly_one_event_at_its_cost(
    tmp_path: Path,
) -> None:
    billed, events, stage = run(tmp_path)
    assert audit(billed, events, stage.seen, book()) == []
    assert len(billed) > 60 * KILLS
    assert sum(answer.whole for answer in stage.seen) > 60
    assert {event.call.status for event in events} >= {"success", "interrupted"}

    for change, told in _CHANGES.items():
        assert any(told in line for line in audit(billed, change(events), stage.seen, book())), told


def test_the_audit_finds_a_gateway_that_loses_one_event_in_ten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same run against a recorder that forgets."""
    forgets = (
        "import quotah_server.gateway.recorder as r\n"
        "r._count = 0\n"
        "whole = r.Recorder._flush\n"
        "def flush(self):\n"
        "    r._count += 1\n"
        "    if self._waiting and r._count % 10 == 0:\n"
        "        self._intents.done([self._waiting.popleft()[0]])\n"
        "    whole(self)\n"
        "r.Recorder._flush = flush\n"
    )
    monkeypatch.setattr(killable, "SERVE", forgets + killable.SERVE)
    billed, events, stage = run(tmp_path, kills=1)
    assert any("no event of it" in line for line in audit(billed, events, stage.seen, book()))


def _successes(events: list[PricedEvent]) -> int:
    return next(i for i, event in enumerate(events) if event.call.status == "success")


def _without_one(events: list[PricedEvent]) -> list[PricedEvent]:
    at = _successes(events)
    return [*events[:at], *events[at + 1 :]]


def _with_one_twice(events: list[PricedEvent]) -> list[PricedEvent]:
    return [*events, events[_successes(events)]]


def _with_another_cost(events: list[PricedEvent]) -> list[PricedEvent]:
    at = _successes(events)
    cost = (events[at].cost_usd or Decimal(0)) + Decimal("1e-12")
    return [
        *events[:at],
        msgspec.structs.replace(events[at], cost_usd=cost),
        *events[at + 1 :],
    ]


def _with_a_free_one(events: list[PricedEvent]) -> list[PricedEvent]:
    at = _successes(events)
    free = msgspec.structs.replace(events[at], cost_usd=Decimal(0))
    return [*events[:at], free, *events[at + 1 :]]


_CHANGES: dict[Callable[[list[PricedEvent]], list[PricedEvent]], str] = {
    _without_one: "no event of it",
    _with_one_twice: "is recorded 2 times",
    _with_another_cost: "instead of",
    _with_a_free_one: "billed, but costs 0",
}
