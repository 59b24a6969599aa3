"""What is kept of a stream to estimate it is small, and enough."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2
import pytest
from gateway.rig import DEADLINE_S, Received, Rig, head
from gateway.routed import ASK, CHAT, post
from gateway.wires import chat_body, chat_chunk

from quotah_server.gateway.attempts import Attempt
from quotah_server.gateway.limits import MIB, Limits
from quotah_server.kit.clock import utc_now
from quotah_server.tokens.count import count_output

KB = 1024
WORDS = 12_000


def make_attempt() -> Attempt:
    return Attempt(
        None, None, None,  # type: ignore[arg-type]
        call_id="c", event_id="e", operation="chat", started_at=utc_now(),
    )  # fmt: skip


def test_no_more_is_kept_than_allowed_and_it_ends_with_a_whole_line() -> None:
    attempt = make_attempt()
    chunk = b"data: abc\n\n" * 1000
    for _ in range(50):
        attempt.passed(chunk, 100_000)
    kept = b"".join(attempt.kept)
    assert 99_000 < len(kept) <= 100_000
    assert kept.endswith(b"\n")
    assert chunk * 50 == kept + (chunk * 50)[len(kept) :]
    assert attempt.passed_bytes == 50 * len(chunk)


def test_a_line_longer_than_all_that_is_allowed_is_cut() -> None:
    attempt = make_attempt()
    attempt.passed(b"x" * 300_000, 100_000)
    attempt.passed(b"y" * 300_000, 100_000)
    assert b"".join(attempt.kept) == b"x" * 100_000


@pytest.mark.parametrize("keep", [Limits().kept_text_bytes, 64 * MIB])
def test_a_long_stream_broken_off_is_estimated_as_well_by_a_part_as_by_all_of_it(
    tmp_path: Path, keep: int
) -> None:
    """The larger bound is the control: it keeps everything."""
    words = [f"word {number % 97} " for number in range(WORDS)]
    chunks = [chat_chunk(word) for word in words]
    assert sum(map(len, chunks)) > 8 * Limits().kept_text_bytes

    async def broken_off(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(
            head(200, [("content-type", "text/event-stream"), ("transfer-encoding", "chunked")])
        )
        for at in range(0, WORDS, 100):
            block = b"".join(chunks[at : at + 100])
            writer.write(b"%x\r\n%s\r\n" % (len(block), block))
            await writer.drain()
        writer.close()

    with Rig(tmp_path, limits=Limits(kept_text_bytes=keep)) as rig:
        rig.provider.answer = broken_off
        with pytest.raises(httpx2.RemoteProtocolError):
            post(rig, {**ASK, "stream": True})
        event = rig.event()
    assert event.usage.estimated
    assert event.usage.units["output"] == pytest.approx(
        count_output("gpt-4o", "".join(words)), rel=0.02
    )


def test_a_whole_answer_without_usage_is_counted_though_it_is_longer_than_what_is_kept_of_streams(
    rig: Rig,
) -> None:
    async def long(_: Received, writer: asyncio.StreamWriter) -> None:
        body = chat_body(
            usage=None,
            choices=[
                {"index": 0, "message": {"content": "word " * 60_000}, "finish_reason": "stop"}
            ],
        )
        assert len(body) > Limits().kept_text_bytes
        length = ("content-length", str(len(body)))
        writer.write(head(200, [("content-type", "application/json"), length]) + body)

    rig.provider.answer = long
    httpx2.post(rig.url + CHAT, json=ASK, headers=rig.bearer, timeout=DEADLINE_S)
    assert rig.event().usage.units["output"] == pytest.approx(60_000, rel=0.02)
