"""Routes are checked before they are kept, and what is kept is what the gateway follows."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from features.routes.desk import Desk
from sqlalchemy import select, update

from quotah_server.domain.ids import new_id, parse_id
from quotah_server.domain.routing import CachePolicy, Match, Retry, Route, Target, Timeouts
from quotah_server.features.routes.service import ROUTES_MAX
from quotah_server.store.control.models import AuditRow, GatewayRouteRow

PROMISED_S = 5.0
FULL: dict[str, Any] = {
    "enabled": True,
    "match": {
        "mounts": ["openai", "acme"], "models": ["gpt-*"], "operations": ["chat"], "projects": [],
        "keys": [], "features": ["search"], "environments": ["production"],
    },
    "strategy": "weighted",
    "targets": [
        {"mount": "openai", "model": None, "weight": 3},
        {"mount": "acme", "model": "llama-4", "weight": 1},
    ],
    "retry": {
        "tries": 3, "statuses": [429, 500], "connection": False, "lost": True, "backoff_ms": 100,
        "max_backoff_ms": 1000, "max_wait_ms": 5000,
    },
    "timeouts": {"connect_ms": 1000, "first_byte_ms": 20000, "idle_ms": None},
    "disconnect": "abort",
    "cache": {"ttl_s": 60, "max_bytes": 4096},
    "refuse_when_open": True,
}  # fmt: skip


async def test_what_is_kept_is_what_was_written_and_what_the_gateway_follows(desk: Desk) -> None:
    made = await desk.save("Cheap first", **FULL)
    assert {name: made[name] for name in FULL} == FULL
    assert (made["name"], made["position"]) == ("Cheap first", 0)
    shown = await desk.browser.call("GET", f"/routes/{made['id']}")
    assert shown.json() == made
    assert (await desk.browser.call("GET", "/routes")).json()["items"] == [made]
    (route,) = await desk.routes()
    assert route == Route(
        id=parse_id(made["id"], "route"),
        name="Cheap first",
        match=Match(
            mounts=("openai", "acme"), models=("gpt-*",), operations=("chat",),
            features=("search",), environments=("production",),
        ),
        strategy="weighted",
        targets=(Target("openai", None, 3), Target("acme", "llama-4", 1)),
        retry=Retry(3, (429, 500), False, True, 100, 1000, 5000),
        timeouts=Timeouts(1000, 20000, None),
        disconnect="abort",
        cache=CachePolicy(60, 4096),
        refuse_when_open=True,
    )  # fmt: skip


async def test_a_route_of_which_nothing_is_said_is_the_default_one(desk: Desk) -> None:
    made = await desk.save("Plain")
    (route,) = await desk.routes()
    assert route == Route(id=parse_id(made["id"]), name="Plain")
    assert made["retry"]["tries"] == 1


async def test_projects_and_keys_are_named_by_their_ids(desk: Desk) -> None:
    project = desk.browser.me["workspaces"][0]["projects"][0]["id"]
    key = await desk.plane.key(desk.browser, "gateway")
    match = {"projects": [project], "keys": [key["id"]]}
    made = await desk.save("Mine", match=match)
    assert {name: made["match"][name] for name in match} == match
    (route,) = await desk.routes()
    assert (route.match.projects, route.match.keys) == (
        (parse_id(project),),
        (parse_id(key["id"]),),
    )


async def test_a_change_reaches_the_gateway_within_five_seconds(desk: Desk) -> None:
    before = await desk.plane.publisher.wait(-1, 0)
    assert before is not None
    waiting = asyncio.create_task(desk.plane.publisher.wait(before.version, 30))
    await asyncio.sleep(0)
    began = time.monotonic()
    await desk.save("New")
    after = await waiting
    assert time.monotonic() - began < PROMISED_S
    assert after is not None
    assert [route.name for route in after.routes[desk.workspace_id]] == ["New"]


async def test_a_route_is_written_anew_at_its_place(desk: Desk) -> None:
    first, _ = await desk.save("First", **FULL), await desk.save("Second")
    response = await desk.browser.call("PUT", f"/routes/{first['id']}", {"name": "Other"})
    assert response.status_code == 200, response.text
    assert (response.json()["id"], response.json()["position"]) == (first["id"], 0)
    assert response.json()["created_at"] == first["created_at"]
    assert await desk.names() == ["Other", "Second"]
    assert (await desk.routes())[0] == Route(id=parse_id(first["id"]), name="Other")


async def test_a_route_that_is_switched_off_is_not_told_to_the_gateway(desk: Desk) -> None:
    await desk.save("Off", enabled=False)
    await desk.save("On")
    assert [route.name for route in await desk.routes()] == ["On"]
    assert await desk.names() == ["Off", "On"]


async def test_the_order_is_what_the_gateway_looks_at(desk: Desk) -> None:
    ids = [(await desk.save(name))["id"] for name in ("a", "b", "c")]
    response = await desk.browser.call("PUT", "/routes/order", {"ids": [ids[2], ids[0], ids[1]]})
    assert [item["name"] for item in response.json()["items"]] == ["c", "a", "b"]
    assert await desk.names() == ["c", "a", "b"]
    assert [route.name for route in await desk.routes()] == ["c", "a", "b"]
    await desk.browser.call("DELETE", f"/routes/{ids[0]}")
    await desk.save("d")
    assert await desk.names() == ["c", "b", "d"]


async def test_an_order_names_each_route_once(desk: Desk) -> None:
    ids = [(await desk.save(name))["id"] for name in ("a", "b")]
    for wrong in ([], ids[:1], [*ids, ids[0]], [ids[0], ids[0]], [ids[0], f"route_{new_id()}"]):
        response = await desk.browser.call("PUT", "/routes/order", {"ids": wrong})
        assert (response.status_code, response.json()["field"]) == (409, "ids")
    response = await desk.browser.call("PUT", "/routes/order", {"ids": ["nonsense"]})
    assert (response.status_code, response.json()["field"]) == (422, "ids")
    assert await desk.names() == ["a", "b"]


async def test_a_deleted_route_is_gone(desk: Desk) -> None:
    made = await desk.save("Gone")
    assert (await desk.browser.call("DELETE", f"/routes/{made['id']}")).status_code == 204
    for method in ("GET", "DELETE"):
        assert (await desk.browser.call(method, f"/routes/{made['id']}")).status_code == 404
    assert await desk.routes() == ()


async def test_the_history_tells_each_change(desk: Desk) -> None:
    made = await desk.save("a")
    await desk.browser.call("PUT", f"/routes/{made['id']}", {"name": "a", "disconnect": "abort"})
    await desk.browser.call("PUT", f"/routes/{made['id']}", {"name": "a", "disconnect": "abort"})
    other = await desk.save("b")
    await desk.browser.call("PUT", "/routes/order", {"ids": [other["id"], made["id"]]})
    await desk.browser.call("DELETE", f"/routes/{made['id']}")
    async with desk.plane.database.transaction() as session:
        query = select(AuditRow).where(AuditRow.action.like("route%")).order_by(AuditRow.id)
        rows = list(await session.scalars(query))
    assert [row.action for row in rows] == [
        "route.created", "route.changed", "route.created", "routes.ordered", "route.deleted",
    ]  # fmt: skip
    assert (rows[1].before, rows[1].after) == ({"disconnect": None}, {"disconnect": "abort"})


async def test_names_tell_routes_apart(desk: Desk) -> None:
    first, second = await desk.save("a"), await desk.save("b")
    response = await desk.browser.call("POST", "/routes", {"name": "a"})
    assert (response.status_code, response.json()["field"]) == (422, "name")
    response = await desk.browser.call("PUT", f"/routes/{second['id']}", {"name": "a"})
    assert (response.status_code, response.json()["field"]) == (422, "name")
    response = await desk.browser.call("PUT", f"/routes/{first['id']}", {"name": "a"})
    assert response.status_code == 200


async def test_a_workspace_has_a_hundred_routes_at_most(lite: Desk) -> None:
    for number in range(ROUTES_MAX):
        await lite.save(f"Route {number}")
    response = await lite.browser.call("POST", "/routes", {"name": "One more"})
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


async def test_routes_of_another_workspace_are_not_followed(desk: Desk) -> None:
    await desk.save("Ours")
    stranger = await desk.plane.stranger()
    await stranger.call("POST", "/routes", {"name": "Theirs"})
    assert [route.name for route in await desk.routes()] == ["Ours"]
    items = (await stranger.call("GET", "/routes")).json()["items"]
    assert [item["name"] for item in items] == ["Theirs"]


async def test_a_route_that_cannot_be_read_holds_up_nothing_else(desk: Desk) -> None:
    broken = await desk.save("Broken")
    await desk.save("Sound")
    await desk.plane.key(desk.browser, "gateway")
    async with desk.plane.database.transaction() as session:
        await session.execute(
            update(GatewayRouteRow)
            .where(GatewayRouteRow.id == parse_id(broken["id"]))
            .values(body={"strategy": "by a later version"})
        )
    assert [route.name for route in await desk.routes()] == ["Sound"]


def target(mount: str | None = None, model: str | None = None, weight: Any = 1) -> dict[str, Any]:
    return {"mount": mount, "model": model, "weight": weight}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"strategy": "best"}, "strategy"),
        ({"disconnect": "ignore"}, "disconnect"),
        ({"position": 1}, "?"),
        ({"match": {"mounts": ["nowhere"]}}, "match.mounts.0"),
        ({"match": {"models": ["a b"]}}, "match.models.0"),
        ({"match": {"models": ["*" * 5]}}, "match.models.0"),
        ({"match": {"operations": ["Chat!"]}}, "match.operations.0"),
        ({"match": {"projects": ["nonsense"]}}, "match.projects.0"),
        ({"match": {"projects": [f"prj_{'0' * 32}"]}}, "match.projects.0"),
        ({"match": {"keys": [f"key_{'0' * 32}"]}}, "match.keys.0"),
        ({"match": {"keys": [f"prj_{'0' * 32}"]}}, "match.keys.0"),
        ({"match": {"users": ["x"]}}, "match.?"),
        ({"targets": [target("nowhere")]}, "targets.0.mount"),
        ({"match": {"mounts": ["openai"]}, "targets": [target("acme"), target("gemini")]},
         "targets.1.mount"),
        ({"match": {"mounts": ["openai"]}, "targets": [target("anthropic")]}, "targets.0.mount"),
        ({"match": {"mounts": ["anthropic", "openai"]}, "targets": [target("openai")]},
         "targets.0.mount"),
        ({"targets": [target("openai")]}, "targets.0.mount"),
        ({"targets": [target(model="gpt-4o"), target(model="gpt-4o", weight=9)]}, "targets.1"),
        ({"targets": [target(model="gpt *")]}, "targets.0.model"),
        ({"targets": [target(weight=-1)]}, "targets.0.weight"),
        ({"targets": [target(weight=1001)]}, "targets.0.weight"),
        ({"targets": [target(weight=0.5)]}, "targets.0.weight"),
        ({"targets": [target(model=f"m{n}") for n in range(17)]}, "targets"),
        ({"strategy": "weighted", "targets": [target(model="a", weight=0)]}, "targets"),
        ({"retry": {"tries": 0}}, "retry.tries"),
        ({"retry": {"tries": 6}}, "retry.tries"),
        ({"retry": {"statuses": [399]}}, "retry.statuses.0"),
        ({"retry": {"statuses": [600]}}, "retry.statuses.0"),
        ({"retry": {"backoff_ms": -1}}, "retry.backoff_ms"),
        ({"retry": {"backoff_ms": 2000, "max_backoff_ms": 1000}}, "retry.backoff_ms"),
        ({"timeouts": {"connect_ms": 0}}, "timeouts.connect_ms"),
        ({"timeouts": {"first_byte_ms": 1_800_001}}, "timeouts.first_byte_ms"),
        ({"timeouts": {"idle_ms": 1.5}}, "timeouts.idle_ms"),
        ({"cache": {}}, "cache.ttl_s"),
        ({"cache": {"ttl_s": 0}}, "cache.ttl_s"),
        ({"cache": {"ttl_s": 604_801}}, "cache.ttl_s"),
        ({"cache": {"ttl_s": 1, "max_bytes": 8_388_609}}, "cache.max_bytes"),
    ],
)  # fmt: skip
async def test_a_route_that_makes_no_sense_is_refused_with_its_field(
    lite: Desk, fields: dict[str, Any], field: str
) -> None:
    body = {"name": "r", **fields}
    response = await lite.browser.call("POST", "/routes", body)
    assert (response.status_code, response.json().get("field")) == (422, field), response.text
    draft = {"request": {"mount": "openai"}, "route": body}
    response = await lite.browser.call("POST", "/routes/dry-run", draft)
    told = response.json().get("field")
    assert (response.status_code, told) == (422, f"route.{field}"), response.text
    assert await lite.names() == []


async def test_the_bounds_themselves_are_taken(lite: Desk) -> None:
    await lite.save(
        "Bounds",
        targets=[target(model=f"m{number}", weight=1000) for number in range(16)],
        retry={"tries": 5, "statuses": [400, 599], "backoff_ms": 0, "max_backoff_ms": 1_800_000},
        timeouts={"connect_ms": 1, "first_byte_ms": 1_800_000},
        cache={"ttl_s": 604_800, "max_bytes": 8_388_608},
    )


async def test_the_error_names_the_target_and_what_to_do(lite: Desk) -> None:
    body = {"name": "r", "targets": [target("acme"), target("openai")]}
    response = (await lite.browser.call("POST", "/routes", body)).json()
    assert response["detail"].startswith("Target 1 (acme) does not understand requests made for ")
    assert "match.mounts" in response["hint"]
    body["match"] = {"mounts": ["openai", "anthropic"]}
    response = (await lite.browser.call("POST", "/routes", body)).json()
    assert response["detail"].startswith(
        "Target 1 (acme) does not understand requests made for ant"
    )


async def test_a_route_for_all_may_have_targets_that_some_requests_pass_over(lite: Desk) -> None:
    await lite.save("Any", targets=[target(), target("acme", "llama-4")])
    answer = await lite.dry(mount="anthropic", model="claude-sonnet-5")
    assert [(one["mount"], one["problem"]) for one in answer["targets"]] == [
        ("anthropic", None),
        ("acme", "acme does not understand requests made for Anthropic."),
    ]
    assert (await lite.dry())["sentence"] == (
        "This request would go to gpt-4o at OpenAI; if that fails, to llama-4 at acme, by the route "
        "“Any”."
    )
