"""Callers of a gateway in front of the mock provider: whole answers, streams, and some that leave."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from typing import Any

import httpx2

TAG = "x-survival-tag"
_ASK = [{"role": "user", "content": "Tell me about the sea, and about the ships that cross it."}]
_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("/openai/v1/chat/completions", {"model": "gpt-4o", "messages": _ASK}),
    ("/openai/v1/chat/completions", {"model": "gpt-4o", "messages": _ASK, "stream": True}),
    ("/anthropic/v1/messages", {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": _ASK}),
    ("/anthropic/v1/messages",
     {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": _ASK, "stream": True}),
]  # fmt: skip
_TIMEOUT_S = 30.0


class Load:
    """streams: callers that stream, paced; plain: callers of whole answers. One stream in ``leaves``
    is left in the middle. Counts what came of the calls."""

    def __init__(self, url: str, key: str, *, streams: int, plain: int, pace_ms: int, leaves: int):
        self.url, self.key = url, key
        self.counts = dict.fromkeys(("whole", "left", "broken", "refused"), 0)
        self._pace, self._leaves = {"x-mock-pace-ms": str(pace_ms)}, leaves
        self._numbers = itertools.count()
        self._random = random.Random(4)
        self._stop = asyncio.Event()
        self._client = httpx2.AsyncClient(
            timeout=_TIMEOUT_S,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=streams + plain),
        )
        self._tasks = [asyncio.create_task(self._stream()) for _ in range(streams)]
        self._tasks += [asyncio.create_task(self._ask()) for _ in range(plain)]

    async def stop(self) -> None:
        """End the callers, each after its call."""
        self._stop.set()
        await asyncio.gather(*self._tasks)
        await self._client.aclose()

    async def _ask(self) -> None:
        while not self._stop.is_set():
            await self._call(self._random.choice(_CALLS[::2]), {}, leave=False)
            await asyncio.sleep(0.05)

    async def _stream(self) -> None:
        while not self._stop.is_set():
            leave = self._random.randrange(self._leaves) == 0
            await self._call(self._random.choice(_CALLS[1::2]), self._pace, leave=leave)

    async def _call(
        self, call: tuple[str, dict[str, Any]], headers: dict[str, str], *, leave: bool
    ) -> None:
        path, body = call
        tag = f"t{next(self._numbers)}"
        told = {
            "authorization": f"Bearer {self.key}", "content-type": "application/json",
            "anthropic-version": "2023-06-01", TAG: tag, "x-quotah-request-id": tag, **headers,
        }  # fmt: skip
        try:
            async with self._client.stream(
                "POST", self.url + path, content=json.dumps(body), headers=told
            ) as answer:
                if answer.status_code != httpx2.codes.OK:
                    self.counts["refused"] += 1
                    return
                async for _ in answer.aiter_raw():
                    if leave:
                        self.counts["left"] += 1
                        return
            self.counts["whole"] += 1
        except httpx2.HTTPError:
            self.counts["broken"] += 1
            await asyncio.sleep(0.05)
