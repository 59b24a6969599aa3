"""A provider that answers at once, and streams without end to whoever asks for a stream, at 320 kB/s
per stream, which is several times what a fast model brings.

python provider.py PORT
"""

from __future__ import annotations

import asyncio
import sys

import uvloop

_BODY = (
    b'{"id":"c1","object":"chat.completion","model":"gpt-4o-mini","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"Grey."},"finish_reason":"stop"}],"usage":{"prompt_tokens":24,'
    b'"completion_tokens":2,"total_tokens":26}}'
)
_WHOLE = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (
    len(_BODY),
    _BODY,
)
_PAUSE_S = 0.05
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
_EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"' + b"x" * 16_000 + b'"}}]}\n\n'


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            _, _, rest = head.lower().partition(b"content-length:")
            body = await reader.readexactly(int(rest.partition(b"\r\n")[0] or 0))
            if b'"stream":true' not in body:
                writer.write(_WHOLE)
                continue
            writer.write(_HEAD)
            while True:
                writer.write(_EVENT)
                await writer.drain()
                await asyncio.sleep(_PAUSE_S)
    except (asyncio.IncompleteReadError, ConnectionError, RuntimeError):
        pass
    finally:
        writer.close()


async def main(port: int) -> None:
    """Serve for ever."""
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
