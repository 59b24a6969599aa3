"""The book as people read it: found by name or id, with rates that hold now, dates and sources."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from features.prices.desk import NOW, PriceDesk, fine, problem

from quotah_server.catalog.book import Book, Match, Model, Period, Rate, Unit, Weekly, load_packaged
from quotah_server.catalog.terms import Override, Terms
from quotah_server.features.prices import browse, wording
from quotah_server.features.prices.index import index_of

DEAL: dict[str, Any] = {"provider": "openai", "model": "gpt-4o", "factor": "0.5"}


async def test_the_book_tells_its_version_sources_and_units(desk: PriceDesk) -> None:
    owner = await desk.owner()
    told = fine(await owner.call("GET", "/prices/book"))
    book = load_packaged()
    assert told["version"] == told["list_version"] == book.version
    assert told["sources"] == book.sources
    assert told["models"] == sum(len(book.models(name)) for name in book.providers)
    assert {"unit": "input", "name": "input tokens", "per": 1_000_000, "token": True} in told[
        "units"
    ]
    fine(await owner.call("POST", "/prices/overrides", DEAL), 201)
    after = fine(await owner.call("GET", "/prices/book"))
    assert after["list_version"] == book.version
    assert after["version"] != book.version


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("gpt-4o", ("openai", "gpt-4o")),
        ("OPENAI gpt-4o", ("openai", "gpt-4o")),
        ("openai/gpt-4o", ("openai", "gpt-4o")),
        ("gpt-4o-2024-08-06", ("openai", "gpt-4o")),
    ],
)
async def test_a_model_is_found_by_its_name_and_by_the_ids_that_mean_it(
    desk: PriceDesk, search: str, found: tuple[str, str]
) -> None:
    owner = await desk.owner()
    items = fine(await owner.call("GET", f"/prices/models?search={search}&limit=200"))["items"]
    assert found in [(item["provider"], item["model"]) for item in items]


async def test_the_pages_hold_every_model_once_and_in_order(desk: PriceDesk) -> None:
    owner = await desk.owner()
    seen: list[tuple[str, str]] = []
    cursor = ""
    while True:
        page = fine(await owner.call("GET", f"/prices/models?limit=200{cursor}"))
        seen += [(item["provider"], item["model"]) for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == sorted(set(seen))
    assert len(seen) == fine(await owner.call("GET", "/prices/book"))["models"]
    only = fine(await owner.call("GET", "/prices/models?provider=groq&limit=200"))["items"]
    assert [("groq", item["model"]) for item in only] == [one for one in seen if one[0] == "groq"]


async def test_a_cursor_of_another_list_is_refused(desk: PriceDesk) -> None:
    owner = await desk.owner()
    said = problem(await owner.call("GET", "/prices/models?cursor=WyJhIl0"), 422)
    assert said["field"] == "cursor"


async def test_a_model_of_the_list_shows_the_rates_that_hold_now(desk: PriceDesk) -> None:
    owner = await desk.owner()
    path = "/prices/models?provider=openai&search=gpt-4o&limit=200"

    async def shown() -> dict[str, Any]:
        items = fine(await owner.call("GET", path))["items"]
        return next(item for item in items if item["model"] == "gpt-4o")

    before = await shown()
    rates = {rate["unit"]: rate for rate in before["rates"]}
    assert rates["input"]["rate_usd"] == "2.5"
    assert rates["input"]["per"] == 1_000_000
    assert rates["input"]["name"] == "input tokens"
    assert rates["input"]["source"]
    assert before["overridden"] is False
    limited = {**DEAL, "deployment": "prod"}
    fine(await owner.call("POST", "/prices/overrides", limited), 201)
    assert (await shown())["overridden"] is True
    assert (await shown())["rates"] == before["rates"]
    made = fine(await owner.call("POST", "/prices/overrides", DEAL), 201)
    after = await shown()
    assert {r["unit"]: r["rate_usd"] for r in after["rates"]}["input"] == "1.25"
    assert made["id"].removeprefix("ovr_") in after["source"]
    own = {"provider": "openai", "model": "gpt-4o", "rates": {"input": "9"}}
    fine(await owner.call("PUT", f"/prices/overrides/{made['id']}", own))
    assert {r["unit"]: r["rate_usd"] for r in (await shown())["rates"]} == {"input": "9"}


async def test_a_model_in_full_tells_its_history_with_sources(desk: PriceDesk) -> None:
    owner = await desk.owner()
    made = fine(await owner.call("POST", "/prices/overrides", {**DEAL, "model": "o*"}), 201)
    fine(await owner.call("POST", "/prices/overrides", {**DEAL, "model": "gpt-4o"}), 201)
    told = fine(await owner.call("GET", "/prices/models/openai/o3"))
    assert "o3" in told["matches"]
    first, second = told["periods"]
    assert (first["from"], first["until"]) == (None, "2025-06-10T00:00:00Z")
    assert (second["from"], second["until"]) == ("2025-06-10T00:00:00Z", None)
    was = {rate["unit"]: rate for rate in first["rates"]}["cache_read"]
    assert was["rate_usd"] == "2.5"
    assert was["source"].startswith("https://")
    assert {tuple(variant["when"].items()) for variant in told["variants"]} >= {
        (("service_tier", "flex"),), (("processing", "batch"),),
    }  # fmt: skip
    assert [override["id"] for override in told["overrides"]] == [made["id"]]


async def test_names_with_slashes_are_found_in_the_path(desk: PriceDesk) -> None:
    owner = await desk.owner()
    items = fine(await owner.call("GET", "/prices/models?provider=openrouter&limit=1"))["items"]
    name = items[0]["model"]
    assert "/" in name
    told = fine(await owner.call("GET", f"/prices/models/openrouter/{name}"))
    assert told["model"] == name
    problem(await owner.call("GET", "/prices/models/openrouter/no/such/model"), 404)


def test_every_model_of_the_book_can_be_shown_in_full() -> None:
    book = load_packaged()
    for entry in index_of(book).entries:
        told = browse.detail(book, entry.provider, entry.name, {})
        assert told.matches
        assert [len(period.rates) for period in told.periods] == [
            len(period.rates) for period in entry.model.periods
        ]


def test_a_search_of_the_whole_book_takes_less_than_20_ms() -> None:
    book = load_packaged()
    index_of(book)
    took: list[float] = []
    for search in ("claude", "gpt 4o mini", "no such model at all", ""):
        begun = time.perf_counter()
        browse.page(book, search=search, provider=None, cursor=None, limit=50, now=NOW)
        took.append(time.perf_counter() - begun)
    assert sorted(took)[1] < 0.02


def test_the_index_is_made_once_and_serves_all_terms() -> None:
    book = load_packaged()
    assert index_of(book) is index_of(
        book.under(Terms((Override("o", "openai", "*", factor=Decimal(1)),)))
    )


@pytest.mark.parametrize(
    ("daily", "weekly", "words"),
    [
        (None, None, None),
        (("16:30", "00:30"), None, "16:30-00:30 UTC"),
        (("01:00", "04:00"), Weekly((0, 1, 2, 3, 4), "cn-holidays"),
         "Mon-Fri 01:00-04:00 UTC, except cn-holidays"),
        (None, Weekly((5, 6)), "Sat, Sun"),
        (None, Weekly((0, 2, 3, 4)), "Mon, Wed-Fri"),
        (None, Weekly(except_="cn-holidays"), "every day, except cn-holidays"),
        (("01:00:00", "04:00:30"), None, "01:00-04:00:30 UTC"),
        (("01:00:00+00:00", "04:00:00+00:00"), None, "01:00-04:00 UTC"),
    ],
)  # fmt: skip
def test_a_schedule_is_said_in_words(
    daily: tuple[str, str] | None, weekly: Weekly | None, words: str | None
) -> None:
    period = Period({"input": Decimal(1)}, daily=daily, weekly=weekly)
    said = wording.schedule(period)
    assert (said and said.replace("\u2013", "-")) == words


def test_the_ids_of_a_model_are_said_in_words() -> None:
    match = Match(
        equals=("gpt-4o",), starts_with=("gpt-4o-",),
        all=(Match(contains=("a",)), Match(ends_with=("b", "c"))),
    )  # fmt: skip
    assert wording.matches(match) == [
        "gpt-4o", "starts with gpt-4o-", "contains a and ends with b or ends with c",
    ]  # fmt: skip


def test_a_period_ends_where_one_that_counts_before_it_begins() -> None:
    day, later = date(2026, 1, 1), date(2026, 6, 1)
    rates: dict[str, Rate] = {"input": Decimal(1)}
    night = ("01:00", "04:00")
    book = book_of(
        Period(rates),
        Period(rates, from_=day),
        Period(rates, from_=later, from_at="16:00"),
        Period(rates, from_=day, daily=night),
        Period(rates, from_=later, until=later + timedelta(days=9), daily=night),
    )
    told = browse.detail(book, "p", "m", {}).periods
    midnight = datetime(2026, 1, 1, tzinfo=UTC)
    assert [period.until for period in told] == [
        midnight, datetime(2026, 6, 1, 16, tzinfo=UTC), None, None,
        datetime(2026, 6, 10, tzinfo=UTC),
    ]  # fmt: skip
    assert told[3].from_ == midnight


def book_of(*periods: Period) -> Book:
    lines = [
        {"book": 1, "sources": {}}, Unit("input", 1_000_000, "input tokens", True), {"provider": "p"},
        Model("p", "m", Match(equals=("m",)), periods),
    ]  # fmt: skip
    return Book(b"\n".join(msgspec.json.encode(line) for line in lines))
