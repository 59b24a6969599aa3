"""What is measured: nginx passing on, and a whole Quotah; and nginx as the lightest of providers."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Protocol

from lab import processes
from lab.instance import Instance
from upstream import BODY

_SETTLES_S = 0.3
_COMMON = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s; tcp_nodelay on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  {rest}
}}
"""
_PASS = """
  upstream provider {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location /openai/v1/ {{
      proxy_pass http://provider/v1/; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer sk-bench"; proxy_buffering {buffering};
    }}
  }}
"""
_CANNED = """
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{ default_type application/json; return 200 '{body}'; }}
  }}
"""
PATH = "/openai/v1/chat/completions"
PROVIDER_KEY = b"sk-bench-provider-key\n"


class Target(Protocol):
    """Something that is called in the place of a provider. cpu: seconds so far, at the front and
    behind the answers. settle: waits for what is done behind them. version: "" is ours or the system's.
    """

    port: int
    path: str
    version: str
    start_s: float

    def headers(self) -> dict[str, str]: ...
    def cpu(self) -> list[float]: ...
    def pss_mb(self) -> float: ...
    def settle(self) -> None: ...
    def close(self) -> None: ...


class Nginx:
    """One nginx process with a configuration of its own."""

    path = PATH
    version = ""

    def __init__(self, rest: str) -> None:
        self.port = processes.free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="quotah-bench-nginx-")
        config = Path(self._folder.name) / "nginx.conf"
        text = _COMMON.format(folder=self._folder.name, rest=rest.replace("@PORT@", str(self.port)))
        config.write_text(text)
        began = time.perf_counter()
        self.process = subprocess.Popen(["nginx", "-c", str(config), "-p", self._folder.name])
        processes.until(lambda: processes.listens(self.port), "nginx listens")
        self.start_s = time.perf_counter() - began

    def headers(self) -> dict[str, str]:
        return headers_of("none")

    def pss_mb(self) -> float:
        return processes.pss_mb(self.process.pid)

    def cpu(self) -> list[float]:
        """CPU seconds so far; the second place is for what happens behind the answer: nothing."""
        return [processes.cpu_s(self.process.pid), 0.0]

    def settle(self) -> None:
        """Nothing is left to do after an answer."""

    def close(self) -> None:
        processes.end(self.process)
        self._folder.cleanup()


def nginx_passing(upstream: int, *, buffering: bool) -> Nginx:
    """nginx as a reverse proxy with kept connections on both sides."""
    switch = "on" if buffering else "off"
    return Nginx(_PASS.format(upstream=upstream, port="@PORT@", buffering=switch))


def nginx_answering() -> Nginx:
    """nginx as a provider that always gives the same answer."""
    return Nginx(_CANNED.format(port="@PORT@", body=BODY.decode()))


class PythonProvider:
    """upstream.py in a process of its own."""

    def __init__(self, pause_ms: float, deltas: int = 0) -> None:
        self.port = processes.free_port()
        script = str(Path(__file__).with_name("upstream.py"))
        arguments = [str(self.port), str(pause_ms), str(deltas)]
        self.process = subprocess.Popen([sys.executable, script, *arguments])
        processes.until(lambda: processes.listens(self.port), "the provider listens")

    def close(self) -> None:
        processes.end(self.process)


class Quotah:
    """A whole Quotah whose gateway has one provider and one key: nothing is switched off."""

    path = PATH
    version = ""
    start_s = 0.0
    key = ""

    def __init__(self, upstream: int) -> None:
        self.instance = Instance().__enter__()
        try:
            self._set_up(upstream)
        except BaseException:
            self.close()
            raise

    def _set_up(self, upstream: int) -> None:
        self.start_s = self.instance.start_s
        self.adopt(upstream)
        self._gateway, self._api = (self.instance.child(name) for name in ("gateway", "api"))

    def adopt(self, upstream: int) -> None:
        """Make the provider and the key, and wait until the gateway knows them."""
        self.instance.init()
        self.instance.run(
            "providers", "add", "openai", "--api-key-stdin",
            "--base-url", f"http://127.0.0.1:{upstream}/v1", stdin=PROVIDER_KEY,
        )  # fmt: skip
        made = self.instance.run("keys", "create", "--kind", "gateway", "--name", "bench")
        self.key = made["key"]
        self.port = self.instance.gateway_port
        # The gateway learns of the key by its long poll.
        processes.until(self._is_admitted, "the gateway knows the key")

    def _is_admitted(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", PATH, body_of(stream=False), self.headers())
            return connection.getresponse().status == http.HTTPStatus.OK
        finally:
            connection.close()

    def cpu(self) -> list[float]:
        """CPU seconds so far of the gateway, and of the API that stores what it recorded."""
        return [processes.cpu_s(self._gateway), processes.cpu_s(self._api)]

    def headers(self) -> dict[str, str]:
        return headers_of(self.key)

    def pss_mb(self) -> float:
        """Of the gateway alone."""
        return processes.pss_mb_of(self._gateway)

    def memory(self) -> dict[str, float]:
        """MB: of the gateway's process, and of all of Quotah."""
        return {
            "gateway_pss": self.pss_mb(),
            "gateway_rss": processes.rss_mb_of(self._gateway),
            "all_pss": processes.pss_mb(self.instance.pid),
        }

    def metrics(self, *names: str) -> list[float]:
        """Gauges or counters of the gateway. Answering costs it a millisecond or two: ask seldom."""
        lines = self.instance.get(self.port, "/metrics").decode().splitlines()
        return [
            sum(
                float(line.rpartition(" ")[2])
                for line in lines
                if line.partition(" ")[0].partition("{")[0] == name
            )
            for name in names
        ]

    @property
    def delivered(self) -> int:
        """Events that the gateway has handed on so far."""
        return int(self.metrics("quotah_gateway_events_delivered_total")[0])

    def settle(self) -> None:
        """Wait until every event is stored."""
        waiting = ("quotah_gateway_journal_depth", "quotah_gateway_events_waiting")
        time.sleep(_SETTLES_S)
        processes.until(
            lambda: not any(self.metrics(*waiting)), "the journal is empty", 120, _SETTLES_S
        )

    def close(self) -> None:
        self.instance.__exit__(None, None, None)


def headers_of(key: str) -> dict[str, str]:
    """Headers of the call that everyone makes."""
    return {
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "x-quotah-feature": "bench",
        "x-quotah-user": "user-1",
    }


def body_of(*, stream: bool) -> bytes:
    """Body of the call that everyone makes."""
    body: dict[str, object] = {
        "model": "gpt-4o-mini",
        "messages": [
            {"role": "system", "content": "You are a helpful assistant. Answer briefly."},
            {"role": "user", "content": "What colour are cats at night?"},
        ],
    }
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(body, separators=(",", ":")).encode()


def stream_request(headers: dict[str, str], path: str) -> bytes:
    """The same call with its answer streamed, as bytes."""
    body = body_of(stream=True)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    first = f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-length: {len(body)}\r\n"
    return f"{first}{head}\r\n".encode() + body
