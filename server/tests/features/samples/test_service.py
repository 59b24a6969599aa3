"""Loading sample data into a workspace of its own, following it, and removing it wholly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from quotah_server.catalog.book import Book
from quotah_server.domain.errors import ConflictError, InvalidInputError, NotFoundError
from quotah_server.domain.ids import parse_id
from quotah_server.domain.scope import Scope
from quotah_server.features.members import service as members
from quotah_server.features.samples import generate
from quotah_server.features.samples.generate import seed
from quotah_server.features.samples.schemas import SamplesIn, SamplesOut
from quotah_server.features.samples.service import Samples
from quotah_server.features.workspaces import repository as workspace_rows
from quotah_server.features.workspaces import service as workspaces
from quotah_server.http.deps import SYSTEM, Grant
from quotah_server.pipeline.prices import Prices
from quotah_server.store.control.migrate import upgrade
from quotah_server.store.control.models import MembershipRow, ProjectRow, WorkspaceRow
from quotah_server.store.control.session import Database, control_url
from quotah_server.store.events.duckdb import DuckDBEventStore

from .conftest import END, plan_of

WANTED = SamplesIn(events=3_000, days=14, seed=7)
DEADLINE_S = 30.0


class Instance:
    """A control database, an event store and one owner."""

    def __init__(self, database: Database, store: DuckDBEventStore, book: Book) -> None:
        self.database = database
        self.store = store
        self.samples = Samples(database, store, Prices(book), clock=lambda: END)
        self.member_id = ""
        self.scope = Scope("")

    async def set_up(self) -> None:
        async with self.database.transaction() as session:
            self.member_id = await members.create(
                session, SYSTEM, email="ada@example.com", name="Ada", password_hash="x",
                is_operator=True,
            )  # fmt: skip
            self.scope = await workspaces.create(
                session, SYSTEM, owner_id=self.member_id, name="Acme", timezone="Europe/Berlin"
            )

    async def grants(self) -> tuple[Grant, ...]:
        async with self.database.transaction() as session:
            return await workspace_rows.grants_of(session, self.member_id)

    async def load(self, wanted: SamplesIn = WANTED) -> SamplesOut:
        return await self.samples.load(SYSTEM, self.member_id, await self.grants(), wanted)

    async def status(self) -> SamplesOut:
        return await self.samples.status(await self.grants())

    async def until(self, holds: Callable[[SamplesOut], bool]) -> SamplesOut:
        """Ask for the status until something holds of it."""
        async with asyncio.timeout(DEADLINE_S):
            while not holds(status := await self.status()):  # noqa: ASYNC110 -- as the dashboard does
                await asyncio.sleep(0.01)
        return status

    async def loaded(self) -> SamplesOut:
        """The status once no load runs."""
        return await self.until(lambda status: status.state != "loading")

    async def remove(self) -> None:
        await self.samples.remove(SYSTEM, await self.grants())

    def rows(self, table: str) -> int:
        return int(self.store.query(f"SELECT count(*) FROM {table}").rows[0][0])


@pytest.fixture
async def instance(tmp_path: Path, book: Book) -> AsyncIterator[Instance]:
    url = control_url(None, tmp_path / "control.sqlite")
    await asyncio.to_thread(upgrade, url)
    database, store = Database(url), DuckDBEventStore(tmp_path / "events.duckdb")
    made = Instance(database, store, book)
    await made.set_up()
    yield made
    await made.samples.close()
    store.close()
    await database.close()


async def test_without_a_sample_the_state_is_none(instance: Instance) -> None:
    assert await instance.status() == SamplesOut(
        workspace_id=None, events=0, state="none", progress=0.0
    )


async def test_a_load_fills_a_workspace_of_its_own(instance: Instance) -> None:
    begun = await instance.load()
    assert begun.state == "loading"
    done = await instance.loaded()
    assert (done.state, done.events, done.progress) == ("ready", 3_000, 1.0)
    assert done.workspace_id is not None
    workspace_id = parse_id(done.workspace_id, "ws")
    assert workspace_id != instance.scope.workspace_id
    assert instance.store.query("SELECT DISTINCT workspace_id FROM events").rows == [
        (workspace_id,)
    ]
    async with instance.database.transaction() as session:
        row = await session.get(WorkspaceRow, workspace_id)
        assert row is not None
        assert (row.is_sample, row.timezone) == (True, "Europe/Berlin")
        assert row.onboarding_skipped_at is not None


async def test_the_sample_comes_after_the_members_own_workspaces(instance: Instance) -> None:
    await instance.load()
    await instance.loaded()
    assert (await instance.grants())[0].workspace_id == instance.scope.workspace_id


async def test_a_second_load_is_refused_while_the_first_runs_and_after(instance: Instance) -> None:
    await instance.load(SamplesIn(events=60_000))
    with pytest.raises(ConflictError):
        await instance.load()
    await instance.loaded()
    with pytest.raises(ConflictError):
        await instance.load()


async def test_removal_leaves_nothing_of_the_sample_and_everything_else(
    instance: Instance, book: Book
) -> None:
    own = plan_of(events=500, workspace_id=instance.scope.workspace_id)
    kept = await asyncio.to_thread(seed, instance.store, own, book)
    await instance.load()
    await instance.loaded()
    assert instance.rows("events") == 3_500
    assert instance.rows("feedback") > kept.ratings

    await instance.remove()

    assert (await instance.status()).state == "none"
    assert instance.rows("events") == 500
    assert instance.rows("feedback") == kept.ratings
    async with instance.database.transaction() as session:
        for table in (WorkspaceRow, ProjectRow, MembershipRow):
            assert await session.scalar(select(func.count()).select_from(table)) == 1


async def test_removal_ends_a_load_that_runs(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "STRETCH", 300)
    await instance.load(SamplesIn(events=60_000))
    await instance.until(lambda status: status.events > 0)
    await instance.remove()
    assert (await instance.status()).state == "none"
    assert (instance.rows("events"), instance.rows("feedback")) == (0, 0)


async def test_a_load_ended_by_closing_leaves_no_half_sample(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "STRETCH", 300)
    await instance.load(SamplesIn(events=60_000))
    await instance.samples.close()
    assert instance.rows("events") == 0
    assert (await instance.status()).state == "none"
    monkeypatch.undo()
    await instance.load()
    assert (await instance.loaded()).events == 3_000


async def test_removing_what_is_not_there_changes_nothing(instance: Instance) -> None:
    await instance.remove()
    assert len(await instance.grants()) == 1


async def test_a_viewer_cannot_remove_the_sample(instance: Instance) -> None:
    await instance.load()
    await instance.loaded()
    grants = [Grant(grant.workspace_id, "viewer") for grant in await instance.grants()]
    await instance.samples.remove(SYSTEM, grants)
    assert instance.rows("events") == 3_000


async def test_loading_again_after_removal_works(instance: Instance) -> None:
    for _ in range(2):
        await instance.load()
        assert (await instance.loaded()).events == 3_000
        await instance.remove()


async def test_the_command_fills_the_operators_sample_workspace(instance: Instance) -> None:
    result = await instance.samples.fill(
        SYSTEM, None, WANTED, end=datetime(2026, 10, 1, tzinfo=UTC)
    )
    status = await instance.status()
    assert status.workspace_id == f"ws_{result.workspace_id}"
    assert (result.events, status.events) == (3_000, 3_000)
    last = instance.store.query("SELECT max(ts) FROM events").rows[0][0]
    assert last.replace(tzinfo=UTC) < datetime(2026, 10, 1, tzinfo=UTC)


async def test_the_command_fills_a_workspace_that_is_named(instance: Instance) -> None:
    await instance.samples.fill(SYSTEM, Scope(instance.scope.workspace_id), WANTED, end=None)
    rows = instance.store.query("SELECT DISTINCT workspace_id, project_id FROM events").rows
    assert rows == [(instance.scope.workspace_id, instance.scope.project_id)]


async def test_the_command_needs_an_account_first(tmp_path: Path, book: Book) -> None:
    url = control_url(None, tmp_path / "control.sqlite")
    await asyncio.to_thread(upgrade, url)
    database, store = Database(url), DuckDBEventStore(tmp_path / "events.duckdb")
    try:
        with pytest.raises(NotFoundError, match="quotah init"):
            await Samples(database, store, Prices(book)).fill(SYSTEM, None, WANTED, end=None)
    finally:
        store.close()
        await database.close()


async def test_an_end_without_a_zone_is_refused(instance: Instance) -> None:
    with pytest.raises(InvalidInputError, match="time zone"):
        await instance.samples.fill(SYSTEM, None, WANTED, end=END.replace(tzinfo=None))
