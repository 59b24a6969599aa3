"""Questions and answers as the API documents them; analytics.query holds the checks."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from quotah_server.analytics.metrics import Better, Unit
from quotah_server.analytics.query import DEFAULT_LIMIT, MAX_LIMIT, Compare, Grain, Last, Op
from quotah_server.http.fields import Body

Scalar = bool | int | float | str


class FilterIn(Body):
    """A condition. ne and not_in hold where the field is absent; texts compare with case."""

    field: str
    op: Op = "eq"
    value: Scalar | list[Scalar] | None = None


class PeriodIn(Body):
    """Either last, or from (inclusive) and to (exclusive)."""

    from_: Annotated[AwareDatetime | None, Field(alias="from")] = None
    to: AwareDatetime | None = None
    last: Last | None = None


class OrderIn(Body):
    """Sort by a metric or dimension of the query."""

    field: str
    desc: bool = False


class QueryIn(Body):
    """A question. GET /query/fields lists the metrics and dimensions there are."""

    metrics: Annotated[list[str], Field(min_length=1)]
    period: PeriodIn
    dimensions: Annotated[list[str], Field(default_factory=list)]
    filters: Annotated[list[FilterIn], Field(default_factory=list)]
    timezone: str = "UTC"
    compare: Compare | None = None
    grain: Grain | None = None
    order: Annotated[list[OrderIn], Field(default_factory=list)]
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Groups of dimensions.")] = (
        DEFAULT_LIMIT
    )
    other: Annotated[
        bool, Field(description="Sum up the groups beyond the limit in one, named __other__.")
    ] = False
    totals: Annotated[bool, Field(description="Also answer for all events together.")] = True


class ColumnOut(BaseModel):
    """unit: how the column's cells are to be shown."""

    name: str
    unit: Unit
    kind: Annotated[str, Field(description="metric, dimension, time or compare")]


class SpanOut(BaseModel):
    """Half-open, UTC."""

    from_: Annotated[AwareDatetime, Field(alias="from")]
    to: AwareDatetime


Cell = str | int | float | None


class TableOut(BaseModel):
    """Money is decimal text. Time cells are the UTC starts of local buckets."""

    columns: list[ColumnOut]
    rows: list[list[Cell]]
    period: SpanOut
    compare_period: SpanOut | None = None
    totals: dict[str, Cell] | None = None
    truncated: Annotated[bool, Field(description="There were more groups than limit.")] = False


class MetricOut(BaseModel):
    """better: whether more of it is good; null when neither."""

    name: str
    label: str
    unit: Unit
    description: str
    formula: str
    better: Better | None


class DimensionOut(BaseModel):
    """Something to group and, but for day, week and month, to filter by."""

    name: str
    label: str


class FieldsOut(BaseModel):
    """Tags are dimensions too: tag:<name>. filters: every field that can be filtered by."""

    metrics: list[MetricOut]
    dimensions: list[DimensionOut]
    filters: list[str]
