"""The event side of the API, once per test, on a copy of one prepared control database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from features.events_rig import Accounts, Rig, make_accounts, open_rig


@pytest.fixture(scope="session")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Accounts:
    return asyncio.run(make_accounts(tmp_path_factory.mktemp("accounts")))


@pytest.fixture
async def rig(tmp_path: Path, accounts: Accounts) -> AsyncIterator[Rig]:
    async with open_rig(tmp_path, accounts) as opened:
        yield opened
