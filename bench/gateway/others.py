"""Gateways that others make, in throw-away environments: nothing of them is a dependency.

Both are started as they come, with one provider and without what they store elsewhere (no database,
no cache, no log of calls): the least work that they do.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import targets
from lab import processes
from lab.environments import environment

_MASTER_KEY = "sk-bench0123456789abcdef0123456789abcdef"
_START_S = 180.0
_IDLE_CPU_S = 0.03
"""CPU within half a second of one that idles."""


class _Other:
    """A process in a folder of its own."""

    path = "/v1/chat/completions"

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = processes.free_port()
        self.version = ""
        self.start_s = 0.0
        self._made = tempfile.TemporaryDirectory(prefix=f"quotah-bench-{name}-")
        self.folder = Path(self._made.name)
        self._process: subprocess.Popen[bytes] | None = None

    def _start(self, command: list[str], environ: dict[str, str]) -> None:
        began = time.perf_counter()
        log = self.folder / "output.txt"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, env={**os.environ, **environ}, cwd=self.folder,
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            processes.until(lambda: processes.listens(self.port), f"{self.name} listens", _START_S)
        except TimeoutError as error:
            raise RuntimeError(f"{self.name}: {log.read_text()[-2000:]}") from error
        self.start_s = time.perf_counter() - began

    def cpu(self) -> list[float]:
        return [processes.cpu_s(self._pid), 0.0]

    def pss_mb(self) -> float:
        return processes.pss_mb(self._pid)

    def settle(self) -> None:
        """Wait until it idles: what it does behind its answers is then done."""
        for _ in range(40):
            before = processes.cpu_s(self._pid)
            time.sleep(0.5)
            if processes.cpu_s(self._pid) - before < _IDLE_CPU_S:
                return

    def close(self) -> None:
        if self._process is not None:
            processes.end(self._process)
        self._made.cleanup()

    @property
    def _pid(self) -> int:
        assert self._process is not None
        return self._process.pid


class Portkey(_Other):
    """Portkey's gateway (npm), told by headers where to call."""

    def __init__(self, upstream: int) -> None:
        super().__init__("portkey")
        self._upstream = upstream
        try:
            subprocess.run(
                ["npm", "install", "--silent", "--prefix", str(self.folder), "@portkey-ai/gateway"],
                check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            package = self.folder / "node_modules" / "@portkey-ai" / "gateway"
            self.version = json.loads((package / "package.json").read_text())["version"]
            server = str(package / "build" / "start-server.js")
            self._start(
                ["node", server, f"--port={self.port}", "--headless"],
                {"TRUSTED_CUSTOM_HOSTS": "127.0.0.1"},
            )
        except BaseException:
            self.close()
            raise

    def headers(self) -> dict[str, str]:
        return {
            "authorization": "Bearer sk-bench",
            "content-type": "application/json",
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": f"http://127.0.0.1:{self._upstream}/v1",
        }


class LiteLLM(_Other):
    """LiteLLM's proxy (pip), one worker."""

    def __init__(self, upstream: int) -> None:
        super().__init__("litellm")
        try:
            python = environment(self.folder, "litellm-proxy")
            ask = "import importlib.metadata as m; print(m.version('litellm'))"
            told = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True)
            self.version = told.stdout.strip()
            model = {"model": "openai/gpt-4o-mini", "api_key": "sk-bench"}
            model["api_base"] = f"http://127.0.0.1:{upstream}/v1"
            config = {"model_list": [{"model_name": "gpt-4o-mini", "litellm_params": model}]}
            place = self.folder / "config.yaml"
            place.write_text(json.dumps(config))  # JSON is YAML
            self._start(
                [str(python.with_name("litellm")), "--config", str(place),
                 "--host", "127.0.0.1", "--port", str(self.port), "--num_workers", "1"],
                {"LITELLM_MASTER_KEY": _MASTER_KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                 "LITELLM_LOG": "ERROR"},
            )  # fmt: skip
        except BaseException:
            self.close()
            raise

    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {_MASTER_KEY}", "content-type": "application/json"}


OTHERS: dict[str, type[Portkey | LiteLLM]] = {"portkey": Portkey, "litellm": LiteLLM}


def find(names: list[str], upstream: int) -> tuple[dict[str, targets.Target], dict[str, str]]:
    """Those that could be started, and why the others could not."""
    found: dict[str, targets.Target] = {}
    absent: dict[str, str] = {}
    for name in names:
        try:
            found[name] = OTHERS[name](upstream)
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            absent[name] = str(error)
    return found, absent
