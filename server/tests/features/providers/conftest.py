"""Fixtures of the provider keys' tests: a vendor on loopback, and a control plane that may reach it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from plane import Plane
from upstream import Upstream, upstream

from quotah_server.net.addresses import parse_rules
from quotah_server.net.egress import Egress
from quotah_server.store.control.session import Database


@pytest.fixture
async def vendor() -> AsyncIterator[Upstream]:
    async with upstream() as found:
        yield found


@pytest.fixture
async def plane(database: Database, vendor: Upstream) -> AsyncIterator[Plane]:
    """A control plane that may reach the vendor on loopback."""
    plane = Plane(database, egress=Egress(parse_rules("", vendor.origin)))
    yield plane
    await plane.close()
