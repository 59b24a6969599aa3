"""A real gateway in front of the mock provider, with a mount for every dialect, and its auditor.

with Stand(folder) as stand:
    client = openai.OpenAI(base_url=stand.base("openai") + "/v1", api_key=stand.key)
    client.chat.completions.create(…)
    (event,) = stand.reconcile()
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from clients.bill import expected_cost
from gateway.rig import WORKSPACE, Rig, until

from quotah_server.domain.event import PricedEvent
from quotah_server.domain.routing import Route
from quotah_server.domain.secrets import credential_binding
from quotah_server.domain.snapshot import Credential, Mount, Snapshot
from quotah_server.mock.background import BackgroundMock
from quotah_server.mock.exchange import Reply, Request
from quotah_server.mock.ledger import Entry

API_VERSION = "2024-10-21"
SECRET = "sk-the-providers-own-key"
_UNRECORDED = ("count_tokens", ":countTokens", "/files", "/batches", "/cancel")
"""Ends of the paths of POST requests that no provider bills: they leave no event."""


class Seen(msgspec.Struct, frozen=True):
    """One request as the provider got it, and how it answered."""

    request: Request
    status: int
    reply: Reply
    entry: Entry | None

    @property
    def body(self) -> bytes:
        """The answer's bytes as the provider wrote them."""
        return b"".join(step.data for step in self.reply.steps)

    @property
    def is_recorded(self) -> bool:
        """Whether there must be an event of it."""
        return self.request.method == "POST" and not self.request.path.endswith(_UNRECORDED)


class Stand(Rig):
    """The rig with the mock provider behind it. routes: those of its workspace."""

    def __init__(self, folder: Path, *, routes: tuple[Route, ...] = (), **options: Any) -> None:
        super().__init__(folder, **options)
        self.mock = BackgroundMock()
        self.seen: list[Seen] = []
        self._routes = routes
        self.reconciled = False

    def base(self, mount: str) -> str:
        """The address of a mount at the gateway."""
        return f"{self.url}/{mount}"

    def __enter__(self) -> Self:
        self.mock.__enter__()
        answer = self.mock.provider.answer

        def watched(request: Request) -> tuple[Reply, Entry | None]:
            reply, entry = answer(request)
            self.seen.append(Seen(request, reply.status, reply, entry))
            return reply, entry

        self.mock.provider.answer = watched  # type: ignore[method-assign]
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            self.mock.__exit__(kind, error, trace)

    def make_snapshot(self, version: int, **options: Any) -> Snapshot:
        """A mount for every dialect; ``groq`` and ``house`` speak OpenAI's wire."""
        snapshot = super().make_snapshot(version, **options)
        mock = self.mock
        mounts = {
            "openai": self._to("openai", "openai", mock.openai_url),
            "anthropic": self._to("anthropic", "anthropic", mock.anthropic_url),
            "gemini": self._to("gemini", "gemini", mock.gemini_url),
            "cohere": self._to("cohere", "cohere", mock.cohere_url),
            "azure": self._to("azure", "azure", mock.azure_url, api_version=API_VERSION),
            "mistral": self._to("mistral", "openai", f"{mock.mistral_url}/v1"),
            "groq": self._to("groq", "openai", mock.openai_url),
            "house": self._to("house", "openai", mock.openai_url, provider="compatible"),
        }
        return msgspec.structs.replace(
            snapshot, mounts={WORKSPACE: mounts}, routes={WORKSPACE: self._routes}
        )

    def _to(
        self, name: str, dialect: str, base_url: str, *, provider: str = "", **settings: str
    ) -> Mount:
        credential_id = name.ljust(32, "c")
        sealed = self.ring.seal(SECRET, credential_binding(WORKSPACE, credential_id, base_url))
        credential = Credential(
            credential_id,
            WORKSPACE,
            provider or name,
            base_url,
            sealed,
            allow_private=True,
            settings=settings,
        )
        return Mount(name, provider or name, dialect, (credential,))

    @property
    def recorded(self) -> list[Seen]:
        """The provider's requests of which there must be an event, oldest first."""
        return [seen for seen in self.seen if seen.is_recorded]

    def reconcile(self) -> list[PricedEvent]:
        """Stop the gateway and hold its books against the provider's.

        Exactly one event for every attempt that the provider saw; of every billed one the same usage,
        and the cost that the book gives for it. Events come back in the order of the attempts.
        """
        attempts = self.recorded
        until(lambda: len(self.control.events) >= len(attempts), f"{len(attempts)} events arrive")
        if not self._stopped:
            self.stop()
        self.reconciled = True
        events = sorted(self.control.events, key=lambda event: event.call.started_at)
        assert len(events) == len(attempts), [event.call.operation for event in events]
        assert len({event.call.event_id for event in events}) == len(events)
        for entry in self.mock.log():
            assert_equal(entry, _event_of(entry, events, attempts))
        return events


def _event_of(entry: Entry, events: list[PricedEvent], attempts: list[Seen]) -> PricedEvent:
    """The event of a log line: by the ids of the answer, else by its place in the order."""
    ids = {entry.id, entry.request_id}
    found = [
        event
        for event in events
        if ids & {event.call.provider_response_id, event.call.provider_request_id}
    ]
    if found:
        (event,) = found
        return event
    numbers = [seen.entry.n if seen.entry else None for seen in attempts]
    return events[numbers.index(entry.n)]


def assert_equal(entry: Entry, event: PricedEvent) -> None:
    """A log line and its event tell the same usage and the same cost."""
    call = event.call
    assert call.streaming == entry.streaming
    expected = expected_cost(entry, call)
    assert event.cost_usd == expected, (entry, event)
    assert event.cost_status == ("unpriced" if expected is None else "computed"), event
    if entry.operation not in ("speech", "images"):
        told = call.raw_usage or {}
        assert {name: told.get(name) for name in entry.usage} == entry.usage
