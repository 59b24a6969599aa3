"""When a rate holds: days, hours, days of the week, holidays, and all of them together."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from catalog.books import at, book_of, model, priced, rates
from hypothesis import given
from hypothesis import strategies as st

from quotah_server.catalog.book import Calendar, Period, Uplift, Variant, Weekly

WEEKDAYS = (0, 1, 2, 3, 4)
HOLIDAYS = Calendar("holidays", (date(2026, 10, 1), date(2026, 10, 2)), "https://example.com")
MILLION = 1_000_000


def rate(*periods: Period, when: str) -> str | None:
    """What a million tokens cost at an instant."""
    book = book_of(model("m", *periods), calendars=(HOLIDAYS,))
    cost = priced(book, {"input": MILLION}, at(when)).cost_usd
    return None if cost is None else format(cost.normalize(), "f")


PEAK = (
    Period(rates(input="1")),
    Period(rates(input="2"), from_=date(2026, 8, 17)),
    Period(rates(input="4"), from_=date(2026, 8, 17), daily=("01:00", "04:00"),
           weekly=Weekly(WEEKDAYS, "holidays")),
    Period(rates(input="4"), from_=date(2026, 8, 17), daily=("06:00", "10:00"),
           weekly=Weekly(WEEKDAYS, "holidays")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("when", "dollars"),
    [
        ("2026-08-16 23:59:59", "1"),
        ("2026-08-14 02:00", "1"),  # a window does not reach behind its day
        ("2026-08-17 00:00", "2"),
        ("2026-08-17 01:00", "4"),
        ("2026-08-17 03:59:59", "4"),
        ("2026-08-17 04:00", "2"),
        ("2026-08-17 09:59:59", "4"),
        ("2026-08-17 10:00", "2"),
        ("2026-08-22 02:00", "2"),  # a Saturday
        ("2026-08-23 07:00", "2"),  # a Sunday
        ("2026-10-01 02:00", "2"),  # a Thursday, and a holiday
        ("2026-10-05 02:00", "4"),
    ],
)
def test_a_day_a_window_a_weekday_and_a_holiday_combine(when: str, dollars: str) -> None:
    assert rate(*PEAK, when=when) == dollars


NIGHT = (
    Period(rates(input="2")),
    Period(rates(input="1"), from_=date(2025, 2, 26), from_at="16:30", until=date(2025, 9, 5),
           until_at="16:00", daily=("16:30", "00:30")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("when", "dollars"),
    [
        ("2025-02-26 00:10", "2"),
        ("2025-02-26 16:29:59", "2"),
        ("2025-02-26 16:30", "1"),
        ("2025-02-27 00:29:59", "1"),
        ("2025-02-27 00:30", "2"),
        ("2025-09-05 00:29:59", "1"),
        ("2025-09-05 16:30", "2"),
    ],
)
def test_a_window_may_end_on_the_day_after(when: str, dollars: str) -> None:
    assert rate(*NIGHT, when=when) == dollars


@pytest.mark.parametrize(
    ("when", "dollars"),
    [
        ("2026-11-14 00:10", "1"),  # Saturday, in the window that began on Friday
        ("2026-11-14 23:00", "2"),
        ("2026-11-16 00:10", "2"),  # Monday, in the window of Sunday
        ("2026-11-16 23:00", "1"),
    ],
)
def test_a_window_belongs_to_the_day_on_which_it_begins(when: str, dollars: str) -> None:
    night = Period(rates(input="1"), daily=("22:00", "00:30"), weekly=Weekly(WEEKDAYS))

    assert rate(Period(rates(input="2")), night, when=when) == dollars


@pytest.mark.parametrize(
    ("when", "dollars"), [("2026-11-13 12:00", "2"), ("2026-11-14 00:00", "1"), ("2026-11-15 23:59:59", "1")]
)  # fmt: skip
def test_whole_days_of_the_week_need_no_window(when: str, dollars: str) -> None:
    weekend = Period(rates(input="1"), weekly=Weekly((5, 6)))

    assert rate(Period(rates(input="2")), weekend, when=when) == dollars


@pytest.mark.parametrize(
    ("when", "dollars"),
    [("2025-09-05 15:59:59", "1"), ("2025-09-05 16:00", "2"), ("2025-09-06 00:00", "2")],
)
def test_a_price_may_change_at_a_time_of_day(when: str, dollars: str) -> None:
    later = Period(rates(input="2"), from_=date(2025, 9, 5), from_at="16:00")

    assert rate(Period(rates(input="1")), later, when=when) == dollars


@pytest.mark.parametrize(
    ("when", "dollars"), [("2026-11-30 23:59", "1"), ("2026-12-01 00:00", "2"), ("2026-10-31 23:59", "2")]
)  # fmt: skip
def test_an_introductory_price_ends_by_itself(when: str, dollars: str) -> None:
    intro = Period(rates(input="1"), from_=date(2026, 11, 1), until=date(2026, 12, 1))

    assert rate(Period(rates(input="2")), intro, when=when) == dollars


def test_before_a_models_first_price_there_is_none() -> None:
    book = book_of(model("m", Period(rates(input="1"), from_=date(2026, 3, 1))))

    early = priced(book, {"input": 5}, at("2026-02-28 23:59"))

    assert (early.status, early.cost_usd) == ("unpriced", None)
    assert early.reason == "no price known for m as early as 2026-02-28"
    assert priced(book, {"input": 5}, at("2026-03-01 00:00")).status == "computed"


def test_a_price_without_a_beginning_reaches_back_for_ever_and_on_for_ever() -> None:
    assert rate(Period(rates(input="1")), when="1970-01-01 00:00") == "1"
    assert rate(Period(rates(input="1")), when="9999-12-31 23:59") == "1"


def test_a_variant_ends_by_itself() -> None:
    flex = Variant({"service_tier": "flex"}, rates(input="1"), until=date(2026, 12, 1))
    book = book_of(model("m", Period(rates(input="2")), variants=(flex,)))

    during = priced(book, {"input": MILLION}, at("2026-11-30 12:00"), service_tier="flex")
    after = priced(book, {"input": MILLION}, at("2026-12-01 12:00"), service_tier="flex")

    assert during.cost_usd == 1
    assert after.reason == "no flex rate known for m on 2026-12-01"


@pytest.mark.parametrize(
    ("when", "asked", "lifted"),
    [
        ({"region": ("*",)}, {"region": "europe-west4"}, True),
        ({"region": ("*",)}, {"region": "global"}, False),
        ({"region": ("*",)}, {}, False),
        ({"region": ("us",)}, {"region": "US"}, True),
        ({"host": ("eu.api.x.ai",)}, {"extras": {"base_url": "https://EU.api.x.ai:443/v1"}}, True),
        ({"host": ("eu.api.x.ai",)}, {"extras": {"base_url": "https://api.x.ai/v1"}}, False),
        ({"host": ("eu.api.x.ai",)}, {"extras": {"base_url": " eu.api.x.ai/v1"}}, True),
        ({"region": ("*",)},
         {"extras": {"base_url": "https://us-east5-aiplatform.googleapis.com/v1"}}, True),
        ({"region": ("*",)}, {"extras": {"base_url": "https://aiplatform.googleapis.com"}}, False),
        ({"inference_geo": ("us",)}, {"extras": {"inference_geo": "us"}}, True),
        ({"deployment_type": ("datazonestandard",)},
         {"extras": {"deployment_type": "Data Zone-Standard"}}, True),
        ({"deployment_type": ("datazonestandard",)},
         {"extras": {"deployment_type": "GlobalStandard"}}, False),
    ],
)  # fmt: skip
def test_an_uplift_is_asked_for_by_where_a_call_went(
    when: dict[str, tuple[str, ...]], asked: dict[str, object], lifted: bool
) -> None:
    uplift = Uplift("there", when, Decimal("1.1"), "https://example.com")
    book = book_of(model("m", Period(rates(input="2", web_search="5")), uplifts=(uplift,)))

    result = priced(book, {"input": MILLION, "web_search": 1000}, **asked)

    assert result.cost_usd == (Decimal("7.2") if lifted else Decimal(7))


def test_an_uplift_ends_by_itself() -> None:
    uplift = Uplift("there", {"region": ("us",)}, Decimal(2), "s", until=date(2026, 12, 1))
    book = book_of(model("m", Period(rates(input="2")), uplifts=(uplift,)))

    assert priced(book, {"input": MILLION}, at("2026-11-30 23:00"), region="us").cost_usd == 4
    assert priced(book, {"input": MILLION}, at("2026-12-01 00:00"), region="us").cost_usd == 2


@given(st.datetimes(datetime(2026, 8, 1), datetime(2026, 11, 30)))  # noqa: DTZ001 - made aware below
def test_a_schedule_says_the_same_as_a_calendar_and_a_clock(moment: datetime) -> None:
    """The same rule, written down a second time without periods."""
    hour = moment.hour + moment.minute / 60
    peak = (1 <= hour < 4 or 6 <= hour < 10) and moment.weekday() < 5
    peak = peak and moment.date() not in HOLIDAYS.days
    expected = "1" if moment.date() < date(2026, 8, 17) else "4" if peak else "2"

    assert rate(*PEAK, when=moment.isoformat()) == expected


def test_what_was_worked_out_for_one_hour_is_not_used_for_another() -> None:
    book = book_of(model("m", *PEAK), calendars=(HOLIDAYS,))
    start = at("2026-08-14 00:00")

    hours = [start + timedelta(hours=n) for n in range(24 * 14)]
    first = [priced(book, {"input": MILLION}, hour).cost_usd for hour in hours]
    again = [priced(book, {"input": MILLION}, hour).cost_usd for hour in reversed(hours)]

    assert first == again[::-1]
    assert {Decimal(1), Decimal(2), Decimal(4)} == set(first)
