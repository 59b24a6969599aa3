"""Fields of events in SQL: their values, the local clock, and conditions on them."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from quotah_server.analytics.dialect.base import Dialect
from quotah_server.analytics.dimensions import TAG, Clock, Dimension, Field, field
from quotah_server.analytics.period import DAY_US, HOUR_US, WEEK_SHIFT, Span, offsets
from quotah_server.analytics.query import Filter, typed
from quotah_server.analytics.sql import Sql, join, param, raw
from quotah_server.domain.scope import Scope

_SIGNS = {"eq": " = ", "gt": " > ", "gte": " >= ", "lt": " < ", "lte": " <= "}


def column(name: str) -> Sql:
    """A column by its name in our catalogue."""
    return raw("f.rating" if name == "rating" else f"e.{name}")


class Fields:
    """Writes expressions over ``events e`` (and ``feedback f``) for one dialect and time zone."""

    def __init__(self, dialect: Dialect, zone: ZoneInfo) -> None:
        self._dialect, self._zone = dialect, zone

    def source(self, filters: Sequence[Filter], *, rated: bool) -> Sql:
        """What stands after FROM; ratings are joined only where they are asked for."""
        events = self._dialect.events()
        if not rated and all(condition.field != "rating" for condition in filters):
            return events
        join_on = " ON f.workspace_id = e.workspace_id AND f.call_id = e.call_id"
        return events + " LEFT JOIN " + self._dialect.feedback() + join_on

    def conditions(self, scope: Scope, span: Span | None, filters: Sequence[Filter]) -> list[Sql]:
        """What must hold for an event to count. span None: of any time (no clock fields then)."""
        found = ["e.workspace_id = " + param(scope.workspace_id, "text")]
        if scope.project_id is not None:
            found.append("e.project_id = " + param(scope.project_id, "text"))
        if span is not None:
            found.append("e.ts >= " + param(span.start, "time"))
            found.append("e.ts < " + param(span.end, "time"))
        return found + [self._condition(one, span) for one in filters]

    def value(self, one: Dimension | Field, span: Span | None) -> Sql:
        """A dimension's or field's value."""
        if one.clock is not None and span is not None:
            return self.clock(one.clock, span, of_day=one.clock == "hour")
        if one.name.startswith(TAG):
            return self._dialect.tag(one.name.removeprefix(TAG))
        return column(one.column)

    def clock(self, unit: Clock, span: Span, *, of_day: bool = False) -> Sql:
        """A whole number for the local hour, day … of an event (see analytics.period)."""
        table = offsets(self._zone, span)
        shift = param(table[-1][1], "int")
        for (_, before), (change, _) in zip(table[-2::-1], table[:0:-1], strict=True):
            shift = (
                "CASE WHEN e.ts < " + param(change, "time") + " THEN " + param(before, "int")
                + " ELSE " + shift + " END"
            )  # fmt: skip
        shift = "(" + shift + ")"
        local = "(" + self._dialect.micros(raw("e.ts")) + " + " + shift + ")"
        if unit == "hour":
            hours = self._dialect.div(local, HOUR_US)
            return hours + " % 24" if of_day else "(" + hours + f") * {HOUR_US} - " + shift
        if unit == "month":
            return self._dialect.month_index(local)
        days = "(" + self._dialect.div(local, DAY_US) + f" + {WEEK_SHIFT})"
        if unit == "week":
            return self._dialect.div(days, 7)
        return days + " % 7 + 1" if unit == "weekday" else days + f" - {WEEK_SHIFT}"

    def _condition(self, condition: Filter, span: Span | None) -> Sql:
        target = field(condition.field)
        if target is None:
            raise ValueError("an unchecked filter")
        of = self.value(target, span)
        if condition.op == "is_null":
            return of + " IS NULL"
        if condition.op == "not_null":
            return of + " IS NOT NULL"
        given = condition.value if isinstance(condition.value, list) else [condition.value]
        values = [param(typed(target, value), target.kind) for value in given if value is not None]
        return self._test(of, condition.op, values)

    def _test(self, of: Sql, op: str, values: list[Sql]) -> Sql:
        if op in _SIGNS:
            return of + _SIGNS[op] + values[0]
        if op == "ne":
            return "NOT " + self._dialect.same(of, values[0])
        if op == "prefix":
            return self._dialect.starts_with(of, values[0])
        if op == "contains":
            return self._dialect.contains(of, values[0])
        listed = " IN (" + join(", ", values) + ")"
        if op == "in":
            return of + listed
        return "(" + of + " IS NULL OR NOT " + of + listed + ")"
