"""What commands do to the data: through the admin socket while Quotah runs, else on the folder itself."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

from quotah_server.domain.errors import QuotahError, StartupError, UnavailableError
from quotah_server.entrypoints import instance, logs
from quotah_server.entrypoints.settings import Settings
from quotah_server.kit import unixhttp

_BUSY_S = 60.0
_LOOK_EVERY_S = 0.05


class _NobodyListensError(Exception):
    """The folder is taken, and no server has opened its socket (yet)."""


def call(
    settings: Settings, command: str, args: dict[str, Any], *, timeout_s: float = 60.0
) -> dict[str, Any]:
    """Run one command and return its result; raises QuotahError with the reason when it is refused.

    While another command has the folder, or Quotah is just starting on it, this one waits.
    """
    folder = instance.open_folder(settings.data_dir)
    deadline = time.monotonic() + _BUSY_S
    while True:
        try:
            held = instance.lock(folder)
        except StartupError:
            try:
                return _remote(folder.socket, command, args, timeout_s)
            except _NobodyListensError as error:
                if time.monotonic() > deadline:
                    raise UnavailableError(
                        f"Another command has had the data folder {folder.path} for "
                        f"{_BUSY_S:.0f} s: try again when it has ended."
                    ) from error
                time.sleep(_LOOK_EVERY_S)
            continue
        try:
            return asyncio.run(_local(settings, folder, command, args))
        finally:
            instance.unlock(held)


def _remote(socket: Path, command: str, args: dict[str, Any], timeout_s: float) -> dict[str, Any]:
    try:
        status, body = unixhttp.request(
            str(socket),
            "POST",
            f"/admin/v1/{command}",
            body=json.dumps(args).encode(),
            timeout_s=timeout_s,
        )
        answer: dict[str, Any] = json.loads(body)
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise _NobodyListensError from error
    except (OSError, ValueError) as error:
        raise UnavailableError(
            f"Quotah runs on this data folder but its admin socket {socket} does not answer ({error}): "
            "try again in a moment, or look at its messages."
        ) from error
    if status >= 400:
        raise QuotahError(
            str(answer.get("detail", body)), field=answer.get("field"), hint=answer.get("hint")
        )
    return answer


async def _local(
    settings: Settings, folder: instance.DataFolder, command: str, args: dict[str, Any]
) -> dict[str, Any]:
    from quotah_server.entrypoints.admin import Admin
    from quotah_server.entrypoints.admin_gateway import DROP_UNREADABLE
    from quotah_server.entrypoints.parts import open_parts

    logs.configure(settings, "command")
    giving_up = command == DROP_UNREADABLE
    async with open_parts(settings, folder, giving_up_keys=giving_up) as parts:
        return await Admin(parts).run(command, args)
