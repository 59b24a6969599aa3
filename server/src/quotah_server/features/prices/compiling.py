"""Compiles a price book in a process of its own: what parses foreign data leaves nothing behind here.

genai-prices brings pydantic models and 30 MB; a child takes them along when it ends. It gets no
environment, so no setting and no key.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import msgspec

from quotah_server.catalog import book as books
from quotah_server.catalog.book import Book

_MODULE = "quotah_server.catalog.build"
_TIMEOUT_S = 60.0
_TOLD_MAX = 300


class CompileError(Exception):
    """No book came of it. ``reason`` is a sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def packaged_unpatched() -> Book:
    """The packaged book as it would be without our patches. Raises CompileError."""
    with tempfile.TemporaryDirectory(prefix="quotah-prices-") as name:
        return await _book(Path(name), "--unpatched")


async def compiled(data: bytes, as_of: str) -> tuple[Book, Book]:
    """Published data → the book made of it, and the same without our patches. Raises CompileError."""
    with tempfile.TemporaryDirectory(prefix="quotah-prices-") as name:
        folder = Path(name)
        await asyncio.to_thread((folder / "data.json").write_bytes, data)
        given = ("--from", str(folder / "data.json"), "--as-of", as_of)
        return await _book(folder, *given), await _book(folder, *given, "--unpatched")


async def _book(folder: Path, *arguments: str) -> Book:
    out = folder / "book.jsonl"
    command = (sys.executable, "-I", "-m", _MODULE, "--out", str(out), *arguments)
    process = await asyncio.create_subprocess_exec(
        *command, env={}, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            _, said = await process.communicate()
    except TimeoutError as error:
        raise CompileError(f"Compiling the prices took longer than {_TIMEOUT_S:.0f} s.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise CompileError(f"The data cannot be compiled: {_last_line(said)}")
    try:
        found = await asyncio.to_thread(lambda: books.decode(out.read_bytes()))
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise CompileError(f"The compiled book cannot be read: {error}") from error
    if not any(found.models(provider) for provider in found.providers):
        raise CompileError("The data holds no model.")
    return found


def _last_line(said: bytes) -> str:
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].strip()[:_TOLD_MAX] if lines else "no reason was given"
