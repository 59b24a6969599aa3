"""What the journal acknowledged is on disk, comes out in order, and survives damage."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from pipeline.full_disk import LimitedVFS
from structlog.testing import capture_logs

from quotah_server.domain.errors import StartupError
from quotah_server.pipeline.journal import Journal, JournalError

WAIT_S = 20


def rows(count: int, size: int = 100) -> list[tuple[str, bytes]]:
    return [(f"{number:032x}", number.to_bytes(8) * (size // 8)) for number in range(count)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal(path)
    yield opened
    opened.close()


def test_rows_come_out_in_the_order_they_went_in(journal: Journal) -> None:
    for row in rows(50):
        done = journal.append([row])
    done.result(WAIT_S)
    found = journal.oldest(100)
    assert [(event_id, body) for _, event_id, body in found] == rows(50)
    assert journal.depth() == 50


def test_deleted_rows_are_gone_after_a_restart_and_the_others_are_not(path: Path) -> None:
    journal = Journal(path)
    journal.append(rows(10)).result(WAIT_S)
    journal.delete([seq for seq, _, _ in journal.oldest(4)])
    assert journal.depth() == 6
    journal.close()
    journal = Journal(path)
    assert [event_id for _, event_id, _ in journal.oldest(100)] == [r[0] for r in rows(10)[4:]]
    assert journal.depth() == 6
    journal.close()


def test_many_callers_share_one_commit(path: Path) -> None:
    journal = Journal(path, window_s=0.05)
    for done in [journal.append([row]) for row in rows(200)]:
        done.result(WAIT_S)
    assert journal.stats.commits <= 3
    journal.close()


def test_it_writes_through_to_the_disk_with_a_sqlite_that_has_no_wal_bug(path: Path) -> None:
    assert tuple(map(int, apsw.sqlite_lib_version().split("."))) >= (3, 51, 3)
    journal = Journal(path)
    asked = [
        journal._ask(lambda file: file._db.execute("PRAGMA synchronous").get),
        journal._ask(lambda file: file._db.execute("PRAGMA journal_mode").get),
        journal._ask(lambda file: file._db.execute("PRAGMA auto_vacuum").get),
    ]
    assert [answer.result(WAIT_S) for answer in asked] == [2, "wal", 2]
    journal.close()


def test_a_second_owner_is_refused_with_a_clear_sentence(journal: Journal, path: Path) -> None:
    journal.append(rows(1)).result(WAIT_S)
    with pytest.raises(StartupError, match="in use by another Quotah process"):
        Journal(path)
    assert journal.depth() == 1


def test_a_journal_of_a_newer_version_is_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    before = path.read_bytes()
    with pytest.raises(StartupError, match="newer Quotah"):
        Journal(path)
    assert path.read_bytes() == before


def test_appending_after_close_fails_instead_of_waiting(journal: Journal) -> None:
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.append(rows(1)).result(WAIT_S)


def test_closing_commits_what_waits(path: Path) -> None:
    journal = Journal(path, window_s=1)
    done = journal.append(rows(3))
    journal.close()
    assert done.exception(0) is None
    assert Journal(path).depth() == 3


def test_more_than_the_memory_bound_fails_at_once(path: Path) -> None:
    journal = Journal(path, max_pending_bytes=1000)
    with pytest.raises(JournalError, match="does not keep up"):
        journal.append(rows(20, size=104)).result(WAIT_S)
    journal.append(rows(5)).result(WAIT_S)
    assert journal.stats.failed == 20
    journal.close()


def test_a_row_that_is_no_bytes_fails_alone_and_the_journal_lives_on(journal: Journal) -> None:
    with pytest.raises(JournalError):
        journal.append([("a" * 32, "text")]).result(WAIT_S)  # type: ignore[list-item]
    journal.append(rows(1)).result(WAIT_S)
    assert journal.depth() == 1


def test_a_drained_backlog_gives_its_space_back(path: Path) -> None:
    journal = Journal(path)
    journal.append(rows(2000, size=16_000)).result(WAIT_S)
    while found := journal.oldest(500):
        journal.delete([seq for seq, _, _ in found])
    journal.oldest(1)  # what runs after the last delete has run now
    assert path.stat().st_size < 4_000_000
    assert path.with_name(path.name + "-wal").stat().st_size <= 16 * 1024 * 1024
    journal.close()


def test_rows_set_aside_keep_their_reason_and_leave_the_queue(journal: Journal) -> None:
    journal.append(rows(3)).result(WAIT_S)
    seq = journal.oldest(1)[0][0]
    journal.quarantine({seq: "not an event"})
    assert journal.depth() == 2
    assert journal.stats.quarantined == 1
    ((_, event_id, reason, body),) = journal.quarantined()
    assert (event_id, reason, body) == (rows(1)[0][0], "not an event", rows(1)[0][1])
    assert journal.holds([event_id, "f" * 32]) == {event_id}


def test_a_full_disk_fails_the_appends_and_the_journal_goes_on_when_there_is_space(
    path: Path,
) -> None:
    disk = LimitedVFS()
    journal = Journal(path, vfs=disk.name)
    journal.append(rows(10)).result(WAIT_S)
    disk.full = True
    with pytest.raises(JournalError, match="no space left"):
        journal.append(rows(100, size=4000)).result(WAIT_S)
    assert len(journal.oldest(1000)) == 10
    disk.full = False
    journal.append(rows(5)).result(WAIT_S)
    assert journal.depth() == len(journal.oldest(1000)) == 15
    journal.close()
    disk.unregister()


def test_a_disk_that_stays_full_is_told_of_once_and_so_is_its_end(path: Path) -> None:
    disk = LimitedVFS()
    journal = Journal(path, vfs=disk.name)
    with capture_logs() as logs:
        for _ in range(2):
            disk.full = True
            for _ in range(3):
                with pytest.raises(JournalError):
                    journal.append(rows(100, size=4000)).result(WAIT_S)
            disk.full = False
            journal.append(rows(5)).result(WAIT_S)
            journal.oldest(1)
    assert [line["event"] for line in logs] == ["journal_write_failed", "journal_writes_again"] * 2
    assert journal.stats.failed == 600
    journal.close()
    disk.unregister()


def test_a_disk_that_is_full_at_the_start_does_not_stop_the_start(path: Path) -> None:
    disk = LimitedVFS()
    disk.full = True
    journal = Journal(path, vfs=disk.name)
    with pytest.raises(JournalError):
        journal.append(rows(1)).result(WAIT_S)
    disk.full = False
    journal._next_open = 0
    journal.append(rows(1)).result(WAIT_S)
    assert journal.depth() == 1
    journal.close()
    disk.unregister()


def test_nothing_is_acknowledged_before_it_was_synced(path: Path) -> None:
    disk = LimitedVFS()
    journal = Journal(path, window_s=0, vfs=disk.name)
    for row in rows(20):
        journal.append([row]).result(WAIT_S)
        assert disk.unsynced_wal_writes == 0
    journal.close()
    # Control: a file that is told not to sync acknowledges with writes outstanding.
    careless = Journal(path.with_name("careless.db"), window_s=0, vfs=disk.name)
    careless._ask(lambda file: file._db.execute("PRAGMA synchronous=OFF")).result(WAIT_S)
    careless.append(rows(1)).result(WAIT_S)
    assert disk.unsynced_wal_writes > 0
    careless.close()
    disk.unregister()


@pytest.mark.parametrize("seed", range(25))
def test_a_damaged_file_never_blocks_the_start_and_its_sound_rows_are_kept(
    path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    journal = Journal(path)
    expected = rows(300, size=400)
    journal.append(expected).result(WAIT_S)
    if seed % 2:
        journal.close()
        damaged = path
    else:  # as after a kill: the rows are still in the WAL
        copy = path.with_name("copy.db")
        shutil.copy(path, copy)
        shutil.copy(f"{path}-wal", f"{copy}-wal")
        journal.close()
        path, damaged = copy, copy.with_name(copy.name + "-wal" if seed % 4 else copy.name)
    data = bytearray(damaged.read_bytes())
    at = rng.randrange(len(data))
    if rng.random() < 0.3:
        del data[at:]
    else:
        data[at : at + rng.choice([1, 50, 6000])] = rng.randbytes(rng.choice([1, 50, 6000]))
    damaged.write_bytes(data)
    journal = Journal(path)
    kept = {event_id: body for _, event_id, body in journal.oldest(10_000)}
    assert kept.items() <= dict(expected).items()
    journal.append([("f" * 32, b"new")]).result(WAIT_S)
    assert journal.holds(["f" * 32])
    journal.close()
    if journal.stats.corrupt_files:
        assert list(path.parent.glob("*.corrupt-*"))


def test_damage_in_the_middle_costs_only_the_rows_around_it(path: Path) -> None:
    journal = Journal(path)
    journal.append(rows(1000, size=400)).result(WAIT_S)
    journal.close()
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    journal = Journal(path)
    assert journal.stats.corrupt_files == 1
    assert 900 < journal.stats.salvaged == journal.depth() < 1000
    assert [p.name for p in path.parent.glob("*.corrupt-*") if p.suffix[-4:] != "-wal"]
    journal.close()


def test_a_damaged_payload_that_sqlite_does_not_notice_is_set_aside(path: Path) -> None:
    journal = Journal(path)
    journal.append([("a" * 32, b"good" * 10), ("b" * 32, b"cost: 1.00" * 4)]).result(WAIT_S)
    journal.close()
    path.write_bytes(path.read_bytes().replace(b"cost: 1.00", b"cost: 9.00"))
    journal = Journal(path)
    assert [event_id for _, event_id, _ in journal.oldest(10)] == ["a" * 32]
    ((_, event_id, reason, _),) = journal.quarantined()
    assert event_id == "b" * 32
    assert "checksum" in reason
    journal.close()


def test_a_file_that_is_no_database_is_set_aside(path: Path) -> None:
    path.write_bytes(b"this is a letter, not a database" * 100)
    journal = Journal(path)
    journal.append(rows(1)).result(WAIT_S)
    assert journal.stats.corrupt_files == 1
    assert journal.depth() == 1
    journal.close()


WRITER = """
import sys
from pathlib import Path
from quotah_server.pipeline.journal import Journal
from quotah_server.pipeline.journal_file import JournalFile

class Hasty(Journal):
    # The control: tells its callers before the commit.
    def _serve(self, batch):
        for job in batch.appends:
            job.done.set_result(None)
        batch.appends, kept = [], batch.appends
        import time; time.sleep(0.02)
        if self._file is not None and kept:
            self._file.write([item for job in kept for item in job.items], ())

kind = Hasty if sys.argv[2] == "hasty" else Journal
journal = kind(Path(sys.argv[1]), window_s=0.002)
print("ready", flush=True)
number = int(sys.argv[3])
while True:
    ids = [f"{n:032x}" for n in range(number, number + 5)]
    number += 5
    done = journal.append([(i, i.encode() * 8) for i in ids])
    done.result(20)
    sys.stdout.write("".join(i + "\\n" for i in ids))
    sys.stdout.flush()
"""


def kill_while_writing(path: Path, kind: str, rounds: int) -> tuple[set[str], set[str]]:
    """Acknowledged ids and stored ids after so many kills under load."""
    acknowledged: set[str] = set()
    rng = random.Random(7)
    for round_number in range(rounds):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), kind, str(round_number * 1_000_000)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        wanted = rng.randrange(20, 400)
        for _ in range(wanted):
            acknowledged.add(writer.stdout.readline().strip())
        writer.kill()
        rest = writer.stdout.read().split("\n")
        acknowledged.update(line for line in rest[:-1] if len(line) == 32)
        writer.wait()
        writer.stdout.close()
    journal = Journal(path)
    stored = [event_id for _, event_id, _ in journal.oldest(10**7)]
    journal.close()
    assert len(stored) == len(set(stored))
    return acknowledged, set(stored)


def test_no_acknowledged_row_is_lost_when_the_process_is_killed(path: Path) -> None:
    acknowledged, stored = kill_while_writing(path, "journal", rounds=6)
    assert len(acknowledged) > 300
    assert acknowledged <= stored


def test_the_kill_test_finds_a_journal_that_acknowledges_too_early(path: Path) -> None:
    acknowledged, stored = kill_while_writing(path, "hasty", rounds=4)
    assert acknowledged - stored
