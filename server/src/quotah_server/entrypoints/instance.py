"""One instance of Quotah: its data folder, the lock on it, its sockets and ports."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quotah_server.domain.errors import StartupError

_SOCKET_PATH_MAX = 100
"""Bytes that a unix socket's path may have (the kernel's limit is 107)."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The folder that holds everything Quotah keeps."""

    path: Path

    @property
    def socket(self) -> Path:
        """The admin and internal socket, 0600; moved to the temporary folder where the path is too long."""
        wanted = self.path / "run" / "quotah.sock"
        if len(os.fsencode(wanted)) <= _SOCKET_PATH_MAX:
            return wanted
        tag = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"quotah-{os.getuid()}-{tag}" / "quotah.sock"

    @property
    def control_db(self) -> Path:
        return self.path / "control.db"

    @property
    def events_db(self) -> Path:
        return self.path / "events.duckdb"

    @property
    def secret(self) -> Path:
        return self.path / "secret.key"

    @property
    def gateway(self) -> Path:
        """What the gateway process alone owns: journal, intents, snapshot."""
        return self.path / "gateway"

    @property
    def api(self) -> Path:
        """What the API process alone owns beside the stores: its journal."""
        return self.path / "api"

    @property
    def books(self) -> Path:
        """Price books that stored events cite; the API's."""
        return self.path / "books"

    def state(self) -> dict[str, Any]:
        """Tell what the running instance wrote about itself: pid, urls; empty when there is none."""
        try:
            return json.loads((self.path / "run" / "instance.json").read_text())
        except (OSError, ValueError):
            return {}

    def write_state(self, state: dict[str, Any]) -> None:
        """Leave a note for other commands: who runs here and where."""
        target = self.path / "run" / "instance.json"
        draft = target.with_suffix(".tmp")
        draft.write_text(json.dumps(state))
        draft.replace(target)


def open_folder(path: Path) -> DataFolder:
    """Make the data folder where it is missing and see that it can be written.

    Raises StartupError, one sentence, when it cannot.
    """
    path = path.expanduser().absolute()
    folder = DataFolder(path)
    try:
        for part in (path, path / "run", folder.gateway, folder.api, folder.socket.parent):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = path / "run" / ".probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        reason = error.strerror or str(error)
        raise StartupError(
            f"The data folder {path} cannot be written ({reason}): "
            "give this account the right to write there or set QUOTAH_DATA_DIR to another folder."
        ) from error
    return folder


def lock(folder: DataFolder) -> int:
    """Take the folder for this process; the returned descriptor holds it until it is closed.

    Raises StartupError when another instance has it.
    """
    fd = os.open(folder.path / "run" / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        state = folder.state()
        who = (
            f" (process {state['pid']}, {state['dashboard_url']})"
            if "dashboard_url" in state
            else ""
        )
        raise StartupError(
            f"Quotah already runs on the data folder {folder.path}{who}: "
            "use that one, stop it, or set QUOTAH_DATA_DIR to another folder."
        ) from error
    return fd


def check_port(host: str, port: int, purpose: str, setting: str) -> None:
    """See that a port can be taken; raises StartupError with the way out when it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise StartupError(
                    f"Port {port} for the {purpose} is in use by another program: "
                    f"stop that program or set {setting} to a free port."
                ) from error
            raise StartupError(
                f"The {purpose} cannot listen on {host} port {port} ({error.strerror}): "
                f"set QUOTAH_HOST or {setting} to something this machine can listen on."
            ) from error


def unlock(fd: int) -> None:
    """Let the folder go."""
    os.close(fd)
