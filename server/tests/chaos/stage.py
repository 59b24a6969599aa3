"""A real gateway in front of the mock provider, with callers that tag what they send."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import msgspec
from chaos.auditor import TAG, Seen
from gateway.rig import DEADLINE_S, WORKSPACE, Rig

from quotah_server.domain.snapshot import Snapshot
from quotah_server.gateway.limits import Limits
from quotah_server.mock.background import BackgroundMock

ASK = [{"role": "user", "content": "Tell me about the sea, and about the ships that cross it."}]
CALLS: dict[str, tuple[str, dict[str, object]]] = {
    "openai": ("/openai/v1/chat/completions", {"model": "gpt-4o", "messages": ASK}),
    "openai-stream": (
        "/openai/v1/chat/completions",
        {"model": "gpt-4o", "messages": ASK, "stream": True},
    ),
    "responses": ("/openai/v1/responses", {"model": "gpt-4o", "input": "Hello"}),
    "anthropic": (
        "/anthropic/v1/messages",
        {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": ASK},
    ),
    "anthropic-stream": (
        "/anthropic/v1/messages",
        {"model": "claude-haiku-4-5", "max_tokens": 64, "messages": ASK, "stream": True},
    ),
}
_tags = itertools.count()


class Stage:
    """The mock provider and a rig whose openai and anthropic mounts lead to it."""

    def __init__(self, rig: Rig, mock: BackgroundMock) -> None:
        self.rig, self.mock = rig, mock
        self.seen: list[Seen] = []

    def send(
        self,
        kind: str,
        headers: Mapping[str, str] | None = None,
        *,
        url: str | None = None,
        client: httpx2.Client | None = None,
        leave_after: int | None = None,
    ) -> httpx2.Response | None:
        """Make a call and note what came of it. leave_after: read so many bytes, then go away. None
        where no answer came."""
        path, body = CALLS[kind]
        tag = f"call-{next(_tags)}"
        told = {
            **self.rig.bearer, TAG: tag, "x-quotah-request-id": tag, "anthropic-version": "2023-06-01",
            "content-type": "application/json", **(headers or {}),
        }  # fmt: skip
        target = (url or self.rig.url) + path
        content = msgspec.json.encode(body)
        answer: httpx2.Response | None = None
        whole = False
        own = client or httpx2.Client(timeout=DEADLINE_S)
        try:
            with own.stream("POST", target, content=content, headers=told) as answer:
                if leave_after is None:
                    answer.read()
                    whole = answer.status_code == httpx2.codes.OK
                else:
                    _leave(answer, leave_after)
        except httpx2.TransportError:
            pass
        finally:
            if client is None:
                own.close()
        event_id = answer.headers.get("x-quotah-event-id") if answer is not None else None
        self.seen.append(Seen(tag, whole, event_id))
        return answer

    def snapshot(self, version: int, bases: Mapping[str, str]) -> Snapshot:
        """The rig's snapshot with mounts that lead elsewhere: name → base URL."""
        found = self.rig.make_snapshot(version)
        mounts = {name: self.rig._mount(name, base, False) for name, base in bases.items()}
        return msgspec.structs.replace(found, mounts={WORKSPACE: mounts})

    def lead_to(self, version: int, bases: Mapping[str, str]) -> None:
        """Publish that snapshot and wait for the gateway to follow it."""
        self.rig.publish(self.snapshot(version, bases))
        gateway = self.rig.gateway
        assert gateway is not None
        assert gateway.holder.wait_for(version, DEADLINE_S)


def _leave(answer: httpx2.Response, after: int) -> None:
    got = 0
    for chunk in answer.iter_raw():
        got += len(chunk)
        if got >= after:
            return


@contextlib.contextmanager
def stage(folder: Path, limits: Limits | None = None) -> Iterator[Stage]:
    """A stage whose gateway runs in this process."""
    with BackgroundMock() as mock, Rig(folder, limits=limits) as rig:
        found = Stage(rig, mock)
        found.lead_to(2, {"openai": mock.openai_url, "anthropic": mock.anthropic_url})
        yield found


class Crowd:
    """Callers that never stop: every kind of call, some of which leave early."""

    def __init__(self, stage: Stage, url: str, *, callers: int = 6) -> None:
        self._stage, self._url = stage, url
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(number,)) for number in range(callers)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, number: int) -> None:
        kinds = itertools.cycle(CALLS)
        for _ in range(number):
            next(kinds)
        with httpx2.Client(timeout=DEADLINE_S) as client:
            for turn in itertools.count(number):
                if self._stop.is_set():
                    return
                kind = next(kinds)
                streamed = kind.endswith("stream")
                pace = {"x-mock-pace-ms": "3"} if streamed else {}
                leave = 200 if streamed and turn % 7 == 0 else None
                got = self._stage.send(kind, pace, url=self._url, client=client, leave_after=leave)
                if got is None:
                    time.sleep(0.01)

    def stop(self) -> None:
        """End them, each after its call."""
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * DEADLINE_S)
            assert not thread.is_alive()
