"""An answer from the cache: it costs nothing, counts no tokens, and says what it saved, today and later."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from pipeline.test_record import call
from pipeline.test_reprice import DEAR, WHO, through_the_store

from quotah_server.catalog.book import load_packaged
from quotah_server.domain.event import PricedEvent
from quotah_server.pipeline.record import FROM_CACHE, record
from quotah_server.pipeline.reprice import Stored, again, explained
from quotah_server.store.events.base import Repriced
from quotah_server.store.events.memory import MemoryEventStore

COST = Decimal("0.005615")


def cached(**fields: Any) -> PricedEvent:
    told = call(event_id="0" * 31 + "1", attribution=WHO, from_cache=True, **fields)
    return record(told, load_packaged())


def test_it_costs_nothing_and_saves_what_the_same_usage_costs() -> None:
    event = cached()
    assert (event.cost_usd, event.cost_status, event.cost_reason) == (0, "computed", FROM_CACHE)
    assert event.saved_usd == COST
    assert event.usage.units == {}
    assert event.usage.input_tokens is None
    assert event.price_version == load_packaged().version


def test_one_that_was_bought_saves_nothing() -> None:
    event = record(call(attribution=WHO), load_packaged())
    assert (event.cost_usd, event.saved_usd) == (COST, None)


def test_what_an_unknown_model_would_have_cost_is_not_known() -> None:
    event = cached(model_response="nobody-knows", model_requested="nobody-knows")
    assert (event.cost_usd, event.cost_status, event.saved_usd) == (0, "computed", None)


def test_it_survives_its_journey_unchanged() -> None:
    event = cached(route_id="r" * 32, credential_id="c" * 32)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(event), type=PricedEvent) == event


def test_the_row_says_all_of_it() -> None:
    store = MemoryEventStore()
    store.append([cached(route_id="r" * 32)])
    row = store.query(
        "SELECT cost, saved, from_cache, route_id, credential_id, input_tokens, output_tokens,"
        " cost_input, cost_other, raw_usage IS NOT NULL FROM events"
    ).rows
    store.close()
    assert row == [(0, COST, True, "r" * 32, None, None, None, 0, 0, True)]


def test_by_the_same_book_nothing_changes() -> None:
    assert again(through_the_store(cached()), load_packaged()) is None


def test_priced_again_it_saves_more_and_still_costs_nothing() -> None:
    dear = load_packaged().under(DEAR)
    found = again(through_the_store(cached()), dear)
    assert found is not None
    assert (found.cost_usd, found.cost_status, found.cost_reason) == (0, "computed", FROM_CACHE)
    assert found.saved_usd == 3 * COST
    assert found.price_version == dear.version


def test_the_control_that_was_bought_costs_more_then() -> None:
    bought = record(call(event_id="0" * 31 + "1", attribution=WHO), load_packaged())
    found = again(through_the_store(bought), load_packaged().under(DEAR))
    assert found is not None
    assert (found.cost_usd, found.saved_usd) == (3 * COST, None)


def test_applied_it_changes_what_was_saved_and_no_sum_of_costs() -> None:
    store = MemoryEventStore()
    store.append([cached()])
    (row,) = store.query(f"SELECT {', '.join(Stored._fields)} FROM events").rows
    changed = again(Stored(*row), load_packaged().under(DEAR))
    assert isinstance(changed, Repriced)
    assert store.reprice([changed], "r1") == 1
    assert store.query("SELECT cost, saved, revision FROM events").rows == [(0, 3 * COST, 1)]
    assert store.corrections(0, 10) == []
    store.close()


def test_without_the_providers_words_what_was_saved_stands() -> None:
    stored = through_the_store(cached())._replace(raw_usage=None)
    assert again(stored, load_packaged().under(DEAR)) is None


def test_what_it_saved_is_explained_line_by_line() -> None:
    price = explained(through_the_store(cached()), load_packaged())
    assert price is not None
    assert sum(item.amount_usd for item in price.items) == COST


def test_an_amount_saved_that_nobody_believes_is_set_aside() -> None:
    store = MemoryEventStore()
    event = msgspec.structs.replace(cached(), saved_usd=Decimal(10_000_000))
    result = store.append([event])
    store.close()
    assert "saved_usd" in result.rejected[event.call.event_id]
