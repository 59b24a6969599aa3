"""What hostile clients do to healthy ones: half-open heads, and readers that never read.

    .venv/bin/python bench/hostile/run.py [--heads 2000] [--readers 200] [--seconds 12]

A whole Quotah; 16 healthy callers, each with a pause of 10 ms after an answer. First alone, then while
so many connections begin a head and never end it (opened anew whenever the gateway gives one up) and so
many ask for an endless stream and read nothing of it. Latency of the healthy, their failures, and the
gateway's memory. The callers run on the same machine, so all of this takes CPU from the gateway too.
Ends within three minutes, whatever happens, with what was found until then.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, cast

_BENCH = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(_BENCH), str(_BENCH / "gateway")]

import targets
import uvloop
from lab import processes
from lab.report import machine, save, table

CALLERS, PAUSE_S = 16, 0.01
_CALL_S, _ALL_S = 10.0, 130.0
_SETTLE_S = 8.0
"""Until all that nobody reads has filled its buffers."""


def raw(key: str, *, stream: bool) -> bytes:
    """A request as bytes."""
    headers, body = targets.headers_of(key), targets.body_of(stream=stream)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    length = f"content-length: {len(body)}\r\n"
    return f"POST {targets.PATH} HTTP/1.1\r\nhost: bench\r\n{length}{lines}\r\n".encode() + body


async def healthy(port: int, request: bytes, until: float, into: list[float]) -> int:
    """Call until then; tells how many calls failed."""
    failures = 0
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while time.monotonic() < until:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(_CALL_S):
                if streams is None:
                    streams = await asyncio.open_connection("127.0.0.1", port)
                reader, writer = streams
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length))
            if not head.startswith(b"HTTP/1.1 200"):
                raise ConnectionError
            into.append((time.perf_counter() - began) * 1000)
        except (TimeoutError, OSError, asyncio.IncompleteReadError, ValueError):
            failures += 1
            if streams is not None:
                streams[1].close()
                streams = None
        await asyncio.sleep(PAUSE_S)
    if streams is not None:
        streams[1].close()
    return failures


async def half_open(port: int) -> None:
    """Begin a head again and again, never end one."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(b"POST /openai/v1/chat/completions HTTP/1.1\r\nx-slow: ")
                while await reader.read(1024):
                    pass
            finally:
                writer.transport.abort()
        await asyncio.sleep(0.1)


async def never_reading(port: int, request: bytes) -> None:
    """Ask for an endless stream and take nothing of it."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    try:
        cast("asyncio.Transport", writer.transport).pause_reading()
        writer.write(request)
        await asyncio.sleep(3600)
    finally:
        writer.transport.abort()


async def measured(
    target: targets.Quotah, heads: int, readers: int, seconds: int
) -> dict[str, Any]:
    """Latencies of the healthy, in ms, beside so many others."""
    port, pid = target.port, target.instance.child("gateway")
    flood = [asyncio.create_task(half_open(port)) for _ in range(heads)]
    stream = raw(target.key, stream=True)
    flood += [asyncio.create_task(never_reading(port, stream)) for _ in range(readers)]
    try:
        await asyncio.sleep(_SETTLE_S if flood else 0)
        took: list[float] = []
        until, cpu_s = time.monotonic() + seconds, processes.cpu_s(pid)
        request = raw(target.key, stream=False)
        failures = await asyncio.gather(
            *(healthy(port, request, until, took) for _ in range(CALLERS))
        )
        cpu_s = processes.cpu_s(pid) - cpu_s
        memory = processes.pss_mb_of(pid)
    finally:
        for task in flood:
            task.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
    calls = len(took)
    took = sorted(took) or [float("nan")]
    return {
        "calls": calls, "failed": sum(failures), "memory_mb": memory, "cpu_s": cpu_s,
        "load": os.getloadavg()[0], "p50_ms": took[len(took) // 2],
        "p99_ms": took[int(len(took) * 0.99)], "max_ms": took[-1],
    }  # fmt: skip


async def all_of_it(
    target: targets.Quotah, heads: int, readers: int, seconds: int, found: dict[str, Any]
) -> None:
    """Without and with each flood, and after them; the first is a warm-up. Fills ``found``."""
    phases = {
        "alone": (0, 0),
        f"{heads} half-open heads": (heads, 0),
        f"{readers} readers that never read": (0, readers),
        "both": (heads, readers),
        "right after": (0, 0),
    }
    try:
        async with asyncio.timeout(_ALL_S):
            await measured(target, 0, 0, 3)
            for name, (some_heads, some_readers) in phases.items():
                found[name] = await measured(target, some_heads, some_readers, seconds)
    except TimeoutError:
        sys.stderr.write(f"not done within {_ALL_S:.0f} s; what was found until then:\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Hostile clients beside healthy ones.")
    parser.add_argument("--heads", type=int, default=2000)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=12)
    wanted = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    port = processes.free_port()
    script = str(Path(__file__).with_name("provider.py"))
    found: dict[str, Any] = {}
    provider = subprocess.Popen([sys.executable, script, str(port)])
    try:
        processes.until(lambda: processes.listens(port), "the provider listens")
        target = targets.Quotah(port)
        try:
            uvloop.run(all_of_it(target, wanted.heads, wanted.readers, wanted.seconds, found))
        finally:
            target.close()
    finally:
        processes.end(provider)
    table(
        f"{CALLERS} healthy callers, latency in ms",
        ["", "calls", "failed", "p50", "p99", "longest", "gateway MB", "CPU s", "load"],
        [
            [name, f"{at['calls']:,}", str(at["failed"]), f"{at['p50_ms']:.1f}",
             f"{at['p99_ms']:.1f}", f"{at['max_ms']:.1f}", f"{at['memory_mb']:.0f}",
             f"{at['cpu_s']:.1f}", f"{at['load']:.1f}"]
            for name, at in found.items()
        ],
    )  # fmt: skip
    save(__file__, {"machine": machine(), "seconds": wanted.seconds, "found": found})


if __name__ == "__main__":
    main()
