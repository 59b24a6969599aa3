"""All that a workspace sets, out and in again: as a whole, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from features.prices.desk import PriceDesk, fine, problem

from quotah_server.domain.ids import parse_id

DEAL: dict[str, Any] = {"provider": "openai", "model": "gpt-4o", "factor": "0.5"}


async def test_what_is_exported_is_taken_in_elsewhere_and_prices_alike(desk: PriceDesk) -> None:
    owner = await desk.owner()
    stranger = await desk.stranger()
    bodies = [
        DEAL,
        {**DEAL, "from": "2026-11-01T00:00:00Z", "until": "2027-01-01T00:00:00Z", "note": "Q4"},
        {"provider": "*", "model": "claude-*", "rates": {"input": "1.5", "output": "7"}},
    ]
    for body in bodies:
        fine(await owner.call("POST", "/prices/overrides", body), 201)
    trust = {"providers": [{"provider": "openai", "trusted": True}]}
    fine(await owner.call("PUT", "/prices/trust", trust))
    document = fine(await owner.call("GET", "/prices/overrides/export"))
    assert document["quotah_price_overrides"] == 1
    told = fine(await stranger.call("POST", "/prices/overrides/import", document))
    assert told == {
        "applied": True,
        "verdicts": [{"index": n, "ok": True, "field": None, "message": None} for n in range(3)],
    }
    assert fine(await stranger.call("GET", "/prices/overrides/export")) == document
    mine, theirs = (
        desk.prices.terms_of(parse_id(browser.workspace_id)) for browser in (owner, stranger)
    )
    assert [o.factor for o in mine.overrides] == [o.factor for o in theirs.overrides]
    assert mine.trust == theirs.trust


async def test_taking_the_same_document_in_again_changes_nothing(desk: PriceDesk) -> None:
    owner = await desk.owner()
    fine(await owner.call("POST", "/prices/overrides", DEAL), 201)
    document = fine(await owner.call("GET", "/prices/overrides/export"))
    rows = len(await desk.audited())
    told = fine(await owner.call("POST", "/prices/overrides/import", document))
    assert told["applied"] is True
    assert told["verdicts"][0]["message"] == "is set already"
    assert len(fine(await owner.call("GET", "/prices/overrides"))["items"]) == 1
    assert len(await desk.audited()) == rows


async def test_a_dry_run_says_the_same_and_writes_nothing(desk: PriceDesk) -> None:
    owner = await desk.owner()
    before = await desk.snapshot_version()
    document = {"quotah_price_overrides": 1, "overrides": [DEAL], "trust": {"openai": True}}
    path = "/prices/overrides/import?dry_run=true"
    told = fine(await owner.call("POST", path, document))
    assert told == {
        "applied": False,
        "verdicts": [{"index": 0, "ok": True, "field": None, "message": None}],
    }
    assert fine(await owner.call("GET", "/prices/overrides"))["items"] == []
    assert await desk.audited() == []
    assert await desk.snapshot_version() == before


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({**DEAL, "factor": "0"}, "factor"),
        ({**DEAL, "rates": {"input": 1.5}}, "rates.input"),
        ({**DEAL, "surprise": 1}, "?"),
        ({"model": "m", "factor": "1"}, "provider"),
        ({**DEAL, "project_id": "prj_" + "0" * 32}, "project_id"),
    ],
)
async def test_one_wrong_entry_keeps_the_whole_document_out(
    desk: PriceDesk, entry: dict[str, Any], field: str
) -> None:
    owner = await desk.owner()
    document = {"quotah_price_overrides": 1, "overrides": [DEAL, entry], "trust": {"openai": True}}
    told = fine(await owner.call("POST", "/prices/overrides/import", document))
    assert told["applied"] is False
    assert [(v["index"], v["ok"], v["field"]) for v in told["verdicts"]] == [
        (0, True, None), (1, False, field),
    ]  # fmt: skip
    assert told["verdicts"][1]["message"]
    assert fine(await owner.call("GET", "/prices/overrides"))["items"] == []
    assert await desk.audited() == []


async def test_trust_in_the_document_is_checked_like_the_rest(desk: PriceDesk) -> None:
    owner = await desk.owner()
    document = {
        "quotah_price_overrides": 1, "overrides": [DEAL],
        "trust": {"nobody": True, "openai": "yes"},
    }  # fmt: skip
    told = fine(await owner.call("POST", "/prices/overrides/import", document))
    assert told["applied"] is False
    wrong = [(v["index"], v["field"]) for v in told["verdicts"] if not v["ok"]]
    assert wrong == [(None, "trust.nobody"), (None, "trust.openai")]


@pytest.mark.parametrize(
    "document",
    [
        {"overrides": []}, {"quotah_price_overrides": 2, "overrides": []}, [],
        {"quotah_price_overrides": 1, "overrides": {}}, {"quotah_price_overrides": 1, "overrides": [1]},
        {"quotah_price_overrides": 1, "overrides": [DEAL] * 1001},
    ],
)  # fmt: skip
async def test_what_is_no_such_document_is_refused(desk: PriceDesk, document: Any) -> None:
    owner = await desk.owner()
    problem(await owner.call("POST", "/prices/overrides/import", document), 422)


async def test_a_workspace_keeps_a_bounded_number_of_prices(desk: PriceDesk) -> None:
    owner = await desk.owner()
    many = [{**DEAL, "model": f"model-{number}"} for number in range(1000)]
    document = {"quotah_price_overrides": 1, "overrides": many}
    assert fine(await owner.call("POST", "/prices/overrides/import", document))["applied"] is True
    problem(await owner.call("POST", "/prices/overrides", DEAL), 409)
    more = {"quotah_price_overrides": 1, "overrides": [DEAL]}
    told = fine(await owner.call("POST", "/prices/overrides/import", more))
    assert told["applied"] is False
    assert told["verdicts"][-1]["field"] == "overrides"
