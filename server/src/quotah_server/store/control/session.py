"""The way to the control database: one engine, one transaction per piece of work.

SQLite: a file with a rollback journal (the interpreter's SQLite may carry the WAL-reset bug), foreign
keys enforced, and one connection, so that work is done one piece after the other and never waits for
a lock in the middle. Whoever holds a transaction must therefore not wait for anything slow inside it.
PostgreSQL: a pool of psycopg connections, read committed.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from quotah_server.domain.errors import StartupError

AWAY = (OperationalError, InterfaceError, PoolTimeoutError)
"""What is raised while the control database cannot do its work."""
_FULL = ("SQLITE_FULL", "53100")
_TOPICS = "topics"
_SQLITE_SETTINGS = (
    "PRAGMA journal_mode=DELETE",
    "PRAGMA synchronous=EXTRA",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
)


def control_url(database_url: str | None, sqlite_file: Path) -> URL:
    """The URL of the control database: PostgreSQL where one is configured, else that SQLite file.

    Raises StartupError for anything that is neither postgresql:// nor sqlite://.
    """
    if database_url is None:
        return URL.create("sqlite+aiosqlite", database=str(sqlite_file))
    try:
        url = make_url(database_url)
    except Exception as error:
        raise StartupError("QUOTAH_DATABASE_URL is not a database URL") from error
    backend = url.get_backend_name()
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite":
        return url.set(drivername="sqlite+aiosqlite")
    raise StartupError(f"QUOTAH_DATABASE_URL names {backend}; use postgresql://…")


def why_away(error: Exception) -> str:
    """Say to people what one of ``AWAY`` means, and what to do about it."""
    cause = getattr(error, "orig", None)
    told = (getattr(cause, "sqlite_errorname", None), getattr(cause, "sqlstate", None))
    if any(one in _FULL for one in told):
        return (
            "The control database's disk is full: nothing can be saved until there is room on it."
        )
    return "The control database does not answer. Try again in a moment."


def prepare_sqlite(connection: Any) -> None:
    """Set up a raw SQLite connection: our own BEGIN, rollback journal, synced commits, foreign keys."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for statement in _SQLITE_SETTINGS:
        cursor.execute(statement)
    cursor.close()


class Database:
    """The control database of one process.

    ``announce`` inside a transaction names a topic; its subscribers are called after the commit, and
    not at all when the work is rolled back.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        pool: dict[str, Any] = (
            {"pool_size": 1, "max_overflow": 0} if self.is_sqlite else {"pool_pre_ping": True}
        )
        # At DEBUG, aiosqlite writes every value of every statement into the log.
        logging.getLogger("aiosqlite").setLevel(logging.INFO)
        # Errors of the driver would otherwise quote the values of a statement into logs.
        self.engine = create_async_engine(url, hide_parameters=True, **pool)
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _on_connect)
            event.listen(self.engine.sync_engine, "begin", begin_immediate)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._subscribers: dict[str, list[Callable[[], None]]] = {}

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession]:
        """Run a block in one transaction: committed at its end, rolled back when it raises."""
        async with self._sessions() as session:
            async with session.begin():
                yield session
            topics: set[str] = session.info.get(_TOPICS, set())
        for topic in topics:
            for notify in self._subscribers.get(topic, ()):
                notify()

    def subscribe(self, topic: str, notify: Callable[[], None]) -> None:
        """Have ``notify`` called after each commit that announced the topic; it must not block."""
        self._subscribers.setdefault(topic, []).append(notify)

    async def ping(self) -> None:
        """Ask the database for a sign of life; raises what the driver raises."""
        async with self.transaction() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()


def announce(session: AsyncSession, topic: str) -> None:
    """Name a topic whose subscribers shall hear of this transaction once it is committed."""
    session.info.setdefault(_TOPICS, set()).add(topic)


def _on_connect(connection: Any, _record: Any) -> None:
    prepare_sqlite(connection)


def begin_immediate(connection: Connection) -> None:
    """Begin by taking SQLite's write lock, so that no transaction has to be refused halfway."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
