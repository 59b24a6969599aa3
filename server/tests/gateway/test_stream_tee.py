"""Byte exactness of streams: whatever the provider sends, cut wherever the network likes."""

from __future__ import annotations

from itertools import pairwise

import msgspec
from gateway.wires import CHAT_USAGE, DONE, chat_chunk, usage_chunk
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.gateway.dialects.openai import USAGE_SUSPECT, OpenAIDialect
from quotah_server.gateway.stream import SseTee, data_of, frames
from quotah_server.providers.openai import PROVIDER

ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
WORDS = st.text(alphabet=st.sampled_from(list('aé漢😀 "\\[]{}:usagechoices\u2028')), max_size=12)


@st.composite
def transcripts(draw: st.DrawFn) -> tuple[list[bytes], bytes]:
    """Frames as a provider may send them, and the data of the one that carries usage."""
    found: list[bytes] = []
    end = draw(ENDS)
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["chunk", "comment", "multi", "named", "tight", "empty"]))
        text = draw(WORDS)
        payload = msgspec.json.encode(
            {"id": "c", "choices": [{"index": 0, "delta": {"content": text}}], "usage": None}
        )
        lines = {
            "chunk": [b"data: " + payload],
            "comment": [b": " + text.replace("\u2028", "").encode()],
            "multi": [b"data: {", b'data:"choices":[1]}'],
            "named": [b"event: x", b"id: 7", b"data: " + payload],
            "tight": [b"data:" + payload],
            "empty": [b"data"],
        }[kind]
        found.append(end.join(lines) + end * 2)
    usage = msgspec.json.encode({"id": "c", "model": "m", "choices": [], "usage": CHAT_USAGE})
    found.append(b"data: " + usage + end * 2)
    if draw(st.booleans()):
        found.append(b"data: [DONE]" + end * 2)
    return found, usage


@st.composite
def cuts(draw: st.DrawFn, size: int) -> list[int]:
    if draw(st.booleans()):
        return list(range(size))
    return sorted(draw(st.lists(st.integers(0, size), max_size=12)))


def pieces(block: bytes, at: list[int]) -> list[bytes]:
    bounds = [0, *at, len(block)]
    return [block[a:b] for a, b in pairwise(bounds) if b > a]


def run(tee: SseTee, chunks: list[bytes]) -> bytes:
    return b"".join([*(tee.feed(chunk) for chunk in chunks), tee.finish()])


@settings(max_examples=2000, deadline=None)
@given(st.data())
def test_every_byte_passes_in_any_chunking_and_the_usage_is_seen(data: st.DataObject) -> None:
    found, usage = data.draw(transcripts())
    block = b"".join(found)
    seen: list[bytes] = []
    tee = SseTee(PROVIDER.needles("chat"), seen.append)
    assert run(tee, pieces(block, data.draw(cuts(len(block))))) == block
    assert usage in seen


@settings(max_examples=2000, deadline=None)
@given(st.data())
def test_exactly_the_injected_chunk_is_taken_out_in_any_chunking(data: st.DataObject) -> None:
    found, usage = data.draw(transcripts())
    block = b"".join(found)
    expected = b"".join(frame for frame in found if data_of(frame) != usage)
    seen: list[bytes] = []
    tee = SseTee(
        PROVIDER.needles("chat"), seen.append,
        is_injected=OpenAIDialect().is_injected, suspect=USAGE_SUSPECT,
    )  # fmt: skip
    assert run(tee, pieces(block, data.draw(cuts(len(block))))) == expected
    assert usage in seen
    assert tee.stripped == 1


@given(st.binary(max_size=200), st.data())
def test_garbage_passes_unchanged(garbage: bytes, data: st.DataObject) -> None:
    chunks = pieces(garbage, data.draw(cuts(len(garbage))))
    assert run(SseTee((b'"usage"',), lambda _: None), chunks) == garbage
    tee = SseTee((b'"usage"',), lambda _: None, is_injected=OpenAIDialect().is_injected)
    assert run(tee, chunks) == garbage


def test_a_whole_frame_leaves_at_once_even_while_a_chunk_is_taken_out() -> None:
    tee = SseTee((), lambda _: None, is_injected=OpenAIDialect().is_injected)
    for word in ("a", "b"):
        frame = chat_chunk(word)
        assert tee.feed(frame) == frame


def test_a_chunk_with_empty_choices_and_no_usage_stays() -> None:
    frame = b'data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]}\n\n'
    tee = SseTee((), lambda _: None, is_injected=OpenAIDialect().is_injected, suspect=USAGE_SUSPECT)
    assert run(tee, [frame, usage_chunk(), DONE]) == frame + DONE


def test_a_frame_too_long_to_hold_passes_and_the_next_is_read_again() -> None:
    seen: list[bytes] = []
    long = b"data: " + b"x" * 900_000 + b"\n\n"
    tee = SseTee(
        (b'"usage":{',), seen.append,
        is_injected=OpenAIDialect().is_injected, suspect=USAGE_SUSPECT,
    )  # fmt: skip
    block = chat_chunk("a") + long + chat_chunk("b") + usage_chunk() + DONE
    chunks = [block[i : i + 1000] for i in range(0, len(block), 1000)]
    assert run(tee, chunks) == chat_chunk("a") + long + chat_chunk("b") + DONE
    assert data_of(usage_chunk()) in seen
    tee = SseTee((b'"usage":{',), seen.append, max_frame=10_000)
    assert run(tee, chunks) == block


def test_a_long_frame_in_single_bytes_costs_linear_time() -> None:
    frame = b"data: " + b"x" * 200_000 + b"\n\n"
    tee = SseTee((), lambda _: None)
    assert run(tee, [frame[i : i + 1] for i in range(len(frame))]) == frame


def test_frames_are_cut_at_blank_lines_of_any_kind() -> None:
    block = b"data: 1\n\ndata: 2\r\n\r\ndata: 3\r\rdata: 4\n\r\nrest"
    assert [data_of(frame) for frame in frames(block)] == [b"1", b"2", b"3", b"4", b""]
