"""What the journal still has in memory is what its file has, no more and in the same order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from quotah_server.pipeline import journal as journal_module
from quotah_server.pipeline.journal import Journal
from quotah_server.pipeline.journal_file import Row
from quotah_server.pipeline.journal_tail import Tail

WAIT_S = 20
TAIL_BYTES = 4000


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    monkeypatch.setattr(journal_module, "_TAIL_BYTES", TAIL_BYTES)
    opened = Journal(tmp_path / "journal.db", window_s=0)
    yield opened
    opened.close()


def in_file(journal: Journal) -> list[Row]:
    return journal._ask(lambda file: file.oldest(10_000)[0]).result(WAIT_S)


def in_memory(journal: Journal) -> list[Row]:
    return journal._ask(lambda _: journal._tail.first(10_000)).result(WAIT_S)


def batch(name: int, count: int, size: int) -> list[tuple[str, bytes]]:
    return [(f"{name:016x}{n:016x}", bytes([n % 256]) * size) for n in range(count)]


@pytest.mark.parametrize("count", [1, 2, 3, 9, 31, 128, 129, 300, 777])
def test_a_batch_of_any_size_comes_out_whole_and_in_order(journal: Journal, count: int) -> None:
    items = batch(0, count, 5)
    journal.append(items).result(WAIT_S)
    assert [row[1:] for row in journal.oldest(10_000)] == items
    assert journal.oldest(10_000) == in_file(journal)


@pytest.mark.parametrize("seed", range(20))
def test_memory_is_the_end_of_the_file_whatever_is_added_deleted_and_set_aside(
    journal: Journal, seed: int
) -> None:
    rng = random.Random(seed)
    for step in range(40):
        what = rng.random()
        if what < 0.5:
            journal.append(batch(step, rng.randrange(1, 12), rng.choice([0, 10, 200])))
        elif what < 0.8:
            found = journal.oldest(rng.randrange(1, 12))
            rng.shuffle(found)
            journal.delete([seq for seq, _, _ in found[: rng.randrange(12)]])
        else:
            journal.quarantine({seq: "odd" for seq, _, _ in journal.oldest(9)[::4]})
        stored, held = in_file(journal), in_memory(journal)
        assert stored[len(stored) - len(held) :] == held
        assert sum(len(payload) for _, _, payload in held) <= TAIL_BYTES
        assert journal.oldest(7) == stored[:7]
        assert journal.depth() == len(stored)


def test_a_backlog_beyond_memory_is_read_from_the_file_in_order(journal: Journal) -> None:
    items = [row for name in range(20) for row in batch(name, 10, 100)]
    for start in range(0, len(items), 10):
        journal.append(items[start : start + 10]).result(WAIT_S)
    found: list[tuple[str, bytes]] = []
    while rows := journal.oldest(30):
        found += [(event_id, payload) for _, event_id, payload in rows]
        journal.delete([seq for seq, _, _ in rows])
    assert found == items


def test_rows_that_a_commit_refused_are_not_handed_on(journal: Journal) -> None:
    bad = [("a" * 32, b"good"), ("b" * 32, "text")]
    assert journal.append(bad).exception(WAIT_S) is not None  # type: ignore[arg-type]
    assert journal.oldest(10) == in_file(journal) == []


def test_a_row_larger_than_the_bound_is_not_held() -> None:
    tail = Tail(10)
    tail.took(1, [("a" * 32, b"x" * 11)])
    assert len(tail) == 0
    tail.took(3, [("b" * 32, b"12345"), ("c" * 32, b"12345")])
    assert tail.first(5) == [(2, "b" * 32, b"12345"), (3, "c" * 32, b"12345")]
