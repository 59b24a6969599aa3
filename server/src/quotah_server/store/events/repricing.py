"""New prices for stored events: old rows changed, and what that changed written down beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from quotah_server.domain.usage import Usage
from quotah_server.store.events import arrow
from quotah_server.store.events.base import Correction, Repriced
from quotah_server.store.events.rows import PARTS, Kind, money_text, split_of_row

if TYPE_CHECKING:
    import duckdb

_NAMED: tuple[tuple[str, Kind], ...] = (
    ("event_id", "uuid"), ("workspace_id", "text"), ("revision", "uint64"), ("reread", "bool"),
)  # fmt: skip
_PRICES: tuple[tuple[str, Kind], ...] = (
    ("cost", "money"), ("cost_status", "text"), ("cost_reason", "text"), ("price_version", "text"),
    *((part, "money") for part in PARTS), ("saved", "money"),
)  # fmt: skip
_COUNTS: tuple[tuple[str, Kind], ...] = (
    ("input_tokens", "int"), ("output_tokens", "int"), ("cache_read_tokens", "int"),
    ("cache_write_tokens", "int"), ("reasoning_tokens", "int"), ("usage_units", "text"),
    ("usage_flags", "text"),
)  # fmt: skip
_COLUMNS = (*_NAMED, *_PRICES, *_COUNTS)
_WHERE = (
    "e.event_id BETWEEN CAST(? AS UUID) AND CAST(? AS UUID)"
    " AND e.event_id = a.event_id AND e.workspace_id = a.workspace_id AND e.revision = a.revision"
)
_AGAIN = f"(SELECT {arrow.select_list(_COLUMNS)} FROM priced_again) a"  # noqa: S608 — names of our own
_DIFFERENT = "(e.cost IS DISTINCT FROM a.cost OR e.cost_status <> a.cost_status)"
_COUNT = f"SELECT count(*) FROM events e, {_AGAIN} WHERE {_WHERE} AND {_DIFFERENT}"  # noqa: S608
_NUMBERS = "SELECT min(n) FROM (SELECT nextval('corrections_sequence') AS n FROM range(?))"
_CORRECT = (
    "INSERT INTO corrections SELECT ? + row_number() OVER (ORDER BY e.ts, e.event_id) - 1,"  # noqa: S608
    " e.event_id, e.workspace_id, e.ts, e.provider, e.model, e.cost, a.cost,"
    " coalesce(a.cost, 0) - coalesce(e.cost, 0), e.price_version, a.price_version, ?,"
    f" make_timestamp(?) FROM events e, {_AGAIN} WHERE {_WHERE} AND {_DIFFERENT}"
    " ORDER BY e.ts, e.event_id"
)
_SET_PRICES = ", ".join(f"{name} = a.{name}" for name, _ in _PRICES)
_SET_COUNTS = ", ".join(f"{name} = a.{name}" for name, _ in _COUNTS)
_RECOUNT = f"UPDATE events e SET {_SET_COUNTS} FROM {_AGAIN} WHERE a.reread AND {_WHERE}"  # noqa: S608
_UPDATE = (
    f"UPDATE events e SET {_SET_PRICES}, revision = e.revision + 1 FROM {_AGAIN} WHERE {_WHERE}"  # noqa: S608
)
READ = (
    "SELECT sequence, replace(CAST(event_id AS VARCHAR), '-', ''), workspace_id, ts, provider, model,"
    " old_cost, new_cost, delta, old_version, new_version, reprice_id, corrected_at"
    " FROM corrections WHERE sequence > ? ORDER BY sequence LIMIT ?"
)
_text = msgspec.json.Encoder(decimal_format="number").encode


def apply(
    connection: duckdb.DuckDBPyConnection, events: Sequence[Repriced], reprice_id: str, now_us: int
) -> int:
    """Change the rows, inside the caller's transaction; tells how many."""
    connection.register("priced_again", arrow.table_of([_row(one) for one in events], _COLUMNS))
    ids = [one.event_id for one in events]
    span = [min(ids), max(ids)]
    different = number_of(connection, _COUNT, span)
    if different:
        first = number_of(connection, _NUMBERS, [different])
        connection.execute(_CORRECT, [first, reprice_id, now_us, *span]).fetchall()
    if any(one.usage is not None for one in events):
        connection.execute(_RECOUNT, span).fetchall()
    changed = number_of(connection, _UPDATE, span)
    connection.unregister("priced_again")
    return changed


def read(rows: Sequence[tuple[Any, ...]]) -> list[Correction]:
    """Corrections of rows of ``READ``; the engine's times are UTC and do not say so."""
    return [Correction(*map(_aware, row)) for row in rows]


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def number_of(connection: duckdb.DuckDBPyConnection, sql: str, values: list[Any]) -> int:
    """The one number that a statement answers with."""
    return int(connection.execute(sql, values).fetchall()[0][0])


def _row(one: Repriced) -> tuple[Any, ...]:
    usage = one.usage or Usage()
    return (
        one.event_id, one.workspace_id, one.revision, one.usage is not None,
        money_text(one.cost_usd), one.cost_status, one.cost_reason or None, one.price_version,
        *split_of_row(one.cost_usd, one.split), money_text(one.saved_usd),
        usage.input_tokens, usage.output_tokens, usage.cache_read_input_tokens,
        usage.cache_write_input_tokens, usage.reasoning_output_tokens,
        _text(usage.units).decode(), _text(usage.flags).decode(),
    )  # fmt: skip
