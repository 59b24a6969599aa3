"""QUOTAH_EGRESS_ALLOW holds in both processes, at the moment of each."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from entrypoints.stack import Stack


class _Vendor(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._say(
            b'{"id":"c1","model":"gpt-4o","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}'
        )

    def do_GET(self) -> None:
        self._say(b'{"object":"list","data":[]}')

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- as the base has it
        """Say nothing."""


@pytest.fixture
def vendor() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Vendor)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def call(stack: Stack, key: str) -> httpx2.Response:
    return httpx2.post(
        f"{stack.gateway}/openai/v1/chat/completions", json={"model": "gpt-4o", "messages": []},
        headers={"authorization": f"Bearer {key}"}, timeout=30,
    )  # fmt: skip


def test_what_the_operator_allowed_is_called_until_it_is_allowed_no_more(
    tmp_path: Path, vendor: int
) -> None:
    stack = Stack(tmp_path / "data")
    stack.env["QUOTAH_EGRESS_ALLOW"] = f"127.0.0.1:{vendor}"
    stack.init()
    try:
        stack.json(
            "providers", "add", "openai", "--base-url", f"http://127.0.0.1:{vendor}/v1",
            "--no-allow-private", "--api-key-stdin", stdin="sk-12345678\n",
        )  # fmt: skip
        key = stack.json("keys", "create", "--kind", "gateway", "--name", "app")["key"]
        stack.start()
        assert call(stack, key).status_code == 200
        assert stack.stop() == 0
        del stack.env["QUOTAH_EGRESS_ALLOW"]
        stack.start()
        refused = call(stack, key)
        assert refused.status_code in (403, 502)
        assert refused.json()["error"]["code"] == "address_refused"
        assert "QUOTAH_EGRESS_ALLOW" in refused.json()["error"]["message"]
    finally:
        stack.stop(signal.SIGKILL)
