"""A control plane for tests: the real app over a real database, and browsers that behave like browsers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from json import dumps
from typing import Any

import httpx2
from argon2 import PasswordHasher
from fastapi import FastAPI
from sqlalchemy import update

from quotah_server.catalog.book import load_packaged
from quotah_server.domain.ids import parse_id
from quotah_server.features.auth.endpoints import router as auth
from quotah_server.features.auth.passwords import Passwords
from quotah_server.features.auth.service import ControlAuthenticator, SessionPolicy
from quotah_server.features.gateways.endpoints import router as gateways
from quotah_server.features.gateways.service import Gateways
from quotah_server.features.keys.endpoints import router as keys
from quotah_server.features.members import service as member_service
from quotah_server.features.members.endpoints import router as members
from quotah_server.features.onboarding.endpoints import router as onboarding
from quotah_server.features.providers.endpoints import router as providers
from quotah_server.features.providers.service import MockOrigin, Vault
from quotah_server.features.routes.endpoints import router as routes
from quotah_server.features.setup import service as setup
from quotah_server.features.setup.endpoints import router as setup_router
from quotah_server.features.snapshot.service import SnapshotPublisher
from quotah_server.features.tokens.endpoints import router as tokens
from quotah_server.features.workspaces.endpoints import router as workspaces
from quotah_server.http.app import PREFIX, AppOptions, build_app
from quotah_server.http.deps import SYSTEM, Toolbox
from quotah_server.kit.clock import utc_now
from quotah_server.kit.crypto import KeyRing
from quotah_server.net.addresses import parse_rules
from quotah_server.net.egress import Egress
from quotah_server.pipeline.prices import Prices
from quotah_server.store.control.models import MemberRow, MembershipRow
from quotah_server.store.control.session import Database

ROUTERS = [
    setup_router, auth, members, workspaces, keys, providers, routes, gateways, onboarding, tokens,
]  # fmt: skip
PASSWORD = "correct horse 12"
ORIGIN = "http://127.0.0.1:8400"
MOCK = "http://127.0.0.1:8402"


def cheap_passwords() -> Passwords:
    """argon2id at a cost that suits tests."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


class Browser:
    """One person's browser: keeps the cookie, says where it comes from, carries the token of /me."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client
        self.cookie = ""
        self.csrf = ""
        self.me: dict[str, Any] = {}

    def entered(self, response: httpx2.Response) -> None:
        """Take over the session of an answer."""
        self.cookie = response.headers["set-cookie"].partition(";")[0]
        self.me = response.json()
        self.csrf = self.me["csrf_token"]

    @property
    def workspace_id(self) -> str:
        return self.me["workspaces"][0]["id"]

    async def call(
        self, method: str, path: str, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        sent = {"sec-fetch-site": "same-origin", "x-quotah-csrf": self.csrf, "cookie": self.cookie}
        merged = {name: text for name, text in {**sent, **(headers or {})}.items() if text}
        # Escaped to ASCII, so that text which cannot be encoded reaches the server as well.
        content = b"" if json is None else dumps(json).encode()
        if content:
            merged["content-type"] = "application/json"
        return await self.client.request(method, PREFIX + path, content=content, headers=merged)


class Plane:
    """The whole control plane over one database."""

    def __init__(self, database: Database, *, egress: Egress | None = None) -> None:
        self.database = database
        self.ring = KeyRing({"k1": bytes(range(32))}, "k1")
        self.passwords = cheap_passwords()
        self.policy = SessionPolicy()
        self.publisher = SnapshotPublisher(database)
        self.gateways = Gateways(database)
        self.vault = Vault(database, self.ring, egress or Egress(parse_rules("")))
        self.app = self.build()

    def build(self, options: AppOptions | None = None) -> FastAPI:
        toolbox = Toolbox(
            self.database,
            ControlAuthenticator(self.database),
            self.passwords,
            self.policy,
            setup.Instance("0.0.0", "http://127.0.0.1:8401", ORIGIN),
            self.vault,
            MockOrigin(MOCK),
            self.publisher,
            self.gateways,
            Prices(load_packaged()),
        )
        return build_app(options or AppOptions("0.0.0"), toolbox, ROUTERS)

    def client(
        self, origin: str = ORIGIN, ip: str = "127.0.0.1", app: FastAPI | None = None
    ) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app or self.app, client=(ip, 50000))
        return httpx2.AsyncClient(transport=transport, base_url=origin)

    async def owner(self) -> Browser:
        """Set the instance up through its link, and stay signed in."""
        link = await setup.setup_link(self.database, ORIGIN)
        assert link is not None
        browser = Browser(self.client())
        body = {
            "token": link.partition("token=")[2],
            "email": "owner@example.com",
            "password": PASSWORD,
            "name": "Olga Owner",
            "workspace_name": "Acme",
        }
        response = await browser.call("POST", "/setup", body)
        assert response.status_code == 201, response.text
        browser.entered(response)
        return browser

    async def sign_in(self, email: str, password: str = PASSWORD) -> Browser:
        browser = Browser(self.client())
        response = await browser.call("POST", "/auth/login", {"email": email, "password": password})
        assert response.status_code == 200, response.text
        browser.entered(response)
        return browser

    async def member(self, email: str, grants: Mapping[str, str], **more: Any) -> Browser:
        """An account with roles (workspace id as the API shows it → role), signed in."""
        password_hash = await self.passwords.hash(PASSWORD)
        async with self.database.transaction() as session:
            member_id = await member_service.create(
                session, SYSTEM, email=email, name=email, password_hash=password_hash,
                is_operator=more.get("is_operator", False),
            )  # fmt: skip
            for workspace, role in grants.items():
                row = MembershipRow(
                    workspace_id=parse_id(workspace), member_id=member_id, role=role,
                    created_at=utc_now(),
                )  # fmt: skip
                session.add(row)
        return await self.sign_in(email)

    async def stranger(self) -> Browser:
        """The owner of another workspace of the same instance."""
        browser = await self.member("stranger@example.com", {})
        response = await browser.call("POST", "/workspaces", {"name": "Elsewhere"})
        assert response.status_code == 201, response.text
        browser.me = (await browser.call("GET", "/me")).json()
        return browser

    async def disable(self, email: str) -> None:
        async with self.database.transaction() as session:
            await session.execute(
                update(MemberRow).where(MemberRow.email == email).values(disabled_at=utc_now())
            )

    async def key(self, browser: Browser, kind: str, **more: Any) -> dict[str, Any]:
        name = f"key {uuid.uuid4().hex[:8]}"
        response = await browser.call("POST", "/keys", {"name": name, "kind": kind, **more})
        assert response.status_code == 201, response.text
        return response.json()

    async def close(self) -> None:
        self.passwords.close()
        await self.database.close()


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}
