"""Secrets leave no trace: canaries are used in every way there is, then looked for everywhere.

Raw, reversed, as hex, base64 and URL-encoded; in answers, in logs at debug level, and in the database
file byte by byte. The control plants a leak and finds it.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from plane import ORIGIN, Browser, Plane, bearer
from structlog.testing import capture_logs

from quotah_server.domain.secrets import mint_key
from quotah_server.features.setup.service import setup_link

PROVIDER_KEY = "sk-canary/Prov1der+Key=9182736450"
PASSWORD = "canary Pass/word+4711"


def disguises(secret: str) -> Iterator[bytes]:
    raw = secret.encode()
    yield raw
    yield raw[::-1]
    yield raw.hex().encode()
    yield quote(secret, safe="").encode()
    for shift in range(3):
        # Base64 depends on where in a triple the secret begins; the inner part is what stays.
        yield base64.b64encode(b"\0" * shift + raw)[4:-4]
        yield base64.urlsafe_b64encode(b"\0" * shift + raw)[4:-4]
    yield raw[: len(raw) // 2 + 1]


def leaks(secrets: Iterable[str], places: dict[str, bytes]) -> list[tuple[str, bytes]]:
    return [
        (name, disguise)
        for secret in secrets
        for disguise in disguises(secret)
        for name, content in places.items()
        if disguise in content
    ]


async def live(plane: Plane) -> tuple[list[str], list[str]]:
    """Use the product, wrongly too; returns the secrets that were used and the answers that came."""
    said: list[str] = []
    link = await setup_link(plane.database, ORIGIN)
    assert link is not None
    token = link.partition("token=")[2]
    browser = Browser(plane.client())
    form = {"token": token, "email": "o@example.com", "password": PASSWORD, "name": "O",
            "workspace_name": "W"}  # fmt: skip
    browser.entered(await browser.call("POST", "/setup", form))
    session, csrf = browser.cookie.partition("=")[2], browser.csrf
    minted = [(await plane.key(browser, kind))["key"] for kind in ("gateway", "ingest", "admin")]

    async def ask(
        method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> None:
        response = await browser.call(method, path, body, headers)
        said.append(response.text + str(response.headers))

    provider = {
        "provider": "openai",
        "api_key": PROVIDER_KEY,
        "base_url": "https://nowhere.invalid",
    }
    await ask("POST", "/providers", provider)
    await ask("POST", "/providers", {**provider, "base_url": "https://127.0.0.1/"})
    await ask(
        "POST",
        "/providers",
        {**provider, "base_url": f"https://u:{quote(PROVIDER_KEY, safe='')}@x/"},
    )
    await ask("POST", "/providers", {**provider, "provider": PROVIDER_KEY})
    await ask(
        "POST", "/providers", {"provider": "openai", "api_key": PROVIDER_KEY + " " + PROVIDER_KEY}
    )
    await ask("POST", "/providers", {PROVIDER_KEY: PROVIDER_KEY})
    await ask("POST", "/providers", [PROVIDER_KEY])
    await ask("POST", "/setup", form)
    await ask("POST", "/auth/login", {"email": "o@example.com", "password": PASSWORD + "x"})
    await ask("POST", "/auth/login", {"email": PASSWORD, "password": PASSWORD})
    for secret in (*minted, session, PROVIDER_KEY, token):
        await ask("GET", f"/keys?cursor={quote(secret)}")
        await ask("DELETE", f"/keys/{quote(secret, safe='')}")
        await ask("GET", f"/{quote(secret, safe='')}")
        await ask("GET", "/keys", None, {"x-quotah-workspace": secret})
        await ask("POST", "/keys", {"name": "k", "kind": secret})
        await ask("GET", "/keys", None, {**bearer(secret[:-1] + "-"), "cookie": ""})
    for path in ("/me", "/keys", "/providers", "/workspaces", "/onboarding", "/instance"):
        await ask("GET", path)
    for key in minted:
        response = await plane.client().get("/api/v1/keys", headers=bearer(key))
        said.append(response.text)
    said.append((await plane.client().get("/metrics")).text)
    # The token against forged requests is told by /me on purpose; it is no secret of this list.
    assert csrf in "".join(said)
    return [token, PASSWORD, session, PROVIDER_KEY, *minted], said


@pytest.fixture
def debug_logs(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    caplog.set_level(logging.DEBUG)
    yield caplog
    structlog.reset_defaults()


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("control.sqlite*"))


async def gather(
    plane: Plane, debug_logs: pytest.LogCaptureFixture, folder: Path
) -> tuple[list[str], dict[str, bytes]]:
    with capture_logs() as logs:
        secrets, said = await live(plane)
    places = {
        "answers": "\n".join(said).encode(),
        "our log": json.dumps(logs).encode(),
        "libraries' logs": "\n".join(
            record.getMessage()
            for record in debug_logs.records
            # The client of this test is not the product; what it logs of its own questions is left out.
            if not (record.name == "httpx2" and ORIGIN in record.getMessage())
        ).encode(),
    }
    await plane.database.close()
    places |= {str(file): file.read_bytes() for file in _files(folder)}
    return secrets, places


async def test_no_secret_is_found_in_answers_logs_or_the_database(
    sqlite_plane: Plane, debug_logs: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    secrets, places = await gather(sqlite_plane, debug_logs, tmp_path)
    assert len(secrets) == 7
    assert len(places) >= 4
    assert all(places[name] for name in ("answers", "our log"))
    assert leaks(secrets, places) == []


@pytest.mark.parametrize("disguise", list(disguises(PROVIDER_KEY)))
def test_control_a_planted_leak_is_found(disguise: bytes) -> None:
    places = {"log": b'{"event": "request", "body": "' + disguise + b'"}', "clean": b"nothing"}
    assert ("log", disguise) in leaks([PROVIDER_KEY, mint_key("admin")], places)
