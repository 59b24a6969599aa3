from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from genai_prices import Usage as GenaiUsage
from genai_prices.data import providers as genai_providers

from quotah_server.catalog.aliases import canonical
from quotah_server.catalog.book import Book, encode, load_packaged
from quotah_server.catalog.price import price
from quotah_server.catalog.sentence import sentence
from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.event import LineItem, Price
from quotah_server.domain.usage import Usage

NOON = datetime(2026, 11, 12, 12, tzinfo=UTC)
CHAT = Usage({"input": 86, "cache_read": 1920, "output": 300})


def priced(
    model: str = "gpt-4o", usage: Usage = CHAT, provider: str = "openai", **more: object
) -> Price:
    at = more.pop("at", NOON)
    return price(load_packaged(), provider=provider, model=model, usage=usage, at=at, **more)  # pyright: ignore[reportArgumentType]


def test_a_cost_is_the_sum_of_units_times_rates() -> None:
    result = priced()

    assert result.status == "computed"
    assert result.cost_usd == Decimal("0.005615")
    assert [(i.unit, i.quantity, i.rate_usd, i.per, i.amount_usd) for i in result.items] == [
        ("input", 86, Decimal("2.5"), 1_000_000, Decimal("0.000215")),
        ("cache_read", 1920, Decimal("1.25"), 1_000_000, Decimal("0.0024")),
        ("output", 300, Decimal(10), 1_000_000, Decimal("0.003")),
    ]
    assert result.items[0].rule == "openai/gpt-4o (genai-prices)"


def test_a_line_item_reads_as_a_sentence() -> None:
    cached = priced().items[1]

    assert sentence(cached, load_packaged()) == "1,920 cached input tokens × $1.25 / 1M = $0.0024"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (LineItem("code_container", 2, Decimal("0.03"), 1, Decimal("0.06")),
         "2 code container sessions × $0.03 = $0.06"),
        (LineItem("audio_second", 90, Decimal("0.36"), 3600, Decimal("0.009")),
         "90 seconds of audio × $0.36 / hour = $0.009"),
        (LineItem("new_thing", 7, Decimal(1), 500, Decimal("0.014")), "7 new_thing × $1 / 500 = $0.014"),
    ],
)  # fmt: skip
def test_every_kind_of_unit_reads_as_a_sentence(item: LineItem, said: str) -> None:
    assert sentence(item, load_packaged()) == said


def test_plain_chat_costs_what_the_base_library_says_for_every_model_of_every_provider() -> None:
    at = datetime(2026, 11, 12, 12, tzinfo=UTC)
    compared = 0
    for source, model in [(vendor, m) for vendor in genai_providers for m in vendor.models]:
        prices = model.get_prices(at)
        if prices.input_mtok is None or prices.output_mtok is None:
            continue
        theirs = model.calc_price(
            GenaiUsage(input_tokens=250_000, cache_read_tokens=40_000, output_tokens=1_000),
            source,
            genai_request_timestamp=at,
        )
        name = next(iter(full_ids(model.match)), model.id)
        found = source.find_model(name, all_providers=genai_providers)
        if found is not model or (name.startswith("ft:") and not model.id.startswith("ft:")):
            continue
        ours = priced(
            name,
            Usage({"input": 210_000, "cache_read": 40_000, "output": 1_000}),
            canonical(source.id),
            at=at,
        )
        if any("(https://" in item.rule for item in ours.items):
            continue
        assert ours.cost_usd == theirs.total_price.quantize(Decimal("1e-12")), (source.id, name)
        compared += 1

    assert compared > 2_000


def full_ids(clause: object) -> list[str]:
    if hasattr(clause, "equals"):
        return [clause.equals]
    return [text for part in getattr(clause, "or_", ()) for text in full_ids(part)]


@pytest.mark.parametrize(
    ("model", "usage", "reason"),
    [
        ("gpt-99", CHAT, "no price known for model 'gpt-99' of openai"),
        (None, CHAT, "the model is not known"),
        ("gpt-4o", Usage({"input": 1, "smell": 2}), "no rate known for smell"),
        ("gpt-4o", Usage({"input": 1, "cache_write_1h": 2}), "no rate known for cache_write_1h"),
        ("gpt-4o", Usage(missing=True), "the provider reported no usage"),
        ("gpt-4o", Usage({"input": 1}, flags=("invalid:prompt_tokens",)),
         "the reported usage cannot be trusted: invalid:prompt_tokens"),
        ("gpt-4o", Usage({"input": 1}, flags=("contradiction:total_tokens",)),
         "the reported usage cannot be trusted: contradiction:total_tokens"),
        ("text-embedding-3-small", Usage({"output": 5}), "no rate known for output"),
        ("o1-pro", Usage({"input": 2**40}), "a cost of $164926744.1664 for one call is not believed"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_unpriced_with_its_reason(
    model: str | None, usage: Usage, reason: str
) -> None:
    result = priced(model, usage)  # pyright: ignore[reportArgumentType]

    assert (result.status, result.cost_usd, result.items) == ("unpriced", None, ())
    assert result.reason == reason


def test_a_unit_counted_zero_times_needs_no_rate() -> None:
    result = priced(usage=Usage({"input": 10, "output": 0, "cache_write_1h": 0, "smell": 0}))

    assert result.cost_usd == Decimal("0.000025")


def test_an_unknown_unit_is_named_beside_the_cost() -> None:
    result = priced(usage=Usage({"input": 10}, flags=("unknown_unit:output.smell_tokens",)))

    assert result.cost_usd == Decimal("0.000025")
    assert result.reason == "usage holds a unit we do not know: output.smell_tokens"


def test_estimated_counts_make_an_estimated_cost() -> None:
    result = priced(usage=Usage({"input": 10, "output": 1}, estimated=True))

    assert result.status == "estimated"
    assert result.cost_usd == Decimal("0.000035")


def test_a_call_that_is_not_billed_costs_nothing_and_says_so() -> None:
    result = priced("gpt-99", Usage(missing=True, flags=("not_billed",)))

    assert (result.status, result.cost_usd) == ("computed", Decimal(0))
    assert result.reason == "the provider does not bill this call"


@pytest.mark.parametrize("tier", ["default", "standard", "auto", "DEFAULT", " ", None])
def test_a_tier_that_is_no_tier_is_billed_as_standard(tier: str | None) -> None:
    assert priced("gpt-5", service_tier=tier).cost_usd == priced("gpt-5").cost_usd


@pytest.mark.parametrize(
    ("model", "tier", "day", "said"),
    [
        ("gpt-5", "scale", NOON, "no scale rate known for gpt-5 on 2026-11-12"),
        ("gpt-4o", "flex", NOON, "no flex rate known for gpt-4o on 2026-11-12"),
        ("gpt-5", "priority", datetime(2025, 6, 1, tzinfo=UTC),
         "no priority rate known for gpt-5 on 2025-06-01"),
    ],
)  # fmt: skip
def test_a_tier_without_a_rate_is_unpriced_and_never_billed_as_standard(
    model: str, tier: str, day: datetime, said: str
) -> None:
    result = priced(model, service_tier=tier, at=day)

    assert result.cost_usd is None
    assert result.reason == said


@pytest.mark.parametrize("tier", ["provisioned_throughput", "PROVISIONED", "provisioned"])
def test_provisioned_throughput_has_no_price_by_the_call(tier: str) -> None:
    result = priced("gpt-5", service_tier=tier)

    assert (result.status, result.cost_usd) == ("unpriced", None)
    assert result.reason == (
        "provisioned throughput is billed by the hour: set a price for this deployment"
    )


def test_a_reason_cites_no_more_than_a_few_words_of_what_it_was_told() -> None:
    result = priced("gpt-5", service_tier="x" * 10_000)

    assert result.reason == f"no {'x' * 40} rate known for gpt-5 on 2026-11-12"


def test_a_service_tier_of_batch_is_batch_processing() -> None:
    by_tier = priced("gpt-5", service_tier="batch")
    by_processing = priced("gpt-5", extras={"processing": "batch"})

    assert by_tier.cost_usd == by_processing.cost_usd
    assert by_tier.items[0].rule.startswith("openai/gpt-5#batch (https://")


@pytest.mark.parametrize(
    ("total", "rate"), [(272_000, "5"), (272_001, "10"), (0, "5"), (1_000_000, "10")]
)
def test_the_long_context_edge_is_a_cliff_over_the_whole_request(total: int, rate: str) -> None:
    usage = Usage({"input": total // 2, "cache_read": total - total // 2, "output": 10})

    result = priced("gpt-5.5", usage)

    rates = {item.unit: item.rate_usd for item in result.items}
    assert rates["output"] == Decimal(rate) * (Decimal(6) if rate == "5" else Decimal("4.5"))
    assert rates.get("input", Decimal(rate)) == Decimal(rate)
    assert rates.get("cache_read", Decimal(rate) / 10) == Decimal(rate) / 10


@pytest.mark.parametrize(
    ("moment", "rate"),
    [
        (datetime(2026, 8, 20, 23, 59, 59, 999_999, tzinfo=UTC), "5"),
        (datetime(2026, 8, 21, tzinfo=UTC), "4"),
        (datetime(2026, 8, 20, 20, tzinfo=timezone(timedelta(hours=-5))), "4"),
        (datetime(2020, 1, 1, tzinfo=UTC), "5"),
    ],
)
def test_a_price_changes_at_midnight_utc(moment: datetime, rate: str) -> None:
    result = priced("gpt-5.6-sol", Usage({"input": 1_000_000 // 10}), at=moment)

    assert result.items[0].rate_usd == Decimal(rate)


@pytest.mark.parametrize(
    ("clock", "rate"),
    [("00:59:59", "0.15"), ("01:00:00", "0.3"), ("03:59:59", "0.3"), ("04:00:00", "0.15")],
)
def test_a_daily_window_holds_from_its_first_second_to_before_its_last(
    clock: str, rate: str
) -> None:
    moment = datetime.fromisoformat(f"2026-11-12T{clock}Z")

    result = priced("deepseek-flash", Usage({"input": 1000}), "deepseek", at=moment)

    assert result.items[0].rate_usd == Decimal(rate)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(InvalidInputError) as refused:
        priced(at=datetime(2026, 11, 12))  # noqa: DTZ001 - that is the point

    assert refused.value.field == "at"


def test_reasoning_is_billed_as_output_where_it_has_no_rate_of_its_own() -> None:
    result = priced("o3", Usage({"input": 0, "output": 64, "reasoning": 1984}))

    assert [item.unit for item in result.items] == ["output", "reasoning"]
    assert result.cost_usd == Decimal("0.016384")
    assert result.items[1].rule == "openai/o3 (genai-prices) as output"


def test_a_model_with_a_fee_per_request_is_charged_one_request() -> None:
    result = priced("sonar", Usage({"input": 1000, "output": 0}), "perplexity")

    assert [(i.unit, i.quantity) for i in result.items if i.unit == "request"] == [("request", 1)]


@pytest.mark.parametrize("extras", [{"base_url": "https://[broken"}, {"speed": 7}, {"tools": {}}])
def test_odd_extras_do_no_harm(extras: dict[str, object]) -> None:
    assert priced("gpt-5.5", extras=extras).cost_usd == priced("gpt-5.5").cost_usd


@pytest.mark.parametrize(
    ("said", "cost"),
    [("0.00061875", "0.00061875"), (Decimal("0.5"), "0.5"), ("-1", None), ("NaN", None),
     ("Infinity", None), ("much", None), ([], None), ("1000000", None)],
)  # fmt: skip
def test_a_reported_cost_counts_only_where_the_provider_bills_it(
    said: object, cost: str | None
) -> None:
    trusting = Book(
        encode(load_packaged()).replace(
            b'{"provider":"openrouter"}', b'{"provider":"openrouter","trusts_reported_cost":true}'
        )
    )

    result = price(
        trusting, provider="openrouter", model="nobody/nothing", usage=CHAT, at=NOON,
        extras={"reported_cost_usd": said},
    )  # fmt: skip
    elsewhere = priced(extras={"reported_cost_usd": said})

    assert result.cost_usd == (None if cost is None else Decimal(cost))
    assert result.status == ("unpriced" if cost is None else "reported")
    assert elsewhere.status == "computed"


def test_prices_of_days_are_kept_apart() -> None:
    book = Book(encode(load_packaged()))
    start = date(2026, 8, 1)
    days = [datetime(start.year, start.month, d, 12, tzinfo=UTC) for d in range(1, 32)]

    rates = [
        price(book, provider="openai", model="gpt-5.6-sol", usage=CHAT, at=d).items[0].rate_usd
        for d in (*days, *days)
    ]

    assert rates == [Decimal(5)] * 20 + [Decimal(4)] * 11 + [Decimal(5)] * 20 + [Decimal(4)] * 11
