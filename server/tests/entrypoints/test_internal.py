"""What the gateway asks of the control plane over the unix socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from quotah_server.catalog.book import load_packaged
from quotah_server.entrypoints.admin import Admin
from quotah_server.entrypoints.compose import build_api
from quotah_server.entrypoints.instance import open_folder
from quotah_server.entrypoints.internal import internal_app
from quotah_server.entrypoints.parts import open_parts
from quotah_server.entrypoints.settings import Settings


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
