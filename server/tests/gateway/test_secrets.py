"""What a client shows us stays with us, wherever and however it is written."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import pytest
from gateway.rig import DEADLINE_S, Received, Rig, reply
from gateway.routed import follow, key
from gateway.wires import chat_body

CHAT = "/openai/v1/chat/completions"
GEMINI = "/gemini/v1beta/models/gemini-2.5-flash:generateContent"
BODY = b'{"model":"gpt-4o"}'


def send(rig: Rig, path: str, headers: Sequence[tuple[str, str]]) -> tuple[int, list[Received]]:
    """A request with exactly these headers: its status, and what the provider got of it."""
    before = len(rig.provider.received)
    lines = [
        f"POST {path} HTTP/1.1",
        "host: x",
        "connection: close",
        f"content-length: {len(BODY)}",
    ]
    lines += [f"{name}: {value}" for name, value in headers]
    with socket.create_connection(("127.0.0.1", rig.port), DEADLINE_S) as line:
        line.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + BODY)
        answer = b""
        while piece := line.recv(65536):
            answer += piece
    return int(answer.split(b" ")[1]), rig.provider.received[before:]


def escaped(text: str) -> str:
    return "".join(f"%{ord(char):02x}" if char in "qk_" else char for char in text)


@pytest.fixture
def ready(rig: Rig) -> Rig:
    follow(rig, mounts={"openai": [key("one")], "gemini": [key("one")]})
    rig.provider.answer = reply(chat_body())
    return rig


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (CHAT + "?key={ours}", []),
        (CHAT + "?key={escaped}", []),
        (CHAT + "?key={escaped}&key={ours}", []),
        (CHAT + "?k%65y={escaped}", [("authorization", "Bearer {ours}")]),
        (CHAT + "?a=1;key={ours}", [("authorization", "Bearer {ours}")]),
        (CHAT + "?api_key={escaped}", [("authorization", "Bearer {ours}")]),
        (CHAT + "?auth=Bearer%20{ours}", [("authorization", "Bearer {ours}")]),
        (GEMINI + "?k%65y={escaped}&key={ours}", []),
        (GEMINI + "?token={escaped}", [("x-goog-api-key", "{ours}")]),
        (CHAT, [("AUTHORIZATION", "bearer {ours}"), ("Authorization", "Bearer sk-mine")]),
        (CHAT, [("x-api-key", "{ours}"), ("authorization", "Basic {ours}")]),
        (CHAT, [("authorization", "Bearer {ours}"), ("ocp-apim-subscription-key", "{ours}")]),
        (CHAT, [("authorization", "Bearer {ours}"), ("x_quotah_key", "{ours}")]),
        (CHAT, [("authorization", "Bearer {ours}"), ("cookie", "key={ours}")]),
        (CHAT, [("X-Quotah-Key", "{ours}"), ("api-key", "{ours}"), ("x-api-key", "{ours}")]),
        (CHAT, [("authorization", "Bearer {ours}"), ("connection", "authorization, x-quotah-key")]),
    ],
)
def test_our_key_goes_to_no_provider(ready: Rig, path: str, headers: list[tuple[str, str]]) -> None:
    told = {"ours": ready.key, "escaped": escaped(ready.key)}
    filled = [(name, value.format(**told)) for name, value in headers]
    status, (received,) = send(ready, path.format(**told), filled)
    assert status == 200
    shown = f"{received.target} {received.headers}"
    assert ready.key not in shown
    assert escaped(ready.key) not in shown
    assert ready.key[10:] not in shown
    assert not any(name.startswith("x-quotah") for name, _ in received.headers)
    assert any("one" in value for _, value in received.headers)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/openai/v1/{ours}/chat/completions", [("authorization", "Bearer {ours}")]),
        ("/openai/v1/{escaped}/chat/completions", [("authorization", "Bearer {ours}")]),
        (CHAT, [("x-quotah-key", "{ours}"), ("x-quotah-provider-key", "{ours}")]),
        (CHAT, [("x-quotah-key", "{ours}"), ("x-quotah-provider-key", "Bearer {ours}")]),
    ],
)  # fmt: skip
def test_a_key_of_ours_where_it_could_only_leak_is_refused(
    ready: Rig, path: str, headers: list[tuple[str, str]]
) -> None:
    told = {"ours": ready.key, "escaped": escaped(ready.key)}
    filled = [(name, value.format(**told)) for name, value in headers]
    assert send(ready, path.format(**told), filled) == (400, [])


def test_the_session_of_a_dashboard_on_the_same_host_stays_here(ready: Rig) -> None:
    bearer = ("authorization", f"Bearer {ready.key}")
    said = "a=b; __Host-quotah_session=S1;quotah_session=S2 ; c=d"
    _, (received,) = send(ready, CHAT, [bearer, ("cookie", said)])
    assert received.header("cookie") == "a=b; c=d"
    _, (received,) = send(ready, CHAT, [bearer, ("cookie", "quotah_session=S2")])
    assert received.header("cookie") is None


def test_what_is_not_ours_passes_as_it_was_written(ready: Rig) -> None:
    bearer = ("authorization", f"Bearer {ready.key}")
    _, (received,) = send(ready, CHAT + "?a=%20b&qk_=1&c=%2F+", [bearer, ("x-other", "qk_x")])
    assert received.target.endswith("?a=%20b&qk_=1&c=%2F+")
    assert received.header("x-other") == "qk_x"
