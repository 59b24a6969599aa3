"""What is read on for clients that left never takes the gateway from those that stay."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import msgspec
import pytest
from gateway.rig import Received, Rig, head, reply, until
from gateway.routed import ASK, CHAT, post
from gateway.wires import chat_body, chat_chunk, chat_stream

from quotah_server.gateway.drains import Drain, Drains
from quotah_server.gateway.limits import Limits

KB = 1024
FEW = Limits(
    drain_count=4, drain_bytes_per_s=400 * KB, drain_fair_bytes=500 * KB, drain_bytes=2000 * KB
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def begun(drains: Drains) -> Drain:
    drain = drains.begin()
    assert drain is not None
    return drain


def test_together_they_read_what_is_allowed_in_a_second_and_no_more() -> None:
    clock = Clock()
    drains = Drains(FEW, clock)
    four = [begun(drains) for _ in range(4)]
    total = 0
    for _ in range(10):
        for drain in four:
            while drain.took(10 * KB):
                total += 10 * KB
        clock.now += 1.0
    assert 10 * 400 * KB * 0.4 < total <= 11 * 400 * KB


def test_without_that_bound_they_would_read_all_they_can_get() -> None:
    """The control of the test above: the bound is what holds them."""
    clock = Clock()
    endless = Limits(drain_bytes_per_s=1 << 40, drain_bytes=1 << 40)
    drain = begun(Drains(endless, clock))
    assert all(drain.took(10 * KB) for _ in range(10_000))


def test_who_reads_no_more_than_its_share_is_never_held_up() -> None:
    clock = Clock()
    drains = Drains(FEW, clock)
    modest, *greedy = [begun(drains) for _ in range(4)]
    for _ in range(600):
        for drain in greedy:
            drain.took(300 * KB)
        assert modest.took(9 * KB)
        clock.now += 0.1
        if modest._taken > FEW.drain_bytes - 10 * KB:
            break
    assert all(drain.over for drain in greedy)
    assert not modest.over


def test_who_has_had_much_already_is_given_up_where_nothing_is_left() -> None:
    drains = Drains(FEW, Clock())
    large, small = begun(drains), begun(drains)
    assert large.took(399 * KB)
    assert not large.took(102 * KB)
    assert (large.over, drains.given_up) == (True, 1)
    assert not small.took(200 * KB)
    assert (small.over, drains.given_up) == (False, 1)


def test_a_place_is_given_back_once() -> None:
    drains = Drains(FEW, Clock())
    four = [begun(drains) for _ in range(4)]
    assert drains.begin() is None
    four[0].end()
    four[0].end()
    assert drains.begin() is not None
    assert drains.begin() is None


async def test_those_who_wait_come_in_turn_and_a_cancelled_one_leaves_its_place() -> None:
    drains = Drains(FEW)
    first, second = begun(drains), begun(drains)
    assert not first.took(450 * KB)
    assert not second.took(450 * KB)
    turn = asyncio.create_task(first.turn())
    await asyncio.sleep(0)
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    await asyncio.wait_for(second.turn(), 20)
    assert not drains.waiting


def ask_and_leave(rig: Rig) -> None:
    body = msgspec.json.encode({**ASK, "stream": True})
    with socket.create_connection(("127.0.0.1", rig.port)) as client:
        client.sendall(
            f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {rig.key}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        until(lambda: client.recv(4096), "it streams")


@pytest.mark.parametrize("kind", ["text/event-stream", "application/json"])
def test_endless_answers_that_nobody_reads_are_given_up_and_live_calls_go_on(
    tmp_path: Path, kind: str
) -> None:
    count = 8
    sent = [0]
    chunk = chat_chunk("word " * 3000)

    async def flood(request: Received, writer: asyncio.StreamWriter) -> None:
        if b'"stream":true' not in request.body:
            await reply(chat_body())(request, writer)
            return
        writer.write(head(200, [("content-type", kind)]))
        while True:
            writer.write(chunk)
            await writer.drain()
            sent[0] += len(chunk)
            await asyncio.sleep(0)

    limits = Limits(
        drain_bytes_per_s=256 * KB, drain_fair_bytes=400 * KB, drain_bytes=1 << 40,
        drain_count=count, cost_header_bytes=64 * KB, kept_text_bytes=64 * KB,
    )  # fmt: skip
    with Rig(tmp_path, limits=limits) as rig:
        rig.provider.answer = flood
        for _ in range(count):
            ask_and_leave(rig)
        assert post(rig).status_code == 200
        events = rig.events(count + 1)
        gone = [event for event in events if event.call.streaming]
        assert len(gone) == len({event.call.event_id for event in gone}) == count
        assert {event.call.status for event in gone} == {"cancelled"}
        assert all(event.cost_status == "estimated" for event in gone)
        gateway = rig.gateway
        assert gateway is not None
        until(lambda: not gateway._watch.draining, "every place is given back")
        assert gateway._watch.drains.given_up == count
        assert b"quotah_gateway_drains_given_up_total" in gateway.metrics.render()
        until(lambda: len(rig.provider._tasks) <= 1, "their providers are left")


def test_a_model_that_streams_as_models_do_is_read_to_its_end_beside_a_flood(
    tmp_path: Path,
) -> None:
    chunk = b"data: " + b"x" * 16_000 + b"\n\n"

    async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, [("content-type", "text/event-stream")]))
        if len(rig.provider.received) > 3:
            for part in chat_stream(*("word " for _ in range(100))):
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0.02)
            writer.close()
            return
        while True:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(0.001)

    limits = Limits(drain_bytes_per_s=100 * KB, drain_fair_bytes=1 << 40, drain_bytes=1 << 40,
                    drain_count=4, drain_s=600.0)  # fmt: skip
    with Rig(tmp_path, limits=limits) as rig:
        rig.provider.answer = answer
        for _ in range(3):
            ask_and_leave(rig)
        until(lambda: rig.gateway and rig.gateway._watch.draining == 3, "the flood is read on")
        ask_and_leave(rig)
        began = time.monotonic()
        event = rig.event()
        assert (event.call.status, event.cost_status) == ("cancelled", "computed")
        assert time.monotonic() - began < limits.drain_s
        rig.stop(0.1)
