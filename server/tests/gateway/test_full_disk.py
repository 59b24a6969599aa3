"""A disk that is full: calls are served, what is lost is counted and told, the rest is written in the end."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
from gateway.rig import DEADLINE_S, Rig, reply, until
from pipeline.full_disk import LimitedVFS

from quotah_server.gateway import compose
from quotah_server.gateway.limits import Limits
from quotah_server.gateway.recorder import Recorder
from quotah_server.pipeline.journal import Journal

ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
ANSWER = (
    b'{"id":"c1","object":"chat.completion","model":"gpt-4o-mini","choices":[{"index":0}],'
    b'"usage":{"prompt_tokens":10,"completion_tokens":1,"total_tokens":11}}'
)
CAPACITY = 40
BURST = 20
DISK = "4m"


class Disk(NamedTuple):
    """A place for a gateway's files, which can be filled and freed. real: a file system of its own."""

    folder: Path
    fill: Callable[[], None]
    free: Callable[[], None]
    real: bool


@contextlib.contextmanager
def mounted(folder: Path) -> Generator[bool]:
    """A small file system in memory, where this machine lets us mount one."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    done = (
        subprocess.run(["mount", *options], capture_output=True, check=False)
        if _is_root()
        else None
    )
    is_there = done is not None and done.returncode == 0
    try:
        yield is_there
    finally:
        if is_there:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def _is_root() -> bool:
    return os.geteuid() == 0


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Disk]:
    with mounted(tmp_path / "disk") as real:
        folder = tmp_path / "disk"
        if real:
            ballast = folder / "ballast"

            def fill() -> None:
                with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
                    while file.write(b"x" * 65_536):
                        pass
                with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
                    while file.write(b"x"):
                        pass

            yield Disk(folder, fill, ballast.unlink, real=True)
        else:
            vfs = LimitedVFS()
            monkeypatch.setattr(compose, "Journal", functools.partial(Journal, vfs=vfs.name))

            def full(value: bool) -> None:
                vfs.full = value

            yield Disk(folder, lambda: full(True), lambda: full(False), real=False)
            vfs.unregister()


class Calls:
    """Calls of a rig, each of which must be answered."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.events: list[str] = []
        rig.provider.answer = reply(ANSWER)

    def make(self, client: httpx2.Client) -> None:
        rig = self._rig
        headers = {**rig.bearer, "x-quotah-feature": "f" * 200, "x-quotah-user": "u" * 200}
        answer = client.post(f"{rig.url}/openai/v1/chat/completions", json=ASK, headers=headers)
        assert answer.status_code == 200
        assert answer.content == ANSWER
        self.events.append(answer.headers["x-quotah-event-id"].removeprefix("evt_"))

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Call on until something holds."""
        with httpx2.Client(timeout=DEADLINE_S) as client:

            def some() -> object:
                for _ in range(BURST):
                    self.make(client)
                return condition()

            until(some, what, 3 * DEADLINE_S)


def metrics(rig: Rig) -> dict[str, float]:
    text = httpx2.get(f"{rig.url}/metrics", timeout=DEADLINE_S).text
    pairs = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name.removeprefix("quotah_gateway_"): float(value) for name, _, value in pairs}


def unaccounted(rig: Rig, calls: Calls) -> int:
    """Calls that are neither among the events delivered nor among those told as lost."""
    delivered = {event.call.event_id for event in rig.control.events}
    assert delivered <= set(calls.events)
    return len(set(calls.events) - delivered) - int(metrics(rig)["events_lost_total"])


def away(rig: Rig) -> Callable[[], None]:
    """Let the control plane take no events, so that they pile up here; returns what ends that."""
    answers = rig.control.reply
    rig.control.reply = lambda _: (503, b"")

    def back() -> None:
        rig.control.reply = answers

    return back


def fill_up(rig: Rig, disk: Disk, calls: Calls) -> None:
    """Fill the disk and call on until events were lost and the control plane was told."""
    disk.fill()
    calls.until(lambda: metrics(rig)["events_lost_total"] > 0, "events are lost, and counted")
    until(
        lambda: rig.control.states and rig.control.states[-1].losses.get("events", 0) > 0,
        "the loss is told",
    )


def all_written(rig: Rig) -> bool:
    found = metrics(rig)
    return found["events_waiting"] == 0 and found["journal_depth"] == 0


def test_calls_are_served_and_every_one_is_written_or_told_as_lost(disk: Disk) -> None:
    with Rig(disk.folder, limits=Limits(waiting_events=CAPACITY)) as rig:
        calls = Calls(rig)
        calls.until(lambda: rig.control.events, "a first event is delivered")
        back = away(rig)
        fill_up(rig, disk, calls)
        until(lambda: rig.control.states[-1].journal_failing, "the failing journal is told")
        assert metrics(rig)["journal_failed_total"] > 0
        # Between two tries there may be more: they come about once a second.
        until(lambda: 0 < metrics(rig)["events_waiting"] <= CAPACITY, "no more wait than may")

        disk.free()
        back()
        until(lambda: all_written(rig), "what waited is written", 3 * DEADLINE_S)
        until(lambda: not rig.control.states[-1].journal_failing, "it says that it works again")
        assert unaccounted(rig, calls) == 0
        lost = metrics(rig)["events_lost_total"]
        calls.until(lambda: True, "a few more")
        until(lambda: all_written(rig), "they are written")
        assert metrics(rig)["events_lost_total"] == lost
        assert unaccounted(rig, calls) == 0


def test_the_audit_finds_what_is_lost_without_a_word(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = Recorder._let_go  # pyright: ignore[reportPrivateUsage] -- broken on purpose

    dropped: list[int] = []

    def silent(recorder: Recorder, reason: str) -> None:
        told = recorder.lost
        sound(recorder, reason)
        dropped.append(recorder.lost - told)
        recorder.lost = told

    monkeypatch.setattr(Recorder, "_let_go", silent)
    with Rig(disk.folder, limits=Limits(waiting_events=CAPACITY)) as rig:
        calls = Calls(rig)
        back = away(rig)
        disk.fill()
        calls.until(lambda: sum(dropped) > 0, "events are lost")
        disk.free()
        back()
        until(lambda: all_written(rig), "what waited is written", 3 * DEADLINE_S)
        assert unaccounted(rig, calls) == sum(dropped)


def test_more_than_the_journal_takes_at_once_is_written_piece_by_piece(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quotah_server.gateway.recorder._BATCH_BYTES", 2_000)
    monkeypatch.setattr(
        compose, "Journal", functools.partial(vars(compose)["Journal"], max_pending_bytes=8_000)
    )
    with Rig(disk.folder) as rig:
        calls = Calls(rig)
        back = away(rig)
        disk.fill()
        calls.until(lambda: metrics(rig)["events_waiting"] > 60, "events wait")
        disk.free()
        back()
        until(lambda: all_written(rig), "what waited is written", 3 * DEADLINE_S)
        assert unaccounted(rig, calls) == 0
        assert metrics(rig)["events_lost_total"] == 0
