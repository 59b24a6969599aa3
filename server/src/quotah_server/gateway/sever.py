"""Cut a client's connection, so that a stream cut by the provider does not look complete.

The server interface offers no way to end a chunked answer other than properly. But its sockets are
this process's own: the one whose peer is the client is found among our descriptors and shut down,
and the client's HTTP library reports an incomplete answer, as it would without us in between.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

_DESCRIPTORS = Path("/dev/fd")


def sever(client: str) -> bool:
    """Shut down the TCP connection from ``client`` (``host:port``); tells whether it was found."""
    host, _, port = client.rpartition(":")
    if not port.isdigit():
        return False
    wanted = (host.strip("[]"), int(port))
    for entry in _DESCRIPTORS.iterdir():
        with contextlib.suppress(OSError):
            if _shut_if_peer(entry, wanted):
                return True
    return False


def _shut_if_peer(entry: Path, wanted: tuple[str, int]) -> bool:
    descriptor = int(entry.name)
    if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return False
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        if copy.family not in (socket.AF_INET, socket.AF_INET6):
            return False
        if copy.type != socket.SOCK_STREAM or copy.getpeername()[:2] != wanted:
            return False
        copy.shutdown(socket.SHUT_RDWR)
        return True
