"""How many clients there may be, and how long each may keep the gateway waiting."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gateway.peers import Peer, echo, serving
from gateway.rig import Received, Rig, until

from quotah_server.gateway.clients import Clients, Patience, most_clients
from quotah_server.gateway.limits import Limits
from quotah_server.gateway.request import Request

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
QUICK = Patience(look_s=0.02, head_s=0.1, idle_s=600.0, body_s=0.3, stuck_s=0.2)
MB = 1024 * 1024


async def asked(peer: Peer) -> bool:
    await peer.say(GET)
    return (await peer.until(b"GET /? ")).startswith(b"HTTP/1.1 200 ")


async def eventually(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 -- the state of a server tells no event
            await asyncio.sleep(0.005)


async def test_one_too_many_takes_the_place_of_who_was_idle_for_longest() -> None:
    clients = Clients(3)
    async with serving(echo, clients=clients) as connect:
        first, second, third = [await connect() for _ in range(3)]
        for peer in (first, second, third, first):
            assert await asked(peer)
        newest = await connect()
        assert await asked(newest)
        assert await second.all() == b""
        assert await asked(first)
        assert await asked(third)
        assert (clients.turned_out, clients.refused, len(clients.open)) == (1, 0, 3)


async def test_who_comes_while_all_others_are_busy_is_told_at_once() -> None:
    gate, clients = asyncio.Event(), Clients(2)

    async def busy(request: Request) -> None:
        await gate.wait()
        await echo(request)

    async with serving(busy, clients=clients) as connect:
        peers = [await connect() for _ in range(2)]
        for peer in peers:
            await peer.say(GET)
        await eventually(lambda: len(clients.open) == 2 and not clients.idle)
        late = await connect()
        await late.say(GET)
        answer = await late.all()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1\r\n" in answer
        assert b"too_many_connections" in answer
        gate.set()
        for peer in peers:
            assert (await peer.until(b"GET /? ")).startswith(b"HTTP/1.1 200 ")
        assert await asked(await connect())
        assert clients.refused == 1


def test_a_limit_of_open_files_leaves_room_for_providers_and_ourselves() -> None:
    assert most_clients(1024) == 384
    assert most_clients(100) == 16
    assert most_clients(10_000_000) == 20_000


async def test_a_head_that_comes_too_slowly_is_given_up() -> None:
    async with serving(echo, patience=QUICK) as connect:
        slow, healthy = await connect(), await connect()
        await slow.say(b"GET / HTTP/1.1\r\nx-a: ")
        assert (await slow.all()).startswith(b"HTTP/1.1 408 ")
        assert await asked(healthy)


async def test_a_head_that_trickles_is_given_up_as_well() -> None:
    async with serving(echo, patience=QUICK) as connect:
        slow = await connect()
        with contextlib.suppress(ConnectionError):
            for byte in b"GET / HTTP/1.1\r\nx-a: " + b"y" * 10_000:
                await slow.say(bytes((byte,)))
                await asyncio.sleep(0.005)
                if slow.reader.at_eof():
                    break
        with contextlib.suppress(ConnectionError):
            assert b" 200 " not in await slow.all()
        assert await asked(await connect())


async def test_a_body_that_trickles_is_given_up_and_one_that_moves_is_not() -> None:
    broken = asyncio.Event()

    async def note(request: Request) -> None:
        try:
            await echo(request)
        except RuntimeError:
            broken.set()
            request.response_bytes(400, [], b"cut")

    async with serving(note, patience=QUICK) as connect:
        slow, moving = await connect(), await connect()
        size = QUICK.body_bytes * 40
        await slow.say(POST % size)
        await moving.say(POST % size)
        sent = 0
        while sent < size:  # lasts several times as long as a trickle is put up with
            await slow.say(b"x")
            await moving.say(b"y" * QUICK.body_bytes)
            sent += QUICK.body_bytes
            if not broken.is_set():
                await asyncio.sleep(0.02)
        assert (await moving.until(b"y" * size)).startswith(b"HTTP/1.1 200 ")
        async with asyncio.timeout(20):
            await broken.wait()
        assert (await slow.all()).startswith(b"HTTP/1.1 400 ")


async def test_a_connection_without_a_request_is_closed_some_day() -> None:
    patience = Patience(look_s=0.02, head_s=600.0, idle_s=0.1)
    async with serving(echo, patience=patience) as connect:
        silent, used = await connect(), await connect()
        await used.say(GET)
        assert (await used.all()).endswith(b"GET /? ")
        assert await silent.all() == b""


async def test_a_reader_that_takes_nothing_is_cut_and_one_that_is_slow_is_not() -> None:
    ends: dict[str, str] = {}

    async def flood(request: Request) -> None:
        stream = request.response_stream(200, [])
        try:
            for _ in range(24):
                await stream.send_bytes(b"x" * MB)
            ends[request.path] = "whole"
        except RuntimeError:
            ends[request.path] = "gone"

    patience = Patience(look_s=0.05, stuck_s=1.0)
    async with serving(flood, patience=patience) as connect:
        stuck, slow = await connect(), await connect()
        await stuck.say(b"GET /stuck HTTP/1.1\r\nhost: x\r\n\r\n")
        await slow.say(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
        taken = 0
        while taken < 24 * MB:
            taken += len(await slow.reader.read(MB))
            await asyncio.sleep(0.03)
        await eventually(lambda: len(ends) == 2)
        assert ends == {"/stuck": "gone", "/slow": "whole"}


async def test_too_many_headers_are_refused() -> None:
    async with serving(echo) as connect:
        peer = await connect()
        await peer.say(b"GET / HTTP/1.1\r\n" + b"x-a: 1\r\n" * 2000 + b"\r\n")
        assert (await peer.all()).startswith(b"HTTP/1.1 431 ")


async def test_a_flood_of_half_heads_and_of_readers_that_never_read_hurts_nobody_else() -> None:
    async def handle(request: Request) -> None:
        if request.path == "/flood":
            stream = request.response_stream(200, [])
            with contextlib.suppress(RuntimeError):
                for _ in range(64):
                    await stream.send_bytes(b"x" * MB)
        else:
            await echo(request)

    clients = Clients(64)
    async with serving(handle, clients=clients) as connect:
        healthy = await connect()
        for _ in range(20):
            await (await connect()).say(b"GET /flood HTTP/1.1\r\nhost: x\r\n\r\n")
        for number in range(200):
            await (await connect()).say(b"GET / HTTP/1.1\r\nx-a: ")
            if number % 20 == 0:
                assert await asked(healthy)
                assert await asked(await connect())
        assert await asked(healthy)
        assert len(clients.open) <= 64
        assert clients.refused == 0


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize("ahead", [0, 1, 3, 4, 5, 50])
async def test_a_client_that_goes_is_noticed_while_its_request_runs(
    ahead: int, reset: bool
) -> None:
    begun, gone = asyncio.Event(), asyncio.Event()

    async def wait(request: Request) -> None:
        request.on_gone(gone.set)
        begun.set()
        await gone.wait()

    async with serving(wait, patience=Patience(look_s=0.1)) as connect:
        peer = await connect()
        await peer.say(GET * (1 + ahead))
        async with asyncio.timeout(10):
            await begun.wait()
            if reset:
                linger = struct.pack("ii", 1, 0)
                held = peer.writer.get_extra_info("socket")
                held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            peer.writer.close()
            await gone.wait()


async def test_requests_sent_ahead_without_end_are_not_piled_up() -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    async def wait(request: Request) -> None:
        request.on_gone(lambda: None)
        begun.set()
        await gate.wait()
        await echo(request)

    async with serving(wait) as connect:
        peer = await connect()
        sending = asyncio.create_task(peer.say(GET * 400_000))
        async with asyncio.timeout(10):
            await begun.wait()
        await asyncio.sleep(0.2)
        assert not sending.done()
        sending.cancel()
        gate.set()


def test_of_an_answer_that_nobody_takes_less_than_one_megabyte_waits_per_stream(
    tmp_path: Path,
) -> None:
    streams, chunk = 8, b"data: " + b"x" * 65_500 + b"\n\n"
    sent = [0] * streams

    async def flood(request: Received, writer: Any) -> None:
        number = int(request.header("x-number") or 0)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        while sent[number] < 128 * MB:
            writer.write(chunk)
            await writer.drain()
            sent[number] += len(chunk)
        writer.close()

    with Rig(tmp_path, limits=Limits(kept_text_bytes=0)) as rig:
        rig.provider.answer = flood
        head = (
            f"POST /openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {rig.key}"
            "\r\ncontent-length: 32\r\nx-number: {}\r\n\r\n"
        )
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        writers: list[asyncio.StreamWriter] = []

        async def begin() -> None:
            for number in range(streams):
                reader, writer = await asyncio.open_connection("127.0.0.1", rig.port, limit=1024)
                del reader
                writer.write(head.format(number).encode() + b'{"model":"gpt-4o","stream":true}')
                writers.append(writer)

        rig.call(begin())
        seen: list[int] = []

        def stands() -> bool:
            seen.append(sum(sent))
            return len(seen) > 60 and seen[-1] == seen[-60] and all(sent)

        until(stands, "nothing flows any more")
        held = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        for writer in writers:
            rig.call(_abort(writer))
        assert all(count < 64 * MB for count in sent)
        assert held / streams < MB


async def _abort(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
