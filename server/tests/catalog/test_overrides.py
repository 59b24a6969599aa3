"""What a workspace set by itself, and which of several counts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from catalog.books import NOON, at, book_of, model, priced, rates

from quotah_server.catalog.book import Book, Period, Provider, Tiered, Variant, load_packaged
from quotah_server.catalog.overrides import check_override, touched
from quotah_server.catalog.price import price
from quotah_server.catalog.terms import LIST_PRICES, Override, Terms
from quotah_server.domain.usage import InnerUsage, Usage

MILLION = 1_000_000
LIST = Period({**rates(input="2", cache_read="0.5", output="8", web_search="10")})
BOOK = book_of(
    model("m", LIST, variants=(Variant({"processing": "batch"}, rates(input="1", output="4")),)),
    model("m-large", Period(rates(input="20"))),
    providers=(Provider("acme", trusts_reported_cost=True), Provider("other")),
)
CALL = {"input": MILLION, "cache_read": MILLION, "output": MILLION, "reasoning": MILLION}


def under(*overrides: Override, trust: dict[str, bool] | None = None) -> Book:
    return BOOK.under(Terms(overrides, trust or {}))


def own(
    override_id: str = "o1", model: str = "m", provider: str = "acme", **more: object
) -> Override:
    if "factor" not in more and "rates" not in more:
        more["rates"] = rates(input="3", output="5")
    return Override(override_id, provider, model, **more)  # pyright: ignore[reportArgumentType]


def test_own_rates_replace_all_rates_of_the_book() -> None:
    result = priced(under(own()), CALL, extras={"processing": "batch"})

    assert [(i.unit, i.rate_usd, i.rule) for i in result.items] == [
        ("input", 3, "override o1"),
        ("cache_read", 3, "override o1 as input"),
        ("output", 5, "override o1"),
        ("reasoning", 5, "override o1 as output"),
    ]
    assert (result.status, result.cost_usd) == ("computed", Decimal(16))


def test_a_unit_that_own_rates_do_not_name_leaves_the_call_unpriced() -> None:
    result = priced(under(own()), {"input": 1, "web_search": 2})

    assert (result.status, result.cost_usd) == ("unpriced", None)
    assert result.reason == "no rate known for web_search in override o1"


def test_own_rates_price_a_model_that_the_book_does_not_know() -> None:
    book = under(own(model="my-llama", provider="self-hosted"))

    result = priced(book, {"input": MILLION}, name="my-llama", provider="self-hosted")

    assert result.cost_usd == 3


def test_own_rates_for_all_models_price_a_call_whose_model_is_not_told() -> None:
    call = {"provider": "acme", "usage": Usage({"input": MILLION}), "at": NOON}

    assert price(under(own(model="*")), model=None, **call).cost_usd == 3
    assert price(under(own()), model=None, **call).reason == "the model is not known"


def test_a_fee_per_request_is_charged_once_a_call() -> None:
    result = priced(under(own(rates=rates(input="1", request="5"))), {"input": MILLION})

    assert [(i.unit, i.quantity) for i in result.items] == [("input", MILLION), ("request", 1)]
    assert result.cost_usd == Decimal("1.005")


def test_a_factor_is_on_every_amount_of_the_list_exactly() -> None:
    result = priced(under(own(factor=Decimal("0.85"))), {"input": 3, "web_search": 1})

    assert [(i.rate_usd, i.rule) for i in result.items] == [
        (Decimal("1.7"), "acme/m (genai-prices) ×0.85 override o1"),
        (Decimal("8.5"), "acme/m (genai-prices) ×0.85 override o1"),
    ]
    assert result.cost_usd == Decimal("0.0085051")


def test_a_factor_is_on_batch_and_long_context_rates_too() -> None:
    tiered = Tiered(Decimal(2), {100: Decimal(4)})
    book = book_of(model("m", Period({"input": tiered}))).under(
        Terms((own(factor=Decimal("0.5")),))
    )

    assert priced(book, {"input": 100}).items[0].rate_usd == 1
    assert priced(book, {"input": 101}).items[0].rate_usd == 2
    assert priced(
        under(own(factor=Decimal("0.5"))), {"input": MILLION}, extras={"processing": "batch"}
    ).cost_usd == Decimal("0.5")


def test_a_factor_invents_no_price() -> None:
    result = priced(under(own(factor=Decimal("0.5"), model="*")), {"input": 1}, name="unheard")

    assert result.reason == "no price known for model 'unheard' of acme"


def test_a_factor_is_on_a_cost_that_the_provider_named() -> None:
    said = {"reported_cost_usd": "0.0123"}

    result = priced(under(own(factor=Decimal("0.9"))), CALL, extras=said)

    assert (result.status, result.cost_usd) == ("reported", Decimal("0.01107"))
    assert result.reason == "the provider named $0.0123 ×0.9 override o1"


def test_own_rates_count_before_a_cost_that_the_provider_named() -> None:
    result = priced(under(own()), {"input": MILLION}, extras={"reported_cost_usd": "0.5"})

    assert (result.status, result.cost_usd) == ("computed", Decimal(3))


def test_a_factor_cannot_lift_a_cost_beyond_belief() -> None:
    result = priced(
        under(own(factor=Decimal(10))), {"input": 1}, extras={"reported_cost_usd": "999999"}
    )

    assert result.reason == "a cost of $9999990 for one call is not believed"


@pytest.mark.parametrize(
    ("trust", "provider", "status"),
    [
        (None, "acme", "reported"),
        ({"acme": False}, "acme", "computed"),
        ({"acme": True}, "acme", "reported"),
        (None, "other", "unpriced"),
        ({"other": True}, "other", "reported"),
        ({"newcomer": True}, "newcomer", "reported"),
    ],
)
def test_a_workspace_decides_whom_it_trusts_to_name_a_cost(
    trust: dict[str, bool] | None, provider: str, status: str
) -> None:
    said = {"reported_cost_usd": "0.5"}

    assert priced(under(trust=trust), {"input": 1}, provider=provider, extras=said).status == status


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        (own("a", model="*", provider="*"), own("b", model="*")),
        (own("a", model="*"), own("b", model="m*")),
        (own("b", model="m*"), own("a", model="m-l*")),
        (own("b", model="m-l*"), own("a", model="m-large")),
        (own("b", model="m-large"), own("a", model="*", deployment="prod")),
        (own("b", model="m-large", deployment="prod"), own("a", model="*", project_id="p1")),
        (own("b", model="m-large", provider="*"), own("a", model="m-large")),
        (own("b", model="m-large"), own("a", model="m-large", from_=at("2026-01-01 00:00"))),
        (
            own("b", model="m-large", from_=at("2026-01-01 00:00")),
            own("a", model="m-large", from_=at("2026-02-01 00:00")),
        ),
    ],
)
def test_the_narrowest_override_counts(wide: Override, narrow: Override) -> None:
    for both in ((wide, narrow), (narrow, wide)):
        result = priced(
            under(*both), {"input": 1}, name="m-large", project_id="p1", deployment="Prod"
        )

        assert result.items[0].rule == f"override {narrow.override_id}"


@pytest.mark.parametrize(
    ("override", "call"),
    [
        (own(project_id="p1"), {}),
        (own(project_id="p1"), {"project_id": "p2"}),
        (own(deployment="prod"), {}),
        (own(deployment="prod"), {"deployment": "test"}),
        (own(provider="other"), {}),
        (own(model="m-large"), {}),
        (own(model="m-*"), {}),
        (
            own(from_=at("2026-11-12 12:00"), until=at("2026-11-12 13:00")),
            {"at": at("2026-11-12 11:59")},
        ),
        (own(until=at("2026-11-12 12:00")), {"at": at("2026-11-12 12:00")}),
    ],
)
def test_an_override_leaves_all_else_alone(override: Override, call: dict[str, object]) -> None:
    moment = call.pop("at", NOON)

    result = priced(under(override), {"input": MILLION}, moment, **call)  # pyright: ignore[reportArgumentType]

    assert result.cost_usd == 2


@pytest.mark.parametrize(
    "override",
    [
        own(model="M"), own(model=" models/m "), own(model="asked-for"), own(model="asked*"),
        own(provider="*"), own(project_id="p1"), own(deployment=" ASKED-FOR"),
        own(from_=at("2026-11-12 12:00"), until=at("2026-11-12 12:01")),
    ],
)  # fmt: skip
def test_an_override_reaches_what_it_names(override: Override) -> None:
    result = priced(under(override), {"input": MILLION}, project_id="p1", deployment="asked-for")

    assert result.cost_usd == 3


def test_an_override_of_a_books_model_reaches_its_snapshots() -> None:
    terms = Terms((own(model="claude-sonnet-4-5", provider="anthropic"),))

    result = price(
        load_packaged().under(terms), provider="anthropic", model="claude-sonnet-4-5-20250929",
        usage=Usage({"input": MILLION}), at=NOON,
    )  # fmt: skip

    assert result.items[0].rule == "override o1"


def test_an_override_may_call_a_provider_by_another_of_its_names() -> None:
    book = book_of(model("m", LIST, provider="gemini")).under(Terms((own(provider="Google"),)))

    assert priced(book, {"input": MILLION}, provider="gemini").cost_usd == 3
    assert [m.model for m in touched(book, own(provider="Google"))] == ["m"]


def test_each_inner_call_falls_under_its_own_override() -> None:
    usage = Usage(
        {"input": 3 * MILLION},
        inner=(InnerUsage({"input": MILLION}), InnerUsage({"input": MILLION}, "m-large")),
    )

    result = priced(
        under(own("small"), own("large", model="m-large", factor=Decimal("0.5"))), {}, usage=usage
    )

    assert [(i.rate_usd, i.model, i.rule) for i in result.items] == [
        (3, "", "override small"),
        (10, "m-large", "acme/m-large (genai-prices) ×0.5 override large"),
        (3, "", "override small"),
    ]


def test_a_book_under_terms_has_a_version_of_its_own() -> None:
    terms = Terms((own(),))

    assert BOOK.under(terms).version == BOOK.under(msgspec.structs.replace(terms)).version
    assert BOOK.under(terms).version != BOOK.version
    assert BOOK.under(terms).under(LIST_PRICES) is BOOK
    assert priced(BOOK.under(terms), {"input": 1}).price_version == BOOK.under(terms).version


def test_terms_of_one_workspace_are_not_seen_by_another() -> None:
    one = under(own())
    other = under(own(factor=Decimal("0.5")))

    costs = [
        priced(book, {"input": MILLION}).cost_usd for book in (one, other, BOOK, one, other, BOOK)
    ]

    assert costs == [3, 1, 2] * 2


@pytest.mark.parametrize(
    ("override", "models"),
    [
        (own(model="*"), ["m", "m-large"]),
        (own(model="*", provider="*"), ["m", "m-large"]),
        (own(model="M-*"), ["m-large"]),
        (own(model="m"), ["m"]),
        (own(model="unheard"), []),
        (own(model="*", provider="nobody"), []),
    ],
)
def test_it_is_told_which_models_an_override_touches(override: Override, models: list[str]) -> None:
    assert [model.model for model in touched(BOOK, override)] == models


def test_an_override_touches_the_model_that_its_id_means() -> None:
    override = own(model="claude-sonnet-4-5-20250929", provider="anthropic")

    assert [m.model for m in touched(load_packaged(), override)] == ["claude-sonnet-4-5"]


FINE = own()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": " "}, "model"), ({"model": ""}, "model"), ({"model": "a*b"}, "model"),
        ({"model": "m" * 201}, "model"), ({"provider": ""}, "provider"),
        ({"provider": "ac*"}, "provider"), ({"deployment": " "}, "deployment"),
        ({"project_id": ""}, "project_id"),
        ({"rates": None}, "rates"), ({"factor": Decimal(1)}, "rates"), ({"rates": {}}, "rates"),
        ({"rates": {"smell": Decimal(1)}}, "rates.smell"),
        ({"rates": {"input": Decimal(-1)}}, "rates.input"),
        ({"rates": {"input": Decimal("NaN")}}, "rates.input"),
        ({"rates": {"input": Decimal("sNaN")}}, "rates.input"),
        ({"rates": {"input": Decimal("Infinity")}}, "rates.input"),
        ({"rates": {"input": Decimal("1000000.01")}}, "rates.input"),
        ({"rates": {"input": Decimal("1e-19")}}, "rates.input"),
        ({"rates": {"input": Decimal("1e999999")}}, "rates.input"),
        ({"rates": None, "factor": Decimal(0)}, "factor"),
        ({"rates": None, "factor": Decimal("-0.5")}, "factor"),
        ({"rates": None, "factor": Decimal("10.1")}, "factor"),
        ({"rates": None, "factor": Decimal("NaN")}, "factor"),
        ({"rates": None, "factor": Decimal("-Infinity")}, "factor"),
        ({"rates": None, "factor": Decimal("1e-20")}, "factor"),
        ({"from_": NOON, "until": NOON}, "until"),
        ({"from_": NOON, "until": at("2020-01-01 00:00")}, "until"),
        ({"from_": datetime(2026, 1, 1)}, "from"),  # noqa: DTZ001 - that is the point
        ({"until": datetime(2026, 1, 1)}, "until"),  # noqa: DTZ001 - that is the point
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_override_is_told_by_its_field(
    change: dict[str, object], field: str
) -> None:
    wrong = check_override(BOOK, msgspec.structs.replace(FINE, **change))

    assert [name for name, _ in wrong] == [field]
    assert all(message for _, message in wrong)


@pytest.mark.parametrize(
    "change",
    [
        {}, {"model": "*"}, {"model": "gpt-*"}, {"provider": "*"}, {"rates": {"input": Decimal(0)}},
        {"rates": {"input": Decimal(1_000_000)}}, {"rates": None, "factor": Decimal(10)},
        {"rates": None, "factor": Decimal("0.000000000000000001")},
        {"from_": NOON, "until": datetime(2027, 1, 1, tzinfo=UTC)},
    ],
)  # fmt: skip
def test_a_sound_override_may_be_set(change: dict[str, object]) -> None:
    assert check_override(BOOK, msgspec.structs.replace(FINE, **change)) == []
