"""Answers that are not what they say, or not what was asked for: passed on as they are, booked as what
they were."""

from __future__ import annotations

import gzip

import httpx2
import msgspec
import pytest
from gateway.rig import DEADLINE_S, Rig, reply
from gateway.wires import chat_body, chat_stream

CHAT = "/openai/v1/chat/completions"
ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello there"}]}
STREAM = {**ASK, "stream": True}
SECRET = "a garden that nobody may know of"


def ask(rig: Rig, body: object = ASK, **headers: str) -> httpx2.Response:
    sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
    kind = {
        "content-type": "application/json",
        **{n.replace("_", "-"): v for n, v in headers.items()},
    }
    return httpx2.post(
        rig.url + CHAT, content=sent, headers={**rig.bearer, **kind}, timeout=DEADLINE_S
    )


@pytest.mark.parametrize("status", [300, 301, 304, 307])
def test_a_redirect_is_no_success_and_costs_nothing(rig: Rig, status: int) -> None:
    body = b"" if status == 304 else b"<html>over there</html>"
    head = [("location", "http://elsewhere.example/")]
    rig.provider.answer = reply(body, status=status, content_type="text/html", headers=head)
    answer = ask(rig)
    assert (answer.status_code, answer.headers["location"]) == (status, head[0][1])
    event = rig.event()
    assert (event.call.status, event.call.error_class) == ("error", f"http_{status}")
    assert (event.cost_status, event.cost_usd) == ("computed", 0)
    assert len(rig.provider.received) == 1


@pytest.mark.parametrize(
    "kind", ["Application/JSON; Charset=UTF-8", "text/plain", "application/octet-stream"]
)
def test_json_is_read_whatever_its_server_calls_it(rig: Rig, kind: str) -> None:
    rig.provider.answer = reply(chat_body())
    ask(rig)
    (usual,) = rig.events(1)
    rig.provider.answer = reply(chat_body(), content_type=kind)
    assert ask(rig).content == chat_body()
    event = rig.events(2)[1]
    assert (event.call.status, event.usage, event.cost_usd) == (
        "success",
        usual.usage,
        usual.cost_usd,
    )


@pytest.mark.parametrize(
    "kind", ["Text/Event-Stream", "text/plain; charset=utf-8", "application/octet-stream"]
)
def test_a_stream_is_read_whatever_its_server_calls_it(rig: Rig, kind: str) -> None:
    rig.provider.answer = reply(
        b"".join(chat_stream("Hello", " you")), content_type="text/event-stream"
    )
    usual = ask(rig, STREAM).content
    rig.provider.answer = reply(b"".join(chat_stream("Hello", " you")), content_type=kind)
    assert ask(rig, STREAM).content == usual
    first, second = rig.events(2)
    assert second.call.status == "success"
    assert (second.usage, second.cost_usd) == (first.usage, first.cost_usd)


def test_a_page_in_place_of_an_answer_is_still_none(rig: Rig) -> None:
    rig.provider.answer = reply(b"<html>please log in</html>", content_type="text/html")
    assert ask(rig).content == b"<html>please log in</html>"
    assert rig.event().call.error_class == "unreadable_answer"


@pytest.mark.parametrize("code", [SECRET, "x" * 100_000, "quota\nfake log line", "grüße"])
def test_a_text_in_the_place_of_an_error_code_is_kept_nowhere(
    rig: Rig, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    body = msgspec.json.encode({"error": {"code": code, "message": SECRET}})
    rig.provider.answer = reply(body, status=400)
    assert ask(rig).content == body
    event = rig.event()
    assert event.call.error_class == "error"
    told = capsys.readouterr().out
    assert SECRET not in told
    assert "call_failed" in told
    assert SECRET not in repr(event)


def test_ids_of_any_length_are_kept_short(rig: Rig) -> None:
    rig.provider.answer = reply(chat_body(id="i" * 300_000, service_tier="t" * 300_000))
    assert ask(rig).is_success
    call = rig.event().call
    assert len(call.provider_response_id or "") == len(call.service_tier or "") == 200


@pytest.mark.parametrize("marked", [True, False])
def test_a_request_that_is_not_read_is_estimated_and_not_at_nothing(rig: Rig, marked: bool) -> None:
    plain = msgspec.json.encode({**STREAM, "user": SECRET})
    body = b"\xef\xbb\xbf" + plain if marked else gzip.compress(plain, mtime=0)
    stream = [part for part in chat_stream("Hello", " you") if b'"usage":{' not in part]
    rig.provider.answer = reply(b"".join(stream), content_type="text/event-stream")
    assert ask(rig, body, **({} if marked else {"content_encoding": "gzip"})).is_success
    assert rig.provider.received[-1].body == body
    event = rig.event()
    assert event.usage.estimated
    assert (event.usage.input_tokens or 0) >= len(body) // 8


def test_a_response_that_is_made_later_is_a_gap_and_not_next_to_nothing(rig: Rig) -> None:
    queued = {
        "id": "resp_1",
        "object": "response",
        "status": "queued",
        "model": "gpt-4o",
        "usage": None,
    }
    rig.provider.answer = reply(msgspec.json.encode(queued))
    asked = {"model": "gpt-4o", "input": "Write a long report.", "background": True}
    url = f"{rig.url}/openai/v1/responses"
    assert httpx2.post(url, json=asked, headers=rig.bearer, timeout=DEADLINE_S).is_success
    event = rig.event()
    assert (event.call.status, event.cost_status, event.cost_usd) == ("success", "unpriced", None)
    assert event.usage.missing
