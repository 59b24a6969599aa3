"""Patches against newer data: what still fits is applied, what was overtaken is left out."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from quotah_server.catalog.book import Match, Model, Period, Unit
from quotah_server.catalog.overtaken import still_needed
from quotah_server.catalog.patch import AddedModel, AddedRates, Patch, Patches
from quotah_server.catalog.patching import patched

SOURCE = "https://example.com/pricing"
WANTED = AddedRates(models="m", rates={"output": Decimal(5)}, source=SOURCE)
OVERTAKEN = AddedRates(models="gone", rates={"output": Decimal(5)}, source=SOURCE)
KNOWN = AddedModel(model="m", rates={"input": Decimal(9)}, source=SOURCE)
NEW = AddedModel(model="n", rates={"input": Decimal(9)}, source=SOURCE)


def base() -> dict[str, list[Model]]:
    return {"p": [Model("p", "m", Match(equals=("m",)), (Period({"input": Decimal(1)}),))]}


def patches(**entries: object) -> Patches:
    unit = Unit("input", 1_000_000, "input tokens", True)
    return Patches((unit,), (), (msgspec.structs.replace(Patch(provider="p"), **entries),))


def test_patches_that_all_fit_stay_as_they_are() -> None:
    given = patches(added_rates=(WANTED,), added_models=(NEW,))
    assert still_needed(given, base()) == given


def test_entries_that_newer_data_has_overtaken_are_left_out_and_the_rest_stays() -> None:
    given = patches(added_rates=(OVERTAKEN, WANTED), added_models=(KNOWN, NEW))
    with pytest.raises(ValueError, match="in the base book"):
        patched(given, base())
    found = still_needed(given, base())
    assert found == patches(added_rates=(WANTED,), added_models=(NEW,))
    models = {model.model: model for model in patched(found, base())}
    assert models["m"].periods[0].rates == {"input": Decimal(1), "output": Decimal(5)}
    assert models["n"].periods[0].rates == {"input": Decimal(9)}


def test_of_entries_with_one_complaint_each_is_tried_by_itself() -> None:
    given = patches(added_rates=(OVERTAKEN, OVERTAKEN, WANTED))
    assert still_needed(given, base()).patches[0].added_rates == (WANTED,)


def test_a_provider_that_the_data_does_not_know_any_more_keeps_its_own_models() -> None:
    given = patches(added_rates=(WANTED,), added_models=(NEW,))
    (patch,) = still_needed(given, {}).patches
    assert (patch.added_rates, patch.added_models) == ((), (NEW,))
