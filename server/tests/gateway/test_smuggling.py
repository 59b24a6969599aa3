"""Bytes that two readers could take for two different requests: refused, or passed on as one thing only."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway.rig import PROVIDER_KEY, Received, Rig, reply

CHAT = b"POST /openai/v1/chat/completions HTTP/1.1"
BODY = b'{"model":"gpt-4o"}'
SIZED = b"content-length: %d\r\n" % len(BODY)
CHUNKED = b"transfer-encoding: chunked\r\n"
ABC = b"3\r\nabc\r\n0\r\n\r\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder: Path = tmp_path_factory.mktemp("rig")
    with Rig(folder) as running:
        running.provider.answer = reply(b"{}")
        yield running


def exchange(rig: Rig, raw: bytes) -> tuple[int, list[Received]]:
    """The status of the first answer, 0 for none, and what reached the provider."""
    before = len(rig.provider.received)
    said = b""
    with socket.create_connection(("127.0.0.1", rig.port), timeout=20) as peer:
        with contextlib.suppress(ConnectionError):
            peer.sendall(raw)
        with contextlib.suppress(ConnectionError):
            while b"\r\n\r\n" not in said and (data := peer.recv(65_536)):
                said += data
    return int(said[9:12] or 0), rig.provider.received[before:]


def request(rig: Rig, line: bytes, headers: bytes = SIZED, body: bytes = BODY) -> bytes:
    auth = f"authorization: Bearer {rig.key}\r\n".encode()
    return line + b"\r\nhost: x\r\n" + auth + headers + b"\r\n" + body


def is_healthy(rig: Rig) -> bool:
    status, got = exchange(rig, request(rig, CHAT))
    return status == 200 and [(r.target, r.body) for r in got] == [("/v1/chat/completions", BODY)]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (SIZED + CHUNKED, BODY),
        (CHUNKED + SIZED, ABC),
        (b"content-length: 3\r\ncontent-length: 4\r\n", b"abcd"),
        (b"content-length: 3\r\ncontent-length: 3\r\n", b"abc"),
        (b"content-length: 3, 3\r\n", b"abc"),
        (b"content-length: +3\r\n", b"abc"),
        (b"content-length: 0x3\r\n", b"abc"),
        (b"content-length: 1 2\r\n", b"abc"),
        (b"content-length: \r\n", b"abc"),
        (b"content-length: 99999999999999999999999\r\n", b"abc"),
        (b"content-length: 9223372036854775808\r\n", b"abc"),
        (b"transfer-encoding: xchunked\r\n", ABC),
        (b"transfer-encoding: chunked, identity\r\n", ABC),
        (b"transfer-encoding: gzip, chunked\r\n", ABC),
        (b"transfer-encoding: identity\r\n", ABC),
        (b"transfer-encoding: identity, chunked\r\n", ABC),
        (b'transfer-encoding: "chunked"\r\n', ABC),
        (b"transfer-encoding: \x0bchunked\r\n", ABC),
        (b"transfer-encoding:\r\n chunked\r\n", ABC),
        (b"transfer-encoding : chunked\r\n", ABC),
        (CHUNKED + CHUNKED, ABC),
        (CHUNKED, b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
        (CHUNKED, b"-3\r\nabc\r\n0\r\n\r\n"),
        (CHUNKED, b"0x3\r\nabc\r\n0\r\n\r\n"),
        (CHUNKED, b"3\nabc\n0\n\n"),
        (CHUNKED, b"3\r\nabcX0\r\n\r\n"),
        (CHUNKED, b"3;a\nb\r\nabc\r\n0\r\n\r\n"),
        (b"x-a: 1\r\n b\r\n" + SIZED, BODY),
        (b"x-a: 1\nx-b: 2\r\n" + SIZED, BODY),
        (b"x-a: 1\rx-b: 2\r\n" + SIZED, BODY),
        (b"x-a: 1\x002\r\n" + SIZED, BODY),
        (b"x\x00a: 1\r\n" + SIZED, BODY),
        (b"x a: 1\r\n" + SIZED, BODY),
        (b": 1\r\n" + SIZED, BODY),
        (b"no colon\r\n" + SIZED, BODY),
        (b"x-a: 1\r\n" * 2000 + SIZED, BODY),
        (b"x-a: " + b"y" * 200_000 + b"\r\n" + SIZED, BODY),
    ],
)
def test_a_request_of_two_readings_is_refused(shared: Rig, headers: bytes, body: bytes) -> None:
    status, got = exchange(shared, request(shared, CHAT, headers, body))
    assert 400 <= status < 500
    assert not got
    assert is_healthy(shared)


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /openai/v1/models\r\n\r\n",
        b"POST /openai/v1/chat/completions HTTP/2.0\r\n\r\n",
        b"POST /openai/v1/chat/completions HTTP/1.2\r\n\r\n",
        b"POST /openai/v1/chat/completions http/1.1\r\n\r\n",
        b"POST /openai/v1/a b HTTP/1.1\r\n\r\n",
        b"POST\t/openai/v1/a\tHTTP/1.1\r\n\r\n",
        b"POST /openai/v1/\xc3\xa9 HTTP/1.1\r\n\r\n",
        b"post /openai/v1/a HTTP/1.1\r\n\r\n",
        b"FOO /openai/v1/a HTTP/1.1\r\n\r\n",
        b"CONNECT other.example:443 HTTP/1.1\r\nhost: other.example\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        bytes(1000),
    ],
)
def test_what_is_no_request_of_http_1_is_refused(shared: Rig, raw: bytes) -> None:
    status, got = exchange(shared, raw)
    assert status in (400, 405, 505)
    assert not got
    assert is_healthy(shared)


def test_trace_would_tell_the_providers_key_and_is_refused(shared: Rig) -> None:
    raw = request(shared, b"TRACE /openai/v1/chat/completions HTTP/1.1", b"", b"")
    assert exchange(shared, raw) == (405, [])


@pytest.mark.parametrize(
    ("target", "forwarded"),
    [
        ("/openai/v1/models/org%2Fname", "/v1/models/org%2Fname"),
        ("/openai/v1/a%20b%c3%a9", "/v1/a%20b%c3%a9"),
        ("/openai/v1/a%0d%0ax-evil:%201", "/v1/a%0d%0ax-evil:%201"),
        ("/openai/v1/a%3Fb=1", "/v1/a%3Fb=1"),
        ("/openai/v1/a%23b#c", "/v1/a%23b"),
        ("/openai/v1/%63hat?q=%0d%0a", "/v1/chat?q=%0d%0a"),
        ("/openai/v1/%252e%252e/x", "/v1/%252e%252e/x"),
        ("/openai/v1/a%zz", "/v1/a%zz"),
        ("/openai//v1//x", "/v1//v1//x"),
        ("/openai/@other.example/v1/x", "/v1/@other.example/v1/x"),
        ("http://other.example/openai/v1/x", "/v1/x"),
        ("https://user:pass@other.example:99/openai/v1/x", "/v1/x"),
    ],
)
def test_a_path_reaches_the_provider_as_it_is_written_and_no_other_host(
    shared: Rig, target: str, forwarded: str
) -> None:
    status, got = exchange(shared, request(shared, f"POST {target} HTTP/1.1".encode()))
    assert status == 200
    assert [(r.target, r.header("host")) for r in got] == [
        (forwarded, f"127.0.0.1:{shared.provider.port}")
    ]


@pytest.mark.parametrize(
    "target",
    [
        "/openai/v1/../../x", "/openai/v1/%2e%2e/%2e%2e/x", "/openai/v1/..%2f..%2Fx",
        "/openai/v1/%2e./x", "/openai/v1/%5c..%5Cx", "/openai/v1/x/.", "//openai/v1/x",
        "//other.example/openai/v1/x", "/openai@other.example/v1/x", "/openai%2Fv1/x", "*",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_refused(shared: Rig, target: str) -> None:
    status, got = exchange(shared, request(shared, f"POST {target} HTTP/1.1".encode()))
    assert 400 <= status < 500
    assert not got
    assert is_healthy(shared)


@pytest.mark.parametrize("offer", [b"h2c", b"websocket"])
def test_an_offer_of_another_protocol_is_not_passed_on(shared: Rig, offer: bytes) -> None:
    hop = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: %s\r\nhttp2-settings: AAMA\r\n" % offer
    status, (got,) = exchange(shared, request(shared, CHAT, hop + SIZED))
    assert status == 200
    assert got.body == BODY
    assert not {"upgrade", "http2-settings"} & {name.lower() for name, _ in got.headers}


def test_headers_after_a_body_are_none(shared: Rig) -> None:
    body = b"12\r\n" + BODY + b"\r\n0\r\nx-late: 1\r\nauthorization: Bearer no\r\n\r\n"
    status, (got,) = exchange(shared, request(shared, CHAT, CHUNKED, body))
    assert (status, got.body, got.header("x-late")) == (200, BODY, None)
    assert got.header("authorization") == f"Bearer {PROVIDER_KEY}"


def test_extensions_of_a_chunk_are_passed_over(shared: Rig) -> None:
    body = b"12;a=b\r\n" + BODY + b"\r\n0;" + b"x" * 100_000 + b"\r\n\r\n"
    status, (got,) = exchange(shared, request(shared, CHAT, CHUNKED, body))
    assert (status, got.body) == (200, BODY)


def test_what_a_client_says_of_its_connection_is_not_passed_on(shared: Rig) -> None:
    hop = (
        b"connection: close, x-secret\r\nx-secret: 1\r\nproxy-connection: keep-alive\r\nte: trailers\r\n"
        b"keep-alive: 5\r\ntrailer: x\r\nproxy-authorization: Basic eDp5\r\nx-kept: 1\r\n"
    )
    status, (got,) = exchange(shared, request(shared, CHAT, hop + SIZED))
    assert status == 200
    names = {name.lower() for name, _ in got.headers}
    assert "x-kept" in names
    assert not names & {"x-secret", "proxy-connection", "te", "keep-alive", "trailer",
                        "proxy-authorization"}  # fmt: skip
