"""A workspace with providers for tests of routes, without any network."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from plane import Browser, Plane

from quotah_server.domain import gateway_state as wire
from quotah_server.domain.gateway_state import CredentialState, GatewayState, Pace
from quotah_server.domain.ids import parse_id
from quotah_server.domain.routing import Route
from quotah_server.kit.clock import utc_now

NOWHERE = "https://nowhere.invalid/v1"


class Desk:
    """A browser of the owner, keys of OpenAI, of two compatible servers and of Anthropic."""

    def __init__(self, plane: Plane, browser: Browser) -> None:
        self.plane, self.browser = plane, browser
        self.workspace_id = parse_id(browser.workspace_id)
        self.credentials: dict[str, str] = {}

    async def provider(self, mount: str, provider: str = "compatible", **more: Any) -> str:
        body = {"provider": provider, "mount": mount, "api_key": "sk-12345678", "base_url": NOWHERE}
        response = await self.browser.call("POST", "/providers", {**body, **more})
        assert response.status_code == 201, response.text
        self.credentials[mount] = response.json()["id"]
        return response.json()["id"]

    async def save(self, name: str, **fields: Any) -> dict[str, Any]:
        response = await self.browser.call("POST", "/routes", {"name": name, **fields})
        assert response.status_code == 201, response.text
        return response.json()

    async def names(self) -> list[str]:
        items = (await self.browser.call("GET", "/routes")).json()["items"]
        assert [item["position"] for item in items] == list(range(len(items)))
        return [item["name"] for item in items]

    async def routes(self) -> tuple[Route, ...]:
        """What the gateway is told."""
        snapshot = await self.plane.publisher.wait(-1, 0)
        assert snapshot is not None
        return snapshot.routes.get(self.workspace_id, ())

    async def dry(self, draft: dict[str, Any] | None = None, **asked: Any) -> dict[str, Any]:
        body: dict[str, Any] = {"request": {"mount": "openai", "model": "gpt-4o", **asked}}
        if draft is not None:
            body["route"] = draft
        response = await self.browser.call("POST", "/routes/dry-run", body)
        assert response.status_code == 200, response.text
        return response.json()

    async def report(self, *states: dict[str, Any], paces: tuple[Pace, ...] = ()) -> None:
        """A gateway tells of credentials."""
        now = utc_now()
        told = [CredentialState(workspace_id=self.workspace_id, **state) for state in states]
        state = GatewayState(
            gateway_id="a" * 32, at=now, started_at=now - timedelta(hours=1),
            credentials=tuple(told), paces=paces,
        )  # fmt: skip
        await self.plane.gateways.hear(wire.encode(state))

    def cut_off(self, mount: str, **more: Any) -> dict[str, Any]:
        return {
            "credential_id": parse_id(self.credentials[mount]), "health": "failing",
            "breaker": "open", "open_until": utc_now() + timedelta(minutes=1),
            "last_error_at": utc_now(), "last_error": "It failed.", **more,
        }  # fmt: skip


async def open_desk(plane: Plane) -> Desk:
    desk = Desk(plane, await plane.owner())
    await desk.provider("openai", "openai")
    await desk.provider("acme")
    await desk.provider("spare")
    await desk.provider("anthropic", "anthropic")
    return desk


def shares(answer: dict[str, Any]) -> dict[tuple[str, str | None], float]:
    return {(one["mount"], one["model"]): one["share"] for one in answer["targets"]}
