"""Every route of the live router against every kind of caller: one table says what each may do.

A route without a row fails. Another tenant's things look like things that do not exist.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.routing import iter_route_contexts
from plane import PREFIX, Browser, Plane, bearer
from sqlalchemy import update

from quotah_server.domain.ids import new_id, parse_id
from quotah_server.domain.secrets import mint_key
from quotah_server.entrypoints.compose import build_api
from quotah_server.entrypoints.instance import open_folder
from quotah_server.entrypoints.parts import open_parts
from quotah_server.entrypoints.settings import Settings
from quotah_server.kit.clock import utc_now
from quotah_server.store.control.models import ApiKeyRow, ProjectRow, SessionRow

OK = "ok"
CALLERS = (
    "anonymous", "unknown_key", "mistyped_key", "garbage", "expired_key", "revoked_key",
    "ended_session", "disabled", "gateway_key", "ingest_key", "admin_key",
    "viewer", "member", "admin", "owner",
)  # fmt: skip
NOBODY = dict.fromkeys(CALLERS[:8], 401)
KEYS_OUT = {"gateway_key": 403, "ingest_key": 403}


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    """The application as it is really composed, with every feature's routes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        mock_port = probe.getsockname()[1]
    settings = Settings(
        data_dir=tmp_path / "data", mock_port=mock_port, prices_url="https://0.0.0.0", _env_file=None  # pyright: ignore[reportCallIssue]
    )  # fmt: skip
    folder = open_folder(settings.data_dir)
    async with open_parts(settings, folder) as parts:
        plane = Plane(parts.database)
        async with build_api(replace(parts, passwords=plane.passwords)) as api:
            plane.app = api.app
            yield plane
        plane.passwords.close()


def least(role: str, *, admin_key: int | str = OK) -> dict[str, int | str]:
    """Callers of at least a role may; the rest is told why not."""
    roles = ("viewer", "member", "admin", "owner")
    allowed = {name: OK if roles.index(name) >= roles.index(role) else 403 for name in roles}
    return {**NOBODY, **KEYS_OUT, "admin_key": admin_key, **allowed}


EVERYBODY: dict[str, int | str] = dict.fromkeys(CALLERS, OK)
TABLE: dict[tuple[str, str], dict[str, int | str]] = {
    ("GET", "/instance"): EVERYBODY,
    ("POST", "/setup"): dict.fromkeys(CALLERS, 401),
    ("POST", "/auth/login"): dict.fromkeys(CALLERS, 401),
    ("POST", "/auth/logout"): least("viewer"),
    ("GET", "/me"): least("viewer", admin_key=403),
    ("GET", "/workspaces"): least("viewer"),
    ("POST", "/workspaces"): least("viewer", admin_key=403),
    ("PATCH", "/workspaces/{workspace_id}"): least("admin"),
    ("GET", "/keys"): least("viewer"),
    ("POST", "/keys"): least("member"),
    ("PATCH", "/keys/{key_id}"): least("admin"),
    ("DELETE", "/keys/{key_id}"): least("admin"),
    ("GET", "/providers"): least("viewer"),
    ("GET", "/providers/kinds"): least("viewer"),
    ("POST", "/providers"): least("admin"),
    ("POST", "/providers/mock"): least("admin"),
    ("PATCH", "/providers/{credential_id}"): least("admin"),
    ("DELETE", "/providers/{credential_id}"): least("admin"),
    ("GET", "/routes"): least("viewer"),
    ("POST", "/routes"): least("admin"),
    ("PUT", "/routes/order"): least("admin"),
    ("POST", "/routes/dry-run"): least("viewer"),
    ("GET", "/routes/{route_id}"): least("viewer"),
    ("PUT", "/routes/{route_id}"): least("admin"),
    ("DELETE", "/routes/{route_id}"): least("admin"),
    ("GET", "/gateways"): least("viewer"),
    ("GET", "/limits"): least("viewer"),
    ("POST", "/tokens/count"): least("member"),
    ("GET", "/onboarding"): least("viewer"),
    ("PATCH", "/onboarding"): least("member"),
    ("GET", "/samples"): least("viewer"),
    ("POST", "/samples"): least("viewer", admin_key=403),
    ("DELETE", "/samples"): least("viewer"),
    ("POST", "/query"): least("viewer"),
    ("GET", "/query/fields"): least("viewer"),
    ("GET", "/runs"): least("viewer"),
    ("GET", "/runs/{run_id}"): least("viewer"),
    ("PUT", "/runs/{run_id}/feedback"): least("member"),
    ("GET", "/live"): least("viewer"),
    ("GET", "/prices/book"): least("viewer"),
    ("GET", "/prices/models"): least("viewer"),
    ("GET", "/prices/models/{provider}/{model}"): least("viewer"),
    ("GET", "/prices/disagreements"): least("viewer"),
    ("GET", "/prices/unpriced"): least("viewer"),
    ("POST", "/prices/preview"): least("viewer"),
    ("GET", "/prices/overrides"): least("viewer"),
    ("POST", "/prices/overrides"): least("admin"),
    ("GET", "/prices/overrides/export"): least("viewer"),
    ("POST", "/prices/overrides/import"): least("admin"),
    ("GET", "/prices/overrides/{override_id}"): least("viewer"),
    ("PUT", "/prices/overrides/{override_id}"): least("admin"),
    ("DELETE", "/prices/overrides/{override_id}"): least("admin"),
    ("GET", "/prices/trust"): least("viewer"),
    ("PUT", "/prices/trust"): least("admin"),
    ("GET", "/prices/updates"): least("viewer"),
    # The list of prices is everybody's: the operator's to change, who is the owner here.
    ("PUT", "/prices/updates"): least("owner"),
    ("POST", "/prices/updates/check"): least("owner"),
    ("POST", "/prices/updates/{update_id}/accept"): least("owner"),
    ("POST", "/prices/updates/{update_id}/reject"): least("owner"),
    ("POST", "/prices/reprice"): least("admin"),
    ("GET", "/prices/reprices"): least("viewer"),
    ("POST", "/events"): {
        **NOBODY,
        **dict.fromkeys(("gateway_key", "viewer", "member", "admin", "owner"), 403),
        **dict.fromkeys(("ingest_key", "admin_key"), OK),
    },
}
OWN_PRICE = {"provider": "openai", "model": "gpt-4o", "factor": "0.9"}
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/setup"): {
        "token": "t", "email": "x@example.com", "password": "long enough 1", "name": "x",
        "workspace_name": "x",
    },
    ("POST", "/auth/login"): {"email": "nobody@example.com", "password": "wrong"},
    ("POST", "/workspaces"): {"name": "New"},
    ("PATCH", "/workspaces/{workspace_id}"): {"name": "Renamed"},
    ("POST", "/keys"): {"name": "k", "kind": "gateway"},
    ("POST", "/providers"): {"provider": "openai", "api_key": "sk-12345678", "base_url": "https://0.0.0.0"},
    ("PATCH", "/keys/{key_id}"): {"models": ["gpt-*"]},
    ("PATCH", "/providers/{credential_id}"): {"weight": 2},
    ("POST", "/routes"): {"name": "Shared"},
    ("PUT", "/routes/{route_id}"): {"name": "Written"},
    ("PUT", "/routes/order"): {"ids": []},
    ("POST", "/routes/dry-run"): {"request": {"mount": "openai"}},
    ("PATCH", "/onboarding"): {"skipped": True},
    ("POST", "/samples"): {"events": 1000, "days": 7},
    ("POST", "/tokens/count"): {"model": "gpt-4o", "text": "hello world"},
    ("POST", "/query"): {"metrics": ["cost"], "period": {"last": "7d"}},
    ("PUT", "/runs/{run_id}/feedback"): {"rating": 5},
    ("POST", "/prices/preview"): {"provider": "openai", "model": "gpt-4o", "usage": {"input": 1}},
    ("POST", "/prices/overrides"): OWN_PRICE,
    ("PUT", "/prices/overrides/{override_id}"): OWN_PRICE,
    ("POST", "/prices/overrides/import"): {"quotah_price_overrides": 1, "overrides": []},
    ("PUT", "/prices/trust"): {"providers": []},
    ("PUT", "/prices/updates"): {"enabled": False},
    ("POST", "/prices/reprice"): {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"},
    ("POST", "/events"): [],
}  # fmt: skip
# Where permission is granted and something else is then in the way, which is what it shows.
GRANTED = {
    ("POST", "/providers"): (422,),  # the address is refused, so that no network is needed
    ("GET", "/runs/{run_id}"): (404,),
    ("PUT", "/runs/{run_id}/feedback"): (404,),
    ("POST", "/samples"): (202, 409),
    ("POST", "/routes"): (201, 422),  # the name is taken by who was first
    ("PUT", "/routes/order"): (409,),  # it names none of them
    ("GET", "/prices/models/{provider}/{model}"): (404,),
    ("GET", "/prices/unpriced"): (422,),  # since when is not said
    ("POST", "/prices/updates/{update_id}/accept"): (404,),
    ("POST", "/prices/updates/{update_id}/reject"): (404,),
}


def routes(plane: Plane) -> Iterator[tuple[str, str]]:
    for route in iter_route_contexts(plane.app.routes):
        path = route.path or ""
        if path.startswith(PREFIX):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield method, path.removeprefix(PREFIX).replace(":path}", "}")


class World:
    """One workspace with a caller of each kind, and things in it."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.callers: dict[str, dict[str, str]] = {}
        self.ids: dict[str, str] = {}

    async def fill(self) -> None:
        owner = await self.plane.owner()
        self.owner, workspace = owner, owner.workspace_id
        for role in ("admin", "member", "viewer"):
            self.callers[role] = _headers(
                await self.plane.member(f"{role}@example.com", {workspace: role})
            )
        self.callers["owner"] = _headers(owner)
        for kind in ("gateway", "ingest", "admin"):
            self.callers[f"{kind}_key"] = bearer((await self.plane.key(owner, kind))["key"])
        await self._invalid(owner, workspace)
        key = await self.plane.key(owner, "gateway")
        mock = (await owner.call("POST", "/providers/mock")).json()["items"][0]
        self.ids = {
            "workspace_id": workspace,
            "key_id": key["id"],
            "credential_id": mock["id"],
            "run_id": f"run_{new_id()}",
            "override_id": await self.own_price(),
            "route_id": await self.route(),
            "update_id": f"upd_{new_id()}",
            "provider": "openai",
            "model": "no/such/model",
        }

    async def route(self) -> str:
        response = await self.owner.call("POST", "/routes", {"name": f"Route {new_id()}"})
        assert response.status_code == 201, response.text
        return response.json()["id"]

    async def own_price(self) -> str:
        response = await self.owner.call("POST", "/prices/overrides", OWN_PRICE)
        assert response.status_code == 201, response.text
        return response.json()["id"]

    async def _invalid(self, owner: Browser, workspace: str) -> None:
        past = utc_now() - timedelta(minutes=1)
        expired = await self.plane.key(owner, "admin")
        revoked = await self.plane.key(owner, "admin")
        assert (await owner.call("DELETE", f"/keys/{revoked['id']}")).status_code == 204
        ended = await self.plane.member("ended@example.com", {workspace: "owner"})
        disabled = await self.plane.member("disabled@example.com", {workspace: "owner"})
        await self.plane.disable("disabled@example.com")
        member_id = ended.me["member"]["id"].removeprefix("mem_")
        async with self.plane.database.transaction() as session:
            await session.execute(
                update(ApiKeyRow)
                .where(ApiKeyRow.id == expired["id"].removeprefix("key_"))
                .values(expires_at=past)
            )
            await session.execute(
                update(SessionRow).where(SessionRow.member_id == member_id).values(expires_at=past)
            )
        self.callers |= {
            "anonymous": {},
            "unknown_key": bearer(mint_key("admin")),
            "mistyped_key": bearer(mint_key("admin")[:-1] + "!"),
            "garbage": {"authorization": "Basic \u00ff\u00fe,,%00"},
            "expired_key": bearer(expired["key"]),
            "revoked_key": bearer(revoked["key"]),
            "ended_session": _headers(ended),
            "disabled": _headers(disabled),
        }

    async def send(self, route: tuple[str, str], headers: dict[str, str]) -> httpx2.Response:
        method, path = route
        body = BODIES.get(route)
        if path == "/auth/login":
            # A new account each time: ten wrong passwords of one would be answered 429.
            body = {**(body or {}), "email": f"{new_id()}@example.com"}
        raw = [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]
        if path == "/live":
            return httpx2.Response(await self._first_status(PREFIX + path, raw))
        return await self.plane.client().request(
            method, PREFIX + path.format(**self.ids), json=body, headers=raw
        )

    async def _first_status(self, path: str, headers: list[tuple[bytes, bytes]]) -> int:
        """The status of an answer that has no end."""
        scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
            "scheme": "http", "server": ("127.0.0.1", 8400), "client": ("127.0.0.1", 5),
            "headers": [(b"host", b"127.0.0.1:8400"), *headers],
        }  # fmt: skip
        begun: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        gone = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                begun.set_result(message["status"])

        answering = asyncio.create_task(self.plane.app(scope, receive, send))  # pyright: ignore[reportArgumentType]
        status = await asyncio.wait_for(begun, 20)
        gone.set()
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        return int(status)


def _headers(browser: Browser) -> dict[str, str]:
    return {
        "cookie": browser.cookie,
        "x-quotah-csrf": browser.csrf,
        "sec-fetch-site": "same-origin",
    }


async def test_every_route_does_for_each_caller_what_the_table_says(plane: Plane) -> None:
    world = World(plane)
    await world.fill()
    live = set(routes(plane))
    assert live == set(TABLE), "each route needs its row in the table, and each row its route"
    wrong: list[object] = []
    # Signing out comes last, and the mighty after the weak, so that nothing is missing when asked for.
    for route in sorted(
        live, key=lambda found: (found[1] == "/auth/logout", found[0] == "DELETE", found)
    ):
        for caller in CALLERS:
            if route[0] == "DELETE":
                await _refill(world)
            response = await world.send(route, world.callers[caller])
            expected = TABLE[route][caller]
            allowed = GRANTED.get(route, range(200, 300))
            right = response.status_code in (allowed if expected == OK else (expected,))
            if not right:
                wrong.append((route, caller, expected, response.status_code, response.text))
    assert wrong == []


async def _refill(world: World) -> None:
    world.ids["key_id"] = (await world.plane.key(world.owner, "gateway"))["id"]
    response = await world.owner.call("POST", "/providers/mock")
    world.ids["credential_id"] = response.json()["items"][0]["id"]
    world.ids["override_id"] = await world.own_price()
    for route in (await world.owner.call("GET", "/routes")).json()["items"]:
        await world.owner.call("DELETE", f"/routes/{route['id']}")
    world.ids["route_id"] = await world.route()


def hidden(response: httpx2.Response) -> bool:
    """Whether an answer says that there is no such thing; of an endless one the status is all we have."""
    told = not response.content or response.json()["code"] == "not_found"
    return response.status_code == 404 and told


def scoped_routes() -> list[tuple[str, str]]:
    return [route for route in TABLE if TABLE[route].get("viewer") != 401 and route[1] not in (
        "/instance", "/me", "/auth/logout", "/workspaces", "/samples", "/events",
        "/prices/updates/{update_id}/accept", "/prices/updates/{update_id}/reject")]  # fmt: skip


async def test_the_things_of_another_tenant_do_not_exist(plane: Plane) -> None:
    world = World(plane)
    await world.fill()
    stranger = await plane.stranger()
    admin_key = (await plane.key(stranger, "admin"))["key"]
    own = _headers(stranger)
    for route in scoped_routes():
        foreign = {"x-quotah-workspace": world.ids["workspace_id"]}
        for headers in ({**own, **foreign}, {**bearer(admin_key), **foreign}):
            response = await world.send(route, headers)
            assert hidden(response), route
        if "{" in route[1]:
            for headers in (own, bearer(admin_key)):
                response = await world.send(route, headers)
                assert hidden(response), route
    assert len((await world.owner.call("GET", "/keys")).json()["items"]) == 6


async def test_a_foreign_id_and_an_unknown_one_are_answered_alike(plane: Plane) -> None:
    world = World(plane)
    await world.fill()
    stranger = await plane.stranger()
    for route in (found for found in scoped_routes() if "{" in found[1]):
        foreign = (await world.send(route, _headers(stranger))).json()
        kept, world.ids = world.ids, dict.fromkeys(world.ids, new_id())
        unknown = (await world.send(route, _headers(stranger))).json()
        world.ids = dict.fromkeys(world.ids, "no-id-at-all")
        malformed = (await world.send(route, _headers(stranger))).json()
        world.ids = kept
        for answer in (foreign, unknown, malformed):
            answer.pop("request_id")
        assert foreign == unknown, route
        assert malformed["status"] == 404, route


@pytest.mark.parametrize(
    "path",
    ["//api/v1/keys", "/api/v1//keys", "/api/v1/./keys", "/api/v1/keys/..%2fkeys", "/api/v1/keys;x=1",
     "/api/v1%2fkeys", "/API/V1/keys", "/api/v1/keys/%00"],
)  # fmt: skip
async def test_odd_spellings_of_a_path_open_nothing(plane: Plane, path: str) -> None:
    await plane.owner()
    for headers in ({}, {"x-http-method-override": "DELETE"}, {"host": "evil.example"}):
        response = await plane.client().get(path, headers=headers)
        assert response.status_code in (401, 404, 405), response.text


async def test_a_key_of_one_project_manages_nothing_that_is_the_whole_workspaces(
    plane: Plane,
) -> None:
    world = World(plane)
    await world.fill()
    project = world.owner.me["workspaces"][0]["projects"][0]["id"]
    bound = bearer((await plane.key(world.owner, "admin", project_id=project))["key"])
    whole = world.callers["admin_key"]
    for route in TABLE:
        writes = route[0] != "GET" and route[1] != "/routes/dry-run"
        if not route[1].startswith(("/providers", "/routes")) or not writes:
            continue
        await _refill(world)
        response = await world.send(route, bound)
        assert response.status_code == 403, route
        assert "bound to one project" in response.json()["detail"]
        response = await world.send(route, whole)
        assert response.status_code in GRANTED.get(route, range(200, 300)), route


async def test_a_key_of_one_project_sees_and_ends_that_projects_keys_alone(plane: Plane) -> None:
    world = World(plane)
    await world.fill()
    first = world.owner.me["workspaces"][0]["projects"][0]["id"]
    async with plane.database.transaction() as session:
        row = ProjectRow(
            id=new_id(), workspace_id=parse_id(world.ids["workspace_id"]), name="Other",
            created_at=utc_now(),
        )  # fmt: skip
        session.add(row)
        other = f"prj_{row.id}"
    theirs = await plane.key(world.owner, "gateway", project_id=other)
    everybodys = await plane.key(world.owner, "admin")
    bound = bearer((await plane.key(world.owner, "admin", project_id=first))["key"])
    client = plane.client()
    listed = (await client.get(f"{PREFIX}/keys", headers=bound)).json()["items"]
    assert listed
    assert {key["project_id"] for key in listed} == {first}
    for key in (theirs, everybodys):
        address = f"{PREFIX}/keys/{key['id']}"
        assert (await client.delete(address, headers=bound)).status_code == 404
        patched = await client.patch(address, json={"name": "mine"}, headers=bound)
        assert patched.status_code == 404
    own = f"{PREFIX}/keys/{listed[-1]['id']}"
    assert (await client.patch(own, json={"name": "x"}, headers=bound)).status_code in (200, 409)
    kept = (await world.owner.call("GET", "/keys?limit=200")).json()["items"]
    assert {key["id"]: key["revoked_at"] for key in kept}[theirs["id"]] is None
