"""What is measured: nginx passing on, and a whole Quotah; and nginx as the lightest of providers."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from lab import processes
from lab.instance import Instance
from upstream import BODY

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


class Nginx:
    """One nginx process with a configuration of its own."""

    def __init__(self, rest: str) -> None:
        self.port = processes.free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="quotah-bench-nginx-")
        config = Path(self._folder.name) / "nginx.conf"
        text = _COMMON.format(folder=self._folder.name, rest=rest.replace("@PORT@", str(self.port)))
        config.write_text(text)
        self.process = subprocess.Popen(["nginx", "-c", str(config), "-p", self._folder.name])
        processes.until(lambda: processes.listens(self.port), "nginx listens")

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

    def __init__(self, upstream: int) -> None:
        self.instance = Instance().__enter__()
        try:
            self._set_up(upstream)
        except BaseException:
            self.close()
            raise

    def _set_up(self, upstream: int) -> None:
        self.instance.init()
        self.instance.run(
            "providers", "add", "openai", "--api-key-stdin",
            "--base-url", f"http://127.0.0.1:{upstream}/v1", stdin=PROVIDER_KEY,
        )  # fmt: skip
        made = self.instance.run("keys", "create", "--kind", "gateway", "--name", "bench")
        self.key: str = made["key"]
        self.port = self.instance.gateway_port
        self._gateway, self._api = (self.instance.child(name) for name in ("gateway", "api"))
        # The gateway learns of the key by its long poll.
        processes.until(self._is_admitted, "the gateway knows the key")

    def _is_admitted(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers, body = request(self.key, stream=False)
        try:
            connection.request("POST", PATH, body, headers)
            return connection.getresponse().status == http.HTTPStatus.OK
        finally:
            connection.close()

    def cpu(self) -> list[float]:
        """CPU seconds so far of the gateway, and of the API that stores what it recorded."""
        return [processes.cpu_s(self._gateway), processes.cpu_s(self._api)]

    def metric(self, name: str) -> float:
        """A gauge or counter of the gateway."""
        text = self.instance.get(self.port, "/metrics").decode()
        return sum(
            float(line.rpartition(" ")[2])
            for line in text.splitlines()
            if line.partition(" ")[0].partition("{")[0] == name
        )

    @property
    def delivered(self) -> int:
        """Events that the gateway has handed on so far."""
        return int(self.metric("quotah_gateway_events_delivered_total"))

    def settle(self) -> None:
        """Wait until every event is stored."""
        processes.until(
            lambda: (
                self.metric("quotah_gateway_journal_depth") == 0
                and self.metric("quotah_gateway_events_waiting") == 0
            ),
            "the journal is empty",
            120,
        )

    def close(self) -> None:
        self.instance.__exit__(None, None, None)


def request(key: str, *, stream: bool) -> tuple[dict[str, str], bytes]:
    """Headers and body of the call that everyone makes."""
    body: dict[str, object] = {
        "model": "gpt-4o-mini",
        "messages": [
            {"role": "system", "content": "You are a helpful assistant. Answer briefly."},
            {"role": "user", "content": "What colour are cats at night?"},
        ],
    }
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    headers = {
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "x-quotah-feature": "bench",
        "x-quotah-user": "user-1",
    }
    return headers, json.dumps(body, separators=(",", ":")).encode()
