"""A whole Quotah for tests: `quotah up` on private ports and a private folder, stopped at the end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

QUOTAH = str(Path(sys.executable).with_name("quotah"))
READY_S = 60.0


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def until(check: Callable[[], Any], *, seconds: float = 20.0, every: float = 0.02) -> Any:
    """Ask until the answer is true; fails after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(every)


class Stack:
    """One instance. ``output`` grows while it runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.api_port, self.gateway_port, self.mock_port = free_ports(3)
        self.env = {
            **os.environ,
            "QUOTAH_DATA_DIR": str(folder),
            "QUOTAH_API_PORT": str(self.api_port),
            "QUOTAH_GATEWAY_PORT": str(self.gateway_port),
            "QUOTAH_MOCK_PORT": str(self.mock_port),
        }
        self.output = ""
        self.process: subprocess.Popen[str] | None = None

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def gateway(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    def start(self) -> None:
        self.output = ""
        self.process = subprocess.Popen(
            [QUOTAH, "up"], env=self.env, text=True, bufsize=1,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        until(lambda: "Ctrl-C" in self.output or self._ended(), seconds=READY_S)
        assert "Ctrl-C" in self.output, self.output

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.output += line

    def _ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def stop(self, number: int = signal.SIGINT) -> int:
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)

    def children(self) -> dict[str, int]:
        """Process ids of the two planes by name."""
        assert self.process is not None
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True, text=True, check=False,
        ).stdout  # fmt: skip
        found = re.findall(r"^\s*(\d+).*quotah_server\.entrypoints\.(\w+)", listed, re.MULTILINE)
        return {name: int(pid) for pid, name in found}

    def run(self, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [QUOTAH, *args], env=self.env, input=stdin, text=True, capture_output=True, check=False
        )

    def json(self, *args: str, stdin: str = "") -> dict[str, Any]:
        done = self.run(*args, "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def init(self) -> dict[str, Any]:
        return self.json(
            "init", "--email", "owner@example.com", "--password-stdin", "--workspace", "Acme",
            stdin="correct horse battery staple\n",
        )  # fmt: skip

    def ask(self, method: str, path: str, token: str, body: object = None) -> Any:
        """Call the API with an admin token; the decoded answer."""
        status, answer = fetch(
            f"{self.api}/api/v1{path}", method, {"authorization": f"Bearer {token}"}, body
        )
        assert status < 300, answer
        return answer


def fetch(url: str, method: str, headers: dict[str, str], body: object = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data, {"content-type": "application/json", **headers}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")
