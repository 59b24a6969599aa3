"""What an engine must offer so that a Query can be asked of it: about ten functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from quotah_server.analytics.sql import Sql


class Dialect(Protocol):
    """SQL of one engine. Conditions are SQL of ours; integer division floors positive numbers."""

    name: str

    def render(self, sql: Sql) -> tuple[str, list[Any]]:
        """The statement's text and its positional parameters."""
        ...

    def events(self) -> Sql:
        """The table of events, one row per event, to stand after FROM under the name ``e``."""
        ...

    def feedback(self) -> Sql:
        """The table of feedback, one row per run, to stand after JOIN under the name ``f``."""
        ...

    def micros(self, time: Sql) -> Sql:
        """Microseconds since 1970 of a time column."""
        ...

    def div(self, number: Sql, by: int) -> Sql:
        """Whole quotient of a positive integer."""
        ...

    def month_index(self, micros: Sql) -> Sql:
        """``12 * year + month - 1`` of microseconds since 1970."""
        ...

    def tag(self, name: str) -> Sql:
        """The value of a tag; NULL where an event has no such tag."""
        ...

    def same(self, left: Sql, right: Sql) -> Sql:
        """Equal, NULL being equal to NULL; never NULL itself."""
        ...

    def starts_with(self, text: Sql, prefix: Sql) -> Sql:
        """Text begins with a prefix, case counted."""
        ...

    def contains(self, text: Sql, part: Sql) -> Sql:
        """Text holds a part, case counted."""
        ...

    def count(self, where: Sql | None) -> Sql:
        """Number of rows that fulfil a condition."""
        ...

    def sum(self, of: Sql, where: Sql | None) -> Sql:
        """Exact sum of integers or money over such rows; NULL when there is nothing to add."""
        ...

    def distinct(self, of: Sql, where: Sql | None) -> Sql:
        """Exact number of different values other than NULL."""
        ...

    def quantiles(self, of: Sql, levels: Sequence[float], where: Sql | None) -> Sql:
        """Interpolated inclusive quantiles as a list, in one pass; NULL without values."""
        ...

    def element(self, values: Sql, index: int) -> Sql:
        """An element of a list, counted from 0."""
        ...

    def to_float(self, number: Sql) -> Sql:
        """A number as a double, for ordering by ratios."""
        ...

    def to_text(self, value: Sql) -> Sql:
        """A text or a whole number as text; NULL stays NULL."""
        ...
