"""Whatever happens at once, the provider's own list and the books hold the same attempts."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from pathlib import Path

import httpx2
import pytest
from gateway.rig import DEADLINE_S, Received, Rig, head, reply, stream, until
from gateway.routed import ASK, CHAT, follow, key
from gateway.wires import chat_body, chat_stream

from quotah_server.domain.call import Call
from quotah_server.domain.routing import Retry, Route, Target, Timeouts
from quotah_server.gateway.limits import Limits

CALLS = 120


def misbehaving(seed: int) -> object:
    """A provider that does this or that, by its dice."""
    dice = random.Random(seed)

    async def answer(received: Received, writer: asyncio.StreamWriter) -> None:
        wants_stream = received.json().get("stream") is True
        good = (
            stream(chat_stream("a ", "b ", "c "), pause_s=0.01)
            if wants_stream
            else reply(chat_body())
        )
        match dice.randrange(9):
            case 0:
                await reply(b"{}", status=500)(received, writer)
            case 1:
                await reply(b"{}", status=429, headers=[("retry-after-ms", "20")])(received, writer)
            case 2:
                writer.transport.abort()
                raise ConnectionResetError
            case 3:
                writer.write(head(503, [("content-length", "100")]) + b"short")
                await writer.drain()
                writer.transport.abort()
                raise ConnectionResetError
            case 4:
                await asyncio.sleep(dice.random() / 3)
                await good(received, writer)
            case _:
                await good(received, writer)

    return answer


async def ask(url: str, bearer: dict[str, str], dice: random.Random) -> None:
    """One caller: patient, or gone after a while."""
    body = {**ASK, "stream": dice.random() < 0.5}
    patience_s = dice.choice([DEADLINE_S, DEADLINE_S, 0.02, 0.1])
    async with httpx2.AsyncClient(timeout=DEADLINE_S) as client:
        try:
            async with asyncio.timeout(patience_s):
                await client.post(url + CHAT, json=body, headers=bearer)
        except (TimeoutError, httpx2.TransportError):
            pass


def final_of(calls: list[Call]) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        found[call.call_id].append(call)
    return found


@pytest.mark.parametrize("disconnect", ["drain", "abort"])
def test_every_attempt_is_one_event_and_every_call_has_one_final_one(
    tmp_path: Path, disconnect: str
) -> None:
    with Rig(tmp_path, limits=Limits(drain_s=2.0)) as rig:
        follow(
            rig,
            mounts={"openai": [key("a", weight=2), key("b")], "spare": [key("c")]},
            providers={"spare": "openai"},
            routes=[
                Route(
                    "r", "r",
                    targets=(Target(), Target(model="gpt-4o-mini"), Target(mount="spare")),
                    retry=Retry(tries=2, lost=True, backoff_ms=5, max_backoff_ms=20),
                    timeouts=Timeouts(first_byte_ms=200, idle_ms=2_000),
                    disconnect=disconnect,  # type: ignore[arg-type]
                )
            ],
        )  # fmt: skip
        rig.provider.answer = misbehaving(1)  # type: ignore[assignment]
        dice = random.Random(2)

        async def all_of_them() -> None:
            gate = asyncio.Semaphore(16)

            async def one() -> None:
                async with gate:
                    await ask(rig.url, rig.bearer, dice)

            await asyncio.gather(*(one() for _ in range(CALLS)))

        asyncio.run(all_of_them())
        gateway = rig.gateway
        assert gateway is not None
        until(lambda: gateway.state().in_flight == 0, "every attempt ends")
        until(lambda: gateway.intents.open_count() == 0, "every note is closed")
        until(lambda: gateway.journal.depth() == 0, "the events arrive")
        calls = [event.call for event in rig.control.events]
        assert len({call.event_id for call in calls}) == len(calls)
        runs = final_of(calls)
        for attempts in runs.values():
            attempts.sort(key=lambda call: call.attempt)
            assert [call.attempt for call in attempts] == list(range(1, len(attempts) + 1))
            assert [call.final for call in attempts] == [False] * (len(attempts) - 1) + [True]
            assert all(call.status == "error" for call in attempts[:-1])
        statuses = Counter((call.status, call.error_class) for call in calls)
        assert statuses["success", None] > 0
        assert len(calls) > len(runs)
        # An attempt that was given up before its request was whole is not in the provider's list.
        unsent = len(calls) - len(rig.provider.received)
        assert (
            0
            <= unsent
            <= statuses["cancelled", "client_disconnected"] + statuses["error", "timeout"]
        )
