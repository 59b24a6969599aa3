"""Periods and their buckets in a time zone, over every change of its clock.

The engine is told the zone as a short table: from this instant on, this offset. It groups by whole
numbers computed from that; what those numbers mean is decided here, by ``zoneinfo`` alone, so that
every engine agrees.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from quotah_server.analytics.query import Compare, Grain, Period

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
WEEK_SHIFT = 3
"""1970-01-01 was a Thursday: day number + 3, divided by 7, counts weeks from Monday."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1)
_MICRO = timedelta(microseconds=1)
_LAST_DAYS = {"7d": 7, "30d": 30, "90d": 90}


class Span(msgspec.Struct, frozen=True):
    """Half-open, aware UTC."""

    start: datetime
    end: datetime


class Bucket(msgspec.Struct, frozen=True):
    """key: the engine's number for it; start: its first instant, aware UTC."""

    key: int
    start: datetime


def to_us(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _EPOCH) // _MICRO


def from_us(micros: int) -> datetime:
    """The aware UTC time of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=micros)


def resolve(period: Period, zone: ZoneInfo, now: datetime) -> Span:
    """The span that a period means now.

    ``last`` counts whole local hours or days, the running one included.
    """
    if period.last is None:
        if period.from_ is None or period.to is None:
            raise ValueError("an unchecked period")
        return Span(period.from_.astimezone(UTC), period.to.astimezone(UTC))
    now = now.astimezone(UTC)
    if period.last == "24h":
        start = bucket_at("hour", now, zone).start - timedelta(hours=23)
    else:
        today = now.astimezone(zone).date()
        start = _midnight(today - timedelta(days=_LAST_DAYS[period.last] - 1), zone)
    return Span(start, max(now, start + _MICRO))


def compared(period: Period, span: Span, compare: Compare, zone: ZoneInfo) -> Span:
    """The span to compare with: the same stretch of local time, one period or one year earlier.

    ``last: 7d`` is moved by seven days, so that a day that has only begun is compared with the same
    hours a week ago. Other spans move by their own length, in days where they begin and end at a
    local midnight.
    """
    if compare == "previous_year":
        return Span(_a_year_before(span.start, zone), _a_year_before(span.end, zone))
    days = _LAST_DAYS.get(period.last or "", 0)
    if not days and period.last is None:
        days = _whole_days(span, zone)
    if days:
        return Span(_days_before(span.start, days, zone), _days_before(span.end, days, zone))
    length = timedelta(hours=24) if period.last == "24h" else span.end - span.start
    return Span(span.start - length, span.end - length)


def offsets(zone: ZoneInfo, span: Span) -> list[tuple[datetime, int]]:
    """Since when which offset of local time holds, in microseconds; first: the span's start."""
    found = [(span.start, _offset(zone, span.start))]
    at = span.start
    while at < span.end:
        after = min(at + timedelta(days=1), span.end)
        if _offset(zone, after) != found[-1][1]:
            change = _first_with_other_offset(zone, at, after)
            found.append((change, _offset(zone, change)))
        at = after
    return [entry for entry in found if entry[0] < span.end]


def bucket_at(grain: Grain, at: datetime, zone: ZoneInfo) -> Bucket:
    """The bucket that an instant lies in."""
    offset = _offset(zone, at)
    local = to_us(at) + offset
    if grain == "hour":
        key = local // HOUR_US * HOUR_US - offset
        return Bucket(key, from_us(key))
    key = {"day": _day, "week": _week, "month": _month}[grain](local)
    return Bucket(key, _midnight(first_day(grain, key), zone))


def buckets(grain: Grain, span: Span, zone: ZoneInfo) -> list[Bucket]:
    """Every bucket that a span touches, in order."""
    return list(_hours(span, zone) if grain == "hour" else _calendar(grain, span, zone))


def first_day(grain: Literal["day", "week", "month"], key: int) -> date:
    """The first local day of a bucket, from the engine's number for it."""
    if grain == "month":
        return date(key // 12, key % 12 + 1, 1)
    days = key if grain == "day" else key * 7 - WEEK_SHIFT
    return _EPOCH_DAY + timedelta(days=days)


def _hours(span: Span, zone: ZoneInfo) -> Iterator[Bucket]:
    table = offsets(zone, span)
    ends = [start for start, _ in table[1:]] + [span.end]
    seen: set[int] = set()
    for index, ((start, offset), end) in enumerate(zip(table, ends, strict=True)):
        key = (to_us(start) + offset) // HOUR_US * HOUR_US - offset
        while key < to_us(end):
            if key not in seen:
                seen.add(key)
                # An hour that a clock change of half an hour cuts in two begins at the change.
                yield Bucket(key, max(from_us(key), start) if index else from_us(key))
            key += HOUR_US


def _calendar(
    grain: Literal["day", "week", "month"], span: Span, zone: ZoneInfo
) -> Iterator[Bucket]:
    last = bucket_at(grain, span.end - _MICRO, zone).key
    key = bucket_at(grain, span.start, zone).key
    while key <= last:
        yield Bucket(key, _midnight(first_day(grain, key), zone))
        key += 1


def _day(local_us: int) -> int:
    return local_us // DAY_US


def _week(local_us: int) -> int:
    return (local_us // DAY_US + WEEK_SHIFT) // 7


def _month(local_us: int) -> int:
    day = from_us(local_us)
    return day.year * 12 + day.month - 1


def _offset(zone: ZoneInfo, at: datetime) -> int:
    return (at.astimezone(zone).utcoffset() or timedelta()) // _MICRO


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _first_with_other_offset(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    before = _offset(zone, low)
    while high - low > _MICRO:
        middle = low + (high - low) // 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high


def _whole_days(span: Span, zone: ZoneInfo) -> int:
    start, end = span.start.astimezone(zone), span.end.astimezone(zone)
    if start.time() != time() or end.time() != time():
        return 0
    return (end.date() - start.date()).days


def _days_before(at: datetime, days: int, zone: ZoneInfo) -> datetime:
    local = at.astimezone(zone)
    return (local - timedelta(days=days)).astimezone(UTC)


def _a_year_before(at: datetime, zone: ZoneInfo) -> datetime:
    local = at.astimezone(zone)
    try:
        return local.replace(year=local.year - 1).astimezone(UTC)
    except ValueError:  # 29 February
        return local.replace(year=local.year - 1, day=28).astimezone(UTC)
