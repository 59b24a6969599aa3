"""A seeded store that the tests of this room read, and ways to make another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quotah_server.catalog.book import Book, load_packaged
from quotah_server.features.samples.generate import seed
from quotah_server.features.samples.plan import SeedPlan
from quotah_server.store.events.duckdb import DuckDBEventStore

WORKSPACE, PROJECT = "a" * 32, "b" * 32
END = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)
EVENTS, DAYS = 30_000, 28


def plan_of(**changes: object) -> SeedPlan:
    """The plan of the shared history, with changes."""
    fields: dict[str, object] = {
        "events": EVENTS, "days": DAYS, "seed": 7, "end": END, "zone": "America/New_York",
        "workspace_id": WORKSPACE, "project_id": PROJECT,
    }  # fmt: skip
    return SeedPlan(**{**fields, **changes})  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="session")
def book() -> Book:
    return load_packaged()


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory, book: Book) -> Iterator[DuckDBEventStore]:
    """A store with one history in it. Only read it."""
    store = DuckDBEventStore(tmp_path_factory.mktemp("seeded") / "events.duckdb")
    seed(store, plan_of(), book)
    yield store
    store.close()


@pytest.fixture
def new_store(tmp_path: Path) -> Iterator[Callable[..., DuckDBEventStore]]:
    """Makes empty stores; the argument is the number of threads."""
    made: list[DuckDBEventStore] = []

    def make(threads: int = 2) -> DuckDBEventStore:
        store = DuckDBEventStore(tmp_path / f"{len(made)}.duckdb", threads=threads)
        made.append(store)
        return store

    yield make
    for store in made:
        store.close()
