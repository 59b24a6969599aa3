"""A question about events, and its checks. Every refusal names the field and what is allowed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from quotah_server.analytics.dimensions import (
    DIMENSIONS,
    FIELDS,
    TAG,
    Field,
    dimension,
    field,
    is_storable,
)
from quotah_server.analytics.metrics import METRICS
from quotah_server.domain.errors import InvalidIdError, InvalidInputError
from quotah_server.domain.ids import parse_id

Grain = Literal["hour", "day", "week", "month"]
Compare = Literal["previous_period", "previous_year"]
Op = Literal[
    "eq",
    "ne",
    "in",
    "not_in",
    "prefix",
    "contains",
    "gt",
    "gte",
    "lt",
    "lte",
    "is_null",
    "not_null",
]
Last = Literal["24h", "7d", "30d", "90d"]
Scalar = str | int | float | bool

DEFAULT_LIMIT, MAX_LIMIT = 100, 1000
MAX_METRICS, MAX_DIMENSIONS, MAX_FILTERS, MAX_VALUES = 20, 4, 30, 1000
MAX_TEXT = 1000
MAX_SPAN = timedelta(days=3660)
EARLIEST_YEAR = 2000
_OPS: dict[str, tuple[Op, ...]] = {
    "text": ("eq", "ne", "in", "not_in", "prefix", "contains", "is_null", "not_null"),
    "bool": ("eq", "ne", "is_null", "not_null"),
}
_NUMBER_OPS: tuple[Op, ...] = (
    "eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "is_null", "not_null"
)  # fmt: skip
_PATH = re.compile(r" - at `\$\.?(.*)`\Z")


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A condition. ne and not_in hold where the field is absent. Text compares with case."""

    field: str
    op: Op = "eq"
    value: Scalar | list[Scalar] | None = None


class Period(msgspec.Struct, frozen=True, rename={"from_": "from"}, forbid_unknown_fields=True):
    """Either ``last``, or from (inclusive) and to (exclusive), aware times."""

    from_: datetime | None = None
    to: datetime | None = None
    last: Last | None = None


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sort by a metric or dimension of the query; absent values last."""

    field: str
    desc: bool = False


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question. limit counts groups of dimensions; other: the groups beyond it become one.

    totals: also answer for all events together.
    """

    metrics: list[str]
    period: Period
    dimensions: list[str] = []
    filters: list[Filter] = []
    timezone: str = "UTC"
    compare: Compare | None = None
    grain: Grain | None = None
    order: list[Order] = []
    limit: int = DEFAULT_LIMIT
    other: bool = False
    totals: bool = True


def parse(body: bytes) -> Query:
    """Read and check a Query; raises InvalidInputError."""
    try:
        query = msgspec.json.decode(body, type=Query)
    except msgspec.ValidationError as error:
        message = str(error)
        path = _PATH.search(message)
        raise InvalidInputError(
            _PATH.sub("", message), field=path.group(1) if path else None
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(f"the body is not JSON: {error}") from error
    check(query)
    return query


def check(query: Query) -> None:
    """Raise InvalidInputError where a query asks for what there is not."""
    _check_names("metrics", query.metrics, METRICS, MAX_METRICS)
    if not query.metrics:
        raise InvalidInputError("name at least one metric", field="metrics", hint=_all(METRICS))
    _check_dimensions(query)
    if len(query.filters) > MAX_FILTERS:
        raise InvalidInputError(f"at most {MAX_FILTERS} filters", field="filters")
    for index, condition in enumerate(query.filters):
        check_filter(condition, f"filters[{index}]")
    _check_period(query.period)
    zone(query.timezone)
    sortable = [*query.metrics, *query.dimensions]
    for index, order in enumerate(query.order):
        if order.field not in sortable:
            raise InvalidInputError(
                f"cannot order by {order.field!r}: the query asks for no such metric or dimension",
                field=f"order[{index}].field",
                hint=_all(sortable),
            )
    if not 1 <= query.limit <= MAX_LIMIT:
        raise InvalidInputError(f"limit must be 1 to {MAX_LIMIT}", field="limit")
    if query.other and not query.dimensions:
        raise InvalidInputError("'other' needs a dimension to group by", field="other")


def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name; raises InvalidInputError."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInputError(
            f"{name!r} is no time zone", field="timezone", hint="an IANA name like Europe/Berlin"
        ) from error


def _check_names(place: str, names: list[str], allowed: Iterable[str], most: int) -> None:
    if len(names) > most:
        raise InvalidInputError(f"at most {most} {place}", field=place)
    for index, name in enumerate(names):
        if name not in allowed:
            raise _unknown(name, f"{place}[{index}]", allowed)
        if names.index(name) != index:
            raise InvalidInputError(f"{name!r} is named twice", field=f"{place}[{index}]")


def _check_dimensions(query: Query) -> None:
    allowed = {*DIMENSIONS, *(name for name in query.dimensions if dimension(name))}
    _check_names("dimensions", query.dimensions, allowed, MAX_DIMENSIONS)


def _unknown(name: str, place: str, allowed: Iterable[str]) -> InvalidInputError:
    near = difflib.get_close_matches(name, list(allowed), n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return InvalidInputError(f"there is no {name!r}{meant}", field=place, hint=_all(allowed))


def _all(names: Iterable[str]) -> str:
    return "one of: " + ", ".join(names)


def check_filter(condition: Filter, place: str) -> None:
    """Raise InvalidInputError for a filter that cannot hold; place: its name for the caller."""
    target = field(condition.field)
    if target is None:
        raise _unknown(condition.field, f"{place}.field", [*FIELDS, f"{TAG}<name>"])
    allowed = _OPS.get(target.kind, _NUMBER_OPS)
    if condition.op not in allowed:
        raise InvalidInputError(
            f"{condition.op!r} does not apply to {target.name!r}",
            field=f"{place}.op",
            hint=_all(allowed),
        )
    value, place = condition.value, f"{place}.value"
    if condition.op in ("is_null", "not_null"):
        if value is not None:
            raise InvalidInputError(f"{condition.op!r} takes no value", field=place)
    elif condition.op in ("in", "not_in"):
        if not isinstance(value, list) or not 1 <= len(value) <= MAX_VALUES:
            raise InvalidInputError(
                f"{condition.op!r} takes a list of 1 to {MAX_VALUES} values", field=place
            )
        for item in value:
            typed(target, item, place)
    elif value is None or isinstance(value, list):
        raise InvalidInputError(f"{condition.op!r} takes one value", field=place)
    else:
        typed(target, value, place)


def typed(target: Field, value: Scalar, place: str = "value") -> Scalar | Decimal:
    """A filter's value as its field's type; raises InvalidInputError."""
    if target.kind == "text" and isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise InvalidInputError(f"at most {MAX_TEXT} characters", field=place)
        if not is_storable(value):
            raise InvalidInputError(
                "a text holds no NUL character and no half of a surrogate pair", field=place
            )
        return _bare_id(target, value, place) if target.noun else value
    if target.kind == "bool" and isinstance(value, bool):
        return value
    if target.kind in ("int", "float", "money") and not isinstance(value, bool):
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal("NaN")
        whole = target.kind != "int" or (
            number.is_finite() and number == number.to_integral_value()
        )
        if number.is_finite() and abs(number) < Decimal(10) ** 18 and whole:
            if target.kind == "money":
                return number
            return int(number) if target.kind == "int" else float(number)
    wanted = {"int": "a whole number", "float": "a number", "money": "an amount of dollars"}
    expected = wanted.get(target.kind, "a text" if target.kind == "text" else "true or false")
    raise InvalidInputError(f"{target.name!r} is compared with {expected}", field=place)


def _bare_id(target: Field, value: str, place: str) -> str:
    try:
        return parse_id(value, target.noun)
    except InvalidIdError as error:
        raise InvalidInputError(error.message, field=place) from error


def _check_period(period: Period) -> None:
    if period.last is not None:
        if period.from_ is not None or period.to is not None:
            raise InvalidInputError("give either last, or from and to", field="period")
        return
    if period.from_ is None or period.to is None:
        raise InvalidInputError(
            "give from and to, or last", field="period", hint="last: 24h, 7d, 30d or 90d"
        )
    for name, time in (("from", period.from_), ("to", period.to)):
        if time.tzinfo is None:
            raise InvalidInputError(
                "a time needs its offset, like 2026-03-01T00:00:00Z", field=f"period.{name}"
            )
        if not EARLIEST_YEAR < time.year < 2200:
            raise InvalidInputError("a time from 2001 to 2199", field=f"period.{name}")
    if period.from_ >= period.to:
        raise InvalidInputError("from must be before to", field="period.to")
    if period.to - period.from_ > MAX_SPAN:
        raise InvalidInputError(f"at most {MAX_SPAN.days} days", field="period")
