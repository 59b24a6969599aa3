"""Gather what events say of keys, credentials and workspaces, and write it every other second.

Gathered in memory and merged, so that a thousand calls a second cost the control database one small
transaction. What a crash loses here the next call tells again.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from datetime import datetime

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from quotah_server.domain.call import Call
from quotah_server.domain.scope import Scope
from quotah_server.features.providers import repository as providers
from quotah_server.features.sightings import repository
from quotah_server.store.control.session import Database

_log = structlog.get_logger(__name__)
_EVERY_S = 1.0


class _Answered(msgspec.Struct, frozen=True):
    at: datetime
    status: str
    error: str | None


class _Gathered:
    def __init__(self) -> None:
        self.keys: dict[tuple[str, str], datetime] = {}
        self.answers: dict[tuple[str, str], _Answered] = {}
        self.workspaces: dict[str, datetime] = {}

    def __bool__(self) -> bool:
        return bool(self.keys or self.answers or self.workspaces)


class Sightings:
    """``saw`` from any thread; ``run`` in the event loop writes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._gathered = _Gathered()
        self._known: set[str] = set()

    def saw(self, calls: Iterable[Call]) -> None:
        """Take note of calls that were stored. Samples and imports tell nothing about keys in use."""
        with self._lock:
            for call in calls:
                if call.door in ("gateway", "sdk", "otlp", "api"):
                    self._note(call)

    async def run(self) -> None:
        """Write what was gathered, until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            await self.flush()

    async def flush(self) -> None:
        """Write what was gathered so far; on a failing database it is kept out and the next calls tell."""
        with self._lock:
            gathered, self._gathered = self._gathered, _Gathered()
        if not gathered:
            return
        try:
            await self._write(gathered)
        except SQLAlchemyError as error:
            _log.warning("sightings_lost", error=type(error).__name__)
        else:
            self._known.update(gathered.workspaces)

    def _note(self, call: Call) -> None:
        of = call.attribution
        gathered = self._gathered
        if of.key_id:
            place = (of.workspace_id, of.key_id)
            gathered.keys[place] = max(gathered.keys.get(place, call.ended_at), call.ended_at)
        if of.workspace_id not in self._known:
            gathered.workspaces.setdefault(of.workspace_id, call.started_at)
        answer = _answer(call)
        if answer is not None:
            place = (of.workspace_id, call.provider)
            before = gathered.answers.get(place)
            if before is None or before.at <= answer.at:
                gathered.answers[place] = answer

    async def _write(self, gathered: _Gathered) -> None:
        async with self._database.transaction() as session:
            for (workspace_id, key_id), at in gathered.keys.items():
                await repository.key_used(session, workspace_id, key_id, at)
            for workspace_id, at in gathered.workspaces.items():
                await repository.called(session, workspace_id, at)
            for (workspace_id, provider), answer in gathered.answers.items():
                credential = await providers.serving(session, Scope(workspace_id), provider)
                if credential is not None:
                    repository.credential_answered(
                        credential, answer.at, answer.status, answer.error
                    )


def _answer(call: Call) -> _Answered | None:
    """What a gateway call tells about the credential it was made with; None where it tells nothing."""
    if call.door != "gateway" or call.http_status is None:
        return None
    status = call.http_status
    if 200 <= status < 300:
        return _Answered(call.ended_at, "healthy", None)
    if status == 401:
        return _Answered(call.ended_at, "invalid", "The provider refused this key (HTTP 401).")
    if status == 429:
        return _Answered(call.ended_at, "rate_limited", "The provider limits this key (HTTP 429).")
    return None
