"""Each fault, seen where it happens: on the wire or in the vendor's client."""

from __future__ import annotations

import http.client
import json
import socket
import time

import anthropic
import httpx2
import openai
import pytest

from quotah_server.mock.background import BackgroundMock

ASK = [{"role": "user", "content": "Hello"}]
STREAMED = {"model": "gpt-4o", "messages": ASK, "stream": True}


def post(mock: BackgroundMock, headers: dict[str, str], body: dict[str, object] | None = None):
    """Send one chat request over a plain connection; gives the connection's response object."""
    connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=5)
    text = json.dumps(body or {"model": "gpt-4o", "messages": ASK})
    all_headers = {"authorization": "Bearer k", "content-type": "application/json", **headers}
    connection.request("POST", "/openai/v1/chat/completions", text, all_headers)
    return connection.getresponse()


def texts_of(chunks) -> list[str]:
    return [c.choices[0].delta.content for c in chunks if c.choices[0].delta.content]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (502, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_an_error_status_reaches_openais_client_as_its_own_error(mock, client, status, error):
    with pytest.raises(error) as caught:
        client.chat.completions.create(
            model="gpt-4o", messages=ASK, extra_headers={"x-mock-fault": f"error-{status}"}
        )
    assert caught.value.status_code == status
    assert caught.value.body["message"]
    assert mock.log() == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_an_error_status_reaches_anthropics_client_in_its_shape(mock, claude, status, kind):
    with pytest.raises(anthropic.APIStatusError) as caught:
        claude.messages.create(model=f"mock-error-{status}", max_tokens=9, messages=ASK)
    assert caught.value.status_code == status
    assert caught.value.body["error"]["type"] == kind
    assert mock.log() == []


def test_a_429_says_when_to_come_back(mock) -> None:
    answer = post(mock, {"x-mock-fault": "error-429", "x-mock-retry-after-ms": "1500"})
    assert answer.status == 429
    assert answer.headers["retry-after-ms"] == "1500"
    assert answer.headers["retry-after"] == "2"


def test_words_in_a_prompt_ask_for_faults_too(client) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        client.responses.create(
            model="gpt-4o", input="Hi [mock: error-429 error-code=insufficient_quota]"
        )
    assert caught.value.code == "insufficient_quota"


def test_only_the_first_requests_fail_when_times_are_given(mock) -> None:
    headers = {"x-mock-fault": "error-500", "x-mock-fault-times": "2", "x-mock-fault-id": "a"}
    assert [post(mock, headers).status for _ in range(3)] == [500, 500, 200]
    assert post(mock, headers | {"x-mock-fault-id": "b"}).status == 500


def test_a_disconnect_ends_without_a_status_line(mock) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        post(mock, {"x-mock-fault": "disconnect"})
    assert mock.log() == []


def test_a_reset_is_a_tcp_reset(mock) -> None:
    with pytest.raises(ConnectionResetError):
        post(mock, {"x-mock-fault": "reset"})


def test_a_disconnect_mid_stream_leaves_the_body_without_its_end(mock, client) -> None:
    headers = {"x-mock-fault": "disconnect-midstream", "x-mock-cut-after": "3"}
    stream = client.chat.completions.create(**STREAMED, extra_headers=headers)
    received = []
    with pytest.raises((openai.APIConnectionError, httpx2.RemoteProtocolError)):
        received.extend(stream)
    assert len(texts_of(received)) == 3
    assert mock.log()[0].outcome == "cut"


def test_a_cut_stream_bills_what_was_generated(mock) -> None:
    headers = {
        "x-mock-fault": "disconnect-midstream",
        "x-mock-deltas": "100",
        "x-mock-cut-after": "25",
        "x-mock-output-tokens": "200",
    }
    with pytest.raises(http.client.IncompleteRead):
        post(mock, headers, STREAMED).read()
    assert mock.log()[0].usage["completion_tokens"] == 50


def test_a_disconnect_inside_a_plain_body_leaves_it_short(mock) -> None:
    with pytest.raises(http.client.IncompleteRead):
        post(mock, {"x-mock-fault": "disconnect-midstream"}).read()
    assert mock.log()[0].outcome == "cut"


def test_truncated_json_is_soundly_framed_and_does_not_parse(mock) -> None:
    body = post(mock, {"x-mock-fault": "truncated"}).read()
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_a_truncated_stream_ends_inside_an_event(mock) -> None:
    body = post(mock, {"x-mock-fault": "truncated"}, STREAMED).read()
    assert not body.endswith(b"\n\n")
    assert b"[DONE]" not in body


def test_html_comes_with_status_200(mock) -> None:
    answer = post(mock, {"x-mock-fault": "html"})
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.read().startswith(b"<!DOCTYPE html>")
    assert mock.log() == []


def test_garbage_stands_between_sound_events(mock) -> None:
    body = post(mock, {"x-mock-fault": "garbage"}, STREAMED).read()
    assert b"\xff\xfe" in body
    assert body.endswith(b"data: [DONE]\n\n")


def test_usage_can_be_missing_from_an_answer_that_is_billed(mock, client) -> None:
    answer = client.chat.completions.create(
        model="gpt-4o", messages=ASK, extra_headers={"x-mock-fault": "no-usage"}
    )
    assert answer.usage is None
    assert mock.log()[0].usage["total_tokens"] > 0


def test_one_byte_per_write_gives_the_same_bytes(mock) -> None:
    headers = {"x-mock-text": "Hello"}
    whole = post(mock, headers).read()
    dribbled = post(mock, headers | {"x-mock-fault": "one-byte"})
    assert dribbled.headers["transfer-encoding"] == "chunked"
    assert json.loads(dribbled.read())["usage"] == json.loads(whole)["usage"]


def test_one_byte_per_write_makes_chunks_of_one_byte(mock) -> None:
    with socket.create_connection(("127.0.0.1", mock.port), timeout=5) as raw:
        body = json.dumps(STREAMED).encode()
        raw.sendall(
            b"POST /openai/v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\n"
            b"x-mock-fault: one-byte\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(body), body)
        )
        received = b"".join(iter(lambda: raw.recv(65536), b""))
    _, _, chunks = received.partition(b"\r\n\r\n")
    assert chunks.startswith(b"1\r\nd\r\n1\r\na\r\n")
    assert chunks.endswith(b"0\r\n\r\n")


def test_an_error_can_arrive_mid_stream(client, claude) -> None:
    headers = {"x-mock-fault": "error-midstream"}
    with pytest.raises(openai.APIError, match="server had an error"):
        list(client.chat.completions.create(**STREAMED, extra_headers=headers))
    with pytest.raises(anthropic.APIStatusError, match="Internal server error"):
        list(
            claude.messages.create(
                model="claude-haiku-4-5",
                max_tokens=99,
                messages=ASK,
                stream=True,
                extra_headers=headers,
            )
        )


def test_a_stall_outlasts_the_clients_patience(client) -> None:
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.2).chat.completions.create(
            model="gpt-4o",
            messages=ASK,
            extra_headers={"x-mock-fault": "stall", "x-mock-stall-ms": "5000"},
        )


def test_a_stall_mid_stream_lets_the_first_deltas_through(client) -> None:
    headers = {"x-mock-fault": "stall-midstream", "x-mock-stall-ms": "5000"}
    received = []
    stream = client.with_options(timeout=0.2).chat.completions.create(
        **STREAMED, extra_headers=headers
    )
    with pytest.raises((openai.APITimeoutError, httpx2.ReadTimeout)):
        received.extend(stream)
    assert texts_of(received)


def test_pace_spreads_the_deltas_over_time(client) -> None:
    headers = {"x-mock-pace-ms": "20", "x-mock-deltas": "5"}
    started = time.monotonic()
    list(client.chat.completions.create(**STREAMED, extra_headers=headers))
    assert time.monotonic() - started >= 0.1


@pytest.mark.parametrize(
    ("name", "value"),
    [("x-mock-fault", "explode"), ("x-mock-typo", "1"), ("x-mock-pace-ms", "soon")],
)
def test_a_setting_that_is_not_understood_is_refused_by_name(mock, name, value) -> None:
    answer = post(mock, {name: value})
    assert answer.status == 400
    assert name.removeprefix("x-mock-") in json.loads(answer.read())["error"]["message"]


def counts_of(body: bytes) -> list[int]:
    return [json.loads(body)["usage"][name] for name in ("prompt_tokens", "total_tokens")]


def test_usage_can_be_absurd_or_negative_while_the_log_keeps_what_is_billed(mock) -> None:
    assert counts_of(post(mock, {"x-mock-fault": "absurd-usage"}).read()) == [2**53 + 1] * 2
    assert counts_of(post(mock, {"x-mock-fault": "negative-usage"}).read()) == [-7, -7]
    assert all(0 < line.usage["total_tokens"] < 1000 for line in mock.log())


def test_usage_can_be_told_twice_and_is_billed_once(mock) -> None:
    assert post(mock, {"x-mock-fault": "duplicate-usage"}).read().count(b'"usage":{') == 2
    asked = STREAMED | {"stream_options": {"include_usage": True}}
    body = post(mock, {"x-mock-fault": "duplicate-usage"}, asked).read()
    assert body.count(b'"usage":{') == 2
    assert body.endswith(b"data: [DONE]\n\n")
    assert len(mock.log()) == 2


def test_an_answer_can_trickle(mock) -> None:
    started = time.monotonic()
    body = post(
        mock, {"x-mock-fault": "trickle", "x-mock-write-pause-ms": "1", "x-mock-text": "Hi"}
    ).read()
    assert json.loads(body)["choices"][0]["message"]["content"] == "Hi"
    assert time.monotonic() - started >= 0.001 * len(body)


def test_what_is_left_of_a_limit_and_any_other_header_can_be_told(mock) -> None:
    answer = post(
        mock,
        {
            "x-mock-remaining-requests": "0",
            "x-mock-remaining-tokens": "12",
            "x-mock-headers": "x-should-retry=false; x-ratelimit-reset-tokens=6m0s",
        },
    )
    assert answer.headers["x-ratelimit-remaining-requests"] == "0"
    assert answer.headers["x-ratelimit-remaining-tokens"] == "12"
    assert answer.headers.get_all("x-ratelimit-reset-tokens") == ["6m0s"]
    assert answer.headers["x-should-retry"] == "false"


def test_the_first_requests_fail_and_the_next_does_not(mock) -> None:
    headers = {"x-mock-fail-first": "2", "x-mock-fault-id": "one"}
    assert [post(mock, headers).status for _ in range(3)] == [500, 500, 200]
    others = {"x-mock-fail-first": "1", "x-mock-fault": "error-429", "x-mock-fault-id": "two"}
    assert [post(mock, others).status for _ in range(2)] == [429, 200]


def plan(mock: BackgroundMock, method: str, body: object = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=5)
    connection.request(method, "/mock/plan", json.dumps(body))
    return connection.getresponse().status


def test_a_plan_holds_for_its_path_its_key_and_so_many_requests(mock) -> None:
    chat = "/openai/v1/chat/completions"
    assert plan(mock, "POST", {"settings": {"fault": "error-503"}, "times": 1, "path": chat}) == 201
    assert [post(mock, {}).status for _ in range(2)] == [503, 200]
    assert plan(mock, "POST", {"settings": {"fault": "error-503"}, "key": "another"}) == 201
    assert plan(mock, "POST", {"settings": {"fault": "error-503"}, "path": "/cohere"}) == 201
    assert post(mock, {}).status == 200
    assert plan(mock, "POST", {"settings": {"fault": "error-503"}, "key": "k"}) == 201
    assert [post(mock, {}).status for _ in range(2)] == [503, 503]
    assert plan(mock, "DELETE") == 204
    assert post(mock, {}).status == 200


def test_a_request_beats_its_plan(mock) -> None:
    mock.plan(fault="error-503")
    assert post(mock, {"x-mock-fault": "error-429"}).status == 429


@pytest.mark.parametrize("body", [{"settings": {"fault": "explode"}}, {"times": 1}, []])
def test_a_plan_that_is_not_understood_is_refused(mock, body) -> None:
    assert plan(mock, "POST", body) == 400
