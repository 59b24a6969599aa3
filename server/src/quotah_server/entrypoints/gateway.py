"""The data plane as a process: the gateway on its port."""

from __future__ import annotations

import asyncio
import gc
import os
import resource

import structlog

from quotah_server import __version__
from quotah_server.catalog.book import load_packaged
from quotah_server.entrypoints import child, instance, logs, serving
from quotah_server.entrypoints.ring import await_ring
from quotah_server.entrypoints.settings import Settings
from quotah_server.gateway.clients import most_clients
from quotah_server.gateway.compose import build
from quotah_server.gateway.limits import MIB
from quotah_server.gateway.server import Server
from quotah_server.gateway.ways import Outward

_log = structlog.get_logger("quotah.gateway")
_CLOSE_S = 2.0
_FILES_MOST = 65_536
_GARBAGE_AFTER = 10_000


async def main(stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set; then finish what runs and flush the journal."""
    settings = Settings()
    logs.configure(settings, "gateway")
    folder = instance.open_folder(settings.data_dir)
    if child.LEASH_VARIABLE not in os.environ:
        port = settings.gateway_port
        instance.check_port(settings.host, port, "gateway", "QUOTAH_GATEWAY_PORT")
    ring = await await_ring(settings, folder, stop)
    if ring is None:
        return
    outward = Outward(settings.egress_rules, settings.gateway_http2)
    gateway = build(
        folder.path, folder.socket, ring, load_packaged(), outward=outward,
        cache_bytes=settings.gateway_cache_mb * MIB,
    )  # fmt: skip
    await gateway.start()
    _settle_memory()
    gateway.clients.most = settings.gateway_connections or most_clients(_open_files())
    server = Server(gateway.__rsgi__, settings.host, settings.gateway_port, clients=gateway.clients)
    running = serving.Running([server])
    _log.info("gateway_started", version=__version__, port=settings.gateway_port)
    try:
        await running.until(stop)
    finally:
        await gateway.shutdown()
        await running.close(_CLOSE_S)
        _log.info("gateway_stopped")


def _settle_memory() -> None:
    """What is there now stays: the search for garbage looks at what calls leave, and less often, as they
    leave next to none that is not freed at once."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_AFTER)


def _open_files() -> int:
    """How many files this process may have open, once it has raised that as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES_MOST if hard == resource.RLIM_INFINITY else min(hard, _FILES_MOST)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return _FILES_MOST if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):
        return soft
    return wanted


if __name__ == "__main__":
    child.run(main)
