"""The gateway's side towards clients: HTTP/1.1 as written, and nothing that only looks like it."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from gateway.peers import Peer, echo, serving
from gateway.rig import free_port

from quotah_server.gateway.request import Request
from quotah_server.gateway.server import Server

MB = 1024 * 1024


async def two_chunks(request: Request) -> None:
    stream = request.response_stream(200, [])
    await stream.send_bytes(b"one")
    await stream.send_bytes(b"two")


async def test_requests_follow_each_other_on_one_connection() -> None:
    async with serving(echo) as connect:
        peer = await connect()
        for number in range(3):
            await peer.say(
                b"POST /a%%62%%2Fc?q=%d HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi" % number
            )
            assert (await peer.until(b" hi")).endswith(b"\r\n\r\nPOST /ab%%2Fc?q=%d hi" % number)


async def test_requests_sent_ahead_are_answered_in_their_order() -> None:
    async with serving(echo) as connect:
        peer = await connect()
        one = b"POST /1 HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc"
        two = b"POST /2 HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\nd\r\n"
        await peer.say(one + two)
        assert (await peer.until(b"abc")).endswith(b"POST /1? abc")
        await peer.say(
            b"2\r\nef\r\n0\r\n\r\nGET /3 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        )
        assert (await peer.until(b"def")).endswith(b"POST /2? def")
        assert (await peer.all()).endswith(b"GET /3? ")


@pytest.mark.parametrize(
    "raw",
    [
        b"no HTTP at all\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"CONNECT other:443 HTTP/1.1\r\nhost: other:443\r\n\r\n",
    ],
)
async def test_what_could_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    seen: list[str] = []

    async def note(request: Request) -> None:
        seen.append(b"".join([part async for part in request]).decode())
        request.response_bytes(200, [], b"")

    async with serving(note) as connect:
        peer = await connect()
        await peer.say(raw)
        peer.writer.write_eof()
        answer = await peer.all()
        assert b" 200 " not in answer
        assert not seen


async def test_a_head_that_never_ends_is_refused() -> None:
    async with serving(echo) as connect:
        peer = await connect()
        await peer.say(b"GET / HTTP/1.1\r\nhost: x\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(40):
                await peer.say(b"x-filler: " + b"y" * 8000 + b"\r\n")
        assert (await peer.all()).startswith(b"HTTP/1.1 431 ")


async def test_a_body_is_asked_for_when_the_client_waits_for_that() -> None:
    async with serving(echo) as connect:
        peer = await connect()
        await peer.say(
            b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n"
        )
        assert await peer.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        await peer.say(b"hi")
        assert (await peer.until(b" hi")).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_refusal_reaches_a_client_that_is_still_sending() -> None:
    async def refuse(request: Request) -> None:
        request.response_bytes(413, [], b"too large")

    async with serving(refuse) as connect:
        peer = await connect()
        await peer.say(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % (8 * MB))
        with contextlib.suppress(ConnectionError):
            for _ in range(8):
                await peer.say(b"x" * MB)
        answer = await peer.all()
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"connection: close" in answer
        assert answer.endswith(b"too large")


@pytest.mark.parametrize(
    "size",
    [b"content-length: 4\r\n\r\nbody", b"transfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"],
)
async def test_an_offer_of_another_protocol_is_passed_over_with_the_body_intact(
    size: bytes,
) -> None:
    async with serving(echo) as connect:
        peer = await connect()
        offer = (
            b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"
        )
        for _ in range(2):
            await peer.say(b"POST /p HTTP/1.1\r\nhost: x\r\n" + offer + size)
            assert (await peer.until(b"body")).endswith(b"\r\n\r\nPOST /p? body")


async def test_a_stream_goes_out_in_chunks_and_the_connection_stays() -> None:
    async with serving(two_chunks) as connect:
        peer = await connect()
        for _ in range(2):
            await peer.say(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert b"transfer-encoding: chunked\r\n" in await peer.until(b"\r\n\r\n")
            assert await peer.until(b"0\r\n\r\n") == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


async def test_a_client_of_http_1_0_gets_a_stream_that_ends_with_its_connection() -> None:
    async with serving(two_chunks) as connect:
        peer = await connect()
        await peer.say(b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
        head, _, body = (await peer.all()).partition(b"\r\n\r\n")
        assert body == b"onetwo"
        assert b"chunked" not in head


async def test_an_answer_shorter_than_announced_does_not_look_whole() -> None:
    async def short(request: Request) -> None:
        stream = request.response_stream(200, [("content-length", "10")])
        await stream.send_bytes(b"short")

    async with serving(short) as connect:
        peer = await connect()
        await peer.say(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        head, _, body = (await peer.all()).partition(b"\r\n\r\n")
        assert b"content-length: 10" in head
        assert body == b"short"


async def test_a_cut_stream_lacks_its_end() -> None:
    async def cut(request: Request) -> None:
        stream = request.response_stream(200, [])
        await stream.send_bytes(b"part")
        stream.cut()

    async with serving(cut) as connect:
        peer = await connect()
        await peer.say(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await peer.all()).endswith(b"\r\n\r\n4\r\npart\r\n")


async def test_what_a_client_does_not_take_is_not_piled_up_in_memory() -> None:
    sent = 0

    async def flood(request: Request) -> None:
        nonlocal sent
        stream = request.response_stream(200, [])
        with contextlib.suppress(RuntimeError):
            for _ in range(64):
                await stream.send_bytes(b"x" * MB)
                sent += 1

    async with serving(flood) as connect:
        peer = await connect()
        await peer.say(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        before = -1
        while sent != before:  # until the sockets' buffers are full
            before = sent
            await asyncio.sleep(0.1)
        assert sent < 32
        peer.writer.transport.abort()


async def test_whoever_streams_is_told_that_the_client_has_gone() -> None:
    told = asyncio.Event()

    async def endless(request: Request) -> None:
        stream = request.response_stream(200, [])
        try:
            while True:
                await stream.send_bytes(b"tick")
                await asyncio.sleep(0.001)
        except RuntimeError:
            told.set()

    async with serving(endless) as connect:
        peer = await connect()
        await peer.say(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await peer.until(b"tick")
        peer.writer.transport.abort()
        async with asyncio.timeout(10):
            await told.wait()


async def test_no_header_of_an_answer_can_smuggle_in_another() -> None:
    async def odd(request: Request) -> None:
        with pytest.raises(ValueError, match="line break"):
            request.response_bytes(200, [("x-a", "1\r\nx-b: 2")], b"")

    async with serving(odd) as connect:
        peer = await connect()
        await peer.say(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert (await peer.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 500 ")


async def test_a_stop_ends_idle_connections_and_lets_answers_end() -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    async def wait(request: Request) -> None:
        begun.set()
        await gate.wait()
        request.response_bytes(200, [], b"done")

    port = free_port()
    server = Server(lambda request, _: wait(request), "127.0.0.1", port)
    running = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        await asyncio.sleep(0)
        while True:
            try:
                idle = Peer(*await asyncio.open_connection("127.0.0.1", port))
                break
            except ConnectionRefusedError:
                await asyncio.sleep(0.005)
    busy = Peer(*await asyncio.open_connection("127.0.0.1", port))
    await busy.say(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    await begun.wait()
    server.stop()
    assert await idle.all() == b""
    gate.set()
    answer = await busy.all()
    assert answer.endswith(b"done")
    async with asyncio.timeout(10):
        await running
