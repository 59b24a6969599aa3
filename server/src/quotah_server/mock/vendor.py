"""What sets one vendor's API apart: its paths, where keys stand, how errors read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

import msgspec

from quotah_server.mock.desk import Answer, Visit
from quotah_server.mock.exchange import Request, Trouble, sse

Handler = Callable[[Visit], Answer]


class Route(msgspec.Struct, frozen=True):
    """A method and a path below the vendor's prefix; ``{word}`` takes one segment, or what stands
    before a colon."""

    method: str
    path: str
    handler: Handler


def _pattern(path: str) -> re.Pattern[str]:
    words = re.split(r"\{(\w+)\}", path)
    parts = [f"(?P<{w}>[^/:]+)" if i % 2 else re.escape(w) for i, w in enumerate(words)]
    return re.compile("".join(parts))


def plain_stream_error(body: object, first: bytes) -> bytes:
    """An error inside a stream of server-sent events, named where the others are named."""
    return sse(body, event="error" if first.startswith(b"event:") else None)


class Vendor:
    """One vendor below ``prefix``.

    ``error_body`` takes the trouble and the request's id. ``id_header``: where the request's id is
    told, if anywhere. ``needed_header``: refused without it. ``keyless_status``: the answer to a
    request without a key. ``retry_headers``: a 429 tells in headers when to come back.
    """

    def __init__(
        self,
        name: str,
        routes: tuple[Route, ...],
        error_body: Callable[[Trouble, str], object],
        *,
        id_header: str | None = None,
        key_headers: tuple[str, ...] = ("authorization", "api-key", "x-api-key"),
        key_query: str | None = None,
        needed_header: str | None = None,
        needed_query: str | None = None,
        keyless_status: int = 401,
        retry_headers: bool = True,
        stream_error: Callable[[object, bytes], bytes] = plain_stream_error,
    ) -> None:
        self.name = name
        self.error_body = error_body
        self.id_header = id_header
        self._needed_header = needed_header
        self._needed_query = needed_query
        self._keyless_status = keyless_status
        self.retry_headers = retry_headers
        self.stream_error = stream_error
        self._key_headers = key_headers
        self._key_query = key_query
        self._routes = [(route, _pattern(route.path)) for route in routes]

    def route(self, method: str, path: str) -> tuple[Handler, Mapping[str, str]] | None:
        """The handler of a path below the prefix, and the words in it."""
        for route, pattern in self._routes:
            if route.method == method and (found := pattern.fullmatch(path)):
                return route.handler, found.groupdict()
        return None

    def key_of(self, request: Request) -> str:
        """The key that was presented, or nothing."""
        for name in self._key_headers:
            value = request.headers.get(name, "").strip()
            if name == "authorization":
                scheme, _, token = value.partition(" ")
                value = token.strip() if scheme.lower() == "bearer" else ""
            if value:
                return value
        if self._key_query is None:
            return ""
        return parse_qs(request.query).get(self._key_query, [""])[0]

    def objection(self, request: Request, key: str) -> tuple[int, str] | None:
        """Why a request is refused before it is read: status and message."""
        if not key:
            return self._keyless_status, "No API key: any key that is not empty will do."
        if self._needed_header and self._needed_header not in request.headers:
            return 400, f"{self._needed_header}: header is required"
        if self._needed_query and self._needed_query not in parse_qs(request.query):
            return 404, f"{self._needed_query}: query parameter is required"
        return None
