"""GET /runs, one run in full, and ratings."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from features.events_rig import Rig
from store_events.build import NOON, priced

from quotah_server.domain.call import Call
from quotah_server.domain.ids import prefixed
from quotah_server.domain.usage import Usage
from quotah_server.http.pagination import encode_cursor
from quotah_server.pipeline.record import record

NOWHERE = "run_" + "0" * 32
OUT_OF_RANGE = encode_cursor("9999-12-31T23:59:59-12:00", "0" * 32)


def stored(rig: Rig, number: int, **changes: Any) -> str:
    """Store an event of the rig's workspace; returns the run's id outside."""
    event = priced(number, workspace_id=rig.workspace_id, **changes)
    rig.store.append([event])
    return prefixed("run", event.call.call_id)


async def listed(rig: Rig, query: str = "") -> list[str]:
    answer = await rig.call("GET", f"/runs{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_pages_follow_each_other_newest_first_without_gap_or_repeat(rig: Rig) -> None:
    # Many at one instant: the order among them is that of their ids.
    ids = [
        stored(rig, number, started_at=NOON + timedelta(seconds=number // 4))
        for number in range(23)
    ]
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await rig.call("GET", f"/runs?limit=5{cursor}")).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        # What arrives while somebody turns pages does not move them.
        stored(rig, 100 + len(seen), started_at=NOON + timedelta(hours=1))
    assert seen == list(reversed(ids))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [3, 2, 1]),
        ("?model=gpt-4o", [2, 1]),
        ("?model=gpt-4o&model=claude", [3, 2, 1]),
        ("?status=error", [2]),
        ("?feature=chat&status=success", [1]),
        ("?user=ann", [1]),
        ("?tag=plan%3Dpro", [2]),
        ("?tag=plan%3Dpro&tag=a%3Db", []),
        ("?cost_status=unpriced", [3]),
        ("?provider=nobody", []),
        ("?from=2026-03-10T12:00:02Z", [3, 2]),
        ("?from=2026-03-10T12:00:02Z&to=2026-03-10T12:00:03Z", [2]),
    ],
)
async def test_the_list_is_filtered(rig: Rig, query: str, found: list[int]) -> None:
    at = [NOON + timedelta(seconds=n) for n in range(4)]
    ids = {
        1: stored(rig, 1, started_at=at[1], feature="chat", user="ann"),
        2: stored(rig, 2, started_at=at[2], status="error", tags={"plan": "pro"}),
        3: stored(
            rig,
            3,
            started_at=at[3],
            model_requested="claude",
            cost_usd=None,
            cost_status="unpriced",
        ),
    }
    assert await listed(rig, query) == [ids[number] for number in found]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?cursor=nonsense", "cursor"),
        ("?cursor=WyJhIl0", "cursor"),
        ("?cursor=WyJhIiwiYiJd", "cursor"),
        (f"?cursor={OUT_OF_RANGE}", "cursor"),
        ("?from=9999-12-31T23:59:59-12:00", "from"),
        ("?to=0001-01-01T00:00:00%2B14:00", "to"),
        ("?limit=0", "limit"),
        ("?limit=201", "limit"),
        ("?from=yesterday", "from"),
        ("?from=2026-01-01T00:00:00", "from"),
        ("?tag=plan", "tag"),
        ("?key=prj_" + "0" * 32, "key.value"),
    ],
)
async def test_a_wrong_filter_is_refused_by_name(rig: Rig, query: str, field: str) -> None:
    answer = await rig.call("GET", f"/runs{query}")
    assert answer.status_code == 422
    assert answer.json()["field"] == field


async def test_a_run_s_line_items_add_up_to_its_cost(rig: Rig) -> None:
    call = priced(
        1,
        workspace_id=rig.workspace_id,
        raw_usage={
            "prompt_tokens": 2000,
            "completion_tokens": 300,
            "prompt_tokens_details": {"cached_tokens": 1920},
        },
        request_id="r-1",
        trace_id="t-1",
    ).call
    event = record(call, rig.book)
    rig.store.append([event])
    run = (await rig.call("GET", f"/runs/{prefixed('evt', call.event_id)}")).json()
    assert run["id"] == prefixed("run", call.call_id)
    items = {item["unit"]: item for item in run["line_items"]}
    assert items["cache_read"]["quantity"] == 1920
    for item in items.values():
        product = Decimal(item["rate_usd"]) * item["quantity"] / item["per"]
        assert product == Decimal(item["amount_usd"])
    amounts = sum((Decimal(item["amount_usd"]) for item in items.values()), Decimal(0))
    assert amounts == Decimal(run["cost_usd"]) == event.cost_usd
    assert run["price_version"] == rig.book.version
    assert run["cost_split"] == {
        "input": "0.0002", "cache_read": "0.0024", "cache_write": "0", "output": "0.003", "other": "0",
    }  # fmt: skip
    assert items["cache_read"]["text"] == "1,920 cached input tokens × $1.25 / 1M = $0.0024"
    assert items["cache_read"]["model"] is None
    assert run["raw_usage"] == call.raw_usage
    assert (run["request_id"], run["trace_id"]) == ("r-1", "t-1")


async def test_a_line_item_names_the_model_where_it_was_another_s(rig: Rig) -> None:
    turn = {"input_tokens": 1000, "output_tokens": 100}
    raw = {**turn, "iterations": [
        {"type": "message", **turn},
        {"type": "advisor_message", "model": "claude-opus-4-6", **turn},
    ]}  # fmt: skip
    call = priced(
        1, workspace_id=rig.workspace_id, provider="anthropic", operation="messages",
        model_requested="claude-sonnet-4-6", raw_usage=raw,
    ).call  # fmt: skip
    event = record(call, rig.book)
    rig.store.append([event])
    run = (await rig.call("GET", f"/runs/{prefixed('evt', call.event_id)}")).json()
    assert {item["model"] for item in run["line_items"]} == {None, "claude-opus-4-6"}
    amounts = sum((Decimal(item["amount_usd"]) for item in run["line_items"]), Decimal(0))
    assert amounts == Decimal(run["cost_usd"]) == event.cost_usd


async def test_what_no_arithmetic_leads_to_is_shown_without_one(rig: Rig) -> None:
    run_id = stored(rig, 1, price_version=rig.book.version, cost_usd=Decimal("0.77"))
    run = (await rig.call("GET", f"/runs/{run_id}")).json()
    assert (run["cost_usd"], run["line_items"]) == ("0.77", [])
    assert run["cost_split"]["other"] == "0.77"


async def test_a_run_whose_book_is_gone_still_shows_its_cost(rig: Rig) -> None:
    run = stored(rig, 1, price_version="0123456789ab")
    found = (await rig.call("GET", f"/runs/{run}")).json()
    assert (found["cost_usd"], found["line_items"]) == ("0.0045", [])


async def test_an_unpriced_run_says_why_and_has_no_cost(rig: Rig) -> None:
    call: Call = priced(1, workspace_id=rig.workspace_id, model_requested="no-such-model").call
    rig.store.append([record(call, rig.book)])
    run = (await rig.call("GET", f"/runs/{prefixed('run', call.call_id)}")).json()
    assert (run["cost_usd"], run["cost_status"]) == (None, "unpriced")
    assert run["cost_reason"]


async def test_a_run_with_a_retry_is_one_line_with_the_cost_of_both_attempts(rig: Rig) -> None:
    first = priced(1, workspace_id=rig.workspace_id, final=False, status="error")
    call_id = first.call.call_id
    second = priced(
        2,
        workspace_id=rig.workspace_id,
        call_id=call_id,
        attempt=2,
        started_at=NOON + timedelta(seconds=2),
    )
    rig.store.append([first, second])
    page = (await rig.call("GET", "/runs")).json()["items"]
    assert [(item["attempts"], item["cost_usd"]) for item in page] == [(2, "0.009")]
    for one in (prefixed("run", call_id), prefixed("evt", first.call.event_id)):
        run = (await rig.call("GET", f"/runs/{one}")).json()
        assert (run["status"], run["cost_usd"]) == ("success", "0.009")
        assert [(a["attempt"], a["status"]) for a in run["attempt_list"]] == [
            (1, "error"),
            (2, "success"),
        ]


async def test_usage_that_was_not_reported_is_null_not_zero(rig: Rig) -> None:
    run = stored(rig, 1, usage=Usage(missing=True), raw_usage=None)
    usage = (await rig.call("GET", f"/runs/{run}")).json()["usage"]
    assert usage == {
        "input_tokens": None,
        "output_tokens": None,
        "cache_read_input_tokens": None,
        "cache_write_input_tokens": None,
        "reasoning_output_tokens": None,
        "units": {},
    }


async def test_a_rating_is_kept_replaced_and_counted(rig: Rig) -> None:
    run = stored(rig, 1)
    for rating in (1, 4):
        answer = await rig.call("PUT", f"/runs/{run}/feedback", json={"rating": rating})
        assert answer.json() == {"run_id": run, "rating": rating, "success": None, "comment": None}
    await rig.call(
        "PUT", f"/runs/{run}/feedback", json={"rating": 5, "success": True, "comment": "good"}
    )
    found = (await rig.call("GET", f"/runs/{run}")).json()
    assert (found["rating"], found["success"], found["comment"]) == (5, True, "good")
    table = await rig.call(
        "POST",
        "/query",
        json={
            "metrics": ["rating_avg"],
            "period": {"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"},
        },
    )
    assert table.json()["rows"] == [[5.0]]


@pytest.mark.parametrize("word", [{"rating": 0}, {"rating": 6}, {"comment": "x" * 4001}, {"x": 1}])
async def test_a_wrong_rating_is_refused(rig: Rig, word: dict[str, Any]) -> None:
    run = stored(rig, 1)
    assert (await rig.call("PUT", f"/runs/{run}/feedback", json=word)).status_code == 422


async def test_another_workspace_s_runs_look_like_none(rig: Rig) -> None:
    run = stored(rig, 1)
    assert (await rig.call("GET", "/runs", headers=rig.foreign)).json()["items"] == []
    for method, path, body in (
        ("GET", f"/runs/{run}", None),
        ("PUT", f"/runs/{run}/feedback", {"rating": 1}),
    ):
        theirs = await rig.call(method, path, json=body, headers=rig.foreign)
        nothing = await rig.call(method, path.replace(run, NOWHERE), json=body)
        assert (theirs.status_code, nothing.status_code) == (404, 404)
        assert theirs.json()["detail"] == nothing.json()["detail"]
    assert (await rig.call("GET", f"/runs/{run}")).status_code == 200


@pytest.mark.parametrize("name", ["nonsense", "key_" + "0" * 32, "run_" + "g" * 32, NOWHERE])
async def test_what_is_no_run_is_not_found(rig: Rig, name: str) -> None:
    assert (await rig.call("GET", f"/runs/{name}")).status_code == 404


@pytest.mark.parametrize("depth", [300, 900])
async def test_usage_nested_deeper_than_answers_go_is_shown_cut_off(rig: Rig, depth: int) -> None:
    deep: Any = 1
    for _ in range(depth):
        deep = {"a": deep}
    run = stored(rig, 1, raw_usage={"prompt_tokens": 1, "x": deep})
    answer = await rig.call("GET", f"/runs/{run}")
    assert answer.status_code == 200
    assert answer.json()["raw_usage"]["prompt_tokens"] == 1
    assert "…" in answer.text


async def test_a_latency_is_the_exact_number_of_milliseconds(rig: Rig) -> None:
    run = stored(rig, 1, ended_at=NOON + timedelta(microseconds=4689))
    answer = (await rig.call("GET", f"/runs/{run}")).json()
    assert answer["latency_ms"] == 4.689
