"""The SQL of DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from quotah_server.analytics.sql import Param, Sql, param, raw

_TYPES = {
    "text": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "money": "DECIMAL(38, 12)",
    "bool": "BOOLEAN",
    "time": "TIMESTAMP",
    "uuid": "UUID",
}


class DuckDBDialect:
    """See analytics.dialect.base.Dialect."""

    name = "duckdb"

    def render(self, sql: Sql) -> tuple[str, list[Any]]:
        text: list[str] = []
        values: list[Any] = []
        for part in sql.parts:
            if isinstance(part, Param):
                text.append(f"CAST(? AS {_TYPES[part.kind]})")
                values.append(_plain(part.value))
            else:
                text.append(part)
        return "".join(text), values

    def events(self) -> Sql:
        return raw("events e")

    def feedback(self) -> Sql:
        return raw("feedback f")

    def micros(self, time: Sql) -> Sql:
        return "epoch_us(" + time + ")"

    def div(self, number: Sql, by: int) -> Sql:
        return "(" + number + f") // {by:d}"

    def month_index(self, micros: Sql) -> Sql:
        time = "make_timestamp(" + micros + ")"
        return "(year(" + time + ") * 12 + month(" + time + ") - 1)"

    def tag(self, name: str) -> Sql:
        return "e.tags[" + param(name, "text") + "]"

    def same(self, left: Sql, right: Sql) -> Sql:
        return "(" + left + " IS NOT DISTINCT FROM " + right + ")"

    def starts_with(self, text: Sql, prefix: Sql) -> Sql:
        return "starts_with(" + text + ", " + prefix + ")"

    def contains(self, text: Sql, part: Sql) -> Sql:
        return "contains(" + text + ", " + part + ")"

    def count(self, where: Sql | None) -> Sql:
        return _filtered(raw("count(*)"), where)

    def sum(self, of: Sql, where: Sql | None) -> Sql:
        return _filtered("sum(" + of + ")", where)

    def distinct(self, of: Sql, where: Sql | None) -> Sql:
        return _filtered("count(DISTINCT " + of + ")", where)

    def quantiles(self, of: Sql, levels: Sequence[float], where: Sql | None) -> Sql:
        wanted = ", ".join(f"{level!r}" for level in levels)
        return _filtered("quantile_cont(" + of + f", [{wanted}])", where)

    def element(self, values: Sql, index: int) -> Sql:
        return values + f"[{index + 1:d}]"

    def to_float(self, number: Sql) -> Sql:
        return "CAST(" + number + " AS DOUBLE)"

    def to_text(self, value: Sql) -> Sql:
        return "CAST(" + value + " AS VARCHAR)"


def _filtered(aggregate: Sql, where: Sql | None) -> Sql:
    return aggregate if where is None else aggregate + " FILTER (WHERE " + where + ")"


def _plain(value: Any) -> Any:
    """DuckDB's TIMESTAMP has no zone: ours are UTC, so an aware time loses its zone here."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
