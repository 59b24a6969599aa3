"""What the gateway asks of the control plane over the unix socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from quotah_server.catalog.book import load_packaged
from quotah_server.domain.gateway_state import GatewayState, encode
from quotah_server.entrypoints.admin import Admin
from quotah_server.entrypoints.compose import build_api
from quotah_server.entrypoints.instance import open_folder
from quotah_server.entrypoints.internal import internal_app
from quotah_server.entrypoints.parts import open_parts
from quotah_server.entrypoints.settings import Settings
from quotah_server.features.gateways.reports import MAX_BODY


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    settings = Settings(data_dir=tmp_path / "data")
    folder = open_folder(settings.data_dir)
    async with open_parts(settings, folder) as parts, build_api(parts) as api:
        app = internal_app(Admin(parts), api.publisher, api.take, parts.shelf.data, parts.gateways)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://quotah") as client:
            yield client


async def test_a_list_book_is_given_out_by_its_version(door: httpx2.AsyncClient) -> None:
    book = load_packaged()
    found = await door.get(f"/internal/v1/books/{book.version}")
    assert (found.status_code, found.content) == (200, book.data)


@pytest.mark.parametrize("version", ["0123456789ab", "..%2F..%2Fsecret.key", "v1", "x" * 500])
async def test_there_is_no_other_file_behind_that_door(
    door: httpx2.AsyncClient, version: str
) -> None:
    assert (await door.get(f"/internal/v1/books/{version}")).status_code == 404


def report(**more: Any) -> bytes:
    at = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    return encode(GatewayState(gateway_id="a" * 32, at=at, started_at=at, **more))


async def test_a_gateway_tells_of_itself(door: httpx2.AsyncClient) -> None:
    answer = await door.post("/internal/v1/gateway-state", content=report(in_flight=3))
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize("body", [b"", b"{}", report()[:-1], b"\x91" * 5000])
async def test_what_is_no_report_of_a_gateway_is_refused(
    door: httpx2.AsyncClient, body: bytes
) -> None:
    answer = await door.post("/internal/v1/gateway-state", content=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_a_report_is_read_to_its_bound_and_no_further(door: httpx2.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10 * MAX_BODY:
            sent += 1_000_000
            yield bytes(1_000_000)

    answer = await door.post("/internal/v1/gateway-state", content=endless())
    assert (answer.status_code, "larger" in answer.json()["detail"]) == (422, True)
