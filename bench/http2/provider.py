"""A provider behind TLS that speaks HTTP/2 and HTTP/1.1, as the handshake decides; its CPU is not counted.

    python provider.py PORT FOLDER PAUSE_MS DELTAS

FOLDER gets ``certificate.pem``. POST /stream is answered by DELTAS events, PAUSE_MS apart, any other
path by one JSON body at once.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import cast

import h2.config
import h2.connection
import h2.events
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BODY = b'{"id":"chatcmpl-bench","usage":{"prompt_tokens":24}}' + b" " * 600
EVENT = (
    b'data: {"id":"chatcmpl-bench","choices":[{"index":0,"delta":{"content":" word"}}]}' + b"\n\n"
)
HEADERS = [
    ("content-type", "application/json"), ("date", "Fri, 20 Nov 2026 10:00:00 GMT"),
    ("x-request-id", "req_0123456789abcdef"), ("openai-processing-ms", "42"),
    ("x-ratelimit-remaining-requests", "9999"), ("x-ratelimit-remaining-tokens", "1999000"),
]  # fmt: skip


class Http1(asyncio.Protocol):
    """One connection of HTTP/1.1."""

    def __init__(self, pause_s: float, deltas: int) -> None:
        self._pause_s, self._deltas = pause_s, deltas
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS).encode()
        self._head = b"HTTP/1.1 200 OK\r\n" + head
        self._chunk = b"%x\r\n%s\r\n" % (len(EVENT), EVENT)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if not found or len(body) < length:
            return
        self._buffer = body[length:]
        if b"/stream" in head[:20]:
            self._transport.write(self._head + b"transfer-encoding: chunked\r\n\r\n" + self._chunk)
            self._loop.call_later(self._pause_s, self._next, 1)
        else:
            self._transport.write(b"%scontent-length: %d\r\n\r\n%s" % (self._head, len(BODY), BODY))

    def _next(self, sent: int) -> None:
        if self._transport.is_closing():
            return
        if sent < self._deltas:
            self._transport.write(self._chunk)
            self._loop.call_later(self._pause_s, self._next, sent + 1)
        else:
            self._transport.write(b"0\r\n\r\n")


class Http2(asyncio.Protocol):
    """One connection of HTTP/2."""

    def __init__(self, pause_s: float, deltas: int) -> None:
        self._pause_s, self._deltas = pause_s, deltas
        self._loop = asyncio.get_running_loop()
        config = h2.config.H2Configuration(client_side=False, header_encoding="latin-1")
        self._machine = h2.connection.H2Connection(config)
        self._streamed: dict[int, bool] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._machine.initiate_connection()
        self._flush()

    def data_received(self, data: bytes) -> None:
        for event in self._machine.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                path = dict(event.headers)[":path"]
                self._streamed[event.stream_id] = path == "/stream"
            elif isinstance(event, h2.events.DataReceived):
                size = event.flow_controlled_length
                self._machine.acknowledge_received_data(size, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                self._answer(event.stream_id)
        self._flush()

    def _answer(self, stream: int) -> None:
        self._machine.send_headers(stream, [(":status", "200"), *HEADERS])
        if self._streamed.pop(stream):
            self._machine.send_data(stream, EVENT)
            self._loop.call_later(self._pause_s, self._next, stream, 1)
        else:
            self._machine.send_data(stream, BODY, end_stream=True)

    def _next(self, stream: int, sent: int) -> None:
        if self._transport.is_closing():
            return
        if sent < self._deltas:
            self._machine.send_data(stream, EVENT)
            self._loop.call_later(self._pause_s, self._next, stream, sent + 1)
        else:
            self._machine.end_stream(stream)
        self._flush()

    def _flush(self) -> None:
        self._transport.write(self._machine.data_to_send())


class Chooser(asyncio.Protocol):
    """Becomes what the handshake agreed on."""

    def __init__(self, pause_s: float, deltas: int) -> None:
        self._arguments = (pause_s, deltas)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        tls = transport.get_extra_info("ssl_object")
        kind = Http2 if tls.selected_alpn_protocol() == "h2" else Http1
        protocol = kind(*self._arguments)
        cast("asyncio.Transport", transport).set_protocol(protocol)
        protocol.connection_made(transport)


def server_context(folder: Path) -> ssl.SSLContext:
    """A context with a certificate of its own for 127.0.0.1, kept in the folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    keyed = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    (folder / "both.pem").write_bytes(keyed + certificate.public_bytes(pem))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "both.pem")
    context.set_alpn_protocols(["h2", "http/1.1"])
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    return context


async def main(port: int, folder: Path, pause_s: float, deltas: int) -> None:
    """Serve for ever."""
    server = await asyncio.get_running_loop().create_server(
        lambda: Chooser(pause_s, deltas),
        "127.0.0.1",
        port,
        ssl=server_context(folder),
        backlog=1024,
    )
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(
        main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]) / 1000, int(sys.argv[4]))
    )
