"""A real gateway on a real port, with a provider and a control plane whose every byte a test decides.

with Rig(folder) as rig:
    rig.provider.answers(stream([b"data: …"]))
    httpx2.post(rig.url + "/openai/v1/chat/completions", headers=rig.bearer, …)
    event = rig.event()
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import msgspec
import uvloop

from quotah_server.catalog.book import Book, load_packaged
from quotah_server.domain import gateway_state
from quotah_server.domain import snapshot as wire
from quotah_server.domain.event import PricedEvent
from quotah_server.domain.gateway_state import GatewayState
from quotah_server.domain.secrets import credential_binding, hash_key, mint_key
from quotah_server.domain.snapshot import Credential, GatewayKey, Mount, Snapshot
from quotah_server.gateway.clients import Patience
from quotah_server.gateway.compose import Gateway, build
from quotah_server.gateway.limits import Limits
from quotah_server.gateway.server import Server
from quotah_server.kit.clock import utc_now
from quotah_server.kit.crypto import KeyRing

DEADLINE_S = 20.0
PROVIDER_KEY = "sk-real-provider-key"
WORKSPACE = "w" * 32
PROJECT = "p" * 32
_BOOK: list[Book] = []


def book() -> Book:
    """The packaged price book, loaded once per process."""
    if not _BOOK:
        _BOOK.append(load_packaged())
    return _BOOK[0]


def until(condition: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
    """Poll until a condition holds; its value. Fails loudly at the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        time.sleep(0.005)


def free_port() -> int:
    """A port outside the range from which the kernel hands out ports by itself: one from inside it
    may be taken again, by our own provider too, before the gateway binds it."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Received(msgspec.Struct):
    """A request as the provider got it."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


Answer = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


class Provider:
    """A bare asyncio server: answers with the bytes it is told to, when it is told to."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Answer = reply(b"{}")
        self.port = 0
        self.broken_sends = 0
        self.readers: list[asyncio.StreamReader] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.readers.append(reader)
        try:
            while True:
                request = await read_request(reader)
                self.received.append(request)
                await self.answer(request, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.broken_sends += 1
        except asyncio.CancelledError:
            pass
        finally:
            self._tasks.discard(task)
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = [line.partition(":") for line in lines]
    headers = [(name, value.strip()) for name, _, value in pairs]
    length = next((int(v) for k, v in headers if k.lower() == "content-length"), 0)
    return Received(method, target, headers, await reader.readexactly(length) if length else b"")


def head(status: int, headers: list[tuple[str, str]]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode()


def reply(
    body: bytes,
    *,
    status: int = 200,
    content_type: str = "application/json",
    headers: list[tuple[str, str]] | None = None,
) -> Answer:
    """Answer with a whole body."""

    async def answer(_: Received, writer: asyncio.StreamWriter) -> None:
        fields = [("content-type", content_type), ("content-length", str(len(body)))]
        writer.write(head(status, fields + (headers or [])) + body)

    return answer


def stream(
    chunks: list[bytes],
    *,
    pause_s: float = 0.0,
    then: str = "end",
    gate: Callable[[int], Awaitable[None]] | None = None,
) -> Answer:
    """Answer with server-sent events in these chunks. then: end | reset | stall."""

    async def answer(_: Received, writer: asyncio.StreamWriter) -> None:
        fields = [("content-type", "text/event-stream"), ("transfer-encoding", "chunked")]
        writer.write(head(200, fields))
        for number, chunk in enumerate(chunks):
            if gate is not None:
                await gate(number)
            writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            await writer.drain()
            if pause_s:
                await asyncio.sleep(pause_s)
        if then == "end":
            writer.write(b"0\r\n\r\n")
        elif then == "reset":
            writer.transport.abort()
            raise ConnectionResetError
        else:
            await asyncio.sleep(3600)

    return answer


class Control:
    """The control plane's internal endpoints, over a unix socket.

    books: list books by version. states: what gateways told of themselves. hung: targets whose requests
    are taken and never answered.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.snapshot: Snapshot | None = None
        self.books: dict[str, bytes] = {}
        self.asked_for: list[str] = []
        self.events: list[PricedEvent] = []
        self.states: list[GatewayState] = []
        self.hung: tuple[str, ...] = ()
        self.deliveries = 0
        self._up = False
        self.reply: Callable[[list[PricedEvent]], tuple[int, bytes]] = _take_all
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._up = True
        self._server = await asyncio.start_unix_server(self._serve, str(self.path))

    async def stop(self) -> None:
        self._up = False
        if self._server is not None:
            self._server.close()
            for task in self._tasks:
                task.cancel()
            self._server = None
            self.path.unlink(missing_ok=True)

    def publish(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._changed.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            request = await read_request(reader)
            if not self._up:  # a connection that was accepted while the server closed
                raise ConnectionResetError
            if request.target.startswith(self.hung):
                await asyncio.sleep(3600)
            if request.target.startswith("/internal/v1/snapshot"):
                status, body = await self._snapshot(request.target)
            elif request.target.startswith("/internal/v1/books/"):
                version = request.target.rpartition("/")[2]
                self.asked_for.append(version)
                found = self.books.get(version)
                status, body = (404, b"") if found is None else (200, found)
            elif request.target == "/internal/v1/gateway-state":
                self.states.append(gateway_state.decode(request.body))
                status, body = 204, b""
            else:
                batch = msgspec.msgpack.decode(request.body, type=list[PricedEvent])
                self.deliveries += 1
                status, body = self.reply(batch)
                if status == 200:
                    refused = msgspec.json.decode(body).get("rejected", {})
                    self.events += [e for e in batch if e.call.event_id not in refused]
            writer.write(head(status, [("content-length", str(len(body)))]) + body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _snapshot(self, target: str) -> tuple[int, bytes]:
        query = dict(pair.split("=") for pair in target.partition("?")[2].split("&"))
        after, end = int(query["after"]), time.monotonic() + float(query["wait"])
        while self.snapshot is None or self.snapshot.version <= after:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.0, end - time.monotonic()))
            except TimeoutError:
                return 304, b""
        return 200, wire.encode(self.snapshot)


def _take_all(batch: list[PricedEvent]) -> tuple[int, bytes]:
    return 200, msgspec.json.encode({"accepted": len(batch), "rejected": {}})


class Rig:
    """Everything together, in a thread with an event loop of its own."""

    def __init__(
        self,
        folder: Path,
        *,
        limits: Limits | None = None,
        control_up: bool = True,
        snapshot: bool = True,
        port: int = 0,
        patience: Patience | None = None,
    ) -> None:
        self.folder = folder
        self.limits = limits or Limits()
        self.patience = patience or Patience()
        self.ring = KeyRing({"k1": b"0" * 32}, "k1")
        self.provider = Provider()
        self.socket_path = folder / "c.sock"
        self.control = Control(self.socket_path)
        self.key = mint_key("gateway")
        self.port = port or free_port()
        self._control_up, self._with_snapshot = control_up, snapshot
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.gateway: Gateway | None = None
        self._stopped = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}

    def call(self, coroutine: Any) -> Any:
        """Run a coroutine in the rig's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(DEADLINE_S * 2)

    def __enter__(self) -> Self:
        self._thread.start()
        self.call(self._start())
        until(self._listens, "the gateway listens")
        assert self._serving is not None
        assert not self._serving.done()
        if self._with_snapshot and self._control_up:
            until(lambda: self.gateway and self.gateway.holder.view, "the first snapshot arrives")
        return self

    def __exit__(self, *_: object) -> None:
        if not self._stopped:
            self.stop()
        self.call(self.control.stop())
        self.call(self.provider.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_S)

    def stop(self, grace_s: float = 5.0) -> None:
        """Stop the gateway as its process would on SIGTERM."""
        self._stopped = True
        self.call(self._stop(grace_s))

    async def _start(self) -> None:
        await self.provider.start()
        if self._control_up:
            await self.control.start()
        if self._with_snapshot:
            self.control.publish(self.make_snapshot(1))
        self.gateway = build(self.folder, self.socket_path, self.ring, book(), limits=self.limits)
        await self.gateway.start()
        self._server = Server(self.gateway.__rsgi__, "127.0.0.1", self.port, patience=self.patience)
        self._serving = asyncio.get_running_loop().create_task(self._server.serve())

    async def _stop(self, grace_s: float) -> None:
        assert self._server is not None
        assert self._serving is not None
        assert self.gateway is not None
        self._server.stop()
        await self.gateway.shutdown(grace_s)
        await self._serving

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def make_snapshot(
        self,
        version: int,
        *,
        keys: list[str] | None = None,
        expires_at: datetime | None = None,
        is_mock: bool = False,
        base: str | None = None,
        environment: str | None = "production",
    ) -> Snapshot:
        """A snapshot with one workspace whose openai and anthropic mounts lead to the provider."""
        base = base or f"http://127.0.0.1:{self.provider.port}"
        found = {
            hash_key(key): GatewayKey(
                id=f"{number:032x}",
                hash=hash_key(key),
                workspace_id=WORKSPACE,
                project_id=PROJECT,
                environment=environment,
                expires_at=expires_at,
            )
            for number, key in enumerate(keys if keys is not None else [self.key])
        }
        mounts = {
            "openai": self._mount("openai", f"{base}/v1", is_mock),
            "anthropic": self._mount("anthropic", base, is_mock),
        }
        return Snapshot(version, utc_now(), found, {WORKSPACE: mounts})

    def _mount(self, name: str, base_url: str, is_mock: bool) -> Mount:
        credential_id = name.ljust(32, "c")
        sealed = self.ring.seal(
            PROVIDER_KEY, credential_binding(WORKSPACE, credential_id, base_url)
        )
        credential = Credential(
            credential_id, WORKSPACE, name, base_url, sealed, is_mock=is_mock, allow_private=True
        )
        return Mount(name, name, name, (credential,))

    def publish(self, snapshot: Snapshot) -> None:
        self._loop.call_soon_threadsafe(self.control.publish, snapshot)

    def events(self, count: int) -> list[PricedEvent]:
        """Wait until so many events were delivered."""
        until(lambda: len(self.control.events) >= count, f"{count} events arrive")
        return list(self.control.events)

    def event(self) -> PricedEvent:
        """The one event of the one call of a test."""
        (event,) = self.events(1)
        return event
