"""Callers that stream: each holds one connection and asks again as soon as an answer has ended."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import NamedTuple, cast

import uvloop

_END = b"data: [DONE]"
_LAST_CHUNK = b"0\r\n\r\n"
_DELTA = b'"content":" word"'


class Streamed(NamedTuple):
    """Within the measured time. streams: that ended. deltas: that arrived. first_byte_ms: of each
    stream that began. cpu_s: of what was measured."""

    streams: int
    deltas: int
    first_byte_ms: list[float]
    cpu_s: list[float]


class _Caller(asyncio.Protocol):
    def __init__(self, request: bytes) -> None:
        self._request = request
        self._began = 0.0
        self._first = True
        self._tail = b""
        self.measuring = False
        self.streams = 0
        self.deltas = 0
        self.first_byte_ms: list[float] = []
        self.failure = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def _ask(self) -> None:
        self._first = True
        self._tail = b""
        self._began = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self.measuring:
            self.deltas += data.count(_DELTA)
        if self._first:
            if not self._tail and not data.startswith(b"HTTP/1.1 200"):
                self.failure = data[:300].decode("latin-1")
                self._transport.close()
                return
            if b"data: " in data:
                self._first = False
                if self.measuring:
                    self.first_byte_ms.append((time.perf_counter() - self._began) * 1000)
        self._tail = (self._tail + data)[-64:]
        if self._tail.endswith(_LAST_CHUNK):
            if _END not in self._tail:
                self.failure = f"a stream ended without [DONE]: {self._tail!r}"
            if self.measuring:
                self.streams += 1
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self.failure = self.failure or (f"connection lost: {exc}" if not self._quiet else "")

    _quiet = False

    def leave(self) -> None:
        """Hang up."""
        self._quiet = True
        self._transport.abort()


async def _run(
    port: int,
    request: bytes,
    callers: int,
    spans_s: tuple[float, float],
    cpu: Callable[[], list[float]],
) -> Streamed:
    warm_s, measure_s = spans_s
    loop = asyncio.get_running_loop()
    made: list[_Caller] = []

    async def begin(delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        _, caller = await loop.create_connection(lambda: _Caller(request), "127.0.0.1", port)
        made.append(caller)

    # Spread over the warm-up, so that callers do not march in step.
    chance = random.Random(7)
    await asyncio.gather(*(begin(chance.random() * warm_s) for _ in range(callers)))
    await asyncio.sleep(warm_s)
    before = cpu()
    for caller in made:
        caller.measuring = True
    await asyncio.sleep(measure_s)
    for caller in made:
        caller.measuring = False
    spent = [after - b for after, b in zip(cpu(), before, strict=True)]
    failures = [caller.failure for caller in made if caller.failure]
    for caller in made:
        caller.leave()
    if failures:
        raise RuntimeError(f"{len(failures)} streams failed: {failures[0]}")
    first = [ms for caller in made for ms in caller.first_byte_ms]
    return Streamed(sum(c.streams for c in made), sum(c.deltas for c in made), first, spent)


def run(
    port: int,
    request: bytes,
    callers: int,
    spans_s: tuple[float, float],
    cpu: Callable[[], list[float]],
) -> Streamed:
    """Let callers stream; raises RuntimeError when a stream is not whole.

    spans_s: seconds of warm-up, in which callers begin one after the other, and of measuring. cpu:
    CPU seconds so far of each process under measurement.
    """
    return uvloop.run(_run(port, request, callers, spans_s, cpu))
