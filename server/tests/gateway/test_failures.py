"""Providers that fail, clients that leave: one event each, and an honest answer."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import msgspec
import openai
import pytest
from gateway.rig import DEADLINE_S, Received, Rig, free_port, head, reply, stream, until
from gateway.wires import DONE, chat_body, chat_chunk, chat_stream, message_stream, usage_chunk

from quotah_server.gateway.limits import Limits
from quotah_server.tokens.count import count

CHAT = "/openai/v1/chat/completions"
ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello there " * 40}]}
STREAM = {**ASK, "stream": True}


def post(rig: Rig, body: dict[str, Any], path: str = CHAT) -> httpx2.Response:
    return httpx2.post(rig.url + path, json=body, headers=rig.bearer, timeout=DEADLINE_S)


def quick(**fields: Any) -> Limits:
    return Limits(**fields)


def leave_after_first_chunk(rig: Rig, body: dict[str, Any], path: str = CHAT) -> None:
    with httpx2.stream(
        "POST", rig.url + path, json=body, headers=rig.bearer, timeout=DEADLINE_S
    ) as answer:
        next(answer.iter_raw())


def test_a_provider_that_refuses_connections_is_a_502_and_an_event_that_costs_nothing(
    rig: Rig,
) -> None:
    rig.publish(rig.make_snapshot(2, base=f"http://127.0.0.1:{free_port()}"))
    assert rig.gateway is not None
    rig.gateway.holder.wait_for(2, DEADLINE_S)
    client = openai.OpenAI(base_url=f"{rig.url}/openai/v1", api_key=rig.key, max_retries=0)
    with pytest.raises(openai.InternalServerError) as failure:
        client.chat.completions.create(**ASK)
    assert failure.value.status_code == 502
    assert failure.value.code == "connection_failed"
    assert "'openai' gave no usable answer: no connection to it" in failure.value.message
    event = rig.event()
    assert failure.value.response.headers["x-quotah-event-id"] == f"evt_{event.call.event_id}"
    assert (event.call.status, event.call.error_class) == ("error", "connection_failed")
    assert event.cost_usd == 0


def test_a_provider_that_hangs_up_without_an_answer_is_a_502(rig: Rig) -> None:
    async def hang_up(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.close()
        raise ConnectionResetError

    rig.provider.answer = hang_up
    client = anthropic.Anthropic(base_url=f"{rig.url}/anthropic", api_key=rig.key, max_retries=0)
    with pytest.raises(anthropic.InternalServerError) as failure:
        client.messages.create(model="claude-sonnet-4-6", max_tokens=5, messages=ASK["messages"])
    assert failure.value.status_code == 502
    assert failure.value.body["type"] == "error"
    event = rig.event()
    assert (event.call.status, event.call.error_class) == ("error", "connection_lost")
    assert event.cost_status == "estimated"


def test_a_provider_that_never_answers_is_a_504_within_the_limit(tmp_path: Path) -> None:
    async def silence(_: Received, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3600)

    with Rig(tmp_path, limits=quick(first_byte_s=0.3)) as rig:
        rig.provider.answer = silence
        answer = post(rig, ASK)
        assert answer.status_code == 504
        assert answer.json()["error"]["code"] == "timeout"
        event = rig.event()
        assert (event.call.status, event.call.error_class) == ("error", "timeout")
        assert event.usage.estimated


def test_a_stream_cut_by_the_provider_is_cut_for_the_client_too(rig: Rig) -> None:
    chunks = [chat_chunk("Hello "), chat_chunk("there")]
    rig.provider.answer = stream(chunks, then="reset")
    got: list[bytes] = []
    with (
        pytest.raises(httpx2.RemoteProtocolError),
        httpx2.stream("POST", rig.url + CHAT, json=STREAM, headers=rig.bearer) as answer,
    ):
        got.extend(answer.iter_raw())
    assert b"".join(got) == b"".join(chunks)
    event = rig.event()
    assert (event.call.status, event.call.error_class) == ("error", "connection_lost")
    assert event.usage.estimated
    # By the model's own encoding: two words, and a request as the cookbook counts it.
    assert event.usage.units == {"input": count("gpt-4o", STREAM).tokens, "output": 2}
    assert event.cost_usd is not None
    assert event.cost_usd > 0


def test_a_stalled_stream_is_ended_after_the_idle_time(tmp_path: Path) -> None:
    with Rig(tmp_path, limits=quick(idle_s=0.3)) as rig:
        rig.provider.answer = stream([chat_chunk("Hello")], then="stall")
        with (
            pytest.raises(httpx2.RemoteProtocolError),
            httpx2.stream("POST", rig.url + CHAT, json=STREAM, headers=rig.bearer) as answer,
        ):
            answer.read()
        call = rig.event().call
        assert (call.status, call.error_class) == ("error", "timeout")


def test_a_stream_that_ends_early_but_politely_is_an_error_in_the_books(rig: Rig) -> None:
    rig.provider.answer = stream([chat_chunk("Hello")])
    answer = post(rig, STREAM)
    assert answer.content == chat_chunk("Hello")
    event = rig.event()
    assert (event.call.status, event.call.error_class) == ("error", "stream_incomplete")
    assert event.cost_status == "estimated"


def test_an_error_inside_a_stream_is_an_error_in_the_books(rig: Rig) -> None:
    failure = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    block = b"event: error\ndata: " + msgspec.json.encode(failure) + b"\n\n"
    rig.provider.answer = stream([*message_stream("Hi", cut=True), block])
    body = {"model": "claude-sonnet-4-6", "max_tokens": 9, "stream": True, "messages": []}
    answer = post(rig, body, "/anthropic/v1/messages")
    assert answer.content.endswith(block)
    call = rig.event().call
    assert (call.status, call.error_class) == ("error", "overloaded_error")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>Bad gateway</html>", "text/html"),
        (b'{"id":"x","usage":{"prompt_tokens":1', "application/json"),
        (b"\x00\xff garbage", "application/json"),
        (b"[1,2]", "application/json"),
        (b"[" * 100_000, "application/json"),
    ],
)
def test_an_unreadable_200_passes_and_is_an_error_in_the_books(
    rig: Rig, body: bytes, kind: str
) -> None:
    rig.provider.answer = reply(body, content_type=kind)
    answer = post(rig, ASK)
    assert (answer.status_code, answer.content) == (200, body)
    event = rig.event()
    assert (event.call.status, event.call.error_class) == ("error", "unreadable_answer")
    assert event.usage.estimated


def test_absurd_usage_is_stored_unpriced_or_flagged_and_never_breaks_the_call(rig: Rig) -> None:
    absurd = chat_body(
        usage={"prompt_tokens": -5, "completion_tokens": 10**30, "total_tokens": "many"}
    )
    rig.provider.answer = reply(absurd)
    assert post(rig, ASK).content == absurd
    event = rig.event()
    assert event.usage.flags
    assert event.cost_usd is None or event.cost_usd >= 0


def test_garbled_stream_frames_pass_and_the_rest_is_still_read(rig: Rig) -> None:
    garbled = [b"data: {nonsense \xff\xfe\n\n", b"\x00\x01\n\n", b'data: {"usage":{broken\n\n']
    rig.provider.answer = stream([*garbled, *chat_stream("Hello")])
    content = post(rig, STREAM).content
    assert content.startswith(b"".join(garbled))
    assert rig.event().cost_status == "computed"


@pytest.mark.parametrize(
    ("path", "body", "chunks"),
    [
        (CHAT, STREAM, chat_stream("a", "b", "c")),
        (
            "/anthropic/v1/messages",
            {"model": "claude-sonnet-4-6", "max_tokens": 9, "stream": True, "messages": []},
            message_stream("a", "b", "c"),
        ),
    ],
)
def test_a_client_that_leaves_is_billed_exactly_because_the_rest_is_read(
    rig: Rig, path: str, body: dict[str, Any], chunks: list[bytes]
) -> None:
    rig.provider.answer = stream(chunks, pause_s=0.05)
    leave_after_first_chunk(rig, body, path)
    event = rig.event()
    assert (event.call.status, event.call.error_class) == ("cancelled", "client_disconnected")
    assert event.cost_status == "computed"
    assert not event.usage.estimated
    rig.provider.answer = stream(chunks)
    post(rig, body, path)
    assert rig.events(2)[1].cost_usd == event.cost_usd


def test_reading_on_is_bounded_in_time_and_the_bill_is_then_estimated(tmp_path: Path) -> None:
    with Rig(tmp_path, limits=quick(drain_s=0.4)) as rig:
        rig.provider.answer = stream([chat_chunk("word ") for _ in range(1000)], pause_s=0.05)
        leave_after_first_chunk(rig, STREAM)
        event = rig.event()
        assert event.call.status == "cancelled"
        assert event.usage.estimated
        assert 1 <= event.usage.units["output"] < 1000
        until(lambda: rig.provider.broken_sends, "the provider notices the abort")


def test_reading_on_is_bounded_in_bytes(tmp_path: Path) -> None:
    with Rig(tmp_path, limits=quick(drain_bytes=10_000)) as rig:
        rig.provider.answer = stream([chat_chunk("x" * 1000) for _ in range(1000)], pause_s=0.01)
        leave_after_first_chunk(rig, STREAM)
        event = rig.event()
        assert event.call.status == "cancelled"
        assert event.usage.units["output"] < 10_000


def test_reading_on_is_bounded_in_number(tmp_path: Path) -> None:
    with Rig(tmp_path, limits=quick(drain_count=0)) as rig:
        rig.provider.answer = stream(chat_stream(*("word " for _ in range(100))), pause_s=0.02)
        leave_after_first_chunk(rig, STREAM)
        event = rig.event()
        assert event.call.status == "cancelled"
        assert event.usage.estimated
        assert event.cost_usd is not None
        assert event.cost_usd > 0


def test_a_client_that_leaves_before_the_answer_is_one_event_with_the_exact_cost(rig: Rig) -> None:
    arrived, go = asyncio.Event(), asyncio.Event()

    async def late(request: Received, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await go.wait()
        await reply(chat_body())(request, writer)

    rig.provider.answer = late
    body = msgspec.json.encode(ASK)
    with socket.create_connection(("127.0.0.1", rig.port)) as client:
        client.sendall(
            f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {rig.key}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode()
            + body
        )
        until(arrived.is_set, "the request reaches the provider")
    rig._loop.call_soon_threadsafe(go.set)
    event = rig.event()
    assert event.cost_status == "computed"
    assert len(rig.provider.received) == 1


def test_a_request_cut_short_never_reaches_the_provider(rig: Rig) -> None:
    with socket.create_connection(("127.0.0.1", rig.port)) as client:
        client.sendall(
            f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {rig.key}\r\n"
            'content-length: 1000\r\n\r\n{"model":'.encode()
        )
        client.shutdown(socket.SHUT_WR)
        client.recv(1000)
    rig.provider.answer = reply(chat_body())
    post(rig, ASK)
    assert rig.event().call.status == "success"
    assert len(rig.provider.received) == 1


def test_a_stream_that_finishes_at_full_speed_after_usage_is_read_once(rig: Rig) -> None:
    doubled = [chat_chunk("a"), chat_chunk(finish="stop"), usage_chunk(), usage_chunk(), DONE]
    rig.provider.answer = stream(doubled)
    assert post(rig, STREAM).content == chat_chunk("a") + chat_chunk(finish="stop") + DONE
    first = rig.event()
    rig.provider.answer = stream(chat_stream("a"))
    post(rig, STREAM)
    assert rig.events(2)[1].cost_usd == first.cost_usd


def test_an_answer_with_less_body_than_announced_is_a_502(rig: Rig) -> None:
    async def short(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, [("content-type", "application/json"), ("content-length", "500")]))
        writer.write(b'{"id":')
        await writer.drain()
        writer.close()

    rig.provider.answer = short
    assert post(rig, ASK).status_code == 502
    assert rig.event().call.error_class == "connection_lost"
