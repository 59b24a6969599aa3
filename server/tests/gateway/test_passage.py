"""What passes through, byte for byte and header for header."""

from __future__ import annotations

import asyncio
import gzip
import time

import httpx2
import msgspec
import pytest
from gateway.rig import DEADLINE_S, Received, Rig, head, reply, stream, until
from gateway.wires import DONE, chat_body, chat_chunk, chat_stream, usage_chunk

CHAT = "/openai/v1/chat/completions"
ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}


def post(rig: Rig, path: str = CHAT, **options: object) -> httpx2.Response:
    options.setdefault("json", ASK)
    headers = {**rig.bearer, **options.pop("headers", {})}  # type: ignore[dict-item]
    return httpx2.post(rig.url + path, headers=headers, timeout=DEADLINE_S, **options)


def test_a_json_answer_is_passed_on_byte_for_byte(rig: Rig) -> None:
    body = (
        b'{ "id":"x",\n"usage":{"prompt_tokens":1,"completion_tokens":1},"n":1.10,"u":"\\u00e9" }\n'
    )
    rig.provider.answer = reply(body)
    assert post(rig).content == body


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_stream_is_passed_on_byte_for_byte_in_any_chunking(rig: Rig, size: int) -> None:
    block = b": hello\n\n" + chat_chunk("漢😀") + chat_chunk(finish="stop") + usage_chunk() + DONE
    chunks = [block[i : i + size] for i in range(0, len(block), size)]
    rig.provider.answer = stream(chunks)
    asked = {**ASK, "stream": True, "stream_options": {"include_usage": True}}
    assert post(rig, json=asked).content == block
    rig.provider.answer = stream(chunks)
    assert post(rig, json={**ASK, "stream": True}).content == block.replace(usage_chunk(), b"")
    first, second = rig.events(2)
    assert first.cost_usd == second.cost_usd is not None


def test_each_chunk_leaves_when_it_arrives(rig: Rig) -> None:
    seen = asyncio.Event()

    async def gate(number: int) -> None:
        # The provider sends a chunk only after the client has seen the one before.
        if number:
            await asyncio.wait_for(seen.wait(), DEADLINE_S)
            seen.clear()

    chunks = chat_stream("a", "b", "c", "d")
    rig.provider.answer = stream(chunks, gate=gate)
    body = {**ASK, "stream": True, "stream_options": {"include_usage": True}}
    got: list[bytes] = []
    with httpx2.stream(
        "POST", rig.url + CHAT, json=body, headers=rig.bearer, timeout=DEADLINE_S
    ) as answer:
        for chunk in answer.iter_raw():
            got.append(chunk)
            rig._loop.call_soon_threadsafe(seen.set)
    assert got == chunks


def test_the_request_reaches_the_provider_as_sent(rig: Rig) -> None:
    rig.provider.answer = reply(chat_body())
    body = b'{"model" : "gpt-4o","messages":[],"x":1.0,"big":12345678901234567890}'
    post(
        rig, CHAT + "?api-version=1%2F2&b", content=body, json=None,
        headers={
            "content-type": "application/json", "openai-beta": "x=1", "x-quotah-feature": "f",
            "user-agent": "Mine/1", "accept-encoding": "gzip, br", "connection": "x-hop",
            "x-hop": "1", "cookie": "a=b",
        },
    )  # fmt: skip
    (request,) = rig.provider.received
    assert request.body == body
    assert request.target == "/v1/chat/completions?api-version=1%2F2&b"
    names = {name.lower() for name, _ in request.headers}
    assert request.header("openai-beta") == "x=1"
    assert request.header("user-agent") == "Mine/1"
    assert request.header("cookie") == "a=b"
    assert request.header("accept-encoding") == "identity"
    assert not names & {"x-quotah-feature", "x-hop", "x-api-key", "connection"}
    assert request.header("host") == f"127.0.0.1:{rig.provider.port}"


def test_usage_is_asked_for_without_touching_another_byte(rig: Rig) -> None:
    rig.provider.answer = stream(chat_stream("a"))
    body = b'\n{ "stream" : true, "model":"gpt-4o", "temperature":1.0, "n":1e0 }'
    post(rig, content=body, json=None)
    (request,) = rig.provider.received
    assert request.body == b'\n{"stream_options":{"include_usage":true},' + body[2:]


def test_stream_options_of_the_client_are_kept_when_usage_is_asked_for(rig: Rig) -> None:
    rig.provider.answer = stream(chat_stream("a"))
    body = b'{"stream":true,"temperature":1.0,"stream_options":{"include_obfuscation":false},"big":1e400}'
    answer = post(rig, content=body, json=None)
    assert b'"choices":[]' not in answer.content
    (request,) = rig.provider.received
    assert request.body == (
        b'{"stream":true,"temperature":1.0,'
        b'"stream_options":{"include_obfuscation":false,"include_usage":true},"big":1e400}'
    )


def test_headers_of_the_answer_are_kept_but_for_hop_by_hop(rig: Rig) -> None:
    fields = [
        ("x-request-id", "req_1"), ("set-cookie", "a=1"), ("set-cookie", "b=2"),
        ("openai-processing-ms", "7"), ("keep-alive", "timeout=5"), ("alt-svc", "h3"),
        ("x-quotah-event-id", "evt_forged"),
    ]  # fmt: skip
    rig.provider.answer = reply(chat_body(), headers=fields)
    answer = post(rig)
    assert answer.headers["x-request-id"] == "req_1"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["openai-processing-ms"] == "7"
    assert "alt-svc" not in answer.headers
    assert "keep-alive" not in answer.headers
    event = rig.event()
    assert answer.headers.get_list("x-quotah-event-id") == [f"evt_{event.call.event_id}"]
    assert answer.headers["x-quotah-request-id"] == event.call.call_id
    assert event.call.provider_request_id == "req_1"


def test_a_compressed_answer_is_passed_on_compressed_and_read(rig: Rig) -> None:
    packed = gzip.compress(chat_body())
    rig.provider.answer = reply(packed, headers=[("content-encoding", "gzip")])
    assert post(rig).json() == msgspec.json.decode(chat_body())
    assert rig.event().cost_status == "computed"


def test_a_redirect_is_not_followed_with_the_key(rig: Rig) -> None:
    rig.provider.answer = reply(b"", status=307, headers=[("location", "http://127.0.0.1:1/steal")])
    answer = post(rig, follow_redirects=False)
    assert answer.status_code == 307
    assert len(rig.provider.received) == 1


def test_a_list_of_models_passes_and_is_no_call(rig: Rig) -> None:
    rig.provider.answer = reply(b'{"object":"list","data":[]}')
    answer = httpx2.get(f"{rig.url}/openai/v1/models", headers=rig.bearer)
    assert answer.json() == {"object": "list", "data": []}
    assert "x-quotah-event-id" not in answer.headers
    rig.provider.answer = reply(chat_body())
    post(rig)
    assert rig.event().call.operation == "chat"
    assert rig.provider.received[0].target == "/v1/models"


def test_an_unknown_path_passes_and_is_a_call_of_unknown_usage(rig: Rig) -> None:
    rig.provider.answer = reply(b'{"id":"file-1"}')
    answer = post(rig, "/openai/v1/vector_stores/a b/é", json={"x": 1})
    assert answer.json() == {"id": "file-1"}
    event = rig.event()
    assert rig.provider.received[0].target == "/v1/vector_stores/a%20b/%C3%A9"
    assert (event.call.operation, event.call.status) == ("passthrough", "success")
    assert event.usage.missing
    assert event.cost_usd is None
    assert event.cost_status == "unpriced"


def test_a_binary_answer_passes_and_its_length_is_kept(rig: Rig) -> None:
    body = bytes(range(256)) * 10_000
    rig.provider.answer = reply(body, content_type="audio/mpeg")
    answer = post(rig, "/openai/v1/audio/speech", json={"model": "tts-1", "input": "x"})
    assert answer.content == body
    assert answer.headers["content-length"] == str(len(body))
    assert rig.event().call.status == "success"


def test_a_json_answer_beyond_a_mebibyte_passes_and_is_priced_without_a_cost_header(
    rig: Rig,
) -> None:
    body = chat_body(padding="x" * 1_500_000)
    rig.provider.answer = reply(body)
    answer = post(rig)
    assert answer.content == body
    assert "x-quotah-cost" not in answer.headers
    assert rig.event().cost_status == "computed"


def test_a_request_of_20_mb_passes(rig: Rig) -> None:
    rig.provider.answer = reply(chat_body())
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 20_000_000}}
    post(rig, json={"model": "gpt-4o", "messages": [{"role": "user", "content": [image]}]})
    assert len(rig.provider.received[0].body) > 20_000_000
    assert rig.event().call.status == "success"


def test_a_request_in_chunks_of_unknown_length_passes(rig: Rig) -> None:
    rig.provider.answer = reply(chat_body())
    whole = msgspec.json.encode(ASK)
    post(rig, json=None, content=iter([whole[:5], whole[5:]]))
    assert rig.provider.received[0].body == whole
    assert rig.event().call.model_requested == "gpt-4o"


def test_interim_and_odd_answers_do_not_confuse_the_books(rig: Rig) -> None:
    async def early_hints(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")
        writer.write(head(200, [("content-type", "application/json"), ("connection", "close")]))
        writer.write(chat_body())
        await writer.drain()
        writer.close()

    rig.provider.answer = early_hints
    assert post(rig).content == chat_body()
    assert rig.event().call.status == "success"


def test_a_slow_first_byte_is_timed(rig: Rig) -> None:
    async def late(request: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        await reply(chat_body())(request, writer)

    rig.provider.answer = late
    started = time.monotonic()
    post(rig)
    taken = time.monotonic() - started
    call = rig.event().call
    assert call.first_byte_at is not None
    assert 0.2 <= (call.first_byte_at - call.started_at).total_seconds() <= taken
    assert call.ended_at >= call.first_byte_at


def test_an_answer_that_never_ends_does_not_hold_up_others(rig: Rig) -> None:
    rig.provider.answer = stream([chat_chunk("a")], then="stall")
    with httpx2.stream(
        "POST", rig.url + CHAT, json={**ASK, "stream": True}, headers=rig.bearer
    ) as stalled:
        assert next(stalled.iter_raw()) == chat_chunk("a")
        rig.provider.answer = reply(chat_body())
        assert post(rig).status_code == 200
    until(lambda: len(rig.control.events) == 1, "the whole call is recorded")


def test_a_header_that_is_no_ascii_does_not_break_the_answer(rig: Rig) -> None:
    async def odd(_: Received, writer: asyncio.StreamWriter) -> None:
        body = chat_body()
        writer.write(
            b"HTTP/1.1 200 OK\r\nx-odd: caf\xe9\r\nx-fine: 1\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n" % len(body) + body
        )

    rig.provider.answer = odd
    answer = post(rig)
    assert answer.status_code == 200
    assert answer.headers["x-fine"] == "1"
    assert rig.event().call.status == "success"


def test_a_head_request_passes_without_a_body(rig: Rig) -> None:
    async def answer(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, [("content-length", "42"), ("x-fine", "1")]))

    rig.provider.answer = answer
    got = httpx2.head(f"{rig.url}/openai/v1/models", headers=rig.bearer, timeout=DEADLINE_S)
    assert (got.status_code, got.headers["x-fine"], got.content) == (200, "1", b"")


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_passes(rig: Rig, status: int) -> None:
    async def answer(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, [("x-fine", "1")]))

    rig.provider.answer = answer
    got = httpx2.delete(f"{rig.url}/openai/v1/files/f", headers=rig.bearer, timeout=DEADLINE_S)
    assert (got.status_code, got.content) == (status, b"")
    assert post(rig).status_code == status


def test_a_client_that_takes_nothing_holds_its_provider_back_and_then_gets_every_byte(
    rig: Rig,
) -> None:
    frame = b"data: " + b"x" * 65_000 + b"\n\n"
    sent: list[int] = []

    async def flood(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, [("content-type", "text/event-stream"), ("connection", "close")]))
        for number in range(800):
            writer.write(frame)
            await writer.drain()
            sent.append(number)
        writer.close()

    def stands_still() -> bool:
        before = len(sent)
        time.sleep(0.1)
        return 0 < len(sent) == before

    rig.provider.answer = flood
    with httpx2.stream(
        "POST", rig.url + CHAT, json={**ASK, "stream": True}, headers=rig.bearer
    ) as answer:
        until(stands_still, "the provider is held back")
        assert len(sent) < 400
        assert sum(len(part) for part in answer.iter_raw()) == 800 * len(frame)
