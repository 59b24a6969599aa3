"""Calls without a price, and what a call would cost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from features.prices.desk import NOW, PriceDesk, fine, problem

from quotah_server.catalog.book import load_packaged
from quotah_server.domain.ids import parse_id
from quotah_server.pipeline.price_lines import price_line

SINCE = (NOW - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_calls_without_a_price_are_told_by_model(desk: PriceDesk) -> None:
    owner = await desk.owner()
    stranger = await desk.stranger()
    desk.call(owner.workspace_id, "gpt-4o")
    for hours in (50, 40, 30):
        last = desk.call(owner.workspace_id, "gpt-secret", at=NOW - timedelta(hours=hours))
    desk.call(owner.workspace_id, "another", provider="nobody")
    desk.call(owner.workspace_id, "gpt-secret", at=NOW - timedelta(days=31))
    desk.call(stranger.workspace_id, "gpt-secret")
    items = fine(await owner.call("GET", f"/prices/unpriced?from={SINCE}"))["items"]
    assert [(item["provider"], item["model"], item["calls"]) for item in items] == [
        ("openai", "gpt-secret", 3), ("nobody", "another", 1),
    ]  # fmt: skip
    assert items[0]["first_seen"] == "2026-11-18T10:00:00Z"
    assert items[0]["last_seen"] == "2026-11-19T06:00:00Z"
    assert "gpt-secret" in items[0]["reason"]
    assert items[0]["run_id"] == f"run_{last.call.call_id}"
    until = (NOW - timedelta(hours=45)).strftime("%Y-%m-%dT%H:%M:%SZ")
    (early,) = fine(await owner.call("GET", f"/prices/unpriced?from={SINCE}&to={until}"))["items"]
    assert early["calls"] == 1


async def test_the_unpriced_of_a_workspace_without_calls_are_none(desk: PriceDesk) -> None:
    owner = await desk.owner()
    assert fine(await owner.call("GET", f"/prices/unpriced?from={SINCE}"))["items"] == []
    assert problem(await owner.call("GET", "/prices/unpriced"), 422)["field"] == "from"


async def test_a_preview_says_what_the_command_line_says(desk: PriceDesk) -> None:
    owner = await desk.owner()
    body = {
        "provider": "openai", "model": "gpt-4o", "at": "2026-11-20T12:00:00Z",
        "usage": {"input": 80, "cache_read": 1920, "output": 300},
    }  # fmt: skip
    told = fine(await owner.call("POST", "/prices/preview", body))
    usage = {
        "prompt_tokens": 2000, "completion_tokens": 300, "total_tokens": 2300,
        "prompt_tokens_details": {"cached_tokens": 1920},
    }  # fmt: skip
    line = {
        "provider": "openai",
        "date": body["at"],
        "response": {"model": "gpt-4o", "usage": usage},
    }
    printed = price_line(line, load_packaged())
    same = ("status", "cost_usd", "line_items", "price_version", "reason")
    assert {key: told[key] for key in same} == {key: printed[key] for key in same}
    assert told["cost_usd"] == "0.0056"


async def test_a_preview_tries_a_price_that_is_not_saved(desk: PriceDesk) -> None:
    owner = await desk.owner()
    draft = {"provider": "openai", "model": "gpt-4o", "factor": "0.1"}
    body: dict[str, Any] = {"provider": "openai", "model": "gpt-4o", "usage": {"input": 1_000_000}}
    assert fine(await owner.call("POST", "/prices/preview", body))["cost_usd"] == "2.5"
    tried = fine(await owner.call("POST", "/prices/preview", {**body, "override": draft}))
    assert tried["cost_usd"] == "0.25"
    assert tried["price_version"] != load_packaged().version
    assert desk.prices.terms_of(parse_id(owner.workspace_id)).overrides == ()
    fine(await owner.call("POST", "/prices/overrides", draft), 201)
    assert fine(await owner.call("POST", "/prices/preview", body))["cost_usd"] == "0.25"
    faulty = {**body, "override": {**draft, "factor": "0"}}
    said = problem(await owner.call("POST", "/prices/preview", faulty), 422)
    assert said["field"] == "override.factor"


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({"model": "no-such-model"}, "unpriced", "no-such-model"),
        ({"usage": {"hairs": 3}}, "unpriced", "hairs"),
        ({"service_tier": "diamond"}, "unpriced", "diamond"),
    ],
)
async def test_a_preview_without_a_price_says_why(
    desk: PriceDesk, change: dict[str, Any], status: str, reason: str
) -> None:
    owner = await desk.owner()
    body = {"provider": "openai", "model": "gpt-4o", "usage": {"input": 1}, **change}
    told = fine(await owner.call("POST", "/prices/preview", body))
    assert (told["status"], told["cost_usd"]) == (status, None)
    assert reason in told["reason"]


@pytest.mark.parametrize("count", [-1, 2**40 + 1, 1.5, "many", None, 10**30])
async def test_a_preview_of_an_impossible_count_is_refused(desk: PriceDesk, count: Any) -> None:
    owner = await desk.owner()
    body = {"provider": "openai", "model": "gpt-4o", "usage": {"input": count}}
    said = problem(await owner.call("POST", "/prices/preview", body), 422)
    assert said["field"] == "usage.input"


async def test_a_preview_reads_how_the_call_is_made(desk: PriceDesk) -> None:
    owner = await desk.owner()
    body = {
        "provider": "OpenAI", "model": "gpt-5", "usage": {"input": 1_000_000},
        "at": "2026-11-20T12:00:00Z",
    }  # fmt: skip
    full = fine(await owner.call("POST", "/prices/preview", body))
    flex = fine(await owner.call("POST", "/prices/preview", {**body, "service_tier": "flex"}))
    assert Decimal(flex["cost_usd"]) == Decimal(full["cost_usd"]) / 2
