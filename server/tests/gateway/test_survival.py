"""Stopping, killing and starting again: every attempt that was sent has exactly one event."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import httpx2
import msgspec
import pytest
from gateway import killable
from gateway.killable import settled, start_gateway
from gateway.rig import DEADLINE_S, Received, Rig, free_port, reply, stream, until
from gateway.wires import chat_body, chat_chunk, chat_stream

from quotah_server.pipeline.journal import JournalError

CHAT = "/openai/v1/chat/completions"
ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello there " * 40}]}
STREAM = {**ASK, "stream": True}


def test_a_stop_lets_streams_finish_and_hands_all_events_on(rig: Rig) -> None:
    chunks = chat_stream("a", "b", "c", "d", "e")
    rig.provider.answer = stream(chunks, pause_s=0.05)
    content: list[bytes] = []
    began = threading.Event()

    def read() -> None:
        with httpx2.stream("POST", rig.url + CHAT, json=STREAM, headers=rig.bearer) as answer:
            for chunk in answer.iter_raw():
                content.append(chunk)
                began.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert began.wait(DEADLINE_S)
    rig.stop(grace_s=10)
    reader.join(DEADLINE_S)
    assert b"".join(content).endswith(b"[DONE]\n\n")
    event = rig.event()
    assert (event.call.status, event.cost_status) == ("success", "computed")
    assert list((rig.folder / "gateway" / "intents").glob("*")) == []


def test_a_stream_that_outlives_the_grace_is_cut_and_recorded_as_interrupted(rig: Rig) -> None:
    rig.provider.answer = stream([chat_chunk("Hello there")], then="stall")
    with httpx2.stream("POST", rig.url + CHAT, json=STREAM, headers=rig.bearer) as answer:
        received = answer.iter_raw()
        next(received)
        rig.stop(grace_s=0.1)
        with pytest.raises(httpx2.RemoteProtocolError):
            next(received)
    event = rig.event()
    assert (event.call.status, event.call.error_class) == ("interrupted", "gateway_stopped")
    assert event.usage.estimated
    assert event.usage.units["output"] == 3


def test_a_call_that_waits_when_the_gateway_stops_is_told_so(rig: Rig) -> None:
    arrived = threading.Event()

    async def never(_: Received, __: asyncio.StreamWriter) -> None:
        arrived.set()
        await asyncio.sleep(3600)

    rig.provider.answer = never
    answers: list[httpx2.Response] = []
    caller = threading.Thread(
        target=lambda: answers.append(
            httpx2.post(rig.url + CHAT, json=ASK, headers=rig.bearer, timeout=DEADLINE_S)
        )
    )
    caller.start()
    assert arrived.wait(DEADLINE_S)
    rig.stop(grace_s=0.1)
    caller.join(DEADLINE_S)
    assert answers[0].status_code == 503
    assert rig.event().call.status == "interrupted"


def test_events_wait_on_disk_while_the_control_plane_is_down(tmp_path: Path) -> None:
    with Rig(tmp_path) as rig:
        rig.provider.answer = reply(chat_body())
        rig.call(rig.control.stop())
        for _ in range(5):
            assert httpx2.post(rig.url + CHAT, json=ASK, headers=rig.bearer).status_code == 200
        assert rig.gateway is not None
        depth = rig.gateway.journal.depth
        until(lambda: depth() == 5, "all are journaled")
        rig.call(rig.control.start())
        assert len({event.call.event_id for event in rig.events(5)}) == 5
        until(lambda: depth() == 0, "the journal is drained")


def test_calls_go_on_while_the_journal_fails_and_nothing_is_lost_when_it_recovers(
    rig: Rig,
) -> None:
    rig.provider.answer = reply(chat_body())
    gateway = rig.gateway
    assert gateway is not None
    journal_file = gateway.journal._file
    gateway.journal._file = None
    gateway.journal._next_open = time.monotonic() + 3600
    for _ in range(3):
        assert httpx2.post(rig.url + CHAT, json=ASK, headers=rig.bearer).status_code == 200
    until(lambda: gateway.journal.stats.failed >= 3, "the journal refuses")
    gateway.journal._file = journal_file
    assert len({event.call.event_id for event in rig.events(3)}) == 3
    until(lambda: gateway.intents.open_count() == 0, "the intents are closed")


def test_a_journal_that_fails_is_asked_once_a_second_not_at_every_call(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.provider.answer = reply(chat_body())
    gateway = rig.gateway
    assert gateway is not None
    asked: list[int] = []
    append = gateway.journal.append

    def refuse(items: Sequence[tuple[str, bytes]]) -> Future[None]:
        asked.append(len(items))
        refused: Future[None] = Future()
        refused.set_exception(JournalError("the disk is full"))
        return refused

    monkeypatch.setattr(gateway.journal, "append", refuse)
    began = time.monotonic()
    with httpx2.Client() as client:
        for _ in range(100):
            assert client.post(rig.url + CHAT, json=ASK, headers=rig.bearer).status_code == 200
    assert 1 <= len(asked) <= 2 + (time.monotonic() - began)
    monkeypatch.setattr(gateway.journal, "append", append)
    assert len({event.call.event_id for event in rig.events(100)}) == 100


class Load:
    """Callers that never stop, so that a kill finds calls in every state."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.completed: dict[str, bytes] = {}
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(url, headers, number % 2 == 0))
            for number in range(6)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, url: str, headers: dict[str, str], streamed: bool) -> None:
        with httpx2.Client(timeout=5) as client:
            while not self._stop.is_set():
                try:
                    answer = client.post(url, json=STREAM if streamed else ASK, headers=headers)
                    if answer.status_code == 200:
                        self.completed[answer.headers["x-quotah-event-id"]] = answer.content
                except httpx2.TransportError:
                    time.sleep(0.005)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(DEADLINE_S)


def test_after_kills_under_load_every_attempt_sent_has_exactly_one_event(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with Rig(tmp_path) as rig:
        port = free_port()

        async def answer(request: Received, writer: asyncio.StreamWriter) -> None:
            streamed = request.json().get("stream")
            kind = stream(chat_stream("a", "b"), pause_s=0.01) if streamed else reply(chat_body())
            await kind(request, writer)

        rig.provider.answer = answer
        process = start_gateway(rig, folder, port)
        load = Load(f"http://127.0.0.1:{port}{CHAT}", rig.bearer)
        for _ in range(3):
            mark = len(rig.provider.received)
            until(lambda m=mark: len(rig.provider.received) > m + 60, "calls flow")
            process.kill()
            process.wait()
            process = start_gateway(rig, folder, port)
        load.stop()
        sent = len(rig.provider.received)
        until(lambda: settled(port), "the gateway has recorded and delivered everything")
        # A delivery whose receipt was lost in a kill comes twice; the store knows events by their id.
        events = list({event.call.event_id: event for event in rig.control.events}.values())
        process.kill()
        process.wait()
    # An intent noted just before a kill may not have been sent any more: at most one per caller.
    assert sent <= len(events) <= sent + 3 * 6
    by_id = {f"evt_{event.call.event_id}": event for event in events}
    assert load.completed.keys() <= by_id.keys()
    costs = {by_id[i].cost_usd for i in load.completed if by_id[i].call.status == "success"}
    assert len(costs) == 1
    interrupted = [event for event in events if event.call.status == "interrupted"]
    assert interrupted
    assert all(event.usage.estimated and event.cost_usd for event in interrupted)


def test_the_kill_test_finds_a_gateway_without_intent_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with notes switched off, attempts under way at the kill have no event."""
    folder = tmp_path / "data"
    with Rig(tmp_path) as rig:

        async def never(_: Received, __: asyncio.StreamWriter) -> None:
            await asyncio.sleep(3600)

        rig.provider.answer = never
        port = free_port()
        monkeypatch.setattr(
            killable,
            "SERVE",
            "import quotah_server.pipeline.intents as i\n"
            "i.IntentLog.note = lambda self, intent: None\n" + killable.SERVE,
        )
        process = start_gateway(rig, folder, port)

        def call() -> None:
            url = f"http://127.0.0.1:{port}{CHAT}"
            with pytest.raises(httpx2.TransportError):
                httpx2.post(url, json=ASK, headers=rig.bearer, timeout=DEADLINE_S)

        caller = threading.Thread(target=call)
        caller.start()
        until(lambda: rig.provider.received, "the attempt is sent")
        process.kill()
        process.wait()
        caller.join(DEADLINE_S)
        process = start_gateway(rig, folder, port)
        rig.provider.answer = reply(chat_body())
        httpx2.post(f"http://127.0.0.1:{port}{CHAT}", json=ASK, headers=rig.bearer)
        events = rig.events(1)
        process.kill()
        process.wait()
    assert len(rig.provider.received) == 2
    assert [event.call.status for event in events] == ["success"]


def test_nothing_in_the_data_folder_holds_a_key_or_a_prompt(rig: Rig) -> None:
    rig.provider.answer = reply(chat_body())
    rig.call(rig.control.stop())
    secret = "a prompt that nobody may find"
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": secret}]}
    httpx2.post(rig.url + CHAT, content=msgspec.json.encode(body), headers=rig.bearer)
    assert rig.gateway is not None
    until(lambda: rig.gateway and rig.gateway.journal.depth() == 1, "the event is journaled")
    for root, _, names in os.walk(rig.folder / "gateway"):
        for name in names:
            data = (Path(root) / name).read_bytes()
            for hidden in (secret, rig.key, "sk-real-provider-key", "Hello there"):
                assert hidden.encode() not in data, name
