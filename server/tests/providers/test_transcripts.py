"""However a stream is cut, repeated or thinned out: the usage is that of its last word."""

from __future__ import annotations

import json
from typing import Any

import pytest
from golden.cases import usage_samples
from golden.reading import merged, read_sample
from hypothesis import given, settings
from hypothesis import strategies as st

from quotah_server.domain.usage import Usage
from quotah_server.gateway.stream import SseTee
from quotah_server.pipeline.eventtext import read_text
from quotah_server.pipeline.shapes import unwrapped
from quotah_server.providers.base import Answer

SESSIONS = {"live"}
"""Streams of several answers: what comes twice there is another turn."""
STREAMS = {
    name: sample
    for name, sample in usage_samples().items()
    if unwrapped(sample)[1] is not None and read_sample(sample).operation not in SESSIONS
}
NAMES = st.sampled_from(sorted(STREAMS))
WIDE = settings(max_examples=60, deadline=None)


def usage_after(name: str, events: list[Any]) -> Usage:
    read = read_sample(STREAMS[name])
    answer = merged(read.room, read.operation, events)
    return read.room.usage(read.operation, answer.usage, answer.extras)


def events_of(name: str) -> list[Any]:
    return unwrapped(STREAMS[name])[1] or []


def sse(events: list[Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(e, default=float).encode() + b"\r\n\r\n" for e in events)


@pytest.mark.parametrize("name", sorted(STREAMS))
def test_a_stream_read_twice_counts_once(name: str) -> None:
    events = events_of(name)

    assert usage_after(name, [*events, *events]) == usage_after(name, events)


@given(NAMES, st.data())
@WIDE
def test_an_event_repeated_changes_nothing(name: str, data: st.DataObject) -> None:
    events = events_of(name)
    times = data.draw(
        st.lists(st.integers(1, 3), min_size=len(events), max_size=len(events)), label="times"
    )
    repeated = [event for event, n in zip(events, times, strict=True) for _ in range(n)]

    assert usage_after(name, repeated) == usage_after(name, events)


@given(NAMES, st.data())
@WIDE
def test_what_a_later_event_tells_again_may_be_lost(name: str, data: st.DataObject) -> None:
    """Cumulative counts: of the events that hold usage in one place, the last is enough."""
    events = events_of(name)
    kept = [event for event in events if data.draw(st.booleans()) or event is events[-1]]
    cumulative = all(isinstance(event.get("usage"), dict) for event in events)

    if cumulative:
        assert usage_after(name, kept) == usage_after(name, events)
    else:
        silent = [event for event in events if not changes(name, event)]
        loud = [event for event in events if event in kept or event not in silent]
        assert usage_after(name, loud) == usage_after(name, events)


def changes(name: str, event: Any) -> bool:
    """Whether an event by itself tells accounting anything."""
    read = read_sample(STREAMS[name])
    answer = merged(read.room, read.operation, [event])
    return answer != Answer()


@given(NAMES, st.lists(st.integers(1, 400), max_size=20))
@WIDE
def test_bytes_cut_anywhere_and_sniffed_give_the_same_usage(name: str, cuts: list[int]) -> None:
    """What the gateway does: chunks end anywhere, and only frames that hold a needle are read."""
    read, events = read_sample(STREAMS[name]), events_of(name)
    seen: list[bytes] = []
    tee = SseTee(read.room.needles(read.operation), seen.append)
    data, start = sse(events), 0
    for size in cuts:
        tee.feed(data[start : start + size])
        start += size
    tee.feed(data[start:])
    tee.finish()

    assert usage_after(name, [json.loads(one) for one in seen]) == usage_after(name, events)


@given(NAMES, st.sampled_from(["\n", "\r\n"]), st.booleans())
@WIDE
def test_a_transcript_as_text_is_read_like_its_events(name: str, end: str, comments: bool) -> None:
    events = events_of(name)
    told = ": keep-alive" + end if comments else ""
    text = "".join(
        f"{told}event: x{end}data: {json.dumps(e, default=float)}{end}{end}" for e in events
    )
    lines = end.join(json.dumps(e, default=float) for e in events)

    assert usage_after(name, read_text(text)) == usage_after(name, events)
    assert usage_after(name, read_text(lines)) == usage_after(name, events)


@given(NAMES, st.integers(0, 20))
@WIDE
def test_a_stream_that_breaks_off_never_counts_more(name: str, length: int) -> None:
    """No beginning of a stream reports more input or output than all of it."""
    events = events_of(name)
    part, whole = usage_after(name, events[:length]), usage_after(name, events)

    assert (part.input_tokens or 0) <= (whole.input_tokens or 0)
    assert (part.output_tokens or 0) <= (whole.output_tokens or 0)
