"""The provider of the benchmark: as little work as possible between a request and its bytes.

    python upstream.py PORT PAUSE_MS DELTAS

A request with ``"stream":true`` is answered by DELTAS events, one write each, PAUSE_MS apart, the first
at once; any other by one JSON body after PAUSE_MS.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

import uvloop

BODY = (
    b'{"id":"chatcmpl-bench","object":"chat.completion","created":1794000000,"model":"gpt-4o-mini",'
    b'"choices":[{"index":0,"message":{"role":"assistant","content":"'
    + b"All cats are grey in the dark. "
    * 12
    + b'"},"finish_reason":"stop"}],"usage":{"prompt_tokens":24,"completion_tokens":96,'
    b'"total_tokens":120,"prompt_tokens_details":{"cached_tokens":0},'
    b'"completion_tokens_details":{"reasoning_tokens":0}}}'
)
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
_EVENT = (
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1794000000,'
    b'"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}],'
    b'"usage":null}\n\n'
)
_LAST = (
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1794000000,'
    b'"model":"gpt-4o-mini","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}\n\n'
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1794000000,'
    b'"model":"gpt-4o-mini","choices":[],"usage":{"prompt_tokens":24,"completion_tokens":64,'
    b'"total_tokens":88}}\n\ndata: [DONE]\n\n'
)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Provider(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self, pause_s: float, deltas: int) -> None:
        self._pause_s = pause_s
        self._deltas = deltas
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._delta = _chunk(_EVENT)
        self._end = _chunk(_LAST) + b"0\r\n\r\n"
        self._whole = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" + (
            b"content-length: %d\r\n\r\n%s" % (len(BODY), BODY)
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        _, _, rest = head.lower().partition(b"content-length:")
        length = int(rest.partition(b"\r\n")[0] or 0)
        if len(body) < length:
            return
        self._buffer = body[length:]
        if b'"stream":true' in body:
            self._transport.write(_STREAM_HEAD + self._delta)
            self._loop.call_later(self._pause_s, self._next, 1)
        elif self._pause_s:
            self._loop.call_later(self._pause_s, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._whole)

    def _next(self, sent: int) -> None:
        if self._transport.is_closing():
            return
        if sent < self._deltas:
            self._transport.write(self._delta)
            self._loop.call_later(self._pause_s, self._next, sent + 1)
        else:
            self._transport.write(self._end)


async def main(port: int, pause_s: float, deltas: int) -> None:
    """Serve for ever."""
    server = await asyncio.get_running_loop().create_server(
        lambda: Provider(pause_s, deltas), "127.0.0.1", port, backlog=1024
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), float(sys.argv[2]) / 1000, int(sys.argv[3])))
