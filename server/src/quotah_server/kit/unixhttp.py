"""HTTP over a unix socket, with the standard library: how our own processes talk to each other."""

from __future__ import annotations

import http.client
import socket


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection to a unix socket instead of a host."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Open the socket; raises OSError when nobody listens there."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def request(
    path: str,
    method: str,
    target: str,
    *,
    body: bytes | None = None,
    content_type: str = "application/json",
    timeout_s: float = 30.0,
) -> tuple[int, bytes]:
    """Send one request and read the whole answer: (status, body). Raises OSError when it fails."""
    connection = UnixConnection(path, timeout_s)
    try:
        connection.request(method, target, body=body, headers={"content-type": content_type})
        response = connection.getresponse()
        return response.status, response.read()
    except http.client.HTTPException as error:
        raise OSError(f"the answer from {path} was cut short") from error
    finally:
        connection.close()
