"""Run granian's embedded servers inside a process of ours, quietly, until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

SOCKET_MODE = 0o600


def tcp(target: Any, host: str, port: int, interface: Interfaces) -> Server:
    """A server on host and port; HTTP/1.1, as browsers speak it without TLS."""
    return Server(
        target, address=host, port=port, interface=interface, backlog=1024,
        http=HTTPModes.http1,
        websockets=False, log_enabled=False, log_level=LogLevels.error,
    )  # fmt: skip


def unix(target: Any, path: Path, interface: Interfaces) -> Server:
    """A server on a unix socket that only this account can open; a stale file is replaced."""
    path.unlink(missing_ok=True)
    server = Server(
        target, uds=path, interface=interface, backlog=256,
        websockets=False, log_enabled=False, log_level=LogLevels.error,
    )  # fmt: skip
    server.uds_permissions = SOCKET_MODE
    return server


class Serves(Protocol):
    """A server: ``serve`` runs until ``stop``, and until open requests have ended."""

    async def serve(self) -> None: ...
    def stop(self) -> None: ...


class Running:
    """Servers that run as tasks of the current loop."""

    def __init__(self, servers: Sequence[Serves]) -> None:
        self._servers = servers
        self._tasks = [asyncio.create_task(server.serve()) for server in servers]

    async def until(self, stop: asyncio.Event) -> None:
        """Wait for ``stop``; raises what a server raised if one ends before."""
        waiter = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([waiter, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        for task in done:
            if task is not waiter:
                task.result()
                raise RuntimeError("a server ended by itself")

    async def close(self, timeout_s: float) -> None:
        """Stop listening and let open requests end, for a bounded time."""
        for server in self._servers:
            server.stop()
        await asyncio.wait(self._tasks, timeout=timeout_s)
