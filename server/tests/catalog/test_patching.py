"""What each kind of entry in a patch file does to the book."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
import yaml
from catalog.books import at, book_of, model, priced, rates

from quotah_server.catalog.book import Book, Match, Model, Period, Provider, Variant, load_packaged
from quotah_server.catalog.match import resolve
from quotah_server.catalog.patch import Patch, Patches, load_patches
from quotah_server.catalog.patching import patched

MILLION = 1_000_000
SOURCE = "source: https://example.com"
BATCH = Variant({"processing": "batch"}, rates(input="1"), from_=date(2026, 10, 1))
BASE = [
    model("old", Period(rates(input="2", output="8"))),
    model("new", Period(rates(input="3")), Period(rates(input="5"), from_=date(2026, 6, 1)),
          variants=(BATCH,)),
    model("timed", Period(rates(input="2", output="8", web_search="10")),
          Period(rates(input="9"), daily=("01:00", "04:00"))),
]  # fmt: skip


def applied(text: str, base: list[Model] = BASE) -> Book:
    patch = msgspec.convert(
        yaml.load(f"provider: acme\n{text}", Loader=yaml.BaseLoader), Patch, strict=False
    )
    units = tuple(load_packaged().units.values())
    patches = Patches(units, (), (patch,))
    providers = tuple(patches.providers([Provider("acme", ("other",))]))
    return book_of(
        *patched(patches, {"acme": base}),
        providers=providers,
    )


def dollars(book: Book, name: str, when: str, unit: str = "input", **more: object) -> str | None:
    cost = priced(book, {unit: MILLION}, at(when), name=name, **more).cost_usd
    return None if cost is None else format(cost.normalize(), "f")


def test_an_added_model_has_its_dated_prices() -> None:
    book = applied(
        f"added_models: [{{model: fresh, {SOURCE}, match: {{starts_with: [fresh]}}, periods: ["
        "{rates: {input: '1'}},"
        "{from: 2026-03-01, rates: {input: '2'}, source: 'https://example.com/2'},"
        "{from: 2026-03-01, from_at: '16:00', rates: {input: '3'}}]}]"
    )

    days = ["2026-02-28 23:00", "2026-03-01 00:00", "2026-03-01 16:00"]
    assert [dollars(book, "fresh-20260301", day) for day in days] == ["1", "2", "3"]
    rule = priced(book, {"input": 1}, at("2026-03-01 01:00"), name="fresh").items[0].rule
    assert rule == "acme/fresh (https://example.com/2)"


def test_a_model_may_be_sold_no_more() -> None:
    book = applied(f"past_models: [{{model: gone, {SOURCE}, rates: {{input: '7'}}}}]")

    assert dollars(book, "gone", "2025-01-01 00:00") == "7"
    assert [m.model for m in book.models("acme")][-1] == "gone"


def test_a_model_of_the_base_book_may_be_replaced_as_a_whole() -> None:
    book = applied(
        f"added_models: [{{model: new, replaces: true, {SOURCE}, rates: {{output: '7'}}}}]"
    )

    assert dollars(book, "new", "2026-11-01 00:00") is None
    assert dollars(book, "new", "2026-11-01 00:00", "output") == "7"
    assert [m.model for m in book.models("acme")] == ["old", "new", "timed"]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("added_models: [{model: new, rates: {input: '7'}, S}]", "is in the base book"),
        ("added_models: [{model: x, replaces: true, rates: {input: '7'}, S}]", "is not in the base"),
        ("added_models: [{model: x, S}]", "either rates or periods"),
        ("added_models: [{model: x, S, periods: [{rates: {}, from: 2026-02-01}, {rates: {}}]}]",
         "order of their days"),
        ("aliases: [{of: nothing, equals: [x], S}]", "changes nothing"),
        ("aliases: [{of: new, S}]", "names no id"),
        ("moved_aliases: [{model: x, moves: [{of: nothing}], S}]", "which nobody prices"),
        ("past_rates: [{models: nothing, until: 2026-01-01, rates: {input: '1'}, S}]",
         "changes nothing"),
        ("past_rates: [{models: timed, until: 2026-01-01, rates: {input: '1'}, S}]",
         "use schedules"),
        ("past_rates: [{models: old, from: 2026-02-01, until: 2026-01-01, rates: {}, S}]",
         "ends before it begins"),
        ("schedules: [{models: old, S}]", "either rates or a factor"),
        ("schedules: [{models: old, factor: '2', rates: {}, S}]", "either rates or a factor"),
        ("uplifts: [{models: old, name: x, when: {weather: [rain]}, factor: '2', S}]",
         "cannot depend on"),
        ("minimums: [{models: nothing, units: {input: 1}, S}]", "changes nothing"),
    ],
)  # fmt: skip
def test_a_patch_that_does_not_fit_stops_the_build(entry: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        applied(entry.replace("S}", f"{SOURCE}}}").replace("S, ", f"{SOURCE}, "))


def test_an_alias_means_another_model_for_ever() -> None:
    book = applied(f"aliases: [{{of: old, equals: [Nick], starts_with: [nick-], {SOURCE}}}]")

    assert {dollars(book, name, "2020-01-01 00:00") for name in ("nick", "old")} == {"2"}
    assert resolve(book, "acme", "nick-2026-01-01") is not None
    assert resolve(book, "acme", "nick-ultra") is None


def test_an_alias_that_moves_is_priced_as_what_it_means_on_the_day() -> None:
    book = applied(
        f"moved_aliases: [{{model: latest, {SOURCE}, moves: [{{of: old}}, {{of: new, from: 2026-03-01}}, "
        "{of: timed, from: 2026-12-01}]}]"
    )

    days = ["2026-02-28 12", "2026-03-01 12", "2026-06-01 12", "2026-12-01 12", "2026-12-01 02"]
    assert [dollars(book, "latest", f"{day}:00") for day in days] == ["2", "3", "5", "2", "9"]
    batch = {"extras": {"processing": "batch"}}
    assert dollars(book, "latest", "2026-02-28 12:00", **batch) is None
    assert dollars(book, "latest", "2026-10-02 12:00", **batch) == "1"
    assert dollars(book, "latest", "2026-12-01 12:00", **batch) is None


@pytest.mark.parametrize("kind", ["past_rates", "replaced_rates"])
def test_rates_may_be_corrected_between_two_days(kind: str) -> None:
    book = applied(
        f"{kind}: [{{models: old|new, from: 2026-05-01, until: 2026-07-01, rates: {{input: '1'}}, {SOURCE}}}]"
    )

    days = ["2026-04-30 23:59", "2026-05-01 00:00", "2026-06-15 00:00", "2026-07-01 00:00"]
    assert [dollars(book, "new", day) for day in days] == ["3", "1", "1", "5"]
    assert [dollars(book, "old", day) for day in days] == ["2", "1", "1", "2"]
    assert dollars(book, "old", "2026-05-05 00:00", "output") == "8"


def test_rates_may_have_held_ever_before_a_day_or_ever_since() -> None:
    book = applied(
        "past_rates: [{models: new, until: 2026-07-01, until_at: '16:00', "
        f"rates: {{output: '1'}}, {SOURCE}}}]\n"
        f"replaced_rates: [{{models: old, from: 2026-07-01, rates: {{input: '6'}}, {SOURCE}}}]"
    )

    assert dollars(book, "new", "1999-01-01 00:00", "output") == "1"
    assert dollars(book, "new", "2026-07-01 15:59", "output") == "1"
    assert dollars(book, "new", "2026-07-01 16:00", "output") is None
    assert dollars(book, "new", "2026-07-01 16:00") == "5"
    assert [dollars(book, "old", d) for d in ("2026-06-30 23:00", "2026-07-01 00:00")] == ["2", "6"]


def test_a_schedule_lies_over_the_standing_prices_as_long_as_it_holds() -> None:
    book = applied(
        f"schedules: [{{models: new, from: 2026-05-01, until: 2026-07-01, days: [0, 1, 2, 3, 4], "
        f"windows: [['01:00', '04:00'], ['06:00', '10:00']], factor: '2', {SOURCE}}}]"
    )

    days = ["2026-04-30 02:00", "2026-05-01 02:00", "2026-05-01 05:00", "2026-05-02 02:00",
            "2026-06-01 09:59", "2026-07-01 02:00"]  # fmt: skip
    assert [dollars(book, "new", day) for day in days] == ["3", "6", "3", "3", "10", "5"]


def test_a_schedule_makes_the_base_books_own_windows_give_way() -> None:
    book = applied(
        f"schedules: [{{models: timed, windows: [['06:00', '10:00']], rates: {{input: '4'}}, {SOURCE}}}]"
    )

    assert dollars(book, "timed", "2026-11-12 02:00") == "2"
    assert dollars(book, "timed", "2026-11-12 06:00") == "4"
    assert dollars(book, "timed", "2026-11-12 06:00", "output") == "8"


def test_a_factor_of_a_schedule_is_on_tokens_alone() -> None:
    book = applied(f"schedules: [{{models: timed, factor: '2', {SOURCE}}}]")

    assert dollars(book, "timed", "2026-11-12 06:00") == "4"
    assert priced(book, {"web_search": 1000}, name="timed").cost_usd == 10


def test_of_two_schedules_the_later_entry_counts() -> None:
    book = applied(
        f"schedules: [{{models: old, rates: {{input: '4'}}, {SOURCE}}}, "
        f"{{models: old, windows: [['06:00', '10:00']], factor: '3', {SOURCE}}}]"
    )

    assert dollars(book, "old", "2026-11-12 05:00") == "4"
    assert dollars(book, "old", "2026-11-12 06:00") == "6"


def test_a_variant_may_be_added_by_its_amounts() -> None:
    book = applied(
        f"added_variants: [{{models: new, when: {{processing: batch}}, rates: {{input: '0.7'}}, "
        f"from: 2026-10-15, until: 2026-11-01, {SOURCE}}}]"
    )

    days = ["2026-10-14 00:00", "2026-10-15 00:00", "2026-11-01 00:00"]
    batch = {"extras": {"processing": "batch"}}
    assert [dollars(book, "new", day, **batch) for day in days] == ["1", "0.7", "1"]


def test_what_a_provider_is_may_be_patched() -> None:
    book = applied("trusts_reported_cost: true\nfallback: [one, two]")

    assert book.providers["acme"] == Provider("acme", ("one", "two"), trusts_reported_cost=True)
    assert applied("").providers["acme"] == Provider("acme", ("other",))


def test_a_least_quantity_may_be_added() -> None:
    book = applied(f"minimums: [{{models: old, units: {{input: 10}}, {SOURCE}}}]")

    assert book.models("acme")[0].minimum == {"input": 10}


def test_an_inclusive_edge_is_written_one_less() -> None:
    book = applied(
        f"added_models: [{{model: x, {SOURCE}, rates: {{input: {{base: '2', above: {{199999: '4'}}}}}}}}]"
    )

    rate = {n: priced(book, {"input": n}, name="x").items[0].rate_usd for n in (199_999, 200_000)}
    assert rate == {199_999: Decimal(2), 200_000: Decimal(4)}


def test_amounts_are_never_floats() -> None:
    entry = yaml.load("{input: 0.1}", Loader=yaml.BaseLoader)

    assert entry == {"input": "0.1"}
    assert msgspec.convert(entry, dict[str, Decimal]) == {"input": Decimal("0.1")}


def test_a_field_that_is_misspelt_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "patches").mkdir()
    (tmp_path / "units.yaml").write_text("[]")
    (tmp_path / "patches/acme.yaml").write_text(
        f"provider: acme\nschedules: [{{models: x, window: [], factor: '2', {SOURCE}}}]"
    )

    with pytest.raises(msgspec.ValidationError, match="unknown field `window`"):
        load_patches(tmp_path)


def test_one_provider_is_patched_by_one_file(tmp_path: Path) -> None:
    (tmp_path / "patches").mkdir()
    (tmp_path / "units.yaml").write_text("[]")
    for name in ("a", "b"):
        (tmp_path / f"patches/{name}.yaml").write_text("provider: acme")

    with pytest.raises(ValueError, match="patched by two files"):
        load_patches(tmp_path)


def test_entries_without_a_source_stop_the_build() -> None:
    with pytest.raises(msgspec.ValidationError, match="source"):
        applied("minimums: [{models: old, units: {input: 10}}]")


def test_a_match_is_what_the_book_tries() -> None:
    book = applied(
        f"added_models: [{{model: x, {SOURCE}, match: {{equals: [y]}}, rates: {{input: '2'}}}}]"
    )

    assert book.models("acme")[0].match == Match(equals=("y",))
