"""Puts the API together: parts in, a served application out. The one place that knows every feature."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from quotah_server import __version__
from quotah_server.domain.errors import StartupError
from quotah_server.domain.event import PricedEvent
from quotah_server.entrypoints.mock_host import MockHost
from quotah_server.entrypoints.parts import Parts
from quotah_server.entrypoints.settings import Settings
from quotah_server.features.auth import endpoints as auth
from quotah_server.features.auth.service import ControlAuthenticator, SessionPolicy
from quotah_server.features.keys import endpoints as keys
from quotah_server.features.members import endpoints as members
from quotah_server.features.onboarding import endpoints as onboarding
from quotah_server.features.providers import endpoints as providers
from quotah_server.features.samples import endpoints as samples
from quotah_server.features.setup import endpoints as setup
from quotah_server.features.setup.service import Instance, address_warnings
from quotah_server.features.snapshot.service import SnapshotPublisher
from quotah_server.features.workspaces import endpoints as workspaces
from quotah_server.http.app import AppOptions, build_app
from quotah_server.http.deps import Toolbox
from quotah_server.http.frame import Network

ROUTERS = (
    setup.router,
    auth.router,
    members.router,
    workspaces.router,
    keys.router,
    providers.router,
    onboarding.router,
    samples.router,
)


class Api:
    """The running API and what the process around it needs of it."""

    def __init__(self, app: FastAPI, publisher: SnapshotPublisher, parts: Parts) -> None:
        self.app = app
        self.publisher = publisher
        self._parts = parts

    async def take(self, events: list[PricedEvent]) -> dict[str, object]:
        """Store events of the gateway; returns the receipt."""
        import asyncio

        result = await asyncio.to_thread(self._parts.store.append, events)
        return {
            "accepted": len(result.accepted),
            "duplicates": len(result.duplicates),
            "conflicts": len(result.conflicts),
            "rejected": result.rejected,
        }

    def closing(self) -> None:
        """Let go of long-lived answers, so that the servers can end."""


@asynccontextmanager
async def build_api(parts: Parts) -> AsyncGenerator[Api]:
    """Build the API on open parts."""
    settings = parts.settings
    publisher = SnapshotPublisher(parts.database)
    toolbox = Toolbox(
        parts.database,
        ControlAuthenticator(parts.database),
        parts.passwords,
        SessionPolicy(settings.session_days),
        Instance(
            version=__version__,
            gateway_url=settings.gateway_base_url,
            api_url=settings.dashboard_url,
            warnings=address_warnings(settings.dashboard_url),
        ),
        publisher,
        parts.vault,
        parts.mock,
        parts.samples,
    )
    app = build_app(_options(settings), toolbox, ROUTERS)
    mock = MockHost(parts.database, settings.mock_port)
    try:
        await mock.start_if_wanted()
        yield Api(app, publisher, parts)
    finally:
        await mock.close()


def _options(settings: Settings) -> AppOptions:
    return AppOptions(version=__version__, trusted=trusted_networks(settings.trusted_proxies))


def trusted_networks(text: str) -> tuple[Network, ...]:
    """Read a comma-separated list of CIDRs; raises StartupError naming the one that is none."""
    networks: list[Any] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks.append(ipaddress.ip_network(entry))
        except ValueError as error:
            raise StartupError(
                f"QUOTAH_TRUSTED_PROXIES holds {entry!r}, which is no CIDR."
            ) from error
    return tuple(networks)
