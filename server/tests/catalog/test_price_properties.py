"""What must hold for every price, whatever the numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.catalog.book import Book, load_packaged
from quotah_server.catalog.price import price
from quotah_server.catalog.terms import LIST_PRICES, Override, Terms
from quotah_server.domain.event import Price
from quotah_server.domain.money import add, product, quantise
from quotah_server.domain.usage import MAX_COUNT, Usage

BOOK = load_packaged()
MODELS = st.sampled_from(
    ["gpt-4o", "gpt-5.5", "o3", "gpt-6.1-sol", "gpt-4o-mini", "claude-sonnet-4-5",
     "claude-haiku-5-5", "claude-opus-5", "unheard-of"]
)  # fmt: skip
TIERS = st.sampled_from([None, "default", "flex", "priority", "batch", "scale"])
EXTRAS = st.fixed_dictionaries(
    {},
    optional={
        "processing": st.sampled_from(["batch", "live"]),
        "speed": st.sampled_from(["fast", "standard"]),
        "inference_geo": st.sampled_from(["us", "global"]),
        "base_url": st.sampled_from(["https://eu.api.openai.com/v1", "not a url"]),
    },
)
UNITS = st.dictionaries(
    st.sampled_from(sorted(BOOK.units)), st.integers(0, 3_000_000), min_size=1, max_size=6
)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 6, 1), timezones=st.just(UTC))  # noqa: DTZ001


RATES = st.dictionaries(
    st.sampled_from(["input", "output", "cache_read", "cache_write", "web_search", "request"]),
    st.decimals(0, 1000, places=6), min_size=1,
)  # fmt: skip
FACTORS = st.decimals(Decimal("0.01"), 10, places=4)
PROVIDERS = st.sampled_from(["*", "openai", "anthropic"])
PATTERNS = st.sampled_from(["*", "gpt-*", "claude-*", "gpt-4o", "claude-opus-5", "nothing"])
PROJECTS = st.sampled_from([None, "p1", "p2"])
OVERRIDES = st.builds(
    Override, st.text("abc", min_size=1, max_size=3), PROVIDERS, PATTERNS, project_id=PROJECTS, rates=RATES
) | st.builds(
    Override, st.text("abc", min_size=1, max_size=3), PROVIDERS, PATTERNS, project_id=PROJECTS, factor=FACTORS
)  # fmt: skip
TERMS = st.lists(OVERRIDES, max_size=4).map(lambda found: Terms(tuple(found)))


def everywhere(factor: str) -> Terms:
    return Terms((Override("all", "*", "*", factor=Decimal(factor)),))


class ACall(NamedTuple):
    model: str
    units: dict[str, int]
    at: datetime
    tier: str | None
    extras: dict[str, str]

    def priced(self, book: Book = BOOK) -> Price:
        provider = "anthropic" if self.model.startswith("claude") else "openai"
        return price(
            book, provider=provider, model=self.model, usage=Usage(self.units), at=self.at,
            service_tier=self.tier, extras=self.extras, project_id="p1",
        )  # fmt: skip


CALLS = st.builds(ACall, MODELS, UNITS, MOMENTS, TIERS, EXTRAS)


@given(CALLS, TERMS)
@settings(max_examples=300, deadline=None)
def test_the_items_add_up_to_the_cost_before_rounding(call: ACall, terms: Terms) -> None:
    result = call.priced(BOOK.under(terms))

    if result.cost_usd is None:
        assert result.status == "unpriced"
        assert result.reason
        assert result.items == ()
        return
    total = Decimal(0)
    for item in result.items:
        assert item.amount_usd * item.per == item.rate_usd * item.quantity or item.per == 3600
        total = add(total, item.amount_usd)
    assert quantise(total) == result.cost_usd >= 0
    assert {item.unit: item.quantity for item in result.items if item.unit != "request"} == {
        unit: count for unit, count in call.units.items() if count and unit != "request"
    }


@given(CALLS, TERMS, st.data())
@settings(max_examples=300, deadline=None)
def test_one_more_of_anything_never_costs_less(
    call: ACall, terms: Terms, data: st.DataObject
) -> None:
    unit = data.draw(st.sampled_from(sorted(call.units)))
    more = {**call.units, unit: call.units[unit] + data.draw(st.integers(1, 1_000_000))}
    book = BOOK.under(terms)

    before, after = call.priced(book), call._replace(units=more).priced(book)

    if before.cost_usd is not None and after.cost_usd is not None:
        assert after.cost_usd >= before.cost_usd


@given(CALLS)
@settings(max_examples=200, deadline=None)
def test_the_same_call_costs_the_same_at_any_hour_of_its_day(call: ACall) -> None:
    midnight = call.at.replace(hour=0, minute=0, second=0, microsecond=0)
    late = midnight + timedelta(hours=23, minutes=59, seconds=59)

    assert call._replace(at=midnight).priced() == call._replace(at=late).priced()


@given(CALLS, TERMS)
@settings(max_examples=300, deadline=None)
def test_an_override_that_is_removed_leaves_nothing_behind(call: ACall, terms: Terms) -> None:
    before = call.priced()
    book = BOOK.under(terms)
    meanwhile = call.priced(book)

    assert call.priced(book.under(LIST_PRICES)) == before
    assert call.priced() == before
    assert call.priced(BOOK.under(terms)) == meanwhile


@given(CALLS, FACTORS)
@settings(max_examples=300, deadline=None)
def test_a_factor_is_on_the_whole_sum_and_a_factor_of_one_is_the_list(
    call: ACall, factor: Decimal
) -> None:
    listed = call.priced()
    same = call.priced(BOOK.under(everywhere("1")))
    other = call.priced(BOOK.under(everywhere(str(factor))))

    assert (same.cost_usd, same.status, same.reason) == (
        listed.cost_usd,
        listed.status,
        listed.reason,
    )
    if listed.cost_usd is not None and other.cost_usd is not None:
        total = Decimal(0)
        for item in listed.items:
            total = add(total, product(item.amount_usd, factor))
        assert other.cost_usd == quantise(total)


@given(st.text(max_size=40), st.text(max_size=60), MOMENTS, st.text(max_size=12))
@settings(max_examples=200, deadline=None)
def test_no_name_makes_pricing_fail(provider: str, model: str, at: datetime, tier: str) -> None:
    usage = Usage({"input": MAX_COUNT, "output": MAX_COUNT})

    result = price(BOOK, provider=provider, model=model, usage=usage, at=at, service_tier=tier)

    assert result.cost_usd is None
    assert result.reason
