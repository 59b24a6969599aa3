"""An answer of which a part was read before it was known whether it is passed on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from quotah_server.gateway.ways import UpstreamError, UpstreamResponse

_LOOK_BYTES, _LOOK_S = 64 * 1024, 5.0


class HeldAnswer:
    """The answer from its first byte on, whatever was read of it. whole: all of it was."""

    __slots__ = ("_fault", "_parts", "_response", "headers", "status", "whole")

    def __init__(self, response: UpstreamResponse) -> None:
        self._response = response
        self._parts: list[bytes] = []
        self._fault: UpstreamError | None = None
        self.status = response.status
        self.headers = response.headers
        self.whole = False

    @property
    def body(self) -> bytes:
        """What was read so far."""
        return b"".join(self._parts)

    async def look(self) -> None:
        """Read the body as far as it comes within bounds, 64 KiB and 5 s."""
        size = 0
        try:
            async with asyncio.timeout(_LOOK_S):
                while size <= _LOOK_BYTES:
                    chunk = await self._response.chunk()
                    if chunk is None:
                        self.whole = True
                        return
                    self._parts.append(chunk)
                    size += len(chunk)
        except TimeoutError:
            pass
        except UpstreamError as error:
            self._fault = error

    async def chunk(self) -> bytes | None:
        if self._parts:
            return self._parts.pop(0)
        if self._fault is not None:
            raise self._fault
        return None if self.whole else await self._response.chunk()

    async def pump(self, take: Callable[[bytes], bool]) -> bool:
        while self._parts:
            if not take(self._parts.pop(0)):
                return False
        if self._fault is not None:
            raise self._fault
        return self.whole or await self._response.pump(take)

    async def rest(self) -> bytes:
        found: list[bytes] = []
        while (chunk := await self.chunk()) is not None:
            found.append(chunk)
        return b"".join(found)

    async def close(self) -> None:
        """Nothing: who began the answer closes it."""
