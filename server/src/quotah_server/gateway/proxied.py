"""Calls that leave through the system's proxy: pyreqwest knows how to talk to one.

Nothing is decoded, no redirect is followed, no cookie kept. Answers are streamed with the library's
read-ahead off: with it on, the first chunk of a slow stream came only when 64 kB or the end had.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta

from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import (
    BuilderError,
    ConnectError,
    ConnectTimeoutError,
    RequestError,
    RequestTimeoutError,
)
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response

from quotah_server.gateway.ways import Headers, UpstreamError


class ProxiedResponse:
    """An answer that comes through a proxy. Close it in any case."""

    __slots__ = ("_reader", "_request", "headers", "status")

    def __init__(self, request: StreamRequest, response: Response) -> None:
        self._request = request
        self._reader = response.body_reader
        self.status = response.status
        self.headers = _readable(response)

    async def chunk(self) -> bytes | None:
        """The next bytes as they arrive, None at the end; raises UpstreamError when it is cut short."""
        try:
            data = await self._reader.read_chunk()
        except RequestError as error:
            raise _explain(error, "the answer was cut short") from error
        return None if data is None else bytes(data)

    async def pump(self, take: Callable[[bytes], bool]) -> bool:
        """Hand chunks on as they arrive, as long as ``take`` says True; tells whether that was all."""
        while (chunk := await self.chunk()) is not None:
            if not take(chunk):
                return False
        return True

    async def rest(self) -> bytes:
        """All that is still to come, at once; for answers whose announced length is small."""
        try:
            return bytes(await self._reader.bytes())
        except RequestError as error:
            raise _explain(error, "the answer was cut short") from error

    async def close(self) -> None:
        """Release the connection; an answer that is still coming is aborted."""
        await self._request.__aexit__(None, None, None)


class Proxied:
    """A pool of connections through proxies, which are those that the environment names."""

    def __init__(self, *, connect_s: float) -> None:
        self._client = _builder(connect_s).build()

    async def send(self, method: str, url: str, headers: Headers, body: bytes) -> ProxiedResponse:
        """Send a request; returns when the head of the answer is there. Raises UpstreamError."""
        try:
            builder = self._client.request(method, url).headers(headers)
            if body:
                builder = builder.body_bytes(body)
            request = builder.streamed_read_buffer_limit(0).build_streamed()
            response = await request.__aenter__()
        except BuilderError as error:
            raise UpstreamError("bad_request_target", str(error), sent=False) from error
        except RequestError as error:
            raise _explain(error, "no answer") from error
        return ProxiedResponse(request, response)

    async def close(self) -> None:
        """Close idle connections."""
        await self._client.close()


def _readable(response: Response) -> list[tuple[str, str]]:
    """The headers of an answer; a value that is no text is left out, as no server could send it on."""
    try:
        return list(response.headers.items())
    except ValueError:
        pass
    found: list[tuple[str, str]] = []
    for name in dict.fromkeys(response.headers.keys()):
        with contextlib.suppress(ValueError):
            found += [(name, value) for value in response.get_header_all(name)]
    return found


def _builder(connect_s: float) -> ClientBuilder:
    return (
        ClientBuilder()
        .follow_redirects(enable=False)
        .gzip(enable=False)
        .brotli(enable=False)
        .zstd(enable=False)
        .deflate(enable=False)
        .referer(enable=False)
        .default_cookie_store(enable=False)
        .http1_lower_case_headers()
        .connect_timeout(timedelta(seconds=connect_s))
    )


def _explain(error: RequestError, what: str) -> UpstreamError:
    causes = error.details.get("causes") or []
    reason = causes[-1]["message"] if causes else error.message
    if isinstance(error, ConnectTimeoutError):
        return UpstreamError("connect_timeout", f"{what}: connecting took too long", sent=False)
    if isinstance(error, RequestTimeoutError):
        return UpstreamError("timeout", f"{what}: {reason}", sent=True)
    # A connection lost while the request was on its way is a ConnectError too; only its causes tell.
    if isinstance(error, ConnectError) and any("(Connect)" in c["message"] for c in causes):
        return UpstreamError("connection_failed", f"{what}: {reason}", sent=False)
    return UpstreamError("connection_lost", f"{what}: {reason}", sent=True)
