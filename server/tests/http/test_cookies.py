"""Cookies are as strict as the address allows, and a page of another site changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from plane import ORIGIN, PASSWORD, Browser, Plane

from quotah_server.http.app import AppOptions
from quotah_server.http.cookies import csrf_token
from quotah_server.http.frame import parse_networks
from quotah_server.store.control import migrate
from quotah_server.store.control.session import Database, control_url

LOGIN = {"email": "owner@example.com", "password": PASSWORD}


@pytest.fixture
async def database(tmp_path: Path) -> Database:
    url = control_url(None, tmp_path / "control.sqlite")
    migrate.upgrade(url)
    return Database(url)


def flags(cookie: str) -> set[str]:
    return {part.strip().lower() for part in cookie.split(";")[1:]}


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:8400", "http://localhost:8400", "http://[::1]:8400"]
)
async def test_on_this_machine_the_cookie_is_bound_to_the_host(plane: Plane, origin: str) -> None:
    await plane.owner()
    response = await Browser(plane.client(origin)).call("POST", "/auth/login", LOGIN)
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-quotah_session=")
    assert {"httponly", "secure", "samesite=lax", "path=/"} <= flags(cookie)
    assert not any(flag.startswith("domain") for flag in flags(cookie))


async def test_behind_tls_the_cookie_is_bound_to_the_host(plane: Plane) -> None:
    await plane.owner()
    app = plane.build(AppOptions("0", trusted=parse_networks("10.0.0.1")))
    client = plane.client("http://quotah.example.com", ip="10.0.0.1", app=app)
    response = await Browser(client).call(
        "POST", "/auth/login", LOGIN, {"x-forwarded-proto": "https"}
    )
    assert response.headers["set-cookie"].startswith("__Host-quotah_session=")
    assert "secure" in flags(response.headers["set-cookie"])


async def test_over_plain_http_elsewhere_the_cookie_is_still_httponly_and_unprefixed(
    plane: Plane,
) -> None:
    await plane.owner()
    client = plane.client("http://quotah.lan:8400")
    response = await Browser(client).call("POST", "/auth/login", LOGIN)
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("quotah_session=")
    assert {"httponly", "samesite=lax"} <= flags(cookie)
    assert "secure" not in flags(cookie)


async def test_an_unprefixed_cookie_is_not_taken_where_prefixed_ones_are_set(plane: Plane) -> None:
    browser = await plane.owner()
    browser.cookie = browser.cookie.removeprefix("__Host-")
    assert (await browser.call("GET", "/me")).status_code == 401


CHANGES = [
    ("POST", "/keys", {"name": "k", "kind": "gateway"}),
    ("POST", "/workspaces", {"name": "w"}),
    ("POST", "/providers/mock", None),
    ("PATCH", "/onboarding", {"skipped": True}),
    ("POST", "/auth/logout", None),
]
FORGERIES = [
    {"x-quotah-csrf": ""},
    {"x-quotah-csrf": "wrong"},
    {"x-quotah-csrf": csrf_token("another session")},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-site": ""},
    {"sec-fetch-site": "", "origin": "https://evil.example"},
    {"sec-fetch-site": "", "origin": "null"},
    {"sec-fetch-site": "", "origin": "http://127.0.0.1:8401"},
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_a_change_that_another_site_asks_for_is_refused(
    plane: Plane, method: str, path: str, body: object
) -> None:
    browser = await plane.owner()
    for forged in FORGERIES:
        response = await browser.call(method, path, body, forged)
        assert (response.status_code, response.json()["code"]) == (403, "forbidden"), forged
    assert (await browser.call("GET", "/keys")).json()["items"] == []
    assert (await browser.call("GET", "/providers")).json()["items"] == []


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_control_the_same_change_from_our_own_page_is_made(
    plane: Plane, method: str, path: str, body: object
) -> None:
    await plane.owner()
    for proof in ({}, {"sec-fetch-site": "", "origin": ORIGIN}):
        browser = await plane.sign_in("owner@example.com")
        assert (await browser.call(method, path, body, proof)).status_code in (200, 201, 204)


async def test_another_site_cannot_sign_a_browser_in(plane: Plane) -> None:
    await plane.owner()
    browser = Browser(plane.client())
    for forged in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "", "origin": "https://evil"},
    ):
        response = await browser.call("POST", "/auth/login", LOGIN, forged)
        assert response.status_code == 403
        assert "set-cookie" not in response.headers


async def test_reading_needs_no_token(plane: Plane) -> None:
    browser = await plane.owner()
    answer = await browser.call("GET", "/keys", headers={"x-quotah-csrf": "", "sec-fetch-site": ""})
    assert answer.status_code == 200
