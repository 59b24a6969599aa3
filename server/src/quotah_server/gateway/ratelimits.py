"""What providers say of their limits, per credential, model and dimension, as last heard.

Answering a call costs one append: the answer's header list is kept as it is and read when somebody
asks. What an answer does not say stays as it was last said, with the time of that.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime
from typing import Protocol

import msgspec

from quotah_server.domain.gateway_state import RateLimit
from quotah_server.kit.clock import Clock
from quotah_server.providers import limits

_HEARD_PER_MODEL = 4
_MOST_CREDENTIALS, _MOST_MODELS, _MOST_LIMITS = 1_024, 128, 512
"""Of models whose answers wait to be read, and of limits: of each credential."""
_MOST_BODY = 64 * 1024
_TOO_MANY_REQUESTS = 429


class Named(Protocol):
    @property
    def name(self) -> str: ...


class Paid(Protocol):
    """The part of a credential that is needed here."""

    @property
    def id(self) -> str: ...
    @property
    def workspace_id(self) -> str: ...


class Mounted(Protocol):
    """The part of a mount that is needed here."""

    @property
    def provider(self) -> Named: ...


class _Heard(msgspec.Struct, frozen=True):
    workspace_id: str
    provider: str
    at: datetime
    status: int
    headers: list[tuple[str, str]]
    body: bytes | None


class RateLimits:
    """``heard`` belongs to the event loop's thread; any one thread may call ``snapshot``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._unread: dict[str, dict[str | None, deque[_Heard]]] = {}
        self._known: OrderedDict[str, OrderedDict[tuple[str, str], RateLimit]] = OrderedDict()

    def heard(
        self,
        credential: Paid,
        mount: Mounted,
        model: str | None,
        status: int,
        headers: list[tuple[str, str]],
        body: bytes | None = None,
        at: datetime | None = None,
    ) -> None:
        """An answer came for a stored credential. headers: names in lower case; not changed later.
        body: of a 429, where it is at hand. at: when it came, now where that is not told."""
        unread = self._unread
        models = unread.get(credential.id)
        if models is None:
            if len(unread) >= _MOST_CREDENTIALS:
                return
            models = unread[credential.id] = {}
        heard = models.get(model)
        if heard is None:
            if len(models) >= _MOST_MODELS:
                return
            heard = models[model] = deque(maxlen=_HEARD_PER_MODEL)
        if status != _TOO_MANY_REQUESTS or (body is not None and len(body) > _MOST_BODY):
            body = None
        heard.append(
            _Heard(
                credential.workspace_id,
                mount.provider.name,
                at or self._clock(),
                status,
                headers,
                body,
            )
        )

    def snapshot(self) -> tuple[RateLimit, ...]:
        """All limits that are known, each as last heard."""
        unread, self._unread = self._unread, {}
        # Copies made in one step each: an answer may just be added to what was taken here.
        answers = [
            (credential_id, model, one)
            for credential_id, models in list(unread.items())
            for model, heard in list(models.items())
            for one in list(heard)
        ]
        answers.sort(key=lambda answer: answer[2].at)
        for answer in answers:
            self._read(*answer)
        return tuple(one for known in self._known.values() for one in known.values())

    def _read(self, credential_id: str, model: str | None, heard: _Heard) -> None:
        told = limits.read(heard.provider, heard.status, heard.headers, heard.body, heard.at)
        if not told:
            return
        known = self._known.setdefault(credential_id, OrderedDict())
        self._known.move_to_end(credential_id)
        for one in told:
            group = (model or "") if one.group is None else one.group
            key = (group, one.dimension)
            before = known.pop(key, None)
            known[key] = RateLimit(
                workspace_id=heard.workspace_id,
                credential_id=credential_id,
                provider=heard.provider,
                model_group=group,
                dimension=one.dimension,
                # How much is allowed in all changes seldom, and is not said every time.
                limit=before.limit if one.limit is None and before else one.limit,
                remaining=one.remaining,
                utilization=one.utilization,
                window_s=before.window_s if one.window_s is None and before else one.window_s,
                resets_at=one.resets_at,
                status=one.status,
                source=one.source,
                observed_at=heard.at,
            )
        while len(known) > _MOST_LIMITS:
            known.popitem(last=False)
        if len(self._known) > _MOST_CREDENTIALS:
            self._known.popitem(last=False)
