"""The gateway's conversation with the control plane, over its unix socket."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from pathlib import Path

import msgspec

from quotah_server.kit.unixhttp import request
from quotah_server.pipeline.drain import RefusedError

_MSGPACK = "application/msgpack"
SNAPSHOT_SLACK_S = 2.5
"""How much longer than it was asked to wait the control plane may take before it counts as hung."""
_BOOK_S = 5.0


class _Receipt(msgspec.Struct):
    accepted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    rejected: dict[str, str] = {}


class ControlPlane:
    """Asks for snapshots and hands events on. Methods block; any thread may use them."""

    def __init__(self, socket_path: Path) -> None:
        self._socket = str(socket_path)

    def snapshot(self, after: int, wait_s: float) -> bytes | None:
        """The newest snapshot (msgpack) when it is newer than ``after``; None when it is not."""
        status, body = request(
            self._socket,
            "GET",
            f"/internal/v1/snapshot?after={after}&wait={wait_s:g}",
            timeout_s=wait_s + SNAPSHOT_SLACK_S,
        )
        if status == http.client.NOT_MODIFIED:
            return None
        if status != http.client.OK:
            raise OSError(f"the control plane answered {status} for the snapshot")
        return body

    def book(self, version: str) -> bytes:
        """The bytes of a list book; raises OSError when the control plane does not give it."""
        status, body = request(
            self._socket, "GET", f"/internal/v1/books/{version}", timeout_s=_BOOK_S
        )
        if status != http.client.OK:
            raise OSError(f"the control plane answered {status} for the price book")
        return body

    def report(self, state: bytes, timeout_s: float) -> None:
        """Hand on a ``GatewayState`` (msgpack); raises OSError when nobody takes it in time."""
        status, _ = request(
            self._socket,
            "POST",
            "/internal/v1/gateway-state",
            body=state,
            content_type=_MSGPACK,
            timeout_s=timeout_s,
        )
        if status >= http.client.BAD_REQUEST:
            raise OSError(f"the control plane answered {status} for the gateway's state")

    def deliver(self, events: list[bytes]) -> Mapping[str, str]:
        """Hand events on, each encoded as the journal holds it; returns once they are stored, with
        those refused for good and why.

        Raises RefusedError when the whole batch is unacceptable, OSError when nobody answers.
        """
        status, body = request(
            self._socket,
            "POST",
            "/internal/v1/events",
            body=_array_head(len(events)) + b"".join(events),
            content_type=_MSGPACK,
        )
        if status in (400, 413, 415, 422):
            raise RefusedError(f"the control plane answered {status}: {body[:300]!r}")
        if status != http.client.OK:
            raise OSError(f"the control plane answered {status} for events")
        try:
            return msgspec.json.decode(body, type=_Receipt).rejected
        except msgspec.DecodeError as error:
            raise OSError("the control plane's receipt is unreadable") from error


def _array_head(length: int) -> bytes:
    """The msgpack header of an array: encoded elements follow as they are, without another pass."""
    return b"\xdd" + length.to_bytes(4)
