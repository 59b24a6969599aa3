"""Intent notes: what was about to be sent, written before it is.

A call that runs when the process is killed leaves no event behind. Its intent does: one line in an
append-only file, handed to the operating system (``os.write``, no fsync) before the request leaves
the gateway. When the event is in the journal, a second line says so. What is left without that
line at the next start was interrupted, and is recorded as such, once.

The notes survive the death of the process, not that of the machine; see docs/adr/0101.

Lines: ``+<json of Intent>``, ``=<event id> <output tokens>[ …]`` for what was delivered so far, and
``-<event id>[ <event id>…]``. Segments are removed oldest first, so that a "done" line never goes
before the intent it closes. A line that was cut off is skipped.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from quotah_server.domain.call import Attribution

_log = structlog.get_logger("quotah.intents")
_SEGMENT_BYTES = 4 * 1024 * 1024


class Intent(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One attempt that is about to be sent. Times are aware UTC.

    estimated_input: tokens of the request by our own rough count. delivered_output: tokens of the
    answer that had come when it was last noted.
    """

    event_id: str
    call_id: str
    attempt: int = 1
    attribution: Attribution
    provider: str
    operation: str
    model: str | None = None
    streaming: bool = False
    estimated_input: int = 0
    delivered_output: int = 0
    is_mock: bool = False
    credential_id: str | None = None
    route_id: str | None = None
    started_at: datetime


_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Intent)


class _Segment:
    """One file: its number, and the ids noted in it that are still open."""

    __slots__ = ("number", "open", "path")

    def __init__(self, folder: Path, number: int) -> None:
        self.number = number
        self.path = folder / f"intents-{number:08d}.log"
        self.open: set[str] = set()


class IntentLog:
    """The notes of one process, in a folder of its own. Methods may be called from any thread.

    segment_bytes: size at which a new file is begun. A disk that takes no more does not stop calls:
    ``lost`` counts the notes that could not be written.
    """

    def __init__(self, folder: Path, *, segment_bytes: int = _SEGMENT_BYTES) -> None:
        self._folder, self._limit = folder, segment_bytes
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._segments: list[_Segment] = []
        self._home: dict[str, _Segment] = {}
        self._left: dict[str, Intent] = {}
        self.lost = 0
        self.torn = 0
        for path in sorted(folder.glob("intents-*.log")):
            self._read(path)
        self._fd = -1
        self._size = 0
        self._begin_segment()
        self._drop_finished()

    def note(self, intent: Intent) -> None:
        """Hand an intent to the operating system; returns when it has it."""
        line = b"+" + _encode(intent) + b"\n"
        with self._lock:
            if self._write(line):
                segment = self._segments[-1]
                segment.open.add(intent.event_id)
                self._home[intent.event_id] = segment

    def progress(self, delivered: Mapping[str, int]) -> None:
        """Note how many output tokens have come for open intents; what is not written is no loss."""
        with self._lock:
            told = [
                f"{event_id} {n}" for event_id, n in delivered.items() if event_id in self._home
            ]
            if told:
                self._write(b"=" + " ".join(told).encode() + b"\n")

    def done(self, event_ids: Iterable[str]) -> None:
        """Close intents whose event is in the journal; ids without an intent are ignored."""
        with self._lock:
            known = [event_id for event_id in event_ids if event_id in self._home]
            if not known or not self._write(b"-" + " ".join(known).encode() + b"\n"):
                return
            for event_id in known:
                self._home.pop(event_id).open.discard(event_id)
                self._left.pop(event_id, None)
            self._drop_finished()

    def recover(self) -> list[Intent]:
        """The intents of earlier runs that were never closed, oldest first.

        The caller closes with ``done`` those that have a journal row, and those it has recorded.
        """
        with self._lock:
            return list(self._left.values())

    def open_count(self) -> int:
        """Intents that are not closed: calls in flight, and those left from before."""
        return len(self._home)

    def close(self) -> None:
        """Stop writing; the files stay as they are unless everything in them is done."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
                if not self._home:
                    for segment in self._segments:
                        segment.path.unlink(missing_ok=True)

    def _write(self, line: bytes) -> bool:
        if self._fd < 0 or self._size >= self._limit:
            self._begin_segment()
        try:
            written = os.write(self._fd, line)
        except OSError as error:
            return self._count_lost(str(error))
        self._size += written
        if written != len(line):
            self._size = self._limit
            return self._count_lost("the disk took only a part of the line")
        return True

    def _count_lost(self, reason: str) -> bool:
        self.lost += 1
        if self.lost == 1 or self.lost % 1000 == 0:
            _log.error("intent_not_written", lost=self.lost, reason=reason)
        return False

    def _begin_segment(self) -> None:
        number = self._segments[-1].number + 1 if self._segments else 1
        segment = _Segment(self._folder, number)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            fd = os.open(segment.path, flags, 0o600)
        except OSError as error:
            self._count_lost(str(error))
            return
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._size = fd, 0
        self._segments.append(segment)

    def _drop_finished(self) -> None:
        while len(self._segments) > 1 and not self._segments[0].open:
            self._segments.pop(0).path.unlink(missing_ok=True)

    def _read(self, path: Path) -> None:
        number = path.stem.rpartition("-")[2]
        if not number.isdigit():
            return
        segment = _Segment(self._folder, int(number))
        self._segments.append(segment)
        for line in path.read_bytes().split(b"\n"):
            if line[:1] == b"+":
                try:
                    intent = _decoder.decode(line[1:])
                except msgspec.DecodeError:
                    self.torn += 1
                    continue
                segment.open.add(intent.event_id)
                self._home[intent.event_id] = segment
                self._left[intent.event_id] = intent
            elif line[:1] == b"=":
                self._came(line[1:].decode("ascii", "replace").split())
            elif line[:1] == b"-":
                for event_id in line[1:].decode("ascii", "replace").split():
                    home = self._home.pop(event_id, None)
                    if home is not None:
                        home.open.discard(event_id)
                    self._left.pop(event_id, None)
            elif line:
                self.torn += 1

    def _came(self, words: list[str]) -> None:
        for event_id, tokens in zip(words[::2], words[1::2], strict=False):
            left = self._left.get(event_id)
            if left is not None and tokens.isdigit():
                self._left[event_id] = msgspec.structs.replace(left, delivered_output=int(tokens))
