"""What changes while a request is under way: its key, its client, what it has used so far."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from datetime import timedelta

import msgspec
import pytest
from gateway.rig import DEADLINE_S, Received, Rig, reply, until
from gateway.routed import follow, in_turn, post
from gateway.wires import chat_body

from quotah_server.domain.routing import Retry, Route, Target
from quotah_server.gateway import routing
from quotah_server.kit.clock import utc_now

PATIENT = [Route("r1", "patient", retry=Retry(tries=3, backoff_ms=1500, max_backoff_ms=1500))]
LOST = [Route("r1", "lost", retry=Retry(tries=2, lost=True, backoff_ms=1))]


async def silence(_: Received, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_key_that_ends_between_two_attempts_makes_no_further_one(rig: Rig, how: str) -> None:
    held = follow(rig, routes=PATIENT)
    rig.provider.answer = reply(b"{}", status=503)
    statuses: list[int] = []
    caller = threading.Thread(target=lambda: statuses.append(post(rig).status_code))
    caller.start()
    until(lambda: rig.provider.received, "the first attempt is made")
    (known,) = held.keys.values()
    ended = msgspec.structs.replace(known, expires_at=utc_now() - timedelta(seconds=1))
    keys = {} if how == "revoked" else {known.hash: ended}
    rig.publish(msgspec.structs.replace(held, version=held.version + 1, keys=keys))
    caller.join(DEADLINE_S)
    assert statuses == [401]
    assert len(rig.provider.received) == 1
    event = rig.event()
    assert (event.call.attempt, event.call.final, event.call.status) == (1, True, "error")


def test_a_key_that_stays_is_tried_on(rig: Rig) -> None:
    held = follow(rig, routes=PATIENT)
    rig.provider.answer = in_turn(reply(b"{}", status=503), reply(chat_body()))
    statuses: list[int] = []
    caller = threading.Thread(target=lambda: statuses.append(post(rig).status_code))
    caller.start()
    until(lambda: rig.provider.received, "the first attempt is made")
    rig.publish(msgspec.structs.replace(held, version=held.version + 1))
    caller.join(DEADLINE_S)
    assert statuses == [200]


def test_who_leaves_a_free_request_holds_nothing_any_longer(rig: Rig) -> None:
    rig.provider.answer = silence
    gateway = rig.gateway
    assert gateway is not None
    asked = f"GET /openai/v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {rig.key}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", rig.port), DEADLINE_S) as client:
        client.sendall(asked.encode())
        until(lambda: rig.provider.received, "the provider is asked")
    left_at = time.monotonic()
    until(lambda: not gateway.state().in_flight, "it is let go")
    assert time.monotonic() - left_at < 5
    until(lambda: all(reader.at_eof() for reader in rig.provider.readers), "the provider is told")
    assert not rig.control.events


def test_every_attempt_counts_against_the_tokens_of_its_key(rig: Rig) -> None:
    async def lost(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        raise ConnectionResetError

    follow(rig, routes=LOST, tokens_per_minute=10_000)
    rig.provider.answer = in_turn(lost, reply(chat_body()))
    assert post(rig).status_code == 200
    events = rig.events(2)
    used = sum((e.usage.input_tokens or 0) + (e.usage.output_tokens or 0) for e in events)
    rig.provider.answer = reply(b"{}", status=400)
    told = post(rig, {"model": "gpt-4o", "max_tokens": 8_192, "messages": []})
    assert told.status_code == 429
    assert int(told.headers["x-ratelimit-remaining-tokens"]) == 10_000 - used


def test_a_request_is_not_tried_for_ever(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    retry = Retry(tries=5, backoff_ms=300, max_backoff_ms=300, max_wait_ms=0)
    targets = tuple(Target(model=f"model-{number}") for number in range(16))
    follow(rig, routes=[Route("r1", "many", targets=targets, retry=retry)])
    rig.provider.answer = reply(b"{}", status=503)
    monkeypatch.setattr(routing, "TOGETHER_S", 0.5)
    assert post(rig).status_code == 503
    made = len(rig.provider.received)
    assert 1 < made < 10
    events = rig.events(made)
    assert sorted(event.call.attempt for event in events) == list(range(1, made + 1))
    assert [event.call.attempt for event in events if event.call.final] == [made]
