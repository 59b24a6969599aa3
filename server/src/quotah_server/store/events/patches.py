"""Attribution that arrives apart from its event: applied at once, or when the event comes.

What the event says already stands; a patch fills the rest, and tags are merged the same way. So the
order of arrival does not matter, and a patch may be applied again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from quotah_server.store.events import arrow
from quotah_server.store.events.base import AttributionPatch

if TYPE_CHECKING:
    import duckdb

KEEP_DAYS = 7
"""A patch whose event has not come by then is dropped."""

_FILLED = (
    "environment", "user_id", "team", "session_id", "feature", "prompt", "prompt_version",
    "request_id", "trace_id", "span_id", "parent_span_id",
)  # fmt: skip
_COLUMNS = ("workspace_id", "event_id", *_FILLED, "tags")
_SET = ", ".join(f"{name} = coalesce(events.{name}, p.{name})" for name in _FILLED)
_WHERE = (
    "events.event_id BETWEEN CAST(? AS UUID) AND CAST(? AS UUID)"
    " AND events.event_id = p.event_id AND events.workspace_id = p.workspace_id"
)
_APPLY = (
    f"UPDATE events SET {_SET}, "  # noqa: S608 — column names of our own
    "tags = CASE WHEN p.tags IS NULL THEN events.tags WHEN events.tags IS NULL THEN p.tags"
    " ELSE map_concat(p.tags, events.tags) END "
    f"FROM pending_attribution p WHERE {_WHERE}"
)
_FORGET = f"DELETE FROM pending_attribution p USING events WHERE {_WHERE}"  # noqa: S608
_REPLACE = (
    "DELETE FROM pending_attribution p USING patches"
    " WHERE p.workspace_id = patches.workspace_id AND p.event_id = CAST(patches.event_id AS UUID)"
)
_KEEP = (
    f"INSERT INTO pending_attribution ({', '.join(_COLUMNS)}, received_at) "  # noqa: S608
    f"SELECT workspace_id, CAST(event_id AS UUID), {', '.join(_FILLED)}, "
    "CAST(CAST(tags AS JSON) AS MAP(VARCHAR, VARCHAR)), make_timestamp(?) FROM patches"
)


class PatchBook:
    """The patches that wait. Used under the writer's lock only."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, now_us: int) -> None:
        connection.execute(
            "DELETE FROM pending_attribution WHERE received_at < make_timestamp(?)",
            [now_us - KEEP_DAYS * 86_400_000_000],
        )
        found = connection.execute(
            "SELECT replace(CAST(event_id AS VARCHAR), '-', '') FROM pending_attribution"
        ).fetchall()
        self._waiting: set[str] = {row[0] for row in found}

    def put(
        self,
        connection: duckdb.DuckDBPyConnection,
        patches: Sequence[AttributionPatch],
        now_us: int,
    ) -> None:
        """Apply what can be applied, keep the rest; a later patch replaces one that still waits."""
        latest = {(patch.attribution.workspace_id, patch.event_id): patch for patch in patches}
        connection.register("patches", arrow.text_table(_COLUMNS, map(_values, latest.values())))
        connection.execute(_REPLACE).fetchall()
        connection.execute(_KEEP, [now_us]).fetchall()
        connection.unregister("patches")
        event_ids = {event_id for _, event_id in latest}
        self._waiting |= event_ids
        self._apply(connection, event_ids)

    def due(self, arrived: Iterable[str]) -> set[str]:
        """Which of these events a patch waits for; may name one that was applied before."""
        return self._waiting.intersection(arrived)

    def apply_to(self, connection: duckdb.DuckDBPyConnection, arrived: Iterable[str]) -> None:
        """Apply patches that waited for these events."""
        if hits := self.due(arrived):
            self._apply(connection, hits)

    def forget(self, event_ids: Iterable[str]) -> None:
        """Stop waiting for events whose patches are applied and committed."""
        self._waiting.difference_update(event_ids)

    def _apply(self, connection: duckdb.DuckDBPyConnection, event_ids: Iterable[str]) -> None:
        span = [min(event_ids), max(event_ids)]
        connection.execute(_APPLY, span)
        connection.execute(_FORGET, span)


def _values(patch: AttributionPatch) -> list[str | None]:
    who = patch.attribution
    tags = msgspec.json.encode(who.tags).decode() if who.tags else None
    return [
        who.workspace_id, patch.event_id, who.environment, who.user, who.team, who.session,
        who.feature, who.prompt, who.prompt_version, who.request_id, patch.trace_id,
        patch.span_id, patch.parent_span_id, tags,
    ]  # fmt: skip
