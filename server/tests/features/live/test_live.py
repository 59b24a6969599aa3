"""Runs reach those who watch their workspace, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from features.events_rig import VISIBLE_S, Rig, eventually, sent
from store_events.build import WORKSPACE, event_id, priced

from quotah_server.features.live.hub import MAX_WATCHERS, Hub, Watcher
from quotah_server.http.app import PREFIX


class Stream:
    """GET /live over ASGI itself, read as it comes."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._chunks: asyncio.Queue[bytes] = asyncio.Queue()
        self.ended = asyncio.Event()
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            return
        if message.get("body"):
            self._chunks.put_nowait(message["body"])
        if not message.get("more_body"):
            self.ended.set()

    async def next(self) -> bytes:
        return await asyncio.wait_for(self._chunks.get(), VISIBLE_S)

    @property
    def silent(self) -> bool:
        return self._chunks.empty()


@asynccontextmanager
async def watching(rig: Rig, headers: dict[str, str]) -> AsyncGenerator[Stream]:
    stream = Stream()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"{PREFIX}/live",
        "raw_path": f"{PREFIX}/live".encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8400),
    }
    task = asyncio.create_task(rig.app(scope, stream.receive, stream.send))  # type: ignore[arg-type]
    assert (await stream.next()).startswith(b":")
    yield stream
    stream.gone.set()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_run_reaches_its_workspace_as_the_list_shows_it_and_no_other(rig: Rig) -> None:
    async with watching(rig, rig.admin) as mine, watching(rig, rig.foreign) as theirs:
        await rig.send(sent(1, feature="chat"))
        message = (await mine.next()).decode()
        head, _, data = message.partition("\ndata: ")
        assert head == "event: run"
        assert message.endswith("\n\n")
        listed = (await rig.call("GET", "/runs")).json()["items"]
        assert msgspec.json.decode(data.strip().encode()) == listed[0]
        assert mine.headers["content-type"].startswith("text/event-stream")
        assert theirs.silent


async def test_an_attempt_that_is_followed_by_another_is_no_run_yet(rig: Rig) -> None:
    async with watching(rig, rig.admin) as stream:
        await rig.send(sent(1, call_id="c", final=False, status="error"))
        await rig.visible(1)
        assert stream.silent
        await rig.send(sent(2, call_id="c", attempt=2))
        run = msgspec.json.decode((await stream.next()).partition(b"data: ")[2])
        assert (run["attempts"], run["cost_usd"]) == (2, "0.009")


async def test_a_duplicate_is_not_told_again(rig: Rig) -> None:
    # One event: ``sent`` asked twice may name two seconds, and so two events.
    event = sent(1)
    async with watching(rig, rig.admin) as stream:
        await rig.send(event)
        await stream.next()
        assert (await rig.send(event)).json()["duplicates"] == 1
        await rig.send(sent(2))
        assert (await stream.next()).count(b"event: run") == 1
        await eventually(lambda: rig.journal.depth() == 0)
        assert stream.silent


async def test_closing_the_hub_ends_every_stream(rig: Rig) -> None:
    async with watching(rig, rig.admin) as stream:
        rig.hub.close()
        await asyncio.wait_for(stream.ended.wait(), VISIBLE_S)


def plain(_workspace: str, event_ids: Any) -> list[bytes]:
    return [event_id.encode() for event_id in event_ids]


async def settled(watcher: Watcher) -> None:
    """Let what other threads handed over arrive."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_soon_threadsafe(done.set)
    await done.wait()


async def test_a_slow_watcher_loses_its_oldest_messages_and_holds_nobody_up() -> None:
    hub = Hub(plain, queue_length=3)
    async with hub.subscribe(WORKSPACE) as slow, hub.subscribe(WORKSPACE) as quick:
        assert slow is not None
        assert quick is not None
        for number in range(10):
            await asyncio.to_thread(hub.publish, [priced(number)])
            assert await quick.next(1) == event_id(number).encode()
        await settled(slow)
        kept = [await slow.next(1) for _ in range(3)]
        assert kept == [event_id(number).encode() for number in (7, 8, 9)]
        assert (slow.dropped, quick.dropped) == (7, 0)
        assert await slow.next(0.01) is None


async def test_where_nobody_watches_nothing_is_rendered() -> None:
    asked: list[str] = []

    def render(workspace: str, _ids: Any) -> list[bytes]:
        asked.append(workspace)
        return []

    hub = Hub(render)
    async with hub.subscribe("0" * 32):
        hub.publish([priced(1)])
    async with hub.subscribe(WORKSPACE):
        pass
    hub.publish([priced(1)])
    assert asked == []


async def test_a_rendering_that_fails_holds_nothing_up() -> None:
    def render(_workspace: str, _ids: Any) -> list[bytes]:
        raise RuntimeError("broken")

    hub = Hub(render)
    async with hub.subscribe(WORKSPACE) as watcher:
        hub.publish([priced(1)])
        assert watcher is not None
        assert await watcher.next(0.01) is None


async def test_watchers_of_a_workspace_are_bounded() -> None:
    hub = Hub(plain)
    held = [hub.subscribe(WORKSPACE) for _ in range(MAX_WATCHERS)]
    for one in held:
        assert await one.__aenter__() is not None
    async with hub.subscribe(WORKSPACE) as refused:
        assert refused is None
    async with hub.subscribe("0" * 32) as elsewhere:
        assert elsewhere is not None
    await held.pop().__aexit__(None, None, None)
    async with hub.subscribe(WORKSPACE) as welcome:
        assert welcome is not None
    for one in held:
        await one.__aexit__(None, None, None)
