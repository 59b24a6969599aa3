"""What both server processes share: one event loop, a clean end, and never outliving the supervisor."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable
from typing import NoReturn

import uvloop

from quotah_server.domain.errors import StartupError

EXIT_CONFIG = 78
"""Exit status that says: do not restart, the message tells what to change."""
LEASH_VARIABLE = "QUOTAH_SUPERVISOR_FD"
"""Names the inherited pipe that closes when the supervisor is gone."""


def run(main: Callable[[asyncio.Event], Awaitable[None]]) -> NoReturn:
    """Run ``main(stop)`` until SIGTERM, SIGINT or the end of the supervisor sets ``stop``."""

    async def body() -> None:
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        _watch_leash(loop, stop)
        await main(stop)

    os.umask(0o077)
    gc.freeze()
    try:
        uvloop.run(body())
    except StartupError as error:
        sys.stderr.write(f"{error.message}\n")
        end(EXIT_CONFIG)
    except Exception:  # noqa: BLE001 -- the end of the process, whatever it was
        traceback.print_exc()
        end(1)
    end(0)


def end(status: int) -> NoReturn:
    """Leave at once: everything is closed by now, and DuckDB's bindings would report leaks that an
    ending process does not have.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _watch_leash(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    fd_text = os.environ.get(LEASH_VARIABLE)
    if fd_text is None:
        return

    def wait() -> None:
        os.read(int(fd_text), 1)
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, name="supervisor-leash", daemon=True).start()
