"""The key ring for stored provider keys; both planes open it, so it knows neither of them.

The control plane makes the file, and only while there is nothing yet that another ring has sealed:
a new ring in the place of a lost one would look like a start and be the loss of every provider key.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import TypeVar

from quotah_server.domain.errors import StartupError
from quotah_server.entrypoints.instance import DataFolder
from quotah_server.entrypoints.settings import Settings
from quotah_server.kit.crypto import KeyRing, SealError, create_ring, load_ring, parse_ring

_Ring = TypeVar("_Ring", KeyRing, KeyRing | None)
_APPEARS_WITHIN_S = 30.0
_LOOK_EVERY_S = 0.05


def find_ring(settings: Settings, folder: DataFolder) -> KeyRing | None:
    """The key ring of this instance, None where none was made yet.

    Raises StartupError when it cannot be read.
    """
    given = settings.secret_key
    if given is not None:
        return _read("QUOTAH_SECRET_KEY", lambda: parse_ring(given.get_secret_value()))
    return _read(str(folder.secret), lambda: load_ring(folder.secret))


def make_ring(folder: DataFolder) -> KeyRing:
    """Make the key ring of a new instance."""
    return _read(str(folder.secret), lambda: create_ring(folder.secret))


async def await_ring(settings: Settings, folder: DataFolder, stop: asyncio.Event) -> KeyRing | None:
    """The key ring as soon as the control plane has made it; None when ``stop`` comes first."""
    deadline = time.monotonic() + _APPEARS_WITHIN_S
    while not stop.is_set():
        ring = find_ring(settings, folder)
        if ring is not None:
            return ring
        if time.monotonic() > deadline:
            raise StartupError(f"{folder.secret} is missing: start `quotah api`, which makes it.")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_EVERY_S)
    return None


def refuse_unreadable(settings: Settings, folder: DataFolder, unreadable: int) -> None:
    """Say that stored provider keys do not open, before anything is written."""
    if not unreadable:
        return
    source = "QUOTAH_SECRET_KEY" if settings.secret_key is not None else str(folder.secret)
    wrong = settings.secret_key is not None or folder.secret.exists()
    state = "is not the key ring of this data" if wrong else "is missing"
    raise StartupError(
        f"{source} {state}: {unreadable} stored provider keys cannot be opened with it. Put the right "
        "one back; if it is lost for good, `quotah providers drop-unreadable` gives those keys up."
    )


def _read(source: str, read: Callable[[], _Ring]) -> _Ring:
    try:
        return read()
    except SealError as error:
        raise StartupError(f"{source} is not a key ring: {error}.") from error
    except OSError as error:
        raise StartupError(f"{source} cannot be read ({error.strerror}).") from error
