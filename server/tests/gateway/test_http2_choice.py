"""Which HTTP is spoken with a provider: what was set, and what the provider can."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self

import pytest
from gateway.http2_running import Start, failing, send, whole

from quotah_server.gateway.ways import Http2, Way


@pytest.mark.parametrize(
    ("http2", "protocols", "agreed"),
    [
        ("on", ("h2", "http/1.1"), "h2"),
        ("auto", ("h2", "http/1.1"), "http/1.1"),
        ("off", ("h2", "http/1.1"), "http/1.1"),
    ],
)
async def test_the_handshake_decides_what_is_spoken(
    running: Start, http2: Http2, protocols: tuple[str, ...], agreed: str
) -> None:
    async with running(http2, protocols) as run:
        for _ in range(3):
            assert await whole(run) == b"{}"
        spoken = {
            peer.writer.get_extra_info("ssl_object").selected_alpn_protocol()
            for peer in run[1].peers
        }
        assert spoken == {agreed}


@pytest.mark.parametrize("refuses", [True, False])
async def test_a_provider_of_http2_alone_is_spoken_to_as_it_wants(
    running: Start, refuses: bool
) -> None:
    async with running("auto") as run, Doorman(run[1].port, refuses=refuses) as door:
        run[1].port = door.port
        assert await asyncio.gather(*(whole(run) for _ in range(3))) == [b"{}"] * 3
        before = door.turned_away
        assert await whole(run) == b"{}"
        assert door.turned_away == before
        assert before > 0 or not refuses
        assert len(run[1].calls) == 4


@pytest.mark.parametrize(("refuses", "kind"), [(True, "tls_failed"), (False, "connection_lost")])
async def test_with_http2_switched_off_it_is_not_spoken_unless_a_credential_says_so(
    running: Start, refuses: bool, kind: str
) -> None:
    async with running("off") as run, Doorman(run[1].port, refuses=refuses) as door:
        run[1].port = door.port
        failure = await failing(run)
        assert (failure.kind, failure.sent) == (kind, False)
        answer = await send(run, way=Way(direct=True, allow_private=True, http2=True))
        assert await answer.rest() == b"{}"
        await answer.close()


class Doorman:
    """Stands before a provider; refuses: turns away, as TLS does it, who does not offer HTTP/2."""

    def __init__(self, behind: int, *, refuses: bool) -> None:
        self._behind, self._refuses = behind, refuses
        self._tasks: set[asyncio.Task[None]] = set()
        self.turned_away = 0
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            hello = await reader.read(16_384)
            if self._refuses and b"\x02h2" not in hello:
                self.turned_away += 1
                writer.write(b"\x15\x03\x03\x00\x02\x02\x78")  # no_application_protocol
                writer.close()
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._behind)
            far_writer.write(hello)
            await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()
