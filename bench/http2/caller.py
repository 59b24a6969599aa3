"""Calls a provider in one way, in a process of its own, and prints what CPU that took, as JSON.

    python caller.py WAY PORT CERTIFICATE calls|streams COUNT AT_ONCE DELTAS

WAY: http1, http2 (ours), library (h2), pyreqwest.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import library
import uvloop
from pyreqwest.client import ClientBuilder

from quotah_server.gateway.upstream import Upstream
from quotah_server.gateway.ways import Outward, Way

HEADERS = [
    ("authorization", "Bearer sk-bench-0123456789"), ("content-type", "application/json"),
    ("accept", "application/json"), ("user-agent", "OpenAI/Python 2.0.0"),
    ("x-stainless-lang", "python"), ("x-stainless-runtime", "CPython"), ("accept-encoding", "identity"),
]  # fmt: skip
REQUEST = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"What colour are cats?"}]}'
WAY = Way(direct=True, allow_private=True)
Call = Callable[[str], Awaitable[int]]
"""Makes one call to a path; tells how many pieces came."""


def ours(port: int, http2: bool) -> Call:
    """The gateway's own upstream."""
    upstream = Upstream(connect_s=10.0, outward=Outward(http2="on" if http2 else "off"))

    async def call(path: str) -> int:
        pieces = 0

        def take(_: bytes) -> bool:
            nonlocal pieces
            pieces += 1
            return True

        url = f"https://127.0.0.1:{port}{path}"
        answer = await upstream.send("POST", url, HEADERS, REQUEST, way=WAY)
        if path == "/stream":
            await answer.pump(take)
        else:
            await answer.rest()
        await answer.close()
        return pieces

    return call


async def by_library(port: int, certificate: str) -> Call:
    """h2 on the loop, one connection."""
    client = await library.connect(port, certificate)

    async def call(path: str) -> int:
        pieces = 0

        def take(_: bytes) -> bool:
            nonlocal pieces
            pieces += 1
            return True

        await client.call(path, f"127.0.0.1:{port}", HEADERS, REQUEST, take)
        return pieces

    return call


def by_pyreqwest(port: int, certificate: str) -> Call:
    """pyreqwest, which prefers HTTP/2, with its read-ahead off as the gateway has it."""
    pem = Path(certificate).read_bytes()
    client = (
        ClientBuilder().add_root_certificate_pem(pem).no_proxy().http2_prior_knowledge().build()
    )

    async def call(path: str) -> int:
        pieces = 0
        builder = client.request("POST", f"https://127.0.0.1:{port}{path}").headers(HEADERS)
        request = builder.body_bytes(REQUEST).streamed_read_buffer_limit(0).build_streamed()
        async with request as answer:
            if answer.version != "HTTP/2.0":
                raise RuntimeError(f"it speaks {answer.version}")
            if path == "/stream":
                while await answer.body_reader.read_chunk() is not None:
                    pieces += 1
            else:
                await answer.body_reader.bytes()
        return pieces

    return call


async def main(way: str, port: int, certificate: str, what: str, count: int, at_once: int) -> None:
    """Warm up, then measure."""
    if way == "library":
        call = await by_library(port, certificate)
    elif way == "pyreqwest":
        call = by_pyreqwest(port, certificate)
    else:
        call = ours(port, way == "http2")
    path = "/stream" if what == "streams" else "/v1"

    async def some(number: int) -> int:
        return sum([await call(path) for _ in range(number)])

    await asyncio.gather(*(some(1) for _ in range(at_once)))
    began, cpu = time.perf_counter(), time.process_time()
    pieces = sum(await asyncio.gather(*(some(count // at_once) for _ in range(at_once))))
    cpu_s, wall_s = time.process_time() - cpu, time.perf_counter() - began
    done = pieces if what == "streams" else count // at_once * at_once
    print(json.dumps({"cpu_us": cpu_s / done * 1e6, "done": done, "wall_s": wall_s}))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    uvloop.run(main(*arguments[:1], int(arguments[1]), *arguments[2:4], *map(int, arguments[4:6])))
