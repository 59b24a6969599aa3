"""Clients that leave: read on for an exact bill, or the provider told at once; never nothing, never twice."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from gateway.rig import DEADLINE_S, Received, Rig, head, reply, stream, until
from gateway.routed import ASK, CHAT, follow, key, post
from gateway.wires import chat_body, chat_chunk, chat_stream

from quotah_server.domain.routing import Retry, Route
from quotah_server.gateway.limits import Limits

STREAM = {**ASK, "stream": True}
ABORT = [Route("r1", "abort", disconnect="abort")]
DRAIN = [Route("r1", "drain", disconnect="drain")]


async def silence(_: Received, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


def leave(rig: Rig, body: dict[str, Any], ready: Callable[[socket.socket], object]) -> float:
    """Ask, wait until something holds, close; tells when. The request's bytes go out whole."""
    content = msgspec.json.encode(body)
    with socket.create_connection(("127.0.0.1", rig.port), timeout=DEADLINE_S) as client:
        client.sendall(
            f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {rig.key}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n".encode()
            + content
        )
        ready(client)
    return time.monotonic()


def asked(rig: Rig, count: int = 1) -> Callable[[socket.socket], object]:
    return lambda _: until(lambda: len(rig.provider.received) >= count, "the provider is asked")


def left_alone(rig: Rig) -> bool:
    """Whether the gateway has closed every connection to the provider."""
    return all(reader.at_eof() or reader.exception() for reader in rig.provider.readers)


def test_an_aborted_stream_that_stands_still_is_closed_within_a_second_and_estimated(
    rig: Rig,
) -> None:
    follow(rig, routes=ABORT)
    rig.provider.answer = stream([chat_chunk("Hello there, "), chat_chunk("you")], then="stall")
    waits: list[float] = []
    for number in range(1, 4):
        gone_at = leave(
            rig, STREAM, lambda client: until(lambda: b"you" in client.recv(9000), "it streams")
        )
        until(lambda: left_alone(rig), "the provider is left")
        waits.append(time.monotonic() - gone_at)
        event = rig.events(number)[-1]
        assert (event.call.status, event.call.error_class) == ("cancelled", "client_disconnected")
        assert (event.call.final, event.usage.estimated) == (True, True)
        assert event.usage.units["input"] > 0
        assert event.usage.units["output"] == 4
        assert event.cost_usd is not None
        assert event.cost_usd > 0
    assert min(waits) < 1.0


@pytest.mark.parametrize("body", [ASK, STREAM])
def test_an_aborted_call_without_an_answer_yet_is_closed_and_costs_its_input(
    rig: Rig, body: dict[str, Any]
) -> None:
    follow(rig, routes=ABORT)
    rig.provider.answer = silence
    gone_at = leave(rig, body, asked(rig))
    until(lambda: left_alone(rig), "the provider is left")
    assert time.monotonic() - gone_at < DEADLINE_S
    event = rig.event()
    assert (event.call.status, event.call.error_class) == ("cancelled", "client_disconnected")
    assert event.usage.units["input"] > 0
    assert "output" not in event.usage.units
    assert event.cost_usd is not None
    assert event.cost_usd > 0
    assert event.cost_status == "estimated"


def test_a_large_request_does_not_hide_that_its_client_left(rig: Rig) -> None:
    follow(rig, routes=ABORT)
    rig.provider.answer = silence
    large = {"model": "gpt-4o", "messages": [{"role": "user", "content": "word " * 400_000}]}
    leave(rig, large, asked(rig))
    until(lambda: left_alone(rig), "the provider is left")
    assert rig.event().call.status == "cancelled"


def test_an_answer_that_is_half_there_counts_with_what_was_delivered(rig: Rig) -> None:
    async def half(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, [("content-type", "application/json"), ("content-length", "900")]))
        writer.write(chat_body()[:40])
        await writer.drain()
        await asyncio.sleep(3600)

    follow(rig, routes=ABORT)
    rig.provider.answer = half
    leave(rig, ASK, asked(rig))
    until(lambda: left_alone(rig), "the provider is left")
    event = rig.event()
    assert event.call.status == "cancelled"
    assert event.usage.units["input"] > 0


def test_a_drained_call_is_not_closed_when_its_client_leaves(rig: Rig) -> None:
    """The control of the tests above: what is closed there is closed because the route says so."""
    follow(rig, routes=DRAIN)
    arrived, go = asyncio.Event(), asyncio.Event()

    async def release() -> None:
        go.set()

    async def late(request: Received, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await go.wait()
        await reply(chat_body())(request, writer)

    rig.provider.answer = late
    leave(rig, ASK, lambda _: until(arrived.is_set, "the provider is asked"))
    time.sleep(1.5)
    assert not left_alone(rig)
    rig.call(release())
    event = rig.event()
    assert event.cost_status == "computed"


def test_a_stream_whose_client_leaves_is_read_on_unless_the_route_aborts(rig: Rig) -> None:
    chunks = chat_stream(*("word " for _ in range(40)))
    rig.provider.answer = stream(chunks, pause_s=0.02)
    follow(rig, routes=DRAIN)
    leave(rig, STREAM, lambda client: client.recv(9000))
    drained = rig.event()
    assert (drained.call.status, drained.cost_status) == ("cancelled", "computed")
    follow(rig, routes=ABORT)
    leave(rig, STREAM, lambda client: client.recv(9000))
    aborted = rig.events(2)[-1]
    assert (aborted.call.status, aborted.cost_status) == ("cancelled", "estimated")
    assert aborted.usage.units["output"] < 40
    until(lambda: rig.provider.broken_sends, "the provider notices")


def test_an_aborted_call_is_not_tried_again(rig: Rig) -> None:
    follow(
        rig,
        mounts={"openai": [key("a"), key("b")]},
        routes=[
            Route("r1", "x", disconnect="abort", retry=Retry(tries=3, lost=True, backoff_ms=1))
        ],
    )
    rig.provider.answer = silence
    leave(rig, ASK, asked(rig))
    assert rig.event().call.status == "cancelled"
    assert len(rig.provider.received) == 1


def test_a_client_that_stays_is_not_disturbed_by_a_route_that_aborts(rig: Rig) -> None:
    follow(rig, routes=ABORT)
    rig.provider.answer = stream(chat_stream("Hello"))
    assert post(rig, STREAM).status_code == 200
    rig.provider.answer = reply(chat_body())
    assert post(rig).status_code == 200
    assert [e.call.status for e in rig.events(2)] == ["success", "success"]


def test_aborts_are_counted_and_leave_nothing_open(tmp_path: Path) -> None:
    with Rig(tmp_path, limits=Limits()) as rig:
        follow(rig, routes=ABORT)
        rig.provider.answer = silence
        for number in range(1, 4):
            leave(rig, ASK, asked(rig, number))
        assert len(rig.events(3)) == 3
        gateway = rig.gateway
        assert gateway is not None
        until(lambda: gateway.intents.open_count() == 0, "the notes are closed")
        assert gateway.metrics.disconnects["aborted"] == 3
