"""The way from a door to the store: acknowledged is on disk, and each event is stored once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from store_events.build import NOON, event_id, priced

from quotah_server.catalog.book import load_packaged
from quotah_server.domain.call import Call
from quotah_server.domain.errors import UnavailableError
from quotah_server.domain.event import PricedEvent
from quotah_server.features.ingest.service import Recorder
from quotah_server.pipeline.journal import Journal, JournalError
from quotah_server.store.events.base import AppendResult, StoreUnavailableError
from quotah_server.store.events.memory import MemoryEventStore


class FlakyStore(MemoryEventStore):
    """Refuses everything while ``away``."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False

    def append(self, events: Sequence[PricedEvent]) -> AppendResult:
        self._check()
        return super().append(events)

    def known(self, event_ids: Sequence[str]) -> dict[str, int]:
        self._check()
        return super().known(event_ids)

    def _check(self) -> None:
        if self.away:
            raise StoreUnavailableError("away")


class GatedJournal(Journal):
    """Holds acknowledgements back until told to give or refuse them."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.verdict: Future[bool] | None = None
        self.asked = threading.Event()

    def append(self, items: Sequence[tuple[str, bytes]]) -> Future[None]:
        if self.verdict is None:
            return super().append(items)
        self.asked.set()
        if self.verdict.result(10):
            return super().append(items)
        refused: Future[None] = Future()
        refused.set_exception(JournalError("no space left"))
        return refused


@pytest.fixture
def store() -> Iterator[FlakyStore]:
    opened = FlakyStore()
    yield opened
    opened.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[GatedJournal]:
    opened = GatedJournal(tmp_path / "journal.db")
    yield opened
    opened.close()


@pytest.fixture
def recorder(store: FlakyStore, journal: GatedJournal) -> Iterator[Recorder]:
    opened = Recorder(store=store, journal=journal, book_for=lambda _: load_packaged())
    yield opened
    opened.close()


def calls(*numbers: int, **changes: object) -> list[Call]:
    return [priced(number, **changes).call for number in numbers]


def statuses(recorder: Recorder, *batch: Call) -> list[str]:
    return [outcome.status for outcome in recorder.submit(batch)]


def wait_for(store: FlakyStore, count: int) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if store.count() >= count:
            return
        pause.wait(0.01)
    pytest.fail(f"{store.count()} of {count} events are stored")


def test_accepted_events_are_in_the_journal_before_the_store_has_them(
    recorder: Recorder, journal: Journal, store: FlakyStore
) -> None:
    assert statuses(recorder, *calls(1, 2)) == ["accepted", "accepted"]
    assert journal.holds([event_id(1), event_id(2)]) == {event_id(1), event_id(2)}
    assert store.count() == 0
    recorder.start()
    wait_for(store, 2)


def test_while_the_store_is_away_events_are_taken_and_stored_when_it_is_back(
    recorder: Recorder, store: FlakyStore
) -> None:
    store.away = True
    recorder.start()
    assert statuses(recorder, *calls(1, 2, 3)) == ["accepted"] * 3
    assert statuses(recorder, *calls(1)) == ["duplicate"]
    store.away = False
    wait_for(store, 3)


def test_what_a_former_process_left_in_the_journal_is_stored(
    store: FlakyStore, tmp_path: Path
) -> None:
    left = Journal(tmp_path / "j.db")
    Recorder(store=store, journal=left, book_for=lambda _: load_packaged()).submit(calls(1, 2))
    left.close()
    again = Journal(tmp_path / "j.db")
    recorder = Recorder(store=store, journal=again, book_for=lambda _: load_packaged())
    recorder.start()
    wait_for(store, 2)
    recorder.close()
    again.close()


def test_a_journal_that_refuses_means_that_nothing_was_accepted(
    recorder: Recorder, journal: GatedJournal
) -> None:
    journal.verdict = Future()
    journal.verdict.set_result(False)
    with pytest.raises(UnavailableError, match="no space left"):
        recorder.submit(calls(1))
    journal.verdict = None
    assert statuses(recorder, *calls(1)) == ["accepted"]


@pytest.mark.parametrize("kept", [True, False])
def test_a_duplicate_is_not_acknowledged_before_the_event_that_it_repeats(
    recorder: Recorder, journal: GatedJournal, kept: bool
) -> None:
    journal.verdict = Future()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(recorder.submit, calls(1))
        assert journal.asked.wait(10)
        second = pool.submit(recorder.submit, calls(1))
        assert not second.done()
        journal.verdict.set_result(kept)
        if kept:
            assert [first.result()[0].status, second.result()[0].status] == [
                "accepted",
                "duplicate",
            ]
        else:
            assert isinstance(first.exception(), UnavailableError)
            assert isinstance(second.exception(), UnavailableError)


def test_many_threads_sending_the_same_events_store_each_once(
    recorder: Recorder, store: FlakyStore
) -> None:
    recorder.start()
    batch = calls(*range(100))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(recorder.submit, [batch] * 16))
    accepted = [out for answer in answers for out in answer if out.status == "accepted"]
    assert len(accepted) == 100
    wait_for(store, 100)
    assert store.count() == 100


def test_events_of_the_gateway_are_stored_on_return_and_told_once(
    store: FlakyStore, journal: Journal
) -> None:
    told: list[str] = []
    recorder = Recorder(
        store=store,
        journal=journal,
        book_for=lambda _: load_packaged(),
        listeners=[lambda events: told.extend(event.call.event_id for event in events)],
    )
    batch = [priced(1), priced(2)]
    assert recorder.take(batch).accepted == (event_id(1), event_id(2))
    assert recorder.take(batch).duplicates == (event_id(1), event_id(2))
    assert store.count() == 2
    assert told == [event_id(1), event_id(2)]


def test_a_listener_that_fails_holds_nothing_up(store: FlakyStore, journal: Journal) -> None:
    def fails(_events: Sequence[PricedEvent]) -> None:
        raise RuntimeError("broken")

    told: list[int] = []
    recorder = Recorder(
        store=store,
        journal=journal,
        book_for=lambda _: load_packaged(),
        listeners=[fails, lambda events: told.append(len(events))],
    )
    assert recorder.take([priced(1, started_at=NOON)]).accepted
    assert told == [1]
