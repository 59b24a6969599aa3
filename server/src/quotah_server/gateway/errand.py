"""One request of a client, with all that the attempts made for it have in common."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from quotah_server.domain.call import Attribution
from quotah_server.domain.routing import DEFAULT_ROUTE, Route, Target
from quotah_server.domain.snapshot import GatewayKey
from quotah_server.gateway.attempts import PASSTHROUGH, Admitted, Attempt
from quotah_server.gateway.attribution import Trace
from quotah_server.gateway.dialects.base import Ask, read_members
from quotah_server.gateway.snapshot_holder import OpenCredential, OpenMount, View
from quotah_server.gateway.ways import Headers

_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._~:@!$&'()*+,;=%-]*\Z")
_PATH_SAFE = "/._~:@!$&'()*+,;=-%"
_IDENTITY = ("accept-encoding", "identity")
_MOST_OUTPUT = frozenset(
    {"max_tokens", "max_completion_tokens", "max_output_tokens", "generationConfig"}
)
MOCK_ENVIRONMENT = "mock"


class Leg(msgspec.Struct, frozen=True):
    """The request as it is for one target. path: below the mount. injected: see Dialect.prepare."""

    mount: OpenMount
    model: str | None
    path: str
    body: bytes
    injected: bool
    operation: str


class Outgoing(msgspec.Struct, frozen=True):
    """A request as it goes to the provider."""

    method: str
    url: str
    headers: Headers
    body: bytes


class Errand(msgspec.Struct, eq=False):
    """What is known of a request, and how far its route has been followed.

    view: the snapshot by which it was admitted. own: the provider key that the caller brought. model,
    operation: as asked. The rest belongs to the router: targets that are left, tries left at this one,
    ids of the keys that were used for it and of those that are spent. wish: what the client asks of the
    cache; cache, cache_key: see Shelf. began: its first attempt, by the monotonic clock. tokens: what its
    attempts came to.
    """

    view: View
    key: GatewayKey
    mount: OpenMount
    own: OpenCredential | None
    call_id: str
    method: str
    path: str
    query: str
    forward: list[tuple[str, str]]
    body: bytes
    operation: str
    ask: Ask
    attribution: Attribution
    trace: Trace | None
    wish: str | None = None
    model: str | None = None
    streaming: bool = False
    estimated_input: int = 0
    route: Route = DEFAULT_ROUTE
    leg: Leg | None = None
    targets: tuple[Target, ...] = ()
    tries_left: int = 0
    used: list[str] = []
    spent: list[str] = []
    number: int = 0
    began: float = 0.0
    tokens: int = 0
    cache: str = ""
    cache_key: bytes | None = None

    def __post_init__(self) -> None:
        dialect = self.mount.dialect
        self.model = dialect.model_of(self.path, self.ask)
        self.streaming = dialect.streams(self.path, self.ask)

    def may_still_call(self, now: datetime) -> bool:
        """Whether its key is one still: it may be revoked, or expire, between two attempts."""
        newest = self.view.newest()
        key = newest.key(self.key.hash) if newest is not None else self.key
        return key is not None and (key.expires_at is None or key.expires_at > now)

    def credentials_of(self, mount: OpenMount) -> tuple[OpenCredential, ...]:
        """The keys that may be used for the request at a mount."""
        return mount.credentials if self.own is None else (self.own,)

    def attempt(
        self, leg: Leg, credential: OpenCredential, event_id: str, at: datetime, began: float
    ) -> Attempt:
        """The next attempt."""
        if self.number == 0:
            self.began = began
        self.number += 1
        who = self.attribution
        if credential.is_mock and who.environment != MOCK_ENVIRONMENT:
            who = msgspec.structs.replace(who, environment=MOCK_ENVIRONMENT)
        attempt = Attempt(
            Admitted(self.key, leg.mount, credential), who, self.trace,
            call_id=self.call_id, event_id=event_id, operation=leg.operation, started_at=at,
            began=began,
        )  # fmt: skip
        attempt.number = self.number
        attempt.route = self.route
        attempt.model = leg.model
        attempt.streaming = self.streaming
        attempt.estimated_input = self.estimated_input
        if leg.operation != PASSTHROUGH:
            attempt.body = self.body
        return attempt

    def outgoing(self, leg: Leg, credential: OpenCredential) -> Outgoing:
        """The request for one target, with one key."""
        dialect = leg.mount.dialect
        path, query = dialect.target(
            dialect.upstream_path(leg.path), self.query, credential.settings
        )
        if not _PLAIN_PATH.match(path):
            path = quote(path, safe=_PATH_SAFE)
        url = f"{credential.base_url}{path}?{query}" if query else credential.base_url + path
        headers = [*self.forward, _IDENTITY, *credential.key_headers]
        return Outgoing(self.method, url, headers, leg.body)

    def most_output(self) -> int | None:
        """The output tokens that the request bounds itself to; None where it does not."""
        told = read_members(self.body, _MOST_OUTPUT)
        config = told.pop("generationConfig", None)
        if isinstance(config, dict):
            told["maxOutputTokens"] = config.get("maxOutputTokens")
        found = [most for most in told.values() if _is_count(most)]
        return min(found, default=None)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
