"""A gateway that may open no more files loses those who come meanwhile, and nothing else."""

from __future__ import annotations

import contextlib
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from gateway.rig import DEADLINE_S, free_port, until

_FILES = 48
_SERVER = """
import asyncio, resource, sys
import uvloop
from quotah_server.gateway.clients import Clients
from quotah_server.gateway.server import Server

async def handle(request, answer):
    answer.response_bytes(200, [], b"fine")

async def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]), int(sys.argv[2])))
    await Server(handle, "127.0.0.1", int(sys.argv[1]), clients=Clients(1000)).serve()

uvloop.run(main())
"""


def is_served(port: int) -> bool:
    with contextlib.suppress(OSError), socket.socket() as client:
        client.settimeout(DEADLINE_S)
        client.connect(("127.0.0.1", port))
        client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        return client.recv(100).startswith(b"HTTP/1.1 200")
    return False


@pytest.fixture
def port() -> Iterator[int]:
    port = free_port()
    server = subprocess.Popen([sys.executable, "-c", _SERVER, str(port), str(_FILES)])
    try:
        until(lambda: is_served(port), "the server listens")
        yield port
    finally:
        server.kill()
        server.wait()


def test_a_server_that_ran_out_of_files_serves_again_once_the_flood_has_ended(port: int) -> None:
    for _ in range(3):
        with contextlib.ExitStack() as flood:
            for _ in range(4 * _FILES):
                client = flood.enter_context(socket.create_connection(("127.0.0.1", port)))
                with contextlib.suppress(OSError):
                    client.sendall(b"POST / HTTP/1.1\r\nx-slow: ")
            # The flood has hold of all there is: who comes now is not served.
            until(lambda: not is_served(port), "no file is left")
        ended = time.monotonic()
        until(lambda: is_served(port), "healthy clients are served again")
        assert time.monotonic() - ended < DEADLINE_S


def test_a_flood_below_the_limit_keeps_nobody_out(port: int) -> None:
    """The control of the test above: it is the files that run out there."""
    with contextlib.ExitStack() as flood:
        for _ in range(_FILES // 4):
            flood.enter_context(socket.create_connection(("127.0.0.1", port)))
        assert all(is_served(port) for _ in range(10))


def test_the_limit_of_this_test_is_one_that_the_system_enforces() -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] > _FILES
