"""The drainer hands on everything once it can, in order, and one bad row stops nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pipeline.events import make_event, payload

from quotah_server.domain.event import PricedEvent
from quotah_server.pipeline.drain import Drainer, RefusedError, as_event
from quotah_server.pipeline.journal import Journal

WAIT_S = 20


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.db", window_s=0.001)
    yield opened
    opened.close()


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


class Receiver:
    """Keeps what it is given; fails as often as it is told."""

    def __init__(self) -> None:
        self.batches: list[list[PricedEvent]] = []
        self.failures = 0
        self.refuses: Callable[[list[PricedEvent]], dict[str, str]] = lambda _: {}
        self.tries: list[float] = []
        self.lock = threading.Lock()

    @property
    def ids(self) -> list[str]:
        return [event.call.event_id for batch in self.batches for event in batch]

    def __call__(self, events: list[PricedEvent]) -> dict[str, str]:
        with self.lock:
            self.tries.append(time.monotonic())
            if self.failures:
                self.failures -= 1
                raise OSError("nobody answers")
            refused = self.refuses(events)
            self.batches.append([e for e in events if e.call.event_id not in refused])
            return refused


def drain(journal: Journal, receiver: Receiver, **options: float) -> Drainer[PricedEvent]:
    drainer = Drainer(journal, receiver, decode=as_event, idle_s=0.005, backoff_s=0.005, **options)  # type: ignore[arg-type]
    drainer.start()
    return drainer


def test_everything_arrives_oldest_first_and_is_deleted(journal: Journal) -> None:
    events = [make_event() for _ in range(25)]
    journal.append([payload(event) for event in events]).result(WAIT_S)
    receiver = Receiver()
    drainer = drain(journal, receiver, batch=10)
    until(lambda: journal.depth() == 0)
    drainer.close()
    assert [len(batch) for batch in receiver.batches] == [10, 10, 5]
    assert receiver.ids == [event.call.event_id for event in events]
    assert receiver.batches[0][0] == events[0]


def test_nothing_is_deleted_while_the_receiver_is_away_and_all_arrives_after(
    journal: Journal,
) -> None:
    events = [make_event() for _ in range(5)]
    journal.append([payload(event) for event in events]).result(WAIT_S)
    receiver = Receiver()
    receiver.failures = 6
    drainer = drain(journal, receiver)
    until(lambda: drainer.stats.failures >= 3)
    assert journal.depth() == 5
    until(lambda: journal.depth() == 0)
    drainer.close()
    assert receiver.ids == [event.call.event_id for event in events]
    pauses = [b - a for a, b in zip(receiver.tries, receiver.tries[1:], strict=False)]
    assert pauses[-2] > pauses[0] / 2


def test_pauses_grow_are_jittered_and_bounded(journal: Journal) -> None:
    drainer = Drainer(journal, lambda _: None, decode=as_event, backoff_s=0.1, max_backoff_s=5)
    first = [drainer._pause(1) for _ in range(50)]
    late = [drainer._pause(40) for _ in range(50)]
    assert 0.05 <= min(first) <= max(first) <= 0.1
    assert 2.5 <= min(late) <= max(late) <= 5
    assert len(set(late)) > 40


def test_a_row_that_is_no_event_is_set_aside_and_the_others_arrive(journal: Journal) -> None:
    good = [make_event(), make_event()]
    rows = [payload(good[0]), ("f" * 32, b"\xc1 nonsense"), payload(good[1])]
    journal.append(rows).result(WAIT_S)
    receiver = Receiver()
    drainer = drain(journal, receiver)
    until(lambda: journal.depth() == 0)
    drainer.close()
    assert receiver.ids == [event.call.event_id for event in good]
    ((_, event_id, reason, _),) = journal.quarantined()
    assert event_id == "f" * 32
    assert "not an event" in reason


def test_an_event_refused_for_good_is_set_aside_with_the_receivers_reason(journal: Journal) -> None:
    events = [make_event() for _ in range(3)]
    bad = events[1].call.event_id
    receiver = Receiver()
    receiver.refuses = lambda _: {bad: "cost of a million or more"}
    journal.append([payload(event) for event in events]).result(WAIT_S)
    drainer = drain(journal, receiver)
    until(lambda: journal.depth() == 0)
    drainer.close()
    assert len(receiver.ids) == 2
    ((_, event_id, reason, _),) = journal.quarantined()
    assert (event_id, reason) == (bad, "cost of a million or more")
    assert drainer.stats.refused == 1


def test_one_event_that_makes_a_batch_unacceptable_is_found_and_set_aside(journal: Journal) -> None:
    events = [make_event() for _ in range(40)]
    bad = events[17].call.event_id
    receiver = Receiver()

    def refuse(batch: list[PricedEvent]) -> dict[str, str]:
        if any(event.call.event_id == bad for event in batch):
            raise RefusedError("unprocessable")
        return {}

    receiver.refuses = refuse
    journal.append([payload(event) for event in events]).result(WAIT_S)
    drainer = drain(journal, receiver)
    until(lambda: journal.depth() == 0)
    drainer.close()
    assert sorted(receiver.ids) == sorted(e.call.event_id for e in events if e.call.event_id != bad)
    ((_, event_id, reason, _),) = journal.quarantined()
    assert event_id == bad
    assert "unprocessable" in reason


def test_closing_delivers_what_is_there_once_more(journal: Journal) -> None:
    receiver = Receiver()
    drainer = Drainer(journal, receiver, decode=as_event, idle_s=60)
    drainer.start()
    journal.append([payload(make_event())]).result(WAIT_S)
    drainer.close()
    assert len(receiver.ids) == 1


def test_waking_ends_the_idle_pause(journal: Journal) -> None:
    receiver = Receiver()
    drainer = Drainer(journal, receiver, decode=as_event, idle_s=3600)
    drainer.start()
    journal.append([payload(make_event())]).result(WAIT_S)
    drainer.wake()
    until(lambda: receiver.ids)
    drainer.close()


def test_closing_does_not_wait_for_a_receiver_that_is_away(journal: Journal) -> None:
    receiver = Receiver()
    receiver.failures = 10**9
    journal.append([payload(make_event())]).result(WAIT_S)
    drainer = drain(journal, receiver)
    until(lambda: drainer.stats.failures)
    drainer.close()
    assert not drainer._thread.is_alive()
    assert journal.depth() == 1
