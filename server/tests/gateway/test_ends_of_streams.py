"""A client that is cut, and one that resets: one event each, with what is known of the cost."""

from __future__ import annotations

import asyncio
import socket
import struct
from pathlib import Path

import msgspec
import pytest
from gateway.rig import DEADLINE_S, Received, Rig, head, until
from gateway.routed import ASK, CHAT, follow, post
from gateway.wires import chat_chunk, chat_stream

from quotah_server.domain.routing import Route
from quotah_server.gateway.clients import Patience


def connect(rig: Rig) -> socket.socket:
    """Ask for a stream; the client's buffer is small."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(DEADLINE_S)
    client.connect(("127.0.0.1", rig.port))
    body = msgspec.json.encode({**ASK, "stream": True})
    client.sendall(
        f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {rig.key}\r\n"
        f"content-length: {len(body)}\r\n\r\n".encode()
        + body
    )
    return client


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.mark.parametrize(("disconnect", "cost"), [("drain", "computed"), ("abort", "estimated")])
def test_a_reader_that_is_cut_as_it_takes_nothing_is_one_event(
    tmp_path: Path, disconnect: str, cost: str
) -> None:
    filler = [chat_chunk("word " * 2000)] * 150

    async def long(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, [("content-type", "text/event-stream")]))
        for chunk in [*filler, *chat_stream("end")]:
            writer.write(chunk)
            await writer.drain()
        writer.close()

    with Rig(tmp_path, patience=Patience(look_s=0.1, stuck_s=0.5)) as rig:
        follow(rig, routes=[Route("r1", "x", disconnect=disconnect)])  # type: ignore[arg-type]
        rig.provider.answer = long
        with connect(rig):
            event = rig.event()
        assert (event.call.status, event.call.error_class) == ("cancelled", "client_disconnected")
        assert event.cost_status == cost
        assert event.cost_usd is not None
        assert event.cost_usd > 0
        rig.provider.answer = healthy
        assert post(rig).status_code == 200
        assert len(rig.events(2)) == 2
        gateway = rig.gateway
        assert gateway is not None
        until(lambda: gateway.intents.open_count() == 0, "the notes are closed")


async def healthy(_: Received, writer: asyncio.StreamWriter) -> None:
    writer.write(head(200, [("content-type", "application/json"), ("content-length", "2")]) + b"{}")


@pytest.mark.parametrize(("disconnect", "cost"), [("drain", "computed"), ("abort", "estimated")])
def test_a_client_that_resets_in_the_middle_is_one_event(
    rig: Rig, disconnect: str, cost: str
) -> None:
    gate = asyncio.Event()

    async def halves(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, [("content-type", "text/event-stream")]))
        first, *rest = chat_stream("Hello", " there")
        writer.write(first)
        await writer.drain()
        await gate.wait()
        for chunk in rest:
            writer.write(chunk)
        await writer.drain()
        writer.close()

    async def go_on() -> None:
        gate.set()

    follow(rig, routes=[Route("r1", "x", disconnect=disconnect)])  # type: ignore[arg-type]
    rig.provider.answer = halves
    client = connect(rig)
    seen = b""
    while b"Hello" not in seen:
        seen += client.recv(9000)
    reset(client)
    if disconnect == "abort":
        until(lambda: rig.control.events, "it is recorded though the provider says nothing")
    rig.call(go_on())
    event = rig.event()
    assert (event.call.status, event.cost_status) == ("cancelled", cost)
    rig.provider.answer = healthy
    assert post(rig).status_code == 200
    assert len(rig.events(2)) == 2
