"""Two books side by side: what changes, what is odd, where patches contradict the base."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quotah_server.catalog.book import (
    Book,
    Match,
    Model,
    Period,
    Rate,
    Tiered,
    Unit,
    Variant,
    Weekly,
    load_packaged,
)
from quotah_server.catalog.compare import (
    Comparison,
    Findings,
    compare,
    disagreements,
    judge,
    main,
    reasons_to_hold,
)

TODAY = date(2026, 11, 20)
TOMORROW = TODAY + timedelta(days=1)
UNITS = [
    Unit("input", 1_000_000, "input tokens", True),
    Unit("output", 1_000_000, "output tokens", True),
]


def model(*periods: Period, name: str = "m", **more: Any) -> Model:
    return Model("p", name, more.pop("match", Match(equals=(name,))), periods, **more)


def book(*models: Model) -> Book:
    lines: list[object] = [{"book": 1, "sources": {}}, *UNITS, {"provider": "p"}, *models]
    return Book(b"\n".join(msgspec.json.encode(line) for line in lines))


def rates(given: str | Rate, **more: str) -> dict[str, Rate]:
    first: Rate = Decimal(given) if isinstance(given, str) else given
    return {"input": first, **{unit: Decimal(rate) for unit, rate in more.items()}}


def period(given: str | Rate, **more: Any) -> Period:
    return Period(rates(given), **more)


def held(old: Book, new: Book) -> tuple[Comparison, list[str]]:
    found = compare(old, new, TODAY)
    return found, reasons_to_hold(found, old, new)


def test_a_book_changes_nothing_against_itself() -> None:
    packaged = load_packaged()
    found, reasons = held(packaged, packaged)
    assert (found.changes, found.added, found.removed, reasons) == ((), (), (), [])


@pytest.mark.parametrize(
    ("new", "ratio", "odd"),
    [
        ("20", "10", ""),
        ("20.000001", "10.0000005", "by more than 10 times"),
        ("0.2", "0.1", ""),
        ("0.199999", "0.0999995", "by more than 10 times"),
        ("0", "0", "to 0 or less"),
        ("-1", "-0.5", "to 0 or less"),
        ("2", None, ""),
    ],
)
def test_a_rate_from_tomorrow_on_is_odd_beyond_ten_times_either_way(
    new: str, ratio: str | None, odd: str
) -> None:
    found, reasons = held(
        book(model(period("2"))), book(model(period("2"), period(new, from_=TOMORROW)))
    )
    if ratio is None:
        assert found.changes == ()
    else:
        (change,) = found.changes
        assert (change.old_usd, change.new_usd) == (Decimal(2), Decimal(new))
        assert change.ratio == Decimal(ratio)
        assert change.past is False
    assert bool(reasons) is bool(odd)
    assert odd in " ".join(reasons)


def test_a_rate_below_zero_is_odd_also_of_a_new_model() -> None:
    old = book(model(period("2")))
    found, reasons = held(old, book(model(period("2")), model(period("-1"), name="n")))
    assert found.added == (("p", "n"),)
    assert reasons == ["1 models have a rate below 0: p/n"]


def test_a_new_model_that_is_free_is_nothing_odd() -> None:
    old = book(model(period("2")))
    assert held(old, book(model(period("2")), model(period("0"), name="n")))[1] == []


@pytest.mark.parametrize(
    ("periods", "past"),
    [
        ([period("3")], True),
        ([period("2"), period("3", from_=TODAY - timedelta(days=1))], True),
        ([period("2"), period("3", from_=TODAY)], False),
        ([period("2"), period("3", from_=TODAY, daily=("01:00", "04:00"))], False),
        ([period("2"), period("3", daily=("01:00", "04:00"))], True),
        ([period("2"), period("3", from_=date(2025, 1, 1), until=date(2025, 2, 1))], True),
        ([period("2"), period("3", weekly=Weekly((6,)))], True),
        ([period("3"), period("2", from_=TODAY + timedelta(days=60))], True),
    ],
)
def test_a_rate_of_days_that_are_over_does_not_change_unseen(
    periods: Sequence[Period], past: bool
) -> None:
    found, reasons = held(book(model(period("2"))), book(model(*periods)))
    (change,) = found.changes
    assert change.past is past
    assert bool(reasons) is past
    assert not past or "for days that are over: p/m input $2 → $3" in reasons[0]


def test_a_rate_that_is_learnt_of_is_no_change_and_one_that_is_lost_is() -> None:
    less, more = book(model(Period(rates("2")))), book(model(Period(rates("2", output="5"))))
    assert held(less, more)[0].changes == ()
    (change,) = held(more, less)[0].changes
    assert (change.unit, change.old_usd, change.new_usd, change.ratio) == (
        "output", Decimal(5), None, None,
    )  # fmt: skip


def test_tiers_and_ways_of_calling_are_looked_at_one_by_one() -> None:
    tiers = Tiered(Decimal(2), {200_000: Decimal(4)})
    higher = Tiered(Decimal(2), {200_000: Decimal(5)})
    flex, dear = (
        Variant({"service_tier": "flex"}, {"input": Decimal(rate)}) for rate in ("1", "3")
    )
    old = book(model(period(tiers), variants=(flex,)))
    new = book(model(period(higher), variants=(dear,)))
    found = compare(old, new, TODAY)
    assert [(c.when, c.old_usd, c.new_usd, c.ratio) for c in found.changes] == [
        ("service_tier flex", Decimal(1), Decimal(3), Decimal(3)),
        ("above 200,000 input tokens", Decimal(4), Decimal(5), Decimal("1.25")),
    ]


@pytest.mark.parametrize(("gone", "odd"), [(5, False), (6, True)])
def test_more_than_one_model_in_twenty_does_not_go_unseen(gone: int, odd: bool) -> None:
    models = [model(period("2"), name=f"m{number}") for number in range(100)]
    found, reasons = held(book(*models), book(*models[gone:]))
    assert len(found.removed) == gone
    assert ("models are gone" in " ".join(reasons)) is odd


def test_an_id_that_a_new_model_takes_over_is_compared_with_what_it_takes() -> None:
    old = book(model(period("2"), match=Match(equals=("m", "m-latest"))))
    thief = model(period("0"), name="n", match=Match(equals=("m-latest",)))
    kept = model(period("2"), match=Match(equals=("m", "m-latest")))
    found, reasons = held(old, book(thief, kept))
    assert [(change.model, change.new_usd) for change in found.changes] == [("m", Decimal(0))]
    assert "to 0 or less" in reasons[0]


def test_a_new_regular_expression_for_ids_is_shown_to_a_person() -> None:
    odd = model(period("2"), match=Match(equals=("m",), regex=("(a+)+$",)))
    _, reasons = held(book(model(period("2"))), book(odd))
    assert reasons == ["1 regular expressions for model ids are new: (a+)+$"]


def test_a_replaced_rate_is_a_disagreement_with_its_time_and_both_sources() -> None:
    cut = date(2025, 6, 1)
    theirs = book(model(period("1")))
    ours = book(model(period("4", until=cut, source="https://ours"), period("1", from_=cut)))
    (one,) = disagreements(ours, theirs, TODAY)
    assert (one.ours_usd, one.theirs_usd, one.per) == (Decimal(4), Decimal(1), 1_000_000)
    assert (one.since, one.until, one.when) == (None, cut, "")
    assert (one.source_ours, one.source_theirs) == ("https://ours", "genai-prices")


def test_what_the_base_book_does_not_price_is_no_disagreement() -> None:
    theirs = book(model(Period(rates("1"))))
    ours = book(model(Period(rates("1", output="3"))), model(period("7"), name="n"))
    assert disagreements(ours, theirs, TODAY) == ()


def test_a_disagreement_of_certain_hours_names_the_first_of_them() -> None:
    night = ("01:00", "04:00")
    theirs = book(model(period("1"), period("2", daily=night)))
    ours = book(model(period("1"), period("2", daily=night, weekly=Weekly((0, 1, 2, 3, 4)))))
    (one,) = disagreements(ours, theirs, TODAY)
    assert (one.ours_usd, one.theirs_usd) == (Decimal(1), Decimal(2))
    assert one.when == "Sat 01:00 UTC"


def test_a_disagreement_that_is_still_to_come_is_not_told_yet() -> None:
    theirs = book(model(period("1")))
    assert disagreements(book(model(period("1"), period("2", from_=TOMORROW))), theirs, TODAY) == ()
    today = book(model(period("1"), period("2", from_=TODAY)))
    assert len(disagreements(today, theirs, TODAY)) == 1


def test_a_book_is_judged_from_its_file_in_a_process_of_its_own(tmp_path: Path) -> None:
    old, new, base = book(model(period("2"))), book(model(period("30"))), book(model(period("1")))
    for name, one in (("old", old), ("new", new), ("base", base)):
        (tmp_path / name).write_bytes(one.data)
    files = [str(tmp_path / name) for name in ("old", "new", "base", "out")]
    assert main([*files[:3], "--today", TODAY.isoformat(), "--out", files[3]]) == 0
    found = msgspec.json.decode((tmp_path / "out").read_bytes(), type=Findings)
    assert found == judge(old, new, base, TODAY)
    assert len(found.reasons) == 2
    assert [one.theirs_usd for one in found.disagreements] == [Decimal(1)]


def test_a_pattern_that_is_no_regular_expression_cannot_be_used() -> None:
    bad = book(model(period("2"), match=Match(equals=("m",), regex=("(",))))
    with pytest.raises(ValueError, match="no regular expression"):
        judge(bad, bad, bad, TODAY)


def test_one_disagreement_over_several_stretches_is_told_once_from_its_beginning() -> None:
    first, second = date(2025, 1, 1), date(2026, 1, 1)
    theirs = book(model(period("1"), period("1", from_=second)))
    ours = book(model(period("1"), period("3", from_=first), period("3", from_=second)))
    (one,) = disagreements(ours, theirs, TODAY)
    assert (one.since, one.until) == (first, None)


def test_current_disagreements_come_before_those_that_are_over() -> None:
    cut = date(2025, 6, 1)
    theirs = book(model(period("1"), name="a"), model(period("1"), name="b"))
    ours = book(
        model(period("4", until=cut), period("1", from_=cut), name="a"),
        model(period("2"), name="b"),
    )
    assert [one.model for one in disagreements(ours, theirs, TODAY)] == ["b", "a"]
