"""A provider that speaks HTTP/2 over TLS, written with the ``h2`` library; a test decides its answers."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from gateway.rig import read_request

from quotah_server.gateway import pool

CHUNK = 16_384
Pairs = list[tuple[str, str]]


class Call:
    """One request as it came; ``whole`` is set at its end."""

    def __init__(self, peer: Peer, number: int, headers: Pairs) -> None:
        self.peer, self.number, self.headers = peer, number, headers
        self.body = bytearray()
        self.whole = asyncio.Event()
        self.reset = asyncio.Event()
        self.more = asyncio.Event()

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def head(self, status: int = 200, headers: Pairs | None = None, *, ends: bool = False) -> None:
        fields = [(":status", str(status)), *(headers or [])]
        self.peer.machine.send_headers(self.number, fields, end_stream=ends)
        self.peer.flush()

    def data(self, data: bytes, *, ends: bool = False) -> None:
        """Send at once what the window must allow."""
        self.peer.machine.send_data(self.number, data, end_stream=ends)
        self.peer.flush()

    async def send(self, data: bytes, *, ends: bool = False) -> None:
        """Send as the window allows."""
        rest = memoryview(data)
        while rest:
            room = min(self.peer.machine.local_flow_control_window(self.number), CHUNK, len(rest))
            if room == 0:
                self.more.clear()
                await self.more.wait()
                continue
            part, rest = rest[:room], rest[room:]
            self.data(bytes(part), ends=ends and not rest)
            await self.peer.writer.drain()

    async def reply(self, body: bytes, status: int = 200, headers: Pairs | None = None) -> None:
        await self.whole.wait()
        self.head(status, [*(headers or []), ("content-length", str(len(body)))], ends=not body)
        if body:
            await self.send(body, ends=True)


Answer = Callable[[Call], Awaitable[None]]


async def ok(call: Call) -> None:
    await call.reply(b"{}")


class Peer(asyncio.Protocol):
    """One connection."""

    def __init__(
        self, provider: Http2Provider, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.provider, self.reader, self.writer = provider, reader, writer
        config = h2.config.H2Configuration(client_side=False, header_encoding="latin-1")
        self.machine: Any = h2.connection.H2Connection(config)
        self.calls: dict[int, Call] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.seen: list[Any] = []
        self.lost = asyncio.Event()

    def flush(self) -> None:
        self.writer.write(self.machine.data_to_send())

    async def serve(self) -> None:
        self.machine.initiate_connection()
        if self.provider.settings:
            self.machine.update_settings(self.provider.settings)
        self.flush()
        try:
            while data := await self.reader.read(65_536):
                for event in self.machine.receive_data(data):
                    self._take(event)
                self.flush()
        except (ConnectionError, h2.exceptions.ProtocolError, ssl.SSLError):
            pass
        finally:
            self.lost.set()
            for task in self.tasks:
                task.cancel()
            self.writer.close()

    def _take(self, event: Any) -> None:
        self.seen.append(event)
        call = self.calls.get(getattr(event, "stream_id", 0) or 0)
        if isinstance(event, h2.events.RequestReceived):
            call = self.calls[event.stream_id] = Call(
                self, event.stream_id, [(str(name), str(value)) for name, value in event.headers]
            )
            self.provider.calls.append(call)
            task = asyncio.get_running_loop().create_task(self._answer(call))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        elif isinstance(event, h2.events.DataReceived):
            assert call is not None
            call.body += event.data
            if self.provider.takes:
                self.machine.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id
                )
        elif isinstance(event, h2.events.StreamEnded):
            assert call is not None
            call.whole.set()
        elif isinstance(event, h2.events.StreamReset):
            assert call is not None
            call.reset.set()
        elif isinstance(event, h2.events.WindowUpdated | h2.events.RemoteSettingsChanged):
            for one in self.calls.values():
                one.more.set()

    async def _answer(self, call: Call) -> None:
        with contextlib.suppress(ConnectionError, h2.exceptions.ProtocolError):
            await self.provider.answer(call)


class Http2Provider:
    """Listens on 127.0.0.1. takes: whether it opens its windows for bodies that it has read."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self.calls: list[Call] = []
        self.peers: list[Peer] = []
        self.settings: dict[Any, int] = {}
        self.takes = True
        self.answer: Answer = ok
        self.port = 0

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        peer = Peer(self, reader, writer)
        self.peers.append(peer)
        if writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1":
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while (await read_request(reader)).method:
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            return
        with contextlib.suppress(asyncio.CancelledError):
            await peer.serve()


def tls_server_context(folder: Path, protocols: list[str] | None = None) -> ssl.SSLContext:
    """A server's context with a certificate of its own for 127.0.0.1, kept in the folder."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


@contextlib.asynccontextmanager
async def trusted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, protocols: list[str]
) -> AsyncGenerator[Http2Provider]:
    """A provider whose certificate the gateway trusts, as the system would say."""
    context = tls_server_context(folder / "tls", protocols)
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "tls" / "certificate.pem"))
    pool.tls_context.cache_clear()
    provider = Http2Provider(context)
    await provider.start()
    try:
        yield provider
    finally:
        await provider.stop()
        pool.tls_context.cache_clear()
