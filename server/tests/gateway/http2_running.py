"""An upstream and a provider of HTTP/2, wired together for a test, and the calls that tests make."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from gateway.http2_provider import Http2Provider, Pairs, trusted

from quotah_server.gateway.upstream import Upstream, UpstreamError, UpstreamResponse
from quotah_server.gateway.ways import Http2, Outward, Way

NEAR = Way(direct=True, allow_private=True)
Running = tuple[Upstream, Http2Provider]
Start = Callable[..., contextlib.AbstractAsyncContextManager[Running]]


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    @contextlib.asynccontextmanager
    async def start(
        http2: Http2 = "on",
        protocols: tuple[str, ...] = ("h2",),
        settings: dict[Any, int] | None = None,
    ) -> AsyncGenerator[Running]:
        async with trusted(tmp_path, monkeypatch, list(protocols)) as provider:
            provider.settings = settings or {}
            upstream = Upstream(connect_s=10.0, outward=Outward(http2=http2))
            try:
                async with asyncio.timeout(60):
                    yield upstream, provider
            finally:
                await upstream.close()

    return start


async def send(
    running: Running,
    body: bytes = b"body",
    *,
    method: str = "POST",
    headers: Pairs | None = None,
    way: Way = NEAR,
) -> UpstreamResponse:
    upstream, provider = running
    return await upstream.send(
        method, f"{provider.url}/v1/x?q=1", headers or [("x-a", "1")], body, way=way
    )


async def whole(running: Running, body: bytes = b"body", *, method: str = "POST") -> bytes:
    answer = await send(running, body, method=method)
    try:
        return await answer.rest()
    finally:
        await answer.close()


async def failing(running: Running, body: bytes = b"body") -> UpstreamError:
    with pytest.raises(UpstreamError) as failure:
        await whole(running, body)
    return failure.value
