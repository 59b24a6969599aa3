"""Gather what events say of our keys and of workspaces, and write it every other second.

Gathered in memory and merged, so that a thousand calls a second cost the control database one small
transaction. What a crash loses here the next call tells again.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError

from quotah_server.domain.call import Call
from quotah_server.features.sightings import repository
from quotah_server.store.control.session import Database

_log = structlog.get_logger(__name__)
_EVERY_S = 1.0


class _Gathered:
    def __init__(self) -> None:
        self.keys: dict[tuple[str, str], datetime] = {}
        self.workspaces: dict[str, datetime] = {}

    def __bool__(self) -> bool:
        return bool(self.keys or self.workspaces)


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

    async def _write(self, gathered: _Gathered) -> None:
        async with self._database.transaction() as session:
            for (workspace_id, key_id), at in gathered.keys.items():
                await repository.key_used(session, workspace_id, key_id, at)
            for workspace_id, at in gathered.workspaces.items():
                await repository.called(session, workspace_id, at)
