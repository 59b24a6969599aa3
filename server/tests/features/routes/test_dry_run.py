"""What a dry run tells is what the gateway would do."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from features.routes.desk import Desk, shares
from sqlalchemy import update

from quotah_server.catalog.book import load_packaged
from quotah_server.catalog.price import price
from quotah_server.domain.gateway_state import Pace
from quotah_server.domain.ids import new_id, parse_id
from quotah_server.domain.usage import Usage
from quotah_server.kit.clock import utc_now
from quotah_server.store.control.models import ApiKeyRow

OPENAI = {"mounts": ["openai", "acme", "spare"]}
THREE: list[dict[str, Any]] = [
    {"mount": "openai", "weight": 5},
    {"mount": "acme", "model": "llama-4", "weight": 3},
    {"mount": "spare", "weight": 0},
]


async def test_without_a_route_a_request_goes_to_what_it_asks_for(desk: Desk) -> None:
    answer = await desk.dry()
    assert (answer["verdict"], answer["route"], answer["problem"]) == ("forwarded", None, None)
    (target,) = answer["targets"]
    assert (target["mount"], target["provider"], target["model"]) == ("openai", "openai", "gpt-4o")
    assert (target["share"], target["open"], target["latency_ms"]) == (1.0, False, None)
    (credential,) = target["credentials"]
    assert credential == {
        "id": desk.credentials["openai"], "name": "OpenAI", "hint": "", "weight": 1,
        "breaker": "closed",
    }  # fmt: skip
    assert answer["retry"]["tries"] == 1
    assert answer["sentence"] == "This request would go to gpt-4o at OpenAI."


async def test_the_first_route_that_matches_is_followed(desk: Desk) -> None:
    await desk.save("Off", enabled=False)
    await desk.save("Others", match={"models": ["claude-*"]})
    mine = await desk.save("Mine", match={"models": ["gpt-*"]}, retry={"tries": 4})
    await desk.save("Later")
    answer = await desk.dry()
    assert answer["route"] == {"id": mine["id"], "name": "Mine"}
    assert answer["retry"]["tries"] == 4
    assert answer["sentence"] == "This request would go to gpt-4o at OpenAI, by the route “Mine”."
    assert (await desk.dry(model="o4-mini"))["route"]["name"] == "Later"


async def test_what_is_asked_decides_which_route_matches(desk: Desk) -> None:
    project = desk.browser.me["workspaces"][0]["projects"][0]["id"]
    key = await desk.plane.key(
        desk.browser, "gateway", environment="production", defaults={"feature": "search"}
    )
    for name, match in (
        ("key", {"keys": [key["id"]]}),
        ("feature", {"features": ["search"]}),
        ("environment", {"environments": ["production"]}),
        ("project", {"projects": [project]}),
    ):
        made = await desk.save(name, match=match)
        assert (await desk.dry(key_id=key["id"]))["route"]["name"] == name
        await desk.browser.call("DELETE", f"/routes/{made['id']}")
    await desk.save("embeddings", match={"operations": ["embeddings"]})
    assert (await desk.dry())["route"] is None
    assert (await desk.dry(operation="embeddings"))["route"]["name"] == "embeddings"


async def test_the_operation_of_a_mount_is_the_one_that_is_asked_of_it_most(desk: Desk) -> None:
    await desk.save("Messages", match={"operations": ["messages"]})
    assert (await desk.dry())["route"] is None
    answer = await desk.dry(mount="anthropic", model="claude-sonnet-5")
    assert answer["route"]["name"] == "Messages"


async def test_the_share_of_each_target_is_its_exact_chance_to_be_first(desk: Desk) -> None:
    await desk.save("Weighted", match=OPENAI, strategy="weighted", targets=THREE)
    answer = await desk.dry()
    assert shares(answer) == {
        ("openai", "gpt-4o"): 0.625,
        ("acme", "llama-4"): 0.375,
        ("spare", "gpt-4o"): 0.0,
    }
    assert answer["sentence"] == (
        "This request would go to gpt-4o at OpenAI (62.5 %) or llama-4 at acme (37.5 %); if that "
        "fails, to gpt-4o at spare, by the route “Weighted”."
    )


async def test_a_target_that_is_cut_off_is_asked_last(desk: Desk) -> None:
    await desk.save("Weighted", match=OPENAI, strategy="weighted", targets=THREE)
    await desk.report(desk.cut_off("openai"))
    answer = await desk.dry()
    assert shares(answer) == {
        ("acme", "llama-4"): 1.0,
        ("spare", "gpt-4o"): 0.0,
        ("openai", "gpt-4o"): 0.0,
    }
    assert [target["open"] for target in answer["targets"]] == [False, False, True]
    assert answer["targets"][2]["credentials"][0]["breaker"] == "open"
    assert "gpt-4o at OpenAI (whose keys are all paused)" in answer["sentence"]


async def test_a_mount_with_a_key_left_is_not_cut_off(desk: Desk) -> None:
    await desk.report(desk.cut_off("openai"))
    assert (await desk.dry())["targets"][0]["open"] is True
    await desk.provider("openai", "openai", name="Second")
    target = (await desk.dry())["targets"][0]
    assert target["open"] is False
    assert {one["name"]: one["breaker"] for one in target["credentials"]} == {
        "OpenAI": "open",
        "Second": "closed",
    }


async def test_a_pause_that_is_over_cuts_nothing_off(desk: Desk) -> None:
    await desk.report(desk.cut_off("openai", open_until=utc_now() - timedelta(seconds=1)))
    assert (await desk.dry())["targets"][0]["open"] is False


async def test_a_call_whose_every_key_is_cut_off_is_refused_where_the_route_says_so(
    desk: Desk,
) -> None:
    draft = {"name": "r", "refuse_when_open": True}
    assert (await desk.dry(draft))["verdict"] == "forwarded"
    await desk.report(desk.cut_off("openai"))
    assert (await desk.dry({"name": "r"}))["verdict"] == "forwarded"
    answer = await desk.dry(draft)
    assert answer["verdict"] == "refused"
    assert answer["sentence"].startswith("This request would be refused. Every key that it could")


async def test_the_soonest_target_comes_first_and_tells_its_latency(desk: Desk) -> None:
    draft = {"name": "r", "match": OPENAI, "strategy": "lowest_latency", "targets": THREE}
    paces = tuple(
        Pace(workspace_id=where, mount=mount, model=model, first_byte_s=seconds, calls=calls)
        for where, mount, model, seconds, calls in (
            (desk.workspace_id, "openai", "gpt-4o", 0.9, 10),
            (desk.workspace_id, "acme", "llama-4", 0.25, 10),
            (desk.workspace_id, "spare", "gpt-4o", 0.5, 10),
            (new_id(), "openai", "gpt-4o", 0.001, 10_000),
        )
    )
    await desk.report(paces=paces)
    answer = await desk.dry(draft)
    assert [(one["mount"], one["latency_ms"], one["share"]) for one in answer["targets"]] == [
        ("acme", 250.0, 1.0),
        ("spare", 500.0, 0.0),
        ("openai", 900.0, 0.0),
    ]
    assert answer["sentence"] == (
        "This request would go to llama-4 at acme; if that fails, to gpt-4o at spare, then to gpt-4o "
        "at OpenAI, by the route “r”."
    )


async def test_the_cheapest_target_comes_first_at_the_workspaces_own_price(desk: Desk) -> None:
    targets = [{"model": "gpt-4o"}, {"model": "gpt-4o-mini"}, {"model": "no-such-model"}]
    draft = {"name": "r", "strategy": "lowest_cost", "targets": targets}
    answer = await desk.dry(draft, input_tokens=2000, output_tokens=100)
    assert [one["model"] for one in answer["targets"]] == [
        "gpt-4o-mini", "gpt-4o", "no-such-model",
    ]  # fmt: skip
    for one in answer["targets"][:2]:
        found = price(
            load_packaged(), provider="openai", model=one["model"], at=utc_now(),
            usage=Usage({"input": 2000, "output": 100}),
        )  # fmt: skip
        assert Decimal(one["cost_usd"]) == found.cost_usd
    assert answer["targets"][2]["cost_usd"] is None


async def test_a_draft_is_tried_without_being_saved(desk: Desk) -> None:
    answer = await desk.dry({"name": "Draft", "retry": {"tries": 2}})
    assert answer["route"] == {"id": None, "name": "Draft"}
    assert answer["retry"]["tries"] == 2
    assert await desk.names() == []
    assert await desk.routes() == ()


async def test_a_draft_of_a_saved_route_takes_its_place(desk: Desk) -> None:
    first = await desk.save("First")
    await desk.save("Second")
    draft = {"id": first["id"], "name": "Changed", "disconnect": "abort"}
    answer = await desk.dry(draft)
    assert answer["route"] == {"id": first["id"], "name": "Changed"}
    assert answer["disconnect"] == "abort"
    elsewhere = {"id": f"route_{new_id()}", "name": "x"}
    body = {"request": {"mount": "openai"}, "route": elsewhere}
    response = await desk.browser.call("POST", "/routes/dry-run", body)
    assert (response.status_code, response.json()["field"]) == (404, "route.id")


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        ({"name": "d"}, " The draft would not be asked: “First” stands before it."),
        ({"name": "d", "enabled": False}, " The draft is switched off."),
    ],
)
async def test_a_draft_that_decides_nothing_says_so(
    lite: Desk, draft: dict[str, Any], said: str
) -> None:
    await lite.save("First")
    answer = await lite.dry(draft)
    assert answer["route"]["name"] == "First"
    assert answer["sentence"].endswith(said)


async def test_a_draft_that_matches_nothing_says_so(lite: Desk) -> None:
    answer = await lite.dry({"name": "d", "match": {"models": ["claude-*"]}})
    assert answer["sentence"] == (
        "This request would go to gpt-4o at OpenAI, as no route matches it. The draft does not "
        "match it."
    )


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ({"mounts": ["anthropic"]}, "The key may not call openai; it may call anthropic."),
        ({"models": ["gpt-4o-*"]}, "The key may not call gpt-4o; it may call gpt-4o-*."),
    ],
)
async def test_what_a_key_may_not_do_is_told(
    lite: Desk, limits: dict[str, Any], problem: str
) -> None:
    key = await lite.plane.key(lite.browser, "gateway", **limits)
    answer = await lite.dry(key_id=key["id"])
    assert (answer["verdict"], answer["problem"]) == ("refused", problem)
    assert answer["sentence"] == f"This request would be refused. {problem}"
    assert (await lite.dry())["verdict"] == "forwarded"


async def test_a_target_that_the_key_may_not_call_is_passed_over(lite: Desk) -> None:
    await lite.save("Weighted", match=OPENAI, strategy="weighted", targets=THREE)
    key = await lite.plane.key(lite.browser, "gateway", models=["gpt-*"])
    answer = await lite.dry(key_id=key["id"])
    problems = {one["mount"]: one["problem"] for one in answer["targets"]}
    assert problems == {"openai": None, "acme": "The key may not call llama-4.", "spare": None}
    assert shares(answer)["openai", "gpt-4o"] == 1.0
    assert "llama-4" not in answer["sentence"]


async def test_a_request_must_name_its_model_where_only_some_may_be_called(lite: Desk) -> None:
    key = await lite.plane.key(lite.browser, "gateway", models=["gpt-*"])
    answer = await lite.dry(key_id=key["id"], model=None)
    assert answer["problem"] == ("The key must be told which model to call; it may call gpt-*.")


async def test_a_key_that_ended_is_told(lite: Desk) -> None:
    soon = utc_now() + timedelta(hours=1)
    key = await lite.plane.key(lite.browser, "gateway", expires_at=soon.isoformat())
    assert (await lite.dry(key_id=key["id"]))["verdict"] == "forwarded"
    async with lite.plane.database.transaction() as session:
        row = update(ApiKeyRow).where(ApiKeyRow.id == parse_id(key["id"]))
        await session.execute(row.values(expires_at=utc_now() - timedelta(hours=1)))
    assert (await lite.dry(key_id=key["id"]))["problem"] == "The key has expired."
    await lite.browser.call("DELETE", f"/keys/{key['id']}")
    assert (await lite.dry(key_id=key["id"]))["problem"] == "The key is revoked."


async def test_a_provider_without_a_key_serves_only_those_who_bring_one(lite: Desk) -> None:
    answer = await lite.dry(mount="mistral")
    assert answer["problem"] == (
        "No key of Mistral is stored; only callers who bring their own reach it."
    )
    answer = await lite.dry(mount="nowhere")
    assert answer["problem"] == "This workspace has no provider nowhere."


async def test_a_provider_key_that_was_removed_or_switched_off_is_told(lite: Desk) -> None:
    await lite.save("Ordered", match=OPENAI, targets=THREE)
    off, gone = lite.credentials["openai"], lite.credentials["spare"]
    await lite.browser.call("PATCH", f"/providers/{off}", {"enabled": False})
    await lite.browser.call("DELETE", f"/providers/{gone}")
    answer = await lite.dry(mount="acme")
    assert {one["mount"]: one["problem"] for one in answer["targets"]} == {
        "openai": "No key of OpenAI is switched on.",
        "acme": None,
        "spare": "This workspace has no provider spare.",
    }
    assert answer["sentence"] == (
        "This request would go to llama-4 at acme, by the route “Ordered”."
    )
    await lite.browser.call("DELETE", f"/providers/{lite.credentials['acme']}")
    await lite.provider("acme")
    both = [{"mount": "openai"}, {"mount": "spare"}]
    answer = await lite.browser.call(
        "POST", "/routes/dry-run",
        {"request": {"mount": "acme"}, "route": {"name": "x", "match": OPENAI, "targets": both}},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["field"]) == (422, "route.match.mounts.2")


async def test_a_route_that_leads_nowhere_is_a_refusal(lite: Desk) -> None:
    await lite.save("Away", match=OPENAI, targets=[{"mount": "spare"}])
    await lite.browser.call("DELETE", f"/providers/{lite.credentials['spare']}")
    answer = await lite.dry()
    assert (answer["verdict"], answer["problem"]) == (
        "refused", "The route “Away” has no target to which this request could go.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"mount": "Not a mount"}, "request.mount"),
        ({"key_id": "nonsense"}, "request.key_id"),
        ({"key_id": f"key_{'0' * 32}"}, "request.key_id"),
        ({"project_id": "nonsense"}, "request.project_id"),
        ({"project_id": f"prj_{'0' * 32}"}, "request.project_id"),
        ({"input_tokens": -1}, "request.input_tokens"),
        ({"body": "x"}, "request.?"),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused_with_its_field(
    lite: Desk, asked: dict[str, Any], field: str
) -> None:
    body = {"request": {"mount": "openai", **asked}}
    response = await lite.browser.call("POST", "/routes/dry-run", body)
    assert (response.status_code, response.json()["field"]) == (422, field)


async def test_a_key_of_another_workspace_or_kind_is_not_there(lite: Desk) -> None:
    stranger = await lite.plane.stranger()
    theirs = await lite.plane.key(stranger, "gateway")
    ingest = await lite.plane.key(lite.browser, "ingest")
    for key in (theirs, ingest):
        body = {"request": {"mount": "openai", "key_id": key["id"]}}
        response = await lite.browser.call("POST", "/routes/dry-run", body)
        assert (response.status_code, response.json()["field"]) == (422, "request.key_id")
