"""One HTTP POST of a batch, over the standard library."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import ssl
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

_TIMEOUT_S = 10.0
_LONGEST_WAIT_S = 60.0
_MAX_ANSWER = 4 * 1024 * 1024
_TAKEN = (200, 202, 207)
_TOO_LARGE = 413
_RETRIED = frozenset({408, 425, 429})
_SERVER_ERROR = 500


class BadUrlError(ValueError):
    """The URL of Quotah is none that can be called."""


@dataclass
class Outcome:
    """What became of a batch. Exactly one of ``taken``, ``again``, ``split`` is true, or none: the
    server will never take it."""

    taken: bool = False
    again: bool = False
    split: bool = False
    rejected: int = 0
    wait_s: float | None = None
    error: str = ""


@dataclass
class Poster:
    """Keeps one connection to the server."""

    url: str
    api_key: str
    _connection: http.client.HTTPConnection | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            # Not quoted: what stands there may be the key, given in the wrong place.
            raise BadUrlError("it is no http:// or https:// URL")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path.rstrip("/") + "/api/v1/events"

    def post(self, events: list[bytes]) -> Outcome:
        """Send a batch of encoded events. Trouble in reaching the server is ``again``, no error."""
        body = gzip.compress(b"[" + b",".join(events) + b"]", 5)
        reused = self._connection is not None
        outcome = self._try(body)
        if reused and outcome.again and outcome.wait_s is None and not outcome.error[:1].isdigit():
            # The server closed the idle connection: a fresh one tells whether it is there.
            outcome = self._try(body)
        return outcome

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        if self._connection is None:
            if self._secure:
                self._connection = http.client.HTTPSConnection(
                    self._host, self._port, timeout=_TIMEOUT_S, context=ssl.create_default_context()
                )
            else:
                self._connection = http.client.HTTPConnection(
                    self._host, self._port, timeout=_TIMEOUT_S
                )
        return self._connection

    def _try(self, body: bytes) -> Outcome:
        headers = {
            "authorization": f"Bearer {self.api_key}",
            "content-type": "application/json",
            "content-encoding": "gzip",
            "user-agent": "quotah-python",
        }
        try:
            connection = self._connect()
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            text = answer.read(_MAX_ANSWER)
            if answer.will_close or not answer.isclosed():
                self.close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            return Outcome(again=True, error=f"{type(error).__name__}: {error}"[:200])
        return _outcome(answer.status, text, answer.headers.get("retry-after"))


def _outcome(status: int, text: bytes, retry_after: str | None) -> Outcome:
    if status in _TAKEN:
        rejected = _rejected(text)
        if rejected is None:
            return Outcome(again=True, error=f"{status} with an answer that is not Quotah's")
        return Outcome(taken=True, rejected=rejected)
    if status == _TOO_LARGE:
        return Outcome(split=True, error="413 the batch is too large")
    if status in _RETRIED or status >= _SERVER_ERROR:
        return Outcome(again=True, wait_s=_seconds(retry_after), error=f"{status} from the server")
    return Outcome(error=f"{status} from the server: is the API key one of kind ingest?")


def _rejected(text: bytes) -> int | None:
    """Events that the server found wrong; None when the answer is no answer of Quotah."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    if not isinstance(parsed, dict) or "accepted" not in parsed:
        return None
    count = cast("dict[str, Any]", parsed).get("rejected", 0)
    return count if isinstance(count, int) else 0


def _seconds(retry_after: str | None) -> float | None:
    try:
        return None if retry_after is None else min(max(0.0, float(retry_after)), _LONGEST_WAIT_S)
    except ValueError:
        return None
