"""Build the gateway's snapshot, and let the gateway wait for the next one.

Who changes a key, a credential or a price calls ``touch`` in the same transaction: the version grows with the
change, and waiters wake after the commit. A change made by another process (a second API host, the
command line) wakes nobody here, so waiters also look at the version themselves every second.
"""

from __future__ import annotations

import asyncio
import time

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.catalog import terms as terms_
from quotah_server.catalog.book import load_packaged
from quotah_server.domain.snapshot import GatewayKey, Snapshot
from quotah_server.features.snapshot import repository
from quotah_server.features.terms import repository as terms_rows
from quotah_server.kit.clock import Clock, utc_now
from quotah_server.store.books import BookShelf
from quotah_server.store.control.models import ApiKeyRow
from quotah_server.store.control.session import Database, announce

TOPIC = "snapshot"
_log = structlog.get_logger("quotah.snapshot")
_LOOK_EVERY_S = 1.0


async def touch(session: AsyncSession) -> None:
    """Say that this transaction changes what the gateway must know."""
    await repository.raise_version(session)
    announce(session, TOPIC)


async def build(session: AsyncSession, now: Clock = utc_now) -> Snapshot:
    """Read the snapshot as of this transaction."""
    # The version first: a change that lands between the two reads is delivered again, never skipped.
    version = await repository.version(session)
    at = now()
    keys = await repository.gateway_keys(session, at)
    book_version = await terms_rows.book_version(session)
    terms = await terms_rows.all_terms(session)
    known = {row.hash: _key(row) for row in keys}
    bringing = {key.workspace_id for key in known.values() if key.byok}
    return Snapshot(
        version=version,
        created_at=at,
        keys=known,
        mounts=await repository.mounts(session, bringing),
        book_version=book_version or load_packaged().version,
        terms={name: terms_.encode(told) for name, told in terms.items()},
        routes=await repository.routes(session),
    )


class SnapshotPublisher:
    """Hands snapshots to gateways that wait for them.

    shelf: gets every book under terms that a snapshot leads to, before the snapshot is handed out.
    """

    def __init__(
        self, database: Database, now: Clock = utc_now, *, shelf: BookShelf | None = None
    ) -> None:
        self._database = database
        self._now = now
        self._shelf = shelf
        self._shelved: set[tuple[str, bytes]] = set()
        self._changed = asyncio.Event()
        database.subscribe(TOPIC, self.bump)

    def bump(self) -> None:
        """Wake everybody who waits, in this process."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, after: int, timeout_s: float) -> Snapshot | None:
        """The snapshot as soon as its version is other than ``after``; None after ``timeout_s``.

        A version below ``after`` is news too: the database was restored from a backup.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            changed = self._changed
            async with self._database.transaction() as session:
                news = await repository.version(session) != after
                found = await build(session, self._now) if news else None
            if found is not None:
                await asyncio.to_thread(self._shelve, found)
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            try:
                await asyncio.wait_for(changed.wait(), min(left, _LOOK_EVERY_S))
            except TimeoutError:
                continue

    def _shelve(self, snapshot: Snapshot) -> None:
        """Keep the books that the gateway will price by; a disk that takes none holds up nobody.

        Those made of the packaged list are among them: a gateway that never got another prices by it.
        """
        shelf = self._shelf
        wanted = {(snapshot.book_version, data) for data in snapshot.terms.values()}
        if shelf is None or wanted <= self._shelved:
            return
        packaged = load_packaged()
        other = (
            None if snapshot.book_version == packaged.version else shelf.get(snapshot.book_version)
        )
        bases = [packaged] if other is None else [packaged, other]
        try:
            for _, data in wanted - self._shelved:
                for base in bases:
                    shelf.put(base.under(terms_.decode(data)))
        except OSError as error:
            _log.error("books_not_kept", reason=str(error))
            return
        self._shelved = wanted


def _key(row: ApiKeyRow) -> GatewayKey:
    assert row.project_id is not None, "the database holds a gateway key without a project"
    fields = {
        "id": row.id, "hash": row.hash, "workspace_id": row.workspace_id,
        "project_id": row.project_id, "member_id": row.created_by, "expires_at": row.expires_at,
    }  # fmt: skip
    return msgspec.convert({**row.settings, **fields}, GatewayKey)
