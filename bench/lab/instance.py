"""A whole Quotah in a folder of its own, started as its users start it."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lab import processes

QUOTAH = [sys.executable, "-m", "quotah_server.entrypoints.cli"]
_EMAIL, _PASSWORD = "bench@example.com", b"a long passphrase for a bench\n"


class Instance:
    """``quotah up`` on free ports. Use as a context manager; ``start_s`` is the time until ready."""

    def __init__(self, folder: Path | None = None) -> None:
        self._made = tempfile.TemporaryDirectory(prefix="quotah-bench-") if folder is None else None
        self.folder = folder or Path(self._made.name)  # pyright: ignore[reportOptionalMemberAccess]
        self.api_port, self.gateway_port, mock = (processes.free_port() for _ in range(3))
        self.environment = {
            **os.environ,
            "QUOTAH_DATA_DIR": str(self.folder),
            "QUOTAH_API_PORT": str(self.api_port),
            "QUOTAH_GATEWAY_PORT": str(self.gateway_port),
            "QUOTAH_MOCK_PORT": str(mock),
            "QUOTAH_EGRESS_ALLOW": "127.0.0.1/32",
            "QUOTAH_LOG_LEVEL": "warning",
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.start_s = 0.0

    def __enter__(self) -> Self:
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [*QUOTAH, "up"], env=self.environment, cwd=self.folder, stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if b"is ready" in line:
                break
        else:
            raise RuntimeError(f"quotah up ended with status {self.process.wait()}")
        self.start_s = time.perf_counter() - began
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process is not None:
            processes.end(self.process)
            assert self.process.stdout is not None
            self.process.stdout.close()
        self.close()

    def close(self) -> None:
        """Remove the folder, where it is ours."""
        if self._made is not None:
            self._made.cleanup()

    @property
    def pid(self) -> int:
        """The supervisor."""
        assert self.process is not None
        return self.process.pid

    def child(self, name: str) -> int:
        """The process of a plane: ``api`` or ``gateway``."""
        module = f"quotah_server.entrypoints.{name}"
        return next(pid for pid in processes.tree(self.pid) if module in processes.command(pid))

    def run(self, *args: str, stdin: bytes = b"") -> dict[str, Any]:
        """Run a command with ``--json`` and return what it prints."""
        done = subprocess.run(
            [*QUOTAH, *args, "--json"], env=self.environment, cwd=self.folder, input=stdin,
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"quotah {' '.join(args)}: {done.stderr.decode()}")
        return json.loads(done.stdout)

    def init(self) -> dict[str, Any]:
        """Create owner and workspace; returns ids and the admin token."""
        return self.run(
            "init", "--email", _EMAIL, "--password-stdin", "--workspace", "Bench", stdin=_PASSWORD
        )

    def get(self, port: int, path: str, token: str = "") -> bytes:
        """The body of a GET; raises on any status but 200."""
        return self._ask(port, "GET", path, None, token)

    def post(self, path: str, body: object, token: str) -> Any:
        """The JSON answer of the API to a JSON body."""
        return json.loads(self._ask(self.api_port, "POST", path, body, token))

    def _ask(self, port: int, method: str, path: str, body: object, token: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        payload = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, payload, headers)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:300]!r}")
        return data
