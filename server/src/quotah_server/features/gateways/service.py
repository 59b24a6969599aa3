"""Take reports of gateways, tell what is in them, and note in the database how provider keys do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from quotah_server.domain.gateway_state import CredentialState, GatewayState
from quotah_server.domain.ids import prefixed
from quotah_server.domain.scope import Scope
from quotah_server.features.gateways import repository
from quotah_server.features.gateways.reports import Reports
from quotah_server.features.gateways.schemas import GatewayList, GatewayOut, LimitList, LimitOut
from quotah_server.kit.clock import Clock, utc_now
from quotah_server.store.control.session import Database

_log = structlog.get_logger("quotah.gateways")
WRITE_EVERY_S = 10.0
_TOLD_MAX = 100_000


class Gateways:
    """What is known of gateways and of what they call. Belongs to the event loop of the API."""

    def __init__(
        self,
        database: Database,
        now: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._monotonic = monotonic
        self.reports = Reports(now, monotonic)
        self._written: dict[str, float] = {}

    async def hear(self, body: bytes) -> None:
        """Take a report (msgpack); raises InvalidInputError for anything that is none.

        A database that does not answer loses nothing but the note: the next report makes up for it.
        """
        state = self.reports.hear(body)
        try:
            await self._note(state)
        except SQLAlchemyError as error:
            _log.warning("credential_states_not_noted", error=type(error).__name__)

    def credentials(self, workspace_id: str) -> Mapping[str, CredentialState]:
        """How the workspace's provider keys do now, by id."""
        return self.reports.credentials(workspace_id)

    def listed(self) -> GatewayList:
        """The gateways of this instance that were heard of in the last minute."""
        return GatewayList(
            items=[
                GatewayOut(
                    gateway_id=heard.state.gateway_id, seen_at=heard.at,
                    started_at=heard.state.started_at, up=self.reports.is_up(heard),
                    snapshot_version=heard.state.snapshot_version, in_flight=heard.state.in_flight,
                    journal_depth=heard.state.journal_depth,
                    journal_failing=heard.state.journal_failing,
                    events_waiting=heard.state.events_waiting, losses=heard.state.losses,
                )
                for heard in self.reports.all()
            ]
        )  # fmt: skip

    async def limits(self, session: AsyncSession, scope: Scope) -> LimitList:
        """Providers' limits for the keys of a workspace, as last seen; of no other workspace, whatever
        a report says."""
        rows = {row.id: row for row in await repository.of_workspace(session, scope)}
        items: list[LimitOut] = []
        for told in self.reports.limits(scope.workspace_id):
            row = rows.get(told.credential_id)
            if row is not None:
                fields = msgspec.structs.asdict(told)
                del fields["workspace_id"]
                fields |= {
                    "credential_id": prefixed("cred", row.id),
                    "credential_name": row.name,
                    "mount": row.mount,
                }
                items.append(LimitOut(**fields))
        return LimitList(items=items)

    async def _note(self, state: GatewayState) -> None:
        """Write the states that are due into the credentials' rows, in one transaction."""
        now = self._monotonic()
        due = [
            told
            for told in state.credentials
            if told.health != "never_used"
            and now - self._written.get(told.credential_id, float("-inf")) >= WRITE_EVERY_S
        ]
        if not due:
            return
        async with self._database.transaction() as session:
            written = await repository.note(session, due)
        if len(self._written) > _TOLD_MAX:
            self._written.clear()
        self._written.update(dict.fromkeys(written, now))
