"""Streams of JSON objects: cut where they end, in any chunks, in bounded memory."""

from __future__ import annotations

import json
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.gateway.json_tee import JsonTee

_VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=12) | st.sampled_from(['"', "\\", "{", "}\\"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
_OBJECTS = st.lists(st.dictionaries(st.text(max_size=4), _VALUES, max_size=3), max_size=5)


def cut(data: bytes, at: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in at)})
    return [data[a:b] for a, b in pairwise(places)]


@settings(max_examples=2000, deadline=None)
@given(
    _OBJECTS,
    st.sampled_from(["array", "pretty", "lines", "unicode"]),
    st.lists(st.integers(min_value=0), max_size=20),
)
def test_every_object_is_found_whole_however_the_stream_is_cut(
    objects: list[dict[str, object]], way: str, places: list[int]
) -> None:
    match way:
        case "lines":
            text = "\r\n".join(json.dumps(one) for one in objects)
        case "pretty":
            text = "[" + "\n,\r\n".join(json.dumps(one, indent=2) for one in objects) + "]"
        case _:
            text = json.dumps(objects, ensure_ascii=way == "array")
    data = (
        text.encode("utf-8", "surrogatepass") if way != "unicode" else text.encode(errors="replace")
    )
    found: list[bytes] = []
    tee = JsonTee((b"",), found.append)

    out = [tee.feed(chunk) for chunk in cut(data, places)]

    assert b"".join(out) == data
    assert tee.finish() == b""
    expected = msgspec.json.decode(data) if way != "lines" else objects
    assert [msgspec.json.decode(one) for one in found] == expected


@given(st.binary(max_size=300), st.lists(st.integers(min_value=0), max_size=5))
def test_any_bytes_pass_on_as_they_came(data: bytes, places: list[int]) -> None:
    tee = JsonTee((), lambda _: None)

    assert b"".join(tee.feed(chunk) for chunk in cut(data, places)) == data


def test_the_first_object_and_those_with_a_needle_are_read() -> None:
    found: list[bytes] = []
    tee = JsonTee((b'"usage"',), found.append)

    tee.feed(b'[{"a":1},{"b":2}\n,{"usage":3}]')

    assert found == [b'{"a":1}', b'{"usage":3}']


def test_an_object_beyond_the_bound_is_neither_held_nor_read_and_the_next_one_is() -> None:
    found: list[bytes] = []
    tee = JsonTee((b"",), found.append, max_object=1000)
    held = 0

    for chunk in (b'[{"image":"', *[b"x" * 400] * 50, b'"}', b',{"usage":1}]'):
        tee.feed(chunk)
        held = max(held, tee.held)

    assert found == [b'{"usage":1}']
    assert held <= 1000
