"""`quotah up`: the API and the gateway as two child processes, started, watched and ended together."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from quotah_server.domain.errors import StartupError
from quotah_server.entrypoints import instance
from quotah_server.entrypoints.child import EXIT_CONFIG, LEASH_VARIABLE
from quotah_server.entrypoints.settings import Settings

_READY_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 40.0
_RESTARTS_MAX = 5
_RESTARTS_WINDOW_S = 60.0


@dataclass(slots=True)
class _Child:
    """One server process: how to start it, and where it says that it is ready."""

    name: str
    module: str
    port: int
    process: subprocess.Popen[bytes] | None = None
    starts: deque[float] = field(default_factory=deque)


class Supervisor:
    """Holds the lock on the data folder and the two processes that serve it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = instance.open_folder(settings.data_dir)
        self._stopping = threading.Event()
        self._leash_read, self._leash_write = os.pipe()
        os.set_inheritable(self._leash_read, True)
        self._api = _Child("api", "quotah_server.entrypoints.api", settings.api_port)
        self._gateway = _Child(
            "gateway", "quotah_server.entrypoints.gateway", settings.gateway_port
        )

    @property
    def folder(self) -> instance.DataFolder:
        """The data folder that this instance serves."""
        return self._folder

    def run(self, on_ready: Callable[[], None]) -> int:
        """Start both, call ``on_ready`` once both answer, watch until told to stop; the exit status."""
        settings = self._settings
        held = instance.lock(self._folder)
        try:
            instance.check_port(settings.host, settings.api_port, "dashboard", "QUOTAH_API_PORT")
            instance.check_port(
                settings.host, settings.gateway_port, "gateway", "QUOTAH_GATEWAY_PORT"
            )
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: self._stopping.set())
            self._start(self._api)
            self._start(self._gateway)
            self._folder.write_state(
                {
                    "pid": os.getpid(),
                    "dashboard_url": settings.dashboard_url,
                    "gateway_url": settings.gateway_base_url,
                }
            )
            self._await_ready()
            if not self._stopping.is_set():
                on_ready()
            return self._watch()
        finally:
            self._stop_all()
            (self._folder.path / "run" / "instance.json").unlink(missing_ok=True)
            os.close(held)

    def _start(self, child: _Child) -> None:
        child.starts.append(time.monotonic())
        child.process = subprocess.Popen(
            [sys.executable, "-m", child.module],
            env={**os.environ, LEASH_VARIABLE: str(self._leash_read)},
            pass_fds=(self._leash_read,),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
        )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + _READY_TIMEOUT_S
        waiting = [self._api, self._gateway]
        while waiting and not self._stopping.is_set():
            waiting = [child for child in waiting if not self._is_ready(child)]
            for child in (self._api, self._gateway):
                self._refuse_if_ended(child)
            if time.monotonic() > deadline:
                names = " and ".join(child.name for child in waiting)
                raise StartupError(
                    f"The {names} did not get ready within {_READY_TIMEOUT_S:.0f} s: "
                    "the messages above tell why."
                )
            self._stopping.wait(0.02)

    def _refuse_if_ended(self, child: _Child) -> None:
        status = child.process.poll() if child.process else None
        if status is None:
            return
        if status == EXIT_CONFIG:
            raise StartupError(f"The {child.name} refused to start; its reason stands above.")
        raise StartupError(f"The {child.name} ended while starting (status {status}).")

    def _is_ready(self, child: _Child) -> bool:
        host = "127.0.0.1" if self._settings.host in ("0.0.0.0", "::") else self._settings.host  # noqa: S104 -- compared, not bound
        connection = http.client.HTTPConnection(host, child.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _watch(self) -> int:
        while not self._stopping.wait(0.2):
            for child in (self._api, self._gateway):
                status = child.process.poll() if child.process else None
                if status is None:
                    continue
                if not self._may_restart(child):
                    sys.stderr.write(
                        f"The {child.name} ended {_RESTARTS_MAX} times within a minute "
                        f"(last status {status}); Quotah stops.\n"
                    )
                    return 1
                sys.stderr.write(f"The {child.name} ended (status {status}); starting it again.\n")
                self._start(child)
        return 0

    @staticmethod
    def _may_restart(child: _Child) -> bool:
        now = time.monotonic()
        while child.starts and now - child.starts[0] > _RESTARTS_WINDOW_S:
            child.starts.popleft()
        return len(child.starts) < _RESTARTS_MAX

    def _stop_all(self) -> None:
        """End the gateway first: its streams finish and its last events reach the API."""
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        for child in (self._gateway, self._api):
            process = child.process
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for fd in (self._leash_read, self._leash_write):
            os.close(fd)
