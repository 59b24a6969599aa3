"""Patterns of models mean what the regular expression says that they stand for, in bounded time."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from quotah_server.domain.routing import model_allowed


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
@example("a*a", "a")
@example("*", "")
@example("a*b*", "ab")
@settings(max_examples=1500, deadline=None)
def test_a_star_stands_for_any_text(pattern: str, name: str) -> None:
    wanted = re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL).fullmatch(name)
    assert model_allowed((pattern,), name) is (wanted is not None)


def test_a_pattern_of_many_stars_takes_no_longer_than_the_name_is_long() -> None:
    """By a backtracking search this would not end today."""
    assert not model_allowed(("*a" * 40 + "*b",), "a" * 5000)
