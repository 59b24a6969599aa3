"""The stand-in on a thread of its own, for programs without an event loop."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from quotah_server.mock.app import MockProvider
from quotah_server.mock.ledger import Entry
from quotah_server.mock.plans import FaultPlan
from quotah_server.mock.wire import MockServer, serve

_START_S = 10.0


class BackgroundMock:
    """``with BackgroundMock() as mock:`` serves until the block ends.

    ``port`` 0 takes any free one. Raises OSError when the port is in use.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        log_path: Path | None = None,
        *,
        log_capacity: int = 100_000,
    ) -> None:
        self.provider = MockProvider(log_path, log_capacity=log_capacity)
        self._host = host
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="quotah-mock", daemon=True
        )
        self._server: MockServer | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.run_coroutine_threadsafe(
            serve(self.provider, self._host, self._port), self._loop
        )
        try:
            self._server = starting.result(_START_S)
        except BaseException:
            self._stop_loop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            asyncio.run_coroutine_threadsafe(self._server.close(), self._loop).result(_START_S)
        self._stop_loop()

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START_S)
        self._loop.close()

    @property
    def port(self) -> int:
        """The port that is served."""
        if self._server is None:
            raise RuntimeError("the mock provider is not started")
        return self._server.port

    @property
    def url(self) -> str:
        """The origin, without a path."""
        return f"http://{self._host}:{self.port}"

    @property
    def openai_url(self) -> str:
        """The base URL for OpenAI clients."""
        return f"{self.url}/openai/v1"

    @property
    def anthropic_url(self) -> str:
        """The base URL for Anthropic clients."""
        return f"{self.url}/anthropic"

    @property
    def azure_url(self) -> str:
        """The endpoint for Azure clients, which add ``/openai`` themselves."""
        return self.url

    @property
    def gemini_url(self) -> str:
        """The base URL for Gemini clients, which add the version themselves."""
        return f"{self.url}/gemini"

    @property
    def cohere_url(self) -> str:
        """The base URL for Cohere clients, which add the version themselves."""
        return f"{self.url}/cohere"

    @property
    def mistral_url(self) -> str:
        """The base URL for Mistral clients, which add the version themselves."""
        return f"{self.url}/mistral"

    def plan(self, path: str = "", *, times: int | None = None, **settings: str | int) -> None:
        """Lay settings down for requests to come: ``plan("/cohere", times=1, fault="error-500")``."""
        named = {name.replace("_", "-"): value for name, value in settings.items()}
        self.provider.plans.add(FaultPlan(named, times, path))

    def log(self) -> list[Entry]:
        """The log entries in memory, oldest first."""
        return self.provider.ledger.entries()
