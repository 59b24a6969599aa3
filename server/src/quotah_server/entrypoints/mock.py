"""`quotah mock`: the stand-in for a provider, on a port of its own."""

from __future__ import annotations

import asyncio
import errno
import signal
import sys
from pathlib import Path

from quotah_server.domain.errors import StartupError
from quotah_server.mock.app import MockProvider
from quotah_server.mock.wire import serve as listen

_PLACES = {
    "OpenAI": "/openai/v1",
    "Azure": "",
    "Anthropic": "/anthropic",
    "Google": "/gemini",
    "Cohere": "/cohere",
    "Mistral": "/mistral",
    "its log": "/mock/log",
    "its plans": "/mock/plan",
}
"""Base URLs for the vendors' clients, and its own pages."""


def serve(host: str, port: int, log: str | None) -> None:
    """Serve until Ctrl-C; raises StartupError when the port or the log file cannot be had."""
    try:
        provider = MockProvider(Path(log) if log else None)
    except OSError as error:
        raise StartupError(f"The log file {log} cannot be written ({error.strerror}).") from error
    asyncio.run(_run(provider, host, port))


async def _run(provider: MockProvider, host: str, port: int) -> None:
    try:
        server = await listen(provider, host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartupError(f"Port {port} is in use: choose another with --port.") from error
        raise StartupError(f"The mock provider cannot listen on {host} port {port}.") from error
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    origin = f"http://{host}:{server.port}"
    lines = [f"Mock provider on {origin}"]
    lines += [f"  {name:<10} {origin}{path}" for name, path in _PLACES.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    await stop.wait()
    await server.close()
