"""Large request bodies share a bound: one key's uploads cannot take the memory of all others."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from gateway.rig import DEADLINE_S, Received, Rig, reply, until
from gateway.wires import chat_body

from quotah_server.gateway.limits import Limits

CHAT = "/openai/v1/chat/completions"
KIB = 1024
TIGHT = Limits(request_bytes=200 * KIB, large_bytes=10 * KIB, bodies_bytes=250 * KIB)


@pytest.fixture
def tight(tmp_path: Path) -> Iterator[Rig]:
    with Rig(tmp_path, limits=TIGHT) as running:
        running.provider.answer = reply(chat_body())
        yield running


def body_of(size: int) -> bytes:
    start, end = b'{"model":"gpt-4o","user":"', b'"}'
    return start + b"x" * (size - len(start) - len(end)) + end


def ask(rig: Rig, size: int, *, chunked: bool = False) -> httpx2.Response:
    body = body_of(size)
    content = iter([body[at : at + 4 * KIB] for at in range(0, size, 4 * KIB)]) if chunked else body
    return httpx2.post(rig.url + CHAT, content=content, headers=rig.bearer, timeout=DEADLINE_S)


def half_sent(rig: Rig, size: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", rig.port), DEADLINE_S)
    head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {rig.key}\r\n"
    client.sendall(f"{head}content-length: {size}\r\n\r\n".encode() + b"{")
    return client


@pytest.mark.parametrize("chunked", [False, True])
def test_what_is_too_much_together_is_refused_until_there_is_room(
    tight: Rig, chunked: bool
) -> None:
    with half_sent(tight, 190 * KIB):
        until(lambda: ask(tight, 100 * KIB, chunked=chunked).status_code == 503, "there is no room")
        refused = ask(tight, 100 * KIB, chunked=chunked)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["error"]["code"] == "too_many_large_requests"
        assert ask(tight, 5 * KIB, chunked=chunked).status_code == 200
        assert ask(tight, 50 * KIB, chunked=chunked).status_code == 200
    until(lambda: ask(tight, 100 * KIB, chunked=chunked).status_code == 200, "there is room again")
    for _ in range(10):  # whoever ended gave back exactly what he took
        assert ask(tight, 190 * KIB, chunked=chunked).status_code == 200


def test_a_body_counts_as_long_as_its_call_lasts(tight: Rig) -> None:
    held = asyncio.Event()

    async def late(received: Received, writer: asyncio.StreamWriter) -> None:
        if len(received.body) > 150 * KIB:
            await held.wait()
        await reply(chat_body())(received, writer)

    async def let_go() -> None:
        held.set()

    tight.provider.answer = late
    body = body_of(190 * KIB)
    with half_sent(tight, len(body)) as client:
        client.sendall(body[1:])
        until(lambda: tight.provider.received, "the provider has it")
        assert ask(tight, 100 * KIB).status_code == 503
        tight.call(let_go())
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
    until(lambda: ask(tight, 100 * KIB).status_code == 200, "there is room again")
