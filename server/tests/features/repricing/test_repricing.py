"""Stored calls priced again through the API: first looked at, then done, once."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from features.events_rig import Rig, eventually, sent
from sqlalchemy import select
from store_events.build import NOON, priced

from quotah_server.catalog.terms import LIST_PRICES, Override, Terms
from quotah_server.domain.errors import ForbiddenError
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.scope import Scope
from quotah_server.features.repricing import run as passes
from quotah_server.features.repricing.schemas import RepriceIn
from quotah_server.features.repricing.service import RepriceService
from quotah_server.http.deps import SYSTEM
from quotah_server.pipeline.record import record
from quotah_server.store.control.models import AuditRow, RepricingRow
from quotah_server.store.events.base import Repriced
from quotah_server.store.events.rows import PARTS

DAY = {"from": "2026-03-10T00:00:00Z", "to": "2026-03-11T00:00:00Z"}
HALF = Terms((Override("o1", "openai", "gpt-4o", factor=Decimal("0.5")),))
OLD, NEW = "0.0045", "0.00225"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "PAGE", 7)


def stored(rig: Rig, count: int = 20, **changes: Any) -> list[PricedEvent]:
    """Store calls of the rig's workspace, each priced as it came; $0.0045 where nothing is changed."""
    changes.setdefault("workspace_id", rig.workspace_id)
    first = changes.pop("first", 0)
    found: list[PricedEvent] = []
    for number in range(first, first + count):
        at = changes.get("started_at", NOON + timedelta(seconds=number))
        call = priced(number, **{**changes, "started_at": at}).call
        found.append(record(call, rig.prices.book_for(changes["workspace_id"])))
    assert len(rig.store.append(found).accepted) == count
    return found


async def ask(rig: Rig, **body: Any) -> dict[str, Any]:
    answer = await rig.call("POST", "/prices/reprice", json={**DAY, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def total(rig: Rig) -> Decimal:
    return rig.store.query("SELECT coalesce(sum(cost), 0) FROM events").rows[0][0]


async def test_a_dry_run_tells_what_would_change_and_changes_nothing(rig: Rig) -> None:
    stored(rig, 20)
    stored(rig, 3, first=100, model_requested="gpt-4o-mini")
    rig.prices.set_terms(rig.workspace_id, HALF)
    before = rig.store.query("SELECT * FROM events ORDER BY event_id").rows
    told = await ask(rig, dry_run=True)
    assert (told["reprice_id"], told["applied"]) == (None, False)
    assert told["rows"][0] == {
        "provider": "openai", "model": "gpt-4o", "events": 20, "changed": 20,
        "old_usd": "0.09", "new_usd": "0.045", "priced_before": 20, "priced_after": 20,
    }  # fmt: skip
    assert told["rows"][1]["changed"] == 0
    assert told["totals"]["events"] == 23
    assert rig.store.query("SELECT * FROM events ORDER BY event_id").rows == before
    assert rig.store.corrections(0, 10) == []
    assert (await rig.call("GET", "/prices/reprices")).json() == {"items": []}


async def test_it_is_a_dry_run_unless_it_is_said_that_it_is_none(rig: Rig) -> None:
    stored(rig, 1)
    rig.prices.set_terms(rig.workspace_id, HALF)
    assert (await ask(rig))["applied"] is False
    assert total(rig) == Decimal(OLD)


async def test_what_was_told_is_what_is_done_and_once(rig: Rig) -> None:
    stored(rig, 20)
    rig.prices.set_terms(rig.workspace_id, HALF)
    told = await ask(rig, dry_run=True)
    done = await ask(rig, dry_run=False)
    assert (done["rows"], done["totals"]) == (told["rows"], told["totals"])
    assert done["applied"] is True
    assert total(rig) == Decimal("0.045")
    corrections = rig.store.corrections(0, 100)
    assert len(corrections) == 20
    assert Decimal("0.09") + sum(one.delta for one in corrections) == total(rig)
    again = await ask(rig, dry_run=False)
    assert again["totals"]["changed"] == 0
    assert again["totals"]["old_usd"] == again["totals"]["new_usd"] == "0.045"
    assert len(rig.store.corrections(0, 100)) == 20


async def test_a_price_set_and_taken_back_leaves_everything_as_it_was(rig: Rig) -> None:
    stored(rig, 5)
    stored(rig, 2, first=50, model_requested="nobody-knows")
    kept = f"event_id, cost, cost_status, price_version, {', '.join(PARTS)}, usage_units"
    before = rig.store.query(f"SELECT {kept} FROM events ORDER BY event_id").rows
    both = Override(
        "o2", "openai", "nobody-knows", rates={"input": Decimal(1), "output": Decimal(2)}
    )
    rig.prices.set_terms(rig.workspace_id, Terms((*HALF.overrides, both)))
    assert (await ask(rig, dry_run=False))["totals"]["changed"] == 7
    rig.prices.set_terms(rig.workspace_id, LIST_PRICES)
    back = await ask(rig, dry_run=False)
    assert (back["totals"]["changed"], back["totals"]["priced_after"]) == (7, 5)
    assert rig.store.query(f"SELECT {kept} FROM events ORDER BY event_id").rows == before
    assert sum(one.delta for one in rig.store.corrections(0, 100)) == 0


async def test_what_came_through_the_journal_costs_the_same_again(rig: Rig) -> None:
    usages: list[tuple[str, str, dict[str, Any]]] = [
        ("transcription", "whisper-1", {"type": "duration", "seconds": 12.5}),
        ("chat", "gpt-4o", {"prompt_tokens": 5, "completion_tokens": 7, "odd": [{"share": 0.1}]}),
        ("chat", "gpt-4o", {"prompt_tokens": 5.0, "completion_tokens": 7}),
    ]
    for number, (operation, model, usage) in enumerate(usages):
        event = sent(number, operation=operation, model=model, usage=usage, extras={"ratio": 0.25})
        assert (await rig.send(event)).json()["accepted"] == 1
    await rig.visible(3)
    raw = rig.store.query("SELECT raw_usage, extras FROM events ORDER BY operation DESC").rows
    assert raw[0] == ('{"type":"duration","seconds":12.5}', '{"ratio":0.25}')
    now = datetime.now(UTC)
    span = {
        "from": (now - timedelta(days=1)).isoformat(),
        "to": (now + timedelta(days=1)).isoformat(),
    }
    told = await ask(rig, **span)
    assert (told["totals"]["events"], told["totals"]["changed"]) == (3, 0)
    assert told["totals"]["old_usd"] == told["totals"]["new_usd"]


async def test_every_later_answer_is_of_the_new_prices(rig: Rig) -> None:
    event = stored(rig, 1)[0]
    view = rig.prices.set_terms(rig.workspace_id, HALF)
    await ask(rig, dry_run=False)
    run = (await rig.call("GET", f"/runs/evt_{event.call.event_id}")).json()
    assert (run["cost_usd"], run["price_version"]) == (NEW, view.version)
    amounts = sum((Decimal(item["amount_usd"]) for item in run["line_items"]), Decimal(0))
    assert amounts == Decimal(NEW)
    assert sum(Decimal(part) for part in run["cost_split"].values()) == Decimal(NEW)
    query = {"metrics": ["cost"], "period": DAY}
    table = (await rig.call("POST", "/query", json=query)).json()
    assert table["rows"] == [[NEW]]


async def test_what_was_applied_is_listed_and_in_the_audit_log(rig: Rig) -> None:
    stored(rig, 2)
    rig.prices.set_terms(rig.workspace_id, HALF)
    first = await ask(rig, dry_run=False, model="gpt-4o")
    second = await ask(rig, dry_run=False)
    items = (await rig.call("GET", "/prices/reprices")).json()["items"]
    assert [item["reprice_id"] for item in items] == [second["reprice_id"], first["reprice_id"]]
    assert items[1]["totals"] == first["totals"]
    assert (items[1]["model"], items[0]["model"]) == ("gpt-4o", None)
    assert {item["state"] for item in items} == {"done"}
    assert items[1]["from"] == DAY["from"]
    assert (await rig.call("GET", "/prices/reprices", headers=rig.foreign)).json() == {"items": []}
    async with rig.database.transaction() as session:
        found = (
            await session.scalars(select(AuditRow).where(AuditRow.action == "prices.repriced"))
        ).all()
    assert [f"reprice_{row.subject_id}" for row in found] == [
        first["reprice_id"],
        second["reprice_id"],
    ]
    assert found[0].after["model"] == "gpt-4o"
    assert found[0].actor_kind == "key"


@pytest.mark.parametrize(
    ("aim", "hit"),
    [
        ({}, {"dated", "mini", "azure", "nobody"}),
        ({"provider": "openai"}, {"dated", "mini", "nobody"}),
        ({"provider": "OpenAI"}, {"dated", "mini", "nobody"}),
        ({"provider": "*"}, {"dated", "mini", "azure", "nobody"}),
        ({"model": "gpt-4o-2024-08-06"}, {"dated", "azure"}),
        ({"model": "gpt-4o"}, {"dated", "azure"}),
        ({"model": "gpt-4o-m*"}, {"mini"}),
        ({"model": "gpt-4o*"}, {"dated", "mini", "azure"}),
        ({"provider": "azure", "model": "prod"}, {"azure"}),
        ({"provider": "anthropic"}, set()),
        ({"model": "nothing-like-it"}, set()),
    ],
)
async def test_a_provider_and_a_model_are_meant_as_an_override_means_them(
    rig: Rig, aim: dict[str, str], hit: set[str]
) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "dated": {"model_requested": "gpt-4o", "model_response": "gpt-4o-2024-08-06"},
        "mini": {"model_requested": "gpt-4o-mini"},
        "azure": {"provider": "azure", "model_requested": "prod", "model_response": "gpt-4o-2024-08-06"},
        "nobody": {"model_requested": None},
    }  # fmt: skip
    for number, (kind, changes) in enumerate(kinds.items()):
        stored(rig, 1, first=number, feature=kind, **changes)
    names = {
        (name.provider, name.model): kind
        for kind, name in (
            (k, record(priced(1, **c).call, rig.book).call) for k, c in kinds.items()
        )
    }
    told = await ask(rig, **aim)
    assert {names[row["provider"], row["model"]] for row in told["rows"]} == hit


async def test_the_period_is_half_open(rig: Rig) -> None:
    start = datetime(2026, 3, 10, tzinfo=UTC)
    for number, at in enumerate(
        (start - timedelta(microseconds=1), start, start + timedelta(days=1))
    ):
        stored(rig, 1, first=number, started_at=at)
    assert (await ask(rig))["totals"]["events"] == 1


async def test_many_events_of_one_instant_are_each_seen_once(rig: Rig) -> None:
    stored(rig, 50, started_at=NOON)
    rig.prices.set_terms(rig.workspace_id, HALF)
    done = await ask(rig, dry_run=False)
    assert (done["totals"]["events"], done["totals"]["changed"]) == (50, 50)
    assert total(rig) == Decimal("0.1125")


async def test_a_long_period_is_gone_through_as_well(rig: Rig) -> None:
    for number in range(30):
        stored(rig, 1, first=number, started_at=NOON + timedelta(hours=7 * number))
    rig.prices.set_terms(rig.workspace_id, HALF)
    done = await ask(
        rig, dry_run=False, **{"from": "2025-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}
    )
    assert done["totals"]["changed"] == 30


async def test_no_more_than_a_page_is_held_at_a_time(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(rig, 40)
    sizes: list[int] = []
    query = rig.store.query

    def counted(*args: Any, **more: Any) -> Any:
        found = query(*args, **more)
        sizes.append(len(found.rows))
        return found

    monkeypatch.setattr(rig.store, "query", counted)
    await ask(rig)
    assert len(sizes) > 5
    assert max(sizes) <= 7


async def test_another_workspace_is_out_of_reach(rig: Rig) -> None:
    stored(rig, 3)
    stored(rig, 3, first=50, workspace_id="f" * 32)
    rig.prices.set_terms(rig.workspace_id, HALF)
    rig.prices.set_terms("f" * 32, HALF)
    assert (await ask(rig, dry_run=False))["totals"]["events"] == 3
    theirs = rig.store.query("SELECT DISTINCT cost FROM events WHERE workspace_id = ?", ["f" * 32])
    assert theirs.rows == [(Decimal(OLD),)]
    foreign = await rig.call("POST", "/prices/reprice", json=DAY, headers=rig.foreign)
    assert foreign.json()["totals"]["events"] == 0


async def test_a_key_of_one_project_prices_that_one_again_and_sees_no_sums_of_all(rig: Rig) -> None:
    stored(rig, 3, project_id="a" * 32)
    stored(rig, 2, first=50, project_id="b" * 32)
    rig.prices.set_terms(rig.workspace_id, HALF)
    bound = Scope(rig.workspace_id, "a" * 32)
    wanted = RepriceIn.model_validate({**DAY, "dry_run": False})
    assert (await rig.repricing.apply(SYSTEM, bound, wanted)).totals.events == 3
    others = rig.store.query("SELECT DISTINCT cost FROM events WHERE project_id = ?", ["b" * 32])
    assert others.rows == [(Decimal(OLD),)]
    with pytest.raises(ForbiddenError):
        await rig.repricing.listed(bound)
    assert len((await rig.repricing.listed(Scope(rig.workspace_id))).items) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"to": DAY["from"]}, "to"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-03-10T00:00:00"}, "from"),
        ({"provider": ""}, "provider"),
        ({"to": None}, "to"),
    ],
)
async def test_a_wrong_order_is_refused_by_name(rig: Rig, body: dict[str, Any], field: str) -> None:
    answer = await rig.call("POST", "/prices/reprice", json={**DAY, **body})
    assert answer.status_code == 422
    assert answer.json()["field"] == field


class Slow:
    """Makes every page of a re-pricing take its time."""

    def __init__(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        self._reprice = rig.store.reprice
        monkeypatch.setattr(rig.store, "reprice", self)

    def __call__(self, events: list[Repriced], reprice_id: str) -> int:
        time.sleep(0.05)
        return self._reprice(events, reprice_id)


async def test_calls_go_on_being_taken_and_stored_while_it_runs(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(rig, 210)
    rig.prices.set_terms(rig.workspace_id, HALF)
    Slow(rig, monkeypatch)
    running = asyncio.create_task(ask(rig, dry_run=False))
    await eventually(lambda: bool(rig.store.corrections(0, 1)))
    for number in range(5):
        assert (await rig.send(sent(number))).json()["accepted"] == 1
        await rig.visible(211 + number)
    assert not running.done()
    done = await running
    assert done["totals"]["changed"] == 210
    assert total(rig) == Decimal(NEW) * 215


async def test_a_second_one_waits_for_the_end_of_the_first(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(rig, 50)
    rig.prices.set_terms(rig.workspace_id, HALF)
    Slow(rig, monkeypatch)
    running = asyncio.create_task(ask(rig, dry_run=False))
    await eventually(lambda: bool(rig.store.corrections(0, 1)))
    refused = await rig.call("POST", "/prices/reprice", json={**DAY, "dry_run": False})
    assert refused.status_code == 409
    (item,) = (await rig.call("GET", "/prices/reprices")).json()["items"]
    assert item["state"] == "running"
    assert 0 < item["totals"]["changed"] < 50
    await running
    assert (await ask(rig, dry_run=False))["totals"]["changed"] == 0


async def test_one_that_is_stopped_stands_as_far_as_it_came_and_is_completed_by_the_same_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(rig, 100)
    rig.prices.set_terms(rig.workspace_id, HALF)
    Slow(rig, monkeypatch)
    running = asyncio.create_task(
        rig.call("POST", "/prices/reprice", json={**DAY, "dry_run": False})
    )
    await eventually(lambda: bool(rig.store.corrections(0, 1)))
    await rig.repricing.close()
    assert (await running).status_code == 503
    part = len(rig.store.corrections(0, 1000))
    assert 0 < part < 100
    (item,) = (await rig.call("GET", "/prices/reprices")).json()["items"]
    assert (item["state"], item["totals"]["changed"]) == ("unfinished", part)
    again = RepriceService(rig.database, rig.store, rig.prices)
    wanted = RepriceIn.model_validate({**DAY, "dry_run": False})
    done = await again.apply(SYSTEM, Scope(rig.workspace_id), wanted)
    await again.close()
    assert done.totals.changed == 100 - part
    assert total(rig) == Decimal(NEW) * 100
    corrections = rig.store.corrections(0, 1000)
    assert len({one.event_id for one in corrections}) == len(corrections) == 100
    async with rig.database.transaction() as session:
        rows = (await session.scalars(select(RepricingRow))).all()
    assert sorted(row.finished_at is None for row in rows) == [False, True]
