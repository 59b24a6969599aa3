"""The connections to providers: kept, given up, and never believed further than HTTP goes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from gateway.http2_provider import tls_server_context
from gateway.rig import Provider, Received, head, reply, stream

from quotah_server.gateway import pool
from quotah_server.gateway.connection import Connection
from quotah_server.gateway.pool import Pool
from quotah_server.gateway.reach import Reach, origin_of
from quotah_server.gateway.upstream import Upstream, UpstreamError, UpstreamResponse, Way
from quotah_server.net.addresses import EgressRules

ONE_MB = 1024 * 1024
NEAR, FAR = Way(direct=True, allow_private=True), Way(allow_private=True)


@contextlib.asynccontextmanager
async def running() -> AsyncGenerator[tuple[Upstream, Provider]]:
    upstream, provider = Upstream(connect_s=5.0), Provider()
    await provider.start()
    try:
        yield upstream, provider
    finally:
        await upstream.close()
        await provider.stop()


async def send(
    upstream: Upstream, provider: Provider, method: str = "POST", target: str = "/v1/x"
) -> UpstreamResponse:
    url = f"http://127.0.0.1:{provider.port}{target}"
    return await upstream.send(method, url, [("x-a", "1")], b"body", way=NEAR)


async def whole(upstream: Upstream, provider: Provider, method: str = "POST") -> bytes:
    answer = await send(upstream, provider, method)
    try:
        return await answer.rest()
    finally:
        await answer.close()


def connections(provider: Provider) -> int:
    return len(provider._tasks)  # pyright: ignore[reportPrivateUsage]


async def test_a_connection_is_used_again_after_a_whole_answer() -> None:
    async with running() as (upstream, provider):
        for answer in (reply(b"one"), stream([b"o", b"ne"]), reply(b"one")):
            provider.answer = answer
            assert await whole(upstream, provider) == b"one"
        assert connections(provider) == 1


async def test_a_connection_left_in_the_middle_of_an_answer_is_not_used_again() -> None:
    async with running() as (upstream, provider):
        provider.answer = stream([b"first"], then="stall")
        answer = await send(upstream, provider)
        assert await answer.chunk() == b"first"
        await answer.close()
        provider.answer = reply(b"second")
        assert await whole(upstream, provider) == b"second"


async def test_a_connection_that_the_provider_closed_meanwhile_is_not_handed_out() -> None:
    async with running() as (_, provider):
        kept = Pool(Reach(EgressRules()), connect_s=5.0)
        origin = origin_of(f"http://127.0.0.1:{provider.port}", private=True)
        connection = await kept.open(origin)
        assert isinstance(connection, Connection)
        answer = await connection.ask(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", bodiless=False)
        assert await answer.rest() == b"{}"
        answer.close()
        assert kept.kept(origin) is connection
        answer = await connection.ask(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", bodiless=False)
        await answer.rest()
        answer.close()
        await provider.stop()
        async with asyncio.timeout(5):
            while connection.usable:  # noqa: ASYNC110 -- until its end has been read
                await asyncio.sleep(0)
        assert kept.kept(origin) is None


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    async with running() as (upstream, provider):

        async def old(_: Received, writer: asyncio.StreamWriter) -> None:
            writer.write(head(200, []) + b"to the ")
            await writer.drain()
            writer.write(b"end")
            writer.close()

        provider.answer = old
        assert await whole(upstream, provider) == b"to the end"


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nfirst\r\n",
    ],
)
async def test_an_answer_that_is_not_whole_is_an_error_after_what_came_of_it(raw: bytes) -> None:
    async with running() as (upstream, provider):

        async def cut(_: Received, writer: asyncio.StreamWriter) -> None:
            writer.write(raw)
            await writer.drain()
            writer.close()

        provider.answer = cut
        with pytest.raises(UpstreamError) as failure:
            await whole(upstream, provider)
        assert (failure.value.kind, failure.value.sent) == ("connection_lost", True)


@pytest.mark.parametrize(
    "raw",
    [
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx-large: " + b"x" * ONE_MB + b"\r\n\r\n",
    ],
)
async def test_what_is_no_answer_is_an_error(raw: bytes) -> None:
    async with running() as (upstream, provider):

        async def odd(_: Received, writer: asyncio.StreamWriter) -> None:
            writer.write(raw)

        provider.answer = odd
        with pytest.raises(UpstreamError) as failure:
            await whole(upstream, provider)
        assert failure.value.kind == "connection_lost"


async def test_bytes_that_nobody_asked_for_never_become_the_next_answer() -> None:
    async with running() as (upstream, provider):

        async def two(_: Received, writer: asyncio.StreamWriter) -> None:
            one = head(200, [("content-length", "3")])
            writer.write(one + b"one" + one + b"two")

        provider.answer = two
        with contextlib.suppress(UpstreamError):
            assert await whole(upstream, provider) == b"one"
        provider.answer = reply(b"three")
        assert await whole(upstream, provider) == b"three"


async def test_a_head_request_has_no_body_whatever_the_answer_says() -> None:
    async with running() as (upstream, provider):

        async def sized(_: Received, writer: asyncio.StreamWriter) -> None:
            writer.write(head(200, [("content-length", "42")]))

        provider.answer = sized
        assert await whole(upstream, provider, "HEAD") == b""
        provider.answer = reply(b"next")
        assert await whole(upstream, provider) == b"next"


async def test_an_answer_that_nobody_takes_is_not_piled_up_in_memory() -> None:
    async with running() as (upstream, provider):
        sent = 0

        async def flood(request: Received, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            writer.write(head(200, [("content-length", str(64 * ONE_MB))]))
            del request
            for _ in range(64):
                writer.write(b"x" * ONE_MB)
                await writer.drain()
                sent += 1

        provider.answer = flood
        answer = await send(upstream, provider)
        before = -1
        while sent != before:  # until the sockets' buffers are full
            before = sent
            await asyncio.sleep(0.05)
        assert sent < 32
        assert len(await answer.rest()) == 64 * ONE_MB
        await answer.close()


async def test_chunks_are_handed_on_until_they_are_refused_and_then_again() -> None:
    async with running() as (upstream, provider):
        turn = asyncio.Semaphore(0)
        provider.answer = stream([b"a", b"b", b"c"], gate=lambda _: _acquired(turn))
        answer = await send(upstream, provider)
        got: list[bytes] = []

        def take(chunk: bytes) -> bool:
            got.append(chunk)
            turn.release()
            return chunk != b"b"

        turn.release()
        assert await answer.pump(take) is False
        assert got == [b"a", b"b"]
        assert await answer.pump(take) is True
        assert got == [b"a", b"b", b"c"]
        await answer.close()


@pytest.mark.parametrize("fatal", [0, 1])
async def test_a_fault_of_whoever_takes_a_chunk_is_raised_where_it_is_awaited(fatal: int) -> None:
    async with running() as (upstream, provider):
        turn = asyncio.Semaphore(1)
        provider.answer = stream([b"0", b"1"], then="stall", gate=lambda _: _acquired(turn))
        answer = await send(upstream, provider)

        def take(chunk: bytes) -> bool:
            if int(chunk) == fatal:
                raise LookupError("a fault of ours")
            turn.release()
            return True

        with pytest.raises(LookupError):
            await answer.pump(take)
        await answer.close()


async def _acquired(turn: asyncio.Semaphore) -> None:
    await turn.acquire()


@pytest.mark.parametrize(
    ("target", "header"), [("/a b", "1"), ("/a\r\nx: y", "1"), ("/a", "1\r\nx: y"), ("/é", "1")]
)
async def test_a_request_that_would_be_another_one_is_never_sent(target: str, header: str) -> None:
    async with running() as (upstream, provider):
        url = f"http://127.0.0.1:{provider.port}{target}"
        with pytest.raises(UpstreamError) as failure:
            await upstream.send("GET", url, [("x-a", header)], b"", way=NEAR)
        assert (failure.value.kind, failure.value.sent) == ("bad_request_target", False)
        assert not provider.received


async def test_a_provider_that_does_not_speak_tls_is_a_failed_connection() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(head(400, []))
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/x"
    upstream = Upstream(connect_s=5.0)
    async with server:
        with pytest.raises(UpstreamError) as failure:
            await upstream.send("GET", url, [], b"", way=NEAR)
    await upstream.close()
    assert (failure.value.kind, failure.value.sent) == ("tls_failed", False)


async def test_tls_reaches_the_provider_whose_certificate_is_trusted_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted, other = (tls_server_context(tmp_path / name) for name in ("trusted", "other"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted" / "certificate.pem"))
    pool.tls_context.cache_clear()
    provider = Provider()
    provider.answer = stream([b"o", b"ne"])
    upstream = Upstream(connect_s=5.0)
    try:
        for context, trustworthy in ((trusted, True), (other, False)):
            server = await asyncio.start_server(provider._serve, "127.0.0.1", 0, ssl=context)  # pyright: ignore[reportPrivateUsage]
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/x"
            if trustworthy:
                for _ in range(2):
                    answer = await upstream.send("POST", url, [], b"body", way=NEAR)
                    assert await answer.rest() == b"one"
                    await answer.close()
            else:
                with pytest.raises(UpstreamError, match="certificate") as failure:
                    await upstream.send("POST", url, [], b"body", way=NEAR)
                assert (failure.value.kind, failure.value.sent) == ("tls_failed", False)
            server.close()
        assert len(provider.received) == 2
    finally:
        await upstream.close()
        for task in tuple(provider._tasks):  # pyright: ignore[reportPrivateUsage]
            task.cancel()
        pool.tls_context.cache_clear()


async def test_a_provider_beyond_this_machine_is_reached_through_the_systems_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy = Provider()
    await proxy.start()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    monkeypatch.setenv("no_proxy", "near.example")
    try:
        async with running() as (upstream, provider):
            far = await upstream.send("POST", "http://far.example/v1", [], b"{}", way=FAR)
            assert await far.rest() == b"{}"
            await far.close()
            assert [r.target for r in proxy.received] == ["http://far.example/v1"]
            assert await whole(upstream, provider) == b"{}"
            with pytest.raises(UpstreamError):
                await upstream.send("POST", "http://near.example/v1", [], b"{}", way=FAR)
            assert (len(proxy.received), len(provider.received)) == (1, 1)
    finally:
        await proxy.stop()
