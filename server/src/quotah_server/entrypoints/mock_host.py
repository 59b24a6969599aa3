"""The built-in mock provider inside the API process: started when somebody chose it, never before."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from quotah_server.features.providers.service import MOCK_TOPIC, is_mock_wanted
from quotah_server.store.control.session import Database

if TYPE_CHECKING:
    from quotah_server.mock.wire import MockServer

_log = structlog.get_logger("quotah.mock")


class MockHost:
    """Listens on the mock provider's port of this machine once a workspace uses it."""

    def __init__(self, database: Database, port: int) -> None:
        self._database = database
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._starting = asyncio.Lock()
        self._server: MockServer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        database.subscribe(MOCK_TOPIC, self._wanted)

    @property
    def url(self) -> str:
        """Its origin, whether it listens yet or not."""
        return f"http://127.0.0.1:{self._port}"

    async def start_if_wanted(self) -> None:
        """Start where a workspace chose it in an earlier run."""
        async with self._database.transaction() as session:
            wanted = await is_mock_wanted(session)
        if wanted:
            await self._start()

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            await self._server.close()

    def _wanted(self) -> None:
        task = self._loop.create_task(self._start())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start(self) -> None:
        from quotah_server.mock.app import MockProvider
        from quotah_server.mock.wire import serve

        async with self._starting:
            if self._server is not None:
                return
            try:
                self._server = await serve(MockProvider(), "127.0.0.1", self._port)
            except OSError as error:
                _log.error(
                    "mock_not_started",
                    port=self._port,
                    reason=error.strerror,
                    hint="Set QUOTAH_MOCK_PORT to a free port and start again.",
                )
                return
        _log.info("mock_started", url=self.url)
