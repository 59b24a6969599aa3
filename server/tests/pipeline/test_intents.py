"""What was about to be sent when the process died is known at the next start, once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from quotah_server.domain.call import Attribution
from quotah_server.domain.ids import new_id
from quotah_server.kit.clock import utc_now
from quotah_server.pipeline.intents import Intent, IntentLog


def intent(event_id: str | None = None) -> Intent:
    return Intent(
        event_id=event_id or new_id(),
        call_id=new_id(),
        attribution=Attribution(workspace_id="w" * 32, project_id="p" * 32, user="ü"),
        provider="openai",
        operation="chat",
        model="gpt-4o",
        estimated_input=12,
        started_at=utc_now(),
    )


def left(folder: Path) -> list[Intent]:
    log = IntentLog(folder)
    found = log.recover()
    os.close(log._fd)
    return found


def test_an_intent_without_its_done_line_is_recovered_whole(tmp_path: Path) -> None:
    log = IntentLog(tmp_path)
    first, second = intent(), intent()
    log.note(first)
    log.note(second)
    log.done([first.event_id])
    assert left(tmp_path) == [second]


def test_what_was_recovered_and_closed_is_not_recovered_again(tmp_path: Path) -> None:
    log = IntentLog(tmp_path)
    log.note(intent())
    again = IntentLog(tmp_path)
    again.done([found.event_id for found in again.recover()])
    assert again.recover() == []
    assert left(tmp_path) == []


def test_a_kill_leaves_every_note_that_was_written(tmp_path: Path) -> None:
    program = f"""
import os, signal
from pathlib import Path
from pipeline.test_intents import intent
from quotah_server.pipeline.intents import IntentLog
log = IntentLog(Path({str(tmp_path)!r}))
for number in range(50):
    log.note(intent(f"{{number:032x}}"))
log.done([f"{{number:032x}}" for number in range(0, 50, 2)])
os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    killed = subprocess.run([sys.executable, "-c", program], env=environment, check=False)
    assert killed.returncode == -9
    assert [i.event_id for i in left(tmp_path)] == [f"{n:032x}" for n in range(1, 50, 2)]


@pytest.mark.parametrize("cut", [2, 30, 200])
def test_a_torn_last_line_is_skipped_and_the_rest_is_read(tmp_path: Path, cut: int) -> None:
    log = IntentLog(tmp_path)
    whole, torn = intent(), intent()
    log.note(whole)
    log.note(torn)
    (segment,) = tmp_path.glob("intents-*.log")
    segment.write_bytes(segment.read_bytes()[:-cut])
    again = IntentLog(tmp_path)
    assert again.recover() == [whole]
    assert again.torn == 1
    later = intent()
    again.note(later)
    assert left(tmp_path) == [whole, later]


def test_a_torn_done_line_closes_at_least_nothing_wrong(tmp_path: Path) -> None:
    log = IntentLog(tmp_path)
    notes = [intent() for _ in range(3)]
    for note in notes:
        log.note(note)
    log.done([note.event_id for note in notes[:2]])
    (segment,) = tmp_path.glob("intents-*.log")
    segment.write_bytes(segment.read_bytes()[:-10])
    assert left(tmp_path) == [notes[1], notes[2]]


def test_finished_segments_are_removed_and_an_old_open_call_keeps_its_note(tmp_path: Path) -> None:
    log = IntentLog(tmp_path, segment_bytes=2000)
    slow = intent()
    log.note(slow)
    for _ in range(100):
        quick = intent()
        log.note(quick)
        log.done([quick.event_id])
    assert len(list(tmp_path.glob("intents-*.log"))) > 5
    assert left(tmp_path) == [slow]
    log.done([slow.event_id])
    assert log.open_count() == 0
    assert len(list(tmp_path.glob("intents-*.log"))) <= 2


def test_a_clean_stop_leaves_no_files(tmp_path: Path) -> None:
    log = IntentLog(tmp_path)
    note = intent()
    log.note(note)
    log.done([note.event_id])
    log.close()
    assert list(tmp_path.glob("*")) == []


def test_notes_hold_no_key_and_are_private(tmp_path: Path) -> None:
    log = IntentLog(tmp_path / "notes")
    log.note(intent())
    (segment,) = (tmp_path / "notes").glob("*.log")
    assert segment.stat().st_mode & 0o077 == 0
    assert (tmp_path / "notes").stat().st_mode & 0o077 == 0


def test_a_disk_that_takes_no_note_is_counted_and_stops_nothing(tmp_path: Path) -> None:
    log = IntentLog(tmp_path)
    os.close(log._fd)
    log._fd = os.open("/dev/full", os.O_WRONLY)
    note = intent()
    log.note(note)
    assert log.lost == 1
    log.done([note.event_id])
    assert log.open_count() == 0


def test_a_line_written_in_part_does_not_swallow_the_next(tmp_path: Path) -> None:
    log = IntentLog(tmp_path)
    os.write(log._fd, b'+{"event_id":"half')
    log._size = log._limit
    note = intent()
    log.note(note)
    assert left(tmp_path) == [note]


def test_what_was_delivered_is_told_with_the_intent_that_is_left(tmp_path: Path) -> None:
    log = IntentLog(tmp_path)
    one, other, done = intent(), intent(), intent()
    for note in (one, other, done):
        log.note(note)
    log.progress({one.event_id: 5, done.event_id: 2, "nobody": 9})
    log.progress({one.event_id: 12})
    log.done([done.event_id])
    assert left(tmp_path) == [msgspec.structs.replace(one, delivered_output=12), other]
