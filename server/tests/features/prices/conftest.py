"""The API of prices, once per test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from features.prices.desk import PriceDesk, open_desk
from upstream import Upstream, upstream

from quotah_server.store.control import migrate
from quotah_server.store.control.session import Database, control_url


@pytest.fixture
async def publisher() -> AsyncIterator[Upstream]:
    async with upstream() as found:
        yield found


@pytest.fixture
async def desk(tmp_path: Path, publisher: Upstream) -> AsyncIterator[PriceDesk]:
    url = control_url(None, tmp_path / "control.sqlite")
    migrate.upgrade(url)
    async with open_desk(tmp_path, Database(url), publisher) as found:
        yield found
