"""Cursors are ours or refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotah_server.domain.errors import InvalidInputError
from quotah_server.http.pagination import decode_cursor, encode_cursor


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=4))
def test_a_cursor_leads_back_to_its_place(place: list[str]) -> None:
    assert decode_cursor(encode_cursor(*place), len(place)) == tuple(place)


@given(st.text(max_size=40))
def test_any_other_text_is_refused_or_a_place(text: str) -> None:
    with suppress(InvalidInputError):
        assert len(decode_cursor(text)) == 1


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        decode_cursor(encode_cursor("a", "b"), 1)
