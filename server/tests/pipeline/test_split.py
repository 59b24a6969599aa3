"""The five parts of a cost make up the cost, to the last digit."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotah_server.domain.event import CostSplit, LineItem, Price
from quotah_server.domain.money import add, quantise, share
from quotah_server.domain.usage import INPUT_UNITS, OUTPUT_UNITS
from quotah_server.pipeline.split import split_of

NONE = Decimal(0)
_UNITS = (*INPUT_UNITS, *OUTPUT_UNITS, "web_search", "request", "audio_second")


def priced(*items: tuple[str, str]) -> Price:
    """A price whose items are (unit, amount)."""
    lines = tuple(LineItem(unit, 1, Decimal(amount), 1, Decimal(amount)) for unit, amount in items)
    total = NONE
    for line in lines:
        total = add(total, line.amount_usd)
    return Price("computed", quantise(total), lines, "v")


@pytest.mark.parametrize(
    ("unit", "part"),
    [
        ("input", "input"), ("input_audio", "input"), ("input_image", "input"),
        ("input_video", "input"), ("cache_read", "cache_read"), ("cache_read_audio", "cache_read"),
        ("cache_write_5m", "cache_write"), ("cache_write_30m", "cache_write"),
        ("cache_write_1h", "cache_write"), ("cache_write_12h", "cache_write"),
        ("output", "output"), ("reasoning", "output"), ("output_image", "output"),
        ("web_search", "other"), ("request", "other"), ("audio_second", "other"),
        ("something_new", "other"),
    ],
)  # fmt: skip
def test_every_unit_belongs_to_one_part(unit: str, part: str) -> None:
    split = split_of(priced((unit, "0.25")))
    assert split == CostSplit(**{part: Decimal("0.25")})


def test_parts_add_up_their_units() -> None:
    split = split_of(
        priced(("input", "1"), ("input_audio", "2"), ("output", "4"), ("reasoning", "8"))
    )
    assert split == CostSplit(input=Decimal(3), output=Decimal(12))


def test_what_rounding_leaves_over_goes_to_the_largest_part() -> None:
    price = priced(("input", "0.0000000000004"), ("output", "0.0000000000054"))
    assert price.cost_usd == Decimal("0.000000000006")
    assert split_of(price) == CostSplit(output=Decimal("0.000000000006"))


def test_a_cost_that_the_provider_named_is_other() -> None:
    items = priced(("input", "0.25")).items
    assert split_of(Price("reported", Decimal("0.3"), items, "v")) == CostSplit(
        other=Decimal("0.3")
    )


def test_no_cost_has_no_parts_and_a_cost_of_nothing_has_five_of_nothing() -> None:
    assert split_of(Price("unpriced", None, (), "v")) is None
    assert split_of(Price("computed", Decimal(0), (), "v")) == CostSplit()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(_UNITS),
            st.integers(0, 10**7),
            st.decimals(0, 1000, places=8, allow_nan=False),
            st.sampled_from((1, 3, 1000, 3600, 1_000_000)),
        ),
        max_size=12,
    )
)
def test_the_parts_of_any_cost_make_up_that_cost(
    found: list[tuple[str, int, Decimal, int]],
) -> None:
    items = tuple(
        LineItem(unit, quantity, rate, per, share(rate, quantity, per))
        for unit, quantity, rate, per in found
    )
    total = NONE
    for item in items:
        total = add(total, item.amount_usd)
    price = Price("computed", quantise(total), items, "v")

    split = split_of(price)

    assert split is not None
    parts = [split.input, split.cache_read, split.cache_write, split.output, split.other]
    assert sum(parts) == price.cost_usd
    assert all(part >= 0 and part == quantise(part) for part in parts)
