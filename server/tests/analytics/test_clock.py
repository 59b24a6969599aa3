"""Local time: days of 23 and 25 hours, half-hour zones, weeks and months, compared periods."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from store_events.build import WORKSPACE, priced

from quotah_server.analytics.period import Span, bucket_at, buckets, compared, resolve
from quotah_server.analytics.query import Grain, Period, Query
from quotah_server.analytics.run import Table, run
from quotah_server.domain.scope import Scope
from quotah_server.store.events.base import EventStore
from quotah_server.store.events.memory import MemoryEventStore

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(start: str, end: str) -> Span:
    return Span(utc(start), utc(end))


@pytest.fixture
def store() -> Iterator[EventStore]:
    opened = MemoryEventStore()
    yield opened
    opened.close()


def every_half_hour(store: EventStore, start: datetime, hours: int) -> None:
    store.append(
        [priced(n, started_at=start + timedelta(minutes=30 * n)) for n in range(hours * 2)]
    )


def asked(store: EventStore, zone: str, start: str, end: str, **more: Any) -> Table:
    query = Query(
        metrics=["requests"],
        period=Period(from_=utc(start), to=utc(end)),
        timezone=zone,
        **more,
    )
    return run(query, scope=Scope(WORKSPACE), store=store, now=utc("2026-12-31"))


def test_a_day_has_23_hours_when_the_clock_goes_forward_and_25_when_back(
    store: EventStore,
) -> None:
    every_half_hour(store, utc("2026-03-27T23:00"), 72)
    rows = asked(store, "Europe/Berlin", "2026-03-27T23:00", "2026-03-30T22:00", grain="day").rows
    assert rows == [
        ["2026-03-27T23:00:00Z", 48],
        ["2026-03-28T23:00:00Z", 46],
        ["2026-03-29T22:00:00Z", 48],
    ]
    every_half_hour(store, utc("2026-10-24T22:00"), 49)
    rows = asked(store, "Europe/Berlin", "2026-10-24T22:00", "2026-10-26T23:00", grain="day").rows
    assert rows == [["2026-10-24T22:00:00Z", 50], ["2026-10-25T23:00:00Z", 48]]


def test_the_hour_that_the_clock_repeats_is_two_buckets_of_one_hour_each(
    store: EventStore,
) -> None:
    every_half_hour(store, utc("2026-10-24T23:00"), 4)
    rows = asked(store, "Europe/Berlin", "2026-10-24T23:00", "2026-10-25T03:00", grain="hour").rows
    starts = [utc("2026-10-24T23:00") + HOUR * n for n in range(4)]
    assert rows == [[start.isoformat().replace("+00:00", "Z"), 2] for start in starts]


def test_as_an_hour_of_the_day_the_repeated_hour_is_one(store: EventStore) -> None:
    every_half_hour(store, utc("2026-10-24T23:00"), 4)
    rows = asked(
        store, "Europe/Berlin", "2026-10-24T23:00", "2026-10-25T03:00", dimensions=["hour"]
    ).rows
    assert sorted(rows) == [[1, 2], [2, 4], [3, 2]]


def test_hours_begin_at_the_full_local_hour_where_the_zone_is_half_an_hour_off(
    store: EventStore,
) -> None:
    every_half_hour(store, utc("2026-03-10T00:00"), 2)
    rows = asked(store, "Asia/Kolkata", "2026-03-10T00:00", "2026-03-10T02:00", grain="hour").rows
    assert rows == [
        ["2026-03-09T23:30:00Z", 1],
        ["2026-03-10T00:30:00Z", 2],
        ["2026-03-10T01:30:00Z", 1],
    ]


def test_a_clock_change_of_half_an_hour_loses_and_doubles_nothing(store: EventStore) -> None:
    every_half_hour(store, utc("2026-04-04T12:00"), 8)
    rows = asked(
        store, "Australia/Lord_Howe", "2026-04-04T12:00", "2026-04-04T20:00", grain="hour"
    ).rows
    assert sum(row[1] for row in rows if isinstance(row[1], int)) == 16
    starts = [datetime.fromisoformat(str(row[0])) for row in rows]
    assert starts == sorted(set(starts))
    assert utc("2026-04-04T15:00") in starts


def test_a_day_that_has_no_midnight_begins_when_the_clock_has_moved() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    days = buckets("day", span("2026-04-23T10:00", "2026-04-25T10:00"), cairo)
    assert [day.start for day in days] == [
        utc("2026-04-22T22:00"),
        utc("2026-04-23T22:00"),
        utc("2026-04-24T21:00"),
    ]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"])
@pytest.mark.parametrize("grain", ["hour", "day", "week", "month"])
def test_buckets_follow_each_other_without_gap_or_overlap(zone: str, grain: Grain) -> None:
    place = ZoneInfo(zone)
    whole = span("2026-02-27T05:17", "2026-04-03T19:41")
    found = buckets(grain, whole, place)
    assert found[0].start <= whole.start < found[1].start
    assert found[-1].start < whole.end
    for before, after in pairwise(found):
        last = after.start - timedelta(microseconds=1)
        assert bucket_at(grain, before.start, place).key == before.key
        assert bucket_at(grain, last, place).key == before.key
        assert bucket_at(grain, after.start, place).key == after.key


def test_the_last_seven_days_begin_at_a_local_midnight_and_end_now() -> None:
    now = utc("2026-03-30T08:30")
    found = resolve(Period(last="7d"), BERLIN, now)
    assert found == Span(utc("2026-03-23T23:00"), now)
    assert len(buckets("day", found, BERLIN)) == 7


def test_the_last_day_is_24_hourly_buckets() -> None:
    now = utc("2026-03-29T08:30")
    found = resolve(Period(last="24h"), BERLIN, now)
    assert found == Span(utc("2026-03-28T09:00"), now)
    assert len(buckets("hour", found, BERLIN)) == 24


def test_a_running_period_is_compared_with_as_much_of_the_one_before() -> None:
    now = utc("2026-04-01T08:30")
    current = resolve(Period(last="7d"), BERLIN, now)
    before = compared(Period(last="7d"), current, "previous_period", BERLIN)
    # The clock went forward on 29 March: the same local times are an hour apart in UTC.
    assert before == Span(utc("2026-03-18T23:00"), utc("2026-03-25T09:30"))


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        ("2026-03-29T22:00", "2026-03-30T22:00", span("2026-03-28T23:00", "2026-03-29T22:00")),
        ("2026-03-29T01:30", "2026-03-29T03:00", span("2026-03-29T00:00", "2026-03-29T01:30")),
    ],
)
def test_other_periods_are_compared_with_their_own_length_before(
    start: str, end: str, before: Span
) -> None:
    current = span(start, end)
    period = Period(from_=current.start, to=current.end)
    assert compared(period, current, "previous_period", BERLIN) == before


def test_a_year_before_29_february_is_28_february() -> None:
    current = span("2024-02-29T00:00", "2024-03-01T00:00")
    period = Period(from_=current.start, to=current.end)
    found = compared(period, current, "previous_year", ZoneInfo("UTC"))
    assert found == span("2023-02-28T00:00", "2023-03-01T00:00")


def test_compared_values_stand_beside_the_bucket_of_the_same_number(store: EventStore) -> None:
    store.append([priced(n, started_at=utc("2026-03-02T10:00") + HOUR * n) for n in range(3)])
    store.append([priced(n + 10, started_at=utc("2026-03-05T10:00") + HOUR) for n in range(5)])
    table = asked(
        store,
        "UTC",
        "2026-03-04",
        "2026-03-06",
        grain="day",
        compare="previous_period",
    )
    assert [column.name for column in table.columns] == ["time", "requests", "requests__previous"]
    assert table.rows == [["2026-03-04T00:00:00Z", 0, 3], ["2026-03-05T00:00:00Z", 5, 0]]
    assert table.totals == {"requests": 5, "requests__previous": 3}


def test_compared_groups_are_those_of_the_present_period(store: EventStore) -> None:
    then, now = utc("2026-03-03T10:00"), utc("2026-03-04T10:00")
    store.append([priced(1, started_at=then, feature="old"), priced(2, started_at=then)])
    store.append([priced(3, started_at=now, feature="new"), priced(4, started_at=now)])
    table = asked(
        store,
        "UTC",
        "2026-03-04",
        "2026-03-05",
        dimensions=["feature"],
        compare="previous_period",
    )
    assert table.rows == [["new", 1, 0], [None, 1, 1]]
    assert table.totals == {"requests": 2, "requests__previous": 2}


def test_the_rest_is_compared_with_the_rest(store: EventStore) -> None:
    then, now = utc("2026-03-03T10:00"), utc("2026-03-04T10:00")
    for number, feature in enumerate("aabc"):
        store.append([priced(number, started_at=now, feature=feature)])
    for number, feature in enumerate("abbbd", start=10):
        store.append([priced(number, started_at=then, feature=feature)])
    table = asked(
        store,
        "UTC",
        "2026-03-04",
        "2026-03-05",
        dimensions=["feature"],
        compare="previous_period",
        limit=1,
        other=True,
    )
    assert table.rows == [["a", 2, 1], ["__other__", 2, 4]]
