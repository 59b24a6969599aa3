"""Makes and judges price books in a process of its own, which can be ended.

What parses foreign data brings pydantic models and 30 MB, and ids are matched by regular expressions
that nobody has looked at yet: neither happens in a process that serves. A child gets no environment,
so no setting and no key.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from datetime import date
from pathlib import Path

import msgspec

from quotah_server.catalog import book as books
from quotah_server.catalog.book import Book
from quotah_server.catalog.compare import Findings

_BUILD = "quotah_server.catalog.build"
_COMPARE = "quotah_server.catalog.compare"
_BOUNDED = "quotah_server.features.prices.child"
_TIMEOUT_S = 60.0
_TOLD_MAX = 300


class CompileError(Exception):
    """No book came of it. ``reason`` is a sentence for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Compiled(msgspec.Struct, frozen=True):
    """A book, and the same without our patches."""

    book: Book
    unpatched: Book


async def packaged_unpatched() -> Book:
    """The packaged book as it would be without our patches. Raises CompileError."""
    with tempfile.TemporaryDirectory(prefix="quotah-prices-") as name:
        out = Path(name) / "book.jsonl"
        await _run(_BUILD, "--unpatched", "--out", str(out))
        return await _book(out)


async def compiled(data: bytes, as_of: date) -> Compiled:
    """Compile published data of a day. Raises CompileError."""
    with tempfile.TemporaryDirectory(prefix="quotah-prices-") as name:
        given, ours, theirs = (Path(name) / part for part in ("data", "ours", "theirs"))
        await asyncio.to_thread(given.write_bytes, data)
        told = ("--from", str(given), "--as-of", as_of.isoformat())
        await _run(_BUILD, *told, "--out", str(ours))
        await _run(_BUILD, *told, "--unpatched", "--out", str(theirs))
        return Compiled(await _book(ours), await _book(theirs))


async def judged(old: Book, new: Compiled, today: date) -> Findings:
    """Compare a new book with the one in force. Raises CompileError for one that cannot be used."""
    with tempfile.TemporaryDirectory(prefix="quotah-prices-") as name:
        folder = Path(name)
        found = {"old": old, "new": new.book, "unpatched": new.unpatched}
        for part, book in found.items():
            await asyncio.to_thread((folder / part).write_bytes, books.encode(book))
        out = folder / "findings.json"
        files = [str(folder / part) for part in found]
        await _run(_COMPARE, *files, "--today", today.isoformat(), "--out", str(out))
        return msgspec.json.decode(await asyncio.to_thread(out.read_bytes), type=Findings)


async def _run(module: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", _BOUNDED, module, *arguments, env={},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            _, said = await process.communicate()
    except TimeoutError as error:
        raise CompileError(f"Working on the prices took longer than {_TIMEOUT_S:.0f} s.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise CompileError(f"The prices cannot be used: {_last_line(said)}")


async def _book(file: Path) -> Book:
    try:
        found = await asyncio.to_thread(lambda: books.decode(file.read_bytes()))
    except (OSError, ValueError, msgspec.DecodeError) as error:
        raise CompileError(f"The compiled book cannot be read: {error}") from error
    if not any(found.models(provider) for provider in found.providers):
        raise CompileError("The data holds no model.")
    return found


def _last_line(said: bytes) -> str:
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[-1].strip()[:_TOLD_MAX] if lines else "no reason was given"
