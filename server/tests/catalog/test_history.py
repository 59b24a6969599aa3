"""What past calls cost is frozen: a later book says the same, or a dated entry says why not."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from catalog.books import book_of, model, rates

from quotah_server.catalog import build
from quotah_server.catalog.book import (
    Book,
    Calendar,
    Match,
    Model,
    Period,
    Tiered,
    Uplift,
    Variant,
    Weekly,
    load_packaged,
)
from quotah_server.catalog.history import Correction, Frozen, differences, freeze, through
from quotah_server.catalog.patch import load_corrections

LAST = date(2026, 11, 19)
PEAK = Period(rates(input="4"), from_=date(2026, 9, 1), daily=("01:00", "04:00"),
              weekly=Weekly((0, 1, 2, 3, 4), "feasts"))  # fmt: skip
PLAIN = model("plain", Period(rates(input="2", output="8", cache_read="0.5")))
DATED = model("dated", Period(rates(input="3")), Period(rates(input="2"), from_=date(2026, 6, 1)))
TIMED = model("timed", Period(rates(input="2")), PEAK)
TIERED = model("tiered", Period({"input": Tiered(Decimal(1), {100: Decimal(2)})}))
SOLD = model(
    "sold",
    Period(rates(input="2", audio_second="4")),
    variants=(Variant({"service_tier": "flex"}, rates(input="1"), from_=date(2026, 3, 1)),),
    uplifts=(Uplift("there", {"region": ("*",), "host": ("eu.acme.ai",)}, Decimal("1.1"), "s"),),
    minimum={"audio_second": 10},
)
MODELS = (PLAIN, DATED, TIMED, TIERED, SOLD)
FEASTS = Calendar("feasts", (date(2026, 10, 1),), "https://example.com")


def shelf(*models: Model, feasts: Calendar = FEASTS) -> Book:
    return book_of(*models, calendars=(feasts,))


HISTORY = freeze(shelf(*MODELS), LAST)


def otherwise(changed: Model | None = None, **more: object) -> list[tuple[str, str, str, str, str]]:
    """What differs when one model of the book is another: way, since, unit, was, now."""
    models = [changed if changed and m.model == changed.model else m for m in MODELS]
    found = differences(shelf(*models, **more), HISTORY)  # pyright: ignore[reportArgumentType]
    return [(one.way, one.since, one.unit, one.was, one.now) for one in found]


def with_(changed: Model, **more: object) -> Model:
    return msgspec.structs.replace(changed, **more)


def test_a_book_is_true_to_its_own_history() -> None:
    assert otherwise() == []


def test_the_committed_book_is_true_to_the_committed_history() -> None:
    history = build.HISTORY.read_bytes()

    assert differences(load_packaged(), history, load_corrections(build.DATA)) == []
    assert through(history) >= LAST


def test_the_committed_history_holds_what_the_book_prices() -> None:
    lines = build.HISTORY.read_bytes().splitlines()[1:]
    frozen = {(line.provider, name) for line in (msgspec.json.decode(x, type=Frozen) for x in lines)
              for name in line.ids}  # fmt: skip

    assert {("openai", "gpt-4o"), ("anthropic", "claude-sonnet-4-5")} <= frozen
    assert len(lines) > 2_000


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (with_(PLAIN, periods=(Period(rates(input="2", output="9", cache_read="0.5")),)),
         [("", "", "output", "8", "9"), ("", "", "reasoning", "8", "9")]),
        (with_(PLAIN, periods=(Period(rates(input="2", output="8")),)),
         [("", "", "cache_read", "0.5", "2")]),
        (with_(PLAIN, periods=(Period(rates(input="2", output="8", cache_read="0.5", reasoning="9")),)),
         [("", "", "reasoning", "8", "9")]),
        (with_(DATED, periods=(DATED.periods[0], Period(rates(input="2"), from_=date(2026, 5, 1)))),
         [("", "2026-05-01", "input", "3", "2")]),
        (with_(DATED, periods=DATED.periods[1:]), [("", "", "input", "3", "")]),
        (with_(TIERED, periods=(Period({"input": Tiered(Decimal(1), {101: Decimal(2)})}),)),
         [("", "", "input", "1 >100 2", "1 >101 2")]),
        (with_(SOLD, variants=()), [("service_tier=flex", "2026-03-01", "input", "1", "")]),
        (with_(SOLD, uplifts=()), [("host=eu.acme.ai", "", "input", "2.2", "2"),
                                   ("region=anywhere", "", "input", "2.2", "2")]),
        (with_(SOLD, minimum={"audio_second": 5}),
         [("", "", "least audio_second", "10", "5")]),
        (with_(SOLD, match=Match(equals=("elsewhere",))), [("", "", "input", "2", "")]),
    ],
)  # fmt: skip
def test_a_past_price_that_is_told_otherwise_is_noticed(
    changed: Model, found: list[tuple[str, str, str, str, str]]
) -> None:
    noticed = otherwise(changed)

    assert set(found) <= set(noticed)


def test_another_window_and_another_holiday_are_noticed() -> None:
    later = with_(PEAK, daily=("02:00", "04:00"))  # pyright: ignore[reportArgumentType]
    window = otherwise(with_(TIMED, periods=(TIMED.periods[0], later)))
    feast = otherwise(feasts=Calendar("feasts", (), "s"))

    assert ("", "2026-09-01T01:00", "input", "4", "2") in window
    assert {(since, was, now) for _, since, _, was, now in feast} == {
        ("2026-10-01T01:00", "2", "4")
    }


@pytest.mark.parametrize(
    "changed",
    [
        with_(DATED, periods=(*DATED.periods, Period(rates(input="9"), from_=LAST + timedelta(1)))),
        with_(PLAIN, periods=(Period(rates(input="2", output="8", cache_read="0.5", web_search="10")),)),
        with_(PLAIN, variants=(Variant({"service_tier": "flex"}, rates(input="1")),)),
        with_(SOLD, variants=(*SOLD.variants, Variant({"service_tier": "flex"}, rates(input="1")))),
        with_(PLAIN, uplifts=(Uplift("there", {"region": ("us",)}, Decimal("1.1"), "s"),)),
        with_(PLAIN, match=Match(equals=("plain", "another-name"))),
        with_(PLAIN, periods=(Period(rates(input="2", output="8", cache_read="0.5"), source="s"),)),
    ],
)  # fmt: skip
def test_what_is_new_is_free(changed: Model) -> None:
    assert otherwise(changed) == []


def test_a_new_model_is_free_unless_it_takes_an_id() -> None:
    fresh = model("fresh", Period(rates(input="7")))
    thief = with_(fresh, match=Match(equals=("fresh", "plain")))

    assert differences(shelf(*MODELS, fresh), HISTORY) == []
    assert {one.model for one in differences(shelf(thief, *MODELS), HISTORY)} == {"plain"}


def test_a_model_that_is_gone_is_noticed() -> None:
    found = differences(shelf(*MODELS[1:]), HISTORY)

    assert {(one.model, one.now) for one in found} == {("plain", "")}
    assert {"input", "output", "cache_read"} <= {one.unit for one in found}


def test_a_model_may_be_renamed_as_long_as_its_ids_stay() -> None:
    assert otherwise() == differences(
        shelf(with_(PLAIN, model="new-name"), *MODELS[1:]), HISTORY
    )  # fmt: skip


FIX = Correction(on=LAST + timedelta(1), provider="acme", models="dat.*", reason="r", source="s")


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        ({}, False),
        ({"units": ("input", "cache_read", "cache_write")}, True),
        ({"models": "dat"}, True),
        ({"provider": "other"}, True),
        ({"from_": date(2026, 5, 1), "until": date(2026, 5, 2)}, False),
        ({"from_": date(2026, 5, 2)}, True),
        ({"until": date(2026, 5, 1)}, True),
        ({"on": LAST}, True),
    ],
)
def test_a_dated_entry_says_why_the_past_is_told_otherwise(
    change: dict[str, object], noticed: bool
) -> None:
    earlier = with_(
        DATED, periods=(DATED.periods[0], Period(rates(input="2"), from_=date(2026, 5, 1)))
    )
    book = shelf(*(earlier if m.model == "dated" else m for m in MODELS))

    found = differences(book, HISTORY, [msgspec.structs.replace(FIX, **change)])

    assert bool(found) is noticed


def test_a_unit_may_not_change_its_meaning() -> None:
    data = shelf(*MODELS).data.replace(
        b'"unit":"input","per":1000000', b'"unit":"input","per":1000'
    )

    assert [(one.unit, one.was, one.now) for one in differences(Book(data), HISTORY)] == [
        ("input", "None 1000000", "None 1000")
    ]


def test_the_build_stops_where_the_past_would_change(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "history.jsonl"
    other.write_bytes(build.HISTORY.read_bytes().replace(b'{"input":"2.5"', b'{"input":"2.6"', 1))
    monkeypatch.setattr(build, "HISTORY", other)

    assert build.main(["--check"]) == 1
    assert "input cost 2.6 from" in capsys.readouterr().err
    assert build.main(["--freeze"]) == 1


def test_freezing_goes_on_to_yesterday_and_never_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "history.jsonl"
    monkeypatch.setattr(build, "HISTORY", other)

    assert build.main(["--freeze"]) == 0
    frozen = other.read_bytes()
    later = (through(frozen) + timedelta(days=40)).isoformat()
    other.write_bytes(frozen.replace(through(frozen).isoformat().encode(), later.encode(), 1))
    monkeypatch.setattr(build, "_is_true_to_the_past", lambda _: 0)
    assert build.main(["--freeze"]) == 0

    assert through(frozen) < date.today()  # noqa: DTZ011 - any day near is enough
    assert through(other.read_bytes()).isoformat() == later
