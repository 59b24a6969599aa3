"""What billed calls teach."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotah_server.tokens.learn import (
    GREATEST_FACTOR,
    KEPT_PAIRS,
    LEAST_FACTOR,
    LEAST_PAIRS,
    MOST_KEYS,
    Learner,
)

KEY = ("ws", "claude-opus-4-7")


def taught(*pairs: tuple[int, int], key: tuple[str, str] = KEY) -> Learner:
    learner = Learner()
    for estimated, billed in pairs:
        learner.add(key, estimated, billed)
    return learner


def test_a_factor_is_learnt_after_enough_pairs() -> None:
    assert taught(*[(100, 150)] * (LEAST_PAIRS - 1)).factor(KEY) is None
    assert taught(*[(100, 150)] * LEAST_PAIRS).factor(KEY) == 1.5


def test_workspaces_and_models_learn_apart() -> None:
    learner = taught(*[(100, 150)] * LEAST_PAIRS)
    assert learner.factor(("other", KEY[1])) is None
    assert learner.factor((KEY[0], "other")) is None


def test_a_few_odd_calls_move_nothing() -> None:
    assert taught(*[(100, 150)] * LEAST_PAIRS, *[(1, 100_000)] * 15).factor(KEY) == 1.5


def test_what_was_long_ago_is_forgotten() -> None:
    assert taught(*[(100, 150)] * 500, *[(100, 120)] * KEPT_PAIRS).factor(KEY) == 1.2


@pytest.mark.parametrize(("billed", "factor"), [(1, LEAST_FACTOR), (10_000, GREATEST_FACTOR)])
def test_a_factor_is_bounded(billed: int, factor: float) -> None:
    assert taught(*[(100, billed)] * LEAST_PAIRS).factor(KEY) == factor


def test_zeros_teach_nothing() -> None:
    assert len(taught((0, 5), (5, 0), (-1, 5))) == 0


def test_the_keys_taught_longest_ago_are_forgotten() -> None:
    learner = taught(*[(100, 150)] * LEAST_PAIRS)
    for number in range(MOST_KEYS - 1):
        learner.add(("ws", str(number)), 1, 1)
    learner.add(KEY, 100, 150)
    learner.add(("ws", "one more"), 1, 1)
    assert len(learner) == MOST_KEYS
    assert learner.factor(KEY) == 1.5
    assert ("ws", "0") not in learner._ratios


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b"]), st.integers(1, 10**6), st.integers(1, 10**6)),
        max_size=120,
    )
)
def test_a_learner_is_restored_as_it_was(pairs: list[tuple[str, int, int]]) -> None:
    learner = Learner()
    for model, estimated, billed in pairs:
        learner.add(("ws", model), estimated, billed)
    again = Learner.restored(learner.state())
    assert again.state() == learner.state()
    for model in "ab":
        factor = learner.factor(("ws", model))
        assert again.factor(("ws", model)) == factor
        assert factor is None or LEAST_FACTOR <= factor <= GREATEST_FACTOR


@pytest.mark.parametrize("state", [b"", b"{}", b"[1]", b'[{"workspace":1}]', b"\xff"])
def test_what_is_no_state_is_refused(state: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        Learner.restored(state)


def test_a_key_is_full_when_its_oldest_pair_must_go() -> None:
    assert not Learner().is_full(KEY)
    assert not taught(*[(100, 150)] * (KEPT_PAIRS - 1)).is_full(KEY)
    assert taught(*[(100, 150)] * KEPT_PAIRS).is_full(KEY)
