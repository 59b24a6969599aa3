"""The control plane as a process: the API and dashboard on a port, the internal door on a unix socket."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack

import structlog
from granian.constants import Interfaces

from quotah_server import __version__
from quotah_server.entrypoints import child, instance, logs, serving, web
from quotah_server.entrypoints.admin import Admin
from quotah_server.entrypoints.compose import build_api
from quotah_server.entrypoints.internal import internal_app
from quotah_server.entrypoints.parts import open_parts
from quotah_server.entrypoints.settings import Settings

_log = structlog.get_logger("quotah.api")
_CLOSE_S = 5.0


async def main(stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set."""
    settings = Settings()
    logs.configure(settings, "api")
    folder = instance.open_folder(settings.data_dir)
    async with AsyncExitStack() as stack:
        if child.LEASH_VARIABLE not in os.environ:
            held = instance.lock(folder)
            stack.callback(instance.unlock, held)
            instance.check_port(settings.host, settings.api_port, "dashboard", "QUOTAH_API_PORT")
        parts = await stack.enter_async_context(open_parts(settings, folder))
        api = await stack.enter_async_context(build_api(parts))
        web.mount(api.app, web.find_dist())
        internal = internal_app(
            Admin(parts), api.publisher, api.take, parts.shelf.data, parts.gateways
        )
        running = serving.Running(
            [
                serving.unix(internal, folder.socket, Interfaces.ASGINL),
                serving.tcp(api.app, settings.host, settings.api_port, Interfaces.ASGINL),
            ]
        )
        _log.info("api_started", version=__version__, port=settings.api_port)
        try:
            await running.until(stop)
        finally:
            api.closing()
            await running.close(_CLOSE_S)
            folder.socket.unlink(missing_ok=True)
            _log.info("api_stopped")


if __name__ == "__main__":
    child.run(main)
