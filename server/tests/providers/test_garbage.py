"""Whatever a provider sends: no exception, no negative count, no count beyond belief.

Names and words are those of the collected samples, so that what is made up comes near to what is sent.
"""

from __future__ import annotations

import json
import math
from copy import deepcopy
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from golden.cases import usage_samples
from golden.reading import read_sample
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.catalog.book import load_packaged
from quotah_server.domain.errors import InvalidInputError
from quotah_server.domain.usage import MAX_COUNT, Usage
from quotah_server.pipeline.price_lines import price_line
from quotah_server.providers.base import Answer, Provider
from quotah_server.providers.registry import PROVIDERS

SAMPLES = usage_samples()
BOOK = load_packaged()
Path = tuple[str | int, ...]


def places(value: object, path: Path = ()) -> list[Path]:
    """Every way into a JSON value."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    found = [(*path, step) for step, _ in inner]
    return found + [way for step, held in inner for way in places(held, (*path, step))]


def words(value: object) -> set[str]:
    """Every short text in a JSON value."""
    if isinstance(value, dict):
        return {word for held in value.values() for word in words(held)}
    if isinstance(value, list):
        return {word for held in value for word in words(held)}
    return {value} if isinstance(value, str) and len(value) < 40 else set()


ANSWERS = {
    name: {
        key: sample[key] for key in ("provider", "endpoint", "response", "events") if key in sample
    }
    for name, sample in SAMPLES.items()
}
PLACES = {
    name: [way for way in places(sample) if way[0] in ("response", "events") and len(way) > 1]
    for name, sample in ANSWERS.items()
}
FIELDS = st.sampled_from(
    sorted({step for ways in PLACES.values() for way in ways for step in way if type(step) is str})
)
READINGS = st.sampled_from(
    [(room, operation) for room in PROVIDERS.values() for operation in sorted(room.reads)]
)
"""Every room with every operation that it reads."""
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.integers(0, 100) | st.floats() | st.decimals()
    | st.text(max_size=6) | st.sampled_from(sorted(words(list(ANSWERS.values()))))
)  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=6),
    max_leaves=12,
)
OBJECTS = st.dictionaries(FIELDS, JSON, max_size=8)


def assert_sane(usage: Usage) -> None:
    counts = [*usage.units.values(), *(n for part in usage.inner for n in part.units.values())]
    assert all(type(count) is int and 0 <= count <= MAX_COUNT for count in counts)
    assert not (usage.missing and usage.units)
    if not usage.units:
        assert usage.missing or any(flag.startswith(UNPRICED) for flag in usage.flags), (
            "costs nothing"
        )


@given(READINGS, OBJECTS | st.none(), OBJECTS)
@settings(max_examples=100, deadline=None)
def test_no_usage_object_breaks_a_room(
    reading: tuple[Provider, str], raw: dict[str, Any] | None, extras: dict[str, Any]
) -> None:
    room, operation = reading

    assert_sane(room.usage(operation, raw, extras))


@given(READINGS, OBJECTS)
@settings(max_examples=100, deadline=None)
def test_no_body_breaks_a_room(reading: tuple[Provider, str], body: dict[str, Any]) -> None:
    room, operation = reading

    answer = room.read_body(operation, body)

    assert_sane(room.usage(operation, answer.usage, answer.extras))


@given(READINGS, st.lists(OBJECTS, max_size=6))
@settings(max_examples=100, deadline=None)
def test_no_stream_breaks_a_room(
    reading: tuple[Provider, str], events: list[dict[str, Any]]
) -> None:
    room, operation = reading
    answer = Answer()
    for event in events:
        room.merge(operation, answer, event)

    assert_sane(room.usage(operation, answer.usage, answer.extras))


UNPRICED = ("invalid:", "contradiction:", "other_model:")
JUNK: tuple[object, ...] = (
    None, True, 0, 1, -1, 5, 2**41, 2**70, 0.5, 17.0, math.nan, math.inf, Decimal("3.5"),
    Decimal("NaN"), Decimal("1E+50"), "", "x", "5", "-5", "error", "{", '{"a": 1}', [], {}, [[]],
    [1, "a", None, {}], {"a": 1}, {"type": []}, [{"type": {}}], {"intValue": "x"},
    [{"key": "a", "value": {"intValue": "5"}}], [{"key": [], "value": 1}],
)  # fmt: skip


def spoilt_sample(chance: Random) -> dict[str, Any]:
    """A real answer in which a few places hold something else, or are gone."""
    name = chance.choice(sorted(name for name, ways in PLACES.items() if ways))
    sample = deepcopy(ANSWERS[name])
    for _ in range(chance.randint(1, 4)):
        junk = deepcopy(chance.choice(JUNK))
        spoil(sample, chance.choice(PLACES[name]), junk, gone=chance.random() < 0.25)
    return sample


def spoil(sample: dict[str, Any], way: Path, value: object, *, gone: bool) -> None:
    """Put a value at a place; one that an earlier change took away is left alone."""
    held: Any = sample
    for step in way[:-1]:
        try:
            held = held[step]
        except (LookupError, TypeError):
            return
    last = way[-1]
    if isinstance(held, dict) and gone:
        held.pop(last, None)
    elif isinstance(held, dict):
        held |= {last: value}
    elif isinstance(held, list) and isinstance(last, int) and last < len(held):
        held[last] = value


@pytest.mark.parametrize("seed", range(4))
def test_no_spoilt_answer_breaks_a_room(seed: int) -> None:
    chance = Random(seed)
    for _ in range(500):
        sample = spoilt_sample(chance)
        try:
            seen = read_sample(sample)
        except InvalidInputError:
            continue
        assert_sane(seen.usage)
        priced = price_line({**sample, "id": seed}, BOOK)
        assert json.dumps(priced)
        assert not str(priced.get("cost_usd")).startswith("-")


@given(READINGS, OBJECTS, OBJECTS)
@settings(max_examples=100, deadline=None)
def test_reading_changes_nothing(
    reading: tuple[Provider, str], raw: dict[str, Any], extras: dict[str, Any]
) -> None:
    room, operation = reading
    before = repr((raw, extras))

    room.usage(operation, raw, extras)
    room.read_body(operation, raw)

    assert repr((raw, extras)) == before
