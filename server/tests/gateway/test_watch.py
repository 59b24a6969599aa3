"""The watch ends what stands still, even where a read swallows the first cancellation."""

from __future__ import annotations

import asyncio

import pytest

from quotah_server.gateway.attempts import Attempt
from quotah_server.gateway.limits import Limits
from quotah_server.gateway.watch import Watch, abort, begin_draining
from quotah_server.kit.clock import utc_now


def make_attempt() -> Attempt:
    return Attempt(
        None, None, None,  # type: ignore[arg-type]
        call_id="c", event_id="e", operation="chat", started_at=utc_now(),
    )  # fmt: skip


async def run(watch: Watch, attempt: Attempt, deaf: int) -> str:
    """Read for ever; the first ``deaf`` cancellations are lost, as in a read that just ended."""
    watch.add(attempt)
    try:
        while True:
            try:
                attempt.activity += 1
                await asyncio.sleep(0.005)
            except asyncio.CancelledError:
                if deaf:
                    deaf -= 1
                    continue
                attempt.ending = True
                return attempt.abort_reason
    finally:
        watch.remove(attempt)


@pytest.mark.parametrize("deaf", [0, 1, 3])
async def test_a_drained_attempt_ends_though_cancellations_are_swallowed(deaf: int) -> None:
    watch = Watch(Limits(drain_s=0.1))
    attempt, drain = make_attempt(), watch.drains.begin()
    assert drain is not None
    task = asyncio.create_task(run(watch, attempt, deaf))
    await asyncio.sleep(0)
    begin_draining(attempt, drain)
    assert watch.draining == 1
    assert await asyncio.wait_for(task, 5) == "client_disconnected"
    assert watch.draining == 0
    assert len(watch) == 0
    await watch.finish(0)


@pytest.mark.parametrize("deaf", [0, 1, 3])
async def test_a_stop_ends_every_attempt_though_cancellations_are_swallowed(deaf: int) -> None:
    watch = Watch(Limits())
    tasks = [asyncio.create_task(run(watch, make_attempt(), deaf)) for _ in range(3)]
    await asyncio.sleep(0)
    assert await watch.finish(0.05) == 3
    assert await asyncio.gather(*tasks) == ["gateway_stopped"] * 3


async def test_an_attempt_that_is_ending_is_not_disturbed() -> None:
    watch = Watch(Limits())
    attempt = make_attempt()

    async def ends() -> str:
        watch.add(attempt)
        attempt.ending = True
        await asyncio.sleep(0.05)
        watch.remove(attempt)
        return "recorded"

    task = asyncio.create_task(ends())
    await asyncio.sleep(0)
    abort(attempt, "timeout")
    assert await task == "recorded"
    await watch.finish(0)
