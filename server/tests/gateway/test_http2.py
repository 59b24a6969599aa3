"""HTTP/2 to providers: one connection for many calls, each of which behaves as if it had its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import h2.errors
import h2.events
import h2.settings
import pytest
from gateway.http2_provider import CHUNK, Call
from gateway.http2_running import Start, failing, send, whole

from quotah_server.gateway.upstream import UpstreamError

MB = 1024 * 1024


async def until(condition: Callable[[], Any]) -> None:
    """Poll; the timeout of ``running`` is the deadline."""
    while not condition():  # noqa: ASYNC110 -- what is awaited belongs to the library's state
        await asyncio.sleep(0.01)


async def test_a_request_arrives_as_it_was_and_so_does_its_answer(running: Start) -> None:
    async with running() as run:

        async def answer(call: Call) -> None:
            await call.reply(b"hello", 201, [("x-answer", "yes"), ("set-cookie", "a=1"),
                                             ("set-cookie", "b=2")])  # fmt: skip

        run[1].answer = answer
        got = await send(run, headers=[("authorization", "Bearer k"), ("x-long", "v" * 40_000)])
        assert (got.status, await got.rest()) == (201, b"hello")
        assert got.headers == [
            ("x-answer", "yes"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("content-length", "5"),
        ]  # fmt: skip
        await got.close()
        (call,) = run[1].calls
        assert bytes(call.body) == b"body"
        assert call.headers == [
            (":method", "POST"), (":scheme", "https"), (":authority", f"127.0.0.1:{run[1].port}"),
            (":path", "/v1/x?q=1"), ("authorization", "Bearer k"), ("x-long", "v" * 40_000),
            ("content-length", "4"),
        ]  # fmt: skip


async def test_many_calls_share_one_connection_and_none_waits_for_another(running: Start) -> None:
    async with running(settings={h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 300}) as run:
        turn = asyncio.Event()

        async def last_first(call: Call) -> None:
            await call.whole.wait()
            if bytes(call.body) != b"last":
                await turn.wait()
            await call.reply(bytes(call.body))

        run[1].answer = last_first
        waiting = [asyncio.create_task(whole(run, b"%d" % n)) for n in range(200)]
        await until(lambda: len(run[1].calls) == 200)
        assert await whole(run, b"last") == b"last"
        turn.set()
        assert await asyncio.gather(*waiting) == [b"%d" % n for n in range(200)]
        assert len(run[1].peers) == 1


async def test_more_calls_than_a_connection_takes_get_another(running: Start) -> None:
    async with running(settings={h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 3}) as run:
        turn = asyncio.Event()

        async def gated(call: Call) -> None:
            await turn.wait()
            await call.reply(b"ok")

        run[1].answer = gated
        waiting = [asyncio.create_task(whole(run)) for _ in range(10)]
        await until(lambda: len(run[1].calls) == 10)
        turn.set()
        assert await asyncio.gather(*waiting) == [b"ok"] * 10
        assert len(run[1].peers) == 4
        assert all(len(peer.calls) <= 3 for peer in run[1].peers)


async def test_chunks_leave_when_they_arrive(running: Start) -> None:
    async with running() as run:
        turn = asyncio.Semaphore(1)

        async def paced(call: Call) -> None:
            call.head(200, [("content-type", "text/event-stream")])
            for number in range(64):
                await turn.acquire()
                call.data(b"data: %d\n\n" % number)
            call.data(b"", ends=True)

        run[1].answer = paced
        answer = await send(run)
        got: list[bytes] = []

        def take(chunk: bytes) -> bool:
            got.append(chunk)
            turn.release()  # the next is sent only once this one was handed on
            return True

        assert await answer.pump(take) is True
        assert got == [b"data: %d\n\n" % number for number in range(64)]
        await answer.close()


async def test_a_body_of_20_mb_goes_out_as_fast_as_it_is_taken(running: Start) -> None:
    async with running() as run:

        async def echo_size(call: Call) -> None:
            await call.whole.wait()
            await call.reply(b"%d" % len(call.body))

        run[1].answer = echo_size
        body = bytes(range(256)) * (20 * MB // 256)
        assert await whole(run, body) == b"%d" % len(body)
        assert bytes(run[1].calls[0].body) == body


async def test_a_body_that_is_not_taken_stays_here_and_holds_up_nobody(running: Start) -> None:
    async with running() as run:
        run[1].takes = False
        big = asyncio.create_task(whole(run, b"x" * 40_000))
        held = asyncio.create_task(whole(run, b"y" * 5 * MB))
        assert await big == b"{}"
        await until(lambda: sum(len(call.body) for call in run[1].calls) >= 65_535)
        await asyncio.sleep(0.05)
        assert sum(len(call.body) for call in run[1].calls) == 65_535
        assert await whole(run, b"", method="GET") == b"{}"
        held.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await held
        await run[1].calls[1].reset.wait()


async def test_a_slow_reader_holds_up_its_own_stream_alone_and_little_of_it(
    running: Start,
) -> None:
    async with running() as run:
        sent = 0

        async def flood(call: Call) -> None:
            nonlocal sent
            if call.header(":method") == "GET":
                await call.reply(b"x" * 3 * MB)
                return
            call.head()
            for number in range(256):
                await call.send(b"z" * CHUNK, ends=number == 255)
                sent += CHUNK

        run[1].answer = flood
        slow = await send(run)
        for _ in range(8):
            assert await whole(run, b"", method="GET") == b"x" * 3 * MB
        assert sent <= 256 * 1024
        assert len(run[1].peers) == 1
        assert len(await slow.rest()) == 256 * CHUNK
        await slow.close()


async def test_who_leaves_an_answer_ends_its_stream_and_no_other(running: Start) -> None:
    async with running() as run:

        async def endless(call: Call) -> None:
            if call.header(":method") == "GET":
                await call.reply(b"fine")
                return
            call.head()
            while True:
                await call.send(b"tick")
                await asyncio.sleep(0.01)

        run[1].answer = endless
        left = await send(run)
        assert (await left.chunk() or b"").startswith(b"tick")
        await left.close()
        await run[1].calls[0].reset.wait()
        for _ in range(3):
            assert await whole(run, b"", method="GET") == b"fine"
        assert len(run[1].peers) == 1


async def test_a_cancelled_wait_for_a_head_ends_its_stream(running: Start) -> None:
    async with running() as run:

        async def silent(call: Call) -> None:
            await call.reset.wait()

        run[1].answer = silent
        waiting = asyncio.create_task(send(run))
        await until(lambda: run[1].calls)
        waiting.cancel()
        await run[1].calls[0].reset.wait()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_a_connection_that_is_going_away_ends_what_it_carries_and_takes_no_more(
    running: Start,
) -> None:
    async with running() as run:
        turn = asyncio.Event()

        async def answer(call: Call) -> None:
            await call.whole.wait()
            if bytes(call.body) != b"one":
                await call.reply(b"new")
                return
            call.head()
            # The library itself ends all with a GOAWAY, so these bytes are written past it.
            call.peer.writer.write(_goaway(last=call.number))
            call.data(b"from ")
            await turn.wait()
            call.data(b"before", ends=True)

        run[1].answer = answer
        one = await send(run, b"one")
        assert await one.chunk() == b"from "
        assert await whole(run, b"two") == b"new"
        assert len(run[1].peers) == 2
        turn.set()
        assert await one.rest() == b"before"
        await one.close()
        await run[1].peers[0].lost.wait()


async def test_what_a_going_connection_never_took_may_be_sent_again(running: Start) -> None:
    async with running() as run:

        async def away(call: Call) -> None:
            await call.whole.wait()
            call.peer.writer.write(_goaway(last=0))

        run[1].answer = away
        failure = await failing(run)
        assert (failure.kind, failure.sent) == ("connection_lost", False)


@pytest.mark.parametrize(
    ("code", "sent"),
    [(h2.errors.ErrorCodes.REFUSED_STREAM, False), (h2.errors.ErrorCodes.INTERNAL_ERROR, True)],
)
async def test_a_stream_that_is_reset_is_a_lost_connection_of_its_own(
    running: Start, code: h2.errors.ErrorCodes, sent: bool
) -> None:
    async with running() as run:

        async def reset(call: Call) -> None:
            if call.header(":method") == "GET":
                await call.reply(b"fine")
                return
            call.peer.machine.reset_stream(call.number, code)
            call.peer.flush()

        run[1].answer = reset
        failure = await failing(run)
        assert (failure.kind, failure.sent) == ("connection_lost", sent)
        assert await whole(run, b"", method="GET") == b"fine"
        assert len(run[1].peers) == 1


async def test_an_answer_that_is_reset_in_the_middle_is_cut_after_what_came(
    running: Start,
) -> None:
    async with running() as run:

        async def half(call: Call) -> None:
            call.head()
            call.data(b"half")
            call.peer.machine.reset_stream(call.number, h2.errors.ErrorCodes.INTERNAL_ERROR)
            call.peer.flush()

        run[1].answer = half
        answer = await send(run)
        assert await answer.chunk() == b"half"
        with pytest.raises(UpstreamError) as failure:
            await answer.chunk()
        assert (failure.value.kind, failure.value.sent) == ("connection_lost", True)
        await answer.close()


async def test_an_answer_may_come_before_the_request_is_whole(running: Start) -> None:
    async with running() as run:
        run[1].takes = False

        async def early(call: Call) -> None:
            call.head(413, [("content-length", "3")])
            call.data(b"big", ends=True)

        run[1].answer = early
        answer = await send(run, b"x" * MB)
        assert (answer.status, await answer.rest()) == (413, b"big")
        await answer.close()
        await run[1].calls[0].reset.wait()


async def test_trailers_and_heads_that_only_say_to_wait_are_passed_over(running: Start) -> None:
    async with running() as run:

        async def odd(call: Call) -> None:
            call.head(103, [("link", "</x>; rel=preload")])
            call.head(200, [("x-real", "1")])
            call.data(b"body")
            call.peer.machine.send_headers(call.number, [("x-check", "sum")], end_stream=True)
            call.peer.flush()

        run[1].answer = odd
        answer = await send(run)
        assert (answer.status, answer.headers, await answer.rest()) == (
            200,
            [("x-real", "1")],
            b"body",
        )
        await answer.close()
        assert await whole(run) == b"body"


async def test_a_head_request_has_no_body_whatever_the_answer_says(running: Start) -> None:
    async with running() as run:

        async def sized(call: Call) -> None:
            call.head(200, [("content-length", "42")], ends=True)

        run[1].answer = sized
        assert await whole(run, b"", method="HEAD") == b""


@pytest.mark.parametrize("length", ["3", "9"])
async def test_a_body_of_another_length_than_announced_is_an_error(
    running: Start, length: str
) -> None:
    async with running() as run:

        async def lying(call: Call) -> None:
            fields = [(b":status", b"200"), (b"content-length", length.encode())]
            call.peer.machine.config.normalize_outbound_headers = False
            call.peer.machine.send_headers(call.number, fields)
            call.data(b"hello", ends=True)

        run[1].answer = lying
        assert (await failing(run)).kind == "connection_lost"


def _goaway(last: int) -> bytes:
    return _frame(7, 0, 0, last.to_bytes(4, "big") + bytes(4))


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return (
        len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload
    )


def _literal(name: bytes, value: bytes) -> bytes:
    return b"\x00" + bytes((len(name),)) + name + bytes((len(value),)) + value


@pytest.mark.parametrize(
    "raw",
    [
        _frame(6, 0, 0, bytes(8)) * 5000,
        _frame(4, 0, 0, b"") * 5000,
        _frame(0, 0, 1, b"") * 5000,
        _frame(1, 0, 1, b"\x88") + _frame(9, 0, 1, b"") * 5000,
        _frame(1, 4, 1, b"\x88" + _literal(b"x", b"y" * 100) * 3000)[:300_000],
        _frame(1, 0, 1, b"\x88") + _frame(9, 0, 1, b"\x00" * 16_384) * 60,
        _frame(1, 4, 1, b"\xff\xff\xff\xff\xff"),
        _frame(0, 0, 1, b"body before head"),
        _frame(0, 0, 7, b"of nobody"),
        _frame(5, 4, 1, bytes(4) + b"\x88"),
        _frame(8, 0, 0, b"\x7f\xff\xff\xff"),
        _frame(8, 0, 1, bytes(4)),
        _frame(1, 12, 1, b"\xff\x88"),
        b"\xff\xff\xff" + bytes(6),
        b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
    ],
    ids=["pings", "settings", "empty data", "continuations", "frame size", "head size", "index",
         "order", "stream", "push", "window", "no window", "padding", "length", "http1"],
)  # fmt: skip
async def test_a_provider_that_breaks_the_protocol_is_a_lost_connection(
    running: Start, raw: bytes
) -> None:
    async with running() as run:

        async def hostile(call: Call) -> None:
            if call.header(":method") == "GET":
                await call.reply(b"fine")
                return
            with contextlib.suppress(ConnectionError):
                call.peer.writer.write(raw)
                await call.peer.writer.drain()
            await call.reset.wait()

        run[1].answer = hostile
        assert (await failing(run)).kind == "connection_lost"
        assert await whole(run, b"", method="GET") == b"fine"


@pytest.mark.parametrize(
    "field",
    [_literal(b"x-a", b"1\r\nx-b: 2"), _literal(b"x a", b"1"), _literal(b":path", b"/"),
     _literal(b"x-a", b"1\x00"), _literal(b"", b"1"), b"\x89"],
)  # fmt: skip
async def test_no_header_can_smuggle_another_into_the_clients_answer(
    running: Start, field: bytes
) -> None:
    async with running() as run:

        async def smuggle(call: Call) -> None:
            call.peer.writer.write(_frame(1, 5, call.number, b"\x88" + field))

        run[1].answer = smuggle
        assert (await failing(run)).kind == "connection_lost"


async def test_a_connection_that_ends_fails_all_its_calls(running: Start) -> None:
    async with running() as run:

        async def gone(call: Call) -> None:
            await until(lambda: len(run[1].calls) == 5)
            call.peer.writer.transport.abort()

        run[1].answer = gone
        failures = await asyncio.gather(*(failing(run) for _ in range(5)))
        assert {(one.kind, one.sent) for one in failures} == {("connection_lost", True)}


async def test_pings_are_answered(running: Start) -> None:
    async with running() as run:
        answered = asyncio.Event()

        async def ping(call: Call) -> None:
            call.peer.machine.ping(b"12345678")
            call.peer.flush()
            kind = h2.events.PingAckReceived
            await until(lambda: any(isinstance(event, kind) for event in call.peer.seen))
            answered.set()
            await call.reply(b"ok")

        run[1].answer = ping
        assert await whole(run) == b"ok"
        assert answered.is_set()
