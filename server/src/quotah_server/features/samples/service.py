"""Load sample data into a workspace of its own, and take it away again, wholly.

A load runs in a thread and is lost with the process; what it had written is removed when it is
stopped in an orderly way. One load runs at a time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.errors import ConflictError, NotFoundError
from quotah_server.domain.ids import prefixed
from quotah_server.domain.scope import Scope
from quotah_server.features.samples import repository
from quotah_server.features.samples.generate import SeedResult, seed
from quotah_server.features.samples.plan import SeedPlan
from quotah_server.features.samples.schemas import SamplesIn, SamplesOut
from quotah_server.features.workspaces import repository as workspace_rows
from quotah_server.features.workspaces import service as workspaces
from quotah_server.http.deps import Actor, Grant
from quotah_server.kit.clock import Clock, utc_now
from quotah_server.pipeline.prices import Prices
from quotah_server.store.control.session import Database
from quotah_server.store.events.duckdb import DuckDBEventStore

WORKSPACE_NAME = "Sample data"

_log = structlog.get_logger(__name__)


class _StoppedError(Exception):
    """The load was told to end."""


class _Load:
    """A load that runs. done: events so far."""

    def __init__(self, scope: Scope, plan: SeedPlan) -> None:
        self.scope = scope
        self.plan = plan
        self.done = 0
        self.stop = threading.Event()
        self.task: asyncio.Task[None] | None = None

    def advance(self, done: int) -> None:
        """Take note of progress; called in the loading thread."""
        self.done = done
        if self.stop.is_set():
            raise _StoppedError


class Samples:
    """The sample data of this instance."""

    def __init__(
        self, database: Database, store: DuckDBEventStore, prices: Prices, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._store = store
        self._prices = prices
        self._clock = clock
        self._load: _Load | None = None
        self._changing = asyncio.Lock()

    async def status(self, grants: Sequence[Grant]) -> SamplesOut:
        """How far the sample workspace among these is."""
        async with self._database.transaction() as session:
            scope = await repository.sample_among(session, _entered(grants))
        if scope is None:
            return SamplesOut(workspace_id=None, events=0, state="none", progress=0.0)
        outer = prefixed("ws", scope.workspace_id)
        load = self._running(scope)
        if load is not None:
            share = load.done / load.plan.events
            return SamplesOut(workspace_id=outer, events=load.done, state="loading", progress=share)
        stored = await self._stored(scope)
        state = "ready" if stored else "none"
        return SamplesOut(
            workspace_id=outer, events=stored, state=state, progress=float(stored > 0)
        )

    async def load(
        self, actor: Actor, member_id: str, grants: Sequence[Grant], wanted: SamplesIn
    ) -> SamplesOut:
        """Make the sample workspace and begin to fill it; raises ConflictError when it is there."""
        async with self._changing:
            if self._load is not None:
                raise ConflictError("Sample data is being loaded already.")
            async with self._database.transaction() as session:
                scope, zone = await _workspace(session, actor, member_id, grants)
            if await self._stored(scope):
                raise ConflictError(
                    "Sample data is loaded already.", hint="Remove it to load another sample."
                )
            plan = _plan(wanted, scope, zone, self._clock())
            load = self._load = _Load(scope, plan)
            load.task = asyncio.create_task(self._run(load))
        return SamplesOut(
            workspace_id=prefixed("ws", scope.workspace_id), events=0, state="loading", progress=0.0
        )

    async def remove(self, actor: Actor, grants: Sequence[Grant]) -> None:
        """Remove the sample workspace with its events and feedback; nothing happens without one."""
        async with self._changing:
            owned = [grant.workspace_id for grant in grants if grant.role == "owner"]
            async with self._database.transaction() as session:
                scope = await repository.sample_among(session, owned)
            if scope is None:
                return
            load = self._running(scope)
            if load is not None:
                await self._end(load)
            await asyncio.to_thread(self._store.drop_workspace, scope.workspace_id)
            async with self._database.transaction() as session:
                await workspaces.remove(session, actor, scope)
            # Whatever one of its keys recorded in between.
            await asyncio.to_thread(self._store.drop_workspace, scope.workspace_id)

    async def fill(
        self, actor: Actor, scope: Scope | None, wanted: SamplesIn, end: datetime | None
    ) -> SeedResult:
        """Write a history now: into a workspace, or into the operator's sample workspace.

        end: last instant of the history; None means now. Raises NotFoundError on an instance that
        has no member yet.
        """
        async with self._changing:
            if self._load is not None:
                raise ConflictError("Sample data is being loaded already.")
            async with self._database.transaction() as session:
                if scope is None:
                    scope, zone = await _operators_sample(session, actor)
                else:
                    project = await workspace_rows.first_project(session, scope)
                    scope = Scope(scope.workspace_id, scope.project_id or project.id)
                    zone = await repository.timezone_of(session, scope.workspace_id)
            plan = _plan(wanted, scope, zone, end or self._clock())
            return await asyncio.to_thread(seed, self._store, plan, self._prices.book)

    async def close(self) -> None:
        """End a load that runs."""
        if self._load is not None:
            await self._end(self._load)

    def _running(self, scope: Scope) -> _Load | None:
        load = self._load
        return load if load is not None and load.scope == scope else None

    async def _end(self, load: _Load) -> None:
        load.stop.set()
        if load.task is not None:
            await load.task

    async def _run(self, load: _Load) -> None:
        try:
            result = await asyncio.to_thread(
                seed, self._store, load.plan, self._prices.book, load.advance
            )
            _log.info("samples_loaded", events=result.events, seconds=round(result.seconds, 1))
        except _StoppedError:
            await asyncio.to_thread(self._store.drop_workspace, load.scope.workspace_id)
        except Exception:  # noqa: BLE001 -- the end of a background task: told, and cleaned up
            _log.exception("samples_failed", workspace_id=load.scope.workspace_id)
            await asyncio.to_thread(self._store.drop_workspace, load.scope.workspace_id)
        finally:
            self._load = None

    async def _stored(self, scope: Scope) -> int:
        rows = await asyncio.to_thread(
            self._store.query,
            "SELECT count(*) FROM events WHERE workspace_id = ?",
            [scope.workspace_id],
        )
        return int(rows.rows[0][0])


def _entered(grants: Sequence[Grant]) -> list[str]:
    return [grant.workspace_id for grant in grants]


def _plan(wanted: SamplesIn, scope: Scope, zone: str, end: datetime) -> SeedPlan:
    assert scope.project_id is not None
    return SeedPlan(
        events=wanted.events, days=wanted.days, seed=wanted.seed, end=end, zone=zone,
        workspace_id=scope.workspace_id, project_id=scope.project_id,
    )  # fmt: skip


async def _workspace(
    session: AsyncSession, actor: Actor, member_id: str, grants: Sequence[Grant]
) -> tuple[Scope, str]:
    """The member's sample workspace, made where it is missing, and its time zone."""
    found = await repository.sample_among(session, _entered(grants))
    if found is not None:
        return found, await repository.timezone_of(session, found.workspace_id)
    zone = await repository.timezone_of(session, grants[0].workspace_id) if grants else "UTC"
    scope = await workspaces.create(
        session, actor, owner_id=member_id, name=WORKSPACE_NAME, timezone=zone, is_sample=True
    )
    await repository.skip_onboarding(session, scope)
    return scope, zone


async def _operators_sample(session: AsyncSession, actor: Actor) -> tuple[Scope, str]:
    member_id = await repository.operator(session)
    if member_id is None:
        raise NotFoundError(
            "There is no account yet: open the setup link, or run `quotah init`.", field="workspace"
        )
    return await _workspace(
        session, actor, member_id, await workspace_rows.grants_of(session, member_id)
    )
