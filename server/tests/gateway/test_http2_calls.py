"""Calls through the whole gateway to a provider that speaks HTTP/2 alone: bytes, events, ends."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import h2.errors
import httpx2
import msgspec
import pytest
from gateway.http2_provider import Call, Http2Provider, tls_server_context
from gateway.rig import DEADLINE_S, Rig, until
from gateway.routed import ASK, CHAT, follow, key, post
from gateway.wires import CHAT_USAGE, chat_body, chat_chunk, chat_stream

from quotah_server.domain.routing import Retry, Route
from quotah_server.gateway import pool

STREAM = {**ASK, "stream": True, "stream_options": {"include_usage": True}}
AGAIN = Route("r1", "x", retry=Retry(tries=3, backoff_ms=1))
_GOAWAY = b"\0\0\x08\x07\0\0\0\0\0" + bytes(8)
"""Nothing was taken of any stream."""


@pytest.fixture
def provider(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Http2Provider]:
    context = tls_server_context(tmp_path / "tls", ["h2"])
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "tls" / "certificate.pem"))
    pool.tls_context.cache_clear()
    provider = Http2Provider(context)
    rig.call(provider.start())
    lead(rig, provider, [])
    yield provider
    rig.call(provider.stop())
    pool.tls_context.cache_clear()


def lead(rig: Rig, provider: Http2Provider, routes: list[Route]) -> None:
    follow(rig, mounts={"openai": [key("one", base_url=f"{provider.url}/v1")]}, routes=routes)


async def body(call: Call) -> None:
    await call.reply(chat_body(), 200, [("content-type", "application/json")])


async def whole_stream(call: Call) -> None:
    await call.whole.wait()
    call.head(200, [("content-type", "text/event-stream")])
    for chunk in chat_stream("Hello", " there"):
        await call.send(chunk)
    call.data(b"", ends=True)


def usage(rig: Rig, number: int = 1) -> tuple[str, str, int]:
    event = rig.events(number)[-1]
    return event.call.status, event.cost_status, (event.usage.output_tokens or 0)


def test_a_json_call_is_passed_on_and_billed_exactly(rig: Rig, provider: Http2Provider) -> None:
    provider.answer = body
    answer = post(rig)
    assert (answer.status_code, answer.content) == (200, chat_body())
    assert usage(rig) == ("success", "computed", CHAT_USAGE["completion_tokens"])
    (call,) = provider.calls
    assert call.header("authorization") == "Bearer one"


def test_a_stream_is_passed_on_byte_for_byte_and_billed_exactly(
    rig: Rig, provider: Http2Provider
) -> None:
    provider.answer = whole_stream
    answer = post(rig, STREAM)
    assert answer.content == b"".join(chat_stream("Hello", " there"))
    assert usage(rig) == ("success", "computed", CHAT_USAGE["completion_tokens"])


def test_a_stream_that_is_reset_ends_visibly_and_is_estimated(
    rig: Rig, provider: Http2Provider
) -> None:
    async def broken(call: Call) -> None:
        await call.whole.wait()
        call.head(200, [("content-type", "text/event-stream")])
        call.data(chat_chunk("Hello") + chat_chunk(" there"))
        await asyncio.sleep(0.1)
        call.peer.machine.reset_stream(call.number, h2.errors.ErrorCodes.INTERNAL_ERROR)
        call.peer.flush()

    lead(rig, provider, [AGAIN])
    provider.answer = broken
    with pytest.raises(httpx2.RemoteProtocolError):
        post(rig, STREAM)
    assert usage(rig) == ("error", "estimated", 2)
    assert len(provider.calls) == 1


@pytest.mark.parametrize("how", ["goaway", "refused"])
def test_what_the_provider_never_took_is_tried_again(
    rig: Rig, provider: Http2Provider, how: str
) -> None:
    async def away_at_first(call: Call) -> None:
        await call.whole.wait()
        if len(provider.calls) > 1:
            await body(call)
        elif how == "goaway":
            call.peer.writer.write(_GOAWAY)
        else:
            call.peer.machine.reset_stream(call.number, h2.errors.ErrorCodes.REFUSED_STREAM)
            call.peer.flush()

    lead(rig, provider, [AGAIN])
    provider.answer = away_at_first
    assert post(rig).content == chat_body()
    first, second = sorted(rig.events(2), key=lambda event: event.call.attempt)
    assert (first.call.final, first.call.error_class) == (False, "connection_lost")
    assert not first.cost_usd
    assert (second.call.final, second.cost_status) == (True, "computed")
    assert first.call.call_id == second.call.call_id


def test_what_the_provider_may_have_done_is_not_tried_again(
    rig: Rig, provider: Http2Provider
) -> None:
    async def lost(call: Call) -> None:
        await call.whole.wait()
        call.peer.machine.reset_stream(call.number, h2.errors.ErrorCodes.INTERNAL_ERROR)
        call.peer.flush()

    lead(rig, provider, [AGAIN])
    provider.answer = lost
    assert post(rig).status_code == 502
    assert usage(rig)[0] == "error"
    assert len(provider.calls) == len(rig.control.events) == 1


@pytest.mark.parametrize("begun", [False, True])
def test_a_client_that_leaves_has_its_stream_reset_while_the_provider_says_nothing(
    rig: Rig, provider: Http2Provider, begun: bool
) -> None:
    async def silent(call: Call) -> None:
        await call.whole.wait()
        if begun:
            call.head(200, [("content-type", "text/event-stream")])
            call.data(chat_chunk("Hello"))
        await asyncio.sleep(3600)

    lead(rig, provider, [Route("r1", "x", disconnect="abort")])
    provider.answer = silent
    content = msgspec.json.encode(STREAM)
    waits: list[float] = []
    for number in range(1, 4):
        with socket.create_connection(("127.0.0.1", rig.port), timeout=DEADLINE_S) as client:
            client.sendall(
                f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {rig.key}\r\n"
                f"content-length: {len(content)}\r\n\r\n".encode()
                + content
            )
            until(lambda n=number: len(provider.calls) == n, "the provider is asked")
            if begun:
                until(lambda: b"Hello" in client.recv(9000), "it streams")
        gone_at = time.monotonic()
        until(provider.calls[-1].reset.is_set, "the stream is reset")
        waits.append(time.monotonic() - gone_at)
        assert usage(rig, number)[:2] == ("cancelled", "estimated")
    assert min(waits) < 1.0
    assert len({call.peer for call in provider.calls}) == 1
