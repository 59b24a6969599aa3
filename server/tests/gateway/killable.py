"""A gateway in a process of its own, which may be killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx2
from gateway.rig import Rig, until

SERVE = """
import asyncio, sys
from pathlib import Path
import uvloop
from quotah_server.catalog.book import load_packaged
from quotah_server.gateway.compose import build
from quotah_server.gateway.server import Server
from quotah_server.kit.crypto import KeyRing

async def main():
    folder, socket_path, port = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    gateway = build(folder, socket_path, KeyRing({"k1": b"0" * 32}, "k1"), load_packaged())
    await gateway.start()
    await Server(gateway.__rsgi__, "127.0.0.1", port).serve()

uvloop.run(main())
"""


def start_gateway(rig: Rig, folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SERVE, str(folder), str(rig.socket_path), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/readyz"

    def ready() -> bool:
        try:
            return httpx2.get(url).status_code == 200
        except httpx2.TransportError:
            return False

    until(ready, "the gateway is ready")
    return process


def settled(port: int) -> bool:
    """Whether a gateway has nothing left to record or to deliver."""
    text = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
    names = ("in_flight", "draining", "events_waiting", "journal_depth", "intents_open")
    return all(f"quotah_gateway_{name} 0.0" in text for name in names)
